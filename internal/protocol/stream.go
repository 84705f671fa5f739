package protocol

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// stream is the answer to one HTTP request. It starts as plain JSON and becomes
// a stream of server-sent events when there is something to say before the
// answer. Everything is written under one lock, in order.
type stream struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration // of one write
	opened  bool
	broken  bool // the client is gone
	ended   bool // nothing more may be written

	// begin makes the record of the stream when it opens, nil where it cannot be
	// resumed.
	begin  func() *record
	record *record
	prime  bool // the client understands an event that has an id alone
}

func newStream(w http.ResponseWriter, timeout time.Duration) *stream {
	return &stream{w: w, control: http.NewResponseController(w), timeout: timeout}
}

// open turns the answer into an event stream, unless it was written.
func (s *stream) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.start()
	s.flush()
}

func (s *stream) start() {
	if s.opened {
		return
	}
	s.opened = true
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-transform")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s.w.WriteHeader(http.StatusOK)
	if s.begin != nil {
		s.record = s.begin()
	}
	if s.record != nil && s.prime {
		s.message(nil)
	}
}

// resumable reports whether the client was given the id of an event, from which
// it can come back.
func (s *stream) resumable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record != nil
}

// event sends one message before the answer.
func (s *stream) event(message any) {
	raw, err := json.Marshal(message)
	if err != nil {
		return // our own notifications always have a JSON form
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start()
	s.message(raw)
}

// message writes one message as an event. JSON holds no line breaks.
func (s *stream) message(raw []byte) {
	id := ""
	if s.record != nil {
		id = s.record.add(raw)
	}
	s.send(id, raw)
}

// send writes one event; without a message it only has an id, from which the
// client may come back.
func (s *stream) send(id string, raw []byte) {
	var event []byte
	if id != "" {
		event = fmt.Appendf(event, "id: %s\n", id)
	}
	if len(raw) > 0 {
		event = append(event, "event: message\n"...)
	} else {
		event = append(event, "retry: 1000\n"...)
	}
	event = append(event, "data: "...)
	event = append(event, raw...)
	s.write(append(event, "\n\n"...))
	s.flush()
}

// replay sends what a record holds after the first events, and what is added to
// it, until it ends or stop is closed.
func (s *stream) replay(r *record, got int, stop <-chan struct{}) {
	for {
		events, ended, more := r.after(got)
		s.mu.Lock()
		for _, raw := range events {
			got++
			s.send(r.eventID(got), raw)
		}
		gone := s.broken
		s.mu.Unlock()
		if ended || gone {
			return
		}
		select {
		case <-more:
		case <-stop:
			return
		}
	}
}

func (s *stream) write(text []byte) {
	if s.broken {
		return
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout)) // not every ResponseWriter has deadlines
	if _, err := s.w.Write(text); err != nil {                //nolint:gosec // JSON in an event stream, and its content type says so
		s.broken = true
	}
}

func (s *stream) flush() {
	if !s.broken && s.control.Flush() != nil {
		s.broken = true
	}
}

// keepAlive opens the stream after a time, unless it is open, and sends a comment
// at every interval from then on. Nothing is written once the function returned
// has returned.
func (s *stream) keepAlive(first, interval time.Duration) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var timer *time.Timer
	timer = time.AfterFunc(first, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.ended {
			s.comment()
			timer.Reset(interval)
		}
	})
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = true
		timer.Stop()
	}
}

// comment tells a client that the stream is alive, as opening it does.
func (s *stream) comment() {
	if s.opened {
		s.write([]byte(": keep-alive\n\n"))
	}
	s.start()
	s.flush()
}

// finish writes the answer: as the last event of a stream, or as plain JSON. No
// answer, which is that of a cancelled request, ends the stream.
func (s *stream) finish(answer []byte, modern bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		s.ended = true
		if s.record != nil {
			s.record.end()
		}
	}()
	switch {
	case s.opened && answer != nil:
		s.message(answer)
	case s.opened:
	case answer == nil:
		s.start()
		s.flush()
	default:
		s.w.Header().Set("Content-Type", "application/json")
		s.w.WriteHeader(status(answer, modern))
		s.write(answer)
	}
}

// status is the HTTP status of an answer. The older era knows only 200; from
// 2026-07-28 on some JSON-RPC errors have one of their own.
func status(answer []byte, modern bool) int {
	if !modern {
		return http.StatusOK
	}
	var response struct {
		Error *fault `json:"error"`
	}
	if json.Unmarshal(answer, &response) != nil || response.Error == nil {
		return http.StatusOK
	}
	switch response.Error.Code {
	case mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	case mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION,
		mcp.INVALID_REQUEST, mcp.INVALID_PARAMS, mcp.PARSE_ERROR:
		return http.StatusBadRequest
	default:
		return http.StatusOK
	}
}

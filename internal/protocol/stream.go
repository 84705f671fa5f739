package protocol

import (
	"encoding/json"
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
}

func newStream(w http.ResponseWriter, timeout time.Duration) *stream {
	return &stream{w: w, control: http.NewResponseController(w), timeout: timeout}
}

// open turns the answer into an event stream.
func (s *stream) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	s.write("event: message\ndata: ")
	s.write(string(raw))
	s.write("\n\n")
	s.flush()
}

func (s *stream) write(text string) {
	if s.broken {
		return
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout)) // not every ResponseWriter has deadlines
	if _, err := s.w.Write([]byte(text)); err != nil {
		s.broken = true
	}
}

func (s *stream) flush() {
	if !s.broken && s.control.Flush() != nil {
		s.broken = true
	}
}

// keepAlive sends a comment whenever nothing else was sent for an interval. The
// function returned stops it.
func (s *stream) keepAlive(interval time.Duration) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				s.mu.Lock()
				s.start()
				s.write(": keep-alive\n\n")
				s.flush()
				s.mu.Unlock()
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}

// finish writes the answer: as the last event of a stream, or as plain JSON. No
// answer, which is that of a cancelled request, ends the stream.
func (s *stream) finish(answer []byte, modern bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
		s.write(string(answer))
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

package mcptest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync/atomic"
)

// ConnectHTTP speaks over streamable HTTP with the server at url. Each client
// has connections of its own.
func ConnectHTTP(ctx context.Context, era Era, url string) (*Client, error) {
	return connect(ctx, era, &streamable{era: era, url: url, transport: &http.Transport{MaxIdleConnsPerHost: 100}})
}

type streamable struct {
	era       Era
	url       string
	transport *http.Transport
	session   atomic.Pointer[string]
}

func (s *streamable) exchange(ctx context.Context, m outgoing) (Answer, error) {
	response, err := s.send(ctx, http.MethodPost, m)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	if id := response.Header.Get("Mcp-Session-Id"); id != "" {
		s.session.Store(&id)
	}
	answer, err := read(response, m.id)
	switch fault, ok := errors.AsType[*Fault](err); {
	case ok:
		fault.Status = response.StatusCode
		return answer, fault
	case err != nil:
		return answer, fmt.Errorf("%s: status %s: %w", m.method, response.Status, err)
	case response.StatusCode != http.StatusOK:
		return Answer{}, fmt.Errorf("%s: a result came with status %s", m.method, response.Status)
	}
	return answer, nil
}

func (s *streamable) notify(ctx context.Context, m outgoing) error {
	response, err := s.send(ctx, http.MethodPost, m)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("%s: status %s, want 202", m.method, response.Status)
	}
	return nil
}

// close ends the session, if there is one.
func (s *streamable) close() error {
	defer s.transport.CloseIdleConnections()
	if s.session.Load() == nil {
		return nil
	}
	response, err := s.send(context.Background(), http.MethodDelete, outgoing{method: "ending the session"})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ending the session: status %s", response.Status)
	}
	return nil
}

func (s *streamable) send(ctx context.Context, method string, m outgoing) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url, bytes.NewReader(m.body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.method, err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	if s.era == Modern {
		request.Header.Set("Mcp-Method", m.method)
		if m.name != "" {
			request.Header.Set("Mcp-Name", headerValue(m.name))
		}
	}
	if id := s.session.Load(); id != nil {
		request.Header.Set("Mcp-Session-Id", *id)
	}
	if m.method != "initialize" {
		request.Header.Set("Mcp-Protocol-Version", string(s.era))
	}
	response, err := (&http.Client{Transport: s.transport}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.method, err)
	}
	return response, nil
}

// headerValue writes a name as a header can carry it (MCP 2026-07-28, standard
// headers): text that is not plain ASCII travels as Base64.
func headerValue(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(name) != name {
		return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(name)) + "?="
	}
	return name
}

// read takes the answer to a request out of a response: plain JSON, or the last
// of a stream of events.
func read(response *http.Response, id string) (Answer, error) {
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		return Answer{}, fmt.Errorf("reading the content type: %w", err)
	}
	var notifications []Notification
	switch media {
	case "application/json":
		raw, err := io.ReadAll(response.Body)
		if err != nil {
			return Answer{}, fmt.Errorf("reading the answer: %w", err)
		}
		m, err := parse(raw)
		if err != nil {
			return Answer{}, err
		}
		return answerTo(id, m, nil)
	case "text/event-stream":
		for data, err := range events(response.Body) {
			if err != nil {
				return Answer{}, fmt.Errorf("reading the stream: %w", err)
			}
			m, err := parse(data)
			if err != nil {
				return Answer{}, err
			}
			if m.Method == "" {
				return answerTo(id, m, notifications)
			}
			notifications = append(notifications, Notification{Method: m.Method, Params: m.Params})
		}
		return Answer{}, errors.New("the stream ended without an answer")
	default:
		return Answer{}, fmt.Errorf("the answer has the content type %q", media)
	}
}

func answerTo(id string, m incoming, notifications []Notification) (Answer, error) {
	if !bytes.Equal(m.ID, json.RawMessage(id)) {
		return Answer{}, fmt.Errorf("the answer has the id %s, want %s", m.ID, id)
	}
	return m.answer(notifications)
}

// events reads server-sent events (HTML standard, section 9.2) of one field,
// data, and leaves out comments.
func events(body io.Reader) func(yield func([]byte, error) bool) {
	return func(yield func([]byte, error) bool) {
		lines := bufio.NewReaderSize(body, 64<<10)
		var data []byte
		for {
			line, err := lines.ReadBytes('\n')
			line = bytes.TrimRight(line, "\r\n")
			switch {
			case len(line) == 0 && len(data) > 0 && err == nil:
				if !yield(data, nil) {
					return
				}
				data = nil
			case bytes.HasPrefix(line, []byte("data:")):
				data = append(data, bytes.TrimPrefix(line[len("data:"):], []byte(" "))...)
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// session is one of a client with a server, over streamable HTTP. It is for one
// goroutine.
type session struct {
	web    *http.Client
	url    string
	id     string
	last   int // id of a request
	buffer bytes.Buffer
}

// version of the protocol, the newest that has sessions (MCP 2025-11-25).
const version = "2025-11-25"

// All ids of requests have as many digits, which nothing else in an answer has.
const firstID = 700_000_001

// open begins a session.
func open(ctx context.Context, web *http.Client, url string) (*session, error) {
	s := &session{web: web, url: url, last: firstID - 1}
	hello := question{
		name: "initialize", method: "initialize",
		params: `{"protocolVersion":"` + version + `","capabilities":{},"clientInfo":{"name":"compare","version":"1"}}`,
	}
	if _, _, err := s.ask(ctx, hello); err != nil {
		return nil, err
	}
	if s.id == "" {
		return nil, errors.New("initialize: the answer names no session")
	}
	response, err := s.send(ctx, http.MethodPost, []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return s, err
}

// ask sends a question and returns the id that it had and the message that answers
// it, which is good until the next question.
func (s *session) ask(ctx context.Context, q question) (id int, message []byte, err error) {
	s.last++
	response, err := s.send(ctx, http.MethodPost, q.body(s.last))
	if err != nil {
		return s.last, nil, fmt.Errorf("%s: %w", q.name, err)
	}
	defer response.Body.Close()
	s.buffer.Reset()
	if _, err := s.buffer.ReadFrom(response.Body); err != nil {
		return s.last, nil, fmt.Errorf("%s: reading the answer: %w", q.name, err)
	}
	if s.id == "" {
		s.id = response.Header.Get("Mcp-Session-Id")
	}
	if response.StatusCode != http.StatusOK {
		return s.last, nil, fmt.Errorf("%s: status %s: %.300s", q.name, response.Status, s.buffer.Bytes())
	}
	message, err = last(response.Header.Get("Content-Type"), s.buffer.Bytes())
	if err != nil {
		return s.last, nil, fmt.Errorf("%s: %w", q.name, err)
	}
	return s.last, message, nil
}

// listen opens the stream on which a server tells what nobody asked for, as most
// clients do. It stays open until it is closed.
func (s *session) listen(ctx context.Context) (io.Closer, error) {
	response, err := s.send(ctx, http.MethodGet, nil)
	if err != nil {
		return nil, fmt.Errorf("opening a stream: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("opening a stream: status %s", response.Status)
	}
	return response.Body, nil
}

func (s *session) send(ctx context.Context, method string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	if s.id != "" {
		request.Header.Set("Mcp-Session-Id", s.id)
		request.Header.Set("Mcp-Protocol-Version", version)
	}
	return s.web.Do(request)
}

// last is the last message of a response: all of it, or the data of the last event
// of a stream, which is the answer.
func last(contentType string, body []byte) ([]byte, error) {
	if strings.HasPrefix(contentType, "application/json") {
		return bytes.TrimSpace(body), nil
	}
	const field = "data:"
	start := bytes.LastIndex(body, []byte("\n"+field)) + 1 // 0: at the very beginning, if at all
	data, found := bytes.CutPrefix(body[start:], []byte(field))
	if !strings.HasPrefix(contentType, "text/event-stream") || !found {
		return nil, fmt.Errorf("a response of type %q holds no message: %.300s", contentType, body)
	}
	data, _, _ = bytes.Cut(data, []byte("\n"))
	return bytes.TrimSpace(data), nil
}

package soak_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"

	"infrahub-mcp/test/mcptest"
)

// visitor is a client by hand, which can do what a proper one does not.
type visitor struct {
	url     string
	random  *rand.Rand
	client  *http.Client
	session string
	calls   atomic.Int64
}

func newVisitor(url string, random *rand.Rand) *visitor {
	return &visitor{url: url, random: random, client: &http.Client{Transport: &http.Transport{DisableCompression: true}}}
}

// leave closes what is left of the visitor's connections.
func (v *visitor) leave() { v.client.CloseIdleConnections() }

const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// open starts a session.
func (v *visitor) open(ctx context.Context) error {
	response, err := v.exchange(ctx, http.MethodPost, `{"jsonrpc":"2.0","id":"0","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"soak","version":"1"}}}`)
	if err != nil {
		return err
	}
	if v.session = response.Header.Get("Mcp-Session-Id"); v.session == "" || response.StatusCode != http.StatusOK {
		return fmt.Errorf("initialize: %s, session %q", response.Status, v.session)
	}
	return v.tell(ctx, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// tell sends a notification.
func (v *visitor) tell(ctx context.Context, body string) error {
	return v.expect(ctx, http.MethodPost, body, http.StatusAccepted)
}

// end ends the session, and sees that it has.
func (v *visitor) end(ctx context.Context) error {
	return errors.Join(
		v.expect(ctx, http.MethodDelete, "", http.StatusOK),
		v.expect(ctx, http.MethodPost, `{"jsonrpc":"2.0","id":"0","method":"ping"}`, http.StatusNotFound),
	)
}

func (v *visitor) expect(ctx context.Context, method, body string, status int) error {
	response, err := v.exchange(ctx, method, body)
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s %s: %s, want %d", method, body, response.Status, status)
	}
	return err
}

// exchange sends a request and reads its answer to the end, of which only status
// and headers matter.
func (v *visitor) exchange(ctx context.Context, method, body string) (*http.Response, error) {
	request, err := v.request(ctx, method, body)
	if err != nil {
		return nil, err
	}
	response, err := v.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response, err
}

// query is a call that no other is like. Infrahub takes its time for a slow one.
func (v *visitor) query(era mcptest.Era, speed string) (id, body string) {
	id = fmt.Sprintf("%s%d", speed, v.calls.Add(1))
	meta := ""
	if era == mcptest.Modern {
		meta = "," + modernMeta
	}
	return id, fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":"tools/call","params":{"name":"query_graphql","arguments":{"query":"{ %s: DcimDevice { count } }"}%s}}`, id, id, meta)
}

// count makes such a call and reads its answer.
func (v *visitor) count(ctx context.Context, era mcptest.Era, speed string) error {
	id, body := v.query(era, speed)
	s, err := v.send(ctx, http.MethodPost, body)
	if err != nil {
		return err
	}
	defer s.cut()
	return s.answer(id)
}

// request makes one, with the headers that belong to its body.
func (v *visitor) request(ctx context.Context, method, body string, headers ...string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, v.url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	if strings.Contains(body, modernMeta) {
		var m struct {
			Method string
			Params struct{ Name string }
		}
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			return nil, err
		}
		headers = append(headers, "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", m.Method, "Mcp-Name", m.Params.Name)
	} else if v.session != "" {
		headers = append(headers, "Mcp-Protocol-Version", "2025-11-25", "Mcp-Session-Id", v.session)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	return request, nil
}

// stream is an answer that is read bit by bit.
type stream struct {
	response *http.Response
	lines    *bufio.Reader
	cut      func() // closes the connection
}

func (v *visitor) send(ctx context.Context, method, body string, headers ...string) (*stream, error) {
	ctx, cut := context.WithCancel(ctx)
	request, err := v.request(ctx, method, body, headers...)
	if err == nil {
		var response *http.Response
		if response, err = v.client.Do(request); err == nil {
			s := &stream{response: response, lines: bufio.NewReader(response.Body), cut: func() { response.Body.Close(); cut() }}
			if response.StatusCode == http.StatusOK {
				return s, nil
			}
			raw, _ := io.ReadAll(response.Body) // only to tell of it
			s.cut()
			return nil, fmt.Errorf("%s %s: %s %s", method, body, response.Status, raw)
		}
	}
	cut()
	return nil, err
}

// event is one of a stream. An answer that is plain JSON is one too.
type event struct {
	id   string
	data json.RawMessage
}

// errNoAnswer says that a stream ended properly and without an answer.
var errNoAnswer = errors.New("the stream ended without an answer")

// plain reports whether the answer is JSON and no stream.
func (s *stream) plain() bool { return s.response.Header.Get("Content-Type") == "application/json" }

// next reads an event.
func (s *stream) next() (e event, err error) {
	if s.plain() {
		if e.data, err = io.ReadAll(s.lines); err == nil && len(e.data) == 0 {
			err = errNoAnswer
		}
		return e, err
	}
	for {
		line, err := s.lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return e, errNoAnswer
		}
		if err != nil {
			return e, err
		}
		switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); {
		case name == "id":
			e.id = value
		case name == "data":
			e.data = json.RawMessage(value)
		case line == "\n" && (e.id != "" || e.data != nil):
			return e, nil
		}
	}
}

// answer reads on until the answer to a call with an id, and checks it.
func (s *stream) answer(id string) error {
	for {
		e, err := s.next()
		if err != nil {
			return err
		}
		if len(e.data) == 0 {
			continue
		}
		var r result
		if err := json.Unmarshal(e.data, &r); err != nil {
			return fmt.Errorf("%s: %w", e.data, err)
		}
		if r.Method != "" {
			continue
		}
		if r.ID != id || r.Result.IsError || r.Result.Structured[id] == nil {
			return fmt.Errorf("%s is answered with %s", id, e.data)
		}
		return nil
	}
}

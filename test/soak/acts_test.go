package soak_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"infrahub-mcp/test/mcptest"
)

// act is one thing that a client comes for. Its error says what the server did
// wrong.
type act struct {
	name string
	do   func(ctx context.Context, v *visitor) error
}

// errMissed says that there was nothing to do: on a busy machine the answer may come
// before the sign that it takes long. Such an act does not count.
var errMissed = errors.New("the answer came at once")

// acts are what clients do, the common more often than the rest.
func acts() []act {
	return []act{
		{"session that is ended", func(ctx context.Context, v *visitor) error { return converse(ctx, v, mcptest.Legacy) }},
		{"visit without a session", func(ctx context.Context, v *visitor) error { return converse(ctx, v, mcptest.Modern) }},
		{"session that is abandoned", abandon},
		{"long call", func(ctx context.Context, v *visitor) error { return v.count(ctx, mcptest.Modern, "slow") }},
		{"long call whose answer is fetched later", resume},
		{"call that is cancelled", cancel},
		{"call that is hung up on", hangUp},
		{"stream that is hung up on", listen},
		{"subscription that is hung up on", subscribe},
		{"session with calls at once", crowd},
	}
}

// converse does what most clients do.
func converse(ctx context.Context, v *visitor, era mcptest.Era) error {
	c, err := mcptest.ConnectHTTP(ctx, era, v.url)
	if err != nil {
		return err
	}
	tools, err := c.Tools(ctx)
	if err != nil || len(tools) == 0 {
		return fmt.Errorf("%d tools, %w", len(tools), err)
	}
	result, err := c.CallToolWithProgress(ctx, "get_nodes", map[string]any{"kind": "DcimDevice", "limit": 1 + v.random.IntN(20)})
	if err != nil || result.IsError {
		return fmt.Errorf("get_nodes: %s, %w", result.Text, err)
	}
	if content, err := c.ReadResource(ctx, "infrahub://branches"); err != nil || content.Text == "" {
		return fmt.Errorf("branches: %q, %w", content.Text, err)
	}
	if _, err := c.CallTool(ctx, "no_such_tool", nil); !isFault(err) {
		return fmt.Errorf("a tool that does not exist: %w", err)
	}
	return c.Close()
}

// abandon starts a session, uses it and goes.
func abandon(ctx context.Context, v *visitor) error {
	if err := v.open(ctx); err != nil {
		return err
	}
	return v.count(ctx, mcptest.Legacy, "quick")
}

// begin starts a session and calls a tool in it.
func begin(ctx context.Context, v *visitor, speed string) (id string, s *stream, err error) {
	if err := v.open(ctx); err != nil {
		return "", nil, err
	}
	id, body := v.query(mcptest.Legacy, speed)
	s, err = v.send(ctx, http.MethodPost, body)
	return id, s, err
}

// resume loses the connection in the middle of a call and comes back for the rest.
func resume(ctx context.Context, v *visitor) error {
	id, s, err := begin(ctx, v, "slow")
	if err != nil {
		return err
	}
	if s.plain() {
		defer s.cut()
		return cmp.Or(s.answer(id), errMissed)
	}
	first, err := s.next()
	s.cut()
	if err != nil || first.id == "" {
		return fmt.Errorf("the first event is %+v, %w", first, err)
	}
	if s, err = v.send(ctx, http.MethodGet, "", "Last-Event-ID", first.id); err != nil {
		return err
	}
	defer s.cut()
	return s.answer(id)
}

// cancel tells the server that an answer is not wanted.
func cancel(ctx context.Context, v *visitor) error {
	id, s, err := begin(ctx, v, "stuck")
	if err != nil {
		return err
	}
	defer s.cut()
	if _, err := s.next(); err != nil { // it runs
		return err
	}
	if err := v.tell(ctx, fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%q}}`, id)); err != nil {
		return err
	}
	switch err := s.answer(id); {
	case err == nil:
		return errors.New("a call that was cancelled is answered all the same")
	case !errors.Is(err, errNoAnswer):
		return fmt.Errorf("after it was cancelled: %w", err)
	}
	return v.count(ctx, mcptest.Legacy, "quick")
}

// hangUp closes the connection of a call, which is how a client of the newer era
// cancels.
func hangUp(ctx context.Context, v *visitor) error {
	_, body := v.query(mcptest.Modern, "stuck")
	hasty, leave := context.WithCancel(ctx)
	defer leave()
	request, err := v.request(hasty, http.MethodPost, body)
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		response, err := v.client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		sent <- err
	}()
	err = v.count(ctx, mcptest.Modern, "quick") // takes a while, on another connection
	leave()
	if early := <-sent; early == nil {
		return errors.New("a call that is stuck was answered")
	}
	return err
}

// listen opens the stream of a session and goes.
func listen(ctx context.Context, v *visitor) error {
	if err := v.open(ctx); err != nil {
		return err
	}
	s, err := v.send(ctx, http.MethodGet, "")
	if err != nil {
		return err
	}
	defer s.cut()
	return v.count(ctx, mcptest.Legacy, "quick")
}

// subscribe listens to changes and goes.
func subscribe(ctx context.Context, v *visitor) error {
	body := `{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + modernMeta + `}}`
	s, err := v.send(ctx, http.MethodPost, body)
	if err != nil {
		return err
	}
	defer s.cut()
	first, err := s.next()
	if err != nil || !strings.Contains(string(first.data), "notifications/subscriptions/acknowledged") {
		return fmt.Errorf("the first event is %s, %w", first.data, err)
	}
	return v.count(ctx, mcptest.Modern, "quick")
}

// crowd makes several calls of a session at once, and ends it.
func crowd(ctx context.Context, v *visitor) error {
	if err := v.open(ctx); err != nil {
		return err
	}
	var running sync.WaitGroup
	faults := make([]error, 8)
	for i := range faults {
		running.Go(func() {
			speed := "quick"
			if i == 0 {
				speed = "slow"
			}
			faults[i] = v.count(ctx, mcptest.Legacy, speed)
		})
	}
	running.Wait()
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return v.end(ctx)
}

func isFault(err error) bool {
	_, ok := errors.AsType[*mcptest.Fault](err)
	return ok
}

// result is the answer to a call.
type result struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Result struct {
		IsError    bool                       `json:"isError"`
		Structured map[string]json.RawMessage `json:"structuredContent"`
	} `json:"result"`
}

package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate lets a test decide when a tool goes on.
type gate struct {
	entered chan string
	release chan struct{}
	// revision is part of the subject of questions.
	revision atomic.Int64
}

// user is the key of the principal in the context of a request.
type user struct{}

// principal is what comes before a semicolon; the rest is for tests of grants.
func principal(ctx context.Context) string {
	text, _ := ctx.Value(user{}).(string)
	name, _, _ := strings.Cut(text, ";")
	return name
}

type gateInput struct {
	Name string `json:"name,omitempty"`
}

type gateOutput struct {
	Name string `json:"name"`
}

// testServer serves a few tools made for tests: "gate" waits until it is
// released or cancelled, "steps" reports progress three times, "broken" panics,
// "down" fails as when Infrahub is down, "refused" as when it refuses the
// credential, "ask" asks the user and says what came of it.
func testServer(t testing.TB, change ...func(*Options)) (*Server, *gate) {
	t.Helper()
	g := &gate{entered: make(chan string, 100), release: make(chan struct{})}
	tools := []tool.Tool{
		tool.Define(tool.Tool{Name: "gate", Description: "Waits."}, func(ctx context.Context, _ *call.Call, in gateInput) (*gateOutput, error) {
			g.entered <- in.Name
			select {
			case <-g.release:
				return &gateOutput{in.Name}, nil
			case <-ctx.Done():
				g.entered <- "cancelled " + in.Name
				return nil, ctx.Err()
			}
		}),
		tool.Define(tool.Tool{Name: "steps", Description: "Reports."}, func(_ context.Context, c *call.Call, in gateInput) (*gateOutput, error) {
			for i := range 3 {
				c.Progress(i+1, 3, in.Name)
			}
			return &gateOutput{in.Name}, nil
		}),
		tool.Define(tool.Tool{Name: "broken", Description: "Panics."}, func(context.Context, *call.Call, gateInput) (*gateOutput, error) {
			panic("a secret thing")
		}),
		tool.Define(tool.Tool{Name: "down", Description: "Fails."}, func(context.Context, *call.Call, gateInput) (*gateOutput, error) {
			return nil, &infrahub.Error{Kind: infrahub.Unreachable, Message: "connection refused"}
		}),
		tool.Define(tool.Tool{Name: "refused", Description: "Fails."}, func(context.Context, *call.Call, gateInput) (*gateOutput, error) {
			return nil, &infrahub.Error{Kind: infrahub.Unauthenticated, Message: "Invalid token"}
		}),
		tool.Define(tool.Tool{Name: "ask", Description: "Asks."}, func(ctx context.Context, c *call.Call, in gateInput) (*gateOutput, error) {
			if c.Ask == nil {
				return &gateOutput{"cannot ask"}, nil
			}
			decision, err := c.Ask(ctx, fmt.Sprintf("%s at %d", in.Name, g.revision.Load()), "Delete "+in.Name+"?")
			if err != nil {
				return nil, err
			}
			return &gateOutput{decision.String()}, nil
		}),
	}
	o := Options{
		Name: "test", Title: "Test", Version: "1", Tools: tools, Resources: resource.Catalogue(), Prompts: prompt.Catalogue(),
		NewCall: func(_ context.Context, o Origin) (*call.Call, error) {
			return &call.Call{Logger: slog.New(slog.DiscardHandler), Report: o.Report, Log: o.Log, Commit: o.Commit, Ask: o.Ask, Modern: o.Modern, Settings: call.Settings{MaxBytes: 100_000}}, nil
		},
		Principal: principal,
		Logger:    slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&o)
	}
	return New(o), g
}

// testHTTP serves over HTTP; the principal of a request is its header X-User.
func testHTTP(t *testing.T, o HTTPOptions, change ...func(*Options)) (*httptest.Server, *HTTP, *gate) {
	t.Helper()
	s, g := testServer(t, change...)
	h := NewHTTP(s, NewSessions(time.Hour, principal), o)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), user{}, r.Header.Get("X-User"))))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(h.Close)
	return server, h, g
}

// legacy are the headers of a client of the older era.
func legacy(session, user string) map[string]string {
	return map[string]string{"Accept": "application/json, text/event-stream", "Mcp-Session-Id": session, "X-User": user}
}

// modern are the headers of a client of 2026-07-28.
func modern(method, name string) map[string]string {
	return map[string]string{"Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name}
}

const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"progressToken":"p"}`

func send(t testing.TB, method, url, body string, headers map[string]string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func text(t testing.TB, response *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// events takes the messages out of an answer, plain or streamed.
func events(t *testing.T, response *http.Response) []map[string]any {
	t.Helper()
	body := text(t, response)
	var found []map[string]any
	add := func(raw string) {
		var m map[string]any
		decoder := json.NewDecoder(bytes.NewReader([]byte(raw)))
		decoder.UseNumber()
		if err := decoder.Decode(&m); err != nil {
			t.Fatalf("%q is no message: %v", raw, err)
		}
		found = append(found, m)
	}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		add(body)
		return found
	}
	for line := range strings.SplitSeq(body, "\n") {
		if raw, ok := strings.CutPrefix(line, "data: "); ok {
			add(raw)
		}
	}
	return found
}

func initialize(t testing.TB, url, user string) (session string) {
	t.Helper()
	return initializeAs(t, url, user, `{}`)
}

// initializeAs starts a session of a client with some capabilities.
func initializeAs(t testing.TB, url, user, capabilities string) (session string) {
	t.Helper()
	response := send(t, http.MethodPost, url, initializeWith(capabilities), legacy("", user))
	if response.StatusCode != http.StatusOK {
		t.Fatalf("initialize: %d %s", response.StatusCode, text(t, response))
	}
	_ = text(t, response)
	return response.Header.Get("Mcp-Session-Id")
}

func initializeWith(capabilities string) string {
	return `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":` + capabilities + `,"clientInfo":{"name":"t","version":"1"}}}`
}

func callGate(id, name string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"gate","arguments":{"name":"` + name + `"}}}`
}

// stringOf is the JSON text of a value, or the value itself for a number as it was
// sent.
func stringOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

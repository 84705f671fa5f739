package front

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
)

const faults = "/sandbox/faults"

// newUnruly serves a sandbox that takes rules, and counts what is executed.
func newUnruly(t *testing.T, edits ...func(*Options)) (s *sandbox, executed *atomic.Int32) {
	t.Helper()
	executed = &atomic.Int32{}
	edits = append([]func(*Options){func(o *Options) {
		o.Admin = true
		o.Execute = func(context.Context, *gql.Call, exec.Request) (*exec.Response, error) {
			executed.Add(1)
			return &exec.Response{Data: exec.NewObject("ok", strings.Repeat("x", 1000))}, nil
		}
	}}, edits...)
	return newSandbox(t, edits...), executed
}

func (s *sandbox) rule(text string) {
	s.t.Helper()
	if got := s.send(request{path: faults, body: text}); got.status != http.StatusCreated {
		s.t.Fatalf("the rule %s: %d %s", text, got.status, got.body)
	}
}

func TestWithoutAdminThereAreNoRules(t *testing.T) {
	s := newSandbox(t)
	if got := s.send(request{path: faults}); got.status != http.StatusNotFound {
		t.Errorf("GET answers %d", got.status)
	}
	if got := s.send(request{path: faults, body: `{"status":500}`}); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST answers %d", got.status)
	}
	if got := s.send(request{path: "/api/info"}); got.status != 200 {
		t.Errorf("afterwards /api/info answers %d", got.status)
	}
}

func TestRulesAreAddedListedUsedUpAndCleared(t *testing.T) {
	s, _ := newUnruly(t)
	s.rule(`[{"path":"/api/info","times":2,"status":503},{"path":"/api/menu","times":0,"status":503,"delay":"1ms"}]`)
	s.rule(`{"path":"/api/schema","status":502}`)
	for i, want := range []int{503, 503, 200} {
		if got := s.send(request{path: "/api/info"}); got.status != want {
			t.Errorf("request %d is answered %d, want %d", i+1, got.status, want)
		}
		if got := s.send(request{path: "/api/menu"}); got.status != 503 {
			t.Errorf("request %d of the menu is answered %d", i+1, got.status)
		}
	}
	sameJSON(t, `[{"path":"/api/menu","times":0,"delay":"1ms","status":503},{"path":"/api/schema","status":502}]`, s.send(request{path: faults}).body)
	if got := s.send(request{method: "DELETE", path: faults}); got.status != http.StatusNoContent {
		t.Errorf("DELETE answers %d", got.status)
	}
	sameJSON(t, `[]`, s.send(request{path: faults}).body)
	if got := s.send(request{path: "/api/menu"}); got.status != 200 {
		t.Errorf("afterwards the menu is answered %d", got.status)
	}
}

func TestARuleIsForSomeRequestsOnly(t *testing.T) {
	document := func(text string) request { return graphql("/graphql", text) }
	tests := []struct {
		name, rule string
		request    request
		fits       bool
	}{
		{"the beginning of a path", `{"path":"/api"}`, request{path: "/api/info"}, true},
		{"another path", `{"path":"/api"}`, document("{ a }"), false},
		{"a method", `{"method":"post"}`, document("{ a }"), true},
		{"another method", `{"method":"POST"}`, request{path: "/api/info"}, false},
		{"a part of the document", `{"document":"BranchMerge"}`, document(`mutation { BranchMerge(data: {name: "b"}) { ok } }`), true},
		{"another document", `{"document":"BranchMerge"}`, document(`{ a }`), false},
		{"a document for REST", `{"document":"info"}`, request{path: "/api/info"}, false},
		{"an operation", `{"operation":"A"}`, document(`query A { a }`), true},
		{"another operation", `{"operation":"A"}`, document(`query AB { a }`), false},
		{"the operation that is asked for", `{"operation":"B"}`, request{path: "/graphql", body: `{"query":"query A { a } query B { b }","operationName":"B"}`}, true},
		{"one that is there and not asked for", `{"operation":"A"}`, request{path: "/graphql", body: `{"query":"query A { a } query B { b }","operationName":"B"}`}, false},
		{"all at once", `{"path":"/graphql","method":"POST","document":"a","operation":"A"}`, document(`query A { a }`), true},
		{"no condition", `{}`, request{path: "/api/nope"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := newUnruly(t)
			s.rule(strings.Replace(strings.TrimSuffix(tt.rule, "}")+`,"status":418}`, "{,", "{", 1))
			if got := s.send(tt.request); (got.status == 418) != tt.fits {
				t.Errorf("it is answered %d", got.status)
			}
		})
	}
}

func TestRequestsAreTurnedAway(t *testing.T) {
	s, executed := newUnruly(t)
	s.rule(`{"path":"/graphql","status":429,"headers":{"Retry-After":"10","X-Infrahub-Admission":"shed"}}`)
	got := s.send(graphql("/graphql", "{ a }"))
	if got.status != 429 || got.body != envelope("429", "Server is shedding load; retry later.") ||
		got.header.Get("Retry-After") != "10" || got.header.Get("X-Infrahub-Admission") != "shed" || got.header.Get("X-Request-ID") != "" {
		t.Errorf("got %d %s %v", got.status, got.body, got.header)
	}
	s.rule(`{"path":"/graphql","status":502,"headers":{"Content-Type":"text/html"},"body":"<h1>Bad gateway</h1>"}`)
	got = s.send(graphql("/graphql", "{ a }"))
	if got.status != 502 || got.body != "<h1>Bad gateway</h1>" || got.header.Get("Content-Type") != "text/html" {
		t.Errorf("got %d %s %v", got.status, got.body, got.header)
	}
	s.rule(`{"path":"/graphql","status":500}`)
	if got = s.send(graphql("/graphql", "{ a }")); got.status != 500 || got.body != "Internal Server Error" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if n := executed.Load(); n != 0 {
		t.Errorf("%d requests were executed", n)
	}
}

func TestConnectionsBreak(t *testing.T) {
	tests := []struct {
		name, rule string
		status     int // 0 for no answer
		body       int // bytes
		executed   int32
	}{
		{"before the execution", `{"drop":"before"}`, 0, 0, 0},
		{"after the execution", `{"drop":"after"}`, 0, 0, 1},
		{"in the middle of a body", `{"truncate":100}`, 200, 100, 1},
		{"after the headers", `{"truncate":0}`, 200, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, executed := newUnruly(t)
			s.rule(tt.rule)
			got, err := s.try(graphql("/graphql", "{ a }"))
			if err == nil {
				t.Error("the answer is whole")
			}
			if tt.status != 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the error is %v", err)
			}
			if got.status != tt.status || len(got.body) != tt.body {
				t.Errorf("got %d and %d bytes", got.status, len(got.body))
			}
			if n := executed.Load(); n != tt.executed {
				t.Errorf("%d requests were executed", n)
			}
		})
	}
}

func TestADelayEndsWhenTheClientGivesUp(t *testing.T) {
	s, executed := newUnruly(t)
	s.rule(`{"path":"/graphql","delay":"24h"}`)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", strings.NewReader(`{"query":"{ a }"}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err == nil {
		response.Body.Close()
	}
	if !errors.Is(err, context.DeadlineExceeded) || executed.Load() != 0 {
		t.Errorf("the error is %v; %d requests were executed", err, executed.Load())
	}
	// The end of the test waits for the handler.
}

func TestThingsHappenBehindTheClientsBack(t *testing.T) {
	var done []string
	s, executed := newUnruly(t, func(o *Options) {
		o.Act = func(_ context.Context, action Action, branch string) error {
			done = append(done, string(action)+" "+branch)
			return errors.New("no such branch")
		}
	})
	s.rule(`[{"document":"second","action":"merge","branch":"b"},{"document":"second","action":"delete","branch":"b"}]`)
	for _, document := range []string{"{ first }", "{ second }", "{ second }", "{ second }"} {
		if got := s.send(graphql("/graphql", document)); got.status != 200 {
			t.Errorf("%s is answered %d", document, got.status)
		}
	}
	if strings.Join(done, ", ") != "merge b, delete b" || executed.Load() != 4 {
		t.Errorf("done: %v; %d requests were executed", done, executed.Load())
	}
	if !strings.Contains(s.log.String(), "no such branch") {
		t.Error("that it failed is not logged")
	}
}

func TestBadRulesAreRefused(t *testing.T) {
	s, _ := newUnruly(t)
	tests := []struct{ rule, detail string }{
		{`{"sttaus":500}`, `reading the rule: json: unknown field "sttaus"`},
		{`{"status":99}`, "rule 1: status is not between 200 and 599"},
		{`[{},{"status":600}]`, "rule 2: status is not between 200 and 599"},
		{`[null]`, "rule 1 is null"},
		{`{"times":-1}`, "rule 1: times is negative"},
		{`{"truncate":-1}`, "rule 1: truncate is negative"},
		{`{"delay":"-1s"}`, "rule 1: delay is negative"},
		{`{"drop":"now"}`, `rule 1: drop is "now", not "before" or "after"`},
		{`{"action":"explode","branch":"b"}`, `rule 1: action is "explode", not "merge" or "delete"`},
		{`{"action":"merge"}`, "rule 1: action and branch need each other"},
		{`{"action":"merge","branch":"b"}`, "this sandbox cannot merge a branch"},
		{`{"body":"x"}`, "rule 1: body and headers need a status"},
		{`{} {}`, "there is something behind the rule"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			got := s.send(request{path: faults, body: tt.rule})
			if want := string(mustEncode(t, map[string]string{"detail": tt.detail})); got.status != 422 || got.body != want {
				t.Errorf("got %d %s, want %s", got.status, got.body, want)
			}
		})
	}
	got := s.send(request{path: faults, body: `{}`, header: map[string]string{"Content-Type": "text/plain"}})
	if got.status != http.StatusUnsupportedMediaType {
		t.Errorf("a rule that a page could send is answered %d", got.status)
	}
	sameJSON(t, `[]`, s.send(request{path: faults}).body)
}

func mustEncode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestARuleIsUsedAsOftenAsItSaysByManyAtOnce(t *testing.T) {
	s, _ := newUnruly(t)
	s.rule(`{"path":"/api/info","times":10,"status":503}`)
	var refused atomic.Int32
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			got, err := s.try(request{path: "/api/info"})
			if err != nil {
				t.Error(err)
			}
			if got.status == 503 {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if n := refused.Load(); n != 10 {
		t.Errorf("%d requests were refused, want 10", n)
	}
}

package program_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// ask sends one HTTP request and returns status and body of the answer.
func ask(t *testing.T, method, url, body string, headers map[string]string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	if host := headers["Host"]; host != "" {
		request.Host = host
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(raw)
}

func TestTheHTTPServerGuardsItsDoor(t *testing.T) {
	parallel(t)
	s := newSession(t, overHTTP, mcptest.Legacy)
	base := s.program.base()
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	headers := func() map[string]string {
		return map[string]string{"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
	}
	with := func(name, value string) map[string]string {
		changed := headers()
		changed[name] = value
		return changed
	}
	for _, test := range []struct {
		name, method, path, body string
		headers                  map[string]string
		status                   int
		says                     string
	}{
		{"a client without a session", "POST", "/mcp", list, headers(), 200, `"get_nodes"`},
		{"a slash at the end", "POST", "/mcp/", list, headers(), 200, `"get_nodes"`},
		{"a page of this host", "POST", "/mcp", list, with("Origin", base), 200, `"get_nodes"`},
		{"a page of another host", "POST", "/mcp", list, with("Origin", "https://evil.example"), 403, "error"},
		{"a page of no host", "POST", "/mcp", list, with("Origin", "null"), 403, "error"},
		{"a page of another host that asks for health", "GET", "/health", "", with("Origin", "https://evil.example"), 403, "error"},
		{"another host name", "POST", "/mcp", list, with("Host", "evil.example"), 403, "error"},
		{"another host name with the port", "POST", "/mcp", list, with("Host", "evil.example:8001"), 403, "error"},
		{"another host name that asks for metrics", "GET", "/metrics", "", with("Host", "evil.example"), 403, "error"},
		{"a body over 4 MiB", "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":"` + strings.Repeat("x", 4<<20) + `"}}`, headers(), 413, "4194304"},
		{"a body just below 4 MiB", "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":"` + strings.Repeat("x", 4<<20-1000) + `"}}`, headers(), 200, `"get_nodes"`},
		{"no JSON", "POST", "/mcp", "hello", headers(), 400, "-32700"},
		{"another content type", "POST", "/mcp", list, with("Content-Type", "text/plain"), 415, "Content-Type"},
		{"a session that nobody has", "POST", "/mcp", list, with("Mcp-Session-Id", "stolen"), 404, "session"},
		{"an OAuth client that looks for the protected resource", "GET", "/.well-known/oauth-protected-resource", "", nil, 404, `"invalid_request"`},
		{"the same for the path of MCP", "GET", "/.well-known/oauth-protected-resource/mcp", "", nil, 404, `"invalid_request"`},
		{"an OAuth client that looks for the authorization server", "GET", "/.well-known/oauth-authorization-server", "", nil, 404, `"invalid_request"`},
		{"an OAuth client that looks for OpenID", "GET", "/.well-known/openid-configuration", "", nil, 404, `"invalid_request"`},
		{"the same behind the path of MCP", "GET", "/mcp/.well-known/openid-configuration", "", nil, 404, `"invalid_request"`},
		{"an OAuth client that registers", "POST", "/register", `{"redirect_uris":[]}`, headers(), 404, `"invalid_request"`},
		{"anything else", "GET", "/", "", nil, 404, `"error"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, header, body := ask(t, test.method, base+test.path, test.body, test.headers)
			if status != test.status || !strings.Contains(body, test.says) {
				t.Errorf("status %d, want %d with %q: %.300s", status, test.status, test.says, body)
			}
			if kind := header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") || !json.Valid([]byte(body)) {
				t.Errorf("the answer is of the type %s: %.300s", kind, body)
			}
		})
	}
}

func TestHealthIsThatOfInfrahub(t *testing.T) {
	parallel(t)
	s := newSession(t, overHTTP, mcptest.Modern)
	healthy := func(t *testing.T, want int, says string) {
		t.Helper()
		status, _, body := ask(t, http.MethodGet, s.program.base()+"/health", "", nil)
		// An answer holds for a second.
		for deadline := time.Now().Add(time.Minute); status != want && time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
			status, _, body = ask(t, http.MethodGet, s.program.base()+"/health", "", nil)
		}
		got := decode[struct{ Status, Reason string }](t, json.RawMessage(body))
		if status != want || got.Status != says || (want == http.StatusOK) != (got.Reason == "") {
			t.Errorf("status %d: %s; want %d, %s", status, body, want, says)
		}
	}
	healthy(t, http.StatusOK, "healthy")
	s.proxy.close()
	healthy(t, http.StatusServiceUnavailable, "unhealthy")
	s.proxy.open(t)
	healthy(t, http.StatusOK, "healthy")
	s.proxy.behave(unavailable)
	healthy(t, http.StatusServiceUnavailable, "unhealthy")
}

func TestMetricsCountWhatHappened(t *testing.T) {
	parallel(t)
	s := newSession(t, overHTTP, mcptest.Modern)
	type counters struct {
		Requests map[string]int     `json:"requests"`
		Errors   map[string]int     `json:"errors"`
		Latency  map[string]float64 `json:"latency_ms"`
		Upstream map[string]int     `json:"infrahub_requests"`
	}
	read := func() counters {
		status, _, body := ask(t, http.MethodGet, s.program.base()+"/metrics", "", nil)
		if status != http.StatusOK {
			t.Fatalf("status %d: %s", status, body)
		}
		return decode[counters](t, json.RawMessage(body))
	}
	before := read()
	mark := s.proxy.mark()
	for range 3 {
		s.must(t, "get_nodes", object{"kind": "DcimDevice", "limit": 2})
	}
	s.refused(t, "get_nodes", object{"kind": "Nothing"})
	_, err := s.GetPrompt(t.Context(), "nothing", nil)
	fault(t, err)
	after := read()
	if got := after.Requests["tools/call"] - before.Requests["tools/call"]; got != 4 {
		t.Errorf("%d calls are counted, want 4", got)
	}
	if got := after.Errors["prompts/get"] - before.Errors["prompts/get"]; got != 1 {
		t.Errorf("%d errors of prompts are counted, want 1", got)
	}
	if after.Latency["tools/call"] <= before.Latency["tools/call"] {
		t.Errorf("calls took %v ms and then %v ms", before.Latency["tools/call"], after.Latency["tools/call"])
	}
	if got, want := after.Upstream["2xx"]-before.Upstream["2xx"], len(s.proxy.everything(mark)); got != want {
		t.Errorf("%d requests to Infrahub are counted, want %d", got, want)
	}
}

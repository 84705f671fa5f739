package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"infrahub-mcp/internal/config"
)

// marked is a credential that must show up nowhere.
const marked = "marked-credential-7f3a9c"

// configuration is a valid one for an Infrahub at an address.
func configuration(t *testing.T, address string, more map[string]string) *config.Config {
	t.Helper()
	t.Setenv("INFRAHUB_ADDRESS", address)
	t.Setenv("INFRAHUB_API_TOKEN", marked)
	t.Setenv("INFRAHUB_MCP_ENV_FILE", "")
	t.Setenv("INFRAHUB_MCP_LOG_LEVEL", "debug")
	t.Setenv("INFRAHUB_MCP_LOG_FORMAT", "text")
	for name, value := range more {
		t.Setenv(name, value)
	}
	flags := config.Flags{"port": "0"}
	if more["INFRAHUB_MCP_AUTH_MODE"] != "" {
		flags["transport"] = config.TransportHTTP
	}
	cfg, _, err := config.Load(flags)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// lockedBuffer is a buffer that many may write to.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve runs the program over HTTP and returns its address and log.
func serve(t *testing.T, cfg *config.Config) (address string, log *lockedBuffer, stop func() error) {
	t.Helper()
	return serveWith(t, cfg, Options{})
}

// serveWith is serve with further options.
func serveWith(t *testing.T, cfg *config.Config, o Options) (address string, log *lockedBuffer, stop func() error) {
	t.Helper()
	cfg.Server.Transport = config.TransportHTTP
	log = &lockedBuffer{}
	ctx, cancel := context.WithCancel(t.Context())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	o.Err, o.Version, o.Listening = log, "test", func(a net.Addr) { listening <- a }
	go func() { ended <- Run(ctx, cfg, o) }()
	select {
	case a := <-listening:
		address = "http://" + a.String()
	case err := <-ended:
		t.Fatalf("the server did not start: %v\n%s", err, log)
	}
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return address, log, stop
}

func do(t *testing.T, method, url, body string, headers ...string) (status int, answer string, header http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for pair := range slices.Chunk(headers, 2) {
		if pair[0] == "Host" {
			request.Host = pair[1]
		}
		request.Header.Set(pair[0], pair[1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(raw), response.Header
}

// upstream answers the version and nothing else, and refuses another credential.
func upstream(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Header.Get("X-INFRAHUB-KEY") != marked:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"data":null,"errors":[{"message":"Invalid token","extensions":{"code":401}}]}`)
		case r.URL.Path == "/api/info":
			_, _ = io.WriteString(w, `{"version":"1.11.9"}`)
		default:
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "failed with "+marked)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

func TestEndpoints(t *testing.T) {
	address, _, _ := serve(t, configuration(t, upstream(t).URL, nil))
	for _, test := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"health", "GET", "/health", "", nil, 200, `{"status":"healthy"}`},
		{"metrics", "GET", "/metrics", "", nil, 200, `"requests":{`},
		{"MCP", "POST", "/mcp", list, nil, 200, `"get_nodes"`},
		{"MCP with a slash", "POST", "/mcp/", list, nil, 200, `"get_nodes"`},
		{"OAuth metadata of the resource", "GET", "/.well-known/oauth-protected-resource", "", nil, 404, `"error":"invalid_request"`},
		{"OAuth metadata of the resource, with path", "GET", "/.well-known/oauth-protected-resource/mcp", "", nil, 404, `"error":"invalid_request"`},
		{"OAuth metadata of the server", "GET", "/mcp/.well-known/oauth-authorization-server", "", nil, 404, `"error":"invalid_request"`},
		{"OpenID metadata", "GET", "/.well-known/openid-configuration/mcp", "", nil, 404, `"error":"invalid_request"`},
		{"client registration", "POST", "/register", "{}", nil, 404, `"error":"invalid_request"`},
		{"anything else", "GET", "/", "", nil, 404, `"error":"not_found"`},
		{"a page of another origin", "POST", "/mcp", list, []string{"Origin", "https://evil.example"}, 403, "invalid_origin"},
		{"a page without an origin", "POST", "/mcp", list, []string{"Origin", "null"}, 403, "invalid_origin"},
		{"a page on loopback", "POST", "/mcp", list, []string{"Origin", "http://localhost:6274"}, 200, `"get_nodes"`},
		{"a name that was pointed at loopback", "POST", "/mcp", list, []string{"Host", "evil.example"}, 403, "invalid_host"},
		{"such a name on another endpoint", "GET", "/metrics", "", []string{"Host", "evil.example:8001"}, 403, "invalid_host"},
		{"localhost by name", "POST", "/mcp", list, []string{"Host", "localhost:8001"}, 200, `"get_nodes"`},
		{"a body over 4 MiB", "POST", "/mcp", `{"x":"` + strings.Repeat("x", 4<<20) + `"}`, nil, 413, "4194304"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, answer, header := do(t, test.method, address+test.path, test.body, test.headers...)
			if status != test.status || !strings.Contains(answer, test.want) || !strings.HasPrefix(header.Get("Content-Type"), "application/json") || !json.Valid([]byte(answer)) {
				t.Errorf("%d %s: %s", status, header.Get("Content-Type"), answer)
			}
		})
	}
}

func TestTheServerWorksWhileInfrahubIsDown(t *testing.T) {
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	address, _, stop := serve(t, configuration(t, down.URL, nil))
	if status, answer, _ := do(t, "POST", address+"/mcp", list); status != 200 || !strings.Contains(answer, `"get_nodes"`) {
		t.Errorf("tools/list: %d %s", status, answer)
	}
	if _, answer, _ := do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"X"}}}`); !strings.Contains(answer, `"code":-32002`) {
		t.Errorf("a call: %s", answer)
	}
	if _, answer, _ := do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_session_info"}}`); !strings.Contains(answer, "does not answer") || !strings.Contains(answer, `"session_branch":null`) {
		t.Errorf("get_session_info: %s", answer)
	}
	if status, answer, _ := do(t, "GET", address+"/health", ""); status != 503 || !strings.Contains(answer, `"status":"unhealthy","reason"`) && !strings.Contains(answer, `"reason":`) {
		t.Errorf("health: %d %s", status, answer)
	}
	if err := stop(); err != nil {
		t.Errorf("the end: %v", err)
	}
}

func TestNoCredentialIsEverWritten(t *testing.T) {
	address, log, stop := serve(t, configuration(t, upstream(t).URL, nil))
	var answers strings.Builder
	for _, call := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"X"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query_graphql","arguments":{"query":"{ a }"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"infrahub://branches"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"infrahub://graphql-schema"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"explore_schema"},"argument":{"name":"kind","value":"D"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_session_info"}}`,
	} {
		_, answer, _ := do(t, "POST", address+"/mcp", call, "Authorization", "Bearer client-"+marked)
		answers.WriteString(answer)
	}
	_, metrics, _ := do(t, "GET", address+"/metrics", "")
	_, health, _ := do(t, "GET", address+"/health", "")
	_ = stop()
	for what, text := range map[string]string{"log": log.String(), "answers": answers.String(), "metrics": metrics, "health": health} {
		if strings.Contains(text, marked) {
			t.Errorf("the credential is in the %s: %s", what, text)
		}
	}
	if !strings.Contains(log.String(), "tool_call tool=get_nodes") || !strings.Contains(log.String(), "resource_read uri=infrahub://branches user=") {
		t.Errorf("the log lacks its audit lines, the test shows nothing: %s", log)
	}
}

func TestStdioEndsWithItsInput(t *testing.T) {
	cfg := configuration(t, upstream(t).URL, map[string]string{"INFRAHUB_MCP_READ_ONLY": "true"})
	var out bytes.Buffer
	log := &lockedBuffer{}
	in := strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}` + "\n" + list + "\n")
	if err := Run(t.Context(), cfg, Options{In: in, Out: &out, Err: log, Version: "test", Warnings: []string{"mind the gap"}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "This server is read-only.") }) {
		t.Errorf("%d lines: %s", len(lines), out.String())
	}
	for _, want := range []string{"read_only_mode enabled=true", "mind the gap", "transport=stdio"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
}

func TestAnAddressInUseIsAnError(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	cfg := configuration(t, "http://127.0.0.1:1", nil)
	cfg.Server.Transport = config.TransportHTTP
	cfg.Server.Port = taken.Addr().(*net.TCPAddr).Port
	if err := Run(t.Context(), cfg, Options{Err: io.Discard}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

func TestListeningBeyondLoopbackIsNamedARisk(t *testing.T) {
	cfg := configuration(t, "http://127.0.0.1:1", map[string]string{"MCP_HOST": "0.0.0.0"})
	_, log, _ := serve(t, cfg)
	if !strings.Contains(log.String(), "everyone who reaches this address") {
		t.Errorf("the log: %s", log)
	}
}

// tokens is what a text costs a model, roughly.
func tokens(text []byte) int { return len(text) / 4 }

// TestToolsListIsGolden holds what every client loads before it does anything,
// and what it costs. UPDATE_GOLDEN=1 writes the file anew.
func TestToolsListIsGolden(t *testing.T) {
	const budget = 2600
	address, _, _ := serve(t, configuration(t, "http://127.0.0.1:1", nil))
	_, answer, _ := do(t, "POST", address+"/mcp", list)
	var decoded struct {
		Result struct {
			Tools []map[string]any `json:"tools"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(answer), &decoded); err != nil {
		t.Fatal(err)
	}
	cost := func(tools []map[string]any) (total int, each map[string]int) {
		each = map[string]int{}
		for _, tool := range tools {
			raw, err := json.Marshal(map[string]any{"name": tool["name"], "description": tool["description"], "inputSchema": tool["inputSchema"]})
			if err != nil {
				t.Fatal(err)
			}
			name, _ := tool["name"].(string)
			each[name] = tokens(raw)
			total += tokens(raw)
		}
		return total, each
	}
	got, err := json.MarshalIndent(decoded.Result.Tools, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", "tools.json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var before []map[string]any
	if err := json.Unmarshal(golden, &before); err != nil {
		t.Fatal(err)
	}
	now, each := cost(decoded.Result.Tools)
	then, eachThen := cost(before)
	t.Logf("tools/list costs %d tokens, the budget is %d", now, budget)
	if now > budget {
		t.Errorf("tools/list costs %d tokens, more than %d", now, budget)
	}
	if !bytes.Equal(golden, got) {
		t.Errorf("tools/list changed and costs %+d tokens (%+.1f %%); UPDATE_GOLDEN=1 accepts it", now-then, 100*float64(now-then)/float64(then))
		for name, tokens := range each {
			if tokens != eachThen[name] {
				t.Errorf("  %s: %d tokens, was %d", name, tokens, eachThen[name])
			}
		}
	}
}

func BenchmarkToolsList(b *testing.B) {
	for _, name := range []string{"INFRAHUB_ADDRESS", "INFRAHUB_API_TOKEN"} {
		b.Setenv(name, "http://127.0.0.1:1")
	}
	cfg, _, err := config.Load(config.Flags{"port": "0", "transport": config.TransportHTTP})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, cfg, Options{Err: io.Discard, Listening: func(a net.Addr) { listening <- a }})
	}()
	url := "http://" + (<-listening).String() + "/mcp"
	client := &http.Client{Timeout: time.Minute}
	b.ReportAllocs()
	for b.Loop() {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(list))
		if err != nil {
			b.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	cancel()
	<-ended
}

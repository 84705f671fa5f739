package server

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/telemetry/tracetest"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"

// traced is an Infrahub that notes which traces its requests are part of.
type traced struct {
	url string
	// refuse are further answers of status 503, before it works.
	refuse int

	// asked is told of each request; it may be nil.
	asked func()

	mu      sync.Mutex
	parents []string
}

func newTraced(t *testing.T) *traced {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Devices: 1})
	if err != nil {
		t.Fatal(err)
	}
	i := &traced{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.parents = append(i.parents, r.Header.Get("Traceparent"))
		refuse := i.refuse > 0
		i.refuse--
		asked := i.asked
		i.mu.Unlock()
		if asked != nil {
			asked()
		}
		if refuse {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// configuration is that of a server for this Infrahub.
func (i *traced) configuration(t *testing.T, more map[string]string) *config.Config {
	t.Helper()
	cfg := configuration(t, i.url, more)
	cfg.Infrahub.APIToken = config.Secret(seed.Accounts()[0].Token)
	return cfg
}

func TestATraceReachesInfrahubWithEveryRequestOfACall(t *testing.T) {
	for name, test := range map[string]struct{ header, meta string }{
		"from _meta":   {"", parent},
		"from headers": {parent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			infrahub := newTraced(t)
			address, _, _ := serve(t, infrahub.configuration(t, nil))
			id := session(t, address)
			// The schema, a branch and the write itself.
			_, answer, _ := do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}},"_meta":{"traceparent":"`+test.meta+`"}}}`,
				"Accept", accept, "Mcp-Session-Id", id, "Traceparent", test.header)
			if !strings.Contains(answer, `"structuredContent"`) {
				t.Fatal(answer)
			}
			if n := len(infrahub.parents); n < 3 || len(slices.Compact(infrahub.parents)) != 1 || infrahub.parents[0] != parent {
				t.Errorf("%d requests of the traces %v", n, infrahub.parents)
			}
		})
	}
}

// TestARequestIsATraceFromItsClientToInfrahub sends requests that are part of a
// trace, and looks at what a collector gets and Infrahub is told.
func TestARequestIsATraceFromItsClientToInfrahub(t *testing.T) {
	const (
		older = "2025-11-25"
		newer = "2026-07-28"
		call  = `"method":"tools/call","params":{"name":`
	)
	for _, test := range []struct {
		name, version, request string
		refuse                 int
		want                   string
	}{
		{"a tool that reads", older, call + `"get_nodes","arguments":{"kind":"BuiltinTag"}`, 0, `tools/call get_nodes (server)
  execute_tool get_nodes (internal)
    GET /api/schema (client)
    GET /api/schema/summary (client)
    POST /graphql (client)
`},
		{"a tool that reads, in the newer era", newer, call + `"get_nodes","arguments":{"kind":"BuiltinTag"}`, 0, `tools/call get_nodes (server)
  execute_tool get_nodes (internal)
    GET /api/schema (client)
    GET /api/schema/summary (client)
    POST /graphql (client)
`},
		{"a request that Infrahub puts off", older, call + `"query_graphql","arguments":{"query":"{ BuiltinTag { count } }","branch":"main"}`, 1, `tools/call query_graphql (server)
  execute_tool query_graphql (internal)
    GET /api/schema (client)
    GET /api/schema/summary (client) failed: 503
    GET /api/schema/summary (client)
    POST /graphql/{branch} (client)
`},
		{"a tool that refuses", older, call + `"get_nodes","arguments":{"sort":"BuiltinTag"}`, 0, `tools/call get_nodes (server) failed: tool_error
  execute_tool get_nodes (internal) failed: invalid
`},
		{"an Infrahub that does not work", newer, call + `"get_nodes","arguments":{"kind":"BuiltinTag"}`, 9, `tools/call get_nodes (server) failed: -32002
  execute_tool get_nodes (internal) failed: unreachable
    GET /api/schema/summary (client) failed: 503
    GET /api/schema/summary (client) failed: 503
`},
		{"a tool that is not there", older, call + `"give_secrets"`, 0, "tools/call (server) failed: -32602\n"},
		{"a resource", older, `"method":"resources/read","params":{"uri":"infrahub://schema/BuiltinTag"`, 0, `resources/read (server)
  read_resource infrahub://schema/{kind} (internal)
    GET /api/schema (client)
    GET /api/schema/summary (client)
`},
		{"a prompt", newer, `"method":"prompts/get","params":{"name":"infrahub_agent"`, 0, `prompts/get infrahub_agent (server)
  write_prompt infrahub_agent (internal)
`},
		{"a method that is not there", older, `"method":"steal/everything","params":{"x":1`, 0, "other (server) failed: -32601\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			collector, infrahub := tracetest.New(t), newTraced(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			address, log, stop := serve(t, infrahub.configuration(t, map[string]string{
				"INFRAHUB_MCP_OTEL_ENABLED": "true", "INFRAHUB_MCP_RETRY_MAX_ATTEMPTS": "1", "INFRAHUB_MCP_RETRY_BASE_DELAY": "0.001",
			}))
			infrahub.refuse = test.refuse
			meta := `"traceparent":"` + parent + `"`
			headers := []string{"Accept", accept}
			if test.version == newer {
				meta += `,"io.modelcontextprotocol/protocolVersion":"` + newer + `","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}`
				method, name, _ := strings.Cut(strings.TrimPrefix(test.request, `"method":"`), `","params":{"name":"`)
				name, _, _ = strings.Cut(name, `"`)
				headers = append(headers, "Mcp-Method", method, "Mcp-Name", name)
			}
			_, answer, _ := do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,`+test.request+`,"_meta":{`+meta+`}}}`, append(headers, "Mcp-Protocol-Version", test.version)...)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			spans := collector.Spans()
			if diff := cmp.Diff(test.want, tracetest.Tree(spans)); diff != "" {
				t.Fatalf("(-want +got):\n%s\n%s\n%s", diff, answer, log)
			}
			var attempts []string
			for _, span := range spans {
				if span.Trace != parent[3:35] {
					t.Errorf("%s is of another trace", span.Name)
				}
				if span.Kind == "server" && (span.Parent != parent[36:52] || span.Attributes["mcp.protocol.version"] != test.version || span.Attributes["jsonrpc.request.id"] != "1") {
					t.Errorf("%+v", span)
				}
				if span.Kind == "client" {
					attempts = append(attempts, "00-"+span.Trace+"-"+span.ID+"-01")
				}
			}
			slices.Sort(attempts)
			slices.Sort(infrahub.parents)
			if diff := cmp.Diff(attempts, infrahub.parents); diff != "" {
				t.Errorf("Infrahub is told (-want +got):\n%s", diff)
			}
			if line := "trace_id=" + parent[3:35]; !strings.Contains(log.String(), line) && len(attempts) > 0 {
				t.Errorf("the log does not say %s:\n%s", line, log)
			}
		})
	}
}

func TestWhatTheServerDoesForItselfIsInNoTrace(t *testing.T) {
	collector := tracetest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	address, log, stop := serve(t, newTraced(t).configuration(t, map[string]string{"INFRAHUB_MCP_OTEL_ENABLED": "true"}))
	do(t, "GET", address+"/health", "", "Traceparent", parent)
	do(t, "GET", address+"/metrics", "")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if spans := collector.Spans(); len(spans) > 0 || !strings.Contains(log.String(), "infrahub_request") {
		t.Errorf("%s\n%s", tracetest.Tree(spans), log)
	}
}

// A subscription lasts for hours, so it is in no trace, nor is what Infrahub is asked
// for it. The trace of its client is passed on.
func TestASubscriptionIsInNoTrace(t *testing.T) {
	collector, infrahub := tracetest.New(t), newTraced(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	address, _, stop := serve(t, infrahub.configuration(t, map[string]string{"INFRAHUB_MCP_OTEL_ENABLED": "true"}))
	asked := make(chan struct{})
	infrahub.mu.Lock()
	infrahub.asked = sync.OnceFunc(func() { close(asked) })
	infrahub.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["infrahub://branches"]},"_meta":{"traceparent":"`+parent+`","io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`,
			"Accept", accept, "Mcp-Method", "subscriptions/listen", "Mcp-Protocol-Version", "2026-07-28")
	}()
	select {
	case <-asked:
	case <-ended:
		t.Error("the subscription has ended")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	<-ended
	if spans := collector.Spans(); len(spans) > 0 || infrahub.parents[0] != parent {
		t.Errorf("%s, and Infrahub is told %q", tracetest.Tree(spans), infrahub.parents)
	}
}

func TestACredentialForACollectorIsNotLogged(t *testing.T) {
	quoting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		_ = r.Header.Write(w)
	}))
	t.Cleanup(quoting.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", quoting.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=marked-key")
	address, log, stop := serve(t, newTraced(t).configuration(t, map[string]string{"INFRAHUB_MCP_OTEL_ENABLED": "true"}))
	do(t, "POST", address+"/mcp", list)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, "X-Team") || strings.Contains(text, "marked-key") {
		t.Error(text)
	}
}

func TestNothingIsRecordedWhereTheVariablesSaySo(t *testing.T) {
	for _, settings := range []map[string]string{
		{"INFRAHUB_MCP_OTEL_ENABLED": "false"},
		{"INFRAHUB_MCP_OTEL_ENABLED": "true", "OTEL_SDK_DISABLED": "true"},
		{"INFRAHUB_MCP_OTEL_ENABLED": "true", "OTEL_TRACES_EXPORTER": "none"},
	} {
		collector, infrahub := tracetest.New(t), newTraced(t)
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
		t.Setenv("OTEL_SDK_DISABLED", "")
		address, _, stop := serve(t, infrahub.configuration(t, settings))
		do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_schema","arguments":{}}}`, "Traceparent", parent)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if spans := collector.Spans(); len(spans) > 0 || !slices.Contains(infrahub.parents, parent) {
			t.Errorf("%v: %s, and Infrahub is told %q", settings, tracetest.Tree(spans), infrahub.parents)
		}
	}
}

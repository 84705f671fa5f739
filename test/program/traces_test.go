package program_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry/tracetest"
	"infrahub-mcp/test/mcptest"
)

// The trace that a client's request is part of.
const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	spanID      = "00f067aa0ba902b7"
	traceparent = "00-" + traceID + "-" + spanID + "-01"
)

// leave ends a program and waits for it, so that all its spans are exported.
func leave(t *testing.T, p *program) {
	t.Helper()
	var err error
	if p.transport == overHTTP {
		err = p.Signal(syscall.SIGTERM)
	} else {
		err = p.Stdin.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended(t, p)
}

func TestACallIsOneTraceFromItsClientToInfrahub(t *testing.T) {
	parallel(t)
	const want = `tools/call get_nodes (server)
  execute_tool get_nodes (internal)
    GET /api/schema (client)
    GET /api/schema/summary (client)
    POST /graphql (client)
`
	networks := map[transport]string{overStdio: "pipe", overHTTP: "tcp"}
	for _, transport := range []transport{overStdio, overHTTP} {
		for _, era := range []mcptest.Era{mcptest.Legacy, mcptest.Modern} {
			for _, protocol := range []string{"http/protobuf", "grpc"} {
				t.Run(string(transport)+", "+string(era)+", exported over "+protocol, func(t *testing.T) {
					parallel(t)
					collector := tracetest.New(t)
					p := start(t, launch{transport: transport, address: shared.infrahub.address, settings: []string{
						"INFRAHUB_MCP_OTEL_ENABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=" + protocol, "OTEL_SERVICE_NAME=mine",
					}})
					_, err := p.connect(t, era).Do(t.Context(), mcptest.Request{Method: "tools/call", Params: object{
						"name": "get_nodes", "arguments": object{"kind": "BuiltinTag"}, "_meta": object{"traceparent": traceparent},
					}})
					if err != nil {
						t.Fatal(err)
					}
					leave(t, p)
					spans := slices.DeleteFunc(collector.Spans(), func(s tracetest.Span) bool { return s.Trace != traceID })
					if diff := cmp.Diff(want, tracetest.Tree(spans)); diff != "" {
						t.Fatalf("(-want +got):\n%s", diff)
					}
					network := networks[transport]
					for _, s := range spans {
						if s.Kind == "server" && (s.Parent != spanID || s.Attributes["network.transport"] != network || s.Attributes["mcp.protocol.version"] != string(era)) {
							t.Errorf("the request: %+v", s)
						}
						if s.Resource["service.name"] != "mine" {
							t.Errorf("it is of %v", s.Resource)
						}
					}
				})
			}
		}
	}
}

func TestHeadersNameATraceWhereAMessageDoesNot(t *testing.T) {
	parallel(t)
	const other = "00-11111111111111111111111111111111-2222222222222222-01"
	collector := tracetest.New(t)
	p := start(t, launch{transport: overHTTP, address: shared.infrahub.address, settings: []string{"INFRAHUB_MCP_OTEL_ENABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}})
	for _, meta := range []object{{}, {"traceparent": "00-malformed"}, {"traceparent": other}} {
		body := rpc("tools/call", object{"name": "get_session_info", "arguments": object{}, "_meta": meta})
		if _, err := knock(t.Context(), http.MethodPost, p.url, body, as("", "Traceparent", traceparent)); err != nil {
			t.Fatal(err)
		}
	}
	leave(t, p)
	var got [][]string
	for _, s := range collector.Spans() {
		if s.Kind == "server" {
			got = append(got, append([]string{s.Trace + "-" + s.Parent}, s.Links...))
		}
	}
	if diff := cmp.Diff([][]string{{traceparent[3:52]}, {traceparent[3:52]}, {other[3:52], traceparent[3:52]}}, got); diff != "" {
		t.Errorf("parents and links (-want +got):\n%s", diff)
	}
}

func TestSpansOnAConsoleKeepOutOfTheProtocol(t *testing.T) {
	parallel(t)
	p := start(t, launch{transport: overStdio, address: shared.infrahub.address, settings: []string{"INFRAHUB_MCP_OTEL_ENABLED=true", "OTEL_TRACES_EXPORTER=console"}})
	if _, err := p.connect(t, mcptest.Legacy).CallTool(t.Context(), "get_session_info", object{}); err != nil {
		t.Fatal(err)
	}
	leave(t, p)
	for line := range strings.Lines(p.Output()) {
		var message struct{ JSONRPC string }
		if json.Unmarshal([]byte(line), &message) != nil || message.JSONRPC != "2.0" {
			t.Errorf("standard output has %s", line)
		}
	}
	if !strings.Contains(p.Log(), `"Name":"execute_tool get_session_info"`) || p.Output() == "" {
		t.Errorf("the log has no spans:\n%s", p.Log())
	}
}

func TestACollectorThatIsNotThereDisturbsNobody(t *testing.T) {
	parallel(t)
	address, err := mcptest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		p := start(t, launch{transport: overHTTP, address: shared.infrahub.address, settings: []string{
			"INFRAHUB_MCP_OTEL_ENABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=http://" + address, "OTEL_EXPORTER_OTLP_PROTOCOL=" + protocol,
			"OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20" + url.PathEscape(wrongToken), "OTEL_BSP_SCHEDULE_DELAY=1",
		}})
		client := p.connect(t, mcptest.Legacy)
		for range 20 {
			if _, err := client.CallTool(t.Context(), "get_session_info", object{}); err != nil {
				t.Fatal(err)
			}
		}
		leave(t, p)
		// Once, and once more at the end.
		if n := strings.Count(p.Log(), "spans could not be exported"); n < 1 || n > 2 {
			t.Errorf("over %s it is logged %d times:\n%s", protocol, n, p.Log())
		}
		var s secrets
		s.add("a header", "Bearer "+wrongToken, wrongToken)
		s.search(t, "the log", p.Log())
	}
}

package telemetry_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/tracetest"
)

// newTraces returns Traces that export as the environment says, and their log.
func newTraces(t *testing.T, o telemetry.TraceOptions) (*telemetry.Traces, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	o.Version, o.Logger = "1.2.3", telemetry.NewLogger(log, telemetry.LogOptions{Format: telemetry.FormatText})
	traces, err := telemetry.NewTraces(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return traces, log
}

// A call of a tool, whose request to Infrahub is sent twice.
func call(ctx context.Context, traces *telemetry.Traces) {
	ctx, message := traces.MessageSpan(ctx, ctx, telemetry.Message{Method: "tools/call", Tool: "get_nodes", ID: "7", Version: "2025-11-25"})
	inner, tool := telemetry.ToolSpan(ctx, "get_nodes")
	for before, status := range []int{503, 200} {
		_, attempt := telemetry.UpstreamSpan(inner, telemetry.Attempt{
			Method: "POST", Template: "/graphql/{branch}", Address: &url.URL{Scheme: "https", Host: "infrahub.example"}, ID: "an-id", Before: before,
		})
		attempt.Answered(status)
		attempt.End()
	}
	tool.End()
	message.End()
}

func TestSpansReachACollector(t *testing.T) {
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			collector := tracetest.New(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b")
			t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.version=mine")
			traces, log := newTraces(t, telemetry.TraceOptions{Exporter: "otlp", Protocol: protocol})
			call(telemetry.WithRemote(t.Context(), aParent, "a=b", ""), traces)
			traces.Close()

			spans := collector.Spans()
			want := `tools/call get_nodes (server)
  execute_tool get_nodes (internal)
    POST /graphql/{branch} (client) failed: 503
    POST /graphql/{branch} (client)
`
			if diff := cmp.Diff(want, tracetest.Tree(spans)); diff != "" {
				t.Fatalf("(-want +got):\n%s\n%s", diff, log)
			}
			for _, span := range spans {
				if span.Trace != aParent[3:35] || span.State != "a=b" {
					t.Errorf("%s is of the trace %s with the state %s", span.Name, span.Trace, span.State)
				}
				if span.Kind == "server" && span.Parent != aParent[36:52] {
					t.Errorf("its parent is %s", span.Parent)
				}
				delete(span.Resource, "service.instance.id")
				delete(span.Resource, "telemetry.sdk.version")
				about := map[string]string{
					"service.name": "infrahub-mcp", "service.version": "mine", "deployment.environment.name": "test",
					"telemetry.sdk.language": "go", "telemetry.sdk.name": "opentelemetry",
				}
				if diff := cmp.Diff(about, span.Resource); diff != "" {
					t.Errorf("of what: %s", diff)
				}
			}
			if got := collector.Headers()[0].Get("X-Tenant"); got != "a b" {
				t.Errorf("the header is %q", got)
			}
			if log.Len() > 0 {
				t.Errorf("it logs %s", log)
			}
		})
	}
}

func TestSpansReachACollectorAsJSON(t *testing.T) {
	var body []byte
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" && r.Header.Get("Content-Type") == "application/json" {
			body, _ = io.ReadAll(r.Body) // what there is of it
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(collector.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	traces, log := newTraces(t, telemetry.TraceOptions{Exporter: "otlp", Protocol: "http/json"})
	call(t.Context(), traces)
	traces.Close()
	if !strings.Contains(string(body), `"name":"execute_tool get_nodes"`) || log.Len() > 0 {
		t.Errorf("%s\n%s", body, log)
	}
}

func TestSpansGoToAConsole(t *testing.T) {
	var console bytes.Buffer
	traces, _ := newTraces(t, telemetry.TraceOptions{Exporter: "console", Console: &console})
	call(t.Context(), traces)
	traces.Close()
	if lines := strings.Count(console.String(), `"Name":"`); lines < 4 || strings.Count(strings.TrimSpace(console.String()), "\n") != 3 {
		t.Errorf("%d spans: %s", lines, console.String())
	}
}

func TestASamplerLeavesRequestsOut(t *testing.T) {
	for _, test := range []struct {
		sampler, flags string
		recorded       bool
	}{
		{"", "01", true},
		{"", "00", false},
		{"always_on", "00", true},
		{"parentbased_always_off", "01", true},
		{"always_off", "01", false},
	} {
		collector := tracetest.New(t)
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
		t.Setenv("OTEL_TRACES_SAMPLER", test.sampler)
		traces, _ := newTraces(t, telemetry.TraceOptions{Exporter: "otlp"})
		ctx := telemetry.WithRemote(t.Context(), aParent[:53]+test.flags, "", "")
		ctx, span := traces.MessageSpan(ctx, ctx, telemetry.Message{Method: "ping"})
		sent := http.Header{}
		telemetry.Inject(ctx, sent)
		span.End()
		call(ctx, traces)
		traces.Close()
		if got := len(collector.Spans()) > 0; got != test.recorded {
			t.Errorf("%s, flags %s: %v", test.sampler, test.flags, tracetest.Tree(collector.Spans()))
		}
		if passed := sent.Get("Traceparent"); strings.HasSuffix(passed, "-01") != test.recorded || !strings.Contains(passed, aParent[3:35]) {
			t.Errorf("%s, flags %s: %s is passed on", test.sampler, test.flags, passed)
		}
	}
}

func TestATransportOfAnotherTraceIsLinked(t *testing.T) {
	const other = "00-11111111111111111111111111111111-2222222222222222-01"
	for name, test := range map[string]struct {
		carrier, message string
		links            []string
	}{
		"another": {other, aParent, []string{other[3:52]}},
		"alone":   {other, "", nil},
		"none":    {"", aParent, nil},
	} {
		t.Run(name, func(t *testing.T) {
			collector := tracetest.New(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			traces, _ := newTraces(t, telemetry.TraceOptions{Exporter: "otlp"})
			carrier := telemetry.WithRemote(t.Context(), test.carrier, "", "")
			_, span := traces.MessageSpan(telemetry.WithRemote(carrier, test.message, "", ""), carrier, telemetry.Message{Method: "ping"})
			span.End()
			traces.Close()
			if diff := cmp.Diff(test.links, collector.Spans()[0].Links); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestACollectorThatRefusesIsLoggedWithoutCredentials(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusUnauthorized)
		_ = r.Header.Write(w)
	}))
	t.Cleanup(refusing.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", refusing.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=marked-header")
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
	traces, log := newTraces(t, telemetry.TraceOptions{Exporter: "otlp", Secrets: []string{"marked-header"}})
	call(t.Context(), traces)
	traces.Close()
	text := log.String()
	if !strings.Contains(text, `msg="spans could not be exported" lost=1 error=`) || strings.Count(text, "\n") != 2 || strings.Contains(text, "marked-header") {
		t.Error(text) // that it fails, and at the end how many are lost
	}
}

func TestAResourceThatIsMalformedIsRefused(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "nothing")
	_, err := telemetry.NewTraces(t.Context(), telemetry.TraceOptions{Exporter: "console", Console: io.Discard, Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.HasPrefix(err.Error(), "OTEL_RESOURCE_ATTRIBUTES: ") {
		t.Error(err)
	}
}

func TestWithoutTracesNothingIsSpent(t *testing.T) {
	ctx, header := t.Context(), http.Header{}
	var traces *telemetry.Traces
	if n := testing.AllocsPerRun(100, func() { untraced(ctx, traces, header) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	traces.Close()
}

// untraced is what a call of a tool does about traces when there are none.
func untraced(ctx context.Context, traces *telemetry.Traces, header http.Header) {
	ctx, message := traces.MessageSpan(ctx, ctx, telemetry.Message{Method: "tools/call", Tool: "get_nodes"})
	defer message.End()
	ctx, tool := telemetry.ToolSpan(ctx, "get_nodes")
	defer tool.End()
	ctx, attempt := telemetry.UpstreamSpan(ctx, telemetry.Attempt{Method: "POST", Template: "/graphql"})
	defer attempt.End()
	telemetry.Inject(ctx, header)
	attempt.Answered(200)
	tool.Fail("")
	message.Refused(0)
}

func BenchmarkUntraced(b *testing.B) {
	ctx, header := b.Context(), http.Header{}
	b.ReportAllocs()
	for b.Loop() {
		untraced(ctx, nil, header)
	}
}

func BenchmarkTraced(b *testing.B) {
	b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", tracetest.New(b).URL)
	traces, err := telemetry.NewTraces(b.Context(), telemetry.TraceOptions{Exporter: "otlp", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer traces.Close()
	ctx := telemetry.WithRemote(b.Context(), aParent, "", "")
	b.ReportAllocs()
	for b.Loop() {
		call(ctx, traces)
	}
}

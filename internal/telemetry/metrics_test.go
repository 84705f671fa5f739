package telemetry_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func TestMetricsAsJSON(t *testing.T) {
	m := telemetry.NewMetrics("1.2.3")
	read := func() any {
		t.Helper()
		response := httptest.NewRecorder()
		m.JSON().ServeHTTP(response, nil)
		if kind := response.Header().Get("Content-Type"); kind != "application/json" {
			t.Errorf("it is %s", kind)
		}
		var got any
		if err := json.Unmarshal(response.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	none := map[string]any{}
	if diff := cmp.Diff(any(map[string]any{"requests": none, "errors": none, "latency_ms": none, "infrahub_requests": none}), read()); diff != "" {
		t.Errorf("before anything happened (-want +got):\n%s", diff)
	}
	m.Message("tools/call", false, 1234*time.Microsecond)
	m.Message("tools/call", true, time.Millisecond)
	m.Message("other", false, 0)
	for _, status := range []int{200, 204, 404, 0, 999} {
		m.UpstreamBegins()(status, time.Second)
	}
	want := map[string]any{
		"requests": map[string]any{"tools/call": 2.0, "other": 1.0}, "errors": map[string]any{"tools/call": 1.0},
		"latency_ms":        map[string]any{"tools/call": 2.23, "other": 0.0},
		"infrahub_requests": map[string]any{"2xx": 2.0, "4xx": 1.0, "none": 2.0},
	}
	if diff := cmp.Diff(any(want), read()); diff != "" {
		t.Error(diff)
	}
}

// events are one call of each method, and the series that it changes.
func events() map[string]struct {
	feed func(*telemetry.Metrics)
	want map[string]float64
} {
	return map[string]struct {
		feed func(*telemetry.Metrics)
		want map[string]float64
	}{
		"a call of a tool": {
			func(m *telemetry.Metrics) { m.ToolCall("get_nodes", telemetry.Asked, "", time.Second) },
			map[string]float64{`tool_calls_total{outcome="asked",tool="get_nodes"}`: 1, `tool_call_duration_seconds_count{tool="get_nodes"}`: 1},
		},
		"a call that ends with an error": {
			func(m *telemetry.Metrics) {
				m.ToolCall("get_nodes", telemetry.Refused, telemetry.ClassInvalid, time.Second)
			},
			map[string]float64{
				`tool_calls_total{outcome="refused",tool="get_nodes"}`: 1, `tool_call_duration_seconds_count{tool="get_nodes"}`: 1,
				`tool_errors_total{class="invalid",tool="get_nodes"}`: 1,
			},
		},
		"a message": {
			func(m *telemetry.Metrics) { m.Message("ping", false, time.Second) },
			map[string]float64{`messages_total{method="ping",outcome="ok"}`: 1, `message_duration_seconds_count{method="ping"}`: 1},
		},
		"a message that is answered with an error": {
			func(m *telemetry.Metrics) { m.Message("ping", true, time.Second) },
			map[string]float64{`messages_total{method="ping",outcome="failed"}`: 1, `message_duration_seconds_count{method="ping"}`: 1},
		},
		"a request in progress":    {(*telemetry.Metrics).RequestBegins, map[string]float64{"requests_in_flight": 1}},
		"the end of a request":     {(*telemetry.Metrics).RequestEnds, map[string]float64{"requests_in_flight": -1}},
		"a session":                {(*telemetry.Metrics).SessionStarted, map[string]float64{"sessions_started_total": 1}},
		"the end of a session":     {(*telemetry.Metrics).SessionEnded, map[string]float64{"sessions_ended_total": 1}},
		"a stream":                 {func(m *telemetry.Metrics) { m.StreamOpens(telemetry.SessionStream) }, map[string]float64{`streams_open{kind="session"}`: 1}},
		"the end of a stream":      {func(m *telemetry.Metrics) { m.StreamCloses(telemetry.SubscriptionStream) }, map[string]float64{`streams_open{kind="subscription"}`: -1}},
		"a limit":                  {func(m *telemetry.Metrics) { m.PutOff(telemetry.OpenLimit) }, map[string]float64{`rate_limit_refusals_total{limit="open"}`: 1}},
		"a login":                  {func(m *telemetry.Metrics) { m.Login(telemetry.AtProvider, telemetry.Refused) }, map[string]float64{`logins_total{at="provider",outcome="refused"}`: 1}},
		"a request to Infrahub":    {func(m *telemetry.Metrics) { m.UpstreamBegins() }, map[string]float64{"upstream_requests_in_flight": 1}},
		"a connection to Infrahub": {(*telemetry.Metrics).UpstreamConnects, map[string]float64{"upstream_connections_total": 1}},
		"a repetition":             {func(m *telemetry.Metrics) { m.UpstreamRetries(telemetry.Timeout) }, map[string]float64{`upstream_retries_total{reason="timeout"}`: 1}},
		"a lookup of a schema":     {func(m *telemetry.Metrics) { m.Schema(telemetry.LookupChecked) }, map[string]float64{`schema_cache_lookups_total{result="checked"}`: 1}},
		"an answer of Infrahub": {
			func(m *telemetry.Metrics) { m.UpstreamBegins()(503, time.Second) },
			map[string]float64{`upstream_requests_total{outcome="5xx"}`: 1, "upstream_request_duration_seconds_count": 1},
		},
	}
}

func TestEachEventIsCountedAsItself(t *testing.T) {
	for name, event := range events() {
		t.Run(name, func(t *testing.T) {
			m := telemetry.NewMetrics("1.2.3")
			if diff := cmp.Diff(event.want, metricstest.Changes(t, m, func() { event.feed(m) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			event.feed(nil) // counts nothing, and does no harm
		})
	}
}

func TestNoEventIsLostAmongMany(t *testing.T) {
	const workers, rounds = 8, 50
	m := telemetry.NewMetrics("1.2.3")
	want := map[string]float64{}
	for _, event := range events() {
		for series, value := range event.want {
			want[series] += value * workers * rounds
		}
	}
	for series, value := range want {
		if value == 0 { // what begins and ends
			delete(want, series)
		}
	}
	got := metricstest.Changes(t, m, func() {
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for range rounds {
					for _, event := range events() {
						event.feed(m)
					}
				}
			})
		}
		all.Go(func() {
			for range rounds {
				m.JSON().ServeHTTP(httptest.NewRecorder(), nil)
				metricstest.Read(t, m)
			}
		})
		all.Wait()
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatRunsIsTold(t *testing.T) {
	m := telemetry.NewMetrics("1.2.3")
	response := httptest.NewRecorder()
	m.Exposition().ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if kind := response.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		t.Errorf("it is %s", kind)
	}
	text := response.Body.String()
	for _, want := range []string{`infrahub_mcp_build_info{go_version="go1.`, `version="1.2.3"} 1`, "\ngo_goroutines ", "\ngo_memstats_alloc_bytes "} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	m := telemetry.NewMetrics("1.2.3")
	for name, count := range map[string]func(){
		"a message":        func() { m.Message("tools/call", false, time.Second) },
		"a call of a tool": func() { m.ToolCall("get_nodes", telemetry.OK, "", time.Second) },
		"a lookup":         func() { m.Schema(telemetry.LookupHit) },
	} {
		if got := testing.AllocsPerRun(100, count); got != 0 {
			t.Errorf("%s: %.0f allocations", name, got)
		}
	}
}

package protocol

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func TestSessionsAndStreamsAreCountedWhileTheyAreOpen(t *testing.T) {
	m := telemetry.NewMetrics("test")
	_, watched := watching(t)
	server, h, _ := testHTTP(t, HTTPOptions{}, watched, func(o *Options) { o.Metrics = m })
	want := func(what string, wanted map[string]float64, while func()) {
		t.Helper()
		if diff := cmp.Diff(wanted, metricstest.Changes(t, m, while)); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", what, diff)
		}
	}
	var headers map[string]string
	want("a session", map[string]float64{
		"sessions_started_total": 1, `messages_total{method="initialize",outcome="ok"}`: 1, `message_duration_seconds_count{method="initialize"}`: 1,
	}, func() { headers = legacy(initialize(t, server.URL, "ann"), "ann") })
	want("its stream", map[string]float64{`streams_open{kind="session"}`: 1}, func() { send(t, http.MethodGet, server.URL, "", headers) })
	want("a subscription", map[string]float64{`streams_open{kind="subscription"}`: 1, "requests_in_flight": 1}, func() {
		f := newFeed(send(t, http.MethodPost, server.URL, listenTo("1", `"resourceSubscriptions":["thing://a"]`), modern("subscriptions/listen", "")))
		expect(t, f, acknowledged(1.0, map[string]any{"resourceSubscriptions": []any{"thing://a"}}))
	})
	want("a session that is not this one's", map[string]float64{}, func() {
		send(t, http.MethodGet, server.URL, "", legacy("nobody's", "ann"))
		send(t, http.MethodDelete, server.URL, "", legacy("nobody's", "ann"))
	})
	want("their ends", map[string]float64{
		"sessions_ended_total": 1, `streams_open{kind="session"}`: -1, `streams_open{kind="subscription"}`: -1, "requests_in_flight": -1,
		`messages_total{method="subscriptions/listen",outcome="ok"}`: 1, `message_duration_seconds_count{method="subscriptions/listen"}`: 1,
	}, func() {
		send(t, http.MethodDelete, server.URL, "", headers)
		h.Close()
		server.Close() // returns when all handlers have
	})
}

func TestMessagesAreCountedUnderMethodsThatExist(t *testing.T) {
	m := telemetry.NewMetrics("test")
	server, _, _ := testHTTP(t, HTTPOptions{}, func(o *Options) { o.Metrics = m })
	headers := legacy(initialize(t, server.URL, "ann"), "ann")
	got := metricstest.Changes(t, m, func() {
		for _, method := range []string{"ping", "tools/list", "tools/anything", "anything"} {
			text(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"`+method+`"}`, headers))
		}
		server.Close()
	})
	want := map[string]float64{
		`messages_total{method="ping",outcome="ok"}`: 1, `message_duration_seconds_count{method="ping"}`: 1,
		`messages_total{method="tools/list",outcome="ok"}`: 1, `message_duration_seconds_count{method="tools/list"}`: 1,
		`messages_total{method="other",outcome="failed"}`: 2, `message_duration_seconds_count{method="other"}`: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

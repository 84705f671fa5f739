package infrahub

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/tracetest"
)

func TestEveryAttemptIsASpan(t *testing.T) {
	for _, test := range []struct {
		name    string
		answer  http.HandlerFunc
		query   Query
		timeout time.Duration
		givesUp bool     // the caller, when Infrahub has the request
		want    []string // name, failure, status, how often it was sent before
	}{
		{"an answer", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(okBody)) }, aRead, time.Minute, false, []string{"POST /graphql - 200 -"}},
		{
			"an answer for a branch", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(okBody)) },
			Query{Document: aRead.Document, Branch: "mcp/ann"}, time.Minute, false, []string{"POST /graphql/{branch} - 200 -"},
		},
		{"a gateway without a server", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, aRead, time.Minute, false, []string{"POST /graphql 502 502 -", "POST /graphql 502 502 1"}},
		{"a refusal", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, aRead, time.Minute, false, []string{"POST /graphql 403 403 -"}},
		{"a connection that breaks", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, aRead, time.Minute, false, []string{"POST /graphql unreachable - -", "POST /graphql unreachable - 1"}},
		{"no answer in time", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Query{Document: aRead.Document, Mutation: true}, 50 * time.Millisecond, false, []string{"POST /graphql timeout - -"}},
		{"a caller that gives up", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, aRead, time.Minute, true, []string{"POST /graphql canceled - -"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			collector := tracetest.New(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
			traces, err := telemetry.NewTraces(t.Context(), telemetry.TraceOptions{Exporter: "otlp", Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, span := traces.MessageSpan(t.Context(), t.Context(), telemetry.Message{Method: "tools/call"})
			ctx, giveUp := context.WithCancel(ctx)
			defer giveUp()
			var mu sync.Mutex
			var told []string
			u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = r.Body.Read(make([]byte, 1<<10)) // so that the end of the caller is noticed
				mu.Lock()
				told = append(told, strings.Split(r.Header.Get("Traceparent"), "-")[2]+" "+r.Header.Get("X-Request-ID"))
				mu.Unlock()
				if test.givesUp {
					giveUp()
				}
				test.answer(w, r)
			}, Settings{Timeout: test.timeout, ReadAttempts: 1, ReadDelay: time.Millisecond})

			_, _ = u.Client(someToken).GraphQL(ctx, test.query)
			span.End()
			traces.Close()

			var got, ids []string
			for _, s := range collector.Spans() {
				if s.Kind != "client" {
					continue
				}
				of := func(name string) string { return cmp.Or(s.Attributes[name], "-") }
				got = append(got, strings.Join([]string{s.Name, of("error.type"), of("http.response.status_code"), of("http.request.resend_count")}, " "))
				ids = append(ids, s.ID+" "+of("http.request.header.x-request-id"))
				if s.Error != (s.Attributes["error.type"] != "") || s.Attributes["server.address"] != "127.0.0.1" || s.Attributes["server.port"] != u.base.Port() {
					t.Errorf("%+v", s)
				}
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, one := range told {
				if !slices.Contains(ids, one) {
					t.Errorf("Infrahub is told of %s, which is none of %v", one, ids)
				}
			}
		})
	}
}

package front

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func TestRefusalsAreCounted(t *testing.T) {
	t.Run("for the rate", func(t *testing.T) {
		limit, err := NewRateLimit(0.001, 1, 10)
		if err != nil {
			t.Fatal(err)
		}
		m := telemetry.NewMetrics("test")
		h := Chain(http.HandlerFunc(ok), limit.By(byHeader, m, telemetry.PrincipalLimit))
		got := metricstest.Changes(t, m, func() {
			for range 3 { // of which one is let through
				call(t, h, http.MethodPost, "/mcp", "Client", "ann")
			}
		})
		if diff := cmp.Diff(map[string]float64{`rate_limit_refusals_total{limit="principal"}`: 2}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("for what is open", func(t *testing.T) {
		m := telemetry.NewMetrics("test")
		h := Chain(http.HandlerFunc(stay), NewStreams(StreamLimits{Total: 1}).By(byHeader, m))
		inside, release := hold(h, http.MethodGet, "ann")
		defer release()
		inside()
		got := metricstest.Changes(t, m, func() { call(t, h, http.MethodPost, "/mcp", "Client", "bob") })
		if diff := cmp.Diff(map[string]float64{`rate_limit_refusals_total{limit="open"}`: 1}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

package schema_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func TestLookupsAreCountedByWhatTheyCameTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, m := newServer(), telemetry.NewMetrics("test")
		c := schema.NewCache(maxAge, 16, m)
		for _, step := range []struct {
			name, result string
			before       func()
		}{
			{"the first", "loaded", func() {}},
			{"a moment later", "hit", func() {}},
			{"when it is old", "checked", func() { time.Sleep(maxAge) }},
			{"of a schema that has changed", "loaded", func() { time.Sleep(maxAge); srv.change("", "h9") }},
		} {
			step.before()
			got := metricstest.Changes(t, m, func() {
				if _, err := c.Get(t.Context(), srv.as("a"), ""); err != nil {
					t.Fatal(err)
				}
			})
			want := map[string]float64{`schema_cache_lookups_total{result="` + step.result + `"}`: 1}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.name, diff)
			}
		}
	})
}

package tool

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func TestCallsAreCountedByHowTheyEnded(t *testing.T) {
	for name, test := range map[string]struct {
		run     func() error
		outcome string
	}{
		"a result":                 {func() error { return nil }, "ok"},
		"a refusal":                {func() error { return problem.New("There is no such thing.", "Ask for another.") }, "refused"},
		"a question":               {func() error { return &call.InputRequired{} }, "asked"},
		"an end before its answer": {func() error { return context.Canceled }, "failed"},
		"a panic":                  {func() error { panic("fault") }, "failed"},
		"an error nobody expects":  {func() error { return errors.New("fault") }, "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			tool := Define(Tool{Name: "try"}, func(context.Context, *call.Call, struct{}) (*struct{}, error) {
				return &struct{}{}, test.run()
			})
			m := telemetry.NewMetrics("test")
			ctx, cancel := context.WithCancel(t.Context())
			if name == "an end before its answer" {
				cancel()
			}
			defer cancel()
			got := metricstest.Changes(t, m, func() {
				c := &call.Call{Logger: slog.New(slog.DiscardHandler), Metrics: m, Settings: call.Settings{MaxBytes: 1000}}
				_, _ = tool.Run(ctx, c, nil)
			})
			want := map[string]float64{`tool_calls_total{outcome="` + test.outcome + `",tool="try"}`: 1, `tool_call_duration_seconds_count{tool="try"}`: 1}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

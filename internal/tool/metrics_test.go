package tool

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func TestCallsAreCountedByHowTheyEnded(t *testing.T) {
	for name, test := range map[string]struct {
		run            func() error
		outcome, class string
	}{
		"a result":                      {func() error { return nil }, "ok", ""},
		"a question":                    {func() error { return &call.InputRequired{} }, "asked", ""},
		"a refusal":                     {func() error { return problem.New("There is no such thing.", "Ask for another.") }, "refused", "invalid"},
		"a client that cannot be asked": {func() error { return &call.MissingCapability{Reason: problem.New("It cannot.", "")} }, "refused", "invalid"},
		"data that Infrahub refuses":    {func() error { return &infrahub.Error{Kind: infrahub.Invalid} }, "refused", "invalid"},
		"a query that is wrong":         {func() error { return &infrahub.Error{Kind: infrahub.QueryInvalid} }, "refused", "invalid"},
		"a node that is not there":      {func() error { return &infrahub.Error{Kind: infrahub.NodeNotFound} }, "refused", "not_found"},
		"a branch that is merged":       {func() error { return &infrahub.Error{Kind: infrahub.BranchClosed} }, "refused", "branch"},
		"a permission that is missing":  {func() error { return &infrahub.Error{Kind: infrahub.Forbidden} }, "refused", "forbidden"},
		"a failure of Infrahub":         {func() error { return &infrahub.Error{Kind: infrahub.ServerFault} }, "refused", "infrahub"},
		"a credential that is refused":  {func() error { return &infrahub.Error{Kind: infrahub.Unauthenticated} }, "failed", "credential"},
		"no answer of Infrahub":         {func() error { return &infrahub.Error{Kind: infrahub.Unreachable} }, "failed", "unreachable"},
		"no answer in time":             {func() error { return &infrahub.Error{Kind: infrahub.Timeout} }, "failed", "timeout"},
		"a call that takes too long":    {func() error { return context.DeadlineExceeded }, "refused", "timeout"},
		"an end before its answer":      {func() error { return context.Canceled }, "failed", "canceled"},
		"a panic":                       {func() error { panic("fault") }, "failed", "server"},
		"an error nobody expects":       {func() error { return errors.New("fault") }, "failed", "server"},
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
			if test.class != "" {
				want[`tool_errors_total{class="`+test.class+`",tool="try"}`] = 1
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

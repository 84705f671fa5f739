package front

import (
	"net/http"
	"testing"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func TestRequestsInProgressAreBounded(t *testing.T) {
	metrics := telemetry.NewMetrics("test")
	load := NewLoad(4, metrics)
	var leave []func()
	enter := func(user string, want int) {
		t.Helper()
		done, status, wait := load.Enter(user)
		if status != want || (status == 0) != (done != nil) || (status == 0) != (wait == 0) {
			t.Errorf("%q: status %d, wait %s", user, status, wait)
		}
		if done != nil {
			leave = append(leave, done)
		}
	}
	if changes := metricstest.Changes(t, metrics, func() {
		enter("ann", 0)
		enter("ann", 0)
		enter("ann", http.StatusTooManyRequests)
		enter("", 0)
		enter("", 0)
		enter("", http.StatusServiceUnavailable)
		enter("bob", http.StatusServiceUnavailable)
	}); changes[`rate_limit_refusals_total{limit="requests"}`] != 3 {
		t.Errorf("counted: %v", changes)
	}
	leave[0]()
	enter("bob", 0)
	enter("ann", http.StatusServiceUnavailable)
	for _, done := range leave[1:] {
		done()
	}
	if load.now != 0 || len(load.byUser) != 0 {
		t.Errorf("%d are in progress, of %v", load.now, load.byUser)
	}
	for range 100 {
		if _, status, _ := NewLoad(0, nil).Enter("ann"); status != 0 {
			t.Errorf("there is a limit though none is set: %d", status)
		}
	}
}

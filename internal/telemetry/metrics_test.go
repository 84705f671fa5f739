package telemetry_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
)

func TestMetrics(t *testing.T) {
	m := telemetry.NewMetrics()
	m.Message("tools/call", false, 1.234)
	m.Message("tools/call", true, 1)
	m.Message("other", false, 0)
	for _, status := range []int{200, 204, 404, 0, 999} {
		m.Upstream(status)
	}
	response := httptest.NewRecorder()
	m.ServeHTTP(response, nil)
	var got any
	if err := json.Unmarshal(response.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"requests": map[string]any{"tools/call": 2.0, "other": 1.0}, "errors": map[string]any{"tools/call": 1.0},
		"latency_ms":        map[string]any{"tools/call": 2.23, "other": 0.0},
		"infrahub_requests": map[string]any{"2xx": 2.0, "4xx": 1.0, "none": 2.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

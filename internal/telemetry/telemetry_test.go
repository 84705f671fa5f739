package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
)

func TestLogsHideCredentials(t *testing.T) {
	const secret = "s3cr3t-7f3a"
	for name, attributes := range map[string][]any{
		"in a text":            {"url", "http://x/?key=" + secret},
		"in an error":          {"error", fmt.Errorf("failed: %w", errors.New("token "+secret+" refused"))},
		"in a struct":          {"value", struct{ Inner string }{secret}},
		"under a telling name": {"Authorization", "Bearer another-one-" + "x"},
		"in part of a name":    {"api_token", "another-one-x"},
	} {
		var out bytes.Buffer
		telemetry.NewLogger(&out, "debug", secret, "", "ab").Debug("a line with abba", attributes...)
		if line := out.String(); strings.Contains(line, secret) || strings.Contains(line, "another-one") || !strings.Contains(line, telemetry.Hidden) {
			t.Errorf("%s: %s", name, line)
		} else if !strings.Contains(line, "abba") {
			t.Errorf("%s: a secret of two letters cut the line to pieces: %s", name, line)
		}
	}
}

func TestLogLevels(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warning": 2, "error": 1} {
		var out bytes.Buffer
		log := telemetry.NewLogger(&out, level)
		log.Debug("d")
		log.Info("i")
		log.Warn("w")
		log.Error("e")
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("%s: %d lines, want %d", level, got, want)
		}
	}
}

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

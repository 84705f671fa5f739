// Package metricstest reads metrics in tests.
package metricstest

import (
	"bufio"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"infrahub-mcp/internal/telemetry"
)

// Prefix is that of the metrics of this program.
const Prefix = "infrahub_mcp_"

// Changes returns what became more or less of the metrics of this program while a
// function ran: the difference by series, such as `tool_calls_total{outcome="ok"}`,
// without the prefix. Of histograms only the count is there.
func Changes(t testing.TB, m *telemetry.Metrics, while func()) map[string]float64 {
	t.Helper()
	before := Read(t, m)
	while()
	after := Read(t, m)
	maps.DeleteFunc(after, func(series string, value float64) bool { return value == before[series] })
	changed := map[string]float64{}
	for series, value := range after {
		name, _, _ := strings.Cut(series, "{")
		if !strings.HasSuffix(name, "_bucket") && !strings.HasSuffix(name, "_sum") {
			changed[series] = value - before[series]
		}
	}
	return changed
}

// Read returns the values of all series of this program, without the prefix.
func Read(t testing.TB, m *telemetry.Metrics) map[string]float64 {
	t.Helper()
	response := httptest.NewRecorder()
	m.Exposition().ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	series := Parse(t, response.Body)
	own := map[string]float64{}
	for name, value := range series {
		if short, ok := strings.CutPrefix(name, Prefix); ok {
			own[short] = value
		}
	}
	return own
}

// Parse reads the text format of Prometheus: values by series.
func Parse(t testing.TB, text io.Reader) map[string]float64 {
	t.Helper()
	series := map[string]float64{}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		end := strings.LastIndexByte(line, ' ')
		if end < 0 {
			t.Fatalf("a line without a value: %q", line)
		}
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			t.Fatalf("the value of %q: %v", line, err)
		}
		series[line[:end]] = value
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return series
}

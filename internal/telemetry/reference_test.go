package telemetry_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
)

// TestTheReferenceDescribesTheMetrics compares the tables of docs/telemetry.md with
// what is exposed: the first has all metrics, the second all values of labels.
func TestTheReferenceDescribesTheMetrics(t *testing.T) {
	page, err := os.ReadFile("../../docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	m := telemetry.NewMetrics("test")
	for _, event := range events() {
		event.feed(m)
	}
	m.StateStore(true)
	rows, labels := exposed(t, m)
	var written []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `infrahub_mcp_") {
			written = append(written, strings.TrimSuffix(line, "\n"))
		}
	}
	if diff := cmp.Diff(rows, written); diff != "" {
		t.Errorf("docs/telemetry.md (-want +got):\n%s", diff)
	}
	for _, label := range []string{"method", "tool", "version", "go_version"} { // whose values are somewhere else, or are said in words
		delete(labels, label)
	}
	for label, values := range labels {
		row := regexp.MustCompile("(?m)^\\| `" + label + "` .*$").FindString(string(page))
		for value := range values {
			if !strings.Contains(row, "`"+value+"`") {
				t.Errorf("the value %s of the label %s is not described", value, label)
			}
		}
	}
}

// exposed returns the rows of the metrics of this program, and the values of
// their labels.
func exposed(t *testing.T, m *telemetry.Metrics) (rows []string, labels map[string]map[string]bool) {
	t.Helper()
	response := httptest.NewRecorder()
	m.Exposition().ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	label := regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
	labels = map[string]map[string]bool{}
	var name, help, kind, has string
	end := func() {
		if strings.HasPrefix(name, "infrahub_mcp_") {
			rows = append(rows, "| `"+name+"` | "+kind+" | "+has+" | "+help+" |")
		}
		has = "–"
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		line := lines.Text()
		if text, ok := strings.CutPrefix(line, "# HELP "); ok {
			end()
			name, help, _ = strings.Cut(text, " ")
			continue
		}
		if text, ok := strings.CutPrefix(line, "# TYPE "+name+" "); ok {
			kind = text
			continue
		}
		var names []string
		for _, pair := range label.FindAllStringSubmatch(line, -1) {
			if pair[1] == "le" || !strings.HasPrefix(name, "infrahub_mcp_") { // a bucket of a histogram
				continue
			}
			names = append(names, "`"+pair[1]+"`")
			if labels[pair[1]] == nil {
				labels[pair[1]] = map[string]bool{}
			}
			labels[pair[1]][pair[2]] = true
		}
		if len(names) > 0 {
			has = strings.Join(names, ", ")
		}
	}
	end()
	return rows, labels
}

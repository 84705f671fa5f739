package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"go.yaml.in/yaml/v3"

	"infrahub-mcp/internal/telemetry/metricstest"
)

// TestTheMonitoringAsksForWhatIsExposed holds the dashboard and the alerts of
// deploy/monitoring against the metrics of a server after a few calls.
func TestTheMonitoringAsksForWhatIsExposed(t *testing.T) {
	store := miniredis.RunT(t)
	cfg, _ := sandboxed(t, map[string]string{
		"INFRAHUB_MCP_PROMETHEUS_ENABLED": "true", "INFRAHUB_MCP_SIGNING_KEY": signingKey, "INFRAHUB_MCP_STATE_URL": "redis://" + store.Addr(),
	})
	address, _, _ := serve(t, cfg)
	of := session(t, address)
	structured(t, address, of, "get_nodes", `{"kind":"BuiltinTag"}`)
	do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"Nothing"}}}`, "Accept", accept, "Mcp-Session-Id", of)
	_, answer, _ := do(t, "GET", address+"/metrics", "")
	exposed := labelsOf(metricstest.Parse(t, strings.NewReader(answer)))
	page, err := os.ReadFile("../../docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for where, expressions := range map[string][]string{"dashboard.json": dashboard(t), "alerts.yaml": alerts(t)} {
		if len(expressions) < 10 {
			t.Errorf("%s has %d expressions", where, len(expressions))
		}
		for _, expression := range expressions {
			q, err := parseQuery(expression)
			if err == nil {
				err = q.check(exposed, string(page))
			}
			if err != nil {
				t.Errorf("%s: %v in\n%s", where, err, expression)
			}
			for _, name := range q.metrics {
				asked[regexp.MustCompile(`_bucket$`).ReplaceAllString(name, "_count")] = true
			}
		}
	}
	for name := range exposed { // what nobody looks at need not be counted
		if strings.HasPrefix(name, metricstest.Prefix) && !asked[name] && !asked[strings.TrimSuffix(name, "_bucket")+"_count"] && !asked[strings.TrimSuffix(name, "_sum")+"_count"] {
			t.Errorf("%s is neither on the dashboard nor in an alert", name)
		}
	}
}

func TestAnExpressionThatAsksForNothingIsNoticed(t *testing.T) {
	exposed := map[string][]string{"calls_total": {"outcome"}, "calls_bucket": {"le"}}
	const page = "| `outcome` | `ok` or `failed` |\n"
	for expression, wrong := range map[string]bool{
		`sum by (outcome) (rate(calls_total{outcome="ok", job=~"$job"}[$__rate_interval])) / 2 > 0.5e-3`: false,
		`histogram_quantile(0.9, sum by (le) (rate(calls_bucket[5m])))`:                                  false,
		`calls_total{outcome=~"ok|failed"} and on (job, instance) calls_bucket`:                          false,
		`calls_totals`:                         true,
		`sum by (tool) (calls_total)`:          true,
		`sum (calls_total) without (tool)`:     true,
		`calls_total{tool="a"}`:                true,
		`calls_total{outcome="good"}`:          true,
		`calls_total{outcome=~"ok|good"}`:      true,
		`sum(calls_total`:                      true,
		`calls_total{outcome="ok"`:             true,
		`calls_total{outcome=ok}`:              true,
		`1 > 0`:                                true,
		`calls_total > $threshold`:             true,
		`sum(calls_total) / sum(other_total)`:  true,
		`rate(calls_total{outcome="ok"}[5m]))`: true,
	} {
		q, err := parseQuery(expression)
		if err == nil {
			err = q.check(exposed, page)
		}
		if (err != nil) != wrong {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

// labelsOf are the names of the labels of series, by metric.
func labelsOf(series map[string]float64) map[string][]string {
	label := regexp.MustCompile(`([a-z_]+)="`)
	metrics := map[string][]string{}
	for s := range series {
		name, _, _ := strings.Cut(s, "{")
		var labels []string
		for _, found := range label.FindAllStringSubmatch(s, -1) {
			labels = append(labels, found[1])
		}
		metrics[name] = labels
	}
	return metrics
}

// dashboard are the expressions of the dashboard, each panel of which says what it
// shows.
func dashboard(t *testing.T) (expressions []string) {
	t.Helper()
	raw, err := os.ReadFile("../../deploy/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	type grid struct{ H, W, X, Y int }
	var d struct {
		UID, Title string
		Panels     []struct {
			ID                       int
			Type, Title, Description string
			GridPos                  grid
			Targets                  []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for i, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && (p.Description == "" || len(p.Targets) == 0) || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d is %+v", i, p)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			expressions = append(expressions, target.Expr)
		}
	}
	return expressions
}

// alerts are the expressions of the alerts, each of which says what to do.
func alerts(t *testing.T) (expressions []string) {
	t.Helper()
	file, err := os.Open("../../deploy/monitoring/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	if err := decoder.Decode(&rules); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			if names[rule.Alert] || !slices.Contains([]string{"warning", "critical"}, rule.Labels["severity"]) || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%+v", rule)
			}
			names[rule.Alert] = true
			expressions = append(expressions, rule.Expr)
		}
	}
	return expressions
}

// query is what an expression in PromQL asks for. A parser of the language comes
// with the whole of Prometheus, so this one knows only what stands where.
type query struct {
	metrics, labels []string
	values          [][2]string // of labels that are compared with texts
}

var (
	matchers = regexp.MustCompile(`\{[^{}]*\}`)
	matcher  = regexp.MustCompile(`^\s*([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*$`)
	span     = regexp.MustCompile(`\[(\d+[smhd]|\$__rate_interval)\]`)
	grouping = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)`)
	number   = regexp.MustCompile(`\b\d+(\.\d+)?(e-?\d+)?\b`)
	function = regexp.MustCompile(`\b[a-z_]+\s*\(`)
	operator = regexp.MustCompile(`\b(and|or|unless|bool)\b`)
	name     = regexp.MustCompile(`\b[a-z_][a-z0-9_]*\b`)
	rest     = regexp.MustCompile(`^[\s()/*+\-<>=!,]*$`)
)

// parseQuery takes an expression apart, from what is surest.
func parseQuery(expression string) (q query, err error) {
	text := matchers.ReplaceAllStringFunc(expression, func(list string) string {
		for part := range strings.SplitSeq(strings.Trim(list, "{}"), ",") {
			found := matcher.FindStringSubmatch(part)
			if found == nil {
				err = fmt.Errorf("%q is no condition", part)
				return ""
			}
			q.labels = append(q.labels, found[1])
			for value := range strings.SplitSeq(found[3], "|") {
				q.values = append(q.values, [2]string{found[1], value})
			}
		}
		return ""
	})
	text = span.ReplaceAllString(text, "")
	text = grouping.ReplaceAllStringFunc(text, func(list string) string {
		for label := range strings.SplitSeq(grouping.FindStringSubmatch(list)[2], ",") {
			q.labels = append(q.labels, strings.TrimSpace(label))
		}
		return " "
	})
	text = number.ReplaceAllString(text, "")
	text = function.ReplaceAllString(text, "(")
	text = operator.ReplaceAllString(text, " ")
	q.metrics = name.FindAllString(text, -1)
	text = name.ReplaceAllString(text, "")
	switch {
	case err != nil:
	case !rest.MatchString(text), strings.Count(text, "(") != strings.Count(text, ")"):
		err = fmt.Errorf("%q is left over", text)
	case len(q.metrics) == 0:
		err = errors.New("there is no metric")
	}
	return q, err
}

// check compares what is asked for with what is exposed. What values a label has
// stands in a page.
func (q query) check(exposed map[string][]string, page string) error {
	given := []string{"job", "instance"} // by Prometheus
	for _, metric := range q.metrics {
		labels, ok := exposed[metric]
		if !ok {
			return fmt.Errorf("%s is not exposed", metric)
		}
		given = append(given, labels...)
	}
	for _, label := range q.labels {
		if !slices.Contains(given, label) {
			return fmt.Errorf("no metric has the label %s", label)
		}
	}
	for _, pair := range q.values {
		label, value := pair[0], pair[1]
		row := regexp.MustCompile("(?m)^\\| `" + label + "` .*$").FindString(page)
		if label != "method" && !strings.HasPrefix(value, "$") && !strings.Contains(row, "`"+value+"`") {
			return fmt.Errorf("the label %s has no value %s", label, value)
		}
	}
	return nil
}

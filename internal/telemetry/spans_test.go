package telemetry_test

import (
	"context"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/tracetest"
)

// TestTheReferenceDescribesTheSpans compares the tables of docs/telemetry.md with
// spans that have all they can have.
func TestTheReferenceDescribesTheSpans(t *testing.T) {
	collector := tracetest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	traces, _ := newTraces(t, telemetry.TraceOptions{Exporter: "otlp"})
	infrahub := &url.URL{Scheme: "http", Host: "infrahub.example"}
	request := telemetry.Message{Method: "tools/call", Tool: "get_nodes", Resource: "infrahub://schema", ID: "1", Version: "2025-11-25"}
	ctx, one := traces.MessageSpan(t.Context(), t.Context(), request)
	one.Refused(-32602)
	prompt, piped := traces.MessageSpan(t.Context(), t.Context(), telemetry.Message{Method: "prompts/get", Prompt: "infrahub_agent", Pipe: true})
	for _, begin := range []func() (context.Context, telemetry.Span){
		func() (context.Context, telemetry.Span) { return telemetry.ToolSpan(ctx, "get_nodes") },
		func() (context.Context, telemetry.Span) {
			return telemetry.ResourceSpan(ctx, "infrahub://schema/{kind}")
		},
		func() (context.Context, telemetry.Span) { return telemetry.PromptSpan(prompt, "infrahub_agent") },
		func() (context.Context, telemetry.Span) {
			return telemetry.UpstreamSpan(ctx, telemetry.Attempt{Method: "POST", Template: "/graphql/{branch}", Address: infrahub, ID: "x", Before: 1})
		},
	} {
		_, span := begin()
		span.Answered(200)
		span.Fail("timeout")
		span.End()
	}
	piped.End()
	one.End()
	traces.Close()

	groups := map[string]string{"tools/call": "requests", "prompts/get": "requests", "execute_tool": "tools", "read_resource": "resources", "write_prompt": "prompts", "POST": "attempts"}
	var spans []string
	of := map[string]map[string]bool{}
	for _, span := range collector.Spans() {
		kind, _, _ := strings.Cut(span.Name, " ")
		if kind != "prompts/get" { // one request is enough in the table
			spans = append(spans, row(span.Name, span.Kind))
		}
		for name := range span.Attributes {
			if name == "http.response.status_code" && groups[kind] != "attempts" {
				continue // of this test
			}
			if of[name] == nil {
				of[name] = map[string]bool{}
			}
			of[name][groups[kind]] = true
		}
	}
	var attributes []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		attributes = append(attributes, row(name, strings.Join(slices.Sorted(maps.Keys(of[name])), ", ")))
	}

	page, err := os.ReadFile("../../docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "\n### The spans\n")
	var writtenSpans, writtenAttributes []string
	for line := range strings.Lines(table) {
		cells := strings.SplitN(line, " | ", 3)
		if len(cells) < 3 || !strings.HasPrefix(line, "| `") {
			continue
		}
		if slices.Contains([]string{"server", "internal", "client"}, cells[1]) {
			writtenSpans = append(writtenSpans, row(strings.Trim(cells[0], "| `"), cells[1]))
		} else {
			writtenAttributes = append(writtenAttributes, row(strings.Trim(cells[0], "| `"), cells[1]))
		}
	}
	slices.Sort(spans)
	slices.Sort(writtenSpans)
	if diff := cmp.Diff(spans, writtenSpans); diff != "" {
		t.Errorf("the spans in docs/telemetry.md (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(attributes, writtenAttributes); diff != "" {
		t.Errorf("the attributes in docs/telemetry.md (-want +got):\n%s", diff)
	}
}

// row is the beginning of a row of a table.
func row(name, about string) string { return "| `" + name + "` | " + about + " |" }

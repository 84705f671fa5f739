package clients_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/test/clients/table"
)

// judge holds what came of an action against what it has to be. All clients have
// to get the same.
func judge(t *testing.T, c table.Client, got outcome, transport, era, word string) {
	t.Helper()
	if got.Error != "" {
		t.Fatal(got.Error)
	}
	switch got.Action {
	case "connect":
		if got.Version != era || got.Server != "infrahub-mcp" {
			t.Errorf("connected to %s with version %s of the protocol", got.Server, got.Version)
		}
	case "list":
		holds(t, "tools", got.Tools, "get_nodes", "node_upsert", "propose_changes")
		holds(t, "resources", got.Resources, "infrahub://schema", "infrahub://branches")
		holds(t, "templates", got.Templates, "infrahub://schema/{kind}")
		holds(t, "prompts", got.Prompts, "infrahub_agent", "make_infra_change")
	case "call":
		var nodes struct {
			Count int
			Total int `json:"total_count"`
		}
		if err := json.Unmarshal(got.Structured, &nodes); err != nil {
			t.Fatalf("the structured content is %s: %v", got.Structured, err)
		}
		if nodes.Count != 3 || nodes.Total != 40 || !strings.HasPrefix(got.Text, "nodes[3]{") {
			t.Errorf("%d of %d nodes, as text:\n%s", nodes.Count, nodes.Total, got.Text)
		}
	case "read":
		if !strings.HasPrefix(got.Text, "kind: DcimDevice\n") {
			t.Errorf("the resource is:\n%s", got.Text)
		}
	case "prompt":
		if !strings.Contains(got.Text, question) {
			t.Errorf("the prompt is:\n%s", got.Text)
		}
	case "complete":
		if !slices.Equal(got.Values, []string{"DcimDevice", "DcimDeviceType"}) {
			t.Errorf("the completions are %q", got.Values)
		}
	case "progress":
		judgeProgress(t, got.Progress, c.Lacking(table.LastProgress, transport, era) != "")
	case "cancel":
		if got.Failure == "" {
			t.Error("the client did not tell that the call was cancelled")
		}
		if !shared.gate.trace(word).stopped.Load() {
			t.Error("the request to Infrahub went on")
		}
	case "error":
		if !got.Refused || !strings.Contains(got.Text, "Did you mean DcimDevice") {
			t.Errorf("a wrong kind: refused %v, %s", got.Refused, got.Text)
		}
		if got.Code != nil && *got.Code != -32602 || !strings.Contains(got.Failure, `no prompt named "no_such_prompt"`) {
			t.Errorf("an unknown prompt: %s", got.Failure)
		}
	default:
		t.Errorf("nobody asked for %s", got.Action)
	}
}

// judgeProgress wants each notification to come before the work goes on: the 160
// interfaces are read in 4 requests, and the gate waits for the client in between. The last one comes together with the answer, which is
// when some clients lose it.
func judgeProgress(t *testing.T, got []progress, losesLast bool) {
	t.Helper()
	var want []progress
	for _, done := range []float64{40, 80, 120, 160} {
		want = append(want, progress{Progress: done, Total: 160, Message: "nodes read"})
	}
	if losesLast && len(got) == len(want)-1 {
		want = want[:len(got)]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// holds wants a list to have some items.
func holds(t *testing.T, what string, got []string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among the %s: %q", want, what, got)
		}
	}
}

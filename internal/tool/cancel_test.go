package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// cancelled calls a tool that writes, cancels the call when Infrahub has got the
// first mutation that holds a text, and returns the outcome.
func (i *infra) cancelled(name, mutation string, arguments any) (Result, error) {
	i.t.Helper()
	ctx, cancel := context.WithCancel(i.t.Context())
	defer cancel()
	i.behave(func(_ http.ResponseWriter, _ *http.Request, document string) bool {
		if strings.Contains(document, mutation) {
			cancel()
		}
		return false
	})
	defer i.behave(nil)
	for _, entry := range Catalogue() {
		if entry.Name == name {
			return entry.Run(ctx, i.call(), json.RawMessage(i.json(arguments)))
		}
	}
	i.t.Fatalf("there is no tool %s", name)
	return Result{}, nil
}

func TestAWriteThatIsCancelledIsFinished(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		mutation  string
		arguments any
	}{
		"node_upsert":     {"BuiltinTagUpsert", obj{"kind": "BuiltinTag", "data": obj{"name": "n"}}},
		"node_delete":     {"BuiltinTagDelete", obj{"kind": "BuiltinTag", "hfid": "green"}},
		"mutate_graphql":  {"BuiltinTagCreate", obj{"query": `mutation { BuiltinTagCreate(data: {name: {value: "n"}}) { ok } }`}},
		"propose_changes": {"CoreProposedChangeCreate", obj{"title": "t"}},
	} {
		t.Run(name, func(t *testing.T) {
			i := newInfra(t)
			i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "first"}}, nil)
			committed := false
			i.commit = func() { committed = true }
			result, err := i.cancelled(name, test.mutation, test.arguments)
			if err != nil || result.IsError {
				t.Errorf("the outcome is %s, %v", result.Text, err)
			}
			if !committed {
				t.Error("the call is not answered")
			}
		})
	}
}

func TestABatchThatIsCancelledSaysWhatWasWritten(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	items := make([]any, batch+5)
	for n := range items {
		items[n] = obj{"name": fmt.Sprintf("n%d", n)}
	}
	result, err := i.cancelled("node_upsert", "BuiltinTagUpsert", obj{"kind": "BuiltinTag", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	var out nodeUpsertOutput
	if err := json.Unmarshal(result.Structured, &out); err != nil {
		t.Fatalf("%v: %s", err, result.Text)
	}
	if got := strings.Count(result.Text, "the call was cancelled"); got != 5 || out.Applied == nil || *out.Applied != batch {
		t.Errorf("%d were not written: %s", got, result.Text)
	}
	if got := len(i.mutations()); got != 1 {
		t.Errorf("%d mutations were sent", got)
	}
}

// Nothing is sent for a client that waits no longer.
func TestAWriteThatIsCancelledBeforeIsNotSent(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	_, err := i.cancelled("node_upsert", "BranchCreate", obj{"kind": "BuiltinTag", "data": obj{"name": "n"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if sent := i.mutations(); len(sent) != 0 {
		t.Errorf("sent: %q", sent)
	}
}

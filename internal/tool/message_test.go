package tool

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/call"
)

func TestTheUserIsToldWhatBecomesOfTheSessionBranch(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	expect := func(want ...call.Message) {
		t.Helper()
		if diff := cmp.Diff(want, i.heard()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	}
	write := func(name string) string {
		t.Helper()
		i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": name}}, nil)
		return i.branch()
	}

	i.must("get_nodes", obj{"kind": "BuiltinTag"}, nil)
	expect()
	first := write("a")
	expect(call.Message{Level: call.Notice, Text: "Changes go to the new branch " + first + ".", Details: obj{"branch": first}})
	write("b")
	expect()

	i.put(first, "MERGED")
	second := write("c")
	expect(call.Message{
		Level: call.Warning, Text: fmt.Sprintf("The branch %s has been merged; writing goes on on %s.", first, second),
		Details: obj{"branch": second, "replaced": first},
	})

	if err := i.box.Base().Store.DeleteBranch(second); err != nil {
		t.Fatal(err)
	}
	i.refused("query_graphql", obj{"query": "{ BuiltinTag { count } }"}, "no longer exists")
	expect(call.Message{
		Level: call.Warning, Text: fmt.Sprintf("The session branch %s no longer exists; the next write starts a fresh one.", second),
		Details: obj{"lost": second},
	})

	const named = "mcp/session-20260101-0123abcd"
	i.must("reset_session_branch", obj{"branch": named}, nil)
	expect(call.Message{Level: call.Notice, Text: "Changes go to the new branch " + named + ".", Details: obj{"branch": named}})
	i.must("reset_session_branch", obj{}, nil)
	i.must("reset_session_branch", obj{"branch": named}, nil)
	expect()
}

func TestTheUserIsToldThatAWriteIsSplit(t *testing.T) {
	t.Parallel()
	for nodes, want := range map[int]string{
		batch:     "",
		batch + 1: "26 nodes are written with 2 requests; if one fails, what those before it wrote stays.",
	} {
		i := newInfra(t)
		items := make([]any, nodes)
		for n := range items {
			items[n] = obj{"name": fmt.Sprintf("t%02d", n)}
		}
		i.must("node_upsert", obj{"kind": "BuiltinTag", "items": items}, nil)
		got := ""
		for _, m := range i.heard() {
			if m.Level == call.Info {
				got += m.Text
			}
		}
		if got != want {
			t.Errorf("for %d nodes the user is told %q", nodes, got)
		}
	}
}

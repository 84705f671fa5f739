package program_test

import (
	"slices"
	"strings"
	"testing"

	"infrahub-mcp/internal/sandbox/store"
	"infrahub-mcp/test/mcptest"
)

// status sets the status of a branch, as Infrahub does by itself.
func (b *box) status(t *testing.T, branch string, status store.Status) {
	t.Helper()
	if _, err := b.Base().Store.EditBranch(branch, store.BranchEdit{Status: &status}); err != nil {
		t.Fatal(err)
	}
}

// deleteBranch deletes a branch past the program.
func (i infrahub) deleteBranch(t *testing.T, name string) {
	t.Helper()
	i.must(t, "", `mutation($name: String!) { BranchDelete(data: {name: $name}, wait_until_completion: true) { ok } }`, map[string]any{"name": name}, nil)
}

// mergeBranch merges a branch past the program. Its tags go first, so that the
// default branch stays as it is.
func (i infrahub) mergeBranch(t *testing.T, name string, tags ...string) {
	t.Helper()
	for _, tag := range tags {
		i.must(t, name, `mutation($hfid: [String]) { BuiltinTagDelete(data: {hfid: $hfid}) { ok } }`, map[string]any{"hfid": []string{tag}}, nil)
	}
	i.must(t, "", `mutation($name: String!) { BranchMerge(data: {name: $name}, wait_until_completion: true) { ok } }`, map[string]any{"name": name}, nil)
}

// A branch that can no longer be written to is replaced by the write that finds
// it so, which is applied once.
func TestALostBranchIsReplaced(t *testing.T) {
	parallel(t)
	for _, lost := range []struct {
		name, says string
		// lose does it behind the session's back. tag is what is on the branch.
		lose  func(t *testing.T, i infrahub, b *box, branch, tag string)
		boxed bool // can be brought about in a sandbox alone
		// unknowing says that only a session that has not used the branch in the
		// last half minute finds out: Infrahub takes the write.
		unknowing bool
	}{
		{name: "deleted", says: "no longer exists", lose: func(t *testing.T, i infrahub, _ *box, branch, _ string) { i.deleteBranch(t, branch) }},
		{name: "merged", says: "has been merged", lose: func(t *testing.T, i infrahub, _ *box, branch, tag string) { i.mergeBranch(t, branch, tag) }},
		{name: "in need of a rebase", says: "rebased", boxed: true, lose: setStatus(store.StatusNeedRebase)},
		{name: "in need of a rebase after an upgrade", says: "rebased", boxed: true, unknowing: true, lose: setStatus(store.StatusNeedUpgradeRebase)},
		{name: "being deleted", says: "is being deleted", boxed: true, unknowing: true, lose: setStatus(store.StatusDeleting)},
		{name: "in a state of the future", says: `"ARCHIVED"`, boxed: true, unknowing: true, lose: setStatus("ARCHIVED")},
	} {
		t.Run(lost.name, func(t *testing.T) {
			if lost.boxed && !shared.sandbox {
				t.Skip("only Infrahub itself brings a branch into this state")
			}
			parallel(t)
			writes := map[string]func(name string) toolCall{
				"with node_upsert": func(name string) toolCall {
					return toolCall{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name}}}
				},
				"with several items": func(name string) toolCall {
					return toolCall{"node_upsert", object{"kind": "BuiltinTag", "items": []object{{"name": name}, {"name": name + "-too"}}}}
				},
				"with mutate_graphql": func(name string) toolCall {
					return toolCall{"mutate_graphql", object{"query": `mutation { BuiltinTagCreate(data: {name: {value: "` + name + `"}}) { ok } }`}}
				},
			}
			for how, write := range writes {
				if lost.boxed && how != "with node_upsert" || !shared.sandbox && how == "with several items" {
					continue // they differ in what Infrahub answers, not in what follows
				}
				over := map[string]transport{"with node_upsert": overStdio, "with several items": overHTTP, "with mutate_graphql": overHTTP}[how]
				t.Run(how, func(t *testing.T) {
					parallel(t)
					i, b := disturbed(t)
					s := newSessionAt(t, i, over, mcptest.Legacy)
					before, after := shared.branches.name("before"), shared.branches.name("after")
					branch := s.tag(t, "", before).Branch
					lost.lose(t, i, b, branch, before)

					c := write(after)
					if lost.unknowing {
						s = newSessionAt(t, i, over, mcptest.Legacy)
						c.arguments["branch"] = branch
					}
					mark := s.proxy.mark()
					got := decode[object](t, s.must(t, c.tool, c.arguments).Structured)
					fresh, _ := got["branch"].(string)
					note, _ := got["note"].(string)
					if c.tool == "mutate_graphql" {
						fresh, _ = got["_branch"].(string)
						note, _ = got["_note"].(string)
					}
					if fresh == "" || fresh == branch || !strings.Contains(note, branch) || !strings.Contains(note, fresh) || !strings.Contains(note, lost.says) {
						t.Errorf("from %s the write went to %q with the note %q", branch, fresh, note)
					}
					if number := i.tags(t, fresh, after); number != 1 {
						t.Errorf("the tag is %d times on the fresh branch", number)
					}
					if i.tags(t, "", after) != 0 {
						t.Error("the tag is on the default branch")
					}
					// What was refused as a whole, and what was written.
					if sent := slices.DeleteFunc(s.proxy.since(mark), func(r upstreamRequest) bool { return !strings.Contains(r.Document, "BuiltinTag") }); len(sent) > 2 {
						t.Errorf("the write was sent %d times: %v", len(sent), sent)
					}
					if lost.unknowing {
						return // the other session has its own branch
					}
					next := s.tag(t, "", after+"-next")
					if next.Branch != fresh || next.Note != "" {
						t.Errorf("the next write went to %q with the note %q", next.Branch, next.Note)
					}
				})
			}
		})
	}
}

func setStatus(status store.Status) func(t *testing.T, i infrahub, b *box, branch, tag string) {
	return func(t *testing.T, _ infrahub, b *box, branch, _ string) {
		t.Helper()
		b.status(t, branch, status)
	}
}

// Reads tell once that the branch is gone, and then come from the default branch.
func TestReadsTellOfALostBranch(t *testing.T) {
	parallel(t)
	for _, c := range []toolCall{
		{"get_nodes", object{"kind": "BuiltinTag"}},
		{"search_nodes", object{"query": "blue", "kind": "BuiltinTag"}},
		{"query_graphql", object{"query": `{ BuiltinTag(name__value: "blue") { edges { node { display_label } } } }`}},
		{"get_schema", object{"kind": "BuiltinTag"}},
		{"get_branch_diff", object{}},
		{"propose_changes", object{"title": "Nothing"}},
		{"get_session_info", nil},
	} {
		t.Run(c.tool, func(t *testing.T) {
			if !shared.sandbox && c.tool != "get_nodes" {
				t.Skip("to make and delete a branch takes a real Infrahub some seconds")
			}
			parallel(t)
			i, _ := disturbed(t)
			s := newSessionAt(t, i, overStdio, mcptest.Legacy)
			name := shared.branches.name("told")
			branch := s.tag(t, "", name).Branch
			i.deleteBranch(t, branch)
			told, err := s.CallTool(t.Context(), c.tool, c.arguments)
			if err != nil || !strings.Contains(told.Text, branch) || strings.Contains(told.Text, "leave the branch out") {
				t.Errorf("the answer does not tell that %s is gone: %v %s", branch, err, told.Text)
			}
			if strings.HasPrefix(c.tool, "get_nodes") || strings.HasPrefix(c.tool, "search") || strings.HasPrefix(c.tool, "query") {
				if again := s.must(t, c.tool, c.arguments); !strings.Contains(again.Text, "blue") {
					t.Errorf("the next read answers %s", again.Text)
				}
			}
			if got := s.tag(t, "", name); got.Branch == branch || !strings.Contains(got.Note, branch) || !strings.Contains(got.Note, got.Branch) {
				t.Errorf("the next write went to %s with the note %q", got.Branch, got.Note)
			}
		})
	}
}

// While a branch is merged nothing is lost or moved: it will be writable again,
// or merged.
func TestAMergeUnderWayPutsWritesOff(t *testing.T) {
	parallel(t)
	if !shared.sandbox {
		t.Skip("a merge of a real Infrahub does not last as long as one wants")
	}
	b := newBox(t)
	s := newSessionAt(t, b.infrahub, overStdio, mcptest.Legacy)
	name := shared.branches.name("merging")
	branch := s.tag(t, "", name).Branch

	t.Run("of the session branch", func(t *testing.T) {
		b.status(t, branch, store.StatusMerging)
		for _, c := range []toolCall{
			{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name + "-2"}}},
			{"node_upsert", object{"kind": "BuiltinTag", "items": []object{{"name": name + "-2"}, {"name": name + "-3"}}}},
			{"mutate_graphql", object{"query": `mutation { BuiltinTagCreate(data: {name: {value: "` + name + `-2"}}) { ok } }`}},
			{"node_delete", object{"kind": "BuiltinTag", "hfid": name}},
		} {
			text := s.refused(t, c.tool, c.arguments)
			for _, part := range []string{"being merged", "Nothing was written", "30 seconds"} {
				if !strings.Contains(text, part) {
					t.Errorf("%s lacks %q: %s", c.tool, part, text)
				}
			}
		}
		b.status(t, branch, store.StatusOpen)
		if got := s.tag(t, "", name+"-2"); got.Branch != branch || got.Note != "" {
			t.Errorf("afterwards a write went to %s with the note %q", got.Branch, got.Note)
		}
	})
	t.Run("of another branch", func(t *testing.T) {
		other := newSessionAt(t, b.infrahub, overStdio, mcptest.Legacy).tag(t, "", name+"-other").Branch
		b.status(t, other, store.StatusMerging)
		defer b.status(t, other, store.StatusOpen)
		if got := s.tag(t, "", name+"-4"); got.Branch != branch || got.Note != "" {
			t.Errorf("a write went to %s with the note %q", got.Branch, got.Note)
		}
		// A session that has no branch yet.
		if got := newSessionAt(t, b.infrahub, overStdio, mcptest.Legacy).tag(t, "", name+"-5"); got.Branch == "" || got.Branch == other {
			t.Errorf("a first write went to %q", got.Branch)
		}
		s.must(t, "get_session_info", nil)
		for tool, arguments := range map[string]object{"propose_changes": {"title": "During a merge"}, "get_branch_diff": {}} {
			result, err := s.CallTool(t.Context(), tool, arguments)
			if err != nil || result.IsError && !strings.Contains(result.Text, "30 seconds") {
				t.Errorf("%s: %v %s", tool, err, result.Text)
			}
		}
	})
	t.Run("that has failed", func(t *testing.T) {
		b.status(t, branch, store.StatusMergeFailed)
		if text := s.refused(t, "node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name + "-6"}}); !strings.Contains(text, "administrator") {
			t.Errorf("the refusal is %s", text)
		}
	})
}

// An answer that gets lost leaves it open whether the write was applied. It is
// not sent again, and the caller is told to look.
func TestAWriteWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		name := shared.branches.name("lost")
		branch := s.tag(t, "", name).Branch
		for how, c := range map[string]toolCall{
			"a single node":     {"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name + "-single"}}},
			"a mutation":        {"mutate_graphql", object{"query": `mutation { BuiltinTagUpsert(data: {name: {value: "` + name + `-mutation"}}) { ok } }`}},
			"a deleted node":    {"node_delete", object{"kind": "BuiltinTag", "hfid": name}},
			"one of many":       {"node_upsert", object{"kind": "BuiltinTag", "items": []object{{"name": name + "-many"}}}},
			"a proposed change": {"propose_changes", object{"title": name}},
		} {
			mark := s.proxy.mark()
			s.proxy.behave(s.proxy.silent("mutation", 0))
			result, err := s.CallTool(t.Context(), c.tool, c.arguments)
			s.proxy.behave(nil)
			text := result.Text
			if err != nil {
				text = err.Error()
			}
			if err == nil && !result.IsError || c.tool != "propose_changes" && (!strings.Contains(text, "may or may not") || !strings.Contains(text, branch)) {
				t.Errorf("%s: the answer is %s", how, text)
			}
			sent := 0
			for _, r := range s.proxy.since(mark) {
				if strings.Contains(r.Document, "mutation") {
					sent++
				}
			}
			if sent != 1 {
				t.Errorf("%s: %d mutations were sent", how, sent)
			}
		}
		if got := s.tag(t, "", name+"-next"); got.Branch != branch {
			t.Errorf("the next write went to %s", got.Branch)
		}
	})
}

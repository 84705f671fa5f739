package program_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/test/mcptest"
)

// upserted is what node_upsert answers.
type upserted struct {
	ID      string
	HFID    []string
	Label   string `json:"display_label"`
	Written []string
	Results []struct {
		Index     int
		ID, Error string
		HFID      []string
	}
	Applied, Failed int
	Branch, Note    string
}

// upsert calls node_upsert.
func (s *session) upsert(t *testing.T, arguments object) upserted {
	t.Helper()
	return decode[upserted](t, s.must(t, "node_upsert", arguments).Structured)
}

// tag writes a tag: on a branch, or the session branch when it is empty.
func (s *session) tag(t *testing.T, branch, name string) upserted {
	t.Helper()
	arguments := object{"kind": "BuiltinTag", "data": object{"name": name}}
	if branch != "" {
		arguments["branch"] = branch
	}
	return s.upsert(t, arguments)
}

// sessionName is the name of a session branch that there is not yet.
func sessionName() string {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return "mcp/session-20200229-" + hex.EncodeToString(random)
}

// sessionless tells whether a client has to pass its branch with every call.
func (s *session) sessionless() bool {
	return s.program.transport == overHTTP && s.Era() == mcptest.Modern
}

// tags counts the tags of a name on a branch, past the program.
func (i infrahub) tags(t *testing.T, branch, name string) int {
	t.Helper()
	var found struct {
		Tags struct{ Count int } `json:"BuiltinTag"`
	}
	i.must(t, branch, `query($name: String) { BuiltinTag(name__value: $name) { count } }`, map[string]any{"name": name}, &found)
	return found.Tags.Count
}

// branchNames lists the branches.
func (i infrahub) branchNames(t *testing.T) []string {
	t.Helper()
	var found struct{ Branch []struct{ Name string } }
	i.must(t, "", `{ Branch { name } }`, nil, &found)
	var names []string
	for _, b := range found.Branch {
		names = append(names, b.Name)
	}
	return names
}

// proposed is what propose_changes answers.
type proposed struct {
	ID, Title, State, URL, Note string
	Source                      string `json:"source_branch"`
	Destination                 string `json:"destination_branch"`
	Updated                     bool
	Changes                     struct{ Added, Updated, Removed, Conflicts int }
}

func TestTheLifeOfASessionBranch(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		i := s.proxy.infrahub
		first := shared.branches.name("life")
		mark := s.proxy.mark()
		made := s.tag(t, "", first)
		branch := made.Branch
		if !strings.HasPrefix(branch, "mcp/session-") {
			t.Fatalf("the first write went to %q", branch)
		}
		if got := slices.DeleteFunc(s.proxy.everything(mark), func(r upstreamRequest) bool { return !strings.Contains(r.Document, "BranchCreate") }); len(got) != 1 {
			t.Errorf("the first write made %d branches", len(got))
		}
		if made.ID == "" || made.Label != first || !slices.Equal(made.HFID, []string{first}) || !slices.Equal(made.Written, []string{"name"}) {
			t.Errorf("the first write answers %+v", made)
		}
		if asks := strings.Contains(made.Note, "Pass branch "+branch); asks != s.sessionless() {
			t.Errorf("the note is %q", made.Note)
		}
		// on is the argument for those who have no session.
		on := func(arguments object) object {
			if s.sessionless() {
				arguments["branch"] = branch
			}
			return arguments
		}

		t.Run("reads follow the branch and name it", func(t *testing.T) {
			if got := s.list(t, on(object{"kind": "BuiltinTag", "filters": object{"name__value": first}})); got.TotalCount != 1 || got.Branch != branch {
				t.Errorf("%d tags of branch %q", got.TotalCount, got.Branch)
			}
			if got := s.list(t, object{"kind": "BuiltinTag", "filters": object{"name__value": first}, "branch": "main"}); got.TotalCount != 0 {
				t.Errorf("on the default branch there are %d tags", got.TotalCount)
			}
			for tool, arguments := range map[string]object{
				"search_nodes":  {"query": first, "kind": "BuiltinTag"},
				"query_graphql": {"query": `{ BuiltinTag(name__value: "` + first + `") { edges { node { display_label } } } }`},
			} {
				if text := s.must(t, tool, on(arguments)).Text; !strings.Contains(text, first) {
					t.Errorf("%s does not see what was written: %s", tool, text)
				}
			}
		})
		t.Run("the session tells of it", func(t *testing.T) {
			info := decode[struct {
				Branch  *string `json:"session_branch"`
				Has     bool    `json:"has_session_branch"`
				Changes *struct{ Added int }
			}](t, s.must(t, "get_session_info", nil).Structured)
			if s.sessionless() {
				if info.Has || info.Branch != nil {
					t.Errorf("there is no session, but %+v", info)
				}
			} else if !info.Has || info.Branch == nil || *info.Branch != branch || info.Changes == nil || info.Changes.Added != 1 {
				t.Errorf("the session is %+v", info)
			}
			content, err := s.ReadResource(t.Context(), "infrahub://branches")
			if err != nil {
				t.Fatal(err)
			}
			marked := decode[map[string]struct {
				Session bool `json:"is_session_branch"`
			}](t, []byte(content.Text))
			if b, has := marked[branch]; !has || b.Session == s.sessionless() {
				t.Errorf("among the branches it is %+v (%v)", b, has)
			}
		})
		t.Run("further writes go there", func(t *testing.T) {
			for _, write := range []toolCall{
				{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": first + "-b"}}},
				{"mutate_graphql", object{"query": `mutation { BuiltinTagCreate(data: {name: {value: "` + first + `-c"}}) { ok } }`}},
				{"node_upsert", object{"kind": "BuiltinTag", "hfid": "blue", "data": object{"description": "changed on a branch"}}},
				{"node_delete", object{"kind": "BuiltinTag", "hfid": "red"}},
			} {
				got := decode[object](t, s.must(t, write.tool, on(write.arguments)).Structured)
				if got["branch"] != branch && got["_branch"] != branch || got["note"] != nil || got["_note"] != nil {
					t.Errorf("%s went to %v%v and notes %v%v", write.tool, got["branch"], got["_branch"], got["note"], got["_note"])
				}
			}
			if i.tags(t, branch, first+"-c") != 1 || i.tags(t, branch, "red") != 0 || i.tags(t, "", "red") != 1 || i.tags(t, "", first+"-b") != 0 {
				t.Error("a write is on another branch")
			}
		})
		t.Run("the difference shows them", func(t *testing.T) {
			diff := decode[struct {
				Branch  string
				Changes struct{ Added, Updated, Removed int }
				Nodes   []struct {
					Action, Kind, Label string
					Fields              []struct {
						Field, Action string
						Old, New      *string
					}
				}
			}](t, s.must(t, "get_branch_diff", on(object{"kinds": "BuiltinTag"})).Structured)
			facts := map[string]string{}
			for _, n := range diff.Nodes {
				facts[n.Label] = n.Action
				for _, f := range n.Fields {
					if n.Label == "blue" && f.Field == "description" && f.New != nil && f.Old != nil {
						facts["blue.description"] = *f.Old + " -> " + *f.New
					}
				}
			}
			want := map[string]string{
				first: "added", first + "-b": "added", first + "-c": "added", "red": "removed", "blue": "updated",
				"blue.description": "Tag blue -> changed on a branch",
			}
			if d := cmp.Diff(want, facts); d != "" || diff.Branch != branch {
				t.Errorf("of branch %s (-want +got):\n%s", diff.Branch, d)
			}
		})

		propose := func(t *testing.T, title string) proposed {
			t.Helper()
			return decode[proposed](t, s.must(t, "propose_changes", on(object{"title": title, "description": "By a test."})).Structured)
		}
		t.Run("it is proposed once, and the proposal updated", func(t *testing.T) {
			one := propose(t, "Tags of a test")
			if one.Source != branch || one.Destination != "main" || one.State != "open" || one.Updated || one.Changes.Added != 3 || one.Changes.Removed != 1 || one.Changes.Updated < 1 {
				t.Errorf("proposed: %+v", one)
			}
			if !strings.HasPrefix(one.URL, "http") || !strings.HasSuffix(one.URL, "/proposed-changes/"+one.ID) {
				t.Errorf("the link is %s", one.URL)
			}
			two := propose(t, "Tags of a test, again")
			if two.ID != one.ID || !two.Updated {
				t.Errorf("proposed again: %+v", two)
			}
			var found struct {
				Proposed struct {
					Edges []struct {
						Node struct {
							Name, State struct{ Value string }
						}
					}
				} `json:"CoreProposedChange"`
			}
			i.must(t, "", `query($source: String) { CoreProposedChange(source_branch__value: $source) { edges { node { name { value } state { value } } } } }`, map[string]any{"source": branch}, &found)
			if edges := found.Proposed.Edges; len(edges) != 1 || edges[0].Node.Name.Value != "Tags of a test, again" || edges[0].Node.State.Value != "open" {
				t.Errorf("Infrahub has %+v", found)
			}
		})
		t.Run("it can be left and taken up again", func(t *testing.T) {
			type reset struct {
				Branch   *string `json:"session_branch"`
				Previous *string `json:"previous_branch"`
				Created  bool
				Action   string
			}
			leave := func(arguments object) reset {
				return decode[reset](t, s.must(t, "reset_session_branch", arguments).Structured)
			}
			name := func(p *string) string {
				if p == nil {
					return ""
				}
				return *p
			}
			was := branch
			if s.sessionless() {
				was = ""
			}
			if got := leave(nil); got.Action != "reset" || got.Branch != nil || name(got.Previous) != was || got.Created {
				t.Errorf("left: %+v", got)
			}
			if got := s.list(t, object{"kind": "BuiltinTag", "filters": object{"name__value": first}}); got.TotalCount != 0 || got.Branch != "" {
				t.Errorf("after it was left reads come from %q", got.Branch)
			}
			second := s.tag(t, "", first+"-d")
			if second.Branch == branch || !strings.HasPrefix(second.Branch, "mcp/session-") {
				t.Errorf("the next write went to %s", second.Branch)
			}
			if got := leave(object{"branch": branch}); got.Action != "switched" || name(got.Branch) != branch || got.Created {
				t.Errorf("switched: %+v", got)
			}
			if got := s.upsert(t, on(object{"kind": "BuiltinTag", "data": object{"name": first + "-e"}})); got.Branch != branch {
				t.Errorf("after the switch a write went to %s", got.Branch)
			}
			fresh := sessionName()
			if got := leave(object{"branch": fresh}); got.Action != "created" || name(got.Branch) != fresh || !got.Created {
				t.Errorf("created: %+v", got)
			}
			if !slices.Contains(i.branchNames(t), fresh) {
				t.Errorf("Infrahub has no branch %s", fresh)
			}
		})
		if text := s.refused(t, "propose_changes", object{"title": "Nothing", "branch": sessionBranch(t) + "x"}); !strings.Contains(text, "not a session branch") {
			t.Errorf("a branch of nobody can be proposed: %s", text)
		}
	})
}

// Infrahub takes one open proposed change for a branch.
func TestProposalsAtOnceAreOne(t *testing.T) {
	parallel(t)
	s := newSession(t, overHTTP, mcptest.Legacy)
	s.tag(t, "", shared.branches.name("proposed"))
	const number = 4
	ids := make([]string, number)
	together(t, number, func(i int) error {
		result, err := s.CallTool(t.Context(), "propose_changes", object{"title": "Proposed at once"})
		if err != nil {
			return err
		}
		if result.IsError {
			return errors.New(result.Text)
		}
		ids[i] = decode[proposed](t, result.Structured).ID
		return nil
	})
	if slices.Sort(ids); ids[0] == "" || ids[0] != ids[number-1] {
		t.Errorf("the proposed changes are %v", ids)
	}
}

// Infrahub lets who reads a comparison wait for the one under way, which ends
// after they asked.
func TestChangesAreSeenWhileOthersCompare(t *testing.T) {
	parallel(t)
	s := newSession(t, overHTTP, mcptest.Legacy)
	branch := s.tag(t, "", shared.branches.name("compared")).Branch
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	defer others.Wait()
	defer stop()
	for range 2 {
		others.Go(func() {
			for ctx.Err() == nil {
				if err := shared.infrahub.compare(ctx, branch); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		for _, tool := range []string{"get_branch_diff", "get_session_info"} {
			answer := decode[struct {
				Changes struct{ Added int }
			}](t, s.must(t, tool, nil).Structured)
			if answer.Changes.Added != 1 {
				t.Errorf("%s finds %d changes", tool, answer.Changes.Added)
			}
		}
	}
}

package program_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"infrahub-mcp/test/mcptest"
)

// writesOf leaves of some requests those that change data of a kind.
func writesOf(kind string, requests []upstreamRequest) []upstreamRequest {
	return slices.DeleteFunc(requests, func(r upstreamRequest) bool {
		return !strings.Contains(r.Document, "mutation") || !strings.Contains(r.Document, kind)
	})
}

// perRequest is how many nodes the program writes with one request.
const perRequest = 25

func TestManyNodesAreWrittenInBatches(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		name := strings.ToLower(shared.branches.name("batch"))
		branch := s.tag(t, "", name).Branch
		items := func(number int, serial func(i int) any) []object {
			list := make([]object, number)
			for i := range list {
				list[i] = object{"data": object{"name": fmt.Sprintf("%s-%03d", name, i), "role": "leaf", "site": "par1", "serial": serial(i)}}
			}
			return list
		}
		own := func(i int) any { return fmt.Sprintf("%s-%d", name, i) }
		for _, number := range []int{1, perRequest, perRequest + 1} {
			mark := s.proxy.mark()
			got := s.upsert(t, object{"kind": "DcimDevice", "items": items(number, own)})
			if want := (number + perRequest - 1) / perRequest; len(s.proxy.since(mark)) != want {
				t.Errorf("%d nodes took %d requests, want %d", number, len(s.proxy.since(mark)), want)
			}
			if got.Applied != number || got.Failed != 0 || len(got.Results) != number || got.Branch != branch {
				t.Errorf("of %d nodes %d were applied, %d failed, on %s", number, got.Applied, got.Failed, got.Branch)
			}
		}

		t.Run("200, one of which breaks a rule of all nodes together", func(t *testing.T) {
			const number, bad = 200, 137
			mark := s.proxy.mark()
			result, err := s.CallToolWithProgress(t.Context(), "node_upsert", object{"kind": "DcimDevice", "items": items(number, func(i int) any {
				if i == bad {
					return "SN000012" // of a seeded device
				}
				return own(i)
			})})
			got := decode[upserted](t, s.check(t, "node_upsert", nil, result, err).Structured)
			if sent := len(s.proxy.since(mark)); sent != number/perRequest {
				t.Errorf("%d requests, want %d", sent, number/perRequest)
			}
			if got.Applied != number-1 || got.Failed != 1 || len(got.Results) != number {
				t.Fatalf("%d applied and %d failed of %d", got.Applied, got.Failed, len(got.Results))
			}
			for i, r := range got.Results {
				switch {
				case r.Index != i:
					t.Errorf("result %d has the index %d", i, r.Index)
				case i == bad && (r.ID != "" || !strings.Contains(r.Error, "serial") || !strings.Contains(r.Error, "unique")):
					t.Errorf("the one that breaks a rule: %+v", r)
				case i != bad && (r.ID == "" || r.Error != "" || fmt.Sprint(r.HFID) != fmt.Sprintf("[%s-%03d]", name, i)):
					t.Errorf("result %d: %+v", i, r)
				}
			}
			if len(result.Notifications) < number/perRequest {
				t.Errorf("%d notifications of progress", len(result.Notifications))
			}
			var have struct {
				Devices struct{ Count int } `json:"DcimDevice"`
			}
			const count = `query($name: String) { DcimDevice(name__value: $name, partial_match: true) { count } }`
			s.proxy.infrahub.must(t, branch, count, map[string]any{"name": name}, &have)
			if have.Devices.Count != number-1 {
				t.Errorf("the branch has %d of them", have.Devices.Count)
			}
			s.proxy.infrahub.must(t, "", count, map[string]any{"name": name}, &have)
			if have.Devices.Count != 0 {
				t.Errorf("the default branch has %d of them", have.Devices.Count)
			}
		})

		t.Run("of which the third request gets no answer", func(t *testing.T) {
			mark := s.proxy.mark()
			s.proxy.behave(s.proxy.silent("BuiltinTagUpsert", 2))
			defer s.proxy.behave(nil)
			tags := make([]object, 4*perRequest)
			for i := range tags {
				tags[i] = object{"name": fmt.Sprintf("%s-%03d", name, i)}
			}
			got := s.upsert(t, object{"kind": "BuiltinTag", "items": tags})
			if got.Applied != 2*perRequest || got.Failed != 2*perRequest {
				t.Fatalf("%d applied and %d failed", got.Applied, got.Failed)
			}
			for i, r := range got.Results {
				switch open := strings.Contains(r.Error, "may or may not"); {
				case i < 2*perRequest:
					if r.Error != "" || r.ID == "" {
						t.Fatalf("result %d, which was applied: %+v", i, r)
					}
				case i < 3*perRequest:
					if !open {
						t.Fatalf("result %d, which may have been applied: %s", i, r.Error)
					}
				case open || !strings.Contains(r.Error, "Not written"):
					t.Fatalf("result %d, which was not sent: %s", i, r.Error)
				}
			}
			if sent := len(writesOf("BuiltinTag", s.proxy.since(mark))); sent != 3 {
				t.Errorf("%d requests were sent", sent)
			}
		})

		t.Run("of which the second request finds the branch merged", func(t *testing.T) {
			if !shared.sandbox {
				t.Skip("a real Infrahub takes half a minute for a merge")
			}
			b := newBox(t)
			s := newSessionAt(t, b.infrahub, s.program.transport, s.Era())
			branch := s.tag(t, "", name).Branch
			s.proxy.behave(s.proxy.before("BuiltinTagUpsert", 1, func() { b.status(t, branch, "MERGED") }))
			defer s.proxy.behave(nil)
			tags := make([]object, 2*perRequest)
			for i := range tags {
				tags[i] = object{"name": fmt.Sprintf("%s-%03d", name, i)}
			}
			got := s.upsert(t, object{"kind": "BuiltinTag", "items": tags})
			if got.Applied != perRequest || got.Failed != perRequest || got.Branch != branch || !strings.Contains(got.Results[perRequest].Error, "merged") {
				t.Errorf("%d applied and %d failed on %s: %s", got.Applied, got.Failed, got.Branch, got.Results[len(got.Results)-1].Error)
			}
			if next := s.tag(t, "", name+"-next"); next.Branch == branch || !strings.Contains(next.Note, branch) {
				t.Errorf("the next write went to %s with the note %q", next.Branch, next.Note)
			}
		})
	})
}

func TestWarmWritesAskInfrahubNoMoreThanPromised(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		name := shared.branches.name("count")
		first := s.tag(t, "", name)
		s.must(t, "get_nodes", object{"kind": "BuiltinTag", "filters": object{"name__value": name}}) // the schema of the branch
		for _, test := range []struct {
			name string
			want int
			call toolCall
		}{
			{"a node", 1, toolCall{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name, "description": "a"}}}},
			{"a node by its id", 1, toolCall{"node_upsert", object{"kind": "BuiltinTag", "id": first.ID, "data": object{"description": "b"}}}},
			{"a node by its hfid", 1, toolCall{"node_upsert", object{"kind": "BuiltinTag", "hfid": name, "data": object{"description": "c"}}}},
			{"a node on a branch that is named", 1, toolCall{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name, "description": "d"}, "branch": first.Branch}}},
			{"25 nodes", 1, toolCall{"node_upsert", object{"kind": "BuiltinTag", "items": slices.Repeat([]object{{"name": name}}, perRequest)}}},
			{"26 nodes", 2, toolCall{"node_upsert", object{"kind": "BuiltinTag", "items": slices.Repeat([]object{{"name": name}}, perRequest+1)}}},
			{"a mutation", 1, toolCall{"mutate_graphql", object{"query": `mutation { BuiltinTagUpsert(data: {name: {value: "` + name + `"}}) { ok } }`}}},
			{"a mutation of a relationship, whose nodes are looked up", 2, toolCall{"mutate_graphql", object{"query": `mutation { RelationshipAdd(data: {id: "` + device(t, "par1-spine000") + `", name: "tags", nodes: [{id: "` + first.ID + `"}]}) { ok } }`}}},
			{"a node that is deleted, which is looked up", 2, toolCall{"node_delete", object{"kind": "BuiltinTag", "id": first.ID}}},
			{"a reset", 0, toolCall{"reset_session_branch", nil}},
		} {
			t.Run(test.name, func(t *testing.T) {
				mark := s.proxy.mark()
				s.must(t, test.call.tool, test.call.arguments)
				if asked := s.proxy.since(mark); len(asked) != test.want {
					t.Errorf("%d requests, want %d: %v", len(asked), test.want, asked)
				}
			})
		}
	})
}

func TestFirstWritesOfASessionAtOnceMakeOneBranch(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		name := shared.branches.name("first")
		mark := s.proxy.mark()
		var mu sync.Mutex
		branches := map[string]int{}
		together(t, 16, func(i int) error {
			result, err := s.CallTool(t.Context(), "node_upsert", object{"kind": "BuiltinTag", "data": object{"name": fmt.Sprintf("%s-%d", name, i)}})
			if err != nil || result.IsError {
				return fmt.Errorf("%w %s", err, result.Text)
			}
			mu.Lock()
			defer mu.Unlock()
			branches[decode[upserted](t, result.Structured).Branch]++
			return nil
		})
		made := slices.DeleteFunc(s.proxy.since(mark), func(r upstreamRequest) bool { return !strings.Contains(r.Document, "BranchCreate") })
		if len(branches) != 1 || len(made) != 1 {
			t.Errorf("16 first writes made %d branches and went to %v", len(made), branches)
		}
		for branch := range branches {
			if got := s.list(t, object{"kind": "BuiltinTag", "filters": object{"name__value": name}, "partial_match": true}); got.TotalCount != 16 || got.Branch != branch {
				t.Errorf("%d of them are on %s", got.TotalCount, got.Branch)
			}
		}
	})
}

func TestManySessionsHaveABranchEach(t *testing.T) {
	parallel(t)
	number, writes := 64, 3
	if !shared.sandbox {
		number = 8 // each branch takes a real Infrahub some seconds
	}
	i, _ := disturbed(t)
	p := startProxyTo(t, i)
	program := start(t, launch{transport: overHTTP, address: "http://" + p.address, token: i.token})
	clients := make([]*mcptest.Client, number)
	for n := range clients {
		clients[n] = program.connect(t, []mcptest.Era{mcptest.Legacy, mcptest.Modern}[n%2])
	}
	name := shared.branches.name("many")
	branches := make([]string, number)
	together(t, number, func(n int) error {
		for w := range writes {
			arguments := object{"kind": "BuiltinTag", "data": object{"name": fmt.Sprintf("%s-%d-%d", name, n, w)}}
			if clients[n].Era() == mcptest.Modern && w > 0 {
				arguments["branch"] = branches[n] // it has no session
			}
			result, err := clients[n].CallTool(t.Context(), "node_upsert", arguments)
			if err != nil || result.IsError {
				return fmt.Errorf("write %d: %w %s", w, err, result.Text)
			}
			got := decode[upserted](t, result.Structured)
			if w > 0 && got.Branch != branches[n] {
				return fmt.Errorf("write %d went to %s, not %s", w, got.Branch, branches[n])
			}
			branches[n] = got.Branch
		}
		return nil
	})
	if distinct := slices.Compact(slices.Sorted(slices.Values(branches))); len(distinct) != number {
		t.Fatalf("%d sessions have %d branches", number, len(distinct))
	}
	together(t, number, func(n int) error {
		var found struct {
			Tags struct {
				Edges []struct {
					Node struct {
						Label string `json:"display_label"`
					}
				}
			} `json:"BuiltinTag"`
		}
		if err := i.query(t.Context(), branches[n], `query($name: String) { BuiltinTag(name__value: $name, partial_match: true) { edges { node { display_label } } } }`, map[string]any{"name": name}, &found); err != nil {
			return err
		}
		var have []string
		for _, edge := range found.Tags.Edges {
			have = append(have, edge.Node.Label)
		}
		want := []string{}
		for w := range writes {
			want = append(want, fmt.Sprintf("%s-%d-%d", name, n, w))
		}
		if slices.Sort(have); !slices.Equal(have, want) {
			return fmt.Errorf("on %s there are %v, want %v", branches[n], have, want)
		}
		return nil
	})
	if got := i.read(t, "", `{ BuiltinTag(name__value: "`+name+`", partial_match: true) { value: count } }`); fmt.Sprint(got) != "map[BuiltinTag:map[value:0]]" {
		t.Errorf("the default branch has some: %v", got)
	}
}

// A client without a session gets a branch with each write that names none, and
// goes on where it says.
func TestClientsWithoutASessionPassTheirBranch(t *testing.T) {
	parallel(t)
	s := newSession(t, overHTTP, mcptest.Modern)
	name := shared.branches.name("handle")
	one := s.tag(t, "", name)
	two := s.tag(t, "", name)
	if one.Branch == two.Branch || !strings.Contains(one.Note, "Pass branch "+one.Branch) || !strings.Contains(two.Note, "Pass branch "+two.Branch) {
		t.Fatalf("two writes: %+v %+v", one, two)
	}
	for _, branch := range []string{one.Branch, two.Branch} {
		got := s.tag(t, branch, name+"-further")
		if got.Branch != branch || got.Note != "" {
			t.Errorf("a write to %s went to %s with the note %q", branch, got.Branch, got.Note)
		}
	}
	for what, arguments := range map[string]object{
		"one":     {"kind": "BuiltinTag", "filters": object{"name__value": name}, "branch": one.Branch},
		"neither": {"kind": "BuiltinTag", "filters": object{"name__value": name}},
	} {
		want := map[string]int{"one": 1, "neither": 0}[what]
		if got := s.list(t, arguments); got.TotalCount != want {
			t.Errorf("a read of %s finds %d", what, got.TotalCount)
		}
	}
	if text := s.refused(t, "propose_changes", object{"title": "x"}); !strings.Contains(text, "name the branch") {
		t.Errorf("a proposal without a branch: %s", text)
	}
	// A branch that is gone is replaced, and the caller told which one to pass.
	s.proxy.infrahub.deleteBranch(t, one.Branch)
	got := s.tag(t, one.Branch, name+"-again")
	if got.Branch == one.Branch || !strings.Contains(got.Note, one.Branch) || !strings.Contains(got.Note, "Pass branch "+got.Branch) {
		t.Errorf("a write to the branch that is gone: %+v", got)
	}
}

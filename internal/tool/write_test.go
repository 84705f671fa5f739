package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/sandbox/seed"
)

// upsert is the answer of node_upsert.
type upsert struct {
	ID      string
	HFID    []string
	Label   string `json:"display_label"`
	Written []string
	Branch  string
	Note    string
	Results []itemResult
	Applied int
	Failed  int
}

func TestUpsertCreatesThenUpdatesOnTheSessionBranch(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	var made upsert
	i.must("node_upsert", obj{"kind": "DcimDevice", "data": obj{"name": "par1-leaf900", "role": "leaf", "site": "par1", "tags": []string{"blue", "red"}, "rack_position": 3}}, &made)
	if diff := cmp.Diff(upsert{ID: made.ID, HFID: []string{"par1-leaf900"}, Label: "par1-leaf900", Written: []string{"name", "rack_position", "role", "site", "tags"}, Branch: i.branch()}, made); diff != "" || made.ID == "" {
		t.Error(diff)
	}
	before := i.requests()
	var again upsert
	i.must("node_upsert", obj{"kind": "DcimDevice", "hfid": "par1-leaf900", "data": obj{"rack_position": nil, "tags": []string{}}}, &again)
	if again.ID != made.ID || i.requests() != before+1 {
		t.Errorf("the update made %+v with %d requests", again, i.requests()-before)
	}
	if i.ids("main", "DcimDevice")["par1-leaf900"] != "" || i.ids(made.Branch, "DcimDevice")["par1-leaf900"] != made.ID {
		t.Error("the node is not on the session branch alone")
	}
	// The writer sees its own writes, and the answer names the branch.
	if read := i.must("get_nodes", obj{"kind": "DcimDevice", "filters": obj{"name__value": "par1-leaf900"}, "fields": []string{"rack_position", "tags"}}, nil); !strings.Contains(string(read.Structured), `"branch":"`+made.Branch+`"`) || !strings.Contains(string(read.Structured), `"total_count":1`) {
		t.Errorf("%s", read.Structured)
	}
	if log := i.log.String(); !strings.Contains(log, "tool=node_upsert user=ann branch="+made.Branch) || strings.Contains(log, "par1-leaf900") {
		t.Errorf("the audit line: %s", log)
	}
}

func TestANumberIsTakenFromAPool(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.graphql("", `mutation { CoreNumberPoolCreate(data: {name: {value: "positions"}, node: {value: "DcimDevice"}, node_attribute: {value: "rack_position"}, start_range: {value: 7}, end_range: {value: 40}}) { ok } }`, nil, nil)
	for n, pool := range []any{"positions", obj{"hfid": []string{"positions"}}} {
		name := fmt.Sprint("from-pool-", n)
		i.must("node_upsert", obj{"kind": "DcimDevice", "data": obj{"name": name, "serial": name, "role": "leaf", "site": "par1", "rack_position": obj{"from_pool": pool}}}, nil)
		if read := i.must("get_nodes", obj{"kind": "DcimDevice", "filters": obj{"name__value": name}, "fields": []string{"rack_position"}}, nil); !strings.Contains(string(read.Structured), fmt.Sprintf(`"rack_position":%d`, 7+n)) {
			t.Errorf("%s", read.Structured)
		}
	}
}

func TestUpsertRefusals(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	device := i.ids("main", "DcimDevice")
	for _, test := range []struct {
		arguments any
		words     []string
	}{
		{`{}`, []string{"kind is missing"}},
		{obj{"kind": "DcimDevice"}, []string{"needs data, or items"}},
		{obj{"kind": "DcimDevic", "data": obj{"name": "x"}}, []string{"Did you mean", "DcimDevice"}},
		{obj{"kind": "DcimDevice", "data": obj{"nme": "x", "role": "leef", "site": "par1"}}, []string{`"nme"`, "Did you mean name", "leef", "edge, firewall, leaf, spine"}},
		{obj{"kind": "DcimDevice", "data": obj{"name": "x", "role": "leaf", "site": "par1", "fqdn": "x"}}, []string{"fqdn"}},
		{obj{"kind": "DcimDevice", "data": obj{"name": "Not Allowed", "role": "leaf", "site": "par1"}}, []string{"name", "^[a-z0-9-]+$"}},
		{obj{"kind": "DcimDevice", "data": obj{"name": "x", "role": "leaf", "site": "par1", "rack_position": 1.5}}, []string{"rack_position"}},
		{obj{"kind": "DcimDevice", "data": obj{"name": "x", "role": "leaf", "site": "par1", "rack_position": true}}, []string{"rack_position"}},
		{obj{"kind": "DcimDevice", "data": obj{"name": "brand-new", "role": "leaf"}}, []string{"site"}},
		{obj{"kind": "DcimDevice", "data": obj{"site": nil}, "id": device["par1-spine001"]}, []string{"site"}},
		{obj{"kind": "DcimDevice", "data": obj{"tags": "blue"}, "hfid": "x", "id": "y"}, []string{"id", "hfid"}},
		{obj{"kind": "DcimDevice", "items": []any{}}, []string{"items is empty"}},
		{obj{"kind": "DcimDevice", "items": []any{obj{"data": obj{}, "hfdi": "x"}}}, []string{"items[0]", "Did you mean hfid"}},
		{obj{"kind": "DcimDevice", "items": []any{obj{"data": "text"}}}, []string{"items[0]", "data must be a JSON object"}},
		{obj{"kind": "DcimDevice", "items": []any{obj{"data": obj{}, "id": obj{}}}}, []string{"items[0]", "id must be a text"}},
		{obj{"kind": "DcimDevice", "items": []any{obj{"data": obj{}, "hfid": obj{}}}}, []string{"items[0]", "hfid must be a list"}},
		{obj{"kind": "DcimDevice", "items": []any{obj{"name": "x"}}, "data": obj{}}, []string{"either items or data"}},
		{obj{"kind": "DcimDevice", "items": "x"}, []string{"list of JSON objects"}},
		{obj{"kind": "DcimDevice", "items": make([]obj, 201)}, []string{"at most 200", "201"}},
		{obj{"kind": "DcimInterface", "data": obj{"name": "x"}}, []string{"generic", "DcimPhysicalInterface"}},
		{obj{"kind": "GlobalPolicy", "data": obj{"name": "x"}}, []string{"branch-agnostic", "INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES"}},
		{obj{"kind": "CoreAccount", "data": obj{"name": "x"}}, []string{"accounts"}},
		{obj{"kind": "CoreProposedChange", "data": obj{"name": obj{"value": "x"}}}, []string{"propose_changes"}},
		{obj{"kind": "DcimDevice", "data": obj{"name": "x", "role": "leaf", "site": "par1"}, "branch": "main"}, []string{"not a session branch of yours"}},
		{obj{"kind": "DcimDevice", "data": obj{"name": "x", "role": "leaf", "site": "par1"}, "branch": "mian"}, nil},
		{obj{"kind": "DcimDevice", "data": obj{"name": "x"}, "limit": 3}, []string{`"limit"`}},
	} {
		i.refused("node_upsert", test.arguments, test.words...)
	}
	for _, document := range i.mutations() {
		if !strings.Contains(document, "DcimDeviceUpsert") {
			t.Errorf("a refused call sent %s", document)
		}
	}
	if got := i.ids("main", "DcimDevice"); len(got) != 4 {
		t.Errorf("the default branch has %d devices", len(got))
	}
}

func TestAllProblemsOfAllItemsAreInOneAnswer(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.refused("node_upsert", obj{"kind": "DcimDevice", "items": []any{
		obj{"name": "ok-1", "role": "leaf", "site": "par1"},
		obj{"data": obj{"name": "UPPER", "role": "laef", "sight": "par1"}},
		obj{"data": obj{"rack_position": "three"}, "hfid": []string{"par1-spine001"}},
	}}, "UPPER", "laef", "sight", "three")
	if got := i.branch(); got != "" || len(i.mutations()) != 0 {
		t.Errorf("a refused call made the branch %q and sent %v", got, i.mutations())
	}
}

func TestManyItemsGoInBoundedBatchesWithProgress(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	items := make([]any, 60)
	for n := range items {
		items[n] = obj{"data": obj{"name": fmt.Sprintf("t%02d", n)}}
	}
	c := i.call()
	var progress []float64
	c.Report = func(done, total float64, _ string) {
		progress = append(progress, done)
		if total != 60 {
			t.Errorf("total %v", total)
		}
	}
	result := run(t, c, "node_upsert", i.json(obj{"kind": "BuiltinTag", "items": items}))
	var out upsert
	if err := json.Unmarshal(result.Structured, &out); err != nil || out.Applied != 60 || out.Failed != 0 || len(out.Results) != 60 {
		t.Fatalf("%v: %s", err, result.Text)
	}
	for n, r := range out.Results {
		if r.Index != n || r.Label != fmt.Sprintf("t%02d", n) || r.ID == "" {
			t.Errorf("item %d: %+v", n, r)
		}
	}
	if diff := cmp.Diff([]float64{0, 25, 50, 60}, progress); diff != "" || len(i.mutations()) != 3 {
		t.Errorf("%d requests, progress %s", len(i.mutations()), diff)
	}
}

func TestItemsThatFailAreNamedAndTheOthersWritten(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	var out upsert
	i.must("node_upsert", obj{"kind": "DcimDevice", "items": []any{
		obj{"data": obj{"name": "new-1", "role": "leaf", "site": "par1", "serial": "S1"}},
		obj{"data": obj{"name": "new-2", "role": "leaf", "site": "par1", "serial": "S1"}}, // the serial must be unique
		obj{"data": obj{"name": "new-3", "role": "leaf", "site": "nowhere"}},
		obj{"data": obj{"name": "new-4", "role": "leaf", "site": "par1"}},
	}}, &out)
	if out.Applied != 2 || out.Failed != 2 || out.Results[0].Error != "" || out.Results[3].Error != "" ||
		!strings.Contains(out.Results[1].Error, "serial") || !strings.Contains(out.Results[2].Error, "nowhere") {
		t.Errorf("%+v", out)
	}
	on := i.ids(out.Branch, "DcimDevice")
	if on["new-1"] == "" || on["new-2"] != "" || on["new-3"] != "" || on["new-4"] == "" {
		t.Errorf("on the branch are %v", on)
	}
}

// failing answers the n-th mutation of nodes as said; 1 is the first.
func failing(n int, answer func(w http.ResponseWriter, r *http.Request, i *infra)) func(*infra) func(http.ResponseWriter, *http.Request, string) bool {
	return func(i *infra) func(http.ResponseWriter, *http.Request, string) bool {
		seen := 0
		return func(w http.ResponseWriter, r *http.Request, document string) bool {
			if !strings.HasPrefix(document, "mutation(") {
				return false
			}
			if seen++; seen != n {
				return false
			}
			answer(w, r, i)
			return true
		}
	}
}

// applyAndDrop carries a request out and breaks the connection.
func applyAndDrop(_ http.ResponseWriter, r *http.Request, i *infra) {
	i.box.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

func drop(http.ResponseWriter, *http.Request, *infra) { panic(http.ErrAbortHandler) }

// applyAndCut carries a request out and sends half of the answer as if it were all.
func applyAndCut(w http.ResponseWriter, r *http.Request, i *infra) {
	held := httptest.NewRecorder()
	i.box.ServeHTTP(held, r)
	_, _ = w.Write(held.Body.Bytes()[:held.Body.Len()/2])
}

func unavailable(status int) func(http.ResponseWriter, *http.Request, *infra) {
	return func(w http.ResponseWriter, _ *http.Request, _ *infra) { w.WriteHeader(status) }
}

func TestAnOutcomeThatIsNotKnownIsCalledSo(t *testing.T) {
	t.Parallel()
	tags := sixty()
	for name, test := range map[string]struct {
		tool      string
		arguments any
		answer    func(http.ResponseWriter, *http.Request, *infra)
	}{
		"an upsert that was applied":              {"node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "new"}}, applyAndDrop},
		"an upsert that was not":                  {"node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "new"}}, drop},
		"a gateway that lost patience":            {"node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "new"}}, unavailable(http.StatusGatewayTimeout)},
		"an answer cut off":                       {"node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "new"}}, applyAndCut},
		"the first of several batches":            {"node_upsert", obj{"kind": "BuiltinTag", "items": tags}, applyAndDrop},
		"a deletion":                              {"node_delete", obj{"kind": "BuiltinTag", "hfid": "red"}, applyAndDrop},
		"a mutation":                              {"mutate_graphql", obj{"query": `mutation($x: String) { BuiltinTagCreate(data: {name: {value: $x}}) { ok } }`, "variables": obj{"x": "new"}}, applyAndDrop},
		"a mutation whose answer is not readable": {"mutate_graphql", obj{"query": `mutation($x: String) { BuiltinTagCreate(data: {name: {value: $x}}) { ok } }`, "variables": obj{"x": "new"}}, applyAndCut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInfra(t)
			i.behave(failing(1, test.answer)(i))
			i.refused(test.tool, test.arguments, "may or may not have been applied", "Read back")
			if name := i.branch(); name == "" || len(i.mutations()) != 1 {
				t.Errorf("%d mutations on the branch %q", len(i.mutations()), name)
			}
		})
	}
}

func sixty() []any {
	items := make([]any, 60)
	for n := range items {
		items[n] = obj{"data": obj{"name": fmt.Sprintf("t%02d", n)}}
	}
	return items
}

// TestABatchWithoutAnAnswerIsNotCalledUnwritten has the second of three batches
// carried out without an answer.
func TestABatchWithoutAnAnswerIsNotCalledUnwritten(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.behave(failing(2, applyAndDrop)(i))
	var out upsert
	i.must("node_upsert", obj{"kind": "BuiltinTag", "items": sixty()}, &out)
	if out.Applied != 25 || len(out.Results) != 60 || len(i.mutations()) != 2 {
		t.Fatalf("%d applied of %d, %d requests", out.Applied, len(out.Results), len(i.mutations()))
	}
	on := i.ids(out.Branch, "BuiltinTag")
	for n, r := range out.Results {
		_, isThere := on[fmt.Sprintf("t%02d", n)]
		says := strings.ToLower(r.Error)
		switch {
		case n < 25 && (r.Error != "" || !isThere), n >= 25 && r.Error == "":
			t.Errorf("item %d: %+v, there: %v", n, r, isThere)
		case n >= 25 && n < 50 && (!strings.Contains(says, "may") || strings.HasPrefix(says, "not written")):
			t.Errorf("item %d, which was written without an answer: %s", n, r.Error)
		case n >= 50 && !strings.Contains(says, "not written") && !strings.Contains(says, "not sent"):
			t.Errorf("item %d, which was never sent: %s", n, r.Error)
		}
	}
}

func TestAnInfrahubThatIsDownBeforeAnythingIsSentIsAFaultOfTheProtocol(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string]obj{
		"node_upsert": {"kind": "BuiltinTag", "data": obj{"name": "new"}}, "node_delete": {"kind": "BuiltinTag", "hfid": "red"},
		"mutate_graphql": {"query": `mutation { BuiltinTagCreate(data: {name: {value: "new"}}) { ok } }`}, "propose_changes": {"title": "x", "branch": "mcp/session-20260101-0123abcd"},
		"reset_session_branch": {"branch": "feature"}, "get_branch_diff": {"branch": "feature"},
	} {
		i := newInfra(t)
		i.behave(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		})
		for _, entry := range Catalogue() {
			if entry.Name == name {
				if result, err := entry.Run(t.Context(), i.call(), json.RawMessage(i.json(arguments))); !infrahub.Unavailable(err) {
					t.Errorf("%s: %v, %v", name, result, err)
				}
			}
		}
	}
}

func TestALostBranchIsReplacedAndNamedByEveryToolThatWrites(t *testing.T) {
	t.Parallel()
	calls := map[string]func(tag string) obj{
		"node_upsert": func(tag string) obj { return obj{"kind": "BuiltinTag", "data": obj{"name": tag}} },
		"node_delete": func(string) obj { return obj{"kind": "BuiltinTag", "hfid": "red"} },
		"mutate_graphql": func(tag string) obj {
			return obj{"query": `mutation { BuiltinTagCreate(data: {name: {value: "` + tag + `"}}) { ok } }`}
		},
		"mutate_graphql twice": func(tag string) obj {
			return obj{"query": `mutation { a: BuiltinTagCreate(data: {name: {value: "` + tag + `"}}) { ok } b: BuiltinTagCreate(data: {name: {value: "other"}}) { ok } }`}
		},
		"node_upsert of several": func(tag string) obj {
			return obj{"kind": "BuiltinTag", "items": []any{obj{"name": tag}, obj{"name": "other"}}}
		},
	}
	for how, lose := range map[string]func(*infra, string){
		"deleted":             func(i *infra, name string) { _ = i.box.Base().Store.DeleteBranch(name) },
		"merged":              func(i *infra, name string) { i.put(name, "MERGED") },
		"in need of a rebase": func(i *infra, name string) { i.put(name, "NEED_REBASE") },
	} {
		for name, arguments := range calls {
			// The schema of the branch may be known from before or not.
			for _, cached := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %s, schema known: %v", how, name, cached), func(t *testing.T) {
					t.Parallel()
					i := newInfra(t)
					i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "before"}}, nil)
					if cached {
						i.must("get_nodes", obj{"kind": "BuiltinTag", "limit": 0}, nil)
					}
					lost := i.branch()
					lose(i, lost)
					var out struct{ Branch, Note, X string }
					tool, _, _ := strings.Cut(name, " ")
					result := i.must(tool, arguments("after"), nil)
					text := string(result.Structured)
					if err := json.Unmarshal([]byte(strings.NewReplacer(`"_branch"`, `"branch"`, `"_note"`, `"note"`).Replace(text)), &out); err != nil {
						t.Fatal(err)
					}
					if out.Branch == lost || out.Branch != i.branch() || !strings.Contains(out.Note, lost) || !strings.Contains(out.Note, out.Branch) {
						t.Errorf("%s", text)
					}
				})
			}
		}
	}
}

// TestWhatBecameOfTheBranchIsToldBesideARefusalToo has writes that fail on a
// branch that is new: nobody would be told of it otherwise.
func TestWhatBecameOfTheBranchIsToldBesideARefusalToo(t *testing.T) {
	t.Parallel()
	t.Run("in the place of a lost one", func(t *testing.T) {
		t.Parallel()
		for name, arguments := range map[string]obj{
			"node_upsert":    {"kind": "BuiltinTag", "id": "18ea665e-c49f-3ce0-e36f-1bdf933aeb83", "data": obj{"name": "x"}},
			"node_delete":    {"kind": "LocationSite", "hfid": "par1"},
			"mutate_graphql": {"query": `mutation { BuiltinTagUpdate(data: {hfid: ["nobody"], description: {value: "x"}}) { ok } }`},
		} {
			i := newInfra(t)
			i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "before"}}, nil)
			i.must("get_nodes", obj{"kind": "BuiltinTag", "limit": 0}, nil)
			lost := i.branch()
			i.put(lost, "MERGED")
			text := i.run(name, arguments).Text
			if name == "node_delete" && !strings.Contains(text, "delete them first") {
				t.Errorf("what blocks the deletion is not told: %s", text)
			}
			if i.branch() == lost || !strings.Contains(text, lost) || !strings.Contains(text, i.branch()) {
				t.Errorf("%s: the session went from %s to %s and says: %s", name, lost, i.branch(), text)
			}
		}
	})
	t.Run("without a session", func(t *testing.T) {
		t.Parallel()
		i := newInfra(t, func(i *infra) { i.owner = branch.Owner{} })
		i.refused("node_upsert", obj{"kind": "DcimDevice", "data": obj{"name": "x", "role": "leaf", "site": "nowhere"}}, "nowhere", "Pass branch mcp/session-")
	})
}

func TestReadsAfterTheSessionBranchIsGoneSaySoOnce(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.schemas = schema.NewCache(0, 8, nil)
	i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "before"}}, nil)
	lost := i.branch()
	if err := i.box.Base().Store.DeleteBranch(lost); err != nil {
		t.Fatal(err)
	}
	i.refused("get_nodes", obj{"kind": "BuiltinTag"}, lost, "no longer exists")
	if read := i.must("get_nodes", obj{"kind": "BuiltinTag", "limit": 0}, nil); strings.Contains(read.Text, lost) || !strings.Contains(read.Text, "total_count: 3") {
		t.Errorf("then %s", read.Text)
	}
	var out upsert
	i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "after"}}, &out)
	if !strings.Contains(out.Note, lost) {
		t.Errorf("the next write: %+v", out)
	}
}

func TestABranchThatIsGoneIsNotProposedAndNotCompared(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string]obj{"propose_changes": {"title": "t"}, "get_branch_diff": {}} {
		i := newInfra(t)
		i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "before"}}, nil)
		lost := i.branch()
		if err := i.box.Base().Store.DeleteBranch(lost); err != nil {
			t.Fatal(err)
		}
		i.refused(name, arguments, lost, "no longer exists", "fresh session branch")
		if got := i.branch(); got != "" {
			t.Errorf("%s: the session goes on with %s", name, got)
		}
	}
}

func TestARunningMergeIsToldWithWhenToRetry(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "before"}}, nil)
	i.behave(failing(1, func(w http.ResponseWriter, _ *http.Request, _ *infra) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":{"r0":null},"errors":[{"message":"A merge is currently in progress; writes are temporarily blocked. Please retry shortly.","path":["r0"],"extensions":{"code":"MERGE_IN_PROGRESS","http_status":423,"data":{}}}]}`))
	})(i))
	i.refused("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "after"}}, "Nothing was written", "30 seconds")
}

func TestACallWithoutASessionIsToldToPassTheBranchOn(t *testing.T) {
	t.Parallel()
	i := newInfra(t, func(i *infra) { i.owner, i.modern = branch.Owner{}, true })
	var out upsert
	i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "a"}}, &out)
	if !strings.Contains(out.Note, "Pass branch "+out.Branch) {
		t.Errorf("%+v", out)
	}
	var next upsert
	i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "b"}, "branch": out.Branch}, &next)
	if next.Branch != out.Branch || next.Note != "" {
		t.Errorf("%+v", next)
	}
	if got := i.ids(out.Branch, "BuiltinTag"); got["a"] == "" || got["b"] == "" {
		t.Errorf("on the branch are %v", got)
	}
	if info := i.must("get_session_info", "", nil); !strings.Contains(info.Text, `"protocol_era":"stateless"`) || !strings.Contains(info.Text, "pass on") {
		t.Errorf("%s", info.Text)
	}
	if reset := i.must("reset_session_branch", obj{"branch": out.Branch}, nil); !strings.Contains(reset.Text, "pass branch "+out.Branch) {
		t.Errorf("%s", reset.Text)
	}
}

// asked is a client that answers questions, and what it was asked.
type asked struct {
	decision           call.Decision
	err                error
	subjects, question []string
}

func (a *asked) ask(_ context.Context, subject, question string) (call.Decision, error) {
	a.subjects, a.question = append(a.subjects, subject), append(a.question, question)
	return a.decision, a.err
}

func TestDeletionIsConfirmedAsTheOperatorDecided(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mode      call.ConfirmDelete
		canAsk    bool
		decision  call.Decision
		questions int
		refusal   string
	}{
		{call.ConfirmAuto, true, call.Confirmed, 1, ""},
		{call.ConfirmAuto, true, call.Declined, 1, "did not confirm"},
		{call.ConfirmAuto, true, call.Unanswered, 1, "did not confirm"},
		{call.ConfirmAuto, false, 0, 0, ""},
		{call.ConfirmAlways, true, call.Confirmed, 1, ""},
		{call.ConfirmAlways, true, call.Declined, 1, "did not confirm"},
		{call.ConfirmAlways, false, 0, 0, "this client cannot ask"},
		{call.ConfirmNever, true, call.Declined, 0, ""},
		{call.ConfirmNever, false, 0, 0, ""},
	} {
		t.Run(fmt.Sprintf("%s, can ask: %v, %s", test.mode, test.canAsk, test.decision), func(t *testing.T) {
			t.Parallel()
			user := &asked{decision: test.decision}
			i := newInfra(t)
			if i.settings.ConfirmDelete = test.mode; test.canAsk {
				i.ask = user.ask
			}
			arguments := obj{"kind": "DcimDevice", "hfid": aDevice(i)}
			if test.refusal != "" {
				i.refused("node_delete", arguments, test.refusal)
				if len(i.mutations()) != 0 || i.branch() != "" {
					t.Errorf("without a yes it sent %v on %q", i.mutations(), i.branch())
				}
			} else if result := i.run("node_delete", arguments); result.IsError && !strings.Contains(result.Text, "mandatory") {
				t.Errorf("%s", result.Text)
			}
			if len(user.question) != test.questions {
				t.Errorf("asked %q", user.question)
			}
			for _, question := range user.question {
				if !strings.Contains(question, fmt.Sprint(arguments["hfid"])) || !strings.Contains(question, "interfaces go with it") {
					t.Errorf("the question: %s", question)
				}
			}
		})
	}
}

func TestADeletionThatNeedsAQuestionIsAFaultOfTheProtocolWhereThatHasOne(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.settings.ConfirmDelete, i.modern = call.ConfirmAlways, true
	entry := nodeDelete()
	result, err := entry.Run(t.Context(), i.call(), json.RawMessage(`{"kind":"BuiltinTag","hfid":"red"}`))
	if missing, ok := errors.AsType[*call.MissingCapability](err); !ok || missing.Capability != "elicitation" || result.Text != "" {
		t.Errorf("%+v, %v", result, err)
	}
	if i.requests() != 0 {
		t.Errorf("Infrahub was asked %d times before", i.requests())
	}
}

func TestAQuestionThatEndsTheCallPassesThroughAndItsAnswerHoldsForItsNodeAlone(t *testing.T) {
	t.Parallel()
	user := &asked{err: &call.InputRequired{Subject: "s", Question: "q"}}
	i := newInfra(t)
	i.ask = user.ask
	entry := nodeDelete()
	for _, tag := range []string{"red", "blue", "red"} {
		result, err := entry.Run(t.Context(), i.call(), json.RawMessage(i.json(obj{"kind": "BuiltinTag", "hfid": tag})))
		if input, ok := errors.AsType[*call.InputRequired](err); !ok || input.Question != "q" || result.Text != "" {
			t.Errorf("%+v, %v", result, err)
		}
	}
	if len(i.mutations()) != 0 || user.subjects[0] == user.subjects[1] || user.subjects[0] != user.subjects[2] {
		t.Errorf("subjects %q, sent %v", user.subjects, i.mutations())
	}
	for _, subject := range user.subjects {
		if !strings.Contains(subject, "BuiltinTag") {
			t.Errorf("the subject %q does not name the kind", subject)
		}
	}
	// The same node on another branch is another question.
	i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "x"}}, nil)
	if _, err := entry.Run(t.Context(), i.call(), json.RawMessage(`{"kind":"BuiltinTag","hfid":"red"}`)); err == nil || user.subjects[3] == user.subjects[0] {
		t.Errorf("%v, subjects %q", err, user.subjects)
	}
}

// TestAYesCountsOnlyWhileTheSameGoesWithTheNode adds a component between the
// question and its answer.
func TestAYesCountsOnlyWhileTheSameGoesWithTheNode(t *testing.T) {
	t.Parallel()
	user := &asked{err: &call.InputRequired{}}
	i := newInfra(t)
	i.ask = user.ask
	var out upsert
	i.must("node_upsert", obj{"kind": "DcimDevice", "data": obj{"name": "new", "role": "leaf", "site": "par1"}}, &out)
	entry := nodeDelete()
	for range 2 {
		_, _ = entry.Run(t.Context(), i.call(), json.RawMessage(`{"kind":"DcimDevice","hfid":["new"]}`))
		i.must("node_upsert", obj{"kind": "DcimVirtualInterface", "data": obj{"name": "lo0", "device": "new"}}, nil)
	}
	if len(user.subjects) != 2 || user.subjects[0] == user.subjects[1] {
		t.Errorf("the subjects are %q", user.subjects)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.must("node_upsert", obj{"kind": "DcimDevice", "data": obj{"name": "doomed", "role": "leaf", "site": "par1"}}, nil)
	ports := []any{}
	for n := range 7 {
		ports = append(ports, obj{"name": fmt.Sprintf("eth%d", n), "device": "doomed"})
	}
	i.must("node_upsert", obj{"kind": "DcimVirtualInterface", "items": ports}, nil)
	id := i.ids(i.branch(), "DcimDevice")["doomed"]
	var out nodeDeleteOutput
	i.must("node_delete", obj{"kind": "DcimDevice", "id": id}, &out)
	if out.DeletedID != id || out.Label != "doomed" || out.Kind != "DcimDevice" || out.Branch != i.branch() || len(out.Also) != 1 || out.Also[0].Count != 7 || len(out.Also[0].Labels) != shownComponents {
		t.Errorf("%+v", out)
	}
	if i.ids(out.Branch, "DcimDevice")["doomed"] != "" {
		t.Error("it is still there")
	}
	i.refused("node_delete", obj{"kind": "DcimDevice", "id": id}, "There is no DcimDevice", "Find it with")
	// By a generic that stands for data alone.
	i.must("node_upsert", obj{"kind": "DcimVirtualInterface", "data": obj{"name": "lo7", "device": aDevice(i)}}, nil)
	i.must("node_delete", obj{"kind": "DcimInterface", "hfid": []string{aDevice(i), "lo7"}}, &out)
	if out.Kind != "DcimVirtualInterface" {
		t.Errorf("%+v", out)
	}
}

// aDevice is the label of a device of the demo data.
func aDevice(i *infra) string {
	return slices.Min(slices.Collect(maps.Keys(i.ids("main", "DcimDevice"))))
}

func TestDeleteRefusals(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	accounts, policies := i.ids("main", "CoreAccount"), i.ids("main", "GlobalPolicy")
	for _, test := range []struct {
		arguments any
		words     []string
	}{
		{obj{"kind": "DcimDevice"}, []string{"id or the hfid"}},
		{obj{"kind": "DcimDevice", "id": "x", "hfid": "y"}, []string{"not both"}},
		{obj{"kind": "DcimDevice", "id": "x"}, []string{"There is no DcimDevice x"}},
		{obj{"kind": "DcimDevice", "hfid": "nobody"}, []string{"There is no DcimDevice nobody"}},
		{obj{"kind": "Dcim", "id": "x"}, []string{"There is no kind"}},
		{obj{"kind": "GlobalPolicy", "id": policies["change-freeze"]}, []string{"branch-agnostic"}},
		{obj{"kind": "CoreAccount", "id": accounts["Reader"]}, []string{"accounts"}},
		{obj{"kind": "CoreNode", "id": accounts["Reader"]}, []string{"may not be written"}},
		{obj{"kind": "CoreNode", "id": policies["change-freeze"]}, []string{"may not be written"}},
		{obj{"kind": "BuiltinTag", "hfid": "red", "branch": "main"}, []string{"not a session branch of yours"}},
	} {
		i.refused("node_delete", test.arguments, test.words...)
	}
	if sent := i.mutations(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
	// What keeps a node is named.
	i.refused("node_delete", obj{"kind": "LocationSite", "hfid": "par1"}, "it is mandatory for", "DcimDevice", "its site", "delete them first")
}

func TestAQuestionIsNotAskedForWhatWouldBeRefusedAnyway(t *testing.T) {
	t.Parallel()
	user := &asked{decision: call.Confirmed}
	i := newInfra(t)
	i.ask = user.ask
	i.refused("node_delete", obj{"kind": "BuiltinTag", "hfid": "red", "branch": "main"}, "not a session branch of yours")
	if len(user.question) != 0 {
		t.Errorf("asked %q", user.question)
	}
}

func TestMutateGraphQL(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	result := i.must("mutate_graphql", obj{
		"query":     `mutation Two($a: String!, $b: String!) { first: BuiltinTagCreate(data: {name: {value: $a}}) { ok object { id } } second: BuiltinTagCreate(data: {name: {value: $b}}) { ok } }`,
		"variables": obj{"a": "one", "b": "two"},
	}, nil)
	if !strings.Contains(result.Text, `"_branch":"`+i.branch()+`"`) || !strings.Contains(result.Text, `"second":{"ok":true}`) || strings.Contains(result.Text, "_errors") {
		t.Errorf("%s", result.Text)
	}
	on := i.ids(i.branch(), "BuiltinTag")
	if on["one"] == "" || on["two"] == "" || i.ids("main", "BuiltinTag")["one"] != "" {
		t.Errorf("on the branch are %v", on)
	}
	// One that fails leaves the others, and is named.
	result = i.must("mutate_graphql", obj{"query": `mutation { ok: BuiltinTagCreate(data: {name: {value: "three"}}) { ok } bad: BuiltinTagCreate(data: {name: {value: "one"}}) { ok } }`}, nil)
	if !strings.Contains(result.Text, `"ok":{"ok":true}`) || !strings.Contains(result.Text, `bad was not applied: `) {
		t.Errorf("%s", result.Text)
	}
	i.must("mutate_graphql", obj{"query": fmt.Sprintf(`mutation { RelationshipAdd(data: {id: %q, name: "tags", nodes: [{id: %q}]}) { ok } }`, i.ids("main", "LocationSite")["par1"], on["one"])}, nil)
}

func TestMutateGraphQLRefusals(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	accounts, policies, tags := i.ids("main", "CoreAccount"), i.ids("main", "GlobalPolicy"), i.ids("main", "BuiltinTag")
	relationship := func(verb, id, name, peer string) string {
		return fmt.Sprintf(`mutation { %s(data: {id: %q, name: %q, nodes: [{id: %q}]}) { ok } }`, verb, id, name, peer)
	}
	for _, test := range []struct {
		query string
		words []string
	}{
		{`{ BuiltinTag { count } }`, []string{"query_graphql"}},
		{`subscription { query }`, nil},
		{`mutation { BuiltinTagCreate(`, nil},
		{`mutation A { BuiltinTagCreate(data: {name: {value: "x"}}) { ok } } mutation B { BuiltinTagDelete(data: {hfid: ["red"]}) { ok } }`, nil},
		{`mutation { BranchDelete(data: {name: "main"}) { ok } }`, []string{"refused"}},
		{`mutation { a: BranchMerge(data: {name: "x"}) { ok } }`, []string{"refused"}},
		{`mutation { BranchRebase(data: {name: "main"}) { ok } }`, []string{"refused"}},
		{`mutation { CoreProposedChangeMerge(data: {id: "x"}) { ok } }`, []string{"refused"}},
		{`mutation { CoreAccountCreate(data: {name: {value: "x"}, password: {value: "y"}}) { ok } }`, []string{"refused"}},
		{`mutation { GlobalPolicyCreate(data: {name: {value: "x"}}) { ok } }`, []string{"branch-agnostic"}},
		{`mutation { BuiltinTagCreate(data: {name: {value: "x"}}) { ok } GlobalPolicyDelete(data: {hfid: ["change-freeze"]}) { ok } }`, []string{"branch-agnostic"}},
		{`mutation { ...F } fragment F on Mutation { BranchDelete(data: {name: "x"}) { ok } }`, []string{"fragment"}},
		{`mutation { SomethingNewCreate(data: {}) { ok } }`, []string{"not among the mutations"}},
		{`mutation { BuiltinTagCreate(context: {account: {id: "x"}}, data: {name: {value: "x"}}) { ok } }`, []string{"context"}},
		{`mutation($x: String!) { BuiltinTagCreate(data: {name: {value: $x}}) { ok } }`, []string{"$x"}},
		{relationship("RelationshipAdd", accounts["Reader"], "member_of_groups", tags["red"]), []string{"refused"}},
		{relationship("RelationshipAdd", policies["change-freeze"], "member_of_groups", tags["red"]), []string{"branch-agnostic"}},
		{relationship("RelationshipAdd", tags["red"], "nonsense", tags["red"]), []string{"nonsense"}},
		{relationship("RelationshipRemove", tags["red"], "member_of_groups", accounts["Reader"]), nil},
		{relationship("RelationshipAdd", "18ea665e-c49f-3ce0-e36f-1bdf933aeb83", "tags", tags["red"]), []string{"There is no node"}},
		{relationship("RelationshipAdd", i.ids("main", "LocationSite")["par1"], "tags", "18ea665e-c49f-3ce0-e36f-1bdf933aeb83"), []string{"There is no node"}},
	} {
		i.refused("mutate_graphql", obj{"query": test.query}, test.words...)
	}
	i.refused("mutate_graphql", obj{"query": `mutation { BuiltinTagCreate(data: {name: {value: "x"}}) { ok } }`, "branch": "main"}, "not a session branch of yours")
	if sent := i.mutations(); len(sent) != 0 {
		t.Errorf("refused documents were sent: %v", sent)
	}
}

func TestAgnosticKindsAreWrittenWhereTheOperatorAllowsIt(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.settings.AllowAgnostic = true
	i.must("node_upsert", obj{"kind": "GlobalPolicy", "data": obj{"name": "p1"}}, nil)
	i.must("mutate_graphql", obj{"query": `mutation { GlobalPolicyCreate(data: {name: {value: "p2"}}) { ok } }`}, nil)
	i.must("node_delete", obj{"kind": "GlobalPolicy", "hfid": "p1"}, nil)
	if got := i.ids("main", "GlobalPolicy"); got["p1"] != "" || got["p2"] == "" {
		t.Errorf("the default branch has %v", got)
	}
	i.refused("mutate_graphql", obj{"query": `mutation { CoreAccountCreate(data: {name: {value: "x"}, password: {value: "y"}}) { ok } }`}, "refused")
}

const password = "correct-horse-battery"

func TestSecretsNeverReachAnAnswer(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.must("node_upsert", obj{"kind": "DcimDevice", "data": obj{"name": "vault", "role": "leaf", "site": "par1", "console_password": password}}, nil)
	id := i.ids(i.branch(), "DcimDevice")["vault"]
	if diff := i.must("get_branch_diff", "", nil); strings.Contains(diff.Text, password) || !strings.Contains(diff.Text, "console_password,added,null,********") {
		t.Errorf("the diff: %s", diff.Text)
	}
	queries := map[string]obj{
		"an answer of a mutation":        {"tool": "mutate_graphql", "query": fmt.Sprintf(`mutation { DcimDeviceUpdate(data: {id: %q, description: {value: "x"}}) { ok object { console_password { value } } } }`, id)},
		"behind aliases":                 {"tool": "mutate_graphql", "query": fmt.Sprintf(`mutation { a: DcimDeviceUpdate(data: {id: %q, description: {value: "y"}}) { o: object { p: console_password { v: value } } } }`, id)},
		"behind a fragment":              {"tool": "mutate_graphql", "query": fmt.Sprintf(`mutation { DcimDeviceUpdate(data: {id: %q, description: {value: "z"}}) { object { ...F } } } fragment F on DcimDevice { ... on DcimDevice { p: console_password { v: value } } }`, id)},
		"a read":                         {"tool": "query_graphql", "query": `{ DcimDevice(name__value: "vault") { edges { node { p: console_password { v: value } } } } }`},
		"the diff by a query of its own": {"tool": "query_graphql", "query": fmt.Sprintf(`{ DiffTree(branch: %q) { nodes { attributes { name properties { previous_value new_value } } } } }`, i.branch())},
		"the diff behind aliases":        {"tool": "query_graphql", "query": fmt.Sprintf(`{ d: DiffTree(branch: %q) { n: nodes { a: attributes { properties { o: previous_value n: new_value } } } } }`, i.branch())},
		"nodes":                          {"tool": "get_nodes", "kind": "DcimDevice", "include_attributes": true},
		"the log of events":              {"tool": "query_graphql", "query": `{ InfrahubEvent(limit: 50) { count edges { node { id event __typename ... on NodeMutatedEvent { payload attributes { name action kind value value_previous } } } } } }`},
	}
	for name, arguments := range queries {
		tool, _ := arguments["tool"].(string)
		delete(arguments, "tool")
		result := i.run(tool, arguments)
		if strings.Contains(result.Text+string(result.Structured), password) {
			t.Errorf("%s tells the password: %s", name, result.Text)
		}
		if name != "the log of events" && tool != "get_nodes" && !result.IsError && !strings.Contains(result.Text, "********") {
			t.Errorf("%s does not show that something is hidden: %s", name, result.Text)
		}
	}
	i.settings.RevealSecrets = true
	if result := i.must("get_branch_diff", "", nil); !strings.Contains(result.Text, password) {
		t.Errorf("the operator's will to see it is not heeded: %s", result.Text)
	}
	if log := i.log.String(); strings.Contains(log, password) || strings.Contains(log, seed.Accounts()[0].Token) {
		t.Error("the log has it")
	}
}

func TestAValueOfASecretThatIsRefusedIsNotRepeated(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	result := i.run("node_upsert", obj{"kind": "DcimDevice", "data": obj{"name": "vault", "role": "leaf", "site": "par1", "console_password": obj{"secret": password}}})
	if !result.IsError || strings.Contains(result.Text, password) {
		t.Errorf("%s", result.Text)
	}
}

func TestAnAnswerThatIsTooLargeDoesNotHideThatItWasWritten(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.settings.MaxBytes = 1000
	i.refused("node_upsert", obj{"kind": "BuiltinTag", "items": sixty()}, i.branch(), "1000")
	name := i.branch()
	if name == "" || len(i.ids(name, "BuiltinTag")) != 63 {
		t.Fatalf("on %q are %d tags", name, len(i.ids(name, "BuiltinTag")))
	}
	for tool, arguments := range map[string]obj{
		"node_upsert":    {"kind": "BuiltinTag", "items": sixty()},
		"mutate_graphql": {"query": `mutation { BuiltinTagUpdate(data: {hfid: ["red"], description: {value: "` + strings.Repeat("x", 2000) + `"}}) { ok object { description { value } } } }`},
	} {
		text := i.run(tool, arguments).Text
		if !strings.Contains(text, name) || !strings.Contains(text, "applied") && !strings.Contains(text, "written") && !strings.Contains(text, "was made") {
			t.Errorf("%s does not say that it was written: %s", tool, text)
		}
	}
}

func TestProposeChanges(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.refused("propose_changes", obj{"title": "t"}, "There is no session branch")
	i.refused("propose_changes", obj{"title": " "}, "title must not be blank")
	i.refused("propose_changes", obj{"title": "t", "branch": "main"}, "not a session branch of yours")
	i.must("reset_session_branch", obj{"branch": "mcp/session-20260101-0123abcd"}, nil)
	i.refused("propose_changes", obj{"title": "t"}, "holds no change")
	i.must("node_upsert", obj{"kind": "BuiltinTag", "items": []any{obj{"name": "n1"}, obj{"name": "n2"}, obj{"name": "red", "description": "other"}}}, nil)
	i.must("node_delete", obj{"kind": "BuiltinTag", "hfid": "green"}, nil)
	i.refused("propose_changes", obj{"title": "t", "destination_branch": "mian"}, "Did you mean main")
	var out proposeChangesOutput
	i.must("propose_changes", obj{"title": "First", "description": "Because"}, &out)
	if out.Updated || out.State != "open" || out.Source != i.branch() || out.Destination != "main" || out.Changes.Added != 2 || out.Changes.Removed != 1 || !strings.HasSuffix(out.URL, "/proposed-changes/"+out.ID) {
		t.Errorf("%+v", out)
	}
	var again proposeChangesOutput
	i.must("propose_changes", obj{"title": "Second"}, &again)
	if !again.Updated || again.ID != out.ID {
		t.Errorf("%+v", again)
	}
	var proposals struct {
		CoreProposedChange struct {
			Count int
			Edges []struct {
				Node struct{ Name, Description struct{ Value string } }
			}
		}
	}
	i.graphql("", `{ CoreProposedChange { count edges { node { name { value } description { value } } } } }`, nil, &proposals)
	if p := proposals.CoreProposedChange; p.Count != 1 || p.Edges[0].Node.Name.Value != "Second" || p.Edges[0].Node.Description.Value != "Because" {
		t.Errorf("%+v", p)
	}
	i.put(i.branch(), "MERGED")
	i.manager = branch.NewManager(branch.Options{Store: branch.NewMemory(1, 1)}) // nothing is known to be open any more
	i.refused("propose_changes", obj{"title": "Third", "branch": out.Source})
}

// Infrahub opens two proposed changes for a branch that are asked for at once.
func TestProposalsAtOnceOpenOne(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "n"}}, nil)
	looked := make(chan bool, 16)
	i.behave(func(_ http.ResponseWriter, _ *http.Request, document string) bool {
		switch {
		case strings.Contains(document, "CoreProposedChange("):
			looked <- true
		case strings.Contains(document, "CoreProposedChangeCreate"):
			for range 2 { // leave another call the time to look, too
				select {
				case <-looked:
				case <-time.After(100 * time.Millisecond):
				}
			}
		}
		return false
	})
	var calls sync.WaitGroup
	for range 2 {
		one := i.call()
		calls.Go(func() {
			if result := run(t, one, "propose_changes", `{"title":"t"}`); result.IsError {
				t.Error(result.Text)
			}
		})
	}
	calls.Wait()
	created := 0
	for _, document := range i.mutations() {
		if strings.Contains(document, "CoreProposedChangeCreate") {
			created++
		}
	}
	if created != 1 {
		t.Errorf("%d proposed changes were asked for", created)
	}
}

// A comparison that others asked for can have begun before the last write.
func TestWritesDuringAComparisonAreSeen(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string]obj{"propose_changes": {"title": "t"}, "get_branch_diff": {}, "get_session_info": {}} {
		i := newInfra(t)
		i.must("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "before"}}, nil)
		var write sync.Once
		var compared atomic.Int32
		i.behave(func(_ http.ResponseWriter, _ *http.Request, document string) bool {
			switch {
			case strings.Contains(document, "DiffUpdate"):
				compared.Add(1)
			case strings.Contains(document, "DiffTree"):
				write.Do(func() {
					if _, err := i.send(i.branch(), `mutation { BuiltinTagCreate(data: {name: {value: "after"}}) { ok } }`, nil); err != nil {
						t.Error(err)
					}
				})
			}
			return false
		})
		for _, comparisons := range []int32{2, 1} {
			var out struct{ Changes changeSum }
			i.must(name, arguments, &out)
			if number := compared.Swap(0); out.Changes.Added != 2 || number != comparisons {
				t.Errorf("%s compared %d times: %+v", name, number, out)
			}
		}
	}
}

func TestBranchDiff(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.refused("get_branch_diff", "", "There is no session branch")
	i.refused("get_branch_diff", obj{"branch": "mcp/nope"}, "mcp/nope")
	i.must("node_upsert", obj{"kind": "BuiltinTag", "items": []any{obj{"name": "n1", "description": "d"}, obj{"name": "red", "description": "other"}}}, nil)
	i.must("node_upsert", obj{"kind": "LocationSite", "hfid": "par1", "data": obj{"tags": []string{"red", "green"}}}, nil)
	i.must("node_delete", obj{"kind": "ServiceCircuit", "hfid": "CIR-0000"}, nil)
	i.refused("get_branch_diff", obj{"kinds": []string{"BuiltinTga"}}, "Did you mean BuiltinTag")
	i.refused("get_branch_diff", obj{"limit": 0}, "limit must be 1 to 500")
	var diff getBranchDiffOutput
	result := i.must("get_branch_diff", "", &diff)
	if !strings.Contains(result.Text, "nodes[") || diff.Branch != i.branch() || diff.HasMore {
		t.Errorf("%s", result.Text)
	}
	byLabel := map[string]changedNode{}
	for _, n := range diff.Nodes {
		byLabel[n.Kind+" "+n.Label] = n
	}
	for label, action := range map[string]string{"BuiltinTag n1": "added", "BuiltinTag red": "updated", "LocationSite par1": "updated", "ServiceCircuit CIR-0000": "removed"} {
		if byLabel[label].Action != action {
			t.Errorf("%s: %+v", label, byLabel[label])
		}
	}
	old, now := "Tag red", "other"
	if diff := cmp.Diff([]changedField{{Field: "description", Action: "updated", Old: &old, New: &now}}, byLabel["BuiltinTag red"].Fields[:1]); diff != "" {
		t.Error(diff)
	}
	var only getBranchDiffOutput
	i.must("get_branch_diff", obj{"kinds": "BuiltinTag", "limit": 1}, &only)
	if len(only.Nodes) != 1 || only.Nodes[0].Kind != "BuiltinTag" || !only.HasMore {
		t.Errorf("%+v", only)
	}
	seen := map[string]bool{}
	for offset := 0; offset < len(diff.Nodes); offset++ {
		var page getBranchDiffOutput
		i.must("get_branch_diff", obj{"limit": 1, "offset": offset}, &page)
		if len(page.Nodes) != 1 || page.HasMore != (offset < len(diff.Nodes)-1) {
			t.Fatalf("offset %d: %+v", offset, page)
		}
		seen[page.Nodes[0].ID] = true
	}
	if len(seen) != len(diff.Nodes) {
		t.Errorf("the pages hold %d of %d nodes", len(seen), len(diff.Nodes))
	}
	// A conflict: people change the same on the default branch.
	i.graphql("", `mutation { BuiltinTagUpdate(data: {hfid: ["red"], description: {value: "by people"}}) { ok } }`, nil, nil)
	i.must("get_branch_diff", obj{"kinds": "BuiltinTag"}, &diff)
	if diff.Changes.Conflicts == 0 || !strings.Contains(i.run("get_branch_diff", obj{"kinds": "BuiltinTag"}).Text, "by people") {
		t.Errorf("%+v", diff)
	}
	i.settings.MaxBytes = 500
	i.refused("get_branch_diff", "", "500", "limit")
}

func TestResetSessionBranch(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	var out resetSessionBranchOutput
	i.must("reset_session_branch", "", &out)
	if out.Action != "reset" || out.SessionBranch != nil || out.PreviousBranch != nil || out.Created {
		t.Errorf("%+v", out)
	}
	const fits = "mcp/session-20260101-0123abcd"
	i.must("reset_session_branch", obj{"branch": fits}, &out)
	if out.Action != "created" || *out.SessionBranch != fits || !out.Created || i.branch() != fits {
		t.Errorf("%+v", out)
	}
	i.graphql("", `mutation { BranchCreate(data: {name: "feature", sync_with_git: false}) { ok } }`, nil, nil)
	i.must("reset_session_branch", obj{"branch": "feature"}, &out)
	if out.Action != "switched" || *out.PreviousBranch != fits || i.branch() != "feature" {
		t.Errorf("%+v", out)
	}
	i.refused("reset_session_branch", obj{"branch": "main"}, "default branch")
	i.refused("reset_session_branch", obj{"branch": "nope"}, "does not fit the pattern")
	i.refused("reset_session_branch", obj{"branch": "../x"})
	i.put("feature", "NEED_REBASE")
	i.refused("reset_session_branch", obj{"branch": "feature"}, "must be rebased")
	if i.branch() != "feature" {
		t.Errorf("a refusal changed it to %q", i.branch())
	}
}

func TestSessionInfoOfAWriter(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.must("node_upsert", obj{"kind": "BuiltinTag", "items": []any{obj{"name": "n1"}, obj{"name": "n2"}}}, nil)
	var info getSessionInfoOutput
	i.must("get_session_info", "", &info)
	if !info.HasSessionBranch || *info.SessionBranch != i.branch() || info.Access != "write" || info.User != "Admin" || info.ServerVersion != "test" || info.Protocol != "sessions" || info.DefaultBranch != "main" {
		t.Errorf("%+v", info)
	}
	if info.Changes == nil || info.Changes.Added != 2 {
		t.Errorf("changes: %+v", info.Changes)
	}
	for _, status := range []string{"MERGED", "NEED_REBASE", "MERGING", "FROZEN"} {
		i.put(i.branch(), status)
		if result := i.run("get_session_info", ""); result.IsError || !strings.Contains(result.Text, i.branch()) {
			t.Errorf("while the branch is %s what can be told is not told: %s", status, result.Text)
		}
	}
	if err := i.box.Base().Store.DeleteBranch(i.branch()); err != nil {
		t.Fatal(err)
	}
	if result := i.run("get_session_info", ""); result.IsError || !strings.Contains(result.Text, "fresh") {
		t.Errorf("%s", result.Text)
	}
}

// TestAnAccountThatOnlyReads may look at everything and write nothing, which the
// answers say.
func TestAnAccountThatOnlyReads(t *testing.T) {
	t.Parallel()
	i := newInfra(t)
	i.graphql("", `mutation { BranchCreate(data: {name: "feature", sync_with_git: false}) { ok } }`, nil, nil)
	i.token = seed.Accounts()[3].Token
	i.must("reset_session_branch", obj{"branch": "feature"}, nil)
	if result := i.run("get_session_info", ""); result.IsError || !strings.Contains(result.Text, "Reader") {
		t.Errorf("get_session_info: %s", result.Text)
	}
	i.refused("node_upsert", obj{"kind": "BuiltinTag", "data": obj{"name": "x"}}, "lacks the right")
	i.refused("mutate_graphql", obj{"query": `mutation { BuiltinTagCreate(data: {name: {value: "x"}}) { ok } }`}, "right")
	i.refused("node_delete", obj{"kind": "BuiltinTag", "hfid": "red"}, "lacks the right")
	if i.ids("feature", "BuiltinTag")["x"] != "" || i.ids("feature", "BuiltinTag")["red"] == "" {
		t.Error("it wrote all the same")
	}
}

func TestAReadOnlyServerOffersNothingThatWrites(t *testing.T) {
	names := func(tools []Tool) (list []string) {
		for _, entry := range tools {
			list = append(list, entry.Name)
		}
		return list
	}
	all := Catalogue()
	if diff := cmp.Diff(names(all), names(Offered(all, false))); diff != "" {
		t.Error(diff)
	}
	reading := []string{"get_schema", "get_nodes", "search_nodes", "query_graphql", "find_paths", "find_reachable", "get_session_info", "get_branch_diff"}
	if diff := cmp.Diff(reading, names(Offered(all, true))); diff != "" {
		t.Error(diff)
	}
	if len(all) != 13 {
		t.Errorf("the catalogue itself was changed: %v", names(all))
	}
}

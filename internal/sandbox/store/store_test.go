package store_test

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/store"
)

// bed is a store with a clock that a test sets.
type bed struct {
	*testing.T
	*store.Store
	clock time.Time
}

func newBed(t *testing.T) *bed {
	b := &bed{T: t, clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	b.Store = store.New(store.Options{
		SchemaHash: "first",
		Clock:      func() time.Time { return b.clock },
		Random:     func() uint64 { return 0xe3721a89e016294b },
	})
	return b
}

// write runs a transaction one second later, and returns its time.
func (b *bed) write(branch string, writes ...func(*store.Tx) error) time.Time {
	b.Helper()
	b.clock = b.clock.Add(time.Second)
	at, err := b.Update(branch, "alice", func(tx *store.Tx) error {
		for _, write := range writes {
			if err := write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return at
}

func node(id, kind string) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.CreateNode(id, kind, store.Aware) }
}

func remove(id string) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.DeleteNode(id) }
}

func value(id, name string, value any) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return tx.SetAttribute(id, store.Attribute{Name: name, Value: value}, store.Aware)
	}
}

func withProperties(id, name string, value any, p store.Properties) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return tx.SetAttribute(id, store.Attribute{Name: name, Value: value, Properties: p}, store.Aware)
	}
}

func edge(id string, r store.Role, peer string) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.SetEdge(id, r, peer, store.Properties{}, store.Aware) }
}

func part(id string, r store.Role, peer string) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.DeleteEdge(id, r, peer) }
}

func (b *bed) branch(name string) store.Branch {
	b.Helper()
	b.clock = b.clock.Add(time.Second)
	created, err := b.CreateBranch(store.NewBranch{Name: name})
	if err != nil {
		b.Fatal(err)
	}
	return created
}

func (b *bed) at(branch string, at time.Time) *store.View {
	b.Helper()
	view, err := b.View(branch, at)
	if err != nil {
		b.Fatal(err)
	}
	return view
}

func (b *bed) now(branch string) *store.View {
	b.Helper()
	return b.at(branch, time.Time{})
}

// read returns the value of an attribute, or "-" when there is none.
func read(v *store.View, id, name string) any {
	if a, ok := v.Attribute(id, name); ok {
		return a.Value
	}
	return "-"
}

func peers(v *store.View, id string, r store.Role) []string {
	ids := []string{}
	for _, e := range v.Peers(id, r) {
		ids = append(ids, e.Peer)
	}
	return ids
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

var (
	site    = role("device__site", store.Both)
	parent  = role("parent__child", store.Outbound)
	current = time.Time{}
)

func role(identifier string, side store.Side) store.Role {
	return store.Role{Identifier: identifier, Side: side}
}

func TestABranchIsTheDefaultBranchAsItWasPlusItsOwnChanges(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "name", "old"), value("d", "role", "leaf"))
	created := b.branch("b")
	first := b.write("b", value("d", "name", "new"))
	b.write("main", value("d", "role", "spine"), node("e", "Device"))
	second := b.write("b", value("d", "name", "newer"))

	same(t, "own value", read(b.now("b"), "d", "name"), any("newer"))
	same(t, "value of main when branched", read(b.now("b"), "d", "role"), any("leaf"))
	same(t, "nodes made on main later", b.now("b").Count("Device"), 1)
	same(t, "main", read(b.now("main"), "d", "name"), any("old"))
	same(t, "the branch earlier", read(b.at("b", first), "d", "name"), any("new"))
	same(t, "just before", read(b.at("b", second.Add(-time.Microsecond)), "d", "name"), any("new"))
	same(t, "the branch before its creation", read(b.at("b", created.CreatedAt.Add(-time.Microsecond)), "d", "name"), any("old"))
	same(t, "in the future", read(b.at("b", second.Add(time.Hour)), "d", "name"), any("newer"))
}

func TestABranchCanStartInThePast(t *testing.T) {
	b := newBed(t)
	at := b.write("main", node("d", "Device"), value("d", "name", 1))
	b.write("main", value("d", "name", 2))
	b.clock = b.clock.Add(time.Second)
	created, err := b.CreateBranch(store.NewBranch{Name: "b", At: at, Description: "d", CreatedBy: "bob", SyncWithGit: true, SchemaHash: "h"})
	if err != nil {
		t.Fatal(err)
	}
	want := store.Branch{
		ID: created.ID, Name: "b", Description: "d", Status: store.StatusOpen, BranchedFrom: at,
		CreatedAt: b.clock, CreatedBy: "bob", SyncWithGit: true, SchemaHash: "h",
	}
	same(t, "branch", created, want)
	same(t, "now", read(b.now("b"), "d", "name"), any(int64(1)))
	same(t, "before its creation it is main", read(b.at("b", b.clock.Add(-time.Microsecond)), "d", "name"), any(int64(2)))
	diff, err := b.Diff("b", store.DiffOptions{})
	if err != nil || !diff.From.Equal(at) || len(diff.Nodes) > 0 || len(diff.Conflicts) > 0 {
		t.Errorf("%+v, error %v", diff, err)
	}
	if _, err := b.CreateBranch(store.NewBranch{Name: "c", At: at.Add(-time.Hour)}); !errors.Is(err, store.ErrBeforeStart) {
		t.Errorf("branching from before the beginning: %v", err)
	}
}

func TestBranches(t *testing.T) {
	b := newBed(t)
	main, err := b.Branch("main")
	if err != nil {
		t.Fatal(err)
	}
	want := store.Branch{
		ID: main.ID, Name: "main", Description: "Default Branch", Status: store.StatusOpen, BranchedFrom: b.clock,
		CreatedAt: b.clock, IsDefault: true, SyncWithGit: true, SchemaHash: "first",
	}
	same(t, "main", main, want)

	created := b.branch("b")
	same(t, "schema hash of a new branch", created.SchemaHash, "first")
	description, status, hash, git := "text", store.StatusMerging, "second", true
	edited, err := b.EditBranch("b", store.BranchEdit{Description: &description, Status: &status, SchemaHash: &hash, SyncWithGit: &git})
	if err != nil {
		t.Fatal(err)
	}
	created.Description, created.Status, created.SchemaHash, created.SyncWithGit = description, status, hash, git
	same(t, "edited", edited, created)
	again, err := b.EditBranch("b", store.BranchEdit{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "edited without changes", again, created)
	same(t, "all branches", b.Branches(), []store.Branch{main, created})

	kept := b.now("b")
	b.write("b", node("d", "Device"))
	seen := b.now("b")
	if err := b.DeleteBranch("b"); err != nil {
		t.Fatal(err)
	}
	same(t, "a view of a deleted branch", []int{kept.Count("Device"), seen.Count("Device")}, []int{0, 1})
	b.branch("b")
	same(t, "a new branch of the same name", b.now("b").Count("Device"), 0)
}

func TestErrors(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"))
	b.branch("b")
	b.branch("merged")
	b.write("merged", node("e", "Device"))
	if _, err := b.Merge("merged", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	write := func(branch string, writes ...func(*store.Tx) error) error {
		_, err := b.Update(branch, "alice", func(tx *store.Tx) error {
			for _, w := range writes {
				if err := w(tx); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	}
	twice := func(write func(*store.Tx) error) func(*store.Tx) error {
		return func(tx *store.Tx) error { return errors.Join(write(tx), write(tx)) }
	}
	for _, test := range []struct {
		name string
		call func() error
		want error
	}{
		{"a view of no branch", func() error { _, err := b.View("nope", current); return err }, store.ErrNoBranch},
		{"a view before the beginning", func() error { _, err := b.View("b", b.clock.Add(-time.Hour)); return err }, store.ErrBeforeStart},
		{"a write to no branch", func() error { return write("nope") }, store.ErrNoBranch},
		{"a write to a merged branch", func() error { return write("merged") }, store.ErrMerged},
		{"a branch of no name", func() error { _, err := b.Branch("nope"); return err }, store.ErrNoBranch},
		{"a second branch of a name", func() error { _, err := b.CreateBranch(store.NewBranch{Name: "b"}); return err }, store.ErrBranchExists},
		{"a second default branch", func() error { _, err := b.CreateBranch(store.NewBranch{Name: "main"}); return err }, store.ErrBranchExists},
		{"editing no branch", func() error { _, err := b.EditBranch("nope", store.BranchEdit{}); return err }, store.ErrNoBranch},
		{"deleting no branch", func() error { return b.DeleteBranch("nope") }, store.ErrNoBranch},
		{"deleting main", func() error { return b.DeleteBranch("main") }, store.ErrDefaultBranch},
		{"merging no branch", func() error { _, err := b.Merge("nope", store.MergeOptions{}); return err }, store.ErrNoBranch},
		{"merging main", func() error { _, err := b.Merge("main", store.MergeOptions{}); return err }, store.ErrDefaultBranch},
		{"merging twice", func() error { _, err := b.Merge("merged", store.MergeOptions{}); return err }, store.ErrMerged},
		{"rebasing main", func() error { _, err := b.Rebase("main", store.MergeOptions{}); return err }, store.ErrDefaultBranch},
		{"rebasing a merged branch", func() error { _, err := b.Rebase("merged", store.MergeOptions{}); return err }, store.ErrMerged},
		{"a diff of no branch", func() error { _, err := b.Diff("nope", store.DiffOptions{}); return err }, store.ErrNoBranch},
		{"a diff before the beginning", func() error { _, err := b.Diff("b", store.DiffOptions{To: b.clock.Add(-time.Hour)}); return err }, store.ErrBeforeStart},
		{"a node twice", func() error { return write("main", node("d", "Device")) }, store.ErrNodeExists},
		{"a node twice in one transaction", func() error { return write("main", twice(node("f", "Device"))) }, store.ErrNodeExists},
		{"a node of another kind elsewhere", func() error { return write("b", node("e", "Interface")) }, store.ErrNodeExists},
		{"deleting no node", func() error { return write("main", remove("x")) }, store.ErrNoNode},
		{"deleting twice", func() error { return write("main", twice(remove("d"))) }, store.ErrNoNode},
		{"an attribute of no node", func() error { return write("main", value("x", "name", 1)) }, store.ErrNoNode},
		{"an attribute of a node elsewhere", func() error { return write("b", value("e", "name", 1)) }, store.ErrNoNode},
		{"a value that is not JSON", func() error { return write("main", value("d", "name", func() {})) }, store.ErrValue},
		{"an edge from no node", func() error { return write("main", edge("x", site, "d")) }, store.ErrNoNode},
		{"an edge to no node", func() error { return write("main", edge("d", site, "x")) }, store.ErrNoNode},
		{"deleting an attribute of no node", func() error {
			return write("main", func(tx *store.Tx) error { return tx.DeleteAttribute("x", "name") })
		}, store.ErrNoNode},
		{"parting no node", func() error { return write("main", part("x", site, "d")) }, store.ErrNoNode},
		{"parting from no node", func() error { return write("main", part("d", site, "x")) }, nil},
		{"parting what was never joined", func() error {
			return write("main", edge("d", parent, "e"), part("d", parent, "d"), part("e", parent, "d"))
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.call(); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
	for _, write := range []func(*store.Tx) error{node("", "Device"), node("n", ""), value("d", "", 1), edge("d", role("", store.Both), "d")} {
		if _, err := b.Update("main", "alice", write); err == nil {
			t.Error("a write without a name passed")
		}
	}
}

func TestErrorsDoNotTellValues(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "password", "old"))
	b.branch("b")
	b.write("main", value("d", "password", "s3cret-on-main"))
	b.write("b", value("d", "password", "s3cret-on-b"))
	_, conflict := b.Merge("b", store.MergeOptions{})
	_, invalid := b.Update("main", "alice", value("d", "password", []any{"s3cret", func() {}}))
	_, missing := b.Update("main", "alice", value("x", "password", "s3cret"))
	for _, err := range []error{conflict, invalid, missing} {
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}

func TestATransactionAppliesAllOrNothing(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "name", "old"), node("s", "Site"), edge("d", site, "s"))
	before := everything(b.now("main"))
	fill := func(tx *store.Tx) {
		for _, write := range []func(*store.Tx) error{
			value("d", "name", "new"), value("d", "extra", "x"), node("e", "Rack"), value("e", "name", "new"),
			edge("e", site, "s"), part("d", site, "s"), edge("d", parent, "d"), edge("s", role("peer", store.Both), "s"), remove("s"),
		} {
			if err := write(tx); err != nil {
				t.Fatal(err)
			}
		}
	}
	var view *store.View
	failed := errors.New("failed")
	_, err := b.Update("main", "bob", func(tx *store.Tx) error {
		fill(tx)
		view = tx.View()
		same(t, "the transaction reads its own writes", read(view, "e", "name"), any("new"))
		same(t, "others do not", read(b.now("main"), "e", "name"), any("-"))
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic was swallowed")
			}
		}()
		_, _ = b.Update("main", "bob", func(tx *store.Tx) error {
			fill(tx)
			panic("oops")
		})
	}()
	same(t, "after two failures", everything(b.now("main")), before)
	same(t, "nodes found by a value taken back", b.now("main").Find("name", "new", "Device", "Rack"), []store.Node{})

	// What failed leaves nothing in the way of the next try.
	b.write("main", func(tx *store.Tx) error { fill(tx); return nil })
	same(t, "value", read(b.now("main"), "e", "name"), any("new"))
	same(t, "the node that was removed", b.now("main").Count("Site"), 0)
}

// everything lists what a view shows of all kinds of these tests.
func everything(v *store.View) []any {
	var all []any
	for _, n := range v.Nodes("Device", "Site", "Rack") {
		all = append(all, n, v.Attributes(n.ID), v.Edges(n.ID))
	}
	return all
}

func TestATransactionIsOfNoUseAfterItsEnd(t *testing.T) {
	b := newBed(t)
	var kept *store.Tx
	b.write("main", node("d", "Device"), func(tx *store.Tx) error { kept = tx; return nil })
	if err := kept.DeleteNode("d"); !errors.Is(err, store.ErrFinished) {
		t.Errorf("error %v", err)
	}
}

func TestWritingWhatIsThereAlreadyChangesNothing(t *testing.T) {
	b := newBed(t)
	at := b.write("main", node("d", "Device"), value("d", "name", []any{"x", 1}), node("s", "Site"), edge("d", site, "s"))
	before := everything(b.now("main"))
	again := b.write("main", value("d", "name", []any{"x", 1}), edge("s", site, "d"), part("d", parent, "s"))
	same(t, "after writing the same", everything(b.now("main")), before)
	if !again.After(at) || !b.now("main").At().Equal(at) {
		t.Errorf("an empty transaction at %v left a trace at %v", again, b.now("main").At())
	}
}

func TestWritingTheSameWithAnotherScopeChangesTheScope(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"))
	b.branch("b")
	b.write("b", value("d", "serial", "s"))
	b.write("b", func(tx *store.Tx) error {
		return tx.SetAttribute("d", store.Attribute{Name: "serial", Value: "s"}, store.Agnostic)
	})
	same(t, "an attribute that has become agnostic", read(b.now("main"), "d", "serial"), any("s"))
}

func TestWhoChangedWhatAndWhen(t *testing.T) {
	b := newBed(t)
	made := b.write("main", node("d", "Device"), value("d", "name", "x"), node("s", "Site"), node("r", "Site"))
	describe := func(id string) string {
		n, ok := b.now("main").Node(id)
		if !ok {
			t.Fatalf("no node %s", id)
		}
		return fmt.Sprintf("%s by %s, %s by %s", n.CreatedAt.Sub(made), n.CreatedBy, n.UpdatedAt.Sub(made), n.UpdatedBy)
	}
	update := func(writes ...func(*store.Tx) error) {
		t.Helper()
		b.clock = b.clock.Add(time.Second)
		if _, err := b.Update("main", "bob", func(tx *store.Tx) error {
			for _, write := range writes {
				if err := write(tx); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "new", describe("d"), "0s by alice, 0s by alice")
	update(value("d", "name", "y"))
	same(t, "an attribute changed", describe("d"), "0s by alice, 1s by bob")
	update(edge("d", site, "s"))
	same(t, "joined", describe("d"), "0s by alice, 2s by bob")
	same(t, "joined, the other end", describe("s"), "0s by alice, 2s by bob")
	update(node("e", "Device"), edge("e", site, "s"), edge("e", site, "r"))
	same(t, "a new node that joins", describe("e"), "3s by bob, 3s by bob")
	same(t, "what a new node joins", describe("s"), "0s by alice, 2s by bob")
	update(remove("d"))
	same(t, "left by a removed node", describe("s"), "0s by alice, 4s by bob")
	update(node("d", "Device"))
	same(t, "removed and made again", describe("d"), "5s by bob, 5s by bob")
	same(t, "its attributes are gone", b.now("main").Attributes("d"), []store.Attribute{})
	same(t, "its edges are gone", b.now("main").Edges("d"), []store.Edge(nil))

	update(edge("d", site, "r"))
	b.write("main", func(tx *store.Tx) error {
		return tx.SetEdge("r", site, "d", store.Properties{IsProtected: true, Source: "s", Owner: "r"}, store.Aware)
	})
	same(t, "an edge", b.now("main").Peers("d", site), []store.Edge{{
		Role: site, Peer: "r", Properties: store.Properties{IsProtected: true, Source: "s", Owner: "r"},
		CreatedAt: made.Add(6 * time.Second), CreatedBy: "bob", UpdatedAt: made.Add(7 * time.Second), UpdatedBy: "alice",
	}})
	b.write("main", withProperties("r", "name", nil, store.Properties{Source: "s"}))
	same(t, "an attribute", b.now("main").Attributes("r"), []store.Attribute{{
		Name: "name", Properties: store.Properties{Source: "s"}, UpdatedAt: made.Add(8 * time.Second), UpdatedBy: "alice",
	}})
}

func TestTheSidesOfARelationshipAreTold(t *testing.T) {
	b := newBed(t)
	child, local, remote := parent.Opposite(), role("bgp", store.Outbound), role("bgp", store.Inbound)
	peer := role("device__peer", store.Both)
	b.write("main", node("a", "Device"), node("b", "Device"), node("c", "Device"),
		edge("a", parent, "b"), edge("c", parent, "b"), edge("b", parent, "c"),
		edge("a", local, "b"), edge("a", remote, "b"), edge("a", local, "a"),
		edge("a", peer, "b"), edge("b", peer, "a"), edge("c", peer, "a"), edge("a", peer, "a"))
	v := b.now("main")
	for _, test := range []struct {
		name string
		id   string
		role store.Role
		want []string
	}{
		{"a parent", "a", parent, []string{"b"}},
		{"children", "b", child, []string{"a", "c"}},
		{"a parent that is also a child", "c", child, []string{"b"}},
		{"no children", "a", child, []string{}},
		{"outbound, with itself", "a", local, []string{"b", "a"}},
		{"inbound, with itself", "a", remote, []string{"b", "a"}},
		{"both directions between two", "b", remote, []string{"a"}},
		{"bidirectional, joined from either end, with itself", "a", peer, []string{"b", "c", "a"}},
		{"bidirectional, the other end", "b", peer, []string{"a"}},
		{"outbound does not find bidirectional", "a", role("device__peer", store.Outbound), []string{}},
		{"bidirectional does not find outbound", "a", role("bgp", store.Both), []string{}},
		{"an identifier that nothing has", "a", role("nope", store.Both), []string{}},
		{"a node that is not there", "x", peer, []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			same(t, "peers", peers(v, test.id, test.role), test.want)
		})
	}
	same(t, "all edges of a node", len(v.Edges("a")), 1+2+2+3)
	same(t, "the opposite of bidirectional", peer.Opposite(), peer)
	same(t, "the opposite of inbound", child.Opposite(), parent)
	b.write("main", part("b", child, "a"), part("b", peer, "a"), part("a", local, "a"))
	v = b.now("main")
	same(t, "parted from the other end", peers(v, "a", parent), []string{})
	same(t, "parted from the other end, bidirectional", peers(v, "a", peer), []string{"c", "a"})
	same(t, "parted from itself", peers(v, "a", remote), []string{"b"})
}

func TestAgnosticFactsAreEverywhereAtOnce(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"))
	b.branch("old")
	on := b.branch("b")
	at := b.write("b",
		func(tx *store.Tx) error { return tx.CreateNode("pool", "Pool", store.Agnostic) },
		func(tx *store.Tx) error {
			return tx.SetAttribute("pool", store.Attribute{Name: "name", Value: "p"}, store.Agnostic)
		},
		value("pool", "note", "only here"),
		func(tx *store.Tx) error {
			return tx.SetAttribute("d", store.Attribute{Name: "serial", Value: "s"}, store.Agnostic)
		},
		func(tx *store.Tx) error {
			return tx.SetEdge("pool", site, "d", store.Properties{}, store.Agnostic)
		})
	for _, name := range []string{"main", "old", "b"} {
		v := b.now(name)
		same(t, name+": a node", read(v, "pool", "name"), any("p"))
		same(t, name+": an attribute of a node that is not agnostic", read(v, "d", "serial"), any("s"))
		same(t, name+": an edge", peers(v, "d", site), []string{"pool"})
		same(t, name+": before it was written", b.at(name, at.Add(-time.Microsecond)).Count("Pool"), 0)
	}
	same(t, "an attribute that is not agnostic", read(b.now("main"), "pool", "note"), any("-"))
	same(t, "the same, at home", read(b.now("b"), "pool", "note"), any("only here"))
	diff, err := b.Diff("b", store.DiffOptions{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the diff knows the attribute alone", fmt.Sprintln(len(diff.Nodes), diff.Nodes[0].Action, len(diff.Nodes[0].Attributes), len(diff.Nodes[0].Edges), diff.From.Equal(on.CreatedAt)), "1 UPDATED 1 0 true\n")

	b.write("b", remove("d"))
	same(t, "a node removed on a branch keeps its agnostic attribute elsewhere", read(b.now("main"), "d", "serial"), any("s"))
	same(t, "and its agnostic edge", peers(b.now("main"), "pool", site), []string{"d"})
	same(t, "which the branch does not show", peers(b.now("b"), "pool", site), []string{})
	b.write("old", remove("pool"))
	same(t, "an agnostic node is removed everywhere", []int{b.now("main").Count("Pool"), b.now("b").Count("Pool")}, []int{0, 0})
	same(t, "with what other branches knew of it", read(b.now("b"), "pool", "note"), any("-"))
	same(t, "but not in the past", b.at("main", at).Count("Pool"), 1)
	if diff, err := b.Diff("b", store.DiffOptions{}); err != nil || len(diff.Nodes) != 1 || diff.Nodes[0].ID != "d" {
		t.Errorf("%+v, error %v", diff, err)
	}
}

func TestABranchCopiesNothing(t *testing.T) {
	const branches, limit = 100, 4096 // bytes for each
	s := load(t, 500, 0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range branches {
		if _, err := s.CreateBranch(store.NewBranch{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	// A copy of no more than an index for each of the 5,000 attributes would
	// take 20,000 bytes.
	if each := (after.TotalAlloc - before.TotalAlloc) / branches; each > limit {
		t.Errorf("a branch took %d bytes, more than %d", each, limit)
	}
}

func TestAnAgnosticNodeMadeAgainIsANewOne(t *testing.T) {
	b := newBed(t)
	pool := func(tx *store.Tx) error { return tx.CreateNode("pool", "Pool", store.Agnostic) }
	at := b.write("main", pool, value("pool", "note", "old"), node("d", "Device"), edge("pool", site, "d"))
	b.branch("b")
	b.write("b", value("pool", "other", "old"))
	b.branch("c")
	b.write("c", remove("pool"), pool)
	if _, err := b.CreateBranch(store.NewBranch{Name: "past", At: at}); err != nil {
		t.Fatal(err)
	}
	for _, branch := range b.Branches() {
		v := b.now(branch.Name)
		same(t, branch.Name, []int{v.Count("Pool"), len(v.Attributes("pool")), len(v.Edges("d"))}, []int{1, 0, 0})
		if !branch.IsDefault {
			same(t, "nodes in the diff of "+branch.Name, len(b.diff(branch.Name, store.DiffOptions{}).Nodes), 0)
		}
	}
	same(t, "before", len(b.at("main", at).Edges("pool")), 1)
}

func TestLocalFactsStayOnTheirBranch(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"))
	b.branch("b")
	local := func(text string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.SetAttribute("d", store.Attribute{Name: "commit", Value: text}, store.Local)
		}
	}
	b.write("b", local("on b"), func(tx *store.Tx) error { return tx.CreateNode("g", "Device", store.Local) })
	b.write("main", local("on main"))
	if diff, err := b.Diff("b", store.DiffOptions{}); err != nil || len(diff.Nodes) > 0 || len(diff.Conflicts) > 0 {
		t.Errorf("%+v, error %v", diff, err)
	}
	if _, err := b.Rebase("b", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	same(t, "after a rebase", []any{read(b.now("b"), "d", "commit"), b.now("b").Count("Device")}, []any{"on b", 2})
	if _, err := b.Merge("b", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	same(t, "after a merge", []any{read(b.now("main"), "d", "commit"), b.now("main").Count("Device")}, []any{"on main", 1})
	b.branch("later")
	same(t, "a later branch sees those of main", read(b.now("later"), "d", "commit"), any("on main"))
}

func TestFind(t *testing.T) {
	b := newBed(t)
	b.write("main", node("1", "Device"), node("2", "Device"), node("3", "Site"), node("4", "Rack"), node("5", "Rack"))
	b.write("main", value("2", "name", "x"), value("3", "name", "x"), value("1", "name", "x"), value("4", "name", nil),
		value("1", "n", 1), value("2", "n", 1.0), value("3", "n", "1"), value("4", "n", []any{1}), value("5", "n", map[string]any{"a": 1}))
	b.branch("b")
	b.write("b", value("1", "name", "y"), value("1", "name", "z"), remove("2"))
	b.write("main", value("1", "name", "y"), value("1", "name", "x"), value("1", "other", "y"))
	for _, test := range []struct {
		name      string
		branch    string
		attribute string
		value     any
		kinds     []string
		want      []string
	}{
		{"a text, in the order of creation", "main", "name", "x", []string{"Site", "Device"}, []string{"1", "2", "3"}},
		{"kinds twice", "main", "name", "x", []string{"Device", "Device"}, []string{"1", "2"}},
		{"of one kind", "main", "name", "x", []string{"Site"}, []string{"3"}},
		{"of no kind", "main", "name", "x", nil, []string{}},
		{"of an unknown kind", "main", "name", "x", []string{"Nope"}, []string{}},
		{"a value of the past", "main", "name", "y", []string{"Device"}, []string{}},
		{"on a branch", "b", "name", "z", []string{"Device"}, []string{"1"}},
		{"on a branch, changed and removed there", "b", "name", "x", []string{"Device", "Site"}, []string{"3"}},
		{"null", "main", "name", nil, []string{"Rack"}, []string{"4"}},
		{"an integer", "main", "n", 1, []string{"Device", "Site"}, []string{"1"}},
		{"a float", "main", "n", 1.0, []string{"Device", "Site"}, []string{"2"}},
		{"a list", "main", "n", []int{1}, []string{"Rack"}, []string{"4"}},
		{"an object", "main", "n", map[string]int{"a": 1}, []string{"Rack"}, []string{"5"}},
		{"an unknown attribute", "main", "nope", "x", []string{"Device"}, []string{}},
		{"a value that nothing has", "main", "name", "nope", []string{"Device"}, []string{}},
		{"what is no value", "main", "name", func() {}, []string{"Device"}, []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := []string{}
			for _, n := range b.now(test.branch).Find(test.attribute, test.value, test.kinds...) {
				got = append(got, n.ID)
			}
			same(t, "nodes", got, test.want)
		})
	}
}

func TestListsAreInTheOrderOfCreation(t *testing.T) {
	b := newBed(t)
	b.write("main", node("z", "Device"), node("y", "Site"), node("x", "Device"))
	b.branch("b")
	b.write("b", node("w", "Device"))
	b.write("main", node("v", "Device"), remove("z"))
	ids := func(branch string, kinds ...string) []string {
		list := []string{}
		for _, n := range b.now(branch).Nodes(kinds...) {
			list = append(list, n.ID)
		}
		return list
	}
	same(t, "main", ids("main", "Device"), []string{"x", "v"})
	same(t, "a branch", ids("b", "Device"), []string{"z", "x", "w"})
	same(t, "of several kinds", ids("b", "Site", "Nope", "Device"), []string{"z", "y", "x", "w"})
	same(t, "of a kind named twice", ids("b", "Site", "Site"), []string{"y"})
	same(t, "of no kind", ids("b"), []string{})
	if _, err := b.Merge("b", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	b.write("main", node("z", "Device"))
	same(t, "after a merge, and with a node made again", ids("main", "Device"), []string{"z", "x", "w", "v"})
}

func TestValuesBelongToTheirReader(t *testing.T) {
	b := newBed(t)
	given := map[string]any{"list": []any{"a"}}
	b.write("main", node("d", "Device"), value("d", "facts", given))
	given["list"].([]any)[0] = "changed by the writer"
	got, _ := b.now("main").Attribute("d", "facts")
	got.Value.(map[string]any)["list"].([]any)[0] = "changed by a reader"
	same(t, "value", read(b.now("main"), "d", "facts"), any(map[string]any{"list": []any{"a"}}))
}

func TestTimesIncreaseWhateverTheClockSays(t *testing.T) {
	b := newBed(t)
	first := b.write("main", node("d", "Device"))
	b.clock = b.clock.Add(-time.Hour)
	second := b.write("main", value("d", "name", 1))
	third := b.branch("b").CreatedAt
	fourth := b.write("b", value("d", "name", 2))
	same(t, "times", []time.Time{second, third, fourth}, []time.Time{
		first.Add(time.Microsecond), first.Add(2 * time.Microsecond), first.Add(3 * time.Microsecond),
	})
	same(t, "as text", fourth.Format(store.TimeLayout), "2026-11-22T12:00:01.000003+00:00")
}

func TestIDsAreUniqueAndSortByTime(t *testing.T) {
	s := store.New(store.Options{Clock: func() time.Time { return time.Unix(0, 0x18ea5eef67c74342) }})
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	before := ""
	for range 1000 {
		id := s.NewID()
		if !shape.MatchString(id) || id <= before {
			t.Fatalf("%s after %s", id, before)
		}
		before = id
	}
	b := newBed(t)
	main, _ := b.Branch("main")
	same(t, "id", main.ID, fmt.Sprintf("%08x-%04x-%04x-e372-1a89e016294b", b.clock.UnixNano()>>32, b.clock.UnixNano()>>16&0xffff, b.clock.UnixNano()&0xffff))
}

func TestViewsAreFrozen(t *testing.T) {
	b := newBed(t)
	at := b.write("main", node("d", "Device"), value("d", "name", 1))
	v := b.now("main")
	same(t, "branch and time", []any{v.Branch(), v.At()}, []any{"main", at})
	before := everything(v)
	b.write("main", value("d", "name", 2), node("e", "Device"), edge("e", site, "d"))
	b.branch("b")
	b.write("b", value("d", "name", 3))
	if _, err := b.Merge("b", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	same(t, "a view kept from earlier", everything(v), before)
	if _, ok := v.Node("e"); ok || len(v.Attributes("e"))+len(v.Edges("e"))+len(v.Peers("e", site)) > 0 {
		t.Error("an old view shows a new node")
	}
}

func TestReadersAndWritersDoNotDisturbEachOther(t *testing.T) {
	s := store.New(store.Options{})
	if _, err := s.Update("main", "", func(tx *store.Tx) error {
		return errors.Join(node("total", "Total")(tx), value("total", "n", 0)(tx))
	}); err != nil {
		t.Fatal(err)
	}
	const writers, rounds = 4, 50
	var group sync.WaitGroup
	work := func(do func(i int) error) {
		group.Go(func() {
			for i := range rounds {
				if err := do(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	// Each round adds a node and counts it; a reader must never see one without
	// the other, and no writer must overwrite the count of another.
	add := func() error {
		_, err := s.Update("main", "w", func(tx *store.Tx) error {
			n, _ := tx.View().Attribute("total", "n")
			id := s.NewID()
			return errors.Join(node(id, "Device")(tx), value(id, "name", id)(tx), edge(id, site, "total")(tx),
				value("total", "n", n.Value.(int64)+1)(tx))
		})
		return err
	}
	for range writers {
		work(func(int) error { return add() })
	}
	consistent := func(v *store.View) error {
		n, _ := v.Attribute("total", "n")
		if count := v.Count("Device"); int64(count) != n.Value || count != len(v.Peers("total", site)) {
			return fmt.Errorf("%d devices, %d peers, and the total is %v", count, len(v.Peers("total", site)), n.Value)
		}
		return nil
	}
	for range 2 {
		work(func(int) error {
			v, err := s.View("main", time.Time{})
			if err != nil {
				return err
			}
			return consistent(v)
		})
	}
	work(func(i int) error {
		name := fmt.Sprint("b", i)
		if _, err := s.CreateBranch(store.NewBranch{Name: name}); err != nil {
			return err
		}
		if _, err := s.Update(name, "w", value("total", name, i)); err != nil {
			return err
		}
		status := store.StatusMerging
		if _, err := s.EditBranch(name, store.BranchEdit{Status: &status}); err != nil {
			return err
		}
		if _, err := s.Rebase(name, store.MergeOptions{}); err != nil {
			return err
		}
		_, err := s.Merge(name, store.MergeOptions{})
		return err
	})
	work(func(int) error {
		_, err := s.Diff(s.Branches()[0].Name, store.DiffOptions{})
		return err
	})
	work(func(int) error {
		var file strings.Builder
		if _, err := s.WriteTo(&file); err != nil {
			return err
		}
		read, err := store.Read(strings.NewReader(file.String()), store.Options{})
		if err != nil {
			return err
		}
		v, err := read.View("main", time.Time{})
		if err != nil {
			return err
		}
		return consistent(v)
	})
	work(func(int) error {
		_, err := s.Update("main", "w", func(tx *store.Tx) error {
			return errors.Join(node(s.NewID(), "Device")(tx), value("total", "n", -1)(tx), errGiveUp)
		})
		if !errors.Is(err, errGiveUp) {
			return err
		}
		return nil
	})
	group.Wait()
	v, err := s.View("main", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "devices", v.Count("Device"), writers*rounds)
	same(t, "values merged", len(v.Attributes("total")), 1+rounds)
}

var errGiveUp = errors.New("given up")

package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/store"
)

func (b *bed) diff(branch string, options store.DiffOptions) *store.Diff {
	b.Helper()
	d, err := b.Diff(branch, options)
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// devicesHaveOneSite is the schema of these tests.
func devicesHaveOneSite(kind string, r store.Role) store.Cardinality {
	switch {
	case kind == "Device" && r == site:
		return store.One
	case kind == "Tag":
		return store.Undeclared
	default:
		return store.Many
	}
}

func TestADiffTellsWhatChangedNodeByNode(t *testing.T) {
	b := newBed(t)
	tags := role("device__tag", store.Outbound)
	old := b.write("main", node("d", "Device"), value("d", "name", "old"), value("d", "mtu", 1500), value("d", "back", 1),
		node("gone", "Device"), value("gone", "name", "g"), node("s", "Site"), node("t", "Tag"), edge("gone", site, "s"), edge("d", tags, "t"))
	branched := b.branch("b")
	b.write("b", withProperties("d", "name", "new", store.Properties{IsProtected: true, Source: "s"}), value("d", "back", 2))
	first := b.write("b", node("n", "Device"), value("n", "name", "n"), edge("n", site, "s"))
	last := b.write("b", remove("gone"), value("d", "back", 1), part("d", tags, "t"))
	b.write("main", value("d", "mtu", 9000), node("other", "Device"))

	attribute := func(name string, v any, at time.Time) *store.Attribute {
		return &store.Attribute{Name: name, Value: v, UpdatedAt: at, UpdatedBy: "alice"}
	}
	link := func(r store.Role, peer string, at time.Time) *store.Edge {
		return &store.Edge{Role: r, Peer: peer, CreatedAt: at, CreatedBy: "alice", UpdatedAt: at, UpdatedBy: "alice"}
	}
	changed := attribute("name", "new", branched.CreatedAt.Add(time.Second))
	changed.Properties = store.Properties{IsProtected: true, Source: "s"}
	related, whole := []store.Property{store.PropertyRelated}, []store.Property{store.PropertyValue}
	d := b.diff("b", store.DiffOptions{Cardinalities: devicesHaveOneSite})
	same(t, "diff", d, &store.Diff{
		Branch: "b", From: branched.BranchedFrom, To: last.Add(time.Second),
		Nodes: []store.NodeChange{
			{
				ID: "d", Kind: "Device", Action: store.Updated, At: last, By: "alice",
				Attributes: []store.AttributeChange{{
					Name: "name", Action: store.Updated, At: changed.UpdatedAt, By: "alice",
					Properties: []store.Property{store.PropertyValue, store.PropertyProtected, store.PropertySource},
					Old:        attribute("name", "old", old), New: changed,
				}},
				Edges: []store.EdgeChange{{Role: tags, Peer: "t", Action: store.Removed, Properties: related, Old: link(tags, "t", old), At: last, By: "alice"}},
			},
			{
				ID: "gone", Kind: "Device", Action: store.Removed, At: last, By: "alice",
				Attributes: []store.AttributeChange{{Name: "name", Action: store.Removed, Properties: whole, Old: attribute("name", "g", old), At: last, By: "alice"}},
				Edges:      []store.EdgeChange{{Role: site, Peer: "s", Action: store.Removed, Properties: related, Old: link(site, "s", old), At: last, By: "alice"}},
			},
			{
				ID: "s", Kind: "Site", Action: store.Updated, At: last, By: "alice",
				Edges: []store.EdgeChange{
					{Role: site, Peer: "n", Action: store.Added, Properties: related, New: link(site, "n", first), At: first, By: "alice"},
					{Role: site, Peer: "gone", Action: store.Removed, Properties: related, Old: link(site, "gone", old), At: last, By: "alice"},
				},
			},
			{
				ID: "n", Kind: "Device", Action: store.Added, At: first, By: "alice",
				Attributes: []store.AttributeChange{{Name: "name", Action: store.Added, Properties: whole, New: attribute("name", "n", first), At: first, By: "alice"}},
				Edges:      []store.EdgeChange{{Role: site, Peer: "s", Action: store.Added, Properties: related, New: link(site, "s", first), At: first, By: "alice"}},
			},
		},
	})
}

func TestADiffOfASpanOfTime(t *testing.T) {
	b := newBed(t)
	start := b.write("main", node("d", "Device"), value("d", "name", 0))
	branched := b.branch("b").BranchedFrom
	one := b.write("b", value("d", "name", 1))
	two := b.write("b", value("d", "name", 2))
	onMain := b.write("main", value("d", "name", 7))
	describe := func(d *store.Diff) string {
		text := fmt.Sprintf("%s to %s:", d.From.Sub(start), d.To.Sub(start))
		for _, n := range d.Nodes {
			text += fmt.Sprintf(" %s %s", n.ID, n.Action)
			for _, a := range n.Attributes {
				text += fmt.Sprintf(" %s", a.Name)
				if a.Old != nil {
					text += fmt.Sprintf(" from %v", a.Old.Value)
				}
				if a.New != nil {
					text += fmt.Sprintf(" to %v", a.New.Value)
				}
			}
		}
		return fmt.Sprintf("%s, %d conflicts", text, len(d.Conflicts))
	}
	for _, test := range []struct {
		name     string
		branch   string
		from, to time.Time
		want     string
	}{
		{"all of it", "b", current, current, "1s to 4s: d UPDATED name from 0 to 2, 1 conflicts"},
		{"from the start of the branch", "b", branched, current, "1s to 4s: d UPDATED name from 0 to 2, 1 conflicts"},
		{"from before the branch", "b", start, current, "1s to 4s: d UPDATED name from 0 to 2, 1 conflicts"},
		{"up to a time", "b", current, one, "1s to 2s: d UPDATED name from 0 to 1, 0 conflicts"},
		{"from a time", "b", one, current, "2s to 4s: d UPDATED name from 1 to 2, 1 conflicts"},
		{"from one time to another", "b", one, two, "2s to 3s: d UPDATED name from 1 to 2, 0 conflicts"},
		{"nothing new", "b", onMain, current, "4s to 4s:, 1 conflicts"},
		{"up to before the branch", "b", current, start, "0s to 0s:, 0 conflicts"},
		{"of main since the branch", "main", branched, current, "1s to 4s: d UPDATED name from 0 to 7, 0 conflicts"},
		{"of main since the beginning", "main", current, current, "-1s to 4s: d ADDED name to 7, 0 conflicts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			same(t, "diff", describe(b.diff(test.branch, store.DiffOptions{From: test.from, To: test.to})), test.want)
		})
	}
	resolve := store.MergeOptions{Resolutions: map[store.Place]store.Resolution{
		{Node: "d", Attribute: "name", Property: store.PropertyValue}: store.KeepBranch,
	}}
	if _, err := b.Rebase("b", resolve); err != nil {
		t.Fatal(err)
	}
	same(t, "after a rebase", describe(b.diff("b", store.DiffOptions{})), "4.000001s to 4.000001s: d UPDATED name from 7 to 2, 0 conflicts")
	same(t, "from before a rebase", describe(b.diff("b", store.DiffOptions{From: one})), "4.000001s to 4.000001s: d UPDATED name from 7 to 2, 0 conflicts")
	same(t, "up to before a rebase", describe(b.diff("b", store.DiffOptions{To: two})), "1s to 3s: d UPDATED name from 0 to 2, 0 conflicts")
}

// conflictTest is a change of main and one of a branch, both after the same
// beginning.
type conflictTest struct {
	name   string
	main   []func(*store.Tx) error
	branch []func(*store.Tx) error
	want   []store.Conflict // without times and authors
	// What the default branch shows after a merge that keeps the branch's side
	// of all conflicts, or main's.
	branchWins, mainWins string
}

var (
	link  = role("device__link", store.Both)
	label = role("tag__label", store.Outbound)
)

func TestConflicts(t *testing.T) {
	type writes = []func(*store.Tx) error
	const name, related = "name", store.PropertyRelated
	conflict := func(kind string, place store.Place, main, branch store.Outcome) []store.Conflict {
		return []store.Conflict{{Place: place, Kind: kind, Resolvable: true, Default: main, Branch: branch}}
	}
	updated := func(v any) store.Outcome { return store.Outcome{Action: store.Updated, Value: v} }
	added := func(v any) store.Outcome { return store.Outcome{Action: store.Added, Value: v} }
	gone := store.Outcome{Action: store.Removed}
	protect := func(id string, r store.Role, peer string, p store.Properties) func(*store.Tx) error {
		return func(tx *store.Tx) error { return tx.SetEdge(id, r, peer, p, store.Aware) }
	}
	tags := role("device__tag", store.Outbound)
	for _, test := range []conflictTest{
		{
			name: "two values", main: writes{value("d", name, "m")}, branch: writes{value("d", name, "b")},
			want:       conflict("Device", store.Place{Node: "d", Attribute: name, Property: store.PropertyValue}, updated("m"), updated("b")),
			branchWins: "name=b site=s1", mainWins: "name=m site=s1",
		},
		{
			name: "the same value", main: writes{value("d", name, "x")}, branch: writes{value("d", name, "x")},
			branchWins: "name=x site=s1",
		},
		{
			name: "two attributes", main: writes{value("d", "mtu", 1)}, branch: writes{value("d", name, "b")},
			branchWins: "mtu=1 name=b site=s1",
		},
		{
			name: "an attribute new to both", main: writes{value("d", "mtu", 1)}, branch: writes{value("d", "mtu", 2)},
			want:       conflict("Device", store.Place{Node: "d", Attribute: "mtu", Property: store.PropertyValue}, added(int64(1)), added(int64(2))),
			branchWins: "mtu=2 name=old site=s1", mainWins: "mtu=1 name=old site=s1",
		},
		{
			name:       "two properties of an attribute",
			main:       writes{withProperties("d", name, "old", store.Properties{Owner: "o"})},
			branch:     writes{withProperties("d", name, "b", store.Properties{Source: "s"})},
			branchWins: "name=b{false s o} site=s1",
		},
		{
			name:   "two sources and owners",
			main:   writes{withProperties("d", name, "m", store.Properties{Source: "x", Owner: "x"})},
			branch: writes{withProperties("d", name, "m", store.Properties{Source: "y"})},
			want: conflict("Device", store.Place{Node: "d", Attribute: name, Property: store.PropertySource},
				updated("x"), updated("y")),
			branchWins: "name=m{false y x} site=s1", mainWins: "name=m{false x x} site=s1",
		},
		{
			name:   "a source changed and taken away",
			main:   writes{withProperties("d", "role", "leaf", store.Properties{Source: "y"})},
			branch: writes{withProperties("d", "role", "leaf", store.Properties{})},
			want: conflict("Device", store.Place{Node: "d", Attribute: "role", Property: store.PropertySource},
				updated("y"), updated(nil)),
			branchWins: "name=old site=s1", mainWins: "name=old site=s1",
		},
		{
			name:   "an attribute removed and changed",
			main:   writes{func(tx *store.Tx) error { return tx.DeleteAttribute("d", name) }},
			branch: writes{value("d", name, "b")},
			want: conflict("Device", store.Place{Node: "d", Attribute: name, Property: store.PropertyValue},
				gone, updated("b")),
			branchWins: "name=b site=s1", mainWins: "site=s1",
		},
		{
			name:   "an attribute changed and removed",
			main:   writes{value("d", name, "m")},
			branch: writes{func(tx *store.Tx) error { return tx.DeleteAttribute("d", name) }},
			want: conflict("Device", store.Place{Node: "d", Attribute: name, Property: store.PropertyValue},
				updated("m"), gone),
			branchWins: "site=s1", mainWins: "name=m site=s1",
		},
		{
			name:   "a node removed on main and changed on the branch",
			main:   writes{remove("d")},
			branch: writes{value("d", name, "b")},
			want:   []store.Conflict{{Place: store.Place{Node: "d"}, Kind: "Device", Default: gone, Branch: updated(nil)}},
		},
		{
			name:   "a node removed on the branch and joined on main",
			main:   writes{edge("e", site, "s2")},
			branch: writes{remove("s2")},
			want:   []store.Conflict{{Place: store.Place{Node: "s2"}, Kind: "Site", Default: updated(nil), Branch: gone}},
		},
		{
			name: "a node removed on both", main: writes{remove("d")}, branch: writes{remove("d")},
			branchWins: "",
		},
		{
			name:       "a node removed whose kind does not declare that it was joined",
			main:       writes{edge("d", tags, "t")},
			branch:     writes{remove("t")},
			branchWins: "name=old site=s1",
		},
		{
			name:   "two peers where one may be",
			main:   writes{part("d", site, "s1"), edge("d", site, "s2")},
			branch: writes{part("d", site, "s1"), edge("d", site, "s3")},
			want: conflict("Device", store.Place{Node: "d", Role: site, Property: related},
				updated("s2"), updated("s3")),
			branchWins: "name=old site=s3", mainWins: "name=old site=s2",
		},
		{
			name:   "a peer where one may be, and none",
			main:   writes{part("d", site, "s1"), edge("d", site, "s2")},
			branch: writes{part("d", site, "s1")},
			want: conflict("Device", store.Place{Node: "d", Role: site, Property: related},
				updated("s2"), gone),
			branchWins: "name=old", mainWins: "name=old site=s2",
		},
		{
			name:   "two first peers where one may be",
			main:   writes{edge("e", site, "s2")},
			branch: writes{edge("e", site, "s3")},
			want: conflict("Device", store.Place{Node: "e", Role: site, Property: related},
				added("s2"), added("s3")),
			branchWins: "name=old site=s1 e=s3", mainWins: "name=old site=s1 e=s2",
		},
		{
			name:       "the same peer where one may be",
			main:       writes{part("d", site, "s1"), edge("d", site, "s2")},
			branch:     writes{part("d", site, "s1"), edge("d", site, "s2")},
			branchWins: "name=old site=s2",
		},
		{
			name:       "two peers where many may be",
			main:       writes{edge("d", tags, "t")},
			branch:     writes{edge("d", tags, "u")},
			branchWins: "name=old site=s1 tags=u,t",
		},
		{
			name:   "an edge moved away and changed",
			main:   writes{part("d", site, "s1"), edge("d", site, "s2")},
			branch: writes{protect("d", site, "s1", store.Properties{IsProtected: true})},
			want: conflict("Device", store.Place{Node: "d", Role: site, Peer: "s1", Property: related},
				gone, updated("s1")),
			branchWins: "name=old site=s1{true  }", mainWins: "name=old site=s2",
		},
		{
			name:       "two properties of an edge",
			main:       writes{protect("d", site, "s1", store.Properties{Owner: "o"})},
			branch:     writes{protect("d", site, "s1", store.Properties{IsProtected: true})},
			branchWins: "name=old site=s1{true  o}",
		},
		{
			name:   "one property of an edge, two ways",
			main:   writes{protect("d", site, "s1", store.Properties{Owner: "o"})},
			branch: writes{protect("d", site, "s1", store.Properties{Owner: "p"})},
			want: conflict("Device", store.Place{Node: "d", Role: site, Peer: "s1", Property: store.PropertyOwner},
				updated("o"), updated("p")),
			branchWins: "name=old site=s1{false  p}", mainWins: "name=old site=s1{false  o}",
		},
		{
			name:   "an edge without direction is named from the lesser id",
			main:   writes{protect("s1", link, "d", store.Properties{Owner: "o"})},
			branch: writes{protect("s1", link, "d", store.Properties{Owner: "p"})},
			want: conflict("Device", store.Place{Node: "d", Role: link, Peer: "s1", Property: store.PropertyOwner},
				updated("o"), updated("p")),
			branchWins: "name=old site=s1", mainWins: "name=old site=s1",
		},
		{
			name:   "an edge is named from the end that declares it",
			main:   writes{protect("t", label, "d", store.Properties{Owner: "o"})},
			branch: writes{protect("t", label, "d", store.Properties{Owner: "p"})},
			want: conflict("Device", store.Place{Node: "d", Role: label.Opposite(), Peer: "t", Property: store.PropertyOwner},
				updated("o"), updated("p")),
			branchWins: "name=old site=s1", mainWins: "name=old site=s1",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, resolution := range []store.Resolution{0, store.KeepBranch, store.KeepDefault} {
				test.run(t, resolution)
			}
		})
	}
}

func (test conflictTest) run(t *testing.T, resolution store.Resolution) {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "name", "old"),
		withProperties("d", "role", "leaf", store.Properties{Source: "x"}), node("e", "Device"),
		node("s1", "Site"), node("s2", "Site"), node("s3", "Site"), node("t", "Tag"), node("u", "Tag"), edge("d", site, "s1"), edge("s1", link, "d"), edge("t", label, "d"))
	b.branch("b")
	onBranch := b.write("b", test.branch...)
	onMain := b.write("main", test.main...)
	got := b.diff("b", store.DiffOptions{Cardinalities: devicesHaveOneSite}).Conflicts
	options := store.MergeOptions{Cardinalities: devicesHaveOneSite, Resolutions: map[store.Place]store.Resolution{}}
	unresolvable := 0
	for i := range got {
		same(t, "who and when", []any{got[i].Default.At, got[i].Default.By, got[i].Branch.At, got[i].Branch.By}, []any{onMain, "alice", onBranch, "alice"})
		got[i].Default.At, got[i].Default.By, got[i].Branch.At, got[i].Branch.By = current, "", current, ""
		options.Resolutions[got[i].Place] = resolution
		if !got[i].Resolvable {
			unresolvable++
		}
	}
	same(t, "conflicts", got, test.want)

	before := everything(b.now("main"))
	branch, _ := b.Branch("b")
	at, err := b.Merge("b", options)
	if len(test.want) > 0 && resolution == 0 || unresolvable > 0 {
		conflict := &store.ConflictError{}
		if !errors.As(err, &conflict) || len(conflict.Conflicts) != len(test.want) || conflict.Branch != "b" {
			t.Errorf("error %v", err)
		}
		same(t, "main after a merge that failed", everything(b.now("main")), before)
		after, _ := b.Branch("b")
		same(t, "the branch after a merge that failed", after, branch)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	want := test.branchWins
	if resolution == store.KeepDefault && len(test.want) > 0 {
		want = test.mainWins
	}
	same(t, "main after the merge", describeDevice(b.now("main")), want)
	branch.Status = store.StatusMerged
	after, _ := b.Branch("b")
	same(t, "the branch after the merge", after, branch)
	same(t, "main before the merge", everything(b.at("main", at.Add(-time.Microsecond))), before)
}

// describeDevice writes what a view shows of the device d, and of the site of e.
func describeDevice(v *store.View) string {
	text := ""
	add := func(name string, value any, p store.Properties) {
		if text != "" {
			text += " "
		}
		text += fmt.Sprintf("%s=%v", name, value)
		if p != (store.Properties{}) {
			text += fmt.Sprint(p)
		}
	}
	for _, name := range []string{"mtu", "name"} {
		if a, ok := v.Attribute("d", name); ok {
			add(name, a.Value, a.Properties)
		}
	}
	for _, e := range v.Peers("d", site) {
		add("site", e.Peer, e.Properties)
	}
	for _, e := range v.Peers("e", site) {
		add("e", e.Peer, e.Properties)
	}
	tags := ""
	for _, e := range v.Peers("d", role("device__tag", store.Outbound)) {
		tags += "," + e.Peer
	}
	if tags != "" {
		add("tags", tags[1:], store.Properties{})
	}
	return text
}

func TestAConflictTellsOfTheNewestChange(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "name", "old"), value("d", "mtu", 1))
	b.branch("b")
	b.write("b", value("d", "mtu", 2))
	b.write("b", value("d", "name", "b"))
	at := b.write("b", value("d", "mtu", 3))
	b.write("b", value("d", "mtu", 4), value("d", "mtu", 3), value("d", "extra", 1), func(tx *store.Tx) error { return tx.DeleteAttribute("d", "extra") })
	b.write("main", remove("d"))
	told := func() time.Time {
		t.Helper()
		conflicts := b.diff("b", store.DiffOptions{}).Conflicts
		if len(conflicts) != 1 {
			t.Fatalf("%+v", conflicts)
		}
		return conflicts[0].Branch.At
	}
	same(t, "of what changed first", told(), at.Add(time.Second))
	at = b.write("b", value("d", "name", "c"))
	same(t, "of what changed last", told(), at)
}

func TestAMergeDoesNotJoinWhatIsGone(t *testing.T) {
	b := newBed(t)
	tags := role("device__tag", store.Outbound)
	b.write("main", node("d", "Device"), node("t", "Tag"))
	b.branch("b")
	b.write("b", edge("d", tags, "t"))
	b.write("main", remove("t"))
	if _, err := b.Merge("b", store.MergeOptions{Cardinalities: devicesHaveOneSite}); err != nil {
		t.Fatal(err)
	}
	b.write("main", node("t", "Tag"))
	same(t, "peers", peers(b.now("main"), "d", tags), []string{})
}

func TestWhatIsHiddenWithAnAgnosticNodeIsNoChange(t *testing.T) {
	b := newBed(t)
	b.write("main", func(tx *store.Tx) error { return tx.CreateNode("pool", "Pool", store.Agnostic) },
		node("d", "Device"), value("pool", "note", "old"), edge("pool", site, "d"))
	b.branch("b")
	b.write("b", value("pool", "note", "new"), part("pool", site, "d"), edge("pool", site, "d"), value("d", "name", "x"))
	same(t, "before", len(b.diff("b", store.DiffOptions{}).Nodes), 2)
	b.write("main", remove("pool"))
	after := b.diff("b", store.DiffOptions{})
	if len(after.Nodes) != 1 || after.Nodes[0].ID != "d" || len(after.Conflicts) > 0 {
		t.Errorf("%+v", after)
	}
}

func TestAMergeKeepsAuthorsAndGivesOneTime(t *testing.T) {
	b := newBed(t)
	b.write("main", node("s", "Site"))
	b.branch("b")
	b.write("b", node("d", "Device"), value("d", "name", "x"))
	b.write("b", edge("d", site, "s"))
	b.clock = b.clock.Add(time.Hour)
	at, err := b.Merge("b", store.MergeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := b.now("main").Node("d")
	same(t, "the new node", d, store.Node{ID: "d", Kind: "Device", CreatedAt: at, CreatedBy: "alice", UpdatedAt: at, UpdatedBy: "alice"})
	name, _ := b.now("main").Attribute("d", "name")
	same(t, "its attribute", name, store.Attribute{Name: "name", Value: "x", UpdatedAt: at, UpdatedBy: "alice"})
	same(t, "its edge", b.now("main").Peers("d", site)[0].CreatedAt, at)
	same(t, "the branch shows what it showed", b.now("b").Peers("d", site)[0].CreatedAt.Before(at), true)
	same(t, "conflicts of a merged branch", len(b.diff("b", store.DiffOptions{}).Conflicts), 0)
}

func TestARebaseBringsWhatIsNewAndKeepsHistory(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "name", "old"), value("d", "role", "leaf"))
	b.branch("b")
	mine := b.write("b", value("d", "name", "mine"))
	b.write("main", value("d", "role", "spine"))
	b.clock = b.clock.Add(time.Hour)
	at, err := b.Rebase("b", store.MergeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	branch, _ := b.Branch("b")
	same(t, "branched from", branch.BranchedFrom, at)
	same(t, "now", []any{read(b.now("b"), "d", "name"), read(b.now("b"), "d", "role")}, []any{"mine", "spine"})
	same(t, "before", []any{read(b.at("b", mine), "d", "name"), read(b.at("b", mine), "d", "role")}, []any{"mine", "leaf"})
	a, _ := b.now("b").Attribute("d", "name")
	same(t, "time and author of an own change", []any{a.UpdatedAt, a.UpdatedBy}, []any{at, "alice"})
	b.write("main", value("d", "role", "edge"))
	same(t, "what is newer than the rebase", read(b.now("b"), "d", "role"), any("spine"))

	// An own change that became the same as main's is no longer a change.
	b.write("main", value("d", "name", "mine"))
	if _, err := b.Rebase("b", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	b.write("main", value("d", "name", "main's again"))
	same(t, "diff", len(b.diff("b", store.DiffOptions{}).Nodes), 0)
	if _, err := b.Rebase("b", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	same(t, "a change given up", read(b.now("b"), "d", "name"), any("main's again"))
}

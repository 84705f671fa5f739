package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/sandbox/store"
)

// machine plays the same random calls to a store and to the model.
type machine struct {
	store  *store.Store
	model  *model
	clock  time.Time
	times  []time.Time
	frozen []frozen
}

// frozen is a view and what it must show for ever.
type frozen struct {
	view *store.View
	want []string
}

var (
	someIDs     = []string{"A-1", "A-2", "A-3", "B-1", "B-2", "Global-1", "Global-2", "Local-1"}
	someNames   = []string{"name", "role", "GlobalNote", "LocalNote"}
	someEdges   = []string{"site", "pair", "tag", "Globalsite", "Globalpair", "Localsite"}
	someAuthors = []string{"alice", "bob"}
	someValues  = []any{nil, "x", "y", int64(1), float64(1), true}
	someOwners  = []string{"", "A-1", "carol"}
)

func pick[T any](t *rapid.T, from []T, label string) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func newMachine() *machine {
	m := &machine{clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	m.store = store.New(m.options())
	main, err := m.store.Branch("main")
	if err != nil {
		panic(err)
	}
	m.model = newModel(main)
	m.times = []time.Time{main.CreatedAt}
	return m
}

func (m *machine) options() store.Options {
	return store.Options{Clock: func() time.Time { return m.clock }}
}

// tick moves the clock, sometimes not at all and sometimes back.
func (m *machine) tick(t *rapid.T) {
	m.clock = m.clock.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "microseconds")) * time.Microsecond)
}

func TestTheStoreBehavesLikeCopiesOfMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine()
		t.Repeat(map[string]func(*rapid.T){
			"":              m.check,
			"write":         m.write,
			"write more":    m.write,
			"create branch": m.createBranch,
			"delete branch": m.deleteBranch,
			"merge":         m.merge,
			"rebase":        m.rebase,
			"diff":          m.diff,
			"travel":        m.travel,
			"find":          m.find,
			"save and load": m.reload,
		})
		for _, f := range m.frozen {
			expect(t, "a view kept from earlier", dump(f.view), f.want)
		}
	})
}

// Random calls rarely lead two branches to contradict each other in all the ways
// there are, so this test leads them there.
func TestMergesBehaveLikeThoseOfMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine()
		m.populate(t)
		m.create(t, store.NewBranch{Name: "b1"})
		for range rapid.IntRange(1, 3).Draw(t, "rounds") {
			for range rapid.IntRange(2, 12).Draw(t, "writes") {
				m.writeTo(t, pick(t, m.model.order, "branch"))
			}
			m.diff(t)
			if rapid.Bool().Draw(t, "rebase") {
				m.rebase(t)
			} else {
				m.merge(t)
			}
			m.check(t)
			m.diff(t)
			if m.model.branches["b1"].merged {
				break
			}
		}
	})
}

// populate gives the default branch some nodes, attributes and edges.
func (m *machine) populate(t *rapid.T) {
	changed := m.model.clone()
	at, err := m.store.Update("main", "alice", func(tx *store.Tx) error {
		mtx := &modelTx{m: changed, b: changed.branches["main"], at: tx.At(), author: "alice"}
		for _, id := range someIDs[:6] {
			k := key{topic: "node", id: id}
			if err := tx.CreateNode(id, kindOf(id), scopeOf(k, kindOf(id))); err != nil {
				return err
			}
			mtx.set(k, content{})
			for _, name := range someNames[:3] {
				k := key{topic: "attribute", id: id, name: name}
				if err := tx.SetAttribute(id, store.Attribute{Name: name, Value: "old"}, scopeOf(k, "")); err != nil {
					return err
				}
				mtx.set(k, content{value: "old"})
			}
		}
		for _, e := range [][3]string{{"A-1", "site", "B-1"}, {"A-2", "site", "B-1"}, {"A-1", "pair", "A-2"}, {"A-1", "tag", "B-2"}} {
			r := store.Role{Identifier: e[1], Side: store.Outbound}
			if isSymmetric(e[1]) {
				r.Side = store.Both
			}
			if err := tx.SetEdge(e[0], r, e[2], store.Properties{}, store.Aware); err != nil {
				return err
			}
			mtx.set(edgeKey(e[0], r, e[2]), content{})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	m.model = changed
	m.happened(at)
}

func (m *machine) branch(t *rapid.T) string {
	return pick(t, m.model.order, "branch")
}

// other draws a branch that is neither the default one nor merged.
func (m *machine) other(t *rapid.T) string {
	open := slices.DeleteFunc(slices.Clone(m.model.order), func(name string) bool {
		return name == "main" || m.model.branches[name].merged
	})
	if len(open) == 0 {
		t.Skip("no branch")
	}
	return pick(t, open, "branch")
}

func (m *machine) write(t *rapid.T) {
	m.writeTo(t, m.branch(t))
}

func (m *machine) writeTo(t *rapid.T, name string) {
	m.tick(t)
	author := pick(t, someAuthors, "author")
	changed := m.model.clone()
	fail := rapid.IntRange(0, 5).Draw(t, "fail") == 0
	failed := errors.New("failed")
	at, err := m.store.Update(name, author, func(tx *store.Tx) error {
		mtx := &modelTx{m: changed, b: changed.branches[name], at: tx.At(), author: author}
		for range rapid.IntRange(1, 5).Draw(t, "writes") {
			one(t, tx, mtx)
			expect(t, "inside the transaction", dump(tx.View()), mtx.scene().dump())
		}
		if fail {
			return failed
		}
		return nil
	})
	switch {
	case m.model.branches[name].merged:
		if !errors.Is(err, store.ErrMerged) {
			t.Fatalf("writing to a merged branch: %v", err)
		}
		return
	case fail:
		if !errors.Is(err, failed) {
			t.Fatalf("a failing write: %v", err)
		}
		return
	case err != nil:
		t.Fatal(err)
	}
	m.model = changed
	m.happened(at)
}

func (m *machine) happened(at time.Time) {
	m.model.remember(at)
	m.times = append(m.times, at)
}

// one makes one random write, and as a caller would, keeps roles of cardinality
// one to one peer.
func one(t *rapid.T, tx *store.Tx, m *modelTx) {
	id := pick(t, someIDs, "id")
	node := key{topic: "node", id: id}
	exists := m.scene().hasNode(id)
	switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
	case !exists && what < 8:
		err := tx.CreateNode(id, kindOf(id), scopeOf(node, kindOf(id)))
		if err != nil {
			t.Fatal(err)
		}
		m.set(node, content{})
	case what == 0:
		if err := tx.DeleteNode(id); errors.Is(err, store.ErrNoNode) == exists {
			t.Fatalf("deleting a node: %v", err)
		}
		if exists {
			m.deleteNode(id)
		}
	case what < 5:
		setAttribute(t, tx, m, id, exists)
	case what == 5:
		name := pick(t, someNames, "name")
		if err := tx.DeleteAttribute(id, name); errors.Is(err, store.ErrNoNode) == exists {
			t.Fatalf("deleting an attribute: %v", err)
		}
		if exists {
			m.remove(key{topic: "attribute", id: id, name: name})
		}
	default:
		setEdge(t, tx, m, id, exists, what == 9)
	}
}

func setAttribute(t *rapid.T, tx *store.Tx, m *modelTx, id string, exists bool) {
	k := key{topic: "attribute", id: id, name: pick(t, someNames, "name")}
	c := content{
		value:     pick(t, someValues, "value"),
		isDefault: rapid.Bool().Draw(t, "default"),
		protected: rapid.Bool().Draw(t, "protected"),
		owner:     pick(t, someOwners, "owner"),
	}
	err := tx.SetAttribute(id, store.Attribute{
		Name: k.name, Value: c.value, IsDefault: c.isDefault,
		Properties: store.Properties{IsProtected: c.protected, Owner: c.owner},
	}, scopeOf(k, ""))
	if errors.Is(err, store.ErrNoNode) == exists {
		t.Fatalf("setting an attribute: %v", err)
	}
	if exists {
		m.set(k, c)
	}
}

func setEdge(t *rapid.T, tx *store.Tx, m *modelTx, id string, exists, remove bool) {
	r := store.Role{Identifier: pick(t, someEdges, "identifier")}
	if !isSymmetric(r.Identifier) {
		r.Side = pick(t, []store.Side{store.Outbound, store.Inbound}, "side")
	}
	peer := pick(t, someIDs, "peer")
	k := edgeKey(id, r, peer)
	if remove {
		if err := tx.DeleteEdge(id, r, peer); errors.Is(err, store.ErrNoNode) == exists {
			t.Fatalf("deleting an edge: %v", err)
		}
		if exists {
			m.remove(k)
		}
		return
	}
	both := exists && m.scene().hasNode(peer)
	if both {
		for _, e := range ends(k) {
			if cardinality(kindOf(e.id), e.role) != store.One {
				continue
			}
			for _, other := range m.scene().peers(e.id, e.role) {
				if other == e.peer {
					continue
				}
				if err := tx.DeleteEdge(e.id, e.role, other); err != nil {
					t.Fatal(err)
				}
				m.remove(edgeKey(e.id, e.role, other))
			}
		}
	}
	c := content{protected: rapid.Bool().Draw(t, "protected"), owner: pick(t, someOwners, "owner")}
	err := tx.SetEdge(id, r, peer, store.Properties{IsProtected: c.protected, Owner: c.owner}, scopeOf(k, ""))
	if errors.Is(err, store.ErrNoNode) == both {
		t.Fatalf("setting an edge: %v", err)
	}
	if both {
		m.set(k, c)
	}
}

func (m *machine) createBranch(t *rapid.T) {
	n := store.NewBranch{Name: fmt.Sprintf("b%d", rapid.IntRange(1, 4).Draw(t, "name"))}
	if rapid.IntRange(0, 3).Draw(t, "past") == 0 {
		n.At = pick(t, m.times, "at")
	}
	m.create(t, n)
}

func (m *machine) create(t *rapid.T, n store.NewBranch) {
	m.tick(t)
	b, err := m.store.CreateBranch(n)
	if slices.Contains(m.model.order, n.Name) {
		if !errors.Is(err, store.ErrBranchExists) {
			t.Fatalf("creating a branch twice: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	base := m.model.now("main")
	start := base.own.clone()
	if !n.At.IsZero() {
		base = m.model.at("main", n.At)
		start = m.model.past(n.At)
	}
	m.model.branches[n.Name] = &modelBranch{
		world: start, from: b.BranchedFrom, base: base.own.clone(), baseGlobal: base.global.clone(),
	}
	m.model.order = append(m.model.order, n.Name)
	m.happened(b.CreatedAt)
}

func (m *machine) deleteBranch(t *rapid.T) {
	name := m.branch(t)
	err := m.store.DeleteBranch(name)
	if name == "main" {
		if !errors.Is(err, store.ErrDefaultBranch) {
			t.Fatalf("deleting the default branch: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	delete(m.model.branches, name)
	m.model.order = slices.DeleteFunc(m.model.order, func(other string) bool { return other == name })
}

// resolve draws resolutions for some of the conflicts of a branch.
func resolve(t *rapid.T, conflicts map[store.Place]string) (all map[store.Place]store.Resolution, open int) {
	all = map[store.Place]store.Resolution{}
	eager := rapid.IntRange(0, 3).Draw(t, "eager") > 0
	for _, place := range slices.SortedFunc(mapKeys(conflicts), func(a, b store.Place) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	}) {
		if eager || rapid.Bool().Draw(t, "resolve") {
			all[place] = pick(t, []store.Resolution{store.KeepDefault, store.KeepBranch}, "resolution")
		}
		if all[place] == 0 || place == (store.Place{Node: place.Node}) {
			open++
		}
	}
	return all, open
}

func mapKeys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func refused(t *rapid.T, err error, open int) bool {
	conflict := &store.ConflictError{}
	if errors.As(err, &conflict) != (open > 0) || open != len(conflict.Conflicts) {
		t.Fatalf("%d conflicts are open, and the error is %v", open, err)
	}
	if open == 0 && err != nil {
		t.Fatal(err)
	}
	return open > 0
}

func (m *machine) merge(t *rapid.T) {
	m.tick(t)
	name := m.other(t)
	p := m.model.part(name)
	settled, open := resolve(t, p.conflicts())
	at, err := m.store.Merge(name, store.MergeOptions{Cardinalities: cardinality, Resolutions: settled})
	if refused(t, err, open) {
		return
	}
	alone := len(p.theirs) == 0
	m.model = m.model.clone()
	tx := &modelTx{m: m.model, b: m.model.branches["main"], at: at}
	tx.replay(p, shared(p.ours), settled)
	m.model.branches[name].merged = true
	m.happened(at)
	if alone {
		expect(t, "main after a merge that nothing stood in the way of",
			m.summary(t, "main"), m.summary(t, name))
	}
}

func (m *machine) rebase(t *rapid.T) {
	m.tick(t)
	name := m.other(t)
	p := m.model.part(name)
	settled, open := resolve(t, p.conflicts())
	was := m.summary(t, name)
	at, err := m.store.Rebase(name, store.MergeOptions{Cardinalities: cardinality, Resolutions: settled})
	if refused(t, err, open) {
		return
	}
	alone := len(p.theirs) == 0
	m.model = m.model.clone()
	b, main := m.model.branches[name], m.model.branches["main"]
	b.world, b.base, b.baseGlobal = main.world.clone(), main.world.clone(), m.model.global.clone()
	b.from, b.touched = at, nil
	tx := &modelTx{m: m.model, b: b, at: at}
	tx.replay(p, p.ours, settled)
	m.happened(at)
	if got, err := m.store.Branch(name); err != nil || !got.BranchedFrom.Equal(at) {
		t.Fatalf("branched from %v, error %v", got.BranchedFrom, err)
	}
	if alone {
		expect(t, "a branch after a rebase on nothing new", m.summary(t, name), was)
	}
}

func (m *machine) diff(t *rapid.T) {
	name := m.branch(t)
	got, err := m.store.Diff(name, store.DiffOptions{Cardinalities: cardinality})
	if err != nil {
		t.Fatal(err)
	}
	p := m.model.part(name)
	conflicts := p.conflicts()
	if name == "main" {
		p.ours = deltas(m.model.branches[name].touched, time.Time{}, p.base, p.branch)
	}
	if name == "main" || m.model.branches[name].merged {
		conflicts = map[store.Place]string{}
	}
	expect(t, "what changed", describeDiff(got), p.diff())
	places := map[store.Place]string{}
	for _, c := range got.Conflicts {
		places[c.Place] = fmt.Sprintf("%s %v / %s %v", c.Default.Action, c.Default.Value, c.Branch.Action, c.Branch.Value)
		if c.Resolvable == (c.Property == "") {
			t.Fatalf("%v is resolvable: %t", c.Place, c.Resolvable)
		}
	}
	expect(t, "conflicts", places, conflicts)
}

func describeDiff(d *store.Diff) map[string][]string {
	lines := map[string][]string{}
	for _, n := range d.Nodes {
		var list []string
		if n.Action != store.Updated {
			list = append(list, fmt.Sprintf("node %s", n.Action))
		}
		for _, a := range n.Attributes {
			list = append(list, fmt.Sprintf("attribute %s %s %v", a.Name, a.Action, a.Properties))
		}
		for _, e := range n.Edges {
			list = append(list, fmt.Sprintf("edge %v %s %s %v", e.Role, e.Peer, e.Action, e.Properties))
		}
		slices.Sort(list)
		lines[n.ID] = list
	}
	return lines
}

func (m *machine) travel(t *rapid.T) {
	name, at := m.branch(t), pick(t, m.times, "at")
	view, err := m.store.View(name, at)
	if err != nil {
		t.Fatal(err)
	}
	want := m.model.at(name, at).dump()
	expect(t, "at an earlier time", dump(view), want)
	m.frozen = append(m.frozen, frozen{view, want})
}

func (m *machine) find(t *rapid.T) {
	name, attribute, value := m.branch(t), pick(t, someNames, "name"), pick(t, someValues, "value")
	kinds := []string{"A", "Global"}
	want := []string{}
	s := m.model.now(name)
	for _, id := range someIDs {
		if r, ok := s.get(key{topic: "attribute", id: id, name: attribute}); ok && r.value == value && slices.Contains(kinds, kindOf(id)) {
			want = append(want, id)
		}
	}
	got := []string{}
	for _, n := range m.view(t, name).Find(attribute, value, kinds...) {
		got = append(got, n.ID)
	}
	slices.Sort(got)
	expect(t, "nodes found by value", got, want)
}

// reload goes on with what a snapshot holds. Old views stay with the old store.
func (m *machine) reload(t *rapid.T) {
	var file bytes.Buffer
	if _, err := m.store.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	read, err := store.Read(bytes.NewReader(file.Bytes()), m.options())
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "branches", read.Branches(), m.store.Branches())
	m.store = read
	var again bytes.Buffer
	if _, err := m.store.WriteTo(&again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file.Bytes(), again.Bytes()) {
		t.Fatal("the snapshot of a snapshot differs")
	}
}

// check compares everything that can be seen now.
func (m *machine) check(t *rapid.T) {
	names := []string{}
	for _, b := range m.store.Branches() {
		names = append(names, b.Name)
	}
	expect(t, "branches", names, m.model.order)
	for _, name := range m.model.order {
		view := m.view(t, name)
		want := m.model.now(name).dump()
		expect(t, "branch "+name, dump(view), want)
		if len(m.frozen) < 20 {
			m.frozen = append(m.frozen, frozen{view, want})
		}
	}
}

func (m *machine) view(t *rapid.T, name string) *store.View {
	view, err := m.store.View(name, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return view
}

// summary lists what a branch shows but for times, authors and local data.
func (m *machine) summary(t *rapid.T, name string) []string {
	view := m.view(t, name)
	lines := []string{}
	for _, n := range view.Nodes("A", "B", "Global") {
		lines = append(lines, "node "+n.ID)
		for _, a := range view.Attributes(n.ID) {
			if !strings.HasPrefix(a.Name, "Local") {
				lines = append(lines, fmt.Sprintf("attribute %s %s %#v %t %v", n.ID, a.Name, a.Value, a.IsDefault, a.Properties))
			}
		}
		for _, e := range view.Edges(n.ID) {
			if !strings.HasPrefix(e.Role.Identifier, "Local") && kindOf(e.Peer) != "Local" {
				lines = append(lines, fmt.Sprintf("edge %s %v %s %v", n.ID, e.Role, e.Peer, e.Properties))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// dump lists all that a view shows, and checks that its methods agree.
func dump(v *store.View) []string {
	var lines []string
	kinds := []string{"A", "B", "Global", "Local"}
	nodes := v.Nodes(kinds...)
	if v.Count(kinds...) != len(nodes) {
		lines = append(lines, "the count differs from the number of nodes")
	}
	for _, n := range nodes {
		if one, ok := v.Node(n.ID); !ok || one != n {
			lines = append(lines, "a node differs from itself in a list: "+n.ID)
		}
		lines = append(lines, nodeLine(n.ID, n.Kind, n.CreatedAt, n.CreatedBy, n.UpdatedAt))
		for _, a := range v.Attributes(n.ID) {
			if one, ok := v.Attribute(n.ID, a.Name); !ok || !cmp.Equal(one, a) {
				lines = append(lines, "an attribute differs from itself in a list: "+n.ID+"."+a.Name)
			}
			lines = append(lines, attributeLine(n.ID, a.Name, content{a.Value, a.IsDefault, a.IsProtected, a.Owner}, a.UpdatedAt, a.UpdatedBy))
		}
		var all []store.Edge
		for _, identifier := range someEdges {
			for _, side := range []store.Side{store.Both, store.Outbound, store.Inbound} {
				all = append(all, v.Peers(n.ID, store.Role{Identifier: identifier, Side: side})...)
			}
		}
		if len(v.Edges(n.ID)) != len(all) {
			lines = append(lines, "Edges differs from Peers: "+n.ID)
		}
		for _, e := range all {
			lines = append(lines, edgeLine(edgeEnd{n.ID, e.Role, e.Peer}, record{
				content: content{protected: e.IsProtected, owner: e.Owner},
				created: e.CreatedAt, createdBy: e.CreatedBy, updated: e.UpdatedAt, updatedBy: e.UpdatedBy,
			}))
		}
	}
	slices.Sort(lines)
	return lines
}

func expect(t *rapid.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

package store_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/store"
)

// model is what the store has to be like, in the plainest form: every branch is
// a copy of all its data, and history is copies of copies.
type model struct {
	global   *world
	branches map[string]*modelBranch
	order    []string
	history  []event[*world] // of the agnostic data
	removals []event[string] // of agnostic nodes
}

type modelBranch struct {
	*world
	merged     bool
	from       time.Time
	base       *world // the default branch as it was when this one left it
	baseGlobal *world
	history    []event[*world]
	touched    []event[key]
}

type event[T any] struct {
	at time.Time
	of T
}

// world holds records, and when nodes were last touched.
type world struct {
	records map[key]record
	updated map[string]time.Time
}

// key names a node (id), an attribute (id, name) or an edge (all; the id is the
// source, or the lesser of both when the edge has no direction).
type key struct {
	topic string
	id    string
	name  string
	peer  string
}

type record struct {
	content
	created, updated     time.Time
	createdBy, updatedBy string
}

type content struct {
	value     any
	isDefault bool
	protected bool
	owner     string
}

func newModel(main store.Branch) *model {
	m := &model{global: newWorld(), branches: map[string]*modelBranch{}}
	m.branches[main.Name] = &modelBranch{world: newWorld(), from: main.CreatedAt, base: newWorld(), baseGlobal: newWorld()}
	m.order = []string{main.Name}
	m.remember(main.CreatedAt)
	return m
}

func newWorld() *world {
	return &world{records: map[key]record{}, updated: map[string]time.Time{}}
}

func (w *world) clone() *world {
	return &world{records: maps.Clone(w.records), updated: maps.Clone(w.updated)}
}

// clone copies what a transaction changes.
func (m *model) clone() *model {
	c := &model{
		global: m.global.clone(), branches: map[string]*modelBranch{},
		order: slices.Clone(m.order), history: m.history, removals: slices.Clip(m.removals),
	}
	for name, b := range m.branches {
		other := *b
		other.world = b.world.clone()
		c.branches[name] = &other
	}
	return c
}

func (m *model) remember(at time.Time) {
	m.history = append(m.history, event[*world]{at, m.global.clone()})
	for _, b := range m.branches {
		b.history = append(b.history, event[*world]{at, b.world.clone()})
	}
}

func before[T any](history []event[T], at time.Time) (T, bool) {
	var found T
	ok := false
	for _, e := range history {
		if !e.at.After(at) {
			found, ok = e.of, true
		}
	}
	return found, ok
}

// at returns what a branch shows at a time.
func (m *model) at(name string, at time.Time) scene {
	global, _ := before(m.history, at)
	own, ok := before(m.branches[name].history, at)
	if !ok {
		own, _ = before(m.branches["main"].history, at)
	}
	return scene{own, global}
}

func (m *model) now(name string) scene {
	return scene{m.branches[name].world, m.global}
}

// The scopes are a matter of names, so that each key has one scope for ever.
func scopeOf(k key, kind string) store.Scope {
	name := k.name
	if k.topic == "node" {
		name = kind
	}
	switch {
	case strings.HasPrefix(name, "Global"):
		return store.Agnostic
	case strings.HasPrefix(name, "Local"):
		return store.Local
	default:
		return store.Aware
	}
}

func kindOf(id string) string {
	return id[:strings.IndexByte(id, '-')]
}

// Identifiers that begin so have no direction.
func isSymmetric(identifier string) bool {
	return strings.Contains(identifier, "pair")
}

func edgeKey(id string, r store.Role, peer string) key {
	if r.Side == store.Inbound || r.Side == store.Both && peer < id {
		id, peer = peer, id
	}
	return key{"edge", id, r.Identifier, peer}
}

// cardinality is the schema of the model.
func cardinality(kind string, r store.Role) store.Cardinality {
	switch {
	case kind == "A" && r == store.Role{Identifier: "site", Side: store.Outbound}:
		return store.One
	case kind == "A" && r.Identifier == "pair":
		return store.One
	case r == store.Role{Identifier: "tag", Side: store.Inbound} && kind != "A",
		r == store.Role{Identifier: "tag", Side: store.Outbound} && kind == "B":
		return store.Undeclared
	default:
		return store.Many
	}
}

// scene is what a view shows: the data of a branch with the agnostic data.
type scene struct {
	own, global *world
}

func (s scene) raw(k key) (record, bool) {
	if r, ok := s.own.records[k]; ok {
		return r, true
	}
	r, ok := s.global.records[k]
	return r, ok
}

func (s scene) hasNode(id string) bool {
	_, ok := s.raw(key{topic: "node", id: id})
	return ok
}

func (s scene) get(k key) (record, bool) {
	r, ok := s.raw(k)
	ok = ok && s.hasNode(k.id) && (k.topic != "edge" || s.hasNode(k.peer))
	return r, ok
}

func (s scene) keys() []key {
	var keys []key
	for _, w := range []*world{s.own, s.global} {
		for k := range w.records {
			if _, ok := s.get(k); ok {
				keys = append(keys, k)
			}
		}
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

func compareKeys(a, b key) int {
	return cmp.Or(strings.Compare(a.topic, b.topic), strings.Compare(a.id, b.id), strings.Compare(a.name, b.name), strings.Compare(a.peer, b.peer))
}

// peers lists the peers of a node in a role, sorted.
func (s scene) peers(id string, r store.Role) []string {
	var peers []string
	for _, k := range s.keys() {
		if k.topic != "edge" || k.name != r.Identifier {
			continue
		}
		for _, e := range ends(k) {
			if e.id == id && e.role == r {
				peers = append(peers, e.peer)
			}
		}
	}
	slices.Sort(peers)
	return peers
}

type edgeEnd struct {
	id   string
	role store.Role
	peer string
}

// ends lists both ends of an edge, or the only one.
func ends(k key) []edgeEnd {
	source, target := store.Outbound, store.Inbound
	if isSymmetric(k.name) {
		source, target = store.Both, store.Both
	}
	list := []edgeEnd{
		{k.id, store.Role{Identifier: k.name, Side: source}, k.peer},
		{k.peer, store.Role{Identifier: k.name, Side: target}, k.id},
	}
	if list[0] == list[1] {
		return list[:1]
	}
	return list
}

// dump writes all that a view shows.
func (s scene) dump() []string {
	var lines []string
	for _, k := range s.keys() {
		r, _ := s.get(k)
		switch k.topic {
		case "node":
			updated := r.created
			for _, w := range []*world{s.own, s.global} {
				if at := w.updated[k.id]; at.After(updated) {
					updated = at
				}
			}
			lines = append(lines, nodeLine(k.id, kindOf(k.id), r.created, r.createdBy, updated))
		case "attribute":
			lines = append(lines, attributeLine(k.id, k.name, r.content, r.updated, r.updatedBy))
		case "edge":
			for _, e := range ends(k) {
				lines = append(lines, edgeLine(e, r))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func nodeLine(id, kind string, created time.Time, by string, updated time.Time) string {
	return fmt.Sprintf("node %s %s created %s by %s updated %s", id, kind, stamp(created), by, stamp(updated))
}

func attributeLine(id, name string, c content, at time.Time, by string) string {
	return fmt.Sprintf("attribute %s.%s %#v %s by %s", id, name, c, stamp(at), by)
}

func edgeLine(e edgeEnd, r record) string {
	return fmt.Sprintf("edge %s %v %s %#v created %s by %s updated %s by %s", e.id, e.role, e.peer, r.content,
		stamp(r.created), r.createdBy, stamp(r.updated), r.updatedBy)
}

func stamp(t time.Time) string {
	return t.Format("05.000000")
}

// modelTx changes a model as a transaction, a merge or a rebase does.
type modelTx struct {
	m      *model
	b      *modelBranch
	at     time.Time
	author string
}

func (tx *modelTx) scene() scene {
	return scene{tx.b.world, tx.m.global}
}

func (tx *modelTx) worldOf(k key) *world {
	if scopeOf(k, kindOf(k.id)) == store.Agnostic {
		return tx.m.global
	}
	return tx.b.world
}

func (tx *modelTx) mark(k key) {
	if scopeOf(k, kindOf(k.id)) != store.Agnostic {
		tx.b.touched = append(slices.Clip(tx.b.touched), event[key]{tx.at, k})
	}
}

func (tx *modelTx) created(id string) bool {
	r, ok := tx.scene().raw(key{topic: "node", id: id})
	return ok && r.created.Equal(tx.at)
}

func (tx *modelTx) touch(id string, k key) {
	if !tx.created(id) {
		tx.worldOf(k).updated[id] = tx.at
	}
}

func (tx *modelTx) set(k key, c content) {
	old, exists := tx.scene().raw(k)
	if exists && old.content == c {
		return
	}
	quiet := k.topic == "edge" && (tx.created(k.id) || tx.created(k.peer))
	r := record{content: c, created: tx.at, updated: tx.at, createdBy: tx.author, updatedBy: tx.author}
	if exists {
		r.created, r.createdBy = old.created, old.createdBy
	}
	tx.worldOf(k).records[k] = r
	tx.mark(k)
	if k.topic != "node" && !quiet {
		tx.touch(k.id, k)
		if k.topic == "edge" {
			tx.touch(k.peer, k)
		}
	}
}

func (tx *modelTx) remove(k key) {
	if _, ok := tx.scene().raw(k); !ok {
		return
	}
	delete(tx.worldOf(k).records, k)
	tx.mark(k)
	if k.topic != "node" {
		tx.touch(k.id, k)
	}
	if k.topic == "edge" {
		tx.touch(k.peer, k)
	}
}

func (tx *modelTx) deleteNode(id string) {
	node := key{topic: "node", id: id}
	agnostic := scopeOf(node, kindOf(id)) == store.Agnostic
	for _, w := range []*world{tx.b.world, tx.m.global} {
		for _, k := range slices.SortedFunc(maps.Keys(w.records), compareKeys) {
			if k != node && k.concerns(id) && (agnostic || w != tx.m.global) {
				tx.remove(k)
			}
		}
	}
	tx.remove(node)
	if !agnostic {
		return
	}
	// All branches lose what they say of the node.
	tx.m.removals = append(tx.m.removals, event[string]{tx.at, id})
	for _, b := range tx.m.branches {
		b.forget(id)
		b.touched = slices.DeleteFunc(slices.Clone(b.touched), func(e event[key]) bool { return e.of.concerns(id) })
	}
}

func (k key) concerns(id string) bool {
	return k.id == id || k.peer == id
}

func (w *world) forget(id string) {
	maps.DeleteFunc(w.records, func(k key, _ record) bool { return k.concerns(id) })
}

// past returns what a branch starts with that is made from the default branch as
// it was at a time. Agnostic nodes removed since then are not there any more.
func (m *model) past(at time.Time) *world {
	w := m.at("main", at).own.clone()
	for _, e := range m.removals {
		if e.at.After(at) {
			w.forget(e.of)
		}
	}
	return w
}

// modelDelta is what a branch changed of one key.
type modelDelta struct {
	key
	old, new *content
	by       string
	local    bool
}

func (d modelDelta) action() store.Action {
	switch {
	case d.old == nil:
		return store.Added
	case d.new == nil:
		return store.Removed
	default:
		return store.Updated
	}
}

func deltas(touched []event[key], after time.Time, old, now scene) []modelDelta {
	var list []modelDelta
	seen := map[key]bool{}
	for _, e := range touched {
		if !e.at.After(after) || seen[e.of] {
			continue
		}
		seen[e.of] = true
		d := modelDelta{key: e.of, local: scopeOf(e.of, kindOf(e.of.id)) == store.Local}
		if r, ok := old.get(e.of); ok {
			d.old = &r.content
		}
		if r, ok := now.get(e.of); ok {
			d.new, d.by = &r.content, r.updatedBy
		}
		if d.old == nil && d.new == nil || d.old != nil && d.new != nil && *d.old == *d.new {
			continue
		}
		list = append(list, d)
	}
	return list
}

// parting is a branch, the default branch, and where they parted.
type parting struct {
	base, branch, target scene
	ours, theirs         []modelDelta
}

func (m *model) part(name string) parting {
	b, main := m.branches[name], m.branches["main"]
	p := parting{base: scene{b.base, b.baseGlobal}, branch: m.now(name), target: m.now("main")}
	p.ours = deltas(b.touched, time.Time{}, p.base, p.branch)
	p.theirs = deltas(main.touched, b.from, p.base, p.target)
	return p
}

func shared(list []modelDelta) []modelDelta {
	return slices.DeleteFunc(slices.Clone(list), func(d modelDelta) bool { return d.local })
}

// diff writes node by node what a branch changed.
func (p parting) diff() map[string][]string {
	lines := map[string][]string{}
	add := func(id, format string, args ...any) {
		lines[id] = append(lines[id], fmt.Sprintf(format, args...))
		slices.Sort(lines[id])
	}
	for _, d := range shared(p.ours) {
		switch d.topic {
		case "node":
			add(d.id, "node %s", d.action())
		case "attribute":
			add(d.id, "attribute %s %s %v", d.name, d.action(), changedProperties(d))
		case "edge":
			for _, e := range ends(d.key) {
				if cardinality(kindOf(e.id), e.role) != store.Undeclared {
					add(e.id, "edge %v %s %s %v", e.role, e.peer, d.action(), changedProperties(d))
				}
			}
		}
	}
	return lines
}

func changedProperties(d modelDelta) []store.Property {
	var list []store.Property
	for _, p := range propertiesOf(d.topic) {
		if property(p, d.old) != property(p, d.new) {
			list = append(list, p)
		}
	}
	return list
}

func propertiesOf(topic string) []store.Property {
	whole := store.PropertyValue
	if topic == "edge" {
		whole = store.PropertyRelated
	}
	return []store.Property{whole, store.PropertyProtected, store.PropertyOwner}
}

// property returns something to compare a property by.
func property(p store.Property, c *content) any {
	switch {
	case p == store.PropertyRelated:
		return c != nil
	case p == store.PropertyValue && c == nil:
		return nil
	case p == store.PropertyValue:
		return [2]any{c.value, c.isDefault}
	case c == nil && p == store.PropertyProtected:
		return false
	case c == nil:
		return ""
	case p == store.PropertyProtected:
		return c.protected
	default:
		return c.owner
	}
}

// conflicts maps the places of conflicts to what the two sides say.
func (p parting) conflicts() map[store.Place]string {
	found := map[store.Place]string{}
	ours, theirs := shared(p.ours), shared(p.theirs)
	type state struct{ changed, removed bool }
	states := func(list []modelDelta) map[string]state {
		states := map[string]state{}
		for _, d := range list {
			if d.topic != "edge" {
				s := states[d.id]
				states[d.id] = state{true, s.removed || d.topic == "node" && d.new == nil}
				continue
			}
			for _, e := range ends(d.key) {
				if cardinality(kindOf(e.id), e.role) != store.Undeclared {
					states[e.id] = state{true, states[e.id].removed}
				}
			}
		}
		return states
	}
	left, right := states(ours), states(theirs)
	gone := map[string]bool{}
	word := func(s state) store.Action {
		if s.removed {
			return store.Removed
		}
		return store.Updated
	}
	for id, s := range left {
		if other := right[id]; other.changed && other.removed != s.removed {
			gone[id] = true
			found[store.Place{Node: id}] = fmt.Sprintf("%s <nil> / %s <nil>", word(other), word(s))
		}
	}
	type end struct {
		id   string
		role store.Role
	}
	roles := map[end]bool{}
	moved := func(list []modelDelta) map[end]bool {
		moved := map[end]bool{}
		for _, d := range list {
			if d.topic == "edge" && d.action() != store.Updated {
				for _, e := range ends(d.key) {
					if cardinality(kindOf(e.id), e.role) == store.One {
						moved[end{e.id, e.role}] = true
					}
				}
			}
		}
		return moved
	}
	theirMoves := moved(theirs)
	for e := range moved(ours) {
		was, here, there := p.base.peers(e.id, e.role), p.branch.peers(e.id, e.role), p.target.peers(e.id, e.role)
		if !theirMoves[e] || gone[e.id] || left[e.id].removed || slices.Equal(here, there) {
			continue
		}
		roles[e] = true
		say := func(peers []string) string {
			switch {
			case len(peers) == 0:
				return fmt.Sprint(store.Removed, " ", nil)
			case len(was) == 0:
				return fmt.Sprint(store.Added, " ", peers[0])
			default:
				return fmt.Sprint(store.Updated, " ", peers[0])
			}
		}
		found[store.Place{Node: e.id, Role: e.role, Property: store.PropertyRelated}] = say(there) + " / " + say(here)
	}
	for _, d := range ours {
		i := slices.IndexFunc(theirs, func(o modelDelta) bool { return o.key == d.key })
		if i < 0 || d.topic == "node" || gone[d.id] || gone[d.peer] {
			continue
		}
		if d.topic == "edge" && slices.ContainsFunc(ends(d.key), func(e edgeEnd) bool { return roles[end{e.id, e.role}] }) {
			continue
		}
		for _, property := range contradictions(d, theirs[i]) {
			found[placeOf(d.key, property)] = describe(theirs[i], property) + " / " + describe(d, property)
		}
	}
	return found
}

func contradictions(d, o modelDelta) []store.Property {
	if d.new == nil || o.new == nil {
		if d.new == o.new {
			return nil
		}
		return propertiesOf(d.topic)[:1]
	}
	var list []store.Property
	for _, p := range propertiesOf(d.topic) {
		if property(p, d.old) == property(p, d.new) || property(p, o.old) == property(p, o.new) {
			continue
		}
		if p == store.PropertyValue && d.new.value == o.new.value || p != store.PropertyValue && property(p, d.new) == property(p, o.new) {
			continue
		}
		list = append(list, p)
	}
	return list
}

func placeOf(k key, p store.Property) store.Place {
	if k.topic == "attribute" {
		return store.Place{Node: k.id, Attribute: k.name, Property: p}
	}
	place := func(e edgeEnd) store.Place {
		return store.Place{Node: e.id, Role: e.role, Peer: e.peer, Property: p}
	}
	list := ends(k)
	for _, e := range list {
		if cardinality(kindOf(e.id), e.role) != store.Undeclared {
			return place(e)
		}
	}
	return place(list[0])
}

func describe(d modelDelta, p store.Property) string {
	if d.new == nil {
		return fmt.Sprint(store.Removed, " ", nil)
	}
	value := property(p, d.new)
	switch {
	case p == store.PropertyRelated:
		value = placeOf(d.key, p).Peer
	case p == store.PropertyValue:
		value = d.new.value
	case value == "":
		value = nil
	}
	return fmt.Sprint(d.action(), " ", value)
}

// replay writes what a branch changed to the branch of the transaction.
func (tx *modelTx) replay(p parting, list []modelDelta, settled map[store.Place]store.Resolution) {
	for _, d := range list {
		if d.topic == "node" {
			tx.author = d.by
			switch exists := tx.scene().hasNode(d.id); {
			case d.new == nil && exists:
				tx.deleteNode(d.id)
			case d.new != nil && !exists:
				tx.set(d.key, *d.new)
			}
		}
	}
	for _, topic := range []string{"attribute", "edge"} {
		for _, d := range list {
			if d.topic == topic && tx.scene().hasNode(d.id) && (topic != "edge" || tx.scene().hasNode(d.peer)) {
				tx.author = d.by
				tx.replayPart(p, d, settled)
			}
		}
	}
}

func (tx *modelTx) replayPart(p parting, d modelDelta, settled map[store.Place]store.Resolution) {
	rolePlace := func(e edgeEnd) store.Place {
		return store.Place{Node: e.id, Role: e.role, Property: store.PropertyRelated}
	}
	kept := func(p store.Property) bool { return settled[placeOf(d.key, p)] == store.KeepDefault }
	whole := propertiesOf(d.topic)[0]
	now, exists := tx.scene().raw(d.key)
	if d.topic == "edge" {
		for _, e := range ends(d.key) {
			if settled[rolePlace(e)] == store.KeepDefault {
				return
			}
		}
		comes := d.new != nil && !exists && (d.old == nil || !kept(whole))
		defer func() {
			for _, e := range ends(d.key) {
				if settled[rolePlace(e)] != store.KeepBranch && (!comes || cardinality(kindOf(e.id), e.role) != store.One) {
					continue
				}
				for _, peer := range tx.scene().peers(e.id, e.role) {
					if other := edgeKey(e.id, e.role, peer); !has(p.branch, other) {
						tx.remove(other)
					}
				}
			}
		}()
	}
	switch {
	case d.new == nil && !kept(whole):
		tx.remove(d.key)
	case d.new == nil:
	case !exists && d.old != nil && kept(whole):
	case !exists:
		tx.set(d.key, *d.new)
	default:
		c := now.content
		for _, property := range changedProperties(d) {
			if kept(property) {
				continue
			}
			switch property {
			case store.PropertyValue:
				c.value, c.isDefault = d.new.value, d.new.isDefault
			case store.PropertyProtected:
				c.protected = d.new.protected
			case store.PropertyOwner:
				c.owner = d.new.owner
			}
		}
		tx.set(d.key, c)
	}
}

func has(s scene, k key) bool {
	_, ok := s.get(k)
	return ok
}

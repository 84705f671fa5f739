package store

import (
	"hash/maphash"
	"slices"
	"time"
)

// log is the data and what is needed to find things in it. It does no locking.
//
// Names are interned, and nodes, subjects and facts refer to one another by
// index. All of it only grows, except that truncate takes back what a
// transaction that failed has added.
type log struct {
	names    []string // by symbol; the empty string is 0
	symbols  map[string]symbol
	nodes    []node
	byID     map[string]uint32
	byKind   map[symbol][]uint32
	subjects []subject
	heads    []uint32 // by subject, its newest fact
	facts    []fact   // facts[0] is none
	commits  []commit // commits[0] is none
	layers   []uint32 // by layer, the newest commit of the default branch it sees
	// alike finds the facts of one attribute name and value: the newest one with
	// that hash, from which fact.alike leads to the others.
	alike map[uint64]uint32
	seed  maphash.Seed
}

// symbol stands for a name: of a kind, an attribute, a relationship, an account.
type symbol uint32

// node never changes, but for the lists of what is known about it.
type node struct {
	id         string
	kind       symbol
	existence  uint32   // subject
	touch      uint32   // subject, 0 when nothing was changed since its creation
	attributes []uint32 // subjects
	ends       []end
}

// end lists the edges, as subjects, that a node has in one role.
type end struct {
	role  role
	edges []uint32
}

// role is a Role with its name interned.
type role struct {
	name symbol
	side Side
}

// subject is what facts are about. It never changes.
type subject struct {
	topic topic
	node  uint32 // the source, of an edge
	peer  uint32 // the target, of an edge
	name  symbol // of the attribute or the relationship
}

type topic uint8

const (
	existence topic = iota
	touch           // when and by whom a node was last changed
	attribute
	directed   // an edge from Outbound to Inbound
	undirected // an edge between two ends of side Both
)

func (s *subject) isEdge() bool {
	return s.topic == directed || s.topic == undirected
}

// sourceRole is the role of an edge's source, subject.node.
func (s *subject) sourceRole() role {
	if s.topic == directed {
		return role{s.name, Outbound}
	}
	return role{s.name, Both}
}

// targetRole is the role of an edge's target, subject.peer.
func (s *subject) targetRole() role {
	r := s.sourceRole()
	return role{r.name, r.side.opposite()}
}

// fact is what holds for a subject from a commit on. It never changes once its
// commit is visible.
type fact struct {
	content
	author  symbol
	subject uint32
	commit  uint32
	layer   uint32
	prev    uint32 // the next older fact of the subject
	alike   uint32 // the next older fact of the same attribute name and hash
}

// content is what a fact says.
type content struct {
	value  any // of an attribute, in normal form
	source symbol
	owner  symbol
	flags  flags
}

type flags uint8

const (
	removed flags = 1 << iota
	local
	isDefault
	isFromProfile
	isProtected
)

// commit is a point in the history.
type commit struct {
	at    int64  // microseconds
	first uint32 // its first fact, if it has any
}

func (c commit) time() time.Time {
	return fromMicro(c.at)
}

const (
	agnosticLayer uint32 = 0
	defaultLayer  uint32 = 1
)

func newLog() *log {
	return &log{
		names:   []string{""},
		symbols: map[string]symbol{"": 0},
		byID:    map[string]uint32{},
		byKind:  map[symbol][]uint32{},
		facts:   make([]fact, 1),
		commits: make([]commit, 1),
		alike:   map[uint64]uint32{},
		seed:    maphash.MakeSeed(),
	}
}

// frame says which facts a view sees.
type frame struct {
	layer uint32
	upto  uint32 // of its own layer and the agnostic one, the facts up to this commit
	base  uint32 // of the default branch, the facts up to this commit
}

func (v frame) sees(f *fact) bool {
	switch f.layer {
	case v.layer, agnosticLayer:
		return f.commit <= v.upto
	case defaultLayer:
		return f.commit <= v.base
	}
	return false
}

// frame returns the frame of a branch at a commit.
func (l *log) frame(b *branch, upto uint32) frame {
	return l.frameOf(b.at(upto).layer, upto)
}

func (l *log) frameOf(layer, upto uint32) frame {
	if layer == defaultLayer {
		return frame{layer: layer, upto: upto, base: upto}
	}
	return frame{layer: layer, upto: upto, base: l.layers[layer]}
}

// visible returns the newest fact of a subject that a frame sees, nil if none.
func (l *log) visible(v frame, subject uint32) *fact {
	for i := l.heads[subject]; i != 0; i = l.facts[i].prev {
		if f := &l.facts[i]; v.sees(f) {
			return f
		}
	}
	return nil
}

// live returns what visible does unless it is a removal.
func (l *log) live(v frame, subject uint32) *fact {
	if f := l.visible(v, subject); f != nil && f.flags&removed == 0 {
		return f
	}
	return nil
}

// shown returns what live does if the nodes that the subject needs exist too.
func (l *log) shown(v frame, subject uint32) *fact {
	f := l.live(v, subject)
	if f == nil {
		return nil
	}
	s := &l.subjects[subject]
	if s.topic != existence && !l.exists(v, s.node) || s.isEdge() && !l.exists(v, s.peer) {
		return nil
	}
	return f
}

func (l *log) exists(v frame, n uint32) bool {
	return l.live(v, l.nodes[n].existence) != nil
}

// node finds a node that a frame shows.
func (l *log) node(v frame, id string) (uint32, bool) {
	n, ok := l.byID[id]
	return n, ok && l.exists(v, n)
}

// since returns the fact with which a subject began to be what it is in a frame:
// the oldest one after the last removal. The subject must be live.
func (l *log) since(v frame, subject uint32) *fact {
	var first *fact
	for i := l.heads[subject]; i != 0; i = l.facts[i].prev {
		f := &l.facts[i]
		if !v.sees(f) {
			continue
		}
		if f.flags&removed != 0 {
			break
		}
		first = f
	}
	return first
}

// findAttribute finds the subject of an attribute.
func (l *log) findAttribute(n uint32, name symbol) (uint32, bool) {
	for _, s := range l.nodes[n].attributes {
		if l.subjects[s].name == name {
			return s, true
		}
	}
	return 0, false
}

// edges lists all edges a node ever had in a role, in the order of their first
// creation.
func (l *log) edges(n uint32, r role) []uint32 {
	for i := range l.nodes[n].ends {
		if e := &l.nodes[n].ends[i]; e.role == r {
			return e.edges
		}
	}
	return nil
}

// findEdge finds the subject of an edge from the node in the role to the peer.
func (l *log) findEdge(n uint32, r role, peer uint32) (uint32, bool) {
	from, to, edges := n, peer, l.edges(n, r)
	// One of the two may be a hub: search the shorter list.
	if others := l.edges(peer, role{r.name, r.side.opposite()}); len(others) < len(edges) {
		from, to, edges = peer, n, others
	}
	for _, s := range edges {
		if l.peerOf(s, from) == to {
			return s, true
		}
	}
	return 0, false
}

// peerOf returns the other node of an edge of a node in a role.
func (l *log) peerOf(edge uint32, n uint32) uint32 {
	s := &l.subjects[edge]
	if s.node == n {
		return s.peer
	}
	return s.node
}

// holders calls visit with the subject of each attribute of a name that ever had
// a value, some of them more than once, and perhaps with a few others.
func (l *log) holders(name symbol, value any, visit func(subject uint32)) {
	for i := l.alike[l.hash(name, value)]; i != 0; i = l.facts[i].alike {
		if s := l.facts[i].subject; l.subjects[s].name == name {
			visit(s)
		}
	}
}

func (l *log) hash(name symbol, value any) uint64 {
	switch value.(type) {
	case []any, map[string]any:
		value = string(appendJSON(nil, value))
	}
	type key struct {
		name  symbol
		value any
	}
	return maphash.Comparable(l.seed, key{name, value})
}

// commitAt returns the newest commit, of those up to committed, that is not later
// than a time, 0 if none.
func (l *log) commitAt(at int64, committed uint32) uint32 {
	later, _ := slices.BinarySearchFunc(l.commits[1:committed+1], at, func(c commit, at int64) int {
		if c.at <= at {
			return -1
		}
		return 1
	})
	return uint32(later) //nolint:gosec // G115: not above committed
}

// between returns the facts of the commits after one up to another.
func (l *log) between(after, upto uint32) []fact {
	from, to := len(l.facts), len(l.facts)
	if int(after)+1 < len(l.commits) {
		from = int(l.commits[after+1].first)
	}
	if int(upto)+1 < len(l.commits) {
		to = int(l.commits[upto+1].first)
	}
	return l.facts[min(from, to):to]
}

// What follows adds to the log.

func (l *log) intern(name string) symbol {
	if s, ok := l.symbols[name]; ok {
		return s
	}
	s := symbol(size(l.names))
	l.names = append(l.names, name)
	l.symbols[name] = s
	return s
}

func (l *log) addCommit(at int64) uint32 {
	c := size(l.commits)
	l.commits = append(l.commits, commit{at: at, first: size(l.facts)})
	return c
}

func (l *log) addNode(id string, kind symbol) uint32 {
	n := size(l.nodes)
	l.nodes = append(l.nodes, node{id: id, kind: kind})
	l.byID[id] = n
	l.byKind[kind] = append(l.byKind[kind], n)
	return n
}

func (l *log) addSubject(s subject) uint32 {
	i := size(l.subjects)
	l.subjects = append(l.subjects, s)
	l.heads = append(l.heads, 0)
	switch n := &l.nodes[s.node]; s.topic {
	case existence:
		n.existence = i
	case touch:
		n.touch = i
	case attribute:
		n.attributes = append(n.attributes, i)
	case directed, undirected:
		l.addEdge(s.node, s.sourceRole(), i)
		if s.topic == directed || s.node != s.peer {
			l.addEdge(s.peer, s.targetRole(), i)
		}
	}
	return i
}

func (l *log) addEdge(n uint32, r role, edge uint32) {
	ends := l.nodes[n].ends
	i := slices.IndexFunc(ends, func(e end) bool { return e.role == r })
	if i < 0 {
		i = len(ends)
		ends = append(ends, end{role: r})
		l.nodes[n].ends = ends
	}
	ends[i].edges = append(ends[i].edges, edge)
}

// addFact adds a fact of the newest commit, filling in what links it.
func (l *log) addFact(f fact) {
	i := size(l.facts)
	f.prev = l.heads[f.subject]
	l.heads[f.subject] = i
	if s := &l.subjects[f.subject]; s.topic == attribute && f.flags&removed == 0 {
		h := l.hash(s.name, f.value)
		f.alike = l.alike[h]
		l.alike[h] = i
		// Many nodes carry the same value: keep one copy.
		if other := l.facts[f.alike].value; equal(other, f.value) {
			f.value = other
		}
	}
	l.facts = append(l.facts, f)
}

// mark is how far the log reached.
type mark struct {
	names, nodes, subjects, facts, commits, layers int
}

func (l *log) mark() mark {
	return mark{len(l.names), len(l.nodes), len(l.subjects), len(l.facts), len(l.commits), len(l.layers)}
}

// truncate takes back everything added since a mark, newest first.
func (l *log) truncate(m mark) {
	for _, f := range slices.Backward(l.facts[m.facts:]) {
		l.heads[f.subject] = f.prev
		if s := &l.subjects[f.subject]; s.topic == attribute && f.flags&removed == 0 {
			if h := l.hash(s.name, f.value); f.alike == 0 {
				delete(l.alike, h)
			} else {
				l.alike[h] = f.alike
			}
		}
	}
	for _, s := range slices.Backward(l.subjects[m.subjects:]) {
		switch n := &l.nodes[s.node]; s.topic {
		case existence: // goes with its node
		case touch:
			n.touch = 0
		case attribute:
			n.attributes = n.attributes[:len(n.attributes)-1]
		case directed, undirected:
			if s.topic == directed || s.node != s.peer {
				l.dropEdge(s.peer, s.targetRole())
			}
			l.dropEdge(s.node, s.sourceRole())
		}
	}
	for _, n := range slices.Backward(l.nodes[m.nodes:]) {
		delete(l.byID, n.id)
		l.byKind[n.kind] = l.byKind[n.kind][:len(l.byKind[n.kind])-1]
	}
	for _, name := range l.names[m.names:] {
		delete(l.symbols, name)
	}
	clear(l.facts[m.facts:]) // lets go of the values
	clear(l.nodes[m.nodes:])
	clear(l.names[m.names:])
	l.facts, l.commits, l.layers = l.facts[:m.facts], l.commits[:m.commits], l.layers[:m.layers]
	l.subjects, l.heads = l.subjects[:m.subjects], l.heads[:m.subjects]
	l.nodes, l.names = l.nodes[:m.nodes], l.names[:m.names]
}

// dropEdge takes back the newest edge of a node in a role.
func (l *log) dropEdge(n uint32, r role) {
	ends := l.nodes[n].ends
	e := &ends[slices.IndexFunc(ends, func(e end) bool { return e.role == r })]
	e.edges = e.edges[:len(e.edges)-1]
}

// size is the index of the next element of a list.
func size[T any](list []T) uint32 {
	if uint64(len(list)) >= 1<<32-1 {
		panic("store: more than 2^32 entries in the log")
	}
	return uint32(len(list)) //nolint:gosec // G115: just checked
}

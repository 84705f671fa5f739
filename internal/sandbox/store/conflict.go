package store

import (
	"cmp"
	"slices"
	"time"
)

// Conflict is a contradiction between a branch and the default branch: both
// changed the same thing since they parted, and not to the same.
//
//   - A property of an attribute or of an edge has two different new values. That
//     is never IS_PROTECTED: there is but one value that it can change to.
//   - A role of cardinality one has two different new peers. Place has no Peer,
//     its property is PropertyRelated, and the values are ids of peers.
//   - An edge was removed on one and changed on the other. Place has a Peer, its
//     property is PropertyRelated.
//   - A node was removed on one and changed on the other. Place has the node
//     alone. As in Infrahub, no resolution settles this: the node has to be
//     removed, or its changes taken back, on one of the two branches.
type Conflict struct {
	Place
	// Kind is the kind of the node.
	Kind string
	// Resolvable is false when a node was removed.
	Resolvable bool
	// Default is what happened on the default branch, Branch what on the other.
	Default, Branch Outcome
}

// Place says what a conflict is about. It stays the same for as long as the
// conflict does, and so names it in a resolution.
type Place struct {
	Node      string
	Attribute string
	Role      Role
	Peer      string
	Property  Property
}

// Outcome is one side of a conflict.
type Outcome struct {
	Action Action
	// Value is the new value of the property: a JSON value or the id of a node.
	// It is nil when there is none, and when a whole node is concerned.
	Value any
	At    time.Time
	By    string
}

// Resolution says which side of a conflict to keep.
type Resolution uint8

// The resolutions, in the words of Infrahub BASE_BRANCH and DIFF_BRANCH.
const (
	KeepDefault Resolution = iota + 1
	KeepBranch
)

// conflicts finds where the branch and the default branch contradict each other.
func (d *divergence) conflicts() []Conflict {
	theirs := shared(d.log.deltas(d.base, d.target))
	if len(theirs) == 0 {
		return nil
	}
	ours := shared(d.log.deltas(d.base, d.branch))
	f := finder{
		divergence: d,
		ours:       d.summarize(ours),
		theirs:     d.summarize(theirs),
		nodes:      map[uint32]bool{},
		roles:      map[nodeRole]bool{},
	}
	f.findNodes()
	f.findRoles()
	f.findParts(ours, theirs)
	slices.SortStableFunc(f.found, func(a, b Conflict) int {
		return cmp.Compare(d.log.byID[a.Node], d.log.byID[b.Node])
	})
	return f.found
}

// finder collects conflicts, the larger ones before the smaller ones that they
// include.
type finder struct {
	*divergence
	ours, theirs map[uint32]summary // by node
	found        []Conflict
	nodes        map[uint32]bool   // in conflict as a whole
	roles        map[nodeRole]bool // in conflict as a whole
}

// summary is what one side did to a node.
type summary struct {
	removed bool
	last    *fact // the newest of all
	// peers holds the roles of cardinality one in which edges came or went,
	// with the newest fact of each.
	peers map[role]*fact
}

func (s summary) action() Action {
	if s.removed {
		return Removed
	}
	return Updated
}

func (d *divergence) summarize(deltas []delta) map[uint32]summary {
	summaries := map[uint32]summary{}
	for i := range deltas {
		x := &deltas[i]
		s := &d.log.subjects[x.subject]
		if !s.isEdge() {
			sum := summaries[s.node]
			sum.last = newer(sum.last, x.last)
			sum.removed = sum.removed || s.topic == existence && x.new == nil
			summaries[s.node] = sum
			continue
		}
		for _, e := range d.ends(s) {
			sum := summaries[e.node]
			sum.last = newer(sum.last, x.last)
			if x.action() != Updated && d.cardinality(e) == One {
				if sum.peers == nil {
					sum.peers = map[role]*fact{}
				}
				sum.peers[e.role] = newer(sum.peers[e.role], x.last)
			}
			summaries[e.node] = sum
		}
	}
	return summaries
}

func newer(a, b *fact) *fact {
	if a == nil || b.commit > a.commit {
		return b
	}
	return a
}

// findNodes finds the nodes that one side removed and the other changed.
func (f *finder) findNodes() {
	for _, n := range sortedKeys(f.ours) {
		ours := f.ours[n]
		theirs, ok := f.theirs[n]
		if !ok || ours.removed == theirs.removed {
			continue
		}
		f.nodes[n] = true
		f.found = append(f.found, Conflict{
			Place:   Place{Node: f.log.nodes[n].id},
			Kind:    f.kind(n),
			Default: f.outcome(theirs.action(), nil, theirs.last),
			Branch:  f.outcome(ours.action(), nil, ours.last),
		})
	}
}

// findRoles finds the roles of cardinality one to which the sides gave different
// peers.
func (f *finder) findRoles() {
	for _, n := range sortedKeys(f.ours) {
		ours, theirs := f.ours[n], f.theirs[n]
		if f.nodes[n] {
			continue
		}
		for _, e := range f.log.nodes[n].ends {
			if ours.peers[e.role] == nil || theirs.peers[e.role] == nil {
				continue
			}
			before := f.log.peers(f.base, n, e.role)
			branch, target := f.log.peers(f.branch, n, e.role), f.log.peers(f.target, n, e.role)
			if slices.Equal(branch, target) {
				continue
			}
			f.roles[nodeRole{n, e.role}] = true
			f.found = append(f.found, Conflict{
				Place:      Place{Node: f.log.nodes[n].id, Role: f.log.describeRole(e.role), Property: PropertyRelated},
				Kind:       f.kind(n),
				Resolvable: true,
				Default:    f.peerOutcome(before, target, theirs.peers[e.role]),
				Branch:     f.peerOutcome(before, branch, ours.peers[e.role]),
			})
		}
	}
}

// findParts finds the attributes and edges of which the sides changed the same
// properties to different values, or which one side removed.
func (f *finder) findParts(ours, theirs []delta) {
	bySubject := make(map[uint32]*delta, len(theirs))
	for i := range theirs {
		bySubject[theirs[i].subject] = &theirs[i]
	}
	for i := range ours {
		x := &ours[i]
		y := bySubject[x.subject]
		s := &f.log.subjects[x.subject]
		if y == nil || s.topic == existence || f.included(s) {
			continue
		}
		for _, p := range contradictions(s, x, y) {
			place := f.place(s, p)
			f.found = append(f.found, Conflict{
				Place:      place,
				Kind:       f.kind(f.log.byID[place.Node]),
				Resolvable: true,
				Default:    f.propertyOutcome(place, y),
				Branch:     f.propertyOutcome(place, x),
			})
		}
	}
}

// included reports whether a conflict about more includes an attribute or edge.
func (f *finder) included(s *subject) bool {
	if !s.isEdge() {
		return f.nodes[s.node]
	}
	source, target := s.ends()
	return f.nodes[s.node] || f.nodes[s.peer] || f.roles[source] || f.roles[target]
}

// contradictions lists the properties that two sides changed differently. When
// one side removed the whole, that is the first property.
func contradictions(s *subject, x, y *delta) []Property {
	properties := s.properties()
	if x.new == nil || y.new == nil {
		if x.new == y.new {
			return nil
		}
		return properties[:1]
	}
	return slices.DeleteFunc(properties, func(p Property) bool {
		if sameProperty(p, x.old, x.new) || sameProperty(p, y.old, y.new) {
			return true
		}
		if p == PropertyValue { // whether it is a default does not matter
			return equal(x.new.value, y.new.value)
		}
		return sameProperty(p, x.new, y.new)
	})
}

// place names a property of an attribute or of an edge. An edge is named as seen
// from the first of its ends whose kind declares the relationship.
func (d *divergence) place(s *subject, p Property) Place {
	l := d.log
	if !s.isEdge() {
		return Place{Node: l.nodes[s.node].id, Attribute: l.names[s.name], Property: p}
	}
	first, second := s.ends()
	if s.topic == undirected && l.nodes[s.peer].id < l.nodes[s.node].id {
		first, second = second, first
	}
	if d.cardinality(first) == Undeclared && d.cardinality(second) != Undeclared {
		first, second = second, first
	}
	return Place{
		Node:     l.nodes[first.node].id,
		Role:     l.describeRole(first.role),
		Peer:     l.nodes[second.node].id,
		Property: p,
	}
}

// peers lists the peers of a node in a role, sorted.
func (l *log) peers(v frame, n uint32, r role) []uint32 {
	var peers []uint32
	for _, s := range l.edges(n, r) {
		if l.shown(v, s) != nil {
			peers = append(peers, l.peerOf(s, n))
		}
	}
	slices.Sort(peers)
	return peers
}

func (d *divergence) peerOutcome(before, after []uint32, last *fact) Outcome {
	switch {
	case len(after) == 0:
		return d.outcome(Removed, nil, last)
	case len(before) == 0:
		return d.outcome(Added, d.log.nodes[after[0]].id, last)
	default:
		return d.outcome(Updated, d.log.nodes[after[0]].id, last)
	}
}

func (d *divergence) propertyOutcome(at Place, x *delta) Outcome {
	if x.new == nil {
		return d.outcome(Removed, nil, x.last)
	}
	var value any
	switch at.Property {
	case PropertyValue:
		value = clone(x.new.value)
	case PropertyRelated:
		value = at.Peer
	case PropertySource:
		value = d.name(x.new.source)
	case PropertyOwner:
		value = d.name(x.new.owner)
	}
	return d.outcome(x.action(), value, x.last)
}

// name returns the name of a node, nil for none.
func (d *divergence) name(s symbol) any {
	if s == 0 {
		return nil
	}
	return d.log.names[s]
}

func (d *divergence) outcome(a Action, value any, last *fact) Outcome {
	return Outcome{Action: a, Value: value, At: d.log.timeOf(last), By: d.log.names[last.author]}
}

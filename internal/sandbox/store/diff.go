package store

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Diff is what a branch changed in a span of time, net of what it changed back,
// and where that contradicts the default branch.
type Diff struct {
	Branch   string
	From, To time.Time
	// Nodes are in the order in which their ids came into the store.
	Nodes []NodeChange
	// Conflicts are node by node in the same order. There are none for the
	// default branch and for a branch that has been merged.
	Conflicts []Conflict
}

// Action says what happened to a node, an attribute, an edge or a property.
type Action string

// The actions, in the words of Infrahub.
const (
	Added   Action = "ADDED"
	Updated Action = "UPDATED"
	Removed Action = "REMOVED"
)

// Property names one part of an attribute or an edge that can change on its own.
type Property string

// The properties, in the words of Infrahub. Value goes together with IsDefault
// and IsFromProfile. Related is the edge itself.
const (
	PropertyValue     Property = "HAS_VALUE"
	PropertyProtected Property = "IS_PROTECTED"
	PropertySource    Property = "HAS_SOURCE"
	PropertyOwner     Property = "HAS_OWNER"
	PropertyRelated   Property = "IS_RELATED"
)

// NodeChange is what changed of one node.
type NodeChange struct {
	ID     string
	Kind   string
	Action Action
	// At is the time of the newest of the changes, By who made it.
	At         time.Time
	By         string
	Attributes []AttributeChange // by name
	Edges      []EdgeChange      // by identifier and side, then as in View.Peers
}

// AttributeChange is what changed of an attribute. Old is nil when it was added
// and New when it was removed.
type AttributeChange struct {
	Name       string
	Action     Action
	Properties []Property // those that changed
	Old, New   *Attribute
	At         time.Time
	By         string
}

// EdgeChange is what changed of an edge, as seen from one of its nodes. Old is
// nil when it was added and New when it was removed.
type EdgeChange struct {
	Role       Role
	Peer       string
	Action     Action
	Properties []Property // those that changed
	Old, New   *Edge
	At         time.Time
	By         string
}

// Cardinality says how many peers a node may have in a role.
type Cardinality uint8

const (
	// Undeclared means that the kind has no such relationship: only its peers
	// know of the edge, and an edge is no change of the node.
	Undeclared Cardinality = iota
	// One means at most one peer.
	One
	// Many means any number of peers.
	Many
)

// Cardinalities tells the cardinality that nodes of a kind have in a role. When
// nil, all are Many. It must not call the store.
type Cardinalities func(kind string, r Role) Cardinality

func (c Cardinalities) of(kind string, r Role) Cardinality {
	if c == nil {
		return Many
	}
	return c(kind, r)
}

// DiffOptions says what a diff is about.
type DiffOptions struct {
	// From and To bound the span. From is at the earliest, and by default, the
	// time the branch was branched from or last rebased; To is by default now.
	From, To time.Time
	// Cardinalities are needed for conflicts to be found in relationships.
	Cardinalities Cardinalities
}

// Diff compares a branch with what it was at an earlier time, and with the
// default branch at the later one. For the default branch it tells what changed
// there. Agnostic and local facts are never part of it. The errors are
// ErrNoBranch and ErrBeforeStart.
func (s *Store) Diff(branch string, options DiffOptions) (*Diff, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.find(branch)
	if err != nil {
		return nil, err
	}
	upto, err := s.commitAt(options.To)
	if err != nil {
		return nil, err
	}
	d := s.log.divergence(b, upto, options.Cardinalities)
	span := b.at(upto)
	diff := &Diff{Branch: b.Name, From: s.log.commits[span.start].time(), To: s.log.commits[upto].time()}
	if !b.IsDefault && span.layer == defaultLayer { // not yet created
		diff.From = diff.To
		return diff, nil
	}
	if span == b.current() {
		diff.From = b.BranchedFrom
	}
	from := d.base
	if !options.From.IsZero() {
		if asked := s.log.commitAt(options.From.UnixMicro(), upto); asked > span.start {
			from = s.log.frameOf(span.layer, asked)
			diff.From = s.log.commits[asked].time()
		}
	}
	diff.Nodes = d.describe(shared(s.log.deltas(from, d.branch)))
	if !b.IsDefault && b.Status != StatusMerged {
		diff.Conflicts = d.conflicts()
	}
	return diff, nil
}

// describe tells node by node what deltas of the branch say.
func (d *divergence) describe(deltas []delta) []NodeChange {
	l := d.log
	changes := map[uint32]*NodeChange{}
	change := func(n uint32, last *fact) *NodeChange {
		c, ok := changes[n]
		if !ok {
			c = &NodeChange{ID: l.nodes[n].id, Kind: d.kind(n), Action: Updated}
			changes[n] = c
		}
		if at := l.timeOf(last); at.After(c.At) {
			c.At, c.By = at, l.names[last.author]
		}
		return c
	}
	for _, x := range deltas {
		s := &l.subjects[x.subject]
		switch s.topic {
		case existence:
			change(s.node, x.last).Action = x.action()
		case attribute:
			c := change(s.node, x.last)
			c.Attributes = append(c.Attributes, l.describeAttributeDelta(x))
		case directed, undirected:
			for _, e := range d.ends(s) {
				c := change(e.node, x.last)
				c.Edges = append(c.Edges, l.describeEdgeDelta(x, e, d.branch))
			}
		}
	}
	described := make([]NodeChange, 0, len(changes))
	for _, n := range sortedKeys(changes) {
		c := changes[n]
		slices.SortFunc(c.Attributes, func(a, b AttributeChange) int { return strings.Compare(a.Name, b.Name) })
		slices.SortStableFunc(c.Edges, func(a, b EdgeChange) int {
			return cmp.Or(strings.Compare(a.Role.Identifier, b.Role.Identifier), cmp.Compare(a.Role.Side, b.Role.Side))
		})
		described = append(described, *c)
	}
	return described
}

func (l *log) describeAttributeDelta(x delta) AttributeChange {
	c := AttributeChange{
		Name:       l.names[l.subjects[x.subject].name],
		Action:     x.action(),
		Properties: x.changed(l.subjects[x.subject].properties()),
		At:         l.timeOf(x.last),
		By:         l.names[x.last.author],
	}
	if x.old != nil {
		old := l.describeAttribute(x.old)
		c.Old = &old
	}
	if x.new != nil {
		now := l.describeAttribute(x.new)
		c.New = &now
	}
	return c
}

func (l *log) describeEdgeDelta(x delta, e nodeRole, v frame) EdgeChange {
	c := EdgeChange{
		Role:       l.describeRole(e.role),
		Peer:       l.nodes[l.peerOf(x.subject, e.node)].id,
		Action:     x.action(),
		Properties: x.changed(l.subjects[x.subject].properties()),
		At:         l.timeOf(x.last),
		By:         l.names[x.last.author],
	}
	if x.old != nil {
		old := l.describeEdge(x.oldFrame, x.old, e.node, e.role)
		c.Old = &old
	}
	if x.new != nil {
		now := l.describeEdge(v, x.new, e.node, e.role)
		c.New = &now
	}
	return c
}

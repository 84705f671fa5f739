package store

import (
	"slices"
	"time"
)

// View is a branch at a moment. It never changes, however much is written
// afterwards, and is safe for concurrent use. Ids that the view does not show,
// and names that nothing has, give empty results. A view costs nothing to make or
// keep; each call locks out writers once, for as long as it lasts.
type View struct {
	store  *Store
	branch string
	at     time.Time
	frame  frame
}

// Branch returns the name of the branch.
func (v *View) Branch() string {
	return v.branch
}

// At returns the time asked for, or that of the newest commit seen when the
// view was made for now.
func (v *View) At() time.Time {
	return v.at
}

// Node returns a node by its id.
func (v *View) Node(id string) (Node, bool) {
	l := v.lock()
	defer v.unlock()
	n, ok := l.node(v.frame, id)
	if !ok {
		return Node{}, false
	}
	return l.describeNode(v.frame, n), true
}

// Nodes returns the nodes of the given kinds, in the order in which their ids
// came into the store.
func (v *View) Nodes(kinds ...string) []Node {
	l := v.lock()
	defer v.unlock()
	return l.describeNodes(v.frame, l.ofKinds(kinds))
}

// Count returns the number of nodes of the given kinds.
func (v *View) Count(kinds ...string) int {
	l := v.lock()
	defer v.unlock()
	count := 0
	for _, n := range l.ofKinds(kinds) {
		if l.exists(v.frame, n) {
			count++
		}
	}
	return count
}

// Find returns the nodes of the given kinds in which an attribute has exactly a
// value, types included, in the order of Nodes. With nil it finds the nodes in
// which the attribute is null, not those without it. It takes time for the nodes
// that ever had the value, not for all of the kinds.
func (v *View) Find(attribute string, value any, kinds ...string) []Node {
	wanted, err := normal(value)
	if err != nil {
		return nil
	}
	l := v.lock()
	defer v.unlock()
	name, ok := l.symbols[attribute]
	if !ok {
		return nil
	}
	of := map[symbol]bool{}
	for _, kind := range kinds {
		if k, ok := l.symbols[kind]; ok {
			of[k] = true
		}
	}
	var found []uint32
	l.holders(name, wanted, func(subject uint32) {
		n := l.subjects[subject].node
		if !of[l.nodes[n].kind] {
			return
		}
		if f := l.shown(v.frame, subject); f != nil && equal(f.value, wanted) {
			found = append(found, n)
		}
	})
	slices.Sort(found)
	return l.describeNodes(v.frame, slices.Compact(found))
}

// Attribute returns an attribute of a node.
func (v *View) Attribute(id, name string) (Attribute, bool) {
	l := v.lock()
	defer v.unlock()
	if n, ok := l.node(v.frame, id); ok {
		if s, ok := l.findAttribute(n, l.symbols[name]); ok {
			if f := l.live(v.frame, s); f != nil {
				return l.describeAttribute(f), true
			}
		}
	}
	return Attribute{}, false
}

// Attributes returns the attributes of a node, in the order in which the node
// first had them.
func (v *View) Attributes(id string) []Attribute {
	l := v.lock()
	defer v.unlock()
	n, ok := l.node(v.frame, id)
	if !ok {
		return nil
	}
	attributes := make([]Attribute, 0, len(l.nodes[n].attributes))
	for _, s := range l.nodes[n].attributes {
		if f := l.live(v.frame, s); f != nil {
			attributes = append(attributes, l.describeAttribute(f))
		}
	}
	return attributes
}

// Peers returns the edges of a node in a role, in the order in which the pairs
// of nodes were first joined.
func (v *View) Peers(id string, r Role) []Edge {
	l := v.lock()
	defer v.unlock()
	name, known := l.symbols[r.Identifier]
	n, ok := l.node(v.frame, id)
	if !ok || !known {
		return nil
	}
	return l.describeEdges(v.frame, n, role{name, r.Side})
}

// Edges returns all edges of a node, role by role; a role comes when the node
// first had an edge in it. An edge from a node to itself comes once for each of
// its sides.
func (v *View) Edges(id string) []Edge {
	l := v.lock()
	defer v.unlock()
	n, ok := l.node(v.frame, id)
	if !ok {
		return nil
	}
	var edges []Edge
	for _, e := range l.nodes[n].ends {
		edges = append(edges, l.describeEdges(v.frame, n, e.role)...)
	}
	return edges
}

// lock locks the log for reading, and returns it.
func (v *View) lock() *log {
	v.store.mu.RLock()
	return v.store.log
}

func (v *View) unlock() {
	v.store.mu.RUnlock()
}

// ofKinds lists all nodes that were ever of the kinds, without duplicates.
func (l *log) ofKinds(kinds []string) []uint32 {
	if len(kinds) == 1 {
		return l.byKind[l.symbols[kinds[0]]]
	}
	var nodes []uint32
	for _, kind := range kinds {
		nodes = append(nodes, l.byKind[l.symbols[kind]]...)
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

func (l *log) describeNodes(v frame, nodes []uint32) []Node {
	described := make([]Node, 0, len(nodes))
	for _, n := range nodes {
		if l.exists(v, n) {
			described = append(described, l.describeNode(v, n))
		}
	}
	return described
}

func (l *log) describeNode(v frame, n uint32) Node {
	node := &l.nodes[n]
	created := l.since(v, node.existence)
	updated := created
	if node.touch != 0 {
		if f := l.visible(v, node.touch); f != nil && f.commit > created.commit {
			updated = f
		}
	}
	return Node{
		ID:        node.id,
		Kind:      l.names[node.kind],
		CreatedAt: l.timeOf(created),
		CreatedBy: l.names[created.author],
		UpdatedAt: l.timeOf(updated),
		UpdatedBy: l.names[updated.author],
	}
}

func (l *log) describeAttribute(f *fact) Attribute {
	return Attribute{
		Name:          l.names[l.subjects[f.subject].name],
		Value:         clone(f.value),
		IsDefault:     f.flags&isDefault != 0,
		IsFromProfile: f.flags&isFromProfile != 0,
		Properties:    l.describeProperties(f),
		UpdatedAt:     l.timeOf(f),
		UpdatedBy:     l.names[f.author],
	}
}

func (l *log) describeEdges(v frame, n uint32, r role) []Edge {
	subjects := l.edges(n, r)
	edges := make([]Edge, 0, len(subjects))
	for _, s := range subjects {
		if f := l.shown(v, s); f != nil {
			edges = append(edges, l.describeEdge(v, f, n, r))
		}
	}
	return edges
}

func (l *log) describeEdge(v frame, f *fact, n uint32, r role) Edge {
	created := l.since(v, f.subject)
	return Edge{
		Role:       l.describeRole(r),
		Peer:       l.nodes[l.peerOf(f.subject, n)].id,
		Properties: l.describeProperties(f),
		CreatedAt:  l.timeOf(created),
		CreatedBy:  l.names[created.author],
		UpdatedAt:  l.timeOf(f),
		UpdatedBy:  l.names[f.author],
	}
}

func (l *log) describeRole(r role) Role {
	return Role{Identifier: l.names[r.name], Side: r.side}
}

func (l *log) describeProperties(f *fact) Properties {
	return Properties{IsProtected: f.flags&isProtected != 0, Source: l.names[f.source], Owner: l.names[f.owner]}
}

func (l *log) timeOf(f *fact) time.Time {
	return l.commits[f.commit].time()
}

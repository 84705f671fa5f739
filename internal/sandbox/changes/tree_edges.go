package changes

import (
	"cmp"
	"slices"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// relationships lists those of a node that changed, by name.
func (b treeBuilder) relationships(change store.NodeChange, n *treeNode) []*treeRelationship {
	byRole := map[store.Role]*treeRelationship{}
	var all []*treeRelationship
	for _, c := range change.Edges {
		r := byRole[c.Role]
		if r == nil {
			declared := relationshipIn(change.Kind, c.Role, b.after.Model, b.base.Model)
			if declared == nil {
				continue
			}
			r = &treeRelationship{name: declared.Name, label: declared.Label, many: declared.Many(), path: "data/" + n.id + "/" + declared.Name}
			byRole[c.Role] = r
			all = append(all, r)
		}
		r.elements = append(r.elements, b.element(change.ID, r, c))
		r.at = latest(r.at, c.At)
	}
	for role, r := range byRole {
		b.finish(store.Place{Node: change.ID, Role: role, Property: store.PropertyRelated}, r)
	}
	slices.SortFunc(all, func(a, b *treeRelationship) int { return cmp.Compare(a.name, b.name) })
	return all
}

// element tells how one edge changed.
func (b treeBuilder) element(node string, r *treeRelationship, c store.EdgeChange) *treeElement {
	e := &treeElement{peer: c.Peer, status: c.Action, at: c.At, path: r.path}
	e.label = labelOf(c.Peer, b.after)
	if c.Action == store.Removed {
		e.label = labelOf(c.Peer, b.base)
	}
	related := treeProperty{property: store.PropertyRelated, status: c.Action}
	var old, now *store.Properties
	if c.Old != nil {
		old, related.old = &c.Old.Properties, c.Peer
	}
	if c.New != nil {
		now, related.new = &c.New.Properties, c.Peer
	}
	if c.Action == store.Updated {
		related.status = unchanged
	}
	b.label(&related)
	e.properties = []treeProperty{related}
	for _, p := range parts(c.Action, c.Properties, store.PropertyRelated, *cmp.Or(now, old)) {
		if p != store.PropertyRelated {
			e.properties = append(e.properties, b.property(p, old, now))
		}
	}
	for i := range e.properties {
		p := &e.properties[i]
		p.at, p.path = c.At, r.path+"/property/"+string(p.property)
		p.conflict = b.conflicts[store.Place{Node: node, Role: c.Role, Peer: c.Peer, Property: p.property}]
	}
	return e
}

// finish sets the status of a relationship. One of cardinality many is always
// updated. One of cardinality one has a single element, whatever came and went.
func (b treeBuilder) finish(peer store.Place, r *treeRelationship) {
	slices.SortFunc(r.elements, func(a, b *treeElement) int { return cmp.Compare(a.peer, b.peer) })
	r.status = store.Updated
	if r.many {
		return
	}
	r.path += "/peer"
	came := slices.IndexFunc(r.elements, func(e *treeElement) bool { return e.status == store.Added })
	went := slices.IndexFunc(r.elements, func(e *treeElement) bool { return e.status == store.Removed })
	e := r.elements[0]
	switch {
	case came >= 0 && went >= 0:
		e = replaced(r.elements[went], r.elements[came])
	case came >= 0:
		e = r.elements[came]
		r.status = e.status
	default:
		r.status = e.status
	}
	e.path = r.path
	if conflict := b.conflicts[peer]; conflict != nil {
		e.conflict = conflict
	}
	r.elements = []*treeElement{e}
}

// replaced is the one change that the removal of a peer and the addition of
// another are.
func replaced(old, now *treeElement) *treeElement {
	e := *now
	e.status = store.Updated
	e.properties = slices.Clone(now.properties)
	for _, p := range old.properties {
		i := slices.IndexFunc(e.properties, func(other treeProperty) bool { return other.property == p.property })
		if i < 0 {
			e.properties = append(e.properties, p)
			continue
		}
		both := &e.properties[i]
		both.old, both.before = p.old, p.before
		both.status = actionOf(both.old, both.new)
	}
	return &e
}

// addParents joins every node to what it is a component of, or below in a tree,
// and adds that where it did not change itself.
func (b treeBuilder) addParents(t *tree) {
	known := map[string]*treeNode{}
	for _, n := range t.nodes {
		known[n.id] = n
	}
	join := func(child *treeNode, r *model.Relationship, parent *nodes.Node) *treeNode {
		p := known[parent.ID]
		if p == nil {
			p = &treeNode{id: parent.ID, kind: parent.Kind, path: "data/" + parent.ID, label: parent.Label(), status: unchanged}
			known[p.id] = p
			t.nodes = append(t.nodes, p)
		}
		child.parent, child.component = p, "undefined"
		if opposite := parent.Schema.Opposite(r); opposite != nil {
			child.component = opposite.Name
		}
		return p
	}
	for _, n := range slices.Clone(t.nodes) {
		node := b.after.Node(n.id)
		if node == nil || node.Schema.Class != model.Node {
			continue
		}
		inTree := node.Schema.ParentRelationship() == nil && node.Schema.Tree() != ""
		for child := n; node != nil && child.parent == nil; {
			r := node.Schema.ParentRelationship()
			if inTree {
				r = node.Schema.Relationship("parent")
			}
			if r == nil {
				break
			}
			parent := node.Peer(r)
			if parent == nil {
				break
			}
			child, node = join(child, r, parent), parent
		}
	}
}

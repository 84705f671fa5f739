package nodes

import (
	"reflect"
	"slices"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// create writes the draft of a new node.
func (d *draft) create() (*Node, error) {
	w := d.w
	if err := w.tx.CreateNode(d.id, d.kind.Name, ScopeOf(d.kind.Branch)); err != nil {
		return nil, err
	}
	n := w.Node(d.id)
	w.change(n, Created)
	for _, a := range d.kind.Attributes {
		if err := w.setAttribute(n, a, d.attributes[a.Name]); err != nil {
			return nil, err
		}
	}
	for _, r := range d.kind.Relationships {
		if links, ok := d.links[r.Name]; ok {
			if _, err := w.setPeers(n, r, links); err != nil {
				return nil, err
			}
		}
	}
	n = w.Node(d.id)
	if err := d.createComponents(n); err != nil {
		return nil, err
	}
	return n, w.tellRules(n, Created)
}

// update writes the draft of a change.
func (d *draft) update() (*Node, error) {
	w, n := d.w, d.node
	changed := false
	for _, a := range d.kind.Attributes {
		after, ok := d.attributes[a.Name]
		if !ok {
			continue
		}
		before, known := w.View.Attribute(n.ID, a.Name)
		if known && sameAttribute(before, after) {
			continue
		}
		changed = true
		if err := w.setAttribute(n, a, after); err != nil {
			return nil, err
		}
	}
	for _, r := range d.kind.Relationships {
		links, ok := d.links[r.Name]
		if !ok {
			continue
		}
		touched, err := w.setPeers(n, r, links)
		if err != nil {
			return nil, err
		}
		changed = changed || touched
	}
	if !changed {
		return w.Node(n.ID), nil
	}
	if err := w.recompute(n); err != nil {
		return nil, err
	}
	n = w.Node(n.ID)
	return n, w.tellRules(n, Updated)
}

// tellRules lets the rules take part.
func (w *Writer) tellRules(n *Node, action Action) error {
	for _, rule := range w.base.Rules {
		if err := rule.Changed(w, n, action); err != nil {
			return err
		}
	}
	return nil
}

// setAttribute writes an attribute and notes the change.
func (w *Writer) setAttribute(n *Node, a *model.Attribute, after store.Attribute) error {
	before, known := w.View.Attribute(n.ID, a.Name)
	if known && sameAttribute(before, after) {
		return nil
	}
	if !known || !sameValue(before.Value, after.Value) {
		value, err := sealed(a, after.Value)
		if err != nil {
			return err
		}
		after.Value = value
	}
	scope := ScopeOf(a.Branch)
	if scope == store.Local && n.Schema.Branch == model.Agnostic {
		scope = store.Agnostic
	}
	if err := w.tx.SetAttribute(n.ID, after, scope); err != nil {
		return err
	}
	w.noteAttribute(n, a, before, after)
	return nil
}

// setPeers makes the given links the only ones of a node in a relationship. It
// tells whether anything changed.
func (w *Writer) setPeers(n *Node, r *model.Relationship, links []*link) (changed bool, err error) {
	before := n.Peers(r)
	for _, edge := range before {
		if slices.ContainsFunc(links, func(l *link) bool { return l.node != nil && l.node.ID == edge.Peer }) {
			continue
		}
		if err := w.part(n, r, edge.Peer); err != nil {
			return false, err
		}
		changed = true
	}
	for _, l := range links {
		if l.node == nil {
			continue
		}
		i := slices.IndexFunc(before, func(e store.Edge) bool { return e.Peer == l.node.ID })
		if i >= 0 && l.over(before[i].Properties) == before[i].Properties {
			continue
		}
		var known store.Properties
		if i >= 0 {
			known = before[i].Properties
		}
		if err := w.join(n, r, l.node, l.over(known), i < 0); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// join writes an edge.
func (w *Writer) join(n *Node, r *model.Relationship, peer *Node, p store.Properties, isNew bool) error {
	if err := w.tx.SetEdge(n.ID, RoleOf(r), peer.ID, p, ScopeOf(r.Branch)); err != nil {
		return err
	}
	if isNew {
		w.noteRelationship(n, r, peer, added)
	}
	return nil
}

// part removes an edge.
func (w *Writer) part(n *Node, r *model.Relationship, peer string) error {
	other := w.Node(peer)
	if err := w.tx.DeleteEdge(n.ID, RoleOf(r), peer); err != nil {
		return err
	}
	if other != nil {
		w.noteRelationship(n, r, other, removed)
	}
	return nil
}

// sameValue tells whether two values are the same, type included.
func sameValue(a, b any) bool {
	switch a.(type) {
	case nil, string, bool, int64, float64:
		switch b.(type) {
		case nil, string, bool, int64, float64:
			return a == b
		}
	}
	return reflect.DeepEqual(a, b)
}

// sameAttribute tells whether two attributes have the same content.
func sameAttribute(a, b store.Attribute) bool {
	return sameValue(a.Value, b.Value) && a.IsDefault == b.IsDefault && a.IsFromProfile == b.IsFromProfile && a.Properties == b.Properties
}

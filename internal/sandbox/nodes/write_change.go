package nodes

import (
	"slices"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// The actions on attributes and peers, in the words of Infrahub's events.
const (
	added   = "added"
	updated = "updated"
	removed = "removed"
)

// change returns the record of what the transaction does to a node.
func (w *Writer) change(n *Node, action Action) *Change {
	if i, ok := w.changed[n.ID]; ok {
		return &w.changes[i]
	}
	if w.changed == nil {
		w.changed = map[string]int{}
	}
	w.changed[n.ID] = len(w.changes)
	w.changes = append(w.changes, Change{Action: action, Node: n.ID, Kind: n.Kind})
	return &w.changes[len(w.changes)-1]
}

// noteAttribute notes that an attribute changed.
func (w *Writer) noteAttribute(n *Node, a *model.Attribute, before, after store.Attribute) {
	w.noteStale(n, a.Name)
	c := w.change(n, Updated)
	for i := range c.Attributes {
		if c.Attributes[i].Name == a.Name {
			c.Attributes[i].Value = after.Value
			return
		}
	}
	noted := AttributeChange{
		Name: a.Name, Kind: a.Kind, Value: after.Value, Previous: before.Value, Action: updated,
		Secret: secret(a), Computed: a.Computed != nil,
	}
	switch {
	case before.Value == nil && after.Value != nil:
		noted.Action = added
	case before.Value != nil && after.Value == nil:
		noted.Action = removed
	}
	c.Attributes = append(c.Attributes, noted)
}

// noteRelationship notes that a peer came or went, at both ends.
func (w *Writer) noteRelationship(n *Node, r *model.Relationship, peer *Node, action string) {
	w.noteStale(n, r.Name)
	w.notePeer(n, r, peer, action)
	for _, other := range peer.Schema.Relationships {
		if RoleOf(other) == RoleOf(r).Opposite() {
			w.noteStale(peer, other.Name)
			w.notePeer(peer, other, n, action)
			return
		}
	}
}

func (w *Writer) notePeer(n *Node, r *model.Relationship, peer *Node, action string) {
	c := w.change(n, Updated)
	if action == removed || !w.isNew(n) && !w.isNew(peer) {
		i := slices.IndexFunc(c.Relationships, func(noted RelationshipChange) bool {
			return noted.Name == r.Name && noted.Peer == peer.ID
		})
		if i >= 0 && c.Relationships[i].Action != action {
			c.Relationships = slices.Delete(c.Relationships, i, i+1) // come and gone, or the other way round
		}
		if i >= 0 {
			return
		}
	}
	c.Relationships = append(c.Relationships, RelationshipChange{Name: r.Name, Peer: peer.ID, PeerKind: peer.Kind, Action: action})
}

// isNew tells whether the transaction made a node, which had no peers before.
func (w *Writer) isNew(n *Node) bool {
	i, ok := w.changed[n.ID]
	return ok && w.changes[i].Action == Created
}

// describe completes the records of changes, and leaves those out that came to
// nothing.
func (w *Writer) describe() {
	w.changes = slices.DeleteFunc(w.changes, func(c Change) bool {
		return c.Action == Updated && len(c.Attributes) == 0 && len(c.Relationships) == 0
	})
	for i := range w.changes {
		c := &w.changes[i]
		if n := w.Node(c.Node); n != nil {
			c.Label = n.Label()
		}
	}
}

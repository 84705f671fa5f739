package nodes

import (
	"fmt"
	"slices"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// delete removes a node and those that go with it. named is the kind of the
// mutation.
func (w *Writer) delete(named *model.Kind, n *Node) error {
	doomed := w.withComponents(n)
	if err := w.checkDelete(named, doomed); err != nil {
		return err
	}
	for _, n := range doomed {
		if err := w.tellRules(n, Deleted); err != nil {
			return err
		}
	}
	for _, n := range doomed {
		if n = w.Node(n.ID); n == nil {
			continue // a rule removed it
		}
		if err := w.remove(n); err != nil {
			return err
		}
	}
	return nil
}

// withComponents returns a node and all nodes that are deleted with it.
func (w *Writer) withComponents(n *Node) []*Node {
	doomed := []*Node{n}
	known := map[string]bool{n.ID: true}
	for i := 0; i < len(doomed); i++ {
		for _, r := range doomed[i].Schema.Relationships {
			if r.OnDelete != "cascade" {
				continue
			}
			for _, peer := range doomed[i].Related(r.Name) {
				if !known[peer.ID] {
					known[peer.ID] = true
					doomed = append(doomed, peer)
				}
			}
		}
	}
	return doomed
}

// checkDelete checks that no other node has one of the doomed as a mandatory
// peer.
func (w *Writer) checkDelete(named *model.Kind, doomed []*Node) error {
	gone := map[string]bool{}
	for _, n := range doomed {
		gone[n.ID] = true
	}
	refused := &refusals{kind: named.Name}
	for _, n := range doomed {
		for _, edge := range w.View.Edges(n.ID) {
			peer := w.Node(edge.Peer)
			if peer == nil || gone[peer.ID] || !needs(peer, edge.Role.Opposite(), n) {
				continue
			}
			name := memberOf(peer.Schema, edge.Role.Identifier)
			refused.addAll(peer.Kind+"."+name, fmt.Sprintf(
				"Cannot delete %s '%s'. It is linked to mandatory relationship %s on node %s '%s'",
				n.Kind, n.ID, name, peer.Kind, peer.ID))
		}
	}
	return refused.err()
}

// needs tells whether a node must have another one as its peer in a role.
func needs(n *Node, role store.Role, peer *Node) bool {
	return slices.ContainsFunc(n.Schema.Relationships, func(r *model.Relationship) bool {
		return RoleOf(r) == role && !r.Optional && peer.Is(r.Peer)
	})
}

// memberOf names a relationship of a kind by its identifier. Of the two of a
// tree, Infrahub names that to the children, whichever is meant.
func memberOf(k *model.Kind, identifier string) string {
	name := ""
	for _, r := range k.Relationships {
		if r.Identifier == identifier && (name == "" || r.Name == "children") {
			name = r.Name
		}
	}
	return name
}

// remove removes one node.
func (w *Writer) remove(n *Node) error {
	c := w.change(n, Deleted)
	c.Action, c.Label = Deleted, n.Label()
	c.Attributes, c.Relationships = nil, nil
	for _, a := range n.Schema.Attributes {
		if v, ok := w.View.Attribute(n.ID, a.Name); ok && v.Value != nil {
			c.Attributes = append(c.Attributes, AttributeChange{
				Name: a.Name, Kind: a.Kind, Previous: v.Value, Action: removed, Secret: secret(a), Computed: a.Computed != nil,
			})
		}
	}
	for _, r := range n.Schema.Relationships {
		for _, peer := range n.Related(r.Name) {
			w.noteRelationship(n, r, peer, removed)
		}
	}
	return w.tx.DeleteNode(n.ID)
}

package nodes

import (
	"slices"

	"infrahub-mcp/internal/sandbox/model"
)

// jinja2 is the kind of computed attributes that are made from a text. Those of
// other kinds are made by tasks that the sandbox does not run.
const jinja2 = "Jinja2"

// computedAttributes returns the attributes of a kind that are made from texts.
func computedAttributes(k *model.Kind) []*model.Attribute {
	var computed []*model.Attribute
	for _, a := range k.Attributes {
		if a.Computed != nil && a.Computed.Kind == jinja2 {
			computed = append(computed, a)
		}
	}
	return computed
}

// recompute gives the computed attributes of a node their values. A value that
// cannot be made, or that the attribute cannot hold, leaves the one before.
func (w *Writer) recompute(n *Node) error {
	computed := computedAttributes(n.Schema)
	for range computed { // one may be made from another
		stable := true
		for _, a := range computed {
			text, err := n.Render(a.Computed.Template)
			if err != nil || a.Check(text) != nil {
				continue
			}
			after, _ := w.View.Attribute(n.ID, a.Name)
			if sameValue(after.Value, text) {
				continue
			}
			after.Name, after.Value, after.IsDefault = a.Name, text, false
			if err := w.setAttribute(n, a, after); err != nil {
				return err
			}
			stable = false
		}
		if stable {
			break
		}
	}
	return nil
}

// staleNode is a node with the members that changed.
type staleNode struct {
	node    *Node
	members []string
}

// noteStale notes that what is computed from a member of a node may change.
func (w *Writer) noteStale(n *Node, member string) {
	if last := len(w.stale) - 1; last >= 0 && w.stale[last].node.ID == n.ID {
		if !slices.Contains(w.stale[last].members, member) {
			w.stale[last].members = append(w.stale[last].members, member)
		}
		return
	}
	w.stale = append(w.stale, &staleNode{n, []string{member}})
}

// recomputeOthers brings computed attributes up to date: those of nodes that
// refer to a changed node through a relationship, of nodes that refer to these,
// and so on.
func (w *Writer) recomputeOthers() error {
	references := w.references()
	// A chain longer than there are attributes to compute goes round in circles.
	for range len(references) + 1 {
		stale := w.stale
		w.stale = nil
		for _, s := range stale {
			if err := w.recomputeFor(s, references); err != nil {
				return err
			}
		}
		if len(w.stale) == 0 {
			break
		}
	}
	w.stale = nil
	return nil
}

// reference is a computed attribute that is made from an attribute of a peer.
type reference struct {
	kind         *model.Kind
	relationship *model.Relationship
	peer         *model.Kind
	attribute    string
}

// references returns those of the schema.
func (w *Writer) references() []reference {
	var references []reference
	for _, k := range w.Model.Kinds(model.Node, model.Profile, model.Template) {
		for _, a := range computedAttributes(k) {
			variables, err := model.Variables(a.Computed.Template)
			if err != nil {
				continue
			}
			for _, variable := range variables {
				p, err := w.Model.Path(k, variable)
				if err == nil && p.Relationship != nil && p.Attribute != nil {
					references = append(references, reference{k, p.Relationship, p.Peer, p.Attribute.Name})
				}
			}
		}
	}
	return references
}

// recomputeFor brings up to date what is computed from the changed members of a
// node.
func (w *Writer) recomputeFor(s *staleNode, references []reference) error {
	n := w.Node(s.node.ID)
	if n == nil {
		return nil
	}
	if slices.Contains(s.members, "profiles") {
		if err := w.recompute(n); err != nil {
			return err
		}
	}
	if n.Schema.Class == model.Profile {
		for _, profiled := range n.Related("related_nodes") {
			if err := w.recompute(profiled); err != nil {
				return err
			}
		}
	}
	for _, ref := range references {
		if n.Kind == ref.kind.Name && slices.Contains(s.members, ref.relationship.Name) {
			if err := w.recompute(n); err != nil {
				return err
			}
		}
		if !slices.Contains(s.members, ref.attribute) || !n.Is(ref.peer.Name) {
			continue
		}
		for _, other := range w.joined(n, ref.relationship, ref.kind) {
			if err := w.recompute(other); err != nil {
				return err
			}
		}
	}
	return nil
}

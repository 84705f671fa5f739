package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/infrahub/schema"
)

// hfid says how the human-friendly id of nodes is read.
type hfid struct {
	fields []string // what is selected for it
	read   func(n *node) json.RawMessage
}

// peerHFID says how the hfid of the nodes of a relationship with cardinality
// many is read. Infrahub 1.11 takes seconds for the field hfid there, because it
// looks up the parts that lie in other nodes one by one; so the parts are
// selected and put together here. Where that cannot be done, because a part is
// no text or number or because the kinds of a generic differ, the field is asked
// for after all.
func (r Reader) peerHFID(kind string) hfid {
	asked := hfid{fields: append([]string{"hfid"}, r.ownParts(kind)...), read: ownHFID}
	peer := r.Schema.Lookup(kind)
	if peer == nil || len(peer.HumanFriendlyID) == 0 {
		return asked
	}
	for _, implementing := range r.Schema.Concrete(peer) {
		if !slices.Equal(implementing.HumanFriendlyID, peer.HumanFriendlyID) {
			return asked
		}
	}
	var composed hfid
	var parts []func(*node) json.RawMessage
	for i, path := range peer.HumanFriendlyID {
		alias := fmt.Sprintf("hfid_%d", i)
		field, part := r.part(peer, path, alias)
		if part == nil {
			return asked
		}
		composed.fields = append(composed.fields, field)
		parts = append(parts, part)
	}
	composed.read = func(n *node) json.RawMessage {
		texts := make([]string, len(parts))
		for i, part := range parts {
			raw := part(n)
			if isNull(raw) {
				return null()
			}
			if texts[i] = text(raw); raw[0] != '"' {
				texts[i] = string(raw) // a number
			}
		}
		id, err := encode(texts)
		if err != nil {
			return null()
		}
		return id
	}
	return composed
}

// part says what to select for one path of a human-friendly id, such as
// name__value or device__name__value, and how to read it. It is nil for a path
// that is not understood.
func (r Reader) part(k *schema.Kind, path, alias string) (field string, read func(*node) json.RawMessage) {
	steps := strings.Split(path, "__")
	switch {
	case len(steps) == 2 && steps[1] == "value" && spellable(k.Attribute(steps[0])):
		c := r.attribute(k.Attribute(steps[0]), alias)
		return c.query.fields[0], c.read
	case len(steps) == 3 && steps[2] == "value":
		rel := k.Relationship(steps[0])
		if rel == nil || rel.Many() {
			return "", nil
		}
		peer := r.Schema.Lookup(rel.Peer)
		if peer == nil || !spellable(peer.Attribute(steps[1])) {
			return "", nil
		}
		c := r.attribute(peer.Attribute(steps[1]), steps[1])
		return fmt.Sprintf("%s: %s { node { %s } }", alias, rel.Name, c.query.fields[0]), func(n *node) json.RawMessage {
			related := one(n.fields[alias])
			if isNull(related) {
				return null()
			}
			return c.read(fields(related))
		}
	}
	return "", nil
}

// spellable reports whether the value of an attribute stands in a
// human-friendly id as it is.
func spellable(a *schema.Attribute) bool {
	return a != nil && slices.Contains([]string{"Text", "TextArea", "Number", "Dropdown"}, a.Kind)
}

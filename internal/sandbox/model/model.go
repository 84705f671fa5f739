// Package model holds the node schema of an Infrahub in memory: which kinds of
// nodes there are, what each of them holds and how they are related.
//
// Documents in Infrahub's schema format go in (Parse, ParseRequest, Core,
// Demo); what GET /api/schema answers comes out (Model.API), with everything
// that Infrahub adds to what was declared: inherited and implicit members,
// identifiers, weights, labels, profiles and templates. The rules are those of
// Infrahub 1.11. The tests hold them against what it answers, kind by kind.
//
// A Model never changes. Loading a document makes another one, so that every
// branch of the sandbox can have its own.
package model

import (
	"slices"
)

// Model is one version of the node schema. It is safe for concurrent use;
// everything reached through it is for reading only.
type Model struct {
	hash   string
	kinds  []*Kind // nodes, generics, profiles, templates, each in the order they were added
	byName map[string]*Kind
}

// Hash identifies the content of the model: 32 hexadecimal digits that depend
// neither on the order of kinds and their members nor on their ids (field
// "main" of GET /api/schema).
func (m *Model) Hash() string {
	return m.hash
}

// Kind returns the kind with the given full name, such as DcimDevice, or nil.
func (m *Model) Kind(name string) *Kind {
	return m.byName[name]
}

// Lookup returns the kind with the given full name. The error for an unknown
// one is an *Error with the sentence that Infrahub answers.
func (m *Model) Lookup(name string) (*Kind, error) {
	if k := m.byName[name]; k != nil {
		return k, nil
	}
	return nil, unknownKind(name)
}

// Kinds returns every kind of the given classes, or of all of them: nodes,
// generics, profiles, templates, each in the order they were added. Kinds that
// GET /api/schema leaves out (namespaces Internal and Schema) are among them.
func (m *Model) Kinds(classes ...Class) []*Kind {
	if len(classes) == 0 {
		return slices.Clone(m.kinds)
	}
	var kinds []*Kind
	for _, k := range m.kinds {
		if slices.Contains(classes, k.Class) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// Concrete returns the kinds whose nodes k stands for, sorted by name: those
// that implement a generic, and any other kind itself.
func (m *Model) Concrete(k *Kind) []*Kind {
	if k.Class != Generic {
		return []*Kind{k}
	}
	kinds := make([]*Kind, 0, len(k.UsedBy))
	for _, name := range k.UsedBy {
		if user := m.byName[name]; user != nil {
			kinds = append(kinds, user)
		}
	}
	return kinds
}

// Implements tells whether nodes of k can stand where nodes of the kind named
// peer are asked for: k is that kind or implements it.
func (m *Model) Implements(k *Kind, peer string) bool {
	if k.Name == peer || slices.Contains(k.InheritFrom, peer) {
		return true
	}
	// Every node is a CoreNode without saying so.
	generic := m.byName[peer]
	return generic != nil && slices.Contains(generic.UsedBy, k.Name)
}

// Opposite returns the relationship of the peer kind that is the other end of
// r, or nil when the peer has none. For a node of a concrete kind behind a
// generic peer, Kind.Opposite of that kind gives its own relationship.
func (m *Model) Opposite(r *Relationship) *Relationship {
	peer := m.byName[r.Peer]
	if peer == nil {
		return nil
	}
	return peer.Opposite(r)
}

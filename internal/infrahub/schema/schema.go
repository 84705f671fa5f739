// Package schema holds the node schema of an Infrahub server: which kinds of
// nodes there are, their attributes and relationships, and by which filters a
// kind can be queried.
//
// A Schema is one version of it, decoded from GET /api/schema into what this
// server uses and no more. A Cache keeps the versions in use, one copy each,
// and asks the server at short intervals whether they still hold.
package schema

import (
	"infrahub-mcp/internal/problem"
)

// Schema is one version of the node schema of a server. It never changes once
// it is decoded and is shared by all callers, so everything reached through it
// is for reading only.
type Schema struct {
	// Hash identifies the version; branches with the same schema have the
	// same hash (field "main" of GET /api/schema).
	Hash string

	kinds  []*Kind // sorted by name
	byName map[string]*Kind
}

// Kind returns the kind with the given full name, such as DcimDevice. The
// error for an unknown one is a *problem.Problem with the closest names.
func (s *Schema) Kind(name string) (*Kind, error) {
	if k := s.byName[name]; k != nil {
		return k, nil
	}
	known := make([]string, len(s.kinds))
	for i, k := range s.kinds {
		known[i] = k.Name
	}
	return nil, problem.Unknown("kind", name, known, "Call get_schema without arguments for all kinds.")
}

// Lookup returns the kind with the given full name, or nil.
func (s *Schema) Lookup(name string) *Kind {
	return s.byName[name]
}

// Kinds returns every kind of every class, sorted by name.
func (s *Schema) Kinds() []*Kind {
	return s.kinds
}

// Concrete returns the kinds whose nodes k stands for, sorted by name: those
// that implement a generic, and any other kind itself. Kinds that Infrahub
// names as users of a generic but keeps to itself (namespace Internal) are
// left out.
func (s *Schema) Concrete(k *Kind) []*Kind {
	if k.Class != Generic {
		return []*Kind{k}
	}
	kinds := make([]*Kind, 0, len(k.UsedBy))
	for _, name := range k.UsedBy {
		if user := s.byName[name]; user != nil {
			kinds = append(kinds, user)
		}
	}
	return kinds
}

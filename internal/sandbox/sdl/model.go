package sdl

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Model is a node schema as GET /api/schema answers it. The JSON encoding of
// these types is the one of that answer, with only what a GraphQL schema
// depends on.
type Model struct {
	Nodes     []Kind `json:"nodes"`
	Generics  []Kind `json:"generics"`
	Profiles  []Kind `json:"profiles"`
	Templates []Kind `json:"templates"`
}

// Kind is a node, a generic, a profile or a template.
type Kind struct {
	// Name is the full name, such as DcimDevice; Namespace is its first part.
	Name        string `json:"kind"`
	Namespace   string `json:"namespace"`
	Description string `json:"description"`
	// DisplayLabel is empty when nodes of the kind have none of their own.
	DisplayLabel    string   `json:"display_label"`
	HumanFriendlyID []string `json:"human_friendly_id"`
	// InheritFrom lists the generics that the kind implements.
	InheritFrom []string `json:"inherit_from"`
	// Hierarchy is the hierarchical generic that a node is part of, and
	// Hierarchical is true for such a generic itself.
	Hierarchy     string         `json:"hierarchy"`
	Hierarchical  bool           `json:"hierarchical"`
	Attributes    []Attribute    `json:"attributes"`
	Relationships []Relationship `json:"relationships"`
}

// Attribute is a value that nodes of a kind hold.
type Attribute struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"` // Text, Number, Dropdown, …
	Description string `json:"description"`
	Optional    bool   `json:"optional"`
	ReadOnly    bool   `json:"read_only"`
	Inherited   bool   `json:"inherited"`
}

// Relationship links nodes of a kind to nodes of its peer kind.
type Relationship struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"` // Group, Hierarchy, Attribute, …
	Peer        string `json:"peer"`
	Cardinality string `json:"cardinality"` // "one" or "many"
	Description string `json:"description"`
	ReadOnly    bool   `json:"read_only"`
}

// Names with a meaning of their own in the rules of Infrahub.
const (
	// Generics.
	anyNode      = "CoreNode"
	anyGroup     = "CoreGroup"
	anyFile      = "CoreFileObject"
	anyIPPrefix  = "BuiltinIPPrefix"
	anyIPAddress = "BuiltinIPAddress"
	// A namespace, a kind of relationship and a cardinality.
	internalNamespace = "Internal"
	groupRelationship = "Group"
	one               = "one"
)

// class is which of the lists of a Model a kind is in.
type class int

const (
	node class = iota
	generic
	profile
	template
)

// kind is a Kind and what it is.
type kind struct {
	*Kind
	class class
}

// within tells whether all kinds that k refers to are among those given.
func (k *Kind) within(given map[string]bool) bool {
	for _, name := range k.InheritFrom {
		if !given[name] {
			return false
		}
	}
	for _, r := range k.Relationships {
		if !given[r.Peer] {
			return false
		}
	}
	return true
}

// internal tells whether Infrahub keeps the kind to itself: it has types but
// no queries and no mutations, and no relationship leads to it.
func (k kind) internal() bool {
	return k.Namespace == internalNamespace
}

// is tells whether nodes of the kind are of the given generic.
func (k kind) is(name string) bool {
	switch k.class {
	case generic:
		return k.Name == name
	case node:
		return slices.Contains(k.InheritFrom, name)
	default:
		return false
	}
}

// tree returns the hierarchical generic that nodes of the kind are part of, or
// nothing.
func (k kind) tree() string {
	switch {
	case k.class == generic && k.Hierarchical:
		return k.Name
	case k.class == node:
		return k.Hierarchy
	default:
		return ""
	}
}

// interfaces returns the names of the GraphQL interfaces of the type of k.
func (k kind) interfaces() []string {
	if k.class == generic {
		return nil
	}
	names := slices.Clone(k.InheritFrom)
	if k.class == node && !slices.Contains(names, anyGroup) {
		names = append(names, anyNode)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// internal.json holds the kinds that Infrahub keeps to itself, in the form of
// GET /api/schema/{kind}: the list of all kinds leaves them out.
//
//go:embed internal.json
var internalKinds []byte

// kinds returns the kinds of the model and the internal ones, sorted by name. A
// model too small for an internal kind, which a server never has, does without.
func (m *Model) kinds() ([]kind, error) {
	var internal []Kind
	if err := json.Unmarshal(internalKinds, &internal); err != nil {
		return nil, fmt.Errorf("decoding the internal kinds: %w", err)
	}
	kinds := make([]kind, 0, len(m.Nodes)+len(m.Generics)+len(m.Profiles)+len(m.Templates)+len(internal))
	for _, list := range []struct {
		class class
		kinds []Kind
	}{
		{node, m.Nodes},
		{generic, m.Generics},
		{profile, m.Profiles},
		{template, m.Templates},
	} {
		for i := range list.kinds {
			kinds = append(kinds, kind{&list.kinds[i], list.class})
		}
	}
	given := make(map[string]bool, len(kinds))
	for _, k := range kinds {
		if given[k.Name] {
			return nil, fmt.Errorf("kind %q appears twice", k.Name)
		}
		given[k.Name] = true
	}
	for i := range internal {
		if k := &internal[i]; !given[k.Name] && k.within(given) {
			kinds = append(kinds, kind{k, node})
		}
	}
	slices.SortFunc(kinds, func(a, b kind) int { return strings.Compare(a.Name, b.Name) })
	return kinds, nil
}

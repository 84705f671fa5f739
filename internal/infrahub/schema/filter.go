package schema

import (
	"fmt"
	"strings"

	"infrahub-mcp/internal/problem"
)

// Filter is one argument by which nodes of a kind are selected in an Infrahub
// GraphQL query.
type Filter struct {
	// Name is the argument: name__value, ids, site__name__values, …
	Name string
	// Type is its GraphQL type: String, [String], BigInt, Int, Boolean, ID,
	// [ID], DateTime, GenericScalar, [GenericScalar], … All are nullable.
	Type string
	// Attribute is the attribute whose value the argument is compared with;
	// nil when it is compared with something else.
	Attribute *Attribute
	// Relationship is the relationship whose peers are meant, and whose peer
	// kind Attribute is of; nil when the node itself is meant.
	Relationship *Relationship
}

// List tells whether the filter takes a list.
func (f Filter) List() bool {
	return strings.HasPrefix(f.Type, "[")
}

// Filter returns the filter of k with the given name. The error for one that k
// does not accept is a *problem.Problem with the closest names.
func (s *Schema) Filter(k *Kind, name string) (Filter, error) {
	var found Filter
	s.subjects(k, name, func(about subject) {
		wanted, ok := about.cut(name)
		if !ok {
			return
		}
		about.endings(func(end, typ string, compared *Attribute) {
			if end == wanted {
				found = Filter{Name: name, Type: typ, Attribute: compared, Relationship: about.relationship}
			}
		})
	})
	if found.Name != "" {
		return found, nil
	}
	return Filter{}, s.unknownFilter(k, name)
}

// unknownFilter returns the Problem of a filter that k does not accept. When
// no name resembles it, those that begin like it are the closest: what is
// asked is wrong, what it is about may be right.
func (s *Schema) unknownFilter(k *Kind, name string) error {
	filters := s.Filters(k)
	known := make([]string, len(filters))
	for i, f := range filters {
		known[i] = f.Name
	}
	p := problem.Unknown("filter of "+k.Name, name, known,
		fmt.Sprintf("Call get_schema with kind %s for all its filters.", k.Name))
	for about := problem.Excerpt(name, 100); len(p.Candidates) == 0; {
		end := strings.LastIndex(about, separator)
		if end < 0 {
			break
		}
		about = about[:end]
		p.Candidates = problem.Closest(about, known, 5)
	}
	return p
}

// Filters returns every filter that k accepts, always in the same order: those
// of the node itself, its attributes and its metadata, then those of its
// relationships. The other arguments of a query (offset, limit, order and
// partial_match) select no nodes and are not filters.
func (s *Schema) Filters(k *Kind) []Filter {
	var filters []Filter
	s.subjects(k, "", func(about subject) {
		about.endings(func(end, typ string, compared *Attribute) {
			filters = append(filters, Filter{Name: about.name(end), Type: typ, Attribute: compared, Relationship: about.relationship})
		})
	})
	return filters
}

// subjects visits what the filters of k can be about. The rules are those by
// which Infrahub 1.11 builds the arguments of the GraphQL field of a kind; the
// published SDL of a server is the proof that they are the same.
//
// With the name of a filter, relationships that it does not begin with are
// passed over.
func (s *Schema) subjects(k *Kind, name string, visit func(subject)) {
	visit(subject{accepts: ids})
	if k.DisplayLabel != "" {
		visit(subject{field: "display_label", scalar: "String", accepts: values | isNull})
	}
	if len(k.HumanFriendlyID) > 0 {
		visit(subject{accepts: hfid})
	}
	for i := range k.Attributes {
		a := &k.Attributes[i]
		visit(subject{field: a.Name, attribute: a, scalar: a.scalar(), accepts: values | isNull | lineage})
	}
	visit(subject{field: "any", scalar: "String", accepts: values | lineage})
	visit(subject{field: "node_metadata", accepts: history})
	// Infrahub's own rule goes by these two names: the query of any address or
	// prefix can list the free space between them too.
	if k.Name == "BuiltinIPPrefix" || k.Name == "BuiltinIPAddress" {
		visit(subject{accepts: available})
	}
	for i := range k.Relationships {
		r := &k.Relationships[i]
		if name != "" && !strings.HasPrefix(name, r.Name) {
			continue
		}
		peer := s.byName[r.Peer]
		if peer == nil || peer.Namespace == "Internal" {
			continue
		}
		visit(subject{relationship: r, accepts: ids | isNull})
		if peer.DisplayLabel != "" {
			visit(subject{relationship: r, field: "display_label", scalar: "String", accepts: values | isNull})
		}
		accepts := values | lineage
		if r.Kind == "Group" {
			accepts = values
		}
		for j := range peer.Attributes {
			a := &peer.Attributes[j]
			visit(subject{relationship: r, field: a.Name, attribute: a, scalar: a.scalar(), accepts: accepts})
		}
	}
}

// subject is what filters are about: a node, a field of it, or the same of the
// nodes at the other end of a relationship. It is the first part of the name
// of a filter.
type subject struct {
	relationship *Relationship // nil for the node itself
	field        string        // empty for the node as a whole
	attribute    *Attribute    // set when the field is an attribute
	scalar       string        // GraphQL type of the value of the field
	accepts      group         // what can be asked of it
}

// separator stands between the parts of the name of a filter. Infrahub refuses
// it in the names of attributes and relationships.
const separator = "__"

// name puts the name of a filter together.
func (s subject) name(end string) string {
	switch {
	case s.relationship == nil && s.field == "":
		return end
	case s.relationship == nil:
		return s.field + separator + end
	case s.field == "":
		return s.relationship.Name + separator + end
	default:
		return s.relationship.Name + separator + s.field + separator + end
	}
}

// cut takes the name of a filter apart: it returns the ending, if the rest of
// the name stands for s.
func (s subject) cut(name string) (end string, ok bool) {
	if s.relationship != nil {
		if name, ok = strings.CutPrefix(name, s.relationship.Name+separator); !ok {
			return "", false
		}
	}
	if s.field != "" {
		if name, ok = strings.CutPrefix(name, s.field+separator); !ok {
			return "", false
		}
	}
	return name, true
}

// endings visits the last parts that the name of a filter about s can have:
// what is asked, the type of the argument and the attribute that it is
// compared with.
func (s subject) endings(visit func(end, typ string, compared *Attribute)) {
	if s.accepts&ids != 0 {
		visit("ids", "[ID]", nil)
	}
	if s.accepts&hfid != 0 {
		visit("hfid", "[String]", nil)
	}
	if s.accepts&values != 0 {
		visit("value", s.scalar, s.attribute)
		visit("values", "["+s.scalar+"]", s.attribute)
	}
	if s.accepts&isNull != 0 {
		visit("isnull", "Boolean", nil)
	}
	if s.accepts&lineage != 0 {
		visit("source__id", "ID", nil)
		visit("owner__id", "ID", nil)
		visit("is_protected", "Boolean", nil)
	}
	if s.accepts&history != 0 {
		visit("created_by__id", "ID", nil)
		visit("created_by__ids", "[ID]", nil)
		visit("updated_by__id", "ID", nil)
		visit("updated_by__ids", "[ID]", nil)
		visit("created_at", "DateTime", nil)
		visit("created_at__before", "DateTime", nil)
		visit("created_at__after", "DateTime", nil)
		visit("updated_at", "DateTime", nil)
		visit("updated_at__before", "DateTime", nil)
		visit("updated_at__after", "DateTime", nil)
	}
	if s.accepts&available != 0 {
		visit("include_available", "Boolean", nil)
		visit("kinds", "[String!]", nil)
	}
}

// group is a set of endings that exist together.
type group uint8

const (
	ids       group = 1 << iota // which nodes
	hfid                        // which node, by its human-friendly id
	values                      // what value
	isNull                      // whether there is no value, or no peer
	lineage                     // where a value comes from, and whether it is protected
	history                     // who created and changed a node, and when
	available                   // whether to list free address space too, and of which kinds
)

// scalar returns the GraphQL type by which a value of a is compared.
func (a *Attribute) scalar() string {
	switch a.Kind {
	case "Number", "NumberPool":
		return "BigInt"
	case "Bandwidth":
		return "Int"
	case "Boolean", "Checkbox":
		return "Boolean"
	case "DateTime":
		return "DateTime"
	case "List", "JSON", "Any":
		return "GenericScalar"
	default:
		return "String"
	}
}

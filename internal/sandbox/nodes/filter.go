package nodes

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// filter is one argument of a list, read.
type filter struct {
	cost   cost
	passes func(*Node) bool
	// find returns nodes among which all those that pass are, when it takes an
	// index to find them; nil when it does not.
	find func() []*Node
}

// cost says how much work a filter has with a node; cheap ones come first.
type cost int

const (
	ofNode cost = iota
	ofAttribute
	ofPeers
	ofAllAttributes
	ofLabel
)

// filters are the filters of one list, all of which a node has to pass.
type filters []filter

// filters reads those of the arguments that are filters of a kind or generic. An
// argument that is null is none, but for ids.
func (g *Graph) filters(k *model.Kind, arguments map[string]any) (filters, error) {
	partial, _ := arguments["partial_match"].(bool)
	read := filterReader{graph: g, kind: k, partial: partial}
	var all filters
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		value := arguments[name]
		if value == nil && name != "ids" {
			continue
		}
		f, err := read.filter(name, value)
		if err != nil {
			return nil, err
		}
		if f.passes != nil {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b filter) int { return cmp.Compare(a.cost, b.cost) })
	return all, nil
}

// pass tells whether a node passes all filters.
func (all filters) pass(n *Node) bool {
	for _, f := range all {
		if !f.passes(n) {
			return false
		}
	}
	return true
}

// apply returns the nodes that pass. It reuses the slice.
func (all filters) apply(nodes []*Node) []*Node {
	return slices.DeleteFunc(nodes, func(n *Node) bool { return !all.pass(n) })
}

// candidates returns nodes of a kind among which all those that pass are: the
// fewest that an index gives, or all of the kind.
func (all filters) candidates(g *Graph, k *model.Kind) []*Node {
	var fewest []*Node
	found := false
	for _, f := range all {
		if f.find == nil {
			continue
		}
		if nodes := f.find(); !found || len(nodes) < len(fewest) {
			fewest, found = nodes, true
		}
	}
	if found {
		return fewest
	}
	return g.NodesOf(k)
}

// filterReader reads the arguments of a list of a kind.
type filterReader struct {
	graph   *Graph
	kind    *model.Kind
	partial bool
}

// filter reads one argument. What is no filter gives one without a function.
func (r filterReader) filter(name string, value any) (filter, error) {
	head, rest, compound := strings.Cut(name, "__")
	switch {
	case name == "ids":
		return r.byIDs(value), nil
	case name == "kinds":
		kinds := texts(value)
		return filter{cost: ofNode, passes: func(n *Node) bool { return slices.Contains(kinds, n.Kind) }}, nil
	case !compound:
		return filter{}, nil
	case head == "any":
		return r.byAny(rest, value)
	case head == "node_metadata":
		return byMetadata(rest, value)
	case head == displayLabel:
		return r.byLabel(rest, value)
	}
	if a := r.kind.Attribute(head); a != nil {
		return r.byAttribute(a, rest, value)
	}
	if relationship := r.kind.Relationship(head); relationship != nil {
		return r.byPeers(relationship, name, value)
	}
	return filter{}, unknownFilter(name)
}

// byIDs reads "ids". Null is a list of none.
func (r filterReader) byIDs(value any) filter {
	ids := texts(value)
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	return filter{
		cost:   ofNode,
		passes: func(n *Node) bool { return wanted[n.ID] },
		find:   func() []*Node { return r.withIDs(wanted) },
	}
}

// withIDs returns the nodes of the kind that have one of the ids.
func (r filterReader) withIDs(ids map[string]bool) []*Node {
	var nodes []*Node
	for id := range ids {
		if n := r.graph.Node(id); n != nil && n.Is(r.kind.Name) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// byAttribute reads an argument about an attribute of the kind itself.
func (r filterReader) byAttribute(a *model.Attribute, property string, value any) (filter, error) {
	passes, err := attributeCheck(property, value, r.partial)
	if err != nil {
		return filter{}, err
	}
	f := filter{cost: ofAttribute, passes: func(n *Node) bool { return passes(n.heldAttribute(a.Name)) }}
	if property == "value" && !r.partial && r.graph.indexed(r.kind, a.Name, value) {
		f.find = func() []*Node { return r.graph.Having(r.kind, a.Name, value) }
	}
	return f, nil
}

// indexed tells whether the index of the store finds every node of a kind that
// has a value in an attribute: not where it is the default or that of a profile,
// which a node has without storing it, nor where texts of JSON are compared.
func (g *Graph) indexed(k *model.Kind, attribute string, value any) bool {
	switch value.(type) {
	case string, bool, int64:
	default:
		return false
	}
	for _, concrete := range g.Model.Concrete(k) {
		if a := concrete.Attribute(attribute); a == nil || isJSON(a) || value == a.Default {
			return false
		}
	}
	return value != null && len(g.View.Find(attribute, value, names(g.Model.Kinds(model.Profile))...)) == 0
}

// byAny reads an argument about any attribute. The display label and the
// human-friendly id, which Infrahub stores like attributes, count as well.
func (r filterReader) byAny(property string, value any) (filter, error) {
	passes, err := attributeCheck(property, value, r.partial)
	if err != nil {
		return filter{}, err
	}
	ofValue := property == "value" || property == "values"
	return filter{cost: ofAllAttributes, passes: func(n *Node) bool {
		return n.someAttribute(passes) || ofValue && (passes(holding(n.Label())) || passes(holding(n.hfidText())))
	}}, nil
}

// someAttribute tells whether an attribute of the node is as asked for.
func (n *Node) someAttribute(passes check) bool {
	stored := n.graph.View.Attributes(n.ID)
	if len(stored) == len(n.Schema.Attributes) && len(n.Related("profiles")) == 0 {
		return slices.ContainsFunc(stored, passes)
	}
	return slices.ContainsFunc(n.Schema.Attributes, func(a *model.Attribute) bool { return passes(n.heldAttribute(a.Name)) })
}

// byLabel reads an argument about the display label.
func (r filterReader) byLabel(property string, value any) (filter, error) {
	passes, err := attributeCheck(property, value, r.partial)
	if err != nil {
		return filter{}, err
	}
	return filter{cost: ofLabel, passes: func(n *Node) bool { return passes(holding(n.Label())) }}, nil
}

// displayLabel is the name of the display label in arguments.
const displayLabel = "display_label"

// unknownFilter is for arguments that the GraphQL schema does not have.
func unknownFilter(name string) error {
	return fault.New(http.StatusInternalServerError, "filter %s is not supported", name)
}

package nodes

import (
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// link is a peer that an input names, found or still to be found.
type link struct {
	node *Node
	store.Properties

	id   string
	hfid []string
	kind string
	pool map[string]any
	// given tells which of the properties the input names.
	given struct{ protected, source, owner bool }
}

// readLink reads a member of a relationship: {id | hfid, kind | from_pool,
// _relation__is_protected, _relation__source, _relation__owner}, or an id.
func readLink(item any) (*link, error) {
	if node, ok := item.(*Node); ok {
		return &link{id: node.ID, node: node}, nil
	}
	if id, ok := item.(string); ok {
		return &link{id: id}, nil
	}
	input, ok := item.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("Invalid data provided to form a relationship %s", printed(item)) //nolint:staticcheck // Infrahub's sentence
	}
	l := &link{hfid: texts(input["hfid"])}
	l.id, _ = input["id"].(string)
	l.kind, _ = input["kind"].(string)
	l.pool, _ = input["from_pool"].(map[string]any)
	l.IsProtected, l.given.protected = input["_relation__is_protected"].(bool)
	l.Source, l.given.source = input["_relation__source"].(string)
	l.Owner, l.given.owner = input["_relation__owner"].(string)
	return l, nil
}

// over returns the properties of an edge with those that the input names.
func (l *link) over(p store.Properties) store.Properties {
	if l.given.protected {
		p.IsProtected = l.IsProtected
	}
	if l.given.source {
		p.Source = l.Source
	}
	if l.given.owner {
		p.Owner = l.Owner
	}
	return p
}

// texts reads a list of texts; a single one stands for a list of one.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		list := make([]string, len(v))
		for i, element := range v {
			list[i] = printed(element)
		}
		return list
	}
	return nil
}

// items returns the members of the input of a relationship: one that is no list
// stands for a list of one.
func items(value any) []any {
	switch v := value.(type) {
	case []any:
		return v
	case []map[string]any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = element
		}
		return list
	case []string:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = element
		}
		return list
	}
	return []any{value}
}

// Find returns the node of a kind or generic that an input names by id or hfid,
// as the mutations of nodes do. The errors are *fault.Error.
func (g *Graph) Find(k *model.Kind, id string, hfid []string) (*Node, error) {
	switch {
	case isUUID(id):
		return g.byID(k, id)
	case len(hfid) > 0:
		return g.ByHFID(k, hfid)
	case id != "":
		return g.byDefaultFilter(k, id)
	}
	return nil, fault.New(400, "either id or hfid must be provided.")
}

// byID returns the node of a kind or generic with an id.
func (g *Graph) byID(k *model.Kind, id string) (*Node, error) {
	n := g.Node(id)
	if n == nil {
		return nil, fault.NoNode(id, k.Name)
	}
	if !n.Is(k.Name) {
		err := fault.NoNode(id, k.Name)
		err.Message = fmt.Sprintf("Node with id %s exists, but it is a %s, not %s", id, n.Kind, k.Name)
		return nil, err
	}
	return n, nil
}

// byDefaultFilter returns the node in which the attribute that the default
// filter of its kind names has a value.
func (g *Graph) byDefaultFilter(k *model.Kind, value string) (*Node, error) {
	p, err := g.Model.Path(k, k.DefaultFilter)
	if k.DefaultFilter == "" || err != nil || p.Attribute == nil || p.Relationship != nil {
		return nil, fault.NoNode(value, k.Name)
	}
	found := g.Having(k, p.Attribute.Name, value)
	switch len(found) {
	case 0:
		return nil, fault.NoNode(value, k.Name)
	case 1:
		return found[0], nil
	}
	several := fault.NoNode(value, k.Name)
	several.Message = fmt.Sprintf("Unable to find node %s, %d nodes returned, expected 1", quoted(value), len(found))
	return nil, several
}

// ByHFID returns the node of a kind or generic with a human-friendly id. The
// error is a *fault.Error: NODE_NOT_FOUND.
func (g *Graph) ByHFID(k *model.Kind, hfid []string) (*Node, error) {
	missing := fault.NoNode(strings.Join(hfid, " :: "), k.Name)
	switch {
	case len(k.HumanFriendlyID) == 0:
		missing.Message = fmt.Sprintf("Unable to lookup node by HFID, schema '%s' does not have a HFID defined.", k.Name)
		return nil, missing
	case len(k.HumanFriendlyID) != len(hfid):
		missing.Message = fmt.Sprintf("Unable to lookup node by HFID, schema '%s' HFID does not contain the same number of elements as %s",
			k.Name, printed(hfid))
		return nil, missing
	}
	for _, kind := range g.Model.Concrete(k) {
		if len(kind.HumanFriendlyID) != len(hfid) {
			continue
		}
		for _, n := range g.nearHFID(kind, hfid) {
			if slices.Equal(n.HFID(), hfid) {
				return n, nil
			}
		}
	}
	return nil, missing
}

// nearHFID returns nodes among which those of a kind with a human-friendly id
// are: the components of the parent that it names, or else those with a text
// that it has.
func (g *Graph) nearHFID(k *model.Kind, hfid []string) []*Node {
	var text []*Node
	for i, path := range k.HumanFriendlyID {
		p, err := g.Model.Path(k, path)
		switch {
		case err != nil || p.Attribute == nil || p.Attribute.Kind != "Text" || p.Property != "value":
		case p.Relationship == nil && text == nil:
			text = g.Having(k, p.Attribute.Name, hfid[i])
		case p.Relationship != nil && p.Relationship.Kind == "Parent":
			var parts []*Node
			for _, parent := range g.Having(p.Peer, p.Attribute.Name, hfid[i]) {
				parts = append(parts, g.joined(parent, p.Relationship, k)...)
			}
			return parts
		}
	}
	if text != nil {
		return text
	}
	return g.NodesOf(k)
}

// isUUID tells whether a text is an id in the form that Infrahub gives them.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return false
			}
		}
	}
	return true
}

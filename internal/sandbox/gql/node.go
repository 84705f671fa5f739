package gql

import (
	"strings"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// node answers a field of a node.
func (r *resolver) node(n *nodes.Node, f exec.Field) (any, error) {
	name := f.Definition.Name
	switch name {
	case "id":
		return n.ID, nil
	case "hfid":
		if hfid := n.HFID(); hfid != nil {
			return hfid, nil
		}
		return nil, nil
	case "display_label":
		return n.Label(), nil
	}
	if a := n.Schema.Attribute(name); a != nil {
		return attribute{node: n, schema: a, stored: n.Attribute(name)}, nil
	}
	relationship := n.Schema.Relationship(name)
	if relationship == nil {
		if relationship = nodes.TreeRelationship(n.Schema, name); relationship == nil {
			return nil, nil
		}
	}
	count, links, err := n.SelectPeers(relationship, f.Arguments)
	if err != nil {
		return nil, err
	}
	if relationship.Many() {
		return peers{count, links}, nil
	}
	if len(links) == 0 {
		return edge{link: &nodes.Link{}}, nil
	}
	return edge{link: &links[0]}, nil
}

// page answers a field of the list of a kind.
func (r *resolver) page(p *nodes.Page, f exec.Field) (any, error) {
	switch f.Definition.Name {
	case "count":
		return p.Count, nil
	case "permissions":
		kind, err := r.model.Lookup(strings.TrimPrefix(f.On.Name, "Paginated"))
		if err != nil {
			return nil, err
		}
		return r.server.Permissions(r.call, kind)
	}
	edges := make([]edge, len(p.Nodes))
	for i, n := range p.Nodes {
		edges[i] = edge{link: &nodes.Link{Node: n}}
	}
	return edges, nil
}

// peers is a list of peers (a "NestedPaginated" type).
type peers struct {
	count int
	links []nodes.Link
}

func (p peers) field(_ *resolver, f exec.Field) (any, error) {
	switch f.Definition.Name {
	case "count":
		return p.count, nil
	case "permissions":
		return nil, fault.New(500, "'permissions'") // so it is in Infrahub 1.11
	}
	edges := make([]edge, len(p.links))
	for i := range p.links {
		edges[i] = edge{link: &p.links[i]}
	}
	return edges, nil
}

// edge is a node in a list, or a peer with what leads to it: an "Edged" or a
// "NestedEdged" type. All of it is null without a node.
type edge struct {
	link *nodes.Link
}

func (e edge) value(name string) any {
	n := e.link.Node
	switch name {
	case "node":
		return n
	case "node_metadata":
		if n == nil {
			return metadata{}
		}
		return metadata{n.Graph(), store.Edge{CreatedAt: n.CreatedAt, CreatedBy: n.CreatedBy, UpdatedAt: n.UpdatedAt, UpdatedBy: n.UpdatedBy}}
	case "relationship_metadata":
		if n == nil {
			return metadata{}
		}
		return metadata{n.Graph(), e.link.Edge}
	case "properties":
		return properties(e)
	}
	return nil
}

// metadata tells when and by whom a node or an edge was made and changed.
type metadata struct {
	graph *nodes.Graph
	of    store.Edge
}

func (m metadata) value(name string) any {
	if m.graph == nil {
		return nil
	}
	switch name {
	case "created_at":
		return m.of.CreatedAt.Format(store.TimeLayout)
	case "updated_at":
		return m.of.UpdatedAt.Format(store.TimeLayout)
	case "created_by":
		return account(m.graph, m.of.CreatedBy)
	case "updated_by":
		return account(m.graph, m.of.UpdatedBy)
	}
	return nil
}

// account returns the account with an id; nil, untyped, if there is none.
func account(g *nodes.Graph, id string) any {
	if id == nodes.SystemAccount {
		name := "[Infrahub System]"
		return map[string]any{
			"__typename": "CoreAccount", "id": id, "display_label": name, "name": map[string]any{"value": name},
		}
	}
	if n := g.Node(id); n != nil {
		return n
	}
	return nil
}

// properties are those of an edge (the type RelationshipProperty).
type properties struct {
	link *nodes.Link
}

func (p properties) value(name string) any {
	n, e := p.link.Node, p.link.Edge
	if n == nil {
		return nil
	}
	switch name {
	case "is_protected":
		if !e.IsProtected {
			return nil // so it is in Infrahub 1.11
		}
		return true
	case "updated_at":
		return e.UpdatedAt.Format(store.TimeLayout)
	case "source":
		return account(n.Graph(), e.Source)
	case "owner":
		return account(n.Graph(), e.Owner)
	}
	return nil
}

// attribute is an attribute of a node.
type attribute struct {
	node   *nodes.Node
	schema *model.Attribute
	stored store.Attribute
}

func (a attribute) field(r *resolver, f exec.Field) (any, error) {
	switch f.Definition.Name {
	case "id":
		space, err := uuid.Parse(a.node.ID)
		if err != nil {
			space = uuid.NameSpaceOID
		}
		return uuid.NewSHA1(space, []byte(a.schema.Name)).String(), nil
	case "is_default":
		return a.stored.IsDefault, nil
	case "is_from_profile":
		return a.stored.IsFromProfile, nil
	case "is_protected":
		return a.stored.IsProtected, nil
	case "updated_at":
		return a.stored.UpdatedAt.Format(store.TimeLayout), nil
	case "updated_by":
		return account(a.node.Graph(), a.stored.UpdatedBy), nil
	case "source":
		return account(a.node.Graph(), a.stored.Source), nil
	case "owner":
		return account(a.node.Graph(), a.stored.Owner), nil
	case "permissions":
		decision, err := r.server.MayUpdate(r.call, a.node.Schema)
		return map[string]any{"update_value": decision}, err
	}
	return nodes.Property(a.schema, a.stored, f.Definition.Name), nil
}

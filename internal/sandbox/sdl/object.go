package sdl

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// object adds the type of the nodes of a kind: an interface for a generic.
func (g *generator) object(k kind) {
	definitionKind, id := ast.Object, "String!"
	if k.class == generic {
		definitionKind, id = ast.Interface, "String"
	}
	fields := make(ast.FieldList, 0, 3+len(k.Attributes)+len(k.Relationships)+4)
	fields = append(fields,
		g.field("id", id, ""),
		g.field("hfid", "[String!]", ""),
		g.field("display_label", "String", ""),
	)
	for _, a := range k.Attributes {
		types, _ := attributeTypes(a.Kind)
		fields = append(fields, g.field(a.Name, types.output, a.description(k)))
	}
	tree := k.tree()
	for _, r := range k.Relationships {
		if tree != "" && alongTree(r.Name) {
			continue
		}
		if peer, known := g.kinds[r.Peer]; known && !peer.internal() {
			fields = append(fields, g.relationship(r, tree != ""))
		}
	}
	if tree != "" {
		fields = append(fields, g.treeFields(tree)...)
	}
	g.add(definitionKind, k.Name, k.Description, fields...).Interfaces = k.interfaces()
}

// description returns what the type of nodes of k says about an attribute.
func (a Attribute) description(k kind) string {
	if a.Description == "" || a.Optional || a.Inherited || k.class == generic {
		return a.Description
	}
	return a.Description + " (required)"
}

// relationship returns the field of a relationship.
func (g *generator) relationship(r Relationship, inTree bool) *ast.FieldDefinition {
	if r.Cardinality == one {
		return g.field(r.Name, "NestedEdged"+r.Peer+"!", "")
	}
	return &ast.FieldDefinition{
		Name:      r.Name,
		Arguments: g.peerArguments(r.Peer, inTree),
		Type:      g.typ("NestedPaginated" + r.Peer + "!"),
	}
}

// alongTree tells whether a relationship of a node in a hierarchy is one of
// those that treeFields makes fields of.
func alongTree(relationship string) bool {
	switch relationship {
	case "parent", "children", "ancestors", "descendants":
		return true
	}
	return false
}

// treeFields returns the fields along a hierarchy. They lead to nodes of any
// kind in it, whatever kind the level above or below is.
func (g *generator) treeFields(tree string) []*ast.FieldDefinition {
	return []*ast.FieldDefinition{
		g.relationship(Relationship{Name: "parent", Peer: tree, Cardinality: one}, false),
		g.relationship(Relationship{Name: "children", Peer: tree}, false),
		g.relationship(Relationship{Name: "ancestors", Peer: tree}, false),
		g.relationship(Relationship{Name: "descendants", Peer: tree}, false),
	}
}

// pages adds the types between a query or a relationship and the nodes of a
// kind. A list of peers of a generic kind tells no permissions.
func (g *generator) pages(k kind) {
	var (
		count       = g.field("count", "Int!", "")
		permissions = g.field("permissions", "PaginatedObjectPermission!", "")
		object      = g.field("node", k.Name, "")
		metadata    = g.field("node_metadata", "InfrahubNodeMetadata", "")
	)
	g.add(ast.Object, "Edged"+k.Name, k.Description, object, metadata)
	g.add(ast.Object, "NestedEdged"+k.Name, k.Description, object, metadata,
		g.field("properties", "RelationshipProperty", ""),
		g.field("relationship_metadata", "InfrahubRelationshipMetadata", ""))
	g.add(ast.Object, "Paginated"+k.Name, k.Description, count, g.field("edges", "[Edged"+k.Name+"!]!", ""), permissions)
	if k.class == generic {
		g.add(ast.Object, "NestedPaginated"+k.Name, k.Description, count, g.field("edges", "[NestedEdged"+k.Name+"!]", ""))
	} else {
		g.add(ast.Object, "NestedPaginated"+k.Name, k.Description, count, g.field("edges", "[NestedEdged"+k.Name+"!]!", ""), permissions)
	}
}

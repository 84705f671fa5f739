package sdl

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// changes adds the mutations of a kind, their inputs and their results. A
// generic has one, to update a node whatever its kind is, if there is anything
// to update.
func (g *generator) changes(k kind) {
	var (
		ok     = g.field("ok", "Boolean", "")
		object = g.field("object", k.Name, "")
		update = append(ast.FieldList{g.field("id", "String", ""), g.field("hfid", "[String]", "")}, g.inputs(k, true)...)
	)
	if k.class == generic {
		if len(k.Attributes)+len(k.Relationships) > 0 {
			g.change(k, "Update", "", update, ok, object)
		}
		return
	}
	var fileRequired, fileOptional string
	if k.class == node && k.is(anyFile) {
		fileRequired, fileOptional = "Upload!", "Upload"
	}
	create := append(ast.FieldList{g.field("id", "String", "")}, g.inputs(k, false)...)
	g.change(k, "Create", fileRequired, create, ok, object)
	g.change(k, "Update", fileOptional, update, ok, object)
	g.change(k, "Upsert", fileRequired, update, ok, object)
	g.change(k, "Delete", "", nil, ok)
}

// change adds one mutation. Without fields of its own its input is the one by
// which any node is named.
func (g *generator) change(k kind, verb, file string, input ast.FieldList, result ...*ast.FieldDefinition) {
	name := k.Name + verb
	data := "DeleteInput"
	if input != nil {
		data = name + "Input"
		g.add(ast.InputObject, data, "", input...)
	}
	g.add(ast.Object, name, k.Description, result...)
	arguments := ast.ArgumentDefinitionList{g.argument("context", "ContextInput"), g.argument("data", data+"!")}
	if file != "" {
		arguments = append(arguments, g.argument("file", file))
	}
	g.mutations.Fields = append(g.mutations.Fields, &ast.FieldDefinition{
		Name:        name,
		Description: k.Description,
		Arguments:   arguments,
		Type:        g.typ(name),
	})
}

// inputs returns the fields by which attributes and relationships are set.
func (g *generator) inputs(k kind, update bool) ast.FieldList {
	fields := make(ast.FieldList, 0, len(k.Attributes)+len(k.Relationships))
	for _, a := range k.Attributes {
		if a.ReadOnly {
			continue
		}
		types, _ := attributeTypes(a.Kind)
		typ := types.input + "Create"
		if update {
			typ = types.input + "Update"
		}
		fields = append(fields, g.field(a.Name, typ, a.Description))
	}
	for _, r := range k.Relationships {
		if r.ReadOnly || strings.HasPrefix(r.Peer, internalNamespace) {
			continue
		}
		typ := g.peerInput(r.Peer)
		if r.Cardinality != one {
			typ = "[" + typ + "]"
		}
		fields = append(fields, g.field(r.Name, typ, r.Description))
	}
	return fields
}

// peerInput returns the input by which a peer is named, or allocated from a
// pool that its kind has.
func (g *generator) peerInput(peer string) string {
	switch k := g.kinds[peer]; {
	case k.is(anyIPPrefix):
		return "RelatedIPPrefixNodeInput"
	case k.is(anyIPAddress):
		return "RelatedIPAddressNodeInput"
	default:
		return "RelatedNodeInput"
	}
}

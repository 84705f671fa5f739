package sdl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// generate returns the definitions of a whole schema: what all servers have in
// common, and what follows from m.
func generate(m *Model) (*ast.SchemaDocument, error) {
	kinds, err := m.kinds()
	if err != nil {
		return nil, err
	}
	document, err := common()
	if err != nil {
		return nil, err
	}
	g := newGenerator(kinds)
	for _, k := range kinds {
		if err := g.check(k); err != nil {
			return nil, err
		}
	}
	for _, k := range kinds {
		g.kind(k)
	}
	g.complete(document.Extensions)
	optional, err := g.optional()
	if err != nil {
		return nil, err
	}
	document.Definitions = slices.Concat(document.Definitions, g.definitions, optional, ast.DefinitionList{g.queries, g.mutations})
	return document, nil
}

// generator makes definitions out of kinds. What is equal in many places
// (types, arguments, fields without arguments) is made once and shared: it is
// most of a schema.
type generator struct {
	kinds map[string]kind

	definitions        ast.DefinitionList
	queries, mutations *ast.Definition

	types     map[string]*ast.Type
	arguments map[argument]*ast.ArgumentDefinition
	fields    map[field]*ast.FieldDefinition
	peers     map[asked]ast.ArgumentDefinitionList
}

func newGenerator(kinds []kind) *generator {
	g := &generator{
		kinds:       make(map[string]kind, len(kinds)),
		definitions: make(ast.DefinitionList, 0, 14*len(kinds)),
		queries:     &ast.Definition{Kind: ast.Object, Name: "Query"},
		mutations:   &ast.Definition{Kind: ast.Object, Name: "Mutation"},
		types:       make(map[string]*ast.Type),
		arguments:   make(map[argument]*ast.ArgumentDefinition),
		fields:      make(map[field]*ast.FieldDefinition),
		peers:       make(map[asked]ast.ArgumentDefinitionList),
	}
	for _, k := range kinds {
		g.kinds[k.Name] = k
	}
	return g
}

// kind adds all that a server has because of one kind.
func (g *generator) kind(k kind) {
	g.object(k)
	g.pages(k)
	if k.internal() {
		return
	}
	g.queries.Fields = append(g.queries.Fields, &ast.FieldDefinition{
		Name:      k.Name,
		Arguments: g.queryArguments(k),
		Type:      g.typ("Paginated" + k.Name + "!"),
	})
	g.changes(k)
}

// check finds what the rules cannot be applied to.
func (g *generator) check(k kind) error {
	if !isName(k.Name) {
		return fmt.Errorf("kind %q has no name that GraphQL allows", k.Name)
	}
	for _, a := range k.Attributes {
		if !isName(a.Name) {
			return fmt.Errorf("attribute %q of kind %q has no name that GraphQL allows", a.Name, k.Name)
		}
		if _, known := attributeTypes(a.Kind); !known {
			return fmt.Errorf("attribute %q of kind %q is of the unknown kind %q", a.Name, k.Name, a.Kind)
		}
	}
	for _, r := range k.Relationships {
		if !isName(r.Name) {
			return fmt.Errorf("relationship %q of kind %q has no name that GraphQL allows", r.Name, k.Name)
		}
		if _, known := g.kinds[r.Peer]; !known && !strings.HasPrefix(r.Peer, internalNamespace) {
			return fmt.Errorf("relationship %q of kind %q leads to the unknown kind %q", r.Name, k.Name, r.Peer)
		}
	}
	if tree := k.tree(); tree != "" {
		if _, known := g.kinds[tree]; !known {
			return fmt.Errorf("kind %q is part of the unknown hierarchy %q", k.Name, tree)
		}
	}
	return nil
}

// isName tells whether a text is a name (GraphQL specification, October 2021,
// section 2.1.9).
func isName(text string) bool {
	for i, r := range text {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return text != ""
}

// complete adds to the types of kinds the fields by which the common part
// extends the interface of a generic.
func (g *generator) complete(extensions ast.DefinitionList) {
	for _, extension := range extensions {
		if extension.Kind != ast.Interface {
			continue
		}
		for _, definition := range g.definitions {
			if slices.Contains(definition.Interfaces, extension.Name) {
				definition.Fields = append(definition.Fields, extension.Fields...)
			}
		}
	}
}

// typ returns the type that is written in this way: String, [ID], Int!, ….
func (g *generator) typ(written string) *ast.Type {
	if known := g.types[written]; known != nil {
		return known
	}
	t := &ast.Type{}
	name := written
	name, t.NonNull = strings.CutSuffix(name, "!")
	if inner, list := strings.CutPrefix(name, "["); list {
		t.Elem = g.typ(strings.TrimSuffix(inner, "]"))
	} else {
		t.NamedType = name
	}
	g.types[written] = t
	return t
}

// field is what a field without arguments is known by.
type field struct{ name, typ, description string }

func (g *generator) field(name, typ, description string) *ast.FieldDefinition {
	key := field{name, typ, description}
	f := g.fields[key]
	if f == nil {
		f = &ast.FieldDefinition{Name: name, Type: g.typ(typ), Description: description}
		g.fields[key] = f
	}
	return f
}

// add adds a definition.
func (g *generator) add(kind ast.DefinitionKind, name, description string, fields ...*ast.FieldDefinition) *ast.Definition {
	d := &ast.Definition{Kind: kind, Name: name, Description: description, Fields: fields}
	g.definitions = append(g.definitions, d)
	return d
}

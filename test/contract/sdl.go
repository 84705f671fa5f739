package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// definitions turns those of the named types that an SDL document defines into
// objects in which the order of fields, arguments and values, which Infrahub
// does not keep, makes no difference.
func definitions(document string, names []string) (*object, error) {
	schema, err := parser.ParseSchema(&ast.Source{Name: "the GraphQL schema", Input: document})
	if err != nil {
		return nil, fmt.Errorf("parsing the GraphQL schema: %w", err)
	}
	result := newObject()
	for _, name := range names {
		if d := schema.Definitions.ForName(name); d != nil {
			result.set(name, definition(d))
		}
	}
	return result, nil
}

func definition(d *ast.Definition) *object {
	o := newObject()
	o.set("kind", string(d.Kind))
	o.set("description", d.Description)
	o.set("interfaces", strings.Join(slices.Sorted(slices.Values(d.Interfaces)), " "))
	fields, descriptions := newObject(), newObject()
	describe := func(name, description string) {
		if description != "" {
			descriptions.set(name, description)
		}
	}
	for _, f := range d.Fields {
		parts := []string{signature(f.Type, f.DefaultValue, f.Directives)}
		for _, a := range slices.SortedFunc(slices.Values(f.Arguments), byName) {
			parts = append(parts, a.Name+": "+signature(a.Type, a.DefaultValue, a.Directives))
		}
		fields.set(f.Name, strings.Join(parts, ", "))
		describe(f.Name, f.Description)
	}
	for _, v := range d.EnumValues {
		fields.set(v.Name, "")
		describe(v.Name, v.Description)
	}
	o.set("fields", fields)
	o.set("descriptions", descriptions)
	return o
}

func byName(a, b *ast.ArgumentDefinition) int { return strings.Compare(a.Name, b.Name) }

// signature is a type with its default value and directives.
func signature(t *ast.Type, value *ast.Value, directives ast.DirectiveList) string {
	parts := []string{t.String()}
	if value != nil {
		parts = append(parts, "=", value.String())
	}
	for _, d := range directives {
		parts = append(parts, "@"+d.Name)
	}
	return strings.Join(parts, " ")
}

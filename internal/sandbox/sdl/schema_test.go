package sdl_test

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/sandbox/sdl"
)

// The schema made of the node schema of a real server is the one that the
// server publishes. Descriptions, the wording of deprecations and the order of
// things are not compared.
func TestTheGeneratedSchemaIsTheOneOfTheServer(t *testing.T) {
	for _, test := range []struct {
		name, nodes, graphQL string
		types, facts         int // of the server
	}{
		{"of the demo model", nodeSchema, graphQLSchema, 1670, 44_034},
		{"of a model with all there can be", everyNodeSchema, everyGraphQLSchema, 1454, 39_708},
	} {
		t.Run(test.name, func(t *testing.T) {
			document := document(t, test.graphQL)
			want := facts(document.Definitions, document.Directives)
			if len(document.Definitions) != test.types || len(want) != test.facts {
				t.Errorf("the server has %d types and %d facts", len(document.Definitions), len(want))
			}
			report(t, want, published(generate(t, decode(t, fixture(t, test.nodes))).AST))
		})
	}
}

// A description that the node schema gives is where the server has it. Those
// of the common part are not repeated.
func TestDescriptionsAreThoseOfTheServer(t *testing.T) {
	described := 0
	compare := func(what, want, got string) {
		if got == "" {
			return
		}
		described++
		if want != got {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	s := generate(t, demo(t))
	for _, d := range document(t, graphQLSchema).Definitions {
		got := s.AST.Types[d.Name]
		compare(d.Name, d.Description, got.Description)
		for _, f := range d.Fields {
			compare(d.Name+"."+f.Name, f.Description, got.Fields.ForName(f.Name).Description)
		}
	}
	if described != 2598 {
		t.Errorf("%d descriptions", described)
	}
}

// The text is the schema: who parses it has the same types.
func TestTheTextIsTheSchema(t *testing.T) {
	s := generate(t, demo(t))
	document, err := parser.ParseSchema(&ast.Source{Name: "text", Input: s.Text()})
	if err != nil {
		t.Fatal(err)
	}
	report(t, published(s.AST), facts(document.Definitions, document.Directives))
}

func TestTheOrderOfKindsMakesNoDifference(t *testing.T) {
	m := demo(t)
	want := generate(t, m).Text()
	for _, list := range [][]sdl.Kind{m.Nodes, m.Generics, m.Profiles} {
		slices.Reverse(list)
	}
	if got := generate(t, m).Text(); got != want {
		t.Error("the texts differ")
	}
}

// report prints every difference between two sets of facts.
func report(t *testing.T, want, got map[string]bool) {
	t.Helper()
	var differences []string
	for fact := range want {
		if !got[fact] {
			differences = append(differences, fact+"   — missing")
		}
	}
	for fact := range got {
		if !want[fact] {
			differences = append(differences, fact+"   — not on the server")
		}
	}
	sort.Strings(differences)
	for _, difference := range differences {
		t.Error(difference)
	}
}

// published returns the facts of a schema without what GraphQL itself defines.
func published(schema *ast.Schema) map[string]bool {
	definitions := ast.DefinitionList{}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if d := schema.Types[name]; !d.BuiltIn {
			definitions = append(definitions, d)
		}
	}
	directives := ast.DirectiveDefinitionList{}
	for _, d := range schema.Directives {
		if !d.Position.Src.BuiltIn {
			directives = append(directives, d)
		}
	}
	return facts(definitions, directives)
}

// facts returns one line for each thing that a schema says.
func facts(definitions ast.DefinitionList, directives ast.DirectiveDefinitionList) map[string]bool {
	all := map[string]bool{}
	fact := func(format string, values ...any) {
		line := fmt.Sprintf(format, values...)
		if all[line] {
			line += " (again)"
		}
		all[line] = true
	}
	arguments := func(of string, list ast.ArgumentDefinitionList) {
		for _, a := range list {
			fact("%s(%s): %s = %s %s", of, a.Name, a.Type, a.DefaultValue, deprecation(a.Directives))
		}
	}
	for _, d := range definitions {
		fact("%s %s %s", strings.ToLower(string(d.Kind)), d.Name, directiveNames(d.Directives))
		for _, name := range d.Interfaces {
			fact("%s implements %s", d.Name, name)
		}
		for _, name := range d.Types {
			fact("%s is one of %s", d.Name, name)
		}
		for _, v := range d.EnumValues {
			fact("%s value %s %s", d.Name, v.Name, deprecation(v.Directives))
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			fact("%s.%s: %s = %s %s", d.Name, f.Name, f.Type, f.DefaultValue, deprecation(f.Directives))
			arguments(d.Name+"."+f.Name, f.Arguments)
		}
	}
	for _, d := range directives {
		fact("@%s repeatable %v", d.Name, d.IsRepeatable)
		arguments("@"+d.Name, d.Arguments)
		for _, location := range d.Locations {
			fact("@%s on %s", d.Name, location)
		}
	}
	return all
}

func deprecation(directives ast.DirectiveList) string {
	if directives.ForName("deprecated") != nil {
		return "deprecated"
	}
	return ""
}

func directiveNames(directives ast.DirectiveList) string {
	var names []string
	for _, d := range directives {
		names = append(names, "@"+d.Name)
	}
	return strings.Join(names, " ")
}

package sdl_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"infrahub-mcp/internal/sandbox/sdl"
)

var update = flag.Bool("update", false, "write the golden file")

// The small model has every kind of attribute and what the demo model has not:
// a kind of files and a template.
func TestTheTypesOfASmallModel(t *testing.T) {
	got := ofKinds(generate(t, decode(t, small(t))).AST)
	const golden = "testdata/small.graphql"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got; rewrite with -update):\n%s", diff)
	}
}

func TestAnOptionalTypeIsThereWhenItIsUsed(t *testing.T) {
	for _, test := range []struct {
		name  string
		model func(*sdl.Model)
		want  map[string]bool
	}{
		{
			"by nothing",
			func(m *sdl.Model) { m.Nodes[0].Attributes, m.Nodes[1].InheritFrom = m.Nodes[0].Attributes[:5], nil },
			map[string]bool{"AnyAttributeCreate": false, "AnyAttributeUpdate": false, "Upload": false},
		},
		{
			"by an attribute",
			func(m *sdl.Model) { m.Nodes[1].InheritFrom = nil },
			map[string]bool{"AnyAttributeCreate": true, "AnyAttributeUpdate": true, "Upload": false},
		},
		{
			"by a file",
			func(m *sdl.Model) { m.Nodes[0].Attributes = m.Nodes[0].Attributes[:5] },
			map[string]bool{"AnyAttributeCreate": false, "AnyAttributeUpdate": false, "Upload": true},
		},
		{
			"by a generic that is updated",
			func(m *sdl.Model) {
				m.Nodes = nil
				m.Profiles, m.Templates = nil, nil
				m.Generics[0].Attributes[0].Kind = "Any"
			},
			map[string]bool{"AnyAttributeCreate": false, "AnyAttributeUpdate": true, "Upload": false},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := decode(t, small(t))
			test.model(m)
			s := generate(t, m)
			got := map[string]bool{}
			for name := range test.want {
				got[name] = s.AST.Types[name] != nil
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGenerateRefusesWhatIsNoWholeSchema(t *testing.T) {
	for _, test := range []struct {
		name  string
		model func(*sdl.Model)
		says  string
	}{
		{"no kinds at all", func(m *sdl.Model) { *m = sdl.Model{} }, "Undefined type LineageSource."},
		{"a core kind that is missing", func(m *sdl.Model) { m.Generics = slices.Delete(m.Generics, 5, 6) }, "LineageSource"},
		{"a kind without name", func(m *sdl.Model) { m.Nodes[0].Name = "" }, `kind "" has no name`},
		{"a kind whose name is none", func(m *sdl.Model) { m.Nodes[0].Name = "!" }, `kind "!" has no name`},
		{"an attribute whose name is none", func(m *sdl.Model) { m.Nodes[0].Attributes[0].Name = "a-b" }, `attribute "a-b" of kind "TestGadget" has no name`},
		{"a relationship whose name is none", func(m *sdl.Model) { m.Nodes[0].Relationships[0].Name = "1a" }, `relationship "1a" of kind "TestGadget" has no name`},
		{"a name that GraphQL keeps to itself", func(m *sdl.Model) { m.Nodes[0].Attributes[0].Name = "__tag" }, `"__tag__value" must not begin with "__"`},
		{"a kind twice", func(m *sdl.Model) { m.Profiles[0].Name = "TestGadget" }, `"TestGadget" appears twice`},
		{"a kind named like another type", func(m *sdl.Model) { m.Templates[0].Name = "TextAttribute" }, "Cannot redeclare type TextAttribute"},
		{"an unknown kind of attribute", func(m *sdl.Model) { m.Nodes[0].Attributes[0].Kind = "Nope" }, `attribute "tag" of kind "TestGadget" is of the unknown kind "Nope"`},
		{"an unknown peer", func(m *sdl.Model) { m.Nodes[0].Relationships[0].Peer = "TestNope" }, `relationship "parent" of kind "TestGadget" leads to the unknown kind "TestNope"`},
		{"an unknown generic", func(m *sdl.Model) { m.Nodes[0].InheritFrom = []string{"TestNope"} }, "TestNope"},
		{"an unknown hierarchy", func(m *sdl.Model) { m.Nodes[0].Hierarchy = "TestNope" }, `kind "TestGadget" is part of the unknown hierarchy "TestNope"`},
		{"an attribute of the generic that is missing", func(m *sdl.Model) { m.Nodes[0].Attributes = m.Nodes[0].Attributes[1:] }, "must have a field called tag"},
		{"an attribute and a relationship of one name", func(m *sdl.Model) { m.Nodes[0].Relationships[2].Name = "text" }, "can only be defined once"},
		{"a name that is part of every query", func(m *sdl.Model) { m.Nodes[0].Attributes[0].Name = "any" }, "Argument Query.TestGadget(any__value:)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := decode(t, small(t))
			test.model(m)
			s, err := sdl.Generate(m)
			if s != nil || err == nil {
				t.Fatalf("got %v, %v", s, err)
			}
			if !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "generating the GraphQL schema: ") {
				t.Errorf("error %q does not say %q", err, test.says)
			}
		})
	}
}

func TestInternalKindsHaveTypesButNoQueriesAndNoMutations(t *testing.T) {
	schema := generate(t, demo(t)).AST
	for _, name := range []string{"InternalAccountToken", "InternalExternalIdentity", "InternalIPPrefixAvailable", "InternalIPRangeAvailable", "InternalRefreshToken"} {
		if schema.Types["NestedPaginated"+name] == nil {
			t.Errorf("%s has no types", name)
		}
		if schema.Query.Fields.ForName(name) != nil || schema.Mutation.Fields.ForName(name+"Create") != nil {
			t.Errorf("%s has a query or a mutation", name)
		}
	}
	m := decode(t, small(t))
	m.Nodes = append(m.Nodes, sdl.Kind{Name: "InternalAccountToken", Namespace: "Internal", Attributes: []sdl.Attribute{{Name: "given", Kind: "Text"}}})
	schema = generate(t, m).AST
	if token := schema.Types["InternalAccountToken"]; token == nil || token.Fields.ForName("given") == nil {
		t.Error("an internal kind that the model gives is not taken")
	}
	if schema.Types["InternalIPPrefixAvailable"] != nil {
		t.Error("an internal kind is there without the generic it implements")
	}
}

func FuzzGenerate(f *testing.F) {
	f.Add(small(f))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"nodes":[{"kind":"!"}]}`))
	f.Add([]byte(`{"nodes":[{"kind":"A","namespace":"Internal","relationships":[{"name":"r","peer":"Internal"}]}],"generics":[{"kind":"CoreNode","hierarchical":true}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m sdl.Model
		if err := json.Unmarshal(data, &m); err != nil {
			return
		}
		s, err := sdl.Generate(&m)
		if err != nil {
			return
		}
		for _, k := range slices.Concat(m.Nodes, m.Generics, m.Profiles, m.Templates) {
			if s.AST.Types[k.Name] == nil {
				t.Errorf("kind %q has no type", k.Name)
			}
		}
		if _, err := introspect(t, s, wholeSchema, nil); err != nil {
			t.Error(err)
		}
	})
}

// small returns the node schema of testdata.
func small(tb testing.TB) []byte {
	tb.Helper()
	data, err := os.ReadFile("testdata/small.json")
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// ofKinds prints what a schema has because of its kinds: what has no place in
// any of the files of the common part.
func ofKinds(schema *ast.Schema) string {
	document := &ast.SchemaDocument{}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		d := *schema.Types[name]
		if d.Position != nil {
			continue
		}
		if d.Name == "Query" || d.Name == "Mutation" {
			d.Fields = slices.DeleteFunc(slices.Clone(d.Fields), func(f *ast.FieldDefinition) bool {
				return f.Position != nil || strings.HasPrefix(f.Name, "__")
			})
		}
		document.Definitions = append(document.Definitions, &d)
	}
	var b strings.Builder
	fmt.Fprintln(&b, "# What follows from small.json, without the part common to all servers.")
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchemaDocument(document)
	return b.String()
}

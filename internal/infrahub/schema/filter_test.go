package schema_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

func TestFiltersOfEveryKindAreTheArgumentsOfTheServer(t *testing.T) {
	doc, err := parser.ParseSchema(&ast.Source{Name: "schema.graphql", Input: string(fixture(t, "schema.graphql"))})
	if err != nil {
		t.Fatal(err)
	}
	queries := doc.Definitions.ForName("Query").Fields
	s := demo(t)
	if len(s.Kinds()) != 131 {
		t.Errorf("the schema has %d kinds, want 131", len(s.Kinds()))
	}
	for _, k := range s.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			field := queries.ForName(k.Name)
			if field == nil {
				t.Fatal("the server has no query of this kind")
			}
			want := map[string]string{}
			for _, argument := range field.Arguments {
				want[argument.Name] = argument.Type.String()
			}
			for _, name := range []string{"offset", "limit", "order", "partial_match"} {
				if want[name] == "" {
					t.Errorf("the server has no argument %s", name)
				}
				delete(want, name)
			}
			got := map[string]string{}
			filters := s.Filters(k)
			for _, f := range filters {
				got[f.Name] = f.Type
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("filters differ (-server +ours):\n%s", diff)
			}
			if len(got) != len(filters) {
				t.Errorf("%d of %d filters are listed twice", len(filters)-len(got), len(filters))
			}
			for _, want := range filters {
				got, err := s.Filter(k, want.Name)
				if err != nil || got != want {
					t.Errorf("Filter(%q) = %v, %v; Filters lists %v", want.Name, got, err, want)
				}
			}
		})
	}
}

func TestFilterSaysWhatIsCompared(t *testing.T) {
	s := demo(t)
	device := kind(t, s, "DcimDevice")
	site := device.Relationship("site")
	for _, test := range []struct {
		name, filter string
		want         schema.Filter
	}{
		{"a value of the kind", "name__value", schema.Filter{Type: "String", Attribute: device.Attribute("name")}},
		{"a list of values", "rack_position__values", schema.Filter{Type: "[BigInt]", Attribute: device.Attribute("rack_position")}},
		{"a secret", "console_password__value", schema.Filter{Type: "String", Attribute: device.Attribute("console_password")}},
		{"whether there is a value", "name__isnull", schema.Filter{Type: "Boolean"}},
		{"the source of a value", "name__source__id", schema.Filter{Type: "ID"}},
		{"any value", "any__value", schema.Filter{Type: "String"}},
		{"the display label", "display_label__values", schema.Filter{Type: "[String]"}},
		{"the nodes themselves", "ids", schema.Filter{Type: "[ID]"}},
		{"when a node was changed", "node_metadata__updated_at__after", schema.Filter{Type: "DateTime"}},
		{"a value of a peer", "site__opened_at__value", schema.Filter{
			Type: "DateTime", Attribute: s.Lookup("LocationSite").Attribute("opened_at"), Relationship: site,
		}},
		{"the peers", "site__ids", schema.Filter{Type: "[ID]", Relationship: site}},
		{"the display label of a peer", "site__display_label__value", schema.Filter{Type: "String", Relationship: site}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.want.Name = test.filter
			got, err := s.Filter(device, test.filter)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestFilterKnowsWhichTypesAreLists(t *testing.T) {
	s := demo(t)
	for name, want := range map[string]bool{"ids": true, "hfid": true, "name__values": true, "name__value": false, "tags__isnull": false} {
		f, err := s.Filter(s.Lookup("DcimDevice"), name)
		if err != nil {
			t.Fatal(err)
		}
		if f.List() != want {
			t.Errorf("%s (%s): List() = %v", name, f.Type, f.List())
		}
	}
}

func TestUnknownFilterIsAProblemWithTheClosestNames(t *testing.T) {
	s := demo(t)
	device := kind(t, s, "DcimDevice")
	for _, test := range []struct{ name, filter, closest string }{
		{"a letter too few", "nam__value", "name__value"},
		{"an attribute without its property", "status", "status__value"},
		{"a property that does not exist", "name__contains", "name__value"},
		{"another spelling", "Name_Value", "name__value"},
		{"a peer attribute that does not exist", "site__nme__value", "site__name__value"},
		{"a path too deep", "site__parent__nonsense__value", "site__ids"},
		{"a property that peers lack", "site__name__isnull", "site__name__value"},
		{"the paging of a query", "limit", ""},
		{"a relationship alone", "tags__", "tags__ids"},
		{"nothing", "", ""},
		{"a very long name of many parts", strings.Repeat("name__", 1<<18), "name__value"},
		{"the inside of nothing", "__value", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := s.Filter(device, test.filter)
			var p *problem.Problem
			if !errors.As(err, &p) {
				t.Fatalf("got %v, want a Problem", err)
			}
			if p.Do != "Call get_schema with kind DcimDevice for all its filters." {
				t.Errorf("advice %q", p.Do)
			}
			if test.closest != "" && !slices.Contains(p.Candidates, test.closest) {
				t.Errorf("candidates %q, want %q among them", p.Candidates, test.closest)
			}
		})
	}
}

func TestFiltersOfShapesThatTheDemoModelLacks(t *testing.T) {
	s := decode(t, []byte(`{"main":"h","nodes":[{
		"kind":"TestThing","attributes":[
			{"name":"number","kind":"NumberPool"},
			{"name":"data","kind":"Any"}],
		"relationships":[
			{"name":"token","kind":"Generic","peer":"InternalAccountToken"},
			{"name":"ghost","kind":"Generic","peer":"TestGhost"}]},
		{"kind":"InternalAccountToken","namespace":"Internal","attributes":[{"name":"name","kind":"Text"}]}]}`))
	got := map[string]string{}
	for _, f := range s.Filters(s.Lookup("TestThing")) {
		got[f.Name] = f.Type
	}
	for name, want := range map[string]string{
		"number__value":              "BigInt",
		"data__values":               "[GenericScalar]",
		"ids":                        "[ID]",
		"hfid":                       "", // a kind without human-friendly id
		"display_label__value":       "", // nor display label
		"token__ids":                 "", // internal kinds are not queried
		"ghost__ids":                 "", // nor those that do not exist
		"include_available":          "", // only address space has gaps
		"node_metadata__updated_at":  "DateTime",
		"node_metadata__created_at_": "",
	} {
		if got[name] != want {
			t.Errorf("%s: got type %q, want %q", name, got[name], want)
		}
	}
}

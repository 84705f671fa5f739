package schema_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"infrahub-mcp/internal/infrahub/schema"
)

func TestDecodeReadsAKindOfTheDemoModel(t *testing.T) {
	s := demo(t)
	if s.Hash != "1ee01f55d3bc258b894b315ef4cd310b" {
		t.Errorf("hash %q", s.Hash)
	}
	got := *kind(t, s, "DcimDevice")
	if len(got.Attributes) != 11 || len(got.Relationships) != 11 {
		t.Errorf("%d attributes and %d relationships", len(got.Attributes), len(got.Relationships))
	}
	for _, test := range []struct {
		what      string
		got, want any
	}{
		{"name", *got.Attribute("name"), schema.Attribute{
			Name: "name", Label: "Name", Description: "Unique host name.", Kind: "Text", Branch: schema.Aware, OrderWeight: 1000,
			Unique: true, Regex: "^[a-z0-9-]+$", MaxLength: new(63),
		}},
		{"fqdn", *got.Attribute("fqdn"), schema.Attribute{
			Name: "fqdn", Label: "Fqdn", Kind: "Text", Branch: schema.Aware, OrderWeight: 11000,
			Optional: true, ReadOnly: true, Computed: &schema.Computed{Kind: "Jinja2", Template: "{{ name__value }}.net.example"},
		}},
		{"status", *got.Attribute("status"), schema.Attribute{
			Name: "status", Label: "Status", Kind: "Dropdown", Branch: schema.Aware, OrderWeight: 9000,
			Optional: true, Default: "provisioning",
			Choices: []schema.Choice{
				{Name: "active", Label: "Active", Color: "#7fbf7f"},
				{Name: "drained", Label: "Drained", Color: "#bfbfbf"},
				{Name: "maintenance", Label: "Maintenance", Color: "#ffd27f"},
				{Name: "provisioning", Label: "Provisioning", Color: "#ffff7f"},
			},
		}},
		{"mtu of an interface", *kind(t, s, "DcimPhysicalInterface").Attribute("mtu"), schema.Attribute{
			Name: "mtu", Label: "Mtu", Kind: "Number", Branch: schema.Aware, OrderWeight: 4000,
			Optional: true, Inherited: true, Default: int64(1500), MinValue: new(int64(68)), MaxValue: new(int64(9216)),
		}},
		{"parent of a site", *kind(t, s, "LocationSite").Relationship("parent"), schema.Relationship{
			Name: "parent", Label: "Parent", Kind: "Hierarchy", Peer: "LocationRegion", Identifier: "parent__child",
			Cardinality: "one", Direction: "outbound", OnDelete: "no-action", Hierarchical: "LocationGeneric",
			Branch: schema.Aware, OrderWeight: 10000, MinCount: 1, MaxCount: 1,
		}},
		{"decision of a permission", kind(t, s, "CoreObjectPermission").Attribute("decision").Enum, []any{int64(1), int64(2), int64(4), int64(6)}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
	want := schema.Kind{
		Name: "DcimDevice", Namespace: "Dcim", ShortName: "Device", Label: "Device",
		Description: "A network device installed at a site.", Class: schema.Node, Branch: schema.Aware,
		HumanFriendlyID: []string{"name__value"}, DisplayLabel: "{{ name__value }}", OrderBy: []string{"name__value"},
		UniquenessConstraints: [][]string{{"name__value"}, {"serial__value"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(schema.Kind{}, "Attributes", "Relationships"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("DcimDevice (-want +got):\n%s", diff)
	}
	region, site := kind(t, s, "LocationRegion"), kind(t, s, "LocationSite")
	if site.Hierarchy != "LocationGeneric" || site.Parent != "LocationRegion" || site.Children != "LocationRack" || region.Parent != "" {
		t.Errorf("hierarchy: region %+v, site %+v", region, site)
	}
	if diff := cmp.Diff([]string{"LocationGeneric"}, site.InheritFrom); diff != "" {
		t.Errorf("LocationSite inherits (-want +got):\n%s", diff)
	}
	if generic := kind(t, s, "LocationGeneric"); !generic.Hierarchical || generic.Class != schema.Generic {
		t.Errorf("LocationGeneric: %+v", generic)
	}
	if profile := kind(t, s, "ProfileDcimDevice"); profile.Class != schema.Profile || !profile.Internal() {
		t.Errorf("ProfileDcimDevice: %+v", profile)
	}
}

func TestDecodeSortsFieldsByWeightThenName(t *testing.T) {
	s := decode(t, []byte(`{"main":"h","nodes":[{"kind":"A",
		"attributes":[{"name":"z","order_weight":1},{"name":"b","order_weight":2},{"name":"a","order_weight":2},{"name":"n","order_weight":null}],
		"relationships":[{"name":"s","order_weight":9},{"name":"r","order_weight":9},{"name":"q","order_weight":10}]}]}`))
	k := kind(t, s, "A")
	var got []string
	for _, a := range k.Attributes {
		got = append(got, a.Name)
	}
	for _, r := range k.Relationships {
		got = append(got, r.Name)
	}
	if diff := cmp.Diff([]string{"n", "z", "a", "b", "r", "s", "q"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeReadsLimitsFromTheAttributeOrItsParameters(t *testing.T) {
	for _, test := range []struct{ name, attribute string }{
		{"only the attribute's own keys", `"regex":"^a$","min_length":1,"max_length":2,"min_value":3,"max_value":4,"excluded_values":"5"`},
		{"only the parameters", `"parameters":{"regex":"^a$","min_length":1,"max_length":2,"min_value":3,"max_value":4,"excluded_values":"5"}`},
		{"parameters before own keys", `"regex":"^b$","min_length":9,"parameters":{"regex":"^a$","min_length":1,"max_length":2,"min_value":3,"max_value":4,"excluded_values":"5"}`},
		{"null in the parameters", `"regex":"^a$","min_length":1,"max_length":2,"parameters":{"regex":null,"min_length":null,"max_length":null,"min_value":3,"max_value":4,"excluded_values":"5"}`},
		{"null for the keys of the other", `"regex":null,"min_length":null,"parameters":{"regex":"^a$","min_length":1,"max_length":2,"min_value":3,"max_value":4,"excluded_values":"5"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := schema.Attribute{
				Name: "a", Regex: "^a$", MinLength: new(1), MaxLength: new(2),
				MinValue: new(int64(3)), MaxValue: new(int64(4)), ExcludedValues: "5",
			}
			if diff := cmp.Diff(want, attribute(t, test.attribute)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("zero is a limit", func(t *testing.T) {
		a := attribute(t, `"min_length":7,"parameters":{"min_length":0,"min_value":0}`)
		if a.MinLength == nil || *a.MinLength != 0 || a.MinValue == nil || *a.MinValue != 0 {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("limits beyond 64 bits are the ends of 64 bits", func(t *testing.T) {
		a := attribute(t, `"parameters":{"min_value":-99999999999999999999,"max_value":99999999999999999999}`)
		if a.MinValue == nil || *a.MinValue != math.MinInt64 || a.MaxValue == nil || *a.MaxValue != math.MaxInt64 {
			t.Errorf("got %+v", a)
		}
	})
}

func TestDecodeKeepsTheTypesOfValues(t *testing.T) {
	for _, test := range []struct {
		name, json string
		want       any
	}{
		{"null", `null`, nil},
		{"text", `"1"`, "1"},
		{"true", `true`, true},
		{"an integer", `4200000000`, int64(4200000000)},
		{"an integer beyond 53 bits", `9007199254740993`, int64(9007199254740993)},
		{"an integer beyond 64 bits", `18446744073709551616`, float64(1 << 64)},
		{"a fraction", `1.5`, 1.5},
		{"a number beyond all bits", `1e999`, "1e999"},
		{"a list", `["a",1]`, []any{"a", int64(1)}},
		{"an object", `{"a":[1,{"b":2}]}`, map[string]any{"a": []any{int64(1), map[string]any{"b": int64(2)}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := attribute(t, `"default_value":`+test.json+`,"enum":[`+test.json+`]`)
			if diff := cmp.Diff(test.want, a.Default); diff != "" {
				t.Errorf("default: %s", diff)
			}
			if diff := cmp.Diff([]any{test.want}, a.Enum); diff != "" {
				t.Errorf("enum: %s", diff)
			}
		})
	}
}

func TestDecodeOfAComputedAttribute(t *testing.T) {
	for _, test := range []struct {
		name, json string
		want       *schema.Computed
	}{
		{"by a transformation", `{"kind":"TransformPython","transform":"x","jinja2_template":null}`, &schema.Computed{Kind: "TransformPython", Transform: "x"}},
		{"by people is not computed", `{"kind":"User"}`, nil},
		{"by nothing", `null`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, attribute(t, `"computed_attribute":`+test.json).Computed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeRefusesWhatIsNoSchema(t *testing.T) {
	for _, test := range []struct{ name, body, says string }{
		{"nothing", ``, "unexpected end"},
		{"a page of text", `<html>`, "invalid character"},
		{"null", `null`, "no hash"},
		{"a list", `[]`, "cannot unmarshal array"},
		{"another object", `{"errors":[{"message":"x"}]}`, "no hash"},
		{"half a schema", `{"main":"h","nodes":[{"kind":"A"`, "unexpected end"},
		{"two schemas", `{"main":"h"}{"main":"h"}`, "after top-level value"},
		{"a kind without name", `{"main":"h","nodes":[{"name":"A"}]}`, "a kind has no name"},
		{"a kind that is null", `{"main":"h","nodes":[null]}`, "a kind has no name"},
		{"a kind twice", `{"main":"h","nodes":[{"kind":"A"}],"generics":[{"kind":"A"}]}`, `kind "A" appears twice`},
		{"an attribute without name", `{"main":"h","nodes":[{"kind":"A","attributes":[{}]}]}`, `attribute of kind "A" has no name`},
		{"a relationship without name", `{"main":"h","nodes":[{"kind":"A","relationships":[{}]}]}`, `relationship of kind "A" has no name`},
		{"a limit that is no integer", `{"main":"h","nodes":[{"kind":"A","attributes":[{"name":"a","min_value":1.5}]}]}`, "1.5 is not an integer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := schema.Decode([]byte(test.body))
			if s != nil || err == nil {
				t.Fatalf("got %v, %v", s, err)
			}
			if !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), "decoding the schema: ") {
				t.Errorf("error %q does not say %q", err, test.says)
			}
		})
	}
}

// attribute decodes an attribute named "a" with the given JSON keys.
func attribute(t *testing.T, keys string) schema.Attribute {
	t.Helper()
	s := decode(t, []byte(`{"main":"h","templates":[{"kind":"TemplateA","attributes":[{"name":"a",`+keys+`}]}]}`))
	k := kind(t, s, "TemplateA")
	if k.Class != schema.Template {
		t.Errorf("class %q", k.Class)
	}
	return k.Attributes[0]
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"main":"h","nodes":[],"generics":null,"profiles":[],"templates":[]}`))
	f.Add([]byte(`{"main":"h","nodes":[{"kind":"A","display_label":"{{ n__value }}","human_friendly_id":["n__value"],
		"uniqueness_constraints":[["n__value"],null],
		"attributes":[{"name":"n","kind":"Number","default_value":1e3,"enum":[1,null,{"a":[2]}],"choices":[{"name":"b"},{"name":"a"}],
			"parameters":{"min_value":-1,"max_value":99999999999999999999}},{"name":"p","kind":"Password","computed_attribute":{"kind":"Jinja2"}}],
		"relationships":[{"name":"g","peer":"G","kind":"Group","cardinality":"many"},{"name":"a","peer":"A"},{"name":"x","peer":"X"},{"name":"a__b","peer":"A"}]}],
		"generics":[{"kind":"G","used_by":["B","A","X"],"hierarchical":true,"attributes":[{"name":"n__value"}]}],
		"profiles":[{"kind":"BuiltinIPPrefix","namespace":"Profile"}],"templates":[{"kind":"T"}]}`))
	f.Add([]byte(`{"main":"h","nodes":[{"kind":"A","attributes":[{"name":"a","parameters":[]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := schema.Decode(data)
		if err != nil {
			return
		}
		if s.Hash == "" || !json.Valid(data) {
			t.Fatalf("accepted %q", data)
		}
		for _, k := range s.Kinds() {
			if s.Lookup(k.Name) != k {
				t.Errorf("kind %q is not found", k.Name)
			}
			for _, concrete := range s.Concrete(k) {
				if concrete == nil {
					t.Errorf("kind %q has a concrete kind that is nil", k.Name)
				}
			}
			for _, want := range s.Filters(k) {
				if got, err := s.Filter(k, want.Name); err != nil || got.Name != want.Name {
					t.Errorf("filter %q of %q: %v, %v", want.Name, k.Name, got, err)
				}
			}
			if _, err := s.Filter(k, "no such filter"); err == nil {
				t.Errorf("kind %q accepts any filter", k.Name)
			}
		}
	})
}

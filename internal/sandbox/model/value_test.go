package model

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestValuesOfAttributes(t *testing.T) {
	text := func(s string) *string { return &s }
	number := func(n int64) *int64 { return &n }
	name := Attribute{Name: "name", Kind: "Text", Parameters: Parameters{
		Regex: text("^[a-z0-9-]+$"), MinLength: number(2), MaxLength: number(5),
	}}
	mtu := Attribute{Name: "mtu", Kind: "Number", Parameters: Parameters{
		MinValue: number(68), MaxValue: number(9216), ExcludedValues: text("100,200-300"),
	}}
	role := Attribute{Name: "role", Kind: "Dropdown", Choices: []Choice{{Name: "spine"}, {Name: "leaf"}}}
	driver := Attribute{Name: "driver", Kind: "Text", Enum: []any{"ssh", "api"}}
	of := func(kind string) Attribute { return Attribute{Name: "it", Kind: kind} }
	for _, c := range []struct {
		attribute Attribute
		value     any
		want      string
		format    bool
	}{
		{name, "ab-1", "", false},
		{name, nil, "", false},
		{name, int64(4), "4 is not a valid Text at name", true},
		{name, "AB", "AB must conform with the regex: '^[a-z0-9-]+$' at name", false},
		{name, "a", "a must have a minimum length of 2 at name", false},
		{name, "abcdef", "abcdef must have a maximum length of 5 at name", false},
		{mtu, int64(1500), "", false},
		{mtu, int64(1), "1 is lower than the minimum allowed value 68 at mtu", false},
		{mtu, int64(9217), "9217 is higher than the maximum allowed value 9216 at mtu", false},
		{mtu, int64(100), "100 is in the excluded values at mtu", false},
		{mtu, int64(250), "250 is in an the excluded range 200-300 at mtu", false},
		{mtu, 1.5, "1.5 is not a valid Number at mtu", true},
		{mtu, true, "True is not a valid Number at mtu", true},
		{role, "leaf", "", false},
		{role, "nope", "nope must be one of 'leaf, spine' at role", false},
		{driver, "ssh", "", false},
		{driver, "telnet", "telnet must be one of ['ssh', 'api'] at driver", false},
		{of("Boolean"), false, "", false},
		{of("Checkbox"), "x", "x is not a valid Checkbox at it", true},
		{of("List"), []any{"a", int64(1)}, "", false},
		{of("List"), `["a"]`, "", false},
		{of("List"), "x", "x is not a valid JSON list at it", true},
		{of("JSON"), map[string]any{"a": int64(1)}, "", false},
		{of("JSON"), `"text"`, "", false},
		{of("JSON"), int64(1), "1 is not valid JSON at it", true},
		{of("Any"), map[string]any{}, "", false},
		{of("DateTime"), "2026-01-02T03:04:05+01:00", "", false},
		{of("DateTime"), "2026-01-02", "", false},
		{of("DateTime"), "soon", "soon is not a valid DateTime at it", true},
		{of("URL"), "https://example.com/x", "", false},
		{of("URL"), "/x", "", false},
		{of("URL"), "example.com", "example.com is not a valid URL at it", true},
		{of("MacAddress"), "00:00:5E:00:53:01", "", false},
		{of("MacAddress"), "00005e005301", "", false},
		{of("MacAddress"), "zz", "zz is not a valid MacAddress at it", true},
		{of("IPHost"), "10.0.0.1/24", "", false},
		{of("IPHost"), "2001:db8::1", "", false},
		{of("IPHost"), "10.300.0.1/32", "10.300.0.1/32 is not a valid IPHost at it", true},
		{of("IPNetwork"), "10.0.0.0/8", "", false},
		{of("IPNetwork"), "10.0.0.1", "", false},
		{of("IPNetwork"), "10.0.0.1/8", "10.0.0.1/8 is not a valid IPNetwork at it", true},
		{of("IPAddress"), "10.0.0.1", "", false},
		{of("IPAddress"), "10.0.0.1/8", "10.0.0.1/8 is not a valid IPAddress at it", true},
		{of("Email"), "not checked", "", false},
	} {
		err := c.attribute.Check(c.value)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s %v: %v", c.attribute.Kind, c.value, err)
			}
			continue
		}
		fault, ok := errors.AsType[*ValueError](err)
		if !ok || fault.Error() != c.want || fault.Format != c.format {
			t.Errorf("%s %v: %v (format %t), want %s", c.attribute.Kind, c.value, err, ok && fault.Format, c.want)
		}
	}
}

func TestRegularExpressionsThatGoLacksAreNotChecked(t *testing.T) {
	for regex, want := range map[string]string{
		`^(?!tmp).*$`: "",
		`abc\Z`:       `abcd must conform with the regex: 'abc\\Z' at name`,
		`bc`:          `abcd must conform with the regex: 'bc' at name`,
		`ab`:          "",
		`[`:           `The regex defined in the schema is not valid ('[') at name`,
	} {
		a := Attribute{Name: "name", Kind: "Text", Parameters: Parameters{Regex: &regex}}
		got := ""
		if err := a.Check("abcd"); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", regex, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	m := demoModel(t)
	type path struct{ Relationship, Peer, Attribute, Property string }
	for _, c := range []struct {
		kind, path string
		want       path
		fault      string
	}{
		{"DcimDevice", "name__value", path{Attribute: "name", Property: "value"}, ""},
		{"DcimDevice", "status__label", path{Attribute: "status", Property: "label"}, ""},
		{"DcimDevice", "name", path{Attribute: "name"}, ""},
		{"DcimDevice", "site", path{Relationship: "site", Peer: "LocationSite"}, ""},
		{"DcimDevice", "site__name__value", path{"site", "LocationSite", "name", "value"}, ""},
		{"LocationSite", "parent__name__value", path{"parent", "LocationRegion", "name", "value"}, ""},
		{"DcimDevice", "nope__value", path{}, "nope__value is invalid on schema DcimDevice"},
		{"DcimDevice", "site__nope__value", path{}, "nope is not a valid attribute of LocationSite"},
		{"DcimDevice", "name__nope", path{}, "nope is not a valid property of name"},
		{"DcimDevice", "", path{}, " is invalid on schema DcimDevice"},
	} {
		p, err := m.Path(m.Kind(c.kind), c.path)
		if (err == nil) != (c.fault == "") || err != nil && err.Error() != c.fault {
			t.Errorf("%s %s: %v, want %q", c.kind, c.path, err, c.fault)
			continue
		}
		got := path{Property: p.Property}
		if p.Relationship != nil {
			got.Relationship, got.Peer = p.Relationship.Name, p.Peer.Name
		}
		if p.Attribute != nil {
			got.Attribute = p.Attribute.Name
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s: want -, got +:\n%s", c.kind, c.path, diff)
		}
	}
}

func TestOrders(t *testing.T) {
	m := demoModel(t)
	k := m.Kind("DcimDevice")
	for entry, want := range map[string]Order{
		"name__value":                     {},
		"name__value__desc":               {Descending: true},
		"site__name__value__asc":          {},
		"node_metadata__created_at":       {Metadata: "created_at"},
		"node_metadata__updated_at__desc": {Metadata: "updated_at", Descending: true},
	} {
		got, err := m.Order(k, entry)
		if err != nil {
			t.Errorf("%s: %v", entry, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Order{}, "Path")); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", entry, diff)
		}
		if (got.Path.Attribute == nil) != (want.Metadata != "") {
			t.Errorf("%s: attribute %v", entry, got.Path.Attribute)
		}
	}
	for _, entry := range []string{"", "nope__value", "name", "name__value__up", "name__nope", "node_metadata__nope"} {
		if _, err := m.Order(k, entry); err == nil {
			t.Errorf("%s is an order", entry)
		}
	}
}

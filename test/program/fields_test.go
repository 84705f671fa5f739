package program_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/test/mcptest"
)

// read is what Infrahub answers to a document on a branch, past the program.
func (i infrahub) read(t *testing.T, branch, document string) any {
	t.Helper()
	var data any
	i.must(t, branch, document, nil, &data)
	return data
}

// flat lists what stands in the values, labels and nulls of an answer, in order.
func flat(value any) string {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range []string{"edges", "node", "value", "display_label"} {
			if inner, has := value[name]; has {
				return flat(inner)
			}
		}
		var parts []string
		for _, name := range sortedKeys(value) {
			parts = append(parts, flat(value[name]))
		}
		return strings.Join(parts, " ")
	case []any:
		parts := make([]string, len(value))
		for i := range value {
			parts[i] = flat(value[i])
		}
		return "[" + strings.Join(parts, " ") + "]"
	default:
		return fmt.Sprint(value)
	}
}

func TestRelationshipsOfEverySortAreWritten(t *testing.T) {
	parallel(t)
	i, b := disturbed(t)
	s := newSessionAt(t, i, overStdio, mcptest.Modern)
	name := strings.ToLower(shared.branches.name("rel"))
	branch := s.upsert(t, object{"kind": "DcimDevice", "data": object{"name": name, "role": "leaf", "site": "par1"}}).Branch
	port := object{"kind": "DcimPhysicalInterface", "data": object{"name": "Ethernet1", "device": name}}
	s.must(t, "node_upsert", port)
	s.must(t, "node_upsert", object{"kind": "DcimPhysicalInterface", "data": object{"name": "Ethernet2", "device": name}})
	s.must(t, "node_upsert", object{"kind": "LocationRack", "data": object{"name": name + "-rack", "parent": "par1"}})
	s.must(t, "node_upsert", object{"kind": "CoreStandardGroup", "data": object{"name": name + "-group"}})
	id := func(kind, name string) string {
		t.Helper()
		return flat(i.read(t, branch, fmt.Sprintf(`{ %s(name__value: %q) { edges { node { value: id } } } }`, kind, name)))
	}
	bare := func(text string) string { return strings.Trim(text, "[]") }
	paris, amsterdam := bare(id("LocationSite", "par1")), bare(id("LocationSite", "ams1"))
	pools := map[string]string{}
	if b != nil { // a pool lies outside branches: that of a real Infrahub is left alone
		for pool, document := range map[string]string{
			"positions": `mutation { CoreNumberPoolCreate(data: {name: {value: "positions"}, node: {value: "DcimDevice"}, node_attribute: {value: "rack_position"}, start_range: {value: 7}, end_range: {value: 9}}) { object { id } } }`,
			"addresses": `mutation { CoreIPAddressPoolCreate(data: {name: {value: "addresses"}, default_address_type: {value: "IpamIPAddress"}, default_prefix_length: {value: 32}, ip_namespace: {hfid: ["default"]}, resources: [{id: "` +
				bare(flat(b.read(t, "", `{ IpamIPPrefix(prefix__value: "192.0.2.0/24") { edges { node { value: id } } } }`))) + `"}]}) { object { id } } }`,
		} {
			var made map[string]struct{ Object struct{ ID string } }
			b.must(t, "", document, nil, &made)
			for _, m := range made {
				pools[pool] = m.Object.ID
			}
		}
	}
	device := func(fields string) string {
		return fmt.Sprintf(`{ DcimDevice(name__value: %q) { edges { node { %s } } } }`, name, fields)
	}
	const label = "{ node { display_label } }"
	const labels = "{ edges { node { display_label } } }"
	for _, test := range []struct {
		name      string
		arguments object // of node_upsert
		read      string
		want      string
		boxed     bool
	}{
		{"one by the text of its hfid", object{"kind": "DcimDevice", "data": object{"name": name, "site": "ams1"}, "hfid": name}, device("site " + label), "[ams1]", false},
		{"one by its hfid", object{"kind": "DcimDevice", "hfid": []string{name}, "data": object{"site": []string{"par1"}}}, device("site " + label), "[par1]", false},
		{"one by an object with its hfid", object{"kind": "DcimDevice", "hfid": name, "data": object{"site": object{"hfid": []string{"ams1"}}}}, device("site " + label), "[ams1]", false},
		{"one by an object with its id", object{"kind": "DcimDevice", "hfid": name, "data": object{"site": object{"id": paris}}}, device("site " + label), "[par1]", false},
		{"one by its id", object{"kind": "DcimDevice", "hfid": name, "data": object{"site": amsterdam}}, device("site " + label), "[ams1]", false},
		{"one by kind and hfid as text", object{"kind": "DcimDevice", "hfid": name, "data": object{"site": "LocationSite__par1"}}, device("site " + label), "[par1]", false},
		{"one that is optional", object{"kind": "DcimDevice", "hfid": name, "data": object{"platform": "EOS", "rack": "par1-r1"}}, device("platform " + label + " rack " + label), "[EOS par1-r1]", false},
		{"null clears one", object{"kind": "DcimDevice", "hfid": name, "data": object{"platform": nil}}, device("platform " + label + " rack " + label), "[<nil> par1-r1]", false},
		{"one with a number for its hfid", object{"kind": "DcimDevice", "hfid": name, "data": object{"asn": 64512}}, device("asn " + label), "[AS64512]", false},
		{"many", object{"kind": "DcimDevice", "hfid": name, "data": object{"tags": []any{"blue", object{"hfid": []string{"green"}}}}}, device("tags " + labels), "[[blue green]]", false},
		{"many replace those there were", object{"kind": "DcimDevice", "hfid": name, "data": object{"tags": []any{"BuiltinTag__red"}}}, device("tags " + labels), "[[red]]", false},
		{"an empty list clears many", object{"kind": "DcimDevice", "hfid": name, "data": object{"tags": []any{}}}, device("tags " + labels), "[[]]", false},
		{"many again", object{"kind": "DcimDevice", "hfid": name, "data": object{"tags": []any{"blue"}}}, device("tags " + labels), "[[blue]]", false},
		{"null clears many", object{"kind": "DcimDevice", "hfid": name, "data": object{"tags": nil}}, device("tags " + labels), "[[]]", false},
		{"one behind a generic by kind and hfid", object{"kind": "IpamIPAddress", "data": object{"address": "10.9.9.1/32", "interface": object{"kind": "DcimPhysicalInterface", "hfid": []string{name, "Ethernet1"}}}}, `{ IpamIPAddress(address__value: "10.9.9.1/32") { edges { node { interface ` + label + ` } } } }`, "[Ethernet1]", false},
		{"one behind a generic by the text of both", object{"kind": "IpamIPAddress", "data": object{"address": "10.9.9.2/32", "interface": "DcimPhysicalInterface__" + name + "__Ethernet2"}}, `{ IpamIPAddress(address__value: "10.9.9.2/32") { edges { node { interface ` + label + ` } } } }`, "[Ethernet2]", false},
		{"one behind a generic by the hfid of the generic", object{"kind": "IpamIPAddress", "data": object{"address": "10.9.9.3/32", "interface": []string{"par1-spine000", "Loopback0"}}}, `{ IpamIPAddress(address__value: "10.9.9.3/32") { edges { node { interface ` + label + ` } } } }`, "[Loopback0]", false},
		{"an address by its value", object{"kind": "DcimDevice", "hfid": name, "data": object{"primary_address": "10.9.9.1/32"}}, device("primary_address " + label), "[10.9.9.1/32]", false},
		{"many behind a generic with their kinds", object{"kind": "CoreStandardGroup", "hfid": name + "-group", "data": object{"members": []any{object{"kind": "BuiltinTag", "hfid": []string{"blue"}}, "DcimDevice__" + name}}}, fmt.Sprintf(`{ CoreStandardGroup(name__value: %q) { edges { node { members { edges { node { display_label } } } } } } }`, name+"-group"), "[[blue " + name + "]]", false},
		{"a parent", object{"kind": "LocationRack", "hfid": name + "-rack", "data": object{"parent": "ams1"}}, fmt.Sprintf(`{ LocationRack(name__value: %q) { edges { node { parent `+label+` } } } }`, name+"-rack"), "[ams1]", false},
		{"children", object{"kind": "LocationSite", "hfid": "par1", "data": object{"children": []any{"par1-r1", "LocationRack__par1-r2"}}}, `{ LocationSite(name__value: "par1") { edges { node { children ` + labels + ` parent ` + label + ` } } } }`, "[[par1-r1 par1-r2] eu-west]", false},
		{"properties of a relationship", object{"kind": "DcimDevice", "hfid": name, "data": object{"platform": object{"hfid": "JunOS", "is_protected": true}}}, device("platform { node { display_label } }"), "[JunOS]", false},
		{"a number from a pool", object{"kind": "DcimDevice", "hfid": name, "data": object{"rack_position": object{"from_pool": object{"hfid": []string{"positions"}}}}}, device("rack_position { value }"), "[7]", true},
		{"the same again", object{"kind": "DcimDevice", "hfid": name, "data": object{"rack_position": object{"from_pool": object{"id": pools["positions"]}}}}, device("rack_position { value }"), "[7]", true},
		{"an address from a pool", object{"kind": "DcimDevice", "hfid": name, "data": object{"primary_address": object{"from_pool": object{"hfid": []string{"addresses"}}}}}, device("primary_address " + label), "[192.0.2.1/32]", true},
		{"an address from a pool again", object{"kind": "DcimDevice", "hfid": name, "data": object{"primary_address": object{"from_pool": "addresses"}}}, device("primary_address " + label), "[192.0.2.1/32]", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.boxed && b == nil {
				t.Skip("a pool lies outside branches: that of a real Infrahub is left alone")
			}
			mark := s.proxy.mark()
			if got := s.upsert(t, test.arguments); got.Branch != branch || got.Note != "" {
				t.Errorf("it went to %s with the note %q", got.Branch, got.Note)
			}
			if sent := s.proxy.since(mark); len(sent) != 1 {
				t.Errorf("%d requests: %v", len(sent), sent)
			}
			if got := bare(flat(i.read(t, branch, test.read))); got != bare(test.want) {
				t.Errorf("Infrahub has %s, want %s", got, test.want)
			}
		})
	}
	if got := i.tags(t, "", "blue"); got != 1 {
		t.Errorf("%d tags blue on the default branch", got)
	}
}

func TestEveryFaultOfAnItemIsTold(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		s.must(t, "get_schema", nil)
		for _, test := range []struct {
			name      string
			arguments object
			says      []string
		}{
			{
				"many faults at once",
				object{"kind": "DcimDevice", "data": object{
					"name": "Par1 Leaf!", "rol": "leaf", "status": "Active", "rack_position": 1.5, "mac_address": "no mac", "fqdn": "x.example",
					"ntp_servers": "10.0.0.1", "facts": "{}", "tags": "blue", "device_type": []string{"a", "b"}, "interface": []any{},
				}},
				[]string{
					"Nothing was written", "^[a-z0-9-]+$", "role", "active", "provisioning", "rack_position", "whole number", "mac_address", "fqdn", "computed", "ntp_servers", "a list", "facts",
					"tags", "device_type", "interfaces", "site (LocationSite)",
				},
			},
			{"a new node that lacks what is mandatory", object{"kind": "DcimDevice", "data": object{"name": "x"}}, []string{"role (edge, firewall, leaf, spine)", "site (LocationSite)"}},
			{"null for what is mandatory", object{"kind": "DcimDevice", "hfid": "par1-spine000", "data": object{"site": nil, "role": nil, "name": nil}}, []string{"site", "role", "name", "cannot be cleared"}},
			{"numbers out of range", object{"kind": "IpamVLAN", "data": object{"name": "v", "vlan_id": 5000}}, []string{"vlan_id", "between 1 and 4094", "5000"}},
			{"true for a number", object{"kind": "LocationRack", "data": object{"name": "r", "parent": "par1", "height": true}}, []string{"height", "whole number", "true"}},
			{"a text for a boolean", object{"kind": "DcimPhysicalInterface", "hfid": "par1-spine000__Ethernet1", "data": object{"enabled": "yes"}}, []string{"enabled", "true or false"}},
			{"a bad e-mail address", object{"kind": "LocationSite", "hfid": "par1", "data": object{"contact": "nobody"}}, []string{"contact", "e-mail"}},
			{"a bad time", object{"kind": "LocationSite", "hfid": "par1", "data": object{"opened_at": "yesterday"}}, []string{"opened_at"}},
			{"a bad address", object{"kind": "IpamIPAddress", "data": object{"address": "10.0.0.300/32"}}, []string{"address", "10.0.0.300"}},
			{"no member of an enumeration", object{"kind": "RoutingBGPSession", "hfid": "x", "data": object{"type": "internal"}}, []string{"INTERNAL", "EXTERNAL"}},
			{"too many peers", object{"kind": "DcimCable", "hfid": "c", "data": object{"endpoints": []string{"a__b", "c__d", "e__f"}}}, []string{"endpoints", "at most 2"}},
			{"a peer twice", object{"kind": "DcimDevice", "hfid": "par1-spine000", "data": object{"tags": []string{"blue", "blue"}}}, []string{"tags", "twice"}},
			{"a peer of another kind", object{"kind": "DcimDevice", "hfid": "par1-spine000", "data": object{"site": "LocationRack__par1-r1"}}, []string{"LocationSite", "LocationRack"}},
			{"a peer of an unknown kind behind a generic", object{"kind": "IpamIPAddress", "data": object{"address": "10.9.9.9/32", "interface": object{"kind": "DcimInterfaces", "hfid": []string{"a", "b"}}}}, []string{"DcimInterfaces", "DcimPhysicalInterface"}},
			{"a pool where there can be none", object{"kind": "DcimDevice", "hfid": "par1-spine000", "data": object{"serial": object{"from_pool": "x"}}}, []string{"serial", "pool"}},
			{"an hfid of the wrong length", object{"kind": "DcimPhysicalInterface", "hfid": "Ethernet1", "data": object{"mtu": 9000}}, []string{"2 parts"}},
			{"an id that is none", object{"kind": "BuiltinTag", "id": "blue", "data": object{"description": "x"}}, []string{"UUID", "hfid"}},
			{"id and hfid", object{"kind": "BuiltinTag", "id": "18ea71a8-5722-b767-4e0e-fbea8b2b3320", "hfid": "blue", "data": object{"description": "x"}}, []string{"id", "hfid"}},
			{"neither data nor items", object{"kind": "BuiltinTag"}, []string{"data", "items"}},
			{"data and items", object{"kind": "BuiltinTag", "data": object{"name": "a"}, "items": []object{{"name": "b"}}}, []string{"either", "items"}},
			{"no items", object{"kind": "BuiltinTag", "items": []object{}}, []string{"empty"}},
			{"more items than allowed", object{"kind": "BuiltinTag", "items": make([]object, 201)}, []string{"200"}},
			{"faults of several items", object{"kind": "BuiltinTag", "items": []object{{"name": "a"}, {"nam": "b"}, {"data": object{"name": 3}}}}, []string{"Nothing was written", "items[1]", "nam", "items[2]", "text"}},
			{"an item with an unknown member", object{"kind": "BuiltinTag", "items": []object{{"data": object{"name": "a"}, "idd": "x"}}}, []string{"items[0]", "idd"}},
			{"an unknown kind", object{"kind": "BuiltinTags", "data": object{"name": "a"}}, []string{"BuiltinTag"}},
			{"a generic", object{"kind": "DcimInterface", "data": object{"name": "a"}}, []string{"generic", "DcimPhysicalInterface"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				mark := s.proxy.mark()
				text := s.refused(t, "node_upsert", test.arguments)
				for _, part := range test.says {
					if !strings.Contains(text, part) {
						t.Errorf("the refusal lacks %q: %s", part, text)
					}
				}
				if sent := s.proxy.since(mark); len(sent) > 0 {
					t.Errorf("Infrahub was asked: %v", sent)
				}
			})
		}
		info := decode[object](t, s.must(t, "get_session_info", nil).Structured)
		if diff := cmp.Diff(any(nil), info["session_branch"]); diff != "" {
			t.Errorf("what was refused has made a branch: %s", diff)
		}
	})
}

func TestWhatADeleteTakesAlongAndWhatStandsInItsWay(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		name := strings.ToLower(shared.branches.name("del"))
		s.must(t, "node_upsert", object{"kind": "DcimDevice", "data": object{"name": name, "role": "leaf", "site": "par1"}})
		s.must(t, "node_upsert", object{"kind": "DcimPhysicalInterface", "items": []object{{"name": "Ethernet1", "device": name}, {"name": "Ethernet2", "device": name}}})
		text := s.refused(t, "node_delete", object{"kind": "OrganizationManufacturer", "hfid": "Arista"})
		if !strings.Contains(text, "mandatory") || !strings.Contains(text, "7280R3") {
			t.Errorf("what stands in the way: %s", text)
		}
		got := decode[struct {
			ID   string `json:"deleted_id"`
			Kind string
			Also []struct {
				Relationship string
				Count        int
				Labels       []string
			} `json:"also_deleted"`
			Branch string
		}](t, s.must(t, "node_delete", object{"kind": "DcimDevice", "hfid": name}).Structured)
		if got.ID == "" || got.Kind != "DcimDevice" || len(got.Also) != 1 || got.Also[0].Count != 2 || got.Also[0].Relationship != "interfaces" || !strings.Contains(fmt.Sprint(got.Also[0].Labels), "Ethernet2") {
			t.Errorf("deleted: %+v", got)
		}
		raw, _ := json.Marshal(s.proxy.infrahub.read(t, got.Branch, fmt.Sprintf(`{ DcimDevice(name__value: %q) { count } DcimInterface(device__name__value: %q) { count } }`, name, name)))
		if string(raw) != `{"DcimDevice":{"count":0},"DcimInterface":{"count":0}}` {
			t.Errorf("left of it: %s", raw)
		}
		for what, arguments := range map[string]object{
			"nothing named":                      {"kind": "BuiltinTag"},
			"an empty hfid":                      {"kind": "BuiltinTag", "hfid": []string{}},
			"an hfid of no text":                 {"kind": "BuiltinTag", "hfid": []string{""}},
			"a node that is gone":                {"kind": "DcimDevice", "hfid": name},
			"an hfid that is too long":           {"kind": "BuiltinTag", "hfid": []string{"blue", "green"}},
			"an hfid of a kind that has none":    {"kind": "IpamIPAddress", "hfid": []string{"10.1.0.1/32"}},
			"an hfid of a generic that has none": {"kind": "BuiltinIPAddress", "hfid": []string{"10.1.0.1/32"}},
			"an id of another kind":              {"kind": "BuiltinTag", "id": device(t, "par1-spine000")},
			"an id that is no UUID":              {"kind": "BuiltinTag", "id": "blue"},
			"both id and hfid":                   {"kind": "BuiltinTag", "id": device(t, "par1-spine000"), "hfid": "blue"},
		} {
			mark := s.proxy.mark()
			text := s.refused(t, "node_delete", arguments)
			for _, r := range s.proxy.since(mark) {
				if strings.Contains(r.Document, "mutation") {
					t.Errorf("%s: %q was sent before %s", what, r.Document, text)
				}
			}
		}
	})
}

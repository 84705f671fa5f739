package nodes

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// in reads arguments as the executor gives them.
func in(tb testing.TB, d *demo, text string) map[string]any {
	tb.Helper()
	for name, id := range d.ids {
		text = strings.ReplaceAll(text, "<"+name+">", id)
	}
	decoder := json.NewDecoder(strings.NewReader("{" + text + "}"))
	decoder.UseNumber()
	var arguments map[string]any
	if err := decoder.Decode(&arguments); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return coerced(arguments).(map[string]any)
}

func coerced(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = coerced(member)
		}
	case []any:
		for i, element := range v {
			v[i] = coerced(element)
		}
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	}
	return value
}

// told writes a list as "count: label label …".
func told(count int, nodes []*Node) string {
	return strings.TrimSpace(fmt.Sprintf("%d: %s", count, labels(nodes)))
}

func labels(nodes []*Node) string {
	labels := make([]string, len(nodes))
	for i, n := range nodes {
		labels[i] = n.Label()
	}
	return strings.Join(labels, " ")
}

// failed writes an error as "code status sentence".
func failed(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return fmt.Sprintf("%T %v", err, err)
	}
	return fmt.Sprintf("%s %d %s", f.Code, f.Status, f.Message)
}

// What is expected is what Infrahub 1.11.9 answers over the same data.
func TestSelect(t *testing.T) {
	d := newDemo(t, 40)
	g := d.graph()
	const (
		spines = "12: ams1-spine001 ams1-spine017 ams1-spine033 dfw1-spine003 dfw1-spine019 dfw1-spine035 " +
			"nyc1-spine002 nyc1-spine018 nyc1-spine034 par1-spine000 par1-spine016 par1-spine032"
		first = "40: par1-spine000"
		spine = "1: par1-spine000"
	)
	tests := map[string][][2]string{
		"DcimDevice": {
			{`"limit": 3`, "40: ams1-edge009 ams1-edge025 ams1-firewall013"},
			{`"limit": 3, "offset": 38`, "40: par1-spine016 par1-spine032"},
			{`"limit": 0, "offset": 38`, "40: par1-spine016 par1-spine032"},
			{`"offset": 100`, "40:"},
			{`"offset": null, "limit": 2`, "40: ams1-edge009 ams1-edge025"},
			{`"limit": 1, "offset": 5`, "40: ams1-leaf005"},
			{`"limit": -1, "offset": -1`, "UNDEFINED_ERROR 500 limit must be a non-negative integer"},
			{`"offset": -1`, "UNDEFINED_ERROR 500 offset must be a non-negative integer"},

			{`"name__value": "par1-spine000"`, spine},
			{`"name__value": "PAR1-SPINE000"`, "0:"},
			{`"name__value": ""`, "0:"},
			{`"name__value": null, "limit": 1`, first},
			{`"name__values": ["par1-spine000", "ams1-spine001", "nope"]`, "2: ams1-spine001 par1-spine000"},
			{`"name__values": []`, "0:"},
			{`"name__values": null, "limit": 1`, first},
			{`"name__values": [null]`, "UNDEFINED_ERROR 500 filter values: [None] (list) contains unsupported item"},
			{`"console_password__isnull": true, "limit": 1`, first},
			{`"console_password__isnull": false`, "0:"},
			{`"name__isnull": null, "limit": 1`, first},
			{`"console_password__value": "NULL", "limit": 1`, first},
			{`"role__value": "spine", "status__value": "active"`,
				"6: ams1-spine001 dfw1-spine019 nyc1-spine002 nyc1-spine018 par1-spine000 par1-spine032"},
			{`"role__value": "spine", "limit": 0`, spines},
			{`"status__value": "provisioning", "limit": 1`, "7: dfw1-spine003"},
			{`"status__value": "Active"`, "0:"},
			{`"fqdn__value": "par1-spine000.net.example"`, spine},
			{`"mac_address__value": "00:00:5E:00:00:00"`, spine},
			{`"mac_address__value": "00:00:5e:00:00:00"`, "0:"},
			{`"rack_position__value": 7`, "1: nyc1-leaf006"},
			{`"rack_position__value": 7.0`, "1: nyc1-leaf006"},
			{`"rack_position__value": "7"`, "0:"},
			{`"rack_position__values": [7, 8]`, "2: dfw1-leaf007 nyc1-leaf006"},
			{`"rack_position__isnull": true`, "0:"},
			{`"rack_position__value": 99999999999999999999`, "UNDEFINED_ERROR 500 Python int too large to convert to C long"},
			{`"rack_position__values": [9223372036854775808]`, "UNDEFINED_ERROR 500 Python int too large to convert to C long"},
			{`"ntp_servers__value": ["192.0.2.1", "192.0.2.2"]`, "0:"},
			{`"ntp_servers__value": "[\"192.0.2.1\",\"192.0.2.2\"]", "limit": 1`, first},
			{`"facts__value": {"os": "4.31"}`, "UNDEFINED_ERROR 500 filter value: {'os': '4.31'} (<class 'dict'>) is not supported."},
			{`"facts__values": [{"os": "4.31"}]`, "UNDEFINED_ERROR 500 filter values: [{'os': '4.31'}] (list) contains unsupported item"},
			{`"name__is_protected": true`, "0:"},
			{`"name__is_protected": false, "limit": 1`, first},
			{`"name__source__id": "` + admin + `"`, "0:"},
			{`"name__owner__id": "` + admin + `"`, "0:"},
			{`"name__nope": 1`, "UNDEFINED_ERROR 500 filter nope is not supported"},
			{`"nope__value": 1`, "UNDEFINED_ERROR 500 filter nope__value is not supported"},

			{`"name__value": "spine", "partial_match": true`, spines},
			{`"name__value": "SPINE", "partial_match": true`, spines},
			{`"name__value": "spine", "partial_match": false`, "0:"},
			{`"name__value": "%spine%", "partial_match": true`, "0:"},
			{`"name__value": ".*spine", "partial_match": true`, "0:"},
			{`"name__value": "", "partial_match": true, "limit": 1`, first},
			{`"console_password__value": "", "partial_match": true, "limit": 1`, first},
			{`"name__values": ["spine"], "partial_match": true`, "0:"},
			{`"rack_position__value": 1, "partial_match": true, "limit": 2`, "13: ams1-edge009 ams1-firewall013"},
			{`"site__name__value": "AR", "partial_match": true, "limit": 3`, "10: par1-edge008 par1-edge024 par1-firewall012"},
			{`"ntp_servers__value": "192.0.2.1", "partial_match": true, "limit": 2`, "40: ams1-edge009 ams1-edge025"},
			{`"ntp_servers__value": "1\",\"192", "partial_match": true, "limit": 2`, "40: ams1-edge009 ams1-edge025"},
			{`"facts__value": "4.31", "partial_match": true, "limit": 2`, "40: ams1-edge009 ams1-edge025"},

			{`"any__value": "par1-spine000"`, spine},
			{`"any__value": "7"`, "0:"},
			{`"any__value": "par1"`, "0:"},
			{`"any__value": "[\"par1-spine000\"]"`, spine},
			{`"any__values": ["par1-spine000", "SN000001"]`, "2: ams1-spine001 par1-spine000"},
			{`"any__value": "SN00003", "partial_match": true, "limit": 2`, "10: ams1-leaf037 ams1-spine033"},
			{`"any__is_protected": true`, "0:"},
			{`"any__is_protected": false, "limit": 1`, first},
			{`"any__source__id": "` + admin + `"`, "0:"},

			{`"ids": ["<par1-spine000>"]`, spine},
			{`"ids": ["<par1-spine000>", "<ams1-spine001>"]`, "2: ams1-spine001 par1-spine000"},
			{`"ids": ["<par1>"]`, "0:"},
			{`"ids": ["garbage"]`, "0:"},
			{`"ids": [null]`, "0:"},
			{`"ids": []`, "0:"},
			{`"ids": null, "limit": 1`, "0:"},
			{`"hfid": ["par1-spine000"], "role__value": "leaf", "offset": 1`, spine},
			{`"hfid": ["nope"]`, "0:"},
			{`"hfid": ["par1-spine000", "x"]`, "NODE_NOT_FOUND 404 Unable to lookup node by HFID, schema 'DcimDevice' " +
				"HFID does not contain the same number of elements as ['par1-spine000', 'x']"},
			{`"hfid": []`, "NODE_NOT_FOUND 404 Unable to lookup node by HFID, schema 'DcimDevice' " +
				"HFID does not contain the same number of elements as []"},
			{`"hfid": [null]`, "UNDEFINED_ERROR 500 sequence item 0: expected str instance, NoneType found"},
			{`"hfid": null`, "UNDEFINED_ERROR 500 can only join an iterable"},
			{`"display_label__value": "par1-spine000"`, spine},
			{`"display_label__values": ["par1-spine000", "ams1-spine001"]`, "2: ams1-spine001 par1-spine000"},
			{`"display_label__value": "spine0", "partial_match": true`, spines},
			{`"display_label__isnull": true`, "0:"},

			{`"site__ids": ["<par1>"], "limit": 2`, "10: par1-edge008 par1-edge024"},
			{`"site__ids": ["<par1>", "<ams1>"], "limit": 2`, "20: ams1-edge009 ams1-edge025"},
			{`"site__ids": []`, "0:"},
			{`"site__ids": null, "limit": 1`, first},
			{`"site__name__value": "par1", "limit": 2`, "10: par1-edge008 par1-edge024"},
			{`"site__name__values": ["par1", "ams1"], "limit": 3`, "20: ams1-edge009 ams1-edge025 ams1-firewall013"},
			{`"site__name__values": []`, "0:"},
			{`"site__display_label__value": "par1", "limit": 2`, "10: par1-edge008 par1-edge024"},
			{`"site__display_label__values": ["par1"], "limit": 2`, "10: par1-edge008 par1-edge024"},
			{`"site__display_label__isnull": true`, "UNDEFINED_ERROR 500 site__display_label__isnull is not allowed: " +
				"'isnull' is not supported for attributes of relationships"},
			{`"primary_address__isnull": true, "limit": 1`, first},
			{`"primary_address__isnull": false`, "0:"},
			{`"primary_address__address__value": "", "partial_match": true`, "0:"},
			{`"tags__name__value": "blue", "limit": 3`, "27: ams1-edge009 ams1-firewall029 ams1-leaf005"},
			{`"tags__name__values": ["blue", "green"], "limit": 3`, "40: ams1-edge009 ams1-edge025 ams1-firewall013"},
			{`"tags__ids": ["<blue>"], "limit": 3`, "27: ams1-edge009 ams1-firewall029 ams1-leaf005"},
			{`"tags__isnull": true`, "0:"},
			{`"tags__isnull": false, "limit": 1`, first},
			{`"site__name__value": "par1", "site__city__value": "Dallas"`, "0:"},
			{`"site__name__value": "par1", "tags__name__value": "blue", "limit": 2`, "7: par1-edge008 par1-edge024"},
			{`"interfaces__name__value": "Ethernet1", "limit": 1`, first},
			{`"interfaces__name__value": "Loopback0", "interfaces__mtu__value": 9000, "limit": 1`, first},
			{`"interfaces__name__value": "Loopback0", "interfaces__mtu__value": 9999`, "0:"},
			{`"interfaces__name__is_protected": true`, "0:"},
			{`"asn__asn__value": 64512`, "UNDEFINED_ERROR 500 list index out of range"},
			{`"asn__name__isnull": false`, "UNDEFINED_ERROR 500 asn__name__isnull is not allowed: " +
				"'isnull' is not supported for attributes of relationships"},
			{`"member_of_groups__name__value": "nope"`, "0:"},
			{`"profiles__profile_name__value": "nope"`, "0:"},

			{`"node_metadata__created_by__id": "` + admin + `", "limit": 1`, first},
			{`"node_metadata__created_by__ids": ["` + reader + `", "` + admin + `"], "limit": 1`, first},
			{`"node_metadata__created_by__ids": []`, "0:"},
			{`"node_metadata__updated_by__id": "` + reader + `"`, "0:"},
			{`"node_metadata__created_at__after": "2020-01-01T00:00:00Z", "limit": 1`, first},
			{`"node_metadata__created_at__after": "2020-01-01", "limit": 1`, first},
			{`"node_metadata__created_at__before": "2020-01-01T00:00:00Z"`, "0:"},
			{`"node_metadata__updated_at": "2020-01-01T00:00:00"`, "0:"},
			{`"node_metadata__created_at__after": "1h"`, "UNDEFINED_ERROR 500 DateTime cannot represent value: '1h'"},
		},
		"DcimInterface": {
			{`"hfid": ["par1-spine000", "Ethernet1"]`, "1: Ethernet1"},
			{`"hfid": ["par1-spine000"]`, "NODE_NOT_FOUND 404 Unable to lookup node by HFID, schema 'DcimInterface' " +
				"HFID does not contain the same number of elements as ['par1-spine000']"},
			{`"device__name__value": "par1-spine000"`, "5: Ethernet1 Ethernet2 Ethernet3 Ethernet4 Loopback0"},
			{`"enabled__value": false`, "0:"},
			{`"enabled__value": true, "partial_match": true, "limit": 1`, "200: Ethernet1"},
			{`"mtu__value": 1500, "limit": 2`, "40: Loopback0 Loopback0"},
			{`"mtu__values": [9000], "limit": 2`, "160: Ethernet1 Ethernet1"},
			{`"description__isnull": true, "limit": 2`, "40: Loopback0 Loopback0"},
			{`"any__value": "Loopback0", "limit": 2`, "40: Loopback0 Loopback0"},
		},
		"LocationGeneric": {
			{``, "14: ams1 ams1-r1 ams1-r2 dfw1 dfw1-r1 dfw1-r2 eu-west nyc1 nyc1-r1 nyc1-r2 par1 par1-r1 par1-r2 us-east"},
			{`"parent__name__value": "eu-west"`, "6: ams1 ams1-r1 ams1-r2 par1 par1-r1 par1-r2"},
			{`"parent__display_label__value": "eu-west"`, "6: ams1 ams1-r1 ams1-r2 par1 par1-r1 par1-r2"},
			{`"parent__ids": ["<eu-west>"]`, "2: ams1 par1"},
			{`"children__name__value": "par1"`, "1: eu-west"},
			{`"children__name__value": "par1-r1"`, "2: eu-west par1"},
			{`"parent__isnull": true`, "2: eu-west us-east"},
			{`"children__isnull": true`, "8: ams1-r1 ams1-r2 dfw1-r1 dfw1-r2 nyc1-r1 nyc1-r2 par1-r1 par1-r2"},
		},
		"LocationSite": {
			{`"parent__name__values": ["us-east", "eu-west"]`, "4: ams1 dfw1 nyc1 par1"},
			{`"devices__name__value": "par1-spine000"`, "1: par1"},
			{`"children__name__value": "par1-r1"`, "1: par1"},
		},
		"CoreNode": {
			{`"ids": ["<par1-spine000>", "<par1>", "<blue>"], "kinds": ["BuiltinTag"]`, "1: blue"},
			{`"ids": ["garbage"]`, "0:"},
			{`"any__value": "par1-spine000"`, spine},
		},
	}
	for kind, cases := range tests {
		for _, c := range cases {
			t.Run(kind+" "+c[0], func(t *testing.T) {
				page, err := g.Select(g.Model.Kind(kind), in(t, d, c[0]))
				got := ""
				if err != nil {
					got = failed(err)
				} else {
					got = told(page.Count, page.Nodes)
				}
				if diff := cmp.Diff(c[1], got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestSelectPeers(t *testing.T) {
	d := newDemo(t, 40)
	g := d.graph()
	const ports = "5: Ethernet1 Ethernet2 Ethernet3 Ethernet4 Loopback0"
	tests := []struct{ node, relationship, arguments, want string }{
		{"par1-spine000", "interfaces", ``, ports},
		{"par1-spine000", "interfaces", `"limit": 2`, "5: Ethernet1 Ethernet2"},
		{"par1-spine000", "interfaces", `"limit": 2, "offset": 3`, "5: Ethernet4 Loopback0"},
		{"par1-spine000", "interfaces", `"limit": 0`, ports},
		{"par1-spine000", "interfaces", `"limit": -1`, "UNDEFINED_ERROR 500 LIMIT: Invalid input. '-1' is not a valid value. Must be a non-negative integer."},
		{"par1-spine000", "interfaces", `"offset": -1`, "UNDEFINED_ERROR 500 SKIP: Invalid input. '-1' is not a valid value. Must be a non-negative integer."},
		{"par1-spine000", "interfaces", `"name__value": "Ethernet2"`, "1: Ethernet2"},
		{"par1-spine000", "interfaces", `"name__values": ["Ethernet2", "Ethernet3"]`, "2: Ethernet2 Ethernet3"},
		{"par1-spine000", "interfaces", `"name__values": []`, ports},
		{"par1-spine000", "interfaces", `"name__value": ""`, ports},
		{"par1-spine000", "interfaces", `"enabled__value": false`, ports},
		{"par1-spine000", "interfaces", `"mtu__value": 0`, ports},
		{"par1-spine000", "interfaces", `"name__is_protected": true`, "0:"},
		{"par1-spine000", "interfaces", `"isnull": true`, ports},
		{"par1-spine000", "interfaces", `"ids": ["<par1-spine000 Ethernet1>"]`, "1: Ethernet1"},
		{"par1-spine000", "interfaces", `"ids": null`, "0:"},
		{"par1-spine000", "interfaces", `"ids": []`, "0:"},
		{"par1-spine000", "interfaces", `"display_label__isnull": true`, "0:"},
		{"par1-spine000", "interfaces", `"order": {"by": [{"field": "name__value", "direction": "DESC"}]}, "limit": 1`, "5: Loopback0"},
		{"par1-spine000", "interfaces", `"order": {"by": [{"field": "device__name__value"}, {"field": "name__value", "direction": "DESC"}]}`,
			"5: Loopback0 Ethernet4 Ethernet3 Ethernet2 Ethernet1"},
		{"par1-spine000", "interfaces", `"order": {"by": [{"field": "nope__value"}]}`,
			"UNDEFINED_ERROR 422 attribute 'nope' not defined on this schema (field: 'nope__value')."},
		{"par1-spine000", "tags", `"display_label__value": "blue"`, "1: blue"},
		{"par1-spine000", "tags", `"name__value": "nope"`, "0:"},
		{"par1-spine000", "site", ``, "1: par1"},
		{"par1", "devices", `"limit": 2`, "10: par1-edge008 par1-edge024"},
		{"par1", "devices", `"include_descendants": true, "role__value": "spine"`, "3: par1-spine000 par1-spine016 par1-spine032"},
		{"eu-west", "tags", ``, "0:"},
		{"eu-west", "tags", `"include_descendants": true`, "2: blue blue"},
		{"eu-west", "tags", `"include_descendants": false`, "0:"},
		{"eu-west", "parent", ``, "0:"},
		{"eu-west", "children", ``, "2: ams1 par1"},
		{"eu-west", "ancestors", ``, "0:"},
		{"eu-west", "descendants", ``, "6: ams1 ams1-r1 ams1-r2 par1 par1-r1 par1-r2"},
		{"eu-west", "descendants", `"name__value": "par1"`, "1: par1"},
		{"eu-west", "descendants", `"limit": 1`, "6: ams1"},
		{"eu-west", "descendants", `"order": {"by": [{"field": "name__value", "direction": "DESC"}]}, "limit": 2, "offset": 1`, "6: par1-r1 par1"},
		{"par1", "parent", ``, "1: eu-west"},
		{"par1", "children", ``, "2: par1-r1 par1-r2"},
		{"par1-r1", "ancestors", ``, "2: eu-west par1"},
		{"par1-r1", "children", ``, "0:"},
		{"par1-r1", "descendants", ``, "0:"},
	}
	for _, c := range tests {
		t.Run(c.node+" "+c.relationship+" "+c.arguments, func(t *testing.T) {
			n := g.Node(d.ids[c.node])
			r := n.Schema.Relationship(c.relationship)
			if r == nil {
				r = &model.Relationship{Name: c.relationship}
			}
			count, links, err := n.SelectPeers(r, in(t, d, c.arguments))
			got := ""
			if err != nil {
				got = failed(err)
			} else {
				peers := make([]*Node, len(links))
				for i, l := range links {
					peers[i] = l.Node
				}
				got = told(count, peers)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLinksOfATreeHaveNoEdge(t *testing.T) {
	d := newDemo(t, 1)
	n := d.graph().Node(d.ids["par1"])
	for relationship, want := range map[string]bool{"parent": true, "children": true, "ancestors": false, "descendants": false} {
		r := n.Schema.Relationship(relationship)
		if r == nil {
			r = &model.Relationship{Name: relationship}
		}
		_, links, err := n.SelectPeers(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			if got := l.Edge != (store.Edge{}); got != want {
				t.Errorf("%s: a link with an edge: %v, want %v", relationship, got, want)
			}
		}
	}
}

// A node can have a value that it does not store, which no index knows.
func TestValuesThatAreNotStoredAreFound(t *testing.T) {
	d := newDemo(t, 1)
	var bare, profiled string
	d.write(func() {
		bare, profiled = d.base.Store.NewID(), d.base.Store.NewID()
		for _, id := range []string{bare, profiled} {
			d.check(d.tx.CreateNode(id, "DcimDevice", store.Aware))
			d.check(d.tx.SetEdge(id, RoleOf(d.kind("DcimDevice").Relationship("site")), d.ids["par1"], store.Properties{}, store.Aware))
		}
		profile := d.add("ProfileDcimDevice", "profile", map[string]any{"profile_name": "p", "status": "drained"}, nil)
		d.check(d.tx.SetEdge(profiled, RoleOf(d.kind("DcimDevice").Relationship("profiles")), profile, store.Properties{}, store.Aware))
	})
	g := d.graph()
	tests := []struct {
		kind, arguments string
		want            []string
	}{
		{"DcimDevice", `"status__value": "provisioning"`, []string{bare}},
		{"DcimDevice", `"status__value": "drained"`, []string{profiled}},
		{"DcimDevice", `"any__value": "drained"`, []string{profiled}},
		{"LocationSite", `"devices__status__value": "drained"`, []string{d.ids["par1"]}},
		{"LocationSite", `"devices__status__value": "provisioning"`, []string{d.ids["par1"]}},
		{"LocationSite", `"devices__status__value": "maintenance"`, nil},
	}
	for _, c := range tests {
		page, err := g.Select(g.Model.Kind(c.kind), in(t, d, c.arguments))
		if err != nil {
			t.Fatalf("%s: %v", c.arguments, err)
		}
		var got []string
		for _, n := range page.Nodes {
			got = append(got, n.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.arguments, diff)
		}
	}
}

// fixed is a rule that derives the description of devices.
type fixed struct{ Rule }

func (fixed) Derived(n *Node, attribute string) (any, bool) {
	return "derived", n.Kind == "DcimDevice" && attribute == "description"
}

func TestValuesThatAreDerivedAreNotFound(t *testing.T) {
	d := newDemo(t, 2)
	d.base.Rules = []Rule{fixed{}}
	g := d.graph()
	for arguments, want := range map[string]int{
		`"description__value": "derived"`:        0,
		`"any__value": "derived"`:                0,
		`"description__value": "Device 0"`:       1,
		`"description__values": ["Device 0"]`:    1,
		`"description__isnull": false`:           2,
		`"description__value": "derived Device"`: 0,
	} {
		page, err := g.Select(g.Model.Kind("DcimDevice"), in(t, d, arguments))
		if err != nil {
			t.Fatal(err)
		}
		if page.Count != want {
			t.Errorf("%s: %d, want %d", arguments, page.Count, want)
		}
	}
	if got := g.Node(d.ids["par1-spine000"]).Text("description"); got != "derived" {
		t.Errorf("the description shown is %q", got)
	}
}

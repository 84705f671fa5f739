package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"infrahub-mcp/test/mcptest"
)

// object is short for the arguments of a tool.
type object = map[string]any

func TestGetSchemaTellsWhatAnAuthorNeeds(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		kinds := decode[map[string]string](t, s.must(t, "get_schema", nil).Structured)
		if kinds["DcimPhysicalInterface"] != "Physical interface" || kinds["CoreProposedChange"] == "" {
			t.Errorf("the catalogue has %d kinds: %v", len(kinds), kinds)
		}
		type detail struct {
			Kind       string   `json:"kind"`
			Class      string   `json:"class"`
			Branch     string   `json:"branch_support"`
			HFID       []string `json:"human_friendly_id"`
			Generics   []string `json:"generics"`
			UsedBy     []string `json:"used_by"`
			Attributes []struct {
				Name, Kind        string
				Mandatory, Unique bool
				ReadOnly          bool `json:"read_only"`
				Default           any
			} `json:"attributes"`
			Choices       []struct{ Attribute, Value, Label string }
			Rules         []struct{ Attribute, Rule, Value string }
			Relationships []struct {
				Name, Peer, Cardinality, Kind, Direction, Identifier string
				Mandatory                                            bool
			}
			Filters []struct{ Filter, Type string }
			Peers   []struct{ Kind string }
		}
		describe := func(arguments object) detail {
			return decode[detail](t, s.must(t, "get_schema", arguments).Structured)
		}

		d := describe(object{"kind": "DcimDevice"})
		if d.Kind != "DcimDevice" || d.Class != "node" || d.Branch != "aware" || fmt.Sprint(d.HFID) != "[name__value]" {
			t.Errorf("DcimDevice is %+v", d)
		}
		facts := map[string]string{}
		for _, a := range d.Attributes {
			facts[a.Name] = fmt.Sprintf("%s mandatory=%v unique=%v read_only=%v default=%v", a.Kind, a.Mandatory, a.Unique, a.ReadOnly, a.Default)
		}
		for _, c := range d.Choices {
			facts[c.Attribute+"="+c.Value] = c.Label
		}
		for _, r := range d.Rules {
			facts[r.Attribute+" "+r.Rule] = r.Value
		}
		for _, r := range d.Relationships {
			facts["->"+r.Name] = fmt.Sprintf("%s %s %s %s mandatory=%v", r.Peer, r.Cardinality, r.Kind, r.Identifier, r.Mandatory)
		}
		for _, f := range d.Filters {
			facts["?"+f.Filter] = f.Type
		}
		for fact, want := range map[string]string{
			"name":                     "Text mandatory=true unique=true read_only=false default=<nil>",
			"role":                     "Dropdown mandatory=true unique=false read_only=false default=<nil>",
			"status":                   "Dropdown mandatory=false unique=false read_only=false default=provisioning",
			"fqdn":                     "Text mandatory=false unique=false read_only=true default=<nil>",
			"fqdn computed":            "{{ name__value }}.net.example",
			"console_password":         "Password mandatory=false unique=false read_only=false default=<nil>",
			"status=drained":           "Drained",
			"name regex":               "^[a-z0-9-]+$",
			"name max_length":          "63",
			"->site":                   "LocationSite one Attribute device__site mandatory=true",
			"->interfaces":             "DcimInterface many Component device__interface mandatory=false",
			"?ids":                     "[ID]",
			"?name__value":             "String",
			"?rack_position__value":    "BigInt",
			"?site__ids":               "[ID]",
			"?site__name__value":       "String",
			"?console_password__value": "",
		} {
			if facts[fact] != want {
				t.Errorf("%s is %q, want %q", fact, facts[fact], want)
			}
		}
		if len(d.Peers) == 0 {
			t.Error("the related kinds are missing")
		}
		if d := describe(object{"kind": "DcimDevice", "expand": false}); len(d.Peers) > 0 || len(d.Attributes) == 0 {
			t.Errorf("without expansion there are %d related kinds and %d attributes", len(d.Peers), len(d.Attributes))
		}
		generic := describe(object{"kind": "DcimInterface"})
		if diff := cmp.Diff([]string{"DcimPhysicalInterface", "DcimVirtualInterface"}, generic.UsedBy); diff != "" || generic.Class != "generic" {
			t.Errorf("DcimInterface is a %s used by: %s", generic.Class, diff)
		}
		if agnostic := describe(object{"kind": "GlobalPolicy"}); agnostic.Branch != "agnostic" {
			t.Errorf("GlobalPolicy is %s", agnostic.Branch)
		}
	})
}

func TestGetNodesReadsWhatIsAskedFor(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		first := s.list(t, object{"kind": "DcimDevice", "filters": object{"name__value": "par1-spine000"}})
		if len(first.Nodes) != 1 {
			t.Fatalf("there are %d devices par1-spine000", len(first.Nodes))
		}
		id := first.Nodes[0]["id"]
		for _, test := range []struct {
			name      string
			arguments object
			total     int
			count     int
			first     object // members of the first node
			columns   string // of the first node, if all are checked
		}{
			{"labels by default", object{"kind": "DcimDevice", "order": "name", "limit": 3}, devices, 3, object{"display_label": "ams1-edge009"}, "display_label id"},
			{"the kind as well for a generic", object{"kind": "DcimInterface", "limit": 1}, allPorts, 1, nil, "display_label id kind"},
			{"a count alone", object{"kind": "DcimPhysicalInterface", "limit": 0}, interfaces, 0, nil, ""},
			{
				"every attribute with its type and every relationship", object{"kind": "DcimDevice", "include_attributes": true, "filters": object{"hfid": []string{"par1-spine000"}}}, 1, 1,
				object{
					"id": id, "hfid": []any{"par1-spine000"}, "name": "par1-spine000", "description": "Device 0", "rack_position": 1.0, "role": "spine", "fqdn": "par1-spine000.net.example",
					"facts": object{"os": "4.31", "uptime_days": 0.0, "modules": []any{"a", "b"}}, "ntp_servers": []any{"192.0.2.1", "192.0.2.2"}, "mac_address": "00:00:5E:00:00:00",
					"console_password": nil, "primary_address": nil,
				}, "",
			},
			{
				"fields and no others", object{"kind": "DcimDevice", "fields": []string{"name", "site.city", "tags.name", "interfaces.mtu"}, "filters": object{"ids": []any{id}}}, 1, 1,
				object{"name": "par1-spine000", "site.city": "Paris", "tags.name": object{"count": 2.0, "nodes": []any{"blue", "green"}}, "interfaces.mtu": object{"count": 5.0, "nodes": []any{9000.0, 9000.0, 9000.0, 9000.0, 1500.0}}},
				"interfaces.mtu name site.city tags.name",
			},
			{
				"a related node and several of its fields", object{"kind": "DcimDevice", "fields": []string{"site", "site.city", "site.contact", "tags.name", "tags.description"}, "filters": object{"ids": []any{id}}}, 1, 1,
				object{"site.city": "Paris", "site.contact": "par1@dc.example", "tags.name": object{"count": 2.0, "nodes": []any{"blue", "green"}}, "tags.description": object{"count": 2.0, "nodes": []any{"Tag blue", "Tag green"}}},
				"site site.city site.contact tags.description tags.name",
			},
			{"identity and history", object{"kind": "DcimDevice", "fields": "id,kind,hfid,display_label,created_at,created_by,updated_at,updated_by", "filters": object{"ids": id}}, 1, 1, object{"kind": "DcimDevice", "hfid": []any{"par1-spine000"}, "display_label": "par1-spine000"}, "created_at created_by display_label hfid id kind updated_at updated_by"},
			{"fields that only some kinds of a generic have", object{"kind": "DcimInterface", "fields": []string{"kind", "name", "speed"}, "filters": object{"name__value": "Ethernet1"}, "limit": 1}, devices, 1, object{"kind": "DcimPhysicalInterface", "name": "Ethernet1", "speed": 10000.0}, "kind name speed"},
			{"by the value of a related node", object{"kind": "DcimDevice", "filters": object{"site__name__value": "par1"}}, 10, 10, nil, ""},
			{"by several values", object{"kind": "DcimDevice", "filters": object{"site__name__values": []string{"par1", "ams1"}, "role__value": "spine"}}, 6, 6, nil, ""},
			{"by a part of a value", object{"kind": "DcimDevice", "filters": object{"name__value": "SPINE"}, "partial_match": true}, 12, 12, nil, ""},
			{"by a number that came as text", object{"kind": "DcimDevice", "filters": object{"rack_position__value": "7"}}, 1, 1, nil, ""},
			{"by the absence of a value", object{"kind": "DcimDevice", "filters": object{"console_password__isnull": true}, "limit": 1}, devices, 1, nil, ""},
			{"by any attribute", object{"kind": "DcimDevice", "filters": object{"any__value": "SN000003"}}, 1, 1, nil, ""},
			{"by the label", object{"kind": "DcimDevice", "filters": object{"display_label__value": "par1-spine000"}}, 1, 1, object{"id": id}, ""},
			{"by the time of creation", object{"kind": "DcimDevice", "filters": object{"node_metadata__created_at__after": "2000-01-01T00:00:00Z"}, "limit": 1}, devices, 1, nil, ""},
			{"in descending order", object{"kind": "DcimDevice", "order": []string{"-rack_position"}, "fields": []string{"rack_position"}, "limit": 2}, devices, 2, object{"rack_position": 40.0}, "rack_position"},
			{"ordered by a related node and then another field", object{"kind": "DcimDevice", "order": "site.name,-name", "limit": 2}, devices, 2, object{"display_label": "ams1-spine033"}, ""},
			{"the first of an order alone", object{"kind": "DcimDevice", "order": []string{"-rack_position"}, "fields": []string{"rack_position"}, "limit": 1}, devices, 1, object{"rack_position": 40.0}, "rack_position"},
			{"the first of the default order alone", object{"kind": "DcimDevice", "limit": 1}, devices, 1, object{"display_label": "ams1-edge009"}, ""},
			{"of a hierarchy with its parents and children", object{"kind": "LocationSite", "fields": []string{"name", "parent", "children"}, "order": "-name", "limit": 2}, 4, 2, object{"name": "par1"}, "children name parent"},
			{"a kind without a human-friendly id", object{"kind": "IpamIPAddress", "include_attributes": true, "limit": 2}, 80, 2, nil, ""},
			{"the last page", object{"kind": "DcimDevice", "offset": 38, "limit": "50"}, devices, 2, nil, ""},
			{"past the last page", object{"kind": "DcimDevice", "offset": 100}, devices, 0, nil, ""},
			{"nothing", object{"kind": "DcimDevice", "filters": object{"name__value": "nobody"}}, 0, 0, nil, ""},
			{"arguments sent as JSON text", object{"kind": "DcimDevice", "filters": `{"name__value":"par1-spine000"}`, "fields": `["name"]`, "include_attributes": "false"}, 1, 1, object{"name": "par1-spine000"}, "name"},
			{"an agnostic kind", object{"kind": "GlobalPolicy", "fields": "name"}, 1, 1, object{"name": "change-freeze"}, "name"},
			{"as it was a second ago", object{"kind": "DcimDevice", "at": "1s", "limit": 1}, devices, 1, nil, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				got := s.list(t, test.arguments)
				if got.TotalCount != test.total || got.Count != test.count || len(got.Nodes) != test.count {
					t.Errorf("count %d (%d nodes) of %d, want %d of %d", got.Count, len(got.Nodes), got.TotalCount, test.count, test.total)
				}
				next := got.Offset + got.Count
				if got.HasMore != (next < got.TotalCount) {
					t.Errorf("has_more is %v at %d of %d", got.HasMore, next, got.TotalCount)
				}
				if more := got.HasMore && got.Count > 0; more != (got.NextOffset != nil) || more && *got.NextOffset != next {
					t.Errorf("next_offset is %v at %d of %d", got.NextOffset, next, got.TotalCount)
				}
				if got.Branch != "" {
					t.Errorf("the default branch is named: %s", got.Branch)
				}
				if test.count == 0 {
					return
				}
				node := got.Nodes[0]
				if test.columns != "" {
					if columns := strings.Join(slices.Sorted(maps.Keys(node)), " "); columns != test.columns {
						t.Errorf("the columns are %s, want %s", columns, test.columns)
					}
				}
				for name, want := range test.first {
					value, ok := node[name]
					if diff := cmp.Diff(want, value, cmpopts.SortSlices(func(a, b any) bool { return fmt.Sprint(a) > fmt.Sprint(b) })); !ok || diff != "" {
						t.Errorf("%s: %s", name, diff)
					}
				}
			})
		}

		t.Run("related nodes carry id, kind, label and hfid", func(t *testing.T) {
			node := s.list(t, object{"kind": "DcimDevice", "include_attributes": true, "filters": object{"ids": id}}).Nodes[0]
			type peer struct {
				ID, Kind string
				Label    string   `json:"display_label"`
				HFID     []string `json:"hfid"`
			}
			remarshal := func(value any, into any) {
				raw, err := json.Marshal(value)
				if err == nil {
					err = json.Unmarshal(raw, into)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			var site peer
			remarshal(node["site"], &site)
			if site.ID == "" || site.Kind != "LocationSite" || site.Label != "par1" || fmt.Sprint(site.HFID) != "[par1]" {
				t.Errorf("the site is %+v", site)
			}
			var ports struct {
				Count int
				Nodes []peer
			}
			remarshal(node["interfaces"], &ports)
			if ports.Count != 5 || len(ports.Nodes) != 5 {
				t.Errorf("the device has %d interfaces, %d shown", ports.Count, len(ports.Nodes))
			}
			for _, port := range ports.Nodes {
				if port.ID == "" || port.Kind == "DcimInterface" || len(port.HFID) != 2 || port.HFID[0] != "par1-spine000" || port.HFID[1] != port.Label {
					t.Errorf("an interface is %+v", port)
				}
			}
		})
		t.Run("a long list of related nodes is cut and counted", func(t *testing.T) {
			// Every VLAN of the demo data has few, every namespace many.
			node := s.list(t, object{"kind": "IpamNamespace", "fields": []string{"ip_addresses"}, "filters": object{"name__value": "default"}}).Nodes[0]
			list, _ := node["ip_addresses"].(map[string]any)
			shown, _ := list["nodes"].([]any)
			if list["count"] != 80.0 || len(shown) != 20 {
				t.Errorf("%v related nodes, %d shown", list["count"], len(shown))
			}
		})
	})
}

func TestEveryKindCanBeRead(t *testing.T) {
	parallel(t)
	s := newSession(t, overHTTP, mcptest.Legacy)
	kinds := decode[map[string]string](t, s.must(t, "get_schema", nil).Structured)
	for kind := range kinds {
		s.must(t, "get_schema", object{"kind": kind})
		if got := s.list(t, object{"kind": kind, "include_attributes": true, "limit": 2}); got.Count != min(got.TotalCount, 2) {
			t.Errorf("%s: %d nodes of %d", kind, got.Count, got.TotalCount)
		}
	}
	if len(kinds) < 80 {
		t.Errorf("there are only %d kinds", len(kinds))
	}
}

// What a refusal tells to do must work.
func TestEveryFieldThatAnOrderIsOfferedCanBeOrderedBy(t *testing.T) {
	parallel(t)
	s := newSession(t, overStdio, mcptest.Modern)
	offer := s.refused(t, "get_nodes", object{"kind": "DcimDevice", "order": "no_such_field"})
	for _, field := range []string{"display_label", "created_at", "updated_at"} {
		if !strings.Contains(offer, field) {
			continue
		}
		t.Run(field, func(t *testing.T) {
			if got := s.list(t, object{"kind": "DcimDevice", "order": "-" + field, "limit": 3}); got.Count != 3 {
				t.Errorf("%d nodes", got.Count)
			}
		})
	}
}

func TestSearchNodesFindsPartsOfValues(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		type match struct {
			ID, Kind string
			Label    string   `json:"display_label"`
			HFID     []string `json:"hfid"`
		}
		type found struct {
			Matches    []match
			Count      int
			TotalCount *int    `json:"total_count"`
			HasMore    bool    `json:"has_more"`
			Prefixes   []match `json:"containing_prefixes"`
		}
		search := func(arguments object) found {
			return decode[found](t, s.must(t, "search_nodes", arguments).Structured)
		}
		for _, test := range []struct {
			name      string
			arguments object
			count     int
			total     int // -1: not known
			more      bool
			has       match
		}{
			{"within a kind", object{"query": "SPINE", "kind": "DcimDevice", "limit": 5}, 5, 12, true, match{Kind: "DcimDevice"}},
			{"within a generic", object{"query": "par1-r", "kind": "LocationGeneric"}, 2, 2, false, match{Kind: "LocationRack", Label: "par1-r1", HFID: []string{"par1-r1"}}},
			{"a serial number", object{"query": "SN000012", "kind": "DcimDevice"}, 1, 1, false, match{Kind: "DcimDevice", Label: "par1-firewall012"}},
			{"everywhere", object{"query": "SN000012"}, 1, -1, false, match{Kind: "DcimDevice", Label: "par1-firewall012", HFID: []string{"par1-firewall012"}}},
			{"everywhere, more than wanted", object{"query": "ethernet", "limit": 3}, 3, -1, true, match{Kind: "DcimPhysicalInterface"}},
			{"nothing", object{"query": "no such thing", "kind": "DcimDevice"}, 0, 0, false, match{}},
			{"nothing anywhere", object{"query": "no such thing"}, 0, -1, false, match{}},
		} {
			t.Run(test.name, func(t *testing.T) {
				got := search(test.arguments)
				total := -1
				if got.TotalCount != nil {
					total = *got.TotalCount
				}
				if got.Count != test.count || len(got.Matches) != test.count || total != test.total || got.HasMore != test.more {
					t.Errorf("%d matches (%d) of %d, more: %v; want %d of %d, %v", got.Count, len(got.Matches), total, got.HasMore, test.count, test.total, test.more)
				}
				for _, m := range got.Matches {
					if m.ID == "" || m.Kind == "" || m.Label == "" {
						t.Errorf("a match is %+v", m)
					}
				}
				if test.count > 0 && !slices.ContainsFunc(got.Matches, func(m match) bool {
					return m.Kind == test.has.Kind && (test.has.Label == "" || m.Label == test.has.Label) && (test.has.HFID == nil || slices.Equal(m.HFID, test.has.HFID))
				}) {
					t.Errorf("%+v is not among %+v", test.has, got.Matches)
				}
			})
		}
		t.Run("an address and the prefixes that contain it", func(t *testing.T) {
			got := search(object{"query": "10.1.0.1"})
			has := func(list []match, kind, label string) bool {
				return slices.ContainsFunc(list, func(m match) bool { return m.Kind == kind && m.Label == label && m.ID != "" })
			}
			if !has(got.Matches, "IpamIPAddress", "10.1.0.1/32") || !has(got.Prefixes, "IpamIPPrefix", "10.1.0.0/16") {
				t.Errorf("found %+v in %+v", got.Matches, got.Prefixes)
			}
		})
	})
}

func TestQueryGraphQLRunsQueries(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		for _, test := range []struct {
			name      string
			arguments object
			want      string
		}{
			{"a plain query", object{"query": "{ DcimDevice { count } }"}, `{"DcimDevice":{"count":40}}`},
			{
				"variables", object{"query": "query($site: String!, $limit: Int = 1) { DcimDevice(site__name__value: $site, limit: $limit) { count edges { node { site { node { name { value } } } } } } }", "variables": object{"site": "par1"}},
				`{"DcimDevice":{"count":10,"edges":[{"node":{"site":{"node":{"name":{"value":"par1"}}}}}]}}`,
			},
			{
				"one of several operations", object{"query": "query A { DcimDevice { count } } query B { LocationSite { count } }", "operation_name": "B"},
				`{"LocationSite":{"count":4}}`,
			},
			{
				"aliases, fragments and directives",
				object{"query": "query($deep: Boolean!) { sites: LocationSite(name__value: \"par1\") { edges { node { ...site } } } } fragment site on LocationSite { label: display_label devices @include(if: $deep) { count } }", "variables": `{"deep": true}`},
				`{"sites":{"edges":[{"node":{"label":"par1","devices":{"count":10}}}]}}`,
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				result := s.must(t, "query_graphql", test.arguments)
				if diff := cmp.Diff(decode[any](t, json.RawMessage(test.want)), decode[any](t, result.Structured)); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

func TestTraversalShowsHowNodesAreConnected(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		type node struct {
			ID, Kind string
			Label    string `json:"display_label"`
		}
		type way struct {
			Depth int
			Hops  []struct {
				Node         node
				Relationship *struct {
					From string `json:"from_rel"`
					To   string `json:"to_rel"`
				}
			}
		}
		// Cables of the demo data go from the first port of a device to the
		// second port of the next.
		one, other := device(t, "par1-spine000"), device(t, "ams1-spine001")
		for name, arguments := range map[string]object{
			"by human-friendly ids":           {"source": "DcimDevice__par1-spine000", "destination": "DcimDevice__ams1-spine001", "kind_filter": []string{"DcimCable", "DcimPhysicalInterface"}},
			"by ids":                          {"source": one, "destination": other, "kind_filter": "DcimCable,DcimPhysicalInterface"},
			"through kinds of a generic":      {"source": one, "destination": "DcimDevice__ams1-spine001", "kind_filter": []string{"DcimCable", "DcimInterface"}},
			"along relationships":             {"source": one, "destination": other, "relationship_filter": []string{"cable__endpoint", "device__interface"}},
			"along relationships by name":     {"source": one, "destination": other, "relationship_filter": []string{"cable", "interfaces"}},
			"no deeper than it has to search": {"source": one, "destination": other, "kind_filter": []string{"DcimCable", "DcimPhysicalInterface"}, "max_depth": 4},
		} {
			t.Run("a path "+name, func(t *testing.T) {
				got := decode[struct {
					Source, Destination node
					Count               int
					Paths               []way
				}](t, s.must(t, "find_paths", arguments).Structured)
				if got.Count != 1 || len(got.Paths) != 1 {
					t.Fatalf("there are %d paths: %+v", got.Count, got.Paths)
				}
				var kinds []string
				for i, hop := range got.Paths[0].Hops {
					kinds = append(kinds, hop.Node.Kind)
					if (hop.Relationship == nil) != (i == 0) {
						t.Errorf("hop %d is %+v", i, hop)
					}
				}
				if diff := cmp.Diff([]string{"DcimDevice", "DcimPhysicalInterface", "DcimCable", "DcimPhysicalInterface", "DcimDevice"}, kinds); diff != "" || got.Paths[0].Depth != 4 {
					t.Errorf("depth %d: %s", got.Paths[0].Depth, diff)
				}
				if diff := cmp.Diff([]node{{one, "DcimDevice", "par1-spine000"}, {other, "DcimDevice", "ams1-spine001"}}, []node{got.Source, got.Destination}); diff != "" {
					t.Error(diff)
				}
			})
		}
		t.Run("no path", func(t *testing.T) {
			got := decode[struct {
				Count int
				Note  string
			}](t, s.must(t, "find_paths", object{"source": one, "destination": other, "kind_filter": "DcimCable", "max_depth": 2}).Structured)
			if got.Count != 0 || got.Note == "" {
				t.Errorf("got %+v", got)
			}
		})
		for name, test := range map[string]struct {
			arguments object
			kinds     []string // that were found
			count     int
		}{
			"of a kind":    {object{"source": "DcimDevice__par1-spine000", "target_kinds": "LocationSite", "max_depth": 1}, []string{"LocationSite"}, 1},
			"of a generic": {object{"source": one, "target_kinds": []string{"DcimInterface"}, "max_depth": 1}, []string{"DcimPhysicalInterface", "DcimVirtualInterface"}, 5},
			"no more than": {object{"source": one, "target_kinds": []string{"DcimInterface"}, "max_depth": 1, "max_results": 2}, []string{"DcimPhysicalInterface", "DcimVirtualInterface"}, 2},
			"of two kinds": {object{"source": one, "target_kinds": []string{"DcimCable", "IpamIPAddress"}, "max_depth": 2}, []string{"DcimCable", "IpamIPAddress"}, 5},
		} {
			t.Run("reachable nodes "+name, func(t *testing.T) {
				got := decode[struct {
					Source       node
					Count        int
					Dependencies []struct {
						Depth int
						Node  node
						Path  way
					}
				}](t, s.must(t, "find_reachable", test.arguments).Structured)
				if got.Source.ID != one || got.Count != test.count || len(got.Dependencies) != test.count {
					t.Errorf("%d nodes from %v, want %d: %+v", got.Count, got.Source, test.count, got.Dependencies)
				}
				seen := map[string]bool{}
				for _, d := range got.Dependencies {
					if seen[d.Node.ID] || !slices.Contains(test.kinds, d.Node.Kind) || d.Path.Depth != d.Depth || len(d.Path.Hops) != d.Depth+1 {
						t.Errorf("a node is %+v", d)
					}
					seen[d.Node.ID] = true
				}
			})
		}
	})
}

func TestGetSessionInfoTellsWhoAsksWhom(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		got := decode[object](t, s.must(t, "get_session_info", nil).Structured)
		era := map[mcptest.Era]string{mcptest.Legacy: "sessions", mcptest.Modern: "stateless"}[s.Era()]
		for name, want := range map[string]any{
			"session_branch": nil, "has_session_branch": false, "infrahub_address": "http://" + s.proxy.address,
			"default_branch": "main", "access": "write", "protocol_era": era,
		} {
			if value, ok := got[name]; !ok || value != want {
				t.Errorf("%s is %v, want %v", name, value, want)
			}
		}
		for _, name := range []string{"user", "infrahub_version", "server_version"} {
			if text, _ := got[name].(string); text == "" {
				t.Errorf("%s is %v", name, got[name])
			}
		}
	})
}

package contract

import "infrahub-mcp/internal/infrahub/operations"

// tools are the documents that this program sends: its fixed operations, and
// examples of those that it builds from the schema.
func tools() []request {
	operation := func(name, operation, document string, variables vars) request {
		return request{name: name, graphql: document, operation: operation, variables: variables}
	}
	search := func(name, q string, limit int) request {
		r := operation(name, "SearchAnywhereWithPrefixes", operations.SearchAnywhereWithPrefixes_Operation, vars{"q": q, "limit": limit})
		r.unordered = []string{"data.InfrahubSearchAnywhere.edges"}
		return r
	}
	path := func(name string, data vars) request {
		return operation(name, "PathTraversal", operations.PathTraversal_Operation, vars{"data": data})
	}
	reach := func(name string, data vars) request {
		r := operation(name, "ReachableNodes", operations.ReachableNodes_Operation, vars{"data": data})
		r.unordered = []string{"data.InfrahubReachableNodes.dependencies"}
		return r
	}
	page := vars{"limit": 3, "offset": 0}
	session := operation("what a session begins with", "SessionInfo", operations.SessionInfo_Operation, nil)
	session.keys = []keyed{{"data.Branch", "name"}}
	session.keep = []string{"data.InfrahubInfo", "data.Branch.main", "data.AccountProfile"}
	stranger := session
	stranger.name, stranger.as = "what a session of nobody begins with", nobody
	stranger.keep = append([]string{"errors"}, session.keep...)
	list := operation("the branches", "Branches", operations.Branches_Operation, nil)
	list.keys, list.keep = session.keys, []string{"data.Branch.main"}
	searchOlder := operation("a search without prefixes", "SearchAnywhere", operations.SearchAnywhere_Operation, vars{"q": "par1-vlan", "limit": 11})
	searchOlder.unordered = []string{"data.InfrahubSearchAnywhere.edges"}
	labels := operation("the labels of nodes", "NodeLabels", operations.NodeLabels_Operation,
		vars{"ids": []string{"{{spine}}", "{{port}}", "{{address}}", "18ea0000-0000-4000-8000-000000000000"}, "limit": 4})
	labels.unordered = []string{"data.CoreNode.edges"}
	cables := []string{"DcimCable", "DcimPhysicalInterface"}
	return []request{
		session,
		stranger,
		list,
		search("a search", "par1-spine", 3),
		search("a search for an address", "10.1.0.1", 11),
		search("a search for nothing that there is", "no such thing at all", 11),
		searchOlder,
		labels,
		path("a path between devices", vars{"source_id": "{{spine}}", "destination_id": "{{second}}", "kind_filter": cables, "max_depth": 6, "max_paths": 5}),
		path("a path to the region", vars{"source_id": "{{spine}}", "destination_id": "{{west}}", "max_depth": 2, "shortest_paths_only": true}),
		reach("the region of a device", vars{"source_id": "{{spine}}", "target_kinds": []string{"LocationRegion"}, "max_depth": 2, "max_results": 10}),
		{
			name:      "two nodes by human-friendly ids",
			graphql:   `query($n0: [String], $n1: [String]) { n0: DcimDevice(hfid: $n0) { edges { node { id } } } n1: DcimInterface(hfid: $n1) { edges { node { id } } } }`,
			variables: vars{"n0": []string{"par1-spine000"}, "n1": []string{"par1-spine000", "Ethernet1"}},
		},
		{
			name:      "completions of a device",
			graphql:   `query($limit: Int, $needle: String) { DcimDevice(limit: $limit, any__value: $needle, partial_match: true) { count edges { node { hfid __typename } } } }`,
			variables: vars{"limit": 100, "needle": "par1-sp"},
		},
		{name: "how many devices there are", graphql: `query { DcimDevice { count  } }`},
		{name: "everything of devices", variables: page, graphql: `query($limit: Int $offset: Int) { DcimDevice(limit: $limit offset: $offset) { count edges { node {
			id display_label hfid name { value } description { value } serial { value } rack_position { value } mac_address { value } console_password { value } facts { value }
			ntp_servers { value } status { value } role { value } fqdn { value }
			site { node { id __typename display_label hfid hfid_name: name { value } } } rack { node { id __typename display_label hfid hfid_name: name { value } } }
			device_type { node { id __typename display_label hfid hfid_name: name { value } } } platform { node { id __typename display_label hfid hfid_name: name { value } } }
			primary_address { node { id __typename display_label hfid } } asn { node { id __typename display_label hfid hfid_asn: asn { value } } }
			tags(limit: 20) { count edges { node { id __typename display_label hfid_0: name { value } } } }
			interfaces(limit: 20) { count edges { node { id __typename display_label hfid_0: device { node { name { value } } } hfid_1: name { value } } } }
		} } } }`},
		{name: "everything of interfaces", variables: page, graphql: `query($limit: Int $offset: Int) { DcimInterface(limit: $limit offset: $offset) { count edges { node {
			id __typename display_label hfid name { value } description { value } enabled { value } mtu { value } status { value }
			device { node { id __typename display_label hfid hfid_name: name { value } } } tags(limit: 20) { count edges { node { id __typename display_label hfid_0: name { value } } } }
			ip_addresses(limit: 20) { count edges { node { id __typename display_label hfid } } }
		} } } }`},
		{name: "everything of sites", variables: page, graphql: `query($limit: Int $offset: Int) { LocationSite(limit: $limit offset: $offset) { count edges { node {
			id display_label hfid city { value } name { value } contact { value } description { value } opened_at { value }
			tags(limit: 20) { count edges { node { id __typename display_label hfid_0: name { value } } } } devices(limit: 20) { count edges { node { id __typename display_label hfid_0: name { value } } } }
			vlans(limit: 20) { count edges { node { id __typename display_label hfid_0: name { value } } } } parent { node { id __typename display_label hfid hfid_name: name { value } } }
			children(limit: 20) { count edges { node { id __typename display_label hfid_0: name { value } } } }
		} } } }`},
		{name: "everything of prefixes", variables: page, graphql: `query($limit: Int $offset: Int) { IpamIPPrefix(limit: $limit offset: $offset) { count edges { node {
			id display_label hfid prefix { value } description { value } member_type { value } is_pool { value } is_top_level { value } utilization { value }
			netmask { value } hostmask { value } network_address { value } broadcast_address { value }
			ip_namespace { node { id __typename display_label hfid hfid_name: name { value } } } vlan { node { id __typename display_label hfid hfid_name: name { value } } }
			ip_addresses(limit: 20) { count edges { node { id __typename display_label hfid } } } resource_pool(limit: 20) { count edges { node { id __typename display_label hfid } } }
			parent { node { id __typename display_label hfid } } children(limit: 20) { count edges { node { id __typename display_label hfid } } }
		} } } }`},
		{
			name: "devices by filters, in an order, with metadata",
			graphql: `query($role__values: [String] $site__name__value: String $partial_match: Boolean $order: OrderInput $limit: Int $offset: Int) {
				DcimDevice(role__values: $role__values site__name__value: $site__name__value partial_match: $partial_match order: $order limit: $limit offset: $offset) { count edges {
					node {
						name { value } __typename hfid site { node { id __typename display_label hfid hfid_name: name { value } city { value } } }
						tags(limit: 20) { count edges { node { id __typename display_label hfid_0: name { value } } } } interfaces(limit: 20) { count edges { node { name { value } } } }
					}
					node_metadata { created_at updated_at created_by { id __typename display_label } updated_by { id __typename display_label } }
				} }
			}`,
			variables: vars{
				"limit": 3, "offset": 2, "partial_match": true, "role__values": []string{"spine", "leaf"}, "site__name__value": "PAR",
				"order": vars{"by": []vars{{"field": "rack_position__value", "direction": "DESC"}, {"field": "site__name__value", "direction": "ASC"}, {"field": "name__value", "direction": "ASC"}}},
			},
		},
		{
			name: "interfaces with a field that only some have", variables: page,
			graphql: `query($limit: Int $offset: Int) { DcimInterface(limit: $limit offset: $offset) { count edges { node {
				__typename name { value } ... on DcimPhysicalInterface { DcimPhysicalInterface__speed: speed { value } } device { node { name { value } } }
			} node_metadata { created_by { id __typename display_label } } } } }`,
		},
	}
}

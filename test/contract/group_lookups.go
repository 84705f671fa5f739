package contract

// lookups finds nodes by text and by how they are connected.
func lookups() []request {
	search := func(name, arguments string) request {
		return request{name: name, graphql: `{ InfrahubSearchAnywhere(` + arguments + `) { count edges { node { id kind } } parent_prefixes { node { id kind } } } }`, unordered: []string{"data.InfrahubSearchAnywhere.edges"}}
	}
	path := func(name, data string) request {
		return request{name: "a path " + name, graphql: `{ InfrahubPathTraversal(data: {` + data + `}) {
			count truncated_at_depth source { id kind display_label } destination { id kind display_label }
			paths { depth hops { node { kind display_label hfid label } relationship { from_rel from_label to_rel to_label kind } } }
		} }`}
	}
	reach := func(name, data string) request {
		return request{name: "reaching " + name, graphql: `{ InfrahubReachableNodes(data: {` + data + `}) {
			count source { kind display_label } dependencies { depth node { kind display_label } path { depth hops { node { kind display_label } relationship { from_rel to_rel } } } }
		} }`, unordered: []string{"data.InfrahubReachableNodes.dependencies"}}
	}
	const ends = `source_id: "{{spine}}", destination_id: "{{second}}"`
	return []request{
		search("a name anywhere", `q: "par1-spine000"`),
		search("a part of a name anywhere", `q: "par1-vlan"`),
		search("a part of a name in another case anywhere", `q: "PAR1-VLAN"`),
		search("a limit of what is anywhere", `q: "spine", limit: 3`),
		search("a whole name anywhere", `q: "par1", partial_match: false`),
		search("a part where a whole name is wanted", `q: "par1-spin", partial_match: false`),
		search("an id anywhere", `q: "{{par1}}"`),
		search("a MAC address anywhere", `q: "00:00:5e:00:00:01"`),
		search("an address anywhere", `q: "10.1.0.1"`),
		search("an address with a mask anywhere", `q: "10.1.0.1/32"`),
		search("a prefix anywhere", `q: "10.1.0.0/16"`),
		search("an address that is nowhere", `q: "203.0.113.7"`),
		search("what is nowhere", `q: "no such thing at all"`),
		search("a serial number anywhere", `q: "SN000007"`),
		search("one letter anywhere", `q: "a"`),
		search("a name anywhere, in its case", `q: "PAR1-VLAN100", case_sensitive: true`),
		search("no more than nothing anywhere", `q: "spine", limit: 0`),
		{name: "a search without a text", graphql: `{ InfrahubSearchAnywhere(q: null) { count } }`},
		{name: "what is on a branch alone", branch: "{{work}}", graphql: `{ InfrahubSearchAnywhere(q: "contract-vlan") { count edges { node { id kind } } } }`},
		{name: "what is on a branch alone, on the default branch", graphql: `{ InfrahubSearchAnywhere(q: "contract-vlan") { count edges { node { id kind } } } }`},

		path("between two devices by their cable", ends+`, kind_filter: ["DcimCable", "DcimPhysicalInterface"]`),
		path("between two devices by relationships", ends+`, relationship_filter: ["cable__endpoint", "device__interface"]`),
		path("between two devices by names of relationships", ends+`, relationship_filter: ["cable", "interfaces"]`),
		path("from a device to its site", `source_id: "{{spine}}", destination_id: "{{par1}}", max_depth: 1`),
		path("from a device to itself", `source_id: "{{spine}}", destination_id: "{{spine}}", max_depth: 2`),
		path("that is too short", ends+`, kind_filter: ["DcimCable", "DcimPhysicalInterface"], max_depth: 2`),
		path("from a human-friendly id", `source_id: "DcimDevice__par1-spine000", destination_id: "{{par1}}"`),
		path("to what is unknown", `source_id: "{{spine}}", destination_id: "18ea0000-0000-4000-8000-000000000000"`),
		path("with too great a depth", ends+`, max_depth: 31`),
		path("with no depth", ends+`, kind_filter: ["DcimCable", "DcimPhysicalInterface"], max_depth: 0`),
		path("with too many paths", ends+`, max_paths: 101`),
		path("with an unknown kind", ends+`, kind_filter: ["Nope"]`),
		path("without kinds on the way", `source_id: "{{spine}}", destination_id: "{{par1}}", max_depth: 2, excluded_kinds: ["LocationRack"], excluded_namespaces: ["Location"]`),

		reach("the site of a device", `source_id: "{{spine}}", target_kinds: ["LocationSite"], max_depth: 1`),
		reach("what is next to a device", `source_id: "{{spine}}", target_kinds: ["LocationRack", "DcimPlatform", "RoutingAutonomousSystem"], max_depth: 1`),
		reach("the interfaces of a device by their generic", `source_id: "{{spine}}", target_kinds: ["DcimInterface"], max_depth: 1`),
		reach("what is out of reach", `source_id: "{{blue}}", target_kinds: ["IpamIPPrefix"], max_depth: 1`),
		reach("from what is unknown", `source_id: "nope", target_kinds: ["LocationSite"], max_depth: 1`),
		reach("with an unknown kind", `source_id: "{{spine}}", target_kinds: ["Nope"], max_depth: 1`),
		reach("with no kind", `source_id: "{{spine}}", target_kinds: [], max_depth: 1`),
		reach("with too many results", `source_id: "{{spine}}", target_kinds: ["LocationSite"], max_depth: 1, max_results: 201`),
		reach("with too great a depth", `source_id: "{{spine}}", target_kinds: ["LocationSite"], max_depth: 31`),

		{
			name:      "the mapping of fields between kinds",
			graphql:   `{ FieldsMappingTypeConversion(source_kind: "DcimPhysicalInterface", target_kind: "DcimVirtualInterface") { mapping } }`,
			unordered: []string{"data.FieldsMappingTypeConversion.mapping"},
		},
		{name: "the mapping of fields of an unknown kind", graphql: `{ FieldsMappingTypeConversion(source_kind: "Nope", target_kind: "DcimVirtualInterface") { mapping } }`},
		{name: "preferences", graphql: `{ InfrahubEffectivePreferences { date_format { value __typename } timezone { value __typename } } }`},
	}
}

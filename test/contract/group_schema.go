package contract

// schema is the schema of nodes, by REST.
func schema() []request {
	kind := func(name string, usedBy ...string) request {
		return request{
			name: "the kind " + name, path: "/api/schema/" + name, unordered: usedBy,
			keys: []keyed{{"attributes", "name"}, {"attributes.*.choices", "name"}, {"relationships", "name"}},
		}
	}
	nodes := []keyed{
		{"nodes", "kind"}, {"generics", "kind"}, {"profiles", "kind"}, {"templates", "kind"}, {"namespaces", "name"},
	}
	requests := []request{
		{name: "the kinds", path: "/api/schema", keys: nodes, keep: []string{"main", "nodes.*.kind", "generics.*.kind", "profiles.*.kind", "templates", "namespaces"}},
		{
			name: "the kinds of two namespaces", path: "/api/schema?namespaces=Dcim&namespaces=Organization",
			keys: nodes,
			keep: []string{"main", "nodes.*.label", "generics.*.kind", "profiles.*.kind", "namespaces"},
		},
		{name: "the kinds of an unknown namespace", path: "/api/schema?namespaces=Nope", keys: nodes},
		{name: "the kinds of the default branch by name", path: "/api/schema?branch=main&namespaces=Organization", keys: nodes, keep: []string{"main", "nodes.*.kind"}},
		{name: "the kinds of an unknown branch", path: "/api/schema?branch={{nowhere}}"},
		{name: "the summary", path: "/api/schema/summary"},
		{name: "the summary of an unknown branch", path: "/api/schema/summary?branch={{nowhere}}"},
		{name: "an unknown kind", path: "/api/schema/Nope"},
		{name: "a kind of an unknown branch", path: "/api/schema/DcimDevice?branch={{nowhere}}"},
		{name: "a kind in lower case", path: "/api/schema/dcimdevice"},
		{name: "an internal kind", path: "/api/schema/InternalAccountToken", keep: []string{"kind", "namespace", "branch"}},
		{name: "the JSON schema of a simple kind", path: "/api/schema/json_schema/OrganizationProvider"},
		{name: "the JSON schema of a kind with a list", path: "/api/schema/json_schema/DcimDevice"},
		{name: "the JSON schema of an unknown kind", path: "/api/schema/json_schema/Nope"},
		{
			name: "the GraphQL schema", path: "/schema.graphql",
			definitions: []string{
				"OrganizationProvider", "OrganizationProviderCreateInput", "OrganizationProviderUpdateInput", "OrganizationProviderUpsertInput",
				"OrganizationProviderCreate", "PaginatedOrganizationProvider", "EdgedOrganizationProvider", "LocationGeneric", "TextAttribute", "Dropdown",
				"MacAddress", "IPHost", "RelatedNodeInput", "OrderInput", "DeleteInput", "BranchStatus", "Branch", "DiffTree", "DiffNode", "NodeEdges",
			},
		},
		{name: "the GraphQL schema of the default branch by name", path: "/schema.graphql?branch=main", definitions: []string{"Info"}},
		{name: "the GraphQL schema of an unknown branch", path: "/schema.graphql?branch={{nowhere}}"},
		{
			name: "the menu", path: "/api/menu",
			keys: []keyed{{"sections.object", "identifier"}, {"sections.object.*.children", "identifier"}},
			keep: []string{"sections.object.DcimDevice", "sections.object.LocationGeneric", "sections.object.LocationRegion"},
		},
	}
	for _, name := range []string{"DcimInterface", "LocationGeneric", "CoreNode"} {
		requests = append(requests, kind(name, "used_by"))
	}
	for _, name := range []string{
		"DcimDevice", "DcimPhysicalInterface", "LocationRegion", "LocationSite", "LocationRack",
		"OrganizationProvider", "IpamIPPrefix", "IpamIPAddress", "IpamVLAN", "RoutingBGPSession", "ServiceCircuit", "GlobalPolicy",
		"DcimPlatform", "DcimCable", "BuiltinTag", "ProfileDcimDevice", "CoreProposedChange",
	} {
		requests = append(requests, kind(name))
	}
	return append(requests,
		request{
			name: "the check of a schema with a new kind", path: "/api/schema/check",
			body: `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Contract","attributes":[{"name":"name","kind":"Text"}]}]}]}`,
		},
		request{name: "the check of a schema with a bad name", path: "/api/schema/check", body: `{"schemas":[{"version":"1.0","nodes":[{"name":"thing","namespace":"Contract"}]}]}`},
		request{
			name: "the check of a schema with an unknown kind of attribute", path: "/api/schema/check",
			body: `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Contract","attributes":[{"name":"name","kind":"Nope"}]}]}]}`,
		},
		request{
			name: "the check of a schema with an unknown peer", path: "/api/schema/check",
			body: `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Contract","attributes":[{"name":"name","kind":"Text"}],"relationships":[{"name":"others","peer":"ContractNope","cardinality":"many"}]}]}]}`,
		},
		request{name: "the check of a schema for an unknown branch", path: "/api/schema/check?branch={{nowhere}}", body: `{"schemas":[{"version":"1.0"}]}`},
		request{name: "the check of what is no schema", path: "/api/schema/check", body: `{}`},
	)
}

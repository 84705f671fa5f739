package contract

// introspection is the GraphQL schema as GraphQL shows it.
func introspection() []request {
	// References to types are asked for as deep as Infrahub nests them.
	const ref = `type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`
	typ := func(name string) request {
		return request{
			name: "the type " + name,
			graphql: `{ __type(name: "` + name + `") {
				kind name description
				fields(includeDeprecated: true) { name description deprecationReason ` + ref + ` args { name defaultValue ` + ref + ` } }
				inputFields { name description defaultValue ` + ref + ` }
				enumValues { name description isDeprecated }
				interfaces { name } possibleTypes { name }
			} }`,
			types: true, keys: []keyed{
				{"data.__type.fields", "name"}, {"data.__type.fields.*.args", "name"}, {"data.__type.inputFields", "name"},
				{"data.__type.enumValues", "name"}, {"data.__type.interfaces", "name"}, {"data.__type.possibleTypes", "name"},
			},
		}
	}
	names := func(name string) request {
		return request{
			name: "the fields of " + name, graphql: `{ __type(name: "` + name + `") { fields { name ` + ref + ` } } }`,
			types: true, keys: []keyed{{"data.__type.fields", "name"}},
		}
	}
	requests := []request{
		{name: "the roots", graphql: `{ __schema { queryType { name } mutationType { name } subscriptionType { name } } }`},
		{
			name: "the directives", graphql: `{ __schema { directives { name description locations args { name ` + ref + ` defaultValue } } } }`,
			types: true, keys: []keyed{{"data.__schema.directives", "name"}},
		},
		{name: "an unknown type", graphql: `{ __type(name: "Nope") { name } }`},
		{
			name: "the arguments of a list of devices", graphql: `{ __type(name: "Query") { fields { name args { name ` + ref + ` defaultValue } } } }`,
			types: true, keys: []keyed{{"data.__type.fields", "name"}, {"data.__type.fields.*.args", "name"}},
			keep: []string{
				"data.__type.fields.DcimDevice", "data.__type.fields.OrganizationProvider", "data.__type.fields.LocationSite",
				"data.__type.fields.DcimInterface", "data.__type.fields.CoreNode", "data.__type.fields.IpamIPPrefix",
				"data.__type.fields.InfrahubSearchAnywhere", "data.__type.fields.DiffTree", "data.__type.fields.InfrahubTask",
				"data.__type.fields.InfrahubBranch", "data.__type.fields.Branch",
			},
		},
		{
			name: "the arguments of mutations", graphql: `{ __type(name: "Mutation") { fields { name args { name ` + ref + ` defaultValue } type { name } } } }`,
			types: true, keys: []keyed{{"data.__type.fields", "name"}, {"data.__type.fields.*.args", "name"}},
			keep: []string{
				"data.__type.fields.DcimDeviceUpsert", "data.__type.fields.DcimDeviceDelete", "data.__type.fields.BranchCreate",
				"data.__type.fields.BranchDelete", "data.__type.fields.RelationshipAdd", "data.__type.fields.CoreProposedChangeMerge",
				"data.__type.fields.DiffUpdate", "data.__type.fields.DcimInterfaceUpdate",
			},
		},
		names("Query"),
		names("Mutation"),
	}
	for _, name := range []string{
		"DcimDevice", "OrganizationProvider", "LocationSite", "DcimInterface", "LocationGeneric", "OrganizationProviderCreateInput", "OrganizationProviderUpdateInput", "OrganizationProviderUpsertInput",
		"NumberAttributeCreate", "RelatedNodeInput", "RelatedIPAddressNodeInput", "OrderInput", "OrderByItem", "OrderDirection", "BranchStatus", "NestedPaginatedBuiltinTag", "NestedEdgedLocationSite",
		"TextAttribute", "AttributeInterface", "IPNetwork", "InfrahubNodeMetadata", "BigInt", "GenericScalar", "DateTime", "DiffNode", "DiffAction", "ConflictDetails", "TaskNode", "PathTraversalInput", "ProfileDcimDevice",
	} {
		requests = append(requests, typ(name))
	}
	return requests
}

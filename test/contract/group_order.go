package contract

// orders are the orders in which a list of nodes can be asked for.
func orders() []request {
	var requests []request
	add := func(name, order string) {
		requests = append(requests, request{
			name:    name,
			graphql: `{ DcimDevice(limit: 5, order: ` + order + `) { edges { node { display_label } } } }`,
		})
	}
	add("by a number, descending", `{by: [{field: "rack_position__value", direction: DESC}]}`)
	add("by an attribute without a direction", `{by: [{field: "serial__value"}]}`)
	add("by two fields", `{by: [{field: "role__value", direction: DESC}, {field: "rack_position__value"}]}`)
	add("by an attribute of a related node", `{by: [{field: "site__name__value", direction: DESC}, {field: "name__value"}]}`)
	add("by the time of making", `{by: [{field: "node_metadata__created_at"}]}`)
	add("by the time of making, descending", `{by: [{field: "node_metadata__created_at", direction: DESC}]}`)
	add("by the time of the last change", `{by: [{field: "node_metadata__updated_at"}]}`)
	add("by the display label", `{by: [{field: "display_label", direction: DESC}]}`)
	add("by a dropdown with equal values", `{by: [{field: "status__value"}]}`)
	add("by an attribute that has no value", `{by: [{field: "console_password__value"}]}`)
	add("by an unknown attribute", `{by: [{field: "nope__value"}]}`)
	add("by an attribute without its property", `{by: [{field: "name"}]}`)
	add("by an unknown property", `{by: [{field: "name__nope"}]}`)
	add("by an unknown attribute of a related node", `{by: [{field: "site__nope__value"}]}`)
	add("by an unknown relationship", `{by: [{field: "nope__name__value"}]}`)
	add("by an empty field", `{by: [{field: ""}]}`)
	add("by unknown metadata", `{by: [{field: "node_metadata__nope"}]}`)
	add("by nothing", `{by: []}`)
	add("by null", `null`)
	add("an empty order", `{}`)
	add("without order", `{disable: true}`)
	add("without order wins over a field", `{disable: true, by: [{field: "rack_position__value", direction: DESC}]}`)
	add("by metadata in the old form", `{node_metadata: {created_at: DESC}}`)
	add("in the old form and the new", `{node_metadata: {created_at: DESC}, by: [{field: "name__value"}]}`)
	add("by two times in the old form", `{node_metadata: {created_at: DESC, updated_at: ASC}}`)
	add("an unknown direction", `{by: [{field: "name__value", direction: UP}]}`)
	add("an unknown member", `{nope: true}`)
	return append(requests,
		request{name: "a limit of one undoes the order of the kind", graphql: `{ DcimDevice(limit: 1) { edges { node { display_label } } } }`},
		request{name: "a limit of one undoes the order asked for", graphql: `{ DcimDevice(limit: 1, order: {by: [{field: "name__value", direction: DESC}]}) { edges { node { display_label } } } }`},
		request{name: "pages of an order with equal values", graphql: `{
			one: DcimDevice(limit: 3, order: {by: [{field: "role__value"}]}) { edges { node { display_label } } }
			two: DcimDevice(limit: 3, offset: 3, order: {by: [{field: "role__value"}]}) { edges { node { display_label } } }
		}`},
		request{
			name: "by an attribute of one of many",
			graphql: `{
				LocationSite(order: {by: [{field: "devices__rack_position__value", direction: DESC}]}, limit: 4) { count edges { node { display_label } } }
			}`,
		},
		request{name: "what has no value among what has", graphql: `{
			up: DcimInterface(device__name__value: "par1-spine000", order: {by: [{field: "description__value"}]}) { edges { node { display_label } } }
			down: DcimInterface(device__name__value: "par1-spine000", order: {by: [{field: "description__value", direction: DESC}]}) { edges { node { display_label } } }
		}`},
		request{name: "many related nodes", graphql: `{ DcimDevice(name__value: "par1-spine000") { edges { node {
			interfaces(order: {by: [{field: "name__value", direction: DESC}]}, limit: 2) { count edges { node { display_label } } }
			tags(order: {by: [{field: "name__value", direction: DESC}]}) { edges { node { display_label } } }
		} } } }`},
		request{name: "of kinds that state no order", graphql: `{
			DcimPlatform { edges { node { display_label } } }
			DcimDeviceType { edges { node { display_label } } }
			OrganizationProvider { edges { node { display_label } } }
			DcimCable(limit: 3) { edges { node { display_label } } }
			IpamIPPrefix { edges { node { display_label } } }
			IpamIPAddress(limit: 3) { edges { node { display_label } } }
			BuiltinTag { edges { node { display_label } } }
		}`},
		request{name: "of kinds that state an order", graphql: `{
			OrganizationManufacturer { edges { node { display_label } } }
			IpamVLAN(limit: 4) { edges { node { display_label } } }
			LocationRack { edges { node { display_label } } }
			RoutingAutonomousSystem { edges { node { display_label } } }
		}`},
	)
}

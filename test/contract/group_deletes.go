package contract

// deletes removes nodes on a branch.
func deletes() []request {
	var requests []request
	add := func(name, mutation string) {
		requests = append(requests, request{name: name, branch: "{{work}}", graphql: `mutation { ` + mutation + ` { ok } }`})
	}
	add("what is needed by one", `DcimDeviceDelete(data: {id: "{{one}}"})`)
	add("the one that needs it", `RoutingBGPSessionDelete(data: {hfid: ["contract-bgp"]})`)
	requests = append(requests, request{name: "what is needed by many", branch: "{{work}}", graphql: `mutation { OrganizationManufacturerDelete(data: {hfid: ["Arista"]}) { ok } }`})
	requests = append(requests, request{name: "the interfaces of a device", branch: "{{work}}", graphql: `{ DcimInterface(ids: ["{{port-two}}"]) { count } DcimCable(ids: ["{{cable}}"]) { edges { node { endpoints { count } } } } }`})
	add("a device", `DcimDeviceDelete(data: {id: "{{two}}"})`)
	requests = append(requests,
		request{
			name: "its interfaces went with it", branch: "{{work}}",
			graphql: `{
				DcimInterface(ids: ["{{port-two}}"]) { count }
				DcimDevice(ids: ["{{two}}"]) { count }
				DcimCable(ids: ["{{cable}}"]) { edges { node { endpoints { count edges { node { id } } } } } }
			}`,
		},
		request{name: "the past knows it", branch: "{{work}}", at: "{{before}}", graphql: `{ DcimDevice(ids: ["{{two}}"]) { count } }`},
	)
	add("a device that is deleted", `DcimDeviceDelete(data: {id: "{{two}}"})`)
	add("a device by human-friendly id", `DcimDeviceDelete(data: {hfid: ["contract-3"]})`)
	add("an unknown id", `DcimDeviceDelete(data: {id: "nope"})`)
	add("an unknown human-friendly id", `DcimDeviceDelete(data: {hfid: ["nope"]})`)
	add("an id of another kind", `DcimDeviceDelete(data: {id: "{{tag}}"})`)
	add("without an id", `DcimDeviceDelete(data: {})`)
	add("by a generic", `DcimInterfaceDelete(data: {id: "{{port-one}}"})`)
	add("a tag that devices have", `BuiltinTagDelete(data: {hfid: ["red"]})`)
	const side = "it names the relationship as the region has it or as the site has it, by chance"
	requests = append(requests, request{
		name: "a place with places below", branch: "{{work}}", graphql: `mutation { LocationRegionDelete(data: {id: "{{region}}"}) { ok } }`,
		ignore: map[string]string{"errors.0.message": side, "errors.0.extensions.data.field_name": side, "errors.0.extensions.data.constraint": side},
	})
	add("an account, which the server does not let go", `CoreAccountDelete(data: {id: "{{admin}}"})`)
	return append(requests,
		request{name: "a tag is gone from devices", branch: "{{work}}", graphql: `{ DcimDevice(ids: ["{{one}}"]) { edges { node { tags { count } } } } BuiltinTag(name__value: "red") { count } }`},
		request{name: "the default branch has it still", graphql: `{ BuiltinTag(name__value: "red") { count } }`},
		request{name: "what is deleted can be made again", branch: "{{work}}", graphql: `mutation { BuiltinTagCreate(data: {name: {value: "red"}}) { ok object { display_label } } }`},
		request{
			name: "a node becomes one of another kind", branch: "{{work}}",
			variables: vars{"mapping": vars{"name": vars{"source_field": "name"}, "device": vars{"source_field": "device"}, "mtu": vars{"use_default_value": true}}},
			graphql:   `mutation ($mapping: GenericScalar!) { ConvertObjectType(data: {node_id: "{{loopback}}", target_kind: "DcimPhysicalInterface", fields_mapping: $mapping}) { ok node } }`,
			ignore:    map[string]string{"data.ConvertObjectType.node": "it holds the node in Infrahub's internal form"},
		},
		request{
			name: "the node of another kind", branch: "{{work}}",
			graphql: `{
				DcimInterface(device__ids: ["{{one}}"]) { count edges { node { __typename display_label mtu { value } } } }
				DcimVirtualInterface(ids: ["{{loopback}}"]) { count }
			}`,
		},
		request{name: "what is left", branch: "{{work}}", graphql: `{ DcimDevice(name__value: "contract-", partial_match: true) { count edges { node { display_label } } } }`},
	)
}

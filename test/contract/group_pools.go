package contract

// pools hands out addresses, prefixes and numbers. Pools are outside branches;
// what they hand out is on the branch that asks.
func pools() []request {
	next := func(name, field, arguments string) request {
		selection := "address"
		if field == "InfrahubIPPrefixGetNextAvailable" {
			selection = "prefix"
		}
		return request{name: name, graphql: `{ ` + field + `(` + arguments + `) { ` + selection + ` } }`}
	}
	const address, prefix = "InfrahubIPAddressGetNextAvailable", "InfrahubIPPrefixGetNextAvailable"
	get := func(name, data string) request {
		return request{name: name, branch: "{{work}}", graphql: `mutation { InfrahubIPAddressPoolGetResource(data: {` + data + `}) { ok node { id kind identifier display_label branch } } }`}
	}
	vlan := func(name, data string) request {
		return request{name: name, branch: "{{work}}", graphql: `mutation { IpamVLANCreate(data: {` + data + `}) { ok object { id display_label vlan_id { value source { id __typename } } } } }`}
	}
	return []request{
		next("the next address", address, `prefix_id: "{{free}}"`),
		next("the next address with a length", address, `prefix_id: "{{free}}", prefix_length: 32`),
		next("the next address where some are taken", address, `prefix_id: "{{inner}}"`),
		next("the next address with a bad length", address, `prefix_id: "{{free}}", prefix_length: 8`),
		next("the next address of what is no prefix", address, `prefix_id: "{{spine}}"`),
		next("the next address of an unknown prefix", address, `prefix_id: "nope"`),
		next("the next prefix", prefix, `prefix_id: "{{free}}", prefix_length: 26`),
		next("the next prefix without a length", prefix, `prefix_id: "{{free}}"`),
		next("the next prefix where some are taken", prefix, `prefix_id: "{{ten}}", prefix_length: 16`),
		next("the next prefix with a bad length", prefix, `prefix_id: "{{free}}", prefix_length: 8`),
		{name: "the next address on a branch", branch: "{{work}}", graphql: `{ InfrahubIPAddressGetNextAvailable(prefix_id: "{{prefix}}") { address } }`},

		{
			name: "a pool of addresses", branch: "{{work}}", capture: map[string]string{"pool": "data.CoreIPAddressPoolCreate.object.id"},
			graphql: `mutation {
				CoreIPAddressPoolCreate(data: {name: {value: "contract-{{run}}-addresses"}, default_address_type: {value: "IpamIPAddress"}, default_prefix_length: {value: 24}, resources: [{id: "{{free}}"}], ip_namespace: {id: "{{space}}"}}) {
					ok object { id hfid display_label default_prefix_length { value } resources { count } }
				}
			}`,
		},
		{
			name: "a pool made on a branch is on the default branch",
			graphql: `{
				CoreIPAddressPool(name__value: "contract-{{run}}-addresses") {
					count edges { node { display_label __typename resources { count edges { node { display_label } } } } }
				}
			}`,
		},
		get("an address from a pool", `id: "{{pool}}", identifier: "first"`),
		get("the same address for the same identifier", `id: "{{pool}}", identifier: "first"`),
		get("another address for another identifier", `id: "{{pool}}", identifier: "second"`),
		get("an address without an identifier", `hfid: ["contract-{{run}}-addresses"]`),
		get("an address with a length and data", `id: "{{pool}}", identifier: "third", prefix_length: 32, data: {description: "from a pool"}`),
		get("an address from an unknown pool", `id: "nope"`),
		get("an address from no pool", `identifier: "x"`),
		get("an address of an unknown kind", `id: "{{pool}}", address_type: "Nope"`),
		{name: "a reader takes an address from a pool", as: reader, branch: "{{work}}", graphql: `mutation { InfrahubIPAddressPoolGetResource(data: {id: "{{pool}}"}) { ok } }`},
		{
			name: "what the pool handed out", branch: "{{work}}",
			graphql: `{
				InfrahubResourcePoolAllocated(pool_id: "{{pool}}", resource_id: "{{free}}") { count edges { node { id kind display_label branch identifier } } }
			}`,
			unordered: []string{"data.InfrahubResourcePoolAllocated.edges"},
		},
		{
			name: "the use of the pool", branch: "{{work}}",
			graphql: `{
				InfrahubResourcePoolUtilization(pool_id: "{{pool}}") {
					count utilization utilization_branches utilization_default_branch edges { node { id display_label kind weight utilization utilization_branches utilization_default_branch } }
				}
			}`,
		},
		{name: "the use of what is no pool", branch: "{{work}}", graphql: `{ InfrahubResourcePoolUtilization(pool_id: "{{spine}}") { count } }`},
		{name: "addresses from the pool stay on the branch", graphql: `{ IpamIPAddress(address__value: "192.0.2.", partial_match: true) { count } }`},
		{
			name: "a device with an address from a pool", branch: "{{work}}",
			graphql: `mutation {
				DcimDeviceCreate(data: {name: {value: "contract-30"}, serial: {value: "C30"}, role: {value: "leaf"}, site: {id: "{{site}}"}, primary_address: {from_pool: {id: "{{pool}}", identifier: "contract-30"}}}) {
					ok object { display_label primary_address { node { display_label } } }
				}
			}`,
		},

		{
			name: "a pool of numbers", branch: "{{work}}", capture: map[string]string{"numbers": "data.CoreNumberPoolCreate.object.id"},
			graphql: `mutation {
				CoreNumberPoolCreate(data: {name: {value: "contract-{{run}}-numbers"}, node: {value: "IpamVLAN"}, node_attribute: {value: "vlan_id"}, start_range: {value: 3001}, end_range: {value: 3002}}) {
					ok object { id display_label start_range { value } end_range { value } }
				}
			}`,
		},
		vlan("a number from a pool", `name: {value: "contract-p1"}, vlan_id: {from_pool: {id: "{{numbers}}"}}`),
		vlan("another number from a pool", `name: {value: "contract-p2"}, vlan_id: {from_pool: {id: "{{numbers}}", identifier: "p2"}}`),
		vlan("a number from an exhausted pool", `name: {value: "contract-p3"}, vlan_id: {from_pool: {id: "{{numbers}}"}}`),
		vlan("a number from an unknown pool", `name: {value: "contract-p4"}, vlan_id: {from_pool: {id: "nope"}}`),
		{
			name: "a pool of numbers of an unknown kind", branch: "{{work}}",
			graphql: `mutation {
				CoreNumberPoolCreate(data: {name: {value: "contract-{{run}}-bad"}, node: {value: "Nope"}, node_attribute: {value: "vlan_id"}, start_range: {value: 1}, end_range: {value: 2}}) {
					ok
				}
			}`,
		},
		{
			name: "a pool of numbers of a text", branch: "{{work}}",
			graphql: `mutation {
				CoreNumberPoolCreate(data: {name: {value: "contract-{{run}}-bad"}, node: {value: "IpamVLAN"}, node_attribute: {value: "name"}, start_range: {value: 1}, end_range: {value: 2}}) {
					ok
				}
			}`,
		},
		{
			name: "a pool of numbers the wrong way round", branch: "{{work}}",
			graphql: `mutation {
				CoreNumberPoolCreate(data: {name: {value: "contract-{{run}}-bad"}, node: {value: "IpamVLAN"}, node_attribute: {value: "vlan_id"}, start_range: {value: 9}, end_range: {value: 2}}) {
					ok
				}
			}`,
		},

		{
			name: "a pool of prefixes", branch: "{{work}}", capture: map[string]string{"prefixes": "data.CoreIPPrefixPoolCreate.object.id"},
			graphql: `mutation {
				CoreIPPrefixPoolCreate(data: {name: {value: "contract-{{run}}-prefixes"}, default_prefix_type: {value: "IpamIPPrefix"}, default_prefix_length: {value: 26}, resources: [{id: "{{prefix}}"}], ip_namespace: {id: "{{space}}"}}) {
					ok object { id display_label }
				}
			}`,
		},
		{
			name: "a prefix from a pool", branch: "{{work}}",
			graphql: `mutation {
				InfrahubIPPrefixPoolGetResource(data: {id: "{{prefixes}}", identifier: "first"}) { ok node { kind identifier display_label branch } }
			}`,
		},
		{
			name: "pools of all kinds", branch: "{{work}}",
			graphql:   `{ CoreResourcePool(any__value: "contract-{{run}}", partial_match: true) { count edges { node { display_label __typename } } } }`,
			unordered: []string{"data.CoreResourcePool.edges"},
		},
		{name: "the pool of addresses goes", branch: "{{work}}", graphql: `mutation { CoreIPAddressPoolDelete(data: {id: "{{pool}}"}) { ok } }`},
		{name: "the pool of numbers goes", branch: "{{work}}", graphql: `mutation { CoreNumberPoolDelete(data: {id: "{{numbers}}"}) { ok } }`},
		{name: "the pool of prefixes goes", branch: "{{work}}", graphql: `mutation { CoreIPPrefixPoolDelete(data: {id: "{{prefixes}}"}) { ok } }`},
		{name: "no pool is left", graphql: `{ CoreResourcePool(any__value: "contract-{{run}}", partial_match: true) { count } }`},
	}
}

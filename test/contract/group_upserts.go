package contract

// upserts makes or changes nodes, whichever it takes.
func upserts() []request {
	var requests []request
	add := func(name, data string) {
		requests = append(requests, request{name: name, branch: "{{work}}", unordered: []string{"errors"}, graphql: `mutation { DcimDeviceUpsert(data: {` + data + `}) { ok object { id hfid display_label description { value } role { value } } } }`})
	}
	add("by id", `id: "{{one}}", description: {value: "one"}`)
	add("by an unknown id", `id: "18ea0000-0000-4000-8000-000000000001", name: {value: "contract-x"}, role: {value: "leaf"}, site: {id: "{{site}}"}`)
	add("by an id that is none", `id: "nope", name: {value: "contract-x"}, role: {value: "leaf"}, site: {id: "{{site}}"}`)
	add("by human-friendly id", `hfid: ["contract-1"], description: {value: "by hfid"}`)
	add("by human-friendly id of what is not there, with little", `hfid: ["contract-20"], description: {value: "x"}`)
	add("by human-friendly id of what is not there",
		`hfid: ["contract-20"], name: {value: "contract-20"}, serial: {value: "C20"}, role: {value: "leaf"}, site: {id: "{{site}}"}`)
	add("by another human-friendly id than the name",
		`hfid: ["contract-21"], name: {value: "contract-22"}, serial: {value: "C22"}, role: {value: "leaf"}, site: {id: "{{site}}"}`)
	add("by name of what is there", `name: {value: "contract-20"}, role: {value: "edge"}, site: {id: "{{site}}"}`)
	add("by name of what is there, with little", `name: {value: "contract-20"}, description: {value: "x"}`)
	add("by name of what is not there", `name: {value: "contract-23"}, serial: {value: "C23"}, role: {value: "edge"}, site: {hfid: ["contract-site"]}`)
	add("twice the same", `name: {value: "contract-23"}, serial: {value: "C23"}, role: {value: "edge"}, site: {hfid: ["contract-site"]}`)
	add("by nothing", `description: {value: "x"}`)
	add("by human-friendly id of too many parts", `hfid: ["contract-1", "x"], description: {value: "x"}`)
	add("with a choice that is none", `hfid: ["contract-1"], role: {value: "nope"}`)
	return append(requests,
		request{
			name: "of a component by its parts", branch: "{{work}}",
			graphql: `mutation {
				DcimPhysicalInterfaceUpsert(data: {name: {value: "Ethernet1"}, device: {hfid: ["contract-1"]}, description: {value: "again"}}) {
					ok object { id hfid description { value } mtu { value } }
				}
			}`,
		},
		request{
			name: "of a component by its human-friendly id", branch: "{{work}}",
			graphql: `mutation {
				DcimPhysicalInterfaceUpsert(data: {hfid: ["contract-1", "Ethernet1"], mtu: {value: 1400}}) { ok object { id hfid mtu { value } device { node { id } } } }
			}`,
		},
		request{
			name: "of an address, which has no human-friendly id", branch: "{{work}}",
			graphql: `mutation {
				IpamIPAddressUpsert(data: {address: {value: "198.51.100.1/24"}, description: {value: "again"}}) { ok object { display_label description { value } } }
			}`,
		},
		request{name: "how many addresses there are then", branch: "{{work}}", graphql: `{ IpamIPAddress(address__value: "198.51.100.1/24") { count } }`},
		request{name: "of a generic", branch: "{{work}}", graphql: `mutation { DcimInterfaceUpsert(data: {id: "{{port-one}}"}) { ok } }`},
	)
}

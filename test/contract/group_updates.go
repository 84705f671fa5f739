package contract

// updates changes nodes on a branch.
func updates() []request {
	var requests []request
	add := func(name, mutation, selection string) {
		requests = append(requests, request{name: name, branch: "{{work}}", graphql: `mutation { ` + mutation + ` { ok object { ` + selection + ` } } }`})
	}
	read := func(name, selection string) {
		requests = append(requests, request{name: name, branch: "{{work}}", graphql: `{ DcimDevice(ids: ["{{two}}"]) { edges { node { ` + selection + ` } } } }`})
	}
	requests = append(requests, request{
		name: "the time before the updates", branch: "{{work}}", capture: map[string]string{"before": "data.DcimDevice.edges.0.node_metadata.updated_at"},
		graphql: `{ DcimDevice(ids: ["{{two}}"]) { edges { node { description { value } } node_metadata { updated_at } } } }`,
	})
	add("by id",
		`DcimDeviceUpdate(data: {id: "{{two}}", description: {value: "changed"}})`,
		`id display_label description { value } status { value } tags { count } site { node { id } } rack { node { id } }`)
	read("an update leaves the rest as it is", `description { value updated_by { id } } status { value } tags { count } site { node { id } } rack { node { id } }`)
	add("by human-friendly id", `DcimDeviceUpdate(data: {hfid: ["contract-2"], rack_position: {value: 9}})`, `id rack_position { value }`)
	add("with a relationship", `DcimDeviceUpdate(data: {id: "{{two}}", rack: {id: "{{rack}}"}})`, `id site { node { id } } rack { node { id display_label } }`)
	add("that changes nothing", `DcimDeviceUpdate(data: {id: "{{two}}", description: {value: "changed"}})`, `id description { value } site { node { id } }`)
	add("with nothing to change", `DcimDeviceUpdate(data: {id: "{{two}}"})`, `id display_label`)
	add("without an id", `DcimDeviceUpdate(data: {description: {value: "x"}})`, `id`)
	add("of an unknown id", `DcimDeviceUpdate(data: {id: "nope", description: {value: "x"}})`, `id`)
	add("of an unknown human-friendly id", `DcimDeviceUpdate(data: {hfid: ["nope"], description: {value: "x"}})`, `id`)
	add("of an id of another kind", `DcimDeviceUpdate(data: {id: "{{site}}", description: {value: "x"}})`, `id`)
	add("of an attribute that is null", `DcimDeviceUpdate(data: {id: "{{two}}", description: null})`, `description { value }`)
	add("of a value that is null", `DcimDeviceUpdate(data: {id: "{{two}}", description: {value: null}})`, `description { value is_default }`)
	add("of a mandatory value that is null", `DcimDeviceUpdate(data: {id: "{{two}}", role: {value: null}})`, `role { value }`)
	add("back to the default", `DcimDeviceUpdate(data: {id: "{{two}}", status: {is_default: true}})`, `status { value is_default }`)
	add("back to a default that there is not", `DcimDeviceUpdate(data: {id: "{{two}}", role: {is_default: true}})`, `role { value is_default }`)
	add("to a choice that is none", `DcimDeviceUpdate(data: {id: "{{two}}", role: {value: "nope"}})`, `id`)
	add("to a name that is taken", `DcimDeviceUpdate(data: {id: "{{two}}", name: {value: "contract-1"}})`, `id`)
	add("that clears a relationship", `DcimDeviceUpdate(data: {id: "{{two}}", rack: null})`, `rack { node { id } }`)
	add("that clears a mandatory relationship", `DcimDeviceUpdate(data: {id: "{{two}}", site: null})`, `id`)
	add("that replaces many", `DcimDeviceUpdate(data: {id: "{{two}}", tags: [{id: "{{red}}"}, {hfid: ["green"]}]})`, `tags { count edges { node { display_label } } }`)
	add("that clears many", `DcimDeviceUpdate(data: {id: "{{two}}", tags: []})`, `tags { count }`)
	add("with many that are null", `DcimDeviceUpdate(data: {id: "{{two}}", tags: null})`, `tags { count }`)
	add("of properties of an attribute",
		`DcimDeviceUpdate(data: {id: "{{two}}", description: {value: "owned", is_protected: true, owner: "{{engineer}}", source: "{{admin}}"}})`,
		`description { value is_protected owner { id display_label } source { id } }`)
	add("of properties of a relationship",
		`DcimDeviceUpdate(data: {id: "{{two}}", rack: {id: "{{rack-new}}", _relation__is_protected: true, _relation__owner: "{{engineer}}", _relation__source: "{{admin}}"}})`,
		`id`)
	read("properties of a relationship", `rack { node { id } properties { is_protected owner { id } source { id } } } description { is_protected owner { display_label __typename } }`)
	add("to a new name", `DcimDeviceUpdate(data: {id: "{{two}}", name: {value: "contract-2b"}})`, `id hfid display_label name { value } fqdn { value }`)
	read("a new name reaches what is made of it", `hfid display_label fqdn { value is_default updated_by { id } }`)
	requests = append(requests,
		// Infrahub mends the human-friendly ids of components in the background.
		request{
			name: "a component by the new human-friendly id of its parent", branch: "{{work}}",
			until:   &settled{"data.DcimInterface.edges.0.node.hfid.0", "contract-2b"},
			graphql: `{ DcimInterface(hfid: ["contract-2b", "Ethernet1"]) { count edges { node { hfid } } } }`,
		},
		request{name: "a device by its old human-friendly id", branch: "{{work}}", graphql: `{ DcimDevice(hfid: ["contract-2"]) { count } }`},
		request{
			name: "the past of an attribute", branch: "{{work}}", at: "{{before}}",
			graphql: `{ DcimDevice(ids: ["{{two}}"]) { count edges { node { display_label description { value } status { value } tags { count } } } } }`,
		},
	)
	add("to the new name of before", `DcimDeviceUpdate(data: {id: "{{two}}", name: {value: "contract-2"}})`, `hfid display_label`)
	device := func(name, data string) {
		add(name, `DcimDeviceUpdate(data: {id: "{{five}}", `+data+`})`, `description { value is_default is_from_profile }`)
	}
	device("that overrides a profile", `description: {value: "its own"}`)
	device("back to the profile", `description: {is_default: true}`)
	device("that takes the profile away", `profiles: []`)
	add("by a generic", `DcimInterfaceUpdate(data: {id: "{{port-two}}", description: {value: "by the generic"}})`, `id display_label __typename description { value }`)
	add("of what is on the default branch too",
		`DcimDeviceUpdate(data: {hfid: ["par1-spine000"], description: {value: "on a branch"}})`,
		`id description { value is_default }`)
	return append(requests,
		request{name: "the default branch keeps its value", graphql: `{ DcimDevice(ids: ["{{spine}}"]) { edges { node { description { value } } } } }`},
		request{
			name: "an engineer changes data on a branch", as: engineer, branch: "{{work}}",
			graphql: `mutation {
				DcimDeviceUpdate(data: {id: "{{one}}", description: {value: "by an engineer"}}) { ok object { description { value updated_by { id } } } }
			}`,
		},
		request{
			name: "who changed what", branch: "{{work}}",
			graphql: `{
				DcimDevice(ids: ["{{one}}"]) {
					edges { node { description { value updated_by { display_label } } name { updated_by { display_label } } } node_metadata { created_by { display_label } updated_by { display_label } } }
				}
			}`,
		},
		request{name: "changed by an engineer", branch: "{{work}}", graphql: `{ DcimDevice(node_metadata__updated_by__id: "{{engineer}}") { count edges { node { display_label } } } }`},
		request{
			name: "in the name of another account", branch: "{{work}}",
			graphql: `mutation {
				BuiltinTagCreate(context: {account: {id: "{{reader}}"}}, data: {name: {value: "contract-context"}}) {
					ok object { name { updated_by { display_label } } }
				}
			}`,
		},
		request{
			name: "in the name of another account by an engineer", as: engineer, branch: "{{work}}",
			graphql: `mutation { BuiltinTagCreate(context: {account: {id: "{{reader}}"}}, data: {name: {value: "contract-context-2"}}) { ok } }`,
		},
		request{
			name: "in one's own name by an engineer", as: engineer, branch: "{{work}}",
			graphql: `mutation { BuiltinTagCreate(context: {account: {id: "{{engineer}}"}}, data: {name: {value: "contract-context-3"}}) { ok } }`,
		},
		request{name: "of an account that is none", branch: "{{work}}", graphql: `mutation { BuiltinTagCreate(context: {account: {id: "nope"}}, data: {name: {value: "contract-context-4"}}) { ok } }`},
	)
}

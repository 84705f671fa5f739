package contract

// accounts is what limited accounts may do.
func accounts() []request {
	const tag = `mutation { BuiltinTagCreate(data: {name: {value: "contract-{{run}}"}}) { ok } }`
	const mine = `{ InfrahubPermissions { global_permissions { count edges { node { name action decision identifier } } } object_permissions { count edges { node { namespace name action decision identifier } } } } }`
	const device = `{ DcimDevice(limit: 1) { permissions { edges { node { kind view create update delete } } } edges { node { name { permissions { update_value } } } } } }`
	const policy = `mutation { GlobalPolicyUpsert(data: {name: {value: "contract-{{run}}"}, text: {value: "one"}}) { ok object { display_label } } }`
	return []request{
		{name: "what the administrator may do, by name", graphql: mine},
		{
			name: "what the administrator may do",
			graphql: `{
				InfrahubPermissions {
					global_permissions { count edges { node { action decision identifier } } } object_permissions { count edges { node { identifier } } }
				}
			}`,
			unordered: []string{"data.InfrahubPermissions.global_permissions.edges", "data.InfrahubPermissions.object_permissions.edges"},
		},
		{name: "what the reader may do", as: reader, graphql: mine},
		{name: "what the engineer may do", as: engineer, graphql: mine, unordered: []string{"data.InfrahubPermissions.object_permissions.edges"}},
		{name: "what the reader may do with devices", as: reader, graphql: device},
		{name: "what the engineer may do with devices", as: engineer, graphql: device},
		{name: "what the engineer may do with devices on a branch", as: engineer, branch: "{{work}}", graphql: device},
		{name: "a reader reads", as: reader, graphql: `{ DcimDevice { count } }`},
		{name: "a reader reads a branch", as: reader, branch: "{{work}}", graphql: `{ DcimDevice(name__value: "contract-1") { count } }`},
		{name: "a reader writes to the default branch", as: reader, graphql: tag},
		{name: "a reader writes to a branch", as: reader, branch: "{{work}}", graphql: tag},
		{name: "a reader updates on a branch", as: reader, branch: "{{work}}", graphql: `mutation { DcimDeviceUpdate(data: {id: "{{one}}", description: {value: "x"}}) { ok } }`},
		{name: "a reader upserts on a branch", as: reader, branch: "{{work}}", graphql: `mutation { DcimDeviceUpsert(data: {hfid: ["contract-1"], description: {value: "x"}}) { ok } }`},
		{name: "a reader deletes on a branch", as: reader, branch: "{{work}}", graphql: `mutation { DcimDeviceDelete(data: {id: "{{one}}"}) { ok } }`},
		{
			name: "a reader adds to a relationship on a branch", as: reader, branch: "{{work}}",
			graphql: `mutation { RelationshipAdd(data: {id: "{{one}}", name: "tags", nodes: [{id: "{{blue}}"}]}) { ok } }`,
		},
		{name: "a reader writes what is outside branches", as: reader, branch: "{{work}}", graphql: policy},
		{
			name: "a reader proposes a change", as: reader, branch: "{{work}}",
			graphql: `mutation {
				CoreProposedChangeCreate(data: {name: {value: "contract-{{run}}"}, source_branch: {value: "{{work}}"}, destination_branch: {value: "main"}}) { ok }
			}`,
		},
		{
			name: "a reader with two mutations", as: reader, branch: "{{work}}",
			graphql: `mutation { a: BuiltinTagCreate(data: {name: {value: "x"}}) { ok } b: DcimDeviceDelete(data: {id: "{{one}}"}) { ok } }`,
		},
		{name: "a reader checks a schema", as: reader, path: "/api/schema/check", body: `{"schemas":[{"version":"1.0"}]}`},
		{name: "a reader loads a schema on a branch", as: reader, path: "/api/schema/load?branch={{work}}", body: `{"schemas":[{"version":"1.0"}]}`},
		{name: "an engineer writes to the default branch", as: engineer, graphql: tag},
		{name: "an engineer writes to the default branch by name", as: engineer, branch: "main", graphql: tag},
		{name: "an engineer loads a schema on a branch", as: engineer, path: "/api/schema/load?branch={{work}}", body: `{"schemas":[{"version":"1.0"}]}`},
		{name: "an engineer makes an account", as: engineer, branch: "{{work}}", graphql: `mutation { CoreAccountCreate(data: {name: {value: "contract"}, password: {value: "x"}}) { ok } }`},
		{name: "an engineer makes a role", as: engineer, branch: "{{work}}", graphql: `mutation { CoreAccountRoleCreate(data: {name: {value: "contract"}}) { ok } }`},
		{name: "an engineer makes a repository", as: engineer, branch: "{{work}}", graphql: `mutation { CoreRepositoryCreate(data: {name: {value: "contract"}, location: {value: "x"}}) { ok } }`},
		{name: "an engineer writes what is outside branches", as: engineer, branch: "{{work}}", graphql: policy},
		{name: "it is on the default branch", graphql: `{ GlobalPolicy(name__value: "contract-{{run}}") { count edges { node { display_label text { value updated_by { display_label } } } } } }`},
		{name: "it is on another branch", branch: "{{merge}}", graphql: `{ GlobalPolicy(name__value: "contract-{{run}}") { count } }`},
		{name: "it is changed on a branch", branch: "{{work}}", graphql: `mutation { GlobalPolicyUpdate(data: {hfid: ["contract-{{run}}"], text: {value: "two"}}) { ok object { text { value } } } }`},
		{name: "it is changed on the default branch", graphql: `{ GlobalPolicy(name__value: "contract-{{run}}") { edges { node { text { value } } } } }`},
		{name: "it is deleted on a branch", as: engineer, branch: "{{work}}", graphql: `mutation { GlobalPolicyDelete(data: {hfid: ["contract-{{run}}"]}) { ok } }`},
		{name: "it is gone from the default branch", graphql: `{ GlobalPolicy(name__value: "contract-{{run}}") { count } }`},
		{
			name: "an engineer reads the hash of a password", as: engineer,
			graphql: `{ CoreAccount(name__value: "reader") { edges { node { password { value } account_type { value } status { value label } } } } }`,
		},
	}
}

package contract

// diffs compares a branch, on which one node is made, one changed and one
// deleted, with the default branch, on which the same one is changed too.
func diffs() []request {
	const counts = `num_added num_updated num_removed num_conflicts num_untracked_base_changes num_untracked_diff_changes`
	const change = `
		uuid kind label status path_identifier contains_conflict last_changed_at num_added num_updated num_removed num_conflicts parent { uuid kind relationship_name } conflict { uuid }
		attributes { name status path_identifier contains_conflict num_added num_updated num_removed
			properties { property_type previous_value new_value previous_label new_label status path_identifier conflict { uuid } }
			conflict { uuid base_branch_action base_branch_value base_branch_label diff_branch_action diff_branch_value diff_branch_label selected_branch resolvable }
		}
		relationships { name label cardinality status path_identifier contains_conflict elements { status peer_id peer_label path_identifier properties { property_type previous_value new_value status } } }`
	const tree = counts + ` base_branch diff_branch from_time to_time name nodes { ` + change + ` }`
	nodes := []keyed{{"data.DiffTree.nodes", "label"}, {"data.DiffTree.nodes.*.attributes", "name"}, {"data.DiffTree.nodes.*.relationships", "name"}, {"data.DiffTree.nodes.*.attributes.*.properties", "property_type"}}
	const ofItself = "it is all that there is, once somebody tried to merge the default branch"
	filtered := func(name, arguments string) request {
		return request{name: name, graphql: `{ DiffTree(branch: "{{conflict}}", ` + arguments + `) { num_added num_updated num_removed nodes { kind label status } } }`, unordered: []string{"data.DiffTree.nodes"}}
	}
	provider := func(name, branch, mutation string, capture ...string) request {
		r := request{name: name, branch: branch, graphql: `mutation { OrganizationProvider` + mutation + ` { ok object { id display_label } } }`}
		if capture != nil {
			r.capture = map[string]string{capture[0]: "data." + capture[1] + ".object.id"}
		}
		return r
	}
	return []request{
		provider("a provider to be changed is made on the default branch", "", `Create(data: {name: {value: "contract-{{run}}-both"}, noc_email: {value: "old@example.com"}})`, "both", "OrganizationProviderCreate"),
		provider("a provider to be deleted is made on the default branch", "", `Create(data: {name: {value: "contract-{{run}}-gone"}})`, "gone", "OrganizationProviderCreate"),
		{
			name: "a reader makes a branch and does not wait", as: reader,
			graphql: `mutation { BranchCreate(data: {name: "{{conflict}}", sync_with_git: false}, wait_until_completion: false) { ok object { name } task { id } } }`,
		},
		{name: "the branch appears", graphql: `{ Branch(name: "{{conflict}}") { name status } }`, until: &settled{"data.Branch.0.status", "OPEN"}},
		// One document must not ask for both: Infrahub would use one connection to
		// its database for two things at once, and fail the next request too.
		{name: "the diff of a branch that was never asked for", graphql: `{ DiffTree(branch: "{{conflict}}") { num_added } }`},
		{name: "the summary of a diff that was never asked for", graphql: `{ DiffTreeSummary(branch: "{{conflict}}") { num_added } }`},
		provider("a provider is made on the branch", "{{conflict}}", `Create(data: {name: {value: "contract-{{run}}-new"}, noc_email: {value: "new@example.com"}})`, "new", "OrganizationProviderCreate"),
		provider("a provider is changed on the branch", "{{conflict}}", `Update(data: {id: "{{both}}", noc_email: {value: "branch@example.com"}})`),
		{name: "a provider is deleted on the branch", branch: "{{conflict}}", graphql: `mutation { OrganizationProviderDelete(data: {id: "{{gone}}"}) { ok } }`},
		provider("the same provider is changed on the default branch", "", `Update(data: {id: "{{both}}", noc_email: {value: "main@example.com"}})`),
		{
			name: "the branch keeps its own value", branch: "{{conflict}}",
			graphql: `{
				OrganizationProvider(name__value: "contract-{{run}}", partial_match: true, order: {by: [{field: "name__value"}]}) {
					count edges { node { display_label noc_email { value } } }
				}
			}`,
		},
		{name: "the update of a diff", graphql: `mutation { DiffUpdate(data: {branch: "{{conflict}}"}, wait_until_completion: true) { ok task { id } } }`},
		{
			name:    "a diff",
			graphql: `{ DiffTree(branch: "{{conflict}}") { ` + tree + ` } }`,
			keys:    nodes,
			capture: map[string]string{"clash": "data.DiffTree.nodes.contract-{{run}}-both.attributes.noc_email.conflict.uuid"},
		},
		{name: "the summary of a diff", graphql: `{ DiffTreeSummary(branch: "{{conflict}}") { ` + counts + ` num_unchanged base_branch diff_branch from_time to_time } }`},
		filtered("what a diff added", `filters: {status: {includes: [ADDED]}}`),
		filtered("all of a diff but what it removed", `filters: {status: {excludes: [REMOVED]}}`),
		filtered("a diff of one kind", `filters: {kind: {includes: ["OrganizationProvider"]}}`),
		filtered("a diff of another kind", `filters: {kind: {includes: ["DcimDevice"]}}`),
		filtered("a diff of a namespace", `filters: {namespace: {excludes: ["Organization"]}}`),
		filtered("a diff of one node", `filters: {ids: ["{{new}}"]}`),
		filtered("a diff with its parents", `include_parents: true`),
		filtered("a diff without a kind", `filters: {kind: {excludes: ["OrganizationProvider"]}}`),
		filtered("what a diff added of one kind", `filters: {kind: {includes: ["OrganizationProvider"]}, status: {includes: [ADDED, REMOVED]}}`),
		filtered("a diff of an id that is none", `filters: {ids: ["garbage"]}`),
		filtered("a diff of an unknown kind", `filters: {kind: {includes: ["Nope"]}}`),
		filtered("a diff of an unknown name", `name: "nope"`),
		{name: "a diff of an unknown status", graphql: `{ DiffTree(branch: "{{conflict}}", filters: {status: {includes: [NOPE]}}) { num_added } }`},
		{name: "a page of a diff", graphql: `{ DiffTree(branch: "{{conflict}}", limit: 1, offset: 1) { num_added nodes { kind } } }`},
		{name: "a diff of an unknown branch", graphql: `{ DiffTree(branch: "{{nowhere}}") { num_added } }`},
		{name: "a diff without a branch", graphql: `{ DiffTree { num_added } }`, ignore: map[string]string{"data.DiffTree.num_added": ofItself}},
		{name: "a diff of the default branch", graphql: `{ DiffTree(branch: "main") { num_added } }`, ignore: map[string]string{"data.DiffTree.num_added": ofItself}},
		{name: "the update of a diff of an unknown branch", graphql: `mutation { DiffUpdate(data: {branch: "{{nowhere}}"}, wait_until_completion: true) { ok } }`},
		{name: "the update of a diff by a reader", as: reader, graphql: `mutation { DiffUpdate(data: {branch: "{{conflict}}"}, wait_until_completion: true) { ok } }`},
		{name: "a diff seen by a reader", as: reader, graphql: `{ DiffTree(branch: "{{conflict}}") { num_added num_conflicts } }`},
		provider("another change on the branch", "{{conflict}}", `Update(data: {id: "{{new}}", noc_email: {value: "newer@example.com"}})`),
		{name: "related nodes change on a branch", branch: "{{work}}", graphql: `mutation {
			DcimDeviceUpdate(data: {id: "{{leaf}}", status: {value: "drained"}, rack: null, site: {id: "{{site}}"}, tags: [{id: "{{green}}"}]}) { ok }
		}`},
		{name: "the update of a diff with related nodes", graphql: `mutation { DiffUpdate(data: {branch: "{{work}}"}, wait_until_completion: true) { ok } }`},
		{
			name:      "a diff of related nodes",
			graphql:   `{ DiffTree(branch: "{{work}}", filters: {ids: ["{{leaf}}", "{{port-one}}"]}) { base_branch nodes { ` + change + ` } } }`,
			keys:      nodes,
			unordered: []string{"data.DiffTree.nodes.*.relationships.*.elements.*.properties", "data.DiffTree.nodes.*.relationships.*.elements"},
		},
		{
			name: "a diff of related nodes with their parents", graphql: `{ DiffTree(branch: "{{work}}", include_parents: true, filters: {ids: ["{{port-one}}"]}) { nodes { kind label status parent { uuid kind relationship_name } } } }`,
			unordered: []string{"data.DiffTree.nodes"},
		},

		{name: "a diff tells of changes that it lacks", graphql: `{ DiffTree(branch: "{{conflict}}") { ` + counts + ` } }`},
		{name: "the rebase of a branch with a conflict", graphql: `mutation { BranchRebase(data: {name: "{{conflict}}"}, wait_until_completion: true) { ok } }`},
	}
}

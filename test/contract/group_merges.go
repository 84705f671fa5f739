package contract

// merges brings two branches into the default branch, one directly and one that
// has a conflict by a proposed change, removes what they brought, and deletes
// branches meanwhile.
func merges() []request {
	return []request{
		{name: "an older branch lacks what is new on the default branch", branch: "{{merge}}", graphql: `{ OrganizationProvider(ids: ["{{both}}"]) { count } }`},
		{name: "the branch is rebased", graphql: `mutation { BranchRebase(data: {name: "{{merge}}"}, wait_until_completion: true) { ok object { name status } } }`},
		{name: "a rebased branch has it", branch: "{{merge}}", graphql: `{ OrganizationProvider(ids: ["{{both}}"]) { count edges { node { display_label noc_email { value } } } } }`},
		{name: "a branch is deleted, and nobody waits", graphql: `mutation { BranchDelete(data: {name: "{{work}}"}, wait_until_completion: false) { ok task { id } } }`},
		{
			name: "a provider is made on the branch", branch: "{{merge}}",
			capture: map[string]string{"merged": "data.OrganizationProviderCreate.object.id"},
			graphql: `mutation { OrganizationProviderCreate(data: {name: {value: "contract-{{run}}-merged"}}) { ok object { id display_label } } }`,
		},
		{name: "a branch is merged", graphql: `mutation { BranchMerge(data: {name: "{{merge}}"}, wait_until_completion: true) { ok object { name status is_default } task { id } } }`},
		{
			name:    "the branch says so",
			graphql: `{ Branch(name: "{{merge}}") { status } InfrahubBranch(name__value: "{{merge}}", status__value: MERGED) { count } }`,
			until:   &settled{"data.Branch.0.status", "MERGED"},
		},
		{
			name:    "the default branch has the provider",
			graphql: `{ OrganizationProvider(ids: ["{{merged}}"]) { count edges { node { id display_label } node_metadata { created_by { display_label } } } } }`,
		},
		{name: "a merged branch is read", branch: "{{merge}}", graphql: `{ OrganizationProvider(ids: ["{{merged}}"]) { count } }`},
		{name: "a merged branch is not written", branch: "{{merge}}", graphql: `mutation { OrganizationProviderUpdate(data: {id: "{{merged}}", noc_email: {value: "x@example.com"}}) { ok } }`},
		{name: "a merged branch is not merged again", graphql: `mutation { BranchMerge(data: {name: "{{merge}}"}, wait_until_completion: true) { ok } }`},
		{name: "a merged branch is not rebased", graphql: `mutation { BranchRebase(data: {name: "{{merge}}"}, wait_until_completion: true) { ok } }`},
		{name: "the diff of a merged branch", graphql: `mutation { DiffUpdate(data: {branch: "{{merge}}"}, wait_until_completion: true) { ok } }`},
		{name: "a merged branch is not written by its maker", branch: "{{merge}}", as: engineer, graphql: `mutation {
			OrganizationProviderDelete(data: {id: "{{merged}}"}) { ok }
		}`},
		{
			name: "a merged branch is not proposed",
			graphql: `mutation {
				CoreProposedChangeCreate(data: {name: {value: "contract-{{run}}-again"}, source_branch: {value: "{{merge}}"}, destination_branch: {value: "main"}}) { ok }
			}`,
		},
		{name: "a merged branch gets a description", graphql: `mutation { BranchUpdate(data: {name: "{{merge}}", description: "merged"}) { ok } }`},

		{name: "a branch with a conflict is not merged", graphql: `mutation { BranchMerge(data: {name: "{{conflict}}"}, wait_until_completion: true) { ok } }`},
		{name: "a conflict that is unknown is settled", graphql: `mutation { ResolveDiffConflict(data: {conflict_id: "nope", selected_branch: DIFF_BRANCH}) { ok } }`},
		{name: "the conflict is settled", graphql: `mutation { ResolveDiffConflict(data: {conflict_id: "{{clash}}", selected_branch: DIFF_BRANCH}) { ok } }`},
		{
			// After the merge above, Infrahub makes the diffs of other branches anew,
			// and has none meanwhile.
			name: "the settled conflict", until: &settled{"data.DiffTree.num_conflicts", "1"},
			graphql: `{
				DiffTree(branch: "{{conflict}}", filters: {ids: ["{{both}}"]}) {
					num_conflicts nodes { contains_conflict attributes { name conflict { selected_branch base_branch_value diff_branch_value } } }
				}
			}`,
		},
		{
			name: "the branch is proposed by an engineer", as: engineer, branch: "{{conflict}}",
			capture: map[string]string{"proposal": "data.CoreProposedChangeCreate.object.id"},
			graphql: `mutation {
				CoreProposedChangeCreate(data: {name: {value: "contract-{{run}}-merge"}, source_branch: {value: "{{conflict}}"}, destination_branch: {value: "main"}}) {
					ok object { id state { value } }
				}
			}`,
		},
		{
			name: "the engineer may not merge it", as: engineer,
			graphql: `{ CoreProposedChangeAvailableActions(proposed_change_id: "{{proposal}}") { edges { node { action available unavailability_reason } } } }`,
			keys:    []keyed{{"data.CoreProposedChangeAvailableActions.edges", "node.action"}},
		},
		{name: "the engineer does not merge it on the default branch", as: engineer, graphql: `mutation { CoreProposedChangeMerge(data: {id: "{{proposal}}"}, wait_until_completion: true) { ok } }`},
		{
			name: "the engineer merges it on the branch", as: engineer, branch: "{{conflict}}",
			graphql: `mutation { CoreProposedChangeMerge(data: {id: "{{proposal}}"}, wait_until_completion: true) { ok task { id } } }`,
		},
		{name: "the proposal is merged", graphql: `{ CoreProposedChange(ids: ["{{proposal}}"]) { edges { node { state { value } } } } }`},
		{name: "a merged proposal is not merged again", graphql: `mutation { CoreProposedChangeMerge(data: {id: "{{proposal}}"}, wait_until_completion: true) { ok } }`},
		{name: "a merged proposal is not changed", graphql: `mutation { CoreProposedChangeUpdate(data: {id: "{{proposal}}", description: {value: "x"}}) { ok } }`},
		{name: "the merged proposal is deleted", graphql: `mutation { CoreProposedChangeDelete(data: {id: "{{proposal}}"}) { ok } }`},
		{
			name: "the default branch has what was chosen",
			graphql: `{
				OrganizationProvider(name__value: "contract-{{run}}", partial_match: true, order: {by: [{field: "name__value"}]}) {
					count edges { node { display_label noc_email { value } } }
				}
			}`,
		},
		{name: "the past of the default branch", at: "1s", graphql: `{ OrganizationProvider(name__value: "Colt") { count } }`},
		{name: "the default branch is as it was", graphql: `mutation {
			a: OrganizationProviderDelete(data: {id: "{{merged}}"}) { ok }
			b: OrganizationProviderDelete(data: {id: "{{both}}"}) { ok }
			c: OrganizationProviderDelete(data: {id: "{{new}}"}) { ok }
			d: OrganizationProviderDelete(data: {id: "{{gone}}"}) { ok }
		}`},
		{name: "nothing is left on the default branch", graphql: `{ OrganizationProvider { count edges { node { display_label } } } }`},
		{
			name: "a branch is deleted by the engineer who made it, who does not wait", as: engineer,
			graphql: `mutation { BranchDelete(data: {name: "{{merge}}"}, wait_until_completion: false) { ok task { id } } }`,
		},

		{name: "the deleted branch goes", until: &settled{"data.InfrahubBranch.count", "0"}, graphql: `{ Branch(name: "{{work}}") { name } InfrahubBranch(name__value: "{{work}}") { count } }`},
		{name: "a deleted branch is deleted", graphql: `mutation { BranchDelete(data: {name: "{{work}}"}, wait_until_completion: true) { ok task { id } } }`},
		{name: "a query on a deleted branch", branch: "{{work}}", graphql: `{ DcimDevice { count } }`},
		{name: "a mutation on a deleted branch", branch: "{{work}}", graphql: `mutation { BuiltinTagDelete(data: {hfid: ["contract"]}) { ok } }`},
		{name: "the schema of a deleted branch", path: "/api/schema/summary?branch={{work}}"},
	}
}

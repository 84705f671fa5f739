package contract

import "strings"

// branches makes the branches that later groups use, one by each account, and
// asks what there is to know of branches.
func branches() []request {
	const fields = `id name description status origin_branch branched_from created_at is_default sync_with_git graph_version has_schema_changes schema_differs_from_default_branch`
	create := func(name, branch string) request {
		return request{name: name, graphql: `mutation { BranchCreate(data: {name: "` + branch + `", sync_with_git: false}, wait_until_completion: true) { ok object { name } } }`}
	}
	return []request{
		{
			name: "the making of a branch", capture: map[string]string{"work-id": "data.BranchCreate.object.id"},
			graphql: `mutation { BranchCreate(data: {name: "{{work}}", description: "For the contract", sync_with_git: false}, wait_until_completion: true) { ok object { ` + fields + ` } task { id } } }`,
		},
		{
			name: "the making of a branch with a slash by an engineer", as: engineer,
			graphql: `mutation { BranchCreate(data: {name: "{{merge}}", sync_with_git: false}, wait_until_completion: true) { ok object { name status is_default } task { id } } }`,
		},
		create("a branch that there is", "{{work}}"),
		create("the default branch again", "main"),
		create("the branch of what is outside branches", "-global-"),
		create("a name with a space", "contract {{run}}"),
		create("a name with two dots", "contract..{{run}}"),
		create("a name with two slashes", "contract//{{run}}"),
		create("a name that begins with a slash", "/contract-{{run}}"),
		create("a name that ends with a slash", "contract-{{run}}/"),
		create("a name of a lock", "contract-{{run}}.lock"),
		create("a name with an at sign and a brace", "contract@{{{run}}"),
		create("a name that is too short", "ab"),
		create("a name that is too long", "contract-{{run}}"+strings.Repeat("-long", 50)),
		{name: "a branch without a name", graphql: `mutation { BranchCreate(data: {}) { ok } }`},
		{name: "a branch whose name is null", graphql: `mutation { BranchCreate(data: {name: null}) { ok } }`},

		{name: "a branch", graphql: `{ Branch(name: "{{work}}") { ` + fields + ` } }`},
		{name: "a branch by id", graphql: `{ Branch(ids: ["{{work-id}}"]) { name } }`},
		{name: "an unknown branch", graphql: `{ Branch(name: "{{nowhere}}") { name } }`},
		{name: "an unknown id of a branch", graphql: `{ Branch(ids: ["garbage"]) { name } }`},
		{name: "a branch with its maker", graphql: `{ InfrahubBranch(name__value: "{{merge}}") {
			count default_branch { id name { value } }
			edges {
				node { id name { value } description { value } status { value } origin_branch { value } branched_from { value } created_at is_default { value } sync_with_git { value } schema_differs_from_default_branch { value } }
				node_metadata { created_at created_by { id display_label } updated_at }
			}
		} }`},
		{name: "an unknown branch with its maker", graphql: `{ InfrahubBranch(name__value: "{{nowhere}}") { count edges { node { id } } } }`},
		{
			name:      "branches by a part of their name",
			graphql:   `{ InfrahubBranch(name__value: "{{run}}", partial_match: true) { count edges { node { name { value } } } } }`,
			unordered: []string{"data.InfrahubBranch.edges"},
		},
		{name: "branches by status", graphql: `{ InfrahubBranch(name__value: "{{run}}", partial_match: true, status__value: MERGED) { count edges { node { name { value } } } } }`},
		{name: "a branch by id, with its maker", graphql: `{ InfrahubBranch(ids: ["{{work-id}}"]) { count edges { node { name { value } } } } }`},
		{name: "a branch by an id that is none, with its maker", graphql: `{ InfrahubBranch(ids: ["garbage"]) { count edges { node { id } } } }`},
		{
			name:    "branches by their maker",
			graphql: `{ InfrahubBranch(name__value: "{{run}}", partial_match: true, node_metadata__created_by__id: "{{engineer}}") { count edges { node { name { value } } } } }`,
		},
		{name: "branches by when they were made", graphql: `{
			after: InfrahubBranch(name__value: "{{run}}", partial_match: true, branched_from__after: "2020-01-01T00:00:00Z") { count }
			before: InfrahubBranch(name__value: "{{run}}", partial_match: true, branched_from__before: "2020-01-01T00:00:00Z") { count }
			made: InfrahubBranch(name__value: "{{run}}", partial_match: true, node_metadata__created_at__before: "2020-01-01T00:00:00Z") { count }
		}`},
		{name: "branches by order and page", graphql: `{
			newest: InfrahubBranch(name__value: "{{run}}", partial_match: true, order: {node_metadata: {created_at: DESC}}) { edges { node { name { value } } } }
			second: InfrahubBranch(name__value: "{{run}}", partial_match: true, order: {node_metadata: {created_at: ASC}}, limit: 1, offset: 1) { count edges { node { name { value } } } }
		}`},
		{
			name:      "branches by several names",
			graphql:   `{ InfrahubBranch(name__values: ["main", "{{work}}"]) { count edges { node { name { value } } } } }`,
			unordered: []string{"data.InfrahubBranch.edges"},
		},

		{name: "data on a new branch", branch: "{{work}}", graphql: `{ DcimDevice(name__value: "par1-spine000") { count edges { node { id display_label site { node { display_label } } } } } }`},
		{name: "data on a branch with a slash", branch: "{{merge}}", graphql: `{ DcimDevice { count } }`},
		{name: "data on a branch with an escaped slash", branch: "contract%2F{{run}}%2Fmerge", graphql: `{ DcimDevice { count } }`},
		{name: "the schema of a new branch", path: "/api/schema/summary?branch={{work}}", keep: []string{"main", "nodes.DcimDevice"}},
		{name: "the schema of a branch with a slash", path: "/api/schema/DcimDevice?branch={{merge}}", keep: []string{"hash"}},
		{name: "the past of a branch before it was made", branch: "{{work}}", at: "1s", graphql: `{ DcimDevice { count } }`},

		{name: "the rebase of a branch", graphql: `mutation { BranchRebase(data: {name: "{{work}}"}, wait_until_completion: true) { ok object { name status branched_from } task { id } } }`},
		{name: "the rebase of an unknown branch", graphql: `mutation { BranchRebase(data: {name: "{{nowhere}}"}, wait_until_completion: true) { ok } }`},
		{name: "the rebase of a branch by an engineer", as: engineer, graphql: `mutation { BranchRebase(data: {name: "{{work}}"}) { ok } }`},
		{name: "the change of a description", graphql: `mutation { BranchUpdate(data: {name: "{{work}}", description: "Changed"}) { ok } }`},
		{name: "the changed description", graphql: `{ Branch(name: "{{work}}") { description status } }`},
		{name: "the change of an unknown branch", graphql: `mutation { BranchUpdate(data: {name: "{{nowhere}}", description: "x"}) { ok } }`},
		{name: "the validation of a branch", graphql: `mutation { BranchValidate(data: {name: "{{work}}"}, wait_until_completion: true) { ok task { id } } }`},
		{name: "the deletion of the default branch", graphql: `mutation { BranchDelete(data: {name: "main"}) { ok } }`},
		{name: "the deletion of an unknown branch", graphql: `mutation { BranchDelete(data: {name: "{{nowhere}}"}) { ok } }`},
		{name: "the merge of an unknown branch", graphql: `mutation { BranchMerge(data: {name: "{{nowhere}}"}) { ok } }`},
		{name: "the deletion of another's branch by an engineer", as: engineer, graphql: `mutation { BranchDelete(data: {name: "{{work}}"}) { ok } }`},
		{name: "the change of a branch by an engineer", as: engineer, graphql: `mutation { BranchUpdate(data: {name: "{{work}}", description: "x"}) { ok } }`},
		{name: "the merge of a branch by an engineer", as: engineer, graphql: `mutation { BranchMerge(data: {name: "{{merge}}"}) { ok } }`},
		{name: "the merge of a branch by an engineer, sent to the branch", as: engineer, branch: "{{merge}}", graphql: `mutation { BranchMerge(data: {name: "{{merge}}"}) { ok } }`},
	}
}

package contract

// proposals are proposed changes that are not merged.
func proposals() []request {
	const fields = `id display_label hfid name { value } description { value } state { value } source_branch { value } destination_branch { value } is_draft { value } total_comments { value }`
	create := func(name string, as account, branch, data string) request {
		return request{name: name, as: as, branch: branch, graphql: `mutation { CoreProposedChangeCreate(data: {` + data + `}) { ok object { id state { value } } } }`}
	}
	update := func(name, data string) request {
		return request{name: name, branch: "{{work}}", graphql: `mutation { CoreProposedChangeUpdate(data: {id: "{{change}}", ` + data + `}) { ok object { id state { value } name { value } description { value } is_draft { value } source_branch { value } } } }`}
	}
	const whole = `name: {value: "contract-{{run}}"}, source_branch: {value: "{{work}}"}, destination_branch: {value: "main"}`
	first := create("by an engineer on the branch", engineer, "{{work}}", whole+`, description: {value: "For the contract"}, is_draft: {value: true}`)
	first.capture = map[string]string{"change": "data.CoreProposedChangeCreate.object.id"}
	return []request{
		create("by an engineer on the default branch", engineer, "", whole),
		create("of an unknown branch", admin, "", `name: {value: "contract-{{run}}"}, source_branch: {value: "{{nowhere}}"}, destination_branch: {value: "main"}`),
		create("of the default branch into itself", admin, "", `name: {value: "contract-{{run}}"}, source_branch: {value: "main"}, destination_branch: {value: "main"}`),
		create("into an unknown branch", admin, "", `name: {value: "contract-{{run}}"}, source_branch: {value: "{{work}}"}, destination_branch: {value: "{{nowhere}}"}`),
		create("without a name", admin, "{{work}}", `source_branch: {value: "{{work}}"}, destination_branch: {value: "main"}`),
		create("without branches", admin, "{{work}}", `name: {value: "contract-{{run}}"}`),
		first,
		create("a second one of the same branch", admin, "{{work}}", whole),
		{
			name: "an open one",
			graphql: `{ CoreProposedChange(source_branch__value: "{{work}}") { count edges {
				node { ` + fields + ` reviewers { count } approved_by { count } rejected_by { count } comments { count } threads { count } }
				node_metadata { created_by { display_label } }
			} } }`,
		},
		{name: "an open one by state", graphql: `{ CoreProposedChange(source_branch__value: "{{work}}", state__value: "open") { count } }`},
		{name: "closed ones by state", graphql: `{ CoreProposedChange(source_branch__value: "{{work}}", state__values: ["closed", "canceled"]) { count } }`},
		{
			name: "what may be done with it",
			graphql: `{
				CoreProposedChangeAvailableActions(proposed_change_id: "{{change}}") { count edges { node { action available unavailability_reason } } }
			}`,
			keys: []keyed{{"data.CoreProposedChangeAvailableActions.edges", "node.action"}},
		},
		{
			name: "what an engineer may do with it", as: engineer,
			graphql: `{ CoreProposedChangeAvailableActions(proposed_change_id: "{{change}}") { edges { node { action available unavailability_reason } } } }`,
			keys:    []keyed{{"data.CoreProposedChangeAvailableActions.edges", "node.action"}},
		},
		{name: "what may be done with an unknown one", graphql: `{ CoreProposedChangeAvailableActions(proposed_change_id: "nope") { count } }`},
		update("a new description", `description: {value: "Changed"}`),
		update("no draft any more", `is_draft: {value: false}`),
		update("an unknown state", `state: {value: "nope"}`),
		update("another branch", `source_branch: {value: "{{merge}}"}`),
		{
			name: "a merge by an engineer through the state", as: engineer, branch: "{{work}}",
			graphql: `mutation { CoreProposedChangeUpdate(data: {id: "{{change}}", state: {value: "merged"}}) { ok } }`,
		},
		{name: "a review by an engineer", as: engineer, branch: "{{work}}", graphql: `mutation { CoreProposedChangeReview(data: {id: "{{change}}", decision: APPROVE}) { ok } }`},
		{name: "an update by a reader", as: reader, branch: "{{work}}", graphql: `mutation { CoreProposedChangeUpdate(data: {id: "{{change}}", description: {value: "x"}}) { ok } }`},
		{
			name: "an update by an engineer", as: engineer, branch: "{{work}}",
			graphql: `mutation {
				CoreProposedChangeUpdate(data: {id: "{{change}}", description: {value: "By an engineer"}}) { ok object { description { value } } }
			}`,
		},
		update("a reviewer", `reviewers: [{id: "{{reader}}"}]`),
		{name: "who reviews it", graphql: `{ CoreProposedChange(ids: ["{{change}}"]) { edges { node { reviewers { count edges { node { __typename display_label } } } } } } }`},
		{
			name: "an update by an engineer who asks for the reviewers", as: engineer, branch: "{{work}}",
			graphql: `mutation { CoreProposedChangeUpdate(data: {id: "{{change}}", description: {value: "x"}}) { ok object { reviewers { count } } } }`,
		},
		{
			name: "a comment", branch: "{{work}}", as: engineer,
			graphql: `mutation { CoreChangeCommentCreate(data: {text: {value: "Looks good"}, change: {id: "{{change}}"}}) { ok object { __typename text { value } } } }`,
		},
		{name: "the comments", graphql: `{ CoreProposedChange(ids: ["{{change}}"]) { edges { node { total_comments { value } comments { count edges { node { __typename ... on CoreChangeComment { text { value } } } } } } } } }`},
		update("closed", `state: {value: "closed"}`),
		update("open again", `state: {value: "open"}`),
		update("a description when it is closed", `description: {value: "x"}`),
		{name: "a merge when it is closed", graphql: `mutation { CoreProposedChangeMerge(data: {id: "{{change}}"}, wait_until_completion: true) { ok } }`},
		{name: "a merge of an unknown one", graphql: `mutation { CoreProposedChangeMerge(data: {id: "18ea0000-0000-4000-8000-000000000000"}, wait_until_completion: true) { ok } }`},
		{name: "a check when it is closed", graphql: `mutation { CoreProposedChangeRunCheck(data: {id: "{{change}}", check_type: DATA}) { ok } }`},
		{name: "a closed one", graphql: `{ CoreProposedChange(ids: ["{{change}}"]) { edges { node { state { value } description { value } } } } }`},
		{name: "it is deleted", branch: "{{work}}", graphql: `mutation { CoreProposedChangeDelete(data: {id: "{{change}}"}) { ok } }`},
		{name: "it is gone", graphql: `{ CoreProposedChange(ids: ["{{change}}"]) { count } }`},
	}
}

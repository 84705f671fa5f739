package contract

// background is what the server says of its tasks and events. It differs from
// run to run, so little but the shape is compared.
func background() []request {
	const chance = "which task is the last one is chance"
	return []request{
		{
			name: "a task of a branch", graphql: `{ InfrahubTask(branch: "{{merge}}", limit: 1, log_limit: 1) { edges { node {
				id title conclusion state progress workflow branch created_at updated_at start_time parameters tags related_nodes { id kind }
				available_actions { action available __typename } error { message remediation status_class } logs { count edges { node { message severity timestamp } } }
			} } } }`,
			ignore: map[string]string{
				"data.InfrahubTask.edges.0.node.id":            chance,
				"data.InfrahubTask.edges.0.node.title":         chance,
				"data.InfrahubTask.edges.0.node.workflow":      chance,
				"data.InfrahubTask.edges.0.node.tags":          chance,
				"data.InfrahubTask.edges.0.node.parameters":    chance,
				"data.InfrahubTask.edges.0.node.related_nodes": chance,
				"data.InfrahubTask.edges.0.node.logs":          chance,
			},
		},
		{name: "tasks of an unknown branch", graphql: `{ InfrahubTask(branch: "{{nowhere}}") { count edges { node { id } } } }`},
		{name: "no tasks", graphql: `{ InfrahubTask(limit: 0) { edges { node { id } } } }`},
		{name: "a task by an unknown id", graphql: `{ InfrahubTask(ids: ["18ea0000-0000-4000-8000-000000000000"]) { count edges { node { id } } } }`},
		{name: "a task by an id that is none", graphql: `{ InfrahubTask(ids: ["nope"]) { count } }`},
		{name: "the task of the making of a branch", graphql: `{ InfrahubTask(branch: "{{conflict}}", workflow: ["create-branch"]) { count edges { node { title state workflow branch } } } }`},
		{name: "tasks by an unknown workflow", graphql: `{ InfrahubTask(workflow: ["nope"]) { count } }`},
		{name: "tasks by an unknown state", graphql: `{ InfrahubTask(state: [NOPE]) { count } }`},
		{name: "running tasks of a branch", graphql: `{ InfrahubTaskBranchStatus(branch: "{{nowhere}}") { count } }`},
		{
			name: "the event of a new node", until: &settled{"data.InfrahubEvent.edges.0.node.event", "infrahub.node.created"},
			graphql: `{ InfrahubEvent(limit: 1, branches: ["{{work}}"], primary_node__ids: ["{{provider}}"], event_type: ["infrahub.node.created"]) { count edges { node {
				__typename id event branch account_id occurred_at level has_children parent_id primary_node { id kind } related_nodes { id kind }
				... on NodeMutatedEvent { payload attributes { name kind value value_previous action } relationships { name action peer { id kind } } }
			} } } }`,
			ignore: map[string]string{
				"data.InfrahubEvent.edges.0.node.payload":     "it tells of the insides of the server",
				"data.InfrahubEvent.edges.0.node.id":          "ids of events lead nowhere",
				"data.InfrahubEvent.edges.0.node.occurred_at": "it is later than the time of the node by chance",
			},
			keys: []keyed{{"data.InfrahubEvent.edges.0.node.attributes", "name"}},
		},
		{name: "events of an unknown node", graphql: `{ InfrahubEvent(limit: 1, primary_node__ids: ["18ea0000-0000-4000-8000-000000000000"]) { count edges { node { id } } } }`},
		{name: "too many events", graphql: `{ InfrahubEvent(limit: 51) { count } }`},
		{name: "events of an unknown type", graphql: `{ InfrahubEvent(limit: 1, event_type: ["nope"]) { count } }`},
		{name: "a task that is cancelled and unknown", graphql: `mutation { InfrahubTaskCancel(data: {id: "18ea0000-0000-4000-8000-000000000000"}) { ok } }`},
	}
}

package contract

// loads changes the schema of a branch.
func loads() []request {
	const thing = `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Contract","label":"Thing","human_friendly_id":["name__value"],"display_label":"{{ name__value }}",` +
		`"attributes":[{"name":"name","kind":"Text","unique":true},{"name":"size","kind":"Number","optional":true,"default_value":1},{"name":"color","kind":"Dropdown","optional":true,"choices":[{"name":"blue"},{"name":"red","label":"Rosso","color":"#ff0000"}]}],` +
		`"relationships":[{"name":"tags","peer":"BuiltinTag","kind":"Attribute","cardinality":"many","optional":true}]}]}]}`
	parts := []keyed{{"attributes", "name"}, {"attributes.*.choices", "name"}, {"relationships", "name"}}
	return []request{
		{name: "an engineer loads a schema into the default branch", as: engineer, path: "/api/schema/load", body: `{"schemas":[{"version":"1.0"}]}`},
		{name: "a schema with a mistake", path: "/api/schema/load?branch={{work}}", body: `{"schemas":[{"version":"1.0","nodes":[{"name":"thing","namespace":"Contract"}]}]}`},
		{
			name: "a schema with an unknown peer", path: "/api/schema/load?branch={{work}}",
			body: `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Contract","attributes":[{"name":"name","kind":"Text"}],"relationships":[{"name":"others","peer":"ContractNope","cardinality":"many"}]}]}]}`,
		},
		{name: "a schema for an unknown branch", path: "/api/schema/load?branch={{nowhere}}", body: thing},
		{name: "a schema with a new kind", path: "/api/schema/load?branch={{work}}", body: thing},
		{
			name: "the schema reaches every worker", branch: "{{work}}",
			graphql: `{ InfrahubStatus { summary { schema_hash_synced } } }`,
			until:   &settled{"data.InfrahubStatus.summary.schema_hash_synced", "true"},
		},
		{name: "the same schema again", path: "/api/schema/load?branch={{work}}", body: thing},
		{name: "the new kind", path: "/api/schema/ContractThing?branch={{work}}", keys: parts},
		{name: "the new kind on the default branch", path: "/api/schema/ContractThing"},
		{name: "the summary of the branch", path: "/api/schema/summary?branch={{work}}", keep: []string{"main", "nodes.ContractThing", "nodes.DcimDevice"}},
		{name: "the branch has another schema", graphql: `{ Branch(name: "{{work}}") { schema_differs_from_default_branch has_schema_changes } }`},
		{
			name: "a node of the new kind", branch: "{{work}}",
			graphql: `mutation {
				ContractThingCreate(data: {name: {value: "first"}, tags: [{hfid: ["blue"]}]}) {
					ok object { hfid display_label size { value is_default } color { value } }
				}
			}`,
		},
		{
			name: "nodes of the new kind", branch: "{{work}}",
			graphql: `{
				ContractThing(tags__name__value: "blue") { count edges { node { __typename display_label size { value } tags { edges { node { display_label } } } } } }
			}`,
		},
		{name: "nodes of the new kind on the default branch", graphql: `{ ContractThing { count } }`},
		{name: "the new kind in the GraphQL schema of the branch", path: "/schema.graphql?branch={{work}}", definitions: []string{"ContractThing", "ContractThingCreateInput"}},
	}
}

package contract

// queries are stored on the server and run by name.
func queries() []request {
	create := func(name, query string) request {
		return request{
			name: name, branch: "{{work}}", variables: vars{"query": query},
			graphql: `mutation ($query: String!) { CoreGraphQLQueryCreate(data: {name: {value: "contract-bad"}, query: {value: $query}}) { ok } }`,
		}
	}
	return []request{
		{
			name: "a query is stored", branch: "{{work}}", capture: map[string]string{"query": "data.CoreGraphQLQueryCreate.object.id"},
			variables: vars{"query": `query Contract($name: String!, $limit: Int = 2) { DcimDevice(name__value: $name, limit: $limit) { count edges { node { display_label } } } }`},
			graphql: `mutation ($query: String!) {
				CoreGraphQLQueryCreate(data: {name: {value: "contract-query"}, query: {value: $query}}) {
					ok object { id hfid display_label name { value } variables { value } operations { value } models { value } depth { value } height { value } }
				}
			}`,
		},
		create("a query with a syntax error", `query { DcimDevice {`),
		create("a query of an unknown field", `query { DcimDevice { nope } }`),
		{name: "a stored query", path: "/api/query/contract-query?branch={{work}}&name=par1-spine000"},
		{name: "a stored query by id", path: "/api/query/{{query}}?branch={{work}}&name=par1-spine000"},
		{name: "a stored query with two variables", path: "/api/query/contract-query?branch={{work}}&name=contract-1&limit=1"},
		{name: "a stored query by POST", path: "/api/query/contract-query?branch={{work}}", body: `{"variables":{"name":"par1-spine000"}}`},
		{name: "a stored query without its variable", path: "/api/query/contract-query?branch={{work}}"},
		{name: "a stored query without its variable by POST", path: "/api/query/contract-query?branch={{work}}", body: `{}`},
		{name: "a stored query with a bad variable", path: "/api/query/contract-query?branch={{work}}", body: `{"variables":{"name":7}}`},
		{name: "a stored query by a reader", as: reader, path: "/api/query/contract-query?branch={{work}}&name=par1-spine000"},
		{name: "a stored query by nobody", as: nobody, path: "/api/query/contract-query?branch={{work}}&name=par1-spine000"},
		{name: "a stored query by nobody by POST", as: nobody, path: "/api/query/contract-query?branch={{work}}", body: `{"variables":{"name":"par1-spine000"}}`},
		{name: "a stored query of the past", path: "/api/query/contract-query?branch={{work}}&name=contract-2&at={{before}}"},
		{name: "a stored query at a bad time", path: "/api/query/contract-query?branch={{work}}&name=contract-2&at=1d"},
		{name: "a stored query on the default branch, which lacks it", path: "/api/query/contract-query?name=par1-spine000"},
		{name: "an unknown query", path: "/api/query/nope"},
		{name: "an unknown query by POST", path: "/api/query/nope", body: `{}`},
		{name: "a query on an unknown branch", path: "/api/query/contract-query?branch={{nowhere}}"},
		{
			name: "the list of queries", branch: "{{work}}",
			graphql: `{
				CoreGraphQLQuery(name__value: "contract-query") {
					count edges { node { name { value } query { value } variables { value } models { value } operations { value } } }
				}
			}`,
		},
	}
}

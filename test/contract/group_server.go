package contract

// server is about the server itself: what it says of itself, and how it answers
// what it does not understand.
func server() []request {
	const count = `{"query":"{ DcimDevice { count } }"}`
	return []request{
		{name: "the version", path: "/api/info"},
		{name: "the settings", path: "/api/config", ignore: map[string]string{
			"main.docs_index_path": "it is a path of the installation", "main.internal_address": "it is that of the installation",
			"main.telemetry_endpoint": "it is that of the makers", "main.telemetry_optout": "it is up to the installation",
		}},
		{name: "the version by GraphQL", graphql: `{ InfrahubInfo { version deployment_id __typename } }`},
		{
			name:    "the state of the schema by GraphQL",
			graphql: `{ InfrahubStatus { summary { schema_hash_synced __typename } __typename } }`,
			ignore:  map[string]string{"data.InfrahubStatus.summary.schema_hash_synced": "depends on whether a schema has just been changed"},
		},
		{name: "a request id that is a UUID is kept", path: "/api/info", headers: map[string]string{"X-Request-ID": "0f8fad5b-d9cb-469f-a165-70867728950e"}, header: []string{"X-Request-ID"}},
		{name: "another request id is replaced", path: "/api/info", headers: map[string]string{"X-Request-ID": "mine"}, header: []string{"X-Request-ID"}},
		{name: "a request id is given", graphql: `{ __typename }`, header: []string{"X-Request-ID"}},

		{name: "a priority", graphql: `{ DcimDevice { count } }`, headers: map[string]string{"X-Priority": "low"}},
		{name: "a priority that is unknown", graphql: `{ DcimDevice { count } }`, headers: map[string]string{"X-Priority": "urgent"}},
		{
			name: "a browser asks in the name of an unknown site", as: nobody, method: "OPTIONS", path: "/graphql",
			headers: map[string]string{"Origin": "https://unknown.example", "Access-Control-Request-Method": "POST"}, header: []string{"Access-Control-Allow-Origin"},
		},

		{name: "an unknown endpoint", path: "/api/nope"},
		{name: "an unknown endpoint below a known one", path: "/api/info/nope"},
		{name: "a method that a REST endpoint lacks", method: "POST", path: "/api/info"},
		{name: "DELETE on a REST endpoint", method: "DELETE", path: "/api/schema"},
		{name: "PUT on the GraphQL endpoint", method: "PUT", path: "/graphql", body: count},
		{name: "a trailing slash after the GraphQL endpoint", method: "POST", path: "/graphql/", body: count},
		{name: "GraphQL on the default branch by name", graphql: `{ DcimDevice { count } }`, branch: "main"},
		{name: "GraphQL on an unknown branch", graphql: `{ DcimDevice { count } }`, branch: "{{nowhere}}"},
		{name: "GraphQL on an unknown branch with a slash", graphql: `{ DcimDevice { count } }`, branch: "no/where"},

		{name: "a syntax error", graphql: `{ DcimDevice { count }`},
		{name: "an empty document", path: "/graphql", body: `{"query":""}`},
		{name: "no document", path: "/graphql", body: `{}`},
		{name: "a document that is null", path: "/graphql", body: `{"query":null}`},
		{name: "variables that are a list", path: "/graphql", body: `{"query":"{ DcimDevice { count } }","variables":[]}`},
		{name: "variables that are a text", path: "/graphql", body: `{"query":"{ DcimDevice { count } }","variables":"x"}`},
		{name: "variables that are null", path: "/graphql", body: `{"query":"{ DcimDevice { count } }","variables":null}`},
		{name: "a body that is a text", path: "/graphql", body: `"x"`},
		{name: "a batch", path: "/graphql", body: "[" + count + "," + count + "]"},
		{name: "an empty batch", path: "/graphql", body: "[]"},
		{name: "a body that is no JSON", path: "/graphql", body: `{"query":`},
		{name: "an empty body", method: "POST", path: "/graphql", headers: map[string]string{"Content-Type": "application/json"}},
		{name: "another media type", path: "/graphql", body: `{ DcimDevice { count } }`, headers: map[string]string{"Content-Type": "application/graphql"}},
		{name: "a form", path: "/graphql", body: `query=%7B__typename%7D`, headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		{name: "unknown members of the body", path: "/graphql", body: `{"query":"{ DcimDevice { count } }","extensions":{"a":1},"id":"x"}`},

		{name: "several operations and the name of one", graphql: `query A { DcimDevice { count } } query B { DcimCable { count } }`, operation: "B"},
		{name: "several operations without a name", graphql: `query A { DcimDevice { count } } query B { DcimCable { count } }`},
		{name: "the name of an unknown operation", graphql: `query A { DcimDevice { count } }`, operation: "C"},
		{name: "a subscription as a query", graphql: `subscription { query(name: "x") }`},
	}
}

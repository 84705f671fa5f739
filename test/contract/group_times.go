package contract

// times are reads of the past of the default branch.
func times() []request {
	at := func(name, at string) request {
		return request{name: name, graphql: `{ DcimDevice { count } }`, at: at}
	}
	return []request{
		at("a second ago", "1s"),
		at("a second ago with a sign", "-1s"),
		at("a time to come", "2999-01-01T00:00:00Z"),
		at("a time to come without a zone", "2999-01-01T00:00:00"),
		at("a time to come in another zone", "2999-01-01T00:00:00%2B02:00"),
		at("a day to come", "2999-01-01"),
		at("a time before the branch", "2020-01-01T00:00:00Z"),
		at("a time before the branch without a zone", "2020-01-01T00:00:00"),
		at("a day before the branch", "2020-01-01"),
		at("days ago", "1d"),
		at("now", "now"),
		at("seconds since 1970", "1700000000"),
		at("a number without a unit", "5"),
		at("a word", "yesterday"),
		{name: "an empty time", method: "POST", path: "/graphql?at=", body: `{"query":"{ DcimDevice { count } }"}`},
		{name: "a time on an unknown branch", graphql: `{ DcimDevice { count } }`, branch: "{{nowhere}}", at: "1s"},
		{name: "a bad time on an unknown branch", graphql: `{ DcimDevice { count } }`, branch: "{{nowhere}}", at: "1d"},
		{name: "a bad time and a bad document", graphql: `{ Nope }`, at: "1d"},
		{name: "a bad time for the schema", path: "/api/schema/summary?at=1d", keep: []string{"errors"}},
		{name: "a time for the schema", path: "/api/schema/OrganizationProvider?at=1s", keep: []string{"kind"}},
	}
}

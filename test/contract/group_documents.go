package contract

// documents hold several mutations.
func documents() []request {
	return []request{
		{name: "one after the other", branch: "{{work}}", graphql: `mutation {
			first: BuiltinTagCreate(data: {name: {value: "contract-d1"}}) { ok object { display_label } }
			second: BuiltinTagUpdate(data: {hfid: ["contract-d1"], description: {value: "found"}}) { ok object { display_label description { value } } }
		}`},
		{name: "one of three fails", branch: "{{work}}", graphql: `mutation {
			a: BuiltinTagCreate(data: {name: {value: "contract-d2"}}) { ok }
			b: BuiltinTagCreate(data: {name: {value: "contract-d1"}}) { ok }
			c: BuiltinTagCreate(data: {name: {value: "contract-d3"}}) { ok }
		}`},
		{name: "the others are kept", branch: "{{work}}", graphql: `{ BuiltinTag(name__values: ["contract-d2", "contract-d3"]) { count } }`},
		{name: "one is not valid", branch: "{{work}}", graphql: `mutation {
			a: BuiltinTagCreate(data: {name: {value: "contract-d4"}}) { ok }
			b: BuiltinTagCreate(data: {nope: {value: "contract-d5"}}) { ok }
		}`},
		{name: "none is kept", branch: "{{work}}", graphql: `{ BuiltinTag(name__values: ["contract-d4", "contract-d5"]) { count } }`},
		{name: "two fail", branch: "{{work}}", graphql: `mutation {
			a: BuiltinTagUpdate(data: {id: "nope"}) { ok }
			b: DcimDeviceCreate(data: {name: {value: "X"}}) { ok }
		}`},
		{
			name: "by variables", branch: "{{work}}", variables: vars{"a": vars{"name": vars{"value": "contract-d6"}}, "b": "contract-d7", "c": vars{"value": "contract-d8"}},
			graphql: `mutation ($a: BuiltinTagCreateInput!, $b: String!, $c: TextAttributeCreate) {
				a: BuiltinTagCreate(data: $a) { object { display_label } } b: BuiltinTagCreate(data: {name: {value: $b}}) { object { display_label } } c: BuiltinTagCreate(data: {name: $c}) { object { display_label } }
			}`,
		},
		{
			name: "with a fragment", branch: "{{work}}",
			graphql: `mutation { BuiltinTagUpsert(data: {name: {value: "contract-d6"}}) { ...Done } } fragment Done on BuiltinTagUpsert { ok object { ...Tag } } fragment Tag on BuiltinTag { display_label __typename }`,
		},
		{name: "without the object", branch: "{{work}}", graphql: `mutation { BuiltinTagUpsert(data: {name: {value: "contract-d6"}}) { __typename ok } }`},
		{
			name: "a query and a mutation, of which the mutation is meant", branch: "{{work}}", operation: "M",
			graphql: `query Q { BuiltinTag { count } } mutation M { BuiltinTagUpsert(data: {name: {value: "contract-d6"}}) { ok } }`,
		},
		{
			name: "a skipped mutation", branch: "{{work}}",
			graphql: `mutation { a: BuiltinTagCreate(data: {name: {value: "contract-d9"}}) @skip(if: true) { ok } b: BuiltinTagUpsert(data: {name: {value: "contract-d6"}}) { ok } }`,
		},
		{name: "a mutation with a time of the past", branch: "{{work}}", at: "2999-01-01", graphql: `mutation { BuiltinTagUpsert(data: {name: {value: "contract-d6"}}) { ok } }`},
		{name: "a mutation on an unknown branch", branch: "{{nowhere}}", graphql: `mutation { BuiltinTagUpsert(data: {name: {value: "contract-d6"}}) { ok } }`},
		{name: "a mutation by an old name of a query", branch: "{{work}}", graphql: `{ BuiltinTagCreate(data: {name: {value: "x"}}) { ok } }`},
	}
}

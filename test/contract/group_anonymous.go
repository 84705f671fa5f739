package contract

// anonymous is what a server that allows it answers to those without a
// credential.
func anonymous() []request {
	return []request{
		{name: "a query", as: nobody, graphql: `{ DcimDevice(limit: 2) { count edges { node { display_label } } } }`},
		{name: "a query of REST", as: nobody, path: "/api/schema/OrganizationProvider", keep: []string{"kind"}},
		{name: "nobody has no profile", as: nobody, graphql: `{ AccountProfile { id name { value } } }`},
		{
			name: "what nobody may do", as: nobody,
			graphql: `{
				InfrahubPermissions {
					global_permissions { count edges { node { name action decision identifier } } } object_permissions { count edges { node { namespace name action decision identifier } } }
				}
			}`,
		},
		{
			name: "what nobody may do with devices", as: nobody,
			graphql: `{
				DcimDevice(limit: 1) { permissions { count edges { node { kind view create update delete } } } edges { node { name { permissions { update_value } } } } }
			}`,
		},
		{name: "the hash of a password", as: nobody, graphql: `{ CoreAccount(name__value: "admin") { edges { node { name { value } password { value } } } } }`},
		{name: "a mutation", as: nobody, graphql: `mutation { BuiltinTagCreate(data: {name: {value: "contract"}}) { ok } }`},
		{name: "the making of a branch", as: nobody, graphql: `mutation { BranchCreate(data: {name: "contract-{{run}}-none"}) { ok } }`},
		{name: "the making of a diff", as: nobody, graphql: `mutation { DiffUpdate(data: {branch: "main"}) { ok } }`},
		{name: "the load of a schema", as: nobody, path: "/api/schema/load", body: `{"schemas":[{"version":"1.0","nodes":[]}]}`},
		{name: "the check of a schema", as: nobody, path: "/api/schema/check", body: `{"schemas":[{"version":"1.0","nodes":[]}]}`},
		{name: "the settings say that it is allowed", as: nobody, path: "/api/config", keep: []string{"main.allow_anonymous_access"}},
	}
}

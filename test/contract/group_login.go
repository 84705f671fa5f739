package contract

import "maps"

// logins is about who asks: logging in and out, and which credential counts.
func logins() []request {
	const profile = `{ AccountProfile { __typename id hfid display_label name { value } label { value } account_type { value } status { value } } }`
	bearer := func(token string) map[string]string { return map[string]string{"Authorization": "Bearer " + token} }
	cookie := func(name, token string) map[string]string { return map[string]string{"Cookie": name + "=" + token} }
	key := func(token string, more map[string]string) map[string]string {
		headers := map[string]string{"X-INFRAHUB-KEY": token}
		maps.Copy(headers, more)
		return headers
	}
	const loginBody = `{"username":"admin","password":"{{admin-password}}"}`
	return []request{
		{
			name: "a login", as: nobody, path: "/api/auth/login", body: loginBody,
			header: []string{"Set-Cookie"}, capture: map[string]string{"access": "access_token", "refresh": "refresh_token"},
		},
		{name: "a login with a wrong password", as: nobody, path: "/api/auth/login", body: `{"username":"admin","password":"wrong"}`, header: []string{"Set-Cookie"}},
		{name: "a login of an unknown user", as: nobody, path: "/api/auth/login", body: `{"username":"nobody","password":"wrong"}`},
		{name: "a login without a password", as: nobody, path: "/api/auth/login", body: `{"username":"admin"}`},
		{name: "a login without anything", as: nobody, path: "/api/auth/login", body: `{}`},
		{name: "a login with a list", as: nobody, path: "/api/auth/login", body: `[]`},
		{name: "a login with a number as password", as: nobody, path: "/api/auth/login", body: `{"username":"admin","password":1}`},
		{name: "a login that is no JSON", as: nobody, path: "/api/auth/login", body: `username=admin`},
		{name: "a login without a body", as: nobody, method: "POST", path: "/api/auth/login"},
		{name: "a login by GET", as: nobody, path: "/api/auth/login"},

		{name: "who the owner of an API token is", graphql: profile},
		{name: "who is logged in, by bearer token", as: login, graphql: profile},
		{name: "who is logged in, by cookie", as: nobody, headers: cookie("access_token", "{{access}}"), graphql: profile},
		{name: "who the reader is", as: reader, graphql: profile},
		{name: "which groups the engineer is in", as: engineer, graphql: `{ AccountProfile { name { value } member_of_groups { count edges { node { __typename } } } } }`},
		{name: "a token beats a refused bearer token", headers: bearer("junk"), graphql: profile},
		{name: "a token beats a refused cookie", headers: cookie("access_token", "junk"), graphql: profile},
		{name: "a refused token beats a bearer token", as: nobody, headers: key("junk", bearer("{{access}}")), graphql: profile},
		{name: "a refused bearer token beats a cookie", as: nobody, headers: map[string]string{"Authorization": "Bearer junk", "Cookie": "access_token={{access}}"}, graphql: profile},
		{name: "a refused cookie", as: nobody, headers: cookie("access_token", "junk"), graphql: profile},
		{name: "a refused token", as: nobody, headers: key("junk", nil), graphql: profile},
		{name: "a refused token that looks like one", as: nobody, headers: key("00000000-0000-4000-8000-000000000000", nil), graphql: profile},
		{name: "a refused token for REST", as: nobody, headers: key("junk", nil), path: "/api/schema/summary"},
		{name: "a refused token for what needs none", as: nobody, headers: key("junk", nil), path: "/api/config", keep: []string{"main.allow_anonymous_access"}},
		{name: "a refused token and an unknown branch", as: nobody, headers: key("junk", nil), graphql: profile, branch: "{{nowhere}}"},
		{name: "a refused token and an unknown branch for REST", as: nobody, headers: key("junk", nil), path: "/api/schema/summary?branch={{nowhere}}"},
		{name: "an API token as a bearer token", as: nobody, headers: bearer("{{admin-token}}"), graphql: profile},
		{name: "a refresh token as a bearer token", as: nobody, headers: bearer("{{refresh}}"), graphql: profile},
		{name: "an empty token", as: nobody, headers: key("", nil), graphql: `{ DcimDevice { count } }`},
		{name: "basic authentication", as: nobody, headers: map[string]string{"Authorization": "Basic YWRtaW46aW5mcmFodWI="}, graphql: `{ DcimDevice { count } }`},
		{
			name: "basic authentication for a mutation", as: nobody,
			headers: map[string]string{"Authorization": "Basic YWRtaW46aW5mcmFodWI="},
			graphql: `mutation { BuiltinTagCreate(data: {name: {value: "contract"}}) { ok } }`,
		},
		{name: "an expired bearer token", as: nobody, headers: bearer("{{expired}}"), graphql: profile},
		{name: "an expired bearer token for REST", as: nobody, headers: bearer("{{expired}}"), path: "/api/schema/summary"},
		{name: "a token beats an expired bearer token", headers: bearer("{{expired}}"), graphql: profile},
		{name: "a bearer token without a value", as: nobody, headers: map[string]string{"Authorization": "Bearer"}, graphql: `{ DcimDevice { count } }`},

		{
			name: "a refresh by bearer token", as: nobody, method: "POST", path: "/api/auth/refresh",
			headers: bearer("{{refresh}}"),
			header:  []string{"Set-Cookie"},
			capture: map[string]string{"renewed": "access_token"},
		},
		{name: "a renewed token is good", as: nobody, headers: bearer("{{renewed}}"), graphql: profile},
		{name: "a refresh by cookie", as: nobody, method: "POST", path: "/api/auth/refresh", headers: cookie("refresh_token", "{{refresh}}"), header: []string{"Set-Cookie"}},
		{name: "a refresh with an access token", as: nobody, method: "POST", path: "/api/auth/refresh", headers: bearer("{{access}}")},
		{name: "a refresh with junk", as: nobody, method: "POST", path: "/api/auth/refresh", headers: bearer("junk")},
		{name: "a refresh with nothing", as: nobody, method: "POST", path: "/api/auth/refresh"},
		{name: "a refresh with an API token", method: "POST", path: "/api/auth/refresh"},

		{name: "an API token cannot make a token", graphql: `mutation { InfrahubAccountTokenCreate(data: {name: "contract-{{run}}"}) { ok object { token { value } } } }`},
		{
			name: "a login makes a token", as: login,
			graphql: `mutation { InfrahubAccountTokenCreate(data: {name: "contract-{{run}}"}) { ok object { __typename id token { value } } } }`,
			capture: map[string]string{"token-id": "data.InfrahubAccountTokenCreate.object.id", "token": "data.InfrahubAccountTokenCreate.object.token.value"},
		},
		{name: "the token is good", as: nobody, headers: key("{{token}}", nil), graphql: profile},
		{
			name: "a login lists its tokens", as: login, graphql: `{ InfrahubAccountToken { count edges { node { id name expiration } } } }`,
			ignore: map[string]string{"data.InfrahubAccountToken.count": "other clients make tokens too", "data.InfrahubAccountToken.edges": "other clients make tokens too"},
		},
		{name: "a login deletes a token", as: login, graphql: `mutation { InfrahubAccountTokenDelete(data: {id: "{{token-id}}"}) { ok } }`},
		{name: "a deleted token is refused", as: nobody, headers: key("{{token}}", nil), graphql: profile},
		{name: "a token is deleted once", as: login, graphql: `mutation { InfrahubAccountTokenDelete(data: {id: "{{token-id}}"}) { ok } }`},

		{name: "a logout with an API token", method: "POST", path: "/api/auth/logout"},
		{name: "a logout with nothing", as: nobody, method: "POST", path: "/api/auth/logout"},
		{name: "a logout", as: login, method: "POST", path: "/api/auth/logout", header: []string{"Set-Cookie"}},
		{name: "the access token outlives the logout", as: login, graphql: profile},
		{name: "the refresh token does not", as: nobody, method: "POST", path: "/api/auth/refresh", headers: bearer("{{refresh}}")},
		{name: "LDAP is not set up", as: nobody, path: "/api/auth/ldap/login", body: loginBody},
		{name: "an unknown OIDC provider", as: nobody, path: "/api/oidc/nope/authorize"},
	}
}

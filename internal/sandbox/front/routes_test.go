package front

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"infrahub-mcp/internal/sandbox/access"
)

// envelope is the body of an error of REST.
func envelope(code, message string) string {
	return `{"data":null,"errors":[{"message":"` + message + `","extensions":{"code":` + code + `}}]}`
}

// missing is the body for a member that is not there.
func missing(name, input string) string {
	return `{"detail":[{"type":"missing","loc":["body","` + name + `"],"msg":"Field required","input":` + input + `}]}`
}

func TestAnswersAreThoseOfInfrahub(t *testing.T) {
	s := newSandbox(t)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	junk := map[string]string{"X-INFRAHUB-KEY": "junk"}
	denied := envelope("401", "Authentication is required")
	tests := []struct {
		name    string
		request request
		status  int
		body    string
	}{
		{"the version", request{path: "/api/info"}, 200, `{"deployment_id":"18ea0000-0000-4000-8000-000000000001","version":"1.11.9"}`},
		{"an unknown endpoint", request{path: "/api/nope"}, 404, envelope("404", "The requested endpoint /api/nope does not exist")},
		{"an unknown endpoint below a known one", request{path: "/api/info/nope"}, 404, envelope("404", "The requested endpoint /api/info/nope does not exist")},
		{"an endpoint with a slash too many", request{path: "/api/schema/"}, 404, envelope("404", "The requested endpoint /api/schema/ does not exist")},
		{"an endpoint with two slashes", request{path: "/api//info"}, 404, envelope("404", "The requested endpoint /api//info does not exist")},
		{"a method that an endpoint lacks", request{method: "POST", path: "/api/info"}, 404, envelope("404", "The requested endpoint /api/info does not exist")},
		{"DELETE", request{method: "DELETE", path: "/api/schema"}, 404, envelope("404", "The requested endpoint /api/schema does not exist")},
		{"PATCH", request{method: "PATCH", path: "/api/info"}, 405, `{"detail":"Method Not Allowed"}`},
		{"HEAD", request{method: "HEAD", path: "/api/info"}, 405, ``},
		{"PUT on GraphQL", request{method: "PUT", path: "/graphql"}, 405, `{"detail":"Method Not Allowed"}`},
		{"GET on GraphQL", request{path: "/graphql"}, 500, `Internal Server Error`},
		{"a preflight", request{method: "OPTIONS", path: "/graphql", header: map[string]string{"Origin": "http://a.example", "Access-Control-Request-Method": "POST"}}, 400, `Disallowed CORS origin`},
		{"a refused token", request{path: "/api/info", header: junk}, 401, envelope("401", "Invalid token")},
		{"a refused token where none is needed", request{path: "/metrics", header: junk}, 200, ""},
		{"a refused token for what does not exist", request{path: "/api/nope", header: junk}, 404, envelope("404", "The requested endpoint /api/nope does not exist")},
		{"a refused token and an unknown branch", request{path: "/api/schema?branch=nope", header: junk}, 400, envelope("400", "Branch: nope not found.")},

		{"an unknown kind", request{path: "/api/schema/Nope"}, 422, envelope("422", "Unable to find the schema 'Nope' in the registry")},
		{"a kind that is named like an endpoint", request{path: "/api/schema/load"}, 422, envelope("422", "Unable to find the schema 'load' in the registry")},
		{"the schema of an unknown branch", request{path: "/api/schema?branch=nope"}, 400, envelope("400", "Branch: nope not found.")},
		{"the GraphQL schema of an unknown branch", request{path: "/schema.graphql?branch=nope"}, 400, envelope("400", "Branch: nope not found.")},
		{"a JSON schema", request{path: "/api/schema/json_schema/OrganizationProvider"}, 200, `{"title":"Provider","description":null,"type":"object","properties":{"name":{"title":"Name","type":"string"},"noc_email":{"default":null,"format":"email","title":"Noc Email","type":"string"}},"items":null,"required":["name"],"$schema":"http://json-schema.org/draft-07/schema#","additionalProperties":null}`},
		{"the JSON schema of a kind with a list", request{path: "/api/schema/json_schema/DcimDevice"}, 500, `Internal Server Error`},
		{"the check of a new kind", request{path: "/api/schema/check", body: `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Test","attributes":[{"name":"name","kind":"Text"}]}]}]}`}, 202, `{"diff":{"added":{"TestThing":{"added":{},"changed":{},"removed":{}}},"changed":{},"removed":{}},"warnings":[]}`},
		{"the check of an unknown peer", request{path: "/api/schema/check", body: `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Test","attributes":[{"name":"name","kind":"Text"}],"relationships":[{"name":"others","peer":"TestNope","cardinality":"many"}]}]}]}`}, 422, envelope("422", "Unable to find the schema 'TestNope' in the registry")},
		{"the check of no schema", request{path: "/api/schema/check", body: `{}`}, 422, missing("schemas", "{}")},
		{"the check of no JSON", request{path: "/api/schema/check?branch=nope", body: `{"a" 1}`, anonymous: true}, 422, `{"detail":[{"type":"json_invalid","loc":["body",5],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting ':' delimiter"}}]}`},
		{"a check by nobody", request{path: "/api/schema/check", body: `{}`, anonymous: true}, 401, denied},
		{"a check without a right", request{path: "/api/schema/check", body: `{"schemas":[{"version":"1.0"}]}`, header: map[string]string{"X-INFRAHUB-KEY": readerToken}}, 202, `{"diff":{"added":{},"changed":{},"removed":{}},"warnings":[]}`},
		{"a load for an unknown branch", request{path: "/api/schema/load?branch=nope", body: `{"schemas":[]}`}, 400, envelope("400", "Branch: nope not found.")},
		{"a load without the right", request{path: "/api/schema/load", body: `{"schemas":[{"version":"1.0"}]}`, header: map[string]string{"X-INFRAHUB-KEY": readerToken}}, 403, envelope("403", "You are not allowed to manage the schema")},

		{"a login with a wrong password", request{path: "/api/auth/login", body: `{"username":"admin","password":"wrong"}`}, 401, envelope("401", "Incorrect password")},
		{"a login of an unknown user", request{path: "/api/auth/login", body: `{"username":"nobody","password":"wrong"}`}, 404, envelope("404", "That login user doesn't exist in the system")},
		{"a login without a password", request{path: "/api/auth/login", body: `{"username":"admin"}`}, 422, missing("password", `{"username":"admin"}`)},
		{"a login with a list", request{path: "/api/auth/login", body: `[]`}, 422, `{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":[]}]}`},
		{"a login with a number as password", request{path: "/api/auth/login", body: `{"username":"admin","password":1}`}, 422, `{"detail":[{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":1}]}`},
		{"a login by form", request{path: "/api/auth/login", body: `username=a`, header: form}, 422, `{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":"username=a"}]}`},
		{"a login without a body", request{method: "POST", path: "/api/auth/login"}, 422, `{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}`},
		{"a login by GET", request{path: "/api/auth/login"}, 404, envelope("404", "The requested endpoint /api/auth/login does not exist")},
		{"LDAP", request{path: "/api/auth/ldap/login", body: `{"username":"a","password":"b"}`}, 403, envelope("403", "This feature requires the Infrahub Enterprise edition.")},
		{"an OIDC provider", request{path: "/api/oidc/nope/authorize"}, 400, envelope("400", "The provider nope has not been initialized")},
		{"a refresh with nothing", request{method: "POST", path: "/api/auth/refresh"}, 401, envelope("401", "A JWT refresh token is required to perform this operation.")},
		{"a refresh with junk", request{method: "POST", path: "/api/auth/refresh", header: map[string]string{"Authorization": "Bearer junk"}}, 401, envelope("401", "Invalid token")},
		{"a logout with an API token", request{method: "POST", path: "/api/auth/logout"}, 401, envelope("401", "A JWT access token is required to perform this operation.")},

		{"an unknown artifact", request{path: "/api/artifact/nope"}, 404, envelope("404", "Unable to find the node nope / CoreArtifact in the database.")},
		{"an artifact on an unknown branch", request{path: "/api/artifact/nope?branch=nope"}, 400, envelope("400", "Branch: nope not found.")},
		{"the making of an unknown artifact", request{path: "/api/artifact/generate/nope", body: `{}`}, 404, envelope("404", "Unable to find the node nope / CoreArtifactDefinition in the database.")},
		{"an unknown transformation in Jinja2", request{path: "/api/transform/jinja2/nope"}, 404, envelope("404", "Unable to find the node nope / CoreTransformJinja2 in the database.")},
		{"an unknown transformation in Python", request{path: "/api/transform/python/nope"}, 404, envelope("404", "Unable to find the node nope / CoreTransformPython in the database.")},
		{"an unknown object", request{path: "/api/storage/object/nope"}, 404, envelope("404", "Unable to find the node nope / StorageObject in the database.")},
		{"an unknown file", request{path: "/api/storage/files/nope"}, 404, envelope("404", "Unable to find the node nope / CoreFileObject in the database.")},
		{"a file of a kind that has none", request{path: "/api/storage/files/by-hfid/DcimDevice?hfid=nope"}, 400, `{"detail":"'DcimDevice' is not a file object"}`},
		{"a file without an hfid", request{path: "/api/storage/files/by-hfid/DcimDevice"}, 422, `{"detail":[{"type":"missing","loc":["query","hfid"],"msg":"Field required","input":null}]}`},
		{"a file by an unknown id of the storage", request{path: "/api/storage/files/by-storage-id/nope"}, 404, envelope("404", "Unable to find the node nope / CoreFileObject in the database.")},
		{"the old place of files", request{path: "/api/files/x"}, 404, envelope("404", "The requested endpoint /api/files/x does not exist")},
		{"an upload by nobody", request{path: "/api/storage/upload/content", body: `{}`, anonymous: true}, 401, denied},
		{"an upload of nothing", request{path: "/api/storage/upload/content", body: `{}`}, 422, missing("content", "{}")},
		{"the files of the diff of the default branch", request{path: "/api/diff/files"}, 400, envelope("400", "diff_from is mandatory when diffing on the default branch `main`.")},
		{"the artifacts of a diff", request{path: "/api/diff/artifacts"}, 200, `{}`},
		{"the old place of the diff of data", request{path: "/api/diff/data"}, 404, envelope("404", "The requested endpoint /api/diff/data does not exist")},

		{"an unknown query", request{path: "/api/query/nope"}, 404, envelope("404", "Unable to find the node nope / CoreGraphQLQuery in the database.")},
		{"an unknown query by POST without a body", request{method: "POST", path: "/api/query/nope"}, 404, envelope("404", "Unable to find the node nope / CoreGraphQLQuery in the database.")},
		{"a query by nobody by POST", request{path: "/api/query/nope", body: `{}`, anonymous: true}, 401, denied},
		{"a query with variables of a wrong type", request{path: "/api/query/nope", body: `{"variables":[]}`}, 422, `{"detail":[{"type":"dict_type","loc":["body","variables"],"msg":"Input should be a valid dictionary","input":[]}]}`},
		{"a query at a bad time on an unknown branch", request{path: "/api/query/nope?branch=nope&at=1d"}, 400, envelope("400", "Branch: nope not found.")},
		{"a query at a bad time", request{path: "/api/query/nope?at=1d"}, 400, envelope("400", "Invalid time format for 1d")},
		{"a schema at a bad time", request{path: "/api/schema/summary?at=1d"}, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := s.send(tt.request)
			if got.status != tt.status {
				t.Errorf("status %d, want %d", got.status, tt.status)
			}
			if tt.body != "" {
				sameJSON(t, tt.body, got.body)
			}
		})
	}
}

func TestWithoutAnonymousAccessOnlyTheSettingsAreOpen(t *testing.T) {
	s := newSandbox(t, func(o *Options) { o.Gate = access.New(o.Base, access.Options{}) })
	for _, path := range []string{"/api/info", "/api/schema", "/api/schema/summary", "/api/menu", "/schema.graphql", "/api/query/x", "/api/storage/object/x"} {
		if got := s.send(request{path: path, anonymous: true}); got.status != 401 || got.body != envelope("401", "Authentication is required") {
			t.Errorf("%s answers %d %s", path, got.status, got.body)
		}
	}
	r := graphql("/graphql", "{ __typename }")
	r.anonymous = true
	if got := s.send(r); got.status != 401 {
		t.Errorf("GraphQL answers %d %s", got.status, got.body)
	}
	if got := s.send(request{path: "/api/config", anonymous: true}); got.status != 200 || !strings.Contains(got.body, `"allow_anonymous_access":false`) {
		t.Errorf("/api/config answers %d %s", got.status, got.body)
	}
	if got := s.send(request{path: "/metrics", anonymous: true}); got.status != 200 || !strings.Contains(got.body, "sandbox_requests_total{status=\"4xx\"}") {
		t.Errorf("/metrics answers %d %s", got.status, got.body)
	}
}

func TestRequestsHaveAnID(t *testing.T) {
	s := newSandbox(t)
	const own = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for given, want := range map[string]string{own: "^" + own + "$", "mine": "^[0-9a-f]{32}$", "": "^[0-9a-f]{32}$"} {
		got := s.send(request{path: "/api/info", header: map[string]string{"X-Request-ID": given}})
		if id := got.header.Get("X-Request-ID"); !regexp.MustCompile(want).MatchString(id) {
			t.Errorf("for %q the id is %q", given, id)
		}
		if took := got.header.Get("X-Process-Time"); !regexp.MustCompile(`^\d+(\.\d+)?$`).MatchString(took) {
			t.Errorf("X-Process-Time is %q", took)
		}
	}
	got := s.send(request{path: "/api/schema/json_schema/DcimDevice"})
	if got.header.Get("X-Request-ID") != "" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("a failure has the headers %v", got.header)
	}
}

func TestABodyIsBounded(t *testing.T) {
	s := newSandbox(t)
	for _, path := range []string{"/graphql", "/api/storage/upload/content"} {
		got, err := s.try(request{path: path, body: strings.Repeat(" ", maxBody+1)})
		if err == nil && got.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
}

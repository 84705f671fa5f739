package infrahub

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestGraphQLSendsTheQuery(t *testing.T) {
	tests := []struct {
		name  string
		query Query
		path  string // escaped, with its query
		body  map[string]any
	}{
		{
			name:  "to the default branch at the present time",
			query: Query{Document: "{ Branch { name } }"},
			path:  "/graphql",
			body:  map[string]any{"query": "{ Branch { name } }"},
		},
		{
			name:  "with operation and variables",
			query: Query{Document: "query A($n: Int) { x }", Operation: "A", Variables: map[string]any{"n": 1, "s": "<é>"}},
			path:  "/graphql",
			body: map[string]any{
				"query": "query A($n: Int) { x }", "operationName": "A",
				"variables": map[string]any{"n": 1.0, "s": "<é>"},
			},
		},
		{
			name:  "to a branch with a slash in its name",
			query: Query{Document: "{ x }", Branch: "mcp/session-1"},
			path:  "/graphql/mcp/session-1",
			body:  map[string]any{"query": "{ x }"},
		},
		{
			name:  "to a branch whose name looks like an escape",
			query: Query{Document: "{ x }", Branch: "x%2fy"},
			path:  "/graphql/x%252fy",
			body:  map[string]any{"query": "{ x }"},
		},
		{
			name:  "to a branch with what means something in a URL",
			query: Query{Document: "{ x }", Branch: "a?b#c é"},
			path:  "/graphql/a%3Fb%23c%20%C3%A9",
			body:  map[string]any{"query": "{ x }"},
		},
		{
			name:  "at a time with a zone",
			query: Query{Document: "{ x }", At: "2026-11-22T12:00:00+01:00"},
			path:  "/graphql?at=2026-11-22T12%3A00%3A00%2B01%3A00",
			body:  map[string]any{"query": "{ x }"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var path string
			var body map[string]any
			u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				path, body = r.URL.RequestURI(), readJSON(t, r)
				w.Write([]byte(`{"data":{"x":1}}`))
			}, Settings{})
			data, err := u.Client(someToken).GraphQL(t.Context(), tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{tt.path, tt.body, `{"x":1}`}, []any{path, body, string(data)}); diff != "" {
				t.Errorf("path, body and data (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGraphQLRefusesWhatCannotBeSent(t *testing.T) {
	u, _ := newUpstream(t, func(http.ResponseWriter, *http.Request) {
		t.Error("a request was sent")
	}, Settings{})
	tests := []struct {
		name  string
		query Query
		kind  Kind
	}{
		{"an empty document", Query{Document: " \n"}, QueryInvalid},
		{"variables that are no JSON", Query{Document: "{ x }", Variables: map[string]any{"f": func() {}}}, QueryInvalid},
		{"a branch that leads out of /graphql", Query{Document: "{ x }", Branch: "../api/auth/logout"}, BranchNotFound},
		{"a branch that is the directory itself", Query{Document: "{ x }", Branch: "a/./b"}, BranchNotFound},
		{"a branch that begins with a slash", Query{Document: "{ x }", Branch: "/a"}, BranchNotFound},
		{"a branch that ends with a slash", Query{Document: "{ x }", Branch: "a/"}, BranchNotFound},
		{"a branch with an empty part", Query{Document: "{ x }", Branch: "a//b"}, BranchNotFound},
		{"a branch with a line break", Query{Document: "{ x }", Branch: "a\r\nb"}, BranchNotFound},
		{"a branch with a name too long", Query{Document: "{ x }", Branch: strings.Repeat("a", 251)}, BranchNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := u.Client(someToken).GraphQL(t.Context(), tt.query)
			mustBe(t, err, tt.kind)
		})
	}
}

func TestRequestsCarryTheirHeaders(t *testing.T) {
	var got http.Header
	u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		http.SetCookie(w, &http.Cookie{Name: "access_token", Value: "a", Path: "/"})
		w.Write([]byte(`{"data":{}}`))
	}, Settings{Priority: "LOW", UserAgent: "infrahub-mcp/1"})
	for range 2 { // the second time there could be a cookie
		if _, err := u.Client(someToken).GraphQL(t.Context(), Query{Document: "{ x }"}); err != nil {
			t.Fatal(err)
		}
	}
	if id := got.Get("X-Request-ID"); uuid.Validate(id) != nil {
		t.Errorf("X-Request-ID is %q, want a UUID", id)
	}
	got.Del("X-Request-ID")
	got.Del("Content-Length")
	want := http.Header{
		"Accept":          {"application/json, text/plain"},
		"Accept-Encoding": {"gzip"},
		"Content-Type":    {"application/json"},
		"User-Agent":      {"infrahub-mcp/1"},
		"X-Infrahub-Key":  {markedToken},
		"X-Priority":      {"low"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestRESTReturnsTheBody(t *testing.T) {
	var path string
	u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.RequestURI()
		w.Header().Set("Content-Type", "text/plain")
		w.Write([]byte("type Query"))
	}, Settings{})
	u.base.Path = "/prefix" // as behind a reverse proxy
	body, err := u.Client(someToken).REST(t.Context(), "/api/schema/A b%", url.Values{"namespaces": {"A", "B"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"GET /prefix/api/schema/A%20b%25?namespaces=A&namespaces=B", "type Query"}
	if diff := cmp.Diff(want, []string{path, string(body)}); diff != "" {
		t.Errorf("path and body (-want +got):\n%s", diff)
	}
}

func TestRESTRefusesPathsThatLeadElsewhere(t *testing.T) {
	u, _ := newUpstream(t, func(http.ResponseWriter, *http.Request) {
		t.Error("a request was sent")
	}, Settings{})
	for _, path := range []string{"", "api/info", "@evil.example/", "/api/../admin", "/api/.."} {
		_, err := u.Client(someToken).REST(t.Context(), path, nil)
		mustBe(t, err, Invalid)
	}
}

func TestRESTDoesNotTakeAPageForAnAnswer(t *testing.T) {
	u, _ := newUpstream(t, answering(200, "text/html; charset=utf-8", "<html>Please log in</html>"), Settings{})
	_, err := u.Client(someToken).REST(t.Context(), "/api/schema", nil)
	if e := mustBe(t, err, ServerFault); !strings.Contains(e.Message, "INFRAHUB_ADDRESS") {
		t.Errorf("the message gives no hint: %s", e.Message)
	}
}

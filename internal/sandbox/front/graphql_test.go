package front

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

func failing(context.Context, *gql.Call, exec.Request) (*exec.Response, error) {
	return nil, errors.New("the disk is full")
}

func TestGraphQLIsAnsweredAsInfrahubDoes(t *testing.T) {
	s := newSandbox(t)
	if _, err := s.options.Base.Store.CreateBranch(store.NewBranch{Name: "a/b"}); err != nil {
		t.Fatal(err)
	}
	const tags = `{ BuiltinTag { count } }`
	const one = `{"data":{"BuiltinTag":{"count":1}}}`
	code := func(code, status, message string) string {
		return `{"data":null,"errors":[{"message":"` + message + `","extensions":{"code":"` + code + `","http_status":` + status + `,"data":{}}}]}`
	}
	body := func(path, text string) request { return request{path: path, body: text} }
	typed := func(contentType string) request {
		return request{path: "/graphql", body: `{"query":"{ BuiltinTag { count } }"}`, header: map[string]string{"Content-Type": contentType}}
	}
	const media = `{"errors":["Content-type must be application/json or multipart/form-data"]}`
	junk := func(r request) request {
		r.header = map[string]string{"X-INFRAHUB-KEY": "junk"}
		return r
	}
	nobody := func(r request) request { r.anonymous = true; return r }
	tests := []struct {
		name    string
		request request
		status  int
		body    string
	}{
		{"the default branch", graphql("/graphql", tags), 200, one},
		{"with a slash", graphql("/graphql/", tags), 200, one},
		{"the default branch by name", graphql("/graphql/main", tags), 200, one},
		{"a branch with a slash", graphql("/graphql/a/b", tags), 200, one},
		{"a branch with an escaped slash", graphql("/graphql/a%2Fb", tags), 200, one},
		{"an unknown branch", graphql("/graphql/no/where", tags), 404, `{"errors":["Branch: no/where not found."]}`},
		{"an unknown branch with two slashes", graphql("/graphql/no//where/../there", tags), 404, `{"errors":["Branch: no//where/../there not found."]}`},
		{"an unknown branch and no JSON", body("/graphql/nope", `{`), 404, `{"errors":["Branch: nope not found."]}`},
		{"by nobody", nobody(graphql("/graphql", tags)), 200, one},
		{"a mutation by nobody", nobody(graphql("/graphql", `mutation { BuiltinTagCreate(data: {}) { ok } }`)), 401, code("AUTHENTICATION_REQUIRED", "401", "Authentication is required to perform this operation")},
		{"a refused token", junk(graphql("/graphql/nope", tags)), 401, code("AUTHENTICATION_REQUIRED", "401", "Invalid token")},

		{"a syntax error", graphql("/graphql", `{ BuiltinTag {`), 500, "Internal Server Error"},
		{"no document", body("/graphql", `{}`), 500, "Internal Server Error"},
		{"an empty document", body("/graphql", `{"query":""}`), 500, "Internal Server Error"},
		{"a document that is null", body("/graphql", `{"query":null}`), 500, "Internal Server Error"},
		{"variables that are a list", body("/graphql", `{"query":"{ __typename }","variables":[]}`), 500, "Internal Server Error"},
		{"variables that are null", body("/graphql", `{"query":"{ __typename }","variables":null}`), 200, `{"data":{"__typename":"Query"}}`},
		{"a text", body("/graphql", `"x"`), 500, "Internal Server Error"},
		{"a batch", body("/graphql", `[{}]`), 400, `{"errors":["This server does not support batching"]}`},
		{"an empty batch", body("/graphql?at=1d", `[]`), 400, `{"errors":["This server does not support batching"]}`},
		{"no JSON", body("/graphql", `{"query":`), 400, `{"errors":["Request body is not a valid JSON"]}`},
		{"an empty body", request{method: "POST", path: "/graphql", header: map[string]string{"Content-Type": "application/json"}}, 400, `{"errors":["Request body is not a valid JSON"]}`},
		{"another media type", typed("application/graphql"), 400, media},
		{"a form", typed("application/x-www-form-urlencoded"), 400, media},
		{"JSON in UTF-8", typed("application/json; charset=utf-8"), 200, one},
		{
			"a multipart form", request{
				path: "/graphql", body: "--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"{ BuiltinTag { count } }\"}\r\n--x--\r\n",
				header: map[string]string{"Content-Type": "multipart/form-data; boundary=x"},
			}, 200, one,
		},

		{"a time", graphql("/graphql?at=0s", tags), 200, one},
		{"a time to come", graphql("/graphql?at=2999-01-01T00:00:00%2B02:00", tags), 200, one},
		{"a bad time", graphql("/graphql?at=1d", `{ Nope }`), 400, code("UNDEFINED_ERROR", "400", "Invalid time format for 1d")},
		{"an empty time", graphql("/graphql?at=", tags), 400, code("UNDEFINED_ERROR", "400", "Invalid time format for ")},
		{"a bad time and a syntax error", graphql("/graphql?at=1d", `{`), 400, code("UNDEFINED_ERROR", "400", "Invalid time format for 1d")},
		{"a bad time and no document", body("/graphql?at=1d", `{}`), 500, "Internal Server Error"},
		{"a bad time on an unknown branch", graphql("/graphql/nope?at=1d", tags), 404, `{"errors":["Branch: nope not found."]}`},
		{"a time before all data and a syntax error", graphql("/graphql?at=2020-01-01", `{`), 500, "Internal Server Error"},
		{"a time before all data, of a mutation", nobody(graphql("/graphql?at=2020-01-01", `mutation { BuiltinTagCreate(data: {}) { ok } }`)), 401, code("AUTHENTICATION_REQUIRED", "401", "Authentication is required to perform this operation")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := s.send(tt.request)
			if got.status != tt.status {
				t.Errorf("status %d, want %d", got.status, tt.status)
			}
			sameJSON(t, tt.body, got.body)
		})
	}
	for _, path := range []string{"/graphql", "/api/query/x"} {
		got := s.send(graphqlOrGet(path+"?at=2020-01-01", `{ Nope }`))
		if got.status != 422 || !strings.Contains(got.body, "Requested time '2020-01-01T12:00:00.000000Z' is before branch 'main' was created at '2") {
			t.Errorf("%s before all data: %d %s", path, got.status, got.body)
		}
	}
}

func graphqlOrGet(path, document string) request {
	if strings.HasPrefix(path, "/graphql") {
		return graphql(path, document)
	}
	return request{path: path}
}

func TestBothGenerationsOfErrors(t *testing.T) {
	required := fault.Required("DcimDevice", "name")
	executed := &exec.Response{Executed: true, Data: exec.NewObject("a", nil), Errors: []*exec.Error{
		{Message: "unknown", Locations: []gqlerror.Location{{Line: 1, Column: 2}}},
		{Message: required.Message, Locations: []gqlerror.Location{{Line: 1, Column: 2}}, Path: []any{"a"}, Cause: required},
		{Message: "boom", Path: []any{"a", 0}, Cause: errors.New("boom")},
	}}
	tests := []struct {
		name       string
		generation Generation
		response   *exec.Response
		err        error
		status     int
		body       string
	}{
		{
			"errors of an execution", V1_11, executed, nil, 200,
			`{"data":{"a":null},"errors":[` +
				`{"message":"unknown","locations":[{"line":1,"column":2}],"extensions":{"code":"UNDEFINED_ERROR","http_status":500,"data":{}}},` +
				`{"message":"name is mandatory for DcimDevice at name","path":["a","data","name"],"extensions":{"code":"ATTRIBUTE_REQUIRED","http_status":422,"data":{"node_kind":"DcimDevice","field_name":"name"}}},` +
				`{"message":"boom","path":["a",0],"extensions":{"code":"UNDEFINED_ERROR","http_status":500,"data":{}}}]}`,
		},
		{
			"errors of an execution before 1.10", V1_9, executed, nil, 200,
			`{"data":{"a":null},"errors":[` +
				`{"message":"unknown","locations":[{"line":1,"column":2}]},` +
				`{"message":"name is mandatory for DcimDevice at name","path":["a","data","name"]},` +
				`{"message":"boom","path":["a",0]}]}`,
		},
		{
			"a refusal", V1_11, nil, fault.Denied("You are not allowed"), 403,
			`{"data":null,"errors":[{"message":"You are not allowed","extensions":{"code":"PERMISSION_DENIED","http_status":403,"data":{"action":null,"resource_kind":null}}}]}`,
		},
		{"a refusal before 1.10", V1_9, nil, fault.Denied("You are not allowed"), 403, envelope("403", "You are not allowed")},
		{
			"two refusals", V1_9, nil, errors.Join(fault.Denied("a"), fault.Denied("b")), 403,
			`{"data":null,"errors":[{"message":"a","extensions":{"code":403}},{"message":"b","extensions":{"code":403}}]}`,
		},
		{"a branch that has just gone", V1_11, nil, store.ErrNoBranch, 404, `{"errors":["Branch: main not found."]}`},
		{"a fault of the sandbox", V1_11, nil, errors.New("x"), 500, "Internal Server Error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSandbox(t, func(o *Options) {
				o.Emulate = tt.generation
				o.Execute = func(context.Context, *gql.Call, exec.Request) (*exec.Response, error) { return tt.response, tt.err }
			})
			got := s.send(graphql("/graphql", "{ a }"))
			if got.status != tt.status || got.body != tt.body {
				t.Errorf("got %d %s\nwant %d %s", got.status, got.body, tt.status, tt.body)
			}
			if info := s.send(request{path: "/api/info"}); !strings.Contains(info.body, `"version":"`+string(tt.generation)+".") {
				t.Errorf("/api/info answers %s", info.body)
			}
		})
	}
}

func TestACallHasBranchTimeAndCaller(t *testing.T) {
	var call *gql.Call
	var sent exec.Request
	s := newSandbox(t, func(o *Options) {
		o.Execute = func(_ context.Context, c *gql.Call, r exec.Request) (*exec.Response, error) {
			call, sent = c, r
			return &exec.Response{Data: exec.NewObject()}, nil
		}
	})
	s.send(request{path: "/graphql/main?at=2999-01-01T00:00:00Z", body: `{"query":"query A { a } query B { b }","operationName":"B","variables":{"n":12345678901234567890}}`})
	if call.Branch != "main" || call.At.Year() != 2999 || call.Caller.Name != "admin" {
		t.Errorf("the call is for %s at %v by %s", call.Branch, call.At, call.Caller.Name)
	}
	if sent.OperationName != "B" || len(sent.Variables) != 1 {
		t.Errorf("the request is %+v", sent)
	}
	s.send(request{path: "/graphql?at=2999-01-01", body: `{"query":"mutation { a }"}`})
	if !call.At.IsZero() {
		t.Errorf("a mutation is at %v", call.At)
	}
}

func TestAConnectionEndsWithAFailure(t *testing.T) {
	s := newSandbox(t)
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"query":"{"}`
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	// Without an end of the connection this would never end.
	all, err := io.ReadAll(conn)
	head, text, _ := strings.Cut(string(all), "\r\n\r\n")
	if err != nil || text != "Internal Server Error" || !strings.HasPrefix(head, "HTTP/1.1 500 Internal Server Error\r\n") {
		t.Errorf("got %q, %v", all, err)
	}
	if strings.Contains(head, "Connection:") || strings.Contains(head, "X-Request-Id:") {
		t.Errorf("it is announced: %s", head)
	}
}

func TestAPanicIsAFailure(t *testing.T) {
	s := newSandbox(t, func(o *Options) {
		o.Execute = func(context.Context, *gql.Call, exec.Request) (*exec.Response, error) { panic("oops") }
	})
	if got := s.send(graphql("/graphql", "{ a }")); got.status != 500 || got.body != "Internal Server Error" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if !strings.Contains(s.log.String(), "oops") {
		t.Error("it is not logged")
	}
}

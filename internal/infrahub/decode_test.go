package infrahub

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	jsonType = "application/json"
	textType = "text/plain; charset=utf-8"
	htmlType = "text/html"
)

func TestEveryShapeOfFaultIsUnderstood(t *testing.T) {
	tests := []struct {
		name        string
		status      int
		contentType string
		body        string
		want        Error
		data        string
	}{
		// GraphQL of 1.10 and later.
		{
			name: "a node that does not exist", status: 200, contentType: jsonType,
			body: `{"data":{"DcimDeviceUpdate":null},"errors":[{"message":"Unable to find the node nope / DcimDevice in the database.","locations":[{"line":1,"column":12}],"path":["DcimDeviceUpdate"],"extensions":{"code":"NODE_NOT_FOUND","http_status":404,"data":{"node_kind":"DcimDevice","identifier":"nope"}}}]}`,
			data: `{"DcimDeviceUpdate":null}`,
			want: Error{
				Kind: NodeNotFound, HTTPStatus: 200, Code: "NODE_NOT_FOUND", Path: []string{"DcimDeviceUpdate"},
				Message: "Unable to find the node nope / DcimDevice in the database.",
				Details: []Fault{{
					Message: "Unable to find the node nope / DcimDevice in the database.",
					Code:    "NODE_NOT_FOUND", Status: 404, Path: []string{"DcimDeviceUpdate"},
					Data:      map[string]any{"node_kind": "DcimDevice", "identifier": "nope"},
					Locations: []Location{{Line: 1, Column: 12}},
				}},
			},
		},
		{
			name: "several mandatory attributes missing", status: 200, contentType: jsonType,
			body: `{"data":{"DcimDeviceCreate":null},"errors":[
				{"message":"name is mandatory for DcimDevice at name","path":["DcimDeviceCreate","data","name"],"extensions":{"code":"ATTRIBUTE_REQUIRED","http_status":422,"data":{"node_kind":"DcimDevice","field_name":"name"}}},
				{"message":"role is mandatory for DcimDevice at role","path":["DcimDeviceCreate","data","role"],"extensions":{"code":"ATTRIBUTE_REQUIRED","http_status":422,"data":{"node_kind":"DcimDevice","field_name":"role"}}}]}`,
			data: `{"DcimDeviceCreate":null}`,
			want: Error{
				Kind: Invalid, HTTPStatus: 200, Code: "ATTRIBUTE_REQUIRED", Path: []string{"DcimDeviceCreate", "data", "name"},
				Message: "name is mandatory for DcimDevice at name; role is mandatory for DcimDevice at role.",
				Details: []Fault{
					{Message: "name is mandatory for DcimDevice at name", Code: "ATTRIBUTE_REQUIRED", Status: 422, Path: []string{"DcimDeviceCreate", "data", "name"}, Data: map[string]any{"node_kind": "DcimDevice", "field_name": "name"}},
					{Message: "role is mandatory for DcimDevice at role", Code: "ATTRIBUTE_REQUIRED", Status: 422, Path: []string{"DcimDeviceCreate", "data", "role"}, Data: map[string]any{"node_kind": "DcimDevice", "field_name": "role"}},
				},
			},
		},
		{
			name: "an unknown field", status: 200, contentType: jsonType,
			body: `{"data":null,"errors":[{"message":"Cannot query field 'nope' on type 'Branch'. Did you mean 'name'?","locations":[{"line":1,"column":12}],"extensions":{"code":"UNDEFINED_ERROR","http_status":500,"data":{}}}]}`,
			want: Error{
				Kind: QueryInvalid, HTTPStatus: 200, Code: "UNDEFINED_ERROR",
				Message: "Cannot query field 'nope' on type 'Branch'. Did you mean 'name'?",
				Details: []Fault{{
					Message: "Cannot query field 'nope' on type 'Branch'. Did you mean 'name'?",
					Code:    "UNDEFINED_ERROR", Status: 500, Data: map[string]any{}, Locations: []Location{{Line: 1, Column: 12}},
				}},
			},
		},
		{
			name: "one bad alias among good ones", status: 200, contentType: jsonType,
			body: `{"data":{"a":{"count":0},"b":[null,{"x":1}]},"errors":[{"message":"kaput","path":["b",0,"x"]}]}`,
			data: `{"a":{"count":0},"b":[null,{"x":1}]}`,
			want: Error{
				HTTPStatus: 200, Path: []string{"b", "0", "x"}, Message: "kaput.",
				Details: []Fault{{Message: "kaput", Path: []string{"b", "0", "x"}}},
			},
		},
		{
			name: "an expired token", status: 401, contentType: jsonType,
			body: `{"data":null,"errors":[{"message":"Expired Signature","extensions":{"code":"TOKEN_EXPIRED","http_status":401,"data":{"expired_at":null}}}]}`,
			want: Error{
				Kind: TokenExpired, HTTPStatus: 401, Code: "TOKEN_EXPIRED", Message: "Expired Signature.",
				Details: []Fault{{Message: "Expired Signature", Code: "TOKEN_EXPIRED", Status: 401, Data: map[string]any{"expired_at": nil}}},
			},
		},
		{
			name: "a fault of a code that a later server may add", status: 200, contentType: jsonType,
			body: `{"data":{"X":null},"errors":[{"message":"odd","path":["X"],"extensions":{"code":"SOMETHING_NEW","http_status":409,"data":[]}}]}`,
			data: `{"X":null}`,
			want: Error{
				Kind: Invalid, HTTPStatus: 200, Code: "SOMETHING_NEW", Path: []string{"X"}, Message: "odd.",
				Details: []Fault{{Message: "odd", Code: "SOMETHING_NEW", Status: 409, Path: []string{"X"}}},
			},
		},
		// GraphQL before 1.10.
		{
			name: "a fault without extensions", status: 200, contentType: jsonType,
			body: `{"data":{"BuiltinTagCreate":null},"errors":[{"message":"Violates uniqueness constraint 'name'","locations":[{"line":2,"column":3}],"path":["BuiltinTagCreate"]}]}`,
			data: `{"BuiltinTagCreate":null}`,
			want: Error{
				Kind: Invalid, HTTPStatus: 200, Path: []string{"BuiltinTagCreate"}, Message: "Violates uniqueness constraint 'name'.",
				Details: []Fault{{Message: "Violates uniqueness constraint 'name'", Path: []string{"BuiltinTagCreate"}, Locations: []Location{{Line: 2, Column: 3}}}},
			},
		},
		{
			name: "a code that is a number", status: 401, contentType: jsonType,
			body: `{"data":null,"errors":[{"message":"Invalid token","extensions":{"code":401}}]}`,
			want: Error{
				Kind: Unauthenticated, HTTPStatus: 401, Message: "Invalid token.",
				Details: []Fault{{Message: "Invalid token", Status: 401}},
			},
		},
		// Lists of strings.
		{
			name: "an unknown branch in the path", status: 404, contentType: jsonType,
			body: `{"errors":["Branch: nope not found."]}`,
			want: Error{
				Kind: BranchNotFound, HTTPStatus: 404, Message: "Branch: nope not found.",
				Details: []Fault{{Message: "Branch: nope not found."}},
			},
		},
		{
			name: "a body that is not valid JSON", status: 400, contentType: jsonType,
			body: `{"errors":["Request body is not a valid JSON"]}`,
			want: Error{
				Kind: Invalid, HTTPStatus: 400, Message: "Request body is not a valid JSON.",
				Details: []Fault{{Message: "Request body is not a valid JSON"}},
			},
		},
		// REST.
		{
			name: "an unknown branch of REST", status: 400, contentType: jsonType,
			body: `{"data":null,"errors":[{"message":"Branch: nope not found.","extensions":{"code":400}}]}`,
			want: Error{
				Kind: BranchNotFound, HTTPStatus: 400, Message: "Branch: nope not found.",
				Details: []Fault{{Message: "Branch: nope not found.", Status: 400}},
			},
		},
		{
			name: "an unknown kind of REST", status: 422, contentType: jsonType,
			body: `{"data":null,"errors":[{"message":"Unable to find the schema 'Nope' in the registry","extensions":{"code":422}}]}`,
			want: Error{
				Kind: KindNotFound, HTTPStatus: 422, Message: "Unable to find the schema 'Nope' in the registry.",
				Details: []Fault{{Message: "Unable to find the schema 'Nope' in the registry", Status: 422}},
			},
		},
		{
			name: "an unknown endpoint", status: 404, contentType: jsonType,
			body: `{"data":null,"errors":[{"message":"The requested endpoint /api/nope does not exist","extensions":{"code":404}}]}`,
			want: Error{
				Kind: NotFound, HTTPStatus: 404, Message: "The requested endpoint /api/nope does not exist.",
				Details: []Fault{{Message: "The requested endpoint /api/nope does not exist", Status: 404}},
			},
		},
		{
			name: "an expired token of REST", status: 401, contentType: jsonType,
			body: `{"data":null,"errors":[{"message":"Expired Signature","extensions":{"code":401}}]}`,
			want: Error{
				Kind: TokenExpired, HTTPStatus: 401, Message: "Expired Signature.",
				Details: []Fault{{Message: "Expired Signature", Status: 401}},
			},
		},
		// The framework.
		{
			name: "a part of the request that is missing", status: 422, contentType: jsonType,
			body: `{"detail":[{"type":"missing","loc":["body","items",0,"password"],"msg":"Field required","input":{"username":"admin"}},{"msg":"and this"}]}`,
			want: Error{
				Kind: Invalid, HTTPStatus: 422, Path: []string{"body", "items", "0", "password"},
				Message: "body.items.0.password: Field required; and this.",
				Details: []Fault{
					{Message: "body.items.0.password: Field required", Path: []string{"body", "items", "0", "password"}},
					{Message: "and this"},
				},
			},
		},
		{
			name: "a method that is not allowed", status: 405, contentType: jsonType,
			body: `{"detail":"Method Not Allowed"}`,
			want: Error{
				Kind: Invalid, HTTPStatus: 405, Message: "Method Not Allowed.",
				Details: []Fault{{Message: "Method Not Allowed"}},
			},
		},
		// No shape at all.
		{
			name: "a bare 500", status: 500, contentType: textType, body: "Internal Server Error",
			want: Error{Kind: ServerFault, HTTPStatus: 500, Message: "Infrahub answered 500 Internal Server Error without an explanation."},
		},
		{
			name: "an empty 500", status: 500, contentType: "", body: "",
			want: Error{Kind: ServerFault, HTTPStatus: 500, Message: "Infrahub answered 500 Internal Server Error without an explanation."},
		},
		{
			name: "the page of a gateway", status: 502, contentType: htmlType, body: "<html><h1>502 Bad Gateway</h1>nginx</html>",
			want: Error{Kind: Unreachable, HTTPStatus: 502, Message: "A gateway in front of Infrahub answered 502 Bad Gateway."},
		},
		{
			name: "the words of a gateway", status: 503, contentType: textType, body: "upstream connect error\r\n\x1b[31mreset\x00",
			want: Error{Kind: Unreachable, HTTPStatus: 503, Message: "A gateway in front of Infrahub answered 503 Service Unavailable: upstream connect error [31mreset"},
		},
		{
			name: "503 of Infrahub itself", status: 503, contentType: jsonType,
			body: `{"data":null,"errors":[{"message":"Database is down","extensions":{"code":503}}]}`,
			want: Error{
				Kind: ServerFault, HTTPStatus: 503, Message: "Database is down.",
				Details: []Fault{{Message: "Database is down", Status: 503}},
			},
		},
		{
			name: "a proxy that wants credentials", status: 407, contentType: htmlType, body: "<html>",
			want: Error{Kind: Unreachable, HTTPStatus: 407, Message: "The proxy on the way to Infrahub asks for credentials."},
		},
		{
			name: "the page of another server", status: 404, contentType: htmlType, body: "<html>not here</html>",
			want: Error{Kind: NotFound, HTTPStatus: 404, Message: "Infrahub answered 404 Not Found without an explanation; check that INFRAHUB_ADDRESS is the address of Infrahub."},
		},
		{
			name: "a page that is a success", status: 200, contentType: htmlType, body: "<html>welcome</html>",
			want: Error{Kind: ServerFault, HTTPStatus: 200, Message: "The server at the Infrahub address answered with something else than JSON; check that INFRAHUB_ADDRESS is the address of Infrahub."},
		},
		{
			name: "an empty success", status: 200, contentType: jsonType, body: "",
			want: Error{Kind: ServerFault, HTTPStatus: 200, Message: "The server at the Infrahub address answered with something else than JSON; check that INFRAHUB_ADDRESS is the address of Infrahub."},
		},
		{
			name: "a truncated success", status: 200, contentType: jsonType, body: `{"data":{"a":`,
			want: Error{Kind: ServerFault, HTTPStatus: 200, Message: "The server at the Infrahub address answered with something else than JSON; check that INFRAHUB_ADDRESS is the address of Infrahub."},
		},
		{
			name: "a success of something else", status: 200, contentType: jsonType, body: `{"ok":true}`,
			want: Error{Kind: ServerFault, HTTPStatus: 200, Message: "The server at the Infrahub address answered without data; check that INFRAHUB_ADDRESS is the address of Infrahub."},
		},
		{
			name: "a list in which nothing can be read", status: 400, contentType: jsonType, body: `{"errors":[{"message":7,"path":"x","locations":3,"extensions":[]},null,17,""]}`,
			want: Error{
				Kind: Invalid, HTTPStatus: 400,
				Message: "Infrahub reports a fault without a message; Infrahub reports a fault without a message; 17; Infrahub reports a fault without a message.",
				Details: []Fault{
					{Message: "Infrahub reports a fault without a message"},
					{Message: "Infrahub reports a fault without a message"},
					{Message: "17"},
					{Message: "Infrahub reports a fault without a message"},
				},
			},
		},
		{
			name: "a fault that is no list", status: 400, contentType: jsonType, body: `{"errors":"kaput"}`,
			want: Error{Kind: Invalid, HTTPStatus: 400, Message: "kaput.", Details: []Fault{{Message: "kaput"}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, _ := newUpstream(t, answering(tt.status, tt.contentType, tt.body), Settings{})
			// Answers with 200 differ between GraphQL and REST; the others are
			// read the same way.
			data, err := u.Client(someToken).GraphQL(t.Context(), Query{Document: "{ x }"})
			if tt.status == 500 {
				_, err = u.Client(someToken).REST(t.Context(), "/api/x", nil)
			}
			got := mustBe(t, err, tt.want.Kind)
			if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreUnexported(Error{}), cmpopts.IgnoreFields(Error{}, "RequestID")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if string(data) != tt.data {
				t.Errorf("data is %s, want %s", data, tt.data)
			}
			if got.RequestID == "" {
				t.Error("the error does not name its request")
			}
		})
	}
}

// What Infrahub puts in words only, before 1.10 or as UNDEFINED_ERROR.
func TestFaultsAreRecognizedByTheirText(t *testing.T) {
	tests := []struct {
		message string
		want    Kind
	}{
		{"Branch: nope not found.", BranchNotFound},
		{"Branch 'b' has been merged and is read-only. No modifications are allowed.", BranchClosed},
		{"Branch 'b' has already been merged", BranchClosed},
		{"Cannot create proposed change: branch 'b' has been merged", BranchClosed},
		{"Branch b must be rebased before any updates can be made", BranchNeedsRebase},
		{"A merge is currently in progress; writes are temporarily blocked. Please retry shortly.", MergeInProgress},
		{"Branch 'b' is being merged and is read-only. No modifications are allowed.", MergeInProgress},
		{"A previous merge failed and left the default branch protected.", MergeRecoveryRequired},
		{"Unable to find the node nope / LocationSite in the database.", NodeNotFound},
		{"Source node not found: x", NodeNotFound},
		{"Destination node not found: x", NodeNotFound},
		{"Unable to find the schema Nope in the database.", KindNotFound},
		{"Unknown target kind: Nope", KindNotFound},
		{"Expired Signature", TokenExpired},
		{"Authentication is required to perform this operation", Unauthenticated},
		{"You are not allowed to change data in the default branch", Forbidden},
		{"You do not have one of the following permissions: object:Organization:Provider:create:allow_other", Forbidden},
		{"This operation requires authentication with a JWT token", Forbidden},
		{"Violates uniqueness constraint 'device-name'", Invalid},
		{"nope must be one of 'edge, firewall, leaf, spine' at role", Invalid},
		{"FACTS 4! must conform with the regex: '^[a-z0-9-]+$' at name", Invalid},
		{"zz is not a valid MacAddress at mac_address", Invalid},
		{"Too few relationships, min 1 at site", Invalid},
		{"Cannot delete LocationSite 'a'. It is linked to mandatory relationship site on node DcimDevice 'b' at DcimDevice.site", Invalid},
		{"The branch facts-a already exists", Invalid},
		{"The pool IpamVLAN is exhausted. at vlan_id.from_pool", Invalid},
		{"'10.300.0.1/32' does not appear to be an IPv4 or IPv6 interface", Unclassified},
	}
	for _, tt := range tests {
		t.Run(tt.message, func(t *testing.T) {
			old := Fault{Message: tt.message, Path: []string{"X"}}
			if got := old.kind(http.StatusOK, false); got != tt.want {
				t.Errorf("without a code it is %q, want %q", got, tt.want)
			}
			undefined := Fault{Message: tt.message, Path: []string{"X"}, Code: "UNDEFINED_ERROR", Status: 500}
			if got := undefined.kind(http.StatusOK, true); got != tt.want {
				t.Errorf("with UNDEFINED_ERROR it is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTheCatalogueIsKnown(t *testing.T) {
	want := map[string]Kind{
		"NODE_NOT_FOUND": NodeNotFound, "AUTHENTICATION_REQUIRED": Unauthenticated, "TOKEN_EXPIRED": TokenExpired,
		"PERMISSION_DENIED": Forbidden, "ATTRIBUTE_REQUIRED": Invalid, "ATTRIBUTE_INVALID_TYPE": Invalid,
		"ATTRIBUTE_CONSTRAINT_VIOLATION": Invalid, "BRANCH_NOT_FOUND": BranchNotFound, "SCHEMA_NOT_FOUND": KindNotFound,
		"BRANCH_ALREADY_MERGED": BranchClosed, "BRANCH_NEEDS_REBASE": BranchNeedsRebase, "MERGE_IN_PROGRESS": MergeInProgress,
		"MERGE_RECOVERY_REQUIRED": MergeRecoveryRequired,
	}
	got := map[string]Kind{}
	for code := range want {
		got[code] = Fault{Code: code, Status: 500}.kind(http.StatusOK, true)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestFaultsBeforeExecutionAreAboutTheQuery(t *testing.T) {
	for _, message := range []string{
		"Must provide operation name if query contains multiple operations.",
		"Variable '$x' of required type 'Int!' was not provided.",
		"String cannot represent a non string value: 4",
		"Value 'x' is not a valid choice", // whatever it says
	} {
		fault := Fault{Message: message, Code: "UNDEFINED_ERROR", Status: 500, Locations: []Location{{1, 2}}}
		if got := fault.kind(http.StatusOK, true); got != QueryInvalid {
			t.Errorf("%q is %q, want %q", message, got, QueryInvalid)
		}
	}
	if got := (Fault{Message: "Unknown operation named 'x'."}).kind(http.StatusOK, true); got != QueryInvalid {
		t.Errorf("without places in the text it is %q, want %q", got, QueryInvalid)
	}
}

func TestKindsHaveNames(t *testing.T) {
	seen := map[string]Kind{}
	for k := Unclassified; k <= ServerFault; k++ {
		if other, ok := seen[k.String()]; ok {
			t.Errorf("%d and %d are both called %q", other, k, k)
		}
		seen[k.String()] = k
	}
}

func TestMessagesAreShortAndDoNotRepeatTheQuery(t *testing.T) {
	document := "query Q {\n  Branch { name status created_at } # a long one\n}"
	a := answer{status: 200, secret: markedToken, document: document}
	tests := []struct {
		name, text, want string
	}{
		{"the query", "An error occurred while executing the GraphQL Query query Q {   Branch { name status created_at } # a long one }, kaput", "An error occurred while executing the GraphQL Query (the query), kaput"},
		{"the credential", "Invalid token " + markedToken + "!", "Invalid token …!"},
		{"the credential behind characters that hide it", "Invalid token " + markedToken[:9] + "\u200b" + markedToken[9:] + "!", "Invalid token …!"},
		{"control characters", "a\x00b\x1b[1mc\r\n\td", "a b [1mc d"},
		{"characters that hide text", "a\u200bb\u202ec\ufeff", "abc"},
		{"bytes that are no text", "a\xff\xfeb", "ab"},
		{"a long text", strings.Repeat("é", 1000), strings.Repeat("é", maxMessage) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, a.clean(tt.text)); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyFaultsAreCounted(t *testing.T) {
	body := `{"data":{"X":null},"errors":[` + strings.Repeat(`{"message":"linked","path":["X"]},`, 149) + `{"message":"last"}]}`
	_, err := answer{status: 200, body: []byte(body)}.graphQL()
	if len(err.Details) != maxFaults || err.Message != "linked; linked; linked; linked; linked; and 145 more." {
		t.Errorf("%d details and the message %q", len(err.Details), err.Message)
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"10":                            10 * time.Second,
		"0":                             0,
		"-5":                            0,
		"1e3":                           0,
		"99999999999999999999":          0,
		"":                              0,
		"soon":                          0,
		"Sun, 22 Nov 2026 12:00:30 GMT": 30 * time.Second,
		"Sun, 22 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := parseRetryAfter(value, now); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func FuzzFaults(f *testing.F) {
	f.Add(200, jsonType, `{"data":{"a":1},"errors":[{"message":"m","path":["a",0],"locations":[{"line":1,"column":2}],"extensions":{"code":"NODE_NOT_FOUND","http_status":404,"data":{}}}]}`)
	f.Add(200, jsonType, `{"data":null,"errors":[]}`)
	f.Add(401, jsonType, `{"data":null,"errors":[{"message":"Invalid token","extensions":{"code":401}}]}`)
	f.Add(404, jsonType, `{"errors":["Branch: nope not found."]}`)
	f.Add(422, jsonType, `{"detail":[{"loc":["body",1],"msg":"Field required"}]}`)
	f.Add(405, jsonType, `{"detail":"Method Not Allowed"}`)
	f.Add(500, textType, "Internal Server Error")
	f.Add(502, htmlType, "<html>")
	f.Add(301, "", markedToken)
	f.Add(429, jsonType, `{"errors":[{"message":"`+markedToken+`"}]}`)
	f.Add(429, jsonType, `{"errors":[{"message":"`+markedToken[:20]+"\xed\xa0"+markedToken[20:]+`"}]}`)
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		a := answer{status: status, header: http.Header{"Content-Type": {contentType}, "Location": {body}}, body: []byte(body), secret: markedToken}
		_, partial := a.graphQL()
		for _, err := range []*Error{a.failure(), partial} {
			if err == nil {
				continue
			}
			if err.Message == "" || utf8.RuneCountInString(err.Message) > maxListed*(maxMessage+4)+100 {
				t.Errorf("the message has %d characters", utf8.RuneCountInString(err.Message))
			}
			if !utf8.ValidString(err.Message) || strings.ContainsFunc(err.Message, unicode.IsControl) || strings.Contains(err.Message, markedToken) {
				t.Errorf("the message is %q", err.Message)
			}
			if err.Kind < Unclassified || err.Kind > ServerFault || len(err.Details) > maxFaults {
				t.Errorf("kind %d, %d details", err.Kind, len(err.Details))
			}
		}
	})
}

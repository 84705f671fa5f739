package contract

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/config"
)

var errNothing = errors.New("the server says nothing")

// against returns a session with a server that handles requests so.
func against(t *testing.T, handle http.HandlerFunc) *session {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return newSession(Target{Address: server.URL, AdminToken: "admin-secret", ReaderToken: "reader-secret", EngineerToken: "engineer-secret", AdminPassword: "password-secret", ExpiredToken: "expired-secret"})
}

// reply answers with JSON.
func reply(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body) //nolint:gosec // no browser reads it
}

// kindOf is the kind whose nodes a document lists.
func kindOf(body string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(body, `{"query":"{ `), "(")
	return kind
}

func TestARequestIsSentAsItsCaseSays(t *testing.T) {
	for _, test := range []struct {
		name    string
		request request
		want    string
	}{
		{"GraphQL", request{graphql: `{ a }`}, `POST /graphql admin-secret "" application/json {"query":"{ a }"}`},
		{"GraphQL with all it can have", request{graphql: `query A { a(id: "{{known}}") }`, operation: "A", variables: vars{"v": []any{"{{known}}", 1, vars{"x": []string{"{{known}}"}}}}, branch: "{{merge}}", at: "{{time}}", as: reader},
			`POST /graphql/contract/RUN/merge?at=1%2B2 reader-secret "" application/json {"operationName":"A","query":"query A { a(id: \"k\") }","variables":{"v":["k",1,{"x":["k"]}]}}`},
		{"REST", request{path: "/api/info?branch={{merge}}", as: nobody}, `GET /api/info?branch=contract%2FRUN%2Fmerge  ""  `},
		{"a body", request{path: "/api/auth/login", body: `{"id":"{{known}}"}`, as: engineer}, `POST /api/auth/login engineer-secret "" application/json {"id":"k"}`},
		{"a login", request{path: "/api/auth/logout", method: "POST", as: login}, `POST /api/auth/logout  "Bearer jwt"  `},
		{"headers", request{path: "/graphql", body: "x", as: nobody, headers: map[string]string{"Content-Type": "text/plain", "X-INFRAHUB-KEY": "{{admin-token}}"}}, `POST /graphql admin-secret "" text/plain x`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got string
			s := against(t, func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = fmt.Sprintf("%s %s %s %q %s %s", r.Method, r.RequestURI, r.Header.Get("X-INFRAHUB-KEY"), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), body)
			})
			s.values["known"], s.values["access"], s.values["time"] = "k", "jwt", "1+2"
			if f := s.fetch(t.Context(), test.request); f.err != nil {
				t.Fatal(f.err)
			}
			if got = strings.ReplaceAll(got, s.values["run"], "RUN"); got != test.want {
				t.Errorf("sent\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestARequestWhoseVariableWasNotCapturedIsNotSent(t *testing.T) {
	s := against(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	for _, r := range []request{{graphql: `{ a(id: "{{nope}}") }`}, {path: "/api/{{nope}}"}, {path: "/api", headers: map[string]string{"Cookie": "{{nope}}"}}, {graphql: "{ a }", variables: vars{"v": "{{nope}}"}}} {
		if f := s.fetch(t.Context(), r); f.err == nil || !strings.Contains(f.err.Error(), "{{nope}} has no value") {
			t.Errorf("%s: %v", r.line(), f.err)
		}
	}
}

func TestWhatAnAnswerHoldsServesLaterRequests(t *testing.T) {
	s := against(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/make":
			reply(w, `{"nodes":[{"name":"b","id":"`+idB+`"},{"name":"a","id":"`+idA+`"}]}`)
		case "/" + idA:
			reply(w, `{"id":"`+idA+`"}`)
		}
	})
	outcomes := s.play(t.Context(), group{name: "g", requests: []request{
		{name: "made", path: "/make", keys: []keyed{{"nodes", "name"}}, capture: map[string]string{"node": "nodes.a.id"}},
		{name: "found", path: "/{{node}}"},
		{name: "lost", path: "/make", capture: map[string]string{"other": "nodes.9.id"}},
		{name: "no text", path: "/make", capture: map[string]string{"other": "nodes.0"}},
	}})
	for i, want := range []string{`{"nodes":{"a":{"id":"<id node>","name":"a"},"b":{"id":"<id 1>","name":"b"}}}`, `{"id":"<id node>"}`} {
		if o := outcomes[i]; o.err != nil {
			t.Error(o.err)
		} else if got := plain(t, o.answer.Body); got != want {
			t.Errorf("%s: %s, want %s", o.request.name, got, want)
		}
	}
	for _, o := range outcomes[2:] {
		if o.err == nil || strings.Contains(o.err.Error(), idB) {
			t.Errorf("%s: %v", o.request.name, o.err)
		}
	}
}

func TestAnAnswerIsReducedToWhatIsCompared(t *testing.T) {
	for _, test := range []struct {
		name, media, body string
		request           request
		want              string
	}{
		{"REST has no order of members", "application/json", `{"b":{"d":1,"c":2},"a":3}`, request{}, `{"a":3,"b":{"c":2,"d":1}}`},
		{"GraphQL has one", "application/json; charset=utf-8", `{"b":{"d":1,"c":2},"a":3}`, request{graphql: "{ a }"}, `{"b":{"d":1,"c":2},"a":3}`},
		{"parts are kept", "application/json", `{"a":[{"x":1,"y":2}],"b":3}`, request{keep: []string{"a.*.y"}}, `{"a":[{"y":2}]}`},
		{"parts are ignored", "application/json", `{"a":1,"b":[],"c":{},"d":"x","e":true,"f":null,"g":1}`, request{ignore: map[string]string{"a": "", "b": "", "c": "", "d": "", "e": "", "f": ""}},
			`{"a":"<ignored number>","b":"<ignored list>","c":"<ignored object>","d":"<ignored string>","e":"<ignored boolean>","f":"<ignored null>","g":1}`},
		{"types are written as SDL does", "application/json", `{"t":{"kind":"NON_NULL","name":null,"ofType":{"kind":"LIST","name":null,"ofType":{"kind":"SCALAR","name":"ID","ofType":null}}}}`, request{types: true}, `{"t":"[ID]!"}`},
		{"a text stays one", "text/plain; charset=utf-8", `Internal Server Error`, request{}, `"Internal Server Error"`},
		{"definitions are taken from SDL", "text/plain", "type A implements I {\n  \"\"\"What it is\"\"\"\n  b(y: Int = 1, x: [ID!]): String! @deprecated\n}\nenum E { X }\ntype B { c: Int }", request{definitions: []string{"A", "E", "Nope"}},
			`{"A":{"description":"","descriptions":{"b":"What it is"},"fields":{"b":"String! @deprecated, x: [ID!], y: Int = 1"},"interfaces":"I","kind":"OBJECT"},"E":{"description":"","descriptions":{},"fields":{"X":""},"interfaces":"","kind":"ENUM"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := against(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.media)
				fmt.Fprint(w, test.body)
			})
			o := s.settle("g", s.fetch(t.Context(), test.request))
			if o.err != nil {
				t.Fatal(o.err)
			}
			if got := plain(t, o.answer.Body); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestAnAnswerThatDoesNotFitItsCaseIsAnError(t *testing.T) {
	for _, test := range []struct {
		name, body string
		request    request
		want       string
	}{
		{"nothing to ignore", `{"a":1}`, request{ignore: map[string]string{"b": "why"}}, "there is no b to ignore"},
		{"no list to key", `{"a":1}`, request{keys: []keyed{{"b", "name"}}}, "there is no list b"},
		{"a key that is there twice", `{"a":[{"n":"x"},{"n":"x"}]}`, request{keys: []keyed{{"a", "n"}}}, `"x" is no key, or there twice`},
		{"a key that is missing", `{"a":[{}]}`, request{keys: []keyed{{"a", "n"}}}, "there is no n"},
		{"no JSON", `{"a":`, request{}, "reading the answer"},
		{"no SDL", `"type {"`, request{definitions: []string{"A"}}, "parsing the GraphQL schema"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := against(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, test.body) })
			if o := s.settle("g", s.fetch(t.Context(), test.request)); o.err == nil || !strings.Contains(o.err.Error(), test.want) {
				t.Errorf("%v, want %q in it", o.err, test.want)
			}
		})
	}
}

func TestARequestIsRepeated(t *testing.T) {
	t.Run("until what it waits for is there", func(t *testing.T) {
		var sent atomic.Int64
		s := against(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, fmt.Sprintf(`{"count":%d}`, sent.Add(1))) })
		f := s.fetch(t.Context(), request{until: &settled{"count", "2"}})
		if f.err != nil || plain(t, f.answer.body) != `{"count":2}` {
			t.Errorf("%v, %v", f.answer.body, f.err)
		}
	})
	t.Run("not when the answer is an error", func(t *testing.T) {
		s := against(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, `{"errors":[{"message":"no"}]}`) })
		if f := s.fetch(t.Context(), request{until: &settled{"count", "2"}}); f.err == nil || !strings.Contains(f.err.Error(), `"no"`) {
			t.Errorf("%v", f.err)
		}
	})
	t.Run("not longer than the target allows", func(t *testing.T) {
		s := against(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, `{"count":1}`) })
		s.target.Patience = time.Millisecond
		if f := s.fetch(t.Context(), request{until: &settled{"count", "2"}}); !errors.Is(f.err, context.DeadlineExceeded) {
			t.Errorf("%v", f.err)
		}
	})
	t.Run("when the server was too busy to read it", func(t *testing.T) {
		var sent atomic.Int64
		s := against(t, func(w http.ResponseWriter, _ *http.Request) {
			if sent.Add(1) == 1 {
				w.Header().Set("X-Infrahub-Admission", "shed")
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			reply(w, `{}`)
		})
		if f := s.fetch(t.Context(), request{}); f.err != nil || f.answer.status != http.StatusOK {
			t.Errorf("%d, %v", f.answer.status, f.err)
		}
	})
	t.Run("not for another reason to ask for less", func(t *testing.T) {
		s := against(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
		if f := s.fetch(t.Context(), request{}); f.err != nil || f.answer.status != http.StatusTooManyRequests {
			t.Errorf("%d, %v", f.answer.status, f.err)
		}
	})
}

func TestHowLongTheServerAsksToBeLeftAlone(t *testing.T) {
	for header, want := range map[string]time.Duration{"5": 5 * time.Second, "": time.Second, "soon": time.Second, "-1": 0, "3600": 30 * time.Second} {
		a := answer{header: http.Header{"Retry-After": {header}}}
		if got := a.retryAfter(); got != want {
			t.Errorf("%q means %v, want %v", header, got, want)
		}
	}
}

func TestIndependentRequestsAreAnsweredInTheirOrder(t *testing.T) {
	s := against(t, func(w http.ResponseWriter, r *http.Request) { reply(w, `{"path":"`+r.URL.Path+`"}`) })
	g := group{name: "g", independent: true}
	var want []string
	for i := range 50 {
		g.requests = append(g.requests, request{name: fmt.Sprint(i), path: fmt.Sprintf("/%d", i)})
		want = append(want, fmt.Sprintf(`{"path":"/%d"}`, i))
	}
	var got []string
	for _, o := range s.play(t.Context(), g) {
		got = append(got, plain(t, o.answer.Body))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatARunLeftBehindIsRemoved(t *testing.T) {
	var deleted []string
	s := against(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		body := string(raw)
		switch {
		case strings.Contains(body, "mutation"):
			deleted = append(deleted, body)
			reply(w, `{"data":{}}`)
		case strings.Contains(body, "{ Branch(") && strings.Contains(body, "conflict"):
			reply(w, `{"data":{"Branch":[{"id":"x"}]}}`)
		case strings.Contains(body, "{ Branch("):
			reply(w, `{"data":{"Branch":[]}}`)
		case strings.Contains(body, "OrganizationProvider"):
			reply(w, `{"data":{"OrganizationProvider":{"edges":[{"node":{"id":"p"}}]}}}`)
		default:
			reply(w, `{"data":{"`+kindOf(body)+`":{"edges":[]}}}`)
		}
	})
	if err := s.restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"query":"mutation ($id: String!) { OrganizationProviderDelete(data: {id: $id}) { ok } }","variables":{"id":"p"}}`,
		`{"query":"mutation { BranchDelete(data: {name: \"contract-` + s.values["run"] + `-conflict\"}, wait_until_completion: false) { ok } }"}`,
	}
	if diff := cmp.Diff(want, deleted); diff != "" {
		t.Error(diff)
	}
}

func TestRestoringReportsWhatItCannotRemove(t *testing.T) {
	for code, want := range map[string]bool{"BRANCH_NOT_FOUND": false, "NODE_NOT_FOUND": false, "PERMISSION_DENIED": true} {
		s := against(t, func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			switch body := string(raw); {
			case strings.Contains(body, "mutation"):
				reply(w, `{"data":null,"errors":[{"message":"no","extensions":{"code":"`+code+`"}}]}`)
			case strings.Contains(body, "{ Branch("):
				reply(w, `{"data":{"Branch":[{"id":"x"}]}}`)
			default:
				reply(w, `{"data":{"`+kindOf(body)+`":{"edges":[{"node":{"id":"p"}}]}}}`)
			}
		})
		if err := s.restore(t.Context()); (err != nil) != want {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestATargetShowsNoCredential(t *testing.T) {
	target := Target{Address: "http://127.0.0.1", AdminToken: "s3cret", ReaderToken: "s3cret", EngineerToken: "s3cret", AdminPassword: "s3cret", ExpiredToken: config.Secret("s3cret")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if shown := fmt.Sprintf(verb, target); strings.Contains(shown, "s3cret") {
			t.Errorf("%s shows %s", verb, shown)
		}
	}
	s := newSession(Target{Address: "http://127.0.0.1:0", AdminToken: "s3cret", AdminPassword: "s3cret"})
	f := s.fetch(t.Context(), request{path: "/api/auth/login", body: "{{admin-password}}", headers: map[string]string{"Cookie": "{{admin-token}}"}})
	if f.err == nil || strings.Contains(f.err.Error(), "s3cret") {
		t.Errorf("the error is %v", f.err)
	}
}

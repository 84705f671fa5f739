package tool

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
)

// fake is an Infrahub that serves the schema fixture and answers GraphQL as a
// test says.
type fake struct {
	*httptest.Server
	schema  []byte
	graphql func(document string, variables map[string]any) (status int, answer string)

	requests atomic.Int64 // to GraphQL
	mu       sync.Mutex
	last     struct {
		path, document string
		variables      map[string]any
	}
}

func newFake(t testing.TB, graphql func(string, map[string]any) (int, string)) *fake {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "infrahub", "schema", "testdata", "schema.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	reader, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{graphql: graphql}
	if f.schema, err = io.ReadAll(reader); err != nil {
		t.Fatal(err)
	}
	var hash struct{ Main string }
	if err := json.Unmarshal(f.schema, &hash); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/schema", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(f.schema) })
	mux.HandleFunc("/api/schema/summary", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"main":%q,"nodes":{},"generics":{}}`, hash.Main)
	})
	mux.HandleFunc("/api/info", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"version":"1.11.9"}`) })
	mux.HandleFunc("/graphql", f.answer)
	mux.HandleFunc("/graphql/", f.answer)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request) {
	f.requests.Add(1)
	var q struct {
		Query     string
		Variables map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	f.last.path, f.last.document, f.last.variables = r.URL.RequestURI(), q.Query, q.Variables
	f.mu.Unlock()
	status, answer := f.graphql(q.Query, q.Variables)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

// caller makes Calls to a fake. Everything it logs ends up in log.
func caller(t testing.TB, f *fake) (c *call.Call, log *bytes.Buffer) {
	t.Helper()
	log = &bytes.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	upstream, err := infrahub.New(infrahub.Settings{Address: f.URL, Timeout: 10 * time.Second, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(upstream.Close)
	client := upstream.Client(infrahub.Credential{Token: "token-of-the-test"})
	branches := branch.NewManager(branch.Options{Attempts: 1, Store: branch.NewMemory(10, time.Hour), Logger: logger})
	return &call.Call{
		Client: client, Schemas: schema.NewCache(time.Hour, 4, nil), Logger: logger, User: "ann", Branches: branches.Session(client, branch.Owner{Session: "1"}),
		Settings: call.Settings{MaxBytes: 100_000, PageSize: 10, Concurrency: 3, ExpandPeers: true, CallLimit: time.Minute},
	}, log
}

// run calls a tool and checks what must hold for every call.
func run(t testing.TB, c *call.Call, name, arguments string) Result {
	t.Helper()
	for _, entry := range Catalogue() {
		if entry.Name != name {
			continue
		}
		result, err := entry.Run(t.Context(), c, json.RawMessage(arguments))
		if err != nil {
			t.Fatal(err)
		}
		if result.Text == "" {
			t.Error("the result has no text")
		}
		if result.IsError != (result.Structured == nil) {
			t.Errorf("an error with structured content, or a result without: %s", result.Text)
		}
		if !result.IsError {
			conforms(t, entry.Output, result.Structured)
		}
		return result
	}
	t.Fatalf("there is no tool %s", name)
	return Result{}
}

// conforms fails unless a value is valid for a schema.
func conforms(t testing.TB, against, value json.RawMessage) {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(against, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(value, &decoded); err != nil {
		t.Fatal(err)
	}
	if err := resolved.Validate(decoded); err != nil {
		t.Errorf("%s does not match its schema: %v", value, err)
	}
}

// devices answers pages of n devices named d0, d1, …
func devices(n int) func(string, map[string]any) (int, string) {
	return func(_ string, variables map[string]any) (int, string) {
		offset, _ := variables["offset"].(float64)
		limit, _ := variables["limit"].(float64)
		edges := []string{}
		for i := int(offset); i < min(n, int(offset+limit)); i++ {
			edges = append(edges, fmt.Sprintf(`{"node":{"id":"%d","display_label":"d%d","hfid":["d%d"],"__typename":"DcimDevice","name":{"value":"d%d"}}}`, i, i, i, i))
		}
		return 200, fmt.Sprintf(`{"data":{"DcimDevice":{"count":%d,"edges":[%s]}}}`, n, strings.Join(edges, ","))
	}
}

func TestAWarmCallIsOneRequest(t *testing.T) {
	f := newFake(t, devices(40))
	c, _ := caller(t, f)
	run(t, c, "get_schema", `{"kind":"DcimDevice"}`)
	for _, arguments := range []string{
		`{"kind":"DcimDevice"}`, `{"kind":"DcimDevice","include_attributes":true,"limit":40}`, `{"kind":"DcimDevice","limit":0}`,
		`{"kind":"DcimDevice","fields":["name","site.name","interfaces"],"filters":{"site__name__value":"x"},"at":"2h","branch":"b"}`,
	} {
		before := f.requests.Load()
		run(t, c, "get_nodes", arguments)
		if got := f.requests.Load() - before; got != 1 {
			t.Errorf("%s: %d requests", arguments, got)
		}
	}
	if f.last.path != "/graphql/b?at=2h" {
		t.Errorf("branch and time: %s", f.last.path)
	}
}

func TestPagesFitTogether(t *testing.T) {
	for _, limit := range []int{1, 7, 10, 50, -1} {
		f := newFake(t, devices(43))
		c, _ := caller(t, f)
		var seen []string
		for offset := 0; ; {
			var page struct {
				Nodes []struct {
					Label string `json:"display_label"`
				}
				Count, TotalCount, Offset, Limit int
				HasMore                          bool `json:"has_more"`
				NextOffset                       *int `json:"next_offset"`
			}
			result := run(t, c, "get_nodes", fmt.Sprintf(`{"kind":"DcimDevice","limit":%d,"offset":%d}`, limit, offset))
			if err := json.Unmarshal(result.Structured, &page); err != nil {
				t.Fatal(err)
			}
			for _, n := range page.Nodes {
				seen = append(seen, n.Label)
			}
			if page.HasMore != (page.NextOffset != nil) {
				t.Fatalf("limit %d: %s", limit, result.Structured)
			}
			if !page.HasMore {
				break
			}
			offset = *page.NextOffset
		}
		want := make([]string, 43)
		for i := range want {
			want[i] = fmt.Sprintf("d%d", i)
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("limit %d: %s", limit, diff)
		}
	}
}

func TestAllNodesInPagesWithProgressAndLimitedConcurrency(t *testing.T) {
	var now, most atomic.Int64
	answer := devices(95)
	f := newFake(t, func(document string, variables map[string]any) (int, string) {
		for n := now.Add(1); ; {
			if seen := most.Load(); n <= seen || most.CompareAndSwap(seen, n) {
				break
			}
		}
		defer now.Add(-1)
		return answer(document, variables)
	})
	c, _ := caller(t, f)
	var mu sync.Mutex
	var last float64
	c.Report = func(done, total float64, _ string) {
		mu.Lock()
		defer mu.Unlock()
		last = max(last, done)
		if total != 95 {
			t.Errorf("total %v", total)
		}
	}
	result := run(t, c, "get_nodes", `{"kind":"DcimDevice","limit":-1}`)
	if f.requests.Load() != 10 || most.Load() > 3 || last != 95 {
		t.Errorf("%d requests, %d at a time, progress to %v", f.requests.Load(), most.Load(), last)
	}
	if !strings.Contains(string(result.Structured), `"count":95,"total_count":95,"has_more":false`) {
		t.Errorf("%s", result.Structured)
	}
}

func TestAnAnswerStopsAtTheSizeLimitAndCanBeContinued(t *testing.T) {
	f := newFake(t, devices(2000))
	c, _ := caller(t, f)
	c.Settings.MaxBytes, c.Settings.PageSize = 10_000, 100
	total := 0
	for offset, rounds := 0, 0; ; rounds++ {
		result := run(t, c, "get_nodes", fmt.Sprintf(`{"kind":"DcimDevice","limit":-1,"offset":%d}`, offset))
		if len(result.Structured) > 10_000 {
			t.Fatalf("%d bytes", len(result.Structured))
		}
		var page struct {
			Count      int
			HasMore    bool `json:"has_more"`
			NextOffset int  `json:"next_offset"`
			Note       string
		}
		if err := json.Unmarshal(result.Structured, &page); err != nil {
			t.Fatal(err)
		}
		total += page.Count
		if !page.HasMore {
			break
		}
		if page.NextOffset != offset+page.Count || !strings.Contains(page.Note, "next_offset") || rounds > 100 {
			t.Fatalf("offset %d: %+v", offset, page)
		}
		offset = page.NextOffset
	}
	if total != 2000 {
		t.Errorf("%d nodes", total)
	}
	if f.requests.Load() > 200 {
		t.Errorf("%d requests: pages past the limit were fetched", f.requests.Load())
	}
}

func TestErrorsFromInfrahub(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		answer string
		want   string // in the text of a result
		fault  func(error) bool
	}{
		{"a GraphQL error", 200, `{"data":null,"errors":[{"message":"Cannot query field 'x' on type 'DcimDevice'.","extensions":{"code":"UNDEFINED_ERROR","http_status":500,"data":{}}}]}`, "get_schema", nil},
		{"an unknown branch", 404, `{"errors":["Branch: nope not found."]}`, "infrahub://branches", nil},
		{"a missing right", 403, `{"data":null,"errors":[{"message":"You are not allowed to view this","extensions":{"code":"PERMISSION_DENIED","http_status":403}}]}`, "not allowed", nil},
		{"overload", 429, `{"data":null,"errors":[{"message":"Server is shedding load; retry later.","extensions":{"code":429}}]}`, "Try again", nil},
		{"a refused credential", 401, `{"data":null,"errors":[{"message":"Invalid token","extensions":{"code":"AUTHENTICATION_REQUIRED","http_status":401}}]}`, "", infrahub.Unauthorized},
		{"a fault of Infrahub", 500, "Internal Server Error", "fault of Infrahub", nil},
		{"an answer that is cut off", 200, `{"data":{"DcimDevice":{"count":`, "fault of Infrahub", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t, func(string, map[string]any) (int, string) { return test.status, test.answer })
			c, _ := caller(t, f)
			entry := getNodes()
			result, err := entry.Run(t.Context(), c, json.RawMessage(`{"kind":"DcimDevice","branch":"nope"}`))
			if test.fault != nil {
				if !test.fault(err) {
					t.Errorf("got %v, %v", result, err)
				}
				return
			}
			if err != nil || !result.IsError || !strings.Contains(result.Text, test.want) {
				t.Errorf("got %+v, %v; want %q", result, err, test.want)
			}
		})
	}
	f := newFake(t, devices(1))
	c, _ := caller(t, f)
	f.Close()
	entry := getNodes()
	if _, err := entry.Run(t.Context(), c, json.RawMessage(`{"kind":"DcimDevice"}`)); !infrahub.Unavailable(err) {
		t.Errorf("Infrahub down: %v", err)
	}
}

func TestTheAuditLineTellsWhoAndWhatButNoValue(t *testing.T) {
	c, log := caller(t, newFake(t, devices(1)))
	run(t, c, "get_nodes", `{"kind":"DcimDevice","filters":{"name__value":"confidential-value"}}`)
	if line := log.String(); !strings.Contains(line, "tool_call tool=get_nodes user=ann") || strings.Contains(line, "confidential") || strings.Contains(line, "token-of-the-test") {
		t.Error(line)
	}
}

func TestSearch(t *testing.T) {
	f := newFake(t, func(document string, variables map[string]any) (int, string) {
		switch {
		case strings.Contains(document, "InfrahubSearchAnywhere"):
			return 200, `{"data":{"InfrahubSearchAnywhere":{"count":3,"edges":[{"node":{"id":"1","kind":"A"}},{"node":{"id":"2","kind":"B"}},{"node":{"id":"3","kind":"C"}}],"parent_prefixes":[{"node":{"id":"9","kind":"P"}}]}}}`
		case strings.Contains(document, "CoreNode"):
			return 200, `{"data":{"CoreNode":{"edges":[{"node":{"__typename":"A","id":"1","display_label":"one","hfid":["one"]}},{"node":{"__typename":"B","id":"2","display_label":"two","hfid":null}},{"node":{"__typename":"P","id":"9","display_label":"10/8","hfid":null}}]}}}`
		default:
			return devices(25)(document, variables)
		}
	})
	c, _ := caller(t, f)
	result := run(t, c, "search_nodes", `{"query":"x","limit":2}`)
	want := `{"matches":[{"id":"1","kind":"A","display_label":"one","hfid":["one"]},{"id":"2","kind":"B","display_label":"two"}],"count":2,"has_more":true,"containing_prefixes":[{"id":"9","kind":"P","display_label":"10/8"}]}`
	if diff := cmp.Diff(want, string(result.Structured)); diff != "" || f.requests.Load() != 2 {
		t.Errorf("%d requests: %s", f.requests.Load(), diff)
	}
	result = run(t, c, "search_nodes", `{"query":"x","kind":"DcimDevice","limit":1}`)
	want = `{"matches":[{"id":"0","kind":"DcimDevice","display_label":"d0","hfid":["d0"]}],"count":1,"total_count":25,"has_more":true}`
	if diff := cmp.Diff(want, string(result.Structured)); diff != "" || f.requests.Load() != 3 {
		t.Errorf("%d requests: %s", f.requests.Load(), diff)
	}
}

func TestQueryGraphQL(t *testing.T) {
	f := newFake(t, func(string, map[string]any) (int, string) {
		return 200, `{"data":{"z":{"edges":[{"node":{"p":{"v":"hunter2"}}}]},"a":1}}`
	})
	c, _ := caller(t, f)
	const query = `query($n: [String]) { z: DcimDevice(name__values: $n) { edges { node { p: console_password { v: value } } } } a: __typename }`
	arguments := func(query, rest string) string {
		raw, _ := json.Marshal(query)
		return `{"query":` + string(raw) + rest + `}`
	}
	result := run(t, c, "query_graphql", arguments(query, `,"variables":{"n":["x"]}`))
	if strings.Contains(result.Text, "hunter2") || !strings.Contains(result.Text, "********") || result.Text != string(result.Structured) {
		t.Errorf("%s", result.Text)
	}
	c.Settings.RevealSecrets = true
	if result := run(t, c, "query_graphql", arguments(query, "")); !strings.Contains(result.Text, `{"z":{"edges":[{"node":{"p":{"v":"hunter2"}}}]},"a":1}`) {
		t.Errorf("revealed: %s", result.Text)
	}
	c.Settings.RevealSecrets = false
	before := f.requests.Load()
	for name, test := range map[string][2]string{
		"a mutation":                  {arguments(`mutation { BranchDelete(data: {name: "x"}) { ok } }`, ""), "runs queries only"},
		"a subscription":              {arguments(`subscription { query }`, ""), "runs queries only"},
		"a mutation beside a query":   {arguments(`query A { a } mutation B { b }`, `,"operation_name":"B"`), "runs queries only"},
		"two operations without name": {arguments(`query A { a } query B { b }`, ""), "operation_name"},
		"a syntax error":              {arguments("{\n  DcimDevice(", ""), "line 2, column 14"},
		"a missing variable":          {arguments(`query($x: String!) { a(x: $x) }`, ""), "$x of type String! is missing"},
		"a filter on a secret":        {arguments(`{ DcimDevice(console_password__value: "x") { count } }`, ""), "secret"},
	} {
		if result := run(t, c, "query_graphql", test[0]); !result.IsError || !strings.Contains(result.Text, test[1]) {
			t.Errorf("%s: %s", name, result.Text)
		}
	}
	if f.requests.Load() != before {
		t.Error("a refused document was sent")
	}
}

func TestAMisspeltBranchIsAnsweredWithTheClosest(t *testing.T) {
	f := newFake(t, func(document string, _ map[string]any) (int, string) {
		if strings.Contains(document, "Branch") {
			return 200, `{"data":{"Branch":[{"id":"1","name":"main","status":"OPEN"},{"id":"2","name":"feature/rack-7","status":"OPEN"}]}}`
		}
		return 404, `{"errors":["Branch: feature/rack7 not found."]}`
	})
	c, _ := caller(t, f)
	if result := run(t, c, "get_nodes", `{"kind":"DcimDevice","branch":"feature/rack7"}`); !result.IsError || !strings.Contains(result.Text, "Did you mean feature/rack-7?") {
		t.Errorf("%s", result.Text)
	}
}

func TestSessionInfo(t *testing.T) {
	const info = `"InfrahubInfo":{"version":"1.11.9"},"Branch":[{"id":"1","name":"b","status":"OPEN","is_default":false},{"id":"2","name":"main","status":"OPEN","is_default":true}]`
	permissions := func(global, object string) string {
		return `,"InfrahubPermissions":{"global_permissions":{"edges":[` + global + `]},"object_permissions":{"edges":[{"node":{"action":"view","decision":"6"}}` + object + `]}}`
	}
	for name, test := range map[string]struct {
		status       int
		answer, want string
	}{
		"an administrator": {200, `{"data":{` + info + permissions(`{"node":{"action":"super_admin","decision":"6"}}`, "") + `,"AccountProfile":{"__typename":"CoreAccount","id":"3","display_label":"Ann"}}}`, `"access":"write"`},
		"a viewer":         {200, `{"data":{` + info + permissions(`{"node":{"action":"merge_branch","decision":"6"}}`, `,{"node":{"action":"any","decision":"1"}}`) + `,"AccountProfile":null}}`, `"access":"read","why_read_only":"Infrahub lets this account view`},
		"with an account":  {200, `{"data":{` + info + permissions("", `,{"node":{"action":"any","decision":"4"}}`) + `,"AccountProfile":{"__typename":"CoreAccount","id":"3","display_label":"Ann"}}}`, `"default_branch":"main","user":"Ann","access":"write","infrahub_version":"1.11.9"`},
		"without one":      {200, `{"data":{` + info + permissions("", `,{"node":{"action":"any","decision":"1"}}`) + `,"AccountProfile":null},"errors":[{"message":"Unable to find the node anonymous / CoreGenericAccount","extensions":{"code":"NODE_NOT_FOUND"}}]}`, `"default_branch":"main","access":"read"`},
		"without Infrahub": {503, ``, `"note":"Infrahub does not answer at the moment."`},
	} {
		c, _ := caller(t, newFake(t, func(string, map[string]any) (int, string) { return test.status, test.answer }))
		if result := run(t, c, "get_session_info", ""); !strings.Contains(result.Text, test.want) {
			t.Errorf("%s: %s", name, result.Text)
		}
	}
	c, _ := caller(t, newFake(t, func(string, map[string]any) (int, string) {
		return 401, `{"data":null,"errors":[{"message":"Invalid token","extensions":{"code":"AUTHENTICATION_REQUIRED","http_status":401}}]}`
	}))
	entry := getSessionInfo()
	if _, err := entry.Run(t.Context(), c, nil); !infrahub.Unauthorized(err) {
		t.Errorf("a refused credential: %v", err)
	}
}

func TestReferencesToNodes(t *testing.T) {
	f := newFake(t, func(_ string, variables map[string]any) (int, string) {
		if fmt.Sprint(variables["n0"]) == "[a b__c]" {
			return 200, `{"data":{"n0":{"edges":[{"node":{"id":"found"}}]},"n1":{"edges":[]}}}`
		}
		return 200, `{"data":{"n0":{"edges":[]}}}`
	})
	c, _ := caller(t, f)
	const id = "18EA665E-c49f-3ce0-e36f-1bdf933aeb83"
	got, err := resolve(t.Context(), c, "", "DcimInterface__a__b__c", id)
	if diff := cmp.Diff([]string{"found", strings.ToLower(id)}, got); diff != "" || err != nil || f.requests.Load() != 1 {
		t.Errorf("%v, %d requests: %s", err, f.requests.Load(), diff)
	}
	if _, err := resolve(t.Context(), c, "", id); err != nil || f.requests.Load() != 1 {
		t.Errorf("an id alone: %v, %d requests", err, f.requests.Load())
	}
	for reference, want := range map[string]string{
		"":                  "names no node",
		"atl1":              "names no node",
		"DcimDevice__":      "names no node",
		"DcimDevic__a":      "DcimDevice",
		"DcimInterface__a":  "has 2 parts",
		"IpamIPAddress__a":  "no human-friendly id",
		"DcimDevice__nope1": "There is no node",
	} {
		if _, err := resolve(t.Context(), c, "", reference); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", reference, err)
		}
	}
}

func TestSchemaDetail(t *testing.T) {
	c, _ := caller(t, newFake(t, devices(0)))
	result := run(t, c, "get_schema", `{"kind":"DcimDevice"}`)
	for _, want := range []string{
		"attributes[11]{name,kind,mandatory,unique,read_only,default,description}:", "name,Text,true,true,false,null,Unique host name.", "role,edge,Edge", `name,regex,"^[a-z0-9-]+$"`,
		"fqdn,computed", "site,LocationSite,one,true,Attribute", "site__name__value,String", "branch_support: aware", "human_friendly_id[1]: name__value", "rack_position__value,BigInt",
	} {
		if !strings.Contains(result.Text, want) {
			t.Errorf("the detail lacks %s:\n%s", want, result.Text)
		}
	}
	if strings.Contains(result.Text, "console_password__value") {
		t.Error("a filter on a secret is offered")
	}
	if small := run(t, c, "get_schema", `{"kind":"DcimDevice","expand":false}`); len(small.Text)*10 > len(result.Text)*7 || strings.Contains(small.Text, "peers") {
		t.Errorf("without peers it has %d bytes of %d", len(small.Text), len(result.Text))
	}
	catalogue := run(t, c, "get_schema", `{"branch":"b"}`)
	var kinds map[string]string
	if err := json.Unmarshal([]byte(catalogue.Text), &kinds); err != nil || kinds["DcimDevice"] != "Device" || kinds["branch"] != "b" {
		t.Errorf("%v: %s", err, catalogue.Text)
	}
	for kind := range kinds {
		if strings.HasPrefix(kind, "Profile") || strings.HasPrefix(kind, "Internal") {
			t.Errorf("the catalogue holds %s", kind)
		}
	}
}

func TestEveryToolIsFitForEveryClient(t *testing.T) {
	seen := map[string]bool{}
	for _, entry := range Catalogue() {
		if seen[entry.Name] || entry.Title == "" || len(entry.Description) < 50 {
			t.Errorf("%s: its name, title or description", entry.Name)
		}
		seen[entry.Name] = true
		if entry.Access == Read && !entry.Idempotent {
			t.Errorf("%s reads and is not idempotent", entry.Name)
		}
		for what, raw := range map[string]json.RawMessage{"input": entry.Input, "output": entry.Output} {
			var s any
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Fatal(err)
			}
			portableSchema(t, entry.Name+" "+what, s, true)
		}
	}
}

// portableSchema checks what clients are known to stumble over.
func portableSchema(t *testing.T, at string, s any, root bool) {
	t.Helper()
	m, ok := s.(map[string]any)
	if !ok {
		t.Errorf("%s: the schema is %v, not an object", at, s)
		return
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf", "$ref", "$defs", "not", "nullable", "pattern"} {
		if _, ok := m[keyword]; ok {
			t.Errorf("%s has %s", at, keyword)
		}
	}
	if _, ok := m["type"].(string); !ok && m["description"] == nil {
		t.Errorf("%s has no single type and does not say what it is", at)
	}
	properties, has := m["properties"].(map[string]any)
	if m["type"] == "object" && !has || root && m["type"] != "object" {
		t.Errorf("%s: an object without properties, or no object at the top", at)
	}
	for name, property := range properties {
		portableSchema(t, at+"."+name, property, false)
	}
	if m["type"] == "array" {
		portableSchema(t, at+"[]", m["items"], false)
	}
	if extra, ok := m["additionalProperties"]; ok {
		portableSchema(t, at+".*", extra, false)
	}
}

func BenchmarkGetNodes(b *testing.B) {
	f := newFake(b, devices(50))
	c, _ := caller(b, f)
	c.Logger = slog.New(slog.DiscardHandler)
	entry := getNodes()
	b.ReportAllocs()
	for b.Loop() {
		if result, err := entry.Run(b.Context(), c, json.RawMessage(`{"kind":"DcimDevice","fields":["id","name","hfid"]}`)); err != nil || result.IsError {
			b.Fatal(result, err)
		}
	}
}

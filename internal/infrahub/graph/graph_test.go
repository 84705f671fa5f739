package graph

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"infrahub-mcp/internal/infrahub/schema"
)

// unpacked returns a fixture of package schema: what an Infrahub 1.11.9 with a
// demo model answers.
func unpacked(name string) []byte {
	file, err := os.Open(filepath.Join("..", "schema", "testdata", name+".gz"))
	if err != nil {
		panic(err)
	}
	defer func() { _ = file.Close() }()
	reader, err := gzip.NewReader(file)
	if err != nil {
		panic(err)
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		panic(err)
	}
	return data
}

var (
	demo = sync.OnceValue(func() *schema.Schema {
		s, err := schema.Decode(unpacked("schema.json"))
		if err != nil {
			panic(err)
		}
		return s
	})
	sdl = sync.OnceValue(func() *ast.Schema {
		return gqlparser.MustLoadSchema(&ast.Source{Name: "infrahub", Input: string(unpacked("schema.graphql"))})
	})
)

func kind(t testing.TB, name string) *schema.Kind {
	t.Helper()
	k, err := demo().Kind(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// valid fails unless Infrahub's own GraphQL schema accepts the document.
func valid(t testing.TB, document string) {
	t.Helper()
	parsed, err := parser.ParseQuery(&ast.Source{Input: document})
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	if errs := validator.ValidateWithRules(sdl(), parsed, nil); len(errs) > 0 {
		t.Fatalf("%s: %v", document, errs)
	}
}

func TestEveryKindCanBeListedWithEverything(t *testing.T) {
	r := Reader{Schema: demo()}
	for _, k := range demo().Kinds() {
		if k.Namespace == "Internal" {
			continue
		}
		for _, selection := range []*Selection{r.Labels(k), r.Everything(k)} {
			query, err := List{Kind: k, Selection: selection}.Query(r, 10, 50)
			if err != nil {
				t.Errorf("%s: %v", k.Name, err)
				continue
			}
			valid(t, query.Document)
		}
	}
}

func TestListQueries(t *testing.T) {
	r := Reader{Schema: demo()}
	for _, test := range []struct {
		name, kind     string
		fields, order  []string
		filters        string
		partial        bool
		limit          int
		wantVariables  string
		wantInDocument string
	}{
		{"only a number", "DcimDevice", nil, nil, `{}`, false, 0, `{}`, "query { DcimDevice { count  } }"},
		{"a page", "DcimDevice", []string{"name"}, nil, `{}`, false, 7, `{"limit":7,"offset":3}`, "name { value }"},
		{"filters with their types", "DcimDevice", []string{"id"}, nil, `{"name__values":["a"],"rack_position__value":"4","site__ids":"x","interfaces__isnull":true}`, true, 0,
			`{"name__values":["a"],"rack_position__value":4,"site__ids":["x"],"interfaces__isnull":true,"partial_match":true}`, "$rack_position__value: BigInt"},
		{"order", "DcimDevice", []string{"id"}, []string{"-updated_at", "site.name", "name__value", "+role"}, `{}`, false, 0,
			`{"order":{"by":[{"field":"node_metadata__updated_at","direction":"DESC"},{"field":"site__name__value","direction":"ASC"},{"field":"name__value","direction":"ASC"},{"field":"role__value","direction":"ASC"}]}}`, "$order: OrderInput"},
		{"one level down", "DcimDevice", []string{"site.name", "tags.name", "site.id", "rack.hfid", "interfaces.display_label"}, nil, `{}`, false, 1, `{"limit":2,"offset":3}`, "site { node { name { value } id } }"},
		{"a relationship and its fields in one selection", "DcimDevice", []string{"site", "site.name", "name", "site.id", "site.hfid"}, nil, `{}`, false, 5, `{"limit":5,"offset":3}`,
			"node { site { node { id __typename display_label hfid hfid_name: name { value } name { value } } } name { value } }"},
		{"a relationship with many peers and its fields in one selection", "DcimDevice", []string{"tags.name", "tags"}, nil, `{}`, false, 5, `{"limit":5,"offset":3}`,
			"tags(limit: 20) { count edges { node { name { value } id __typename display_label hfid_0: name { value } } } }"},
		{"the parts of a peer's hfid", "DcimDevice", []string{"interfaces"}, nil, `{}`, false, 5, `{"limit":5,"offset":3}`,
			"interfaces(limit: 20) { count edges { node { id __typename display_label hfid_0: device { node { name { value } } } hfid_1: name { value } } } }"},
		{"the hfid of peers of many kinds as it is", "CoreStandardGroup", []string{"members"}, nil, `{}`, false, 5, `{"limit":5,"offset":3}`,
			"members(limit: 20) { count edges { node { id __typename display_label hfid } } }"},
		{"one node is asked for as two", "DcimDevice", []string{"id"}, nil, `{}`, false, 1, `{"limit":2,"offset":3}`, "edges { node { id } }"},
		{"metadata", "DcimDevice", []string{"created_at", "updated_by"}, nil, `{}`, false, 1, `{"limit":2,"offset":3}`, "node_metadata {"},
		{"only metadata still asks for a node", "DcimDevice", []string{"created_at"}, nil, `{}`, false, 1, `{"limit":2,"offset":3}`, "node { id }"},
		{"fields of implementing kinds", "DcimInterface", []string{"speed", "vlans", "device"}, nil, `{}`, false, 1, `{"limit":2,"offset":3}`, "... on DcimVirtualInterface { DcimVirtualInterface__vlans: vlans"},
		{"a generic without attributes", "CoreNode", []string{"kind", "display_label"}, nil, `{"any__value":"x"}`, true, 1, `{"any__value":"x","partial_match":true,"limit":2,"offset":3}`, "__typename"},
		{"time", "DcimDevice", []string{"id"}, nil, `{"node_metadata__updated_at__after":"2026-01-01T00:00:00Z"}`, false, 0, `{"node_metadata__updated_at__after":"2026-01-01T00:00:00Z"}`, "DateTime"},
		{"big numbers keep every digit", "RoutingAutonomousSystem", []string{"id"}, nil, `{"asn__value":9007199254740993}`, false, 0, `{"asn__value":9007199254740993}`, "BigInt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := kind(t, test.kind)
			selection, err := r.Fields(k, test.fields)
			if err != nil {
				t.Fatal(err)
			}
			var filters map[string]json.RawMessage
			if err := json.Unmarshal([]byte(test.filters), &filters); err != nil {
				t.Fatal(err)
			}
			query, err := List{Kind: k, Selection: selection, Filters: filters, PartialMatch: test.partial, Order: test.order}.Query(r, 3, test.limit)
			if err != nil {
				t.Fatal(err)
			}
			valid(t, query.Document)
			if !strings.Contains(query.Document, test.wantInDocument) {
				t.Errorf("%s lacks %s", query.Document, test.wantInDocument)
			}
			got, err := json.Marshal(query.Variables)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, test.wantVariables), decoded(t, string(got))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// decoded reads JSON with numbers as they are written.
func decoded(t testing.TB, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

func TestListRefusals(t *testing.T) {
	r := Reader{Schema: demo()}
	for _, test := range []struct {
		name, filters string
		order, fields []string
		partial       bool
		want          string
	}{
		{name: "an unknown filter", filters: `{"nam__value":"x"}`, want: "name__value"},
		{name: "a number that is none", filters: `{"rack_position__value":"first"}`, want: "whole number"},
		{name: "a fraction", filters: `{"rack_position__value":1.5}`, want: "whole number"},
		{name: "null, which Infrahub ignores", filters: `{"name__value":null}`, want: "name__isnull"},
		{name: "a list for one value", filters: `{"name__value":["a"]}`, want: "name__values"},
		{name: "an object", filters: `{"facts__value":{"a":1}}`, want: "list"},
		{name: "a bad time", filters: `{"node_metadata__created_at":"1h"}`, want: "ISO 8601"},
		{name: "an hfid of the wrong length", filters: `{"hfid":["a","b"]}`, want: "has 1 parts"},
		{name: "the label of a choice", filters: `{"status__value":"Active"}`, want: "Did you mean active?"},
		{name: "a choice that does not exist", filters: `{"status__values":["active","gone"]}`, want: "Allowed: active, drained"},
		{name: "a choice even with partial match, in a list", filters: `{"status__values":["gone"]}`, partial: true, want: "Allowed"},
		{name: "the value of a secret", filters: `{"console_password__value":"a"}`, want: "secret"},
		{name: "values of a secret", filters: `{"console_password__values":["a"]}`, want: "secret"},
		{name: "order by a secret", filters: `{}`, order: []string{"console_password"}, want: "secret"},
		{name: "order by nothing known", filters: `{}`, order: []string{"-nam"}, want: "Did you mean name"},
		{name: "order by an unknown attribute of a peer", filters: `{}`, order: []string{"site.nam"}, want: "Did you mean name"},
		{name: "an unknown field", filters: `{}`, fields: []string{"sitee"}, want: "Did you mean site"},
		{name: "an unknown field of a peer", filters: `{}`, fields: []string{"site.citi"}, want: "Did you mean city"},
		{name: "two levels down", filters: `{}`, fields: []string{"site.parent.name"}, want: "One level down"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := kind(t, "DcimDevice")
			selection, err := r.Fields(k, append([]string{"id"}, test.fields...))
			if err == nil {
				var filters map[string]json.RawMessage
				if err := json.Unmarshal([]byte(test.filters), &filters); err != nil {
					t.Fatal(err)
				}
				_, err = List{Kind: k, Selection: selection, Filters: filters, Order: test.order, PartialMatch: test.partial}.Query(r, 0, 1)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestRowsKeepTypesAndOrder(t *testing.T) {
	const answer = `{"DcimDevice":{"count":40,"edges":[{"node_metadata":{"created_at":"2026-01-01T00:00:00Z","created_by":{"id":"a","__typename":"CoreAccount","display_label":"Admin"}},
		"node":{"id":"1","__typename":"DcimDevice","display_label":"x","hfid":["x"],"rack_position":{"value":9007199254740993},"facts":{"value":{"b":[1,null]}},"serial":{"value":null},
		"console_password":{"value":"hunter2"},"site":{"node":{"id":"s","__typename":"LocationSite","display_label":"par1","hfid":["par1"],"name":{"value":"par1"}}},"rack":{"node":null},
		"tags":{"count":30,"edges":[{"node":{"id":"t","__typename":"BuiltinTag","display_label":"blue","hfid_0":{"value":null},"name":{"value":"blue"}}}]},
		"interfaces":{"count":1,"edges":[{"node":{"id":"i","__typename":"DcimPhysicalInterface","display_label":"e1","hfid_0":{"node":{"name":{"value":"x"}}},"hfid_1":{"value":"e1"}}}]}}}]}}`
	k := kind(t, "DcimDevice")
	fields := []string{"rack_position", "facts", "serial", "console_password", "site", "rack", "site.name", "rack.name", "tags", "tags.name", "interfaces", "kind", "created_at", "created_by", "id", "hfid"}
	const want = `{"rack_position":9007199254740993,"facts":{"b":[1,null]},"serial":null,"console_password":"********",` +
		`"site":{"id":"s","kind":"LocationSite","display_label":"par1","hfid":["par1"]},"rack":null,"site.name":"par1","rack.name":null,` +
		`"tags":{"count":30,"nodes":[{"id":"t","kind":"BuiltinTag","display_label":"blue"}]},"tags.name":{"count":30,"nodes":["blue"]},` +
		`"interfaces":{"count":1,"nodes":[{"id":"i","kind":"DcimPhysicalInterface","display_label":"e1","hfid":["x","e1"]}]},` +
		`"kind":"DcimDevice","created_at":"2026-01-01T00:00:00Z","created_by":{"id":"a","kind":"CoreAccount","display_label":"Admin"},"id":"1","hfid":["x"]}`
	for reveal, want := range map[bool]string{false: want, true: strings.Replace(want, "********", "hunter2", 1)} {
		r := Reader{Schema: demo(), Reveal: reveal}
		selection, err := r.Fields(k, fields)
		if err != nil {
			t.Fatal(err)
		}
		page, err := List{Kind: k, Selection: selection}.Page(json.RawMessage(answer), 1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(page.Rows[0])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" || page.Total != 40 {
			t.Errorf("total %d: %s", page.Total, diff)
		}
	}
}

func TestUnreadableAnswersAreErrors(t *testing.T) {
	l := List{Kind: kind(t, "DcimDevice"), Selection: &Selection{}}
	for _, answer := range []string{`{}`, `[]`, `{"Other":{}}`, ``} {
		if _, err := l.Page(json.RawMessage(answer), 1); err == nil {
			t.Errorf("%q is no error", answer)
		}
	}
}

func TestDocuments(t *testing.T) {
	for _, test := range []struct{ name, text, operation, want string }{
		{"one query", "{ a }", "", ""},
		{"a named operation", "query A { a } query B { b }", "B", ""},
		{"a syntax error", "{\n  a(\n}", "", "line 3, column 1"},
		{"nothing", "", "", "no operation"},
		{"a comment", "# x", "", "no operation"},
		{"only a fragment", "fragment f on X { a }", "", "no operation"},
		{"several operations", "query A { a } query B { b }", "", "operation_name"},
		{"an unknown operation", "query Alpha { a }", "Alfa", "Alpha"},
		{"too many tokens", "{" + strings.Repeat(" a", 30_000) + "}", "", "token limit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(test.text, test.operation)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	const document = "query($s: String!, $i: Int = 1, $l: [ID!], $b: Boolean, $f: Float, $x: OrderInput, $n: BigInt) { a }"
	for _, test := range []struct{ name, variables, want string }{
		{"everything right", `{"s":"x","i":2,"l":["a",1],"b":true,"f":1.5,"x":{"disable":true},"n":9007199254740993}`, ""},
		{"one value for a list", `{"s":"x","l":"a"}`, ""},
		{"null where it may be", `{"s":"x","i":null}`, ""},
		{"a missing one", `{}`, "$s of type String! is missing"},
		{"null where it may not be", `{"s":null}`, "must not be null"},
		{"a number for a text", `{"s":1}`, "$s must be String!"},
		{"a text for a number", `{"s":"x","i":"1"}`, "$i must be Int"},
		{"null in a list", `{"s":"x","l":[null]}`, "$l must be [ID!]"},
		{"one that is not declared", `{"s":"x","ss":1}`, "ss"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := Parse(document, "")
			if err != nil {
				t.Fatal(err)
			}
			var variables map[string]json.RawMessage
			if err := json.Unmarshal([]byte(test.variables), &variables); err != nil {
				t.Fatal(err)
			}
			err = d.CheckVariables(variables)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func BenchmarkPage(b *testing.B) {
	r := Reader{Schema: demo()}
	k := kind(b, "DcimDevice")
	edge := `{"node":{"id":"18ea665e-c49f-3ce0-e36f-1bdf933aeb83","display_label":"par1-spine000","hfid":["par1-spine000"],"name":{"value":"par1-spine000"},"status":{"value":"active"},"site":{"node":{"id":"s","__typename":"LocationSite","display_label":"par1","hfid":["par1"]}},"tags":{"count":2,"edges":[{"node":{"id":"t","__typename":"BuiltinTag","display_label":"blue","hfid":["blue"]}}]}}}`
	answer := json.RawMessage(`{"DcimDevice":{"count":50,"edges":[` + strings.TrimSuffix(strings.Repeat(edge+",", 50), ",") + `]}}`)
	for name, selection := range map[string]*Selection{"labels": r.Labels(k), "everything": r.Everything(k)} {
		b.Run(name, func(b *testing.B) {
			l := List{Kind: k, Selection: selection}
			b.ReportAllocs()
			for b.Loop() {
				if page, err := l.Page(answer, 50); err != nil || len(page.Rows) != 50 {
					b.Fatal(err)
				}
			}
		})
	}
}

package sdl_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/sandbox/sdl"
)

// The recorded answer is compared but for the order of things and the wording
// of reasons.
func TestIntrospectionAnswersAsTheServerDid(t *testing.T) {
	query, err := os.ReadFile("testdata/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile("testdata/introspection.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := introspect(t, generate(t, demo(t)), string(query), map[string]any{"no": false})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unordered(t, recorded), unordered(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What introspection tells is the schema, down to the last default.
func TestIntrospectionTellsTheWholeSchemaOfTheServer(t *testing.T) {
	s := generate(t, demo(t))
	got, err := introspect(t, s, wholeSchema, nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Schema struct{ Types []introspected } `json:"__schema"`
	}
	if err := json.Unmarshal(got, &answer); err != nil {
		t.Fatal(err)
	}
	definitions := ast.DefinitionList{}
	for _, typ := range answer.Schema.Types {
		if !s.AST.Types[typ.Name].BuiltIn {
			definitions = append(definitions, typ.definition())
		}
	}
	document := document(t, graphQLSchema)
	report(t, facts(document.Definitions, nil), facts(definitions, nil))
	for _, typ := range answer.Schema.Types {
		want := []string{}
		for _, d := range document.Definitions {
			if d.Kind == ast.Object && slices.Contains(d.Interfaces, typ.Name) {
				want = append(want, d.Name)
			}
		}
		if diff := cmp.Diff(sorted(want), sorted(names(typ.PossibleTypes))); diff != "" {
			t.Errorf("possible types of %s (-want +got):\n%s", typ.Name, diff)
		}
	}
}

func TestIntrospection(t *testing.T) {
	s := generate(t, decode(t, small(t)))
	for _, test := range []struct {
		name, query string
		variables   map[string]any
		want        string
	}{
		{
			name:  "fields come in the order of the selection, under their aliases",
			query: `{__type(name:"DeleteInput"){b:kind a:name name}}`,
			want:  `{"__type":{"b":"INPUT_OBJECT","a":"DeleteInput","name":"DeleteInput"}}`,
		},
		{
			name:  "fields with one key are merged, from fragments too",
			query: `{__type(name:"TaskInfo"){fields{name} ...F ...F ... on __Type{fields{type{kind}}} ...{name}}} fragment F on __Type{fields{isDeprecated}}`,
			want:  `{"__type":{"fields":[{"name":"id","isDeprecated":false,"type":{"kind":"SCALAR"}}],"name":"TaskInfo"}}`,
		},
		{
			name: "directives leave fields and fragments out",
			query: `query($yes:Boolean!,$no:Boolean=false){__type(name:"TaskInfo"){
				kind @skip(if:$yes) name @include(if:$yes) a:name @include(if:$no) ...F@skip(if:$yes) ...@include(if:$no){b:name} ...@skip(if:$no){c:name}}}
				fragment F on __Type{d:name}`,
			variables: map[string]any{"yes": true},
			want:      `{"__type":{"name":"TaskInfo","c":"TaskInfo"}}`,
		},
		{
			name:      "the name of a type may be a variable",
			query:     `query($n:String!){__type(name:$n){name}}`,
			variables: map[string]any{"n": "Int"},
			want:      `{"__type":{"name":"Int"}}`,
		},
		{
			name:  "what is deprecated is left out unless asked for",
			query: `{__type(name:"DiffUpdateInput"){inputFields{name}} all:__type(name:"DiffUpdateInput"){inputFields(includeDeprecated:true){name}}}`,
			want: `{"__type":{"inputFields":[{"name":"branch"},{"name":"name"},{"name":"from_time"},{"name":"to_time"}]},` +
				`"all":{"inputFields":[{"name":"branch"},{"name":"name"},{"name":"from_time"},{"name":"to_time"},{"name":"wait_for_completion"}]}}`,
		},
		{
			name:  "a description is escaped",
			query: `{__type(name:"TestGadget"){description}}`,
			want:  `{"__type":{"description":"A \"gadget\" – with a \\.\nTwo lines."}}`,
		},
		{
			name:  "there is no such type",
			query: `{__type(name:"Nope"){name fields{name}}}`,
			want:  `{"__type":null}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := introspect(t, s, test.query, test.variables)
			if err != nil {
				t.Fatal(err)
			}
			var compact, text any
			if err := json.Unmarshal(got, &compact); err != nil {
				t.Fatalf("%s: %v", got, err)
			}
			if err := json.Unmarshal([]byte(test.want), &text); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(text, compact); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !strings.Contains(test.want, `\`) && string(got) != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestIntrospectionIsBounded(t *testing.T) {
	var doubling strings.Builder
	doubling.WriteString(`{__schema{types{...F0}}}`)
	for i := range 30 {
		fmt.Fprintf(&doubling, ` fragment F%d on __Type{a:ofType{...F%d} b:ofType{...F%d}}`, i, i+1, i+1)
	}
	doubling.WriteString(` fragment F30 on __Type{name}`)
	for _, test := range []struct{ name, query string }{
		{"fragments that double at each step", doubling.String()},
		{"the whole schema many times over", `{__schema{` + many(80, `t%d:types{fields{args{name type{name kind} defaultValue isDeprecated deprecationReason}}}`) + `}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := introspect(t, generate(t, demo(t)), test.query, nil)
			if _, ok := errors.AsType[*problem.Problem](err); !ok {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format+" ", i)
	}
	return b.String()
}

func TestIntrospectRefusesOtherFields(t *testing.T) {
	s := generate(t, decode(t, small(t)))
	if _, err := s.Introspect(nil, nil); err == nil {
		t.Error("no field is answered")
	}
	if _, err := s.Introspect([]*ast.Field{{Alias: "a", Name: "TestGadget"}}, nil); err == nil || !strings.Contains(err.Error(), "TestGadget") {
		t.Errorf("got %v", err)
	}
}

func TestASchemaIsSharedByManyCallers(t *testing.T) {
	s := generate(t, decode(t, small(t)))
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			_, errs := gqlparser.LoadQueryWithRules(s.AST, `{TestGadget(text__value:"a",limit:1){edges{node{text{value}}}}}`, rules.NewDefaultRules())
			if len(errs) > 0 {
				t.Error(errs)
			}
			if _, err := introspect(t, s, wholeSchema, nil); err != nil {
				t.Error(err)
			}
			if !strings.Contains(s.Text(), "type TestGadget") {
				t.Error("a kind is not in the text")
			}
		})
	}
	callers.Wait()
}

// introspect answers the query as an executor does that knows no other fields.
func introspect(tb testing.TB, s *sdl.Schema, query string, variables map[string]any) (json.RawMessage, error) {
	tb.Helper()
	document, errs := gqlparser.LoadQueryWithRules(s.AST, query, rules.NewDefaultRules())
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	fields := map[string][]*ast.Field{}
	var keys []string
	for _, selection := range document.Operations[0].SelectionSet {
		field := selection.(*ast.Field)
		if fields[field.Alias] == nil {
			keys = append(keys, field.Alias)
		}
		fields[field.Alias] = append(fields[field.Alias], field)
	}
	answer := json.RawMessage("{")
	for i, key := range keys {
		value, err := s.Introspect(fields[key], variables)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			answer = append(answer, ',')
		}
		answer = append(answer, `"`+key+`":`...)
		answer = append(answer, value...)
	}
	return append(answer, '}'), nil
}

// unordered decodes an answer and sorts its lists by the names of their items.
func unordered(tb testing.TB, data []byte) any {
	tb.Helper()
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		tb.Fatal(err)
	}
	var order func(any)
	order = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			if value["deprecationReason"] != nil {
				value["deprecationReason"] = "…"
			}
			for _, v := range value {
				order(v)
			}
		case []any:
			sort.SliceStable(value, func(i, j int) bool {
				a, _ := value[i].(map[string]any)
				b, _ := value[j].(map[string]any)
				return fmt.Sprint(a["name"]) < fmt.Sprint(b["name"])
			})
			for _, v := range value {
				order(v)
			}
		}
	}
	order(value)
	return value
}

const wholeSchema = `query Whole {
	__schema {
		types {
			kind name
			interfaces { name }
			possibleTypes { name }
			enumValues(includeDeprecated: true) { name isDeprecated }
			fields(includeDeprecated: true) { name type { ...T } isDeprecated args(includeDeprecated: true) { ...V } }
			inputFields(includeDeprecated: true) { ...V }
		}
	}
}
fragment V on __InputValue { name type { ...T } defaultValue isDeprecated }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`

// The JSON types are those of the answer to wholeSchema.
type (
	introspected struct {
		Kind          ast.DefinitionKind
		Name          string
		Interfaces    []reference
		PossibleTypes []reference
		EnumValues    []value
		Fields        []value
		InputFields   []value
	}

	value struct {
		Name         string
		Type         *reference
		Args         []value
		DefaultValue *string
		IsDeprecated bool
	}

	reference struct {
		Kind, Name string
		OfType     *reference
	}
)

func (i introspected) definition() *ast.Definition {
	d := &ast.Definition{Kind: i.Kind, Name: i.Name, Interfaces: names(i.Interfaces)}
	for _, v := range i.EnumValues {
		d.EnumValues = append(d.EnumValues, &ast.EnumValueDefinition{Name: v.Name, Directives: v.directives()})
	}
	for _, f := range append(i.Fields, i.InputFields...) {
		definition := &ast.FieldDefinition{Name: f.Name, Type: f.Type.ast(), Directives: f.directives(), DefaultValue: f.value()}
		for _, a := range f.Args {
			definition.Arguments = append(definition.Arguments, &ast.ArgumentDefinition{
				Name: a.Name, Type: a.Type.ast(), Directives: a.directives(), DefaultValue: a.value(),
			})
		}
		d.Fields = append(d.Fields, definition)
	}
	return d
}

func (v value) directives() ast.DirectiveList {
	if v.IsDeprecated {
		return ast.DirectiveList{{Name: "deprecated"}}
	}
	return nil
}

func (v value) value() *ast.Value {
	if v.DefaultValue == nil {
		return nil
	}
	return &ast.Value{Kind: ast.EnumValue, Raw: *v.DefaultValue}
}

func (r *reference) ast() *ast.Type {
	switch r.Kind {
	case "NON_NULL":
		t := *r.OfType.ast()
		t.NonNull = true
		return &t
	case "LIST":
		return ast.ListType(r.OfType.ast(), nil)
	default:
		return ast.NamedType(r.Name, nil)
	}
}

func names(references []reference) []string {
	all := []string{}
	for _, r := range references {
		all = append(all, r.Name)
	}
	return all
}

func sorted(texts []string) []string {
	slices.Sort(texts)
	return texts
}

package exec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/sandbox/exec"
)

const zoo = `
scalar BigInt
scalar DateTime
scalar GenericScalar
enum Size { SMALL BIG }
interface Animal { name: String! friend: Animal friends(limit: Int = 2): [Animal!] }
type Cat implements Animal { name: String! friend: Animal friends(limit: Int = 2): [Animal!] lives: BigInt fails: String many: String }
type Dog implements Animal { name: String! friend: Animal friends(limit: Int = 2): [Animal!] size: Size breaks: String! }
input Filter { name: String!, lives: BigInt, size: Size, tags: [String!], any: GenericScalar, deep: Filter, limit: Int = 7, yes: Boolean, ratio: Float, id: ID, born: DateTime }
type Query { animal(name: String): Animal animals: [Animal] echo(filter: Filter, list: [Int]): GenericScalar matrix: [[Int]] }
type Mutation { add(n: Int!): Int }
type Subscription { tick: Int }
`

type animal struct {
	kind, name string
	friends    []*animal
}

// keeper resolves the zoo; mutations add up in total.
type keeper struct{ total int64 }

func (k *keeper) Type(value any) string { return value.(*animal).kind }

func (k *keeper) Field(_ context.Context, parent any, f exec.Field) (any, error) {
	tom, rex := &animal{"Cat", "tom", nil}, &animal{"Dog", "rex", nil}
	tom.friends, rex.friends = []*animal{rex, tom, rex}, []*animal{tom}
	a, _ := parent.(*animal)
	switch f.Definition.Name {
	case "animal":
		switch f.Arguments["name"] {
		case "rex":
			return rex, nil
		case "nobody":
			return (*animal)(nil), nil
		}
		return tom, nil
	case "animals":
		return []*animal{tom, nil, rex}, nil
	case "echo":
		return f.Arguments, nil
	case "matrix":
		return [][]int{{1, 2}, nil}, nil
	case "name":
		return a.name, nil
	case "friend":
		return a.friends[0], nil
	case "friends":
		limit, _ := f.Arguments["limit"].(int64)
		return a.friends[:min(len(a.friends), int(limit))], nil
	case "lives":
		return 9, nil
	case "size":
		return "BIG", nil
	case "fails":
		return nil, errors.New("it fails")
	case "many":
		return nil, errors.Join(errors.New("one"), errors.New("two"))
	case "breaks":
		return nil, nil
	case "add":
		n, _ := f.Arguments["n"].(int64)
		if n < 0 {
			return nil, errors.New("too few")
		}
		k.total += n
		return k.total, nil
	}
	return nil, fmt.Errorf("no field %s", f.Definition.Name)
}

func run(t *testing.T, query, operation, variables string) (string, *exec.Response) {
	t.Helper()
	var sent map[string]any
	decoder := json.NewDecoder(bytes.NewReader([]byte(variables)))
	decoder.UseNumber()
	if err := decoder.Decode(&sent); err != nil {
		t.Fatal(err)
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: zoo})
	response, err := exec.Execute(t.Context(), schema, exec.Request{Query: query, OperationName: operation, Variables: sent}, &keeper{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(response.Data)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), response
}

func TestAnswers(t *testing.T) {
	for _, test := range []struct{ name, query, operation, variables, want, errs string }{
		{"fields in their order, under aliases", `{ animal { b: name __typename a: name } }`, "", `{}`, `{"animal":{"b":"tom","__typename":"Cat","a":"tom"}}`, ""},
		{"arguments", `{ animal(name: "rex") { name } }`, "", `{}`, `{"animal":{"name":"rex"}}`, ""},
		{"variables", `query($n: String) { animal(name: $n) { name } }`, "", `{"n":"rex"}`, `{"animal":{"name":"rex"}}`, ""},
		{"defaults of variables", `query($n: String = "rex") { animal(name: $n) { name } }`, "", `{}`, `{"animal":{"name":"rex"}}`, ""},
		{"defaults of arguments", `{ animal { friends { name } } }`, "", `{}`, `{"animal":{"friends":[{"name":"rex"},{"name":"tom"}]}}`, ""},
		{"null for an object", `{ animal(name: "nobody") { name } }`, "", `{}`, `{"animal":null}`, ""},
		{"null in a list", `{ animals { name } }`, "", `{}`, `{"animals":[{"name":"tom"},null,{"name":"rex"}]}`, ""},
		{"lists of lists", `{ matrix }`, "", `{}`, `{"matrix":[[1,2],[]]}`, ""},
		{"fragments on the type that fits", `{ animals { ... on Cat { lives } ...d ... { name } } } fragment d on Dog { size }`, "", `{}`, `{"animals":[{"lives":9,"name":"tom"},null,{"size":"BIG","name":"rex"}]}`, ""},
		{"fragments on an interface", `{ animal { ...a } } fragment a on Animal { name friend { ... on Animal { name } } }`, "", `{}`, `{"animal":{"name":"tom","friend":{"name":"rex"}}}`, ""},
		{"selections of one key are merged", `{ animal { friend { name } friend { __typename } } animal { name } }`, "", `{}`, `{"animal":{"friend":{"name":"rex","__typename":"Dog"},"name":"tom"}}`, ""},
		{"skip and include", `query($y: Boolean!) { animal { a: name @skip(if: $y) b: name @include(if: $y) c: name @include(if: false) ... @skip(if: true) { d: name } } }`, "", `{"y":true}`, `{"animal":{"b":"tom"}}`, ""},
		{"one of several operations", `query A { animal { name } } query B { animal { __typename } }`, "B", `{}`, `{"animal":{"__typename":"Cat"}}`, ""},
		{"an error of a field", `{ animal { name ... on Cat { fails } } }`, "", `{}`, `{"animal":{"name":"tom","fails":null}}`, "it fails [animal fails]"},
		{"several errors of a field", `{ animal { ... on Cat { m: many } } }`, "", `{}`, `{"animal":{"m":null}}`, "one [animal m]; two [animal m]"},
		{"null where it may not be", `{ animal(name: "rex") { name ... on Dog { breaks } } }`, "", `{}`, `{"animal":null}`, "Cannot return null for non-nullable field Dog.breaks. [animal breaks]"},
		{"null where it may not be, in a list", `{ animal { friends { ... on Dog { breaks } } } }`, "", `{}`, `{"animal":{"friends":null}}`, "Cannot return null for non-nullable field Dog.breaks. [animal friends 0 breaks]"},
		{"mutations one after the other, each for itself", `mutation { a: add(n: 1) b: add(n: -1) c: add(n: 2) }`, "", `{}`, `{"a":1,"b":null,"c":3}`, "too few [b]"},
		{"input with defaults", `{ echo(filter: {name: "x", tags: "a", deep: {name: "y", limit: 1}}, list: 3) }`, "", `{}`, `{"echo":{"filter":{"deep":{"limit":1,"name":"y"},"limit":7,"name":"x","tags":["a"]},"list":[3]}}`, ""},
		{"integers of any size from texts, fractions and booleans", `query($a: BigInt, $b: BigInt, $c: BigInt, $d: BigInt) { echo(filter: {name: "x", any: {a: $a, b: $b, c: $c, d: $d}}) }`, "", `{"a":" 7 ","b":"7.5","c":7.5,"d":true}`, `{"echo":{"filter":{"any":{"a":7,"b":7,"c":7,"d":1},"limit":7,"name":"x"}}}`, ""},
		{"defaults of variables have defaults of their members", `query($f: Filter = {name: "x", tags: "a"}) { echo(filter: $f) }`, "", `{}`, `{"echo":{"filter":{"limit":7,"name":"x","tags":["a"]}}}`, ""},
		{"a subscription sent like a query", `subscription { tick }`, "", `{}`, `{"tick":null}`, ""},
		{"input by variable", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","lives":9007199254740993,"size":"BIG","tags":["a"],"any":{"z":[1,null]},"yes":true,"ratio":1.5,"id":5}}`, `{"echo":{"filter":{"any":{"z":[1,null]},"id":"5","limit":7,"lives":9007199254740993,"name":"x","ratio":1.5,"size":"BIG","tags":["a"],"yes":true}}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, response := run(t, test.query, test.operation, test.variables)
			errs := make([]string, len(response.Errors))
			for i, e := range response.Errors {
				errs[i] = fmt.Sprint(e.Message, " ", e.Path)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.errs, strings.Join(errs, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct{ name, query, operation, variables, want string }{
		{"an unknown field", `{ nope }`, "", `{}`, "Cannot query field 'nope' on type 'Query'."},
		{"an unknown argument", `{ animal(nme: "x") { name } }`, "", `{}`, "Unknown argument 'nme' on field 'Query.animal'."},
		{"no operation", ``, "", `{}`, "Must provide an operation."},
		{"several operations", `query A { matrix } query B { matrix }`, "", `{}`, "Must provide operation name if query contains multiple operations."},
		{"an unknown operation", `query A { matrix }`, "B", `{}`, "Unknown operation named 'B'."},
		{"a missing variable", `query($n: Int!) { echo(list: [$n]) }`, "", `{}`, "Variable '$n' of required type 'Int!' was not provided."},
		{"a null variable", `query($n: Int!) { echo(list: [$n]) }`, "", `{"n":null}`, "Variable '$n' of non-null type 'Int!' must not be null."},
		{"a text for a number", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","lives":"x"}}`, "Variable '$f' got invalid value 'x' at 'f.lives'; Expected type 'BigInt'."},
		{"a number for a text", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":4}}`, "Variable '$f' got invalid value 4 at 'f.name'; String cannot represent a non string value: 4"},
		{"a missing member", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{}}`, "Variable '$f' got invalid value {}; Field 'name' of required type 'String!' was not provided."},
		{"an unknown member", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","nam":1}}`, "Variable '$f' got invalid value {'nam': 1, 'name': 'x'}; Field 'nam' is not defined by type 'Filter'. Did you mean 'name' or 'any'?"},
		{"an unknown enum value", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","size":"HUGE"}}`, "Variable '$f' got invalid value 'HUGE' at 'f.size'; Value 'HUGE' does not exist in 'Size' enum."},
		{"null in a list", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","tags":["a",null]}}`, "Variable '$f' got invalid value None at 'f.tags[1]'; Expected non-nullable type 'String!' not to be None."},
		{"an enum value with a typing error", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","size":"BIGG"}}`, "Variable '$f' got invalid value 'BIGG' at 'f.size'; Value 'BIGG' does not exist in 'Size' enum. Did you mean the enum value 'BIG'?"},
		{"a list for a big number", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","lives":[1]}}`, "Variable '$f' got invalid value [1] at 'f.lives'; Expected type 'BigInt'. int() argument must be a string, a bytes-like object or a real number, not 'list'"},
		{"a time that is none", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","born":"yesterday"}}`, "Variable '$f' got invalid value 'yesterday' at 'f.born'; DateTime cannot represent value: 'yesterday'"},
		{"a number for a time", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","born":7}}`, "Variable '$f' got invalid value 7 at 'f.born'; DateTime cannot represent non-string value: 7"},
		{"a fraction for an id", `query($f: Filter) { echo(filter: $f) }`, "", `{"f":{"name":"x","id":7.5}}`, "Variable '$f' got invalid value 7.5 at 'f.id'; ID cannot represent value: 7.5"},
		{"an unknown field of a subscription", `subscription { x }`, "", `{}`, "Cannot query field 'x' on type 'Subscription'."},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, response := run(t, test.query, test.operation, test.variables)
			if data != "null" || response.Executed || len(response.Errors) == 0 || !strings.HasPrefix(response.Errors[0].Message, test.want) {
				t.Errorf("%s: %+v", data, response.Errors)
			}
		})
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: zoo})
	for _, query := range []string{"{", "", "{ a(", strings.Repeat("{a", 60_000)} {
		if _, err := exec.Execute(t.Context(), schema, exec.Request{Query: query}, &keeper{}); query != "" && !errors.Is(err, exec.ErrSyntax) {
			t.Errorf("%.20q: %v", query, err)
		}
	}
}

func TestPermitIsAskedBeforeTheDocumentIsValidated(t *testing.T) {
	schema, denied := gqlparser.MustLoadSchema(&ast.Source{Input: zoo}), errors.New("denied")
	permit := func(o *ast.OperationDefinition, fragments ast.FragmentDefinitionList) error {
		if o.Name == "Q" && len(fragments) == 1 {
			return denied
		}
		return nil
	}
	const nope = `query Q { nope } query R { nope } fragment f on Nope { nope }`
	if _, err := exec.Execute(t.Context(), schema, exec.Request{Query: nope, OperationName: "Q", Permit: permit}, &keeper{}); !errors.Is(err, denied) {
		t.Errorf("a document that is not valid: %v", err)
	}
	for _, operation := range []string{"R", "S", ""} {
		response, err := exec.Execute(t.Context(), schema, exec.Request{Query: nope, OperationName: operation, Permit: permit}, &keeper{})
		if err != nil || len(response.Errors) == 0 || !strings.HasPrefix(response.Errors[0].Message, "Cannot query field 'nope'") {
			t.Errorf("operation %q: %v, %v", operation, response, err)
		}
	}
}

func TestQueriesHaveLimits(t *testing.T) {
	deep := "{ animal " + strings.Repeat("{ friend ", 300) + "{ name }" + strings.Repeat(" }", 300) + " }"
	_, response := run(t, deep, "", `{}`)
	if len(response.Errors) != 1 || !strings.Contains(response.Errors[0].Message, "levels deep") {
		t.Errorf("a deep query: %v", response.Errors)
	}
	wide := "{ animal " + strings.Repeat("{ friends(limit: 3) ", 20) + "{ name }" + strings.Repeat(" }", 20) + " }"
	if _, response = run(t, wide, "", `{}`); len(response.Errors) == 0 || !strings.Contains(response.Errors[0].Message, "fields") {
		t.Errorf("a wide query has %d errors", len(response.Errors))
	}
}

func TestDocumentsThatTakeMuchToCheck(t *testing.T) {
	var cross, chain strings.Builder
	for i := range 150 {
		fmt.Fprintf(&cross, " fragment F%d on Animal { name", i)
		for j := range 150 {
			fmt.Fprintf(&cross, " ...F%d", j)
		}
		cross.WriteString(" }")
	}
	for i := range 500 {
		fmt.Fprintf(&chain, " fragment F%d on Animal { name ...F%d }", i, i+1)
	}
	for _, test := range []struct{ name, query, want string }{
		{"many fields of one name", "{ " + strings.Repeat("matrix ", 90_000) + "}", "The document has too many fields and fragments to be checked."},
		{"fragments that all hold each other", "{ animal { ...F0 } }" + cross.String(), "The document has too many fields and fragments to be checked."},
		{"fragments one in the other", "{ animal { ...F0 } }" + chain.String(), "Unknown fragment 'F500'."},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, response := run(t, test.query, "", `{}`); len(response.Errors) == 0 || response.Errors[0].Message != test.want {
				t.Errorf("%.3v", response.Errors)
			}
		})
	}
}

func FuzzExecute(f *testing.F) {
	for _, seed := range []string{`{ animal { ...f } } fragment f on Animal { friend { ...f } name }`, `mutation { add(n: 1) }`, `query($f: Filter) { echo(filter: $f) }`, `{ __typename animals { friends { name } } }`} {
		f.Add(seed, `{"f":{"name":"x"}}`)
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: zoo})
	f.Fuzz(func(t *testing.T, query, variables string) {
		var sent map[string]any
		decoder := json.NewDecoder(strings.NewReader(variables))
		decoder.UseNumber()
		if decoder.Decode(&sent) != nil {
			sent = nil
		}
		response, err := exec.Execute(t.Context(), schema, exec.Request{Query: query, Variables: sent}, &keeper{})
		if err == nil && response.Data == nil && len(response.Errors) == 0 {
			t.Errorf("%s has neither data nor errors", query)
		}
	})
}

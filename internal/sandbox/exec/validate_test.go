package exec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/sandbox/exec"
)

const menagerie = `
scalar BigInt
scalar DateTime
scalar GenericScalar
enum Size { SMALL BIG }
interface Animal { name(short: Boolean): String! friend: Animal friends(limit: Int = 2, size: Size): [Animal!] }
interface Pet implements Animal { name(short: Boolean): String! friend: Animal friends(limit: Int = 2, size: Size): [Animal!] owner: String }
type Cat implements Animal & Pet { name(short: Boolean): String! friend: Animal friends(limit: Int = 2, size: Size): [Animal!] owner: String lives: BigInt }
type Dog implements Animal & Pet { name(short: Boolean): String! friend: Animal friends(limit: Int = 2, size: Size): [Animal!] owner: String size: Size lives: Int }
input Filter { name: String!, lives: BigInt, size: Size, tags: [String!], any: GenericScalar, deep: Filter, limit: Int = 7, yes: Boolean, ratio: Float, id: ID, born: DateTime }
type Query { animal(name: String, name2: String, name10: String): Animal animals(filter: Filter, ids: [ID], born: DateTime, lives: BigInt): [Animal] find(q: String!): Animal cat: Cat }
type Mutation { add(n: Int!): Int }
type Subscription { tick: Int tock: Int }
`

// The errors are what graphql-core 3.2.8 finds.
func TestValidationFindsWhatGraphQLCoreFinds(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: menagerie})
	for _, test := range []struct {
		name, document string
		want           []string
	}{
		{"a valid document", `query Q($n: String = "x", $f: Filter!, $l: [ID!]) { animal(name: $n) { ...A } animals(filter: $f, ids: $l) { __typename ... on Cat { lives } } } fragment A on Animal { name friend { name } }`, nil},
		{"an unknown field", `{ animal { naem } }`, []string{
			`Cannot query field 'naem' on type 'Animal'. Did you mean 'name'? 1:12`,
		}},
		{"an unknown field of another case", `{ animal { NAME } }`, []string{
			`Cannot query field 'NAME' on type 'Animal'. Did you mean 'name'? 1:12`,
		}},
		{"a field with nothing like it", `{ nothing }`, []string{
			`Cannot query field 'nothing' on type 'Query'. 1:3`,
		}},
		{"a field that some types of an interface have", `{ animal { owner } }`, []string{
			`Cannot query field 'owner' on type 'Animal'. Did you mean to use an inline fragment on 'Pet', 'Cat', or 'Dog'? 1:12`,
		}},
		{"a field that one type of an interface has", `{ animal { size } }`, []string{
			`Cannot query field 'size' on type 'Animal'. Did you mean to use an inline fragment on 'Dog'? 1:12`,
		}},
		{"a field below an unknown one", `{ nothing { at all } }`, []string{
			`Cannot query field 'nothing' on type 'Query'. 1:3`,
		}},
		{"an unknown argument", `{ animal(nme: "x") { name } }`, []string{
			`Unknown argument 'nme' on field 'Query.animal'. Did you mean 'name' or 'name2'? 1:10`,
		}},
		{"suggestions in natural order", `{ animal(name1: "x", name5: "x") { name } }`, []string{
			`Unknown argument 'name1' on field 'Query.animal'. Did you mean 'name', 'name2', or 'name10'? 1:10`,
			`Unknown argument 'name5' on field 'Query.animal'. Did you mean 'name', 'name2', or 'name10'? 1:22`,
		}},
		{"an argument twice", `{ animal(name: "x", name: "y") { name } }`, []string{
			`There can be only one argument named 'name'. 1:10 1:21`,
		}},
		{"a missing argument, after the faults below", `{ find { nope } }`, []string{
			`Cannot query field 'nope' on type 'Animal'. Did you mean 'name'? 1:10`,
			`Field 'find' argument 'q' of type 'String!' is required, but it was not provided. 1:3`,
		}},
		{"null for a missing argument", `{ find(q: null) { name } }`, []string{
			`Expected value of type 'String!', found null. 1:11`,
		}},
		{"a scalar with a selection", `{ animal { name { x } } }`, []string{
			`Field 'name' must not have a selection since type 'String!' has no subfields. 1:17`,
		}},
		{"a scalar with a selection that starts with a fragment", `{ animal { name { ...A } } } fragment A on Cat { name }`, []string{
			`Field 'name' must not have a selection since type 'String!' has no subfields. 1:17`,
		}},
		{"an object without a selection", `{ animal }`, []string{
			`Field 'animal' of type 'Animal' must have a selection of subfields. Did you mean 'animal { ... }'? 1:3`,
		}},
		{"an unknown directive", `{ animal @nope(x: 1) { name } }`, []string{
			`Unknown directive '@nope'. 1:10`,
		}},
		{"a directive in the wrong place", `query @skip(if: true) { animal { name } } `, []string{
			`Directive '@skip' may not be used on query. 1:7`,
		}},
		{"a directive on a fragment", `{ ...A } fragment A on Query @include(if: true) { cat { name } }`, []string{
			`Directive '@include' may not be used on fragment definition. 1:30`,
		}},
		{"a directive without and with a wrong argument", `{ animal @skip(iff: true) { name @include(if: "yes") } }`, []string{
			`Unknown argument 'iff' on directive '@skip'. Did you mean 'if'? 1:16`,
			`Directive '@skip' argument 'if' of type 'Boolean!' is required, but it was not provided. 1:10`,
			`Boolean cannot represent a non boolean value: "yes" 1:47`,
		}},
		{"a directive twice", `{ animal @skip(if: true) @skip(if: false) { name } }`, []string{
			`The directive '@skip' can only be used once at this location. 1:10 1:26`,
		}},
		{"operations of one name", `query A { cat { name } } query A { cat { name } }`, []string{
			`There can be only one operation named 'A'. 1:7 1:32`,
		}},
		{"an operation without a name among others", `{ cat { name } } query A { cat { name } }`, []string{
			`This anonymous operation must be the only defined operation. 1:1`,
		}},
		{"a subscription with two fields", `subscription S { tick more: tock tick }`, []string{
			`Subscription 'S' must select only one top level field. 1:23`,
		}},
		{"faults in the order of the document", `fragment A on Cat { nope } query Q($a: Int) { ...A find { wrong } x } fragment B on Cat { nope2 }`, []string{
			`Cannot query field 'nope' on type 'Cat'. Did you mean 'name'? 1:21`,
			`Fragment 'A' cannot be spread here as objects of type 'Query' can never be of type 'Cat'. 1:47`,
			`Cannot query field 'wrong' on type 'Animal'. 1:59`,
			`Field 'find' argument 'q' of type 'String!' is required, but it was not provided. 1:52`,
			`Cannot query field 'x' on type 'Query'. 1:67`,
			`Variable '$a' is never used in operation 'Q'. 1:36`,
			`Cannot query field 'nope2' on type 'Cat'. Did you mean 'name'? 1:91`,
			`Fragment 'B' is never used. 1:71`,
		}},
		{"lines of all kinds", "{\r\n  # a comment\r\n  animal { nope }\n\tanimals { nope }\r  cat { nope } }", []string{
			`Cannot query field 'nope' on type 'Animal'. Did you mean 'name'? 3:12`,
			`Cannot query field 'nope' on type 'Animal'. Did you mean 'name'? 4:12`,
			`Cannot query field 'nope' on type 'Cat'. Did you mean 'name'? 5:9`,
		}},
		{"characters of many bytes", "{ find(q: \"éß🐈\") { nope } }", []string{
			`Cannot query field 'nope' on type 'Animal'. Did you mean 'name'? 1:20`,
		}},
		{"more than a hundred faults", "{ " + numbered(102) + "}", append(unknown(100), `Too many validation errors, error limit reached. Validation aborted.`)},
		{"an unknown fragment", `{ animal { ...Nope } }`, []string{
			`Unknown fragment 'Nope'. 1:15`,
		}},
		{"an unused fragment", `{ cat { name } } fragment A on Cat { name } fragment B on Cat { ...A }`, []string{
			`Fragment 'A' is never used. 1:18`,
			`Fragment 'B' is never used. 1:45`,
		}},
		{"fragments of one name", `{ cat { ...A } } fragment A on Cat { name } fragment A on Cat { lives }`, []string{
			`There can be only one fragment named 'A'. 1:27 1:54`,
		}},
		{"fragments on types that do not exist", `{ animal { ... on Kat { name } ...A } } fragment A on Dgo { name }`, []string{
			`Unknown type 'Kat'. Did you mean 'Cat', 'Int', or 'Pet'? 1:19`,
			`Unknown type 'Dgo'. Did you mean 'Dog'? 1:55`,
		}},
		{"fragments on types without fields", `{ animal { ... on Size { name } ...A } } fragment A on String { name }`, []string{
			`Fragment cannot condition on non composite type 'Size'. 1:19`,
			`Fragment 'A' cannot condition on non composite type 'String'. 1:56`,
		}},
		{"fragments that cannot apply", `{ cat { ... on Dog { size } ...A } } fragment A on Dog { size }`, []string{
			`Fragment cannot be spread here as objects of type 'Cat' can never be of type 'Dog'. 1:9`,
			`Fragment 'A' cannot be spread here as objects of type 'Cat' can never be of type 'Dog'. 1:29`,
		}},
		{"fragments that may apply", `{ cat { ... on Animal { name } ... on Pet { owner } ... { lives } } }`, nil},
		{"a fragment that holds itself", `{ cat { ...A } } fragment A on Cat { friend { ...A } }`, []string{
			`Cannot spread fragment 'A' within itself. 1:47`,
		}},
		{"fragments that hold each other", `{ cat { ...A } } fragment A on Cat { ...B } fragment B on Cat { ...C ...A } fragment C on Cat { ...A ...B }`, []string{
			`Cannot spread fragment 'A' within itself via 'B', 'C'. 1:38 1:65 1:97`,
			`Cannot spread fragment 'B' within itself via 'C'. 1:65 1:102`,
			`Cannot spread fragment 'A' within itself via 'B'. 1:38 1:70`,
		}},
		{"an undeclared variable", `{ animal(name: $v) { name } }`, []string{
			`Variable '$v' is not defined. 1:16 1:1`,
		}},
		{"an undeclared variable of an operation with a name, in a fragment", `query Q { ...A } fragment A on Query { animal(name: $v) { name } }`, []string{
			`Variable '$v' is not defined by operation 'Q'. 1:53 1:1`,
		}},
		{"an unused variable", `query ($v: String) { cat { name } }`, []string{
			`Variable '$v' is never used. 1:8`,
		}},
		{"an unused variable of an operation with a name", `query Q($w: Int) { cat { name } }`, []string{
			`Variable '$w' is never used in operation 'Q'. 1:9`,
		}},
		{"a variable twice", `query ($v: String, $v: String) { animal(name: $v) { name } }`, []string{
			`There can be only one variable named '$v'. 1:9 1:21`,
		}},
		{"variables of unknown types", `query ($v: [Strin!]!, $w: Boolen) { animal(name: $v, name2: $w) { name } }`, []string{
			`Unknown type 'Strin'. Did you mean 'String'? 1:13`,
			`Unknown type 'Boolen'. Did you mean 'Boolean'? 1:27`,
		}},
		{"variables of types with fields", `query ($v: [Cat!], $w: Animal) { animal(name: $v, name2: $w) { name } }`, []string{
			`Variable '$v' cannot be non-input type '[Cat!]'. 1:12`,
			`Variable '$w' cannot be non-input type 'Animal'. 1:24`,
			`Variable '$v' of type '[Cat!]' used in position expecting type 'String'. 1:8 1:47`,
			`Variable '$w' of type 'Animal' used in position expecting type 'String'. 1:20 1:58`,
		}},
		{"variables of other types than their places", `query ($i: Int, $l: [String], $n: [ID!]!) { animal(name: $i, name2: $l) { name } animals(ids: $n) { name } find(q: $l) { name } }`, []string{
			`Variable '$i' of type 'Int' used in position expecting type 'String'. 1:8 1:58`,
			`Variable '$l' of type '[String]' used in position expecting type 'String'. 1:17 1:69`,
			`Variable '$l' of type '[String]' used in position expecting type 'String!'. 1:17 1:116`,
		}},
		{"an optional variable in a mandatory place", `query ($v: String, $d: String = "x", $n: String = null) { find(q: $v) { name } a: find(q: $d) { name } b: find(q: $n) { name } }`, []string{
			`Variable '$v' of type 'String' used in position expecting type 'String!'. 1:8 1:67`,
			`Variable '$n' of type 'String' used in position expecting type 'String!'. 1:38 1:115`,
		}},
		{"variables in lists and inputs", `query ($v: Int) { animals(ids: [$v], filter: {name: $v, limit: $v, tags: [$v], any: {x: $v}}) { name } }`, []string{
			`Variable '$v' of type 'Int' used in position expecting type 'ID'. 1:8 1:33`,
			`Variable '$v' of type 'Int' used in position expecting type 'String!'. 1:8 1:53`,
			`Variable '$v' of type 'Int' used in position expecting type 'String!'. 1:8 1:75`,
		}},
		{"variables among wrong values", `query ($v: Int) { animal(name: [$v]) { name } animals(filter: [{name: $v}], lives: {x: $v}) { name } }`, []string{
			`String cannot represent a non string value: [$v] 1:32`,
			`Expected value of type 'Filter', found [{name: $v}]. 1:63`,
			`Expected value of type 'BigInt', found {x: $v}. 1:84`,
			`Variable '$v' of type 'Int' used in position expecting type 'String'. 1:8 1:33`,
			`Variable '$v' of type 'Int' used in position expecting type 'String!'. 1:8 1:71`,
		}},
		{"a wrong default", `query ($v: Int = "x", $w: Filter = {}) { animals(filter: {name: "x", limit: $v}) { name } b: animals(filter: $w) { name } }`, []string{
			`Int cannot represent non-integer value: "x" 1:18`,
			`Field 'Filter.name' of required type 'String!' was not provided. 1:36`,
		}},
		{"a directive on a variable", `query ($v: String @skip(if: true)) { animal(name: $v) { name } }`, []string{
			`Directive '@skip' may not be used on variable definition. 1:19`,
		}},
		{"an alias for two fields", `{ animal { x: name x: friend { name } } }`, []string{
			`Fields 'x' conflict because 'name' and 'friend' are different fields. Use different aliases on the fields to fetch both if this was intentional. 1:12 1:20`,
		}},
		{"different arguments", `{ a: animal(name: "x") { name } a: animal(name: "y") { name } a: animal { name } }`, []string{
			`Fields 'a' conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional. 1:3 1:33`,
			`Fields 'a' conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional. 1:3 1:63`,
			`Fields 'a' conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional. 1:33 1:63`,
		}},
		{"the same arguments in another order", `{ a: animals(lives: 1, filter: {name: "x", limit: 1}) { name } a: animals(filter: {limit: 1, name: "x"}, lives: 1) { name } }`, nil},
		{"conflicts further down", `{ animal { friend { x: name } } animal { friend { x: __typename y: name } } animal { friend { y: __typename } } }`, []string{
			`Fields 'animal' conflict because subfields 'friend' conflict because subfields 'x' conflict because 'name' and '__typename' are different fields. Use different aliases on the fields to fetch both if this was intentional. 1:3 1:12 1:21 1:33 1:42 1:51`,
			`Fields 'animal' conflict because subfields 'friend' conflict because subfields 'y' conflict because 'name' and '__typename' are different fields. Use different aliases on the fields to fetch both if this was intentional. 1:33 1:42 1:65 1:77 1:86 1:95`,
		}},
		{"conflicting types of values", `{ animal { ... on Cat { lives } ... on Dog { lives } } }`, []string{
			`Fields 'lives' conflict because they return conflicting types 'BigInt' and 'Int'. Use different aliases on the fields to fetch both if this was intentional. 1:25 1:46`,
		}},
		{"different fields of types that never meet", `{ animal { ... on Cat { x: name } ... on Dog { x: name(short: true) } } }`, nil},
		{"different fields of types that may meet", `{ animal { ... on Cat { x: name } ... on Pet { x: owner } } }`, []string{
			`Fields 'x' conflict because 'name' and 'owner' are different fields. Use different aliases on the fields to fetch both if this was intentional. 1:25 1:48`,
		}},
		{"conflicts with a fragment and between fragments", `{ cat { x: name ...A ...B } } fragment A on Cat { x: owner y: name } fragment B on Cat { y: owner }`, []string{
			`Fields 'x' conflict because 'name' and 'owner' are different fields. Use different aliases on the fields to fetch both if this was intentional. 1:9 1:51`,
			`Fields 'y' conflict because 'name' and 'owner' are different fields. Use different aliases on the fields to fetch both if this was intentional. 1:60 1:90`,
		}},
		{"conflicts between fragments further down", `{ cat { friend { ...A } friend { ...B } } } fragment A on Animal { y: name } fragment B on Animal { ...C } fragment C on Animal { y: __typename }`, []string{
			`Fields 'friend' conflict because subfields 'y' conflict because 'name' and '__typename' are different fields. Use different aliases on the fields to fetch both if this was intentional. 1:9 1:68 1:25 1:131`,
		}},
		{"texts for other scalars", `{ animals(lives: "7", filter: {name: "x", limit: "7", yes: "true", ratio: "1.5", id: "x", size: "BIG"}) { name } }`, []string{
			`Expected value of type 'BigInt', found "7". 1:18`,
			`Int cannot represent non-integer value: "7" 1:50`,
			`Boolean cannot represent a non boolean value: "true" 1:60`,
			`Float cannot represent non numeric value: "1.5" 1:75`,
			`Enum 'Size' cannot represent non-enum value: "BIG". Did you mean the enum value 'BIG'? 1:97`,
		}},
		{"numbers for other scalars", `{ animals(lives: 1.5, ids: [7, 7.5], born: 7, filter: {name: 7, limit: 3000000000, yes: 1, ratio: 1, size: 1}) { name } }`, []string{
			`Expected value of type 'BigInt', found 1.5. 1:18`,
			`ID cannot represent a non-string and non-integer value: 7.5 1:32`,
			`DateTime cannot represent non-string value: 7`,
			`String cannot represent a non string value: 7 1:62`,
			`Int cannot represent non 32-bit signed integer value: 3000000000 1:72`,
			`Boolean cannot represent a non boolean value: 1 1:89`,
			`Enum 'Size' cannot represent non-enum value: 1. 1:108`,
		}},
		{"names for other scalars", `{ animals(lives: x, ids: [x], born: x, filter: {name: true, limit: BIG, yes: x, ratio: x, size: big}) { name } }`, []string{
			`Expected value of type 'BigInt', found x. 1:18`,
			`ID cannot represent a non-string and non-integer value: x 1:27`,
			`DateTime cannot represent non-string value: x`,
			`String cannot represent a non string value: true 1:55`,
			`Int cannot represent non-integer value: BIG 1:68`,
			`Boolean cannot represent a non boolean value: x 1:78`,
			`Float cannot represent non numeric value: x 1:88`,
			`Value 'big' does not exist in 'Size' enum. Did you mean the enum value 'BIG'? 1:97`,
		}},
		{"lists and objects for scalars", `{ animals(lives: [7], ids: [[7], {a: 1}], filter: {name: ["x", "y"], limit: {a: 1, b: [2]}}) { name } }`, []string{
			`Expected value of type 'BigInt', found [7]. 1:18`,
			`ID cannot represent a non-string and non-integer value: [7] 1:29`,
			`ID cannot represent a non-string and non-integer value: {a: 1} 1:34`,
			`String cannot represent a non string value: ["x", "y"] 1:58`,
			`Int cannot represent non-integer value: {a: 1, b: [2]} 1:77`,
		}},
		{"what is no input object", `{ a: animals(filter: "x") { name } b: animals(filter: [{name: "x"}]) { name } }`, []string{
			`Expected value of type 'Filter', found "x". 1:22`,
			`Expected value of type 'Filter', found [{name: "x"}]. 1:55`,
		}},
		{"unknown, missing and doubled members of an input object", `{ animals(filter: {nam: "x", limit: 1, limit: "2", deep: {name: null}}) { name } }`, []string{
			`Field 'Filter.name' of required type 'String!' was not provided. 1:19`,
			`Field 'nam' is not defined by type 'Filter'. Did you mean 'name' or 'any'? 1:20`,
			`There can be only one input field named 'limit'. 1:30 1:40`,
			`Int cannot represent non-integer value: "2" 1:47`,
			`Expected value of type 'String!', found null. 1:65`,
		}},
		{"doubled members of a scalar", `{ animals(filter: {name: "x", any: {a: [{b: 1, b: 2}], a: 1}}) { name } }`, []string{
			`There can be only one input field named 'b'. 1:42 1:48`,
			`There can be only one input field named 'a'. 1:37 1:56`,
		}},
		{"times", `{ a: animals(born: "2024-02-29T10:00:00Z") { name } b: animals(born: "yesterday") { name } c: animals(born: "2023-02-29") { name } d: animals(born: {a: 1}) { name } }`, []string{
			`DateTime cannot represent value: 'yesterday'`,
			`DateTime cannot represent value: '2023-02-29'`,
			`DateTime cannot represent non-string value: {a: 1}`,
		}},
		{"values as they are written", `{ animals(filter: {name: "x", limit: "a \"quoted\" \n \u00e9", yes: """block""", ratio: [1, {a: null, b: $v, c: E}]}) { name } }`, []string{
			"Int cannot represent non-integer value: \"a \\\"quoted\\\" \\n é\" 1:38",
			`Boolean cannot represent a non boolean value: """block""" 1:69`,
			`Float cannot represent non numeric value: [1, {a: null, b: $v, c: E}] 1:89`,
			`Variable '$v' is not defined. 1:106 1:1`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			document, err := parser.ParseQuery(&ast.Source{Input: test.document})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range exec.Validate(schema, document) {
				text := e.Message
				for _, at := range e.Locations {
					text += fmt.Sprintf(" %d:%d", at.Line, at.Column)
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// numbered are so many names of fields that do not exist.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%03d ", i)
	}
	return b.String()
}

// unknown are the errors of so many of these.
func unknown(n int) []string {
	errors := make([]string, n)
	for i := range errors {
		errors[i] = fmt.Sprintf("Cannot query field 'n%03d' on type 'Query'. 1:%d", i, 3+5*i)
	}
	return errors
}

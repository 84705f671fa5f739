package library_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/library"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/sdl"
	"infrahub-mcp/internal/sandbox/store"
)

const things = `{"schemas": [{"version": "1.0", "nodes": [
	{"name": "Box", "namespace": "Test", "human_friendly_id": ["name__value"], "attributes": [
		{"name": "name", "kind": "Text", "unique": true}, {"name": "size", "kind": "Number", "default_value": 3, "optional": true}],
		"relationships": [{"name": "room", "peer": "TestRoom", "identifier": "box__room", "cardinality": "one", "optional": true}]},
	{"name": "Chest", "namespace": "Test", "human_friendly_id": ["name__value"], "attributes": [
		{"name": "name", "kind": "Text", "unique": true}, {"name": "width", "kind": "Number"}],
		"relationships": [{"name": "room", "peer": "TestRoom", "identifier": "chest__room", "cardinality": "one", "optional": true}]},
	{"name": "Room", "namespace": "Test", "human_friendly_id": ["name__value"], "attributes": [{"name": "name", "kind": "Text", "unique": true}]}
]}]}`

// ask returns what answers documents: with the data, and the messages of errors.
func ask(t *testing.T) func(document string) (data string, messages []string) {
	t.Helper()
	core, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	base := nodes.NewBase(core, store.Options{})
	if _, err := base.Load("main", []byte(things)); err != nil {
		t.Fatal(err)
	}
	server := &gql.Server{
		Schemas: sdl.NewCache(1),
		Permit:  func(*gql.Call, *model.Model, *ast.OperationDefinition, ast.FragmentDefinitionList) error { return nil },
		Guard:   func(*gql.Call, string) error { return nil },
	}
	server.Queries, server.Mutations = library.Queries(server.Schema), library.Mutations(server.Schema)
	call := &gql.Call{Base: base, Branch: "main", Caller: access.Root(nodes.SystemAccount, "test")}
	return func(document string) (data string, messages []string) {
		response, err := server.Execute(t.Context(), call, exec.Request{Query: document})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(response.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range response.Errors {
			messages = append(messages, e.Message)
		}
		return string(raw), messages
	}
}

func same(t *testing.T, want, got string, messages []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" || messages != nil {
		t.Errorf("%q (-want +got):\n%s", messages, diff)
	}
}

func TestAStoredQueryIsTakenApart(t *testing.T) {
	asked := ask(t)
	query := `query Boxes($name: String!, $most: Int = 5) { TestBox(name__value: $name, limit: $most) { count edges { node { ...Parts } } } }
		fragment Parts on TestBox { name { value } room { node { id } } }`
	got, messages := asked(fmt.Sprintf(`mutation { CoreGraphQLQueryCreate(data: {name: {value: "boxes"}, query: {value: %q}}) {
		object { operations { value } models { value } depth { value } height { value } } } }`, query))
	same(t, `{"CoreGraphQLQueryCreate":{"object":{"operations":{"value":["query"]},"models":{"value":["TestBox","TestRoom"]},"depth":{"value":7},"height":{"value":9}}}}`, got, messages)

	got, messages = asked(`{ CoreGraphQLQuery { edges { node { variables { value } } } } }`)
	same(t, `{"CoreGraphQLQuery":{"edges":[{"node":{"variables":{"value":[`+
		`{"default_value":null,"name":"name","required":true,"type":"String"},{"default_value":5,"name":"most","required":false,"type":"Int"}]}}}]}}`, got, messages)

	got, messages = asked(`mutation { CoreGraphQLQueryUpdate(data: {hfid: ["boxes"], query: {value: "{ TestRoom { edges { node { id } } } }"}}) { object { models { value } variables { value } } } }`)
	same(t, `{"CoreGraphQLQueryUpdate":{"object":{"models":{"value":["TestRoom"]},"variables":{"value":[]}}}}`, got, messages)
}

func TestABadQueryIsNotStored(t *testing.T) {
	asked := ask(t)
	for _, test := range []struct{ name, query, want string }{
		{"no GraphQL", "{ TestBox", "Syntax Error"},
		{"an unknown field", "{ TestBox { nope } }", "Query is not valid, [GraphQLError("},
		{"a fragment that holds itself", "{ TestBox { edges { node { ...A } } } } fragment A on TestBox { id ...A }", "Query is not valid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, messages := asked(fmt.Sprintf(`mutation { CoreGraphQLQueryCreate(data: {name: {value: "bad"}, query: {value: %q}}) { ok } }`, test.query))
			if len(messages) != 1 || !strings.Contains(messages[0], test.want) {
				t.Errorf("the errors are %q, want %q", messages, test.want)
			}
			got, messages := asked(`{ CoreGraphQLQuery { count } }`)
			same(t, `{"CoreGraphQLQuery":{"count":0}}`, got, messages)
		})
	}
}

// Fragments that spread others twice must not be measured twice each time.
func TestNestedFragmentsAreMeasuredOnce(t *testing.T) {
	const levels = 60
	var b strings.Builder
	b.WriteString("{ TestBox { edges { node { ...F0 } } } }")
	for i := range levels {
		fmt.Fprintf(&b, " fragment F%d on TestBox { ...F%d ...F%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on TestBox { id }", levels)
	got, messages := ask(t)(fmt.Sprintf(`mutation { CoreGraphQLQueryCreate(data: {name: {value: "wide"}, query: {value: %q}}) { object { depth { value } models { value } } } }`, b.String()))
	same(t, `{"CoreGraphQLQueryCreate":{"object":{"depth":{"value":5},"models":{"value":["TestBox"]}}}}`, got, messages)
}

func TestTheMappingNamesWhatBothKindsHave(t *testing.T) {
	got, messages := ask(t)(`{ FieldsMappingTypeConversion(source_kind: "TestBox", target_kind: "TestChest") { mapping } }`)
	if messages != nil {
		t.Fatal(messages)
	}
	var decoded struct {
		FieldsMappingTypeConversion struct {
			Mapping map[string]struct {
				Mandatory bool    `json:"is_mandatory"`
				Source    *string `json:"source_field_name"`
			}
		}
	}
	if err := json.Unmarshal([]byte(got), &decoded); err != nil {
		t.Fatal(err)
	}
	mapping := decoded.FieldsMappingTypeConversion.Mapping
	if m := mapping["name"]; !m.Mandatory || m.Source == nil || *m.Source != "name" {
		t.Errorf("name is mapped to %+v", m)
	}
	if m := mapping["width"]; !m.Mandatory || m.Source != nil {
		t.Errorf("width is mapped to %+v", m)
	}
	if m := mapping["room"]; m.Mandatory || m.Source == nil || *m.Source != "room" {
		t.Errorf("room is mapped to %+v", m)
	}
}

func TestANodeIsConvertedOrStaysAsItIs(t *testing.T) {
	asked := ask(t)
	if _, messages := asked(`mutation {
		TestRoomCreate(data: {name: {value: "cellar"}}) { ok }
		TestBoxCreate(data: {name: {value: "a"}, size: {value: 8}, room: {hfid: ["cellar"]}}) { ok }
	}`); messages != nil {
		t.Fatal(messages)
	}
	found, _ := asked(`{ TestBox { edges { node { id } } } }`)
	var boxes struct {
		TestBox struct {
			Edges []struct{ Node struct{ ID string } }
		}
	}
	if err := json.Unmarshal([]byte(found), &boxes); err != nil {
		t.Fatal(err)
	}
	id := boxes.TestBox.Edges[0].Node.ID
	convert := func(mapping string) (string, []string) {
		return asked(fmt.Sprintf(`mutation { ConvertObjectType(data: {node_id: %q, target_kind: "TestChest", fields_mapping: %s}) { ok } }`, id, mapping))
	}
	for _, test := range []struct{ name, mapping, want string }{
		{"a value that is missing", `{}`, "width"},
		{"a field that is not there", `{width: {source_field: "nope"}}`, "'nope' is not a field of 'TestBox'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, messages := convert(test.mapping); len(messages) != 1 || !strings.Contains(messages[0], test.want) {
				t.Errorf("the errors are %q, want one about %q", messages, test.want)
			}
			got, messages := asked(`{ TestBox { count } TestChest { count } }`)
			same(t, `{"TestBox":{"count":1},"TestChest":{"count":0}}`, got, messages)
		})
	}
	got, messages := convert(`{width: {source_field: "size"}}`)
	same(t, `{"ConvertObjectType":{"ok":true}}`, got, messages)
	got, messages = asked(`{ TestBox { count } TestChest { edges { node { name { value } width { value } room { node { hfid } } } } } }`)
	same(t, `{"TestBox":{"count":0},"TestChest":{"edges":[{"node":{"name":{"value":"a"},"width":{"value":8},"room":{"node":{"hfid":["cellar"]}}}}]}}`, got, messages)
}

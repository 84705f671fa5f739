package gql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/sdl"
	"infrahub-mcp/internal/sandbox/store"
)

const things = `{"schemas": [{"version": "1.0", "nodes": [
	{"name": "Box", "namespace": "Test", "human_friendly_id": ["name__value"], "display_label": "{{ name__value }}",
		"attributes": [{"name": "name", "kind": "Text", "unique": true}, {"name": "size", "kind": "Number", "default_value": 3, "optional": true}],
		"relationships": [
			{"name": "room", "peer": "TestRoom", "identifier": "box__room", "cardinality": "one", "optional": true, "kind": "Attribute"},
			{"name": "shelf", "peer": "TestRoom", "identifier": "box__shelf", "cardinality": "one", "optional": true, "kind": "Attribute"}]},
	{"name": "Room", "namespace": "Test", "human_friendly_id": ["name__value"], "display_label": "{{ name__value }}",
		"attributes": [{"name": "name", "kind": "Text", "unique": true}],
		"relationships": [{"name": "boxes", "peer": "TestBox", "identifier": "box__room", "cardinality": "many", "optional": true, "kind": "Generic"}]}
]}]}`

// fixture is a server over a small model.
type fixture struct {
	t      *testing.T
	server *gql.Server
	call   *gql.Call
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	core, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	base := nodes.NewBase(core, store.Options{})
	if _, err := base.Load("main", []byte(things)); err != nil {
		t.Fatal(err)
	}
	return &fixture{
		t: t,
		server: &gql.Server{
			Schemas:     sdl.NewCache(2),
			Mutations:   gql.Relationships(),
			Permit:      func(*gql.Call, *model.Model, *ast.OperationDefinition, ast.FragmentDefinitionList) error { return nil },
			Guard:       func(*gql.Call, string) error { return nil },
			Override:    func(*gql.Call, string) error { return nil },
			Permissions: func(*gql.Call, *model.Kind) (any, error) { return nil, nil },
			MayUpdate:   func(*gql.Call, *model.Kind) (any, error) { return "ALLOW", nil },
		},
		call: &gql.Call{Base: base, Branch: "main", Caller: access.Root(nodes.SystemAccount, "test")},
	}
}

// ask executes a document and returns its data and the messages of its errors.
func (f *fixture) ask(document string) (data string, messages []string) {
	f.t.Helper()
	response, err := f.server.Execute(f.t.Context(), f.call, exec.Request{Query: document})
	if err != nil {
		f.t.Fatal(err)
	}
	raw, err := json.Marshal(response.Data)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range response.Errors {
		messages = append(messages, e.Message)
	}
	return string(raw), messages
}

// expect executes a document that has no errors.
func (f *fixture) expect(want, document string) {
	f.t.Helper()
	data, messages := f.ask(document)
	if diff := cmp.Diff(want, data); diff != "" || messages != nil {
		f.t.Errorf("%s: %v (-want +got):\n%s", document, messages, diff)
	}
}

func TestNodesAreMadeListedChangedAndDeleted(t *testing.T) {
	f := newFixture(t)
	f.expect(`{"TestRoomCreate":{"ok":true,"object":{"display_label":"cellar"}}}`, `mutation { TestRoomCreate(data: {name: {value: "cellar"}}) { ok object { display_label } } }`)
	f.expect(`{"TestBoxCreate":{"ok":true,"object":{"hfid":["a"],"size":{"value":3,"is_default":true},"room":{"node":{"__typename":"TestRoom","display_label":"cellar"}},"shelf":{"node":null}}}}`,
		`mutation { TestBoxCreate(data: {name: {value: "a"}, room: {hfid: ["cellar"]}}) { ok object { hfid size { value is_default } room { node { __typename display_label } } shelf { node { id } } } } }`)
	f.expect(`{"TestBoxUpsert":{"ok":true,"object":{"size":{"value":5}}}}`, `mutation { TestBoxUpsert(data: {hfid: ["a"], size: {value: 5}}) { ok object { size { value } } } }`)
	f.expect(`{"TestRoom":{"count":1,"edges":[{"node":{"boxes":{"count":1,"edges":[{"node":{"size":{"value":5}}}]}}}]}}`,
		`{ TestRoom { count edges { node { boxes { count edges { node { size { value } } } } } } } }`)
	f.expect(`{"CoreNode":{"count":1,"edges":[{"node":{"__typename":"TestBox","display_label":"a"}}]}}`,
		`{ CoreNode(any__value: "a", offset: 0) { count edges { node { __typename display_label } } } }`)
	f.expect(`{"TestBoxDelete":{"ok":true}}`, `mutation { TestBoxDelete(data: {hfid: ["a"]}) { ok } }`)
	f.expect(`{"TestBox":{"count":0,"edges":[]}}`, `{ TestBox { count edges { node { id } } } }`)
}

// Of the relationships that an update does not mention it shows nothing, and all
// the next query asks for.
func TestAnUpdateShowsOfItsPeersWhatItWasGiven(t *testing.T) {
	f := newFixture(t)
	f.expect(`{"TestRoomCreate":{"ok":true},"TestBoxCreate":{"ok":true}}`, `mutation {
		TestRoomCreate(data: {name: {value: "cellar"}}) { ok }
		TestBoxCreate(data: {name: {value: "a"}, room: {hfid: ["cellar"]}, shelf: {hfid: ["cellar"]}}) { ok }
	}`)
	f.expect(`{"TestBoxUpdate":{"object":{"room":{"node":{"display_label":"cellar"}},"shelf":{"node":null}}}}`,
		`mutation { TestBoxUpdate(data: {hfid: ["a"], room: {hfid: ["cellar"]}}) { object { room { node { display_label } } shelf { node { display_label } } } } }`)
	f.expect(`{"TestBox":{"edges":[{"node":{"shelf":{"node":{"display_label":"cellar"}}}}]}}`, `{ TestBox { edges { node { shelf { node { display_label } } } } } }`)
}

func TestEachFieldOfAMutationIsATransaction(t *testing.T) {
	f := newFixture(t)
	data, messages := f.ask(`mutation {
		one: TestRoomCreate(data: {name: {value: "cellar"}}) { ok }
		two: TestRoomCreate(data: {name: {value: "cellar"}}) { ok }
		three: TestBoxCreate(data: {name: {value: "a"}, room: {hfid: ["cellar"]}}) { ok }
	}`)
	if want := `{"one":{"ok":true},"two":null,"three":{"ok":true}}`; data != want || len(messages) != 1 {
		t.Errorf("got %s with the errors %q, want %s with one", data, messages, want)
	}
	f.expect(`{"TestRoom":{"count":1},"TestBox":{"count":1}}`, `{ TestRoom { count } TestBox { count } }`)
}

func TestTopicsComeBeforeKindsAndAnyValueFits(t *testing.T) {
	f := newFixture(t)
	f.server.Queries = gql.Merge(
		gql.Fields{"InfrahubInfo": fixed(map[string]any{"version": "0"}), "TestRoom": fixed(map[string]any{"count": 7})},
		gql.Fields{"InfrahubInfo": fixed(exec.NewObject("version", "1.0")), "InfrahubStatus": fixed(record{})},
	)
	f.expect(`{"InfrahubInfo":{"version":"1.0"},"TestRoom":{"count":7},"InfrahubStatus":{"summary":{"schema_hash_synced":true}}}`,
		`{ InfrahubInfo { version } TestRoom { count } InfrahubStatus { summary { schema_hash_synced } } }`)
}

func TestAMutationThatNobodyAnswersSaysSo(t *testing.T) {
	f := newFixture(t)
	_, messages := f.ask(`mutation { SchemaEnumAdd(data: {kind: "TestBox", attribute: "name", enum: "x"}) { ok } }`)
	if len(messages) != 1 || !strings.Contains(messages[0], "The sandbox does not answer 'SchemaEnumAdd'") {
		t.Errorf("the errors are %q", messages)
	}
}

func TestAGuardedBranchTakesNoMutation(t *testing.T) {
	f := newFixture(t)
	f.server.Guard = func(_ *gql.Call, field string) error { return fault.Invalid("no %s today", field) }
	if data, messages := f.ask(`mutation { TestRoomCreate(data: {name: {value: "cellar"}}) { ok } }`); data != `{"TestRoomCreate":null}` || !cmp.Equal(messages, []string{"no TestRoomCreate today"}) {
		t.Errorf("got %s, %q", data, messages)
	}
	f.expect(`{"TestRoom":{"count":0}}`, `{ TestRoom { count } }`)
}

func TestWhatIsNotPermittedIsNotExecuted(t *testing.T) {
	f := newFixture(t)
	denied := errors.New("denied")
	f.server.Permit = func(*gql.Call, *model.Model, *ast.OperationDefinition, ast.FragmentDefinitionList) error {
		return denied
	}
	if _, err := f.server.Execute(t.Context(), f.call, exec.Request{Query: `{ TestRoom { count } }`}); !errors.Is(err, denied) {
		t.Errorf("the error is %v", err)
	}
}

func TestSomebodyElsesNameIsUsedOnlyIfAllowed(t *testing.T) {
	const document = `mutation { TestRoomCreate(data: {name: {value: %q}}, context: {account: {id: %q}}) { ok } }`
	f := newFixture(t)
	var asked []string
	f.server.Override = func(_ *gql.Call, account string) error {
		asked = append(asked, account)
		if account == "forbidden" {
			return fault.Invalid("not in that name")
		}
		return nil
	}
	var authors []string
	f.call.Base.Observers = append(f.call.Base.Observers, func(c nodes.Commit) { authors = append(authors, c.Account) })
	f.expect(`{"TestRoomCreate":{"ok":true}}`, fmt.Sprintf(document, "own", nodes.SystemAccount))
	f.expect(`{"TestRoomCreate":{"ok":true}}`, fmt.Sprintf(document, "other", "allowed"))
	if data, messages := f.ask(fmt.Sprintf(document, "third", "forbidden")); data != `{"TestRoomCreate":null}` || len(messages) != 1 {
		t.Errorf("got %s, %q", data, messages)
	}
	if diff := cmp.Diff([]string{"allowed", "forbidden"}, asked); diff != "" {
		t.Errorf("asked for other than the names of others:\n%s", diff)
	}
	if diff := cmp.Diff([]string{nodes.SystemAccount, "allowed"}, authors); diff != "" {
		t.Errorf("written in other names:\n%s", diff)
	}
}

func TestPeersAreAddedAndRemoved(t *testing.T) {
	f := newFixture(t)
	f.expect(`{"TestRoomCreate":{"ok":true},"TestBoxCreate":{"ok":true}}`, `mutation {
		TestRoomCreate(data: {name: {value: "cellar"}}) { ok } TestBoxCreate(data: {name: {value: "a"}}) { ok }
	}`)
	data, _ := f.ask(`{ TestRoom { edges { node { id } } } TestBox { edges { node { id } } } }`)
	var found map[string]struct {
		Edges []struct{ Node struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(data), &found); err != nil {
		t.Fatal(err)
	}
	room, box := found["TestRoom"].Edges[0].Node.ID, found["TestBox"].Edges[0].Node.ID
	f.relate("Add", room, box, 1)
	f.relate("Remove", room, box, 0)
}

func (f *fixture) relate(verb, room, box string, count int) {
	f.t.Helper()
	f.expect(fmt.Sprintf(`{"Relationship%s":{"ok":true}}`, verb),
		fmt.Sprintf(`mutation { Relationship%s(data: {id: %q, name: "boxes", nodes: [{id: %q}]}) { ok } }`, verb, room, box))
	f.expect(fmt.Sprintf(`{"TestRoom":{"edges":[{"node":{"boxes":{"count":%d}}}]}}`, count), `{ TestRoom { edges { node { boxes { count } } } } }`)
}

// fixed answers a field with a value.
func fixed(value any) gql.Resolve {
	return func(context.Context, *gql.Call, exec.Field) (any, error) { return value, nil }
}

// record is a gql.Record.
type record struct{}

func (record) Field(_ context.Context, _ *gql.Call, f exec.Field) (any, error) {
	if f.Definition.Name != "summary" {
		return nil, errors.New("another field")
	}
	return map[string]any{"schema_hash_synced": true}, nil
}

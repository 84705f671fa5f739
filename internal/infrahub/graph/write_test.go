package graph

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

func writer() Writer {
	return Writer{Schema: demo(), Policy: Policy{Schema: demo()}}
}

// item reads an item as a client sends it.
func item(t testing.TB, text string) Item {
	t.Helper()
	var sent struct {
		Data map[string]json.RawMessage
		ID   string
		HFID []string
	}
	if err := json.Unmarshal([]byte(text), &sent); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return Item{Data: sent.Data, ID: sent.ID, HFID: sent.HFID}
}

const someID = "18ea6ffe-087c-59fd-e397-1bdf259b4e19"

func TestUpsertWritesABatchThatInfrahubAccepts(t *testing.T) {
	k := kind(t, "DcimDevice")
	inputs, err := writer().Check(k, []Item{
		item(t, `{"data":{"name":"a-1","role":"leaf","site":"par1"}}`),
		item(t, `{"id":"`+someID+`","data":{"rack":null}}`),
		item(t, `{"hfid":["a-2"],"data":{"name":"a-3"}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	query := writer().Upsert(k, inputs)
	valid(t, query.Document)
	if !query.Mutation {
		t.Error("a write is not marked as one, and might be sent twice")
	}
	got, err := json.Marshal(query.Variables)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"d0":{"hfid":["a-1"],"name":{"value":"a-1"},"role":{"value":"leaf"},"site":{"hfid":["par1"]}},"d1":{"id":"` + someID + `","rack":null},"d2":{"hfid":["a-2"],"name":{"value":"a-3"}}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{"r0: DcimDeviceUpsert(data: $d0)", "r1: DcimDeviceUpsert(", "$d2: DcimDeviceUpdateInput!", "r2: DcimDeviceUpdate("} {
		if !strings.Contains(query.Document, part) {
			t.Errorf("%s lacks %s", query.Document, part)
		}
	}
}

// TestTheCheckKnowsTheInputsOfInfrahub compares what the check lets pass with
// the inputs of the published GraphQL schema.
func TestTheCheckKnowsTheInputsOfInfrahub(t *testing.T) {
	w := Writer{Schema: demo(), Policy: Policy{Schema: demo(), AllowAgnostic: true}}
	compared := 0
	for _, k := range demo().Kinds() {
		if w.writable(k) != nil {
			continue
		}
		for _, verb := range []string{"Upsert", "Update"} {
			definition := sdl().Types[k.Name+verb+"Input"]
			if definition == nil {
				t.Errorf("%s has no input for %s", k.Name, verb)
				continue
			}
			compared++
			compareInput(t, k, definition)
		}
	}
	if compared < 50 {
		t.Errorf("only %d inputs were compared", compared)
	}
}

func compareInput(t *testing.T, k *schema.Kind, definition *ast.Definition) {
	t.Helper()
	c := &checker{Writer: writer(), kind: k}
	want := map[string]string{"id": "String", "hfid": "[String]"}
	for i := range k.Attributes {
		a := &k.Attributes[i]
		if a.ReadOnly || a.Computed != nil {
			continue
		}
		switch a.Kind {
		case "Number", "Bandwidth":
			want[a.Name] = "NumberAttributeUpdate"
		case "Boolean", "Checkbox":
			want[a.Name] = "CheckboxAttributeUpdate"
		case "List", "JSON":
			want[a.Name] = a.Kind + "AttributeUpdate"
		default:
			want[a.Name] = "TextAttributeUpdate"
		}
	}
	for i := range k.Relationships {
		r := &k.Relationships[i]
		if r.ReadOnly {
			continue
		}
		input := "RelatedNodeInput"
		switch c.addressed(demo().Lookup(r.Peer)) {
		case ipAddress:
			input = "RelatedIPAddressNodeInput"
		case ipPrefix:
			input = "RelatedIPPrefixNodeInput"
		}
		if r.Many() {
			input = "[" + input + "]"
		}
		want[r.Name] = input
	}
	got := map[string]string{}
	for _, f := range definition.Fields {
		got[f.Name] = f.Type.String()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", definition.Name, diff)
	}
}

func TestDelete(t *testing.T) {
	w := writer()
	query, err := w.Delete(kind(t, "DcimPhysicalInterface"), "", []string{"a", "Ethernet1"})
	if err != nil {
		t.Fatal(err)
	}
	valid(t, query.Document)
	if diff := cmp.Diff(map[string]any{"d": map[string]any{"hfid": []string{"a", "Ethernet1"}}}, query.Variables); diff != "" || !query.Mutation {
		t.Error(diff)
	}
	for _, test := range []struct {
		name, kind, id string
		hfid           []string
		want           string
	}{
		{"nothing named", "DcimDevice", "", nil, "Neither id nor hfid"},
		{"both named", "DcimDevice", someID, []string{"a"}, "Both id and hfid"},
		{"an id that is none", "DcimDevice", "par1", nil, "no UUID"},
		{"an hfid of another length", "DcimPhysicalInterface", "", []string{"a"}, "has 2 parts"},
		{"an hfid with an empty part", "DcimDevice", "", []string{""}, "is empty"},
		{"a kind without hfid", "IpamIPAddress", "", []string{"10.0.0.1/32"}, "have no human-friendly id"},
		{"a generic", "DcimInterface", someID, nil, "Did you mean DcimPhysicalInterface, DcimVirtualInterface?"},
		{"an agnostic kind", "GlobalPolicy", someID, nil, "branch-agnostic"},
		{"an account", "CoreAccount", someID, nil, "accounts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.Delete(kind(t, test.kind), test.id, test.hfid)
			if _, ok := errors.AsType[*problem.Problem](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestDeleted(t *testing.T) {
	failed := errors.New("failed")
	for _, test := range []struct {
		name, data string
		err        error
		want       bool
	}{
		{"done", `{"r0":{"ok":true}}`, nil, true},
		{"not done", `{"r0":null}`, nil, false},
		{"an error", `{"r0":null}`, failed, false},
		{"something else", `[]`, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := Deleted(json.RawMessage(test.data), test.err); (err == nil) != test.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestResultsTellWhatWasWritten(t *testing.T) {
	k := kind(t, "DcimDevice")
	items := make([]Item, 8)
	for i := range items {
		items[i] = item(t, `{"hfid":["a"],"data":{"console_password":"hunter2"}}`)
	}
	inputs, err := writer().Check(k, items)
	if err != nil {
		t.Fatal(err)
	}
	answer := &infrahub.Error{Kind: infrahub.Invalid, Code: "ATTRIBUTE_REQUIRED", Message: "hunter2 and more.", RequestID: "x", Details: []infrahub.Fault{
		{Code: "ATTRIBUTE_REQUIRED", Path: []string{"r1", "data", "site"}, Message: "site is mandatory"},
		{Code: "ATTRIBUTE_REQUIRED", Path: []string{"r1"}, Message: "role is mandatory", Data: map[string]any{"field_name": "role"}},
		{Code: "ATTRIBUTE_CONSTRAINT_VIOLATION", Path: []string{"r2"}, Message: "hunter2 must have a minimum length of 8 at console_password"},
		{Code: "UNDEFINED_ERROR", Path: []string{"r3"}, Message: "Violates uniqueness constraint 'serial'"},
		{Code: "NODE_NOT_FOUND", Path: []string{"r4"}, Message: "Unable to find the node x / LocationSite in the database."},
		{Code: "UNDEFINED_ERROR", Path: []string{"r5"}, Message: "Unexpected hunter2"},
		{Code: "BRANCH_ALREADY_MERGED", Path: []string{"r6"}, Message: "Branch 'b' has been merged and is read-only."},
	}}
	data := json.RawMessage(`{"r0":{"ok":true,"object":{"id":"1","hfid":["a"],"display_label":"A","__typename":"DcimDevice"}},"r1":null,"r2":null,"r3":null,"r4":null,"r5":null,"r6":null}`)
	results, err := Results(k, inputs, data, answer)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Result{ID: "1", HFID: []string{"a"}, DisplayLabel: "A", Kind: "DcimDevice"}, results[0]); diff != "" {
		t.Error(diff)
	}
	for i, want := range []struct {
		text    string
		problem bool
	}{
		1: {"There is no such DcimDevice yet, and a new one needs role, site.", true},
		2: {"Infrahub refuses the value of console_password.", true},
		3: {"Another DcimDevice has the same serial", true},
		4: {"Unable to find the node x", true},
		5: {"Unexpected ********.", false},
		6: {"has been merged", false},
		7: {"******** and more", false},
	} {
		got := results[i].Err
		if want.text == "" {
			continue
		}
		if got == nil || !strings.Contains(got.Error(), want.text) || strings.Contains(got.Error(), "hunter2") {
			t.Errorf("r%d: got %v, want %q", i, got, want.text)
			continue
		}
		if _, ok := errors.AsType[*problem.Problem](got); ok != want.problem {
			t.Errorf("r%d: %v is of type %T", i, got, got)
		}
	}
	if !errors.Is(results[7].Err, infrahub.Invalid) || errors.Is(results[6].Err, infrahub.Invalid) {
		t.Error("an error has the kind of another")
	}
}

func TestResultsKeepTheKindOfAnErrorOfTheBranch(t *testing.T) {
	k := kind(t, "DcimDevice")
	inputs := make([]Input, 2)
	merged := infrahub.Fault{Code: "BRANCH_ALREADY_MERGED", Message: "Branch 'b' has been merged and is read-only."}
	first, second := merged, merged
	first.Path, second.Path = []string{"r0"}, []string{"r1"}
	whole := &infrahub.Error{Kind: infrahub.BranchClosed, Code: merged.Code, Message: merged.Message, Details: []infrahub.Fault{first, second}}
	results, err := Results(k, inputs, json.RawMessage(`{"r0":null,"r1":null}`), whole)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(results, func(r Result) bool { return !errors.Is(r.Err, infrahub.BranchClosed) }); i >= 0 {
		t.Errorf("r%d: %v", i, results[i].Err)
	}
}

func TestResultsWithoutDataAreTheError(t *testing.T) {
	k := kind(t, "DcimDevice")
	inputs, err := writer().Check(k, []Item{item(t, `{"hfid":["a"],"data":{"console_password":"hunter2"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	for _, test := range []struct {
		name, data string
		err        error
		want       string
	}{
		{"no answer", ``, failed, "failed"},
		{"a refusal of the whole", `null`, &infrahub.Error{Kind: infrahub.QueryInvalid, Message: "got invalid value 'hunter2'."}, "got invalid value '********'."},
		{"something else", `[]`, nil, "reading what was written"},
	} {
		t.Run(test.name, func(t *testing.T) {
			results, err := Results(k, inputs, json.RawMessage(test.data), test.err)
			if err == nil || !strings.Contains(err.Error(), test.want) || results != nil {
				t.Errorf("got %v, %v", results, err)
			}
		})
	}
	results, err := Results(k, inputs, json.RawMessage(`{"r0":null}`), nil)
	if err != nil || results[0].Err == nil {
		t.Errorf("a node that was not written counts as written: %v, %v", results, err)
	}
}

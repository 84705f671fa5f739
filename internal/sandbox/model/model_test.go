package model

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/infrahub/schema"
)

func TestTheBuiltInKindsFitTogether(t *testing.T) {
	core, err := Core()
	if err != nil {
		t.Fatal(err)
	}
	if err := core.draft().check(); err != nil {
		t.Error(err)
	}
}

// The MCP server must make the same of the sandbox's schema as of Infrahub's.
func TestTheServerReadsTheSchemaLikeThatOfInfrahub(t *testing.T) {
	got, err := schema.Decode(encode(t, demoModel(t).API()))
	if err != nil {
		t.Fatal(err)
	}
	want, err := schema.Decode(readGzip(t, recordedSchema))
	if err != nil {
		t.Fatal(err)
	}
	withoutTexts := cmp.Options{
		cmpopts.IgnoreFields(schema.Kind{}, "Description"),
		cmpopts.IgnoreFields(schema.Attribute{}, "Description"),
		cmpopts.IgnoreFields(schema.Relationship{}, "Description"),
		cmpopts.IgnoreFields(schema.Choice{}, "Description"),
	}
	if diff := cmp.Diff(want.Kinds(), got.Kinds(), withoutTexts); diff != "" {
		t.Errorf("Infrahub -, sandbox +:\n%s", diff)
	}
	if len(got.Hash) != 32 {
		t.Errorf("hash %q, want 32 digits", got.Hash)
	}
}

func TestLoadingLeavesTheModelAsItWas(t *testing.T) {
	before := demoModel(t)
	body := encode(t, before.API())
	after := load(t, before, `{version: "1.0",
		nodes: [
			{name: Provider, namespace: Organization, state: absent},
			{name: Circuit, namespace: Service, relationships: [
				{name: provider, peer: OrganizationProvider, state: absent}]},
			{name: Thing, namespace: Lab, inherit_from: [DcimInterface, CoreArtifactTarget]},
			{name: Box, namespace: Lab, generate_template: true, attributes: [{name: name, kind: Text}]}],
		generics: [{name: Interface, namespace: Dcim, attributes: [
			{name: mtu, kind: Number, state: absent},
			{name: status, kind: Dropdown, choices: [{name: active, label: On}, {name: off}]}]}],
		extensions: {nodes: [{kind: DcimDevice, attributes: [{name: name, kind: TextArea}]}]}}`)
	if !bytes.Equal(body, encode(t, before.API())) {
		t.Error("the model has changed")
	}
	if bytes.Equal(body, encode(t, after.API())) {
		t.Error("the new model is the same")
	}
	if after.Kind("OrganizationProvider") != nil || after.Kind("TemplateLabBox") == nil {
		t.Error("the new model is not as declared")
	}
}

func TestWhatChangesNothingGivesTheSameModel(t *testing.T) {
	m := demoModel(t)
	demo, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	again, loaded, err := m.Load(demo)
	if err != nil {
		t.Fatal(err)
	}
	if again != m || loaded.SchemaUpdated || loaded.Hash != m.Hash() || loaded.PreviousHash != m.Hash() {
		t.Errorf("loading the demo model again: %+v", loaded)
	}
}

func TestLoadingTellsBothHashes(t *testing.T) {
	core, err := Core()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	m, loaded, err := core.Load(demo)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.PreviousHash != core.Hash() || loaded.Hash != m.Hash() || !loaded.SchemaUpdated || m.Hash() == core.Hash() {
		t.Errorf("from %s to %s: %+v", core.Hash(), m.Hash(), loaded)
	}
}

func TestTheHashDoesNotDependOnTheOrderOfKinds(t *testing.T) {
	core, err := Core()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(demo.declared.Nodes)
	slices.Reverse(demo.declared.Generics)
	m, _, err := core.Load(demo)
	if err != nil {
		t.Fatal(err)
	}
	if want := demoModel(t).Hash(); m.Hash() != want {
		t.Errorf("hash %s, want %s", m.Hash(), want)
	}
}

func TestTheHashDoesNotDependOnTheOrderOfMembers(t *testing.T) {
	kinds := demoModel(t).Kinds()
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kinds).Draw(t, "kind").clone()
		if len(k.Attributes) > 0 {
			k.Attributes = rapid.Permutation(k.Attributes).Draw(t, "attributes")
		}
		if len(k.Relationships) > 0 {
			k.Relationships = rapid.Permutation(k.Relationships).Draw(t, "relationships")
		}
		if got := k.hash(); got != k.Hash {
			t.Fatalf("%s: hash %s, want %s", k.Name, got, k.Hash)
		}
	})
}

func TestTheHashChangesWithTheContent(t *testing.T) {
	m := demoModel(t)
	hashes := map[string]string{m.Hash(): "nothing"}
	for _, document := range []string{
		`{version: "1.0", nodes: [{name: Policy, namespace: Global, branch: agnostic, label: Rule}]}`,
		`{version: "1.0", nodes: [{name: Policy, namespace: Global, branch: agnostic, icon: Rule}]}`,
		`{version: "1.0", nodes: [{name: Policy, namespace: Global, branch: agnostic, generate_profile: false}]}`,
		`{version: "1.0", extensions: {nodes: [{kind: GlobalPolicy, attributes: [{name: text, kind: Text, optional: true}]}]}}`,
		`{version: "1.0", extensions: {nodes: [{kind: GlobalPolicy, attributes: [{name: text, kind: TextArea}]}]}}`,
		`{version: "1.0", extensions: {nodes: [{kind: GlobalPolicy, attributes: [{name: more, kind: Number, optional: true}]}]}}`,
		`{version: "1.0", extensions: {nodes: [{kind: GlobalPolicy, attributes: [{name: more, kind: Number, default_value: 1}]}]}}`,
		`{version: "1.0", extensions: {nodes: [{kind: GlobalPolicy, attributes: [
			{name: more, kind: Number, optional: true, parameters: {max_value: 1}}]}]}}`,
		`{version: "1.0", extensions: {nodes: [{kind: GlobalPolicy, attributes: [
			{name: more, kind: Number, optional: true, parameters: {min_value: 1}}]}]}}`,
		`{version: "1.0", extensions: {nodes: [{kind: GlobalPolicy, relationships: [{name: tags, peer: BuiltinTag}]}]}}`,
		`{version: "1.0", extensions: {nodes: [{kind: GlobalPolicy, relationships: [
			{name: tags, peer: BuiltinTag, max_count: 5}]}]}}`,
	} {
		hash := load(t, m, document).Hash()
		if other, ok := hashes[hash]; ok {
			t.Errorf("%s: the hash of %s", document, other)
		}
		hashes[hash] = document
	}
}

func TestModelsAndDocumentsCanBeSharedByGoroutines(t *testing.T) {
	core, err := Core()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	hashes := make([]string, 4)
	var group sync.WaitGroup
	for i := range hashes {
		group.Go(func() {
			m, _, err := core.Load(demo)
			if err != nil {
				t.Error(err)
				return
			}
			hashes[i] = m.Hash()
		})
	}
	group.Wait()
	if slices.Sort(hashes); hashes[0] == "" || hashes[0] != hashes[len(hashes)-1] {
		t.Errorf("different hashes: %s", hashes)
	}
}

func TestIdsStayWhenTheModelChanges(t *testing.T) {
	before := demoModel(t)
	after := load(t, before, `{version: "1.0", extensions: {nodes: [{kind: DcimDevice,
		attributes: [{name: name, kind: TextArea, unique: true}, {name: more, kind: Text, optional: true}]}]}}`)
	seen := map[string]string{}
	for _, k := range after.Kinds() {
		if old := before.Kind(k.Name); old != nil && old.ID != k.ID {
			t.Errorf("%s: id %q, was %q", k.Name, k.ID, old.ID)
		}
		ids := map[string]string{k.Name: k.ID}
		for _, a := range k.Attributes {
			ids[k.Name+"."+a.Name] = a.ID
			if (a.ID == "") != (a.Inherited || k.generated()) {
				t.Errorf("%s.%s: id %q", k.Name, a.Name, a.ID)
			}
		}
		for name, id := range ids {
			if id != "" && seen[id] != "" {
				t.Errorf("%s has the id of %s", name, seen[id])
			}
			seen[id] = name
		}
	}
	if before.Kind("DcimDevice").Attribute("name").ID != after.Kind("DcimDevice").Attribute("name").ID {
		t.Error("the id of DcimDevice.name has changed")
	}
}

func TestAnIdOfAnotherNameIsRefused(t *testing.T) {
	m := demoModel(t)
	device := m.Kind("DcimDevice")
	for name, document := range map[string]*Document{
		"kind": {declared: declaredDocument{Nodes: []declaredKind{{ID: device.ID, Name: "Box", Namespace: "Dcim"}}}},
		"attribute": {declared: declaredDocument{Nodes: []declaredKind{{Name: "Device", Namespace: "Dcim",
			Attributes: []declaredAttribute{{ID: device.Attribute("serial").ID, Name: "number", Kind: "Text"}}}}}},
		"relationship": {declared: declaredDocument{Nodes: []declaredKind{{Name: "Device", Namespace: "Dcim",
			Relationships: []declaredRelationship{{ID: device.Relationship("site").ID, Name: "place", Peer: "LocationSite"}}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := m.Check(document)
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("error %v, want an *Error", err)
			}
		})
	}
}

func TestTheAPIFiltersByNamespace(t *testing.T) {
	m := demoModel(t)
	api := m.API("Organization", "Profile", "Nope")
	if len(api.Nodes) != 2 || len(api.Generics) != 0 || len(api.Profiles) != 24 {
		t.Errorf("%d nodes, %d generics, %d profiles", len(api.Nodes), len(api.Generics), len(api.Profiles))
	}
	if diff := cmp.Diff(m.API().Namespaces, api.Namespaces); diff != "" {
		t.Errorf("the filter changes the list of namespaces:\n%s", diff)
	}
	if got := string(encode(t, m.API("Nope").Nodes)); got != "[]" {
		t.Errorf("no nodes are %s, want []", got)
	}
}

func TestLookingUpKinds(t *testing.T) {
	m := demoModel(t)
	if k, err := m.Lookup("DcimDevice"); err != nil || k.ShortName != "Device" {
		t.Errorf("DcimDevice: %v, %v", k, err)
	}
	_, err := m.Lookup("Nope")
	if fault, ok := errors.AsType[*Error](err); !ok || fault.Message != "Unable to find the schema 'Nope' in the registry" {
		t.Errorf("Nope: %v", err)
	}
	names := func(kinds []*Kind) (names []string) {
		for _, k := range kinds {
			names = append(names, k.Name)
		}
		return names
	}
	if diff := cmp.Diff([]string{"DcimPhysicalInterface", "DcimVirtualInterface"}, names(m.Concrete(m.Kind("DcimInterface")))); diff != "" {
		t.Errorf("interfaces:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"DcimDevice"}, names(m.Concrete(m.Kind("DcimDevice")))); diff != "" {
		t.Errorf("devices:\n%s", diff)
	}
	if got := len(m.Kinds(Profile)); got != 24 {
		t.Errorf("%d profiles", got)
	}
	for _, c := range []struct {
		kind, peer string
		want       bool
	}{
		{"DcimDevice", "DcimDevice", true},
		{"DcimVirtualInterface", "DcimInterface", true},
		{"DcimDevice", "CoreNode", true},
		{"DcimDevice", "DcimInterface", false},
		{"DcimDevice", "Nope", false},
	} {
		if got := m.Implements(m.Kind(c.kind), c.peer); got != c.want {
			t.Errorf("%s stands for %s: %t", c.kind, c.peer, got)
		}
	}
}

func TestTheOtherEndOfRelationships(t *testing.T) {
	m := demoModel(t)
	for _, c := range []struct{ kind, relationship, want string }{
		{"DcimDevice", "site", "devices"},
		{"DcimDevice", "interfaces", "device"},
		{"DcimPhysicalInterface", "device", "interfaces"},
		{"DcimDevice", "tags", ""},
		{"LocationSite", "parent", "children"},
		{"LocationSite", "children", "parent"},
		{"DcimDevice", "member_of_groups", "members"},
		{"CoreStandardGroup", "members", "member_of_groups"},
		{"DcimDevice", "profiles", ""},
		{"ProfileDcimDevice", "related_nodes", "profiles"},
	} {
		got := ""
		if opposite := m.Opposite(m.Kind(c.kind).Relationship(c.relationship)); opposite != nil {
			got = opposite.Name
		}
		if got != c.want {
			t.Errorf("%s.%s: %q, want %q", c.kind, c.relationship, got, c.want)
		}
	}
	device := m.Kind("DcimPhysicalInterface").Opposite(m.Kind("DcimDevice").Relationship("interfaces"))
	if device == nil || !device.Inherited {
		t.Errorf("the kind's own relationship is %v", device)
	}
	if m.Opposite(&Relationship{Peer: "Nope"}) != nil {
		t.Error("a kind that there is not has a relationship")
	}
}

func TestWhatKindsTellOfThemselves(t *testing.T) {
	m := demoModel(t)
	if parent := m.Kind("DcimVirtualInterface").ParentRelationship(); parent == nil || parent.Name != "device" {
		t.Errorf("the parent of interfaces is %v", parent)
	}
	if m.Kind("DcimDevice").ParentRelationship() != nil {
		t.Error("devices have a parent")
	}
	for kind, tree := range map[string]string{"LocationGeneric": "LocationGeneric", "LocationSite": "LocationGeneric", "DcimDevice": ""} {
		if got := m.Kind(kind).Tree(); got != tree {
			t.Errorf("%s is in the tree of %q", kind, got)
		}
	}
	for attribute, mandatory := range map[string]bool{"name": true, "role": true, "serial": false, "status": false} {
		if got := m.Kind("DcimDevice").Attribute(attribute).Mandatory(); got != mandatory {
			t.Errorf("%s is mandatory: %t", attribute, got)
		}
	}
	if unique := m.Kind("DcimDevice").UniqueAttributes(); len(unique) != 2 {
		t.Errorf("%d unique attributes", len(unique))
	}
	if m.Kind("DcimDevice").Restricted() || !m.Kind("CoreAccount").Restricted() {
		t.Error("the wrong namespaces are Infrahub's own")
	}
}

// load loads a document in YAML or JSON.
func load(t testing.TB, m *Model, document string) *Model {
	t.Helper()
	documents, err := Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	changed, _, err := m.Load(documents...)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

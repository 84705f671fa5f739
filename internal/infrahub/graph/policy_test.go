package graph

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub/schema"
)

// unknownMutation is how the policy refuses what no table lists.
const unknownMutation = "not among the mutations that this server knows"

// The tables know every mutation of the server, so that what they do not know
// is new.
func TestEveryMutationOfTheServerIsDecided(t *testing.T) {
	allowed := map[string]bool{}
	for _, field := range sdl().Mutation.Fields {
		document := "mutation { " + field.Name + "(data: {id: \"x\", nodes: []}) { __typename } }"
		err := checkText(Policy{Schema: demo()}, document, nil)
		switch {
		case err == nil:
			allowed[field.Name] = true
		case strings.Contains(err.Error(), unknownMutation):
			t.Errorf("%s: %v", field.Name, err)
		}
	}
	want := map[string]bool{}
	for _, name := range []string{"RelationshipAdd", "RelationshipRemove", "InfrahubIPAddressPoolGetResource", "InfrahubIPPrefixPoolGetResource"} {
		want[name] = true
	}
	plain := []string{
		"BuiltinIPAddress", "BuiltinIPPrefix", "BuiltinTag", "CoreGraphQLQuery", "CoreMenuItem", "CoreStandardGroup", "CoreGeneratorAwareGroup",
		"DcimCable", "DcimDevice", "DcimDeviceType", "DcimInterface", "DcimPhysicalInterface", "DcimPlatform", "DcimVirtualInterface",
		"IpamIPAddress", "IpamIPPrefix", "IpamNamespace", "BuiltinIPNamespace", "IpamVLAN", "LocationGeneric", "LocationRack", "LocationRegion", "LocationSite",
		"OrganizationManufacturer", "OrganizationProvider", "RoutingAutonomousSystem", "RoutingBGPSession", "ServiceCircuit", "CoreMenu",
	}
	// Deleting these may take along what lies outside branches.
	lookedAtFirst := []string{"IpamIPPrefix", "IpamNamespace"}
	for _, k := range demo().Kinds() {
		if slices.Contains(plain, k.Name) || k.Class == schema.Profile && !slices.Contains([]string{"ProfileGlobalPolicy"}, k.Name) {
			for _, verb := range []string{"Create", "Update", "Upsert", "Delete"} {
				if verb == "Delete" && slices.Contains(lookedAtFirst, k.Name) {
					continue
				}
				if sdl().Mutation.Fields.ForName(k.Name+verb) != nil {
					want[k.Name+verb] = true
				}
			}
		}
	}
	if diff := cmp.Diff(want, allowed); diff != "" {
		t.Errorf("allowed mutations (-want +got):\n%s", diff)
	}
}

func TestAgnosticKindsNeedTheOperator(t *testing.T) {
	document := `mutation { GlobalPolicyUpsert(data: {name: {value: "x"}}) { ok } }`
	if err := checkText(Policy{Schema: demo()}, document, nil); err == nil || !strings.Contains(err.Error(), "INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES") {
		t.Errorf("an agnostic kind: %v", err)
	}
	if err := checkText(Policy{Schema: demo(), AllowAgnostic: true}, document, nil); err != nil {
		t.Errorf("with the operator's leave: %v", err)
	}
	for _, name := range []string{"CoreAccountCreate", "CoreProposedChangeUpdate", "CoreNumberPoolUpdate", "CoreRepositoryCreate", "CoreAccountGroupUpdate"} {
		if err := checkText(Policy{Schema: demo(), AllowAgnostic: true}, "mutation { "+name+"(data: {}) { ok } }", nil); err == nil {
			t.Errorf("%s is allowed with agnostic writes", name)
		}
	}
}

func TestKindsThatGuardedGenericsStandForAreGuarded(t *testing.T) {
	own := &schema.Kind{Name: "InfraRepository", Namespace: "Infra", Class: schema.Node, Branch: schema.Aware, InheritFrom: []string{"CoreGenericRepository"}}
	if err := (Policy{Schema: demo()}).Kind(own); err == nil {
		t.Error("a kind that implements CoreGenericRepository may be written")
	}
	future := &schema.Kind{Name: "CoreSomethingNew", Namespace: "Core", Class: schema.Node, Branch: schema.Aware}
	if err := (Policy{Schema: demo()}).Kind(future); err == nil {
		t.Error("a kind of Infrahub itself that nobody knows may be written")
	}
}

func TestAgnosticFieldsOfAwareKinds(t *testing.T) {
	k := &schema.Kind{
		Name: "InfraThing", Namespace: "Infra", Class: schema.Node, Branch: schema.Aware,
		Attributes:    []schema.Attribute{{Name: "serial", Branch: schema.Agnostic}, {Name: "name", Branch: schema.Aware}},
		Relationships: []schema.Relationship{{Name: "owner", Branch: schema.Agnostic, Peer: "BuiltinTag"}},
	}
	p := Policy{Schema: demo()}
	for name, allowed := range map[string]bool{"name": true, "serial": false, "owner": false} {
		if err := p.Fields(k, map[string]any{name: nil}); (err == nil) != allowed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPolicyRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		document  string
		variables map[string]string
		want      string // part of the refusal
	}{
		"a query":                       {document: `{ DcimDevice { count } }`, want: "runs mutations only"},
		"a subscription":                {document: `subscription { event { id } }`, want: "runs mutations only"},
		"no mutation":                   {document: `mutation { __typename }`, want: "no mutation"},
		"an alias":                      {document: `mutation { DcimDeviceUpdate: CoreProposedChangeMerge(data: {id: "x"}) { ok } }`, want: "CoreProposedChangeMerge is refused"},
		"behind an allowed one":         {document: `mutation { a: BuiltinTagUpsert(data: {name: {value: "x"}}) { ok } b: BranchMerge(data: {name: "x"}) { ok } }`, want: "BranchMerge is refused"},
		"in an inline fragment":         {document: `mutation { ... on Mutation { BranchMerge(data: {name: "x"}) { ok } } }`, want: "A fragment stands"},
		"in a fragment":                 {document: `mutation { ...F } fragment F on Mutation { BranchRebase(data: {name: "main"}) { ok } }`, want: "A fragment stands"},
		"left out by a directive":       {document: `mutation { BranchDelete(data: {name: "x"}) @skip(if: true) { ok } }`, want: "BranchDelete is refused"},
		"in another case":               {document: `mutation { branchMerge(data: {name: "x"}) { ok } }`, want: unknownMutation},
		"a kind in another case":        {document: `mutation { dcimDeviceCreate(data: {}) { ok } }`, want: unknownMutation},
		"a mutation of the future":      {document: `mutation { CoreProposedChangeAutoMerge(data: {id: "x"}) { ok } }`, want: unknownMutation},
		"another account":               {document: `mutation { BuiltinTagCreate(data: {name: {value: "x"}}, context: {account: {id: "x"}}) { ok } }`, want: "another account"},
		"another account by a variable": {document: `mutation($c: ContextInput) { BuiltinTagCreate(data: {name: {value: "x"}}, context: $c) { ok } }`, variables: map[string]string{"c": `{"account":{"id":"x"}}`}, want: "another account"},
		"a generic with guarded kinds":  {document: `mutation { CoreGroupUpdate(data: {id: "x"}) { ok } }`, want: "CoreGroup"},
		"data that is a list":           {document: `mutation($d: X) { BuiltinTagCreate(data: $d) { ok } }`, variables: map[string]string{"d": `[1]`}, want: "must be an object"},
		"a guarded kind from a pool":    {document: `mutation { InfrahubIPAddressPoolGetResource(data: {id: "x", address_type: "CoreAccount"}) { ok } }`, want: "CoreAccount"},
		"an unknown kind from a pool":   {document: `mutation { InfrahubIPAddressPoolGetResource(data: {id: "x", address_type: "Nope"}) { ok } }`, want: "Nope"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkText(Policy{Schema: demo()}, test.document, test.variables)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a refusal with %q", err, test.want)
			}
		})
	}
}

func TestRelationsOfGuardedKinds(t *testing.T) {
	p := Policy{Schema: demo()}
	device, tag := kind(t, "DcimDevice"), kind(t, "BuiltinTag")
	account, group := kind(t, "CoreAccount"), kind(t, "CoreAccountGroup")
	for name, test := range map[string]struct {
		of           *schema.Kind
		relationship string
		peers        []*schema.Kind
		allowed      bool
	}{
		"a tag of a device":            {device, "tags", []*schema.Kind{tag}, true},
		"an account of a group":        {group, "members", []*schema.Kind{account}, false},
		"a group of an account":        {account, "member_of_groups", []*schema.Kind{group}, false},
		"a device of an account group": {device, "member_of_groups", []*schema.Kind{group}, false},
		"a relationship that is none":  {device, "nope", nil, false},
	} {
		if err := p.Relation(test.of, test.relationship, test.peers); (err == nil) != test.allowed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzPolicy proves that whatever the document, a mutation that is allowed is one
// of a kind that may be written, or one of the few others.
func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{
		`mutation { BuiltinTagCreate(data: {name: {value: "x"}}) { ok } }`,
		`mutation($d: BuiltinTagCreateInput! = {name: {value: "x"}}) { a: BuiltinTagCreate(data: $d) { ok object { ...F } } } fragment F on BuiltinTag { id }`,
		`mutation { ... on Mutation { BranchMerge(data: {name: "x"}) { ok } } }`,
		`mutation { a: BranchRebase(data: {name: "main"}) @include(if: true) { ok } }`,
		"mutation { # BuiltinTagCreate\n CoreProposedChangeMerge(data: {id: \"\\u0061\"}) { ok } }",
		`{ a } mutation M { RelationshipAdd(data: {id: "x", name: "members", nodes: {id: "y"}}) { ok } }`,
	} {
		f.Add(seed, `{"d":{"name":{"value":"y"}}}`)
	}
	p := Policy{Schema: demo()}
	f.Fuzz(func(t *testing.T, text, variables string) {
		var values map[string]json.RawMessage
		_ = json.Unmarshal([]byte(variables), &values)
		document, err := Parse(text, "")
		if err != nil {
			return
		}
		writes, err := p.Check(document, values)
		if err != nil {
			return
		}
		if len(writes) == 0 || string(document.Operation.Operation) != "mutation" {
			t.Fatalf("allowed without a mutation: %q", text)
		}
		for _, w := range writes {
			if w.Kind != nil && p.Kind(w.Kind) != nil || w.Kind == nil && operationRules()[w.Field].verb == "" {
				t.Fatalf("%s is allowed: %q", w.Field, text)
			}
		}
	})
}

func checkText(p Policy, text string, variables map[string]string) error {
	document, err := Parse(text, "")
	if err != nil {
		return err
	}
	values := map[string]json.RawMessage{}
	for name, value := range variables {
		values[name] = json.RawMessage(value)
	}
	_, err = p.Check(document, values)
	return err
}

package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"
)

// answerer makes an answer to a document as a server with Infrahub's GraphQL
// schema would: by the types of that schema, not by those that Mask knows. Each
// secret value is the text SECRET, each value that is not secret is OPEN.
type answerer struct {
	document *Document
	// record makes events and diffs tell of secret attributes or of others.
	record bool
}

var secretFields = func() map[string]bool {
	found := map[string]bool{}
	for _, k := range demo().Kinds() {
		for i := range k.Attributes {
			if k.Attributes[i].Secret() {
				found[k.Name+"."+k.Attributes[i].Name] = true
			}
		}
	}
	return found
}

// object answers a selection set on an object of a type. secret says that the
// object is a secret attribute, past that it tells of one.
func (a *answerer) object(set ast.SelectionSet, on *ast.Definition, secret, past bool) map[string]any {
	out := map[string]any{}
	a.into(out, set, on, secret, past)
	return out
}

func (a *answerer) into(out map[string]any, set ast.SelectionSet, on *ast.Definition, secret, past bool) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.InlineFragment:
			if s.TypeCondition == "" || applies(s.TypeCondition, on) {
				a.into(out, s.SelectionSet, on, secret, past)
			}
		case *ast.FragmentSpread:
			if f := a.document.fragments.ForName(s.Name); f != nil && applies(f.TypeCondition, on) {
				a.into(out, f.SelectionSet, on, secret, past)
			}
		case *ast.Field:
			value := a.field(s, on, secret, past)
			if have, ok := out[s.Alias].(map[string]any); ok {
				if more, ok := value.(map[string]any); ok {
					maps.Copy(have, more)
					continue
				}
			}
			out[s.Alias] = value
		}
	}
}

func (a *answerer) field(f *ast.Field, on *ast.Definition, secret, past bool) any {
	if f.Name == "__typename" {
		return on.Name
	}
	definition := on.Fields.ForName(f.Name)
	if definition == nil {
		return nil
	}
	list := definition.Type.Elem != nil
	target := sdl().Types[definition.Type.Name()]
	var value any
	switch target.Kind {
	case ast.Scalar, ast.Enum:
		value = a.leaf(f, on, secret, past)
	default:
		concrete := target
		if target.IsAbstractType() {
			if concrete = pick(f.SelectionSet, a.document, target); concrete == nil {
				return nil // nothing implements it
			}
		}
		tells := past || on.Name == "NodeMutatedEvent" && f.Name == "attributes" || on.Name == "DiffNode" && f.Name == "attributes"
		value = a.object(f.SelectionSet, concrete, secretFields()[on.Name+"."+f.Name], tells)
	}
	if list {
		return []any{value}
	}
	return value
}

// leaf answers a scalar.
func (a *answerer) leaf(f *ast.Field, on *ast.Definition, secret, past bool) any {
	switch {
	case secret && f.Name == "value":
		return "SECRET"
	case past && f.Name == "name":
		if a.record {
			return "console_password"
		}
		return "description"
	case past && f.Name == "kind":
		if a.record {
			return "Password"
		}
		return "TextArea"
	case past && a.record && strings.Contains(f.Name, "value"):
		return "SECRET"
	case f.Name == "payload" || f.Name == "parameters":
		return map[string]any{"changelog": map[string]any{"attributes": map[string]any{
			"console_password": map[string]any{"name": "console_password", "kind": "Password", "value": "SECRET", "value_previous": "SECRET"},
			"name":             map[string]any{"name": "name", "kind": "Text", "value": "OPEN"},
		}}}
	}
	_ = on
	return "OPEN"
}

// pick chooses the implementing type that the selection speaks about most.
func pick(set ast.SelectionSet, d *Document, abstract *ast.Definition) *ast.Definition {
	possible := sdl().GetPossibleTypes(abstract)
	if len(possible) == 0 {
		return nil
	}
	for _, selection := range set {
		condition := ""
		switch s := selection.(type) {
		case *ast.InlineFragment:
			condition = s.TypeCondition
		case *ast.FragmentSpread:
			if f := d.fragments.ForName(s.Name); f != nil {
				condition = f.TypeCondition
			}
		}
		for _, candidate := range possible {
			if candidate.Name == condition {
				return candidate
			}
		}
	}
	// Prefer a type with secrets, so that every chance to leak is taken.
	for _, candidate := range possible {
		for field := range secretFields() {
			if strings.HasPrefix(field, candidate.Name+".") {
				return candidate
			}
		}
	}
	return possible[0]
}

func applies(condition string, on *ast.Definition) bool {
	return condition == on.Name || slices.Contains(on.Interfaces, condition) || slices.ContainsFunc(sdl().PossibleTypes[condition], func(d *ast.Definition) bool { return d.Name == on.Name })
}

// masked runs a document through answerer and Mask.
func masked(t interface{ Fatal(...any) }, text string, record bool) (before, after string) {
	d, err := Parse(text, "")
	if err != nil {
		t.Fatal(text, err)
	}
	a := answerer{document: d, record: record}
	raw, err := json.Marshal(a.object(d.Operation.SelectionSet, sdl().Query, false, false))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Reader{Schema: demo()}.Mask(d)
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), string(result)
}

func TestSecretsAreMaskedHoweverTheyAreAskedFor(t *testing.T) {
	for _, test := range []struct{ name, query string }{
		{"plainly", `{ DcimDevice { edges { node { console_password { value } } } } }`},
		{"under an alias of the attribute", `{ DcimDevice { edges { node { x: console_password { value } } } } }`},
		{"under an alias of the value", `{ DcimDevice { edges { node { console_password { name: value } } } } }`},
		{"under aliases all the way", `{ a: DcimDevice { b: edges { c: node { d: console_password { e: value } } } } }`},
		{"under the name of another attribute", `{ DcimDevice { edges { node { description: console_password { value } } } } }`},
		{"in a fragment", `{ DcimDevice { edges { node { ...f } } } } fragment f on DcimDevice { console_password { value } }`},
		{"in a fragment of the attribute", `{ DcimDevice { edges { node { console_password { ...f } } } } } fragment f on TextAttribute { value }`},
		{"in fragments of fragments", `{ DcimDevice { edges { ...e } } } fragment e on EdgedDcimDevice { node { ...n } } fragment n on DcimDevice { console_password { ...v } } fragment v on TextAttribute { v: value }`},
		{"in a fragment on the root", `{ ...q } fragment q on Query { DcimDevice { edges { node { console_password { value } } } } }`},
		{"in an inline fragment without a type", `{ ... { DcimDevice { edges { node { ... { console_password { value } } } } } } }`},
		{"on a generic, in an inline fragment", `{ CoreNode { edges { node { ... on DcimDevice { console_password { value } } } } } }`},
		{"on a generic that has it", `{ CoreGenericAccount { edges { node { password { value } } } } }`},
		{"on the account", `{ CoreAccount { edges { node { password { value } } } } }`},
		{"on the profile of the caller", `{ AccountProfile { password { value } } }`},
		{"on the profile, as the concrete kind", `{ AccountProfile { ... on CoreAccount { p: password { value } } } }`},
		{"through a relationship to one", `{ DcimPhysicalInterface { edges { node { device { node { console_password { value } } } } } } }`},
		{"through a relationship to many", `{ LocationSite { edges { node { devices { edges { node { console_password { value } } } } } } } }`},
		{"through four relationships", `{ LocationSite { edges { node { devices { edges { node { interfaces { edges { node { device { node { console_password { value } } } } } } } } } } } } }`},
		{"through the source of an attribute", `{ DcimDevice { edges { node { name { source { ... on CoreAccount { password { value } } } } } } } }`},
		{"through the owner of the secret itself", `{ DcimDevice { edges { node { console_password { owner { ... on CoreAccount { password { value } } } } } } } }`},
		{"through metadata", `{ DcimDevice { edges { node_metadata { created_by { ... on CoreAccount { password { value } } } } } } }`},
		{"through metadata, on the generic", `{ DcimDevice { edges { node_metadata { updated_by { password { value } } } } } }`},
		{"through groups", `{ CoreAccount { edges { node { member_of_groups { edges { node { members { edges { node { ... on CoreAccount { password { value } } } } } } } } } } } }`},
		{"of a webhook", `{ CoreStandardWebhook { edges { node { shared_key { value } } } } }`},
		{"of a credential", `{ CorePasswordCredential { edges { node { password { value } } } } }`},
		{"twice under different aliases", `{ DcimDevice { edges { node { a: console_password { value } b: console_password { x: value } } } } }`},
		{"with directives", `query { DcimDevice { edges { node { console_password @include(if: true) { value @skip(if: false) } } } } }`},
		{"as an event's payload", `{ InfrahubEvent { edges { node { ... on NodeMutatedEvent { payload } } } } }`},
		{"as an event's payload under an alias", `{ InfrahubEvent { edges { node { ... on NodeMutatedEvent { p: payload } } } } }`},
		{"as an event's attributes", `{ InfrahubEvent { edges { node { ... on NodeMutatedEvent { attributes { name kind value value_previous } } } } } }`},
		{"as an event's attributes without their names", `{ InfrahubEvent { edges { node { ... on NodeMutatedEvent { attributes { v: value w: value_previous } } } } } }`},
		{"as an event's attributes under a false name", `{ InfrahubEvent { edges { node { ... on NodeMutatedEvent { attributes { name: action value } } } } } }`},
		{"as an event's attributes with a fragment", `{ InfrahubEvent { edges { node { ... on NodeMutatedEvent { attributes { ...a } } } } } } fragment a on InfrahubMutatedAttribute { value value_previous }`},
		{"in a diff", `{ DiffTree(branch: "b") { nodes { attributes { name properties { previous_value new_value } } } } }`},
		{"in a diff without names", `{ DiffTree(branch: "b") { nodes { attributes { properties { p: previous_value n: new_value } conflict { base_branch_value diff_branch_value } } } } }`},
		{"in a diff's conflicts", `{ DiffTree(branch: "b") { nodes { attributes { name conflict { base_branch_value diff_branch_value } properties { conflict { diff_branch_value } } } } } }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			valid(t, test.query)
			before, after := masked(t, test.query, true)
			if !strings.Contains(before, "SECRET") {
				t.Fatalf("the answer holds no secret, the test shows nothing: %s", before)
			}
			if strings.Contains(after, "SECRET") || !strings.Contains(after, Masked) {
				t.Errorf("masked: %s", after)
			}
		})
	}
}

func TestWhatIsNotSecretIsNotMasked(t *testing.T) {
	for _, test := range []struct{ name, query string }{
		{"attributes", `{ DcimDevice { count edges { node { id name { value } description { value is_default } site { node { display_label } } } } } }`},
		{"what surrounds a secret", `{ DcimDevice { edges { node { console_password { is_default updated_at id } } } } }`},
		{"a diff with names", `{ DiffTree(branch: "b") { nodes { attributes { name properties { previous_value new_value } conflict { base_branch_value } } } } }`},
		{"events with kinds", `{ InfrahubEvent { edges { node { ... on NodeMutatedEvent { attributes { kind value value_previous } } } } } }`},
		{"branches", `{ Branch { name status } }`},
		{"introspection", `{ __typename }`},
	} {
		t.Run(test.name, func(t *testing.T) {
			valid(t, test.query)
			if before, after := masked(t, test.query, false); before != after {
				t.Errorf("changed:\n%s\n%s", before, after)
			}
		})
	}
	// In a payload only the secret goes.
	_, after := masked(t, `{ InfrahubEvent { edges { node { ... on NodeMutatedEvent { payload } } } } }`, false)
	if !strings.Contains(after, "OPEN") || strings.Contains(after, "SECRET") {
		t.Errorf("payload: %s", after)
	}
}

// TestSecretsAreMaskedInRandomDocuments walks Infrahub's GraphQL schema at
// random, with aliases and fragments, and looks for a secret that gets through.
func TestSecretsAreMaskedInRandomDocuments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t: t}
		text := "query { " + g.selection(sdl().Query, 0) + " }" + strings.Join(g.fragments, "")
		record := rapid.Bool().Draw(t, "record")
		before, after := masked(t, text, record)
		if strings.Contains(after, "SECRET") {
			t.Fatalf("%s\n%s\n%s", text, before, after)
		}
	})
}

// generator writes random documents that Infrahub's schema accepts.
type generator struct {
	t         *rapid.T
	fragments []string
}

// interesting are fields worth meeting more often than chance would have it.
var interesting = []string{"console_password", "password", "shared_key", "value", "node", "edges", "devices", "device", "interfaces", "attributes", "properties", "members", "source", "created_by",
	"node_metadata", "DcimDevice", "CoreAccount", "CoreNode", "InfrahubEvent", "DiffTree", "AccountProfile", "CoreStandardWebhook", "LocationSite", "name", "kind", "nodes", "payload"}

func (g *generator) selection(on *ast.Definition, depth int) string {
	var parts []string
	fields := slices.Clone(on.Fields)
	slices.SortFunc(fields, func(a, b *ast.FieldDefinition) int { return strings.Compare(a.Name, b.Name) })
	favourites := slices.DeleteFunc(slices.Clone(fields), func(f *ast.FieldDefinition) bool { return !slices.Contains(interesting, f.Name) })
	if on.IsAbstractType() && len(sdl().GetPossibleTypes(on)) > 0 && rapid.Bool().Draw(g.t, "narrow") {
		possible := sdl().GetPossibleTypes(on)
		names := make([]string, len(possible))
		for i, p := range possible {
			names[i] = p.Name
		}
		slices.Sort(names)
		for _, name := range []string{"DcimDevice", "CoreAccount", "NodeMutatedEvent", "CoreStandardWebhook"} {
			if slices.Contains(names, name) {
				names = append(names, name, name, name)
			}
		}
		concrete := sdl().Types[rapid.SampledFrom(names).Draw(g.t, "type")]
		return "... on " + concrete.Name + " { " + g.selection(concrete, depth) + " }"
	}
	for range rapid.IntRange(1, 3).Draw(g.t, "fields") {
		from := fields
		if len(favourites) > 0 && rapid.IntRange(0, 4).Draw(g.t, "favourite") > 0 {
			from = favourites
		}
		if len(from) == 0 {
			continue
		}
		f := from[rapid.IntRange(0, len(from)-1).Draw(g.t, "field")]
		target := sdl().Types[f.Type.Name()]
		text := f.Name
		if rapid.IntRange(0, 3).Draw(g.t, "alias") == 0 {
			text = fmt.Sprintf("a%d: %s", rapid.IntRange(0, 99).Draw(g.t, "n"), f.Name)
		}
		if target.Kind != ast.Scalar && target.Kind != ast.Enum {
			if depth > 9 {
				continue
			}
			text += " { " + g.selection(target, depth+1) + " }"
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		parts = []string{"__typename"}
	}
	text := strings.Join(parts, " ")
	switch rapid.IntRange(0, 9).Draw(g.t, "fragment") {
	case 0:
		name := fmt.Sprintf("f%d", len(g.fragments))
		g.fragments = append(g.fragments, " fragment "+name+" on "+on.Name+" { "+text+" }")
		return "..." + name
	case 1:
		return "... { " + text + " }"
	}
	return text
}

func TestSecretArgumentsAreRefused(t *testing.T) {
	for _, test := range []struct{ name, query, variables string }{
		{"a filter", `{ DcimDevice(console_password__value: "a") { count } }`, `{}`},
		{"a filter on several values", `{ DcimDevice(console_password__values: ["a"]) { count } }`, `{}`},
		{"a filter through a relationship", `{ DcimPhysicalInterface(device__console_password__value: "a") { count } }`, `{}`},
		{"a filter inside", `{ LocationSite { edges { node { devices(console_password__value: "a") { count } } } } }`, `{}`},
		{"a filter in a fragment", `{ ...f } fragment f on Query { DcimDevice(console_password__value: "a") { count } }`, `{}`},
		{"a filter with a variable", `query($x: String) { DcimDevice(console_password__value: $x) { count } }`, `{"x":"a"}`},
		{"an order", `{ DcimDevice(order: {by: [{field: "console_password__value"}]}) { count } }`, `{}`},
		{"an order through a relationship", `{ DcimPhysicalInterface(order: {by: [{field: "device__console_password__value"}]}) { count } }`, `{}`},
		{"an order in a variable", `query($o: OrderInput) { DcimDevice(order: $o) { count } }`, `{"o":{"by":[{"field":"console_password__value"}]}}`},
		{"a field of an order in a variable", `query($f: String!) { DcimDevice(order: {by: [{field: $f}]}) { count } }`, `{"f":"console_password__value"}`},
		{"an order in the default of a variable", `query($o: OrderInput = {by: [{field: "console_password__value"}]}) { DcimDevice(order: $o) { count } }`, `{}`},
		{"the hash of an account", `{ CoreAccount(password__value: "a") { count } }`, `{}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			valid(t, test.query)
			if err := refuse(t, test.query, test.variables); err == nil || !strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, test := range []struct{ name, query, variables string }{
		{"a filter on another attribute", `{ DcimDevice(name__value: "console_password") { count } }`, `{}`},
		{"whether there is a value", `{ DcimDevice(console_password__isnull: true) { count } }`, `{}`},
		{"an order by another attribute", `{ DcimDevice(order: {by: [{field: "name__value"}]}) { count } }`, `{}`},
	} {
		t.Run("allowed: "+test.name, func(t *testing.T) {
			if err := refuse(t, test.query, test.variables); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFragmentsThatMultiplyAreRefused(t *testing.T) {
	var text strings.Builder
	text.WriteString("{ ...f0 }")
	for i := range 60 {
		fmt.Fprintf(&text, " fragment f%d on Query { ...f%d ...f%d }", i, i+1, i+1)
	}
	text.WriteString(" fragment f60 on Query { DcimDevice { count } }")
	d, err := Parse(text.String(), "")
	if err != nil {
		t.Fatal(err)
	}
	r := Reader{Schema: demo()}
	if _, err := r.Mask(d); err == nil {
		t.Error("Mask looked at 2^60 fields")
	}
	if err := r.RefuseSecretArguments(d, nil); err == nil {
		t.Error("RefuseSecretArguments looked at 2^60 fields")
	}
}

func refuse(t *testing.T, query, variables string) error {
	t.Helper()
	d, err := Parse(query, "")
	if err != nil {
		t.Fatal(err)
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal([]byte(variables), &given); err != nil {
		t.Fatal(err)
	}
	return Reader{Schema: demo()}.RefuseSecretArguments(d, given)
}

func FuzzMask(f *testing.F) {
	for _, seed := range []string{
		`{ DcimDevice { edges { node { console_password { value } } } } }`,
		`{ ...f } fragment f on Query { ...f DcimDevice { edges { node { ...g } } } } fragment g on DcimDevice { ...g x: console_password { ...h } } fragment h on TextAttribute { value ...h }`,
		`query A($a: Int) { a(order: {by: [{field: "x"}]}) { ... on CoreAccount { password { value } } } }`,
		`{ attributes { attributes { attributes { name value } } } payload }`,
	} {
		f.Add(seed, `{"DcimDevice":{"edges":[{"node":{"console_password":{"value":"x"}}}]},"payload":{"kind":"Password","value":1}}`)
	}
	f.Fuzz(func(t *testing.T, query, answer string) {
		d, err := Parse(query, "")
		if err != nil {
			t.Skip("no document")
		}
		r := Reader{Schema: demo()}
		_ = r.RefuseSecretArguments(d, map[string]json.RawMessage{"v": json.RawMessage(answer)})
		m, err := r.Mask(d)
		if err != nil {
			return
		}
		if out, err := m.Apply(json.RawMessage(answer)); err == nil && json.Valid([]byte(answer)) && !json.Valid(out) {
			t.Errorf("%s became %s", answer, out)
		}
	})
}

package graph

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// Mask says where in the answer to a document secret values stand. It is found
// by walking the document with the schema, aliases and fragments included, and
// knows three places:
//
//   - the value of a secret attribute of a node;
//   - old and new values in the history of attributes (events and diffs), which
//     are masked unless the attribute's name or kind beside them shows that it
//     is not secret;
//   - payloads of events and parameters of tasks, JSON that is searched for
//     records of secret attributes.
//
// Where the walk does not know the type of an object, a field that is named
// like any secret attribute counts as one.
type Mask struct {
	// Unknown says that the document names kinds or fields of kinds that the
	// schema does not know: the schema may be older than the document.
	Unknown bool

	root    *spot
	secrets map[string]bool // names of secret attributes of any kind
}

// spot is one place in an answer, by response key.
type spot struct {
	children map[string]*spot
	hide     bool // the value here is secret
	search   bool // JSON of unknown shape that may hold records of attributes
	// record says that the object here tells of one attribute: nameKey and
	// kindKey are the response keys of its name and kind, if selected.
	record           bool
	nameKey, kindKey string
}

func (s *spot) child(key string) *spot {
	if s.children == nil {
		s.children = map[string]*spot{}
	}
	if s.children[key] == nil {
		s.children[key] = &spot{}
	}
	return s.children[key]
}

// marked reports whether anything at or below a spot is to be masked.
func (s *spot) marked() bool {
	if s.hide || s.search {
		return true
	}
	for _, child := range s.children {
		if child.marked() {
			return true
		}
	}
	return false
}

// Mask finds the secret places of a document. A document whose fragments
// multiply beyond measure is a problem.
func (r Reader) Mask(d *Document) (*Mask, error) {
	m := &Mask{root: &spot{}, secrets: r.secretNames()}
	w := walker{schema: r.Schema, fragments: d.fragments, secrets: m.secrets, left: maxFields}
	w.walk(d.Operation.SelectionSet, scope{}, m.root, nil)
	m.Unknown = w.unheard
	return m, w.exhausted()
}

func (r Reader) secretNames() map[string]bool {
	names := map[string]bool{}
	for _, k := range r.Schema.Kinds() {
		for i := range k.Attributes {
			if k.Attributes[i].Secret() {
				names[k.Attributes[i].Name] = true
			}
		}
	}
	return names
}

// scope is what the walk knows of the object whose fields it looks at.
type scope struct {
	kind *schema.Kind // nil: unknown
	// node says that the object is a node of the kind, not one of the lists
	// and edges around it.
	node bool
}

type walker struct {
	schema    *schema.Schema
	fragments ast.FragmentDefinitionList
	secrets   map[string]bool
	left      int // fields that may still be looked at
	unheard   bool
}

// maxFields bounds the fields of a document once its fragments are spread. A
// few fragments that spread each other twice would make it grow without end.
const maxFields = 200_000

// step counts one field and reports whether the walk may go on.
func (w *walker) step() bool {
	w.left--
	return w.left >= 0
}

func (w *walker) exhausted() error {
	if w.left >= 0 {
		return nil
	}
	return problem.New(fmt.Sprintf("The document has more than %d fields once its fragments are spread.", maxFields), "Make it smaller.")
}

// past are the fields of events and diffs that hold values of attributes.
func past() []string {
	return []string{
		"value", "value_previous", "previous_value", "new_value", "previous_label", "new_label",
		"base_branch_value", "diff_branch_value", "base_branch_label", "diff_branch_label",
	}
}

// walk marks the secret places of a selection set. open holds the fragments
// being walked, so that one that contains itself ends.
func (w *walker) walk(set ast.SelectionSet, in scope, at *spot, open []string) {
	for _, selection := range set {
		if !w.step() {
			return
		}
		switch s := selection.(type) {
		case *ast.InlineFragment:
			w.walk(s.SelectionSet, w.narrow(in, s.TypeCondition), at, open)
		case *ast.FragmentSpread:
			if fragment := w.fragments.ForName(s.Name); fragment != nil && !slices.Contains(open, s.Name) {
				w.walk(fragment.SelectionSet, w.narrow(in, fragment.TypeCondition), at, append(open, s.Name))
			}
		case *ast.Field:
			w.field(s, in, at.child(s.Alias), open)
		}
	}
}

// narrow applies a type condition.
func (w *walker) narrow(in scope, condition string) scope {
	if kind := w.schema.Lookup(condition); kind != nil {
		return scope{kind: kind, node: true}
	}
	if in.node && condition != "" {
		w.unheard = true
	}
	return in
}

func (w *walker) field(f *ast.Field, in scope, at *spot, open []string) {
	switch {
	case in.kind == nil:
		w.unknown(f, at, open)
	case !in.node:
		next := scope{}
		switch f.Name {
		case "edges":
			next = in
		case "node":
			next = scope{kind: in.kind, node: true}
		}
		w.walk(f.SelectionSet, next, at, open)
	default:
		attribute, relationship := in.kind.Attribute(f.Name), in.kind.Relationship(f.Name)
		switch {
		case attribute != nil && attribute.Secret(), attribute == nil && relationship == nil && w.secrets[f.Name]:
			w.hide(f.SelectionSet, at, open)
			w.walk(f.SelectionSet, scope{}, at, open)
		case relationship != nil:
			w.walk(f.SelectionSet, scope{kind: w.schema.Lookup(relationship.Peer)}, at, open)
		case f.Name == "parent", f.Name == "children", f.Name == "ancestors", f.Name == "descendants":
			w.walk(f.SelectionSet, scope{kind: w.schema.Lookup(in.kind.Hierarchy)}, at, open)
		default:
			w.unheard = w.unheard || !slices.Contains(ofEveryNode(), f.Name)
			w.walk(f.SelectionSet, scope{}, at, open)
		}
	}
}

// ofEveryNode are the fields of a node that the schema does not list.
func ofEveryNode() []string {
	return append(identity(), "__typename", "node_metadata")
}

// unknown handles a field of an object of unknown type, the root included.
func (w *walker) unknown(f *ast.Field, at *spot, open []string) {
	if kind := w.schema.Lookup(f.Name); kind != nil {
		w.walk(f.SelectionSet, scope{kind: kind}, at, open)
		return
	}
	// Lists of nodes that the schema does not know may be of a kind loaded since.
	if w.key(f.SelectionSet, "edges", open) != "" && !strings.HasPrefix(f.Name, "Infrahub") {
		w.unheard = true
	}
	switch {
	case w.secrets[f.Name] && len(f.SelectionSet) > 0:
		w.hide(f.SelectionSet, at, open)
	case f.Name == "attributes" && len(f.SelectionSet) > 0:
		at.record = true
		at.nameKey, at.kindKey = w.key(f.SelectionSet, "name", open), w.key(f.SelectionSet, "kind", open)
		w.history(f.SelectionSet, at, open)
	case (f.Name == "payload" || f.Name == "parameters") && len(f.SelectionSet) == 0:
		at.search = true
	}
	w.walk(f.SelectionSet, scope{}, at, open)
}

// hide marks `value` wherever a selection of an attribute has it.
func (w *walker) hide(set ast.SelectionSet, at *spot, open []string) {
	w.each(set, open, func(f *ast.Field, _ []string) {
		if f.Name == "value" {
			at.child(f.Alias).hide = true
		}
	})
}

// history marks the fields that hold values, at any depth below a record.
func (w *walker) history(set ast.SelectionSet, at *spot, open []string) {
	w.each(set, open, func(f *ast.Field, open []string) {
		child := at.child(f.Alias)
		if slices.Contains(past(), f.Name) {
			child.hide = true
		}
		w.history(f.SelectionSet, child, open)
	})
}

// key is the response key under which a selection has a field, if at all.
func (w *walker) key(set ast.SelectionSet, name string, open []string) string {
	found := ""
	w.each(set, open, func(f *ast.Field, _ []string) {
		if f.Name == name {
			found = f.Alias
		}
	})
	return found
}

// each calls do for the fields of a selection set, those of its fragments
// included.
func (w *walker) each(set ast.SelectionSet, open []string, do func(*ast.Field, []string)) {
	for _, selection := range set {
		if !w.step() {
			return
		}
		switch s := selection.(type) {
		case *ast.Field:
			do(s, open)
		case *ast.InlineFragment:
			w.each(s.SelectionSet, open, do)
		case *ast.FragmentSpread:
			if fragment := w.fragments.ForName(s.Name); fragment != nil && !slices.Contains(open, s.Name) {
				w.each(fragment.SelectionSet, append(open, s.Name), do)
			}
		}
	}
}

// Apply masks the secret values of an answer. An answer without secret places
// is returned as it is.
func (m *Mask) Apply(data json.RawMessage) (json.RawMessage, error) {
	if !m.root.marked() {
		return data, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var answer any
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("reading the answer to mask secrets: %w", err)
	}
	answer = m.apply(m.root, answer, false)
	masked, err := encode(answer)
	if err != nil {
		return nil, fmt.Errorf("writing the answer with secrets masked: %w", err)
	}
	return masked, nil
}

// apply masks below one spot. harmless says that the record around is of an
// attribute that is not secret.
func (m *Mask) apply(at *spot, value any, harmless bool) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = m.apply(at, v[i], harmless)
		}
		return v
	case map[string]any:
		if at.hide && !harmless {
			return Masked
		}
		if at.search {
			m.search(v)
		}
		if at.record {
			harmless = m.harmless(at, v)
		}
		for key, child := range at.children {
			if member, ok := v[key]; ok {
				v[key] = m.apply(child, member, harmless)
			}
		}
		return v
	case nil:
		return nil
	default:
		if at.hide && !harmless {
			return Masked
		}
		return v
	}
}

// harmless reports whether a record shows that its attribute is not secret.
func (m *Mask) harmless(at *spot, record map[string]any) bool {
	if kind, ok := record[at.kindKey].(string); ok && at.kindKey != "" {
		return !secretKind(kind)
	}
	name, ok := record[at.nameKey].(string)
	return ok && at.nameKey != "" && !m.secrets[name]
}

func secretKind(kind string) bool {
	return (&schema.Attribute{Kind: kind}).Secret()
}

// search masks the values in records of secret attributes inside JSON of
// unknown shape: objects that name such a kind, and members named like such an
// attribute.
func (m *Mask) search(value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			m.search(item)
		}
	case map[string]any:
		kind, _ := v["kind"].(string)
		name, _ := v["name"].(string)
		if secretKind(kind) || m.secrets[name] && kind == "" {
			hideAll(v)
		}
		for key, member := range v {
			if record, ok := member.(map[string]any); ok && m.secrets[key] {
				hideAll(record)
			} else if _, text := member.(string); text && m.secrets[key] {
				v[key] = Masked
			}
			m.search(member)
		}
	}
}

func hideAll(record map[string]any) {
	for _, key := range past() {
		if value, ok := record[key]; ok && value != nil {
			record[key] = Masked
		}
	}
}

// RefuseSecretArguments refuses a document that filters or orders by the value
// of a secret attribute, which would tell the value bit by bit.
func (r Reader) RefuseSecretArguments(d *Document, variables map[string]json.RawMessage) error {
	secrets := r.secretNames()
	w := walker{schema: r.Schema, fragments: d.fragments, left: maxFields}
	var refused string
	var visit func(set ast.SelectionSet, open []string)
	visit = func(set ast.SelectionSet, open []string) {
		w.each(set, open, func(f *ast.Field, open []string) {
			for _, argument := range f.Arguments {
				if name := secretPath(argument.Name, secrets); name != "" {
					refused = name
				}
				if argument.Name == "order" {
					refused = cmp.Or(refused, secretOrder(argument.Value, secrets))
				}
			}
			visit(f.SelectionSet, open)
		})
	}
	visit(d.Operation.SelectionSet, nil)
	// An order, or the field it names, may come as a variable of any name.
	for _, definition := range d.Operation.VariableDefinitions {
		refused = cmp.Or(refused, secretOrder(definition.DefaultValue, secrets))
	}
	for _, raw := range variables {
		var value any
		if json.Unmarshal(raw, &value) == nil {
			refused = cmp.Or(refused, secretText(value, secrets))
		}
	}
	if refused == "" {
		return w.exhausted()
	}
	return secretProblem(refused, "filter or order by")
}

// secretPath returns the secret attribute whose value an argument or an order
// field such as rel__attr__value compares.
func secretPath(path string, secrets map[string]bool) string {
	path = strings.TrimSuffix(path, "s")
	attribute, ok := strings.CutSuffix(path, "__value")
	if !ok {
		return ""
	}
	if i := strings.LastIndex(attribute, "__"); i >= 0 && !secrets[attribute] {
		attribute = attribute[i+2:]
	}
	if secrets[attribute] {
		return attribute
	}
	return ""
}

func secretOrder(v *ast.Value, secrets map[string]bool) string {
	if v == nil {
		return ""
	}
	found := ""
	if v.Kind == ast.StringValue || v.Kind == ast.BlockValue {
		found = secretPath(v.Raw, secrets)
	}
	for _, child := range v.Children {
		found = cmp.Or(found, secretOrder(child.Value, secrets))
	}
	return found
}

// secretText looks for an order field in a variable.
func secretText(value any, secrets map[string]bool) string {
	found := ""
	switch v := value.(type) {
	case string:
		return secretPath(v, secrets)
	case map[string]any:
		for _, member := range v {
			found = cmp.Or(found, secretText(member, secrets))
		}
	case []any:
		for _, item := range v {
			found = cmp.Or(found, secretText(item, secrets))
		}
	}
	return found
}

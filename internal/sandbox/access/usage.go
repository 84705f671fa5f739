package access

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// usage is what an operation does, as far as its text tells: arguments do not
// count.
type usage struct {
	mutation bool
	// fields are those of the type Query or Mutation, by name.
	fields []string
	// kinds are in the order in which the operation comes to them; after a
	// generic those that implement it.
	kinds  []*use
	byKind map[*model.Kind]*use

	model     *model.Model
	fragments ast.FragmentDefinitionList
	seen      map[string]bool // names of fragments
	unknown   string          // a type that is no kind, where one is needed
}

// use is what an operation does with a kind.
type use struct {
	kind *model.Kind
	// reads says that it asks for an attribute (the display label and the hfid
	// among them) or a relationship.
	reads         bool
	relationships []string
	// addressed says that it is the kind of a mutation, actions by which.
	addressed bool
	actions   []string
}

// usageOf reads an operation.
func usageOf(m *model.Model, operation *ast.OperationDefinition, fragments ast.FragmentDefinitionList) (*usage, error) {
	u := &usage{
		mutation: operation.Operation == ast.Mutation, byKind: map[*model.Kind]*use{},
		model: m, fragments: fragments, seen: map[string]bool{},
	}
	u.root(operation.SelectionSet)
	if u.unknown != "" {
		return nil, &fault.Error{
			Code: fault.SchemaNotFound, Status: http.StatusUnprocessableEntity,
			Message: "Unable to find the schema '" + u.unknown + "' in the registry",
			Data:    exec.NewObject("kind", u.unknown),
		}
	}
	return u, nil
}

// root reads the fields of the type Query or Mutation.
func (u *usage) root(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			u.fields = append(u.fields, s.Name)
			u.rootField(s)
		case *ast.InlineFragment:
			u.root(s.SelectionSet)
		case *ast.FragmentSpread:
			if f := u.spread(s.Name); f != nil {
				u.root(f.SelectionSet)
			}
		}
	}
}

func (u *usage) rootField(f *ast.Field) {
	name, actions, to := f.Name, []string(nil), place{"edges", "node"}
	if u.mutation {
		name, actions = mutationOf(f.Name)
		to = place{"object"}
	}
	kind := u.model.Kind(name)
	if kind == nil || kind.Class == model.Template { // Infrahub does not look at mutations of templates
		return
	}
	used := u.use(kind)
	used[0].addressed = used[0].addressed || actions != nil
	for _, k := range used {
		k.asked(actions)
	}
	u.list(f.SelectionSet, used, to)
}

// mutationOf splits the name of a mutation of a kind into the name of the kind
// and what the mutation does. Other names stay whole.
func mutationOf(field string) (kind string, actions []string) {
	if kind, ok := strings.CutSuffix(field, "Create"); ok {
		return kind, []string{ActionCreate}
	}
	if kind, ok := strings.CutSuffix(field, "Update"); ok {
		return kind, []string{ActionUpdate}
	}
	if kind, ok := strings.CutSuffix(field, "Upsert"); ok {
		return kind, []string{ActionCreate, ActionUpdate}
	}
	if kind, ok := strings.CutSuffix(field, "Delete"); ok {
		return kind, []string{ActionDelete}
	}
	return field, nil
}

// list reads the selection of a field of the type Query or Mutation: a list, or
// what a mutation answers.
func (u *usage) list(set ast.SelectionSet, of []*use, to place) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			u.field(s, of, to)
		case *ast.InlineFragment:
			u.list(s.SelectionSet, of, to)
		case *ast.FragmentSpread:
			if f := u.spread(s.Name); f != nil {
				u.list(f.SelectionSet, of, to)
			}
		}
	}
}

// place leads from a selection to the selections of nodes: the names of the
// fields between them, none where it is one. Nowhere leads to none.
type place []string

// nowhere stands for selections below which no node of the owner is.
func nowhere() place { return place{""} }

// below reads a selection that belongs to nodes of some kinds. As in Infrahub
// fields come before fragments, whatever their order is.
func (u *usage) below(set ast.SelectionSet, of []*use, to place) {
	for _, selection := range set {
		if f, ok := selection.(*ast.Field); ok {
			u.field(f, of, to)
		}
	}
	for _, selection := range set {
		if f, ok := selection.(*ast.InlineFragment); ok {
			u.fragment(f.TypeCondition, f.SelectionSet, of, to, true)
		}
	}
	for _, selection := range set {
		if s, ok := selection.(*ast.FragmentSpread); ok {
			if f := u.spread(s.Name); f != nil {
				u.fragment(f.TypeCondition, f.SelectionSet, of, to, false)
			}
		}
	}
}

func (u *usage) field(f *ast.Field, of []*use, to place) {
	if len(to) > 0 {
		if f.Name == to[0] {
			u.below(f.SelectionSet, of, to[1:])
		} else {
			u.below(f.SelectionSet, of, nowhere())
		}
		return
	}
	owner := of[0].kind
	if owner.Attribute(f.Name) != nil || f.Name == "display_label" || f.Name == "hfid" {
		for _, k := range of {
			k.reads = true
		}
	}
	r := owner.Relationship(f.Name)
	if r == nil {
		u.below(f.SelectionSet, of, nowhere())
		return
	}
	for _, k := range of {
		k.reads = true
		k.relationships = append(k.relationships, f.Name)
	}
	peer := u.model.Kind(r.Peer)
	if peer == nil {
		return // cannot be: a model has the peers of its relationships
	}
	to = place{"node"}
	if r.Many() {
		to = place{"edges", "node"}
	}
	u.below(f.SelectionSet, u.use(peer), to)
}

// fragment reads a fragment. One on a kind is about that kind alone.
func (u *usage) fragment(on string, set ast.SelectionSet, of []*use, to place, inline bool) {
	switch kind := u.model.Kind(on); {
	case kind != nil:
		u.below(set, []*use{u.entry(kind)}, nil)
	case inline && on != "":
		u.unknown = on
	default:
		u.below(set, of, to)
	}
}

// spread returns a fragment when it is spread for the first time. What it reads
// does not depend on where it is.
func (u *usage) spread(name string) *ast.FragmentDefinition {
	if u.seen[name] {
		return nil
	}
	u.seen[name] = true
	return u.fragments.ForName(name)
}

// use returns the entries of a kind and of those that implement it.
func (u *usage) use(kind *model.Kind) []*use {
	used := []*use{u.entry(kind)}
	if kind.Class == model.Generic {
		for _, k := range u.model.Concrete(kind) {
			used = append(used, u.entry(k))
		}
	}
	return used
}

func (u *usage) entry(kind *model.Kind) *use {
	k, known := u.byKind[kind]
	if !known {
		k = &use{kind: kind}
		u.byKind[kind] = k
		u.kinds = append(u.kinds, k)
	}
	return k
}

// asked notes that a mutation does something with nodes of the kind.
func (k *use) asked(actions []string) {
	for _, action := range actions {
		if !slices.Contains(k.actions, action) {
			k.actions = append(k.actions, action)
		}
	}
}

// changes returns the actions that a mutation takes permission for: those it
// does, and to change the nodes that it merely answers.
func (k *use) changes() []string {
	if k.actions == nil {
		return []string{ActionUpdate}
	}
	return k.actions
}

// readsPermissions tells whether the operation asks which roles have which
// permissions.
func (k *use) readsPermissions() bool {
	relationship := "roles"
	switch k.kind.Name {
	case kindAccountRole:
		relationship = "permissions"
	case kindBasePermission, kindGlobalPermission, kindObjectPermission:
	default:
		return false
	}
	return slices.Contains(k.relationships, relationship)
}

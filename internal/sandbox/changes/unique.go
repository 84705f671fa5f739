package changes

import (
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// violations tells which nodes of the branch have what must be unique in common
// with nodes of the default branch: each branch for itself could not know. There
// is one for each node and constraint, in the words of Infrahub 1.11.
func (x *comparison) violations() []failure {
	var found []failure
	for _, change := range x.diff.Nodes {
		n := x.after.Node(change.ID)
		if n == nil || change.Action == store.Removed {
			continue
		}
		for _, u := range uniqueness(n) {
			if !touches(change, n, u.paths) || !x.taken(n, u) {
				continue
			}
			message := violation(n, u.paths)
			found = append(found, failure{label: message, conflict: map[string]any{
				"kind": n.Kind, "id": n.ID, "name": "schema/" + n.Kind, "path": "schema/" + n.Kind, "value": message, "branch": x.branch.Name,
			}})
		}
	}
	return found
}

// constraint says that no two nodes of a kind or generic have the same values at
// some paths.
type constraint struct {
	kind  *model.Kind
	paths []model.Path
}

// uniqueness lists the constraints that a node is under: those of its generics,
// and those that only its own kind has.
func uniqueness(n *nodes.Node) []constraint {
	m := n.Graph().Model
	var all []constraint
	var seen [][]string
	for _, name := range append(slices.Clone(n.Schema.InheritFrom), n.Schema.Name) {
		k := m.Kind(name)
		if k == nil {
			continue
		}
		for _, texts := range k.UniquenessConstraints {
			if slices.ContainsFunc(seen, func(other []string) bool { return slices.Equal(texts, other) }) {
				continue
			}
			seen = append(seen, texts)
			if paths, ok := pathsOf(m, k, texts); ok {
				all = append(all, constraint{k, paths})
			}
		}
	}
	return all
}

func pathsOf(m *model.Model, k *model.Kind, texts []string) ([]model.Path, bool) {
	paths := make([]model.Path, len(texts))
	for i, text := range texts {
		p, err := m.Path(k, text)
		if err != nil {
			return nil, false
		}
		paths[i] = p
	}
	return paths, len(paths) > 0
}

// touches tells whether a change concerns a constraint.
func touches(change store.NodeChange, n *nodes.Node, paths []model.Path) bool {
	if change.Action == store.Added {
		return true
	}
	return slices.ContainsFunc(paths, func(p model.Path) bool {
		if p.Relationship == nil {
			return slices.ContainsFunc(change.Attributes, func(a store.AttributeChange) bool { return a.Name == p.Attribute.Name })
		}
		r := n.Schema.Relationship(p.Relationship.Name)
		return r != nil && slices.ContainsFunc(change.Edges, func(e store.EdgeChange) bool { return e.Role == nodes.RoleOf(r) })
	})
}

// taken tells whether another node of the default branch has the same values,
// and would still have them after the merge.
func (x *comparison) taken(n *nodes.Node, u constraint) bool {
	k, paths := x.base.Model.Kind(u.kind.Name), u.paths
	if k == nil {
		return false
	}
	want, ok := valuesAt(n, paths)
	if !ok {
		return false
	}
	candidates := x.base.NodesOf(k)
	if i := slices.IndexFunc(paths, func(p model.Path) bool { return p.Relationship == nil }); i >= 0 {
		candidates = x.base.Having(k, paths[i].Attribute.Name, want[i])
	}
	for _, other := range candidates {
		if other.ID == n.ID || x.changed(other.ID) {
			continue
		}
		if has, ok := valuesAt(other, paths); ok && slices.EqualFunc(want, has, func(a, b any) bool { return valueText(a) == valueText(b) }) {
			return true
		}
	}
	return false
}

// changed tells whether the branch changed a node: what was said of it in the
// meantime is then for the conflicts to find.
func (x *comparison) changed(id string) bool {
	return slices.ContainsFunc(x.diff.Nodes, func(c store.NodeChange) bool { return c.ID == id })
}

// valuesAt gives what a node has at some paths: values, and ids of peers. It
// reports false where something is missing, which is never in the way.
func valuesAt(n *nodes.Node, paths []model.Path) ([]any, bool) {
	values := make([]any, len(paths))
	for i, p := range paths {
		owner := n
		if p.Relationship != nil {
			r := n.Schema.Relationship(p.Relationship.Name)
			if r == nil {
				return nil, false
			}
			if owner = n.Peer(r); owner == nil {
				return nil, false
			}
			values[i] = owner.ID
		}
		if p.Attribute != nil {
			values[i] = owner.Value(p.Attribute.Name)
		}
		if values[i] == nil {
			return nil, false
		}
	}
	return values, true
}

// violation is the sentence for a node that violates a constraint.
func violation(n *nodes.Node, paths []model.Path) string {
	sentence := "Node-level 'uniqueness_constraints'"
	if p := paths[0]; len(paths) == 1 && p.Relationship == nil && p.Attribute.Unique {
		sentence = "Attribute-level 'unique'"
	}
	values, _ := valuesAt(n, paths)
	fields := make([]string, len(paths))
	for i, p := range paths {
		switch {
		case p.Relationship == nil:
			fields[i] = fmt.Sprintf("%s.value='%s'", p.Attribute.Name, valueText(values[i]))
		default:
			fields[i] = fmt.Sprintf("%s.id=%v", p.Relationship.Name, values[i])
		}
	}
	return fmt.Sprintf("%s constraint violation on schema '%s'. Node (%s) is not compliant. The error relates to field %s.",
		sentence, n.Kind, n.Label(), strings.Join(fields, ","))
}

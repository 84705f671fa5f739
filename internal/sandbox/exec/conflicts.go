package exec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// conflicts finds fields that would share a response key and cannot (section
// 5.3.2): they are different fields, have other arguments or other types.
type conflicts struct {
	v *validation
	// groups are what selection sets hold, by the first selection in them.
	groups map[*ast.Selection]*group
	// fields and fragments are the pairs that were compared.
	fields    map[pairOf[*ast.Field]]*conflict
	fragments map[pairOf[string]]bool
	// comparisons counts them up to maxComparisons, where they end.
	comparisons int
}

// maxComparisons bounds the work on one document: pairs are as many as the
// square of what is in it.
const maxComparisons = 1_000_000

// pairOf is a pair whose members may, or may not, meet in one object.
type pairOf[T comparable] struct {
	a, b  T
	apart bool
}

// conflict is one between fields: a reason, and the fields on both sides, those
// below included.
type conflict struct {
	key, reason string
	a, b        []*ast.Field
}

// group are the fields of one selection set without those of its fragments.
type group struct {
	keys      []string
	fields    map[string][]candidate
	fragments []string // each once
	spread    map[string]bool
}

type candidate struct {
	on         *ast.Definition
	field      *ast.Field
	definition *ast.FieldDefinition
}

func newConflicts(v *validation) *conflicts {
	return &conflicts{
		v: v, groups: map[*ast.Selection]*group{},
		fields: map[pairOf[*ast.Field]]*conflict{}, fragments: map[pairOf[string]]bool{},
	}
}

// within reports the conflicts in a selection set, each fragment in it being
// checked for itself elsewhere.
func (c *conflicts) within(on *ast.Definition, set ast.SelectionSet) {
	var found []*conflict
	own := c.group(on, set)
	for _, key := range own.keys {
		for i, a := range own.fields[key] {
			for _, b := range own.fields[key][i+1:] {
				if c.exhausted() {
					return
				}
				found = add(found, c.compare(key, a, b, false))
			}
		}
	}
	found = append(found, c.betweenFieldsAndFragments(own, own.fragments, false)...)
	for i, name := range own.fragments {
		for _, other := range own.fragments[i+1:] {
			if c.exhausted() {
				return
			}
			found = append(found, c.betweenFragments(name, other, false)...)
		}
	}
	for _, f := range found {
		c.v.report(fmt.Sprintf("Fields '%s' conflict because %s."+
			" Use different aliases on the fields to fetch both if this was intentional.", f.key, f.reason),
			append(c.v.places.all(f.a), c.v.places.all(f.b)...)...)
	}
}

// add appends a conflict if there is one.
func add(found []*conflict, c *conflict) []*conflict {
	if c == nil {
		return found
	}
	return append(found, c)
}

// between compares the fields of two groups.
func (c *conflicts) between(a, b *group, apart bool) []*conflict {
	if a == b {
		return nil
	}
	var found []*conflict
	for _, key := range a.keys {
		for _, one := range a.fields[key] {
			for _, other := range b.fields[key] {
				if c.exhausted() {
					return nil
				}
				found = add(found, c.compare(key, one, other, apart))
			}
		}
	}
	return found
}

// betweenFieldsAndFragments compares the fields of a group with fragments and
// what they reach.
func (c *conflicts) betweenFieldsAndFragments(g *group, names []string, apart bool) []*conflict {
	var found []*conflict
	queue, seen := slices.Clone(names), map[string]bool{}
	for i := 0; i < len(queue) && !c.exhausted(); i++ {
		name := queue[i]
		if seen[name] || c.v.fragments[name] == nil {
			continue
		}
		seen[name] = true
		f := c.fragment(name)
		found = append(found, c.between(g, f, apart)...)
		queue = append(queue, f.fragments...)
	}
	return found
}

// betweenFragments compares two fragments and what they reach.
func (c *conflicts) betweenFragments(a, b string, apart bool) []*conflict {
	if a == b || c.v.fragments[a] == nil || c.v.fragments[b] == nil || c.compared(a, b, apart) {
		return nil
	}
	one, other := c.fragment(a), c.fragment(b)
	found := c.between(one, other, apart)
	for _, next := range other.fragments {
		found = append(found, c.betweenFragments(a, next, apart)...)
	}
	for _, next := range one.fragments {
		found = append(found, c.betweenFragments(next, b, apart)...)
	}
	return found
}

// exhausted counts a comparison and tells whether it is one too many.
func (c *conflicts) exhausted() bool {
	c.comparisons = min(c.comparisons+1, maxComparisons)
	return c.comparisons == maxComparisons
}

// compared tells whether two fragments were compared before, as things that may
// meet at least as much as now.
func (c *conflicts) compared(a, b string, apart bool) bool {
	if a > b {
		a, b = b, a
	}
	if c.exhausted() || c.fragments[pairOf[string]{a, b, false}] || apart && c.fragments[pairOf[string]{a, b, true}] {
		return true
	}
	c.fragments[pairOf[string]{a, b, apart}] = true
	return false
}

// compare tells why two fields of one key conflict. Those of two object types
// never meet, so only the types of their values matter.
func (c *conflicts) compare(key string, a, b candidate, apart bool) *conflict {
	apart = apart || a.on != b.on && a.on != nil && b.on != nil && a.on.Kind == ast.Object && b.on.Kind == ast.Object
	pair := pairOf[*ast.Field]{a.field, b.field, apart}
	if known, ok := c.fields[pair]; ok {
		return known
	}
	c.fields[pair] = nil // as long as it is being compared: fragments may hold themselves
	found := &conflict{key: key, a: []*ast.Field{a.field}, b: []*ast.Field{b.field}}
	switch {
	case !apart && a.field.Name != b.field.Name:
		found.reason = fmt.Sprintf("'%s' and '%s' are different fields", a.field.Name, b.field.Name)
	case !apart && !sameArguments(a.field.Arguments, b.field.Arguments):
		found.reason = "they have differing arguments"
	case a.definition != nil && b.definition != nil && c.differ(a.definition.Type, b.definition.Type):
		found.reason = fmt.Sprintf("they return conflicting types '%s' and '%s'", a.definition.Type, b.definition.Type)
	default:
		below := c.below(a, b, apart)
		if len(below) == 0 {
			return nil
		}
		reasons := make([]string, len(below))
		for i, sub := range below {
			reasons[i] = fmt.Sprintf("subfields '%s' conflict because %s", sub.key, sub.reason)
			found.a = append(found.a, sub.a...)
			found.b = append(found.b, sub.b...)
		}
		found.reason = strings.Join(reasons, " and ")
	}
	c.fields[pair] = found
	return found
}

// below compares what two fields select.
func (c *conflicts) below(a, b candidate, apart bool) []*conflict {
	if len(a.field.SelectionSet) == 0 || len(b.field.SelectionSet) == 0 {
		return nil
	}
	one, other := c.group(c.typeOf(a), a.field.SelectionSet), c.group(c.typeOf(b), b.field.SelectionSet)
	found := c.between(one, other, apart)
	found = append(found, c.betweenFieldsAndFragments(one, other.fragments, apart)...)
	found = append(found, c.betweenFieldsAndFragments(other, one.fragments, apart)...)
	for _, name := range one.fragments {
		for _, with := range other.fragments {
			found = append(found, c.betweenFragments(name, with, apart)...)
		}
	}
	return found
}

func (c *conflicts) typeOf(f candidate) *ast.Definition {
	if f.definition == nil {
		return nil
	}
	return c.v.schema.Types[f.definition.Type.Name()]
}

func (c *conflicts) fragment(name string) *group {
	f := c.v.fragments[name]
	return c.group(c.v.schema.Types[f.TypeCondition], f.SelectionSet)
}

func (c *conflicts) group(on *ast.Definition, set ast.SelectionSet) *group {
	if len(set) == 0 {
		return &group{}
	}
	if g := c.groups[&set[0]]; g != nil {
		return g
	}
	g := &group{fields: map[string][]candidate{}, spread: map[string]bool{}}
	c.collect(g, on, set)
	c.groups[&set[0]] = g
	return g
}

func (c *conflicts) collect(g *group, on *ast.Definition, set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if g.fields[s.Alias] == nil {
				g.keys = append(g.keys, s.Alias)
			}
			g.fields[s.Alias] = append(g.fields[s.Alias], candidate{on, s, c.v.fieldOf(on, s.Name)})
		case *ast.InlineFragment:
			of := on
			if s.TypeCondition != "" {
				of = c.v.schema.Types[s.TypeCondition]
			}
			c.collect(g, of, s.SelectionSet)
		case *ast.FragmentSpread:
			if !g.spread[s.Name] {
				g.spread[s.Name] = true
				g.fragments = append(g.fragments, s.Name)
			}
		}
	}
}

func sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	for _, one := range a {
		other := b.ForName(one.Name)
		if other == nil || !sameValue(one.Value, other.Value) {
			return false
		}
	}
	return true
}

// sameValue compares values whose members may be in any order.
func sameValue(a, b *ast.Value) bool {
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	for i, child := range a.Children {
		other := b.Children[i].Value
		if a.Kind == ast.ObjectValue {
			other = b.Children.ForName(child.Name)
		}
		if other == nil || !sameValue(child.Value, other) {
			return false
		}
	}
	return true
}

// differ tells whether values of two types cannot stand under one key. What
// objects hold is compared field by field.
func (c *conflicts) differ(a, b *ast.Type) bool {
	switch {
	case a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil):
		return true
	case a.Elem != nil:
		return c.differ(a.Elem, b.Elem)
	case a.NamedType == b.NamedType:
		return false
	}
	leaf := func(name string) bool { d := c.v.schema.Types[name]; return d != nil && d.IsLeafType() }
	return leaf(a.NamedType) || leaf(b.NamedType)
}

package exec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// fragment checks the definition of a fragment.
func (v *validation) fragment(f *ast.FragmentDefinition) {
	const beforeType = 3 // fragment, its name, on
	on := v.schema.Types[f.TypeCondition]
	if on != nil && !on.IsCompositeType() {
		v.report(fmt.Sprintf("Fragment '%s' cannot condition on non composite type '%s'.", f.Name, on.Name),
			v.places.after(f.Position, beforeType))
	}
	if first := v.fragmentNames[f.Name]; first != nil {
		v.report(fmt.Sprintf("There can be only one fragment named '%s'.", f.Name),
			v.places.after(first.Position, 1), v.places.after(f.Position, 1))
	} else {
		v.fragmentNames[f.Name] = f
	}
	v.cycles(f, nil, map[string]int{})
	v.uniqueDirectives(f.Directives)
	if on == nil {
		v.unknownType(f.TypeCondition, v.places.after(f.Position, beforeType))
	}
	v.directives(f.Directives, ast.LocationFragmentDefinition)
	v.selections(on, f.SelectionSet)
}

func (v *validation) inline(on *ast.Definition, f *ast.InlineFragment) {
	of := on
	if f.TypeCondition != "" {
		of = v.schema.Types[f.TypeCondition]
		if of != nil && !of.IsCompositeType() {
			v.report(fmt.Sprintf("Fragment cannot condition on non composite type '%s'.", of.Name), v.places.after(f.Position, 1))
		}
	}
	if !v.overlap(on, of) {
		v.report(fmt.Sprintf("Fragment cannot be spread here as objects of type '%s' can never be of type '%s'.", on.Name, of.Name),
			v.places.before(f.Position))
	}
	v.uniqueDirectives(f.Directives)
	if of == nil && f.TypeCondition != "" {
		v.unknownType(f.TypeCondition, v.places.after(f.Position, 1))
	}
	v.directives(f.Directives, ast.LocationInlineFragment)
	v.selections(of, f.SelectionSet)
}

func (v *validation) spread(on *ast.Definition, s *ast.FragmentSpread) {
	if f := v.fragments[s.Name]; f == nil {
		v.report(fmt.Sprintf("Unknown fragment '%s'.", s.Name), v.places.at(s.Position))
	} else if of := v.schema.Types[f.TypeCondition]; !v.overlap(on, of) {
		v.report(fmt.Sprintf("Fragment '%s' cannot be spread here as objects of type '%s' can never be of type '%s'.", s.Name, on.Name, of.Name),
			v.places.before(s.Position))
	}
	v.uniqueDirectives(s.Directives)
	v.directives(s.Directives, ast.LocationFragmentSpread)
}

// overlap tells whether an object may be of two types, and does not deny it of
// types that are not known.
func (v *validation) overlap(a, b *ast.Definition) bool {
	if a == nil || b == nil || a == b || !a.IsCompositeType() || !b.IsCompositeType() {
		return true
	}
	possible := v.schema.GetPossibleTypes(b)
	return slices.ContainsFunc(v.schema.GetPossibleTypes(a), func(d *ast.Definition) bool { return slices.Contains(possible, d) })
}

func (v *validation) unknownType(name string, at gqlerror.Location) {
	known := make([]string, 0, len(v.schema.Types))
	for t := range v.schema.Types {
		known = append(known, t)
	}
	v.report(fmt.Sprintf("Unknown type '%s'.", name)+didYouMean("", name, known), at)
}

// cycles reports the ways in which fragments that are reached from one hold
// themselves. The path leads to it, and open are the fragments on the path, with
// its length there.
func (v *validation) cycles(f *ast.FragmentDefinition, path []*ast.FragmentSpread, open map[string]int) {
	if v.searched[f.Name] {
		return
	}
	v.searched[f.Name] = true
	open[f.Name] = len(path)
	for _, s := range spreads(f.SelectionSet) {
		onward := append(path, s) //nolint:gocritic // what siblings overwrite is not needed any more
		if from, ok := open[s.Name]; ok {
			v.reportCycle(onward[from:])
		} else if next := v.fragments[s.Name]; next != nil {
			v.cycles(next, onward, open)
		}
	}
	delete(open, f.Name)
}

func (v *validation) reportCycle(cycle []*ast.FragmentSpread) {
	via := make([]string, len(cycle)-1)
	at := make([]gqlerror.Location, len(cycle))
	for i, s := range cycle {
		if i < len(via) {
			via[i] = "'" + s.Name + "'"
		}
		at[i] = v.places.before(s.Position)
	}
	message := fmt.Sprintf("Cannot spread fragment '%s' within itself", cycle[len(cycle)-1].Name)
	if len(via) > 0 {
		message += " via " + strings.Join(via, ", ")
	}
	v.report(message+".", at...)
}

// reached returns the fragments that a selection set uses, directly or not.
func (v *validation) reached(set ast.SelectionSet) []*ast.FragmentDefinition {
	var found []*ast.FragmentDefinition
	seen := map[string]bool{}
	for sets := []ast.SelectionSet{set}; len(sets) > 0; {
		last := sets[len(sets)-1]
		sets = sets[:len(sets)-1]
		for _, s := range spreads(last) {
			if f := v.fragments[s.Name]; f != nil && !seen[s.Name] {
				seen[s.Name] = true
				found = append(found, f)
				sets = append(sets, f.SelectionSet)
			}
		}
	}
	return found
}

// spreads returns the spreads in a selection set, those of its upper level first.
func spreads(set ast.SelectionSet) []*ast.FragmentSpread {
	var found []*ast.FragmentSpread
	for sets := []ast.SelectionSet{set}; len(sets) > 0; {
		last := sets[len(sets)-1]
		sets = sets[:len(sets)-1]
		for _, selection := range last {
			switch s := selection.(type) {
			case *ast.Field:
				sets = append(sets, s.SelectionSet)
			case *ast.InlineFragment:
				sets = append(sets, s.SelectionSet)
			case *ast.FragmentSpread:
				found = append(found, s)
			}
		}
	}
	return found
}

package model

import (
	"errors"
	"slices"
)

// identify gives kinds the human-friendly id and the constraints that follow
// from each other: the id is the first thing that is unique, and it is unique;
// so is an attribute that is a constraint of its own.
func (d *draft) identify(kinds []*Kind) error {
	for _, k := range kinds {
		if len(k.HumanFriendlyID) == 0 {
			k.HumanFriendlyID = d.firstUnique(k)
		}
		if err := d.constrainByID(k); err != nil {
			return err
		}
	}
	return d.alignUnique(kinds)
}

// firstUnique returns the path of the first unique attribute, or nil.
func (d *draft) firstUnique(k *Kind) []string {
	if unique := k.UniqueAttributes(); len(unique) > 0 {
		return []string{unique[0].Name + "__value"}
	}
	for _, set := range k.UniquenessConstraints {
		if len(set) != 1 {
			continue
		}
		if p, err := parsePath(d.byName, k, set[0]); err == nil && p.onlyValue() {
			return []string{p.Attribute.Name + "__value"}
		}
	}
	return k.HumanFriendlyID
}

// constrainByID makes the human-friendly id of a kind one of its constraints.
// Paths that lead nowhere are told later, ones to kinds that there are not now.
func (d *draft) constrainByID(k *Kind) error {
	if len(k.HumanFriendlyID) == 0 {
		return nil
	}
	set := make([]string, len(k.HumanFriendlyID))
	for i, path := range k.HumanFriendlyID {
		p, err := parsePath(d.byName, k, path)
		if _, ok := errors.AsType[pathFault](err); ok {
			return nil
		}
		if err != nil {
			return err
		}
		set[i] = path
		if p.Relationship != nil {
			set[i] = p.Relationship.Name
		}
	}
	same := func(other []string) bool { return sameSet(set, other) }
	if !slices.ContainsFunc(k.UniquenessConstraints, same) {
		k.UniquenessConstraints = append(k.UniquenessConstraints, set)
	}
	return nil
}

// sameSet tells whether two lists hold the same texts.
func sameSet(a, b []string) bool {
	within := func(all []string) func(string) bool {
		return func(s string) bool { return !slices.Contains(all, s) }
	}
	return !slices.ContainsFunc(a, within(b)) && !slices.ContainsFunc(b, within(a))
}

// alignUnique makes attributes that are a constraint of their own unique, and
// unique attributes a constraint.
func (d *draft) alignUnique(kinds []*Kind) error {
	for _, k := range kinds {
		constrained := map[string]bool{}
		for _, set := range k.UniquenessConstraints {
			if len(set) != 1 {
				continue
			}
			p, err := parsePath(d.byName, k, set[0])
			if _, ok := errors.AsType[*Error](err); ok {
				return err
			}
			if err != nil {
				return refuse("%s: Requested unique constraint not found within node. (`%s`)", k.Name, set[0])
			}
			if p.onlyValue() {
				p.Attribute.Unique = true
				constrained[p.Attribute.Name] = true
			}
		}
		var missing []string
		for _, a := range k.Attributes {
			if a.Unique && !a.Inherited && !constrained[a.Name] {
				missing = append(missing, a.Name+"__value")
			}
		}
		slices.Sort(missing)
		for _, path := range missing {
			k.UniquenessConstraints = append(k.UniquenessConstraints, []string{path})
		}
	}
	return nil
}

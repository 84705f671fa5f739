package contract

import (
	"slices"
	"strconv"
	"strings"
)

// mismatch is a place where two answers differ.
type mismatch struct {
	place     path
	want, got any
}

func (m mismatch) where() string {
	if len(m.place) == 0 {
		return "the body"
	}
	return m.place.String()
}

// compare returns what differs between the wanted value and the one got, at the
// deepest places. Where the members of an object agree but for their order, the
// object itself differs.
func compare(at path, want, got any) []mismatch {
	switch w := want.(type) {
	case *object:
		if g, ok := got.(*object); ok {
			return compareObjects(at, w, g)
		}
	case []any:
		if g, ok := got.([]any); ok {
			return compareLists(at, w, g)
		}
	default:
		if want == got {
			return nil
		}
	}
	return []mismatch{{at, want, got}}
}

func compareObjects(at path, want, got *object) []mismatch {
	var result []mismatch
	same := len(want.keys) == len(got.keys)
	for _, key := range want.keys {
		value, ok := got.values[key]
		if !ok {
			value, same = absent{}, false
		}
		result = append(result, compare(below(at, key), want.values[key], value)...)
	}
	for _, key := range got.keys {
		if _, ok := want.values[key]; !ok {
			result = append(result, mismatch{below(at, key), absent{}, got.values[key]})
		}
	}
	if same && !slices.Equal(want.keys, got.keys) {
		result = append(result, mismatch{at, "members in the order " + strings.Join(want.keys, " "), strings.Join(got.keys, " ")})
	}
	return result
}

func compareLists(at path, want, got []any) []mismatch {
	var result []mismatch
	for i := range max(len(want), len(got)) {
		w, g := any(absent{}), any(absent{})
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		result = append(result, compare(below(at, strconv.Itoa(i)), w, g)...)
	}
	return result
}

// allowances are the differences a target may have, and which of them it has.
type allowances struct {
	differences []Difference
	used        []bool
}

func newAllowances(differences []Difference) *allowances {
	return &allowances{differences: differences, used: make([]bool, len(differences))}
}

// of returns what tells whether a mismatch in the answer to a request is
// allowed.
func (a *allowances) of(group, request string) func(mismatch) bool {
	return func(m mismatch) bool {
		permitted := false
		for i, d := range a.differences {
			if d.Group == group && (d.Request == "" || d.Request == request) && parsePath(d.Path).covers(m.place) {
				a.used[i], permitted = true, true
			}
		}
		return permitted
	}
}

// unused returns the differences that did not occur.
func (a *allowances) unused() []Difference {
	var unused []Difference
	for i, d := range a.differences {
		if !a.used[i] {
			unused = append(unused, d)
		}
	}
	return unused
}

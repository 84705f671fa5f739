package contract

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A path names a place in a JSON value: names of members and indices of
// elements, with dots between them. "*" stands for every member or element.
// The empty path is the value itself.
type path []string

func parsePath(s string) path {
	if s == "" {
		return nil
	}
	return strings.Split(s, ".")
}

func parsePaths(list []string) []path {
	paths := make([]path, len(list))
	for i, s := range list {
		paths[i] = parsePath(s)
	}
	return paths
}

func (p path) String() string { return strings.Join(p, ".") }

// covers tells whether place is what the path names, or lies below it.
func (p path) covers(place path) bool {
	if len(place) < len(p) {
		return false
	}
	for i, step := range p {
		if step != "*" && step != place[i] {
			return false
		}
	}
	return true
}

// find returns the one value that a path without "*" names.
func find(value any, p path) (any, error) {
	for i, step := range p {
		switch v := value.(type) {
		case *object:
			member, ok := v.values[step]
			if !ok {
				return nil, fmt.Errorf("there is no %s", p[:i+1])
			}
			value = member
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(v) {
				return nil, fmt.Errorf("there is no %s", p[:i+1])
			}
			value = v[n]
		default:
			return nil, fmt.Errorf("there is no %s", p[:i+1])
		}
	}
	return value, nil
}

// replace returns value with what the path names replaced by what change makes
// of it, and how many places that were. Objects and lists are changed in place.
func replace(value any, p path, change func(any) any) (any, int) {
	if len(p) == 0 {
		return change(value), 1
	}
	step, total := p[0], 0
	switch v := value.(type) {
	case *object:
		for _, key := range v.keys {
			if step == "*" || step == key {
				changed, n := replace(v.values[key], p[1:], change)
				v.values[key], total = changed, total+n
			}
		}
	case []any:
		for i := range v {
			if step == "*" || step == strconv.Itoa(i) {
				changed, n := replace(v[i], p[1:], change)
				v[i], total = changed, total+n
			}
		}
	}
	return value, total
}

// keep returns value with only what one of the paths names, and what lies
// around it.
func keep(value any, paths []path) any {
	return keepAt(value, nil, paths)
}

func keepAt(value any, at path, paths []path) any {
	wanted := false
	for _, p := range paths {
		if p.covers(at) {
			return value
		}
		wanted = wanted || p[:min(len(at), len(p))].covers(at)
	}
	if !wanted {
		return absent{}
	}
	switch v := value.(type) {
	case *object:
		kept := newObject()
		for _, key := range v.keys {
			if member := keepAt(v.values[key], below(at, key), paths); member != (absent{}) {
				kept.set(key, member)
			}
		}
		return kept
	case []any:
		kept := []any{}
		for i, element := range v {
			if e := keepAt(element, below(at, strconv.Itoa(i)), paths); e != (absent{}) {
				kept = append(kept, e)
			}
		}
		return kept
	default:
		return value
	}
}

// below is the path of what at holds under the name, or at the index, of step.
func below(at path, step string) path { return append(slices.Clip(at), step) }

// absent is the value of what is not there.
type absent struct{}

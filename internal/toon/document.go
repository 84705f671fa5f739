package toon

import "iter"

// document is a JSON value as a flat tree: each node is followed by the nodes
// of its children, so that a subtree is a range and a step over it an addition.
type document []node

// node is one value of a document.
type node struct {
	key   string // name, when the value is a member of an object
	text  string // null, true, false and numbers as written, strings without quotes and escapes
	kind  kind
	count int // children
	size  int // nodes of the subtree, this one included
}

// kind is what a node is. Those before array are primitive.
type kind uint8

const (
	literal kind = iota
	number
	text
	array
	object
)

func (k kind) primitive() bool { return k < array }

// children are the indexes of the children of the node at parent.
func (d document) children(parent int) iter.Seq[int] {
	return func(yield func(int) bool) {
		end := parent + d[parent].size
		for i := parent + 1; i < end; i += d[i].size {
			if !yield(i) {
				return
			}
		}
	}
}

// repeats reports whether two members of the object have the same name.
func (d document) repeats(at int) bool {
	if d[at].count > 16 {
		seen := make(map[string]struct{}, d[at].count)
		for m := range d.children(at) {
			seen[d[m].key] = struct{}{}
		}
		return len(seen) < d[at].count
	}
	for m := range d.children(at) {
		for earlier := at + 1; earlier < m; earlier += d[earlier].size {
			if d[earlier].key == d[m].key {
				return true
			}
		}
	}
	return false
}

// pairs yields each member of the object at first with the member of the same
// name of the object at other, -1 if there is none.
func (d document) pairs(first, other int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		end := other + d[other].size
		next := other + 1 // where the member is if both have the same order
		var byName map[string]int
		for i := range d.children(first) {
			j := next
			if j >= end || d[j].key != d[i].key {
				if byName == nil {
					byName = d.byName(other)
				}
				var ok bool
				if j, ok = byName[d[i].key]; !ok {
					yield(i, -1)
					return
				}
			}
			if !yield(i, j) {
				return
			}
			next = j + d[j].size
		}
	}
}

// byName returns the members of an object by their names.
func (d document) byName(at int) map[string]int {
	members := make(map[string]int, d[at].count)
	for m := range d.children(at) {
		members[d[m].key] = m
	}
	return members
}

// flat reports whether the children are primitive.
func (d document) flat(at int) bool {
	for i := range d.children(at) {
		if !d[i].kind.primitive() {
			return false
		}
	}
	return true
}

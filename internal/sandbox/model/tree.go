package model

import (
	"slices"
)

// placeInTrees completes what kinds say of their place in a tree.
func (d *draft) placeInTrees() error {
	for _, k := range d.of(Node) {
		if k.Hierarchy == "" {
			if k.Parent != nil && *k.Parent != "" || k.Children != nil && *k.Children != "" {
				return refuse("%s Hierarchy must be provided if either parent or children is defined.", k.Name)
			}
			continue
		}
		if d.generic(k.Hierarchy) == nil {
			return refuse("%s Unable to find the generic %s provided in 'hierarchy'.", k.Name, quote(k.Hierarchy))
		}
		for _, place := range []struct {
			name string
			kind **string
		}{{"parent", &k.Parent}, {"children", &k.Children}} {
			switch {
			case *place.kind == nil:
				*place.kind = &k.Hierarchy
			case **place.kind != "" && d.byName[**place.kind] == nil:
				return refuse("%s Unable to find the node %s provided in '%s'.", k.Name, quote(**place.kind), place.name)
			}
		}
	}
	return nil
}

// linkTrees adds the relationships to the nodes above and below in a tree.
func (d *draft) linkTrees() {
	for _, k := range d.of(Generic, Node) {
		tree := k.Tree()
		if tree == "" || k.generated() {
			continue
		}
		parent, children := tree, tree
		if k.Class == Node {
			parent, children = or(*k.Parent, tree), or(*k.Children, tree)
		}
		// What stands for several kinds or for itself cannot ask for a parent.
		top := parent == k.Name || d.generic(parent) != nil
		readOnly := k.Name == ipPrefix || slices.Contains(k.InheritFrom, ipPrefix)
		k.linkTree("parent", parent, outbound, tree, top, readOnly)
		k.linkTree("children", children, inbound, tree, true, readOnly)
	}
}

// linkTree adds or corrects one of the relationships of a tree.
func (k *Kind) linkTree(name, peer, direction, tree string, optional, readOnly bool) {
	if r := k.Relationship(name); r != nil {
		if k.Class == Node {
			r.Peer = peer
		}
		return
	}
	r := &Relationship{
		Name: name, Peer: peer, Kind: relHierarchy, Identifier: "parent__child", Cardinality: many,
		Direction: direction, Hierarchical: tree, Branch: Aware, Optional: optional, ReadOnly: readOnly,
		AllowOverride: "any", Display: "default",
	}
	if direction == outbound {
		r.Cardinality, r.MaxCount = one, 1
		if !optional {
			r.MinCount = 1
		}
	}
	k.Relationships = append(k.Relationships, r)
}

package nodes

import (
	"infrahub-mcp/internal/sandbox/model"
)

// hierarchy is the kind of the relationships parent and children in a tree.
const hierarchy = "Hierarchy"

// ancestors returns the nodes above a node in its tree, from the nearest up.
func (n *Node) ancestors() []*Node {
	return n.along("parent")
}

// descendants returns the nodes below a node in its tree, level by level.
func (n *Node) descendants() []*Node {
	return n.along("children")
}

// along follows a relationship of a tree as far as it leads. No node comes
// twice, and the node itself not at all.
func (n *Node) along(relationship string) []*Node {
	if n.Schema.Tree() == "" {
		return nil
	}
	seen := map[string]bool{n.ID: true}
	var found []*Node
	for level := []*Node{n}; len(level) > 0; {
		var next []*Node
		for _, at := range level {
			for _, peer := range at.Related(relationship) {
				if !seen[peer.ID] {
					seen[peer.ID] = true
					next = append(next, peer)
				}
			}
		}
		found = append(found, next...)
		level = next
	}
	return found
}

// alongTree tells whether a relationship is one of those along the tree that the
// node is part of.
func (n *Node) alongTree(r *model.Relationship) bool {
	if n.Schema.Tree() == "" {
		return false
	}
	switch r.Name {
	case "ancestors", "descendants":
		return n.Schema.Relationship(r.Name) == nil
	}
	return r.Kind == hierarchy
}

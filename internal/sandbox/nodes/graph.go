package nodes

import (
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// Graph is a branch at a moment under a schema. It is for reading and safe for
// concurrent use, but for that of a Writer.
type Graph struct {
	Model *model.Model
	View  *store.View
	base  *Base
}

// Node is a node as a Graph shows it.
type Node struct {
	store.Node
	Schema *model.Kind
	graph  *Graph
}

// Graph returns the graph that the node was read from.
func (n *Node) Graph() *Graph { return n.graph }

// Node returns the node with an id, nil if there is none or its kind is not in
// the schema.
func (g *Graph) Node(id string) *Node {
	stored, ok := g.View.Node(id)
	if !ok {
		return nil
	}
	return g.node(stored)
}

func (g *Graph) node(stored store.Node) *Node {
	kind := g.Model.Kind(stored.Kind)
	if kind == nil {
		return nil
	}
	return &Node{Node: stored, Schema: kind, graph: g}
}

// NodesOf returns all nodes of a kind or generic, in the order of their creation.
func (g *Graph) NodesOf(k *model.Kind) []*Node {
	return g.nodes(g.View.Nodes(names(g.Model.Concrete(k))...))
}

// Having returns the nodes of a kind or generic in which an attribute has
// exactly a value, types included. It uses the index of the store.
func (g *Graph) Having(k *model.Kind, attribute string, value any) []*Node {
	return g.nodes(g.View.Find(attribute, value, names(g.Model.Concrete(k))...))
}

func (g *Graph) nodes(stored []store.Node) []*Node {
	nodes := make([]*Node, 0, len(stored))
	for _, s := range stored {
		if n := g.node(s); n != nil {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func names(kinds []*model.Kind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}

// Is tells whether the node is of a kind or generic.
func (n *Node) Is(kind string) bool {
	return n.graph.Model.Implements(n.Schema, kind)
}

// Attribute returns an attribute as it is seen: what is stored, or the value of
// a profile of the node where its own is the default, or the default of the
// schema where nothing is stored. The kind of the node must have the attribute.
func (n *Node) Attribute(name string) store.Attribute {
	stored, ok := n.graph.View.Attribute(n.ID, name)
	if !ok {
		stored = store.Attribute{Name: name, IsDefault: true, UpdatedAt: n.CreatedAt, UpdatedBy: n.CreatedBy}
		if a := n.Schema.Attribute(name); a != nil {
			stored.Value = a.Default
		}
	}
	for _, rule := range n.graph.base.Rules {
		if deriver, ok := rule.(Deriver); ok {
			if value, known := deriver.Derived(n, name); known {
				stored.Value, stored.IsDefault = value, false
				return stored
			}
		}
	}
	if stored.IsDefault {
		if from, value := n.profiled(name); from != "" {
			stored.Value, stored.IsDefault, stored.IsFromProfile, stored.Source = value, false, true, from
		}
	}
	return stored
}

// Value returns the value of an attribute; see Attribute.
func (n *Node) Value(name string) any { return n.Attribute(name).Value }

// Text returns the value of an attribute that is a text, "" if it is none.
func (n *Node) Text(name string) string {
	text, _ := n.Value(name).(string)
	return text
}

// profiled finds the value that the profiles of the node give to an attribute,
// and the id of the profile: the one of the lowest priority, or of the lowest id
// among several.
func (n *Node) profiled(name string) (profile string, value any) {
	r := n.Schema.Relationship("profiles")
	if r == nil {
		return "", nil
	}
	type candidate struct {
		priority int64
		id       string
	}
	var best candidate
	for _, edge := range n.Peers(r) {
		own, ok := n.graph.View.Attribute(edge.Peer, name)
		if !ok || own.Value == nil || own.IsDefault {
			continue
		}
		c := candidate{priority: 1000, id: edge.Peer}
		if p, ok := n.graph.View.Attribute(edge.Peer, "profile_priority"); ok {
			if number, ok := p.Value.(int64); ok {
				c.priority = number
			}
		}
		if profile == "" || c.priority < best.priority || c.priority == best.priority && c.id < best.id {
			best, profile, value = c, c.id, own.Value
		}
	}
	return profile, value
}

// Peers returns the edges of the node in a relationship of its kind, in the
// order in which they were made.
func (n *Node) Peers(r *model.Relationship) []store.Edge {
	return n.graph.View.Peers(n.ID, RoleOf(r))
}

// Peer returns the node at the other end of a relationship of cardinality one,
// nil if there is none.
func (n *Node) Peer(r *model.Relationship) *Node {
	for _, edge := range n.Peers(r) {
		if peer := n.graph.Node(edge.Peer); peer != nil {
			return peer
		}
	}
	return nil
}

// Related returns the nodes at the other end of a relationship, by its name;
// none when the kind of the node has no such relationship.
func (n *Node) Related(relationship string) []*Node {
	r := n.Schema.Relationship(relationship)
	if r == nil {
		return nil
	}
	edges := n.Peers(r)
	peers := make([]*Node, 0, len(edges))
	for _, edge := range edges {
		if peer := n.graph.Node(edge.Peer); peer != nil {
			peers = append(peers, peer)
		}
	}
	return peers
}

// TreeRelationship returns the pseudo relationships of a node in a tree by name:
// ancestors and descendants, and the parent or children of a kind at the top or
// the bottom, which are none. It returns nil for any other name.
func TreeRelationship(k *model.Kind, name string) *model.Relationship {
	if k.Tree() == "" {
		return nil
	}
	r := &model.Relationship{Name: name, Kind: "Hierarchy", Peer: k.Tree(), Hierarchical: k.Tree(), Identifier: "parent__child", Optional: true}
	switch name {
	case "ancestors", "descendants", "children":
		r.Cardinality = "many"
	case "parent":
		r.Cardinality = "one"
	default:
		return nil
	}
	return r
}

// RoleOf returns the role that a node has in a relationship of its kind.
func RoleOf(r *model.Relationship) store.Role {
	role := store.Role{Identifier: r.Identifier}
	switch r.Direction {
	case "outbound":
		role.Side = store.Outbound
	case "inbound":
		role.Side = store.Inbound
	}
	return role
}

// ScopeOf says where facts of a branch support belong.
func ScopeOf(b model.BranchSupport) store.Scope {
	switch b {
	case model.Agnostic:
		return store.Agnostic
	case model.Local:
		return store.Local
	default:
		return store.Aware
	}
}

// HFID returns the human-friendly id, nil when the kind has none.
func (n *Node) HFID() []string {
	if len(n.Schema.HumanFriendlyID) == 0 {
		return nil
	}
	parts := make([]string, len(n.Schema.HumanFriendlyID))
	for i, path := range n.Schema.HumanFriendlyID {
		parts[i] = printed(n.at(path))
	}
	return parts
}

// at returns the value at a path of cardinality one, nil where it leads nowhere.
func (n *Node) at(path string) any {
	p, err := n.graph.Model.Path(n.Schema, path)
	if err != nil || p.Attribute == nil {
		return nil
	}
	owner := n
	if p.Relationship != nil {
		if owner = n.Peer(n.Schema.Relationship(p.Relationship.Name)); owner == nil {
			return nil
		}
	}
	a := owner.Schema.Attribute(p.Attribute.Name)
	if a == nil {
		return nil
	}
	return Property(a, owner.Attribute(a.Name), p.Property)
}

// Remembered returns what a Writer remembers with a node, nil for nothing.
func (g *Graph) Remembered(n *Node, name string) any {
	kept, _ := g.View.Attribute(n.ID, name)
	return kept.Value
}

package nodes

import (
	"net/http"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// byPeers reads an argument about the peers of the nodes in a relationship of
// the kind: <relationship>__ids, __isnull, or that of an attribute of a peer. Each
// such argument holds for some peer, not all of them for the same one.
func (r filterReader) byPeers(relationship *model.Relationship, name string, value any) (filter, error) {
	// Infrahub takes the name of the relationship away wherever it is, so that an
	// attribute of the same name is lost.
	rest := strings.ReplaceAll(name, relationship.Name+"__", "")
	attribute, property, compound := strings.Cut(rest, "__")
	switch {
	case rest == "ids":
		return r.byPeerIDs(relationship, texts(value)), nil
	case rest == "isnull":
		yes, _ := value.(bool)
		return filter{cost: ofPeers, passes: func(n *Node) bool {
			own := n.Schema.Relationship(relationship.Name)
			return (own == nil || n.Peer(own) == nil) == yes
		}}, nil
	case !compound:
		return filter{}, fault.New(http.StatusInternalServerError, "list index out of range")
	case property == "isnull":
		return filter{}, fault.New(http.StatusInternalServerError,
			"%s is not allowed: 'isnull' is not supported for attributes of relationships", name)
	}
	passes, err := attributeCheck(property, value, r.partial)
	if err != nil {
		return filter{}, err
	}
	f := filter{cost: ofPeers, passes: bySomePeer(relationship.Name, peerCheck(attribute, passes))}
	peer := r.graph.Model.Kind(relationship.Peer)
	exact := property == "value" && !r.partial && relationship.Kind != hierarchy
	if exact && peer != nil && r.graph.indexed(peer, attribute, value) {
		f.find = r.behind(relationship, func() []*Node { return r.graph.Having(peer, attribute, value) })
	}
	return f, nil
}

// byPeerIDs reads <relationship>__ids. Unlike other filters, along a tree it looks
// no further than the next node.
func (r filterReader) byPeerIDs(relationship *model.Relationship, ids []string) filter {
	return filter{
		cost: ofPeers,
		passes: func(n *Node) bool {
			own := n.Schema.Relationship(relationship.Name)
			if own == nil {
				return false
			}
			for _, edge := range n.Peers(own) {
				if slices.Contains(ids, edge.Peer) {
					return true
				}
			}
			return false
		},
		find: r.behind(relationship, func() []*Node {
			var peers []*Node
			for _, id := range ids {
				if n := r.graph.Node(id); n != nil {
					peers = append(peers, n)
				}
			}
			return peers
		}),
	}
}

// peerCheck tells whether a peer is as asked for in an attribute or in its
// display label. It remembers its answers, since many nodes share a peer.
func peerCheck(attribute string, passes check) func(*Node) bool {
	answers := map[string]bool{}
	return func(peer *Node) bool {
		answer, known := answers[peer.ID]
		if !known {
			switch {
			case peer.Schema.Attribute(attribute) != nil:
				answer = passes(peer.heldAttribute(attribute))
			case attribute == displayLabel:
				answer = passes(holding(peer.Label()))
			}
			answers[peer.ID] = answer
		}
		return answer
	}
}

// bySomePeer tells of a node whether one of its peers is as asked for.
func bySomePeer(relationship string, asked func(*Node) bool) func(*Node) bool {
	return func(n *Node) bool {
		own := n.Schema.Relationship(relationship)
		return own != nil && slices.ContainsFunc(n.reach(own), asked)
	}
}

// reach returns the nodes that filters and orders find behind a relationship: its
// peers and, along a tree, all nodes above or below, the farthest last.
func (n *Node) reach(r *model.Relationship) []*Node {
	if r.Kind == hierarchy {
		return n.along(r.Name)
	}
	return n.Related(r.Name)
}

// behind returns a function that finds the nodes of the kind that have one of some
// peers in a relationship, and nil when not all of its kinds have the same one.
func (r filterReader) behind(relationship *model.Relationship, peers func() []*Node) func() []*Node {
	role := RoleOf(relationship)
	for _, k := range r.graph.Model.Concrete(r.kind) {
		if own := k.Relationship(relationship.Name); own == nil || RoleOf(own) != role {
			return nil
		}
	}
	return func() []*Node {
		ids := map[string]bool{}
		for _, peer := range peers() {
			for _, edge := range r.graph.View.Peers(peer.ID, role.Opposite()) {
				ids[edge.Peer] = true
			}
		}
		return r.withIDs(ids)
	}
}

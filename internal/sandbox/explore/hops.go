package explore

import (
	"cmp"
	"errors"
	"slices"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// hops walks from node to node over relationships, as far as a filter and a
// budget allow. It is for one request.
type hops struct {
	graph  *nodes.Graph
	filter filter
	source string // kind of the node that all paths begin at

	around map[string][]hop // by id of node, what it is joined to
	left   int              // steps that may still be taken
}

// hop leads to a node over a relationship.
type hop struct {
	to   *nodes.Node
	role store.Role // of the node that it leads from
}

// key orders hops, and so paths. No key begins with another one.
func (h hop) key() string { return h.role.Identifier + ">" + h.to.ID }

// filter says which kinds and relationships a path may use.
type filter struct {
	through       map[string]bool // kinds to go through, nil for all
	targets       map[string]bool // kinds to end at, also when not in through
	kinds         map[string]bool // kinds not to enter
	namespaces    map[string]bool // namespaces not to enter
	relationships map[string]bool // identifiers to follow, nil for all
}

// steps bounds the work of a request: it is the number of hops that may be looked
// at. With it a search among 10,000 devices ends after a second or two.
const steps = 2_000_000

// again is how many hops that have been looked at before count as one.
const again = 4

// errTooMuch says that the budget is used up.
var errTooMuch = errors.New("the search has used up its budget")

func newHops(g *nodes.Graph, source *nodes.Node, f filter) *hops {
	return &hops{graph: g, filter: f, source: source.Schema.Name, around: map[string][]hop{}, left: steps}
}

// enters tells whether a path may enter nodes of a kind.
func (f *filter) enters(k *model.Kind) bool {
	if f.kinds[k.Name] || f.namespaces[k.Namespace] {
		return false
	}
	return f.through == nil || f.through[k.Name] || f.targets[k.Name]
}

// leaves tells whether a path may go on from nodes of a kind.
func (h *hops) leaves(kind string) bool {
	return kind == h.source || h.filter.through == nil || h.filter.through[kind]
}

// from returns the hops that lead away from a node, in order.
func (h *hops) from(n *nodes.Node) ([]hop, error) {
	if !h.leaves(n.Schema.Name) {
		return nil, nil
	}
	all, err := h.edges(n)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(step hop) bool { return !h.filter.enters(step.to.Schema) }), nil
}

// into returns the nodes from which a hop leads to a node.
func (h *hops) into(n *nodes.Node) ([]*nodes.Node, error) {
	if !h.filter.enters(n.Schema) {
		return nil, nil
	}
	all, err := h.edges(n)
	if err != nil {
		return nil, err
	}
	var result []*nodes.Node
	for _, step := range all {
		if h.leaves(step.to.Schema.Name) {
			result = append(result, step.to)
		}
	}
	return result, nil
}

// edges returns all that a node is joined to, but for relationships that the
// filter leaves out, in order and each once.
func (h *hops) edges(n *nodes.Node) ([]hop, error) {
	if known, ok := h.around[n.ID]; ok {
		return known, h.spend(1 + len(known)/again)
	}
	var result []hop
	for _, edge := range h.graph.View.Edges(n.ID) {
		if h.filter.relationships != nil && !h.filter.relationships[edge.Role.Identifier] {
			continue
		}
		peer := h.graph.Node(edge.Peer)
		if peer == nil || between(h.graph.Model, n.Schema, peer.Schema, edge.Role) == (ends{}) {
			continue
		}
		result = append(result, hop{to: peer, role: edge.Role})
	}
	slices.SortFunc(result, func(a, b hop) int { return cmp.Compare(a.key(), b.key()) })
	result = slices.CompactFunc(result, func(a, b hop) bool { return a.key() == b.key() })
	h.around[n.ID] = result
	return result, h.spend(len(result) + 1)
}

func (h *hops) spend(n int) error {
	if h.left -= n; h.left < 0 {
		return errTooMuch
	}
	return nil
}

// ends are the relationships that the two kinds at the ends of an edge have for
// it. A kind that is only the peer of the other one has none.
type ends struct {
	from, to *model.Relationship
}

// between finds the ends of an edge that leaves nodes of one kind in a role and
// leads to nodes of another. Infrahub cannot tell the ends of a tree of one kind
// apart: it calls every hop one from children to parent.
func between(m *model.Model, from, to *model.Kind, role store.Role) ends {
	if from == to && from.Tree() != "" {
		if up := from.Relationship("parent"); up != nil && up.Identifier == role.Identifier {
			return ends{from.Relationship("children"), up}
		}
	}
	return ends{of(m, from, role, to), of(m, to, role.Opposite(), from)}
}

// of finds the relationship of a kind for a role, best one whose peer is the kind
// itself and else one whose peer the kind implements.
func of(m *model.Model, k *model.Kind, role store.Role, peer *model.Kind) *model.Relationship {
	var implemented *model.Relationship
	for _, r := range k.Relationships {
		if nodes.RoleOf(r) != role {
			continue
		}
		if r.Peer == peer.Name {
			return r
		}
		if implemented == nil && m.Implements(peer, r.Peer) {
			implemented = r
		}
	}
	return implemented
}

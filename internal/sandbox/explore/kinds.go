package explore

import (
	"infrahub-mcp/internal/sandbox/model"
)

// kindPlan tells which kinds a path from one kind to those of the targets may go
// through, by the schema alone.
type kindPlan struct {
	hops  *hops
	depth int
	// from and to are the least numbers of hops from the source and to a target.
	from, to map[string]int
	next     map[string]map[string]bool
}

// newKindPlan looks at paths of at most a number of hops.
func newKindPlan(h *hops, depth int) *kindPlan {
	p := &kindPlan{hops: h, depth: depth, from: map[string]int{h.source: 0}, to: map[string]int{}, next: map[string]map[string]bool{}}
	joined := joinedKinds(h.graph.Model, h.filter.relationships)
	frontier := []string{h.source}
	for hop := 1; hop <= depth; hop++ {
		var reached []string
		for _, kind := range frontier {
			p.next[kind] = map[string]bool{}
			for peer := range joined[kind] {
				k := h.graph.Model.Kind(peer)
				if k == nil || !h.filter.enters(k) {
					continue
				}
				p.next[kind][peer] = true
				if _, seen := p.from[peer]; !seen && h.leaves(peer) {
					p.from[peer] = hop
					reached = append(reached, peer)
				}
			}
		}
		frontier = reached
	}
	p.measure()
	return p
}

// measure finds the number of hops from each kind to the nearest target.
func (p *kindPlan) measure() {
	before := map[string][]string{}
	var frontier []string
	for kind, peers := range p.next {
		for peer := range peers {
			before[peer] = append(before[peer], kind)
			if _, seen := p.to[peer]; p.hops.filter.targets[peer] && !seen {
				p.to[peer] = 0
				frontier = append(frontier, peer)
			}
		}
	}
	for len(frontier) > 0 {
		kind := frontier[0]
		frontier = frontier[1:]
		for _, previous := range before[kind] {
			if _, seen := p.to[previous]; !seen {
				p.to[previous] = p.to[kind] + 1
				frontier = append(frontier, previous)
			}
		}
	}
}

// leads tells whether a hop between kinds is part of a path to a target that has
// no more than a number of hops after it.
func (p *kindPlan) leads(from, to string, after int) bool {
	rest, ok := p.to[to]
	return ok && p.next[from][to] && rest <= after && p.from[from]+1+rest <= p.depth
}

// feasible tells whether there can be a path of a length.
func (p *kindPlan) feasible(length int) bool {
	for hop := 1; hop <= length; hop++ {
		if !p.feasibleHop(hop, length) {
			return false
		}
	}
	return true
}

func (p *kindPlan) feasibleHop(hop, length int) bool {
	for from, peers := range p.next {
		rest, ok := p.to[from]
		begins := hop == 1 && from == p.hops.source
		goesOn := hop > 1 && ok && rest <= length-hop+1
		if !begins && !goesOn {
			continue
		}
		for to := range peers {
			if p.leads(from, to, length-hop) {
				return true
			}
		}
	}
	return false
}

// joinedKinds tells for each kind which kinds its nodes can be joined to: by
// relationships of its own, or by those of the others.
func joinedKinds(m *model.Model, identifiers map[string]bool) map[string]map[string]bool {
	joined := map[string]map[string]bool{}
	join := func(a, b string) {
		if joined[a] == nil {
			joined[a] = map[string]bool{}
		}
		joined[a][b] = true
	}
	for _, k := range m.Kinds(model.Node) {
		for _, r := range k.Relationships {
			peer := m.Kind(r.Peer)
			if peer == nil || identifiers != nil && !identifiers[r.Identifier] {
				continue
			}
			for _, concrete := range m.Concrete(peer) {
				join(k.Name, concrete.Name)
				join(concrete.Name, k.Name)
			}
		}
	}
	return joined
}

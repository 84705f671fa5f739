package explore

import "infrahub-mcp/internal/sandbox/nodes"

// distances tells how far nodes are from one node. It grows by one hop at a time,
// so that near ones cost little.
type distances struct {
	of       map[string]int
	frontier []*nodes.Node
	radius   int
	next     func(*nodes.Node) ([]*nodes.Node, error)
}

func newDistances(center *nodes.Node, next func(*nodes.Node) ([]*nodes.Node, error)) *distances {
	return &distances{of: map[string]int{center.ID: 0}, frontier: []*nodes.Node{center}, next: next}
}

// grow looks as far as a radius, or until there is nothing more.
func (d *distances) grow(radius int) error {
	for d.radius < radius && len(d.frontier) > 0 {
		var frontier []*nodes.Node
		for _, n := range d.frontier {
			neighbors, err := d.next(n)
			if err != nil {
				return err
			}
			for _, neighbor := range neighbors {
				if _, seen := d.of[neighbor.ID]; seen {
					continue
				}
				d.of[neighbor.ID] = d.radius + 1
				frontier = append(frontier, neighbor)
			}
		}
		d.frontier = frontier
		d.radius++
	}
	return nil
}

// is tells whether a node is at a distance.
func (d *distances) is(n *nodes.Node, distance int) bool {
	found, ok := d.of[n.ID]
	return ok && found == distance
}

// within tells whether a node is at most at a distance.
func (d *distances) within(n *nodes.Node, distance int) bool {
	found, ok := d.of[n.ID]
	return ok && found <= distance
}

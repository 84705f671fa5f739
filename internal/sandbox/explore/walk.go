package explore

import "infrahub-mcp/internal/sandbox/nodes"

// walk goes all paths of a length from a node that enter no node twice, in the
// order of their hops. may tells whether a path may enter a node after a number
// of hops, and reached is given each path of the full length; it is false when
// there have been enough.
func (h *hops) walk(from *nodes.Node, length int, may func(n *nodes.Node, after int) bool, reached func([]hop) bool) error {
	entered := map[string]bool{from.ID: true}
	path := make([]hop, 0, length)
	var on func(n *nodes.Node) (bool, error)
	on = func(n *nodes.Node) (bool, error) {
		if len(path) == length {
			return reached(path), nil
		}
		next, err := h.from(n)
		if err != nil {
			return false, err
		}
		for _, step := range next {
			if entered[step.to.ID] || !may(step.to, len(path)+1) {
				continue
			}
			entered[step.to.ID] = true
			path = append(path, step)
			more, err := on(step.to)
			path = path[:len(path)-1]
			delete(entered, step.to.ID)
			if err != nil || !more {
				return false, err
			}
		}
		return true, nil
	}
	_, err := on(from)
	return err
}

package explore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
)

// The limits of a search for nodes that can be reached.
const (
	usualTargets, mostTargets         = 50, 200
	usualTargetPaths, mostTargetPaths = 500, 5_000
)

// findReachable answers InfrahubReachableNodes.
func findReachable(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	graph, err := c.Graph()
	if err != nil {
		return nil, err
	}
	data := dataOf(f)
	kinds := textsOf(data, "target_kinds")
	depth, targets := numberOf(data, "max_depth", usualDepth), numberOf(data, "max_results", usualTargets)
	limit, given := data["max_paths"].(int64)
	if !given {
		limit = usualTargetPaths
	}
	if len(kinds) == 0 {
		return nil, refused("At least one target kind is required")
	}
	if limit < 1 {
		return nil, refused("max_paths must be >= 1, got %d", limit)
	}
	source, err := nodeOf(graph, data, "source_id", "Source")
	if err != nil {
		return nil, err
	}
	for _, kind := range kinds {
		if graph.Model.Kind(kind) == nil {
			return nil, refused("Unknown target kind: %s", kind)
		}
	}
	if err := checkDepth(depth); err != nil {
		return nil, err
	}
	if targets < 1 || targets > mostTargets {
		return nil, refused("max_targets must be in [1, %d], got %d", mostTargets, targets)
	}
	if limit > mostTargetPaths {
		return nil, refused("max_paths must be in [1, %d], got %d", mostTargetPaths, limit)
	}
	allowed, err := newFilter(graph.Model, nil)
	if err != nil {
		return nil, err
	}
	allowed.targets = map[string]bool{}
	for _, kind := range kinds {
		for _, k := range graph.Model.Concrete(graph.Model.Kind(kind)) {
			allowed.targets[k.Name] = true
		}
	}

	short, given := data["shortest_paths_only"].(bool)
	search := reachSearch{newHops(graph, source, allowed), source, depth, int(limit)}
	paths, err := search.run(targets, short || !given)
	if errors.Is(err, errTooMuch) {
		return nil, refused("Reachable-nodes traversal exceeded its time budget. Reduce max_depth, lower max_results/max_paths, or narrow target_kinds to reduce the search space.")
	}
	if err != nil {
		return nil, err
	}
	dependencies := make([]any, len(paths))
	for i, path := range paths {
		dependencies[i] = map[string]any{
			"node": nodeRecord(last(path)), "depth": len(path), "path": pathRecord(graph.Model, source, path),
		}
	}
	return map[string]any{"source": nodeRecord(source), "dependencies": dependencies, "count": len(paths)}, nil
}

func last(path []hop) *nodes.Node { return path[len(path)-1].to }

// reachSearch looks for nodes of the target kinds of its filter.
type reachSearch struct {
	*hops
	source *nodes.Node
	depth  int
	limit  int // of paths
}

// mostOfTier is the greatest number of paths of one length that are put in order.
const mostOfTier = 20_000

// run finds paths to at most a number of targets, the shorter ones first and
// those of a length by the kinds and ids that they lead to.
func (s reachSearch) run(most int, shortest bool) ([][]hop, error) {
	targets, err := s.targets(most)
	if err != nil {
		return nil, err
	}
	near := newDistances(s.source, s.after)
	open := len(targets) // those that no path has led to
	var paths [][]hop
	for length := 1; length <= s.depth && len(paths) < s.limit && open > 0; length++ {
		may := func(*nodes.Node, int) bool { return true }
		if shortest {
			if err := near.grow(length); err != nil {
				return nil, err
			}
			due := targetsAt(near, targets, length)
			if len(due) == 0 {
				continue
			}
			leading, err := s.leading(near, due)
			if err != nil {
				return nil, err
			}
			may = func(n *nodes.Node, after int) bool { return near.is(n, after) && leading[n.ID] }
			open -= len(due)
		}
		tier, err := s.tier(length, targets, may)
		if err != nil {
			return nil, err
		}
		paths = append(paths, tier[:min(len(tier), s.limit-len(paths))]...)
	}
	return paths, nil
}

// after returns the nodes that a hop leads to.
func (s reachSearch) after(n *nodes.Node) ([]*nodes.Node, error) {
	steps, err := s.from(n)
	next := make([]*nodes.Node, len(steps))
	for i, step := range steps {
		next[i] = step.to
	}
	return next, err
}

// targetsAt are the targets at a distance.
func targetsAt(near *distances, targets map[string]bool, distance int) map[string]bool {
	at := map[string]bool{}
	for id := range targets {
		if found, ok := near.of[id]; ok && found == distance {
			at[id] = true
		}
	}
	return at
}

// tier finds the paths of a length that lead to targets, in order.
func (s reachSearch) tier(length int, targets map[string]bool, may func(*nodes.Node, int) bool) ([][]hop, error) {
	var tier [][]hop
	err := s.walk(s.source, length, may, func(path []hop) bool {
		if targets[last(path).ID] {
			tier = append(tier, slices.Clone(path))
		}
		return len(tier) <= mostOfTier
	})
	if err != nil {
		return nil, err
	}
	if len(tier) > mostOfTier {
		return nil, errTooMuch
	}
	slices.SortStableFunc(tier, func(a, b []hop) int { return compareNodes(last(a), last(b)) })
	return tier, nil
}

// leading finds the nodes on the shortest paths to the targets.
func (s reachSearch) leading(near *distances, targets map[string]bool) (map[string]bool, error) {
	leading := map[string]bool{}
	queue := make([]*nodes.Node, 0, len(targets))
	for id := range targets {
		leading[id] = true
		queue = append(queue, s.graph.Node(id))
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		before, err := s.into(n)
		if err != nil {
			return nil, err
		}
		for _, b := range before {
			if !leading[b.ID] && near.is(b, near.of[n.ID]-1) {
				leading[b.ID] = true
				queue = append(queue, b)
			}
		}
	}
	return leading, nil
}

// targets finds the nodes to reach.
//
// Infrahub looks at each length on its own, goes on from the first nodes by kind
// and id only, as many of them as there may be targets, and takes the first
// targets of what it finds. When there is but one length to look at, a target that
// is found twice counts twice. So it may miss targets where there are many.
func (s reachSearch) targets(most int) (map[string]bool, error) {
	plan := newKindPlan(s.hops, s.depth)
	var reached []*nodes.Node
	lengths := 0
	for length := 1; length <= s.depth; length++ {
		if !plan.feasible(length) {
			continue
		}
		lengths++
		found, err := s.ends(plan, length, most)
		if err != nil {
			return nil, err
		}
		reached = append(reached, found...)
	}
	slices.SortFunc(reached, compareNodes)
	if lengths > 1 {
		reached = slices.CompactFunc(reached, func(a, b *nodes.Node) bool { return a.ID == b.ID })
	}
	targets := map[string]bool{}
	for _, n := range reached[:min(most, len(reached))] {
		targets[n.ID] = true
	}
	return targets, nil
}

// ends finds the targets that paths of a length lead to, once for each node that
// they are reached from.
func (s reachSearch) ends(plan *kindPlan, length, most int) ([]*nodes.Node, error) {
	row := []*nodes.Node{s.source}
	for hop := 1; hop <= length; hop++ {
		var next []*nodes.Node
		for _, n := range row {
			steps, err := s.from(n)
			if err != nil {
				return nil, err
			}
			entered := map[string]bool{s.source.ID: true}
			for _, step := range steps {
				kind := step.to.Schema.Name
				if entered[step.to.ID] || !plan.leads(n.Schema.Name, kind, length-hop) || hop == length && !s.filter.targets[kind] {
					continue
				}
				entered[step.to.ID] = true
				next = append(next, step.to)
			}
		}
		if hop < length {
			slices.SortStableFunc(next, compareNodes)
			next = next[:min(most, len(next))]
		}
		row = next
	}
	return row, nil
}

func compareNodes(a, b *nodes.Node) int {
	return cmp.Or(cmp.Compare(a.Schema.Name, b.Schema.Name), cmp.Compare(a.ID, b.ID))
}

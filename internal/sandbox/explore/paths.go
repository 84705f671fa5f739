package explore

import (
	"context"
	"errors"
	"slices"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// The limits of a search for paths.
const (
	usualDepth, mostDepth = 5, 30
	usualPaths, mostPaths = 10, 100
)

// notEntered tells the namespaces that no path enters: nodes of these are joined
// to nearly everything.
func notEntered() map[string]bool {
	return set([]string{"Core", "Internal", "Builtin", "Lineage", "Profile", "Template"})
}

// notEnteredKind is not entered either, nor what implements it, unless asked for.
const notEnteredKind = "BuiltinIPNamespace"

// findPaths answers InfrahubPathTraversal.
func findPaths(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	graph, err := c.Graph()
	if err != nil {
		return nil, err
	}
	data := dataOf(f)
	depth, limit := numberOf(data, "max_depth", usualDepth), numberOf(data, "max_paths", usualPaths)
	if limit < 1 || limit > mostPaths {
		return nil, refused("max_paths must be in [1, %d], got %d", mostPaths, limit)
	}
	if data["source_id"] == data["destination_id"] {
		return nil, refused("Source and destination nodes must be different")
	}
	source, err := nodeOf(graph, data, "source_id", "Source")
	if err != nil {
		return nil, err
	}
	destination, err := nodeOf(graph, data, "destination_id", "Destination")
	if err != nil {
		return nil, err
	}
	if err := checkDepth(depth); err != nil {
		return nil, err
	}
	allowed, err := newFilter(graph.Model, data)
	if err != nil {
		return nil, err
	}
	allowed.targets = map[string]bool{destination.Schema.Name: true}

	short, given := data["shortest_paths_only"].(bool)
	search := pathSearch{newHops(graph, source, allowed), source, destination, short || !given}
	paths, truncated, err := search.run(depth, limit)
	if err != nil {
		return nil, err
	}
	records := make([]any, len(paths))
	for i, path := range paths {
		records[i] = pathRecord(graph.Model, source, path)
	}
	var at any
	if truncated > 0 {
		at = truncated
	}
	return map[string]any{
		"source": nodeRecord(source), "destination": nodeRecord(destination),
		"paths": records, "count": len(paths), "truncated_at_depth": at,
		"excluded_kinds": sorted(allowed.kinds),
	}, nil
}

// nodeOf finds the node that an input names. Only ids do.
func nodeOf(g *nodes.Graph, data map[string]any, name, what string) (*nodes.Node, error) {
	id, _ := data[name].(string)
	if n := g.Node(id); n != nil {
		return n, nil
	}
	return nil, refused("%s node not found: %s", what, id)
}

func checkDepth(depth int) error {
	if depth < 1 || depth > mostDepth {
		return refused("max_depth must be in [1, %d], got %d", mostDepth, depth)
	}
	return nil
}

// newFilter reads the input of a search. Generics stand for the kinds that
// implement them.
func newFilter(m *model.Model, data map[string]any) (filter, error) {
	f := filter{namespaces: notEntered()}
	for _, namespace := range textsOf(data, "excluded_namespaces") {
		f.namespaces[namespace] = true
	}
	if identifiers := textsOf(data, "relationship_filter"); len(identifiers) > 0 {
		f.relationships = set(identifiers)
	}
	through, err := concrete(m, data, "kind_filter")
	if err != nil {
		return f, err
	}
	if len(through) > 0 {
		f.through = through
	}
	if f.kinds, err = concrete(m, data, "excluded_kinds"); err != nil {
		return f, err
	}
	included, err := concrete(m, data, "included_kinds")
	if err != nil {
		return f, err
	}
	if k := m.Kind(notEnteredKind); k != nil {
		for _, kind := range m.Concrete(k) {
			if !included[kind.Name] {
				f.kinds[kind.Name] = true
			}
		}
	}
	return f, nil
}

// concrete reads a list of kinds of an input.
func concrete(m *model.Model, data map[string]any, name string) (map[string]bool, error) {
	kinds := map[string]bool{}
	for _, kind := range textsOf(data, name) {
		k := m.Kind(kind)
		if k == nil || k.Class != model.Node && k.Class != model.Generic {
			return nil, refused("%s kind '%s' not in schema", name, kind)
		}
		for _, k := range m.Concrete(k) {
			kinds[k.Name] = true
		}
	}
	return kinds, nil
}

func set(texts []string) map[string]bool {
	s := make(map[string]bool, len(texts))
	for _, text := range texts {
		s[text] = true
	}
	return s
}

func sorted(s map[string]bool) []string {
	list := make([]string, 0, len(s))
	for text := range s {
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

// pathSearch looks for paths from one node to another.
type pathSearch struct {
	*hops
	source, destination *nodes.Node
	// shortest leaves out paths of which a part could be shorter: those whose
	// node in the middle is nearer to either end than they are.
	shortest bool
}

// run finds paths, the shorter ones first. A depth other than 0 says that the
// budget did not suffice for paths of that length.
func (s pathSearch) run(depth, limit int) (paths [][]hop, truncated int, err error) {
	forward := newDistances(s.source, func(n *nodes.Node) ([]*nodes.Node, error) {
		steps, err := s.from(n)
		next := make([]*nodes.Node, len(steps))
		for i, step := range steps {
			next[i] = step.to
		}
		return next, err
	})
	backward := newDistances(s.destination, s.into)
	for length := 1; length <= depth && len(paths) < limit; length++ {
		err := s.tier(forward, backward, length, func(path []hop) bool {
			paths = append(paths, slices.Clone(path))
			return len(paths) < limit
		})
		if errors.Is(err, errTooMuch) {
			return paths, length, nil
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return paths, 0, nil
}

// tier finds the paths of one length.
func (s pathSearch) tier(forward, backward *distances, length int, reached func([]hop) bool) error {
	if !s.shortest {
		if err := backward.grow(length - 1); err != nil {
			return err
		}
		may := func(n *nodes.Node, after int) bool { return backward.within(n, length-after) }
		return s.walk(s.source, length, may, reached)
	}
	middle := length / 2
	if err := forward.grow(middle); err != nil {
		return err
	}
	if err := backward.grow(length - middle); err != nil {
		return err
	}
	may := func(n *nodes.Node, after int) bool {
		return (after > middle || forward.is(n, after)) && (after < middle || backward.is(n, length-after))
	}
	if middle == 0 && !may(s.source, 0) {
		return nil
	}
	return s.walk(s.source, length, may, reached)
}

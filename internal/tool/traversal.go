package tool

import (
	"context"
	"fmt"
	"slices"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

type findPathsInput struct {
	Source             string   `json:"source" min:"1" jsonschema:"Start node: id, or Kind__hfid such as DcimDevice__atl1-edge1"`
	Destination        string   `json:"destination" min:"1" jsonschema:"End node, likewise"`
	Branch             string   `json:"branch,omitempty" jsonschema:"Branch to read; the default branch otherwise"`
	MaxDepth           *int     `json:"max_depth,omitempty" min:"1" max:"30" jsonschema:"Most hops (server default 5)"`
	KindFilter         []string `json:"kind_filter,omitempty" split:"," jsonschema:"Only pass through these kinds"`
	RelationshipFilter []string `json:"relationship_filter,omitempty" split:"," jsonschema:"Only follow these relationships: names or identifiers from get_schema"`
}

type findPathsOutput struct {
	Source           match  `json:"source"`
	Destination      match  `json:"destination"`
	Count            int    `json:"count"`
	Paths            []path `json:"paths"`
	TruncatedAtDepth *int   `json:"truncated_at_depth,omitempty" jsonschema:"From this depth on paths may be missing"`
	Branch           string `json:"branch,omitempty"`
	Note             string `json:"note,omitempty"`
}

type path struct {
	Depth int   `json:"depth"`
	Hops  []hop `json:"hops"`
}

type hop struct {
	Node         match       `json:"node"`
	Relationship *connection `json:"relationship,omitempty" jsonschema:"How this node was reached from the one before"`
}

type connection struct {
	From string `json:"from_rel"`
	To   string `json:"to_rel"`
	Kind string `json:"kind"`
}

const traversalNote = "No path within this depth. Raise max_depth, or loosen the filters; Infrahub does not pass through Core, Builtin and Profile kinds."

func findPaths() Tool {
	return Define(Tool{
		Name:  "find_paths",
		Title: "Find paths between two nodes",
		Description: "Show how two nodes are connected, shortest paths first: hop by hop, with the relationship that leads to each node. " +
			"Filters on kinds or relationships make it fast and keep detours out (for cabling: the cable and interface kinds). Infrahub 1.10 or later.",
		Idempotent: true,
		narrow:     "Use kind_filter, relationship_filter or a smaller max_depth.",
	}, runFindPaths)
}

func runFindPaths(ctx context.Context, c *call.Call, in findPathsInput) (*findPathsOutput, error) {
	branch := c.Branch(in.Branch)
	if err := needs(ctx, c, 1, 10, "Finding paths"); err != nil {
		return nil, err
	}
	ids, err := resolve(ctx, c, branch, in.Source, in.Destination)
	if err != nil {
		return nil, err
	}
	if ids[0] == ids[1] {
		return nil, problem.New("Source and destination are the same node.", "Name two different nodes.")
	}
	data := operations.PathTraversalInput{SourceId: ids[0], DestinationId: ids[1], MaxDepth: in.MaxDepth}
	if data.KindFilter, err = concreteKinds(ctx, c, branch, in.KindFilter); err != nil {
		return nil, err
	}
	if data.RelationshipFilter, err = relationshipIdentifiers(ctx, c, branch, in.RelationshipFilter); err != nil {
		return nil, err
	}
	c.Progress(0, 0, "looking for paths")
	answer, err := operations.PathTraversal(ctx, c.Client.Operations(branch, ""), data)
	if err != nil {
		return nil, fmt.Errorf("looking for paths: %w", err)
	}
	found := answer.InfrahubPathTraversal
	out := &findPathsOutput{
		Source: nodeOf(found.Source), Destination: nodeOf(found.Destination), Count: len(found.Paths), Paths: make([]path, 0, len(found.Paths)),
		TruncatedAtDepth: found.TruncatedAtDepth, Branch: c.Named(branch),
	}
	for _, p := range found.Paths {
		out.Paths = append(out.Paths, pathOf(p))
	}
	if out.Count == 0 {
		out.Note = traversalNote
	}
	return out, nil
}

func nodeOf(n operations.PathNode) match {
	return match{ID: n.Id, Kind: n.Kind, Label: n.DisplayLabel, HFID: n.Hfid}
}

func pathOf(p operations.Path) path {
	out := path{Depth: p.Depth, Hops: make([]hop, 0, len(p.Hops))}
	for _, h := range p.Hops {
		step := hop{Node: nodeOf(h.Node)}
		if r := h.Relationship; r != nil {
			step.Relationship = &connection{From: r.FromRel, To: r.ToRel, Kind: r.Kind}
		}
		out.Hops = append(out.Hops, step)
	}
	return out
}

type findReachableInput struct {
	Source      string   `json:"source" min:"1" jsonschema:"Start node: id, or Kind__hfid such as DcimDevice__atl1-edge1"`
	TargetKinds []string `json:"target_kinds" split:"," min:"1" jsonschema:"Kinds or generics to look for"`
	Branch      string   `json:"branch,omitempty" jsonschema:"Branch to read; the default branch otherwise"`
	MaxDepth    *int     `json:"max_depth,omitempty" min:"1" max:"30" jsonschema:"Most hops (server default 5); keep it small"`
	MaxResults  int      `json:"max_results,omitempty" default:"20" min:"1" max:"200" jsonschema:"Most nodes to return"`
	Shortest    bool     `json:"shortest_paths_only,omitempty" default:"true" jsonschema:"Only the shortest way to each node"`
}

type findReachableOutput struct {
	Source       match        `json:"source"`
	Count        int          `json:"count" jsonschema:"Nodes found; with shortest_paths_only false: ways to them"`
	Dependencies []dependency `json:"dependencies"`
	Branch       string       `json:"branch,omitempty"`
	Note         string       `json:"note,omitempty"`
}

type dependency struct {
	Depth int   `json:"depth"`
	Node  match `json:"node"`
	Path  path  `json:"path"`
}

func findReachable() Tool {
	return Define(Tool{
		Name:  "find_reachable",
		Title: "Find nodes connected to a node",
		Description: "Find what depends on a node or is connected to it: all nodes of the target kinds within max_depth hops, nearest first, with the way to each. " +
			"Good for impact questions. Slow at depths over 3 on large graphs. Infrahub 1.10 or later.",
		Idempotent: true,
		narrow:     "Use a smaller max_results or max_depth.",
	}, runFindReachable)
}

func runFindReachable(ctx context.Context, c *call.Call, in findReachableInput) (*findReachableOutput, error) {
	branch := c.Branch(in.Branch)
	if err := needs(ctx, c, 1, 10, "Finding reachable nodes"); err != nil {
		return nil, err
	}
	kinds := make([]string, len(in.TargetKinds))
	for i, name := range in.TargetKinds {
		_, kind, err := c.Kind(ctx, branch, name)
		if err != nil {
			return nil, err
		}
		kinds[i] = kind.Name
	}
	ids, err := resolve(ctx, c, branch, in.Source)
	if err != nil {
		return nil, err
	}
	data := operations.ReachableNodesInput{
		SourceId: ids[0], TargetKinds: kinds, MaxDepth: in.MaxDepth, MaxResults: &in.MaxResults, ShortestPathsOnly: &in.Shortest,
	}
	c.Progress(0, 0, "looking for connected nodes")
	answer, err := operations.ReachableNodes(ctx, c.Client.Operations(branch, ""), data)
	if err != nil {
		return nil, fmt.Errorf("looking for connected nodes: %w", err)
	}
	found := answer.InfrahubReachableNodes
	slices.SortStableFunc(found.Dependencies, func(a, b operations.ReachedNode) int { return a.Depth - b.Depth })
	out := &findReachableOutput{Source: nodeOf(found.Source), Dependencies: []dependency{}, Branch: c.Named(branch)}
	seen := map[string]bool{}
	for _, d := range found.Dependencies {
		// Infrahub answers one entry for each path; the first way to a node is
		// as short as any other.
		if in.Shortest && seen[d.Node.Id] {
			continue
		}
		seen[d.Node.Id] = true
		out.Dependencies = append(out.Dependencies, dependency{Depth: d.Depth, Node: nodeOf(d.Node), Path: pathOf(d.Path)})
	}
	if out.Count = len(out.Dependencies); out.Count == 0 {
		out.Note = traversalNote
	}
	return out, nil
}

// concreteKinds checks kinds and replaces generics by the kinds that implement
// them, because a path runs through nodes.
func concreteKinds(ctx context.Context, c *call.Call, branch string, names []string) ([]string, error) {
	var kinds []string
	for _, name := range names {
		s, kind, err := c.Kind(ctx, branch, name)
		if err != nil {
			return nil, err
		}
		for _, concrete := range s.Concrete(kind) {
			if !slices.Contains(kinds, concrete.Name) {
				kinds = append(kinds, concrete.Name)
			}
		}
	}
	return kinds, nil
}

// relationshipIdentifiers turns names of relationships into their identifiers,
// the only thing that Infrahub compares; with names it would find no path and
// not say why.
func relationshipIdentifiers(ctx context.Context, c *call.Call, branch string, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	s, err := c.Schema(ctx, branch)
	if err != nil {
		return nil, err
	}
	byName := map[string][]string{}
	identifiers := map[string]bool{}
	for _, kind := range s.Kinds() {
		if kind.Class != schema.Node && kind.Class != schema.Generic {
			continue
		}
		for i := range kind.Relationships {
			rel := &kind.Relationships[i]
			identifiers[rel.Identifier] = true
			if !slices.Contains(byName[rel.Name], rel.Identifier) {
				byName[rel.Name] = append(byName[rel.Name], rel.Identifier)
			}
		}
	}
	var found []string
	for _, name := range names {
		switch {
		case identifiers[name]:
			found = append(found, name)
		case byName[name] != nil:
			found = append(found, byName[name]...)
		default:
			known := make([]string, 0, len(byName)+len(identifiers))
			for n := range byName {
				known = append(known, n)
			}
			for n := range identifiers {
				known = append(known, n)
			}
			return nil, problem.Unknown("relationship", name, known, "get_schema with a kind lists its relationships and their identifiers.")
		}
	}
	return found, nil
}

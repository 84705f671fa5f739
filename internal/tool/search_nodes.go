package tool

import (
	"context"
	"encoding/json"
	"fmt"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub/graph"
	"infrahub-mcp/internal/infrahub/operations"
)

type searchNodesInput struct {
	Query  string `json:"query" min:"1" max:"1000" jsonschema:"Part of a value, in any case; also an id, MAC or IP address"`
	Kind   string `json:"kind,omitempty" jsonschema:"Kind or generic to search; leave out to search all"`
	Branch string `json:"branch,omitempty" jsonschema:"Branch to read; the default branch otherwise"`
	Limit  int    `json:"limit,omitempty" default:"10" min:"1" max:"100" jsonschema:"Most matches to return"`
}

type searchNodesOutput struct {
	Matches []match `json:"matches"`
	Count   int     `json:"count"`
	// TotalCount is only known for a search within one kind.
	TotalCount *int    `json:"total_count,omitempty"`
	HasMore    bool    `json:"has_more"`
	Prefixes   []match `json:"containing_prefixes,omitempty" jsonschema:"IP prefixes that contain the address searched for"`
	Branch     string  `json:"branch,omitempty"`
	Note       string  `json:"note,omitempty"`
}

type match struct {
	ID    string   `json:"id"`
	Kind  string   `json:"kind"`
	Label string   `json:"display_label"`
	HFID  []string `json:"hfid,omitempty"`
}

func searchNodes() Tool {
	return Define(Tool{
		Name:  "search_nodes",
		Title: "Search nodes",
		Description: "Find nodes when only part of a value is known, or not which kind holds it. With kind, any attribute that contains the text matches and total_count is exact; " +
			"without, all kinds are searched, and an IP address also finds the prefixes that contain it. For conditions on certain attributes use get_nodes with filters.",
		Idempotent: true,
		narrow:     "Use a smaller limit.",
	}, runSearchNodes)
}

func runSearchNodes(ctx context.Context, c *call.Call, in searchNodesInput) (*searchNodesOutput, error) {
	branch := c.Branch(in.Branch)
	var out *searchNodesOutput
	var err error
	if in.Kind == "" {
		out, err = searchEverywhere(ctx, c, branch, in)
	} else {
		out, err = searchKind(ctx, c, branch, in)
	}
	if err != nil {
		return nil, err
	}
	out.Count, out.Branch = len(out.Matches), c.Named(branch)
	if out.Count == 0 {
		out.Note = "Nothing matches. Try a shorter part of the value, another branch, or leave out the kind."
	}
	return out, nil
}

// searchKind asks for the nodes of one kind of which any attribute contains the
// text: one request.
func searchKind(ctx context.Context, c *call.Call, branch string, in searchNodesInput) (*searchNodesOutput, error) {
	s, kind, err := c.Kind(ctx, branch, in.Kind)
	if err != nil {
		return nil, err
	}
	reader := graph.Reader{Schema: s}
	selection, err := reader.Fields(kind, []string{"id", "kind", "display_label", "hfid"})
	if err != nil {
		return nil, err
	}
	needle, err := json.Marshal(in.Query)
	if err != nil {
		return nil, fmt.Errorf("encoding the search text: %w", err)
	}
	l := lister{call: c, reader: reader, branch: branch, list: graph.List{
		Kind: kind, Selection: selection, PartialMatch: true, Filters: map[string]json.RawMessage{"any__value": needle},
	}}
	page, err := l.page(ctx, 0, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &searchNodesOutput{Matches: make([]match, 0, len(page.Rows)), TotalCount: &page.Total, HasMore: page.Total > len(page.Rows)}
	for _, row := range page.Rows {
		raw, err := row.MarshalJSON()
		if err != nil {
			return nil, err
		}
		var m match
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, fmt.Errorf("reading a match: %w", err)
		}
		out.Matches = append(out.Matches, m)
	}
	return out, nil
}

// searchEverywhere asks Infrahub's own search, which answers ids and kinds, and
// then for their labels: two requests. One more match than wanted is asked
// for, because Infrahub does not tell how many there are.
func searchEverywhere(ctx context.Context, c *call.Call, branch string, in searchNodesInput) (*searchNodesOutput, error) {
	client := c.Client.Operations(branch, "")
	version, err := c.Client.Version(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the version of Infrahub: %w", err)
	}
	var found, prefixes []operations.MatchEdge
	if version.AtLeast(1, 10) {
		answer, err := operations.SearchAnywhereWithPrefixes(ctx, client, in.Query, in.Limit+1)
		if err != nil {
			return nil, fmt.Errorf("searching: %w", err)
		}
		found, prefixes = answer.InfrahubSearchAnywhere.Edges, answer.InfrahubSearchAnywhere.ParentPrefixes
	} else {
		answer, err := operations.SearchAnywhere(ctx, client, in.Query, in.Limit+1)
		if err != nil {
			return nil, fmt.Errorf("searching: %w", err)
		}
		found = answer.InfrahubSearchAnywhere.Edges
	}
	out := &searchNodesOutput{Matches: matches(found), Prefixes: matches(prefixes)}
	if out.HasMore = len(out.Matches) > in.Limit; out.HasMore {
		out.Matches = out.Matches[:in.Limit]
	}
	if err := label(ctx, c, branch, out.Matches, out.Prefixes); err != nil {
		return nil, err
	}
	return out, nil
}

func matches(edges []operations.MatchEdge) []match {
	found := make([]match, 0, len(edges))
	for _, edge := range edges {
		found = append(found, match{ID: edge.Node.Id, Kind: edge.Node.Kind})
	}
	return found
}

package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub/graph"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

type getNodesInput struct {
	Kind         string                     `json:"kind" min:"1" jsonschema:"Kind or generic, e.g. DcimDevice; get_schema lists them"`
	Branch       string                     `json:"branch,omitempty" jsonschema:"Branch to read; the default branch otherwise"`
	Filters      map[string]json.RawMessage `json:"filters,omitempty" jsonschema:"Filter names and values, all must match, e.g. {\"name__value\":\"atl1\",\"site__name__values\":[\"a\",\"b\"]}; get_schema(kind) lists them"`
	PartialMatch bool                       `json:"partial_match,omitempty" default:"false" jsonschema:"Match parts of __value filters, ignoring case"`
	All          bool                       `json:"include_attributes,omitempty" default:"false" jsonschema:"Return every attribute and relationship"`
	Fields       []string                   `json:"fields,omitempty" split:"," jsonschema:"Return exactly these: attributes, relationships, relationship.attribute, id, hfid, kind, display_label, created_at, created_by, updated_at, updated_by"`
	Order        []string                   `json:"order,omitempty" split:"," jsonschema:"Fields to order by, - for descending: [\"-updated_at\",\"site.name\"]"`
	At           string                     `json:"at,omitempty" jsonschema:"Read the past: ISO 8601 time, or time ago such as 2h or 3d"`
	Limit        int                        `json:"limit,omitempty" default:"50" min:"-1" jsonschema:"Most nodes to return; 0 only counts, -1 returns all"`
	Offset       int                        `json:"offset,omitempty" default:"0" min:"0" jsonschema:"Nodes to skip"`
}

type getNodesOutput struct {
	Nodes      []graph.Row `json:"nodes"`
	Count      int         `json:"count"`
	TotalCount int         `json:"total_count"`
	HasMore    bool        `json:"has_more"`
	Offset     int         `json:"offset"`
	Limit      int         `json:"limit"`
	NextOffset *int        `json:"next_offset,omitempty"`
	Branch     string      `json:"branch,omitempty"`
	At         string      `json:"at,omitempty"`
	Note       string      `json:"note,omitempty"`
}

func getNodes() Tool {
	return Define(Tool{
		Name:  "get_nodes",
		Title: "List nodes of a kind",
		Description: "List, filter, count and page through nodes of one kind. The first choice for reading data: one request, exact paging. " +
			fmt.Sprintf("Returns id and display_label of each node unless fields or include_attributes ask for more; related nodes come with id, kind, display_label and hfid, at most %d per relationship with their count. ", graph.MaxPeers) +
			"total_count counts all matches; next_offset continues.",
		Idempotent: true,
		narrow:     "Ask for fewer fields.",
	}, runGetNodes)
}

func runGetNodes(ctx context.Context, c *call.Call, in getNodesInput) (*getNodesOutput, error) {
	at, err := moment(in.At)
	if err != nil {
		return nil, err
	}
	branch := c.Branch(in.Branch)
	s, kind, err := c.Kind(ctx, branch, in.Kind)
	if err != nil {
		return nil, err
	}
	reader := graph.Reader{Schema: s, Reveal: c.Settings.RevealSecrets}
	selection, err := selectColumns(reader, kind, in)
	if err != nil {
		return nil, err
	}
	if len(in.Order) > 0 {
		if err := needs(ctx, c, 1, 10, "Ordering by fields"); err != nil {
			return nil, err
		}
	}
	l := lister{
		call:   c,
		reader: reader,
		list:   graph.List{Kind: kind, Selection: selection, Filters: in.Filters, PartialMatch: in.PartialMatch, Order: in.Order},
		branch: branch,
		at:     at,
	}
	var page graph.Page
	if in.Limit < 0 {
		page, err = l.all(ctx, in.Offset)
	} else {
		page, err = l.page(ctx, in.Offset, in.Limit)
	}
	if err != nil {
		return nil, err
	}
	out := &getNodesOutput{Nodes: page.Rows, TotalCount: page.Total, Offset: in.Offset, Limit: in.Limit, Branch: c.Named(branch), At: at}
	if err := out.fit(c.Settings.MaxBytes); err != nil {
		return nil, err
	}
	out.Count = len(out.Nodes)
	out.HasMore = in.Offset+out.Count < out.TotalCount
	if out.HasMore && out.Count > 0 {
		next := in.Offset + out.Count
		out.NextOffset = &next
	}
	if out.TotalCount == 0 && len(in.Filters) > 0 {
		out.Note = emptyNote(in)
	}
	return out, nil
}

func selectColumns(r graph.Reader, k *schema.Kind, in getNodesInput) (*graph.Selection, error) {
	switch {
	case len(in.Fields) > 0:
		return r.Fields(k, in.Fields)
	case in.All:
		return r.Everything(k), nil
	default:
		return r.Labels(k), nil
	}
}

// fit cuts the rows where the answer would exceed the limit, leaving room for
// what stands around them.
func (out *getNodesOutput) fit(limit int) error {
	const around = 1000
	size := 0
	for i := range out.Nodes {
		size += out.Nodes[i].Len() + 1
		if size <= limit-around {
			continue
		}
		if i == 0 {
			return problem.New(fmt.Sprintf("One node alone has %d bytes, more than the limit of %d for an answer.", size, limit), "Choose fields.")
		}
		out.Nodes = out.Nodes[:i]
		out.Note = fmt.Sprintf("The answer is cut at %d bytes; go on at next_offset, or choose fewer fields.", limit)
		return nil
	}
	return nil
}

func emptyNote(in getNodesInput) string {
	if in.PartialMatch {
		return "No node matches all filters on this branch. Try fewer filters, or search_nodes."
	}
	return "No node matches all filters on this branch. Values are compared exactly and case-sensitively; try partial_match or search_nodes."
}

// lister reads the pages of a list.
type lister struct {
	call       *call.Call
	reader     graph.Reader
	list       graph.List
	branch, at string
}

// page reads one page with one request.
func (l *lister) page(ctx context.Context, offset, limit int) (graph.Page, error) {
	query, err := l.list.Query(l.reader, offset, limit)
	if err != nil {
		return graph.Page{}, err
	}
	query.Branch, query.At = l.branch, l.at
	data, err := l.call.Client.GraphQL(ctx, query)
	if err != nil {
		return graph.Page{}, fmt.Errorf("listing %s: %w", l.list.Kind.Name, err)
	}
	return l.list.Page(data, limit)
}

// all reads every page from offset on: the first tells how many there are, the
// others follow, a few at a time. Pages past the size limit are not fetched.
func (l *lister) all(ctx context.Context, offset int) (graph.Page, error) {
	size, limit := l.call.Settings.PageSize, int64(l.call.Settings.MaxBytes)
	first, err := l.page(ctx, offset, size)
	if err != nil {
		return graph.Page{}, err
	}
	var bytes, done atomic.Int64
	bytes.Store(weigh(first))
	done.Store(int64(len(first.Rows)))
	wanted := max(first.Total-offset, 0)
	report := func() { l.call.Progress(int(done.Load()), wanted, "nodes read") }
	report()

	pages := make([]graph.Page, max((wanted+size-1)/size, 1))
	pages[0] = first
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(max(l.call.Settings.Concurrency, 1))
	for i := 1; i < len(pages) && bytes.Load() <= limit && groupCtx.Err() == nil; i++ {
		group.Go(func() error {
			page, err := l.page(groupCtx, offset+i*size, size)
			if err != nil {
				return err
			}
			pages[i] = page
			bytes.Add(weigh(page))
			done.Add(int64(len(page.Rows)))
			report()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return graph.Page{}, err
	}
	// A page that is missing or short ends the run: what follows it would leave
	// a gap.
	whole := graph.Page{Total: first.Total}
	for i, page := range pages {
		whole.Rows = append(whole.Rows, page.Rows...)
		if len(page.Rows) < size && i < len(pages)-1 {
			break
		}
	}
	return whole, nil
}

func weigh(p graph.Page) int64 {
	var bytes int64
	for i := range p.Rows {
		bytes += int64(p.Rows[i].Len()) + 1
	}
	return bytes
}

// needs refuses what the server is too old for.
func needs(ctx context.Context, c *call.Call, major, minor int, what string) error {
	version, err := c.Client.Version(ctx)
	if err != nil {
		return fmt.Errorf("asking for the version of Infrahub: %w", err)
	}
	if version.AtLeast(major, minor) {
		return nil
	}
	return problem.New(fmt.Sprintf("%s needs Infrahub %d.%d or later; this server runs %s.", what, major, minor, version), "")
}

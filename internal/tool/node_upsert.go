package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/graph"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

type nodeUpsertInput struct {
	Kind   string                       `json:"kind" min:"1" jsonschema:"Kind of the node"`
	Data   map[string]json.RawMessage   `json:"data,omitempty" jsonschema:"Fields by name: {\"mtu\": 9000, \"site\": \"par1\", \"tags\": [\"blue\"]}"`
	ID     string                       `json:"id,omitempty" jsonschema:"Node to update"`
	HFID   []string                     `json:"hfid,omitempty" split:"__" jsonschema:"Node to update or create, in place of id"`
	Items  []map[string]json.RawMessage `json:"items,omitempty" max:"200" jsonschema:"In place of data: several nodes, each {data, id, hfid}"`
	Branch string                       `json:"branch,omitempty" jsonschema:"Default: the session branch"`
}

type nodeUpsertOutput struct {
	ID      string   `json:"id,omitempty"`
	HFID    []string `json:"hfid,omitempty"`
	Label   string   `json:"display_label,omitempty"`
	Written []string `json:"written,omitempty"`
	// Results, Applied and Failed are those of items.
	Results []itemResult `json:"results,omitempty"`
	Applied *int         `json:"applied,omitempty"`
	Failed  *int         `json:"failed,omitempty"`
	written
}

// itemResult is what became of one of several items.
type itemResult struct {
	Index   int      `json:"index"`
	ID      string   `json:"id,omitempty"`
	HFID    []string `json:"hfid,omitempty"`
	Label   string   `json:"display_label,omitempty"`
	Written []string `json:"written,omitempty"`
	Error   string   `json:"error,omitempty"`
}

func nodeUpsert() Tool {
	return Define(Tool{
		Name:  "node_upsert",
		Title: "Create or update nodes",
		Description: "Create or update a node on the session branch; up to 200 of one kind with items. " +
			"Related nodes go by hfid (\"par1\" or [\"par1-leaf004\", \"Ethernet1\"]), id, or {kind, hfid} behind a generic; a list replaces all of a relationship to many; null clears; {\"from_pool\": \"pool\"} allocates. " +
			"With id or hfid name only what changes. Everything is checked first: get_schema shows fields and choices.",
		Access:     Write,
		Idempotent: true,
		form:       JSON,
		narrow:     "Send fewer items.",
	}, runNodeUpsert)
}

// batch is how many nodes one request to Infrahub writes.
const batch = 25

func runNodeUpsert(ctx context.Context, c *call.Call, in nodeUpsertInput) (*nodeUpsertOutput, error) {
	items, err := itemsOf(in)
	if err != nil {
		return nil, err
	}
	kind, inputs, err := checked(ctx, c, in, items)
	if err != nil {
		return nil, err
	}
	if requests := (len(inputs) + batch - 1) / batch; requests > 1 {
		c.Send(call.Message{
			Level: call.Info, Text: fmt.Sprintf("%d nodes are written with %d requests; if one fails, what those before it wrote stays.", len(inputs), requests),
			Details: map[string]any{"nodes": len(inputs), "requests": requests},
		})
	}
	writer, waiting := graph.Writer{}, ctx
	var results []graph.Result
	where, err := onBranch(ctx, c, in.Branch, func(ctx context.Context, branch string) error {
		results = results[:0]
		for start := 0; start < len(inputs); start += batch {
			if start > 0 && waiting.Err() != nil { // the request before it was finished
				results = append(results, unsent(len(inputs)-start, "the call was cancelled or took too long")...)
				break
			}
			c.Progress(start, len(inputs), fmt.Sprintf("Writing %s", kind.Name))
			part := inputs[start:min(start+batch, len(inputs))]
			query := writer.Upsert(kind, part)
			query.Branch = branch
			data, err := c.Client.GraphQL(ctx, query)
			written, err := graph.Results(kind, part, data, err)
			if err != nil && !anyWritten(results) {
				return err // nothing was applied
			}
			if err != nil {
				results = append(results, unanswered(len(part), len(inputs)-start-len(part), err)...)
				return nil
			}
			results = append(results, written...)
			if start == 0 && !anyWritten(results) && closedBranch(results) != nil {
				return closedBranch(results) // nothing was applied here either
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.Progress(len(inputs), len(inputs), "Done")
	return upserted(in, items, results, where)
}

// itemsOf reads what is to be written: data, or each of items.
func itemsOf(in nodeUpsertInput) ([]graph.Item, error) {
	if in.Items == nil {
		if in.Data == nil {
			return nil, problem.New("node_upsert needs data, or items.", "Give attributes and relationships by name, as get_schema lists them.")
		}
		return []graph.Item{{Data: in.Data, ID: in.ID, HFID: in.HFID}}, nil
	}
	if in.Data != nil || in.ID != "" || len(in.HFID) > 0 {
		return nil, problem.New("node_upsert takes either items or data with id or hfid, not both.", "Put them into the items.")
	}
	if len(in.Items) == 0 {
		return nil, problem.New("The list items is empty.", "")
	}
	items := make([]graph.Item, len(in.Items))
	for i, members := range in.Items {
		item, err := itemOf(members)
		if err != nil {
			return nil, problem.New(fmt.Sprintf("items[%d]: %v", i, err), `An item has the form {"data": {…}, "id": "…"} or {"data": {…}, "hfid": ["…"]}.`)
		}
		items[i] = item
	}
	return items, nil
}

// itemOf reads an item: {data, id, hfid}, or the data alone.
func itemOf(members map[string]json.RawMessage) (graph.Item, error) {
	raw, wrapped := members["data"]
	if !wrapped {
		return graph.Item{Data: members}, nil
	}
	item := graph.Item{}
	data, err := object(raw)
	if err != nil {
		return item, errors.New("data must be a JSON object")
	}
	item.Data = data
	for name, value := range members {
		switch name {
		case "data":
		case "id":
			if json.Unmarshal(value, &item.ID) != nil {
				return item, errors.New("id must be a text")
			}
		case "hfid":
			hfid, ok := asList(value, "__")
			if !ok {
				return item, errors.New("hfid must be a list of texts")
			}
			item.HFID = hfid
		default:
			return item, problem.Unknown("member", name, []string{"data", "id", "hfid"}, "")
		}
	}
	return item, nil
}

// checked checks the items against the schema. One that may have changed a moment
// ago is asked for once more before anything is refused.
func checked(ctx context.Context, c *call.Call, in nodeUpsertInput, items []graph.Item) (*schema.Kind, []graph.Input, error) {
	branch := c.Branch(in.Branch)
	s, kind, err := c.Kind(ctx, branch, in.Kind)
	if err != nil {
		return nil, nil, err
	}
	inputs, refused := graph.Writer{Schema: s, Policy: c.Policy(s)}.Check(kind, items)
	if refused == nil {
		return kind, inputs, nil
	}
	fresh, err := c.Refresh(ctx, branch)
	if err != nil {
		return nil, nil, err
	}
	if fresh.Hash == s.Hash {
		return nil, nil, refused
	}
	if kind, err = fresh.Kind(in.Kind); err != nil {
		return nil, nil, err
	}
	inputs, err = graph.Writer{Schema: fresh, Policy: c.Policy(fresh)}.Check(kind, items)
	return kind, inputs, err
}

func anyWritten(results []graph.Result) bool {
	return slices.ContainsFunc(results, func(r graph.Result) bool { return r.Err == nil })
}

// closedBranch returns the error by which Infrahub says, of each mutation in turn,
// that the branch takes no changes.
func closedBranch(results []graph.Result) error {
	for _, r := range results {
		if errors.Is(r.Err, infrahub.BranchClosed) || errors.Is(r.Err, infrahub.BranchNeedsRebase) || errors.Is(r.Err, infrahub.MergeInProgress) {
			return r.Err
		}
	}
	return nil
}

// unanswered are the results of items when a whole request failed: of those that
// it held, and of the rest, for which none was sent.
func unanswered(held, rest int, err error) []graph.Result {
	results := make([]graph.Result, held)
	for i := range results {
		results[i].Err = problem.New("Not written: "+explained(err), "")
		if uncertain(err) {
			results[i].Err = problem.New("It may or may not have been written: "+explained(err), "Read it back before you repeat it.")
		}
	}
	return append(results, unsent(rest, "the request before it failed")...)
}

// unsent are the results of items that no request was sent for.
func unsent(number int, reason string) []graph.Result {
	results := make([]graph.Result, number)
	for i := range results {
		results[i].Err = problem.New("Not written, because "+reason+".", "")
	}
	return results
}

// explained is the text of an error for the model.
func explained(err error) string {
	if text, ok := Explain(err); ok {
		return text
	}
	if refused, ok := errors.AsType[*infrahub.Error](err); ok {
		return refused.Error()
	}
	return "the server failed."
}

// upserted makes the answer. A single node that was not written is an error.
func upserted(in nodeUpsertInput, items []graph.Item, results []graph.Result, where written) (*nodeUpsertOutput, error) {
	out := &nodeUpsertOutput{written: where}
	if in.Items == nil {
		r := results[0]
		if r.Err != nil {
			return nil, noted(r.Err, where)
		}
		out.ID, out.HFID, out.Label, out.Written = r.ID, r.HFID, r.DisplayLabel, slices.Sorted(maps.Keys(items[0].Data))
		return out, nil
	}
	applied, failed := 0, 0
	for i, r := range results {
		item := itemResult{Index: i}
		if r.Err != nil {
			item.Error = explained(r.Err)
			failed++
		} else {
			item.ID, item.HFID, item.Label, item.Written = r.ID, r.HFID, r.DisplayLabel, slices.Sorted(maps.Keys(items[i].Data))
			applied++
		}
		out.Results = append(out.Results, item)
	}
	out.Applied, out.Failed = &applied, &failed
	return out, nil
}

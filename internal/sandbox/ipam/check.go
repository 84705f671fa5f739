package ipam

import (
	"context"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// checkedNumberPool answers a mutation of pools of numbers after a check of its
// data.
func checkedNumberPool(verb string, check func(*nodes.Graph, map[string]any) error) gql.Resolve {
	return func(ctx context.Context, c *gql.Call, f exec.Field) (any, error) {
		graph, err := c.Graph()
		if err != nil {
			return nil, err
		}
		data, _ := f.Arguments["data"].(map[string]any)
		if err := check(graph, data); err != nil {
			return nil, err
		}
		kind, err := lookup(graph.Model, numberPool)
		if err != nil {
			return nil, err
		}
		return gql.Mutate(verb, kind)(ctx, c, f)
	}
}

// checkNewNumberPool checks that the attribute of a new pool is a number, and
// that its range is one that the attribute allows. What is mandatory and missing
// is for the mutation itself to find.
func checkNewNumberPool(g *nodes.Graph, data map[string]any) error {
	kind, attribute := text(valueIn(data, "node")), text(valueIn(data, "node_attribute"))
	if kind == "" || attribute == "" {
		return nil
	}
	k := g.Model.Kind(kind)
	if k == nil {
		return noSchema(kind, "The selected model does not exist")
	}
	if k.Class != model.Node && k.Class != model.Generic {
		return fault.Invalid("The selected model is not a Node or a Generic")
	}
	a := k.Attribute(attribute)
	switch {
	case a == nil:
		return fault.Invalid("The selected attribute doesn't exist in the selected model")
	case a.Kind != "Number":
		return fault.Invalid("The selected attribute is not of the kind Number")
	}
	from, haveFrom := valueIn(data, "start_range").(int64)
	to, haveTo := valueIn(data, "end_range").(int64)
	switch least, most := a.Parameters.MinValue, a.Parameters.MaxValue; {
	case haveFrom && haveTo && from > to:
		return errRange()
	case haveFrom && least != nil && from < *least:
		return fault.Invalid("start_range can't be less than min_value")
	case haveTo && most != nil && to > *most:
		return fault.Invalid("end_range can't be larger than max_value")
	}
	return nil
}

// checkChangedNumberPool checks that a pool stays one of the same attribute, and
// that its range has not turned round.
func checkChangedNumberPool(g *nodes.Graph, data map[string]any) error {
	pool, err := find(g, numberPool, text(data["id"]), texts(data["hfid"]))
	if err != nil {
		return nil //nolint:nilerr // the mutation itself finds that there is no such pool
	}
	for _, name := range []string{"node", "node_attribute"} {
		if wanted := text(valueIn(data, name)); wanted != "" && wanted != pool.Text(name) {
			return fault.Invalid("The fields 'node' or 'node_attribute' can't be changed.")
		}
	}
	from, to := spanOf(pool, nil).from, spanOf(pool, nil).to
	if value, ok := valueIn(data, "start_range").(int64); ok {
		from = value
	}
	if value, ok := valueIn(data, "end_range").(int64); ok {
		to = value
	}
	if from > to {
		return errRange()
	}
	return nil
}

// checkUpsertedNumberPool checks a pool that is new or changed.
func checkUpsertedNumberPool(g *nodes.Graph, data map[string]any) error {
	name := text(valueIn(data, "name"))
	hfid := texts(data["hfid"])
	if len(hfid) == 0 && name != "" {
		hfid = []string{name}
	}
	if pool := findPool(g, text(data["id"]), hfid); pool != nil {
		return checkChangedNumberPool(g, map[string]any{
			"id": pool.ID, "node": data["node"], "node_attribute": data["node_attribute"],
			"start_range": data["start_range"], "end_range": data["end_range"],
		})
	}
	return checkNewNumberPool(g, data)
}

func errRange() error { return fault.Invalid("start_range can't be larger than end_range") }

// valueIn returns the value that an input gives to an attribute.
func valueIn(data map[string]any, attribute string) any {
	input, _ := data[attribute].(map[string]any)
	return input["value"]
}

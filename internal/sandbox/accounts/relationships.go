package accounts

import (
	"context"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// relationships are RelationshipAdd and RelationshipRemove, which take permission
// to change nodes of all the kinds that they join or part.
func relationships() gql.Fields {
	fields := gql.Fields{}
	for name, resolve := range gql.Relationships() {
		fields[name] = func(ctx context.Context, c *gql.Call, f exec.Field) (any, error) {
			g, err := c.Graph()
			if err != nil {
				return nil, err
			}
			data, _ := f.Arguments["data"].(map[string]any)
			if err := c.Caller.NeedUpdates(c.Branch, concerned(g, data)...); err != nil {
				return nil, err
			}
			return resolve(ctx, c, f)
		}
	}
	return fields
}

// concerned returns the kinds of the nodes that are to be joined or parted, none
// when one of them is not there: then it is the mutation that fails. As in
// Infrahub only peers named by id count.
func concerned(g *nodes.Graph, data map[string]any) []*model.Kind {
	id, _ := data["id"].(string)
	name, _ := data["name"].(string)
	source := g.Node(id)
	if source == nil {
		return nil
	}
	if r := source.Schema.Relationship(name); r == nil || r.ReadOnly {
		return nil
	}
	kinds := []*model.Kind{source.Schema}
	peers, _ := data["nodes"].([]any)
	for _, given := range peers {
		input, _ := given.(map[string]any)
		id, ok := input["id"].(string)
		if !ok {
			continue
		}
		peer := g.Node(id)
		if peer == nil {
			return nil
		}
		kinds = append(kinds, peer.Schema)
	}
	return kinds
}

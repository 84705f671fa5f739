package accounts

import (
	"context"
	"math"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
)

// createToken answers InfrahubAccountTokenCreate(data: {name, expiration}). No
// other answer shows the value of the token.
func createToken(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	given, _ := f.Arguments["data"].(map[string]any)
	value := c.Base.Store.NewID()
	var made *nodes.Node
	err := write(c, func(w *nodes.Writer) error {
		account, err := own(w.Graph, c.Caller)
		if err != nil {
			return err
		}
		kind, err := w.Model.Lookup(kindToken)
		if err != nil {
			return err
		}
		data := map[string]any{"account": map[string]any{"id": account.ID}, "token": map[string]any{"value": value}}
		for _, name := range []string{"name", "expiration"} {
			if text, ok := given[name].(string); ok {
				data[name] = map[string]any{"value": text}
			}
		}
		made, err = w.Create(kind, data)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "object": map[string]any{"id": made.ID, "token": map[string]any{"value": value}}}, nil
}

// deleteToken answers InfrahubAccountTokenDelete(data: {id}).
func deleteToken(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	given, _ := f.Arguments["data"].(map[string]any)
	id, _ := given["id"].(string)
	err := write(c, func(w *nodes.Writer) error {
		account, err := own(w.Graph, c.Caller)
		if err != nil {
			return err
		}
		token := w.Node(id)
		if token == nil || !token.Is(kindToken) || !belongs(token, account) {
			return fault.NoNode(id, "AccountToken")
		}
		_, err = w.Delete(token.Schema, map[string]any{"id": id})
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true}, nil
}

// listTokens answers InfrahubAccountToken(limit, offset): the tokens of the
// caller, the oldest first, ten of them unless it asks for more.
func listTokens(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	g, err := c.Graph()
	if err != nil {
		return nil, err
	}
	account, err := own(g, c.Caller)
	if err != nil {
		return nil, err
	}
	kind, err := g.Model.Lookup(kindToken)
	if err != nil {
		return nil, err
	}
	tokens := []map[string]any{}
	for _, token := range g.NodesOf(kind) {
		if belongs(token, account) {
			tokens = append(tokens, map[string]any{
				"id": token.ID, "name": token.Value("name"), "expiration": token.Value("expiration"),
			})
		}
	}
	first := min(max(number(f.Arguments["offset"], 0), 0), len(tokens))
	last := min(first+max(number(f.Arguments["limit"], 10), 0), len(tokens))
	listed := connection(tokens[first:last])
	listed["count"] = len(tokens)
	return listed, nil
}

func belongs(token, account *nodes.Node) bool {
	for _, n := range token.Related("account") {
		if n.ID == account.ID {
			return true
		}
	}
	return false
}

// number reads an argument of the type Int.
func number(argument any, otherwise int) int {
	switch n := argument.(type) {
	case int:
		return n
	case int64:
		return int(min(max(n, math.MinInt32), math.MaxInt32))
	}
	return otherwise
}

// Package accounts answers the GraphQL fields about the caller: its account, its
// permissions and its API tokens.
package accounts

import (
	"context"
	"strconv"
	"time"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Queries are the fields of the type Query about the caller.
func Queries() gql.Fields {
	return gql.Fields{
		"AccountProfile":       profile,
		"InfrahubPermissions":  permissions,
		"InfrahubAccountToken": listTokens,
	}
}

// Mutations are the fields of the type Mutation about the caller, and those of
// relationships, which ask for permissions of their own.
func Mutations() gql.Fields {
	return gql.Merge(gql.Fields{
		"InfrahubAccountTokenCreate": createToken,
		"InfrahubAccountTokenDelete": deleteToken,
		"InfrahubAccountSelfUpdate":  updateSelf,
		"CoreAccountDelete":          deleteAccount,
	}, relationships())
}

// The kinds that this package names.
const (
	kindGenericAccount = "CoreGenericAccount"
	kindAccount        = "CoreAccount"
	kindToken          = "InternalAccountToken"
)

// profile answers AccountProfile: the account as it is now, whatever time the
// query asks for.
func profile(_ context.Context, c *gql.Call, _ exec.Field) (any, error) {
	if c.Caller.Anonymous() {
		return nil, fault.NoNode("anonymous", kindGenericAccount)
	}
	g, err := c.Base.Read(c.Branch, time.Time{})
	if err != nil {
		return nil, err
	}
	account := g.Node(c.Caller.ID)
	if account == nil || !account.Is(kindGenericAccount) {
		return nil, fault.NoNode(c.Caller.ID, kindGenericAccount)
	}
	return account, nil
}

// permissions answers InfrahubPermissions. As in Infrahub 1.11 the mandatory
// field name of global permissions is missing: to ask for it is an error.
func permissions(_ context.Context, c *gql.Call, _ exec.Field) (any, error) {
	granted := c.Caller.Permissions()
	global := make([]map[string]any, len(granted.Global))
	for i, p := range granted.Global {
		global[i] = permission(p.ID, p.String(), p.Action, p.Decision)
	}
	object := make([]map[string]any, len(granted.Object))
	for i, p := range granted.Object {
		object[i] = permission(p.ID, p.String(), p.Action, p.Decision)
		object[i]["namespace"], object[i]["name"] = p.Namespace, p.Name
	}
	return map[string]any{"global_permissions": connection(global), "object_permissions": connection(object)}, nil
}

func permission(id, identifier, action string, decision access.Decision) map[string]any {
	return map[string]any{
		"id": id, "display_label": identifier, "description": "", "identifier": identifier,
		"action": action, "decision": strconv.Itoa(int(decision)),
	}
}

// connection is a list with its count, as GraphQL has it.
func connection(list []map[string]any) map[string]any {
	edges := make([]map[string]any, len(list))
	for i, n := range list {
		edges[i] = map[string]any{"node": n}
	}
	return map[string]any{"count": len(list), "edges": edges}
}

// own returns the account of a caller who has logged in, from a graph. The error
// for others is PERMISSION_DENIED.
func own(g *nodes.Graph, c *access.Caller) (*nodes.Node, error) {
	if c.Session == "" {
		return nil, fault.Denied("This operation requires authentication with a JWT token")
	}
	account := g.Node(c.ID)
	if account == nil || !account.Is(kindAccount) {
		return nil, fault.NoNode(c.ID, kindAccount)
	}
	return account, nil
}

// write runs a transaction on the default branch: accounts and their tokens are
// the same on all branches, and one that can only be read must not be in the way.
func write(c *gql.Call, do func(*nodes.Writer) error) error {
	return c.Base.Write(c.Base.Store.Branches()[0].Name, c.Caller.ID, do)
}

// updateSelf answers InfrahubAccountSelfUpdate(data: {password, description}).
// As in Infrahub an empty text changes nothing.
func updateSelf(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	given, _ := f.Arguments["data"].(map[string]any)
	err := write(c, func(w *nodes.Writer) error {
		account, err := own(w.Graph, c.Caller)
		if err != nil {
			return err
		}
		data := map[string]any{"id": account.ID}
		for _, name := range []string{"password", "description"} {
			if value, _ := given[name].(string); value != "" {
				data[name] = map[string]any{"value": value}
			}
		}
		_, err = w.Update(account.Schema, data)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true}, nil
}

// deleteAccount refuses that callers delete their own account.
func deleteAccount(ctx context.Context, c *gql.Call, f exec.Field) (any, error) {
	g, err := c.Graph()
	if err != nil {
		return nil, err
	}
	data, _ := f.Arguments["data"].(map[string]any)
	if data["id"] == c.Caller.ID {
		return nil, fault.Invalid("Cannot delete your own account")
	}
	return gql.Mutate("Delete", g.Model.Kind(kindAccount))(ctx, c, f)
}

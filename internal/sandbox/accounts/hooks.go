package accounts

import (
	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// KindPermissions tells what a caller may do with nodes of some kinds on a
// branch: the value of the type PaginatedObjectPermission.
func KindPermissions(c *access.Caller, branch store.Branch, kinds ...*model.Kind) map[string]any {
	list := make([]map[string]any, len(kinds))
	for i, k := range kinds {
		list[i] = map[string]any{"kind": k.Name}
		for _, action := range []string{access.ActionView, access.ActionCreate, access.ActionUpdate, access.ActionDelete} {
			list[i][action] = c.Decide(branch, k, action)
		}
	}
	return connection(list)
}

// Permissions gives the value of `permissions` beside a list of a kind: that of
// the kind, and of those that implement it.
func Permissions(c *gql.Call, k *model.Kind) (any, error) {
	branch, err := c.Base.Store.Branch(c.Branch)
	if err != nil {
		return nil, err
	}
	kinds := []*model.Kind{k}
	if k.Class == model.Generic {
		m, err := c.Base.Model(c.Branch)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, m.Concrete(k)...)
	}
	return KindPermissions(c.Caller, branch, kinds...), nil
}

// MayUpdate gives the value of `update_value` of the permissions of attributes
// of a kind.
func MayUpdate(c *gql.Call, k *model.Kind) (any, error) {
	branch, err := c.Base.Store.Branch(c.Branch)
	if err != nil {
		return nil, err
	}
	return c.Caller.Decide(branch, k, access.ActionUpdate), nil
}

// Override returns an error unless the caller may write in the name of another
// account, by its id (context: {account: {id}} of mutations).
func Override(c *gql.Call, account string) error {
	if account == c.Caller.ID {
		return nil
	}
	if err := c.Caller.NeedGlobal(access.OverrideContext, c.Branch); err != nil {
		return err
	}
	g, err := c.Graph()
	if err != nil {
		return err
	}
	if n := g.Node(account); n == nil || !n.Is(kindGenericAccount) {
		return fault.Invalid("Unable to set context for account that doesn't exist")
	}
	return nil
}

// Package access says who calls an Infrahub in memory, and what they may do.
//
// A Gate turns the credentials of a request into a Caller, logs users in and
// out, and is asked before a GraphQL operation is executed (Permit). A Caller
// answers further questions about its rights while a request is under way.
//
// Rights come, as in Infrahub, from the groups that an account is in, their
// roles, and the permissions of these.
package access

import (
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// Caller is who sent a request. Its rights are those at the time it was made:
// make one for every request.
type Caller struct {
	// ID is the id of the account, empty for an anonymous caller.
	ID string
	// Name is the name of the account, empty for an anonymous caller, and for one
	// whose account is gone while its access token is still good.
	Name string
	// Session is the id of the session of a caller with an access token. It is
	// empty for one with an API token, and for an anonymous one.
	Session string

	permissions func() *Permissions
}

// Root returns a caller of an account that may do everything, without a look at
// the permissions of the account: for what the sandbox does itself.
func Root(id, name string) *Caller {
	everything := &Permissions{Global: []GlobalPermission{{Action: SuperAdmin, Decision: AllowAll}}}
	return &Caller{ID: id, Name: name, permissions: func() *Permissions { return everything }}
}

// Anonymous tells whether the request came without a credential.
func (c *Caller) Anonymous() bool { return c.ID == "" }

// Permissions returns what the caller was granted.
func (c *Caller) Permissions() *Permissions {
	if c.permissions == nil {
		return &Permissions{}
	}
	return c.permissions()
}

// MayGlobal tells whether the caller has a global permission, such as
// MergeProposedChange.
func (c *Caller) MayGlobal(action string) bool { return c.Permissions().MayGlobal(action) }

// NeedGlobal returns an error unless the caller has a global permission: a
// *fault.Error, PERMISSION_DENIED in the words of Infrahub. Of the branch only
// some of the sentences speak.
func (c *Caller) NeedGlobal(action, branch string) error {
	p := c.Permissions()
	return p.need(p.global(action, branch))
}

// MayObject tells whether the caller may do something (ActionView,
// ActionCreate, …) with nodes of a kind on a branch.
func (c *Caller) MayObject(k *model.Kind, action, branch string) bool {
	p := c.Permissions()
	return p.has(p.object(k, action, branch))
}

// NeedObject is MayObject as an error; see NeedGlobal.
func (c *Caller) NeedObject(k *model.Kind, action, branch string) error {
	p := c.Permissions()
	return p.need(p.object(k, action, branch))
}

// NeedObjects returns an error unless the caller may do all of several things
// with nodes of a kind on a branch; see NeedGlobal.
func (c *Caller) NeedObjects(k *model.Kind, branch string, actions ...string) error {
	p := c.Permissions()
	all := make([]permission, len(actions))
	for i, action := range actions {
		all[i] = p.object(k, action, branch)
	}
	return p.needAll(all)
}

// NeedUpdates returns an error unless the caller may change nodes of all the
// given kinds on a branch, as RelationshipAdd and RelationshipRemove ask for:
// accounts, permissions and repositories by their global permission, others by
// ActionUpdate. See NeedGlobal.
func (c *Caller) NeedUpdates(branch string, kinds ...*model.Kind) error {
	p := c.Permissions()
	return p.needAll(p.updates(branch, kinds))
}

// Decide tells what the caller may do with nodes of a kind, as seen from a
// branch: ALLOW, DENY, or ALLOW_DEFAULT and ALLOW_OTHER for what is allowed on
// the default branch alone and on all others.
func (c *Caller) Decide(branch store.Branch, k *model.Kind, action string) string {
	return c.Permissions().decide(branch, k, action)
}

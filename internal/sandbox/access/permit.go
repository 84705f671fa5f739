package access

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/sandbox/model"
)

// Permit returns an error unless a caller may have an operation executed on a
// branch under a model. Infrahub asks for rights before the execution, of the
// whole operation at once; only few mutations ask again for what this leaves
// open. So it lets CoreProposedChangeMerge pass on every branch but the default
// one: that is a hole in Infrahub 1.11, and clients have to know.
//
// The errors are *fault.Error: 401 for anonymous callers who may not, 403 for
// others, and SCHEMA_NOT_FOUND for an inline fragment on a type that is no kind,
// which Infrahub cannot read here.
func (g *Gate) Permit(
	c *Caller, branch string, m *model.Model, operation *ast.OperationDefinition, fragments ast.FragmentDefinitionList,
) error {
	u, err := usageOf(m, operation, fragments)
	if err != nil {
		return err
	}
	if c.Anonymous() && (!g.allowAnonymous || u.mutation || slices.ContainsFunc(u.fields, personal)) {
		return unauthenticated("Authentication is required to perform this operation")
	}
	p := c.Permissions()
	if p.Super() {
		return nil
	}
	exempt := !slices.ContainsFunc(u.fields, func(field string) bool { return !anyoneOnDefault(field) })
	if u.mutation && branch == g.defaultBranch && !exempt {
		if err := p.need(p.global(EditDefaultBranch, branch)); err != nil {
			return err
		}
	}
	// These two take their own permission and no other.
	if slices.Contains(u.fields, "BranchMerge") {
		return p.need(p.global(MergeBranch, branch))
	}
	if slices.Contains(u.fields, "BranchRebase") {
		return p.need(p.global(RebaseBranch, branch))
	}
	for _, managing := range u.managing() {
		if err := p.need(p.global(managing, branch)); err != nil {
			return err
		}
	}
	return p.needAll(u.needed(p, branch))
}

// personal tells whether a query is about the caller itself.
func personal(field string) bool {
	switch field {
	case "InfrahubAccountToken", "InfrahubEffectivePreferences", "InfrahubUserPreferences", "InfrahubGlobalPreferences":
		return true
	}
	return false
}

// anyoneOnDefault tells whether a mutation takes no right to change the default
// branch when it is sent there.
func anyoneOnDefault(field string) bool {
	switch field {
	case "BranchCreate", "BranchDelete", "BranchRebase", "DiffUpdate",
		"InfrahubAccountSelfUpdate", "InfrahubAccountTokenCreate", "InfrahubAccountTokenDelete", "InfrahubSetPreferences":
		return true
	}
	return false
}

// managing returns the global permissions that the use of some kinds takes, in
// the order in which Infrahub asks for them.
func (u *usage) managing() []string {
	var needed []string
	uses := func(is func(*use) bool) bool { return slices.ContainsFunc(u.kinds, is) }
	if u.mutation && uses(func(k *use) bool { return ofAccounts(k.kind) }) {
		needed = append(needed, ManageAccounts)
	}
	if u.mutation && uses(func(k *use) bool { return is(k.kind, kindGenericRepository) }) {
		needed = append(needed, ManageRepositories)
	}
	if uses(func(k *use) bool { return k.readsPermissions() || k.addressed && ofPermissions(k.kind) }) {
		needed = append(needed, ManagePermissions)
	}
	return needed
}

// ofAccounts tells whether a kind is one of accounts, their groups or roles.
func ofAccounts(k *model.Kind) bool {
	return k.Name == kindAccountGroup || k.Name == kindAccountRole || is(k, kindGenericAccount)
}

// ofPermissions tells whether changing nodes of a kind changes permissions.
func ofPermissions(k *model.Kind) bool {
	return k.Name == kindAccountRole || slices.Contains(k.InheritFrom, kindBasePermission)
}

func is(k *model.Kind, kind string) bool {
	return k.Name == kind || slices.Contains(k.InheritFrom, kind)
}

// needed returns the object permissions that an operation takes: first those to
// view, then those to change.
func (u *usage) needed(p *Permissions, branch string) []permission {
	var needed []permission
	for _, k := range u.kinds {
		if k.reads {
			needed = append(needed, p.object(k.kind, ActionView, branch))
		}
	}
	if !u.mutation {
		return needed
	}
	for _, k := range u.kinds {
		for _, action := range k.changes() {
			needed = append(needed, p.object(k.kind, action, branch))
		}
	}
	return needed
}

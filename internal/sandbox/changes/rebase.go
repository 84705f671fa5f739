package changes

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

// rebaseBranch answers BranchRebase. A rebase keeps what the branch has, so it
// goes past conflicts about values that are settled in favor of the branch, and
// past no others.
func (o operations) rebaseBranch(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	name := text(input(f), "name")
	b, err := branchOf(c, name)
	if err != nil {
		return nil, err
	}
	switch {
	case b.Status == store.StatusMerged:
		return nil, fault.Invalid("Branch '%s' has been merged and is read-only. Rebase is not allowed.", name)
	case b.Status == store.StatusMerging:
		return nil, fault.Invalid("Branch '%s' is currently being merged. Rebase is not allowed.", name)
	case b.IsDefault:
		// Infrahub 1.11 does it, and with that hides the data of the default
		// branch from every older branch and every earlier time.
		return nil, fault.Invalid("The sandbox does not rebase the default branch '%s'", name)
	}
	task, err := o.run(branchTask(c, "Rebase branch "+name, "branch-rebase", name), waits(f), func() error { return rebase(c, b) })
	if err != nil {
		return nil, err
	}
	if b, err = branchOf(c, name); err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "object": branchFields(b, defaultBranch(c)), "task": task}, nil
}

func rebase(c *gql.Call, b store.Branch) error {
	if slices.ContainsFunc(c.Base.Store.Branches(), func(other store.Branch) bool {
		return other.Status == store.StatusMerging || other.Status == store.StatusMergeFailed
	}) {
		return fault.Invalid("Cannot rebase a branch while a merge is in progress.")
	}
	if err := keepDiff(c, b, keptDiff{}); err != nil {
		return err
	}
	x, err := compare(c, b, keptDiff{})
	if err != nil {
		return err
	}
	settled := map[store.Place]store.Resolution{}
	var toResolve, toUpdate []string
	for _, conflict := range x.diff.Conflicts {
		path := x.path(conflict)
		switch {
		case conflict.Attribute == "" || conflict.Default.Action == store.Removed:
			toUpdate = append(toUpdate, path)
		case x.choices[conflictID(b, conflict.Place)] == diffBranch:
			settled[conflict.Place] = store.KeepBranch
		default:
			toResolve = append(toResolve, path)
		}
	}
	if len(toResolve)+len(toUpdate) > 0 {
		return notRebasable(b.Name, toResolve, toUpdate)
	}
	if violations := x.violations(); len(violations) > 0 {
		return violated(violations)
	}
	schema, err := mergedSchema(c, b, defaultBranch(c))
	if err != nil {
		return err
	}
	_, err = c.Base.Store.Rebase(b.Name, store.MergeOptions{Cardinalities: cardinalities(x.after.Model, x.base.Model), Resolutions: settled})
	if err != nil {
		return err
	}
	if err := rebaseSchema(c, b, schema); err != nil {
		return err
	}
	if b.Status == store.StatusNeedRebase || b.Status == store.StatusNeedUpgradeRebase {
		open := store.StatusOpen
		if _, err := c.Base.Store.EditBranch(b.Name, store.BranchEdit{Status: &open}); err != nil {
			return err
		}
	}
	return keepDiff(c, b, keptDiff{})
}

func notRebasable(branch string, toResolve, toUpdate []string) error {
	message := "Branch " + branch + " contains conflicts with the default branch that must be addressed before rebasing."
	slices.Sort(toResolve)
	slices.Sort(toUpdate)
	if len(toResolve) > 0 {
		message += " Resolve these conflicts in favor of the branch, in a proposed change or with the ResolveDiffConflict mutation," +
			" or update the data so that both branches agree: " + strings.Join(toResolve, ", ") + "."
	}
	if len(toUpdate) > 0 {
		message += " Update the data so that both branches agree on these conflicts: " + strings.Join(toUpdate, ", ") + "."
	}
	return fault.New(http.StatusUnprocessableEntity, "%s", message)
}

package changes

import (
	"context"
	"errors"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

// mergeBranch answers BranchMerge. It refuses a branch that has conflicts, even
// settled ones: only proposed changes heed how they are settled.
func (o operations) mergeBranch(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	name := text(input(f), "name")
	b, err := branchOf(c, name)
	if err != nil {
		return nil, err
	}
	switch b.Status {
	case store.StatusNeedUpgradeRebase:
		return nil, fault.Invalid("Cannot merge branch '%s' with status '%s'", name, b.Status)
	case store.StatusMerged:
		return nil, fault.Invalid("Branch '%s' has already been merged", name)
	case store.StatusMerging:
		return nil, fault.Invalid("Branch '%s' is currently being merged", name)
	}
	t := branchTask(c, "Merge branch graphQL mutation", "merge-branch-mutation", name)
	task, err := o.run(t, waits(f), func() error {
		if b.IsDefault {
			return fault.Invalid("Unable to merge the branch '%s' into itself", name)
		}
		if err := keepDiff(c, b, keptDiff{}); err != nil {
			return err
		}
		x, err := compare(c, b, keptDiff{})
		if err != nil {
			return err
		}
		if violations := x.violations(); len(x.diff.Conflicts) == 0 && len(violations) > 0 {
			return violated(violations)
		}
		err = o.merge(c, b, nil)
		if conflict := (*store.ConflictError)(nil); errors.As(err, &conflict) {
			return fault.Invalid("Branch %s contains conflicts with the default branch."+
				" Please create a Proposed Change to resolve the conflicts or manually update them before merging.", name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if b, err = branchOf(c, name); err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "object": branchFields(b, defaultBranch(c)), "task": task}, nil
}

// merge brings the data and the schema of a branch into the default branch. With
// that goes what was kept of its diff and proposed of it, and the diffs of other
// branches are made anew.
func (o operations) merge(c *gql.Call, b store.Branch, settled map[store.Place]store.Resolution) error {
	main := defaultBranch(c)
	ours, err := c.Base.Model(b.Name)
	if err != nil {
		return err
	}
	theirs, err := c.Base.Model(main.Name)
	if err != nil {
		return err
	}
	schema, err := mergedSchema(c, b, main)
	if err != nil {
		return err
	}
	_, err = c.Base.Store.Merge(b.Name, store.MergeOptions{Cardinalities: cardinalities(ours, theirs), Resolutions: settled})
	if errors.Is(err, store.ErrMerged) {
		return fault.Invalid("Branch '%s' has already been merged", b.Name)
	}
	if err != nil {
		return err
	}
	if _, err := c.Base.Store.EditBranch(main.Name, store.BranchEdit{SchemaHash: &schema}); err != nil {
		return err
	}
	o.record(branchTask(c, "Merge branch "+b.Name+" into "+main.Name, "branch-merge", b.Name))
	err = editRecord(c, b, func(r *record) {
		r.Diffs = slices.DeleteFunc(r.Diffs, func(d keptDiff) bool { return d.Name == "" })
	})
	if err != nil {
		return err
	}
	if err := cancelProposals(c, b.Name); err != nil {
		return err
	}
	return o.refreshDiffs(c)
}

// refreshDiffs has the diffs of all branches reach until now.
func (o operations) refreshDiffs(c *gql.Call) error {
	for _, b := range c.Base.Store.Branches() {
		kept := diffsOf(c, b).latest(func(d keptDiff) bool { return d.Name == "" })
		if kept == nil || b.Status != store.StatusOpen {
			continue
		}
		if err := keepDiff(c, b, keptDiff{}); err != nil {
			return err
		}
		o.record(branchTask(c, "Update diff for branch "+b.Name, "diff-update", b.Name))
	}
	return nil
}

// violated says what would not be unique any more.
func violated(violations []failure) error {
	messages := make([]string, len(violations))
	for i, v := range violations {
		messages[i] = v.label
	}
	return fault.Invalid("%s", strings.Join(messages, ",\n"))
}

package changes

import (
	"context"
	"errors"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

// globalBranch is the name of the branch that Infrahub keeps agnostic data on.
const globalBranch = "-global-"

// createBranch answers BranchCreate. That the name is free is checked at once,
// that it is good only in the workflow, as in Infrahub.
func (o operations) createBranch(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	data, name := input(f), text(input(f), "name")
	main := defaultBranch(c)
	if origin, ok := data["origin_branch"].(string); ok && origin != main.Name {
		return nil, fault.Invalid("origin_branch must be '%s'", main.Name)
	}
	if data["branched_from"] != nil {
		return nil, fault.Invalid("branched_from input is deprecated and cannot be set, it will be the create time of the branch.")
	}
	exists := fault.Invalid("The branch %s already exists", name)
	if _, err := branchOf(c, name); err == nil || name == globalBranch {
		return nil, exists
	}
	wait := truth(f.Arguments, "wait_until_completion", true) && !truth(f.Arguments, "background_execution", false)
	var created store.Branch
	task, err := o.run(branchTask(c, "Create branch "+name, "create-branch", name), wait, func() error {
		err := checkBranchName(name)
		if err != nil {
			return err
		}
		created, err = c.Base.Store.CreateBranch(store.NewBranch{
			Name: name, Description: text(data, "description"), CreatedBy: c.Caller.ID, SyncWithGit: truth(data, "sync_with_git", true),
		})
		if errors.Is(err, store.ErrBranchExists) {
			return exists
		}
		if err != nil {
			return err
		}
		return keepSchema(c, created, created)
	})
	if err != nil {
		return nil, err
	}
	if !wait {
		return map[string]any{"ok": true, "task": task}, nil
	}
	return map[string]any{"ok": true, "object": branchFields(created, main), "task": nil}, nil
}

// deleteBranch answers BranchDelete. Whoever made a branch may delete it.
func (o operations) deleteBranch(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	name := text(input(f), "name")
	b, err := branchOf(c, name)
	if err != nil {
		return nil, err
	}
	if b.Status == store.StatusMergeFailed || b.Status == store.StatusMerging {
		return nil, unmerging(b, []store.Branch{b})
	}
	if b.CreatedBy != c.Caller.ID {
		if err := c.Caller.NeedGlobal(access.DeleteBranch, c.Branch); err != nil {
			return nil, err
		}
	}
	task, err := o.run(branchTask(c, "Delete branch "+name, "branch-delete", name), waits(f), func() error {
		err := c.Base.Store.DeleteBranch(name)
		switch {
		case errors.Is(err, store.ErrDefaultBranch):
			return fault.Invalid("Unable to delete %s it is the default branch.", name)
		case errors.Is(err, store.ErrNoBranch):
			return fault.NoBranch(name)
		case err != nil:
			return err
		}
		return cancelProposals(c, name)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "task": task}, nil
}

// updateBranch answers BranchUpdate, which works on merged branches too.
func updateBranch(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	data := input(f)
	b, err := branchOf(c, text(data, "name"))
	if err != nil {
		return nil, err
	}
	if description, ok := data["description"].(string); ok {
		if _, err := c.Base.Store.EditBranch(b.Name, store.BranchEdit{Description: &description}); err != nil {
			return nil, err
		}
	}
	return done(), nil
}

// validateBranch answers BranchValidate, which fails for a branch whose diff has
// conflicts.
func (o operations) validateBranch(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	b, err := branchOf(c, text(input(f), "name"))
	if err != nil {
		return nil, err
	}
	t := branchTask(c, "Validate branch "+b.Name+" for conflicts", "branch-validate", b.Name)
	task, err := o.run(t, waits(f), func() error {
		kept := diffsOf(c, b).latest(func(d keptDiff) bool { return d.Name == "" })
		if kept == nil {
			return nil
		}
		compared, err := compare(c, b, *kept)
		if err != nil {
			return err
		}
		if len(compared.diff.Conflicts) > 0 {
			return fault.New(500, "branch has some conflicts")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "object": branchFields(b, defaultBranch(c)), "task": task}, nil
}

// branchTask describes a workflow on a branch.
func branchTask(c *gql.Call, title, workflow, branch string) Task {
	return Task{Title: title, Workflow: workflow, Branch: branch, Account: c.Caller.ID}
}

// waits tells whether the caller waits for the end of a workflow, which is the
// default of all but DiffUpdate.
func waits(f exec.Field) bool { return truth(f.Arguments, "wait_until_completion", true) }

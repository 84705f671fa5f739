package sandbox

import (
	"context"
	"errors"
	"fmt"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/activity"
	"infrahub-mcp/internal/sandbox/changes"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/front"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// recorder makes tasks of what Infrahub does in the background, and events of
// what became of branches.
func recorder(base *nodes.Base, log *activity.Log) changes.Recorder {
	return func(t changes.Task) string {
		if t.Err == nil {
			announce(base, log, t)
		}
		task := activity.Task{Title: t.Title, Workflow: t.Workflow, Branch: t.Branch}
		for _, n := range t.Related {
			task.Related = append(task.Related, activity.Node{ID: n.ID, Kind: n.Kind})
		}
		if t.Err != nil {
			task.State = activity.Failed
			task.Lines = []activity.Line{{Message: t.Err.Error(), Severity: "error"}}
		}
		return log.Task(task)
	}
}

// announce makes an event of a branch that was made, merged, rebased or deleted.
func announce(base *nodes.Base, log *activity.Log, t changes.Task) {
	branch, err := base.Store.Branch(t.Branch)
	if err != nil {
		branch = store.Branch{Name: t.Branch} // it is gone
	}
	switch t.Workflow {
	case "create-branch":
		log.BranchCreated(branch, t.Account)
	case "branch-delete":
		log.BranchDeleted(branch, t.Account)
	case "branch-rebase":
		log.BranchRebased(branch, t.Account)
	case "branch-merge":
		log.BranchMerged(branch, t.Account, nil)
	}
}

// loggedIn makes an event of a login.
func loggedIn(log *activity.Log, login *access.Login) {
	account := login.Account
	event := activity.Login{
		Account: activity.Node{ID: account.ID, Kind: account.Kind}, Name: account.Text("name"),
		Type: account.Text("account_type"), Session: login.Session,
	}
	for _, group := range account.Related("member_of_groups") {
		event.Groups = append(event.Groups, group.Text("name"))
		event.Related = append(event.Related, activity.Node{ID: group.ID, Kind: group.Kind})
		for _, role := range group.Related("roles") {
			event.Roles = append(event.Roles, role.Text("name"))
			event.Related = append(event.Related, activity.Node{ID: role.ID, Kind: role.Kind})
		}
	}
	log.LoggedIn(event)
}

// act merges or deletes a branch as an administrator, behind the back of the
// client whose request is being answered.
func act(ctx context.Context, graphql *gql.Server, base *nodes.Base, action front.Action, branch string) error {
	mutation := map[front.Action]string{front.MergeBranch: "BranchMerge", front.DeleteBranch: "BranchDelete"}[action]
	call := &gql.Call{Base: base, Branch: defaultBranch, Caller: access.Root(nodes.SystemAccount, "sandbox")}
	response, err := graphql.Execute(ctx, call, exec.Request{
		Query:     fmt.Sprintf("mutation($branch: String!) { %s(data: {name: $branch}) { ok } }", mutation),
		Variables: map[string]any{"branch": branch},
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range response.Errors {
		failed = append(failed, e)
	}
	return errors.Join(failed...)
}

// Package changes answers the GraphQL fields of branches, diffs and proposed
// changes (Infrahub GraphQL: Branch…, Diff…, CoreProposedChange…).
//
// What Infrahub runs as workflows in the background (creating, merging and
// rebasing a branch, comparing it, checking a proposed change) is done here at
// once, and leaves the record of a finished task.
package changes

import (
	"errors"
	"net/http"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// Recorder records what would be a workflow, and returns the id of its task.
type Recorder func(Task) (id string)

// Task is a workflow that has ended.
type Task struct {
	Title, Workflow string
	// Branch is the branch that it was about.
	Branch string
	// Related are the nodes that it was about.
	Related []*nodes.Node
	// Account is the id of the account that started it.
	Account string
	// Err says why it failed, if it did.
	Err error
}

// Queries are the fields of the type Query.
func Queries() gql.Fields {
	return gql.Fields{
		"Branch":                             listBranches,
		"InfrahubBranch":                     pageBranches,
		"DiffTree":                           diffTree,
		"DiffTreeSummary":                    diffSummary,
		"CoreProposedChangeAvailableActions": availableActions,
	}
}

// Mutations are the fields of the type Mutation.
func Mutations(record Recorder) gql.Fields {
	o := operations{record}
	return gql.Fields{
		"BranchCreate":                             o.createBranch,
		"BranchDelete":                             o.deleteBranch,
		"BranchRebase":                             o.rebaseBranch,
		"BranchMerge":                              o.mergeBranch,
		"BranchUpdate":                             updateBranch,
		"BranchValidate":                           o.validateBranch,
		"DiffUpdate":                               o.updateDiff,
		"ResolveDiffConflict":                      resolveConflict,
		"CoreProposedChangeCreate":                 o.createProposal,
		"CoreProposedChangeUpdate":                 o.updateProposal,
		"CoreProposedChangeUpsert":                 o.upsertProposal,
		"CoreProposedChangeMerge":                  o.mergeProposal,
		"CoreProposedChangeReview":                 reviewProposal,
		"CoreProposedChangeRunCheck":               o.runCheck,
		"CoreProposedChangeCheckForApprovalRevoke": revokeApprovals,
	}
}

// operations are the mutations that are workflows in Infrahub.
type operations struct {
	record Recorder
}

// run does what Infrahub does in a workflow. When the caller does not wait for
// it, its error ends the task alone and the id of the task is returned.
func (o operations) run(t Task, wait bool, work func() error) (task any, err error) {
	t.Err = work()
	id := o.record(t)
	if wait {
		return nil, t.Err
	}
	return map[string]any{"id": id}, nil
}

// input returns the argument data of a mutation.
func input(f exec.Field) map[string]any {
	data, _ := f.Arguments["data"].(map[string]any)
	return data
}

// text returns a text of an input, "" where there is none.
func text(data map[string]any, name string) string {
	value, _ := data[name].(string)
	return value
}

// truth returns a boolean argument, or what it is when it is not given.
func truth(data map[string]any, name string, otherwise bool) bool {
	if value, ok := data[name].(bool); ok {
		return value
	}
	return otherwise
}

// texts returns the texts of a list.
func texts(list any) []string {
	items, _ := list.([]any)
	var texts []string
	for _, item := range items {
		if t, ok := item.(string); ok {
			texts = append(texts, t)
		}
	}
	return texts
}

// moment reads an argument of the type DateTime, which the executor has let
// pass; the zero time when it is not given. Without a zone UTC is meant.
func moment(data map[string]any, name string) (time.Time, error) {
	value, ok := data[name].(string)
	if !ok {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", time.DateOnly} {
		if at, err := time.Parse(layout, value); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fault.New(http.StatusInternalServerError, "DateTime cannot represent value: '%s'", value)
}

// branchOf finds a branch by its name.
func branchOf(c *gql.Call, name string) (store.Branch, error) {
	b, err := c.Base.Store.Branch(name)
	if errors.Is(err, store.ErrNoBranch) {
		return store.Branch{}, fault.NoBranch(name)
	}
	return b, err
}

// defaultBranch returns the default branch.
func defaultBranch(c *gql.Call) store.Branch { return c.Base.Store.Default() }

// done is the answer of mutations that tell nothing.
func done() map[string]any { return map[string]any{"ok": true} }

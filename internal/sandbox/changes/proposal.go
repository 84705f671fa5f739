package changes

import (
	"context"
	"net/http"
	"slices"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// proposalKind is the kind of proposed changes. They are outside branches.
const proposalKind = "CoreProposedChange"

// The states of a proposed change.
const (
	stateOpen     = "open"
	stateMerging  = "merging"
	stateMerged   = "merged"
	stateClosed   = "closed"
	stateCanceled = "canceled"
)

// createProposal answers CoreProposedChangeCreate. The checks of the proposed
// change are made at once.
func (o operations) createProposal(ctx context.Context, c *gql.Call, f exec.Field) (any, error) {
	data := input(f)
	if state := valueOf(data, "state"); state != "" && state != stateOpen {
		return nil, fault.Invalid("A proposed change has to be in the open state during creation")
	}
	source := valueOf(data, "source_branch")
	open, err := proposals(c, source, stateOpen)
	if err != nil {
		return nil, err
	}
	if len(open) > 0 {
		return nil, fault.Invalid("An open proposed change already exists for branch '%s'", source)
	}
	b, err := c.Base.Store.Branch(source)
	switch {
	case err != nil:
		return nil, fault.Invalid("The specified source branch for this proposed change was not found")
	case b.Status == store.StatusMerged:
		return nil, fault.Invalid("Cannot create proposed change: branch '%s' has been merged", source)
	case b.Status == store.StatusMerging:
		return nil, fault.Invalid("Cannot create proposed change: branch '%s' is currently being merged", source)
	}
	if err := checkDestination(c, data); err != nil {
		return nil, err
	}
	answer, err := mutate(ctx, c, f, "Create")
	if err != nil {
		return nil, err
	}
	return answer, o.pipeline(c, gql.NodeOf(answer), b)
}

// checkDestination tells whether a change can be proposed for a branch. Infrahub
// looks only after it has found all else that is mandatory.
func checkDestination(c *gql.Call, data map[string]any) error {
	destination, main := valueOf(data, "destination_branch"), defaultBranch(c).Name
	switch {
	case destination == "" || valueOf(data, "name") == "":
		return nil
	case destination == valueOf(data, "source_branch"):
		return fault.Invalid("The source and destination branch can't be the same")
	case destination != main:
		return fault.Invalid("Currently only the '%s' branch is supported as a destination for a proposed change", main)
	}
	return nil
}

// updateProposal answers CoreProposedChangeUpdate. The state "merged" merges the
// branch.
func (o operations) updateProposal(ctx context.Context, c *gql.Call, f exec.Field) (any, error) {
	data := input(f)
	n, err := proposal(c, text(data, "id"))
	if err != nil {
		return nil, err
	}
	if state := n.Text("state"); state != stateOpen {
		return nil, fault.Invalid("A proposed change in the %s state is not allowed to be updated", state)
	}
	wanted := valueOf(data, "state")
	if wanted != "" && !slices.Contains([]string{stateOpen, stateMerged, stateMerging, stateClosed, stateCanceled}, wanted) {
		return nil, fault.New(http.StatusInternalServerError, "'%s' is not a valid ProposedChangeState", wanted)
	}
	if wanted != stateMerged {
		return mutate(ctx, onDefault(c), f, "Update")
	}
	if err := c.Caller.NeedGlobal(access.MergeProposedChange, c.Branch); err != nil {
		return nil, fault.Invalid("%s", err) // here it is no PERMISSION_DENIED
	}
	draft, _ := n.Value("is_draft").(bool)
	if given, ok := data["is_draft"].(map[string]any); ok {
		draft = truth(given, "value", draft)
	}
	if draft {
		return nil, fault.Invalid("A draft proposed change is not allowed to be merged")
	}
	data["state"] = map[string]any{"value": stateMerging}
	answer, err := mutate(ctx, onDefault(c), f, "Update")
	if err != nil {
		return nil, err
	}
	_, err = o.mergeProposed(c, gql.NodeOf(answer), true)
	return answer, err
}

// upsertProposal answers CoreProposedChangeUpsert: an update by id, else a new
// proposed change.
func (o operations) upsertProposal(ctx context.Context, c *gql.Call, f exec.Field) (any, error) {
	if text(input(f), "id") != "" {
		return o.updateProposal(ctx, c, f)
	}
	return o.createProposal(ctx, c, f)
}

// mergeProposal answers CoreProposedChangeMerge. It asks for no permission, as in
// Infrahub 1.11.
func (o operations) mergeProposal(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	n, err := proposal(c, text(input(f), "id"))
	if err != nil {
		return nil, err
	}
	if n.Text("state") != stateOpen {
		return nil, fault.Invalid("Only proposed change in OPEN state can be merged")
	}
	if err := setState(c, n.ID, stateMerging); err != nil {
		return nil, err
	}
	task, err := o.mergeProposed(c, n, waits(f))
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "task": task}, nil
}

// mergeProposed merges the branch of a proposed change in the state "merging",
// which is open again when that fails.
func (o operations) mergeProposed(c *gql.Call, n *nodes.Node, wait bool) (task any, err error) {
	t := branchTask(c, "Merge propose change: "+n.Text("name")+" ", "proposed-change-merge", n.Text("source_branch"))
	t.Related = []*nodes.Node{n}
	return o.run(t, wait, func() error {
		if err := o.mergeIfSettled(c, n.Text("source_branch")); err != nil {
			if failed := setState(c, n.ID, stateOpen); failed != nil {
				return failed
			}
			return err
		}
		return setState(c, n.ID, stateMerged)
	})
}

func (o operations) mergeIfSettled(c *gql.Call, branch string) error {
	b, err := branchOf(c, branch)
	if err != nil {
		return err
	}
	x, err := compare(c, b, keptDiff{})
	if err != nil {
		return err
	}
	if len(x.violations()) > 0 {
		return fault.New(http.StatusInternalServerError, "Unable to merge proposed change containing failing checks")
	}
	settled, all := x.settled()
	if !all {
		return fault.New(http.StatusInternalServerError, "Data conflicts found on branch and missing decisions about what branch to keep")
	}
	if err := keepDiff(c, b, keptDiff{}); err != nil {
		return err
	}
	return o.merge(c, b, settled)
}

// cancelProposals cancels what was proposed of a branch that was merged past it
// or deleted.
func cancelProposals(c *gql.Call, branch string) error {
	for _, state := range []string{stateOpen, stateClosed} {
		found, err := proposals(c, branch, state)
		if err != nil {
			return err
		}
		for _, n := range found {
			if err := setState(c, n.ID, stateCanceled); err != nil {
				return err
			}
		}
	}
	return nil
}

// proposals lists the proposed changes of a branch in a state.
func proposals(c *gql.Call, branch, state string) ([]*nodes.Node, error) {
	g, err := current(c)
	if err != nil {
		return nil, err
	}
	kind, err := g.Model.Lookup(proposalKind)
	if err != nil {
		return nil, err
	}
	found := g.Having(kind, "source_branch", branch)
	return slices.DeleteFunc(found, func(n *nodes.Node) bool { return n.Text("state") != state }), nil
}

// proposal finds a proposed change by its id.
func proposal(c *gql.Call, id string) (*nodes.Node, error) {
	g, err := current(c)
	if err != nil {
		return nil, err
	}
	if n := g.Node(id); n != nil && n.Kind == proposalKind {
		return n, nil
	}
	return nil, fault.NoNode(id, proposalKind)
}

// current is the default branch as it is now, which is where proposed changes
// are read and changed, whatever branch a request was sent to.
func current(c *gql.Call) (*nodes.Graph, error) { return onDefault(c).Graph() }

func onDefault(c *gql.Call) *gql.Call {
	other := *c
	other.Branch = defaultBranch(c).Name
	return &other
}

func setState(c *gql.Call, id, state string) error {
	return onDefault(c).Write(func(w *nodes.Writer) error {
		n := w.Node(id)
		if n == nil {
			return fault.NoNode(id, proposalKind)
		}
		return w.SetAttribute(n, "state", state)
	})
}

// mutate answers a mutation of proposed changes as of any kind.
func mutate(ctx context.Context, c *gql.Call, f exec.Field, verb string) (any, error) {
	m, err := c.Base.Model(c.Branch)
	if err != nil {
		return nil, err
	}
	kind, err := m.Lookup(proposalKind)
	if err != nil {
		return nil, err
	}
	return gql.Mutate(verb, kind)(ctx, c, f)
}

// valueOf returns the text that an input gives an attribute.
func valueOf(data map[string]any, attribute string) string {
	given, _ := data[attribute].(map[string]any)
	return text(given, "value")
}

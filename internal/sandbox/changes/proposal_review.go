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
)

// reviewProposal answers CoreProposedChangeReview: an account approves a proposed
// change of another one, rejects it, or takes that back.
func reviewProposal(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	if err := c.Caller.NeedGlobal(access.ReviewProposedChange, c.Branch); err != nil {
		return nil, err
	}
	n, err := proposal(c, text(input(f), "id"))
	if err != nil {
		return nil, err
	}
	if state := n.Text("state"); state != stateOpen {
		return nil, fault.Invalid("A proposed change in the %s state is not allowed to be reviewed", state)
	}
	if n.CreatedBy == c.Caller.ID {
		return nil, fault.Invalid("You cannot review your own proposed changes")
	}
	err = onDefault(c).Write(func(w *nodes.Writer) error {
		return decide(w, w.Node(n.ID), c.Caller.ID, text(input(f), "decision"))
	})
	if err != nil {
		return nil, err
	}
	return done(), nil
}

func decide(w *nodes.Writer, n *nodes.Node, account, decision string) error {
	approved, rejected := peerIDs(n, "approved_by"), peerIDs(n, "rejected_by")
	hasApproved, hasRejected := slices.Contains(approved, account), slices.Contains(rejected, account)
	without := func(ids []string) []string {
		return slices.DeleteFunc(ids, func(id string) bool { return id == account })
	}
	switch {
	case decision == "APPROVE" && hasApproved:
		return fault.Invalid("You have already approved this proposed change")
	case decision == "REJECT" && hasRejected:
		return fault.Invalid("You have already rejected this proposed change")
	case decision == "CANCEL_APPROVE" && !hasApproved:
		return fault.Invalid("You did not approve this proposed change yet, it can't be un-approved")
	case decision == "CANCEL_REJECT" && !hasRejected:
		return fault.Invalid("You did not reject this proposed change yet, it can't be un-rejected")
	case decision == "APPROVE":
		approved, rejected = append(approved, account), without(rejected)
	case decision == "REJECT":
		approved, rejected = without(approved), append(rejected, account)
	case decision == "CANCEL_APPROVE":
		approved = without(approved)
	case decision == "CANCEL_REJECT":
		rejected = without(rejected)
	}
	if err := w.SetPeers(n, "approved_by", approved...); err != nil {
		return err
	}
	return w.SetPeers(n, "rejected_by", rejected...)
}

func peerIDs(n *nodes.Node, relationship string) []string {
	var ids []string
	for _, peer := range n.Related(relationship) {
		ids = append(ids, peer.ID)
	}
	return ids
}

// availableActions answers CoreProposedChangeAvailableActions.
func availableActions(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	n, err := proposal(c, text(f.Arguments, "proposed_change_id"))
	if err != nil {
		return nil, err
	}
	draft, _ := n.Value("is_draft").(bool)
	state := func(wanted string) string {
		return unless(n.Text("state") == wanted, "The proposed change is not "+wanted)
	}
	author := func() string {
		return unless(n.CreatedBy == c.Caller.ID, "You are not the author of the proposed change")
	}
	may := func(permission string) string {
		return unless(c.Caller.MayGlobal(permission), "You do not have the permission to perform this action")
	}
	isDraft, isNoDraft := unless(draft, "The proposed change is not a draft"), unless(!draft, "The proposed change is a draft")
	review := []string{state(stateOpen), may(access.ReviewProposedChange)}
	actions := []struct {
		name    string
		reasons []string
	}{
		{"open", []string{state(stateClosed)}},
		{"close", []string{state(stateOpen)}},
		{"set-draft", []string{author(), state(stateOpen), isNoDraft}},
		{"unset-draft", []string{author(), state(stateOpen), isDraft}},
		{"approve", review},
		{"cancel-approve", review},
		{"reject", review},
		{"cancel-reject", review},
		{"merge", []string{state(stateOpen), isNoDraft, may(access.MergeProposedChange)}},
	}
	edges := make([]map[string]any, len(actions))
	for i, a := range actions {
		node := map[string]any{"action": a.name, "available": true}
		if failed := slices.IndexFunc(a.reasons, func(reason string) bool { return reason != "" }); failed >= 0 {
			node["available"], node["unavailability_reason"] = false, a.reasons[failed]
		}
		edges[i] = map[string]any{"node": node}
	}
	return map[string]any{"count": len(actions), "edges": edges}, nil
}

// unless returns why something is not possible, "" when it is.
func unless(possible bool, reason string) string {
	if possible {
		return ""
	}
	return reason
}

// revokeApprovals answers CoreProposedChangeCheckForApprovalRevoke, which only
// Infrahub Enterprise does.
func revokeApprovals(context.Context, *gql.Call, exec.Field) (any, error) {
	return nil, fault.New(http.StatusInternalServerError, "Revoking existing approvals based on branch changes is an enterprise feature.")
}

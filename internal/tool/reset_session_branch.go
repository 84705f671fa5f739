package tool

import (
	"context"

	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/call"
)

type resetSessionBranchInput struct {
	Branch string `json:"branch,omitempty" jsonschema:"Branch to switch to"`
}

type resetSessionBranchOutput struct {
	SessionBranch  *string `json:"session_branch" jsonschema:"null until the next write"`
	PreviousBranch *string `json:"previous_branch" jsonschema:"null for none"`
	Created        bool    `json:"created"`
	Action         string  `json:"action"`
	Note           string  `json:"note,omitempty"`
}

func resetSessionBranch() Tool {
	return Define(Tool{
		Name:  "reset_session_branch",
		Title: "Leave or switch the session branch",
		Description: "Leave the session branch, so that the next write starts a fresh one, or switch to the branch named. Nothing is deleted. " +
			"The default branch and branches that take no changes are refused.",
		Access:     Write,
		Idempotent: true,
		form:       JSON,
	}, runResetSessionBranch)
}

func runResetSessionBranch(ctx context.Context, c *call.Call, in resetSessionBranchInput) (*resetSessionBranchOutput, error) {
	action, previous, err := c.Branches.Reset(ctx, in.Branch)
	if err != nil {
		return nil, err
	}
	out := &resetSessionBranchOutput{Action: string(action), Created: action == "created"}
	if out.Created {
		sendBranch(c, branch.Outcome{Branch: in.Branch, Created: true})
	}
	if previous != "" {
		out.PreviousBranch = &previous
	}
	if c.SessionBranch = in.Branch; in.Branch != "" {
		out.SessionBranch = &in.Branch
	}
	if c.Branches.Sessionless() && in.Branch != "" {
		out.Note = "This connection has no session: pass branch " + in.Branch + " with every further call."
	}
	return out, nil
}

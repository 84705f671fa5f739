package tool

import (
	"context"
	"errors"
	"fmt"
	"net"

	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/problem"
)

// written says where a write went, in every answer of a tool that writes.
type written struct {
	Branch string `json:"branch" jsonschema:"Branch that was written to"`
	Note   string `json:"note,omitempty" jsonschema:"What to know about the branch"`
}

// onBranch runs a write on the branch asked for or the session branch, and
// notes where it went. See branch.Session.Write for what write must return.
func onBranch(ctx context.Context, c *call.Call, asked string, write func(ctx context.Context, branch string) error) (written, error) {
	outcome, err := c.Branches.Write(ctx, asked, write)
	c.SessionBranch = afterWrite(c, outcome)
	if uncertain(err) && outcome.Branch != "" {
		err = problem.New(fmt.Sprintf("Infrahub did not answer in time. The change may or may not have been applied on the branch %s.", outcome.Branch),
			"Read back what was to be written before you repeat it.")
	}
	return written{Branch: outcome.Branch, Note: outcome.Note()}, err
}

// uncertain tells whether a request may have been carried out although no answer
// came: unless no connection was made at all.
func uncertain(err error) bool {
	if connecting, ok := errors.AsType[*net.OpError](err); ok && connecting.Op == "dial" {
		return false
	}
	return errors.Is(err, infrahub.Timeout) || errors.Is(err, infrahub.Unreachable)
}

// afterWrite is the branch that the audit line of the call names.
func afterWrite(c *call.Call, o branch.Outcome) string {
	if o.Branch == "" {
		return c.SessionBranch
	}
	return o.Branch
}

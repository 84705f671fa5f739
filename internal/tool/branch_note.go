package tool

import (
	"context"
	"encoding/json"
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
	Branch string `json:"branch"`
	Note   string `json:"note,omitempty"`
}

// onBranch runs a write on the branch asked for or the session branch, and
// notes where it went. See branch.Session.Write for what write must return.
func onBranch(ctx context.Context, c *call.Call, asked string, write func(ctx context.Context, branch string) error) (written, error) {
	sent := false
	outcome, err := c.Branches.Write(ctx, asked, func(ctx context.Context, branch string) error {
		if err := ctx.Err(); err != nil {
			return err // nothing is sent for who waits no longer
		}
		sent = true
		ctx, done := c.Finish(ctx)
		defer done()
		return write(ctx, branch)
	})
	c.SessionBranch = afterWrite(c, outcome)
	sendBranch(c, outcome)
	if sent && uncertain(err) {
		err = problem.New(fmt.Sprintf("%s The change may or may not have been applied on the branch %s.", explained(err), outcome.Branch),
			"Read back what was to be written before you repeat it.")
	}
	where := written{Branch: outcome.Branch, Note: outcome.Note()}
	return where, noted(err, where)
}

// sendBranch tells the user of the client that a branch was made.
func sendBranch(c *call.Call, o branch.Outcome) {
	switch {
	case o.Branch == "": // none could be made
	case o.Replaced != "":
		c.Send(call.Message{
			Level: call.Warning, Text: fmt.Sprintf("The branch %s %s; writing goes on on %s.", o.Replaced, o.Reason, o.Branch),
			Details: map[string]any{"branch": o.Branch, "replaced": o.Replaced},
		})
	case o.Created:
		c.Send(call.Message{
			Level: call.Notice, Text: fmt.Sprintf("Changes go to the new branch %s.", o.Branch),
			Details: map[string]any{"branch": o.Branch},
		})
	}
}

// noted adds to a refusal what to know about the branch, which nobody would be
// told of otherwise.
func noted(err error, where written) error {
	if err == nil || where.Note == "" {
		return err
	}
	if text, ok := Explain(err); ok {
		return problem.New(text, where.Note)
	}
	return err
}

// unknownBranch is what to know of an answer that was read from the default branch
// because nobody can say whether the session has another one.
func (t *Tool) unknownBranch(c *call.Call, arguments json.RawMessage) string {
	if !c.BranchUnknown || t.Access != Read {
		return "" // a write says where it went
	}
	var given struct {
		Branch string `json:"branch"`
	}
	if json.Unmarshal(arguments, &given) == nil && given.Branch != "" {
		return ""
	}
	return "Session branches cannot be looked up at the moment, so this is of the default branch. Pass branch to read the branch that an earlier answer named."
}

// noSessionBranch refuses what needs a session branch.
func noSessionBranch(c *call.Call, sentence, advice string) error {
	if c.BranchUnknown {
		return problem.New("Session branches cannot be looked up at the moment.", "Pass the branch that an earlier answer named.")
	}
	return problem.New(sentence, advice)
}

const answered = 200 // HTTP status of a request that was carried out

// uncertain tells whether a request may have been carried out although no answer
// came: unless no connection was made at all.
func uncertain(err error) bool {
	if connecting, ok := errors.AsType[*net.OpError](err); ok && connecting.Op == "dial" {
		return false
	}
	if refused, ok := errors.AsType[*infrahub.Error](err); ok && refused.HTTPStatus == answered {
		return len(refused.Details) == 0 // an answer came, but cannot be read
	}
	return errors.Is(err, infrahub.Timeout) || errors.Is(err, infrahub.Unreachable) || errors.Is(err, infrahub.Canceled)
}

// afterWrite is the branch that the audit line of the call names.
func afterWrite(c *call.Call, o branch.Outcome) string {
	if o.Branch == "" {
		return c.SessionBranch
	}
	return o.Branch
}

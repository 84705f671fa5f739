package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/problem"
)

// Explain turns an error that a model or a person can act on into the text for
// them: what is wrong and what to do next. It reports false for every other
// error.
func Explain(err error) (string, bool) {
	if fault, ok := errors.AsType[*problem.Problem](err); ok {
		return fault.Error(), true
	}
	if protocolFault(err) {
		return "", false
	}
	if refused, ok := errors.AsType[*infrahub.Error](err); ok {
		return refused.Error() + advice(refused), true
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "The call took longer than its time limit. Ask for less: fewer nodes, fewer fields, a smaller depth.", true
	}
	return "", false
}

// missingBranch explains the error of a branch that does not exist: of the session
// branch that it is gone, of one that was asked for the closest names. Only then
// are the branches asked for.
func missingBranch(ctx context.Context, c *call.Call, arguments json.RawMessage, err error) error {
	var given struct {
		Branch string `json:"branch"`
	}
	if !errors.Is(err, infrahub.BranchNotFound) || len(arguments) > 0 && json.Unmarshal(arguments, &given) != nil {
		return err
	}
	if gone := c.SessionBranch; sessionBranchGone(ctx, c, arguments, err) {
		c.Send(call.Message{
			Level: call.Warning, Text: fmt.Sprintf("The session branch %s no longer exists; the next write starts a fresh one.", gone),
			Details: map[string]any{"lost": gone},
		})
		return problem.New(fmt.Sprintf("The session branch %s no longer exists.", gone),
			"Call again to read the default branch; the next write starts a fresh session branch.")
	}
	if given.Branch == "" {
		return err
	}
	answer, listing := operations.Branches(ctx, c.Client.Operations("", ""))
	if listing != nil {
		return err // the first error says enough
	}
	names := make([]string, len(answer.Branch))
	for i, branch := range answer.Branch {
		names[i] = branch.Name
	}
	return problem.Unknown("branch", given.Branch, names, "infrahub://branches lists them all; leave the branch out for the default one.")
}

// sessionBranchGone tells whether an error says that the session branch no longer
// exists, which is then noted.
func sessionBranchGone(ctx context.Context, c *call.Call, arguments json.RawMessage, err error) bool {
	var given struct {
		Branch string `json:"branch"`
	}
	if !errors.Is(err, infrahub.BranchNotFound) || len(arguments) > 0 && json.Unmarshal(arguments, &given) != nil || given.Branch != "" || c.SessionBranch == "" {
		return false
	}
	c.Branches.Lost(ctx, c.SessionBranch, "no longer exists")
	c.SessionBranch = ""
	return true
}

// protocolFault reports the errors that MCP clients get as JSON-RPC errors: a
// refused credential and an Infrahub that does not answer.
func protocolFault(err error) bool {
	return infrahub.Unauthorized(err) || infrahub.Unavailable(err)
}

// advice is the second sentence for a refusal by Infrahub.
func advice(e *infrahub.Error) string {
	switch e.Kind {
	case infrahub.BranchNotFound:
		return " Read infrahub://branches for the branches that exist, or leave the branch out."
	case infrahub.BranchClosed:
		return " Leave the branch out to write to a fresh session branch."
	case infrahub.BranchNeedsRebase:
		return " Only people rebase branches; reset_session_branch starts a fresh one."
	case infrahub.MergeInProgress:
		return " A merge is running and locks the branch. Nothing was written; try again in about 30 seconds."
	case infrahub.MergeRecoveryRequired:
		return " An earlier merge failed and an administrator of Infrahub has to repair it; nothing can be written until then."
	case infrahub.NodeNotFound:
		return " Find its id with search_nodes or get_nodes."
	case infrahub.KindNotFound:
		return " Call get_schema without arguments for all kinds."
	case infrahub.Forbidden:
		return " This account lacks the right to do that; ask the operator of Infrahub for it."
	case infrahub.QueryInvalid:
		return " Call get_schema with the kind for its attributes, relationships and filters."
	case infrahub.Overloaded:
		if e.RetryAfter > 0 {
			return fmt.Sprintf(" Try again in %s.", e.RetryAfter.Round(time.Second))
		}
		return " Try again in some seconds."
	case infrahub.ServerFault:
		if e.RetryAfter > 0 {
			return fmt.Sprintf(" This is a fault of Infrahub; try again in %s.", e.RetryAfter.Round(time.Second))
		}
		return " This is a fault of Infrahub; try again, and tell its operator if it stays."
	default:
		return ""
	}
}

package tool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"infrahub-mcp/internal/infrahub"
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
		return " This is a fault of Infrahub; try again, and tell its operator if it stays."
	default:
		return ""
	}
}

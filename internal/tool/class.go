package tool

import (
	"context"
	"errors"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/telemetry"
)

// ClassOf is the class of the error that a call ended with, as metrics and traces
// know it.
func ClassOf(err error) telemetry.Class {
	if refused, ok := errors.AsType[*infrahub.Error](err); ok {
		return classOfKind(refused.Kind)
	}
	if _, ok := errors.AsType[*problem.Problem](err); ok {
		return telemetry.ClassInvalid
	}
	if _, ok := errors.AsType[*call.MissingCapability](err); ok {
		return telemetry.ClassInvalid
	}
	switch {
	case errors.Is(err, context.Canceled):
		return telemetry.ClassCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return telemetry.ClassTimeout
	}
	return telemetry.ClassServer
}

func classOfKind(k infrahub.Kind) telemetry.Class {
	switch k {
	case infrahub.Canceled:
		return telemetry.ClassCanceled
	case infrahub.Unreachable:
		return telemetry.ClassUnreachable
	case infrahub.Timeout:
		return telemetry.ClassTimeout
	case infrahub.Unauthenticated, infrahub.TokenExpired:
		return telemetry.ClassCredential
	case infrahub.Forbidden:
		return telemetry.ClassForbidden
	case infrahub.NodeNotFound, infrahub.BranchNotFound, infrahub.KindNotFound, infrahub.NotFound:
		return telemetry.ClassNotFound
	case infrahub.BranchClosed, infrahub.BranchNeedsRebase, infrahub.MergeInProgress, infrahub.MergeRecoveryRequired:
		return telemetry.ClassBranch
	case infrahub.Invalid, infrahub.QueryInvalid, infrahub.TooLarge:
		return telemetry.ClassInvalid
	case infrahub.Overloaded:
		return telemetry.ClassOverloaded
	default: // Infrahub failed, or leads elsewhere
		return telemetry.ClassInfrahub
	}
}

package changes

import (
	"fmt"
	"net/http"
	"slices"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

// Guard tells whether the branch that a mutation was sent to takes it. It is
// for gql.Server.
func Guard(c *gql.Call, field string) error {
	b, err := branchOf(c, c.Branch)
	if err != nil {
		return err
	}
	return Writable(b, field, c.Base.Store.Branches())
}

// Writable tells whether a branch takes a mutation: one that has been merged is
// read-only, one that needs a rebase has to be rebased first, and while a branch
// is merged neither it nor the default branch is written to. The mutation is
// empty for a write that is none, such as loading a schema. The errors are
// *fault.Error with a code of their own each.
func Writable(b store.Branch, mutation string, all []store.Branch) error {
	exempt := func(mutations ...string) bool { return slices.Contains(mutations, mutation) }
	if b.Status == store.StatusNeedRebase && !exempt("BranchRebase", "BranchDelete", "BranchCreate") {
		return refused(fault.BranchNeedsRebase, b.Name, "Branch %s must be rebased before any updates can be made", b.Name)
	}
	if b.Status == store.StatusMerged && !exempt("BranchDelete") {
		return refused(fault.BranchAlreadyMerged, b.Name, "Branch '%s' has been merged and is read-only. No modifications are allowed.", b.Name)
	}
	if exempt("BranchCreate", "BranchDelete") {
		return nil
	}
	return unmerging(b, all)
}

// unmerging tells whether a merge under way, or one that failed, leaves a branch
// writable.
func unmerging(b store.Branch, all []store.Branch) error {
	for _, other := range all {
		source := other.Name == b.Name
		if !source && !b.IsDefault {
			continue
		}
		switch other.Status {
		case store.StatusMergeFailed:
			return blocked(fault.MergeRecoveryRequired, b.Name, other.Name, "A previous merge failed and left the default branch protected. "+
				"Writes stay blocked until an administrator runs `infrahub recover merge`. Please contact an administrator.")
		case store.StatusMerging:
			if source {
				return blocked(fault.MergeInProgress, b.Name, other.Name,
					fmt.Sprintf("Branch '%s' is being merged and is read-only. No modifications are allowed.", b.Name))
			}
			return blocked(fault.MergeInProgress, b.Name, other.Name, "A merge is currently in progress; writes are temporarily blocked. Please retry shortly.")
		}
	}
	return nil
}

func refused(code, branch, format string, args ...any) error {
	return &fault.Error{
		Code: code, Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...),
		Data: exec.NewObject("branch_name", branch),
	}
}

func blocked(code, branch, merging, message string) error {
	return &fault.Error{
		Code: code, Status: http.StatusLocked, Message: message,
		Data: exec.NewObject("branch_name", branch, "merging_branch", merging),
	}
}

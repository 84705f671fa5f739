package store

import (
	"errors"
	"fmt"
)

// The errors of this package, to be told apart with errors.Is. Each comes
// wrapped in a text that names the branch, node or edge in question, never a
// value.
var (
	// ErrNoBranch says that no branch has the name.
	ErrNoBranch = errors.New("there is no such branch")
	// ErrBranchExists says that the name of a new branch is taken.
	ErrBranchExists = errors.New("the branch already exists")
	// ErrDefaultBranch says that the default branch can be neither deleted,
	// rebased nor merged.
	ErrDefaultBranch = errors.New("not possible with the default branch")
	// ErrMerged says that a branch has been merged and can only be read.
	ErrMerged = errors.New("the branch has been merged")
	// ErrBeforeStart says that a time lies before the default branch.
	ErrBeforeStart = errors.New("the time is before all data")
	// ErrNoNode says that the branch holds no node of that id.
	ErrNoNode = errors.New("there is no such node")
	// ErrNodeExists says that the id of a new node is taken: on this branch, or
	// on another one by a node of another kind.
	ErrNodeExists = errors.New("the node already exists")
	// ErrValue says that a value cannot be written as JSON.
	ErrValue = errors.New("not a JSON value")
	// ErrFinished says that a transaction was used after its end.
	ErrFinished = errors.New("the transaction has ended")
	// ErrSnapshot says that a stream holds no snapshot that this program reads.
	ErrSnapshot = errors.New("not a usable snapshot")
)

// ConflictError is returned by Merge and Rebase when the branch and the default
// branch contradict each other. Nothing has been applied.
type ConflictError struct {
	Branch string
	// Conflicts are those left without a resolution, in the order of Diff.
	Conflicts []Conflict
}

// Error names the branch and the number of conflicts, not their values.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("branch %q has conflicts with the default branch: %d", e.Branch, len(e.Conflicts))
}

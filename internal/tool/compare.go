package tool

import (
	"context"
	"fmt"

	"github.com/Khan/genqlient/graphql"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub/operations"
)

// compare counts what a branch changes. The result is nil when it was merged in
// the meantime.
func compare(ctx context.Context, c *call.Call, branch string) (*operations.Counts, error) {
	var counts *operations.Counts
	err := compareAndRead(ctx, c, branch, func(client graphql.Client) (*int, error) {
		answer, err := operations.DiffCounts(ctx, client, branch)
		if err != nil || answer.DiffTree == nil {
			return nil, err
		}
		counts = answer.DiffTree
		return counts.NumUntrackedDiffChanges, nil
	})
	return counts, err
}

// compareAndRead compares a branch with the default branch as both are now, and
// has read take what was found. Read tells how many changes of the branch that
// does not hold, nil for none: while somebody else has the branch compared,
// Infrahub waits for that comparison instead of making another, and it may have
// begun before the last write of the caller. Then the branch is compared once
// more; only what others write in the meantime can be missing.
func compareAndRead(ctx context.Context, c *call.Call, branch string, read func(graphql.Client) (missing *int, err error)) error {
	client := c.Client.Operations("", "")
	for range 2 {
		if _, err := operations.UpdateDiff(ctx, client, branch); err != nil {
			return fmt.Errorf("comparing the branch %s: %w", branch, err)
		}
		missing, err := read(client)
		if err != nil {
			return fmt.Errorf("reading what differs on the branch %s: %w", branch, err)
		}
		if missing == nil || *missing == 0 {
			break
		}
	}
	return nil
}

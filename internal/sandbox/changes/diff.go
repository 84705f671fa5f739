package changes

import (
	"context"
	"net/http"
	"slices"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// updateDiff answers DiffUpdate: from now on there is a diff of the branch, with
// what has changed until now. Unlike other workflows, nobody waits for it unless
// asked to.
func (o operations) updateDiff(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	data := input(f)
	d := keptDiff{Name: text(data, "name")}
	var err error
	if d.From, err = moment(data, "from_time"); err != nil {
		return nil, err
	}
	if d.To, err = moment(data, "to_time"); err != nil {
		return nil, err
	}
	if (!d.From.IsZero() || !d.To.IsZero()) && d.Name == "" {
		return nil, fault.Invalid("diff with specified time range requires a name")
	}
	b, err := branchOf(c, text(data, "branch"))
	if err != nil {
		return nil, err
	}
	if err := checkRange(c, b, d); err != nil {
		return nil, err
	}
	wait := truth(f.Arguments, "wait_until_completion", false) || truth(data, "wait_for_completion", false)
	task, err := o.run(branchTask(c, "Update diff for branch "+b.Name, "diff-update", b.Name), wait, func() error {
		if b.Status == store.StatusMerged {
			return fault.New(http.StatusNotFound, "No stored diff found for terminal branch %s", b.Name)
		}
		return keepDiff(c, b, d)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "task": task}, nil
}

// checkRange tells whether a diff can take the place of one of the same name: it
// may only grow.
func checkRange(c *gql.Call, b store.Branch, d keptDiff) error {
	before := diffsOf(c, b).latest(func(other keptDiff) bool { return d.Name != "" && other.Name == d.Name })
	if before == nil {
		return nil
	}
	from := before.From
	if from.IsZero() {
		from = before.Start
	}
	switch {
	case !d.From.IsZero() && d.From.After(from):
		return fault.Invalid("from_time must be null or less than or equal to %s", zulu(from))
	case !d.From.IsZero() && d.From.Before(b.BranchedFrom):
		return fault.Invalid("from_time must be null or greater than or equal to %s", zulu(b.BranchedFrom))
	case !d.To.IsZero() && d.To.Before(before.To):
		return fault.Invalid("to_time must be null or greater than or equal to %s", zulu(before.To))
	}
	return nil
}

// keepDiff keeps a diff in place of one of the same name. Its end is now when it
// has none.
func keepDiff(c *gql.Call, b store.Branch, d keptDiff) error {
	b, err := branchOf(c, b.Name) // its start may have moved
	if err != nil {
		return err
	}
	now, err := c.Base.Store.View(b.Name, time.Time{})
	if err != nil {
		return err
	}
	d.Start = b.BranchedFrom
	if d.To.IsZero() || d.To.After(now.At()) {
		d.To = now.At()
	}
	return editRecord(c, b, func(r *record) {
		r.Diffs = slices.DeleteFunc(r.Diffs, func(other keptDiff) bool { return other.Name == d.Name })
		r.Diffs = append(r.Diffs, d)
	})
}

// comparison is a diff with all that is needed to tell of it.
type comparison struct {
	branch store.Branch
	kept   keptDiff
	diff   *store.Diff
	// before is what the branch was at the beginning of the diff, and after at
	// its end; base is the default branch at its end.
	before, after, base *nodes.Graph
	choices             map[string]string
}

// compare finds what a kept diff holds.
func compare(c *gql.Call, b store.Branch, kept keptDiff) (*comparison, error) {
	main := defaultBranch(c)
	x := &comparison{branch: b, kept: kept, choices: diffsOf(c, b).Choices}
	var err error
	if x.after, err = c.Base.Read(b.Name, kept.To); err != nil {
		return nil, err
	}
	if x.base, err = c.Base.Read(main.Name, kept.To); err != nil {
		return nil, err
	}
	x.diff, err = c.Base.Store.Diff(b.Name, store.DiffOptions{
		From: kept.From, To: kept.To, Cardinalities: cardinalities(x.after.Model, x.base.Model),
	})
	if err != nil {
		return nil, err
	}
	origin := main.Name
	if x.diff.From.After(b.BranchedFrom) {
		origin = b.Name
	}
	x.before, err = c.Base.Read(origin, x.diff.From)
	return x, err
}

// settled gives the ways to settle the conflicts for which a side was chosen. It
// reports false when there are others.
func (x *comparison) settled() (settled map[store.Place]store.Resolution, all bool) {
	settled = map[store.Place]store.Resolution{}
	for _, conflict := range x.diff.Conflicts {
		switch x.choices[conflictID(x.branch, conflict.Place)] {
		case baseBranch:
			settled[conflict.Place] = store.KeepDefault
		case diffBranch:
			settled[conflict.Place] = store.KeepBranch
		}
	}
	return settled, len(settled) == len(x.diff.Conflicts)
}

// cardinalities tells the store how many peers a node may have in a role, by the
// first of some schemas that has the kind of the node.
func cardinalities(schemas ...*model.Model) store.Cardinalities {
	return func(kind string, role store.Role) store.Cardinality {
		r := relationshipIn(kind, role, schemas...)
		switch {
		case r == nil:
			return store.Undeclared
		case r.Many():
			return store.Many
		default:
			return store.One
		}
	}
}

// relationshipIn returns the relationship in which a kind has a role, by the
// first of some schemas that has it; nil if none has.
func relationshipIn(kind string, role store.Role, schemas ...*model.Model) *model.Relationship {
	for _, m := range schemas {
		k := m.Kind(kind)
		if k == nil {
			continue
		}
		for _, r := range k.Relationships {
			if nodes.RoleOf(r) == role {
				return r
			}
		}
	}
	return nil
}

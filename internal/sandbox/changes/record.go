package changes

import (
	"encoding/json"
	"fmt"
	"time"

	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// record is what is kept of a branch: the diffs that were asked for, by their
// times alone, and how its conflicts are to be settled. It is data of the store
// like any other, as a node of a kind that no schema has, so that a snapshot
// holds it too.
type record struct {
	Diffs []keptDiff
	// Choices are the sides chosen, BASE_BRANCH or DIFF_BRANCH, by the id of the
	// conflict.
	Choices map[string]string
	// Schema is the hash of the schema that the branch and the default branch had
	// when they parted; empty for a branch that was not made by a mutation.
	Schema string
}

// keptDiff is a diff that was asked for. What it holds is found anew each time,
// from what the branch was at its end.
type keptDiff struct {
	// Name is empty for the diff of the branch itself.
	Name string
	// From is zero for the time from which the branch starts. Start is that
	// time as it was.
	From, To, Start time.Time
}

// latest returns the newest of the diffs that satisfy a condition, nil if none
// does.
func (r record) latest(ok func(keptDiff) bool) *keptDiff {
	var found *keptDiff
	for i, d := range r.Diffs {
		if ok(d) && (found == nil || d.To.After(found.To)) {
			found = &r.Diffs[i]
		}
	}
	return found
}

const (
	recordKind   = "SandboxBranchRecord"
	recordBranch = "branch" // the id of the branch: names are used again
	recordValue  = "record"
)

// diffsOf returns the record of a branch.
func diffsOf(c *gql.Call, b store.Branch) record {
	view, err := c.Base.Store.View(defaultBranch(c).Name, time.Time{})
	if err != nil {
		return record{}
	}
	_, r := findRecord(view, b)
	return r
}

func findRecord(view *store.View, b store.Branch) (id string, r record) {
	for _, n := range view.Find(recordBranch, b.ID, recordKind) {
		return n.ID, readRecord(view, n.ID)
	}
	return "", record{}
}

func readRecord(view *store.View, id string) record {
	var r record
	a, _ := view.Attribute(id, recordValue)
	written, err := json.Marshal(a.Value)
	if err != nil || json.Unmarshal(written, &r) != nil {
		return record{}
	}
	return r
}

// allRecords returns the records of all branches, deleted ones included.
func allRecords(c *gql.Call) []record {
	view, err := c.Base.Store.View(defaultBranch(c).Name, time.Time{})
	if err != nil {
		return nil
	}
	var all []record
	for _, n := range view.Nodes(recordKind) {
		all = append(all, readRecord(view, n.ID))
	}
	return all
}

// editRecord changes the record of a branch.
func editRecord(c *gql.Call, b store.Branch, edit func(*record)) error {
	_, err := c.Base.Store.Update(defaultBranch(c).Name, nodes.SystemAccount, func(tx *store.Tx) error {
		id, r := findRecord(tx.View(), b)
		if id == "" {
			id = c.Base.Store.NewID()
			if err := tx.CreateNode(id, recordKind, store.Agnostic); err != nil {
				return err
			}
			if err := tx.SetAttribute(id, store.Attribute{Name: recordBranch, Value: b.ID}, store.Agnostic); err != nil {
				return err
			}
		}
		edit(&r)
		return tx.SetAttribute(id, store.Attribute{Name: recordValue, Value: r}, store.Agnostic)
	})
	if err != nil {
		return fmt.Errorf("keeping the diff of branch %q: %w", b.Name, err)
	}
	return nil
}

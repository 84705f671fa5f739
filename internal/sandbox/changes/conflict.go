package changes

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

// The sides of a conflict (enum ConflictSelection).
const (
	baseBranch = "BASE_BRANCH"
	diffBranch = "DIFF_BRANCH"
)

// resolveConflict answers ResolveDiffConflict: it notes which side of a conflict
// to keep when the branch is merged by a proposed change, or, with null, that no
// side is chosen any more.
func resolveConflict(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	id, choice := text(input(f), "conflict_id"), text(input(f), "selected_branch")
	b, conflict, err := findConflict(c, id)
	if err != nil {
		return nil, err
	}
	if conflict == nil {
		return nil, fault.New(http.StatusNotFound, "No conflict with id %s", id)
	}
	if !conflict.Resolvable {
		return nil, fault.New(http.StatusBadRequest, "Conflict must be resolved manually on conflicting branch(es)")
	}
	err = editRecord(c, b, func(r *record) {
		if r.Choices == nil {
			r.Choices = map[string]string{}
		}
		if r.Choices[id] = choice; choice == "" {
			delete(r.Choices, id)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := settleChecks(c, id, choice); err != nil {
		return nil, err
	}
	return done(), nil
}

// findConflict finds a conflict in the diffs of all branches.
func findConflict(c *gql.Call, id string) (store.Branch, *store.Conflict, error) {
	for _, b := range c.Base.Store.Branches() {
		for _, kept := range diffsOf(c, b).Diffs {
			x, err := compare(c, b, kept)
			if err != nil {
				return store.Branch{}, nil, err
			}
			for i, conflict := range x.diff.Conflicts {
				if conflictID(b, conflict.Place) == id {
					return b, &x.diff.Conflicts[i], nil
				}
			}
		}
	}
	return store.Branch{}, nil, nil
}

// conflictID returns the id of a conflict, which is the same for as long as
// there is one in its place.
func conflictID(b store.Branch, p store.Place) string {
	parts := []string{b.ID, p.Node, p.Attribute, p.Role.Identifier, string('0' + rune(p.Role.Side)), p.Peer, string(p.Property)}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(parts, "\x00"))).String()
}

// describe gives a conflict in the form of the type ConflictDetails.
func (x *comparison) describe(conflict store.Conflict) map[string]any {
	id := conflictID(x.branch, conflict.Place)
	details := map[string]any{
		"uuid":                   id,
		"base_branch_action":     string(conflict.Default.Action),
		"base_branch_changed_at": conflict.Default.At.Format(store.TimeLayout),
		"diff_branch_action":     string(conflict.Branch.Action),
		"diff_branch_changed_at": conflict.Branch.At.Format(store.TimeLayout),
		"resolvable":             conflict.Resolvable,
	}
	if choice := x.choices[id]; choice != "" {
		details["selected_branch"] = choice
	}
	if conflict.Property == "" { // about a whole node
		return details
	}
	for side, outcome := range map[string]store.Outcome{"base": conflict.Default, "diff": conflict.Branch} {
		if outcome.Action == store.Removed {
			continue
		}
		if conflict.Property == store.PropertyValue {
			details[side+"_branch_value"] = valueText(outcome.Value)
			continue
		}
		peer, _ := outcome.Value.(string)
		if peer == "" {
			continue
		}
		g := x.after
		if side == "base" {
			g = x.base
		}
		details[side+"_branch_value"], details[side+"_branch_label"] = peer, labelOf(peer, g)
	}
	return details
}

// path is the path_identifier of what a conflict is about.
func (x *comparison) path(conflict store.Conflict) string {
	path := "data/" + conflict.Node
	switch {
	case conflict.Attribute != "":
		path += "/" + conflict.Attribute
		if conflict.Property == store.PropertyValue {
			return path + "/value"
		}
	case conflict.Property != "":
		r := relationshipIn(conflict.Kind, conflict.Role, x.after.Model, x.base.Model)
		if r != nil {
			path += "/" + r.Name
		}
		if conflict.Peer == "" {
			return path + "/peer"
		}
	default:
		return path
	}
	return path + "/property/" + string(conflict.Property)
}

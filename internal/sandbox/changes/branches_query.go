package changes

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// listBranches answers Branch: a plain list, by name or ids.
func listBranches(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	main := defaultBranch(c)
	answer := []map[string]any{}
	for _, b := range c.Base.Store.Branches() {
		if named(b, f.Arguments, text(f.Arguments, "name"), false) {
			answer = append(answer, branchFields(b, main))
		}
	}
	return answer, nil
}

// pageBranches answers InfrahubBranch: a list with filters, order and pages, and
// with who made each branch.
func pageBranches(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	limit, limited := f.Arguments["limit"].(int64)
	offset, _ := f.Arguments["offset"].(int64)
	switch {
	case limited && limit < 1:
		return nil, fault.Invalid("limit must be >= 1")
	case offset < 0:
		return nil, fault.Invalid("offset must be >= 0")
	}
	branches, err := filterBranches(c.Base.Store.Branches(), f.Arguments)
	if err != nil {
		return nil, err
	}
	if err := orderBranches(branches, f.Arguments["order"]); err != nil {
		return nil, err
	}
	g, err := c.Graph()
	if err != nil {
		return nil, err
	}
	main := defaultBranch(c)
	page := branches[min(int(offset), len(branches)):]
	if limited {
		page = page[:min(int(limit), len(page))]
	}
	edges := make([]map[string]any, len(page))
	for i, b := range page {
		edges[i] = map[string]any{"node": valued(branchFields(b, main)), "node_metadata": branchMetadata(g, b)}
	}
	return map[string]any{"count": len(branches), "edges": edges, "default_branch": valued(branchFields(main, main))}, nil
}

// graphVersion is the version of the database's layout in Infrahub 1.11.9.
const graphVersion = 79

// branchFields are the fields of the type Branch.
func branchFields(b, main store.Branch) map[string]any {
	differs := b.SchemaHash != main.SchemaHash
	return map[string]any{
		"id":                                 b.ID,
		"name":                               b.Name,
		"description":                        b.Description,
		"status":                             string(b.Status),
		"origin_branch":                      main.Name,
		"branched_from":                      zulu(b.BranchedFrom),
		"created_at":                         zulu(createdAt(b)),
		"is_default":                         b.IsDefault,
		"is_isolated":                        true,
		"sync_with_git":                      b.SyncWithGit,
		"graph_version":                      graphVersion,
		"has_schema_changes":                 differs,
		"schema_differs_from_default_branch": differs,
	}
}

// valued turns the fields of the type Branch into those of InfrahubBranch, most
// of which are {value}.
func valued(fields map[string]any) map[string]any {
	for name, value := range fields {
		if name != "id" && name != "created_at" {
			fields[name] = map[string]any{"value": value}
		}
	}
	return fields
}

// branchMetadata is of the type InfrahubNodeMetadata.
func branchMetadata(g *nodes.Graph, b store.Branch) map[string]any {
	at := createdAt(b).Format(store.TimeLayout)
	metadata := map[string]any{"created_at": at, "updated_at": at}
	if account := g.Node(b.CreatedBy); account != nil {
		metadata["created_by"], metadata["updated_by"] = account, account
	}
	return metadata
}

// createdAt is when a branch was made as Infrahub tells it: just before the time
// from which the branch starts.
func createdAt(b store.Branch) time.Time { return b.CreatedAt.Add(-time.Microsecond) }

// zulu writes a time as Infrahub writes those that are of the type String.
func zulu(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// named tells whether a branch is among those of the argument ids, and has a
// name or, in a partial match, a part of it in any case of letters.
func named(b store.Branch, arguments map[string]any, name string, partial bool) bool {
	if ids := texts(arguments["ids"]); len(ids) > 0 && !slices.Contains(ids, b.ID) {
		return false
	}
	switch {
	case name == "":
		return true
	case partial:
		return strings.Contains(strings.ToLower(b.Name), strings.ToLower(name))
	default:
		return b.Name == name
	}
}

func filterBranches(branches []store.Branch, arguments map[string]any) ([]store.Branch, error) {
	bounds := []struct {
		argument string
		of       func(store.Branch) time.Time
	}{
		{"branched_from", func(b store.Branch) time.Time { return b.BranchedFrom }},
		{"node_metadata__created_at", createdAt},
		{"node_metadata__updated_at", createdAt},
	}
	keep := func(b store.Branch) bool {
		status, maker := text(arguments, "status__value"), text(arguments, "node_metadata__created_by__id")
		return named(b, arguments, text(arguments, "name__value"), truth(arguments, "partial_match", false)) &&
			(status == "" || string(b.Status) == status) && (maker == "" || b.CreatedBy == maker)
	}
	branches = slices.DeleteFunc(branches, func(b store.Branch) bool { return !keep(b) })
	for _, bound := range bounds {
		after, err := moment(arguments, bound.argument+"__after")
		if err != nil {
			return nil, err
		}
		before, err := moment(arguments, bound.argument+"__before")
		if err != nil {
			return nil, err
		}
		branches = slices.DeleteFunc(branches, func(b store.Branch) bool {
			at := bound.of(b)
			return !after.IsZero() && !at.After(after) || !before.IsZero() && !at.Before(before)
		})
	}
	return branches, nil
}

// orderBranches orders by the argument order: {node_metadata: {created_at: DESC}}.
// Without it the branches are in the order in which they were made.
func orderBranches(branches []store.Branch, order any) error {
	given, _ := order.(map[string]any)
	by, _ := given["node_metadata"].(map[string]any)
	created, updated := text(by, "created_at"), text(by, "updated_at")
	if created != "" && updated != "" {
		return fault.Invalid("Only one of 'created_at' or 'updated_at' can be specified for ordering.")
	}
	if direction := cmp.Or(created, updated); direction != "" {
		slices.SortStableFunc(branches, func(a, b store.Branch) int {
			if direction == "DESC" {
				a, b = b, a
			}
			return a.CreatedAt.Compare(b.CreatedAt)
		})
	}
	return nil
}

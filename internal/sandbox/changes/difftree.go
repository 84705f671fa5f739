package changes

import (
	"context"
	"slices"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

// diffTree answers DiffTree: null for a branch whose diff nobody has asked for.
// Filters and pages choose nodes; the counts are those of the whole diff.
func diffTree(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	b, kept, err := keptFor(c, f)
	if err != nil || kept == nil {
		return nil, err
	}
	answer, t, err := describeDiff(c, b, *kept, f)
	if err != nil {
		return nil, err
	}
	if kept.Name != "" {
		answer["name"] = kept.Name
	}
	shown := t.chosen(f.Arguments)
	if shown = page(shown, f.Arguments); truth(f.Arguments, "include_parents", true) {
		shown = withParents(shown)
	} else {
		shown = withoutParents(shown)
	}
	nodes := make([]map[string]any, len(shown))
	for i, n := range shown {
		nodes[i] = n.fields()
	}
	answer["nodes"] = nodes
	return t.into(answer), nil
}

// diffSummary answers DiffTreeSummary: unlike DiffTree it counts attributes and
// relationships, and only those of the nodes that the filters choose.
func diffSummary(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	b, kept, err := keptFor(c, f)
	if err != nil || kept == nil {
		return nil, err
	}
	answer, t, err := describeDiff(c, b, *kept, f)
	if err != nil {
		return nil, err
	}
	var sum counts
	for _, n := range t.chosen(f.Arguments) {
		sum.added += n.added
		sum.updated += n.updated
		sum.removed += n.removed
		sum.conflicts += n.conflicts
	}
	answer["num_unchanged"] = 0
	return sum.into(answer), nil
}

// keptFor finds the diff that a query is about: of several, the one that covers
// the longest time. It is nil when there is none.
func keptFor(c *gql.Call, f exec.Field) (store.Branch, *keptDiff, error) {
	from, err := moment(f.Arguments, "from_time")
	if err != nil {
		return store.Branch{}, nil, err
	}
	to, err := moment(f.Arguments, "to_time")
	if err != nil {
		return store.Branch{}, nil, err
	}
	b := defaultBranch(c)
	if name := text(f.Arguments, "branch"); name != "" {
		if b, err = branchOf(c, name); err != nil {
			if text(f.Arguments, "proposed_change_id") != "" {
				err = nil // it may be that of a branch deleted since
			}
			return store.Branch{}, nil, err
		}
	}
	diffs := diffsOf(c, b).Diffs
	if b.IsDefault { // the other side of all diffs
		for _, r := range allRecords(c) {
			diffs = append(diffs, r.Diffs...)
		}
	}
	if b.Status == store.StatusMerged {
		return b, nil, nil
	}
	if from.IsZero() {
		from = b.BranchedFrom
	}
	if to.IsZero() {
		to = c.At
	}
	name := text(f.Arguments, "name")
	diffs = slices.DeleteFunc(diffs, func(d keptDiff) bool {
		return d.start().Before(from) || !to.IsZero() && d.To.After(to) || name != "" && d.Name != name
	})
	return b, longest(diffs), nil
}

// start is the time from which a diff tells.
func (d keptDiff) start() time.Time {
	if d.From.IsZero() {
		return d.Start
	}
	return d.From
}

func longest(diffs []keptDiff) *keptDiff {
	var found *keptDiff
	for i := range diffs {
		d := &diffs[i]
		if found == nil || d.To.Sub(d.start()) > found.To.Sub(found.start()) {
			found = d
		}
	}
	return found
}

// describeDiff gives what DiffTree and DiffTreeSummary have in common. The diff
// of the default branch is empty: all are made in comparison with it.
func describeDiff(c *gql.Call, b store.Branch, kept keptDiff, f exec.Field) (map[string]any, *tree, error) {
	main := defaultBranch(c)
	answer := map[string]any{
		"base_branch": main.Name, "diff_branch": b.Name,
		"from_time": written(kept.start()), "to_time": written(kept.To),
	}
	for field, branch := range map[string]store.Branch{"num_untracked_base_changes": main, "num_untracked_diff_changes": b} {
		if slices.Contains(f.Selected(), field) {
			count, err := untracked(c, branch, kept.To)
			if err != nil {
				return nil, nil, err
			}
			answer[field] = count
		}
	}
	if b.IsDefault {
		return answer, &tree{}, nil
	}
	x, err := compare(c, b, kept)
	if err != nil {
		return nil, nil, err
	}
	return answer, x.tree(), nil
}

// untracked counts what changed on a branch since the end of a diff in the unit
// of Infrahub, edges of its database: one for each part of something that came
// or went, and two for a value that the same branch had set before.
func untracked(c *gql.Call, b store.Branch, since time.Time) (int, error) {
	m, err := c.Base.Model(b.Name)
	if err != nil {
		return 0, err
	}
	d, err := c.Base.Store.Diff(b.Name, store.DiffOptions{From: since, Cardinalities: cardinalities(m)})
	if err != nil {
		return 0, err
	}
	count := 0
	for _, n := range d.Nodes {
		if n.Action != store.Updated {
			count++
		}
		for _, a := range n.Attributes {
			switch {
			case a.Action != store.Updated:
				count += 4 // the attribute, as seen from both ends, its value and its protection
			case b.IsDefault || a.Old.UpdatedAt.After(b.BranchedFrom):
				count += 2 * len(a.Properties)
			default:
				count += len(a.Properties)
			}
		}
		for _, e := range n.Edges {
			if e.Action == store.Updated {
				count += len(e.Properties)
			} else {
				count += 3
			}
		}
	}
	return count, nil
}

// chosen lists the nodes that the argument filters lets pass. By ids nothing
// else counts.
func (t *tree) chosen(arguments map[string]any) []*treeNode {
	filters, _ := arguments["filters"].(map[string]any)
	ids := slices.Concat(texts(filters["ids"]), texts(arguments["root_node_uuids"]))
	var chosen []*treeNode
	for _, n := range t.nodes {
		if len(ids) > 0 {
			if slices.Contains(ids, n.id) {
				chosen = append(chosen, n)
			}
			continue
		}
		equal := func(of string) func(string) bool { return func(s string) bool { return s == of } }
		within := func(s string) bool { return strings.HasPrefix(n.kind, s) }
		if passes(filters["kind"], equal(n.kind)) && passes(filters["status"], equal(string(n.status))) && passes(filters["namespace"], within) {
			chosen = append(chosen, n)
		}
	}
	return chosen
}

// passes applies {includes: […], excludes: […]}.
func passes(filter any, is func(string) bool) bool {
	f, _ := filter.(map[string]any)
	includes, excludes := texts(f["includes"]), texts(f["excludes"])
	return (len(includes) == 0 || slices.ContainsFunc(includes, is)) && !slices.ContainsFunc(excludes, is)
}

// page takes the part of a list that limit and offset ask for.
func page(nodes []*treeNode, arguments map[string]any) []*treeNode {
	if offset, ok := arguments["offset"].(int64); ok && offset > 0 {
		nodes = nodes[min(int(offset), len(nodes)):]
	}
	if limit, ok := arguments["limit"].(int64); ok && limit > 0 {
		nodes = nodes[:min(int(limit), len(nodes))]
	}
	return nodes
}

// withParents adds what nodes are components of. Of that only the name is told,
// even where it changed as well, unless it was chosen itself.
func withParents(chosen []*treeNode) []*treeNode {
	all, known := slices.Clone(chosen), map[string]bool{}
	for _, n := range chosen {
		known[n.id] = true
	}
	for _, n := range chosen {
		for p := n.parent; p != nil; p = p.parent {
			if !known[p.id] {
				known[p.id] = true
				all = append(all, &treeNode{id: p.id, kind: p.kind, label: p.label, status: unchanged, parent: p.parent, component: p.component})
			}
		}
	}
	return all
}

// withoutParents returns nodes that do not tell what they are components of.
func withoutParents(chosen []*treeNode) []*treeNode {
	alone := make([]*treeNode, len(chosen))
	for i, n := range chosen {
		without := *n
		without.parent = nil
		alone[i] = &without
	}
	return alone
}

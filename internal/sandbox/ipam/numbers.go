package ipam

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// number takes the next number of a pool for an attribute.
func (r *Rule) number(w *nodes.Writer, k *model.Kind, a *model.Attribute, pool *nodes.Node, from map[string]any) (any, error) {
	if text(from["id"]) == "" && from["hfid"] == nil {
		return nil, notGiven(k, a, "No pool ID specified in from_pool.")
	}
	if pool == nil || pool.Kind != numberPool {
		return nil, notGiven(k, a, "The pool requested %s was not found.", asked(from))
	}
	kind := pool.Text("node")
	if pool.Text("node_attribute") != a.Name || kind != k.Name && !slices.Contains(k.InheritFrom, kind) {
		return nil, notGiven(k, a, "The %s pool can't be used for '%s'.", pool.Text("name"), a.Name)
	}
	// The writer gives the id of the node: one that has a number of the pool keeps
	// it.
	if n := w.Node(text(from["identifier"])); n != nil && n.Schema.Attribute(a.Name) != nil {
		if present := n.Attribute(a.Name); present.Source == pool.ID && present.Value != nil {
			return present.Value, nil
		}
	}
	taken := map[int64]bool{}
	for _, g := range r.branches(w) {
		for _, value := range given(g, pool) {
			taken[value] = true
		}
	}
	if a.Unique {
		for _, n := range w.NodesOf(k) {
			if value, ok := n.Value(a.Name).(int64); ok {
				taken[value] = true
			}
		}
	}
	if value, ok := spanOf(pool, a).next(taken); ok {
		return value, nil
	}
	return nil, notGiven(k, a, "The pool %s is exhausted.", kind)
}

// span is the numbers that a pool has for an attribute.
type span struct {
	from, to int64
	excluded [][2]int64 // ranges, sorted
}

func spanOf(pool *nodes.Node, a *model.Attribute) span {
	s := span{from: int64(number(pool.Value("start_range"), 0)), to: int64(number(pool.Value("end_range"), -1))}
	if a == nil {
		return s
	}
	if least := a.Parameters.MinValue; least != nil {
		s.from = max(s.from, *least)
	}
	if most := a.Parameters.MaxValue; most != nil {
		s.to = min(s.to, *most)
	}
	if text := a.Parameters.ExcludedValues; text != nil {
		s.excluded = ranges(*text)
	}
	return s
}

// next is the first number that is not taken.
func (s span) next(taken map[int64]bool) (int64, bool) {
	for n := s.from; n <= s.to; n++ {
		for _, e := range s.excluded {
			if e[0] <= n && n <= e[1] {
				n = e[1] + 1
			}
		}
		if n <= s.to && !taken[n] {
			return n, true
		}
	}
	return 0, false
}

// ranges reads numbers and ranges of numbers: "100,150-200".
func ranges(text string) [][2]int64 {
	var list [][2]int64
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		from, err := strconv.ParseInt(strings.TrimSpace(low), 10, 64)
		if err != nil {
			continue
		}
		to, err := strconv.ParseInt(strings.TrimSpace(high), 10, 64)
		if err != nil {
			continue
		}
		list = append(list, [2]int64{from, to})
	}
	slices.SortFunc(list, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	return list
}

// given are the nodes of a branch that have a number of a pool, with that number.
func given(g *nodes.Graph, pool *nodes.Node) iter.Seq2[*nodes.Node, int64] {
	return func(yield func(*nodes.Node, int64) bool) {
		kind := g.Model.Kind(pool.Text("node"))
		if kind == nil {
			return
		}
		name := pool.Text("node_attribute")
		for _, n := range g.NodesOf(kind) {
			stored, ok := g.View.Attribute(n.ID, name)
			value, isNumber := stored.Value.(int64)
			if ok && isNumber && stored.Source == pool.ID && !yield(n, value) {
				return
			}
		}
	}
}

// allotted is a number that a pool gave.
type allotted struct {
	node, branch string
	value        int64
}

// allotments are the numbers that a pool gave, in order. One that several
// branches show is that of the default branch, or else of the first of them.
func (r *Rule) allotments(pool *nodes.Node) (list []allotted, defaultBranch string) {
	seen := map[allotted]bool{}
	for _, branch := range r.base.Store.Branches() { // the default one first
		if branch.IsDefault {
			defaultBranch = branch.Name
		}
		g, err := r.base.Read(branch.Name, time.Time{})
		if err != nil {
			continue // it has just been deleted
		}
		for n, value := range given(g, pool) {
			if key := (allotted{node: n.ID, value: value}); !seen[key] {
				seen[key] = true
				list = append(list, allotted{n.ID, branch.Name, value})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b allotted) int { return int(a.value - b.value) })
	return list, defaultBranch
}

package ipam

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
)

// getResource answers InfrahubIPAddressPoolGetResource and
// InfrahubIPPrefixPoolGetResource: kind is that of the pool.
func (r *Rule) getResource(kind string) gql.Resolve {
	return func(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
		data, _ := f.Arguments["data"].(map[string]any)
		if member := text(data["member_type"]); member != "" && member != "prefix" && member != "address" {
			return nil, fault.New(http.StatusBadRequest, "Invalid member_type value, allowed values are ['prefix', 'address']")
		}
		var record map[string]any
		err := c.Write(func(w *nodes.Writer) error {
			pool, err := find(w.Graph, kind, text(data["id"]), texts(data["hfid"]))
			if err != nil {
				return err
			}
			n, err := r.take(w, pool, newOrder(data))
			if err != nil {
				return err
			}
			record = map[string]any{
				"id": n.ID, "kind": n.Kind, "identifier": data["identifier"], "display_label": n.Label(), "branch": c.Branch,
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return map[string]any{"ok": true, "node": record}, nil
	}
}

// poolAsked finds the pool that the argument pool_id names.
func poolAsked(g *nodes.Graph, f exec.Field) (*nodes.Node, error) {
	id := text(f.Arguments["pool_id"])
	if n := g.Node(id); n != nil && (n.Kind == addressPool || n.Kind == prefixPool || n.Kind == numberPool) {
		return n, nil
	}
	return nil, fault.NoNode(id, "ResourcePool")
}

// shown is the number of allocations that are shown when not asked for another.
const shown = 10

// allocated answers InfrahubResourcePoolAllocated.
func (r *Rule) allocated(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	graph, err := c.Graph()
	if err != nil {
		return nil, err
	}
	pool, err := poolAsked(graph, f)
	if err != nil {
		return nil, err
	}
	var records []any
	if pool.Kind == numberPool {
		list, _ := r.allotments(pool)
		for _, a := range list {
			records = append(records, map[string]any{
				"id": a.node, "kind": pool.Text("node"), "branch": a.branch, "display_label": strconv.FormatInt(a.value, 10), "identifier": a.node,
			})
		}
		return allocations(records, f), nil
	}
	resource, err := resourceAsked(pool, f)
	if err != nil {
		return nil, err
	}
	handed, attribute := resource.Related("ip_addresses"), "address"
	if pool.Kind == prefixPool {
		handed, attribute = resource.Related("children"), "prefix"
	}
	for _, n := range handed {
		var identifier any
		if name := identifierOf(n.Graph(), pool, n.ID); name != "" {
			identifier = name
		}
		records = append(records, map[string]any{
			"id": n.ID, "kind": n.Kind, "branch": c.Branch, "display_label": n.Text(attribute), "identifier": identifier,
		})
	}
	return allocations(records, f), nil
}

// resourceAsked finds the resource of a pool that the argument resource_id names.
func resourceAsked(pool *nodes.Node, f exec.Field) (*nodes.Node, error) {
	id := text(f.Arguments["resource_id"])
	for _, n := range pool.Related("resources") {
		if n.ID == id {
			return n, nil
		}
	}
	return nil, fault.Invalid("The selected pool_id=%s doesn't contain the requested resource_id=%s", pool.ID, id)
}

// allocations is a page of a list (type PoolAllocated).
func allocations(records []any, f exec.Field) map[string]any {
	from := min(max(number(f.Arguments["offset"], 0), 0), len(records))
	to := min(from+max(number(f.Arguments["limit"], shown), 0), len(records))
	edges := make([]any, 0, to-from)
	for _, record := range records[from:to] {
		edges = append(edges, map[string]any{"node": record})
	}
	return map[string]any{"count": len(records), "edges": edges}
}

// utilization answers InfrahubResourcePoolUtilization.
func (r *Rule) utilization(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	graph, err := c.Graph()
	if err != nil {
		return nil, err
	}
	pool, err := poolAsked(graph, f)
	if err != nil {
		return nil, err
	}
	if pool.Kind == numberPool {
		return r.numbersUsed(graph, pool), nil
	}
	list := pool.Related("resources")
	inDefault, err := r.inDefaultBranch(graph)
	if err != nil {
		return nil, err
	}
	edges := make([]any, len(list))
	for i, n := range list {
		edges[i] = map[string]any{"node": withShares(map[string]any{
			"id": n.ID, "kind": n.Kind, "display_label": n.Label(), "weight": json.Number(room(n).String()),
		}, use(n), use(inDefault(n)...))}
	}
	return withShares(map[string]any{"count": len(list), "edges": edges}, use(list...), use(inDefault(list...)...)), nil
}

// inDefaultBranch gives what turns nodes into those of the default branch. One
// that is not there counts as it is, without what is in it.
func (r *Rule) inDefaultBranch(g *nodes.Graph) (func(...*nodes.Node) []*nodes.Node, error) {
	for _, branch := range r.base.Store.Branches() {
		if !branch.IsDefault {
			continue
		}
		if branch.Name == g.View.Branch() {
			break
		}
		main, err := r.base.Read(branch.Name, time.Time{})
		if err != nil {
			return nil, err
		}
		return func(list ...*nodes.Node) []*nodes.Node {
			var there []*nodes.Node
			for _, n := range list {
				if m := main.Node(n.ID); m != nil {
					there = append(there, m)
				}
			}
			return there
		}, nil
	}
	return func(list ...*nodes.Node) []*nodes.Node { return list }, nil
}

// withShares adds how much is used: of all, and of the default branch.
func withShares(record map[string]any, all, inDefault float64) map[string]any {
	record["utilization"] = percent(all)
	record["utilization_branches"] = percent(max(0, all-inDefault))
	record["utilization_default_branch"] = percent(inDefault)
	return record
}

// numbersUsed is the use of a pool of numbers, which is its own resource.
func (r *Rule) numbersUsed(g *nodes.Graph, pool *nodes.Node) map[string]any {
	size := spanOf(pool, nil)
	total := size.to - size.from + 1
	if kind := g.Model.Kind(pool.Text("node")); kind != nil {
		if a := kind.Attribute(pool.Text("node_attribute")); a != nil && a.Parameters.ExcludedValues != nil {
			for _, e := range ranges(*a.Parameters.ExcludedValues) {
				total -= e[1] - e[0] + 1
			}
		}
	}
	list, main := r.allotments(pool)
	onMain, all := map[int64]bool{}, map[int64]bool{}
	for _, a := range list {
		all[a.value] = true
		if a.branch == main {
			onMain[a.value] = true
		}
	}
	share := func(count int) float64 {
		if total <= 0 {
			return 0
		}
		return float64(count) / float64(total) * 100
	}
	add := func(record map[string]any) map[string]any {
		record["utilization"] = percent(share(len(all)))
		record["utilization_branches"] = percent(share(len(all) - len(onMain)))
		record["utilization_default_branch"] = percent(share(len(onMain)))
		return record
	}
	return add(map[string]any{"count": 1, "edges": []any{map[string]any{"node": add(map[string]any{
		"id": pool.ID, "kind": pool.Kind, "display_label": pool.Text("name"), "weight": total,
	})}}})
}

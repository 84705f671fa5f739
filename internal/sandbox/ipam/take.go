package ipam

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// order is what a pool of addresses or prefixes is asked for. What is zero is as
// the pool has it by default.
type order struct {
	identifier string
	length     int
	kind       string
	memberType string
	data       map[string]any
}

// newOrder reads an order from an input: that of the mutations GetResource, or
// from_pool of a relationship.
func newOrder(input map[string]any) order {
	data, _ := input["data"].(map[string]any)
	return order{
		identifier: text(input["identifier"]),
		length:     firstNumber(input["prefix_length"], input["prefixlen"], input["size"], data["prefixlen"]),
		kind:       firstText(input["address_type"], input["prefix_type"], data["address_type"], data["prefix_type"]),
		memberType: firstText(input["member_type"], data["member_type"]),
		data:       data,
	}
}

func firstNumber(values ...any) int {
	for _, value := range values {
		if n := number(value, 0); n != 0 {
			return n
		}
	}
	return 0
}

func firstText(values ...any) string {
	for _, value := range values {
		if s := text(value); s != "" {
			return s
		}
	}
	return ""
}

// take makes an address or a prefix out of a pool, or returns the one that was
// made for the same identifier before.
func (r *Rule) take(w *nodes.Writer, pool *nodes.Node, o order) (*nodes.Node, error) {
	allot := r.takeAddress
	if pool.Kind == prefixPool {
		allot = r.takePrefix
	}
	if o.identifier != "" {
		for _, n := range reservedNodes(w.Graph, pool, o.identifier) {
			return n, checkReserved(pool, n, o.length)
		}
	}
	n, err := allot(w, pool, o)
	if err != nil {
		return nil, err
	}
	if o.identifier == "" {
		return n, nil
	}
	return n, reserve(w, pool, o.identifier, n.ID)
}

// checkReserved refuses a length other than that of what is reserved.
func checkReserved(pool, n *nodes.Node, length int) error {
	reserved, ok := locate(n)
	if !ok || length == 0 || length == reserved.Bits() {
		return nil
	}
	return fault.Invalid("%s: %s | This resource is already allocated as %s; its prefix length cannot be changed, only /%d can be used.",
		pool.Kind[len("Core"):], pool.Text("name"), reserved, reserved.Bits())
}

func (r *Rule) takeAddress(w *nodes.Writer, pool *nodes.Node, o order) (*nodes.Node, error) {
	kind := firstText(o.kind, pool.Value("default_address_type"))
	if kind == "" {
		return nil, complain(pool, "An address_type or a default_value type must be provided to allocate a new IP address")
	}
	namespace := idOf(first(pool.Related("ip_namespace")))
	wanted := firstNumber(o.length, pool.Value("default_prefix_length"))
	for _, resource := range resources(pool) {
		prefix, ok := prefixOf(resource)
		if !ok {
			continue
		}
		length := wanted
		if length == 0 {
			length = prefix.Bits()
		}
		if length < prefix.Bits() || length > prefix.Addr().BitLen() {
			return nil, badLength()
		}
		var taken []netip.Addr
		for _, g := range r.branches(w) {
			taken = append(taken, takenAddresses(g, namespace, prefix)...)
		}
		if address, ok := freeAddress(prefix, resource.Value("is_pool") == true, taken); ok {
			return makeNode(w, pool, kind, o, map[string]any{
				"address": netip.PrefixFrom(address, length).String(), "ip_namespace": namespace,
			})
		}
	}
	return nil, fault.New(http.StatusConflict, "There are no more addresses available in this pool.")
}

func (r *Rule) takePrefix(w *nodes.Writer, pool *nodes.Node, o order) (*nodes.Node, error) {
	length := firstNumber(o.length, pool.Value("default_prefix_length"))
	if length == 0 {
		return nil, complain(pool, "A prefixlen or a default_value must be provided to allocate a new prefix")
	}
	namespace := idOf(first(pool.Related("ip_namespace")))
	for _, resource := range resources(pool) {
		prefix, ok := prefixOf(resource)
		if !ok || length < prefix.Bits() || length > prefix.Addr().BitLen() {
			continue
		}
		var taken []netip.Prefix
		for _, g := range r.branches(w) {
			taken = append(taken, takenPrefixes(g, namespace, prefix, resource.ID)...)
		}
		next, ok := freePrefix(prefix, length, taken)
		if !ok {
			continue
		}
		kind := firstText(o.kind, pool.Value("default_prefix_type"))
		if kind == "" {
			return nil, complain(pool, "A prefix_type or a default_value type must be provided to allocate a new prefix")
		}
		return makeNode(w, pool, kind, o, map[string]any{
			"prefix": next.String(), "ip_namespace": namespace,
			"member_type": firstText(o.memberType, pool.Value("default_member_type")),
		})
	}
	return nil, fault.New(http.StatusInternalServerError, "No more resources available")
}

// resources are the prefixes that a pool hands out of, the heavier ones first.
// Unless all of them have a weight, they are as they were added.
func resources(pool *nodes.Node) []*nodes.Node {
	list := pool.Related("resources")
	for _, n := range list {
		if n.Schema.Attribute("allocation_weight") == nil {
			return list
		}
	}
	slices.SortStableFunc(list, func(a, b *nodes.Node) int {
		return number(b.Value("allocation_weight"), 0) - number(a.Value("allocation_weight"), 0)
	})
	return list
}

// branches are all branches as they are now: pools give nothing that is taken on
// any of them.
func (r *Rule) branches(w *nodes.Writer) []*nodes.Graph {
	graphs := []*nodes.Graph{w.Graph}
	for _, branch := range r.base.Store.Branches() {
		if branch.Name == w.View.Branch() {
			continue
		}
		if g, err := r.base.Read(branch.Name, time.Time{}); err == nil { // or it has just been deleted
			graphs = append(graphs, g)
		}
	}
	return graphs
}

// makeNode makes what a pool hands out. What an order has in data beyond what it
// asks of the pool are attributes and relationships.
func makeNode(w *nodes.Writer, pool *nodes.Node, kind string, o order, data map[string]any) (*nodes.Node, error) {
	k, err := lookup(w.Model, kind)
	if err != nil {
		return nil, err
	}
	for name, value := range o.data {
		if k.Attribute(name) == nil && k.Relationship(name) == nil {
			continue
		}
		if _, set := data[name]; !set {
			data[name] = value
		}
	}
	asInput(k, data)
	n, err := w.Create(k, data)
	if refused, ok := errors.AsType[*fault.Error](err); ok && refused.Code != fault.SchemaNotFound && refused.Code != fault.NodeNotFound {
		return nil, complain(pool, refused.Message)
	}
	return n, err
}

// asInput gives bare values and ids the form that the input of a mutation has.
func asInput(k *model.Kind, data map[string]any) {
	for name, value := range data {
		_, isObject := value.(map[string]any)
		id, isText := value.(string)
		switch {
		case k.Attribute(name) != nil && !isObject:
			data[name] = map[string]any{"value": value}
		case k.Relationship(name) != nil && isText:
			data[name] = map[string]any{"id": id}
		}
	}
}

// complain is an error of a pool.
func complain(pool *nodes.Node, message string) error {
	return fault.New(http.StatusInternalServerError, "%s: %s | %s", pool.Kind[len("Core"):], pool.Text("name"), message)
}

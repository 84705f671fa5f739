package nodes

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
)

// term is one term of an order.
type term struct {
	descending bool
	// key returns what nodes are compared by: a held value, nil where there is
	// none.
	key func(*Node) any
}

// arrange sorts items by the nodes in them, and returns those in a window. Items
// that are equal in all terms come in the order of their ids, which is that of
// their creation.
func arrange[T any](items []T, node func(T) *Node, order []term, w window) []T {
	all := make([]keyed[T], len(items))
	keys := make([]any, len(items)*len(order))
	for i, item := range items {
		n := node(item)
		all[i] = keyed[T]{item: item, index: i, id: n.ID, keys: keys[i*len(order):][:len(order)]}
		for j, t := range order {
			all[i].keys[j] = t.key(n)
		}
	}
	all = cut(least(all, w.end(len(all)), func(a, b keyed[T]) int { return a.compare(b, order) }), w)
	arranged := make([]T, len(all))
	for i := range all {
		arranged[i] = all[i].item
	}
	return arranged
}

// keyed is an item with what it is ordered by.
type keyed[T any] struct {
	item  T
	keys  []any
	id    string
	index int // settles the order of items of the same node
}

func (a keyed[T]) compare(b keyed[T], order []term) int {
	for j, t := range order {
		if c := compareHeld(a.keys[j], b.keys[j]); c != 0 {
			if t.descending {
				return -c
			}
			return c
		}
	}
	return cmp.Or(strings.Compare(a.id, b.id), cmp.Compare(a.index, b.index))
}

// least returns the first items of a list, as many as asked for, as they would be
// when it were sorted. For a few it does not sort the others.
func least[T any](items []T, count int, compare func(a, b T) int) []T {
	if count > len(items)/16 {
		slices.SortFunc(items, compare)
		return items[:count]
	}
	first := make([]T, 0, count+1)
	for _, item := range items {
		if len(first) == count && (count == 0 || compare(item, first[count-1]) > 0) {
			continue
		}
		at, _ := slices.BinarySearchFunc(first, item, compare)
		first = slices.Insert(first, at, item)
		first = first[:min(len(first), count)]
	}
	return first
}

// orderOf reads the argument "order" of a list of a kind. Without one, the order is
// that of the kind. Unordered leaves nodes in the order of their ids.
func (g *Graph) orderOf(k *model.Kind, argument any, unordered bool) ([]term, error) {
	input, _ := argument.(map[string]any)
	by, _ := input["by"].([]any)
	old, _ := input["node_metadata"].(map[string]any)
	if len(by) > 0 && len(old) > 0 {
		return nil, fault.Invalid("Cannot combine the deprecated 'node_metadata' and 'by' in the same order input. " +
			"'by' supports node_metadata ordering options via the 'node_metadata__created_at' / 'node_metadata__updated_at' fields.")
	}
	if old["created_at"] != nil && old["updated_at"] != nil {
		return nil, fault.Invalid("Cannot order by both created_at and updated_at simultaneously.")
	}
	if disabled, _ := input["disable"].(bool); disabled || unordered {
		return nil, nil
	}
	for _, field := range []string{"created_at", "updated_at"} {
		if direction := old[field]; direction != nil {
			return []term{{key: metadataKey(field), descending: direction == "DESC"}}, nil
		}
	}
	if len(by) > 0 {
		return g.orderBy(k, by)
	}
	return g.orderOfKind(k), nil
}

// orderBy reads the list of fields to order by.
func (g *Graph) orderBy(k *model.Kind, by []any) ([]term, error) {
	terms := make([]term, 0, len(by))
	for _, item := range by {
		input, _ := item.(map[string]any)
		field, _ := input["field"].(string)
		key, err := g.orderKey(k, field)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term{key: key, descending: input["direction"] == "DESC"})
	}
	return terms, nil
}

// orderOfKind returns the order that a kind states.
func (g *Graph) orderOfKind(k *model.Kind) []term {
	terms := make([]term, 0, len(k.OrderBy))
	for _, entry := range k.OrderBy {
		order, err := g.Model.Order(k, entry)
		if err != nil {
			continue // The model was checked when it was loaded.
		}
		t := term{descending: order.Descending}
		switch path := order.Path; {
		case order.Metadata != "":
			t.key = metadataKey(order.Metadata)
		case path.Attribute == nil:
			continue
		case path.Relationship != nil:
			t.key = peerKey(path.Relationship.Name, attributeKey(path.Attribute.Name, path.Property))
		default:
			t.key = attributeKey(path.Attribute.Name, path.Property)
		}
		terms = append(terms, t)
	}
	return terms
}

// orderKey reads a field to order by.
func (g *Graph) orderKey(k *model.Kind, field string) (func(*Node) any, error) {
	if field == "" {
		return nil, fault.Invalid("order field must be a non-empty string (field: '').")
	}
	parts := strings.Split(field, "__")
	head := parts[0]
	relationship := k.Relationship(head)
	switch {
	case slices.Contains(parts, ""):
		return nil, fault.Invalid("invalid field (field: '%s'). Field segments must be non-empty.", field)
	case head == "node_metadata" && len(parts) > 1:
		return metadataOrderKey(parts, field)
	case relationship != nil && len(parts) != 3:
		return nil, fault.Invalid("invalid relationship path (field: '%s'). Expected '<relationship>__<attribute>__<property>'.", field)
	case relationship != nil:
		if peer := g.Model.Kind(relationship.Peer); peer == nil || peer.Attribute(parts[1]) == nil {
			return nil, fault.New(http.StatusInternalServerError, "list index out of range")
		}
		return peerKey(head, attributeKey(parts[1], parts[2])), nil
	case k.Attribute(head) == nil:
		return nil, fault.Invalid("attribute '%s' not defined on this schema (field: '%s').", head, field)
	case len(parts) != 2:
		return nil, fault.Invalid("invalid attribute path (field: '%s'). Expected '<attribute>__<property>'.", field)
	}
	return attributeKey(head, parts[1]), nil
}

func metadataOrderKey(parts []string, field string) (func(*Node) any, error) {
	if len(parts) != 2 {
		return nil, fault.Invalid("invalid node_metadata field (field: '%s'). Expected 'node_metadata__<field>'.", field)
	}
	key := metadataKey(parts[1])
	if key == nil {
		return nil, fault.Invalid("unknown metadata field (entry: '%s'). Supported metadata fields: created_at, updated_at.", field)
	}
	return key, nil
}

// metadataKey orders by a time, nil for a field that is none.
func metadataKey(field string) func(*Node) any {
	switch field {
	case "created_at":
		return func(n *Node) any { return n.CreatedAt.UnixMicro() }
	case "updated_at":
		return func(n *Node) any { return n.UpdatedAt.UnixMicro() }
	}
	return nil
}

// peerKey orders by what a peer has, the last one of several.
func peerKey(relationship string, key func(*Node) any) func(*Node) any {
	return func(n *Node) any {
		r := n.Schema.Relationship(relationship)
		if r == nil {
			return nil
		}
		peers := n.reach(r)
		if len(peers) == 0 {
			return nil
		}
		if r.Kind == hierarchy {
			return key(peers[len(peers)-1])
		}
		return key(slices.MaxFunc(peers, func(a, b *Node) int { return strings.Compare(a.ID, b.ID) }))
	}
}

// attributeKey orders by a property that the database holds: the value, and the
// parts of addresses and networks. All others are as if they were not there.
func attributeKey(attribute, property string) func(*Node) any {
	switch property {
	case "value", "version", "binary_address", "prefixlen":
	default:
		return func(*Node) any { return nil }
	}
	return func(n *Node) any {
		a := n.Schema.Attribute(attribute)
		if a == nil {
			return nil
		}
		stored := n.heldAttribute(attribute)
		if property == "value" {
			return held(stored.Value)
		}
		return Property(a, stored, property)
	}
}

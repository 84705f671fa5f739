package ipam

import (
	"maps"
	"net/http"
	"net/netip"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Changed puts a prefix or an address that is new or changed into its place,
// and what that place is now right for. It implements nodes.Rule.
//
// The place of a prefix is under the longest prefix of its namespace that
// contains it, and so is that of an address.
func (r *Rule) Changed(w *nodes.Writer, n *nodes.Node, action nodes.Action) error {
	switch {
	case n.Is(prefixKind) && action == nodes.Deleted:
		return replaceChildren(w, n)
	case n.Is(prefixKind):
		return placePrefix(w, n)
	case n.Is(addressKind) && action != nodes.Deleted:
		return place(w, n, "")
	case n.Is(namespaceKind) && action == nodes.Deleted && n.Schema.Attribute("default") != nil && n.Value("default") == true:
		return fault.New(http.StatusInternalServerError, "Cannot delete default IPAM namespace")
	}
	return nil
}

// Prepare completes the input of a new node of a kind: a prefix or an address for
// which no namespace is given belongs to the default one. The input itself stays
// as it is. It implements nodes.Preparer.
func (r *Rule) Prepare(w *nodes.Writer, k *model.Kind, data map[string]any) (map[string]any, error) {
	if !w.Model.Implements(k, prefixKind) && !w.Model.Implements(k, addressKind) {
		return data, nil
	}
	given := data["ip_namespace"]
	if named, ok := given.(map[string]any); given != nil && (!ok || len(named) > 0) {
		return data, nil
	}
	namespace := defaultNamespace(w.Graph)
	if namespace == nil {
		return data, nil
	}
	complete := make(map[string]any, len(data)+1)
	maps.Copy(complete, data)
	complete["ip_namespace"] = map[string]any{"id": namespace.ID}
	return complete, nil
}

// defaultNamespace finds the namespace of what names none.
func defaultNamespace(g *nodes.Graph) *nodes.Node {
	generic := g.Model.Kind(namespaceKind)
	if generic == nil {
		return nil
	}
	for _, k := range g.Model.Concrete(generic) {
		if k.Attribute("default") == nil {
			continue
		}
		if found := g.Having(k, "default", true); len(found) > 0 {
			return found[0]
		}
	}
	if found := g.Having(generic, "name", "default"); len(found) > 0 {
		return found[0]
	}
	return nil
}

// placePrefix puts a prefix into its place, and other nodes under it or out of
// it.
func placePrefix(w *nodes.Writer, n *nodes.Node) error {
	if err := place(w, n, ""); err != nil {
		return err
	}
	for _, other := range append(children(n), siblings(n)...) {
		if other.ID == n.ID {
			continue
		}
		if err := place(w, other, ""); err != nil {
			return err
		}
	}
	return nil
}

// replaceChildren finds new places for what is under a prefix that goes.
func replaceChildren(w *nodes.Writer, n *nodes.Node) error {
	for _, child := range children(n) {
		if err := place(w, child, n.ID); err != nil {
			return err
		}
	}
	return nil
}

// children are the prefixes and addresses right under a prefix.
func children(n *nodes.Node) []*nodes.Node {
	return append(n.Related("children"), n.Related("ip_addresses")...)
}

// siblings are the prefixes and addresses beside a prefix, in the same place as
// itself, of which it may contain some.
func siblings(n *nodes.Node) []*nodes.Node {
	within, ok := prefixOf(n)
	if !ok {
		return nil
	}
	var candidates []*nodes.Node
	if parent := first(n.Related("parent")); parent != nil {
		candidates = children(parent)
	} else if namespace := first(n.Related("ip_namespace")); namespace != nil {
		candidates = append(namespace.Related("ip_prefixes"), namespace.Related("ip_addresses")...)
	}
	var contained []*nodes.Node
	for _, c := range candidates {
		if at, ok := locate(c); ok && within.Contains(at.Addr()) {
			contained = append(contained, c)
		}
	}
	return contained
}

// place puts a prefix or an address under the prefix that it belongs to, one
// prefix left out of account.
func place(w *nodes.Writer, n *nodes.Node, except string) error {
	namespace := first(n.Related("ip_namespace"))
	if namespace == nil {
		if namespace = defaultNamespace(w.Graph); namespace == nil {
			return nil
		}
		if err := w.SetPeers(n, "ip_namespace", namespace.ID); err != nil {
			return err
		}
	}
	at, ok := locate(n)
	if !ok {
		return nil
	}
	if n.Is(addressKind) {
		return put(w, n, "ip_prefix", parent(w.Graph, namespace.ID, at, longestAround(at), except))
	}
	over := parent(w.Graph, namespace.ID, at, at.Bits()-1, except)
	if err := put(w, n, "parent", over); err != nil {
		return err
	}
	if top := over == nil; n.Value("is_top_level") != top {
		return w.SetAttribute(n, "is_top_level", top)
	}
	return nil
}

// longestAround is the length of the longest prefix that an address may be
// under. A prefix of one address takes addresses of that length alone.
func longestAround(address netip.Prefix) int {
	return max(address.Bits(), address.Addr().BitLen()-1)
}

// put makes a prefix, or none, the peer of a node in a relationship.
func put(w *nodes.Writer, n *nodes.Node, relationship string, prefix *nodes.Node) error {
	if n.Schema.Relationship(relationship) == nil {
		return nil
	}
	present := first(n.Related(relationship))
	switch {
	case prefix == nil && present == nil, prefix != nil && present != nil && prefix.ID == present.ID:
		return nil
	case prefix == nil:
		return w.SetPeers(n, relationship)
	default:
		return w.SetPeers(n, relationship, prefix.ID)
	}
}

// parent finds the longest prefix of a namespace that is no longer than given and
// contains a place. It looks each length up, and so takes no more time for many
// prefixes than for few.
func parent(g *nodes.Graph, namespace string, at netip.Prefix, longest int, except string) *nodes.Node {
	kind := g.Model.Kind(prefixKind)
	if kind == nil {
		return nil
	}
	for length := longest; length >= 0; length-- {
		candidate := netip.PrefixFrom(at.Addr(), length).Masked().String()
		for _, n := range g.Having(kind, "prefix", candidate) {
			if n.ID == except {
				continue
			}
			if in := first(n.Related("ip_namespace")); in != nil && in.ID == namespace {
				return n
			}
		}
	}
	return nil
}

// locate reads the prefix, or the address with its mask, of a node.
func locate(n *nodes.Node) (netip.Prefix, bool) {
	if n.Is(addressKind) {
		at, err := netip.ParsePrefix(n.Text("address"))
		return at, err == nil
	}
	return prefixOf(n)
}

// prefixOf reads the prefix of a node.
func prefixOf(n *nodes.Node) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(n.Text("prefix"))
	return prefix, err == nil
}

// first is the first of some nodes, nil if there is none.
func first(list []*nodes.Node) *nodes.Node {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

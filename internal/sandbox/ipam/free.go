package ipam

import (
	"net/netip"

	"go4.org/netipx"

	"infrahub-mcp/internal/sandbox/nodes"
)

// freeAddress finds the first address of a prefix that is not taken. Unless all
// of them are for a pool, the first and the last one of a prefix are never free.
func freeAddress(prefix netip.Prefix, pool bool, taken []netip.Addr) (netip.Addr, bool) {
	all := netipx.RangeOfPrefix(prefix)
	from, to := all.From(), all.To()
	if !pool {
		from, to = from.Next(), to.Prev()
	}
	usable := netipx.IPRangeFrom(from, to)
	if !usable.IsValid() {
		return netip.Addr{}, false
	}
	var free netipx.IPSetBuilder
	free.AddRange(usable)
	for _, address := range taken {
		free.Remove(address)
	}
	set, err := free.IPSet()
	if err != nil || len(set.Ranges()) == 0 {
		return netip.Addr{}, false
	}
	return set.Ranges()[0].From(), true
}

// freePrefix finds the first prefix of a length within a prefix that overlaps
// none of those taken. With a negative length it is as large as possible.
func freePrefix(prefix netip.Prefix, length int, taken []netip.Prefix) (netip.Prefix, bool) {
	var free netipx.IPSetBuilder
	free.AddPrefix(prefix)
	for _, t := range taken {
		free.RemovePrefix(t)
	}
	set, err := free.IPSet()
	if err != nil {
		return netip.Prefix{}, false
	}
	for _, p := range set.Prefixes() {
		if length < 0 {
			return p, true
		}
		if p.Bits() <= length {
			return netip.PrefixFrom(p.Addr(), length), true
		}
	}
	return netip.Prefix{}, false
}

// takenAddresses are the addresses in a prefix of a namespace: those whose mask
// does not reach beyond the prefix.
func takenAddresses(g *nodes.Graph, namespace string, prefix netip.Prefix) []netip.Addr {
	var taken []netip.Addr
	for _, n := range members(g, namespace, "ip_addresses") {
		if at, ok := locate(n); ok && at.Bits() >= prefix.Bits() && prefix.Contains(at.Addr()) {
			taken = append(taken, at.Addr())
		}
	}
	return taken
}

// takenPrefixes are the prefixes within a prefix of a namespace, but for one
// node: that of the prefix itself. Others may be as long as the prefix.
func takenPrefixes(g *nodes.Graph, namespace string, prefix netip.Prefix, except string) []netip.Prefix {
	var taken []netip.Prefix
	for _, n := range members(g, namespace, "ip_prefixes") {
		if at, ok := prefixOf(n); ok && n.ID != except && at.Bits() >= prefix.Bits() && prefix.Contains(at.Addr()) {
			taken = append(taken, at)
		}
	}
	return taken
}

// members are the prefixes or the addresses of a namespace.
func members(g *nodes.Graph, namespace, relationship string) []*nodes.Node {
	n := g.Node(namespace)
	if n == nil {
		return nil
	}
	return n.Related(relationship)
}

package ipam

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"

	"infrahub-mcp/internal/sandbox/nodes"
)

// Derived returns the value of an attribute that is not stored but follows from
// others: of prefixes these are netmask, hostmask, network_address,
// broadcast_address and utilization, whole percents. It reports false for all
// other attributes. It implements nodes.Deriver.
func (r *Rule) Derived(n *nodes.Node, attribute string) (value any, ok bool) {
	switch attribute {
	case "netmask", "hostmask", "network_address", "broadcast_address", "utilization":
	default:
		return nil, false
	}
	if !n.Is(prefixKind) {
		return nil, false
	}
	prefix, valid := prefixOf(n)
	if !valid {
		return nil, true
	}
	switch attribute {
	case "network_address":
		return prefix.Masked().Addr().String(), true
	case "utilization":
		return int64(use(n)), true
	default:
		return nodes.Property(n.Schema.Attribute("prefix"), n.Attribute("prefix"), attribute), true
	}
}

// use tells how much of prefixes is used, in percent of all of them together.
func use(prefixes ...*nodes.Node) float64 {
	var used, all float64
	for _, n := range prefixes {
		prefix, ok := prefixOf(n)
		if !ok {
			continue
		}
		all += float(room(n))
		if n.Text("member_type") == "address" {
			used += float64(len(n.Related("ip_addresses")))
			continue
		}
		for _, child := range n.Related("children") {
			if part, ok := prefixOf(child); ok {
				used += math.Exp2(float64(prefix.Addr().BitLen() - part.Bits()))
			}
		}
	}
	if all == 0 {
		return 0
	}
	return min(used/all*100, 100)
}

// room is the number of addresses that a prefix has for use. Where its members
// are addresses and all are not for a pool, the first and the last one of version
// 4 name the network and everybody in it.
func room(n *nodes.Node) *big.Int {
	prefix, ok := prefixOf(n)
	if !ok {
		return new(big.Int)
	}
	size := new(big.Int).Lsh(big.NewInt(1), uint(prefix.Addr().BitLen()-prefix.Bits()))
	if n.Text("member_type") == "address" && prefix.Addr().Is4() && prefix.Bits() < 31 && n.Value("is_pool") != true {
		size.Sub(size, big.NewInt(2))
	}
	return size
}

func float(i *big.Int) float64 {
	f, _ := new(big.Float).SetInt(i).Float64()
	return f
}

// percent writes a share as Python writes a float: 0.0 rather than 0.
func percent(share float64) json.Number {
	text := strconv.FormatFloat(share, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return json.Number(text)
}

package nodes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"go4.org/netipx"
)

// parsePrefix reads an address with the length of its prefix, with a mask, or
// alone, which is a prefix of one address.
func parsePrefix(text string) (netip.Prefix, error) {
	host, length, ok := strings.Cut(text, "/")
	address, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}, err
	}
	if !ok {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	if mask, err := netip.ParseAddr(length); err == nil && address.Is4() && mask.Is4() {
		return maskedBy(address, mask)
	}
	return netip.ParsePrefix(text)
}

// maskedBy returns the prefix of an address under a mask of the network or, the
// other way round, of the host.
func maskedBy(address, mask netip.Addr) (netip.Prefix, error) {
	octets := mask.As4()
	ones := binary.BigEndian.Uint32(octets[:])
	for _, network := range []uint32{ones, ^ones} {
		length := bits.LeadingZeros32(^network)
		if network<<length == 0 {
			return netip.PrefixFrom(address, length), nil
		}
	}
	return netip.Prefix{}, errNoMask
}

var errNoMask = errors.New("not a mask of a network")

// addressText writes an address as Python's ipaddress does, which shows no dots
// in version 6.
func addressText(a netip.Addr) string {
	if a.Is4In6() {
		sixteen := a.As16()
		return fmt.Sprintf("::ffff:%x:%x", binary.BigEndian.Uint16(sixteen[12:]), binary.BigEndian.Uint16(sixteen[14:]))
	}
	return a.WithZone("").String()
}

// prefixText writes an address with the length of its prefix.
func prefixText(p netip.Prefix) string {
	return addressText(p.Addr()) + "/" + strconv.Itoa(p.Bits())
}

// prefixProperty returns a property of an IPHost, IPNetwork or IPAddress.
func prefixProperty(kind string, p netip.Prefix, property string) any {
	switch property {
	case "version":
		if p.Addr().Is4() {
			return int64(4)
		}
		return int64(6)
	case "binary_address":
		return binaryAddress(p.Addr())
	}
	if kind == "IPAddress" {
		return nil
	}
	netmask, hostmask := masks(p)
	switch property {
	case "ip":
		if kind == "IPHost" {
			return addressText(p.Addr())
		}
	case "prefixlen":
		return int64(p.Bits())
	case "netmask":
		return netmask
	case "hostmask":
		return hostmask
	case "with_netmask":
		return addressText(p.Addr()) + "/" + netmask
	case "with_hostmask":
		return addressText(p.Addr()) + "/" + hostmask
	case "broadcast_address":
		if kind == "IPNetwork" {
			return addressText(netipx.PrefixLastIP(p))
		}
	case "num_addresses":
		if kind == "IPNetwork" {
			return numAddresses(p)
		}
	}
	return nil
}

// masks returns the bits of a prefix that name the network, and those that name
// the host, as addresses.
func masks(p netip.Prefix) (netmask, hostmask string) {
	network, host := make([]byte, p.Addr().BitLen()/8), make([]byte, p.Addr().BitLen()/8)
	for i := range network {
		ones := min(max(p.Bits()-8*i, 0), 8)
		network[i] = ^byte(0xff >> ones)
		host[i] = ^network[i]
	}
	n, _ := netip.AddrFromSlice(network)
	h, _ := netip.AddrFromSlice(host)
	return addressText(n), addressText(h)
}

// numAddresses counts the addresses of a network: an int64 as long as it fits,
// else a *big.Int, which encoding/json writes as a number too.
func numAddresses(p netip.Prefix) any {
	count := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
	if count.IsInt64() {
		return count.Int64()
	}
	return count
}

// binaryAddress writes the bits of an address.
func binaryAddress(a netip.Addr) string {
	if a.Is4() {
		four := a.As4()
		return fmt.Sprintf("%032b", binary.BigEndian.Uint32(four[:]))
	}
	sixteen := a.As16()
	var b strings.Builder
	for _, octet := range sixteen {
		fmt.Fprintf(&b, "%08b", octet)
	}
	return b.String()
}

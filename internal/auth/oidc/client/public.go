package client

import (
	"net/netip"

	"go4.org/netipx"
)

// publicAddresses returns the addresses of the internet: those that the IANA
// special-purpose address registries (RFC 6890) do not set apart. For IPv6 these
// are within 2000::/3, the only block that is given out.
func publicAddresses() *netipx.IPSet {
	var set netipx.IPSetBuilder
	for _, prefix := range []string{"0.0.0.0/0", "2000::/3"} {
		set.AddPrefix(netip.MustParsePrefix(prefix))
	}
	for _, prefix := range []string{
		"0.0.0.0/8",         // this network
		"10.0.0.0/8",        // private use
		"100.64.0.0/10",     // shared by customers of a carrier (RFC 6598)
		"127.0.0.0/8",       // loopback
		"168.63.129.16/32",  // the host of a virtual machine in Azure
		"169.254.0.0/16",    // link-local, with the metadata services of clouds
		"172.16.0.0/12",     // private use
		"192.0.0.0/24",      // protocol assignments
		"192.0.2.0/24",      // documentation
		"192.31.196.0/24",   // AS112
		"192.52.193.0/24",   // AMT
		"192.88.99.0/24",    // 6to4 relays
		"192.168.0.0/16",    // private use
		"192.175.48.0/24",   // AS112
		"198.18.0.0/15",     // benchmarking
		"198.51.100.0/24",   // documentation
		"203.0.113.0/24",    // documentation
		"224.0.0.0/4",       // multicast
		"240.0.0.0/4",       // reserved, and broadcast
		"2001::/23",         // protocol assignments, with Teredo, ORCHID and benchmarking
		"2001:db8::/32",     // documentation
		"2002::/16",         // 6to4, which has any IPv4 address inside
		"2620:4f:8000::/48", // AS112
		"3fff::/20",         // documentation
	} {
		set.RemovePrefix(netip.MustParsePrefix(prefix))
	}
	public, err := set.IPSet()
	if err != nil {
		panic(err) // only for prefixes that are none
	}
	return public
}

package front

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the proxies in front of the server, whose word on
// the address of a client is taken. The zero value trusts nobody.
type Proxies struct {
	networks []netip.Prefix
}

type addressKey struct{}

// NewProxies returns the proxies of a list of networks in CIDR notation, or
// single addresses.
func NewProxies(networks []string) (Proxies, error) {
	var p Proxies
	for _, entry := range networks {
		network, err := parseNetwork(entry)
		if err != nil {
			return Proxies{}, err
		}
		p.networks = append(p.networks, network)
	}
	return p, nil
}

// WithAddress puts the address of the client into the context of each request,
// see Address.
func (p Proxies) WithAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if address := p.client(r); address.IsValid() {
			r = r.WithContext(context.WithValue(r.Context(), addressKey{}, address))
		}
		next.ServeHTTP(w, r)
	})
}

// Address returns the address of the client whose request a context belongs to:
// IPv4 as such, IPv6 without a zone. It is the zero Addr outside of a request.
func Address(ctx context.Context) netip.Addr {
	address, _ := ctx.Value(addressKey{}).(netip.Addr)
	return address
}

// client finds the address of the client: the peer's, or, when that is a
// trusted proxy, the last one in the chain of the header that is not.
//
// A proxy writes one of the two headers and hands the other on as the client
// sent it. So when both are there and disagree, neither is believed.
func (p Proxies) client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	from := plain(peer.Addr())
	if !p.trusts(from) {
		return from
	}
	legacy := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	standard := strings.Join(r.Header.Values("Forwarded"), ",")
	switch {
	case standard == "":
		return p.last(from, forwardedFor(legacy))
	case legacy == "":
		return p.last(from, forwarded(standard))
	}
	client := p.last(from, forwardedFor(legacy))
	if p.last(from, forwarded(standard)) != client {
		return from
	}
	return client
}

// last follows a chain of hops, the nearest last, from the peer back to the
// first hop that is not trusted. A hop without an address, which is the zero
// Addr, ends the search: what lies beyond it could be anything.
func (p Proxies) last(peer netip.Addr, hops []netip.Addr) netip.Addr {
	at := peer
	for _, hop := range slices.Backward(hops) {
		if !p.trusts(at) || !hop.IsValid() {
			break
		}
		at = hop
	}
	return at
}

func (p Proxies) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

// forwardedFor reads X-Forwarded-For: addresses, which some proxies write with
// a port.
func forwardedFor(header string) []netip.Addr {
	var hops []netip.Addr
	for hop := range strings.SplitSeq(header, ",") {
		hops = append(hops, parseHop(strings.TrimSpace(hop)))
	}
	return hops
}

// forwarded reads the parameter for of each element of Forwarded (RFC 7239,
// section 4). A header that is not well formed has no hops.
func forwarded(header string) []netip.Addr {
	elements, ok := splitQuoted(header, ',')
	if !ok {
		return nil
	}
	var hops []netip.Addr
	for _, element := range elements {
		hop, found := netip.Addr{}, false
		parameters, _ := splitQuoted(element, ';') // quotes are balanced in each element
		for _, parameter := range parameters {
			name, value, _ := strings.Cut(parameter, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "for") {
				continue
			}
			if found { // a parameter must not be there twice
				hop = netip.Addr{}
				break
			}
			hop, found = parseHop(unquote(strings.TrimSpace(value))), true
		}
		hops = append(hops, hop)
	}
	return hops
}

// splitQuoted splits at a separator outside of quoted strings (RFC 9110, section
// 5.6.4). It fails when the last one is not closed.
func splitQuoted(text string, separator byte) (parts []string, ok bool) {
	start, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted && text[i] == separator:
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	return append(parts, text[start:]), !quoted
}

// unquote takes the quotes off. No address holds a character that would have to
// be escaped.
func unquote(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// parseHop reads an address with or without a port, an IPv6 address with or
// without brackets. The zero Addr is anything else, such as "unknown".
func parseHop(text string) netip.Addr {
	if address, err := netip.ParseAddr(text); err == nil {
		return plain(address)
	}
	if address, err := netip.ParseAddrPort(text); err == nil {
		return plain(address.Addr())
	}
	if inner, found := strings.CutPrefix(text, "["); found {
		if address, err := netip.ParseAddr(strings.TrimSuffix(inner, "]")); err == nil && strings.HasSuffix(inner, "]") {
			return plain(address)
		}
	}
	return netip.Addr{}
}

// plain is the form in which addresses are compared.
func plain(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }

// parseNetwork reads one entry of the list.
func parseNetwork(entry string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(entry); err == nil {
		address = plain(address)
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(entry)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a network: write an address and a length, as in 10.0.0.0/8 or fd00::/8", entry)
	}
	if masked := network.Masked(); masked != network {
		return netip.Prefix{}, fmt.Errorf("%q is an address inside a network; that network is %s", entry, masked)
	}
	if network.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is not a network: write IPv4 as such", entry)
	}
	return network, nil
}

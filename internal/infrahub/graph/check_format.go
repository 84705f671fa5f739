package graph

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// format is what a text of some kind of attribute looks like.
type format struct {
	what  string // as in "must be …"
	valid func(text string) bool
}

// formatOf returns the format of a kind of attribute, a zero one when every
// text will do. A format leaves nothing out that Infrahub understands, but some
// that it takes and stores as something else.
func formatOf(kind string) format {
	switch kind {
	case "MacAddress":
		return format{"a MAC address such as 00:00:5e:00:53:01", isMAC}
	case "URL":
		return format{"a URL such as https://example.com/ or a path that starts with /", isURL}
	case "Email":
		return format{"an e-mail address such as noc@example.com", isEmail}
	case "DateTime":
		return format{"an ISO 8601 time such as 2026-01-31T12:00:00Z", isTime}
	case "IPHost":
		return format{"an IP address with or without a prefix length, such as 192.0.2.1/24", isIPHost}
	case "IPNetwork":
		return format{"an IP network with its prefix length and no bits set beyond it, such as 192.0.2.0/24", isIPNetwork}
	case "IPAddress":
		return format{"an IP address without a prefix length, such as 192.0.2.1", isIPAddress}
	}
	return format{}
}

// isMAC takes the usual spellings of an EUI-48. Infrahub takes eleven digits
// without separators too, and adds a zero.
func isMAC(text string) bool {
	digits := func(s string) bool {
		return strings.Trim(s, "0123456789abcdefABCDEF") == ""
	}
	if len(text) == 12 && digits(text) {
		return true
	}
	for _, s := range []struct {
		separator          string
		groups, least, max int
	}{{":", 6, 1, 2}, {"-", 6, 1, 2}, {".", 3, 1, 4}, {":", 3, 1, 4}, {"-", 3, 1, 4}, {":", 2, 5, 6}, {"-", 2, 5, 6}} {
		groups := strings.Split(text, s.separator)
		ok := len(groups) == s.groups
		for _, group := range groups {
			ok = ok && len(group) >= s.least && len(group) <= s.max && digits(group)
		}
		if ok {
			return true
		}
	}
	return false
}

// isURL takes what Infrahub takes: a scheme and a host, or a path.
func isURL(text string) bool {
	u, err := url.Parse(text)
	if strings.HasPrefix(text, "/") {
		return err == nil
	}
	before, after, ok := strings.Cut(text, "://")
	if err != nil {
		// Infrahub escapes a blank in a host.
		return ok && before != "" && after != "" && strings.Contains(after, " ")
	}
	return ok && u.Scheme != "" && u.Host != ""
}

// isEmail takes a bare address (RFC 5322, addr-spec). Infrahub takes any text.
func isEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}

// isTime takes times and dates. Infrahub takes "5m" and the empty text too, and
// stores them as they are.
func isTime(text string) bool {
	if validTime(text) {
		return true
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04", "2006-01-02 15:04Z07:00", "20060102T150405Z07:00", "20060102T150405", "20060102"} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

func isIPHost(text string) bool {
	_, ok := ipHost(text)
	return ok || isMasked(text)
}

// ipHost reads an address, with the whole length for its prefix when it has
// none, as Infrahub does.
func ipHost(text string) (netip.Prefix, bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix, true
	}
	// Infrahub drops a zone.
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(address, address.BitLen()), true
}

func isIPNetwork(text string) bool {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return isMasked(text)
	}
	return prefix == prefix.Masked()
}

func isIPAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == ""
}

// isMasked reports whether a text is an IPv4 address with a mask in place of a
// prefix length; whether the mask is one is left to Infrahub.
func isMasked(text string) bool {
	host, mask, ok := strings.Cut(text, "/")
	if !ok {
		return false
	}
	for _, part := range []string{host, mask} {
		if address, err := netip.ParseAddr(part); err != nil || !address.Is4() {
			return false
		}
	}
	return true
}

// matches reports whether a text matches a Python regular expression from its
// first character on, as Infrahub asks. Where Go and Python may differ the
// answer is true, and Infrahub decides: expressions that Go does not know or
// reads otherwise ("{,3}", "[[:"), and texts that are not printable ASCII,
// because \w, \d, \s and $ mean more in Python.
func matches(expression, text string) bool {
	if strings.Contains(expression, "{,") || strings.Contains(expression, "[:") {
		return true
	}
	for _, r := range text {
		if r < ' ' || r > '~' {
			return true
		}
	}
	compiled, err := regexp.Compile(`\A(?:` + expression + `)`)
	return err != nil || compiled.MatchString(text)
}

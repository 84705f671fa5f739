package nodes

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// macAddress is an EUI-48, which is all that Infrahub takes.
type macAddress [6]byte

// String writes the address as Infrahub stores it: "00:00:5E:00:00:01".
func (m macAddress) String() string {
	return strings.ToUpper(m.joined(":", 1, "%02x"))
}

// parseMAC reads an address in any of the usual notations: octets, pairs of
// octets or halves with colons or hyphens, pairs with dots, and bare digits.
// Leading zeros of a group may be left out.
func parseMAC(text string) (macAddress, error) {
	var mac macAddress
	groups := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(":-.", r) })
	width := 12
	switch len(groups) {
	case 1:
		if len(text) != width {
			return mac, errNoMAC
		}
	case 2, 3, 6:
		width /= len(groups)
	default:
		return mac, errNoMAC
	}
	for i, group := range groups {
		if len(group) > width {
			return mac, errNoMAC
		}
		groups[i] = strings.Repeat("0", width-len(group)) + group
	}
	digits := strings.Join(groups, "")
	for i := range mac {
		octet, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			return mac, errNoMAC
		}
		mac[i] = byte(octet)
	}
	return mac, nil
}

var errNoMAC = errors.New("not a MAC address")

// joined writes groups of a number of octets with a separator.
func (m macAddress) joined(separator string, octets int, format string) string {
	groups := make([]string, 0, len(m))
	for i := 0; i < len(m); i += octets {
		var number uint64
		for _, octet := range m[i : i+octets] {
			number = number<<8 | uint64(octet)
		}
		groups = append(groups, fmt.Sprintf(format, number))
	}
	return strings.Join(groups, separator)
}

// property returns a property of a MacAddress attribute, in the notations of
// netaddr, which Infrahub uses.
func (m macAddress) property(name string) any {
	octets := m.joined("-", 1, "%02X")
	switch name {
	case "version":
		return int64(48)
	case "binary":
		return m.joined("", len(m), "0b%b")
	case "oui":
		return octets[:8]
	case "ei":
		return octets[9:]
	case "eui48":
		return octets
	case "eui64":
		return octets[:8] + "-FF-FE-" + octets[9:]
	case "bare":
		return m.joined("", 1, "%02X")
	case "dot_notation":
		return m.joined(".", 2, "%04x")
	case "semicolon_notation":
		return m.joined(":", 1, "%x")
	case "split_notation":
		return m.joined(":", 3, "%06x")
	}
	return nil
}

package ipam

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var zero time.Time

func TestTheFirstFreeAddressOfAPrefix(t *testing.T) {
	for _, test := range []struct {
		name, prefix string
		pool         bool
		taken        []string
		want         string
	}{
		{"of an empty one comes after that of the network", "192.0.2.0/24", false, nil, "192.0.2.1"},
		{"of one that is all for a pool is that of the network", "192.0.2.0/24", true, nil, "192.0.2.0"},
		{"is in the first gap", "192.0.2.0/24", false, []string{"192.0.2.1", "192.0.2.3"}, "192.0.2.2"},
		{"is none when there are none left but broadcast", "192.0.2.0/30", false, []string{"192.0.2.1", "192.0.2.2"}, ""},
		{"is broadcast when all is for a pool", "192.0.2.0/30", true, []string{"192.0.2.0", "192.0.2.1", "192.0.2.2"}, "192.0.2.3"},
		{"of a link between two is none", "192.0.2.0/31", false, nil, ""},
		{"of a single address is none", "192.0.2.0/32", false, nil, ""},
		{"of a single address for a pool is that one", "192.0.2.0/32", true, nil, "192.0.2.0"},
		{"of the last prefix there is is one", "255.255.255.0/24", true, nil, "255.255.255.0"},
		{"is of version 6 too", "2001:db8::/64", false, []string{"2001:db8::1"}, "2001:db8::2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var taken []netip.Addr
			for _, address := range test.taken {
				taken = append(taken, netip.MustParseAddr(address))
			}
			got, ok := freeAddress(netip.MustParsePrefix(test.prefix), test.pool, taken)
			if ok != (test.want != "") || ok && got.String() != test.want {
				t.Errorf("got %v, %t, want %q", got, ok, test.want)
			}
		})
	}
}

func TestTheFirstFreePrefixOfAPrefix(t *testing.T) {
	for _, test := range []struct {
		name, prefix string
		length       int
		taken        []string
		want         string
	}{
		{"of a length begins where it does", "192.0.2.0/24", 26, nil, "192.0.2.0/26"},
		{"comes after those taken", "192.0.2.0/24", 26, []string{"192.0.2.0/26"}, "192.0.2.64/26"},
		{"leaves gaps that are too small", "192.0.2.0/24", 26, []string{"192.0.2.32/27", "192.0.2.64/26"}, "192.0.2.128/26"},
		{"of any length is what is there", "192.0.2.0/24", -1, nil, "192.0.2.0/24"},
		{"of any length is the first part", "192.0.2.0/24", -1, []string{"192.0.2.0/26"}, "192.0.2.64/26"},
		{"is none when all is taken", "192.0.2.0/24", 26, []string{"192.0.2.0/25", "192.0.2.128/25"}, ""},
		{"is none where there is no room", "192.0.2.0/24", 25, []string{"192.0.2.1/32", "192.0.2.129/32"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var taken []netip.Prefix
			for _, prefix := range test.taken {
				taken = append(taken, netip.MustParsePrefix(prefix))
			}
			got, ok := freePrefix(netip.MustParsePrefix(test.prefix), test.length, taken)
			if ok != (test.want != "") || ok && got.String() != test.want {
				t.Errorf("got %v, %t, want %q", got, ok, test.want)
			}
		})
	}
}

// A free prefix is the first one, in address order, that overlaps nothing.
func TestAFreePrefixIsTheFirstThatFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		within := netip.MustParsePrefix("10.0.0.0/24")
		var taken []netip.Prefix
		for range rapid.IntRange(0, 6).Draw(t, "taken") {
			address := netip.AddrFrom4([4]byte{10, 0, 0, rapid.Byte().Draw(t, "last byte")})
			taken = append(taken, netip.PrefixFrom(address, rapid.IntRange(25, 32).Draw(t, "length")).Masked())
		}
		length := rapid.IntRange(24, 32).Draw(t, "wanted length")
		got, found := freePrefix(within, length, taken)
		want, exists := firstByTrial(within, length, taken)
		if found != exists || found && got != want {
			t.Fatalf("got %v, %t, want %v, %t beside %v", got, found, want, exists, taken)
		}
	})
}

func firstByTrial(within netip.Prefix, length int, taken []netip.Prefix) (netip.Prefix, bool) {
	for last := 0; last < 256; last += 1 << (32 - length) {
		candidate := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(last)}), length)
		free := true
		for _, t := range taken {
			free = free && !t.Overlaps(candidate)
		}
		if free && within.Overlaps(candidate) {
			return candidate, true
		}
	}
	return netip.Prefix{}, false
}

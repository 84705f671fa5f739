package ipam

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/sandbox/nodes"
)

// under prints where prefixes and addresses are: what is under what.
func (p *plan) under(t testing.TB, branch string) map[string]string {
	t.Helper()
	g, err := p.base.Read(branch, zero)
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]string{}
	for _, n := range g.NodesOf(g.Model.Kind(prefixKind)) {
		places[n.Text("prefix")] = labelOf(first(n.Related("parent")))
		if n.Value("is_top_level") != (places[n.Text("prefix")] == "") {
			t.Errorf("is_top_level of %s is %v under %q", n.Text("prefix"), n.Value("is_top_level"), places[n.Text("prefix")])
		}
	}
	for _, n := range g.NodesOf(g.Model.Kind(addressKind)) {
		places[n.Text("address")] = labelOf(first(n.Related("ip_prefix")))
	}
	return places
}

func labelOf(n *nodes.Node) string {
	if n == nil {
		return ""
	}
	return n.Label()
}

func TestPrefixesAndAddressesAreUnderTheLongestPrefix(t *testing.T) {
	p := newPlan(t)
	p.address(t, "main", "10.1.2.3/24")
	p.prefix(t, "main", "10.1.0.0/16")
	p.prefix(t, "main", "10.0.0.0/8")
	inner := p.prefix(t, "main", "10.1.2.0/24")
	p.prefix(t, "main", "10.1.2.3/32")
	p.address(t, "main", "10.1.2.3/32")
	p.address(t, "main", "192.0.2.1")
	want := map[string]string{
		"10.0.0.0/8": "", "10.1.0.0/16": "10.0.0.0/8", "10.1.2.0/24": "10.1.0.0/16", "10.1.2.3/32": "10.1.2.3/32",
		"10.1.2.3/24": "10.1.2.0/24", "192.0.2.1/32": "",
	}
	if diff := cmp.Diff(want, p.under(t, "main")); diff != "" {
		t.Errorf("after they came (-want +got):\n%s", diff)
	}

	if err := p.write("main", func(w *nodes.Writer) error {
		_, err := w.Delete(w.Model.Kind("IpamIPPrefix"), in{"id": inner})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	delete(want, "10.1.2.0/24")
	want["10.1.2.3/24"] = "10.1.0.0/16"
	if diff := cmp.Diff(want, p.under(t, "main")); diff != "" {
		t.Errorf("after one went (-want +got):\n%s", diff)
	}
}

func TestPrefixesOfOtherNamespacesAreOutOfAccount(t *testing.T) {
	p := newPlan(t)
	other := p.create(t, "main", "IpamNamespace", in{"name": val("other")})
	p.prefix(t, "main", "10.0.0.0/8")
	id := p.create(t, "main", "IpamIPPrefix", in{"prefix": val("10.1.0.0/16"), "ip_namespace": ref(other)})
	address := p.address(t, "main", "10.1.0.1/24")
	want := map[string]string{"10.0.0.0/8": "", "10.1.0.0/16": "", "10.1.0.1/24": "10.0.0.0/8"}
	if diff := cmp.Diff(want, p.under(t, "main")); diff != "" {
		t.Errorf("in two namespaces (-want +got):\n%s", diff)
	}
	if got := first(p.node(t, "main", address).Related("ip_namespace")).Text("name"); got != "default" {
		t.Errorf("the namespace of an address without one is %q, want default", got)
	}

	if err := p.write("main", func(w *nodes.Writer) error {
		_, err := w.Update(w.Model.Kind("IpamIPPrefix"), in{"id": id, "ip_namespace": ref(p.namespace(t))})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want["10.1.0.0/16"], want["10.1.0.1/24"] = "10.0.0.0/8", "10.1.0.0/16"
	if diff := cmp.Diff(want, p.under(t, "main")); diff != "" {
		t.Errorf("after a move between namespaces (-want +got):\n%s", diff)
	}
}

func TestTheDefaultNamespaceStays(t *testing.T) {
	p := newPlan(t)
	err := p.write("main", func(w *nodes.Writer) error {
		_, err := w.Delete(w.Model.Kind("IpamNamespace"), in{"id": p.namespace(t)})
		return err
	})
	if got, _ := message(err); got != "Cannot delete default IPAM namespace" {
		t.Errorf("got %q", got)
	}
}

// Whatever comes, changes and goes, everything is under the longest prefix that
// contains it.
func TestPlacesAreRightAfterAnyChange(t *testing.T) {
	p, runs := newPlan(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		branch := fmt.Sprintf("run-%d", runs)
		p.branch(t, branch)
		var ids []string
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			length := rapid.IntRange(8, 32).Draw(rt, "length")
			address := netip.AddrFrom4([4]byte{10, rapid.Byte().Draw(rt, "second"), 0, rapid.Byte().Draw(rt, "last")})
			prefix := netip.PrefixFrom(address, length).Masked().String()
			step := rapid.SampledFrom([]string{"prefix", "address", "change", "delete"}).Draw(rt, "step")
			switch {
			case step == "address":
				_ = p.address(t, branch, netip.PrefixFrom(address, length).String())
			case step == "prefix" || len(ids) == 0:
				if _, taken := p.under(t, branch)[prefix]; !taken {
					ids = append(ids, p.prefix(t, branch, prefix))
				}
			case step == "change":
				if _, taken := p.under(t, branch)[prefix]; !taken {
					p.change(t, branch, rapid.SampledFrom(ids).Draw(rt, "which"), prefix)
				}
			default:
				i := rapid.IntRange(0, len(ids)-1).Draw(rt, "which")
				p.remove(t, branch, ids[i])
				ids = append(ids[:i], ids[i+1:]...)
			}
		}
		p.checkPlaces(t, branch)
	})
}

func (p *plan) change(t testing.TB, branch, id, prefix string) {
	t.Helper()
	if err := p.write(branch, func(w *nodes.Writer) error {
		_, err := w.Update(w.Model.Kind("IpamIPPrefix"), in{"id": id, "prefix": val(prefix)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func (p *plan) remove(t testing.TB, branch, id string) {
	t.Helper()
	if err := p.write(branch, func(w *nodes.Writer) error {
		_, err := w.Delete(w.Model.Kind("IpamIPPrefix"), in{"id": id})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// checkPlaces compares places with those found by trying every prefix.
func (p *plan) checkPlaces(t testing.TB, branch string) {
	t.Helper()
	g, err := p.base.Read(branch, zero)
	if err != nil {
		t.Fatal(err)
	}
	prefixes := g.NodesOf(g.Model.Kind(prefixKind))
	check := func(n *nodes.Node, relationship string, longest int) {
		at, _ := locate(n)
		var want *nodes.Node
		for _, candidate := range prefixes {
			around, _ := prefixOf(candidate)
			if around.Bits() <= longest && around.Contains(at.Addr()) && (want == nil || around.Bits() > must(want).Bits()) {
				want = candidate
			}
		}
		if got := first(n.Related(relationship)); labelOf(got) != labelOf(want) {
			t.Errorf("%s is under %q, want %q", n.Label(), labelOf(got), labelOf(want))
		}
	}
	for _, n := range prefixes {
		check(n, "parent", must(n).Bits()-1)
	}
	for _, n := range g.NodesOf(g.Model.Kind(addressKind)) {
		at, _ := locate(n)
		check(n, "ip_prefix", max(at.Bits(), 31))
	}
}

func must(n *nodes.Node) netip.Prefix {
	prefix, _ := prefixOf(n)
	return prefix
}

func TestWhatPrefixesDerive(t *testing.T) {
	p := newPlan(t)
	outer := p.create(t, "main", "IpamIPPrefix", in{"prefix": val("192.0.2.0/24"), "member_type": val("prefix")})
	inner := p.prefix(t, "main", "192.0.2.0/26")
	for _, address := range []string{"192.0.2.1/26", "192.0.2.2/26"} {
		p.address(t, "main", address)
	}
	pool := p.create(t, "main", "IpamIPPrefix", in{"prefix": val("192.0.2.128/30"), "is_pool": val(true)})
	p.address(t, "main", "192.0.2.128/30")
	six := p.prefix(t, "main", "2001:db8::/32")
	for _, test := range []struct {
		name, id, attribute string
		want                any
	}{
		{"the netmask", outer, "netmask", "255.255.255.0"},
		{"the hostmask", outer, "hostmask", "0.0.0.255"},
		{"the address of the network", inner, "network_address", "192.0.2.0"},
		{"broadcast", inner, "broadcast_address", "192.0.2.63"},
		{"the use by prefixes", outer, "utilization", int64(26)}, // 68 of 256
		{"the use by addresses", inner, "utilization", int64(3)}, // 2 of 62
		{"the use of a pool", pool, "utilization", int64(25)},    // 1 of 4
		{"no use", six, "utilization", int64(0)},
		{"a netmask of version 6", six, "netmask", "ffff:ffff::"},
		{"what is stored", outer, "prefix", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, known := p.rule.Derived(p.node(t, "main", test.id), test.attribute)
			if known != (test.want != nil) || got != test.want {
				t.Errorf("got %v, %t, want %v", got, known, test.want)
			}
		})
	}
}

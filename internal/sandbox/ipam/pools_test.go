package ipam

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/nodes"
)

// addresses makes a pool of the addresses of a prefix.
func (p *plan) addresses(t testing.TB, branch, name string, resources ...string) string {
	t.Helper()
	return p.create(t, branch, addressPool, in{
		"name": val(name), "default_address_type": val("IpamIPAddress"), "default_prefix_length": val(int64(30)),
		"resources": refs(resources), "ip_namespace": ref(p.namespace(t)),
	})
}

func refs(ids []string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = ref(id)
	}
	return list
}

func (p *plan) take(t testing.TB, branch string, data in) (string, error) {
	t.Helper()
	answer, err := p.ask(t, branch, "InfrahubIPAddressPoolGetResource", in{"data": data})
	node, _ := answer["node"].(map[string]any)
	label, _ := node["display_label"].(string)
	return label, err
}

func TestAPoolOfAddressesHandsThemOut(t *testing.T) {
	p := newPlan(t)
	pool := p.addresses(t, "main", "links", p.prefix(t, "main", "192.0.2.0/30"), p.prefix(t, "main", "192.0.2.4/30"))
	p.branch(t, "other")
	for _, test := range []struct {
		name, branch string
		data         in
		want         string
	}{
		{"the first one", "main", in{"id": pool, "identifier": "a"}, "192.0.2.1/30"},
		{"the same for the same identifier", "main", in{"id": pool, "identifier": "a"}, "192.0.2.1/30"},
		{"another for another one", "main", in{"hfid": []any{"links"}, "identifier": "b"}, "192.0.2.2/30"},
		{"one of the next resource", "main", in{"id": pool}, "192.0.2.5/30"},
		{"one that no other branch has", "other", in{"id": pool, "identifier": "a"}, "192.0.2.6/30"},
		{"none when there are no more", "main", in{"id": pool}, "There are no more addresses available in this pool."},
		{"no other length for an identifier", "main", in{"id": pool, "identifier": "a", "prefix_length": int64(32)}, "IPAddressPool: links | This resource is already allocated as 192.0.2.1/30; its prefix length cannot be changed, only /30 can be used."},
		{"no length that does not fit", "main", in{"id": pool, "prefix_length": int64(8)}, "Invalid prefix length for current selected prefix"},
		{"none of an unknown pool", "main", in{"id": "nope"}, "Unable to find the node nope / CoreIPAddressPool in the database."},
		{"none of no pool", "main", in{"identifier": "x"}, "either id or hfid must be provided."},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := p.take(t, test.branch, test.data)
			if err != nil {
				got, _ = message(err)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAPoolMakesNodesAsAsked(t *testing.T) {
	p := newPlan(t)
	pool := p.addresses(t, "main", "hosts", p.prefix(t, "main", "198.51.100.0/24"))
	answer := p.mustAsk(t, "main", "InfrahubIPAddressPoolGetResource", in{"data": in{
		"id": pool, "identifier": "x", "prefix_length": int64(32), "data": in{"description": "from a pool", "fqdn": val("x.example")},
	}})
	node, _ := answer["node"].(map[string]any)
	id, _ := node["id"].(string)
	n := p.node(t, "main", id)
	got := []any{answer["ok"], node["kind"], node["identifier"], node["branch"], n.Text("address"), n.Text("description"), n.Text("fqdn")}
	want := []any{true, "IpamIPAddress", "x", "main", "198.51.100.1/32", "from a pool", "x.example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a node from a pool (-want +got):\n%s", diff)
	}

	_, err := p.ask(t, "main", "InfrahubIPAddressPoolGetResource", in{"data": in{"id": pool, "address_type": "Nope"}})
	if got, _ := message(err); got != "Unable to find the schema 'Nope' in the registry" {
		t.Errorf("an unknown kind is refused by %q", got)
	}
}

// What a transaction that fails has taken is there for others.
func TestAFailedTransactionReservesNothing(t *testing.T) {
	p := newPlan(t)
	pool := p.addresses(t, "main", "links", p.prefix(t, "main", "192.0.2.0/30"))
	failed := errors.New("failed")
	err := p.write("main", func(w *nodes.Writer) error {
		if _, err := p.rule.take(w, w.Node(pool), order{identifier: "a"}); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	if got, err := p.take(t, "main", in{"id": pool, "identifier": "a"}); err != nil || got != "192.0.2.1/30" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAPoolOfPrefixesHandsThemOut(t *testing.T) {
	p := newPlan(t)
	resource := p.create(t, "main", "IpamIPPrefix", in{"prefix": val("192.0.2.0/24"), "member_type": val("prefix")})
	p.prefix(t, "main", "192.0.2.0/26")
	pool := p.create(t, "main", prefixPool, in{
		"name": val("blocks"), "default_prefix_type": val("IpamIPPrefix"), "default_prefix_length": val(int64(25)),
		"resources": refs([]string{resource}), "ip_namespace": ref(p.namespace(t)),
	})
	for i, want := range []string{"192.0.2.128/25", "No more resources available"} {
		answer, err := p.ask(t, "main", "InfrahubIPPrefixPoolGetResource", in{"data": in{"id": pool}})
		got, _ := message(err)
		if node, ok := answer["node"].(map[string]any); ok {
			got = fmt.Sprint(node["display_label"])
		}
		if got != want {
			t.Errorf("the answer %d is %q, want %q", i+1, got, want)
		}
	}
	use := p.mustAsk(t, "main", "InfrahubResourcePoolUtilization", in{"pool_id": pool})
	if diff := cmp.Diff(json.Number("75.0"), use["utilization"]); diff != "" {
		t.Errorf("the use of the pool (-want +got):\n%s", diff)
	}
	if _, err := p.ask(t, "main", "InfrahubIPPrefixPoolGetResource", in{"data": in{"id": pool, "member_type": "x"}}); err == nil {
		t.Error("an unknown type of members passes")
	}
}

func TestAPoolTellsWhatItHandedOut(t *testing.T) {
	p := newPlan(t)
	resource := p.prefix(t, "main", "192.0.2.0/29")
	pool := p.addresses(t, "main", "hosts", resource)
	p.branch(t, "work")
	for _, branch := range []string{"main", "work", "work"} {
		if _, err := p.take(t, branch, in{"id": pool, "identifier": branch + "-x"}); err != nil {
			t.Fatal(err)
		}
	}
	use := p.mustAsk(t, "work", "InfrahubResourcePoolUtilization", in{"pool_id": pool})
	edges, _ := use["edges"].([]any)
	if len(edges) != 1 || use["count"] != 1 {
		t.Fatalf("got %v", use)
	}
	// The branch does not see the address that the default branch got after it
	// was made.
	want := in{"utilization": "16.666666666666664", "utilization_branches": "0.0", "utilization_default_branch": "16.666666666666664"}
	got := in{}
	for name := range want {
		got[name] = fmt.Sprint(use[name])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the use of the pool (-want +got):\n%s", diff)
	}
	handed := p.mustAsk(t, "work", "InfrahubResourcePoolAllocated", in{"pool_id": pool, "resource_id": resource})
	if diff := cmp.Diff([]string{"192.0.2.2/30 work-x work"}, printedEdges(handed)); diff != "" {
		t.Errorf("what was handed out (-want +got):\n%s", diff)
	}
	_, err := p.ask(t, "main", "InfrahubResourcePoolAllocated", in{"pool_id": pool, "resource_id": "nope"})
	if got, _ := message(err); got != "The selected pool_id="+pool+" doesn't contain the requested resource_id=nope" {
		t.Errorf("got %q", got)
	}
	_, err = p.ask(t, "main", "InfrahubResourcePoolUtilization", in{"pool_id": resource})
	if got, status := message(err); got != "Unable to find the node "+resource+" / ResourcePool in the database." || status != 404 {
		t.Errorf("got %q, %d", got, status)
	}
}

func printedEdges(answer in) []string {
	var printed []string
	edges, _ := answer["edges"].([]any)
	for _, edge := range edges {
		wrapped, _ := edge.(map[string]any)
		node, _ := wrapped["node"].(map[string]any)
		printed = append(printed, fmt.Sprint(node["display_label"], " ", node["identifier"], " ", node["branch"]))
	}
	return printed
}

func TestADeviceGetsAnAddressFromAPool(t *testing.T) {
	p := newPlan(t)
	site := p.create(t, "main", "LocationSite", in{"name": val("par"), "parent": ref(p.create(t, "main", "LocationRegion", in{"name": val("west")}))})
	pool := p.addresses(t, "main", "hosts", p.prefix(t, "main", "192.0.2.0/29"))
	numbers := p.create(t, "main", numberPool, in{
		"name": val("numbers"), "node": val("IpamVLAN"), "node_attribute": val("vlan_id"), "start_range": val(int64(1)), "end_range": val(int64(2)),
	})
	device := func(name string, from in) in {
		return in{"name": val(name), "serial": val(name), "role": val("leaf"), "site": ref(site), "primary_address": in{"from_pool": from}}
	}
	id := p.create(t, "main", "DcimDevice", device("one", in{"id": pool}))
	n := p.node(t, "main", id)
	if got := labelOf(first(n.Related("primary_address"))); got != "192.0.2.1/30" {
		t.Errorf("the address is %q", got)
	}
	if edges := n.Peers(n.Schema.Relationship("primary_address")); len(edges) != 1 || edges[0].Source != pool {
		t.Errorf("the source of the address is not the pool: %v", edges)
	}
	for name, from := range map[string]in{"an unknown pool": {"id": "nope"}, "a pool of numbers": {"id": numbers}} {
		if _, err := p.tryCreate("main", "DcimDevice", device("two", from)); err == nil {
			t.Errorf("an address from %s", name)
		}
	}
}

func TestAPoolOfNumbersHandsThemOut(t *testing.T) {
	p := newPlan(t)
	pool := p.create(t, "main", numberPool, in{
		"name": val("numbers"), "node": val("IpamVLAN"), "node_attribute": val("vlan_id"), "start_range": val(int64(4093)), "end_range": val(int64(5000)),
	})
	p.branch(t, "work")
	vlan := func(name string, from in) in { return in{"name": val(name), "vlan_id": in{"from_pool": from}} }
	id := p.create(t, "work", "IpamVLAN", vlan("a", in{"id": pool}))
	if n := p.node(t, "work", id); n.Value("vlan_id") != int64(4093) || n.Attribute("vlan_id").Source != pool {
		t.Errorf("got %v of %q", n.Value("vlan_id"), n.Attribute("vlan_id").Source)
	}
	if err := p.write("work", func(w *nodes.Writer) error {
		_, err := w.Update(w.Model.Kind("IpamVLAN"), in{"id": id, "vlan_id": in{"from_pool": in{"id": pool}}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := p.node(t, "work", id).Value("vlan_id"); got != int64(4093) {
		t.Errorf("asked once more, the pool gives the same node %v", got)
	}
	second := p.create(t, "main", "IpamVLAN", vlan("b", in{"id": "numbers"}))
	if got := p.node(t, "main", second).Value("vlan_id"); got != int64(4094) {
		t.Errorf("on another branch the next number is %v", got)
	}
	for _, test := range []struct {
		name string
		from in
		want string
	}{
		{"beyond what the attribute allows", in{"id": pool}, "The pool IpamVLAN is exhausted. at vlan_id.from_pool"},
		{"from an unknown pool", in{"id": "nope"}, "The pool requested {'id': 'nope'} was not found. at vlan_id.from_pool"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := p.tryCreate("main", "IpamVLAN", vlan("c", test.from))
			if got, status := message(err); got != test.want || status != 422 {
				t.Errorf("got %q, %d, want %q", got, status, test.want)
			}
		})
	}
	_, err := p.tryCreate("main", "RoutingAutonomousSystem", in{"asn": in{"from_pool": in{"id": pool}}})
	if got, _ := message(err); got != "The numbers pool can't be used for 'asn'. at asn.from_pool" {
		t.Errorf("for another attribute: %q", got)
	}

	handed := p.mustAsk(t, "main", "InfrahubResourcePoolAllocated", in{"pool_id": pool, "resource_id": pool})
	want := []string{"4093 " + id + " work", "4094 " + second + " main"}
	if diff := cmp.Diff(want, printedEdges(handed)); diff != "" {
		t.Errorf("what was handed out (-want +got):\n%s", diff)
	}
	use := p.mustAsk(t, "main", "InfrahubResourcePoolUtilization", in{"pool_id": pool})
	if got := fmt.Sprint(use["utilization"], " ", use["utilization_default_branch"]); got != "0.22026431718061676 0.11013215859030838" {
		t.Errorf("the use of the pool: %s", got)
	}
}

func TestANumberThatIsExcludedIsNotGiven(t *testing.T) {
	s := span{from: 99, to: 203, excluded: ranges("100-200, 99,202")}
	taken := map[int64]bool{201: true}
	if got, ok := s.next(taken); !ok || got != 203 {
		t.Errorf("got %d, %t, want 203", got, ok)
	}
	taken[203] = true
	if got, ok := s.next(taken); ok {
		t.Errorf("got %d, want none", got)
	}
}

func TestPoolsOfNumbersAreChecked(t *testing.T) {
	p := newPlan(t)
	good := func(change in) in {
		data := in{"name": val("numbers"), "node": val("IpamVLAN"), "node_attribute": val("vlan_id"), "start_range": val(int64(1)), "end_range": val(int64(9))}
		maps.Copy(data, change)
		return in{"data": data}
	}
	for _, test := range []struct {
		name, verb string
		data       in
		want       string
	}{
		{"of an unknown kind", "Create", good(in{"node": val("Nope")}), "The selected model does not exist"},
		{"of a profile", "Create", good(in{"node": val("ProfileIpamVLAN")}), "The selected model is not a Node or a Generic"},
		{"of an unknown attribute", "Create", good(in{"node_attribute": val("nope")}), "The selected attribute doesn't exist in the selected model"},
		{"of a text", "Create", good(in{"node_attribute": val("name")}), "The selected attribute is not of the kind Number"},
		{"the wrong way round", "Create", good(in{"start_range": val(int64(10))}), "start_range can't be larger than end_range"},
		{"with too low a start", "Create", good(in{"start_range": val(int64(0))}), "start_range can't be less than min_value"},
		{"with too high an end", "Create", good(in{"end_range": val(int64(4095))}), "end_range can't be larger than max_value"},
		{"a good one", "Create", good(nil), ""},
		{"of another attribute", "Update", in{"data": in{"hfid": []any{"numbers"}, "node_attribute": val("x")}}, "The fields 'node' or 'node_attribute' can't be changed."},
		{"turned round", "Update", in{"data": in{"hfid": []any{"numbers"}, "end_range": val(int64(0))}}, "start_range can't be larger than end_range"},
		{"turned round by an upsert", "Upsert", good(in{"end_range": val(int64(0))}), "start_range can't be larger than end_range"},
		{"made wider", "Update", in{"data": in{"hfid": []any{"numbers"}, "end_range": val(int64(20))}}, ""},
		{"without a name", "Create", in{"data": good(in{"name": nil})["data"]}, "A value must be provided for name at name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := p.ask(t, "main", "CoreNumberPool"+test.verb, test.data)
			if got := firstMessage(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// firstMessage is the sentence of the first of several errors.
func firstMessage(err error) string {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		err = several.Unwrap()[0]
	}
	got, _ := message(err)
	return got
}

func TestWhatIsNextAvailable(t *testing.T) {
	p := newPlan(t)
	empty, used := p.prefix(t, "main", "192.0.2.0/24"), p.prefix(t, "main", "10.0.0.0/8")
	p.prefix(t, "main", "10.0.0.0/16")
	p.address(t, "main", "10.0.0.1/8")
	p.address(t, "main", "10.0.0.2/32")
	full := p.prefix(t, "main", "203.0.113.0/31")
	const address, prefix = "InfrahubIPAddressGetNextAvailable", "InfrahubIPPrefixGetNextAvailable"
	for _, test := range []struct {
		name, field string
		arguments   in
		want        string
	}{
		{"an address", address, in{"prefix_id": empty}, "192.0.2.1/24"},
		{"an address with a length", address, in{"prefix_id": empty, "prefix_length": int64(32)}, "192.0.2.1/32"},
		{"an address where some are taken", address, in{"prefix_id": used}, "10.0.0.3/8"},
		{"an address where none is left", address, in{"prefix_id": full}, "No addresses available in prefix"},
		{"an address of a bad length", address, in{"prefix_id": empty, "prefix_length": int64(8)}, "Invalid prefix length for current selected prefix"},
		{"an address of nothing", address, in{"prefix_id": "nope"}, "Unable to find the node nope / BuiltinIPPrefix in the database."},
		{"a prefix", prefix, in{"prefix_id": used, "prefix_length": int64(16)}, "10.1.0.0/16"},
		{"a prefix of any length", prefix, in{"prefix_id": empty}, "192.0.2.0/24"},
		{"a prefix of the same length", prefix, in{"prefix_id": empty, "prefix_length": int64(24)}, "Invalid prefix length for current selected prefix"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, err := p.ask(t, "main", test.field, test.arguments)
			got, _ := message(err)
			for _, value := range answer {
				got = fmt.Sprint(value)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

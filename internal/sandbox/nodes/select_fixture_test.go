package nodes

import (
	"fmt"
	"testing"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// demo is the data that the recorded answers of Infrahub are about, as far as
// lists need it, written past all rules.
type demo struct {
	tb   testing.TB
	base *Base
	tx   *store.Tx
	ids  map[string]string // by name
}

const (
	admin  = "18ea0000-0000-4000-8000-00000000000a"
	reader = "18ea0000-0000-4000-8000-00000000000b"
)

// newDemo returns the demo data with a number of devices.
func newDemo(tb testing.TB, devices int) *demo {
	tb.Helper()
	core, err := model.Core()
	if err != nil {
		tb.Fatal(err)
	}
	document, err := model.Demo()
	if err != nil {
		tb.Fatal(err)
	}
	m, _, err := core.Load(document)
	if err != nil {
		tb.Fatal(err)
	}
	d := &demo{tb: tb, base: NewBase(m, store.Options{}), ids: map[string]string{}}
	d.write(d.places)
	for first := 0; first < devices; first += 100 {
		d.write(func() {
			for n := first; n < min(first+100, devices); n++ {
				d.device(n)
			}
		})
	}
	return d
}

func (d *demo) write(add func()) {
	d.tb.Helper()
	_, err := d.base.Store.Update("main", admin, func(tx *store.Tx) error {
		d.tx = tx
		add()
		return nil
	})
	if err != nil {
		d.tb.Fatal(err)
	}
}

func (d *demo) graph() *Graph {
	d.tb.Helper()
	g, err := d.base.Read("main", d.base.Store.Branches()[0].CreatedAt.AddDate(100, 0, 0))
	if err != nil {
		d.tb.Fatal(err)
	}
	return g
}

// add makes a node with every attribute of its kind, and returns its id.
func (d *demo) add(kind, name string, values map[string]any, peers map[string][]string) string {
	d.tb.Helper()
	k, id := d.kind(kind), d.base.Store.NewID()
	d.check(d.tx.CreateNode(id, kind, store.Aware))
	for _, a := range k.Attributes {
		value, given := values[a.Name]
		if !given {
			value = a.Default
		}
		d.check(d.tx.SetAttribute(id, store.Attribute{Name: a.Name, Value: value, IsDefault: !given}, store.Aware))
	}
	for relationship, ids := range peers {
		for _, peer := range ids {
			d.check(d.tx.SetEdge(id, RoleOf(k.Relationship(relationship)), peer, store.Properties{}, store.Aware))
		}
	}
	d.ids[name] = id
	return id
}

func (d *demo) kind(name string) *model.Kind {
	d.tb.Helper()
	m, err := d.base.Model("main")
	d.check(err)
	return m.Kind(name)
}

func (d *demo) check(err error) {
	d.tb.Helper()
	if err != nil {
		d.tb.Fatal(err)
	}
}

func (d *demo) siteOf(n int) string { return [...]string{"par1", "ams1", "nyc1", "dfw1"}[n%4] }

func (d *demo) tagsOf(n int) []string {
	tags := [...]string{"blue", "green", "red"}
	return []string{d.ids[tags[n%3]], d.ids[tags[(n+1)%3]]}
}

func (d *demo) places() {
	for _, tag := range []string{"blue", "green", "red"} {
		d.add("BuiltinTag", tag, map[string]any{"name": tag}, nil)
	}
	for _, region := range []string{"eu-west", "us-east"} {
		d.add("LocationRegion", region, map[string]any{"name": region}, nil)
	}
	for n := range 4 {
		site, region := d.siteOf(n), []string{"eu-west", "us-east"}[n/2]
		d.add("LocationSite", site, map[string]any{"name": site}, map[string][]string{
			"parent": {d.ids[region]}, "tags": {d.ids["blue"]},
		})
	}
	for n := range 8 {
		site := d.siteOf(n / 2)
		rack := fmt.Sprintf("%s-r%d", site, n%2+1)
		d.add("LocationRack", rack, map[string]any{"name": rack}, map[string][]string{"parent": {d.ids[site]}})
	}
	for n := range int64(4) {
		d.add("RoutingAutonomousSystem", fmt.Sprint(64512+n), map[string]any{"asn": 64512 + n}, nil)
	}
	for n := range 12 {
		d.add("IpamIPAddress", fmt.Sprint("address", n), map[string]any{"address": fmt.Sprintf("10.1.0.%d/32", n+1)}, nil)
	}
}

func (d *demo) device(n int) {
	role := []string{"spine", "leaf", "edge", "firewall"}[n/4%4]
	site := d.siteOf(n)
	name := fmt.Sprintf("%s-%s%03d", site, role, n)
	id := d.add("DcimDevice", name, map[string]any{
		"name": name, "description": fmt.Sprint("Device ", n), "serial": fmt.Sprintf("SN%06d", n),
		"status": []string{"active", "active", "active", "provisioning", "maintenance", "drained"}[n%6],
		"role":   role, "rack_position": int64(n%42 + 1), "fqdn": name + ".net.example",
		"mac_address": fmt.Sprintf("00:00:5E:00:%02X:%02X", n/256, n%256),
		"facts":       map[string]any{"os": "4.31", "uptime_days": n, "modules": []any{"a", "b"}},
		"ntp_servers": []any{"192.0.2.1", "192.0.2.2"},
	}, map[string][]string{
		"site": {d.ids[site]}, "tags": d.tagsOf(n), "asn": {d.ids[fmt.Sprint(64512+n%4)]},
	})
	for p := 1; p <= 4; p++ {
		d.add("DcimPhysicalInterface", fmt.Sprint(name, " Ethernet", p), map[string]any{
			"name": fmt.Sprint("Ethernet", p), "description": fmt.Sprint("Port ", p), "mtu": int64(9000),
		}, map[string][]string{"device": {id}})
	}
	d.add("DcimVirtualInterface", name+" Loopback0", map[string]any{"name": "Loopback0"}, map[string][]string{"device": {id}})
}

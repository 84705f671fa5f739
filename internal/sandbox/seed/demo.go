package seed

import (
	"fmt"

	"infrahub-mcp/internal/sandbox/nodes"
)

// Demo adds the demo data: a small network of two regions, four sites and a
// number of devices, with interfaces, cables, addresses, BGP sessions and
// circuits. The demo model must be loaded. Given the same number, the data is
// the same each time but for ids and times.
func Demo(base *nodes.Base, account string, devices int) error {
	d := &demo{account: account, base: base}
	d.organizations()
	d.places()
	d.services()
	d.network(devices)
	if d.err != nil {
		return fmt.Errorf("adding the demo data: %w", d.err)
	}
	return nil
}

// demo adds data and keeps the first error.
type demo struct {
	base    *nodes.Base
	account string
	err     error

	tags, types, platforms, providers, sites, racks, systems, vlans []string
}

// siteName returns the name of a site, 0 to 3.
func siteName(i int) string {
	return [...]string{"par1", "ams1", "nyc1", "dfw1"}[i]
}

const siteCount = 4

// add makes nodes of a kind and returns their ids. Each has a transaction of its
// own, and so a time of its own.
func (d *demo) add(kind string, rows ...map[string]any) []string {
	ids := make([]string, len(rows)) // for the callers to refer to, whatever happens
	for i, row := range rows {
		if d.err != nil {
			break
		}
		d.err = d.base.Write(defaultBranch, d.account, func(w *nodes.Writer) error {
			n, err := create(w, kind, row)
			if err != nil {
				return err
			}
			ids[i] = n.ID
			return nil
		})
	}
	return ids
}

// rows makes a number of rows.
func rows(count int, row func(i int) map[string]any) []map[string]any {
	all := make([]map[string]any, count)
	for i := range all {
		all[i] = row(i)
	}
	return all
}

// one and many refer to nodes by id.
func one(id string) map[string]any { return map[string]any{"id": id} }

func many(ids ...string) []any {
	peers := make([]any, len(ids))
	for i, id := range ids {
		peers[i] = one(id)
	}
	return peers
}

func (d *demo) organizations() {
	tags := [...]string{"blue", "green", "red"}
	d.tags = d.add("BuiltinTag", rows(len(tags), func(i int) map[string]any {
		return values("name", tags[i], "description", "Tag "+tags[i])
	})...)
	d.add("GlobalPolicy", values("name", "change-freeze", "text", "No change between Friday noon and Monday."))
	makers := [...][2]string{{"Arista", "arista"}, {"Juniper", "juniper"}, {"Cisco", "cisco"}}
	manufacturers := d.add("OrganizationManufacturer", rows(len(makers), func(i int) map[string]any {
		return values("name", makers[i][0], "website", "https://"+makers[i][1]+".example")
	})...)
	types := [...]string{"7280R3", "MX204", "C9336C"}
	d.types = d.add("DcimDeviceType", rows(len(types), func(i int) map[string]any {
		return with(values("name", types[i], "part_number", "PN-"+types[i], "height", 1), "manufacturer", one(manufacturers[i]))
	})...)
	platforms := [...][2]string{{"EOS", "gnmi"}, {"JunOS", "netconf"}, {"NX-OS", "ssh"}}
	d.platforms = d.add("DcimPlatform", rows(len(platforms), func(i int) map[string]any {
		return values("name", platforms[i][0], "driver", platforms[i][1])
	})...)
	providers := [...][2]string{{"Arelia", "arelia"}, {"Colt", "colt"}, {"GTT", "gtt"}}
	d.providers = d.add("OrganizationProvider", rows(len(providers), func(i int) map[string]any {
		return values("name", providers[i][0], "noc_email", "noc@"+providers[i][1]+".example")
	})...)
}

func (d *demo) places() {
	names := [...]string{"eu-west", "us-east"}
	regions := d.add("LocationRegion", rows(len(names), func(i int) map[string]any {
		return values("name", names[i], "timezone", "UTC")
	})...)
	cities := [...]string{"Paris", "Amsterdam", "New York", "Dallas"}
	d.sites = d.add("LocationSite", rows(siteCount, func(i int) map[string]any {
		return with(values("name", siteName(i), "city", cities[i], "contact", siteName(i)+"@dc.example"),
			"parent", one(regions[i/2]), "tags", many(d.tags[0]))
	})...)
	d.racks = d.add("LocationRack", rows(2*siteCount, func(i int) map[string]any {
		return with(values("name", fmt.Sprintf("%s-r%d", siteName(i/2), i%2+1), "height", 42), "parent", one(d.sites[i/2]))
	})...)
}

func (d *demo) services() {
	d.systems = d.add("RoutingAutonomousSystem", rows(4, func(i int) map[string]any {
		return values("asn", 64512+i, "name", fmt.Sprintf("fabric %d", i))
	})...)
	d.vlans = d.add("IpamVLAN", rows(3*siteCount, func(i int) map[string]any {
		id := (i%3 + 1) * 100
		return with(values("name", fmt.Sprintf("%s-vlan%d", siteName(i/3), id), "vlan_id", id), "site", one(d.sites[i/3]))
	})...)
	for _, prefix := range [...]string{"10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"} {
		d.add("IpamIPPrefix", values("prefix", prefix))
	}
	d.add("ServiceCircuit", rows(8, func(i int) map[string]any {
		return with(values("circuit_id", fmt.Sprintf("CIR-%04d", i), "bandwidth", 10000, "redundant", i%2 == 0, "status", "active"),
			"provider", one(d.providers[i%3]), "sites", many(d.sites[i%4], d.sites[(i+1)%4]))
	})...)
}

func (d *demo) network(count int) {
	devices := d.add("DcimDevice", rows(count, d.device)...)
	ports := d.add("DcimPhysicalInterface", rows(4*count, func(i int) map[string]any {
		port := i%4 + 1
		return with(values("name", fmt.Sprintf("Ethernet%d", port), "description", fmt.Sprintf("Port %d", port), "mtu", 9000, "speed", 10000, "status", "active"),
			"device", one(devices[i/4]), "tags", many(d.tags[port%3]))
	})...)
	d.add("DcimVirtualInterface", rows(count, func(i int) map[string]any {
		return with(values("name", "Loopback0"), "device", one(devices[i]), "vlans", many(d.vlans[i%12]))
	})...)
	d.add("IpamIPAddress", rows(2*count, func(i int) map[string]any {
		return with(values("address", fmt.Sprintf("10.%d.%d.%d/32", 1+i/62500, i/250%250, i%250+1)), "interface", one(ports[i]))
	})...)
	d.add("DcimCable", rows(count/2, func(i int) map[string]any {
		return with(values("label", fmt.Sprintf("C-%04d", 2*i), "color", "#1f77b4", "length_m", 5), "endpoints", many(ports[8*i], ports[8*i+5]))
	})...)
	d.add("RoutingBGPSession", rows(count/2, func(i int) map[string]any {
		return with(values("name", fmt.Sprintf("bgp-%04d", 2*i), "type", "INTERNAL"),
			"local_device", one(devices[2*i]), "remote_device", one(devices[2*i+1]), "remote_as", one(d.systems[(2*i+1)%4]))
	})...)
}

func (d *demo) device(n int) map[string]any {
	role := [...]string{"spine", "leaf", "edge", "firewall"}[n/4%4]
	status := [...]string{"active", "active", "active", "provisioning", "maintenance", "drained"}[n%6]
	return with(
		values(
			"name", fmt.Sprintf("%s-%s%03d", siteName(n%4), role, n),
			"description", fmt.Sprintf("Device %d", n),
			"serial", fmt.Sprintf("SN%06d", n),
			"status", status,
			"role", role,
			"rack_position", n%42+1,
			"mac_address", fmt.Sprintf("00:00:5e:%02x:%02x:%02x", n>>16&0xff, n>>8&0xff, n&0xff),
			"facts", map[string]any{"os": "4.31", "uptime_days": n, "modules": []any{"a", "b"}},
			"ntp_servers", []any{"192.0.2.1", "192.0.2.2"},
		),
		"site", one(d.sites[n%4]),
		"rack", one(d.racks[n%4*2+n%2]),
		"device_type", one(d.types[n%3]),
		"platform", one(d.platforms[n%3]),
		"asn", one(d.systems[n%4]),
		"tags", many(d.tags[n%3], d.tags[(n+1)%3]),
	)
}

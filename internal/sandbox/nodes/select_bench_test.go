package nodes

import "testing"

// BenchmarkSelect lists from 10,000 devices with 50,000 interfaces.
func BenchmarkSelect(b *testing.B) {
	d := newDemo(b, 10_000)
	g := d.graph()
	benchmarks := []struct{ name, kind, arguments string }{
		{"everything", "DcimDevice", `"limit": 20`},
		{"unordered", "DcimDevice", `"limit": 20, "order": {"disable": true}`},
		{"one value", "DcimDevice", `"name__value": "par1-spine000"`},
		{"a common value", "DcimDevice", `"role__value": "spine", "limit": 20`},
		{"several values", "DcimDevice", `"status__values": ["drained", "maintenance"], "limit": 20`},
		{"a part", "DcimDevice", `"name__value": "spine", "partial_match": true, "limit": 20`},
		{"a peer's value", "DcimDevice", `"site__name__value": "par1", "limit": 20`},
		{"a part of a peer's value", "DcimDevice", `"site__name__value": "AR", "partial_match": true, "limit": 20`},
		{"a peer's id", "DcimDevice", `"site__ids": ["<par1>"], "limit": 20`},
		{"any value", "DcimDevice", `"any__value": "SN000042"`},
		{"a label", "DcimDevice", `"display_label__value": "par1-spine000"`},
		{"an id", "DcimDevice", `"ids": ["<par1-spine000>"]`},
		{"an hfid", "DcimDevice", `"hfid": ["par1-spine000"]`},
		{"ports of a device", "DcimInterface", `"device__name__value": "par1-spine000"`},
		{"a port by hfid", "DcimInterface", `"hfid": ["par1-spine000", "Ethernet1"]`},
		{"any kind by any value", "CoreNode", `"any__value": "SN000042"`},
	}
	for _, c := range benchmarks {
		b.Run(c.name, func(b *testing.B) {
			k, arguments := g.Model.Kind(c.kind), in(b, d, c.arguments)
			for b.Loop() {
				if _, err := g.Select(k, arguments); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSelectPeers lists the devices of a site.
func BenchmarkSelectPeers(b *testing.B) {
	d := newDemo(b, 10_000)
	n := d.graph().Node(d.ids["par1"])
	r := n.Schema.Relationship("devices")
	arguments := in(b, d, `"role__value": "spine", "limit": 20`)
	for b.Loop() {
		if _, _, err := n.SelectPeers(r, arguments); err != nil {
			b.Fatal(err)
		}
	}
}

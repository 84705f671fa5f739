package nodes_test

import (
	"fmt"
	"testing"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// BenchmarkCreate makes devices with ten attributes and five peers, each in a
// transaction of its own.
func BenchmarkCreate(b *testing.B) {
	m, err := model.Core()
	if err != nil {
		b.Fatal(err)
	}
	demo, err := model.Demo()
	if err != nil {
		b.Fatal(err)
	}
	if m, _, err = m.Load(demo); err != nil {
		b.Fatal(err)
	}
	base := nodes.NewBase(m, store.Options{})
	create := func(kind string, data in) *nodes.Node {
		var n *nodes.Node
		err := base.Write("main", writerAccount, func(w *nodes.Writer) (err error) {
			n, err = w.Create(m.Kind(kind), data)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	region := create("LocationRegion", in{"name": val("west")})
	site := create("LocationSite", in{"name": val("par"), "parent": in{"id": region.ID}})
	rack := create("LocationRack", in{"name": val("r1"), "parent": in{"id": site.ID}})
	red, blue := create("BuiltinTag", in{"name": val("red")}), create("BuiltinTag", in{"name": val("blue")})
	platform := create("DcimPlatform", in{"name": val("eos")})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		device := create("DcimDevice", in{
			"name": val(fmt.Sprintf("device-%d", i)), "serial": val(fmt.Sprint(i)), "role": val("leaf"), "status": val("active"),
			"description": val("a device"), "rack_position": val(i % 42), "mac_address": val(fmt.Sprintf("00:00:5e:%02x:%02x:%02x", i>>16&255, i>>8&255, i&255)),
			"facts": val(in{"os": "4.31"}), "ntp_servers": val([]any{"192.0.2.1"}), "console_password": val("x"),
			"site": in{"id": site.ID}, "rack": in{"id": rack.ID}, "platform": in{"id": platform.ID}, "tags": []any{in{"id": red.ID}, in{"id": blue.ID}},
		})
		create("DcimPhysicalInterface", in{"name": val("Ethernet1"), "device": in{"id": device.ID}})
	}
}

// BenchmarkCreateTogether makes 10,000 devices in one transaction.
func BenchmarkCreateTogether(b *testing.B) {
	m, err := model.Core()
	if err != nil {
		b.Fatal(err)
	}
	demo, err := model.Demo()
	if err != nil {
		b.Fatal(err)
	}
	if m, _, err = m.Load(demo); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		base := nodes.NewBase(m, store.Options{})
		err := base.Write("main", writerAccount, func(w *nodes.Writer) error {
			create := func(kind string, data in) string {
				n, err := w.Create(m.Kind(kind), data)
				if err != nil {
					b.Fatal(err)
				}
				return n.ID
			}
			region := create("LocationRegion", in{"name": val("west")})
			site := create("LocationSite", in{"name": val("par"), "parent": in{"id": region}})
			tag := create("BuiltinTag", in{"name": val("red")})
			for i := range 10_000 {
				create("DcimDevice", in{
					"name": val(fmt.Sprintf("device-%d", i)), "serial": val(fmt.Sprint(i)), "role": val("leaf"),
					"site": in{"id": site}, "tags": []any{in{"id": tag}},
				})
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

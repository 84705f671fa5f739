package store_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/store"
)

const (
	benchDevices    = 10_000
	benchInterfaces = 5  // for each device
	benchPeers      = 20 // of each kind of peer
)

// load fills a store with devices of 10 attributes and 4 edges each, and with
// interfaces of 6 attributes and 1 edge, in transactions of one device each.
func load(tb testing.TB, devices, interfaces int) *store.Store {
	tb.Helper()
	s := store.New(store.Options{})
	update := func(write func(*store.Tx) error) {
		if _, err := s.Update("main", "admin", write); err != nil {
			tb.Fatal(err)
		}
	}
	peers := map[string][]string{}
	relationships := []string{"site", "rack", "device_type", "platform"}
	update(func(tx *store.Tx) error {
		for _, name := range relationships {
			for i := range benchPeers {
				id := s.NewID()
				peers[name] = append(peers[name], id)
				if err := addNode(tx, id, "Peer", map[string]any{"name": fmt.Sprint(name, i)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for i := range devices {
		update(func(tx *store.Tx) error {
			id := s.NewID()
			if err := addNode(tx, id, "Device", map[string]any{
				"name": fmt.Sprintf("dev%05d", i), "serial": fmt.Sprintf("SN%08d", i), "description": fmt.Sprintf("Device %d", i),
				"status": "active", "role": []string{"leaf", "spine", "edge"}[i%3], "rack_position": i % 48, "enabled": true,
				"mac_address": fmt.Sprintf("00:00:5E:%02X:%02X:%02X", i>>16, i>>8&255, i&255),
				"notes":       nil, "facts": map[string]any{"os": "4.31", "modules": []any{"a", "b"}},
			}); err != nil {
				return err
			}
			for j, name := range relationships {
				if err := join(tx, id, "device__"+name, peers[name][(i+j)%benchPeers]); err != nil {
					return err
				}
			}
			for j := range interfaces {
				port := s.NewID()
				if err := addNode(tx, port, "Interface", map[string]any{
					"name": fmt.Sprintf("Ethernet%d", j), "speed": 10000, "enabled": true, "mtu": 9000, "description": fmt.Sprintf("link %d/%d", i, j), "role": "uplink",
				}); err != nil {
					return err
				}
				if err := join(tx, id, "device__interface", port); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return s
}

func join(tx *store.Tx, id, identifier, peer string) error {
	return tx.SetEdge(id, store.Role{Identifier: identifier}, peer, store.Properties{}, store.Aware)
}

func addNode(tx *store.Tx, id, kind string, values map[string]any) error {
	if err := tx.CreateNode(id, kind, store.Aware); err != nil {
		return err
	}
	for name, value := range values {
		if err := tx.SetAttribute(id, store.Attribute{Name: name, Value: value}, store.Aware); err != nil {
			return err
		}
	}
	return nil
}

func now(tb testing.TB, s *store.Store, branch string) *store.View {
	tb.Helper()
	view, err := s.View(branch, time.Time{})
	if err != nil {
		tb.Fatal(err)
	}
	return view
}

// BenchmarkLoad measures the time to load 10,000 devices, without interfaces and
// with 50,000 of them, and the memory that they keep.
func BenchmarkLoad(b *testing.B) {
	for _, interfaces := range []int{0, benchInterfaces} {
		b.Run(fmt.Sprintf("with %d interfaces each", interfaces), func(b *testing.B) {
			var kept int64
			for b.Loop() {
				before := heap()
				s := load(b, benchDevices, interfaces)
				kept = heap() - before
				runtime.KeepAlive(s)
			}
			b.ReportMetric(float64(kept)/(1<<20), "MB-kept")
			b.ReportMetric(float64(kept)/float64(benchDevices*(1+interfaces)), "B/node")
		})
	}
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func BenchmarkWithTenThousandDevices(b *testing.B) {
	s := load(b, benchDevices, benchInterfaces)
	view := now(b, s, "main")
	devices := view.Nodes("Device")
	role := store.Role{Identifier: "device__site"}
	if len(devices) != benchDevices {
		b.Fatal(len(devices))
	}
	b.Run("list nodes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			view.Nodes("Device")
		}
	})
	b.Run("list nodes with all attributes and a peer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, n := range view.Nodes("Device") {
				view.Attributes(n.ID)
				view.Peers(n.ID, role)
			}
		}
	})
	b.Run("list nodes with three attributes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, n := range view.Nodes("Device") {
				for _, name := range []string{"name", "status", "role"} {
					if _, ok := view.Attribute(n.ID, name); !ok {
						b.Fatal("not found")
					}
				}
			}
		}
	})
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			view.Count("Device", "Interface")
		}
	})
	b.Run("node by id", func(b *testing.B) {
		for b.Loop() {
			view.Node(devices[4711].ID)
		}
	})
	b.Run("find by name", func(b *testing.B) {
		for b.Loop() {
			if len(view.Find("name", "dev04711", "Device")) != 1 {
				b.Fatal("not found")
			}
		}
	})
	b.Run("find by a value of a third", func(b *testing.B) {
		for b.Loop() {
			if len(view.Find("role", "edge", "Device")) != benchDevices/3 {
				b.Fatal("not found")
			}
		}
	})
	b.Run("peers of a hub", func(b *testing.B) {
		site := view.Peers(devices[0].ID, role)[0].Peer
		for b.Loop() {
			if len(view.Peers(site, role)) != benchDevices/benchPeers {
				b.Fatal("not found")
			}
		}
	})
	b.Run("write one attribute", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			if _, err := s.Update("main", "admin", func(tx *store.Tx) error {
				return tx.SetAttribute(devices[i%benchDevices].ID, store.Attribute{Name: "description", Value: i}, store.Aware)
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("branch create and delete", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.CreateBranch(store.NewBranch{Name: "b"}); err != nil {
				b.Fatal(err)
			}
			if err := s.DeleteBranch("b"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("merge 100 changes", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			name := fmt.Sprint("merge", i)
			changeOnBranch(b, s, name, devices[:100])
			if _, err := s.Merge(name, store.MergeOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("diff of 10000 changes", func(b *testing.B) {
		changeOnBranch(b, s, "diff", devices)
		b.ResetTimer()
		for b.Loop() {
			if d, err := s.Diff("diff", store.DiffOptions{}); err != nil || len(d.Nodes) != benchDevices {
				b.Fatal(err)
			}
		}
	})
}

// changeOnBranch creates a branch and changes one attribute of each node on it.
func changeOnBranch(b *testing.B, s *store.Store, name string, nodes []store.Node) {
	b.Helper()
	if _, err := s.CreateBranch(store.NewBranch{Name: name}); err != nil {
		b.Fatal(err)
	}
	if _, err := s.Update(name, "admin", func(tx *store.Tx) error {
		for _, n := range nodes {
			if err := tx.SetAttribute(n.ID, store.Attribute{Name: "description", Value: name + n.ID}, store.Aware); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	s := load(b, benchDevices, benchInterfaces)
	var file bytes.Buffer
	if _, err := s.WriteTo(&file); err != nil {
		b.Fatal(err)
	}
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.WriteTo(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(file.Len())/(1<<20), "MB")
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := store.Read(bytes.NewReader(file.Bytes()), store.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

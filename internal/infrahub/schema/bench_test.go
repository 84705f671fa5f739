package schema_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"testing"

	"infrahub-mcp/internal/infrahub/schema"
)

func BenchmarkDecode(b *testing.B) {
	fixture := fixture(b, "schema.json")
	for _, test := range []struct {
		name string
		data []byte
	}{
		{"demo", fixture},
		{"500_kinds", grown(b, fixture, 500)},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(test.data)))
			b.ReportAllocs()
			for b.Loop() {
				decode(b, test.data)
			}
			b.StopTimer()
			b.ReportMetric(retained(b, test.data), "retained-B")
		})
	}
}

func BenchmarkKind(b *testing.B) {
	s := demo(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Kind("DcimDevice"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	s := demo(b)
	device := kind(b, s, "DcimDevice")
	for _, name := range []string{"ids", "name__value", "site__name__values"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Filter(device, name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("unknown", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Filter(device, "site__nme__value"); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}

func BenchmarkFilters(b *testing.B) {
	s := demo(b)
	device := kind(b, s, "DcimDevice")
	b.ReportAllocs()
	for b.Loop() {
		s.Filters(device)
	}
}

func TestDecodedSchemaIsSmallerThanItsText(t *testing.T) {
	data := fixture(t, "schema.json")
	if got, limit := retained(t, data), float64(len(data)); got > limit {
		t.Errorf("a decoded schema keeps %.0f bytes, more than its %.0f bytes of JSON", got, limit)
	}
}

// retained returns the number of bytes that a decoded schema keeps alive.
func retained(tb testing.TB, data []byte) float64 {
	tb.Helper()
	const copies = 8
	schemas := make([]*schema.Schema, copies)
	before := heap()
	for i := range schemas {
		schemas[i] = decode(tb, data)
	}
	after := heap()
	runtime.KeepAlive(schemas)
	runtime.KeepAlive(data)
	return (float64(after) - float64(before)) / copies
}

// heap returns the number of bytes that are in use after garbage collection.
func heap() uint64 {
	// Twice: what one collection finalizes the next one frees.
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// grown returns a schema with more kinds: the nodes of the given one again and
// again under other names.
func grown(tb testing.TB, data []byte, kinds int) []byte {
	tb.Helper()
	var body struct {
		Main      string            `json:"main"`
		Nodes     []map[string]any  `json:"nodes"`
		Generics  []json.RawMessage `json:"generics"`
		Profiles  []json.RawMessage `json:"profiles"`
		Templates []json.RawMessage `json:"templates"`
	}
	if err := json.Unmarshal(data, &body); err != nil {
		tb.Fatal(err)
	}
	models := body.Nodes
	missing := kinds - len(body.Nodes) - len(body.Generics) - len(body.Profiles) - len(body.Templates)
	for i := range missing {
		clone := maps.Clone(models[i%len(models)])
		namespace := fmt.Sprintf("%s%d", clone["namespace"], i/len(models))
		clone["namespace"] = namespace
		clone["kind"] = fmt.Sprintf("%s%s", namespace, clone["name"])
		body.Nodes = append(body.Nodes, clone)
	}
	data, err := json.Marshal(body)
	if err != nil {
		tb.Fatal(err)
	}
	if got := len(decode(tb, data).Kinds()); got != kinds {
		tb.Fatalf("grown to %d kinds, want %d", got, kinds)
	}
	return data
}

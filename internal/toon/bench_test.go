package toon_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"infrahub-mcp/internal/toon"
)

func BenchmarkFromJSON(b *testing.B) {
	for name, src := range map[string][]byte{
		"table of 200 rows and 8 columns": table(200),
		"nested document":                 nested(b),
	} {
		b.Run(name, func(b *testing.B) {
			dst, err := toon.FromJSON(nil, src)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if dst, err = toon.FromJSON(dst[:0], src); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(dst))/float64(len(src)), "toon-B/json-B")
		})
	}
}

// table is what a list of nodes looks like.
func table(rows int) []byte {
	src := []byte(`{"count":200,"has_more":false,"nodes":[`)
	for i := range rows {
		if i > 0 {
			src = append(src, ',')
		}
		src = fmt.Appendf(src, `{"id":"17f3a1c0-5f3c-%04x-b1c5-c51d2f6e7a90","name":"atl1-edge%d","status":"active","role":"edge router","height":%d,"weight":%d.5,"description":null,"enabled":%t}`, i, i, i%4, i, i%3 == 0)
	}
	return append(src, "]}"...)
}

// nested is a document of objects that differ, lists in them and text that
// needs quotes.
func nested(b *testing.B) []byte {
	var items []any
	for i := range 100 {
		item := map[string]any{
			"kind":  "DcimDevice",
			"label": fmt.Sprintf("atl1-edge%d", i),
			"attributes": map[string]any{
				"description": map[string]any{"value": "rack 4: \"upper half\"\nsecond line", "is_default": false},
				"mtu":         map[string]any{"value": 1500 + i},
			},
			"interfaces": []any{
				map[string]any{"name": "Ethernet1", "tags": []string{"uplink", "core, edge"}},
				map[string]any{"name": "Ethernet2", "tags": []string{}, "speed": 10_000},
			},
		}
		if i%2 == 0 {
			item["site"] = map[string]any{"name": "atl1", "region": map[string]any{"name": "us-east"}}
		}
		items = append(items, item)
	}
	src, err := json.Marshal(map[string]any{"nodes": items, "errors": []any{}})
	if err != nil {
		b.Fatal(err)
	}
	return src
}

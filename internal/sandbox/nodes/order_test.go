package nodes

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What is expected is what Infrahub 1.11.9 answers over the same data.
func TestOrder(t *testing.T) {
	d := newDemo(t, 40)
	g := d.graph()
	const (
		byName   = "ams1-edge009 ams1-edge025 ams1-firewall013"
		byMaking = "par1-spine000 ams1-spine001 nyc1-spine002"
		newest   = "dfw1-leaf039 nyc1-leaf038 ams1-leaf037"
		both     = "UNDEFINED_ERROR 422 Cannot combine the deprecated 'node_metadata' and 'by' in the same order input. 'by' supports " +
			"node_metadata ordering options via the 'node_metadata__created_at' / 'node_metadata__updated_at' fields."
	)
	tests := map[string][][2]string{
		"DcimDevice": {
			{`null`, byName},
			{`{}`, byName},
			{`{"by": []}`, byName},
			{`{"disable": false, "by": null, "node_metadata": null}`, byName},
			{`{"node_metadata": {}}`, byName},
			{`{"by": [{"field": "rack_position__value", "direction": "DESC"}]}`, newest},
			{`{"by": [{"field": "serial__value"}]}`, byMaking},
			{`{"by": [{"field": "role__value", "direction": "DESC"}, {"field": "rack_position__value", "direction": null}]}`, byMaking},
			{`{"by": [{"field": "site__name__value", "direction": "DESC"}, {"field": "name__value"}]}`, "par1-edge008 par1-edge024 par1-firewall012"},
			{`{"by": [{"field": "node_metadata__created_at"}]}`, byMaking},
			{`{"by": [{"field": "status__value"}]}`, byMaking},
			{`{"by": [{"field": "console_password__value"}]}`, byMaking},
			{`{"by": [{"field": "name__nope"}]}`, byMaking},
			{`{"by": [{"field": "role__value"}]}`, "par1-edge008 ams1-edge009 nyc1-edge010"},
			{`{"by": [{"field": "tags__name__value"}]}`, "par1-spine000 dfw1-spine003 nyc1-leaf006"},
			{`{"by": [{"field": "tags__name__value", "direction": "DESC"}]}`, "ams1-spine001 nyc1-spine002 par1-leaf004"},
			{`{"disable": true}`, byMaking},
			{`{"disable": true, "by": [{"field": "nope__value"}]}`, byMaking},
			{`{"by": [], "node_metadata": {"updated_at": "ASC"}}`, byMaking},

			{`{"node_metadata": {"created_at": "DESC"}, "by": [{"field": "name__value"}]}`, both},
			{`{"disable": true, "node_metadata": {"created_at": "DESC"}, "by": [{"field": "name__value"}]}`, both},
			{`{"node_metadata": {"created_at": "DESC", "updated_at": "ASC"}}`,
				"UNDEFINED_ERROR 422 Cannot order by both created_at and updated_at simultaneously."},
			{`{"by": [{"field": "display_label"}]}`,
				"UNDEFINED_ERROR 422 attribute 'display_label' not defined on this schema (field: 'display_label')."},
			{`{"by": [{"field": "nope__value"}]}`, "UNDEFINED_ERROR 422 attribute 'nope' not defined on this schema (field: 'nope__value')."},
			{`{"by": [{"field": "node_metadata"}]}`,
				"UNDEFINED_ERROR 422 attribute 'node_metadata' not defined on this schema (field: 'node_metadata')."},
			{`{"by": [{"field": "name"}]}`, "UNDEFINED_ERROR 422 invalid attribute path (field: 'name'). Expected '<attribute>__<property>'."},
			{`{"by": [{"field": "name__value__desc"}]}`,
				"UNDEFINED_ERROR 422 invalid attribute path (field: 'name__value__desc'). Expected '<attribute>__<property>'."},
			{`{"by": [{"field": "site__name"}]}`,
				"UNDEFINED_ERROR 422 invalid relationship path (field: 'site__name'). Expected '<relationship>__<attribute>__<property>'."},
			{`{"by": [{"field": "site__nope__value"}]}`, "UNDEFINED_ERROR 500 list index out of range"},
			{`{"by": [{"field": ""}]}`, "UNDEFINED_ERROR 422 order field must be a non-empty string (field: '')."},
			{`{"by": [{"field": "name__"}]}`, "UNDEFINED_ERROR 422 invalid field (field: 'name__'). Field segments must be non-empty."},
			{`{"by": [{"field": "node_metadata__"}]}`,
				"UNDEFINED_ERROR 422 invalid field (field: 'node_metadata__'). Field segments must be non-empty."},
			{`{"by": [{"field": "node_metadata__nope"}]}`, "UNDEFINED_ERROR 422 unknown metadata field (entry: 'node_metadata__nope'). " +
				"Supported metadata fields: created_at, updated_at."},
			{`{"by": [{"field": "node_metadata__created_at__desc"}]}`, "UNDEFINED_ERROR 422 invalid node_metadata field " +
				"(field: 'node_metadata__created_at__desc'). Expected 'node_metadata__<field>'."},
		},
		"DcimInterface": {
			{`{"by": [{"field": "description__value"}, {"field": "name__value"}]}`, "Loopback0 Loopback0 Loopback0"},
			{`{"by": [{"field": "description__value", "direction": "DESC"}]}`, "Ethernet4 Ethernet4 Ethernet4"},
		},
		"LocationSite": {
			{`{"by": [{"field": "devices__rack_position__value", "direction": "DESC"}]}`, "dfw1 nyc1 ams1"},
			{`{"by": [{"field": "devices__rack_position__value"}]}`, "par1 ams1 nyc1"},
		},
		"LocationRegion": {
			{`{"by": [{"field": "children__name__value"}]}`, "eu-west us-east"},
			{`{"by": [{"field": "children__name__value", "direction": "DESC"}]}`, "us-east eu-west"},
		},
		"LocationRack": {
			{`{"by": [{"field": "parent__name__value", "direction": "DESC"}]}`, "nyc1-r1 nyc1-r2 dfw1-r1"},
		},
		"IpamIPAddress": {
			{`null`, "10.1.0.1/32 10.1.0.2/32 10.1.0.3/32"},
			{`{"by": [{"field": "address__value"}]}`, "10.1.0.1/32 10.1.0.10/32 10.1.0.11/32"},
			{`{"by": [{"field": "address__binary_address", "direction": "DESC"}]}`, "10.1.0.12/32 10.1.0.11/32 10.1.0.10/32"},
			{`{"by": [{"field": "address__ip", "direction": "DESC"}]}`, "10.1.0.1/32 10.1.0.2/32 10.1.0.3/32"},
		},
		"CoreNode": {
			{`{"by": [{"field": "name__value"}]}`, "UNDEFINED_ERROR 422 attribute 'name' not defined on this schema (field: 'name__value')."},
			{`null`, "blue green red"},
		},
	}
	for kind, cases := range tests {
		for _, c := range cases {
			t.Run(kind+" "+c[0], func(t *testing.T) {
				page, err := g.Select(g.Model.Kind(kind), in(t, d, `"limit": 3, "order": `+c[0]))
				got := ""
				if err != nil {
					got = failed(err)
				} else {
					got = labels(page.Nodes)
				}
				if diff := gocmp.Diff(c[1], got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestALimitOfOneUndoesTheOrder(t *testing.T) {
	d := newDemo(t, 5)
	g := d.graph()
	for _, order := range []string{`null`, `{"by": [{"field": "name__value", "direction": "DESC"}]}`, `{"by": [{"field": "nope__value"}]}`} {
		page, err := g.Select(g.Model.Kind("DcimDevice"), in(t, d, `"limit": 1, "order": `+order))
		if err != nil {
			t.Fatalf("%s: %v", order, err)
		}
		if got := labels(page.Nodes); got != "par1-spine000" {
			t.Errorf("%s: %s, want the oldest device", order, got)
		}
	}
}

func TestPagesOfEqualValuesAreComplete(t *testing.T) {
	d := newDemo(t, 40)
	g := d.graph()
	seen := map[string]bool{}
	for offset := int64(0); offset < 40; offset += 3 {
		page, err := g.Select(g.Model.Kind("DcimDevice"), map[string]any{
			"limit": int64(3), "offset": offset,
			"order": map[string]any{"by": []any{map[string]any{"field": "role__value"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range page.Nodes {
			seen[n.ID] = true
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d devices on all pages, want 40", len(seen))
	}
}

func TestTheLeastOfAListAreTheFirstOfItSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOf(rapid.IntRange(0, 50)).Draw(t, "items")
		count := rapid.IntRange(0, len(items)).Draw(t, "count")
		want := slices.Sorted(slices.Values(items))[:count]
		got := least(items, count, cmp.Compare)
		if !slices.Equal(got, want) {
			t.Fatalf("least: %v, want %v", got, want)
		}
	})
}

func TestCut(t *testing.T) {
	items := []int{0, 1, 2, 3, 4}
	tests := []struct {
		name string
		window
		want []int
	}{
		{"without bounds all is kept", window{}, items},
		{"a limit cuts the end", window{limit: 2}, []int{0, 1}},
		{"an offset cuts the beginning", window{offset: 3}, []int{3, 4}},
		{"both cut both", window{offset: 1, limit: 2}, []int{1, 2}},
		{"a limit past the end is none", window{offset: 4, limit: 2}, []int{4}},
		{"an offset past the end leaves nothing", window{offset: 6, limit: 2}, []int{}},
		{"the greatest numbers do not overflow", window{offset: 1, limit: 1<<63 - 1}, []int{1, 2, 3, 4}},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			if diff := gocmp.Diff(c.want, cut(items, c.window)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompareHeld(t *testing.T) {
	ascending := []any{"", "NULL", "Port", "a", false, true, -1.5, int64(0), 0.5, int64(1<<53 + 1), int64(1<<53 + 2), nil}
	for i, a := range ascending {
		for j, b := range ascending {
			if got, want := compareHeld(a, b), cmp.Compare(i, j); got != want {
				t.Errorf("%v and %v: %d, want %d", a, b, got, want)
			}
		}
	}
}

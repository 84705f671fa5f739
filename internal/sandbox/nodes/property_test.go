package nodes

import (
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

func TestValuesHaveProperties(t *testing.T) {
	for _, test := range []struct {
		kind, value string
		want        map[string]any
	}{
		{"MacAddress", "00:00:5E:00:00:00", map[string]any{
			"oui": "00-00-5E", "ei": "00-00-00", "version": int64(48), "binary": "0b1011110000000000000000000000000", "bare": "00005E000000",
			"dot_notation": "0000.5e00.0000", "semicolon_notation": "0:0:5e:0:0:0", "split_notation": "00005e:000000",
			"eui48": "00-00-5E-00-00-00", "eui64": "00-00-5E-FF-FE-00-00-00", "nope": nil,
		}},
		{"IPHost", "10.1.0.1/32", map[string]any{
			"ip": "10.1.0.1", "hostmask": "0.0.0.0", "netmask": "255.255.255.255", "prefixlen": int64(32), "version": int64(4),
			"with_hostmask": "10.1.0.1/0.0.0.0", "with_netmask": "10.1.0.1/255.255.255.255", "broadcast_address": nil,
		}},
		{"IPNetwork", "10.1.0.0/16", map[string]any{
			"broadcast_address": "10.1.255.255", "hostmask": "0.0.255.255", "netmask": "255.255.0.0", "num_addresses": int64(65536), "prefixlen": int64(16),
			"with_hostmask": "10.1.0.0/0.0.255.255", "with_netmask": "10.1.0.0/255.255.0.0", "ip": nil,
			"binary_address": "00001010000000010000000000000000",
		}},
		{"IPNetwork", "2001:db8::/32", map[string]any{
			"version": int64(6), "num_addresses": new(big.Int).Lsh(big.NewInt(1), 96), "netmask": "ffff:ffff::",
			"hostmask": "::ffff:ffff:ffff:ffff:ffff:ffff", "broadcast_address": "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		}},
		{"IPAddress", "10.1.0.1", map[string]any{"version": int64(4), "prefixlen": nil, "value": "10.1.0.1"}},
		{"Dropdown", "a", map[string]any{"value": "a", "label": "A", "color": "#ffffff", "description": ""}},
		{"Dropdown", "gone", map[string]any{"value": "gone", "label": "", "color": "", "description": ""}},
		{"Text", "a", map[string]any{"value": "a", "label": nil}},
		{"MacAddress", "zz", map[string]any{"oui": nil}},
	} {
		a := &model.Attribute{Name: "a", Kind: test.kind, Choices: []model.Choice{{Name: "a", Label: "A", Color: "#ffffff"}}}
		got := map[string]any{}
		for property := range test.want {
			got[property] = Property(a, store.Attribute{Value: test.value}, property)
		}
		if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })); diff != "" {
			t.Errorf("%s %s: %s", test.kind, test.value, diff)
		}
	}
}

func TestValuesTakeTheirCanonicalForm(t *testing.T) {
	for _, test := range []struct {
		kind        string
		value, want any
		refused     string
	}{
		{"MacAddress", "aa-bb-cc-00-11-22", "AA:BB:CC:00:11:22", ""},
		{"MacAddress", "aabb.cc00.1122", "AA:BB:CC:00:11:22", ""},
		{"MacAddress", "aabbcc:001122", "AA:BB:CC:00:11:22", ""},
		{"MacAddress", "aabbcc001122", "AA:BB:CC:00:11:22", ""},
		{"MacAddress", "0:0:5e:0:0:1", "00:00:5E:00:00:01", ""},
		{"MacAddress", "aa:bb:cc:dd:ee:ff:00:11", nil, "aa:bb:cc:dd:ee:ff:00:11 is not a valid MacAddress"},
		{"IPHost", "10.0.0.1", "10.0.0.1/32", ""},
		{"IPHost", "10.0.0.1/255.255.255.0", "10.0.0.1/24", ""},
		{"IPHost", "10.0.0.1/0.0.0.255", "10.0.0.1/24", ""},
		{"IPHost", "10.0.0.1/255.0.255.0", nil, "10.0.0.1/255.0.255.0 is not a valid IPHost"},
		{"IPHost", "2001:DB8:0::1/64", "2001:db8::1/64", ""},
		{"IPHost", "::ffff:1.2.3.4", "::ffff:102:304/128", ""},
		{"IPNetwork", "10.0.0.0/255.0.0.0", "10.0.0.0/8", ""},
		{"IPNetwork", "10.0.0.1/8", nil, "10.0.0.1/8 is not a valid IPNetwork"},
		{"IPAddress", "2001:DB8::1", "2001:db8::1", ""},
		{"Number", 1.5, int64(1), ""},
		{"Number", true, int64(1), ""},
		{"Number", "x", nil, "x is not a valid Number"},
		{"Bandwidth", 10, int64(10), ""},
		{"Boolean", true, true, ""},
		{"Boolean", int64(1), nil, "1 is not a valid Boolean"},
		{"List", []any{int64(1)}, []any{int64(1)}, ""},
		{"List", "[1]", "[1]", ""},
		{"List", map[string]any{"a": nil}, nil, "{'a': None} is not a valid List"},
		{"JSON", "7", nil, "7 is not a valid JSON"},
		{"Text", nil, nil, ""},
	} {
		got, err := accept(&model.Kind{}, &model.Attribute{Name: "a", Kind: test.kind}, test.value)
		refused := ""
		if err != nil {
			refused = strings.TrimSuffix(err.Error(), " at a")
		}
		if diff := cmp.Diff(test.want, got); diff != "" || refused != test.refused {
			t.Errorf("%s %v: %s %q", test.kind, test.value, diff, refused)
		}
	}
}

func TestCanonicalFormsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"MacAddress", "IPHost", "IPNetwork", "IPAddress"}).Draw(t, "kind")
		text := rapid.OneOf(
			rapid.StringMatching(`([0-9a-fA-F]{1,2}[:-]){5}[0-9a-fA-F]{1,2}`), rapid.StringMatching(`([0-9a-f]{4}[.:-]){2}[0-9a-f]{4}`),
			rapid.StringMatching(`[12]?[0-9]{1,2}(\.[12]?[0-9]{1,2}){3}(/[0-9]{1,2})?`), rapid.StringMatching(`[0-9A-F]{1,4}::[0-9a-f]{1,4}(/[0-9]{1,3})?`),
			rapid.String(),
		).Draw(t, "text")
		a := &model.Attribute{Name: "a", Kind: kind}
		once, err := accept(&model.Kind{}, a, text)
		if err != nil {
			return
		}
		twice, err := accept(&model.Kind{}, a, once)
		if err != nil || once != twice {
			t.Fatalf("%s %q becomes %v, and then %v: %v", kind, text, once, twice, err)
		}
	})
}

func TestValuesPrintAsInPython(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{nil, "None"}, {true, "True"}, {int64(-7), "-7"}, {2.0, "2.0"}, {1e16, "1e+16"}, {1e15, "1000000000000000.0"}, {1e-5, "1e-05"}, {0.0001, "0.0001"},
		{[]string{"a", "it's"}, `['a', "it's"]`}, {[]any{`a"b'c`, nil, int64(1)}, `['a"b\'c', None, 1]`},
		{map[string]any{"b": []any{}, "a": "x\n"}, `{'a': 'x\n', 'b': []}`}, {[]any{"\x00é\u200b"}, `['\x00é\u200b']`},
	} {
		if got := printed(test.value); got != test.want {
			t.Errorf("%v: %s instead of %s", test.value, got, test.want)
		}
	}
}

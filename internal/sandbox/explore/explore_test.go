package explore

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/ipam"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/sandbox/store"
)

const account = "18ea0000-0000-4000-8000-00000000acc0"

type in = map[string]any

// demo is the demo data, with the ids of nodes by kind and label.
type demo struct {
	base *nodes.Base
	ids  map[string]string
}

func newDemo(t testing.TB, devices int) *demo {
	t.Helper()
	core, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	base := nodes.NewBase(core, store.Options{})
	request, err := model.DemoRequest()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := base.Load("main", request); err != nil {
		t.Fatal(err)
	}
	base.Rules = []nodes.Rule{ipam.New(base)}
	if err := seed.Core(base); err != nil {
		t.Fatal(err)
	}
	if err := seed.Demo(base, account, devices); err != nil {
		t.Fatal(err)
	}
	d := &demo{base, map[string]string{}}
	g, err := base.Read("main", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"CoreNode"} {
		for _, n := range g.NodesOf(g.Model.Kind(kind)) {
			label := n.Label()
			if n.Is("DcimInterface") {
				label = strings.Join(n.HFID(), " ")
			}
			d.ids[n.Schema.Name+" "+label] = n.ID
		}
	}
	return d
}

func (d *demo) id(t testing.TB, name string) string {
	t.Helper()
	if d.ids[name] == "" {
		t.Fatalf("the demo data has no %s", name)
	}
	return d.ids[name]
}

func (d *demo) ask(t testing.TB, field string, arguments in) (in, error) {
	t.Helper()
	call := &gql.Call{Base: d.base, Branch: "main", Caller: access.Root(account, "admin")}
	answer, err := Queries()[field](t.Context(), call, exec.Field{
		Arguments: arguments, Selected: func() []string { return []string{"count", "edges", "parent_prefixes"} },
	})
	members, _ := answer.(map[string]any)
	return members, err
}

// printedPath writes a path as its labels with the relationships in between.
func printedPath(path any) string {
	record, _ := path.(map[string]any)
	hops, _ := record["hops"].([]any)
	var b strings.Builder
	for _, item := range hops {
		hop, _ := item.(map[string]any)
		if r, ok := hop["relationship"].(map[string]any); ok {
			fmt.Fprintf(&b, " -%s/%s- ", r["from_rel"], r["to_rel"])
		}
		node, _ := hop["node"].(map[string]any)
		fmt.Fprint(&b, node["display_label"])
	}
	return b.String()
}

func printedPaths(answer in) []string {
	var printed []string
	paths, _ := answer["paths"].([]any)
	for _, path := range paths {
		printed = append(printed, printedPath(path))
	}
	return printed
}

func printedTargets(answer in) []string {
	var printed []string
	dependencies, _ := answer["dependencies"].([]any)
	for _, item := range dependencies {
		dependency, _ := item.(map[string]any)
		printed = append(printed, printedPath(dependency["path"]))
	}
	return printed
}

func list(texts ...string) []any {
	l := make([]any, len(texts))
	for i, text := range texts {
		l[i] = text
	}
	return l
}

func sentence(err error) string {
	if refused, ok := errors.AsType[*fault.Error](err); ok {
		return refused.Message
	}
	return fmt.Sprint(err)
}

func TestPathsAreFound(t *testing.T) {
	d := newDemo(t, 8)
	one, two := d.id(t, "DcimDevice par1-spine000"), d.id(t, "DcimDevice ams1-spine001")
	cable := "par1-spine000 -interfaces/device- Ethernet1 -cable/endpoints- C-0000 -endpoints/cable- Ethernet2 -device/interfaces- ams1-spine001"
	for _, test := range []struct {
		name string
		data in
		want []string
	}{
		{"by a cable", in{"kind_filter": list("DcimCable", "DcimPhysicalInterface")}, []string{cable}},
		{"by the generic of interfaces", in{"kind_filter": list("DcimCable", "DcimInterface")}, []string{cable}},
		{"by the identifiers of relationships", in{"relationship_filter": list("cable__endpoint", "device__interface")}, []string{cable}},
		{"not by their names", in{"relationship_filter": list("cable", "interfaces")}, nil},
		{"not by more hops than allowed", in{"kind_filter": list("DcimCable", "DcimPhysicalInterface"), "max_depth": int64(3)}, nil},
		{"of two hops by a session", in{"max_depth": int64(2)}, []string{"par1-spine000 -bgp__local_device/local_device- bgp-0000 -remote_device/bgp__remote_device- ams1-spine001"}},
		{"not through a kind that is left out", in{"max_depth": int64(2), "excluded_kinds": list("RoutingBGPSession")}, nil},
		{"not through a namespace that is left out", in{"max_depth": int64(2), "excluded_namespaces": list("Routing")}, nil},
		{"to a place by those above", in{"destination_id": d.id(t, "LocationRegion eu-west"), "max_depth": int64(2)}, []string{"par1-spine000 -site/devices- par1 -parent/children- eu-west"}},
		{"not to a tag", in{"destination_id": d.id(t, "BuiltinTag blue")}, nil},
		{"from an address up its prefixes", in{"source_id": d.id(t, "IpamIPAddress 10.1.0.1/32"), "destination_id": d.id(t, "IpamIPPrefix 10.0.0.0/8"), "max_depth": int64(2)}, []string{
			"10.1.0.1/32 -ip_prefix/ip_addresses- 10.1.0.0/16 -children/parent- 10.0.0.0/8",
		}},
		{"by a namespace when asked for", in{
			"source_id": d.id(t, "IpamIPPrefix 192.0.2.0/24"), "destination_id": d.id(t, "IpamIPPrefix 10.0.0.0/8"), "max_depth": int64(2), "included_kinds": list("BuiltinIPNamespace"),
		}, []string{"192.0.2.0/24 -ip_namespace/ip_prefixes- default -ip_prefixes/ip_namespace- 10.0.0.0/8"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := in{"source_id": one, "destination_id": two}
			maps.Copy(data, test.data)
			answer, err := d.ask(t, "InfrahubPathTraversal", in{"data": data})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, printedPaths(answer)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if answer["count"] != len(test.want) || answer["truncated_at_depth"] != nil {
				t.Errorf("count %v, truncated at %v", answer["count"], answer["truncated_at_depth"])
			}
		})
	}
}

// Without the rule that a path must be the shortest through its middle, the
// longer ones are found as well, and no path goes through a node twice.
func TestLongerPathsAreFoundOnRequest(t *testing.T) {
	d := newDemo(t, 8)
	data := in{"source_id": d.id(t, "DcimDevice par1-spine000"), "destination_id": d.id(t, "DcimDevice ams1-spine001"), "max_depth": int64(4), "max_paths": int64(100)}
	shortest, err := d.ask(t, "InfrahubPathTraversal", in{"data": data})
	if err != nil {
		t.Fatal(err)
	}
	data["shortest_paths_only"] = false
	all, err := d.ask(t, "InfrahubPathTraversal", in{"data": data})
	if err != nil {
		t.Fatal(err)
	}
	short, long := printedPaths(shortest), printedPaths(all)
	if len(long) <= len(short) {
		t.Errorf("%d paths, of which %d are the shortest", len(long), len(short))
	}
	seen := map[string]bool{}
	for _, path := range long {
		if seen[path] {
			t.Errorf("twice: %s", path)
		}
		seen[path] = true
	}
	for _, path := range short {
		if !seen[path] {
			t.Errorf("not among all: %s", path)
		}
	}
	depth := 0
	paths, _ := all["paths"].([]any)
	for _, item := range paths {
		path, _ := item.(map[string]any)
		if next, _ := path["depth"].(int); next < depth {
			t.Errorf("a path of depth %d comes after one of depth %d", next, depth)
		} else {
			depth = next
		}
	}
}

func TestASearchThatIsTooLargeTellsSo(t *testing.T) {
	d := newDemo(t, 8)
	g, err := d.base.Read("main", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	source, destination := g.Node(d.id(t, "DcimDevice par1-spine000")), g.Node(d.id(t, "DcimDevice ams1-spine001"))
	allowed := filter{namespaces: notEntered(), targets: map[string]bool{"DcimDevice": true}}
	bounded := newHops(g, source, allowed)
	bounded.left = 60
	paths, truncated, err := pathSearch{bounded, source, destination, false}.run(6, 100)
	if err != nil || truncated == 0 {
		t.Errorf("%d paths, truncated at %d, %v", len(paths), truncated, err)
	}
}

func TestReachableNodesAreFound(t *testing.T) {
	d := newDemo(t, 8)
	for _, test := range []struct {
		name, source string
		data         in
		want         []string
	}{
		{"next to a node", "DcimDevice par1-spine000", in{"target_kinds": list("LocationSite", "DcimPlatform"), "max_depth": int64(1)}, []string{
			"par1-spine000 -platform/dcimdevice__dcimplatform- EOS", "par1-spine000 -site/devices- par1",
		}},
		{"by the shortest paths", "DcimDevice par1-spine000", in{"target_kinds": list("LocationRegion"), "max_depth": int64(3)}, []string{
			"par1-spine000 -site/devices- par1 -parent/children- eu-west",
		}},
		{"of a generic", "DcimCable C-0000", in{"target_kinds": list("DcimInterface"), "max_depth": int64(1)}, []string{
			"C-0000 -endpoints/cable- Ethernet1", "C-0000 -endpoints/cable- Ethernet2",
		}},
		{"none where there is none", "BuiltinTag blue", in{"target_kinds": list("IpamIPPrefix"), "max_depth": int64(1)}, nil},
		{"as few as asked for", "DcimCable C-0000", in{"target_kinds": list("DcimInterface"), "max_depth": int64(1), "max_results": int64(1)}, []string{
			"C-0000 -endpoints/cable- Ethernet1",
		}},
		{"by as few paths as asked for", "DcimCable C-0000", in{"target_kinds": list("DcimInterface"), "max_depth": int64(1), "max_paths": int64(1)}, []string{
			"C-0000 -endpoints/cable- Ethernet1",
		}},
		{"by all paths", "DcimPhysicalInterface par1-spine000 Ethernet1", in{"target_kinds": list("DcimCable"), "max_depth": int64(1), "shortest_paths_only": false}, []string{
			"Ethernet1 -cable/endpoints- C-0000",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.data["source_id"] = d.id(t, test.source)
			answer, err := d.ask(t, "InfrahubReachableNodes", in{"data": test.data})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, printedTargets(answer)); diff != "" || answer["count"] != len(test.want) {
				t.Errorf("count %v (-want +got):\n%s", answer["count"], diff)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	d := newDemo(t, 4)
	one, two := d.id(t, "DcimDevice par1-spine000"), d.id(t, "DcimDevice ams1-spine001")
	const paths, reach = "InfrahubPathTraversal", "InfrahubReachableNodes"
	for _, test := range []struct {
		name, field string
		data        in
		want        string
	}{
		{"a path to itself", paths, in{"destination_id": one}, "Source and destination nodes must be different"},
		{"a path from a human-friendly id", paths, in{"source_id": "par1-spine000"}, "Source node not found: par1-spine000"},
		{"a path to nothing", paths, in{"destination_id": "nope"}, "Destination node not found: nope"},
		{"too long a path", paths, in{"max_depth": int64(31)}, "max_depth must be in [1, 30], got 31"},
		{"too many paths", paths, in{"max_paths": int64(101)}, "max_paths must be in [1, 100], got 101"},
		{"paths through an unknown kind", paths, in{"kind_filter": list("Nope")}, "kind_filter kind 'Nope' not in schema"},
		{"paths not through an unknown kind", paths, in{"excluded_kinds": list("Nope")}, "excluded_kinds kind 'Nope' not in schema"},
		{"nodes of no kind", reach, in{"target_kinds": list()}, "At least one target kind is required"},
		{"nodes of an unknown kind", reach, in{"target_kinds": list("Nope")}, "Unknown target kind: Nope"},
		{"nodes from nowhere", reach, in{"source_id": "nope", "target_kinds": list("LocationSite")}, "Source node not found: nope"},
		{"too many nodes", reach, in{"target_kinds": list("LocationSite"), "max_results": int64(201)}, "max_targets must be in [1, 200], got 201"},
		{"nodes too far away", reach, in{"target_kinds": list("LocationSite"), "max_depth": int64(31)}, "max_depth must be in [1, 30], got 31"},
		{"less than no paths", reach, in{"target_kinds": list("LocationSite"), "max_paths": int64(-1)}, "max_paths must be >= 1, got -1"},
		{"too many paths to nodes", reach, in{"target_kinds": list("LocationSite"), "max_paths": int64(5001)}, "max_paths must be in [1, 5000], got 5001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := in{"source_id": one, "destination_id": two}
			maps.Copy(data, test.data)
			_, err := d.ask(t, test.field, in{"data": data})
			if got := sentence(err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestNodesAreFoundByText(t *testing.T) {
	d := newDemo(t, 8)
	for _, test := range []struct {
		name            string
		arguments       in
		count           int
		parents         any
		first, notFirst string
	}{
		{"by a part of a name in any case", in{"q": "PAR1-VLAN"}, 3, nil, "", ""},
		{"as many as asked for", in{"q": "par1-vlan", "limit": int64(2)}, 2, nil, "", ""},
		{"by a whole name", in{"q": "par1", "partial_match": false}, 1, nil, "LocationSite par1", ""},
		{"by an id", in{"q": d.ids["LocationSite par1"]}, 1, nil, "LocationSite par1", ""},
		{"by an id that there is not", in{"q": "18ea0000-0000-4000-8000-000000000000"}, 0, nil, "", ""},
		{"by an address", in{"q": "10.1.0.1/32"}, 1, []string{"IpamIPPrefix 10.1.0.0/16", "IpamIPPrefix 10.0.0.0/8"}, "IpamIPAddress 10.1.0.1/32", ""},
		{"by a prefix", in{"q": "10.1.0.0/16"}, 1, []string{"IpamIPPrefix 10.0.0.0/8"}, "IpamIPPrefix 10.1.0.0/16", ""},
		{"by an address that is in no prefix", in{"q": "203.0.113.7"}, 0, []string{}, "", ""},
		{"not by the letter a, which is taken for the beginning of an address", in{"q": "a"}, 0, nil, "", ""},
		{"in groups too", in{"q": "Super Administrators"}, 1, nil, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, err := d.ask(t, "InfrahubSearchAnywhere", test.arguments)
			if err != nil {
				t.Fatal(err)
			}
			found := idsOf(answer["edges"])
			if answer["count"] != test.count || len(found) != test.count {
				t.Errorf("got %v of %v, want %d", found, answer["count"], test.count)
			}
			if test.first != "" && (len(found) == 0 || found[0] != d.ids[test.first]) {
				t.Errorf("got %v, want %s", found, test.first)
			}
			if test.parents == nil {
				if answer["parent_prefixes"] != nil {
					t.Errorf("there are prefixes around: %v", answer["parent_prefixes"])
				}
				return
			}
			want := []string{}
			for _, name := range test.parents.([]string) {
				want = append(want, d.id(t, name))
			}
			if diff := cmp.Diff(want, idsOf(answer["parent_prefixes"])); diff != "" {
				t.Errorf("prefixes around (-want +got):\n%s", diff)
			}
		})
	}
}

func idsOf(edges any) []string {
	ids := []string{}
	items, _ := edges.([]any)
	for _, item := range items {
		edge, _ := item.(map[string]any)
		node, _ := edge["node"].(map[string]any)
		id, _ := node["id"].(string)
		ids = append(ids, id)
	}
	return ids
}

func TestAddressesOfVersion6AreCollapsed(t *testing.T) {
	for text, want := range map[string]string{
		"2001:0db8:0000:0000:0000:0000:0000:0001": "2001:db8::1",
		"2001:DB8::1/64":                   "2001:db8::1/64",
		"2001:0db8:0000":                   "2001:db8",
		"2001:0db8:0000:0000:0000:0000:03": "2001:db8::300",
		"par1":                             "par1",
		"a":                                "a000",
		"":                                 "",
		"10.1.0.1":                         "10.1.0.1",
		"10.1.0.0/16":                      "10.1.0.0/16",
		"00:00:5e:00:00:01":                "00:00:5e:00:00:01",
	} {
		if got := collapsed(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

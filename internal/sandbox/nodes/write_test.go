package nodes_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// shown writes attributes of a node: "name=one", with a star for a default.
func shown(n *nodes.Node, attributes ...string) []string {
	var all []string
	for _, name := range attributes {
		a := n.Attribute(name)
		text := fmt.Sprintf("%s=%v", name, a.Value)
		if a.IsDefault {
			text += "*"
		}
		if a.IsProtected {
			text += " protected"
		}
		all = append(all, text)
	}
	return all
}

// labels writes the display labels of the peers of a node.
func labels(n *nodes.Node, relationship string) []string {
	all := []string{}
	for _, peer := range n.Related(relationship) {
		all = append(all, peer.Label())
	}
	return all
}

func (w *writing) expect(got, want any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Error(diff)
	}
}

func TestANewNodeHasWhatItsSchemaSays(t *testing.T) {
	w := seeded(t)
	n := w.create("two", "DcimDevice", in{
		"name": val("two"), "description": val(nil), "serial": in{"value": "S2", "is_protected": true, "owner": writerAccount, "source": writerAccount},
		"rack_position": val(7.9), "mac_address": val("aa-bb-cc-00-11-22"), "facts": val(in{"a": []any{1, 2.5, nil}}), "role": val("edge"),
		"site": in{"hfid": "par"}, "tags": in{"id": w.ids["blue"]},
	})
	w.expect(shown(n, "name", "description", "serial", "rack_position", "mac_address", "facts", "ntp_servers", "status", "fqdn"), []string{
		"name=two", "description=<nil>", "serial=S2 protected", "rack_position=7", "mac_address=AA:BB:CC:00:11:22", "facts=map[a:[1 2.5 <nil>]]",
		"ntp_servers=<nil>*", "status=provisioning*", "fqdn=two.net.example",
	})
	w.expect([]string{n.Attribute("serial").Source, n.Attribute("serial").Owner}, []string{writerAccount, writerAccount})
	w.expect(labels(n, "site"), []string{"par"})
	w.expect(labels(n, "tags"), []string{"blue"})
	w.expect(labels(w.node("par"), "devices"), []string{"one", "two"})
	w.expect(n.HFID(), []string{"two"})

	w.expect(w.create("port2", "DcimVirtualInterface", in{"name": val("Loopback0"), "device": in{"id": n.ID}}).HFID(), []string{"two", "Loopback0"})
	w.expect(shown(w.create("six", "IpamIPAddress", in{"address": val("2001:DB8:0::1/64")}), "address"), []string{"address=2001:db8::1/64"})
	w.expect(shown(w.create("bare", "IpamIPAddress", in{"address": val("198.51.100.200")}), "address"), []string{"address=198.51.100.200/32"})
	w.expect(shown(w.create("group", "CoreStandardGroup", in{"name": val("contract-group")}), "name", "label"), []string{"name=contract-group", "label=Contract-Group"})
	given := w.create("three", "BuiltinTag", in{"id": "18ea0000-0000-4000-8000-000000000003", "name": val("three")})
	w.expect(given.ID, "18ea0000-0000-4000-8000-000000000003")
	nowhere := w.create("nowhere", "DcimDevice", in{"name": val("nowhere"), "serial": val("S3"), "role": val("leaf"), "site": nil})
	w.expect(labels(nowhere, "site"), []string{})
	w.must("create", "IpamIPPrefix", in{"prefix": val("203.0.113.0/24")})
	w.must("create", "IpamIPPrefix", in{"prefix": val("203.0.113.0/24")})
}

func TestNullCountsAsAValueThatIsUnique(t *testing.T) {
	w := seeded(t)
	w.must("create", "DcimDevice", in{"name": val("two"), "role": val("leaf"), "site": in{"id": w.ids["par"]}})
	_, err := w.do("create", "DcimDevice", in{"name": val("three"), "role": val("leaf"), "site": in{"id": w.ids["par"]}})
	w.expect(w.told(err), []string{`[null,"Violates uniqueness constraint 'serial'","UNDEFINED_ERROR",422,{}]`})
	// An upsert finds the node by its name, and the other one by the lack of a serial.
	_, err = w.do("upsert", "DcimDevice", in{"name": val("one"), "role": val("leaf"), "site": in{"id": w.ids["par"]}})
	w.expect(w.told(err), []string{`[null,"Violates uniqueness constraint 'serial'","UNDEFINED_ERROR",422,{}]`})
}

func TestAChangeLeavesTheRestAsItIs(t *testing.T) {
	w := seeded(t)
	for _, test := range []struct {
		name string
		data in
		want []string // status, description, rack, tags
	}{
		{"nothing", in{}, []string{"status=provisioning*", "description=<nil>*", "[]", "[red]"}},
		{"a value", in{"description": val("x")}, []string{"status=provisioning*", "description=x", "[]", "[red]"}},
		{"null for an attribute", in{"description": nil}, []string{"status=provisioning*", "description=x", "[]", "[red]"}},
		{"null for a value", in{"description": val(nil)}, []string{"status=provisioning*", "description=<nil>", "[]", "[red]"}},
		{"another choice", in{"status": val("active")}, []string{"status=active", "description=<nil>", "[]", "[red]"}},
		{"the default by its value", in{"status": val("provisioning")}, []string{"status=provisioning", "description=<nil>", "[]", "[red]"}},
		{"back to the default", in{"status": in{"is_default": true}}, []string{"status=provisioning*", "description=<nil>", "[]", "[red]"}},
		{"a property alone", in{"status": in{"is_protected": true}}, []string{"status=provisioning* protected", "description=<nil>", "[]", "[red]"}},
		{"a property back", in{"status": in{"is_protected": false}}, []string{"status=provisioning*", "description=<nil>", "[]", "[red]"}},
		{"a peer", in{"rack": in{"hfid": []any{"par-r1"}}}, []string{"status=provisioning*", "description=<nil>", "[par-r1]", "[red]"}},
		{"no peer", in{"rack": nil}, []string{"status=provisioning*", "description=<nil>", "[]", "[red]"}},
		{"other peers", in{"tags": []any{in{"id": w.ids["blue"]}, in{"hfid": []any{"blue"}}}}, []string{"status=provisioning*", "description=<nil>", "[]", "[blue]"}},
		{"a list of none", in{"tags": []any{}}, []string{"status=provisioning*", "description=<nil>", "[]", "[]"}},
	} {
		test.data["hfid"] = []any{"one"}
		n := w.must("update", "DcimDevice", test.data)
		got := append(shown(n, "status", "description"), fmt.Sprint(labels(n, "rack")), fmt.Sprint(labels(n, "tags")))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		w.expect(labels(w.node("one"), "site"), []string{"par"})
	}
	n := w.must("update", "DcimInterface", in{"id": w.ids["port"], "description": val("by the generic")})
	w.expect(n.Kind, "DcimPhysicalInterface")
	n = w.must("update", "DcimDevice", in{"id": w.ids["one"], "rack": in{
		"id": w.ids["rack"], "_relation__is_protected": true, "_relation__owner": writerAccount, "_relation__source": w.ids["red"],
	}})
	edge := n.Peers(n.Schema.Relationship("rack"))[0]
	w.expect(edge.Properties, store.Properties{IsProtected: true, Owner: writerAccount, Source: w.ids["red"]})
	before := w.node("one").UpdatedAt
	w.must("update", "DcimDevice", in{"id": w.ids["one"], "rack": in{"id": w.ids["rack"]}, "role": val("leaf")})
	w.expect(w.node("one").UpdatedAt, before)
}

func TestAnUpsertFindsItsNode(t *testing.T) {
	w := seeded(t)
	whole := func(name, serial string) in {
		return in{"name": val(name), "serial": val(serial), "role": val("edge"), "site": in{"hfid": []any{"par"}}}
	}
	with := func(data, more in) in {
		maps.Copy(data, more)
		return data
	}
	for _, test := range []struct {
		name, kind string
		data       in
		want       string // the name of the node, "" for a new one
		label      string
	}{
		{"by id", "DcimDevice", in{"id": w.ids["one"], "description": val("x")}, "one", "one"},
		{"by human-friendly id", "DcimDevice", in{"hfid": []any{"one"}, "description": val("x")}, "one", "one"},
		{"by what its human-friendly id is made of", "DcimDevice", whole("one", "S1"), "one", "one"},
		{"of a component by its parts", "DcimPhysicalInterface", in{"name": val("Ethernet1"), "device": in{"hfid": []any{"one"}}}, "port", "Ethernet1"},
		{"of a component by its human-friendly id", "DcimPhysicalInterface", in{"hfid": []any{"one", "Ethernet1"}, "mtu": val(1400)}, "port", "Ethernet1"},
		{"of a new node", "DcimDevice", whole("two", "S2"), "", "two"},
		{"by another human-friendly id than the name", "DcimDevice", with(whole("three", "S3"), in{"hfid": []any{"nope"}}), "", "three"},
		{"of a new address", "IpamIPAddress", in{"address": val("198.51.100.1/24")}, "", "198.51.100.1/24"},
		{"of an address by its value", "IpamIPAddress", in{"address": val("198.51.100.1/24"), "description": val("again")}, "last", "198.51.100.1/24"},
	} {
		before := w.size()
		n := w.must("upsert", test.kind, test.data)
		switch {
		case test.want == "":
			w.ids["last"] = n.ID
			if w.size() != before+1 {
				t.Errorf("%s: no new node", test.name)
			}
		case n.ID != w.ids[test.want] || w.size() != before:
			t.Errorf("%s: found %s", test.name, n.Label())
		}
		if n.Label() != test.label {
			t.Errorf("%s: %s instead of %s", test.name, n.Label(), test.label)
		}
	}
}

// relate adds peers or removes them.
func (w *writing) relate(remove bool, id, relationship string, peers ...any) error {
	return w.base.Write("main", writerAccount, func(tx *nodes.Writer) (err error) {
		if remove {
			_, err = tx.Remove(id, relationship, peers)
		} else {
			_, err = tx.Add(id, relationship, peers)
		}
		return err
	})
}

func TestPeersComeAndGo(t *testing.T) {
	w := seeded(t)
	w.create("cable", "DcimCable", in{"label": val("c1"), "endpoints": []any{in{"id": w.ids["port"]}}})
	w.create("cable2", "DcimCable", in{"label": val("c2")})
	refused := func(message string) []string { return []string{`[null,"` + message + `","UNDEFINED_ERROR",422,{}]`} }
	one, red, blue := w.ids["one"], in{"id": w.ids["red"]}, in{"id": w.ids["blue"]}
	for _, test := range []struct {
		name, id, relationship string
		remove                 bool
		peers                  []any
		want                   []string
		tags                   string
	}{
		{"one is added", one, "tags", false, []any{blue}, nil, "[red blue]"},
		{"one is added again", one, "tags", false, []any{blue, in{"hfid": []any{"red"}, "kind": "BuiltinTag"}}, nil, "[red blue]"},
		{"one is removed", one, "tags", true, []any{red}, nil, "[blue]"},
		{"one is removed again", one, "tags", true, []any{red}, nil, "[blue]"},
		{"none is added", one, "tags", false, nil, nil, "[blue]"},
		{"an unknown relationship", one, "nope", false, []any{red}, refused("'nope' is not a valid relationship for 'DcimDevice' at name"), "[blue]"},
		{"one of another kind", one, "tags", false, []any{in{"id": one}}, refused("'<one>' 'DcimDevice' is not a valid peer for 'BuiltinTag'"), "[blue]"},
		{"one that is unknown", one, "tags", false, []any{in{"id": "nope"}}, refused("'nope': Unable to find the node in the database."), "[blue]"},
		{"an unknown human-friendly id", one, "tags", false, []any{in{"hfid": []any{"nope"}}}, []string{`[null,"Unable to find the node nope / BuiltinTag in the database.","NODE_NOT_FOUND",404,{"node_kind":"BuiltinTag","identifier":"nope"}]`}, "[blue]"},
		{"to an unknown node", "nope", "tags", false, nil, []string{`[null,"Unable to find the node nope / node in the database.","NODE_NOT_FOUND",404,{"node_kind":"node","identifier":"nope"}]`}, "[blue]"},
		{"to nothing", "", "tags", false, nil, []string{`[null,"Unable to find the node None / node in the database.","NODE_NOT_FOUND",404,{"node_kind":"node","identifier":"None"}]`}, "[blue]"},
		{"the only one", one, "rack", false, []any{in{"id": w.ids["rack"]}}, nil, "[blue]"},
		{"a second only one", one, "rack", false, []any{in{"id": w.ids["rack"]}}, refused("'rack' is a cardinality-one relationship and already has a peer"), "[blue]"},
		{"a mandatory one", one, "site", true, []any{in{"id": w.ids["par"]}}, refused("'site' is a mandatory relationship and cannot be fully removed at name"), "[blue]"},
		{"one that has another peer", w.ids["cable2"], "endpoints", false, []any{in{"id": w.ids["port"]}}, refused("'<port>' 'DcimPhysicalInterface' is already related to another peer on 'cable'"), "[blue]"},
	} {
		err := w.relate(test.remove, test.id, test.relationship, test.peers...)
		if diff := cmp.Diff(test.want, w.told(err)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if got := fmt.Sprint(labels(w.node("one"), "tags")); got != test.tags {
			t.Errorf("%s: the tags are %s", test.name, got)
		}
	}
	w.create("group", "CoreStandardGroup", in{"name": val("group")})
	w.expect(w.told(w.relate(false, w.ids["group"], "members", in{"hfid": []any{"one"}, "kind": "DcimDevice"})), []string{`[null,"'<one>'","UNDEFINED_ERROR",500,{}]`})
	w.expect(w.told(w.relate(false, w.ids["group"], "members", in{"hfid": []any{"one"}, "kind": "Nope"})), []string{`[null,"Unable to find the schema 'Nope' in the registry","SCHEMA_NOT_FOUND",422,{"kind":"Nope"}]`})
	w.expect(w.relate(false, w.ids["group"], "members", in{"id": one}), nil)
	w.expect(labels(w.node("one"), "member_of_groups"), []string{"group"})
	_, err := w.do("update", "DcimCable", in{"id": w.ids["cable2"], "endpoints": []any{in{"id": w.ids["port"]}}})
	w.expect(w.told(err), []string{`[null,"Node <port> has 2 peers for cable__endpoint, maximum of 1 allowed","UNDEFINED_ERROR",422,{}]`})
	n := w.must("update", "DcimPhysicalInterface", in{"id": w.ids["port"], "cable": in{"id": w.ids["cable2"]}})
	w.expect(labels(n, "cable"), []string{"c2"})
	w.expect(labels(w.node("cable"), "endpoints"), []string{})
}

func TestComponentsGoWithTheirParent(t *testing.T) {
	w := seeded(t)
	w.create("cable", "DcimCable", in{"label": val("c1"), "endpoints": []any{in{"id": w.ids["port"]}}})
	n := w.must("delete", "DcimDevice", in{"hfid": []any{"one"}})
	w.expect(n.ID, w.ids["one"])
	g, err := w.base.Read("main", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if g.Node(w.ids["one"]) != nil || g.Node(w.ids["port"]) != nil {
		t.Error("a device or its port is left")
	}
	w.expect(labels(w.node("cable"), "endpoints"), []string{})
	w.expect(labels(w.node("red"), "member_of_groups"), []string{})
}

func TestProfilesGiveValues(t *testing.T) {
	w := seeded(t)
	w.create("profile", "ProfileDcimDevice", in{"profile_name": val("basic"), "profile_priority": val(10), "description": val("from the profile"), "role": val("spine")})
	n := w.create("two", "DcimDevice", in{"name": val("two"), "serial": val("S2"), "site": in{"id": w.ids["par"]}, "profiles": []any{in{"hfid": []any{"basic"}}}})
	a := n.Attribute("description")
	w.expect([]any{a.Value, a.IsDefault, a.IsFromProfile, a.Source}, []any{"from the profile", false, true, w.ids["profile"]})
	w.expect(n.Value("role"), "spine")
	n = w.must("update", "DcimDevice", in{"id": w.ids["two"], "description": val("own")})
	w.expect(shown(n, "description"), []string{"description=own"})
	n = w.must("update", "DcimDevice", in{"id": w.ids["two"], "description": in{"is_default": true}})
	w.expect(shown(n, "description"), []string{"description=from the profile"})
	_, err := w.do("update", "DcimDevice", in{"id": w.ids["two"], "profiles": []any{}})
	w.expect(w.told(err), []string{`[null,"Cannot remove profile '<profile>' because node 'two' (ID: <two>) inherits required attribute 'role' from this profile.","UNDEFINED_ERROR",422,{}]`})
	_, err = w.do("update", "LocationRack", in{"id": w.ids["rack"], "profiles": []any{in{"hfid": []any{"basic"}}}})
	w.expect(w.told(err), []string{`[null,"peer <profile> is of kind ProfileDcimDevice. only ['ProfileLocationGeneric', 'ProfileLocationRack'] are allowed at profiles","ATTRIBUTE_CONSTRAINT_VIOLATION",422,{"node_kind":"LocationRack","field_name":"profiles","constraint":"peer <profile> is of kind ProfileDcimDevice. only ['ProfileLocationGeneric', 'ProfileLocationRack'] are allowed","detail":null}]`})
}

func TestPasswordsAreHashed(t *testing.T) {
	w := newWriting(t)
	n := w.create("account", "CoreAccount", in{"name": val("ada"), "password": val("secret")})
	hash := n.Text("password")
	if !strings.HasPrefix(hash, "$2b$") || bcrypt.CompareHashAndPassword([]byte(hash), []byte("secret")) != nil {
		t.Errorf("%q is not the hash of the password", hash)
	}
	n = w.must("update", "CoreAccount", in{"id": n.ID, "label": val("Ada")})
	w.expect(n.Text("password"), hash)
}

const computedSchema = `
version: "1.0"
nodes:
  - name: House
    namespace: Test
    generate_template: true
    human_friendly_id: [name__value]
    display_label: name__value
    attributes:
      - {name: name, kind: Text, unique: true}
    relationships:
      - {name: rooms, peer: TestRoom, kind: Component, identifier: house__room, cardinality: many, optional: true}
  - name: Room
    namespace: Test
    generate_template: true
    human_friendly_id: [house__name__value, name__value]
    display_label: "{{ name__value|upper }}"
    attributes:
      - {name: name, kind: Text}
      - {name: size, kind: Number, optional: true}
      - {name: sign, kind: Text, read_only: true, optional: true, unique: true, computed_attribute: {kind: Jinja2, jinja2_template: "{{ house__name__value }}-{{ name__value }}"}}
      - {name: plate, kind: Text, read_only: true, optional: true, computed_attribute: {kind: Jinja2, jinja2_template: "[{{ sign__value }}]"}}
    relationships:
      - {name: house, peer: TestHouse, kind: Parent, identifier: house__room, cardinality: one, optional: false}
      - {name: keys, peer: TestKey, kind: Component, identifier: room__key, cardinality: many, optional: true}
  - name: Key
    namespace: Test
    human_friendly_id: [name__value]
    attributes:
      - {name: name, kind: Text, unique: true}
      - {name: tag, kind: Text, read_only: true, optional: true, computed_attribute: {kind: Jinja2, jinja2_template: "{{ room__plate__value }}/{{ name__value }}"}}
    relationships:
      - {name: room, peer: TestRoom, kind: Parent, identifier: room__key, cardinality: one, optional: false}
`

func computing(t *testing.T, rules ...nodes.Rule) *writing {
	t.Helper()
	m, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	documents, err := model.Parse([]byte(computedSchema))
	if err != nil {
		t.Fatal(err)
	}
	if m, _, err = m.Load(documents...); err != nil {
		t.Fatal(err)
	}
	w := newWritingUnder(t, m, rules...)
	w.create("house", "TestHouse", in{"name": val("a")})
	w.create("hall", "TestRoom", in{"name": val("hall"), "house": in{"id": w.ids["house"]}})
	w.create("key", "TestKey", in{"name": val("k1"), "room": in{"id": w.ids["hall"]}})
	return w
}

func TestComputedAttributesFollowWhatTheyAreMadeOf(t *testing.T) {
	w := computing(t)
	w.expect(shown(w.node("hall"), "sign", "plate"), []string{"sign=a-hall", "plate=[a-hall]"})
	w.expect(w.node("hall").Label(), "HALL")
	w.must("update", "TestHouse", in{"id": w.ids["house"], "name": val("b")})
	w.expect(shown(w.node("hall"), "sign", "plate"), []string{"sign=b-hall", "plate=[b-hall]"})
	w.expect(shown(w.node("key"), "tag"), []string{"tag=[b-hall]/k1"})
	w.create("other", "TestHouse", in{"name": val("c"), "rooms": []any{}})
	w.must("update", "TestRoom", in{"id": w.ids["hall"], "house": in{"id": w.ids["other"]}})
	w.expect(shown(w.node("key"), "tag"), []string{"tag=[c-hall]/k1"})
	w.must("update", "TestRoom", in{"id": w.ids["hall"], "name": val("x-y")})
	w.must("update", "TestHouse", in{"id": w.ids["house"], "name": val("c-x")})
	_, err := w.do("create", "TestRoom", in{"name": val("y"), "house": in{"id": w.ids["house"]}})
	w.expect(w.told(err), []string{`[null,"Violates uniqueness constraint 'sign' (computed from: house.name, name)","UNDEFINED_ERROR",422,{}]`})
}

func TestAnObjectTemplateGivesValues(t *testing.T) {
	w := computing(t)
	w.create("whole", "TemplateTestHouse", in{"template_name": val("cottage")})
	w.create("pattern", "TemplateTestRoom", in{
		"template_name": val("small room"), "name": val("room"), "size": val(9), "house": in{"id": w.ids["whole"]},
	})
	n := w.create("study", "TestRoom", in{"name": val("study"), "house": in{"id": w.ids["house"]}, "object_template": in{"id": w.ids["pattern"]}})
	w.expect(shown(n, "size", "sign"), []string{"size=9", "sign=a-study"})
	w.expect(n.Attribute("size").Source, w.ids["pattern"])
	w.expect(labels(n, "object_template"), []string{"small room"})
	n = w.create("attic", "TestRoom", in{"name": val("attic"), "size": val(7), "house": in{"id": w.ids["house"]}, "object_template": in{"id": w.ids["pattern"]}})
	w.expect(shown(n, "size"), []string{"size=7"})
	n = w.create("cottage", "TestHouse", in{"name": val("cottage"), "object_template": in{"hfid": []any{"cottage"}}})
	w.expect(labels(n, "rooms"), []string{"ROOM"})
	w.expect(shown(n.Related("rooms")[0], "size", "sign"), []string{"size=9", "sign=cottage-room"})
	_, err := w.do("create", "TestRoom", in{"name": val("x"), "house": in{"id": w.ids["house"]}, "object_template": in{"hfid": []any{"nope"}}})
	w.expect(w.told(err), []string{`[null,"Unable to find the object template in the database '['nope']' at object_template","ATTRIBUTE_CONSTRAINT_VIOLATION",422,{"node_kind":"TestRoom","field_name":"object_template","constraint":"Unable to find the object template in the database '['nope']'","detail":null}]`})
}

// numbers is a rule that hands out numbers and tags, and notes what it is told.
type numbers struct {
	told []string
	from []map[string]any
	tag  string
}

func (r *numbers) Changed(_ *nodes.Writer, n *nodes.Node, action nodes.Action) error {
	r.told = append(r.told, fmt.Sprintf("%s %s", action, n.Label()))
	return nil
}

func (r *numbers) FromPool(w *nodes.Writer, k *model.Kind, field string, from map[string]any) (any, bool, error) {
	r.from = append(r.from, from)
	if field == "vlan_id" {
		return int64(3001), true, nil
	}
	return r.tag, true, nil
}

func TestPoolsHandOutValuesAndPeers(t *testing.T) {
	rule := &numbers{}
	w := seeded(t, rule)
	rule.tag = w.ids["blue"]
	w.create("space", "IpamNamespace", in{"name": val("default")})
	w.create("pool", "CoreNumberPool", in{"name": val("numbers"), "node": val("IpamVLAN"), "node_attribute": val("vlan_id"), "start_range": val(1), "end_range": val(9)})
	n := w.create("vlan", "IpamVLAN", in{"name": val("v"), "vlan_id": in{"from_pool": in{"id": "numbers"}}})
	a := n.Attribute("vlan_id")
	w.expect([]any{a.Value, a.Source, a.IsDefault}, []any{int64(3001), w.ids["pool"], false})
	n = w.must("update", "DcimDevice", in{"id": w.ids["one"], "tags": []any{in{"from_pool": in{"id": w.ids["pool"]}}}})
	w.expect(labels(n, "tags"), []string{"blue"})
	w.expect(rule.from, []map[string]any{
		{"id": w.ids["pool"], "identifier": w.ids["vlan"]}, {"id": w.ids["pool"], "identifier": "hfid=DcimDevice__one rel=tags"},
	})
	_, err := w.do("create", "IpamVLAN", in{"name": val("v2"), "vlan_id": in{"from_pool": in{"id": "nope"}}})
	w.expect(w.told(err), []string{`[null,"The pool requested {'id': 'nope'} was not found. at vlan_id.from_pool","ATTRIBUTE_CONSTRAINT_VIOLATION",422,{"node_kind":"IpamVLAN","field_name":"vlan_id.from_pool","constraint":"The pool requested {'id': 'nope'} was not found.","detail":null}]`})
}

func TestCommitsAreTold(t *testing.T) {
	rule := &numbers{}
	w := seeded(t, rule)
	var commits []nodes.Commit
	w.base.Observers = []func(nodes.Commit){func(c nodes.Commit) { commits = append(commits, c) }}
	changed := func() []string {
		var all []string
		for _, c := range commits {
			for _, change := range c.Changes {
				text := fmt.Sprintf("%s %s %s", change.Action, change.Kind, change.Label)
				for _, a := range change.Attributes {
					if a.Value != nil || a.Previous != nil {
						text += fmt.Sprintf(" %s %s:%v<-%v", a.Action, a.Name, a.Value, a.Previous)
					}
				}
				for _, r := range change.Relationships {
					text += fmt.Sprintf(" %s %s:%s", r.Action, r.Name, r.PeerKind)
				}
				all = append(all, text)
			}
		}
		commits = nil
		return all
	}
	w.create("green", "BuiltinTag", in{"name": val("green")})
	w.expect(changed(), []string{"created BuiltinTag green added name:green<-<nil>"})
	w.must("update", "DcimDevice", in{"id": w.ids["one"], "name": val("uno"), "rack": in{"id": w.ids["rack"]}, "tags": []any{in{"id": w.ids["green"]}}})
	w.expect(changed(), []string{
		"updated DcimDevice uno updated name:uno<-one updated fqdn:uno.net.example<-one.net.example added rack:LocationRack removed tags:BuiltinTag added tags:BuiltinTag",
	})
	w.must("update", "DcimDevice", in{"id": w.ids["one"], "name": val("uno")})
	w.expect(changed(), []string(nil))
	rule.told = nil
	w.must("delete", "DcimDevice", in{"id": w.ids["one"]})
	w.expect(rule.told, []string{"deleted uno", "deleted Ethernet1"})
	told := changed()
	w.expect([]bool{
		strings.HasPrefix(told[0], "deleted DcimDevice uno"),
		slices.ContainsFunc(told, func(c string) bool {
			return strings.HasPrefix(c, "updated LocationSite par removed devices:DcimDevice")
		}),
		slices.ContainsFunc(told, func(c string) bool { return strings.HasPrefix(c, "deleted DcimPhysicalInterface Ethernet1") }),
	}, []bool{true, true, true})
}

func TestAgnosticNodesAreOnEveryBranch(t *testing.T) {
	w := seeded(t)
	if _, err := w.base.Store.CreateBranch(store.NewBranch{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	err := w.base.Write("b", writerAccount, func(tx *nodes.Writer) error {
		for _, kind := range []string{"GlobalPolicy", "BuiltinTag"} {
			n, err := tx.Create(tx.Model.Kind(kind), in{"name": val("on a branch")})
			if err != nil {
				return err
			}
			w.ids[kind] = n.ID
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.expect(w.node("GlobalPolicy").Text("name"), "on a branch")
	g, err := w.base.Read("main", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if g.Node(w.ids["BuiltinTag"]) != nil {
		t.Error("a tag of a branch is on the default branch")
	}
	// Its id is taken all the same.
	_, err = w.do("create", "BuiltinTag", in{"id": w.ids["BuiltinTag"], "name": val("x")})
	if err == nil || !strings.Contains(err.Error(), "is already in use") {
		t.Errorf("the id of a node on another branch: %v", err)
	}
}

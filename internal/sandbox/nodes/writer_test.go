package nodes_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

const writerAccount = "18ea0000-0000-4000-8000-00000000acc0"

// writing is a base to try writes on, with some nodes under names.
type writing struct {
	*testing.T
	base *nodes.Base
	ids  map[string]string
}

// in is an input of a mutation.
type in = map[string]any

func val(value any) in { return in{"value": value} }

func newWriting(t *testing.T, rules ...nodes.Rule) *writing {
	t.Helper()
	m, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := model.Demo()
	if err != nil {
		t.Fatal(err)
	}
	if m, _, err = m.Load(demo); err != nil {
		t.Fatal(err)
	}
	return newWritingUnder(t, m, rules...)
}

func newWritingUnder(t *testing.T, m *model.Model, rules ...nodes.Rule) *writing {
	t.Helper()
	base := nodes.NewBase(m, store.Options{})
	base.Rules = rules
	return &writing{T: t, base: base, ids: map[string]string{}}
}

// seeded has a region, a site, a rack, tags, a device and a port of it.
func seeded(t *testing.T, rules ...nodes.Rule) *writing {
	t.Helper()
	w := newWriting(t, rules...)
	w.create("west", "LocationRegion", in{"name": val("west")})
	w.create("par", "LocationSite", in{"name": val("par"), "parent": in{"hfid": []any{"west"}}})
	w.create("rack", "LocationRack", in{"name": val("par-r1"), "parent": in{"id": w.ids["par"]}})
	w.create("red", "BuiltinTag", in{"name": val("red")})
	w.create("blue", "BuiltinTag", in{"name": val("blue")})
	w.create("one", "DcimDevice", in{
		"name": val("one"), "serial": val("S1"), "role": val("leaf"), "site": in{"id": w.ids["par"]}, "tags": []any{in{"id": w.ids["red"]}},
	})
	w.create("port", "DcimPhysicalInterface", in{"name": val("Ethernet1"), "device": in{"hfid": []any{"one"}}})
	return w
}

// do runs one mutation in a transaction of its own.
func (w *writing) do(verb, kind string, data in) (*nodes.Node, error) {
	w.Helper()
	var n *nodes.Node
	err := w.base.Write("main", writerAccount, func(tx *nodes.Writer) error {
		k, err := tx.Model.Lookup(kind)
		if err != nil {
			return err
		}
		switch verb {
		case "create":
			n, err = tx.Create(k, data)
		case "update":
			n, err = tx.Update(k, data)
		case "upsert":
			n, _, err = tx.Upsert(k, data)
		case "delete":
			n, err = tx.Delete(k, data)
		}
		return err
	})
	return n, err
}

func (w *writing) must(verb, kind string, data in) *nodes.Node {
	w.Helper()
	n, err := w.do(verb, kind, data)
	if err != nil {
		w.Fatalf("%s %s %v: %v", verb, kind, data, err)
	}
	return n
}

func (w *writing) create(name, kind string, data in) *nodes.Node {
	w.Helper()
	n := w.must("create", kind, data)
	w.ids[name] = n.ID
	return n
}

// node reads a node anew.
func (w *writing) node(name string) *nodes.Node {
	w.Helper()
	g, err := w.base.Read("main", time.Time{})
	if err != nil {
		w.Fatal(err)
	}
	n := g.Node(w.ids[name])
	if n == nil {
		w.Fatalf("there is no node %s", name)
	}
	return n
}

// told writes errors as a client is told of them: the path behind the mutation,
// the message, the code, the status and the data.
func (w *writing) told(err error) []string {
	if err == nil {
		return nil
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, one := range several.Unwrap() {
			all = append(all, w.told(one)...)
		}
		return all
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return []string{err.Error()}
	}
	text, _ := json.Marshal([]any{f.Field, f.Message, f.Code, f.Status, f.Data})
	told := string(text)
	for name, id := range w.ids {
		told = strings.ReplaceAll(told, id, "<"+name+">")
	}
	return []string{told}
}

func TestWhatIsRefused(t *testing.T) {
	w := seeded(t)
	device := func(data in) in {
		whole := in{"name": val("two"), "serial": val("S2"), "role": val("leaf"), "site": in{"id": w.ids["par"]}}
		for name, value := range data {
			if whole[name] = value; value == "absent" {
				delete(whole, name)
			}
		}
		return whole
	}
	constraint := func(kind, field, told string) []string {
		return []string{`[null,"` + told + ` at ` + field + `","ATTRIBUTE_CONSTRAINT_VIOLATION",422,{"node_kind":"` + kind + `","field_name":"` + field + `","constraint":"` + told + `","detail":null}]`}
	}
	const onDevice, onPort = "DcimDevice", "DcimPhysicalInterface"
	for _, test := range []struct {
		name, verb, kind string
		data             in
		want             []string
	}{
		{"one mandatory field is missing", "create", onDevice, device(in{"name": "absent"}), []string{
			`[null,"name is mandatory for DcimDevice at name","ATTRIBUTE_REQUIRED",422,{"node_kind":"DcimDevice","field_name":"name"}]`,
		}},
		{"several mandatory fields are missing", "create", onDevice, in{"description": val("x")}, []string{
			`[["data","name"],"name is mandatory for DcimDevice at name","ATTRIBUTE_REQUIRED",422,{"node_kind":"DcimDevice","field_name":"name"}]`,
			`[["data","role"],"role is mandatory for DcimDevice at role","ATTRIBUTE_REQUIRED",422,{"node_kind":"DcimDevice","field_name":"role"}]`,
			`[["data","site"],"site is mandatory for DcimDevice at site","ATTRIBUTE_REQUIRED",422,{"node_kind":"DcimDevice","field_name":"site"}]`,
		}},
		{"a parent in a tree is missing", "create", "LocationSite", in{"name": val("lost")}, []string{
			`[null,"parent is mandatory for LocationSite at parent","ATTRIBUTE_REQUIRED",422,{"node_kind":"LocationSite","field_name":"parent"}]`,
		}},
		{"a mandatory attribute is null", "create", onDevice, device(in{"name": val(nil)}), constraint(onDevice, "name", "A value must be provided for name")},
		{"a mandatory attribute is an object of nothing", "create", onDevice, device(in{"name": in{}}), constraint(onDevice, "name", "A value must be provided for name")},
		{"a choice that is none", "create", onDevice, device(in{"role": val("nope")}), constraint(onDevice, "role", "nope must be one of 'edge, firewall, leaf, spine'")},
		{"an empty name", "create", onDevice, device(in{"name": val("")}), constraint(onDevice, "name", " must conform with the regex: '^[a-z0-9-]+$'")},
		{"a list that is a text", "create", onDevice, device(in{"ntp_servers": val("x")}), constraint(onDevice, "ntp_servers", "x is not a valid JSON list")},
		{"a JSON object that is a text", "create", onDevice, device(in{"facts": val("str")}), constraint(onDevice, "facts", "str is not valid JSON")},
		{"a JSON object that is a number", "create", onDevice, device(in{"facts": val(int64(7))}), []string{
			`[null,"7 is not a valid JSON at facts","ATTRIBUTE_INVALID_TYPE",422,{"node_kind":"DcimDevice","field_name":"facts","expected_type":"JSON","received_type":"7"}]`,
		}},
		{"a MAC address that is none", "create", onDevice, device(in{"mac_address": val("zz")}), []string{
			`[null,"zz is not a valid MacAddress at mac_address","ATTRIBUTE_INVALID_TYPE",422,{"node_kind":"DcimDevice","field_name":"mac_address","expected_type":"MacAddress","received_type":"zz"}]`,
		}},
		{"two bad values", "create", onDevice, device(in{"role": val("nope"), "mac_address": val("zz")}), []string{
			`[["data","mac_address"],"zz is not a valid MacAddress at mac_address","ATTRIBUTE_INVALID_TYPE",422,{"node_kind":"DcimDevice","field_name":"mac_address","expected_type":"MacAddress","received_type":"zz"}]`,
			`[["data","role"],"nope must be one of 'edge, firewall, leaf, spine' at role","ATTRIBUTE_CONSTRAINT_VIOLATION",422,{"node_kind":"DcimDevice","field_name":"role","constraint":"nope must be one of 'edge, firewall, leaf, spine'","detail":null}]`,
		}},
		{"a number that is too small", "create", onPort, in{"name": val("x"), "device": in{"id": w.ids["one"]}, "mtu": val(1)}, constraint(onPort, "mtu", "1 is lower than the minimum allowed value 68")},
		{"an enum that is none", "create", "DcimPlatform", in{"name": val("x"), "driver": val("telnet")}, constraint("DcimPlatform", "driver", "telnet must be one of ['ssh', 'netconf', 'gnmi', 'api']")},
		{"an address that is none", "create", "IpamIPAddress", in{"address": val("10.300.0.1/32")}, []string{
			`[null,"'10.300.0.1/32' does not appear to be an IPv4 or IPv6 interface","UNDEFINED_ERROR",500,{}]`,
		}},
		{"a prefix with bits of a host", "create", "IpamIPPrefix", in{"prefix": val("198.18.0.1/16")}, []string{
			`[null,"198.18.0.1/16 is not a valid IPNetwork at prefix","ATTRIBUTE_INVALID_TYPE",422,{"node_kind":"IpamIPPrefix","field_name":"prefix","expected_type":"IPNetwork","received_type":"198.18.0.1/16"}]`,
		}},
		{"a name that is taken", "create", onDevice, device(in{"name": val("one")}), []string{`[null,"Violates uniqueness constraint 'name'","UNDEFINED_ERROR",422,{}]`}},
		{"a serial number that is taken", "create", onDevice, device(in{"serial": val("S1")}), []string{`[null,"Violates uniqueness constraint 'serial'","UNDEFINED_ERROR",422,{}]`}},
		{"a name that is taken on the same device", "create", onPort, in{"name": val("Ethernet1"), "device": in{"id": w.ids["one"]}}, []string{`[null,"Violates uniqueness constraint 'device-name'","UNDEFINED_ERROR",422,{}]`}},
		{"a name that another kind has on the same device", "create", "DcimVirtualInterface", in{"name": val("Ethernet1"), "device": in{"id": w.ids["one"]}}, []string{`[null,"Violates uniqueness constraint 'device-name'","UNDEFINED_ERROR",422,{}]`}},
		{"an unknown site by id", "create", onDevice, device(in{"site": in{"id": "nope"}}), []string{
			`[null,"Unable to find the node nope / LocationSite in the database.","NODE_NOT_FOUND",404,{"node_kind":"LocationSite","identifier":"nope"}]`,
		}},
		{"an unknown site by human-friendly id", "create", onDevice, device(in{"site": in{"hfid": []any{"nope"}}}), []string{
			`[null,"Unable to find the node nope / LocationSite in the database.","NODE_NOT_FOUND",404,{"node_kind":"LocationSite","identifier":"nope"}]`,
		}},
		{"a site of another kind", "create", onDevice, device(in{"site": in{"id": w.ids["one"]}}), constraint(onDevice, "site", "DcimDevice - <one> cannot be added to relationship, must be of type: ['LocationSite']")},
		{"a site that is an object of nothing", "create", onDevice, device(in{"site": in{}}), []string{`[null,"Relationship has not been initialized yet","UNDEFINED_ERROR",500,{}]`}},
		{"more peers than there may be", "create", "DcimCable", in{"label": val("c"), "endpoints": []any{in{"id": w.ids["port"]}, in{"id": "b"}, in{"id": "c"}}}, constraint("DcimCable", "endpoints", "Too many relationships, max 2")},
		{"a region in a region", "create", "LocationRegion", in{"name": val("x"), "parent": in{"id": w.ids["west"]}}, constraint("LocationRegion", "parent", "Not supported to assign a value to parent for LocationRegion")},
		{"an id that is none", "create", onDevice, device(in{"id": "not-a-uuid"}), []string{
			`[null,"not-a-uuid is not a valid UUID at id","ATTRIBUTE_INVALID_TYPE",422,{"node_kind":"DcimDevice","field_name":"id","expected_type":"UUID","received_type":"not-a-uuid"}]`,
		}},
		{"an id that is taken", "create", onDevice, device(in{"id": w.ids["one"]}), constraint(onDevice, "id", "<one> is already in use")},

		{"a change without an id", "update", onDevice, in{"description": val("x")}, []string{`[null,"either id or hfid must be provided.","UNDEFINED_ERROR",400,{}]`}},
		{"a change of an unknown id", "update", onDevice, in{"id": "nope"}, []string{
			`[null,"Unable to find the node nope / DcimDevice in the database.","NODE_NOT_FOUND",404,{"node_kind":"DcimDevice","identifier":"nope"}]`,
		}},
		{"a change of an id of another kind", "update", onDevice, in{"id": w.ids["par"]}, []string{
			`[null,"Node with id <par> exists, but it is a LocationSite, not DcimDevice","NODE_NOT_FOUND",404,{"node_kind":"DcimDevice","identifier":"<par>"}]`,
		}},
		{"a mandatory value becomes null", "update", onDevice, in{"id": w.ids["one"], "role": val(nil)}, constraint(onDevice, "role", "A value must be provided for role")},
		{"back to a default that there is not", "update", onDevice, in{"id": w.ids["one"], "role": in{"is_default": true}}, constraint(onDevice, "role", "A value must be provided for role")},
		{"a mandatory peer goes", "update", onDevice, in{"id": w.ids["one"], "site": nil}, constraint(onDevice, "site", "Too few relationships, min 1")},
		{"a bad value by a generic", "update", "DcimInterface", in{"id": w.ids["port"], "mtu": val(1)}, constraint("DcimInterface", "mtu", "1 is lower than the minimum allowed value 68")},
		{"the peers of another end", "update", "LocationSite", in{"id": w.ids["par"], "devices": nil}, []string{
			`[null,"Node <one> has 0 peers for device__site, no fewer than 1 allowed","UNDEFINED_ERROR",422,{}]`,
		}},

		{"an upsert by an unknown id", "upsert", onDevice, device(in{"id": "18ea0000-0000-4000-8000-000000000001"}), []string{
			`[null,"Unable to find the node 18ea0000-0000-4000-8000-000000000001 / DcimDevice in the database.","NODE_NOT_FOUND",404,{"node_kind":"DcimDevice","identifier":"18ea0000-0000-4000-8000-000000000001"}]`,
		}},
		{"an upsert by name with little", "upsert", onDevice, in{"name": val("one")}, []string{
			`[["data","role"],"role is mandatory for DcimDevice at role","ATTRIBUTE_REQUIRED",422,{"node_kind":"DcimDevice","field_name":"role"}]`,
			`[["data","site"],"site is mandatory for DcimDevice at site","ATTRIBUTE_REQUIRED",422,{"node_kind":"DcimDevice","field_name":"site"}]`,
		}},
		{"an upsert by a human-friendly id of too many parts", "upsert", onDevice, in{"hfid": []any{"one", "x"}}, []string{
			`[null,"Unable to lookup node by HFID, schema 'DcimDevice' HFID does not contain the same number of elements as ['one', 'x']","NODE_NOT_FOUND",404,{"node_kind":"DcimDevice","identifier":"one :: x"}]`,
		}},

		{"a delete of what others need", "delete", "LocationSite", in{"hfid": []any{"par"}}, []string{
			`[["data","LocationRack.children"],"Cannot delete LocationSite '<par>'. It is linked to mandatory relationship children on node LocationRack '<rack>' at LocationRack.children","ATTRIBUTE_CONSTRAINT_VIOLATION",422,{"node_kind":"LocationSite","field_name":"LocationRack.children","constraint":"Cannot delete LocationSite '<par>'. It is linked to mandatory relationship children on node LocationRack '<rack>'","detail":null}]`,
			`[["data","DcimDevice.site"],"Cannot delete LocationSite '<par>'. It is linked to mandatory relationship site on node DcimDevice '<one>' at DcimDevice.site","ATTRIBUTE_CONSTRAINT_VIOLATION",422,{"node_kind":"LocationSite","field_name":"DcimDevice.site","constraint":"Cannot delete LocationSite '<par>'. It is linked to mandatory relationship site on node DcimDevice '<one>'","detail":null}]`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := w.size()
			_, err := w.do(test.verb, test.kind, test.data)
			if diff := cmp.Diff(test.want, w.told(err)); diff != "" {
				t.Error(diff)
			}
			if after := w.size(); after != before {
				t.Errorf("%d nodes became %d", before, after)
			}
		})
	}
}

// size counts the nodes of all kinds.
func (w *writing) size() int {
	g, err := w.base.Read("main", time.Time{})
	if err != nil {
		w.Fatal(err)
	}
	size := 0
	for _, k := range g.Model.Kinds(model.Node, model.Profile, model.Template) {
		size += g.View.Count(k.Name)
	}
	return size
}

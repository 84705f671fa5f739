package graph

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

func TestInputs(t *testing.T) {
	for _, test := range []struct{ name, kind, item, want string }{
		{"values of every type", "DcimDevice", `{"id":"` + someID + `","data":{"name":"a","rack_position":4,"facts":{"os":[1,2.5]},"ntp_servers":["x"],"mac_address":"00:00:5e:00:53:01","description":"","serial":null}}`,
			`{"id":"` + someID + `","name":{"value":"a"},"rack_position":{"value":4},"facts":{"value":{"os":[1,2.5]}},"ntp_servers":{"value":["x"]},"mac_address":{"value":"00:00:5e:00:53:01"},"description":{"value":""},"serial":{"value":null}}`},
		{"a number as text, or with a fraction of zero", "DcimPhysicalInterface", `{"id":"` + someID + `","data":{"mtu":"9000","speed":1e3}}`,
			`{"id":"` + someID + `","mtu":{"value":9000},"speed":{"value":1000}}`},
		{"integers beyond 2^53 as they are", "RoutingAutonomousSystem", `{"data":{"asn":9007199254740993}}`, `{"hfid":["9007199254740993"],"asn":{"value":9007199254740993}}`},
		{"the input form", "DcimDevice", `{"id":"` + someID + `","data":{"status":{"is_default":true},"serial":{"value":"x","is_protected":true,"owner":"` + someID + `","source":null},"rack_position":{"from_pool":"positions"}}}`,
			`{"id":"` + someID + `","status":{"is_default":true},"serial":{"value":"x","is_protected":true,"owner":"` + someID + `","source":null},"rack_position":{"from_pool":{"id":"positions"}}}`},
		{"pools by hfid", "DcimDevice", `{"id":"` + someID + `","data":{"rack_position":{"from_pool":{"hfid":["p"],"identifier":"i"}},"primary_address":{"from_pool":{"id":"` + someID + `","prefixlen":24}}}}`,
			`{"id":"` + someID + `","rack_position":{"from_pool":{"id":"p","identifier":"i"}},"primary_address":{"from_pool":{"id":"` + someID + `","prefixlen":24}}}`},
		{"an object that is the value of a JSON attribute", "DcimDevice", `{"id":"` + someID + `","data":{"facts":{"value":1,"unit":"m"}}}`, `{"id":"` + someID + `","facts":{"value":{"value":1,"unit":"m"}}}`},
		{"an object of a JSON attribute with the names of metadata", "DcimDevice", `{"id":"` + someID + `","data":{"facts":{"owner":"me"}}}`, `{"id":"` + someID + `","facts":{"value":{"owner":"me"}}}`},
		{"the input form of a JSON attribute", "DcimDevice", `{"id":"` + someID + `","data":{"facts":{"value":{"value":1},"is_protected":true}}}`, `{"id":"` + someID + `","facts":{"value":{"value":1},"is_protected":true}}`},
		{"peers by text, number, id and object", "DcimDevice", `{"id":"` + someID + `","data":{"site":"par1","rack":"LocationRack__par1-r1","asn":64512,"platform":"` + someID + `","device_type":{"hfid":"x","is_protected":true,"_relation__owner":"` + someID + `"}}}`,
			`{"id":"` + someID + `","site":{"hfid":["par1"]},"rack":{"hfid":["par1-r1"]},"asn":{"hfid":["64512"]},"platform":{"id":"` + someID + `"},"device_type":{"hfid":["x"],"_relation__is_protected":true,"_relation__owner":"` + someID + `"}}`},
		{"many peers", "DcimDevice", `{"id":"` + someID + `","data":{"tags":["blue",["red"],{"hfid":["a"]},{"id":"` + someID + `"}],"interfaces":[]}}`,
			`{"id":"` + someID + `","tags":[{"hfid":["blue"]},{"hfid":["red"]},{"hfid":["a"]},{"id":"` + someID + `"}],"interfaces":[]}`},
		{"null clears", "DcimDevice", `{"id":"` + someID + `","data":{"rack":null,"tags":null}}`, `{"id":"` + someID + `","rack":null,"tags":[]}`},
		{"peers of a generic", "CoreStandardGroup", `{"data":{"name":"g","members":["DcimDevice__a","DcimPhysicalInterface__a__e__1",{"kind":"DcimInterface","hfid":["a","e2"]},{"kind":"BuiltinTag","id":"` + someID + `"}]}}`,
			`{"hfid":["g"],"name":{"value":"g"},"members":[{"hfid":["a"],"kind":"DcimDevice"},{"hfid":["a","e__1"],"kind":"DcimPhysicalInterface"},{"hfid":["a","e2"],"kind":"DcimInterface"},{"id":"` + someID + `"}]}`},
		{"peers of a generic with an hfid", "IpamIPAddress", `{"data":{"address":"10.0.0.1/24","interface":["a","e1"]}}`, `{"address":{"value":"10.0.0.1/24"},"interface":{"hfid":["a","e1"]}}`},
		{"a part of an address is its value", "DcimDevice", `{"id":"` + someID + `","data":{"primary_address":"10.0.0.1"}}`, `{"id":"` + someID + `","primary_address":{"id":"10.0.0.1/32"}}`},
		{"an address with its kind", "DcimDevice", `{"id":"` + someID + `","data":{"primary_address":"IpamIPAddress__2001:DB8::1/64"}}`, `{"id":"` + someID + `","primary_address":{"id":"2001:db8::1/64"}}`},
		{"an hfid alone makes the node", "BuiltinTag", `{"hfid":["blue"]}`, `{"hfid":["blue"],"name":{"value":"blue"}}`},
		{"a number in an hfid", "RoutingAutonomousSystem", `{"hfid":["64512"]}`, `{"hfid":["64512"],"asn":{"value":64512}}`},
		{"a part in a peer is not set again", "DcimPhysicalInterface", `{"hfid":["a","e1"],"data":{"mtu":9000}}`, `{"hfid":["a","e1"],"name":{"value":"e1"},"mtu":{"value":9000}}`},
		{"a parent by id stands", "DcimPhysicalInterface", `{"hfid":["a","e1"],"data":{"device":"` + someID + `"}}`, `{"hfid":["a","e1"],"name":{"value":"e1"},"device":{"id":"` + someID + `"}}`},
		{"the hfid from the data", "DcimPhysicalInterface", `{"data":{"device":"a","name":"e1"}}`, `{"hfid":["a","e1"],"device":{"hfid":["a"]},"name":{"value":"e1"}}`},
		{"no hfid from a parent by id", "DcimPhysicalInterface", `{"data":{"device":"` + someID + `","name":"e1"}}`, `{"device":{"id":"` + someID + `"},"name":{"value":"e1"}}`},
		{"what an hfid cannot be is left out", "RoutingAutonomousSystem", `{"hfid":["AS1"],"data":{"name":"x"}}`, `{"hfid":["AS1"],"name":{"value":"x"}}`},
		{"an address may exist, so nothing more is needed", "IpamIPAddress", `{"data":{"address":"10.0.0.1/32"}}`, `{"address":{"value":"10.0.0.1/32"}}`},
		{"profiles may give what is mandatory", "DcimDevice", `{"data":{"name":"a","site":"s","profiles":["p"]}}`, `{"hfid":["a"],"name":{"value":"a"},"site":{"hfid":["s"]},"profiles":[{"hfid":["p"]}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inputs, err := writer().Check(kind(t, test.kind), []Item{item(t, test.item)})
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(inputs[0].Data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, test.want), decoded(t, string(got))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRenames(t *testing.T) {
	for _, test := range []struct {
		name, kind, item string
		want             bool
	}{
		{"the same name", "DcimDevice", `{"hfid":["a"],"data":{"name":"a"}}`, false},
		{"another name", "DcimDevice", `{"hfid":["a"],"data":{"name":"b"}}`, true},
		{"another name by id", "DcimDevice", `{"id":"` + someID + `","data":{"name":"b"}}`, false},
		{"the same number", "RoutingAutonomousSystem", `{"hfid":["1"],"data":{"asn":"1"}}`, false},
		{"another number", "RoutingAutonomousSystem", `{"hfid":["1"],"data":{"asn":2}}`, true},
		{"the same parent", "DcimPhysicalInterface", `{"hfid":["a","e1"],"data":{"device":"a"}}`, false},
		{"another parent", "DcimPhysicalInterface", `{"hfid":["a","e1"],"data":{"device":"b"}}`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			inputs, err := writer().Check(kind(t, test.kind), []Item{item(t, test.item)})
			if err != nil {
				t.Fatal(err)
			}
			if inputs[0].Rename != test.want {
				t.Errorf("got %v", inputs[0].Rename)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	device := func(data string) string { return `{"id":"` + someID + `","data":{` + data + `}}` }
	for _, test := range []struct {
		name, kind, item string
		want             []string
	}{
		{"an unknown name", "DcimDevice", device(`"plattform":"x"`), []string{"no attribute or relationship of DcimDevice named \"plattform\". Did you mean platform", "get_schema"}},
		{"the id in the data", "DcimDevice", device(`"id":"x","hfid":["a"]`), []string{"Give it beside data, as id.", "Give it beside data, as hfid."}},
		{"a computed attribute", "DcimDevice", device(`"fqdn":"x"`), []string{"fqdn of DcimDevice is computed"}},
		{"a read-only attribute", "IpamIPPrefix", device(`"utilization":1`), []string{"read-only"}},
		{"a read-only relationship", "IpamIPPrefix", device(`"children":[]`), []string{"read-only"}},
		{"a fraction", "DcimDevice", device(`"rack_position":1.5`), []string{"rack_position must be a whole number of at most 64 bits, got 1.5."}},
		{"true for a number", "DcimDevice", device(`"rack_position":true`), []string{"whole number"}},
		{"a number of more than 64 bits", "DcimDevice", device(`"rack_position":9223372036854775808`), []string{"64 bits"}},
		{"text that is no number", "DcimDevice", device(`"rack_position":"0x10"`), []string{"whole number"}},
		{"a number written unusually", "DcimDevice", device(`"rack_position":"007"`), []string{"whole number"}},
		{"a number too small", "DcimPhysicalInterface", device(`"mtu":1`), []string{"mtu must be between 68 and 9216, got 1."}},
		{"a number too large", "DcimPhysicalInterface", device(`"mtu":10000`), []string{"between 68 and 9216"}},
		{"text for a boolean", "DcimPhysicalInterface", device(`"enabled":"true"`), []string{"without quotes"}},
		{"a number for a checkbox", "ServiceCircuit", device(`"redundant":1`), []string{"true or false"}},
		{"a number for a text", "DcimDevice", device(`"serial":4`), []string{"serial must be a text in quotes, got 4."}},
		{"text for a list", "DcimDevice", device(`"ntp_servers":"x"`), []string{"ntp_servers must be a list"}},
		{"text for JSON", "DcimDevice", device(`"facts":"{}"`), []string{"not a text that holds one"}},
		{"the label of a choice", "DcimDevice", device(`"status":"Active"`), []string{"Did you mean active?", "Allowed: active, drained"}},
		{"a choice that does not exist", "DcimDevice", device(`"role":"core"`), []string{"Allowed: edge, firewall, leaf, spine."}},
		{"an enumeration", "DcimPlatform", device(`"driver":"telnet"`), []string{"Allowed: ssh, netconf, gnmi, api."}},
		{"a pattern", "DcimDevice", device(`"name":"A B"`), []string{"name must be a match of the regular expression ^[a-z0-9-]+$"}},
		{"a long text", "DcimDevice", device(`"name":"` + strings.Repeat("a", 64) + `"`), []string{"at most 63 characters"}},
		{"a short text", "ProfileDcimDevice", device(`"profile_name":"a"`), []string{"at least 3 characters"}},
		{"a text that Infrahub cannot store", "DcimDevice", device(`"serial":"` + strings.Repeat("é", 2047) + `"`), []string{"4094 bytes long"}},
		{"an empty name", "BuiltinTag", device(`"name":""`), []string{"part of the hfid"}},
		{"a MAC address", "DcimDevice", device(`"mac_address":"zz"`), []string{"a MAC address such as"}},
		{"a URL", "OrganizationManufacturer", device(`"website":"example.com"`), []string{"a URL such as"}},
		{"an e-mail address", "OrganizationProvider", device(`"noc_email":"noc at example"`), []string{"an e-mail address such as"}},
		{"a time", "LocationSite", device(`"opened_at":"5m"`), []string{"ISO 8601"}},
		{"an address", "IpamIPAddress", device(`"address":"10.300.0.1"`), []string{"an IP address"}},
		{"a network with host bits", "IpamIPPrefix", device(`"prefix":"10.0.0.1/24"`), []string{"no bits set beyond it"}},
		{"a network without a length", "IpamIPPrefix", device(`"prefix":"10.0.0.0"`), []string{"with its prefix length"}},
		{"null for a mandatory attribute", "DcimDevice", device(`"name":null`), []string{"name is mandatory for DcimDevice and cannot be cleared."}},
		{"null for an attribute with a default", "DcimDevice", device(`"status":null`), []string{`status has a default ("provisioning") and cannot be without a value. Give {"is_default": true}`}},
		{"a null value for a mandatory attribute", "DcimDevice", device(`"role":{"value":null}`), []string{"cannot be cleared"}},
		{"an unknown member", "DcimDevice", device(`"serial":{"valeu":"x"}`), []string{"Did you mean value?"}},
		{"an empty object", "DcimDevice", device(`"serial":{}`), []string{"empty object"}},
		{"a default that is not there", "DcimDevice", device(`"role":{"is_default":true}`), []string{"has no default"}},
		{"is_default false, which Infrahub takes for true", "DcimDevice", device(`"status":{"is_default":false}`), []string{"can only be true"}},
		{"a value and the default", "DcimDevice", device(`"status":{"is_default":true,"value":"active"}`), []string{"several of"}},
		{"a text for is_protected", "DcimDevice", device(`"serial":{"value":"x","is_protected":"yes"}`), []string{"serial.is_protected must be true or false."}},
		{"an owner by name, which Infrahub ignores", "DcimDevice", device(`"serial":{"value":"x","owner":"admin"}`), []string{"serial.owner must be the id"}},
		{"a pool for a text", "DcimDevice", device(`"serial":{"from_pool":"p"}`), []string{"serial of DcimDevice cannot be taken from a pool."}},
		{"a pool in a profile", "ProfileDcimDevice", device(`"rack_position":{"from_pool":"p"}`), []string{"cannot be taken from a pool"}},
		{"a pool without a name", "DcimDevice", device(`"rack_position":{"from_pool":{"identifier":"x"}}`), []string{"does not name one pool"}},
		{"a pool named twice", "DcimDevice", device(`"rack_position":{"from_pool":{"id":"a","hfid":["b"]}}`), []string{"does not name one pool"}},
		{"an unknown option of a pool", "DcimDevice", device(`"primary_address":{"from_pool":{"id":"a","prefix_len":24}}`), []string{"Did you mean prefixlen?"}},
		{"a bad prefix length", "DcimDevice", device(`"primary_address":{"from_pool":{"id":"a","prefixlen":200}}`), []string{"must be a prefix length"}},
		{"a pool for a peer that is none of IPAM", "DcimDevice", device(`"site":{"from_pool":"p"}`), []string{"The peers of site cannot be taken from a pool."}},
		{"a pool for a namespace", "IpamIPPrefix", device(`"vlan":null,"ip_namespace":{"from_pool":"p"}`), []string{"cannot be taken from a pool"}},
		{"null for a mandatory relationship", "DcimDevice", device(`"site":null`), []string{"site is mandatory for DcimDevice and cannot be cleared."}},
		{"an empty list for one peer", "DcimDevice", device(`"rack":[]`), []string{"Give null to clear it."}},
		{"a list of nodes for one peer", "DcimDevice", device(`"rack":[{"id":"` + someID + `"}]`), []string{"has one peer"}},
		{"one node for many", "DcimDevice", device(`"tags":"blue"`), []string{`tags of DcimDevice has many peers and takes a list.`, `["blue"]`}},
		{"null among many", "DcimDevice", device(`"tags":[null]`), []string{"tags takes a node, got null."}},
		{"a peer twice", "DcimDevice", device(`"tags":["blue",{"hfid":["blue"]}]`), []string{`lists {"hfid":["blue"]} twice`}},
		{"too many peers", "DcimCable", device(`"endpoints":[["a","1"],["a","2"],["a","3"]]`), []string{"takes at most 2 nodes, got 3"}},
		{"an empty reference", "DcimDevice", device(`"site":{}`), []string{"site has 0 of id, hfid and from_pool."}},
		{"id and hfid", "DcimDevice", device(`"site":{"id":"` + someID + `","hfid":["a"]}`), []string{"site has 2 of id, hfid and from_pool."}},
		{"an id that is none", "DcimDevice", device(`"site":{"id":"par1"}`), []string{`{"hfid": ["par1"]}`}},
		{"an unknown member of a node", "DcimDevice", device(`"site":{"name":"par1"}`), []string{`There is no member of a node of site named "name".`}},
		{"a peer of another kind", "DcimDevice", device(`"site":"DcimDevice__a"`), []string{"The peers of site are of kind LocationSite, got DcimDevice."}},
		{"a peer of an unknown kind", "CoreStandardGroup", device(`"members":[{"kind":"DcimDevise","hfid":["a"]}]`), []string{"Did you mean DcimDevice"}},
		{"a peer that does not implement the generic", "IpamIPAddress", device(`"interface":{"kind":"DcimDevice","hfid":["a"]}`), []string{"They are DcimPhysicalInterface, DcimVirtualInterface."}},
		{"an hfid of too few parts", "IpamIPAddress", device(`"interface":"e1"`), []string{"interface: The hfid of DcimInterface has 2 parts (device__name__value, name__value), got 1."}},
		{"peers without an hfid in common", "CoreStandardGroup", device(`"members":["a"]`), []string{"Name the kind"}},
		{"an address that is none", "DcimDevice", device(`"primary_address":"loopback"`), []string{"is no id and no value of IpamIPAddress"}},
		{"an address by hfid", "DcimDevice", device(`"primary_address":{"hfid":["10.0.0.1/32"]}`), []string{"have no human-friendly id"}},
		{"an address where a site is meant", "DcimDevice", device(`"site":"IpamIPAddress__10.0.0.1/32"`), []string{"The peers of site are of kind LocationSite, got IpamIPAddress."}},
		{"an address by value where nodes of any kind are meant", "CoreStandardGroup", device(`"members":["IpamIPAddress__10.0.0.1/32"]`), []string{"members takes nodes of IpamIPAddress by id only."}},
		{"a prefix with host bits", "IpamIPAddress", device(`"address":"10.0.0.1/24","interface":"IpamIPPrefix__10.0.0.1/24"`), []string{"is not among the kinds"}},
		{"a kind that is no text", "CoreStandardGroup", device(`"members":[{"kind":1,"hfid":["a"]}]`), []string{"members.kind must be a text."}},
		{"a node within an hfid", "DcimDevice", device(`"site":[null]`), []string{"a part of an hfid is a text, got null"}},
		{"an unknown member of a number", "DcimDevice", device(`"rack_position":{"pool":"p"}`), []string{"Did you mean from_pool?"}},
		{"an empty identifier", "DcimDevice", device(`"rack_position":{"from_pool":{"id":"p","identifier":""}}`), []string{"from_pool.identifier must be a text"}},
		{"the same from a pool twice", "IpamNamespace", device(`"ip_addresses":[{"from_pool":"p"},{"from_pool":"p"}]`), []string{"twice"}},
		{"a boolean for a peer", "DcimDevice", device(`"site":true`), []string{"site takes a node, got true."}},
		{"a fraction in an hfid", "DcimDevice", device(`"asn":1.5`), []string{"a part of an hfid is a text"}},
		{"a new node that lacks something", "DcimDevice", `{"data":{"name":"a"}}`, []string{"A new DcimDevice needs role (edge, firewall, leaf, spine), site (LocationSite).", "give its id or hfid beside data"}},
		{"an address without its value", "IpamIPAddress", `{"data":{"description":"x"}}`, []string{"address names the IpamIPAddress and is missing."}},
		{"nothing at all", "BuiltinTag", `{}`, []string{"A new BuiltinTag needs name (Text)."}},
		{"nothing to change", "BuiltinTag", `{"id":"` + someID + `"}`, []string{"nothing to change"}},
		{"id and hfid of the node", "BuiltinTag", `{"id":"` + someID + `","hfid":["a"],"data":{"description":"x"}}`, []string{"Both id and hfid"}},
		{"an hfid of the wrong length", "DcimPhysicalInterface", `{"hfid":["e1"]}`, []string{"has 2 parts"}},
		{"an hfid that the kind has not", "IpamIPAddress", `{"hfid":["10.0.0.1/32"]}`, []string{"have no human-friendly id"}},
		{"every problem at once", "DcimDevice", `{"data":{"nam":"a","role":"x","rack_position":"y","tags":[1.5]}}`,
			[]string{"nam", "role", "rack_position", "tags", "A new DcimDevice needs name (Text), site (LocationSite)."}},
		{"a secret of the wrong type", "DcimDevice", device(`"console_password":7`), []string{"console_password must be a text in quotes."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := writer().Check(kind(t, test.kind), []Item{item(t, test.item)})
			if _, ok := errors.AsType[*problem.Problem](err); !ok {
				t.Fatalf("got %v, which is no problem", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
		})
	}
}

func TestTheCheckOfAKindWithEverySortOfRule(t *testing.T) {
	custom, err := schema.Decode([]byte(`{"main":"x","nodes":[{"kind":"InfraThing","namespace":"Infra","name":"Thing","branch":"aware",
		"attributes":[{"name":"shared","kind":"Text","branch":"agnostic","optional":true},{"name":"own","kind":"Text","branch":"aware","optional":true},{"name":"port","kind":"Number","optional":true,"parameters":{"excluded_values":"100,150-200"}},{"name":"low","kind":"Number","optional":true,"parameters":{"min_value":-5}},{"name":"high","kind":"Number","optional":true,"parameters":{"max_value":5}}],
		"relationships":[{"name":"all","peer":"InfraThing","cardinality":"many","branch":"agnostic","optional":true},{"name":"some","peer":"InfraThing","cardinality":"many","branch":"aware","optional":false},
			{"name":"address","peer":"IpamAddress","cardinality":"one","branch":"aware","optional":true}]},
		{"kind":"IpamAddress","namespace":"Ipam","name":"Address","branch":"aware","inherit_from":["BuiltinIPAddress"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	k := custom.Lookup("InfraThing")
	closed := Writer{Schema: custom, Policy: Policy{Schema: custom}}
	open := Writer{Schema: custom, Policy: Policy{Schema: custom, AllowAgnostic: true}}
	both := []Item{item(t, `{"id":"`+someID+`","data":{"shared":"x","own":"y","all":[]}}`)}
	if _, err := closed.Check(k, both); err == nil || !strings.Contains(err.Error(), "shared of InfraThing is branch-agnostic") || !strings.Contains(err.Error(), "all of InfraThing is branch-agnostic") {
		t.Errorf("got %v", err)
	}
	if _, err := open.Check(k, both); err != nil {
		t.Error(err)
	}
	for data, want := range map[string]string{
		`"port":100`: "none of 100,150-200", `"port":175`: "none of 100,150-200", `"port":149`: "",
		`"address":{"from_pool":"p"}`: "each repetition would take another node from the pool", `"address":{"from_pool":{"id":"p","identifier":"i"}}`: "",
		`"low":-6`: "at least -5", `"low":-5`: "", `"high":6`: "at most 5", `"high":"5"`: "",
		`"some":[]`: "needs at least 1", `"some":null`: "needs at least 1",
	} {
		_, err := closed.Check(k, []Item{item(t, `{"id":"`+someID+`","data":{`+data+`}}`)})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", data, err, want)
		}
	}
	for _, name := range []string{"DcimInterface", "GlobalPolicy", "CoreAccount", "CoreProposedChange", "CoreNumberPool"} {
		if _, err := writer().Check(kind(t, name), nil); err == nil {
			t.Errorf("%s may be written", name)
		}
	}
}

func TestErrorsOfSeveralItemsNameThem(t *testing.T) {
	items := make([]Item, 40)
	for i := range items {
		items[i] = item(t, `{"data":{"name":""}}`)
	}
	items[0] = item(t, `{"data":{"name":"a"}}`)
	_, err := writer().Check(kind(t, "BuiltinTag"), items)
	faults, ok := errors.AsType[*CheckError](err)
	if !ok || len(faults.Items[0]) != 0 || len(faults.Items[39]) != 1 {
		t.Fatalf("got %v", err)
	}
	text := err.Error()
	if !strings.HasPrefix(text, "Nothing was written.\nitems[1]: name is part") || strings.Contains(text, "items[21]") || !strings.HasSuffix(text, "And 19 more items have faults.") {
		t.Error(text)
	}
}

func TestAnItemHasABoundedNumberOfProblems(t *testing.T) {
	data := map[string]json.RawMessage{}
	for i := range 500 {
		data["x"+strings.Repeat("y", i)] = json.RawMessage("1")
	}
	_, err := writer().Check(kind(t, "DcimDevice"), []Item{{Data: data}})
	faults, ok := errors.AsType[*CheckError](err)
	if !ok || len(faults.Items[0]) > maxProblems+2 {
		t.Errorf("got %v", err)
	}
}

func TestFormats(t *testing.T) {
	for kind, cases := range map[string]map[string]bool{
		"MacAddress": {"00:00:5E:00:53:01": true, "0-0-5e-0-53-1": true, "0000.5e00.5301": true, "00005e005301": true, "00005e:005301": true, "0000:5e00:5301": true,
			"00005e00530": false, "00:00:5e:00:53": false, "00:00:5e:00:53:0g": false, "": false, "00:00-5e:00:53:01": false, "0:1:2:3:4:5:6": false},
		"URL":       {"https://example.com/a?b": true, "ftp://x": true, "/docs": true, "http://a b/": true, "example.com": false, "mailto:a@b": false, "http://": false, "": false, "://x": false, "http://[::1": false},
		"Email":     {"noc@example.com": true, "a+b@localhost": true, "Noc <noc@example.com>": false, "noc": false, "": false, "a@b, c@d": false},
		"DateTime":  {"2026-01-31T12:00:00Z": true, "2026-01-31": true, "2026-01-31 12:00:00": true, "2026-01-31T12:00": true, "2026-01-31T12:00:00.5+01:00": true, "2026-01-31T12:00Z": true, "2026-01-31 12:00:00Z": true, "5m": false, "": false, "now": false, "2026-13-01": false},
		"IPHost":    {"10.0.0.1": true, "10.0.0.1/24": true, "10.0.0.1/255.255.255.0": true, "2001:db8::1/64": true, "10.0.0.1/33": false, "10.300.0.1": false, "fe80::1%eth0": false, "": false},
		"IPNetwork": {"10.0.0.0/24": true, "2001:db8::/32": true, "10.0.0.0/255.255.255.0": true, "10.0.0.1/24": false, "10.0.0.0": false, "10.0.0.0/": false, "": false},
		"IPAddress": {"10.0.0.1": true, "2001:db8::1": true, "10.0.0.1/32": false, "": false},
	} {
		for text, want := range cases {
			if got := formatOf(kind).valid(text); got != want {
				t.Errorf("%s %q: got %v", kind, text, got)
			}
		}
	}
}

func TestPythonExpressions(t *testing.T) {
	for _, test := range []struct {
		name, expression, text string
		want                   bool
	}{
		{"from the start", "b", "ab", false},
		{"not to the end", "a", "ab", true},
		{"alternatives", "a|b", "cb", false},
		{"what Go does not know is left to Infrahub", "(?!x)a", "b", true},
		{"what Go reads otherwise is left to Infrahub", "^a{,2}$", "aa", true},
		{"other scripts are left to Infrahub", `^\w+$`, "é", true},
		{"a line break at the end is left to Infrahub", "^a$", "a\n", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := matches(test.expression, test.text); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// anyJSON generates JSON values of which every text, name or value, holds a
// mark.
func anyJSON(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		switch choice := rapid.IntRange(0, 8).Draw(t, "type"); {
		case choice == 0:
			return nil
		case choice == 1:
			return rapid.Bool().Draw(t, "bool")
		case choice == 2:
			return rapid.Float64Range(-1e20, 1e20).Draw(t, "number")
		case choice == 3 && depth > 0:
			return rapid.SliceOfN(anyJSON(depth-1), 0, 4).Draw(t, "list")
		case choice >= 4 && choice <= 6 && depth > 0:
			name := rapid.OneOf(
				rapid.SampledFrom([]string{"value", "is_default", "is_protected", "source", "owner", "from_pool", "id", "hfid", "kind", "identifier"}),
				rapid.Map(rapid.StringN(0, 5, 10), func(s string) string { return mark + s }))
			return rapid.MapOfN(name, anyJSON(depth-1), 0, 4).Draw(t, "object")
		default:
			return rapid.SampledFrom([]string{"", mark}).Draw(t, "prefix") + rapid.StringN(0, 200, 400).Draw(t, "suffix") + mark
		}
	})
}

const mark = "s3cr3t"

func TestNoErrorHoldsAPassword(t *testing.T) {
	k := kind(t, "DcimDevice")
	rapid.Check(t, func(t *rapid.T) {
		raw, err := encode(anyJSON(3).Draw(t, "password"))
		if err != nil {
			t.Skip(err)
		}
		for _, i := range []Item{
			{Data: map[string]json.RawMessage{"console_password": raw}},
			{HFID: []string{"a"}, Data: map[string]json.RawMessage{"console_password": raw, "rack_position": json.RawMessage("true")}},
		} {
			if _, err := writer().Check(k, []Item{i}); err != nil && strings.Contains(err.Error(), mark) {
				t.Fatalf("%s: %v", raw, err)
			}
		}
	})
}

func TestAnInputThatPassesIsWhatInfrahubTakes(t *testing.T) {
	kinds := []*schema.Kind{kind(t, "DcimDevice"), kind(t, "DcimPhysicalInterface"), kind(t, "IpamIPAddress"), kind(t, "CoreStandardGroup"), kind(t, "LocationSite"), kind(t, "ServiceCircuit")}
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(kinds).Draw(t, "kind")
		names := append(attributeNames(k), relationshipNames(k)...)
		data := map[string]json.RawMessage{}
		for range rapid.IntRange(1, 4).Draw(t, "fields") {
			raw, err := encode(anyJSON(3).Draw(t, "value"))
			if err != nil {
				t.Skip(err)
			}
			data[rapid.SampledFrom(names).Draw(t, "name")] = raw
		}
		inputs, err := writer().Check(k, []Item{{ID: someID, Data: data}})
		if err != nil {
			return
		}
		for name, value := range inputs[0].Data {
			if reason := unfit(sdl().Types[k.Name+"UpsertInput"].Fields.ForName(name).Type, value); reason != "" {
				t.Fatalf("%s of %s: %v: %s", name, k.Name, value, reason)
			}
		}
	})
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a","role":"leaf","site":"par1"}`, `{"tags":["blue",["red"],{"hfid":["a"]}],"rack":null}`,
		`{"facts":{"value":{"a":1}},"rack_position":{"from_pool":{"hfid":["p"]}}}`, `{"primary_address":"10.0.0.1","console_password":"x"}`,
		`{"name":"a" "b"}`, `{"rack_position":1e999999}`, `{"site":"__","tags":["LocationSite__"]}`, `{"site":[[]],"asn":-0}`,
	} {
		f.Add(seed, "a")
	}
	k := kind(f, "DcimDevice")
	f.Fuzz(func(t *testing.T, text, hfid string) {
		var data map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &data) != nil {
			data = map[string]json.RawMessage{"site": json.RawMessage(text), "name": json.RawMessage(text), "facts": json.RawMessage(text)}
		}
		for _, i := range []Item{{Data: data}, {Data: data, HFID: []string{hfid}}, {Data: data, ID: hfid}} {
			inputs, err := writer().Check(k, []Item{i})
			if err != nil {
				continue
			}
			if _, err := json.Marshal(writer().Upsert(k, inputs).Variables); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// unfit says why a value is none of an input type of the published GraphQL
// schema, "" when it is one.
func unfit(want *ast.Type, value any) string {
	raw, err := encode(value)
	if err != nil {
		return err.Error()
	}
	definition := sdl().Types[want.Name()]
	if definition.Kind != ast.InputObject || isNull(raw) {
		if !fits(want, raw) {
			return string(raw) + " is no " + want.String()
		}
		return ""
	}
	var list []any
	if want.Elem == nil {
		list = []any{value}
	} else if json.Unmarshal(raw, &list) != nil {
		return string(raw) + " is no list"
	}
	for _, entry := range list {
		raw, _ := encode(entry)
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil {
			return string(raw) + " is no object"
		}
		for name, member := range members {
			field := definition.Fields.ForName(name)
			if field == nil {
				return "there is no member " + name
			}
			value, err := decode(member)
			if err != nil {
				return err.Error()
			}
			if reason := unfit(field.Type, value); reason != "" {
				return name + ": " + reason
			}
		}
	}
	return ""
}

package contract

import "strings"

// refusals are writes that are refused, and some that should be and are not.
func refusals() []request {
	var requests []request
	add := func(name, mutation string) {
		// Attributes have no order: it differs each time the schema is loaded.
		requests = append(requests, request{name: name, branch: "{{work}}", unordered: []string{"errors"}, graphql: `mutation { ` + mutation + ` { ok object { id display_label } } }`})
	}
	device := func(name, data string) {
		add(name, `DcimDeviceCreate(data: {serial: {value: "R"}, `+data+`})`)
	}
	const good = `name: {value: "refused"}, role: {value: "leaf"}, site: {id: "{{par1}}"}`
	device("a mandatory attribute is missing", `role: {value: "leaf"}, site: {id: "{{par1}}"}`)
	device("several mandatory ones are missing", `description: {value: "x"}`)
	device("a mandatory relationship is missing", `name: {value: "refused"}, role: {value: "leaf"}`)
	device("a mandatory attribute is null", `name: {value: null}, role: {value: "leaf"}, site: {id: "{{par1}}"}`)
	device("a mandatory attribute is an object of nothing", `name: {}, role: {value: "leaf"}, site: {id: "{{par1}}"}`)
	device("a mandatory attribute is empty", `name: {value: ""}, role: {value: "leaf"}, site: {id: "{{par1}}"}`)
	device("a choice that is none", `name: {value: "refused"}, role: {value: "nope"}, site: {id: "{{par1}}"}`)
	device("the label of a choice", `name: {value: "refused"}, role: {value: "Leaf"}, site: {id: "{{par1}}"}`)
	device("a name that does not fit its pattern", `name: {value: "FACTS 4!"}, role: {value: "leaf"}, site: {id: "{{par1}}"}`)
	device("a name that is too long", `name: {value: "`+strings.Repeat("long-", 13)+`"}, role: {value: "leaf"}, site: {id: "{{par1}}"}`)
	device("a list that is a text", good+`, ntp_servers: {value: "x"}`)
	device("a JSON object that is a text", good+`, facts: {value: "str"}`)
	device("a JSON object that is a number", good+`, facts: {value: 7}`)
	device("a MAC address that is none", good+`, mac_address: {value: "zz"}`)
	device("a name that is taken", `name: {value: "par1-spine000"}, role: {value: "leaf"}, site: {id: "{{par1}}"}`)
	add("a serial number that is taken", `DcimDeviceCreate(data: {name: {value: "refused"}, serial: {value: "SN000000"}, role: {value: "leaf"}, site: {id: "{{par1}}"}})`)
	device("an unknown site by id", `name: {value: "refused"}, role: {value: "leaf"}, site: {id: "nope"}`)
	device("an unknown site by UUID", `name: {value: "refused"}, role: {value: "leaf"}, site: {id: "18ea0000-0000-4000-8000-000000000000"}`)
	device("an unknown site by human-friendly id", `name: {value: "refused"}, role: {value: "leaf"}, site: {hfid: ["nope"]}`)
	device("a site of another kind", `name: {value: "refused"}, role: {value: "leaf"}, site: {id: "{{spine}}"}`)
	device("a site that is an object of nothing", `name: {value: "refused"}, role: {value: "leaf"}, site: {}`)
	device("a tag of another kind", good+`, tags: [{id: "{{spine}}"}]`)
	device("an unknown tag", good+`, tags: [{id: "nope"}]`)
	device("an attribute that is read only", good+`, fqdn: {value: "x"}`)
	device("an attribute that is unknown", good+`, nope: {value: "x"}`)
	device("an attribute without its object", good+`, description: "x"`)
	device("a text for a number", good+`, rack_position: {value: "x"}`)
	device("a fraction for a number", good+`, rack_position: {value: 1.5}`)
	device("a number for a text", good+`, description: {value: 4}`)
	device("an attribute back to a default that it lacks", `name: {value: "refused"}, role: {is_default: true}, site: {id: "{{par1}}"}`)
	add("an enum that is none", `DcimPlatformCreate(data: {name: {value: "refused"}, driver: {value: "telnet"}})`)
	add("a number that is too small", `DcimPhysicalInterfaceCreate(data: {name: {value: "refused"}, device: {id: "{{one}}"}, mtu: {value: 1}})`)
	add("a number that is too big", `IpamVLANCreate(data: {name: {value: "refused"}, vlan_id: {value: 5000}})`)
	add("a URL that is none", `OrganizationManufacturerCreate(data: {name: {value: "refused"}, website: {value: "nope"}})`)
	add("a time that is none", `LocationSiteCreate(data: {name: {value: "refused"}, parent: {id: "{{west}}"}, opened_at: {value: "yesterday"}})`)
	add("a prefix that is none", `IpamIPPrefixCreate(data: {prefix: {value: "10.300.0.0/16"}})`)
	add("a prefix with bits of a host", `IpamIPPrefixCreate(data: {prefix: {value: "198.18.0.1/16"}})`)
	add("an address that is none", `IpamIPAddressCreate(data: {address: {value: "10.300.0.1/32"}})`)
	add("a prefix that is taken is let through", `a: IpamIPPrefixCreate(data: {prefix: {value: "203.0.113.0/24"}}) { ok } b: IpamIPPrefixCreate(data: {prefix: {value: "203.0.113.0/24"}})`)
	add("an address that is taken is let through", `a: IpamIPAddressCreate(data: {address: {value: "203.0.113.1/32"}}) { ok } b: IpamIPAddressCreate(data: {address: {value: "203.0.113.1/32"}})`)
	add("an interface whose name is taken on its device", `DcimPhysicalInterfaceCreate(data: {name: {value: "Ethernet1"}, device: {id: "{{one}}"}})`)
	add("an interface of another kind whose name is taken on its device", `DcimVirtualInterfaceCreate(data: {name: {value: "Ethernet1"}, device: {id: "{{one}}"}})`)
	add("an interface without a device", `DcimPhysicalInterfaceCreate(data: {name: {value: "refused"}})`)
	add("a cable with too many ends", `DcimCableCreate(data: {label: {value: "refused"}, endpoints: [{id: "{{port-one}}"}, {id: "{{port-two}}"}, {id: "{{port}}"}]})`)
	add("a site in a rack", `LocationSiteCreate(data: {name: {value: "refused"}, parent: {id: "{{rack}}"}})`)
	add("a site without a region", `LocationSiteCreate(data: {name: {value: "contract-lost"}})`)
	add("an interface by its generic", `DcimInterfaceCreate(data: {name: {value: "refused"}, device: {id: "{{one}}"}})`)
	add("a color that is none is let through", `DcimCableCreate(data: {label: {value: "contract-red"}, color: {value: "red"}})`)
	add("a bad e-mail address is let through", `OrganizationProviderCreate(data: {name: {value: "contract-bad-mail"}, noc_email: {value: "nope"}})`)
	add("null for a mandatory relationship is let through", `DcimDeviceCreate(data: {name: {value: "contract-nowhere"}, serial: {value: "C6"}, role: {value: "leaf"}, site: null})`)
	add("one object where several may be is let through", `DcimDeviceCreate(data: {name: {value: "contract-7"}, serial: {value: "C7"}, role: {value: "leaf"}, site: {id: "{{site}}"}, tags: {id: "{{blue}}"}})`)
	add("a text where a list should be is let through", `DcimDeviceCreate(data: {name: {value: "contract-8"}, serial: {value: "C8"}, role: {value: "leaf"}, site: {hfid: "contract-site"}})`)
	add("a first device without a serial number", `DcimDeviceCreate(data: {name: {value: "contract-9"}, role: {value: "leaf"}, site: {id: "{{site}}"}})`)
	add("a second device without a serial number", `DcimDeviceCreate(data: {name: {value: "contract-10"}, role: {value: "leaf"}, site: {id: "{{site}}"}})`)
	byVariable := func(name string, data vars) {
		requests = append(requests, request{
			name: name, branch: "{{work}}", variables: vars{"data": data},
			graphql: `mutation ($data: DcimDeviceUpsertInput!) { DcimDeviceUpsert(data: $data) { ok object { id rack_position { value } } } }`,
		})
	}
	byVariable("a text for a number by variable", vars{"hfid": []string{"contract-1"}, "rack_position": vars{"value": "x"}})
	byVariable("a text that is a number by variable", vars{"hfid": []string{"contract-1"}, "rack_position": vars{"value": "8"}})
	byVariable("a fraction for a number by variable", vars{"hfid": []string{"contract-1"}, "rack_position": vars{"value": 1.5}})
	byVariable("a boolean for a number by variable", vars{"hfid": []string{"contract-1"}, "rack_position": vars{"value": true}})
	byVariable("a number beyond 53 bits by variable", vars{"hfid": []string{"contract-1"}, "rack_position": vars{"value": 9007199254740993}})
	byVariable("an unknown attribute by variable", vars{"hfid": []string{"contract-1"}, "nope": vars{"value": 1}})
	byVariable("two faults by variable", vars{"hfid": []string{"contract-1"}, "nope": vars{"value": 1}, "description": vars{"value": 1}})
	return append(requests,
		request{name: "a mutation without data by variable", branch: "{{work}}", graphql: `mutation ($data: DcimDeviceCreateInput!) { DcimDeviceCreate(data: $data) { ok } }`},
		request{name: "nothing of what was refused is there", branch: "{{work}}", graphql: `{
			DcimDevice(name__value: "refused") { count } DcimPlatform(name__value: "refused") { count } IpamVLAN(name__value: "refused") { count }
			DcimPhysicalInterface(name__value: "refused") { count } LocationSite(name__value: "refused") { count } OrganizationManufacturer(name__value: "refused") { count } DcimCable(label__value: "refused") { count }
		}`},
		request{name: "a device without a site", branch: "{{work}}", graphql: `{ DcimDevice(name__value: "contract-nowhere") { edges { node { display_label site { node { id } } } } } }`},
	)
}

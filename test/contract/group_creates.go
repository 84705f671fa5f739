package contract

import "strings"

// creates makes nodes of many kinds on a branch.
func creates() []request {
	var requests []request
	add := func(name, mutation, selection string, capture ...string) {
		r := request{name: name, branch: "{{work}}", graphql: `mutation { ` + mutation + ` { ok object { ` + selection + ` } } }`}
		for _, variable := range capture {
			field, _, _ := strings.Cut(mutation, "(")
			r.capture = map[string]string{variable: "data." + field + ".object.id"}
		}
		requests = append(requests, r)
	}
	add("a tag", `BuiltinTagCreate(data: {name: {value: "contract"}})`, `id hfid display_label __typename name { value is_default } description { value is_default }`, "tag")
	add("a provider",
		`OrganizationProviderCreate(data: {name: {value: "contract-one"}, noc_email: {value: "one@example.com"}})`,
		`id hfid display_label name { value } noc_email { value }`, "provider")
	add("a region",
		`LocationRegionCreate(data: {name: {value: "contract-region"}, timezone: {value: "UTC"}})`,
		`id hfid display_label parent { node { id } } children { count }`, "region")
	add("a site in a region",
		`LocationSiteCreate(data: {name: {value: "contract-site"}, parent: {id: "{{region}}"}, tags: [{id: "{{tag}}"}]})`,
		`id hfid display_label parent { node { display_label } } tags { count edges { node { display_label } } }`, "site")
	add("a rack in a site by human-friendly id",
		`LocationRackCreate(data: {name: {value: "contract-rack"}, parent: {hfid: ["contract-site"]}})`,
		`id display_label height { value is_default }`, "rack-new")
	add("a device with little", `DcimDeviceCreate(data: {name: {value: "contract-1"}, role: {value: "leaf"}, serial: {value: "C1"}, site: {id: "{{site}}"}})`,
		`id hfid display_label status { value label is_default } role { value label } fqdn { value } serial { value } rack_position { value }
		site { node { display_label } } rack { node { display_label } } tags { count }`, "one")
	requests = append(requests, request{
		name: "a device with everything", branch: "{{work}}", capture: map[string]string{"two": "data.DcimDeviceCreate.object.id"},
		graphql: `mutation ($data: DcimDeviceCreateInput!) { DcimDeviceCreate(data: $data) { ok object {
			id display_label description { value } rack_position { value } mac_address { value } console_password { value } facts { value } ntp_servers { value } status { value } fqdn { value }
		} } }`,
		variables: vars{"data": vars{
			"name": vars{"value": "contract-2"}, "description": vars{"value": "two\nlines"}, "serial": vars{"value": "C2", "is_protected": true, "owner": "{{admin}}", "source": "{{admin}}"},
			"rack_position": vars{"value": 7}, "mac_address": vars{"value": "aa-bb-cc-00-11-22"}, "console_password": vars{"value": "secret"},
			"facts": vars{"value": vars{"a": []any{1, 2.5, nil, true}, "b": vars{"c": "é"}}}, "ntp_servers": vars{"value": []any{"192.0.2.1", 7}},
			"status": vars{"value": "drained"}, "role": vars{"value": "edge"}, "site": vars{"hfid": []string{"contract-site"}}, "rack": vars{"id": "{{rack-new}}"},
			"device_type": vars{"hfid": []string{"MX204"}}, "platform": vars{"id": "{{platform}}"}, "asn": vars{"id": "{{asn}}"}, "primary_address": vars{"id": "{{address}}"},
			"tags": []vars{{"id": "{{blue}}"}, {"hfid": []string{"contract"}}},
		}},
	})
	requests = append(requests, request{name: "the device with everything", branch: "{{work}}", graphql: `{ DcimDevice(ids: ["{{two}}"]) { edges {
		node {
			serial { value is_protected is_default source { id } owner { id } updated_by { id } } facts { value } ntp_servers { value } description { value }
			site { node { id } } rack { node { id } } device_type { node { display_label } } platform { node { id } } asn { node { display_label } }
			primary_address { node { id display_label } } tags { count edges { node { display_label } } }
		}
		node_metadata { created_by { display_label } }
	} } }`})
	add("a device with a given id",
		`DcimDeviceCreate(data: {id: "18ea0000-0000-4000-8000-0000{{run}}", name: {value: "contract-3"}, role: {value: "leaf"}, serial: {value: "C3"}, site: {id: "{{site}}"}})`,
		`id display_label`, "three")
	add("a device with an id that is taken",
		`DcimDeviceCreate(data: {id: "{{three}}", name: {value: "contract-4"}, role: {value: "leaf"}, serial: {value: "C4"}, site: {id: "{{site}}"}})`,
		`id`)
	add("a device with an id that is none",
		`DcimDeviceCreate(data: {id: "not-a-uuid", name: {value: "contract-4"}, role: {value: "leaf"}, serial: {value: "C4"}, site: {id: "{{site}}"}})`,
		`id`)
	add("an interface",
		`DcimPhysicalInterfaceCreate(data: {name: {value: "Ethernet1"}, device: {hfid: ["contract-1"]}, mtu: {value: 9000}})`,
		`id hfid display_label mtu { value } enabled { value is_default } status { value } speed { value }`, "port-one")
	add("an interface of a given kind of peer",
		`DcimPhysicalInterfaceCreate(data: {name: {value: "Ethernet1"}, device: {id: "{{two}}", kind: "DcimDevice"}})`,
		`id hfid display_label`, "port-two")
	add("a virtual interface",
		`DcimVirtualInterfaceCreate(data: {name: {value: "Loopback0"}, device: {id: "{{one}}"}, vlans: [{id: "{{vlan}}"}]})`,
		`id display_label vlans { count }`, "loopback")
	add("a cable",
		`DcimCableCreate(data: {label: {value: "contract-cable"}, endpoints: [{id: "{{port-one}}"}, {id: "{{port-two}}"}]})`,
		`id display_label color { value } endpoints { count edges { node { id } } }`, "cable")
	add("an autonomous system",
		`RoutingAutonomousSystemCreate(data: {asn: {value: 4200000000}, name: {value: "contract"}})`,
		`id hfid display_label asn { value }`, "as-new")
	add("a session",
		`RoutingBGPSessionCreate(data: {name: {value: "contract-bgp"}, type: {value: "EXTERNAL"}, local_device: {id: "{{one}}"}, remote_device: {id: "{{two}}"}, remote_as: {id: "{{as-new}}"}})`,
		`id display_label type { value }`, "bgp")
	add("a circuit",
		`ServiceCircuitCreate(data: {circuit_id: {value: "contract-c"}, redundant: {value: true}, provider: {id: "{{provider}}"}, sites: [{id: "{{site}}"}, {hfid: ["par1"]}]})`,
		`id display_label status { value label } redundant { value } sites { count }`, "circuit")
	add("a VLAN", `IpamVLANCreate(data: {name: {value: "contract-vlan"}, vlan_id: {value: 4094}, site: {id: "{{site}}"}})`, `id hfid display_label`, "vlan-new")
	add("a platform with the default of its enum", `DcimPlatformCreate(data: {name: {value: "contract-os"}})`, `id driver { value is_default }`, "platform-new")
	add("a prefix",
		`IpamIPPrefixCreate(data: {prefix: {value: "198.51.100.0/24"}})`,
		`id hfid display_label prefix { value } member_type { value } is_top_level { value } ip_namespace { node { display_label } }`, "prefix")
	add("a prefix in a prefix", `IpamIPPrefixCreate(data: {prefix: {value: "198.51.100.0/25"}})`, `id display_label is_top_level { value }`, "prefix-inner")
	add("an address in a prefix",
		`IpamIPAddressCreate(data: {address: {value: "198.51.100.1/24"}, interface: {id: "{{port-one}}"}})`,
		`id hfid display_label address { value ip prefixlen }`, "address-new")
	add("an address without a mask", `IpamIPAddressCreate(data: {address: {value: "198.51.100.200"}})`, `id display_label address { value }`, "address-bare")
	add("an address of version 6", `IpamIPAddressCreate(data: {address: {value: "2001:DB8:0::1/64"}})`, `id display_label address { value version }`)
	add("a group with members",
		`CoreStandardGroupCreate(data: {name: {value: "contract-group"}, members: [{id: "{{one}}"}, {id: "{{tag}}"}]})`,
		`id hfid display_label name { value } label { value } members { count }`, "group")
	add("a profile",
		`ProfileDcimDeviceCreate(data: {profile_name: {value: "contract-profile"}, profile_priority: {value: 10}, description: {value: "from the profile"}})`,
		`id hfid display_label profile_name { value } profile_priority { value } description { value }`, "profile")
	add("a device with a profile",
		`DcimDeviceCreate(data: {name: {value: "contract-5"}, role: {value: "leaf"}, serial: {value: "C5"}, site: {id: "{{site}}"}, profiles: [{id: "{{profile}}"}]})`,
		`id description { value is_default is_from_profile source { __typename id } }`, "five")
	return append(requests,
		request{name: "where prefixes and addresses are put", branch: "{{work}}", graphql: `{
			IpamIPPrefix(prefix__value: "198.51.100", partial_match: true, order: {by: [{field: "prefix__value"}]}) {
				edges { node { display_label is_top_level { value } parent { node { display_label } } children { edges { node { display_label } } } ip_addresses { edges { node { display_label } } } utilization { value } } }
			}
			IpamIPAddress(ids: ["{{address-new}}", "{{address-bare}}"]) { edges { node { display_label ip_prefix { node { display_label } } ip_namespace { node { display_label } } interface { node { id } } } } }
		}`},
		request{name: "what a device is told by its group and its parts", branch: "{{work}}", graphql: `{ DcimDevice(ids: ["{{one}}", "{{five}}"]) { edges { node {
			display_label description { value is_from_profile source { id __typename } } profiles { edges { node { display_label } } }
			member_of_groups { edges { node { display_label } } } interfaces { count edges { node { display_label } } }
		} } } }`},
		request{
			name: "a hierarchy on a branch", branch: "{{work}}",
			graphql: `{
				LocationRegion(name__value: "contract-region") {
					edges { node { descendants { count edges { node { display_label } } } children { edges { node { ... on LocationSite { devices { count } } } } } } }
				}
			}`,
		},
		request{name: "the default branch knows none of it", graphql: `{
			DcimDevice(ids: ["{{one}}", "{{two}}"]) { count } BuiltinTag(name__value: "contract") { count } OrganizationProvider(name__value: "contract-one") { count } LocationSite(name__value: "contract-site") { count }
		}`},
		request{name: "another branch knows none of it", branch: "{{merge}}", graphql: `{ DcimDevice(name__value: "contract-1") { count } }`},
	)
}

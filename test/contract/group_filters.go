package contract

// filters are the arguments by which a list of nodes is made shorter.
func filters() []request {
	var requests []request
	add := func(kind string, cases [][2]string) {
		for _, c := range cases {
			arguments := c[1]
			if arguments != "" {
				arguments = "(" + arguments + ")"
			}
			requests = append(requests, request{
				name:    c[0],
				graphql: `{ ` + kind + arguments + ` { count edges { node { display_label } } } }`,
			})
		}
	}
	add("DcimDevice", [][2]string{
		{"all devices", ``},
		{"an exact value", `name__value: "par1-spine000"`},
		{"a value in another case", `name__value: "PAR1-SPINE000"`},
		{"an empty value", `name__value: ""`},
		{"a value that is null", `name__value: null, limit: 1`},
		{"several values", `name__values: ["par1-spine000", "ams1-spine001", "nope"]`},
		{"one value where several may be", `name__values: "par1-spine000"`},
		{"no values", `name__values: []`},
		{"several values that are null", `name__values: null, limit: 1`},
		{"an attribute without a value", `console_password__isnull: true, limit: 1`},
		{"an attribute with a value", `console_password__isnull: false`},
		{"two filters together", `role__value: "spine", status__value: "active"`},
		{"a part of a value", `name__value: "spine", partial_match: true`},
		{"a part of a value in another case", `name__value: "SPINE", partial_match: true`},
		{"a part of a value with a percent sign", `name__value: "%spine%", partial_match: true`},
		{"a part of a value with a pattern", `name__value: ".*spine", partial_match: true`},
		{"a part that is empty", `name__value: "", partial_match: true, limit: 1`},
		{"a part of a number", `rack_position__value: 1, partial_match: true`},
		{"parts of several values", `name__values: ["spine"], partial_match: true`},
		{"a part of a related value", `site__name__value: "AR", partial_match: true, limit: 3`},
		{"a part of a value that is false", `name__value: "spine", partial_match: false`},

		{"any attribute with a value", `any__value: "par1-spine000"`},
		{"any attribute with a number as text", `any__value: "7"`},
		{"any attribute with one of several values", `any__values: ["par1-spine000", "SN000001"]`},
		{"any attribute with a part of a value", `any__value: "SN00003", partial_match: true`},
		{"any attribute does not look into relationships", `any__value: "par1"`},
		{"any protected attribute", `any__is_protected: true`},
		{"any attribute from a source", `any__source__id: "{{admin}}"`},

		{"one id", `ids: ["{{spine}}"]`},
		{"several ids", `ids: ["{{spine}}", "{{second}}"]`},
		{"an id of another kind", `ids: ["{{par1}}"]`},
		{"an id that is none", `ids: ["garbage"]`},
		{"no ids", `ids: []`},
		{"ids that are null", `ids: null, limit: 1`},
		{"a human-friendly id", `hfid: ["par1-spine000"]`},
		{"a human-friendly id as a text", `hfid: "par1-spine000"`},
		{"an unknown human-friendly id", `hfid: ["nope"]`},
		{"a human-friendly id of too many parts", `hfid: ["par1-spine000", "x"]`},
		{"a human-friendly id of no parts", `hfid: []`},
		{"a display label", `display_label__value: "par1-spine000"`},
		{"several display labels", `display_label__values: ["par1-spine000", "ams1-spine001"]`},
		{"a part of a display label", `display_label__value: "spine0", partial_match: true`},
		{"a display label that is missing", `display_label__isnull: true`},

		{"a number", `rack_position__value: 7`},
		{"several numbers", `rack_position__values: [7, 8]`},
		{"a very big number", `rack_position__value: 99999999999999999999`},
		{"a number that is missing", `rack_position__isnull: true`},
		{"the choice of a dropdown", `status__value: "drained"`},
		{"the label of a choice", `status__value: "Drained"`},
		{"several choices", `status__values: ["drained", "maintenance"]`},
		{"what is no choice", `status__value: "nope"`},
		{"a MAC address", `mac_address__value: "00:00:5E:00:00:00"`},
		{"a MAC address in lower case", `mac_address__value: "00:00:5e:00:00:00"`},
		{"a list", `ntp_servers__value: ["192.0.2.1", "192.0.2.2"]`},
		{"a part of a list", `ntp_servers__value: "192.0.2.1", partial_match: true, limit: 2`},
		{"a JSON object", `facts__value: {os: "4.31"}`},
		{"a part of a JSON object", `facts__value: "4.31", partial_match: true, limit: 2`},
		{"a computed attribute", `fqdn__value: "par1-spine000.net.example"`},
		{"a protected attribute", `name__is_protected: true`},
		{"an attribute that is not protected", `name__is_protected: false, limit: 1`},
		{"the source of an attribute", `name__source__id: "{{admin}}"`},
		{"the owner of an attribute", `name__owner__id: "{{admin}}"`},

		{"the id of a related node", `site__ids: ["{{par1}}"], limit: 2`},
		{"the ids of related nodes", `site__ids: ["{{par1}}", "{{ams1}}"], limit: 2`},
		{"no ids of related nodes", `site__ids: []`},
		{"an attribute of a related node", `site__name__value: "par1", limit: 2`},
		{"an attribute of related nodes", `site__name__values: ["par1", "ams1"], limit: 3`},
		{"the display label of a related node", `site__display_label__value: "par1", limit: 2`},
		{"the display labels of related nodes", `site__display_label__values: ["par1"], limit: 2`},
		{"a missing display label of a related node", `site__display_label__isnull: true`},
		{"no related node", `primary_address__isnull: true, limit: 1`},
		{"some related node", `primary_address__isnull: false`},
		{"an attribute of one of many", `tags__name__value: "blue", limit: 3`},
		{"an attribute of some of many", `tags__name__values: ["blue", "green"], limit: 3`},
		{"the id of one of many", `tags__ids: ["{{blue}}"], limit: 3`},
		{"two filters on the same relationship", `site__name__value: "par1", site__city__value: "Paris", limit: 2`},
		{"two filters on the same relationship that exclude each other", `site__name__value: "par1", site__city__value: "Dallas"`},
		{"filters on two relationships", `site__name__value: "par1", tags__name__value: "blue"`},
		{"none of many", `tags__isnull: true`},
		{"some of many", `tags__isnull: false, limit: 1`},
		{"components by an attribute", `interfaces__name__value: "Ethernet1", limit: 1`},
		{"components by a protected attribute", `interfaces__name__is_protected: true`},
		{"a peer's number", `asn__asn__value: 64512, limit: 2`},
		{"a group that nothing is in", `member_of_groups__name__value: "nope"`},
		{"a profile that nothing has", `profiles__profile_name__value: "nope"`},

		{"who made a node", `node_metadata__created_by__id: "{{admin}}", limit: 1`},
		{"who made a node, one of several", `node_metadata__created_by__ids: ["{{admin}}", "{{reader}}"], limit: 1`},
		{"who else made a node", `node_metadata__created_by__id: "{{reader}}"`},
		{"who changed a node last", `node_metadata__updated_by__id: "{{admin}}", limit: 1`},
		{"made after a time", `node_metadata__created_at__after: "2020-01-01T00:00:00Z", limit: 1`},
		{"made before a time", `node_metadata__created_at__before: "2020-01-01T00:00:00Z"`},
		{"changed before a time", `node_metadata__updated_at__before: "2020-01-01T00:00:00Z"`},
		{"changed after a time", `node_metadata__updated_at__after: "2020-01-01T00:00:00Z", limit: 1`},
		{"made at a time", `node_metadata__created_at: "2020-01-01T00:00:00Z"`},
		{"made after a time that is none", `node_metadata__created_at__after: "1h"`},

		{"a limit", `limit: 3`},
		{"a limit and an offset", `limit: 3, offset: 38`},
		{"an offset", `offset: 38`},
		{"an offset past the end", `offset: 100`},
		{"a limit of none", `limit: 0, role__value: "spine"`},
		{"a limit below none", `limit: -1`},
		{"an offset below none", `offset: -1`},
		{"a limit above all", `limit: 100000, role__value: "spine"`},
	})
	add("DcimInterface", [][2]string{
		{"a generic by a human-friendly id", `hfid: ["par1-spine000", "Ethernet1"]`},
		{"a generic by half a human-friendly id", `hfid: ["par1-spine000"]`},
		{"a generic by its parent", `device__name__value: "par1-spine000"`},
		{"a generic by a boolean", `enabled__value: false`},
		{"a generic by a number", `mtu__value: 1500, limit: 2`},
		{"a generic by one of several numbers", `mtu__values: [9000], limit: 2`},
		{"a generic by a missing value", `description__isnull: true, limit: 2`},
		{"a generic by related addresses", `ip_addresses__address__value: "10.1.0.1/32"`},
		{"a generic by any attribute", `any__value: "Loopback0", limit: 2`},
	})
	add("LocationGeneric", [][2]string{
		{"a hierarchy", ``},
		{"a hierarchy by parent", `parent__name__value: "eu-west"`},
		{"a hierarchy by the id of the parent", `parent__ids: ["{{west}}"]`},
		{"a hierarchy by child", `children__name__value: "par1"`},
		{"a hierarchy without parent", `parent__isnull: true`},
	})
	add("LocationSite", [][2]string{
		{"sites by region", `parent__name__value: "us-east"`},
		{"sites by rack", `children__name__value: "par1-r1"`},
		{"sites by several regions", `parent__name__values: ["us-east", "eu-west"]`},
		{"sites by device", `devices__name__value: "par1-spine000"`},
		{"sites by tag", `tags__name__value: "blue"`},
	})
	add("IpamIPPrefix", [][2]string{
		{"all prefixes", ``},
		{"a prefix", `prefix__value: "10.1.0.0/16"`},
		{"a part of a prefix", `prefix__value: "10.", partial_match: true`},
		{"prefixes without a parent", `is_top_level__value: true`},
		{"prefixes in a prefix", `parent__prefix__value: "10.0.0.0/8"`},
		{"prefixes of a version", `prefix__version: 4`},
		{"prefixes in a namespace", `ip_namespace__name__value: "default"`},
		{"prefixes that hold an address", `ip_addresses__address__value: "10.1.0.1/32"`},
	})
	add("IpamIPAddress", [][2]string{
		{"an address", `address__value: "10.1.0.1/32"`},
		{"an address without its mask", `address__value: "10.1.0.1"`},
		{"addresses in a prefix", `ip_prefix__prefix__value: "10.1.0.0/16", limit: 2`},
		{"addresses of a port", `interface__ids: ["{{port}}"]`},
		{"addresses of no port", `interface__isnull: true`},
	})
	add("ServiceCircuit", [][2]string{
		{"a boolean that is true", `redundant__value: true`},
		{"a bandwidth", `bandwidth__value: 10000, limit: 1`},
		{"circuits by one of two sites", `sites__name__value: "par1"`},
	})
	add("RoutingBGPSession", [][2]string{
		{"an enum", `type__value: "EXTERNAL"`},
		{"a relationship in one direction", `local_device__name__value: "par1-spine000"`},
		{"the same in the other", `remote_device__name__value: "ams1-spine001"`},
	})
	add("CoreNode", [][2]string{
		{"any kind by id", `ids: ["{{spine}}", "{{par1}}", "{{blue}}"]`},
		{"any kind by any value", `any__value: "par1-spine000"`},
		{"any kind by a part of any value", `any__value: "par1-vlan", partial_match: true`},
		{"any kind by an id that is none", `ids: ["garbage"]`},
		{"any kind by display label", `display_label__value: "par1"`},
		{"any kind by human-friendly id", `hfid: ["par1"]`},
		{"any kind by an attribute", `name__value: "par1"`},
	})
	byVariable := func(name, declared, argument string, value any) request {
		return request{
			name:      name,
			graphql:   `query ($v: ` + declared + `) { DcimDevice(` + argument + `: $v, limit: 2) { count edges { node { display_label } } } }`,
			variables: vars{"v": value},
		}
	}
	return append(requests,
		byVariable("a value by variable", "String", "name__value", "par1-spine000"),
		byVariable("null by variable", "String", "name__value", nil),
		byVariable("several values by variable", "[String]", "name__values", []string{"par1-spine000", "ams1-spine001"}),
		byVariable("one value for a list by variable", "[String]", "name__values", "par1-spine000"),
		byVariable("ids by variable", "[ID]", "ids", []string{"{{spine}}"}),
		byVariable("a number by variable", "BigInt", "rack_position__value", 7),
		byVariable("a list by variable", "GenericScalar", "ntp_servers__value", []string{"192.0.2.1", "192.0.2.2"}),
		byVariable("an offset that is null by variable", "Int", "offset", nil),
	)
}

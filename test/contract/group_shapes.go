package contract

// shapes are the forms in which nodes, attributes and relationships come.
func shapes() []request {
	const spine = `DcimDevice(name__value: "par1-spine000")`
	return []request{
		{name: "a text with all its properties", graphql: `{ ` + spine + ` { edges { node { name {
			__typename id value is_default is_from_profile is_protected updated_at
			updated_by { id display_label __typename } source { id } owner { id } permissions { update_value }
		} } } } }`},
		{name: "the attributes of a device", graphql: `{ ` + spine + ` { edges { node {
			name { value is_default } description { value is_default } serial { value } rack_position { value is_default __typename }
			console_password { value is_default __typename } fqdn { value is_default } facts { value __typename } ntp_servers { value __typename }
		} } } }`},
		{name: "a dropdown", graphql: `{ ` + spine + ` { edges { node {
			status { __typename value label color description is_default } role { value label color description is_default }
		} } } }`},
		{name: "a MAC address", graphql: `{ ` + spine + ` { edges { node { mac_address {
			__typename value oui ei version binary bare dot_notation semicolon_notation split_notation
		} } } } }`},
		{name: "an address", graphql: `{ IpamIPAddress(address__value: "10.1.0.1/32") { edges { node {
			id hfid display_label
			address { __typename value ip hostmask netmask prefixlen version with_hostmask with_netmask }
			fqdn { value } description { value }
			ip_prefix { node { id display_label } } ip_namespace { node { display_label } } interface { node { id display_label __typename } }
		} } } }`},
		{name: "a prefix", graphql: `{ IpamIPPrefix(prefix__value: "10.1.0.0/16") { edges { node {
			id hfid display_label
			prefix { __typename value broadcast_address hostmask netmask num_addresses prefixlen version with_hostmask with_netmask }
			member_type { value } is_pool { value } is_top_level { value } utilization { value } netmask { value } hostmask { value } network_address { value } broadcast_address { value }
			parent { node { display_label } } ip_namespace { node { display_label } } vlan { node { id } } ip_addresses(limit: 2) { count edges { node { display_label } } }
		} } } }`},
		{name: "the tree of prefixes", graphql: `{ IpamIPPrefix(order: {by: [{field: "prefix__value"}]}) { edges { node {
			display_label parent { node { display_label } } children { count edges { node { display_label } } }
			ancestors { count edges { node { display_label } } } descendants { count edges { node { display_label } } } ip_addresses { count }
		} } } }`},
		{name: "booleans and numbers", graphql: `{ ServiceCircuit(limit: 2) { edges { node {
			circuit_id { value } bandwidth { value __typename } redundant { value __typename is_default } status { value label }
		} } } }`},
		{name: "an enum and its default", graphql: `{ DcimPlatform { edges { node { driver { value is_default __typename } } } } }`},
		{
			name: "a colour and a URL",
			graphql: `{
				DcimCable(limit: 1) { edges { node { color { value __typename } } } }
				OrganizationManufacturer(limit: 1) { edges { node { website { value __typename } } } }
			}`,
		},
		{name: "a date that has no value", graphql: `{ LocationSite(name__value: "par1") { edges { node { opened_at { value is_default __typename } contact { value __typename } } } } }`},

		{name: "a related node", graphql: `{ ` + spine + ` { edges { node { site {
			node { id hfid display_label __typename name { value } }
			properties { is_protected updated_at source { id } owner { id } }
		} } } } }`},
		{name: "a related node with metadata", graphql: `{ ` + spine + ` { edges { node { site {
			__typename node { id display_label } node_metadata { created_at updated_at created_by { id } }
			relationship_metadata { created_at updated_at created_by { id display_label } updated_by { id } }
		} } } } }`},
		{name: "no related node", graphql: `{ ` + spine + ` { edges { node { primary_address { node { id } properties { updated_at } } } } } }`},
		{name: "many related nodes", graphql: `{ ` + spine + ` { edges { node { tags {
			__typename count edges { __typename node { id display_label __typename } properties { is_protected } }
		} } } } }`},
		{name: "many related nodes with metadata", graphql: `{ ` + spine + ` { edges { node { tags { edges {
			node { display_label } node_metadata { created_at created_by { id } } relationship_metadata { updated_at updated_by { id } }
		} } } } } }`},
		{name: "the count of related nodes alone", graphql: `{ ` + spine + ` { edges { node { interfaces { count } tags { count } member_of_groups { count } profiles { count } } } } }`},
		{name: "components with their human-friendly ids", graphql: `{ ` + spine + ` { edges { node { interfaces(limit: 2) { edges { node { hfid display_label __typename } } } } } } }`},
		{name: "components with what their human-friendly ids are made of", graphql: `{ ` + spine + ` { edges { node { interfaces(limit: 2) { edges { node { hfid name { value } } } } } } } }`},
		{
			name: "a component's human-friendly id",
			graphql: `{
				DcimPhysicalInterface(device__name__value: "par1-spine000", limit: 2) { edges { node { hfid display_label device { node { hfid } } } } }
			}`,
		},
		{name: "fragments on components", graphql: `{ ` + spine + ` { edges { node { interfaces { edges { node {
			__typename display_label mtu { value } enabled { value }
			... on DcimPhysicalInterface { speed { value } cable { node { display_label } } }
			... on DcimVirtualInterface { vlans { edges { node { display_label } } } }
		} } } } } } }`},
		{name: "a limit of related nodes", graphql: `{ ` + spine + ` { edges { node { interfaces(limit: 2) { count edges { node { display_label } } } } } } }`},
		{name: "an offset of related nodes", graphql: `{ ` + spine + ` { edges { node { interfaces(limit: 2, offset: 3) { count edges { node { display_label } } } } } } }`},
		{name: "a filter of related nodes", graphql: `{ ` + spine + ` { edges { node { interfaces(name__value: "Ethernet2") { count edges { node { display_label } } } } } } }`},
		{name: "several values of related nodes", graphql: `{ ` + spine + ` { edges { node { interfaces(name__values: ["Ethernet2", "Ethernet3"]) { count edges { node { display_label } } } } } } }`},
		{name: "ids of related nodes", graphql: `{ ` + spine + ` { edges { node { interfaces(ids: ["{{port}}"]) { count edges { node { id } } } } } } }`},
		{name: "a display label of related nodes", graphql: `{ ` + spine + ` { edges { node { tags(display_label__value: "blue") { count edges { node { display_label } } } } } } }`},
		{name: "a filter of related nodes that none passes", graphql: `{ ` + spine + ` { edges { node { tags(name__value: "nope") { count edges { node { display_label } } } } } } }`},
		{name: "a partial match of related nodes", graphql: `{ ` + spine + ` { edges { node { interfaces(name__value: "Eth", partial_match: true) { count } } } } }`},
		{
			name:    "a related node of a related node",
			graphql: `{ ` + spine + ` { edges { node { site { node { parent { node { display_label __typename } } devices(limit: 2) { count edges { node { display_label site { node { display_label } } } } } } } } } } }`,
		},
		{name: "permissions", graphql: `{ DcimDevice(limit: 1) { permissions { __typename count edges { node { kind view create update delete } } } } }`},
		{name: "permissions of related nodes", graphql: `{ ` + spine + ` { edges { node { tags { permissions { edges { node { kind } } } } } } } }`},
		{name: "groups of a node", graphql: `{ ` + spine + ` { edges { node { member_of_groups { count edges { node { display_label } } } subscriber_of_groups { count } } } } }`},

		{name: "metadata of a node", graphql: `{ ` + spine + ` { edges { __typename node { id } node_metadata {
			__typename created_at updated_at created_by { id hfid display_label __typename } updated_by { id }
		} } } }`},
		{name: "metadata inside of a node", graphql: `{ ` + spine + ` { edges { node { id node_metadata { created_at } } } } }`},
		{name: "an old name of the time of change", graphql: `{ ` + spine + ` { edges { node { _updated_at } } } }`},

		{name: "a generic with all its kinds", graphql: `{ LocationGeneric(parent__name__value: "eu-west") { count edges { node {
			id hfid display_label __typename name { value } tags { count } parent { node { __typename display_label } } children { count }
			... on LocationSite { city { value } contact { value } }
		} } } }`},
		{name: "a hierarchy from the middle", graphql: `{ LocationSite(name__value: "par1") { edges { node {
			parent { node { id display_label __typename } properties { updated_at } }
			children { count edges { node { display_label __typename } } }
			ancestors { count edges { node { display_label __typename } } }
			descendants { count edges { node { display_label __typename } } }
		} } } }`},
		{name: "a hierarchy from the top", graphql: `{ LocationRegion(name__value: "eu-west") { edges { node {
			parent { node { display_label } } ancestors { count }
			children { count edges { node { display_label ... on LocationSite { children { edges { node { display_label } } } } } } }
			descendants { count edges { node { display_label } } }
		} } } }`},
		{name: "a hierarchy from the bottom", graphql: `{ LocationRack(name__value: "par1-r1") { edges { node {
			parent { node { display_label ... on LocationSite { parent { node { display_label } } } } }
			ancestors { count edges { node { display_label } } } children { count } descendants { count }
		} } } }`},
		{name: "filtered descendants", graphql: `{ LocationRegion(name__value: "eu-west") { edges { node { descendants(name__value: "par1") { count edges { node { display_label } } } } } } }`},
		{name: "what is related to a place or to those below", graphql: `{ LocationRegion(name__value: "eu-west") { edges { node {
			tags { count } all: tags(include_descendants: true) { count edges { node { display_label } } }
		} } } LocationSite(name__value: "par1") { edges { node { devices { count } all: devices(include_descendants: true) { count } } } } }`},
		{name: "addresses in a prefix or in those below", graphql: `{ IpamIPPrefix(prefix__value: "10.0.0.0/8") { edges { node {
			ip_addresses { count } all: ip_addresses(include_descendants: true, limit: 2) { count edges { node { display_label } } }
		} } } }`},
		{name: "descendants by order and page", graphql: `{ LocationRegion(name__value: "eu-west") { edges { node {
			descendants(order: {by: [{field: "name__value", direction: DESC}]}, limit: 2, offset: 1) { count edges { node { display_label __typename } } }
		} } } }`},
		{name: "ancestors with metadata", graphql: `{ LocationRack(name__value: "par1-r1") { edges { node { ancestors { edges {
			node { display_label } node_metadata { created_at created_by { display_label } } properties { is_protected }
		} } } } } }`},
		{name: "children with metadata of the relationship", graphql: `{ LocationRegion(name__value: "us-east") { edges { node { children { edges {
			node { display_label name { value updated_by { display_label } } } relationship_metadata { created_by { display_label } updated_at } properties { is_protected source { id } }
		} } } } } }`},
		{
			name: "what is related to a place below",
			graphql: `{
				LocationRegion(name__value: "eu-west") {
					edges { node { tags { count } ... on LocationRegion { children { edges { node { ... on LocationSite { devices { count } } } } } } } }
				}
			}`,
		},
		{
			name: "any kind",
			graphql: `{
				CoreNode(ids: ["{{par1}}", "{{blue}}"]) {
					count edges { node { __typename id hfid display_label ... on LocationSite { city { value } } ... on BuiltinTag { name { value } } } }
				}
			}`,
		},
		{
			name: "a relationship in both directions",
			graphql: `{
				OrganizationManufacturer(name__value: "Arista") {
					edges { node { device_types { edges { node { display_label manufacturer { node { display_label } } } } } } }
				}
			}`,
		},

		{
			name:    "aliases",
			graphql: `{ one: ` + spine + ` { edges { node { title: name { value } place: site { node { title: display_label } } } } } two: DcimDevice(role__value: "edge") { total: count } }`,
		},
		{
			name:    "a fragment",
			graphql: `query { ` + spine + ` { edges { node { ...Short } } } } fragment Short on DcimDevice { display_label site { node { ...Place } } } fragment Place on LocationSite { display_label city { value } }`,
		},
		{name: "fragments that overlap", graphql: `{ ` + spine + ` { edges { node { name { value } ... on DcimDevice { name { is_default } } ... on CoreNode { id display_label } } } } }`},
		{
			name: "directives", variables: vars{"yes": true, "no": false},
			graphql: `query ($yes: Boolean!, $no: Boolean!) { ` + spine + ` {
				count @include(if: $no)
				edges { node { display_label @include(if: $yes) id @skip(if: $yes) name @skip(if: $no) { value } ... on DcimDevice @include(if: $no) { hfid } } }
			} }`,
		},
		{name: "a fragment without a type", graphql: `{ DcimDevice(limit: 2) { edges { node { ... { display_label } } } } }`},
		{name: "an unknown directive", graphql: `{ DcimDevice { count @nope } }`},
		{name: "a default of a variable", graphql: `query ($name: String = "par1-spine000") { DcimDevice(name__value: $name) { count } }`},
		{name: "a variable that is not given", graphql: `query ($name: String) { DcimDevice(name__value: $name) { count } }`},
		{name: "a variable that is given and not declared", graphql: `{ DcimDevice(limit: 1) { count } }`, variables: vars{"nope": 1}},
		{name: "the same field twice", graphql: `{ DcimDevice(limit: 1) { count count edges { node { display_label } } edges { node { name { value } } } } }`},
		{name: "type names alone", graphql: `{ __typename DcimDevice(limit: 1) { __typename edges { __typename node { __typename } } } }`},
		{name: "the order of the fields asked for", graphql: `{ DcimDevice(limit: 1) { edges { node { site { node { display_label } } name { is_default value } id display_label } } count } }`},
		{
			name: "nothing but a count of several kinds",
			graphql: `{
				DcimDevice { count }
				DcimInterface { count }
				DcimCable { count }
				IpamIPAddress { count }
				LocationGeneric { count }
				RoutingBGPSession { count }
			}`,
		},
	}
}

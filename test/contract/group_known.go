package contract

// known finds the nodes of the demo data that later requests speak of, and
// gives their ids names.
func known() []request {
	return []request{
		{
			name: "devices by name",
			graphql: `{
				spine: DcimDevice(name__value: "par1-spine000") { count edges { node { id hfid display_label __typename } } }
				second: DcimDevice(name__value: "ams1-spine001") { edges { node { id display_label } } }
				leaf: DcimDevice(name__value: "par1-leaf004") { edges { node { id display_label } } }
			}`,
			capture: map[string]string{
				"spine":  "data.spine.edges.0.node.id",
				"second": "data.second.edges.0.node.id",
				"leaf":   "data.leaf.edges.0.node.id",
			},
		},
		{
			name: "places by name",
			graphql: `{
				west: LocationRegion(name__value: "eu-west") { edges { node { id } } }
				par1: LocationSite(name__value: "par1") { edges { node { id } } }
				ams1: LocationSite(name__value: "ams1") { edges { node { id } } }
				rack: LocationRack(name__value: "par1-r1") { edges { node { id } } }
			}`,
			capture: map[string]string{
				"west": "data.west.edges.0.node.id",
				"par1": "data.par1.edges.0.node.id",
				"ams1": "data.ams1.edges.0.node.id",
				"rack": "data.rack.edges.0.node.id",
			},
		},
		{
			name: "what devices refer to",
			graphql: `{
				blue: BuiltinTag(name__value: "blue") { edges { node { id } } }
				green: BuiltinTag(name__value: "green") { edges { node { id } } }
				red: BuiltinTag(name__value: "red") { edges { node { id } } }
				type: DcimDeviceType(name__value: "7280R3") { edges { node { id } } }
				platform: DcimPlatform(name__value: "EOS") { edges { node { id } } }
				asn: RoutingAutonomousSystem(asn__value: 64512) { edges { node { id } } }
				port: DcimPhysicalInterface(device__name__value: "par1-spine000", name__value: "Ethernet1") { edges { node { id } } }
				vlan: IpamVLAN(name__value: "par1-vlan100") { edges { node { id } } }
				colt: OrganizationProvider(name__value: "Colt") { edges { node { id } } }
			}`,
			capture: map[string]string{
				"blue":     "data.blue.edges.0.node.id",
				"green":    "data.green.edges.0.node.id",
				"red":      "data.red.edges.0.node.id",
				"type":     "data.type.edges.0.node.id",
				"platform": "data.platform.edges.0.node.id",
				"asn":      "data.asn.edges.0.node.id",
				"port":     "data.port.edges.0.node.id",
				"vlan":     "data.vlan.edges.0.node.id",
				"colt":     "data.colt.edges.0.node.id",
			},
		},
		{
			name: "addresses",
			graphql: `{
				ten: IpamIPPrefix(prefix__value: "10.0.0.0/8") { edges { node { id } } }
				inner: IpamIPPrefix(prefix__value: "10.1.0.0/16") { edges { node { id } } }
				free: IpamIPPrefix(prefix__value: "192.0.2.0/24") { edges { node { id } } }
				address: IpamIPAddress(address__value: "10.1.0.1/32") { edges { node { id } } }
				space: IpamNamespace(default__value: true) { edges { node { id display_label } } }
			}`,
			capture: map[string]string{
				"ten":     "data.ten.edges.0.node.id",
				"inner":   "data.inner.edges.0.node.id",
				"free":    "data.free.edges.0.node.id",
				"address": "data.address.edges.0.node.id",
				"space":   "data.space.edges.0.node.id",
			},
		},
		{
			name: "accounts",
			graphql: `{
				admin: CoreAccount(name__value: "admin") { edges { node { id display_label } } }
				reader: CoreAccount(name__value: "reader") { edges { node { id display_label } } }
				engineer: CoreAccount(name__value: "engineer") { edges { node { id display_label } } }
			}`,
			capture: map[string]string{
				"admin":    "data.admin.edges.0.node.id",
				"reader":   "data.reader.edges.0.node.id",
				"engineer": "data.engineer.edges.0.node.id",
			},
		},
		{
			name:    "the default branch",
			graphql: `{ Branch(name: "main") { id name is_default created_at branched_from } }`,
			capture: map[string]string{"main": "data.Branch.0.id"},
		},
	}
}

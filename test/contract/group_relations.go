package contract

// relations adds nodes to relationships and removes them.
func relations() []request {
	var requests []request
	add := func(name, mutation, data string) {
		requests = append(requests, request{name: name, branch: "{{work}}", graphql: `mutation { Relationship` + mutation + `(data: {` + data + `}) { ok } }`})
	}
	tags := func(name string) {
		requests = append(requests, request{name: name, branch: "{{work}}", graphql: `{ DcimDevice(ids: ["{{one}}"]) { edges { node { tags { count edges { node { display_label } } } } } } }`})
	}
	add("two are added", "Add", `id: "{{one}}", name: "tags", nodes: [{id: "{{blue}}"}, {hfid: ["red"], kind: "BuiltinTag"}]`)
	tags("two are there")
	add("one is added again", "Add", `id: "{{one}}", name: "tags", nodes: [{id: "{{blue}}"}]`)
	tags("two are still there")
	add("one is removed", "Remove", `id: "{{one}}", name: "tags", nodes: [{id: "{{blue}}"}]`)
	add("one is removed again", "Remove", `id: "{{one}}", name: "tags", nodes: [{id: "{{blue}}"}]`)
	tags("one is there")
	add("none is added", "Add", `id: "{{one}}", name: "tags", nodes: []`)
	add("to a relationship that is unknown", "Add", `id: "{{one}}", name: "nope", nodes: [{id: "{{blue}}"}]`)
	add("to an attribute", "Add", `id: "{{one}}", name: "description", nodes: [{id: "{{blue}}"}]`)
	add("one of another kind", "Add", `id: "{{one}}", name: "tags", nodes: [{id: "{{spine}}"}]`)
	add("one that is unknown", "Add", `id: "{{one}}", name: "tags", nodes: [{id: "nope"}]`)
	add("one by an unknown human-friendly id", "Add", `id: "{{one}}", name: "tags", nodes: [{hfid: ["nope"]}]`)
	add("to a node that is unknown", "Add", `id: "nope", name: "tags", nodes: [{id: "{{blue}}"}]`)
	add("to nothing", "Add", `name: "tags", nodes: [{id: "{{blue}}"}]`)
	add("to a relationship of one", "Add", `id: "{{one}}", name: "rack", nodes: [{id: "{{rack}}"}]`)
	add("from a mandatory relationship of one", "Remove", `id: "{{one}}", name: "site", nodes: [{id: "{{site}}"}]`)
	add("more than there may be", "Add", `id: "{{cable}}", name: "endpoints", nodes: [{id: "{{port}}"}]`)
	add("members of a group", "Add", `id: "{{group}}", name: "members", nodes: [{id: "{{two}}"}]`)
	add("a group of a member", "Add", `id: "{{three}}", name: "member_of_groups", nodes: [{id: "{{group}}"}]`)
	add("a member by human-friendly id and kind", "Add", `id: "{{group}}", name: "members", nodes: [{hfid: ["contract-5"], kind: "DcimDevice"}]`)
	add("a member by human-friendly id without its kind", "Add", `id: "{{group}}", name: "members", nodes: [{hfid: ["contract-5"]}]`)
	address := func(name, peer string) {
		requests = append(requests, request{name: name, branch: "{{work}}", graphql: `mutation {
			IpamIPAddressUpdate(data: {id: "{{address-bare}}", interface: {` + peer + `}}) { ok object { interface { node { display_label } } } }
		}`})
	}
	address("a peer of a generic kind by human-friendly id and kind", `hfid: ["contract-1", "Ethernet1"], kind: "DcimPhysicalInterface"`)
	address("a peer of a generic kind by human-friendly id", `hfid: ["contract-1", "Ethernet1"]`)
	address("a peer of a generic kind by human-friendly id and another kind", `hfid: ["contract-1", "Ethernet1"], kind: "DcimVirtualInterface"`)
	address("a peer by human-friendly id and an unknown kind", `hfid: ["contract-1", "Ethernet1"], kind: "Nope"`)
	return append(requests,
		request{
			name: "members from both sides", branch: "{{work}}",
			graphql:   `{ CoreStandardGroup(name__value: "contract-group") { edges { node { members { count edges { node { display_label __typename } } } } } } }`,
			unordered: []string{"data.CoreStandardGroup.edges.*.node.members.edges"},
		},
		request{
			name: "relationships of a relationship by its own id", branch: "{{work}}",
			graphql: `{ DcimDevice(ids: ["{{one}}"]) { edges { node { site { node { display_label } } rack { node { display_label } } } } } }`,
		},
	)
}

package program_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// masked stands in an answer for a secret value.
const masked = "********"

// secret is a value of console_password of the device par1-spine000 on the
// branch of the tests.
type secret struct{ branch, device, value string }

// planted writes the secret.
func planted(t *testing.T) secret {
	t.Helper()
	s := secret{branch: dataBranch(t), device: device(t, "par1-spine000"), value: unique("xyzzy")}
	shared.infrahub.must(t, s.branch, `mutation($id: String!, $value: String!) { DcimDeviceUpdate(data: {id: $id, console_password: {value: $value}}) { ok } }`,
		map[string]any{"id": s.device, "value": s.value}, nil)
	return s
}

// direct is what Infrahub itself answers to a document.
func direct(t *testing.T, branch, document string) string {
	t.Helper()
	var data json.RawMessage
	shared.infrahub.must(t, branch, document, nil, &data)
	return string(data)
}

func TestTypedToolsMaskSecrets(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		planted := planted(t)
		for _, test := range []struct {
			name      string
			arguments object
		}{
			{"every attribute of a device", object{"kind": "DcimDevice", "include_attributes": true, "filters": object{"ids": planted.device}}},
			{"the attribute itself", object{"kind": "DcimDevice", "fields": []string{"console_password"}, "filters": object{"ids": planted.device}}},
			{"the attribute of a related node", object{"kind": "DcimPhysicalInterface", "fields": []string{"name", "device.console_password"}, "filters": object{"device__ids": planted.device}}},
			{"the attribute of many related nodes", object{"kind": "LocationSite", "fields": []string{"devices.console_password"}, "filters": object{"name__value": "par1"}}},
		} {
			t.Run(test.name, func(t *testing.T) {
				test.arguments["branch"] = planted.branch
				result := s.must(t, "get_nodes", test.arguments)
				if answer := string(result.Structured) + result.Text; strings.Contains(answer, planted.value) || !strings.Contains(answer, masked) {
					t.Errorf("the secret is not masked: %s", answer)
				}
			})
		}
		for kind, arguments := range map[string]object{
			"an account":         {"kind": "CoreAccount", "include_attributes": true},
			"a generic account":  {"kind": "CoreGenericAccount", "fields": "name,password"},
			"accounts by fields": {"kind": "CoreAccount", "fields": "password"},
		} {
			result := s.must(t, "get_nodes", arguments)
			if answer := string(result.Structured) + result.Text; strings.Contains(answer, "$2b$") || !strings.Contains(answer, masked) {
				t.Errorf("the hash of the password of %s is not masked: %s", kind, answer)
			}
		}
	})
}

func TestQueriesCannotReadSecrets(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		planted := planted(t)
		for _, test := range []struct {
			name, document string
		}{
			{"a plain field", `{ DcimDevice(ids: ["ID"]) { edges { node { console_password { value } } } } }`},
			{"an alias of the attribute", `{ DcimDevice(ids: ["ID"]) { edges { node { name: console_password { value } } } } }`},
			{"an alias of the value", `{ DcimDevice(ids: ["ID"]) { edges { node { console_password { label: value id: value } } } } }`},
			{"aliases of everything", `{ BuiltinTag: DcimDevice(ids: ["ID"]) { node: edges { edges: node { serial: console_password { updated_at: value } } } } }`},
			{"a fragment on the kind", `query { DcimDevice(ids: ["ID"]) { edges { node { ...f } } } } fragment f on DcimDevice { console_password { value } }`},
			{"fragments in fragments", `query { DcimDevice(ids: ["ID"]) { ...p } } fragment p on PaginatedDcimDevice { edges { ...e } } fragment e on EdgedDcimDevice { node { ...n } } fragment n on DcimDevice { ...m } fragment m on DcimDevice { console_password { ...v } } fragment v on TextAttribute { value }`},
			{"an inline fragment without a type", `{ DcimDevice(ids: ["ID"]) { ... { edges { node { console_password { value } } } } } }`},
			{"a node of any kind", `{ CoreNode(ids: ["ID"]) { edges { node { ... on DcimDevice { console_password { value } } } } } }`},
			{"a node at the end of a relationship to one", `{ DcimPhysicalInterface(device__ids: ["ID"]) { edges { node { device { node { console_password { value } } } } } } }`},
			{"a node at the end of a relationship to many", `{ LocationSite(name__value: "par1") { edges { node { devices { edges { node { console_password { value } } } } } } } }`},
			{"a node of a generic relationship", `{ DcimInterface(device__ids: ["ID"]) { edges { node { ... on DcimPhysicalInterface { device { node { p: console_password { v: value } } } } } } } }`},
			{"a node down the hierarchy", `{ LocationRegion { edges { node { children { edges { node { ... on LocationSite { devices { edges { node { console_password { value } } } } } } } } } } } }`},
			{"a node further down the hierarchy", `{ LocationRegion { edges { node { descendants { edges { node { ... on LocationSite { devices { edges { node { console_password { value } } } } } } } } } } } }`},
			{"a node and back again", `{ DcimDevice(ids: ["ID"]) { edges { node { site { node { devices(ids: ["ID"]) { edges { node { console_password { value } } } } } } } } } }`},
			{"directives", `query { DcimDevice(ids: ["ID"]) { edges { node { console_password @include(if: true) { value @skip(if: false) } } } } }`},
			{"beside a value that is not secret", `{ DcimDevice(ids: ["ID"]) { edges { node { name { value } console_password { value is_default } serial { value } } } } }`},
			{"one name for secret and other values", `{ DcimDevice(ids: ["ID"]) { edges { node { x: console_password { value } } } } other: DcimDevice(ids: ["ID"]) { edges { node { x: name { value } } } } }`},
		} {
			t.Run(test.name, func(t *testing.T) {
				document := strings.ReplaceAll(test.document, "ID", planted.device)
				if answer := direct(t, planted.branch, document); !strings.Contains(answer, planted.value) {
					t.Fatalf("Infrahub does not answer the secret, so that this proves nothing: %s", answer)
				}
				result := s.query(t, planted.branch, document)
				if answer := string(result.Structured) + result.Text; strings.Contains(answer, planted.value) || !strings.Contains(answer, masked) {
					t.Errorf("the secret is not masked: %s", answer)
				}
			})
		}
		for _, test := range []struct {
			name, document string
		}{
			{"accounts", `{ CoreAccount { edges { node { name { value } password { value } } } } }`},
			{"accounts by their generic", `{ CoreGenericAccount { edges { node { password { value } } } } }`},
			{"accounts by an alias", `{ a: CoreAccount { edges { node { hint: password { text: value } } } } }`},
			{"who asks", `{ AccountProfile { ... on CoreAccount { password { value } } } }`},
			{"who asks, as an account of any sort", `{ AccountProfile { password { value } } }`},
			{"who created a node", `{ DcimDevice(limit: 2) { edges { node_metadata { created_by { ... on CoreAccount { password { value } } } } } } }`},
			{"who created a node, by the generic", `{ DcimDevice(limit: 2) { edges { node_metadata { created_by { password { value } } } } } }`},
			{"who changed an attribute", `{ DcimDevice(limit: 2) { edges { node { name { updated_by { ... on CoreAccount { secret: password { value } } } } } } } }`},
			{"members of a group", `{ CoreAccountGroup { edges { node { members { edges { node { ... on CoreAccount { password { value } } } } } } } } }`},
		} {
			t.Run(test.name, func(t *testing.T) {
				if answer := direct(t, "", test.document); !strings.Contains(answer, "$2b$") {
					t.Skipf("Infrahub does not answer a hash here: %.300s", answer)
				}
				result := s.query(t, "", test.document)
				if answer := string(result.Structured) + result.Text; strings.Contains(answer, "$2b$") || !strings.Contains(answer, masked) {
					t.Errorf("the hash is not masked: %.1000s", answer)
				}
			})
		}
	})
}

func TestHistoryHoldsNoSecrets(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		planted := planted(t)
		if err := shared.infrahub.compare(t.Context(), planted.branch); err != nil {
			t.Fatal(err)
		}
		t.Run("the difference of branches", func(t *testing.T) {
			for name, fields := range map[string]string{
				"with names":                "attributes { name properties { property_type previous_value new_value } }",
				"without names":             "attributes { properties { previous_value new_value } }",
				"with a false name":         "attributes { name: path_identifier properties { previous_value new_value } }",
				"with aliases":              "a: attributes { n: name p: properties { before: previous_value after: new_value } }",
				"with fragments":            "...n } } } fragment n on DiffNode { attributes { ...a } } fragment a on DiffAttribute { name properties { ...p } } fragment p on DiffProperty { new_value previous_value",
				"with labels and conflicts": "contains_conflict conflict { base_branch_value diff_branch_value } attributes { name conflict { base_branch_value diff_branch_value } properties { new_label previous_label new_value conflict { diff_branch_value } } }",
			} {
				document := fmt.Sprintf(`{ DiffTree(branch: %q) { nodes { kind %s } } }`, planted.branch, fields)
				if strings.Contains(fields, "fragment") {
					document = fmt.Sprintf(`{ DiffTree(branch: %q) { nodes { kind %s }`, planted.branch, fields)
				}
				if answer := direct(t, "", document); !strings.Contains(answer, planted.value) {
					t.Fatalf("%s: Infrahub does not answer the secret, so that this proves nothing: %s", name, answer)
				}
				result := s.query(t, "", document)
				if answer := string(result.Structured) + result.Text; strings.Contains(answer, planted.value) || !strings.Contains(answer, masked) {
					t.Errorf("%s: the secret is not masked: %s", name, answer)
				}
			}
		})
		t.Run("events and tasks", func(t *testing.T) {
			// Infrahub 1.11 masks values of Password in events by itself.
			for _, document := range []string{
				`{ InfrahubEvent(limit: 50) { edges { node { event ... on NodeMutatedEvent { payload attributes { name kind value value_previous } } } } } }`,
				`{ InfrahubEvent(limit: 50) { edges { node { ... on NodeMutatedEvent { p: payload a: attributes { v: value w: value_previous } } } } } }`,
				`{ InfrahubTask(limit: 10, log_limit: 20) { edges { node { title parameters logs { edges { node { message } } } } } } }`,
			} {
				if result := s.query(t, planted.branch, document); strings.Contains(result.Text, planted.value) {
					t.Errorf("%s answers the secret", document)
				}
			}
		})
		t.Run("values that are not secret stay as they are", func(t *testing.T) {
			result := s.query(t, "", `{ InfrahubEvent(limit: 50) { edges { node { ... on NodeMutatedEvent { attributes { name kind value } } } } } }`)
			if !strings.Contains(result.Text, `"kind":"Text"`) {
				t.Skip("there is no event of a text attribute among the last")
			}
			type record struct{ Name, Kind, Value string }
			answer := decode[struct {
				InfrahubEvent struct {
					Edges []struct{ Node struct{ Attributes []record } }
				}
			}](t, result.Structured)
			for _, edge := range answer.InfrahubEvent.Edges {
				for _, a := range edge.Node.Attributes {
					if a.Value == masked && a.Kind != "Password" && a.Kind != "HashedPassword" {
						t.Errorf("%+v is masked", a)
					}
				}
			}
		})
	}, "INFRAHUB_MCP_MAX_RESPONSE_BYTES=20000000") // parameters of tasks may be large
}

// Whoever may ask whether a certain attribute contains a text finds a secret
// letter by letter, so filters and orders on secrets are refused.
func TestFiltersDoNotTellWhatASecretHolds(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		planted := planted(t)
		for _, test := range []struct {
			name, tool string
			arguments  object
		}{
			{"get_nodes by the attribute", "get_nodes", object{"kind": "DcimDevice", "filters": object{"console_password__values": []string{planted.value}}}},
			{"get_nodes by the attribute of a related node", "get_nodes", object{"kind": "DcimPhysicalInterface", "fields": "device", "filters": object{"device__console_password__value": planted.value}}},
			{"get_nodes in the order of the attribute", "get_nodes", object{"kind": "DcimDevice", "order": "console_password"}},
			{"query_graphql by the attribute", "query_graphql", object{"query": `query($v: String) { DcimDevice(console_password__value: $v) { edges { node { id } } } }`, "variables": object{"v": planted.value}}},
			{"query_graphql by the attribute of a related node", "query_graphql", object{"query": `query($v: [String]) { DcimInterface(device__console_password__values: $v) { edges { node { device { node { id } } } } } }`, "variables": object{"v": planted.value}}},
			{"query_graphql within a relationship", "query_graphql", object{"query": `query($v: String) { LocationSite { edges { node { devices(console_password__value: $v) { edges { node { id } } } } } } }`, "variables": object{"v": planted.value}}},
		} {
			t.Run(test.name, func(t *testing.T) {
				test.arguments["branch"] = planted.branch
				if refusal := s.refused(t, test.tool, test.arguments); !strings.Contains(refusal, "secret") {
					t.Errorf("%s %s is refused for another reason: %s", test.tool, show(test.arguments), refusal)
				}
			})
		}
	})
}

// A search in all attributes is Infrahub's own and looks into secrets too: it
// may find the node, but it never shows the value.
func TestSearchesDoNotShowASecret(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		planted := planted(t)
		part := planted.value[2 : len(planted.value)-2]
		for tool, arguments := range map[string]object{
			"search_nodes":  {"query": part, "kind": "DcimDevice"},
			"get_nodes":     {"kind": "DcimDevice", "filters": object{"any__value": part}, "partial_match": true, "include_attributes": true},
			"query_graphql": {"query": `query($v: String!) { InfrahubSearchAnywhere(q: $v) { edges { node { id kind } } } DcimDevice(any__value: $v, partial_match: true) { edges { node { id name { value } console_password { value } } } } }`, "variables": object{"v": part}},
		} {
			arguments["branch"] = planted.branch
			if result := s.must(t, tool, arguments); strings.Contains(string(result.Structured)+result.Text, planted.value) {
				t.Errorf("%s shows the secret: %s", tool, result.Text)
			}
		}
	})
}

func TestSecretsAreShownWhenTheOperatorWantsIt(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		planted := planted(t)
		for tool, arguments := range map[string]object{
			"get_nodes":     {"kind": "DcimDevice", "include_attributes": true, "filters": object{"ids": planted.device, "console_password__value": planted.value}},
			"query_graphql": {"query": `{ DcimDevice(console_password__value: "` + planted.value + `") { edges { node { console_password { value } } } } }`},
		} {
			arguments["branch"] = planted.branch
			if result := s.must(t, tool, arguments); !strings.Contains(string(result.Structured), planted.value) || !strings.Contains(result.Text, planted.value) {
				t.Errorf("%s does not show the secret: %s", tool, result.Text)
			}
		}
		if !strings.Contains(s.program.Log(), "INFRAHUB_MCP_REVEAL_SECRETS") {
			t.Error("the log does not warn that secrets are shown")
		}
	}, "INFRAHUB_MCP_REVEAL_SECRETS=true")
}

package program_test

import (
	"strings"
	"testing"

	"infrahub-mcp/test/mcptest"
)

func TestMistakesAreExplainedWithTheClosestNames(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		// Loads the schema and the version of Infrahub.
		s.must(t, "search_nodes", object{"query": "spine"})
		s.must(t, "get_schema", nil)
		one := device(t, "par1-spine000")
		for _, test := range []struct {
			name, tool string
			arguments  object
			says       []string
			asks       bool // Infrahub finds it
		}{
			{"an unknown kind to list", "get_nodes", object{"kind": "DcimDevise"}, []string{"DcimDevise", "DcimDevice"}, false},
			{"a kind in lower case", "get_nodes", object{"kind": "dcimdevice"}, []string{"DcimDevice"}, false},
			{"a kind without its namespace", "get_nodes", object{"kind": "Device"}, []string{"DcimDevice"}, false},
			{"an unknown kind to describe", "get_schema", object{"kind": "LocationSight"}, []string{"LocationSite"}, false},
			{"an unknown kind to search", "search_nodes", object{"query": "x", "kind": "IpamVlan"}, []string{"IpamVLAN"}, false},
			{"an unknown kind to reach", "find_reachable", object{"source": one, "target_kinds": "LocationSites"}, []string{"LocationSite"}, false},
			{"an unknown kind of a reference", "find_reachable", object{"source": "DcimDevises__x", "target_kinds": "LocationSite"}, []string{"DcimDevice"}, false},
			{"an unknown kind to filter by", "find_paths", object{"source": one, "destination": device(t, "ams1-spine001"), "kind_filter": "DcimCables"}, []string{"DcimCable"}, false},
			{"an unknown relationship", "find_paths", object{"source": one, "destination": device(t, "ams1-spine001"), "relationship_filter": "cabel"}, []string{"cable"}, false},
			{"an unknown filter", "get_nodes", object{"kind": "DcimDevice", "filters": object{"nam__value": "x"}}, []string{"nam__value", "name__value"}, false},
			{"a filter without its ending", "get_nodes", object{"kind": "DcimDevice", "filters": object{"name": "x"}}, []string{"name__value"}, false},
			{"several unknown filters", "get_nodes", object{"kind": "DcimDevice", "filters": object{"nam__value": "x", "sitee__ids": "y"}}, []string{"name__value", "site__ids"}, false},
			{"a filter of the wrong type", "get_nodes", object{"kind": "DcimDevice", "filters": object{"rack_position__value": "high"}}, []string{"rack_position__value", "whole number"}, false},
			{"a label for a choice", "get_nodes", object{"kind": "DcimDevice", "filters": object{"status__value": "Drained"}}, []string{"drained", "Allowed"}, false},
			{"null for a filter", "get_nodes", object{"kind": "DcimDevice", "filters": object{"serial__value": nil}}, []string{"serial__isnull"}, false},
			{"an hfid of the wrong length", "get_nodes", object{"kind": "DcimPhysicalInterface", "filters": object{"hfid": "Ethernet1"}}, []string{"2 parts"}, false},
			{"an unknown field", "get_nodes", object{"kind": "DcimDevice", "fields": "name,serail"}, []string{"serail", "serial"}, false},
			{"an unknown field of a related node", "get_nodes", object{"kind": "DcimDevice", "fields": "site.citi"}, []string{"city", "LocationSite"}, false},
			{"an unknown field to order by", "get_nodes", object{"kind": "DcimDevice", "order": "-namme"}, []string{"name"}, false},
			{"an unknown argument", "get_nodes", object{"kind": "DcimDevice", "filter": object{}}, []string{"filter", "filters"}, false},
			{"an unknown argument of a tool without any", "get_session_info", object{"verbose": true}, []string{"verbose"}, false},
			{"a missing argument", "search_nodes", object{"kind": "DcimDevice"}, []string{"query"}, false},
			{"a blank argument", "search_nodes", object{"query": "  "}, []string{"query", "blank"}, false},
			{"a limit out of range", "search_nodes", object{"query": "x", "limit": 101}, []string{"limit", "100"}, false},
			{"a limit below all", "get_nodes", object{"kind": "DcimDevice", "limit": -2}, []string{"limit", "-1"}, false},
			{"no number", "get_nodes", object{"kind": "DcimDevice", "limit": "many"}, []string{"limit", "whole number"}, false},
			{"several mistakes at once", "get_nodes", object{"limit": "many", "offset": -1}, []string{"kind", "limit", "offset"}, false},
			{"a time that is none", "get_nodes", object{"kind": "DcimDevice", "at": "yesterday"}, []string{"yesterday", "2h"}, false},
			{"a reference that names nothing", "find_paths", object{"source": "par1-spine000", "destination": one}, []string{"par1-spine000", "Kind__hfid"}, false},
			{"the same node twice", "find_paths", object{"source": one, "destination": one}, []string{"same node"}, false},
			{"an order by a secret", "get_nodes", object{"kind": "DcimDevice", "order": "console_password"}, []string{"console_password"}, false},
			{"a filter by a secret", "get_nodes", object{"kind": "DcimDevice", "filters": object{"console_password__value": "x"}}, []string{"console_password"}, false},
			{"an unknown branch", "get_nodes", object{"kind": "DcimDevice", "branch": "no-such-branch"}, []string{"no-such-branch", "infrahub://branches"}, true},
			{"an unknown branch of a schema", "get_schema", object{"branch": "no-such-branch"}, []string{"no-such-branch", "infrahub://branches"}, true},
			{"an unknown branch to search", "search_nodes", object{"query": "spine", "branch": "no-such-branch"}, []string{"no-such-branch", "infrahub://branches"}, true},
			{"an unknown branch of a query", "query_graphql", object{"query": "{ DcimDevice { count } }", "branch": "no-such-branch"}, []string{"no-such-branch", "infrahub://branches"}, true},
			{"a node that does not exist", "find_reachable", object{"source": "DcimDevice__nobody", "target_kinds": "LocationSite"}, []string{"nobody", "search_nodes"}, true},
			{"an id that does not exist", "find_reachable", object{"source": "00000000-0000-4000-8000-000000000000", "target_kinds": "LocationSite"}, []string{"00000000-0000-4000-8000-000000000000"}, true},
			{"a time before Infrahub", "get_nodes", object{"kind": "DcimDevice", "at": "2001-01-01"}, []string{"2001-01-01"}, true},
			{"an unknown field of a query", "query_graphql", object{"query": "{ DcimDevice { cuont } }"}, []string{"cuont", "count"}, true},
		} {
			t.Run(test.name, func(t *testing.T) {
				mark := s.proxy.mark()
				text := s.refused(t, test.tool, test.arguments)
				for _, part := range test.says {
					if !strings.Contains(text, part) {
						t.Errorf("the refusal lacks %q: %s", part, text)
					}
				}
				if asked := s.proxy.since(mark); !test.asks && len(asked) > 0 {
					t.Errorf("Infrahub was asked: %v", asked)
				}
			})
		}
	})
}

func TestQueriesThatCannotRunNeverReachInfrahub(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		for _, test := range []struct {
			name      string
			arguments object
			says      []string
		}{
			{"a syntax error", object{"query": "{ DcimDevice {\n  count }\n }} "}, []string{"line 3, column 3"}},
			{"an open brace", object{"query": "{ DcimDevice { count }"}, []string{"line 1, column"}},
			{"nothing but blanks", object{"query": " "}, []string{"query"}},
			{"fragments alone", object{"query": "fragment f on DcimDevice { id }"}, []string{"no operation"}},
			{"a mutation", object{"query": "mutation { BuiltinTagCreate(data: {name: {value: \"never\"}}) { ok } }"}, []string{"mutation"}},
			{"a mutation among queries", object{"query": "query A { DcimDevice { count } } mutation B { BuiltinTagCreate(data: {name: {value: \"never\"}}) { ok } }", "operation_name": "B"}, []string{"mutation"}},
			{"a subscription", object{"query": "subscription { query(name: \"x\", interval: 1) }"}, []string{"subscription"}},
			{"several operations and no choice", object{"query": "query A { DcimDevice { count } } query B { DcimDevice { count } }"}, []string{"A, B", "operation_name"}},
			{"an operation that is not there", object{"query": "query Alpha { DcimDevice { count } }", "operation_name": "Alfa"}, []string{"Alfa", "Alpha"}},
			{"a missing variable", object{"query": "query($n: String!) { DcimDevice(name__value: $n) { count } }"}, []string{"$n", "String!", "missing"}},
			{"a misspelt variable", object{"query": "query($name: String) { DcimDevice(name__value: $name) { count } }", "variables": object{"namme": "x"}}, []string{"namme", "name"}},
			{"a variable of the wrong type", object{"query": "query($n: Int!) { DcimDevice(limit: $n) { count } }", "variables": object{"n": "x"}}, []string{"$n", "Int!"}},
			{"null for a variable that needs a value", object{"query": "query($n: Int!) { DcimDevice(limit: $n) { count } }", "variables": object{"n": nil}}, []string{"$n", "null"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				mark := s.proxy.mark()
				text := s.refused(t, "query_graphql", test.arguments)
				for _, part := range test.says {
					if !strings.Contains(text, part) {
						t.Errorf("the refusal lacks %q: %s", part, text)
					}
				}
				if asked := s.proxy.everything(mark); len(asked) > 0 {
					t.Errorf("Infrahub was asked: %v", asked)
				}
			})
		}
	})
}

// A document that holds a mutation beside the query that is run must change
// nothing.
func TestAMutationBesideTheQueryThatIsRunDoesNotRun(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		branch, name := dataBranch(t), unique("never")
		s.must(t, "query_graphql", object{
			"query":          `query Read { BuiltinTag { count } } mutation Write { BuiltinTagCreate(data: {name: {value: "` + name + `"}}) { ok } }`,
			"operation_name": "Read", "branch": branch,
		})
		if got := s.list(t, object{"kind": "BuiltinTag", "filters": object{"name__value": name}, "branch": branch}); got.TotalCount != 0 {
			t.Error("the mutation ran")
		}
	})
}

func TestARefusedCredentialIsAProtocolError(t *testing.T) {
	parallel(t)
	for _, over := range []transport{overStdio, overHTTP} {
		for _, era := range []mcptest.Era{mcptest.Legacy, mcptest.Modern} {
			t.Run("over "+string(over)+" in protocol "+string(era), func(t *testing.T) {
				parallel(t)
				p := startProxy(t)
				s := sessionAt(t, p, launch{transport: over, address: "http://" + p.address, token: "this-token-is-known-to-nobody"}, era)
				for _, c := range everyTool(t) {
					_, err := s.CallTool(t.Context(), c.tool, c.arguments)
					if err == nil {
						t.Errorf("%s succeeds", c.tool)
						continue
					}
					if f := fault(t, err); f.Code != -32001 || !strings.Contains(f.Message, "Invalid token") {
						t.Errorf("%s: %v, want code -32001", c.tool, f)
					}
				}
				for _, uri := range []string{"infrahub://schema", "infrahub://schema/DcimDevice", "infrahub://graphql-schema", "infrahub://branches"} {
					_, err := s.ReadResource(t.Context(), uri)
					if err == nil {
						t.Errorf("%s can be read", uri)
						continue
					}
					if f := fault(t, err); f.Code != -32001 {
						t.Errorf("%s: %v, want code -32001", uri, f)
					}
				}
				for _, argument := range []string{"kind", "branch", "hfid"} {
					_, err := s.Complete(t.Context(), mcptest.Reference{Prompt: "make_infra_change"}, argument, "x", map[string]string{"kind": "DcimDevice"})
					if err == nil {
						t.Errorf("%s is completed", argument)
						continue
					}
					if f := fault(t, err); f.Code != -32001 {
						t.Errorf("completing %s: %v, want code -32001", argument, f)
					}
				}
				if _, err := s.GetPrompt(t.Context(), "infrahub_agent", nil); err != nil {
					t.Errorf("a prompt, which needs no Infrahub: %v", err)
				}
			})
		}
	}
}

// toolCall is a call of a tool.
type toolCall struct {
	tool      string
	arguments object
}

// everyTool is a call of every tool: made in this order they all succeed. Those
// that write go to the branch of the run for that.
func everyTool(t *testing.T) []toolCall {
	t.Helper()
	branch, tag := sessionBranch(t), shared.branches.name("every-tool")
	return []toolCall{
		{"reset_session_branch", object{"branch": branch}},
		{"get_schema", object{"kind": "DcimDevice"}},
		{"get_nodes", object{"kind": "DcimDevice", "limit": 3}},
		{"search_nodes", object{"query": "spine"}},
		{"query_graphql", object{"query": "{ DcimDevice { count } }"}},
		{"find_paths", object{"source": device(t, "par1-spine000"), "destination": device(t, "ams1-spine001"), "kind_filter": "DcimCable,DcimPhysicalInterface"}},
		{"find_reachable", object{"source": device(t, "par1-spine000"), "target_kinds": "LocationSite", "max_depth": 1}},
		{"get_session_info", object{}},
		{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": tag}, "branch": branch}},
		{"mutate_graphql", object{"query": `mutation { BuiltinTagUpsert(data: {name: {value: "` + tag + `-too"}}) { ok } }`, "branch": branch}},
		{"get_branch_diff", object{"branch": branch, "limit": 500}},
		{"propose_changes", object{"title": "A change of the tests", "branch": branch}},
		{"node_delete", object{"kind": "BuiltinTag", "hfid": []string{tag}, "branch": branch}},
	}
}

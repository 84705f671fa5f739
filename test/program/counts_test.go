package program_test

import (
	"testing"

	"infrahub-mcp/test/mcptest"
)

func TestWarmCallsAskInfrahubNoMoreThanPromised(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		one, other := device(t, "par1-spine000"), device(t, "ams1-spine001")
		tool := func(name string, arguments object) func(t *testing.T) {
			return func(t *testing.T) { s.must(t, name, arguments) }
		}
		resource := func(uri string) func(t *testing.T) {
			return func(t *testing.T) {
				if _, err := s.ReadResource(t.Context(), uri); err != nil {
					t.Fatal(err)
				}
			}
		}
		complete := func(argument, typed string) func(t *testing.T) {
			return func(t *testing.T) {
				if _, err := s.Complete(t.Context(), mcptest.Reference{Prompt: "make_infra_change"}, argument, typed, map[string]string{"kind": "DcimDevice"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		cables := []string{"DcimCable", "DcimPhysicalInterface"}
		for _, test := range []struct {
			name string
			want int
			call func(t *testing.T)
		}{
			{"get_nodes with labels", 1, tool("get_nodes", object{"kind": "DcimDevice"})},
			{"get_nodes with every attribute and relationship of 40 devices", 1, tool("get_nodes", object{"kind": "DcimDevice", "include_attributes": true})},
			{"get_nodes with fields of related nodes", 1, tool("get_nodes", object{"kind": "DcimDevice", "fields": []string{"name", "site.city", "tags", "rack", "updated_by"}})},
			{"get_nodes with an order", 1, tool("get_nodes", object{"kind": "DcimDevice", "order": []string{"-rack_position", "site.name"}})},
			{"get_nodes with filters", 1, tool("get_nodes", object{"kind": "DcimDevice", "filters": object{"site__name__values": []string{"par1", "ams1"}, "role__value": "spine"}})},
			{"get_nodes with a partial match", 1, tool("get_nodes", object{"kind": "DcimDevice", "filters": object{"name__value": "spine"}, "partial_match": true})},
			{"get_nodes of a generic", 1, tool("get_nodes", object{"kind": "DcimInterface", "fields": []string{"kind", "name", "speed", "vlans"}})},
			{"get_nodes of a generic with everything", 1, tool("get_nodes", object{"kind": "LocationGeneric", "include_attributes": true})},
			{"get_nodes at a time", 1, tool("get_nodes", object{"kind": "DcimDevice", "at": "1s"})},
			{"get_nodes with a count alone", 1, tool("get_nodes", object{"kind": "DcimDevice", "limit": 0})},
			{"get_nodes with all interfaces, 50 in a request", 4, tool("get_nodes", object{"kind": "DcimPhysicalInterface", "limit": -1})},
			{"get_nodes with all of what fits into one request", 1, tool("get_nodes", object{"kind": "DcimDevice", "limit": -1})},
			{"search_nodes with a kind", 1, tool("search_nodes", object{"query": "spine", "kind": "DcimDevice"})},
			{"search_nodes with a generic", 1, tool("search_nodes", object{"query": "eth", "kind": "DcimInterface"})},
			{"search_nodes without a kind", 2, tool("search_nodes", object{"query": "10.1.0.1"})},
			{"search_nodes without a kind that finds nothing", 1, tool("search_nodes", object{"query": "no such thing"})},
			{"query_graphql", 1, tool("query_graphql", object{"query": "{ DcimDevice { count } }"})},
			{"get_schema without a kind", 0, tool("get_schema", nil)},
			{"get_schema with a kind", 0, tool("get_schema", object{"kind": "DcimDevice"})},
			{"find_paths between ids", 1, tool("find_paths", object{"source": one, "destination": other, "kind_filter": cables})},
			{"find_paths between human-friendly ids", 2, tool("find_paths", object{"source": "DcimDevice__par1-spine000", "destination": "DcimDevice__ams1-spine001", "relationship_filter": []string{"cable", "interfaces"}})},
			{"find_reachable from an id", 1, tool("find_reachable", object{"source": one, "target_kinds": "LocationSite", "max_depth": 1})},
			{"find_reachable from a human-friendly id", 2, tool("find_reachable", object{"source": "DcimDevice__par1-spine000", "target_kinds": "LocationSite", "max_depth": 1})},
			{"get_session_info", 1, tool("get_session_info", nil)},
			{"the resource of all kinds", 0, resource("infrahub://schema")},
			{"the resource of a kind", 0, resource("infrahub://schema/DcimDevice")},
			{"the resource of the GraphQL schema", 1, resource("infrahub://graphql-schema")},
			{"the resource of the branches", 1, resource("infrahub://branches")},
			{"the completion of a kind", 0, complete("kind", "Dcim")},
			{"the completion of a branch", 1, complete("branch", "m")},
			{"the completion of a human-friendly id", 1, complete("hfid", "spine")},
			{"a prompt", 0, func(t *testing.T) {
				if _, err := s.GetPrompt(t.Context(), "explore_schema", nil); err != nil {
					t.Fatal(err)
				}
			}},
		} {
			t.Run(test.name, func(t *testing.T) {
				test.call(t) // warms what is kept between calls
				mark := s.proxy.mark()
				test.call(t)
				if asked := s.proxy.since(mark); len(asked) != test.want {
					t.Errorf("%d requests, want %d: %v", len(asked), test.want, asked)
				}
			})
		}
	})
}

func TestTheSchemaIsLoadedOnceForManyCallers(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		mark := s.proxy.mark()
		together(t, 20, func(i int) error {
			_, err := s.CallTool(t.Context(), "get_nodes", object{"kind": "DcimDevice", "limit": 2, "offset": i})
			return err
		})
		paths := map[string]int{}
		for _, r := range s.proxy.everything(mark) {
			paths[r.Path]++
		}
		if paths["/api/schema"] != 1 || paths["/graphql"] != 20 {
			t.Errorf("20 callers at once asked for %v", paths)
		}
	})
}

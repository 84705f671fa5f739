package program_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"infrahub-mcp/test/mcptest"
)

func TestMemoryStaysSmallOverAThousandCalls(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the memory of another process is read from /proc, which is Linux")
	}
	const calls, most = 1000, 60 << 20
	for _, over := range []transport{overStdio, overHTTP} {
		t.Run("over "+string(over), func(t *testing.T) {
			p := startProxy(t)
			program := start(t, launch{transport: over, path: shared.plain, address: "http://" + p.address, settings: []string{"INFRAHUB_MCP_LOG_LEVEL=info"}})
			clients := []*mcptest.Client{program.connect(t, mcptest.Legacy)}
			if over == overHTTP {
				clients = append(clients, program.connect(t, mcptest.Modern))
			}
			mixed := mixture(t)
			var next atomic.Int64
			together(t, 8, func(int) error {
				for {
					i := int(next.Add(1)) - 1
					if i >= calls {
						return nil
					}
					if err := mixed[i%len(mixed)](t, clients[i%len(clients)], i); err != nil {
						return fmt.Errorf("call %d: %w", i, err)
					}
				}
			})
			resident, err := program.Resident()
			if err != nil {
				t.Fatal(err)
			}
			line := fmt.Sprintf("rss after %d calls: %d MB", calls, resident>>20)
			t.Logf("%s over %s", line, over)
			fmt.Println(line)
			if resident > most {
				t.Errorf("%d calls leave %d bytes resident, more than %d", calls, resident, most)
			}
		})
	}
}

// mixture is what clients do in a day: mostly small reads, some large ones.
func mixture(t *testing.T) []func(t *testing.T, c *mcptest.Client, i int) error {
	t.Helper()
	one, other := device(t, "par1-spine000"), device(t, "ams1-spine001")
	tool := func(name string, arguments object) func(*testing.T, *mcptest.Client, int) error {
		return func(t *testing.T, c *mcptest.Client, _ int) error {
			result, err := c.CallTool(t.Context(), name, arguments)
			if err == nil && result.IsError {
				err = fmt.Errorf("%s is refused: %s", name, result.Text)
			}
			return err
		}
	}
	mixed := []func(*testing.T, *mcptest.Client, int) error{
		tool("get_schema", nil),
		tool("get_schema", object{"kind": "DcimDevice"}),
		tool("get_schema", object{"kind": "DcimInterface", "expand": false}),
		tool("get_nodes", object{"kind": "DcimDevice", "limit": 10}),
		tool("get_nodes", object{"kind": "DcimDevice", "fields": []string{"name", "site.city", "role"}, "limit": 20}),
		tool("get_nodes", object{"kind": "DcimDevice", "filters": object{"site__name__value": "par1"}}),
		tool("get_nodes", object{"kind": "DcimPhysicalInterface", "limit": 0}),
		tool("search_nodes", object{"query": "spine", "kind": "DcimDevice"}),
		tool("search_nodes", object{"query": "par1"}),
		tool("query_graphql", object{"query": "{ LocationSite { edges { node { name { value } devices { count } } } } }"}),
		tool("find_paths", object{"source": one, "destination": other, "kind_filter": "DcimCable,DcimPhysicalInterface"}),
		tool("find_reachable", object{"source": one, "target_kinds": "LocationSite", "max_depth": 1}),
		tool("get_session_info", nil),
		func(t *testing.T, c *mcptest.Client, _ int) error {
			_, err := c.ReadResource(t.Context(), "infrahub://schema/IpamVLAN")
			return err
		},
		func(t *testing.T, c *mcptest.Client, _ int) error {
			_, err := c.GetPrompt(t.Context(), "explore_schema", nil)
			return err
		},
		func(t *testing.T, c *mcptest.Client, _ int) error {
			_, err := c.Complete(t.Context(), mcptest.Reference{Prompt: "explore_schema"}, "kind", "Dcim", nil)
			return err
		},
		func(t *testing.T, c *mcptest.Client, _ int) error {
			result, err := c.CallTool(t.Context(), "get_nodes", object{"kind": "Unknown"})
			if err == nil && !strings.Contains(result.Text, "Unknown") {
				err = fmt.Errorf("an unknown kind gives %s", result.Text)
			}
			return err
		},
	}
	large := []func(*testing.T, *mcptest.Client, int) error{
		tool("get_nodes", object{"kind": "DcimDevice", "include_attributes": true}),
		tool("get_nodes", object{"kind": "DcimPhysicalInterface", "limit": -1}),
		func(t *testing.T, c *mcptest.Client, _ int) error {
			_, err := c.ReadResource(t.Context(), "infrahub://graphql-schema")
			return err
		},
	}
	// Two of a hundred calls are large, each of them in turn.
	return append(mixed, func(t *testing.T, c *mcptest.Client, i int) error {
		if i/(len(mixed)+1)%3 != 0 {
			return tool("get_schema", object{"kind": "IpamVLAN"})(t, c, i)
		}
		return large[i/(len(mixed)+1)/3%len(large)](t, c, i)
	})
}

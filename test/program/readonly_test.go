package program_test

import (
	"slices"
	"strings"
	"testing"

	"infrahub-mcp/test/mcptest"
)

const readOnlySetting = "INFRAHUB_MCP_READ_ONLY=true"

// What a read-only server does not offer cannot be called either.
func TestAReadOnlyServerOffersNothingThatWrites(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		if offered := sortedKeys(s.outputs); !slices.Equal(offered, slices.Sorted(slices.Values(readTools()))) {
			t.Errorf("it offers %v", offered)
		}
		mark := s.proxy.mark()
		for _, c := range everyTool(t) {
			if !slices.Contains(writeTools(), c.tool) {
				continue
			}
			result, err := s.CallTool(t.Context(), c.tool, c.arguments)
			if err == nil {
				t.Errorf("%s answers %s", c.tool, result.Text)
				continue
			}
			if f := fault(t, err); f.Code != -32601 || !strings.Contains(f.Message, "read-only") {
				t.Errorf("%s: %v, want code -32601", c.tool, f)
			}
		}
		if asked := s.proxy.everything(mark); len(asked) > 0 {
			t.Errorf("Infrahub was asked: %v", asked)
		}
		_, err := s.CallTool(t.Context(), "node_upserts", nil)
		if f := fault(t, err); f.Code != -32602 || strings.Contains(f.Message, "node_upsert,") {
			t.Errorf("a tool that does not exist: %v", f)
		}
	}, readOnlySetting)
}

func TestAReadOnlyServerWritesByNoRoute(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		if !strings.Contains(string(s.Greeting()), "read-only") {
			t.Errorf("the greeting does not say so: %s", s.Greeting())
		}
		info := decode[object](t, s.must(t, "get_session_info", nil).Structured)
		if why, _ := info["why_read_only"].(string); info["access"] != "read" || !strings.Contains(why, "INFRAHUB_MCP_READ_ONLY") || info["has_session_branch"] != false {
			t.Errorf("the session is %v", info)
		}
		mark := s.proxy.mark()
		for _, c := range everyTool(t) {
			if slices.Contains(readTools(), c.tool) {
				s.must(t, c.tool, c.arguments)
			}
		}
		for _, uri := range []string{"infrahub://schema", "infrahub://schema/DcimDevice", "infrahub://graphql-schema", "infrahub://branches"} {
			if _, err := s.ReadResource(t.Context(), uri); err != nil {
				t.Errorf("%s: %v", uri, err)
			}
		}
		for _, prompt := range []string{"infrahub_agent", "explore_schema"} {
			if text, err := s.GetPrompt(t.Context(), prompt, nil); err != nil || strings.Contains(text, "node_upsert") {
				t.Errorf("the prompt %s: %v %s", prompt, err, text)
			}
		}
		if _, err := s.Complete(t.Context(), mcptest.Reference{Prompt: "make_infra_change"}, "branch", "m", nil); err != nil {
			t.Error(err)
		}
		for _, a := range attacks(t, s.proxy.infrahub, sessionBranch(t)) {
			if strings.HasPrefix(a.document, "{") {
				continue // the one that is a query
			}
			arguments := object{"query": a.document, "branch": sessionBranch(t)}
			if a.variables != nil {
				arguments["variables"] = a.variables
			}
			s.refused(t, "query_graphql", arguments)
		}
		for _, r := range s.proxy.everything(mark) {
			// Comparing branches is a mutation of Infrahub, but changes no data.
			if strings.Contains(r.Document, "mutation") && !strings.Contains(r.Document, "DiffUpdate") {
				t.Errorf("a mutation was sent: %v", r)
			}
		}
	}, readOnlySetting)
}

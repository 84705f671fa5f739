package protocol

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// TestAnswersAreEncodedAsTheLibraryWould holds what is written by hand to what
// json.Marshal writes.
func TestAnswersAreEncodedAsTheLibraryWould(t *testing.T) {
	no := false
	known := mcp.NewToolWithRawSchema("known", `a <b> & "c"`, json.RawMessage(`{"type": "object"}`))
	known.Annotations.OpenWorldHint = &no
	late := mcp.NewTool("late", mcp.WithString("x"))
	core := server.NewMCPServer("x", "1")
	core.AddTool(known, nil)
	s := &Server{entries: encodeTools(core)}
	lifetime := int64(7)
	hinted := mcp.PaginatedResult{NextCursor: "more"}
	hinted.TTLMs, hinted.ResultType = &lifetime, mcp.ResultTypeComplete
	for name, result := range map[string]any{
		"a list of tools":                                mcp.ListToolsResult{Tools: []mcp.Tool{known}},
		"a list of tools with one that came late":        mcp.ListToolsResult{Tools: []mcp.Tool{known, late, known}},
		"a list of no tools":                             mcp.ListToolsResult{Tools: []mcp.Tool{}},
		"a page of a list, with what it may be kept for": mcp.ListToolsResult{PaginatedResult: hinted, Tools: []mcp.Tool{known}},
		"the result of a call of a tool of ours": mcp.CallToolResult{
			Content: []mcp.Content{mcp.NewTextContent("a <b> \u2028")}, StructuredContent: json.RawMessage(`{"a":"b","n":1.50}`),
		},
		"the result of a call of another tool": mcp.CallToolResult{
			Content: []mcp.Content{mcp.NewTextContent("x")}, StructuredContent: map[string]any{"a": "<b>"},
		},
		"a refusal": mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent("no")}, IsError: true},
		"a prompt":  mcp.GetPromptResult{Messages: []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("x"))}},
		"nothing":   mcp.EmptyResult{},
	} {
		t.Run(name, func(t *testing.T) {
			id := json.RawMessage(`"7"`)
			want, err := json.Marshal(struct {
				JSONRPC string          `json:"jsonrpc"`
				ID      json.RawMessage `json:"id"`
				Result  any             `json:"result"`
			}{mcp.JSONRPC_VERSION, id, result})
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.encodeAnswer(id, result)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if len(s.entries) != 1 {
		t.Errorf("%d entries were encoded beforehand, want 1", len(s.entries))
	}
}

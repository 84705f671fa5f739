package protocol

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// pageSize is how many entries a list has at most in one answer (MCP, Pagination).
// It is more than there are: many clients never ask for a second page.
const pageSize = 200

// paginate cuts lists into pages. The library begins each list after the entry that
// a cursor names, so a cursor means the same at every replica and whatever else is
// listed; its own pages end with an empty one when the last is full.
func (s *Server) paginate(hooks *server.Hooks) {
	hooks.AddAfterListTools(func(_ context.Context, _ any, _ *mcp.ListToolsRequest, r *mcp.ListToolsResult) {
		r.Tools, r.NextCursor = page(r.Tools, s.options.pageSize)
	})
	hooks.AddAfterListResources(func(_ context.Context, _ any, _ *mcp.ListResourcesRequest, r *mcp.ListResourcesResult) {
		r.Resources, r.NextCursor = page(r.Resources, s.options.pageSize)
	})
	hooks.AddAfterListResourceTemplates(func(_ context.Context, _ any, _ *mcp.ListResourceTemplatesRequest, r *mcp.ListResourceTemplatesResult) {
		r.ResourceTemplates, r.NextCursor = page(r.ResourceTemplates, s.options.pageSize)
	})
	hooks.AddAfterListPrompts(func(_ context.Context, _ any, _ *mcp.ListPromptsRequest, r *mcp.ListPromptsResult) {
		r.Prompts, r.NextCursor = page(r.Prompts, s.options.pageSize)
	})
}

// page returns the first entries, and the cursor of those after them.
func page[T mcp.Named](entries []T, size int) ([]T, mcp.Cursor) {
	if len(entries) <= size {
		return entries, ""
	}
	return entries[:size], mcp.Cursor(base64.StdEncoding.EncodeToString([]byte(entries[size-1].GetName())))
}

// misplaced refuses a list from a cursor that this server has not given. The
// library takes any text in base64.
func (s *Server) misplaced(m *message) mcp.JSONRPCMessage {
	switch mcp.MCPMethod(m.Method) {
	case mcp.MethodToolsList, mcp.MethodPromptsList, mcp.MethodResourcesList, mcp.MethodResourcesTemplatesList:
	default:
		return nil
	}
	var params struct {
		Cursor *string `json:"cursor"`
	}
	if json.Unmarshal(m.Params, &params) != nil || params.Cursor == nil || *params.Cursor == "" {
		return nil // the library says what is wrong with the rest
	}
	name, err := base64.StdEncoding.DecodeString(*params.Cursor)
	if err == nil && slices.Contains(s.listed(mcp.MCPMethod(m.Method)), string(name)) {
		return nil
	}
	return mcp.JSONRPCError{Error: mcp.JSONRPCErrorDetails{
		Code: mcp.INVALID_PARAMS, Message: "the cursor is none of this list; send the nextCursor of its last page, or none to begin again",
	}}
}

// listed are the names of all that a list may hold, for whomever.
func (s *Server) listed(method mcp.MCPMethod) (names []string) {
	switch method {
	case mcp.MethodToolsList:
		for i := range s.options.Tools {
			names = append(names, s.options.Tools[i].Name)
		}
	case mcp.MethodPromptsList:
		for i := range s.options.Prompts {
			names = append(names, s.options.Prompts[i].Name)
		}
	case mcp.MethodResourcesList, mcp.MethodResourcesTemplatesList:
		for i := range s.options.Resources {
			r := &s.options.Resources[i]
			if _, isTemplate := s.templates[r.URI]; isTemplate == (method == mcp.MethodResourcesTemplatesList) {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

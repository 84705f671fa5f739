package protocol

import (
	"context"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/tool"
)

// offerByCaller makes what is offered depend on who asks: what is not listed to a
// caller cannot be called either. The library asks the filter for both, and marks
// the list as private to its caller (MCP, Caching).
func (s *Server) offerByCaller(hooks *server.Hooks) {
	server.WithToolFilter(func(ctx context.Context, tools []mcp.Tool) []mcp.Tool {
		if !s.readOnly(ctx) {
			return tools
		}
		return slices.DeleteFunc(slices.Clone(tools), func(t mcp.Tool) bool { return named(s.options.Tools, t.Name) && !named(s.reading, t.Name) })
	})(s.core)

	hooks.AddAfterInitialize(func(ctx context.Context, _ any, _ *mcp.InitializeRequest, result *mcp.InitializeResult) {
		result.Instructions = prompt.Instructions(s.offered(ctx), s.readOnly(ctx))
	})
	hooks.AddAfterDiscover(func(ctx context.Context, _ any, _ *mcp.DiscoverRequest, result *mcp.DiscoverResult) {
		result.Instructions = prompt.Instructions(s.offered(ctx), s.readOnly(ctx))
	})
}

// readOnly reports whether the caller may not write.
func (s *Server) readOnly(ctx context.Context) bool {
	return s.options.ReadOnly || s.options.MayWrite != nil && !s.options.MayWrite(ctx)
}

// offered are the tools that the caller may use.
func (s *Server) offered(ctx context.Context) []tool.Tool {
	if s.readOnly(ctx) {
		return s.reading
	}
	return s.options.Tools
}

// beyond reports whether a message calls a tool that this server offers, but not
// to its sender.
func (s *Server) beyond(ctx context.Context, m *message) bool {
	if m.Method != string(mcp.MethodToolsCall) || s.options.MayWrite == nil {
		return false
	}
	name, ok := nameIn(m)
	return ok && named(s.options.Tools, name) && !named(s.offered(ctx), name)
}

// named reports whether there is a tool of a name.
func named(tools []tool.Tool, name string) bool {
	return slices.ContainsFunc(tools, func(t tool.Tool) bool { return t.Name == name })
}

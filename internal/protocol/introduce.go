package protocol

import (
	"context"
	_ "embed"
	"encoding/base64"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

//go:embed icon.svg
var icon []byte

// introduce says who this server is, as far as the version of the client knows the
// words for it. The icon is told at the beginning alone: from 2026-07-28 on the
// library puts the rest into every answer.
func (s *Server) introduce(hooks *server.Hooks) {
	full := mcp.Implementation{
		Name: s.options.Name, Version: s.options.Version, Title: s.options.Title,
		Icons: []mcp.Icon{{Src: "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(icon), MIMEType: "image/svg+xml", Sizes: []string{"any"}}},
	}
	hooks.AddAfterInitialize(func(_ context.Context, _ any, _ *mcp.InitializeRequest, result *mcp.InitializeResult) {
		result.ServerInfo = full
		if result.ProtocolVersion < iconsSince {
			result.ServerInfo.Icons = nil
		}
		if result.ProtocolVersion < titlesSince {
			result.ServerInfo.Title = ""
		}
	})
	hooks.AddAfterDiscover(func(_ context.Context, _ any, _ *mcp.DiscoverRequest, result *mcp.DiscoverResult) {
		result.EnsureResultMeta().SetServerInfo(full)
	})
}

// Versions that brought parts of Implementation.
const (
	titlesSince = "2025-06-18"
	iconsSince  = "2025-11-25"
)

package protocol

import (
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// mirrored compares headers with what they repeat of a request for those who
// stand between client and server: the method, the name, and the arguments that a
// tool marks with x-mcp-header (2026-07-28, Streamable HTTP, Server Validation and
// Custom Headers from Tool Parameters).
func (s *Server) mirrored(header http.Header, version string, m *message) error {
	// A header that comes twice is one with both values (RFC 9110, section 5.3):
	// who stands between may have read either.
	lookup := func(name string) (string, bool) {
		values := header.Values(name)
		return strings.Join(values, ", "), len(values) > 0
	}
	get := func(name string) string { value, _ := lookup(name); return value }
	if err := mcp.ValidateStandardHeaders(get, version, mcp.MCPMethod(m.Method), m.Params); err != nil {
		return err
	}
	if len(s.mirrors) == 0 || m.Method != string(mcp.MethodToolsCall) {
		return nil
	}
	name, _ := nameIn(m)
	return mcp.ValidateParamHeadersLookup(lookup, s.mirrors[name], m.Params)
}

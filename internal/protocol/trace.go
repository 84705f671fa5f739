package protocol

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/telemetry"
)

// carried is a request of HTTP that is part of the trace that its headers name.
// Lines of a list that stand in several headers belong together (RFC 9110, section
// 5.3); a parent stands in one.
func carried(r *http.Request) *http.Request {
	parents, bags := r.Header["Traceparent"], r.Header["Baggage"]
	if parents == nil && bags == nil {
		return r
	}
	parent := ""
	if len(parents) == 1 {
		parent = parents[0]
	}
	return r.WithContext(telemetry.WithRemote(r.Context(), parent, strings.Join(r.Header["Tracestate"], ","), strings.Join(bags, ",")))
}

// withTrace returns a context for a request in which the trace is that the
// request names in _meta (2026-07-28, Base Protocol, OpenTelemetry trace context;
// clients of the older era do it too), else that of what carried it.
func withTrace(ctx context.Context, m *message) context.Context {
	if !bytes.Contains(m.Params, []byte(`"traceparent"`)) && !bytes.Contains(m.Params, []byte(`"baggage"`)) {
		return ctx // which spares most requests the reading
	}
	var params struct {
		Meta struct {
			Parent  string `json:"traceparent"`
			State   string `json:"tracestate"`
			Baggage string `json:"baggage"`
		} `json:"_meta"`
	}
	_ = json.Unmarshal(m.Params, &params) // what is no text is malformed, and stays ""
	return telemetry.WithRemote(ctx, params.Meta.Parent, params.Meta.State, params.Meta.Baggage)
}

// traced begins the span of a request. A subscription has none: it lasts for hours,
// and what Infrahub is asked meanwhile is no part of one operation.
func (s *Server) traced(ctx context.Context, m *message, e *exchange) (context.Context, telemetry.Span) {
	carrier := ctx
	ctx = withTrace(ctx, m)
	if s.options.Traces == nil || m.Method == string(mcp.MethodSubscriptionsListen) {
		return ctx, telemetry.Span{}
	}
	return s.options.Traces.MessageSpan(ctx, carrier, s.described(m, e))
}

// described is what a span tells of a request: nothing that its sender could choose
// freely.
func (s *Server) described(m *message, e *exchange) telemetry.Message {
	told := telemetry.Message{Method: known(m.Method), Pipe: e.session == stdioSession}
	if m.ID[0] != '"' && len(m.ID) <= maxID {
		told.ID = string(m.ID)
	}
	var params struct {
		Name, URI string
		Meta      *mcp.Meta `json:"_meta"`
	}
	_ = json.Unmarshal(m.Params, &params) // bad parameters are answered by the method
	if version := cmp.Or(params.Meta.ProtocolVersion(), e.version); mcp.IsValidProtocolVersion(version) {
		told.Version = version
	}
	switch mcp.MCPMethod(m.Method) {
	case mcp.MethodToolsCall:
		if named(s.catalogue, params.Name) {
			told.Tool = params.Name
		}
	case mcp.MethodPromptsGet:
		if slices.ContainsFunc(s.options.Prompts, func(p prompt.Prompt) bool { return p.Name == params.Name }) {
			told.Prompt = params.Name
		}
	case mcp.MethodResourcesRead, mcp.MethodResourcesSubscribe, mcp.MethodResourcesUnsubscribe:
		if r, _ := s.resource(params.URI); r != nil {
			told.Resource = r.URI
		}
	}
	return told
}

// maxID bounds the number that a span shows as the id of its request, in characters.
const maxID = 20

// conclude says what became of a request. A result that says that a tool could not
// do its work is a failure too (semantic conventions of MCP, error.type).
func conclude(span telemetry.Span, response mcp.JSONRPCMessage, code int) {
	span.Refused(code)
	if response == nil {
		span.Fail("canceled")
	}
	if answer, ok := response.(mcp.JSONRPCResponse); ok {
		if result, ok := answer.Result.(*mcp.CallToolResult); ok && result.IsError {
			span.Fail("tool_error")
		}
	}
}

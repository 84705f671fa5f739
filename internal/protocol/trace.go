package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

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

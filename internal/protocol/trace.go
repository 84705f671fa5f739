package protocol

import (
	"bytes"
	"context"
	"encoding/json"

	"infrahub-mcp/internal/telemetry"
)

// withTrace returns a context for a request in which the trace is that the
// request names in _meta (2026-07-28, Base Protocol, OpenTelemetry trace context;
// clients of the older era do it too).
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
	return telemetry.WithTrace(ctx, telemetry.NewTrace(params.Meta.Parent, params.Meta.State, params.Meta.Baggage))
}

package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

// WithRemote returns a context for work that is part of a trace elsewhere, which
// the values of the headers traceparent and tracestate (W3C Trace Context, section
// 3) and baggage (W3C Baggage, section 3) name. What is malformed or too large
// counts as not sent: a parent, a state as a whole or without a parent, a member of
// a baggage. Where nothing is left of the parent or of the baggage, that of ctx
// stays.
func WithRemote(ctx context.Context, parent, state, bag string) context.Context {
	if parent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent, "tracestate": state})
	}
	// The propagator of baggage would tell the process of a client's mistakes.
	if b, _ := baggage.Parse(bag); b.Len() > 0 {
		ctx = baggage.ContextWithBaggage(ctx, b)
	}
	return ctx
}

// Inject writes to the headers of a request which trace it is part of: that of
// ctx, if there is one.
func Inject(ctx context.Context, header http.Header) {
	carrier := propagation.HeaderCarrier(header)
	propagation.TraceContext{}.Inject(ctx, carrier)
	propagation.Baggage{}.Inject(ctx, carrier)
}

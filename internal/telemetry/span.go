package telemetry

import (
	"context"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Span is one operation of a trace that is recorded. The zero value does nothing.
//
// Names and attributes are those of OpenTelemetry's semantic conventions for MCP,
// generative AI and HTTP; docs/telemetry.md lists them. All values are known
// beforehand or numbers: what a client chose, such as an argument, an id or the
// name of a branch, is in none of them.
type Span struct {
	span trace.Span
}

// End ends the operation.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}

// Fail says that the operation failed, and why: class is one of a bounded set, ""
// for no failure.
func (s Span) Fail(class string) {
	if s.span != nil && class != "" {
		s.span.SetStatus(codes.Error, "") // a message could quote what somebody sent
		s.span.SetAttributes(attribute.String("error.type", class))
	}
}

// scope names who made the spans.
const scope = "infrahub-mcp"

// child begins the span of a part of the operation that ctx belongs to, if that is
// recorded. It does nothing else: what the server does for itself is in no trace.
func child(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, Span) {
	tracer := trace.SpanFromContext(ctx).TracerProvider().Tracer(scope)
	ctx, span := tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	return ctx, Span{span}
}

// recorded reports whether ctx belongs to an operation that is recorded. Where it
// is not, nothing is spent on spans.
func recorded(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// ToolSpan begins the span of a call of a tool of the catalogue.
func ToolSpan(ctx context.Context, tool string) (context.Context, Span) {
	if !recorded(ctx) {
		return ctx, Span{}
	}
	return child(ctx, "execute_tool "+tool, trace.SpanKindInternal,
		attribute.String("gen_ai.operation.name", "execute_tool"), attribute.String("gen_ai.tool.name", tool))
}

// ResourceSpan begins the span of the reading of a resource. uri is that of the
// catalogue, with its variables.
func ResourceSpan(ctx context.Context, uri string) (context.Context, Span) {
	if !recorded(ctx) {
		return ctx, Span{}
	}
	return child(ctx, "read_resource "+uri, trace.SpanKindInternal, attribute.String("mcp.resource.uri", uri))
}

// PromptSpan begins the span of the writing of a prompt of the catalogue.
func PromptSpan(ctx context.Context, prompt string) (context.Context, Span) {
	if !recorded(ctx) {
		return ctx, Span{}
	}
	return child(ctx, "write_prompt "+prompt, trace.SpanKindInternal, attribute.String("gen_ai.prompt.name", prompt))
}

// Attempt is one attempt of a request to Infrahub.
type Attempt struct {
	Method string
	// Template is the path of the request with the names of what varies.
	Template string
	Address  *url.URL // of Infrahub
	// ID is the X-Request-ID, which Infrahub logs.
	ID string
	// Before is how often the request was sent before.
	Before int
}

// UpstreamSpan begins the span of an attempt. Inject then passes it on.
func UpstreamSpan(ctx context.Context, a Attempt) (context.Context, Span) {
	if !recorded(ctx) {
		return ctx, Span{}
	}
	attributes := []attribute.KeyValue{
		attribute.String("http.request.method", a.Method), attribute.String("url.template", a.Template),
		attribute.String("server.address", a.Address.Hostname()), attribute.Int("server.port", portOf(a.Address)),
		attribute.StringSlice("http.request.header.x-request-id", []string{a.ID}),
	}
	if a.Before > 0 {
		attributes = append(attributes, attribute.Int("http.request.resend_count", a.Before))
	}
	return child(ctx, a.Method+" "+a.Template, trace.SpanKindClient, attributes...)
}

// portOf is the port of an address, or that of its scheme.
func portOf(address *url.URL) int {
	if port, err := strconv.Atoi(address.Port()); err == nil {
		return port
	}
	if address.Scheme == "https" {
		return 443
	}
	return 80
}

// Answered says which status an attempt was answered with: one of 400 and above is
// a failure.
func (s Span) Answered(status int) {
	if s.span == nil || status == 0 {
		return
	}
	s.span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= 400 {
		s.Fail(strconv.Itoa(status))
	}
}

// Message is a request of MCP, as its span tells of it.
type Message struct {
	// Method is one that is known.
	Method string
	// Tool, Prompt and Resource are what it is about, by the name or the URI in the
	// catalogue; "" for what is not there.
	Tool, Prompt, Resource string
	// ID is that of the request, if it is a number.
	ID string
	// Version of the protocol, "" when it is not known.
	Version string
	// Pipe says that it came over standard input, not over HTTP.
	Pipe bool
}

// MessageSpan begins the span of a request of MCP. Its parent is the trace that ctx
// belongs to. That which carried the message, if it is another, is linked: one
// request of HTTP may carry messages of many traces.
func (t *Traces) MessageSpan(ctx, carrier context.Context, m Message) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	name := m.Method
	attributes := []attribute.KeyValue{attribute.String("mcp.method.name", m.Method)}
	add := func(key, value string) {
		if value != "" {
			attributes = append(attributes, attribute.String(key, value))
		}
	}
	if target := m.Tool + m.Prompt; target != "" { // it has one of them
		name += " " + target
	}
	add("gen_ai.tool.name", m.Tool)
	add("gen_ai.prompt.name", m.Prompt)
	add("mcp.resource.uri", m.Resource)
	add("jsonrpc.request.id", m.ID)
	add("mcp.protocol.version", m.Version)
	if m.Pipe {
		add("network.transport", "pipe")
	} else {
		add("network.transport", "tcp")
		add("network.protocol.name", "http")
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...)}
	if carried := trace.SpanContextFromContext(carrier); carried.IsValid() && !carried.Equal(trace.SpanContextFromContext(ctx)) {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: carried}))
	}
	ctx, span := t.tracer.Start(ctx, name, options...)
	return ctx, Span{span}
}

// Refused says that a request of MCP was answered with an error of JSON-RPC.
func (s Span) Refused(code int) {
	if s.span == nil || code == 0 {
		return
	}
	s.span.SetAttributes(attribute.String("rpc.response.status_code", strconv.Itoa(code)))
	s.Fail(strconv.Itoa(code))
}

// TraceID returns the id of the trace that a context belongs to, "" for none.
func TraceID(ctx context.Context) string {
	if s := trace.SpanContextFromContext(ctx); s.HasTraceID() {
		return s.TraceID().String()
	}
	return ""
}

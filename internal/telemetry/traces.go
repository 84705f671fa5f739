package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces records what the server does for its clients, as spans, and exports them.
// Nil records nothing. It is safe for concurrent use.
type Traces struct {
	tracer   trace.Tracer
	provider *sdk.TracerProvider
	exporter *exporter
}

// TraceOptions say how spans are exported. What they leave out the libraries of
// OpenTelemetry read from its standard variables.
type TraceOptions struct {
	Version string // of this program
	// Exporter is otlp or console, Protocol that of otlp: grpc, http/protobuf or
	// http/json.
	Exporter, Protocol string
	Console            io.Writer // takes the spans of the exporter console
	// Secrets are credentials for the collector, which could quote them. They are
	// hidden in lines about it; elsewhere they could be words like any other.
	Secrets []string
	Logger  *slog.Logger
}

// Times at the end.
const (
	flushLimit = 5 * time.Second // for the export of the spans that are left
	closeLimit = 6 * time.Second // and to end what runs, which takes none
)

// NewTraces returns Traces, to be closed. It connects to nothing: a collector that
// starts later is found later. The error names the setting that is wrong.
func NewTraces(ctx context.Context, o TraceOptions) (*Traces, error) {
	// The library has one place for what goes wrong within, for the whole process.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		o.Logger.WarnContext(WithSecrets(context.Background(), o.Secrets...), "OpenTelemetry", "error", err)
	}))
	self, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", scope), attribute.String("service.version", o.Version),
			attribute.String("service.instance.id", uuid.NewString())),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv()) // goes before what is above
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	to, err := exporterOf(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("preparing the export of spans: %w", err)
	}
	return newTraces(&exporter{to: to, secrets: o.Secrets, log: o.Logger}, self), nil
}

// exporterOf returns what the options name.
func exporterOf(ctx context.Context, o TraceOptions) (sdk.SpanExporter, error) {
	switch {
	case o.Exporter == "console":
		return stdouttrace.New(stdouttrace.WithWriter(o.Console))
	case o.Protocol == "grpc":
		return otlptracegrpc.New(ctx)
	default:
		return otlptracehttp.New(ctx)
	}
}

func newTraces(e *exporter, self *resource.Resource) *Traces {
	e.closing, e.abandon = context.WithCancel(context.Background())
	provider := sdk.NewTracerProvider(sdk.WithResource(self), sdk.WithBatcher(e))
	return &Traces{tracer: provider.Tracer(scope), provider: provider, exporter: e}
}

// Close exports the spans that are left, for at most five seconds, and ends what
// runs.
func (t *Traces) Close() {
	if t == nil {
		return
	}
	defer t.exporter.abandon()
	defer time.AfterFunc(flushLimit, t.exporter.abandon).Stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.exporter.log.WarnContext(t.exporter.line(), "the export of spans did not end", "error", err)
	}
}

// exporter passes spans on and logs that it fails, once in a while. A failure
// disturbs nobody: the spans are lost.
type exporter struct {
	to      sdk.SpanExporter
	secrets []string
	log     *slog.Logger
	closing context.Context // done when spans that are left are given up
	abandon context.CancelFunc

	mu      sync.Mutex
	failing bool      // said so, and nothing else since
	lost    int       // spans, since the last line
	silent  time.Time // no line before
}

// silence is the least time between two lines.
const silence = 5 * time.Minute

// ExportSpans implements [sdk.SpanExporter]. It returns no error: the library would
// report each.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.closing, cancel)()
	err := e.to.ExportSpans(ctx, spans)

	e.tell(len(spans), err)
	return nil
}

// tell logs what became of an export.
func (e *exporter) tell(spans int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.lost += spans
	}
	now := time.Now()
	if err == nil && !e.failing || now.Before(e.silent) {
		return
	}
	if err != nil {
		e.log.WarnContext(e.line(), "spans could not be exported", "lost", e.lost, "error", err)
	} else {
		e.log.Info("spans are exported again", "lost", e.lost)
	}
	e.failing, e.lost, e.silent = err != nil, 0, now.Add(silence)
}

// line is the context of a line that hides the credentials for the collector.
func (e *exporter) line() context.Context { return WithSecrets(context.Background(), e.secrets...) }

// Shutdown implements [sdk.SpanExporter].
func (e *exporter) Shutdown(ctx context.Context) error {
	e.mu.Lock()
	lost := e.lost
	e.mu.Unlock()
	if lost > 0 {
		e.log.WarnContext(e.line(), "more spans could not be exported", "lost", lost)
	}
	return e.to.Shutdown(ctx)
}

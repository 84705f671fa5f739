package server

import (
	"cmp"
	"context"
	"log/slog"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/telemetry"
)

// newTraces returns what records traces, nil when nothing is to be recorded: then
// those of clients are passed on to Infrahub as they are.
func newTraces(ctx context.Context, cfg *config.Config, o Options, logger *slog.Logger) (*telemetry.Traces, error) {
	if !cfg.Telemetry.OTelEnabled || cfg.Tracing.Disabled || cfg.Tracing.Exporter == "none" {
		return nil, nil //nolint:nilnil // to record nothing is a valid choice
	}
	protocol := cmp.Or(cfg.Tracing.TracesProtocol, cfg.Tracing.Protocol)
	logger.Info("recording traces", "exporter", cfg.Tracing.Exporter, "protocol", protocol)
	return telemetry.NewTraces(ctx, telemetry.TraceOptions{
		Version: o.Version, Exporter: cfg.Tracing.Exporter, Protocol: protocol, Console: o.Err,
		Secrets: cfg.Tracing.HeaderValues(), Logger: logger,
	})
}

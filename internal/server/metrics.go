package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"infrahub-mcp/internal/server/front"
)

// metricsConnections bounds those that read metrics on a port of their own.
const metricsConnections = 100

// serveMetrics answers /metrics on a port of its own, behind the guards that
// stand before it on the port of MCP. The function returned ends it: after
// everything else, so that the end of the server can be watched too.
func (a *app) serveMetrics(ctx context.Context) (stop func(), err error) {
	handler, err := a.metricsHandler()
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.metricsAt)
	if err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_METRICS_ADDRESS: %w", err)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      writeLimit,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.logger.Handler(), slog.LevelDebug),
	}
	a.logger.Info("listening for readers of metrics", "address", "http://"+listener.Addr().String()+"/metrics")
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := ignoreClosed(server.Serve(front.LimitConnections(listener, metricsConnections))); err != nil {
			a.logger.Error("metrics are no longer served", "error", err)
		}
	})
	return func() {
		_ = server.Close() // who reads them comes again
		serving.Wait()
	}, nil
}

// metricsHandler answers /metrics and nothing else.
func (a *app) metricsHandler() (http.Handler, error) {
	host, _, err := net.SplitHostPort(a.metricsAt)
	if err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_METRICS_ADDRESS: %w", err)
	}
	gate, err := a.gate.elsewhere(host)
	if err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_METRICS_ADDRESS: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.reading)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, "not_found", "There is nothing here but /metrics.")
	})
	return gate.surround(mux, a.survive), nil
}

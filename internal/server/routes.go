package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"infrahub-mcp/internal/auth"
)

// handler is everything that answers over HTTP, outermost first.
func (a *app) handler(mcp http.Handler) http.Handler {
	mcp = a.gate.protect(mcp)
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcp)
	mux.Handle("/mcp/{$}", mcp)
	mux.HandleFunc("GET /health", a.health)
	mux.Handle("GET /metrics", a.metrics)
	mux.HandleFunc("/", notFound)

	return a.gate.surround(mux, a.survive)
}

// survive turns a panic into status 500 and a log line with its stack.
func (a *app) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if fault := recover(); fault != nil {
				if fault == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
					panic(fault)
				}
				a.logger.ErrorContext(r.Context(), "panic", "type", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
				writeError(w, http.StatusInternalServerError, "internal_error", "The server failed.")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// health tells whether Infrahub answers to this server's credential, for probes
// of load balancers and containers. In the passthrough modes the server has none
// and tells only that it runs.
func (a *app) health(w http.ResponseWriter, r *http.Request) {
	if a.mode != auth.ModeNone {
		writeJSON(w, http.StatusOK, map[string]string{"status": "healthy", "auth_mode": string(a.mode)})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if _, err := a.upstream.Client(a.own.Identity().Credential).REST(ctx, "/api/info", nil); err != nil {
		a.logger.WarnContext(ctx, "health check failed", "error", err)
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "unhealthy", "reason": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
}

// notFound answers what does not exist. Clients look for OAuth metadata before
// they connect and fail on an answer that is not JSON.
func notFound(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if path == "/register" || strings.Contains(path, "/.well-known/") {
		writeError(w, http.StatusNotFound, "invalid_request", "OAuth is not enabled on this server.")
		return
	}
	writeError(w, http.StatusNotFound, "not_found", "There is nothing here; MCP is at /mcp.")
}

func writeError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client is gone
}

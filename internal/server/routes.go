package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
)

// handler is everything that answers over HTTP, outermost first.
func (a *app) handler(mcp http.Handler, host string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcp)
	mux.Handle("/mcp/{$}", mcp)
	mux.HandleFunc("GET /health", a.health)
	mux.Handle("GET /metrics", a.metrics)
	mux.HandleFunc("/", notFound)

	var h http.Handler = mux
	h = guardOrigin(h)
	if isLoopback(host) {
		h = guardHost(h)
	}
	return a.survive(h)
}

// survive turns a panic into status 500 and a log line with its stack.
func (a *app) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if fault := recover(); fault != nil {
				a.logger.ErrorContext(r.Context(), "panic", "type", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
				writeError(w, http.StatusInternalServerError, "internal_error", "The server failed.")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// guardHost refuses requests to a server on loopback that name another host: a
// web page that points a name of its own at 127.0.0.1 would send such (DNS
// rebinding).
func guardHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(hostname(r.Host)) {
			writeError(w, http.StatusForbidden, "invalid_host", "This server listens on loopback and answers to localhost only.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guardOrigin refuses requests from web pages of another origin (MCP,
// Transports, Security Warning). Programs send no Origin.
func guardOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, origin := range r.Header.Values("Origin") {
			if !sameOrigin(origin, r.Host) {
				writeError(w, http.StatusForbidden, "invalid_origin", "This server does not answer to web pages of that origin.")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin allows the pages of this host and those served on loopback to a
// server on loopback, such as the MCP inspector.
func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false
	}
	return strings.EqualFold(u.Host, host) || isLoopback(u.Hostname()) && isLoopback(hostname(host))
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// health tells whether Infrahub answers to this server's credential, for probes
// of load balancers and containers.
func (a *app) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if _, err := a.upstream.Client(a.credential).REST(ctx, "/api/info", nil); err != nil {
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

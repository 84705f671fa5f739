package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc"
)

// handler is everything that answers over HTTP, outermost first.
func (a *app) handler(mcp http.Handler) http.Handler {
	mcp = a.gate.protect(mcp)
	mux := http.NewServeMux()
	for _, path := range a.paths() {
		mux.Handle(path, mcp)
		mux.Handle(path+"/{$}", mcp)
	}
	for path, endpoint := range a.gate.login {
		mux.Handle(path, endpoint)
	}
	a.routeProbes(mux)
	if a.metricsAt == "" {
		mux.Handle("GET /metrics", a.reading)
	}
	mux.HandleFunc("/", a.notFound)

	return a.gate.surround(mux, a.survive)
}

// paths are where MCP is: below the path of the public URL as well, which what
// stands before the server may or may not cut off.
func (a *app) paths() []string {
	if u, err := url.Parse(a.public); err == nil && u.Path != "" {
		return []string{a.path, u.Path + a.path}
	}
	return []string{a.path}
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

// notFound answers what does not exist. Clients look for OAuth metadata before
// they connect and fail on an answer that is not JSON.
func (a *app) notFound(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if path == "/register" || strings.Contains(path, "/.well-known/") {
		description := "OAuth is not enabled on this server."
		if a.mode == auth.ModeOIDC {
			description = "There is no such document; see " + oidc.AuthorizationServerPath + "."
		}
		writeError(w, http.StatusNotFound, "invalid_request", description)
		return
	}
	writeError(w, http.StatusNotFound, "not_found", "There is nothing here; MCP is at "+a.path+".")
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

// Package front holds what stands between the network and the handlers of the
// server: small middlewares and a listener, each with one task and a limit on
// what it remembers. internal/server puts them together.
package front

import (
	"net/http"
	"slices"
)

// Middleware wraps a handler.
type Middleware func(http.Handler) http.Handler

// Chain wraps a handler in middlewares, the outermost first. A nil one, which
// is a part that is switched off, is left out.
func Chain(h http.Handler, outermostFirst ...Middleware) http.Handler {
	for _, m := range slices.Backward(outermostFirst) {
		if m != nil {
			h = m(h)
		}
	}
	return h
}

// Except returns a middleware that leaves requests for some paths alone. Paths
// are compared as they are; nil stays nil.
func Except(m Middleware, paths ...string) Middleware {
	if m == nil {
		return nil
	}
	return func(next http.Handler) http.Handler {
		wrapped := m(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if slices.Contains(paths, r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			wrapped.ServeHTTP(w, r)
		})
	}
}

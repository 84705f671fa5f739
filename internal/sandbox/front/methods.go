package front

import (
	"net/http"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
)

// methods are the handlers of one path, by method.
type methods map[string]http.Handler

// orElse returns a handler that leaves other methods to another one.
func (m methods) orElse(other http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := m[r.Method]; ok {
			h.ServeHTTP(w, r)
			return
		}
		other(w, r)
	})
}

// unknownEndpoint answers what nothing below /api answers. It takes the methods
// that Infrahub's endpoint for this takes.
func unknownEndpoint(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
		f := fault.New(http.StatusNotFound, "The requested endpoint %s does not exist", r.URL.Path)
		writeJSON(w, f.Status, exec.NewObject("data", nil, "errors", []any{integerCoded(f)}))
	default:
		methodNotAllowed("GET")(w, r)
	}
}

// methodNotAllowed answers a method that a path does not take.
func methodNotAllowed(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allowed)
		writeJSON(w, http.StatusMethodNotAllowed, exec.NewObject("detail", "Method Not Allowed"))
	}
}

// graphqlOptions answers OPTIONS on the GraphQL endpoint.
func graphqlOptions(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET, POST, OPTIONS")
	writeBody(w, http.StatusOK, "", nil)
}

// welcome is for people who look at the address with a browser.
func welcome(w http.ResponseWriter, _ *http.Request) {
	writeBody(w, http.StatusOK, plainText, []byte("An Infrahub in memory, for trying and testing. It has no web interface: see /api/info, /graphql and /schema.graphql.\n"))
}

// nothingHere answers all other paths. Where Infrahub has its web interface, the
// sandbox has nothing.
func nothingHere(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusNotFound, exec.NewObject("detail", "Not Found"))
}

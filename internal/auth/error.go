package auth

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"infrahub-mcp/internal/infrahub"
)

// CodeUnauthenticated is the JSON-RPC error code of a credential that is missing
// or refused.
const CodeUnauthenticated = -32001

// codeInternal is the JSON-RPC error code of a fault of the server (JSON-RPC
// 2.0, section 5.1).
const codeInternal = -32603

// Error is a request that is not let in. It matches [infrahub.Unauthenticated]
// with [errors.Is], as the answer to both is the same for a client.
type Error struct {
	// Status is the HTTP status: 401 for a credential that is missing or not one
	// of the mode, 400 where it is not clear which one is meant, 429 after too
	// many failed logins.
	Status int
	// Challenge is the header WWW-Authenticate (RFC 9110, section 11.6.1), "" for
	// none.
	Challenge string
	// RetryAfter is how long to wait, in whole seconds, 0 when waiting is of no
	// use.
	RetryAfter time.Duration
	// Message says what is wrong and what to do. It quotes nothing of the
	// request.
	Message string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Is reports whether target is [infrahub.Unauthenticated].
func (e *Error) Is(target error) bool { return target == infrahub.Unauthenticated }

// write answers a request of /mcp: with the HTTP status and a JSON-RPC error
// whose id is null, because the message was not read (JSON-RPC 2.0, section 5).
func (e *Error) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	if e.Challenge != "" {
		header.Set("WWW-Authenticate", e.Challenge)
	}
	if e.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds())))
	}
	w.WriteHeader(e.Status)
	code := CodeUnauthenticated
	if e.Status == http.StatusInternalServerError {
		code = codeInternal
	}
	type fault struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	_ = json.NewEncoder(w).Encode(struct { // an error means that the client is gone
		JSONRPC string `json:"jsonrpc"`
		ID      *int   `json:"id"`
		Error   fault  `json:"error"`
	}{"2.0", nil, fault{code, e.Message}})
}

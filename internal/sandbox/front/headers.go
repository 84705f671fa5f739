package front

import (
	"encoding/hex"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// described gives answers the headers that all of Infrahub's have: an id of the
// request, that of the client if it is a UUID, and how long it took in seconds.
func (s *server) described(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-ID", requestID(r.Header.Get("X-Request-ID")))
		w.Header().Set("Server", "infrahub-sandbox")
		w.Header().Add("Vary", "Origin")
		next.ServeHTTP(&timedWriter{ResponseWriter: w, started: time.Now()}, r)
	})
}

// requestID keeps an id that is a UUID.
func requestID(given string) string {
	if len(given) == 36 && uuid.Validate(given) == nil {
		return given
	}
	id := uuid.New()
	return hex.EncodeToString(id[:])
}

// timedWriter notes how long an answer took until it began.
type timedWriter struct {
	http.ResponseWriter
	started time.Time
}

// WriteHeader implements http.ResponseWriter.
func (w *timedWriter) WriteHeader(status int) {
	if status != http.StatusInternalServerError {
		w.Header().Set("X-Process-Time", strconv.FormatFloat(time.Since(w.started).Seconds(), 'f', -1, 64))
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the connection.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// counted counts answers.
func (s *server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &countingWriter{ResponseWriter: w, status: http.StatusInternalServerError}
		defer func() {
			if class := c.status / 100; class < len(s.count) {
				s.count[class].Add(1)
			}
		}()
		next.ServeHTTP(c, r)
	})
}

// countingWriter notes a status; that of a connection taken over is 500.
type countingWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recovered answers for what the sandbox panics at as Infrahub does for what it
// fails at.
func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
				panic(cause)
			}
			s.Log.ErrorContext(r.Context(), "the sandbox panicked", "method", r.Method, "endpoint", r.Pattern, "cause", cause, "stack", string(debug.Stack()))
			internalServerError(w, r)
		}()
		next.ServeHTTP(w, r)
	})
}

// crossOrigin refuses the preflight requests of browsers: as in an installation
// as it comes, no origin is allowed.
func (s *server) crossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != "" {
			writeBody(w, http.StatusBadRequest, plainText, []byte("Disallowed CORS origin"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

package front

import (
	"net/http"
	"time"
)

// LimitWrites returns a middleware that ends the connection of a client that
// does not read: each write of a handler has a time limit, and so has what
// net/http still holds when the handler is done. Time in between does not count,
// unlike with http.Server.WriteTimeout, which would cut streams.
func LimitWrites(limit time.Duration) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limited := &limitedWriter{ResponseWriter: w, control: http.NewResponseController(w), limit: limit}
			// net/http lifts the limit when the answer is out.
			defer limited.begin()
			next.ServeHTTP(limited, r)
		})
	}
}

type limitedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

// Write writes within the time limit.
func (w *limitedWriter) Write(p []byte) (int, error) {
	w.begin()
	defer w.end()
	return w.ResponseWriter.Write(p)
}

// FlushError sends what was written, within the time limit.
func (w *limitedWriter) FlushError() error {
	w.begin()
	defer w.end()
	return w.control.Flush()
}

// Flush is FlushError for those who look for http.Flusher.
func (w *limitedWriter) Flush() { _ = w.FlushError() }

// Unwrap is for http.ResponseController.
func (w *limitedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *limitedWriter) begin() {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.limit)) // not every ResponseWriter has deadlines
}

// end lifts the limit again: with HTTP/2 a stream would be reset when it
// passes, although nothing is being written.
func (w *limitedWriter) end() { _ = w.control.SetWriteDeadline(time.Time{}) }

package front

import (
	"context"
	"net/http"

	"github.com/google/uuid"
)

// RequestIDHeader carries the id of a request in both directions.
const RequestIDHeader = "X-Request-ID"

type requestIDKey struct{}

// WithRequestID gives every request an id, for its context and its answer. The
// client's own is taken when it is a UUID, so that nothing else can get into
// logs this way.
func WithRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := statedID(r.Header.Values(RequestIDHeader))
		if !ok {
			id = uuid.NewString()
		}
		w.Header().Set(RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// RequestID returns the id of the request that a context belongs to, a UUID in
// lower case, or "" outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// statedID reads the id that a client gave, in the form of RFC 9562, section 4,
// and no other that uuid.Parse takes.
func statedID(values []string) (string, bool) {
	if len(values) != 1 || len(values[0]) != len(uuid.Nil.String()) {
		return "", false
	}
	id, err := uuid.Parse(values[0])
	return id.String(), err == nil
}

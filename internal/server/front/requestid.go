package front

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"infrahub-mcp/internal/telemetry"
)

// RequestIDHeader carries the id of a request in both directions.
const RequestIDHeader = "X-Request-ID"

// WithRequestID gives every request an id, a UUID in lower case, for its context
// (see [telemetry.RequestID]) and its answer. The client's own is taken when it
// is a UUID, so that nothing else can get into logs this way, and stands in no
// other header: an API token of Infrahub is a UUID as well.
func WithRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := statedID(r.Header)
		if !ok {
			id = uuid.NewString()
		}
		w.Header().Set(RequestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(telemetry.WithRequestID(r.Context(), id)))
	})
}

// statedID reads the id that a client gave, in the form of RFC 9562, section 4,
// and no other that uuid.Parse takes.
func statedID(header http.Header) (string, bool) {
	values := header.Values(RequestIDHeader)
	if len(values) != 1 || len(values[0]) != len(uuid.Nil.String()) {
		return "", false
	}
	stated := strings.ToLower(values[0])
	for name, others := range header {
		if name != http.CanonicalHeaderKey(RequestIDHeader) && strings.Contains(strings.ToLower(strings.Join(others, ",")), stated) {
			return "", false
		}
	}
	id, err := uuid.Parse(stated)
	return id.String(), err == nil
}

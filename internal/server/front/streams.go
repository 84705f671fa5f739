package front

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"infrahub-mcp/internal/telemetry"
)

// Streams bounds the requests that are being answered, most of which are
// streams with nothing to say. It is safe for concurrent use.
type Streams struct {
	limits StreamLimits

	mu       sync.Mutex
	open     int
	byClient map[string]int // no more entries than open requests
}

// StreamLimits are bounds of Streams; 0 is none.
type StreamLimits struct {
	// Total is the number of requests that may be open at a time.
	Total int
	// PerClient is the number of those that one client may have.
	PerClient int
	// Life is the time after which the context of a GET request ends. Clients
	// open their stream anew.
	Life time.Duration
}

// streamRetry is when a client that was refused may look again. Nobody knows
// when a stream will end.
const streamRetry = 5 * time.Second

var errStreamLife = errors.New("the stream has reached its age limit")

// NewStreams returns the bound with no request open.
func NewStreams(limits StreamLimits) *Streams {
	return &Streams{limits: limits, byClient: map[string]int{}}
}

// By returns the middleware that answers 429 to a client that has too many
// requests open, and 503 to all when there are too many together. The key tells
// clients apart; those with an empty one share the total only. Refusals are counted
// in the metrics, which may be nil.
func (s *Streams) By(key func(*http.Request) string, metrics *telemetry.Metrics) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			client := key(r)
			if status := s.enter(client); status != 0 {
				metrics.PutOff(telemetry.OpenLimit)
				putOff(w, status, streamRetry, "Too many requests are open. Close streams that are not needed, or wait.")
				return
			}
			defer s.leave(client)
			if s.limits.Life > 0 && r.Method == http.MethodGet {
				ctx, cancel := context.WithTimeoutCause(r.Context(), s.limits.Life, errStreamLife)
				defer cancel()
				r = r.WithContext(ctx)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Open returns the number of requests that are being answered.
func (s *Streams) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// enter counts a request, or returns the status of its refusal.
func (s *Streams) enter(client string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if client != "" && s.limits.PerClient > 0 && s.byClient[client] >= s.limits.PerClient {
		return http.StatusTooManyRequests
	}
	if s.limits.Total > 0 && s.open >= s.limits.Total {
		return http.StatusServiceUnavailable
	}
	s.open++
	if client != "" {
		s.byClient[client]++
	}
	return 0
}

func (s *Streams) leave(client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if client == "" {
		return
	}
	if s.byClient[client]--; s.byClient[client] == 0 {
		delete(s.byClient, client)
	}
}

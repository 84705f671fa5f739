package front

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"infrahub-mcp/internal/state"
	"infrahub-mcp/internal/telemetry"
)

// RateLimit bounds how often each client may send requests, with a bucket of
// tokens for each. It is safe for concurrent use.
type RateLimit struct {
	rate   rate.Limit
	burst  int
	shared *state.Redis // nil for one process alone
	name   string       // of the limit, among those that share the store

	mu      sync.Mutex
	buckets *simplelru.LRU[string, *rate.Limiter]
}

// NewRateLimit returns a limit of requests a second in the long run and of
// requests at once; a burst of 0 is twice the rate, and at least 1. A rate of 0
// is no limit, for which nil is returned. At most kept clients, at least 1, are
// remembered; whoever has sent nothing for longest starts anew.
func NewRateLimit(perSecond float64, burst, kept int) (*RateLimit, error) {
	if perSecond == 0 {
		return nil, nil
	}
	if burst == 0 {
		burst = max(1, int(math.Ceil(2*perSecond)))
	}
	buckets, err := simplelru.NewLRU[string, *rate.Limiter](kept, nil)
	if err != nil {
		return nil, fmt.Errorf("making room for rate limits: %w", err)
	}
	return &RateLimit{rate: rate.Limit(perSecond), burst: burst, buckets: buckets}, nil
}

// Share has all replicas of this server count together, under the name of the limit.
// While the store is away each counts for itself. The nil store changes nothing. Call
// it before the limit is used.
func (l *RateLimit) Share(shared *state.Redis, name string) {
	if l != nil {
		l.shared, l.name = shared, name
	}
}

// By returns the middleware that answers 429 to a client that sends too much,
// with the time after which to come again. The key tells clients apart; requests
// with an empty one are not limited. Refusals are counted in the metrics, which may
// be nil, as those of a limit. It is nil for the nil limit.
func (l *RateLimit) By(key func(*http.Request) string, metrics *telemetry.Metrics, as telemetry.Limit) Middleware {
	if l == nil {
		return nil
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if wait := l.Wait(r.Context(), key(r)); wait > 0 {
				metrics.PutOff(as)
				putOff(w, http.StatusTooManyRequests, wait, "Too many requests. Wait for the time that Retry-After names.")
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Wait counts a request of a client, or returns the time after which it may send
// one. A client with an empty name is not limited.
func (l *RateLimit) Wait(ctx context.Context, client string) time.Duration {
	if client == "" {
		return 0
	}
	if l.shared != nil {
		if wait, err := l.shared.Take(ctx, l.shared.Name("rate:"+l.name, client), float64(l.rate), l.burst); err == nil {
			return wait
		}
	}
	return l.take(client, time.Now())
}

// take takes a token, or returns the time after which there is one.
func (l *RateLimit) take(client string, now time.Time) time.Duration {
	reservation := l.bucket(client).ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now) // who is refused has used nothing
	}
	return wait
}

func (l *RateLimit) bucket(client string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bucket, ok := l.buckets.Get(client); ok {
		return bucket
	}
	bucket := rate.NewLimiter(l.rate, l.burst)
	l.buckets.Add(client, bucket)
	return bucket
}

// ByAddress tells clients apart by the address that Proxies.WithAddress found.
// An IPv6 client has at least a /64 to choose addresses from, so such a network
// counts as one client.
func ByAddress(r *http.Request) string {
	address := Address(r.Context())
	if !address.Is6() {
		return address.String()
	}
	network, err := address.Prefix(64)
	if err != nil { // 64 is a length of every IPv6 prefix
		return address.String()
	}
	return network.String()
}

package infrahub

import (
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"infrahub-mcp/internal/telemetry"
)

// retryRules say when a request is sent again.
type retryRules struct {
	reads     int
	readDelay time.Duration
	limit     RateLimit
}

// newRetryRules returns the rules that the settings ask for.
func newRetryRules(s Settings) retryRules {
	return retryRules{reads: s.ReadAttempts, readDelay: s.ReadDelay, limit: s.RateLimit}
}

// maxReadDelay bounds the wait between two attempts of a read.
const maxReadDelay = 30 * time.Second

// attempts counts the attempts of one request.
type attempts struct {
	rules      retryRules
	repeatable bool

	refreshed bool // the immediate repeat on a fresh connection is used up
	reads     int  // further attempts made after transient failures
	limited   int  // repeats made after 429
	readWait  backoff.ExponentialBackOff
	limitWait backoff.ExponentialBackOff
}

// start returns the count for a new request. repeatable says that to run it
// twice does no harm.
func (r retryRules) start(repeatable bool) *attempts {
	return &attempts{
		rules:      r,
		repeatable: repeatable,
		readWait:   doubling(r.readDelay, maxReadDelay),
		limitWait:  doubling(r.limit.Base, r.limit.Max),
	}
}

// next decides what follows an attempt: whether to send again, and after what
// wait.
func (a *attempts) next(o outcome) (time.Duration, bool) {
	switch {
	case o.err == nil && o.status == http.StatusTooManyRequests:
		// Anybody may answer 429, also after the work; with the mark the
		// server promises that it never began.
		shed := o.header.Get("X-Infrahub-Admission") == "shed"
		if !a.rules.limit.Retry || a.limited >= a.rules.limit.MaxRetries || !(a.repeatable || shed) {
			return 0, false
		}
		a.limited++
		wait := o.retryAfter
		if wait == 0 {
			wait = a.limitWait.NextBackOff()
		}
		return min(wait, a.rules.limit.Max), true
	case o.stale && a.repeatable && !a.refreshed:
		a.refreshed = true
		return 0, true
	case o.transient && (a.repeatable || o.unsent) && a.reads < a.rules.reads:
		a.reads++
		return min(a.readWait.NextBackOff(), maxReadDelay), true
	}
	return 0, false
}

// counted is the sort of fault as metrics know it.
func counted(k Kind) telemetry.Reason {
	switch k {
	case Unreachable:
		return telemetry.Unreachable
	case Timeout:
		return telemetry.Timeout
	case Overloaded:
		return telemetry.Overloaded
	default:
		return telemetry.OtherReason
	}
}

// doubling returns a wait that doubles from first to longest, with jitter.
func doubling(first, longest time.Duration) backoff.ExponentialBackOff {
	return backoff.ExponentialBackOff{
		InitialInterval:     first,
		RandomizationFactor: 0.5,
		Multiplier:          2,
		MaxInterval:         longest,
	}
}

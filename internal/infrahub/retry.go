package infrahub

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"infrahub-mcp/internal/telemetry"
)

// retryRules say when a request is sent again.
type retryRules struct {
	reads     int
	readDelay time.Duration
	limit     RateLimit
	budget    *budget
}

// newRetryRules returns the rules that the settings ask for.
func newRetryRules(s Settings) retryRules {
	return retryRules{reads: s.ReadAttempts, readDelay: s.ReadDelay, limit: s.RateLimit, budget: newBudget()}
}

// maxReadDelay bounds the wait between two attempts of a read. A server that asks
// for a longer one is not asked again.
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
// wait. Nothing follows for a caller whose time is over, or would be after the
// wait.
func (a *attempts) next(ctx context.Context, o outcome) (time.Duration, bool) {
	if o.err == nil && o.status < 500 && o.status != http.StatusTooManyRequests {
		a.rules.budget.earn()
	}
	wait, again := a.plan(o)
	if !again || ctx.Err() != nil {
		return 0, false
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return 0, false
	}
	return wait, true
}

// plan is next for a caller who has all the time.
func (a *attempts) plan(o outcome) (time.Duration, bool) {
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
	case o.paused && a.reads == 0:
		return 0, false // it is new, and hears at once that there is no answer
	case o.transient && (a.repeatable || o.unsent) && a.reads < a.rules.reads:
		wait := min(a.readWait.NextBackOff(), maxReadDelay)
		if wait = max(wait, o.asked()); wait > maxReadDelay || !a.rules.budget.spend() {
			return 0, false
		}
		a.reads++
		return wait, true
	}
	return 0, false
}

// budget bounds the repetitions of all requests together after transient
// failures: one for every few requests that are answered, and some at once. So an
// Infrahub that answers now and then is not buried under repetitions. It is safe
// for concurrent use.
type budget struct {
	mu   sync.Mutex
	left int // answers' worth
}

const (
	maxBudget = 100 // repetitions at once
	perRepeat = 5   // answers that a repetition costs
)

// newBudget returns a budget of which nothing is spent.
func newBudget() *budget { return &budget{left: maxBudget * perRepeat} }

// earn notes an answer.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(b.left+1, maxBudget*perRepeat)
}

// spend takes a repetition, if there is one left.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < perRepeat {
		return false
	}
	b.left -= perRepeat
	return true
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

package infrahub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"infrahub-mcp/internal/telemetry"
)

// breaker stops asking an Infrahub that does not answer, for a while. Then one
// request is sent to see whether it does again, and the others wait for what
// becomes of that. What counts is that there is no answer: no connection, none in
// time, or one of a gateway or server that says it is not available (502, 503,
// 504). Any other answer is one, however bad the news; a caller who gives up says
// nothing.
//
// The nil breaker lets everything through.
type breaker struct {
	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	most    int // failures in a row
	pause   time.Duration

	mu    sync.Mutex
	until time.Time // when Infrahub is asked again
	last  string    // what the last failure was
}

// newBreaker returns the breaker that the settings ask for, nil for none.
func newBreaker(s Settings) *breaker {
	if s.BreakerFailures == 0 {
		return nil
	}
	b := &breaker{most: s.BreakerFailures, pause: s.BreakerPause}
	b.circuit = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:     s.BreakerPause,
		ReadyToTrip: func(c gobreaker.Counts) bool { return int64(c.ConsecutiveFailures) >= int64(s.BreakerFailures) },
		IsExcluded:  func(err error) bool { return errors.Is(err, errNoEvidence) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			b.changes(to, s.Metrics, s.Logger)
		},
	})
	return b
}

var (
	errNoAnswer   = errors.New("no answer")
	errNoEvidence = errors.New("neither an answer nor none")
)

// changes notes a new state. It is called under the lock of the circuit.
func (b *breaker) changes(to gobreaker.State, metrics *telemetry.Metrics, log *slog.Logger) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch to {
	case gobreaker.StateOpen:
		b.until = time.Now().Add(b.pause)
		log.Warn("infrahub_breaker", "state", to.String(), "failures_in_a_row", b.most, "pause", b.pause, "last", b.last)
	case gobreaker.StateHalfOpen, gobreaker.StateClosed:
		log.Info("infrahub_breaker", "state", to.String())
	}
	metrics.UpstreamPauses(to != gobreaker.StateClosed)
}

// refuses returns the error for a request that would not be sent now, nil for one
// that may be.
func (b *breaker) refuses() *Error {
	if b == nil || b.circuit.State() != gobreaker.StateOpen {
		return nil
	}
	return b.paused()
}

// allows lets a request through, or returns the error for it. What became of it
// is to be reported, with the context of its caller.
func (b *breaker) allows() (report func(context.Context, outcome), refused *Error) {
	if b == nil {
		return func(context.Context, outcome) {}, nil
	}
	done, err := b.circuit.Allow()
	if err != nil {
		return nil, b.paused()
	}
	return func(ctx context.Context, o outcome) {
		err := evidence(ctx, o)
		if errors.Is(err, errNoAnswer) {
			b.note(o)
		}
		done(err)
	}, nil
}

// note remembers a failure, without a word that was said to its caller.
func (b *breaker) note(o outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.err != nil {
		b.last = o.err.Message
		return
	}
	b.last = fmt.Sprintf("HTTP %d %s.", o.status, http.StatusText(o.status))
}

// paused is the error for a request that is not sent.
func (b *breaker) paused() *Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	// The one request that is sent to see may take longer.
	wait := max(time.Until(b.until), time.Second).Round(time.Second)
	return &Error{
		Kind:       Unreachable,
		Message:    fmt.Sprintf("Infrahub did not answer %d times in a row, so it is not asked for %s; the last time: %s", b.most, wait, b.last),
		RetryAfter: wait,
		cause:      errPaused,
	}
}

// errPaused is the cause of the error for a request that was not sent because
// Infrahub did not answer others.
var errPaused = errors.New("requests to Infrahub are paused")

// evidence says what an attempt tells of Infrahub: nil that it answers.
func evidence(ctx context.Context, o outcome) error {
	switch {
	case ctx.Err() != nil, o.stale, o.err != nil && o.err.Kind == Invalid:
		return errNoEvidence
	case o.err != nil && (o.err.Kind == Unreachable || o.err.Kind == Timeout),
		o.err == nil && unavailable(o.status):
		return errNoAnswer
	}
	return nil
}

// unavailable reports whether a status says that there is no Infrahub to answer.
func unavailable(status int) bool {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

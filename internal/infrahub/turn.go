package infrahub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"infrahub-mcp/internal/fairqueue"
	"infrahub-mcp/internal/telemetry"
)

// turns says which requests go to Infrahub, and when: those of an Infrahub that
// answers, a few at a time, those of all principals in turns. A slot is held for
// one attempt, and nothing that holds one waits for another: not for a login, a
// schema or a further attempt.
type turns struct {
	queue   *fairqueue.Queue // nil: any number at a time
	breaker *breaker         // nil: Infrahub is asked whatever it did before
	wait    time.Duration
	metrics *telemetry.Metrics
}

const (
	// maxWaiting bounds the requests that wait, some 500 bytes each beside what
	// their callers hold.
	maxWaiting = 10_000
	// comeAgain is what a caller is told who waited for nothing.
	comeAgain = 5 * time.Second
)

// newTurns returns the rules that the settings ask for.
func newTurns(s Settings) *turns {
	t := &turns{breaker: newBreaker(s), wait: s.QueueTimeout, metrics: s.Metrics}
	if s.MaxConcurrent > 0 {
		t.queue = fairqueue.New(fairqueue.Options{Slots: s.MaxConcurrent, Waiting: maxWaiting, Patience: s.QueueTimeout})
	}
	return t
}

// take waits until a request may be sent. The function returned is to be called
// with what became of it. The error says why it may not be sent.
func (t *turns) take(ctx context.Context, lane string) (done func(outcome), refused *Error) {
	// Who cannot be helped is not kept waiting.
	if paused := t.breaker.refuses(); paused != nil {
		t.metrics.PutOff(telemetry.PauseLimit)
		return nil, paused
	}
	if busy := t.queued(ctx, lane); busy != nil {
		return nil, busy
	}
	report, refused := t.breaker.allows()
	if refused != nil {
		t.release()
		t.metrics.PutOff(telemetry.PauseLimit)
		return nil, refused
	}
	return func(o outcome) {
		t.release()
		report(ctx, o)
	}, nil
}

// queued waits for a slot.
func (t *turns) queued(ctx context.Context, lane string) *Error {
	if t.queue == nil {
		if ctx.Err() != nil {
			return gaveUp(ctx)
		}
		return nil
	}
	if ctx.Err() == nil && t.queue.Try() {
		return nil
	}
	end := t.metrics.QueueBegins()
	err := t.queue.Wait(ctx, lane)
	end()
	var message string
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fairqueue.ErrFull):
		message = "This server is busy: too many requests wait for their turn to be sent to Infrahub."
	case errors.Is(err, fairqueue.ErrLate):
		message = fmt.Sprintf("This server is busy: the request waited for %s for its turn to be sent to Infrahub.", t.wait)
	default:
		return gaveUp(ctx)
	}
	t.metrics.PutOff(telemetry.QueueLimit)
	return &Error{Kind: Overloaded, Message: message, RetryAfter: comeAgain, cause: err}
}

func (t *turns) release() {
	if t.queue != nil {
		t.queue.Release()
	}
}

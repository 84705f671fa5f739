package call

import (
	"context"
	"time"
)

// FinishLimit is how long a change under way goes on for a client that no longer
// waits.
const FinishLimit = 10 * time.Second

// Finish is for a request that changes data. It returns a context that goes on for
// ten seconds when ctx is cancelled, so that the outcome is known, and has the
// call answered with it: a client that cancels a write, or loses its connection,
// would else not know whether the write was applied. The function must be called
// after the request.
func (c *Call) Finish(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.Commit != nil {
		c.Commit()
	}
	var done context.CancelFunc
	finishing := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		finishing, done = context.WithDeadline(finishing, deadline)
	} else {
		finishing, done = context.WithCancel(finishing)
	}
	forget := context.AfterFunc(ctx, func() { time.AfterFunc(FinishLimit, done) })
	return finishing, func() {
		forget()
		done()
	}
}

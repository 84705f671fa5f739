package server

import (
	"context"
	"net/http"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/protocol"
)

// end ends a server that was told to: it is not ready any more, goes on for the
// delay, takes no new connection and ends the streams that wait for news, lets the
// calls in progress end within the timeout, and cancels those that do not.
func (a *app) end(ctx context.Context, server *http.Server, mcp *protocol.HTTP, delay, timeout time.Duration) error {
	a.ending.Store(true)
	a.logger.Info("stopping", "delay", delay, "timeout", timeout)
	if delay > 0 {
		time.Sleep(delay)
	}
	if within(ctx, timeout, server.Shutdown) == nil {
		return nil
	}
	a.logger.Warn("calls did not end in time and are cancelled", "timeout", timeout)
	mcp.Stop()
	if within(ctx, cancelledLimit, server.Shutdown) == nil {
		return nil
	}
	return ignoreClosed(server.Close())
}

// cancelledLimit is how long cancelled calls have to end: that of a write under way,
// and the time to answer.
const cancelledLimit = call.FinishLimit + 2*time.Second

// within calls a function with a context that lasts so long.
func within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return do(ctx)
}

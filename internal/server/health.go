package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"infrahub-mcp/internal/auth"
)

// routeProbes routes what load balancers and containers ask, which needs no
// credential. The two that ask Infrahub share its answer.
func (a *app) routeProbes(mux *http.ServeMux) {
	infrahub := &probe{ask: func(ctx context.Context) error {
		_, err := a.upstream.Client(a.own.Identity().Credential).Probe().REST(ctx, "/api/info", nil)
		if err != nil {
			a.logger.WarnContext(ctx, "health check failed", "error", err)
		}
		return err
	}}
	mux.HandleFunc("GET /health", a.health(infrahub))
	mux.HandleFunc("GET /health/live", live)
	mux.HandleFunc("GET /health/ready", a.ready(infrahub))
}

// health tells whether Infrahub answers to this server's credential. In the
// passthrough modes the server has none and tells only that it runs.
func (a *app) health(infrahub *probe) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if a.passesThrough() {
			writeJSON(w, http.StatusOK, map[string]string{"status": "healthy", "auth_mode": string(a.mode)})
			return
		}
		if err := infrahub.result(r.Context()); err != nil {
			writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "unhealthy", "reason": err.Error()})
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
	}
}

// live tells that the process runs and answers. Nothing that restarting it could not
// mend makes it say otherwise.
func live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
}

// ready tells whether this server should be sent requests: not when it is about to
// end, nor while Infrahub does not answer to its credential. The identity provider
// and the shared store are not asked: without them, who is logged in goes on.
func (a *app) ready(infrahub *probe) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reason := ""
		if a.ending.Load() {
			reason = "The server shuts down."
		} else if !a.passesThrough() {
			if err := infrahub.result(r.Context()); err != nil {
				reason = err.Error()
			}
		}
		if reason != "" {
			writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": reason})
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
	}
}

// passesThrough reports whether each request brings the credential for Infrahub.
func (a *app) passesThrough() bool { return a.mode == auth.ModeToken || a.mode == auth.ModeBasic }

const (
	probeLimit = 5 * time.Second // for one question
	probeLife  = time.Second     // of its answer
)

// probe asks a question for everyone who wants to know: those who come while it
// is being asked, and for a while after, share the answer. Anybody may ask for
// the health of the server, and must not be able to flood Infrahub so.
type probe struct {
	ask     func(context.Context) error
	flights singleflight.Group

	mu    sync.Mutex
	last  error
	until time.Time // last is good before
}

// result returns what ask last returned, or the error of ctx if that ends first.
func (p *probe) result(ctx context.Context) error {
	if fresh, err := p.known(); fresh {
		return err
	}
	flight := p.flights.DoChan("", func() (any, error) {
		if fresh, err := p.known(); fresh { // learned by the one before, which just ended
			return nil, err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeLimit)
		defer cancel()
		err := p.ask(ctx)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.last, p.until = err, time.Now().Add(probeLife)
		return nil, err
	})
	select {
	case answer := <-flight:
		return answer.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// known returns the last answer and whether it is still good.
func (p *probe) known() (fresh bool, last error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.until), p.last
}

package protocol

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"infrahub-mcp/internal/state"
)

// subscribed are what a session has subscribed to: the version of each resource
// that the client knows, by URI.
type subscribed map[string]string

// subscriptions returns those of a session. ok is false when nobody can say.
func (r *replicas) subscriptions(ctx context.Context, session string) (all subscribed, ok bool) {
	if r == nil {
		return nil, false
	}
	err := r.shared.Do(ctx, func(ctx context.Context, c *redis.Client) (err error) {
		all, err = c.HGetAll(ctx, state.Key("subscribed", session)).Result()
		return err
	})
	return all, err == nil
}

// subscribe keeps what a session knows of a resource.
func (r *replicas) subscribe(ctx context.Context, session, uri, version string) {
	if r == nil || session == "" {
		return
	}
	key := state.Key("subscribed", session)
	_ = r.shared.Do(ctx, func(ctx context.Context, c *redis.Client) error { // else it holds here alone
		_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.HSet(ctx, key, uri, version)
			p.Expire(ctx, key, r.life)
			return nil
		})
		return err
	})
}

// unsubscribe forgets what a session knows of a resource, and of all without one.
func (r *replicas) unsubscribe(ctx context.Context, session string, uri string) {
	if r == nil {
		return
	}
	key := state.Key("subscribed", session)
	_ = r.shared.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		if uri == "" {
			return c.Del(ctx, key).Err()
		}
		return c.HDel(ctx, key, uri).Err()
	})
}

// saving bounds the keeping of a version, which no request waits for.
const saving = 2 * time.Second

// catchUp gives the subscriber of a session what the session subscribed to at other
// replicas, and what it was told there. ctx is that of its stream.
func (h *HTTP) catchUp(ctx context.Context, session string, s *subscriber) {
	all, ok := h.replicas.subscriptions(ctx, session)
	if !ok {
		return
	}
	missing := s.match(all)
	for _, uri := range missing {
		w, _, err := h.server.watched(ctx, Origin{Session: session}, uri)
		if err != nil {
			continue // it may be possible on the next stream
		}
		w.version = all[uri]
		_ = s.add(uri, w, true) // there are never more than at the replica that took them
	}
}

// resubscribe looks what a session has subscribed to, if its stream is here.
func (h *HTTP) resubscribe(session string) {
	s, ok := h.subscribers.peek(session)
	if !ok {
		return
	}
	if ctx := s.listening(); ctx != nil {
		h.catchUp(ctx, session, s)
	}
}

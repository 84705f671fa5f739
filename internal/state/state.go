// Package state is the connection to the Redis or Valkey in which the replicas of
// this server keep what any of them has to know.
//
// Redis may be slow or away at any time. No command takes longer than a second.
// After one that failed, commands fail at once until Redis serves again, which is
// looked for in the background: so a Redis that hangs delays a call once, and not
// with each command. What to do without it is for each user of this package.
package state

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"infrahub-mcp/internal/telemetry"
)

// Redis is a Redis 7.0 or newer, or a Valkey, alone or watched by sentinels, no
// cluster. It is safe for concurrent use.
//
// The library writes about connections that fail to standard error, unless the
// program switches that off, for the whole process, with
// [github.com/redis/go-redis/v9/logging.Disable].
type Redis struct {
	client  *redis.Client
	logger  *slog.Logger
	metrics *telemetry.Metrics
	keys    atomic.Pointer[keyring]
	take    *redis.Script
	self    string // tells the messages of this replica from those of others

	away atomic.Bool

	mu       sync.Mutex
	returned []func(context.Context)
}

// Settings are what a connection needs.
type Settings struct {
	// Address is redis://user:password@host:6379/0, rediss:// for TLS, or
	// unix:///path; valkey:// and valkeys:// are the same as the first two. With the
	// parameter master_name it is the address of a sentinel, further ones in
	// parameters addr.
	Address string
	// Keys are the same 32 bytes each for all replicas, newest first.
	Keys [][]byte
	// Metrics may be nil.
	Metrics *telemetry.Metrics
	Logger  *slog.Logger
}

// Prefix is what the names of all keys begin with.
const Prefix = "infrahub-mcp:"

const (
	// commandLimit is how long Redis has to answer, dialing included.
	commandLimit = time.Second
	// bulkLimit is that for what is large.
	bulkLimit = 5 * time.Second
	// probeInterval is how often Redis is asked whether it serves.
	probeInterval = 500 * time.Millisecond
	// probeLife is that of the key by which it is asked.
	probeLife = time.Minute
)

// ErrAway says that Redis does not serve, so that nothing is known of what it
// holds. What was to be written may have been written.
var ErrAway = errors.New("the shared state store does not answer")

// New returns a connection, for which nobody was asked yet. The errors never hold
// the password. Call [Redis.Close] at the end.
func New(s Settings) (*Redis, error) {
	client, err := newClient(s.Address)
	if err != nil {
		return nil, err
	}
	r := &Redis{client: client, logger: s.Logger, metrics: s.Metrics, take: redis.NewScript(takeScript), self: rand.Text()}
	if err := r.Replace(s.Keys...); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	r.metrics.StateStore(true)
	return r, nil
}

// Close ends the connections. Call it once.
func (r *Redis) Close() error { return r.client.Close() }

// Run asks Redis again and again whether it serves, until ctx ends.
func (r *Redis) Run(ctx context.Context) {
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = r.Probe(ctx) // what there is to say of it is logged
		}
	}
}

// Probe asks Redis whether it serves now: whether something can be written, for a
// replica or a full one can only be read.
func (r *Redis) Probe(ctx context.Context) error {
	err := r.do(ctx, commandLimit, func(ctx context.Context, c *redis.Client) error {
		return c.Set(ctx, Prefix+"alive", "", probeLife).Err()
	})
	if err != nil || !r.away.CompareAndSwap(true, false) {
		return err
	}
	r.metrics.StateStore(true)
	r.logger.InfoContext(ctx, "state store answers again")
	r.mu.Lock()
	returned := r.returned
	r.mu.Unlock()
	for _, f := range returned {
		f(ctx)
	}
	return nil
}

// OnReturn has a function called whenever Redis serves again after it did not, so
// that it can be told what it missed.
func (r *Redis) OnReturn(f func(context.Context)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.returned = append(r.returned, f)
}

// Do runs commands, which have a second in all. Its error is an [ErrAway] when
// Redis does not serve, [redis.Nil] where a command says so, and else what Redis
// said or that of ctx.
func (r *Redis) Do(ctx context.Context, commands func(context.Context, *redis.Client) error) error {
	if r.away.Load() {
		return ErrAway
	}
	return r.do(ctx, commandLimit, commands)
}

// Bulk is Do for what is large and no call of a client waits for: it has five seconds.
func (r *Redis) Bulk(ctx context.Context, commands func(context.Context, *redis.Client) error) error {
	if r.away.Load() {
		return ErrAway
	}
	return r.do(ctx, bulkLimit, commands)
}

func (r *Redis) do(ctx context.Context, limit time.Duration, commands func(context.Context, *redis.Client) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := commands(limited, r.client)
	// Who gives up waiting says nothing about Redis.
	if err == nil || errors.Is(err, redis.Nil) || ctx.Err() != nil || served(err) {
		return err
	}
	if r.away.CompareAndSwap(false, true) {
		r.metrics.StateStore(false)
		r.logger.WarnContext(ctx, "state store does not answer: session branches have to be named, and what may be used only once is refused, until it does", "error", err)
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

// served reports whether an error is that of a Redis that serves, and refused a
// command for what it is. The other errors that Redis answers with say that it
// cannot do what it is there for: LOADING, READONLY, MISCONF, OOM and their like.
func served(err error) bool {
	refused, ok := errors.AsType[redis.Error](err)
	return ok && (strings.HasPrefix(refused.Error(), "WRONGTYPE ") || strings.HasPrefix(refused.Error(), "ERR "))
}

// Set keeps a value for a time.
func (r *Redis) Set(ctx context.Context, key, value string, life time.Duration) error {
	return r.Do(ctx, func(ctx context.Context, c *redis.Client) error { return c.Set(ctx, key, value, life).Err() })
}

// Get returns a value; ok is false when there is none.
func (r *Redis) Get(ctx context.Context, key string) (value string, ok bool, err error) {
	err = r.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		value, err = c.Get(ctx, key).Result()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	return value, err == nil, err
}

// SetFirst keeps a value for a time unless the key has one, and returns the one
// that it has then. Of many that do so at once, one is the first.
func (r *Redis) SetFirst(ctx context.Context, key, value string, life time.Duration) (has string, err error) {
	err = r.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		has, err = c.SetArgs(ctx, key, value, redis.SetArgs{Mode: "NX", Get: true, TTL: life}).Result()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return value, nil
	}
	return has, err
}

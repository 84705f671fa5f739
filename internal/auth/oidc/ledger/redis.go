package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"infrahub-mcp/internal/state"
)

// Redis is a [Store] that all replicas share which use the same database. Marks and values are only there;
// revocations are here too, and those that are known here stay known while Redis
// is away. What Redis lost, or never got, it is given again.
type Redis struct {
	now     func() time.Time
	shared  *state.Redis
	revoked revocations
	// read is the change of the set of revocations that was read last, "" to
	// read it in any case.
	read  atomic.Pointer[string]
	close func()
}

// The keys in Redis.
const (
	prefixMark = state.Prefix + "mark:"
	prefixKept = state.Prefix + "kept:"
	// keyRevoked is a sorted set: what is revoked, by the time until when, in
	// milliseconds since 1970.
	keyRevoked = state.Prefix + "revoked"
	// keyChange is a random text, another one after each change of the set, so
	// that the set need be read only then.
	keyChange = state.Prefix + "revoked:change"
)

const pollInterval = 2 * time.Second

// NewRedis returns a Redis that knows what is revoked, after one look at it; ctx
// is for that look. Call [Redis.Close] at the end, before that of the connection.
func NewRedis(ctx context.Context, shared *state.Redis) (*Redis, error) {
	r, err := newRedis(ctx, shared, time.Now)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(pollInterval)
	r.start(ticker.C, ticker.Stop)
	return r, nil
}

func newRedis(ctx context.Context, shared *state.Redis, now func() time.Time) (*Redis, error) {
	r := &Redis{now: now, shared: shared}
	r.forget()
	if err := r.poll(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// start polls at each tick, until Close.
func (r *Redis) start(ticks <-chan time.Time, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.follow(ctx, ticks)
	}()
	r.close = func() {
		stop()
		cancel()
		<-ended
	}
}

// Close ends the polling. Call it once.
func (r *Redis) Close() { r.close() }

// follow keeps up with what other replicas revoke, until ctx ends.
func (r *Redis) follow(ctx context.Context, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			_ = r.poll(ctx) // that the store does not answer is logged there
		}
	}
}

// poll reads the revocations if they changed, and writes those that are known
// only here.
func (r *Redis) poll(ctx context.Context) error {
	var change string
	before := r.read.Load()
	there := map[string]time.Time{}
	err := r.shared.Bulk(ctx, func(ctx context.Context, c *redis.Client) error {
		var err error
		if change, err = c.Get(ctx, keyChange).Result(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		// First the change and then the set: what comes between is read next time.
		if change != "" && change == *before {
			return nil
		}
		entries, err := c.ZRangeWithScores(ctx, keyRevoked, -maxRevocations, -1).Result()
		for _, e := range entries {
			if key, ok := e.Member.(string); ok {
				there[key] = time.UnixMilli(int64(e.Score))
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading from Redis what is revoked: %w", err)
	}
	if change != "" && change == *before {
		return nil
	}
	now := r.now()
	r.revoked.add(now, there)
	missing := make(map[string]time.Time)
	for key, until := range r.revoked.known() {
		if until.After(there[key]) {
			missing[key] = until
		}
	}
	if len(missing) > 0 {
		return r.write(ctx, r.shared.Bulk, now, missing)
	}
	// Not if it was forgotten meanwhile.
	r.read.CompareAndSwap(before, &change)
	return nil
}

// forget makes the next poll read the set.
func (r *Redis) forget() { r.read.Store(new(string)) }

// runner is a way to run commands, within one time limit or another.
type runner = func(context.Context, func(context.Context, *redis.Client) error) error

// write adds revocations to the set and removes what has ended or is too much.
func (r *Redis) write(ctx context.Context, run runner, now time.Time, more map[string]time.Time) error {
	var entries []redis.Z
	for key, until := range more {
		entries = append(entries, redis.Z{Member: key, Score: float64(until.UnixMilli())})
	}
	err := run(ctx, func(ctx context.Context, c *redis.Client) error {
		_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.ZAddGT(ctx, keyRevoked, entries...)
			p.ZRemRangeByScore(ctx, keyRevoked, "-inf", strconv.FormatInt(now.UnixMilli(), 10))
			p.ZRemRangeByRank(ctx, keyRevoked, 0, -maxRevocations-1)
			p.Set(ctx, keyChange, rand.Text(), 0)
			return nil
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("writing to Redis what is revoked: %w", err)
	}
	return nil
}

// Mark implements [Store].
func (r *Redis) Mark(ctx context.Context, key string, life time.Duration) (first bool, at time.Time, err error) {
	// A command is repeated when its answer is lost. The random part tells the
	// mark of the first try from that of somebody else.
	mark := strconv.FormatInt(r.now().UnixMilli(), 10) + " " + rand.Text()
	found, err := r.shared.SetFirst(ctx, prefixMark+key, mark, max(life, minLife))
	if err != nil {
		return false, time.Time{}, fmt.Errorf("marking something as used in Redis: %w", err)
	}
	text, _, _ := strings.Cut(found, " ")
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false, time.Time{}, errors.New("marking something as used in Redis: something else is there")
	}
	return found == mark, time.UnixMilli(milliseconds), nil
}

// Marked implements [Store].
func (r *Redis) Marked(ctx context.Context, key string) (bool, error) {
	_, marked, err := r.shared.Get(ctx, prefixMark+key)
	if err != nil {
		return false, fmt.Errorf("looking in Redis whether something was used: %w", err)
	}
	return marked, nil
}

// Keep implements [Store].
func (r *Redis) Keep(ctx context.Context, key, value string, life time.Duration) error {
	if len(value) > maxValue {
		return errTooLarge
	}
	if err := r.shared.Set(ctx, prefixKept+key, value, max(life, minLife)); err != nil {
		return fmt.Errorf("keeping a value in Redis: %w", err)
	}
	return nil
}

// Kept implements [Store].
func (r *Redis) Kept(ctx context.Context, key string) (value string, ok bool, err error) {
	value, ok, err = r.shared.Get(ctx, prefixKept+key)
	if err != nil {
		return "", false, fmt.Errorf("reading a value from Redis: %w", err)
	}
	return value, ok, nil
}

// Revoke implements [Store]. What Redis does not get now, it gets when it answers
// again.
func (r *Redis) Revoke(ctx context.Context, key string, life time.Duration) error {
	now := r.now()
	// To the millisecond, as Redis has it.
	one := map[string]time.Time{key: time.UnixMilli(now.Add(max(life, minLife)).UnixMilli())}
	r.revoked.add(now, one)
	err := r.write(ctx, r.shared.Do, now, one)
	if err != nil {
		r.forget()
	}
	return err
}

// Revoked implements [Store].
func (r *Redis) Revoked(key string) bool { return r.revoked.has(key, r.now()) }

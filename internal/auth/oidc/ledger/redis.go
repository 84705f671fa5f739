package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Redis is a [Store] in Redis 7.0 or newer, or in Valkey, no cluster, shared by
// all replicas that use the same database. Marks and values are only there;
// revocations are here too, and those that are known here stay known while Redis
// is away. What Redis lost, or never got, it is given again.
type Redis struct {
	now     func() time.Time
	logger  *slog.Logger
	client  *redis.Client
	revoked revocations
	// read is the change of the set of revocations that was read last, "" to
	// read it in any case.
	read  atomic.Pointer[string]
	close func() error
}

// The keys in Redis.
const (
	prefix     = "infrahub-mcp:"
	prefixMark = prefix + "mark:"
	prefixKept = prefix + "kept:"
	// keyRevoked is a sorted set: what is revoked, by the time until when, in
	// milliseconds since 1970.
	keyRevoked = prefix + "revoked"
	// keyChange is a random text, another one after each change of the set, so
	// that the set need be read only then.
	keyChange = prefix + "revoked:change"
)

const (
	pollInterval = 2 * time.Second
	// commandLimit is how long Redis has to answer, dialing included.
	commandLimit = 3 * time.Second
)

// NewRedis returns a Redis that knows what is revoked, after one look at it; ctx
// is for that look. The address is redis://user:password@host:6379/0, rediss://
// for TLS, or unix:///path; valkey:// and valkeys:// are the same as the first
// two. The errors never hold the password. Call [Redis.Close] at the end.
//
// The library writes about connections that fail to standard error, unless the
// program switches that off, for the whole process, with
// [github.com/redis/go-redis/v9/logging.Disable].
func NewRedis(ctx context.Context, address string, logger *slog.Logger) (*Redis, error) {
	r, err := newRedis(ctx, address, logger, time.Now)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(pollInterval)
	r.start(ticker.C, ticker.Stop)
	return r, nil
}

func newRedis(ctx context.Context, address string, logger *slog.Logger, now func() time.Time) (*Redis, error) {
	options, err := parse(address)
	if err != nil {
		return nil, err
	}
	r := &Redis{now: now, logger: logger, client: redis.NewClient(options)}
	r.forget()
	if err := r.poll(ctx); err != nil {
		_ = r.client.Close() // that it cannot be reached is known already
		return nil, err
	}
	return r, nil
}

// parse reads the address of Redis.
func parse(address string) (*redis.Options, error) {
	// The reasons of the parsers may quote the password.
	fault := errors.New("the address of Redis or Valkey has to be like redis://user:password@host:6379/0, rediss:// for TLS, or unix:///path")
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault
	}
	switch u.Scheme {
	case "valkey":
		u.Scheme = "redis"
	case "valkeys":
		u.Scheme = "rediss"
	}
	options, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, fault
	}
	// Whoever waits for an answer would rather hear soon that there is none.
	options.ContextTimeoutEnabled = true
	options.DialerRetries = 1
	if options.MaxRetries == 0 { // not in the address
		options.MaxRetries = 1
	}
	// Neither is known to all servers, and neither is of use here.
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}

// start polls at each tick, until Close.
func (r *Redis) start(ticks <-chan time.Time, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.follow(ctx, ticks)
	}()
	r.close = func() error {
		stop()
		cancel()
		<-ended
		return r.client.Close()
	}
}

// Close ends the polling and the connections. Call it once.
func (r *Redis) Close() error { return r.close() }

// follow keeps up with what other replicas revoke, until ctx ends.
func (r *Redis) follow(ctx context.Context, ticks <-chan time.Time) {
	away := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		err := r.poll(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !away:
			r.logger.WarnContext(ctx, "state store does not answer, logins fail until it does", "error", err)
		case err == nil && away:
			r.logger.InfoContext(ctx, "state store answers again")
		}
		away = err != nil
	}
}

// poll reads the revocations if they changed, and writes those that are known
// only here.
func (r *Redis) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	change, err := r.client.Get(ctx, keyChange).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("reading from Redis whether something was revoked: %w", err)
	}
	// First the change and then the set: what comes between is read next time.
	before := r.read.Load()
	if change != "" && change == *before {
		return nil
	}
	entries, err := r.client.ZRangeWithScores(ctx, keyRevoked, -maxRevocations, -1).Result()
	if err != nil {
		return fmt.Errorf("reading from Redis what is revoked: %w", err)
	}
	there := make(map[string]time.Time, len(entries))
	for _, e := range entries {
		if key, ok := e.Member.(string); ok {
			there[key] = time.UnixMilli(int64(e.Score))
		}
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
		return r.write(ctx, now, missing)
	}
	// Not if it was forgotten meanwhile.
	r.read.CompareAndSwap(before, &change)
	return nil
}

// forget makes the next poll read the set.
func (r *Redis) forget() { r.read.Store(new(string)) }

// write adds revocations to the set and removes what has ended or is too much.
func (r *Redis) write(ctx context.Context, now time.Time, more map[string]time.Time) error {
	var entries []redis.Z
	for key, until := range more {
		entries = append(entries, redis.Z{Member: key, Score: float64(until.UnixMilli())})
	}
	_, err := r.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.ZAddGT(ctx, keyRevoked, entries...)
		p.ZRemRangeByScore(ctx, keyRevoked, "-inf", strconv.FormatInt(now.UnixMilli(), 10))
		p.ZRemRangeByRank(ctx, keyRevoked, 0, -maxRevocations-1)
		p.Set(ctx, keyChange, rand.Text(), 0)
		return nil
	})
	if err != nil {
		return fmt.Errorf("writing to Redis what is revoked: %w", err)
	}
	return nil
}

// Mark implements [Store].
func (r *Redis) Mark(ctx context.Context, key string, life time.Duration) (first bool, at time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	// A command is repeated when its answer is lost. The random part tells the
	// mark of the first try from that of somebody else.
	now := strconv.FormatInt(r.now().UnixMilli(), 10)
	mark := now + " " + rand.Text()
	found, err := r.client.SetArgs(ctx, prefixMark+key, mark, redis.SetArgs{Mode: "NX", Get: true, TTL: max(life, minLife)}).Result()
	switch {
	case errors.Is(err, redis.Nil) || err == nil && found == mark:
		first, found = true, mark
	case err != nil:
		return false, time.Time{}, fmt.Errorf("marking something as used in Redis: %w", err)
	}
	text, _, _ := strings.Cut(found, " ")
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false, time.Time{}, errors.New("marking something as used in Redis: something else is there")
	}
	return first, time.UnixMilli(milliseconds), nil
}

// Marked implements [Store].
func (r *Redis) Marked(ctx context.Context, key string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	n, err := r.client.Exists(ctx, prefixMark+key).Result()
	if err != nil {
		return false, fmt.Errorf("looking in Redis whether something was used: %w", err)
	}
	return n > 0, nil
}

// Keep implements [Store].
func (r *Redis) Keep(ctx context.Context, key, value string, life time.Duration) error {
	if len(value) > maxValue {
		return errTooLarge
	}
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	if err := r.client.Set(ctx, prefixKept+key, value, max(life, minLife)).Err(); err != nil {
		return fmt.Errorf("keeping a value in Redis: %w", err)
	}
	return nil
}

// Kept implements [Store].
func (r *Redis) Kept(ctx context.Context, key string) (value string, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	value, err = r.client.Get(ctx, prefixKept+key).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("reading a value from Redis: %w", err)
	}
	return value, true, nil
}

// Revoke implements [Store]. What Redis does not get now, it gets when it answers
// again.
func (r *Redis) Revoke(ctx context.Context, key string, life time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	now := r.now()
	// To the millisecond, as Redis has it.
	one := map[string]time.Time{key: time.UnixMilli(now.Add(max(life, minLife)).UnixMilli())}
	r.revoked.add(now, one)
	err := r.write(ctx, now, one)
	if err != nil {
		r.forget()
	}
	return err
}

// Revoked implements [Store].
func (r *Redis) Revoked(key string) bool { return r.revoked.has(key, r.now()) }

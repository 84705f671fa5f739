package branch

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"infrahub-mcp/internal/state"
)

// Redis is a Store that all replicas share. Nothing of it is remembered here, so
// that what one replica changes holds for all at once.
type Redis struct {
	shared *state.Redis
	life   time.Duration
	swap   *redis.Script
	renew  *redis.Script
	unlock *redis.Script
}

const (
	// lockLife is how long a lock outlives the replica that holds it.
	lockLife = 10 * time.Second
	// lockPause is between two looks whether a lock is free.
	lockPause = 100 * time.Millisecond
)

// The scripts return what holds when they are done, so that each can run again
// when its answer is lost. No value is "".
const (
	swapScript = `
local have = redis.call('GET', KEYS[1]) or ''
if have ~= ARGV[1] then return have end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return ARGV[2]`
	renewScript  = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`
	unlockScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`
)

// NewRedis returns a Store that keeps each handle for a time after its last use.
func NewRedis(shared *state.Redis, life time.Duration) *Redis {
	return &Redis{
		shared: shared, life: life,
		swap: redis.NewScript(swapScript), renew: redis.NewScript(renewScript), unlock: redis.NewScript(unlockScript),
	}
}

// Get implements Store.
func (r *Redis) Get(ctx context.Context, key string) (handle Handle, err error) {
	var text string
	err = r.shared.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		text, err = c.GetEx(ctx, state.Key("branch", key), r.life).Result()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return Handle{}, nil
	}
	if err != nil {
		return Handle{}, failed(ctx, err)
	}
	return decode(text)
}

// Swap implements Store.
func (r *Redis) Swap(ctx context.Context, key string, old, next Handle) (Handle, error) {
	var text string
	err := r.shared.Do(ctx, func(ctx context.Context, c *redis.Client) (err error) {
		text, err = r.swap.Run(ctx, c, []string{state.Key("branch", key)}, encode(old), encode(next), r.life.Milliseconds()).Text()
		return err
	})
	if err != nil {
		return Handle{}, failed(ctx, err)
	}
	return decode(text)
}

// Lock implements Store. The lock is renewed while it is held. It only keeps others
// from doing the same work: what the work comes to is put in place by a Swap, which
// fails for who lost the lock and came too late.
func (r *Redis) Lock(ctx context.Context, key string) (unlock func(), err error) {
	name, token := state.Key("lock", key), rand.Text()
	for {
		has, err := r.shared.SetFirst(ctx, name, token, lockLife)
		if err != nil {
			return nil, failed(ctx, err)
		}
		if has == token {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPause):
		}
	}
	held, release := context.WithCancel(context.WithoutCancel(ctx))
	var renewing sync.WaitGroup
	renewing.Go(func() {
		ticker := time.NewTicker(lockLife / 4)
		defer ticker.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-ticker.C:
				_ = r.run(held, r.renew, name, token, lockLife.Milliseconds()) // it is tried again, or lost
			}
		}
	})
	return func() {
		release()
		renewing.Wait()
		_ = r.run(context.WithoutCancel(ctx), r.unlock, name, token) // else it ends by itself
	}, nil
}

// run runs a script whose answer does not matter.
func (r *Redis) run(ctx context.Context, script *redis.Script, key string, arguments ...any) error {
	return r.shared.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		return script.Run(ctx, c, []string{key}, arguments...).Err()
	})
}

// failed is the error of a store for one of the connection.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

// encode writes a handle, always in the same way, and none as "".
func encode(h Handle) string {
	if h == (Handle{}) {
		return ""
	}
	text, err := json.Marshal(h)
	if err != nil {
		panic(err) // not for strings
	}
	return string(text)
}

func decode(text string) (handle Handle, err error) {
	if text == "" {
		return Handle{}, nil
	}
	if err := json.Unmarshal([]byte(text), &handle); err != nil {
		return Handle{}, fmt.Errorf("%w: reading what it holds: %w", ErrAway, err)
	}
	return handle, nil
}

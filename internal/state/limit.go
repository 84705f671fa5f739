package state

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// takeScript is the generic cell rate algorithm (ITU-T I.371, the virtual
// scheduling form of a token bucket). All that is kept is when the bucket will be
// full again, on the clock of Redis, until then.
//
// ARGV: the time that one token takes to come back, and that of a full bucket, in
// microseconds. The answer is 0 for a token, or how long there will be none.
const takeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each, all = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + each
local wait = full - now - all
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.max(1, math.ceil((full - now) / 1000)))
return 0
`

// Take takes a token from the bucket of a name, or returns the time after which
// there is one. A bucket holds burst tokens and gets perSecond more each second.
func (r *Redis) Take(ctx context.Context, name string, perSecond float64, burst int) (wait time.Duration, err error) {
	each := 1e6 / perSecond
	err = r.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		microseconds, err := r.take.Run(ctx, c, []string{name}, each, each*float64(burst)).Int64()
		wait = time.Duration(microseconds) * time.Microsecond
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("counting a request: %w", err)
	}
	return wait, nil
}

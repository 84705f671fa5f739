package replicas_test

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// The times of a disturbance.
const (
	calm   = 2 * time.Second // before each
	outage = 4 * time.Second // of Redis
)

// disturb kills, stops and starts one thing after the other until ctx ends, and
// leaves all of it running.
func (p *place) disturb(ctx context.Context, t *testing.T, tally *tally) {
	t.Helper()
	acts := []func(){
		func() { p.kill(0); tally.kills.Add(1) },
		func() { p.end(t, 1); tally.ends.Add(1) },
		func() { p.kill(2); tally.kills.Add(1) },
		func() { p.redisHangs(tally); tally.hangs.Add(1) },
		func() { p.end(t, 0); tally.ends.Add(1) },
		func() { p.kill(1); tally.kills.Add(1) },
		func() { p.redisStops(tally); tally.stops.Add(1) },
		func() { p.end(t, 2); tally.ends.Add(1) },
	}
	for n := 0; ; n++ {
		select {
		case <-time.After(calm):
			acts[n%len(acts)]()
		case <-ctx.Done():
			return
		}
	}
}

// kill kills a replica in the middle of what it does, and starts it again.
func (p *place) kill(i int) {
	p.replicas[i].Kill()
	p.start(i)
}

// end ends a replica as platforms do, and starts it again.
func (p *place) end(t *testing.T, i int) {
	t.Helper()
	_ = p.replicas[i].Signal(syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if status, err := p.replicas[i].Wait(ctx); err != nil || status != 0 {
		t.Errorf("a replica that was told to end: exit status %d, %v", status, err)
	}
	p.start(i)
}

// redisHangs stops Redis without closing its connections.
func (p *place) redisHangs(tally *tally) {
	defer tally.away()()
	_ = p.redis.command.Process.Signal(syscall.SIGSTOP)
	time.Sleep(outage)
	_ = p.redis.command.Process.Signal(syscall.SIGCONT)
	time.Sleep(calm) // until all replicas have noticed
}

// redisStops ends Redis and starts it again with the same data.
func (p *place) redisStops(tally *tally) {
	defer tally.away()()
	p.redis.stop()
	time.Sleep(outage)
	p.redis.start()
	time.Sleep(calm)
}

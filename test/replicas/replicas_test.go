package replicas_test

import (
	"context"
	"sync"
	"testing"
	"time"
)

// replicas is how many processes of the program there are; sessions and loners how
// many clients of the older and of the newer era.
const (
	replicas = 3
	sessions = 24
	loners   = 12
)

func TestProcessesAndRedisComeAndGoAndNothingIsLost(t *testing.T) {
	p := newPlace(t)
	tally := &tally{}
	ctx, cancel := context.WithTimeout(t.Context(), shared.length)
	defer cancel()
	var load sync.WaitGroup
	for i := range sessions {
		load.Go(func() { newSession(p, tally, i).work(ctx) })
	}
	for i := range loners {
		load.Go(func() { newLoner(p, tally, i).work(ctx) })
	}
	load.Go(func() { p.endings(ctx, tally) })
	p.disturb(ctx, t, tally)
	load.Wait()

	found := p.found(t)
	tally.check(t, found)
	p.behaved(t)
	t.Logf("%d replicas for %s: %s\n%s", replicas, shared.length.Round(time.Second), tally.counts(), found.counts(tally))
}

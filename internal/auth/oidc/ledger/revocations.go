package ledger

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxRevocations is how many revocations are remembered. Beyond it, those that
// would end first are forgotten.
const maxRevocations = 1 << 16

// revocations is what is revoked, and until when. Each change makes a new map,
// so that reading takes no lock: there are many requests for each revocation.
// The zero value is empty.
type revocations struct {
	mu  sync.Mutex // held to change all
	all atomic.Pointer[map[string]time.Time]
}

// known returns a map that nobody changes. Some of it may have ended.
func (r *revocations) known() map[string]time.Time {
	if all := r.all.Load(); all != nil {
		return *all
	}
	return nil
}

func (r *revocations) has(key string, now time.Time) bool {
	return now.Before(r.known()[key])
}

// add remembers more, and forgets what has ended. Of two ends for a key the later
// one counts.
func (r *revocations) add(now time.Time, more map[string]time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make(map[string]time.Time)
	for _, some := range []map[string]time.Time{r.known(), more} {
		for key, until := range some {
			if until.After(now) && until.After(all[key]) {
				all[key] = until
			}
		}
	}
	if excess := len(all) - maxRevocations; excess > 0 {
		first := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
			return cmp.Or(all[a].Compare(all[b]), cmp.Compare(a, b))
		})
		for _, key := range first[:excess] {
			delete(all, key)
		}
	}
	r.all.Store(&all)
}

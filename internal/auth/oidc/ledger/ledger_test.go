package ledger

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

var (
	_ Store = (*Memory)(nil)
	_ Store = (*Redis)(nil)
)

func TestMain(m *testing.M) {
	logging.Disable() // what the library says of dialing that fails on purpose
	goleak.VerifyTestMain(m)
}

// clock is a time that passes only when it is told to.
type clock struct{ passed atomic.Int64 }

var start = time.Date(2026, 9, 1, 12, 0, 0, 123_456_789, time.UTC)

func (c *clock) now() time.Time { return start.Add(time.Duration(c.passed.Load())) }

// fixture is an empty Store and a way to let time pass in it.
type fixture struct {
	Store
	pass func(time.Duration)
}

func fixtures() map[string]func(*testing.T) fixture {
	return map[string]func(*testing.T) fixture{
		"memory": func(*testing.T) fixture {
			c, m := &clock{}, NewMemory()
			m.now = c.now
			return fixture{m, func(d time.Duration) { c.passed.Add(int64(d)) }}
		},
		"Redis": func(t *testing.T) fixture {
			c, server := &clock{}, miniredis.RunT(t)
			r := replica(t, server, c)
			return fixture{r, func(d time.Duration) { c.passed.Add(int64(d)); server.FastForward(d) }}
		},
	}
}

// each runs a test with each implementation.
func each(t *testing.T, test func(t *testing.T, s fixture)) {
	t.Helper()
	for name, newFixture := range fixtures() {
		t.Run(name, func(t *testing.T) { test(t, newFixture(t)) })
	}
}

func mark(t *testing.T, s Store, key string, life time.Duration) (bool, time.Time) {
	t.Helper()
	first, at, err := s.Mark(t.Context(), key, life)
	if err != nil {
		t.Fatal(err)
	}
	return first, at
}

func keep(t *testing.T, s Store, key, value string, life time.Duration) {
	t.Helper()
	if err := s.Keep(t.Context(), key, value, life); err != nil {
		t.Fatal(err)
	}
}

func wantKept(t *testing.T, s Store, key, want string, wantOK bool) {
	t.Helper()
	if value, ok, err := s.Kept(t.Context(), key); value != want || ok != wantOK || err != nil {
		t.Errorf("%s: %q, %t, %v, want %q, %t", key, value, ok, err, want, wantOK)
	}
}

func revoke(t *testing.T, s Store, key string, life time.Duration) {
	t.Helper()
	if err := s.Revoke(t.Context(), key, life); err != nil {
		t.Fatal(err)
	}
}

func wantRevoked(t *testing.T, s Store, key string, want bool) {
	t.Helper()
	if got := s.Revoked(key); got != want {
		t.Errorf("%s is revoked: %t", key, got)
	}
}

func TestSomethingIsUsedForTheFirstTimeOnce(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		want := time.UnixMilli(start.UnixMilli())
		if first, at := mark(t, s, "a", time.Minute); !first || !at.Equal(want) {
			t.Errorf("the first time: %t, %s", first, at)
		}
		s.pass(30 * time.Second)
		for range 2 {
			if first, at := mark(t, s, "a", time.Minute); first || !at.Equal(want) {
				t.Errorf("again: %t, %s", first, at)
			}
		}
		if first, _ := mark(t, s, "b", time.Minute); !first {
			t.Error("another key is taken for the same")
		}
	})
}

func TestLookingForAMarkMakesNone(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		wantMarked(t, s, "a", false)
		if first, _ := mark(t, s, "a", time.Minute); !first {
			t.Error("it was marked by looking")
		}
		wantMarked(t, s, "a", true)
		s.pass(time.Minute + time.Millisecond)
		wantMarked(t, s, "a", false)
	})
}

func wantMarked(t *testing.T, s Store, key string, want bool) {
	t.Helper()
	if got, err := s.Marked(t.Context(), key); got != want || err != nil {
		t.Errorf("%s is marked: %t, %v", key, got, err)
	}
}

func TestAMarkEndsWhenItsLifeDoes(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		mark(t, s, "a", time.Minute)
		s.pass(time.Minute - time.Millisecond)
		if first, _ := mark(t, s, "a", time.Hour); first {
			t.Error("it ended too early")
		}
		// That it was used again did not make it live longer.
		s.pass(time.Millisecond)
		if first, at := mark(t, s, "a", time.Minute); !first || !at.Equal(time.UnixMilli(start.Add(time.Minute).UnixMilli())) {
			t.Errorf("after its end: %t, %s", first, at)
		}
	})
}

func TestALifeIsASecondAtLeast(t *testing.T) {
	for _, life := range []time.Duration{-time.Hour, 0, time.Nanosecond} {
		t.Run(life.String(), func(t *testing.T) {
			each(t, func(t *testing.T, s fixture) {
				mark(t, s, "a", life)
				keep(t, s, "a", "v", life)
				revoke(t, s, "a", life)
				s.pass(time.Second - time.Millisecond)
				if first, _ := mark(t, s, "a", life); first {
					t.Error("the mark ended")
				}
				wantKept(t, s, "a", "v", true)
				wantRevoked(t, s, "a", true)
				s.pass(time.Millisecond)
				if first, _ := mark(t, s, "a", life); !first {
					t.Error("the mark has no end")
				}
				wantKept(t, s, "a", "", false)
				wantRevoked(t, s, "a", false)
			})
		})
	}
}

func TestOfManyOneIsTheFirst(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		var firsts atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				first, at, err := s.Mark(t.Context(), "code", time.Minute)
				if err != nil || !at.Equal(time.UnixMilli(start.UnixMilli())) {
					t.Errorf("%s, %v", at, err)
				}
				if first {
					firsts.Add(1)
				}
			})
		}
		all.Wait()
		if n := firsts.Load(); n != 1 {
			t.Errorf("%d were the first", n)
		}
	})
}

func TestAValueIsKept(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		wantKept(t, s, "a", "", false)
		keep(t, s, "a", "one", time.Minute)
		wantKept(t, s, "a", "one", true)
		s.pass(30 * time.Second)
		keep(t, s, "a", "two", time.Minute)
		keep(t, s, "empty", "", time.Minute)
		wantKept(t, s, "empty", "", true)
		s.pass(time.Minute - time.Millisecond)
		wantKept(t, s, "a", "two", true)
		s.pass(time.Millisecond)
		wantKept(t, s, "a", "", false)
	})
}

func TestAValueIsSmall(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		keep(t, s, "a", strings.Repeat("x", maxValue), time.Minute)
		if err := s.Keep(t.Context(), "a", strings.Repeat("marked", maxValue), time.Minute); err == nil || strings.Contains(err.Error(), "marked") {
			t.Errorf("%v", err)
		}
	})
}

func TestSomethingIsRevokedAsLongAsWasSaid(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		wantRevoked(t, s, "a", false)
		revoke(t, s, "a", time.Minute)
		wantRevoked(t, s, "a", true)
		wantRevoked(t, s, "b", false)
		revoke(t, s, "b", time.Hour)
		wantRevoked(t, s, "a", true)
		s.pass(time.Minute - time.Second)
		wantRevoked(t, s, "a", true)
		s.pass(time.Second)
		wantRevoked(t, s, "a", false)
		wantRevoked(t, s, "b", true)
	})
}

func TestTheLaterEndOfARevocationCounts(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		revoke(t, s, "a", time.Hour)
		revoke(t, s, "a", time.Minute)
		revoke(t, s, "b", time.Minute)
		revoke(t, s, "b", time.Hour)
		s.pass(time.Hour - time.Second)
		wantRevoked(t, s, "a", true)
		wantRevoked(t, s, "b", true)
	})
}

func TestWhatIsRememberedOfAKeyIsNotMixedUp(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		mark(t, s, "a", time.Minute)
		wantKept(t, s, "a", "", false)
		wantRevoked(t, s, "a", false)
		keep(t, s, "b", "v", time.Minute)
		revoke(t, s, "c", time.Minute)
		for _, key := range []string{"b", "c"} {
			if first, _ := mark(t, s, key, time.Minute); !first {
				t.Errorf("%s counts as used", key)
			}
		}
	})
}

func TestRevokedTakesNoLockAndAllocatesNothing(t *testing.T) {
	for name, newFixture := range fixtures() {
		t.Run(name, func(t *testing.T) {
			s := newFixture(t)
			revoke(t, s, "a", time.Hour)
			// It would wait for ever if it needed one of these.
			switch store := s.Store.(type) {
			case *Memory:
				store.mu.Lock()
				defer store.mu.Unlock()
				store.revoked.mu.Lock()
				defer store.revoked.mu.Unlock()
			case *Redis:
				store.revoked.mu.Lock()
				defer store.revoked.mu.Unlock()
			}
			if n := testing.AllocsPerRun(100, func() {
				if !s.Revoked("a") || s.Revoked("b") {
					t.Error("wrong")
				}
			}); n > 0 {
				t.Errorf("%.0f allocations", n)
			}
		})
	}
}

func TestManyUseAStoreAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s fixture) {
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				key := fmt.Sprint(n)
				if err := s.Revoke(t.Context(), key, time.Hour); err != nil {
					t.Error(err)
				}
				if err := s.Keep(t.Context(), key, key, time.Hour); err != nil {
					t.Error(err)
				}
				if value, _, err := s.Kept(t.Context(), key); value != key || err != nil {
					t.Errorf("%q, %v", value, err)
				}
				s.Revoked(fmt.Sprint(n + 1))
				if r, ok := s.Store.(*Redis); ok {
					if err := r.poll(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for n := range 50 {
			wantRevoked(t, s, fmt.Sprint(n), true)
		}
	})
}

func BenchmarkRevoked(b *testing.B) {
	m := NewMemory()
	for n := range 1000 {
		_ = m.Revoke(context.Background(), fmt.Sprint(n), time.Hour)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if m.Revoked("family-1") {
				b.Error("wrong")
			}
		}
	})
}

func BenchmarkMark(b *testing.B) {
	m, n := NewMemory(), 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		_, _, _ = m.Mark(context.Background(), fmt.Sprint(n), time.Hour)
	}
}

// The costliest: as much is revoked as can be.
func BenchmarkRevoke(b *testing.B) {
	m, all := NewMemory(), map[string]time.Time{}
	for n := range maxRevocations - 1 {
		all[fmt.Sprint(n)] = time.Now().Add(time.Hour + time.Duration(n)*time.Second)
	}
	m.revoked.add(time.Now(), all)
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Revoke(context.Background(), "family-1", time.Hour)
	}
}

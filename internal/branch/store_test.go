package branch

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"pgregory.net/rapid"
)

func get(t testing.TB, s Store, key string) Handle {
	t.Helper()
	handle, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

func swap(t testing.TB, s Store, key string, old, next Handle) Handle {
	t.Helper()
	now, err := s.Swap(t.Context(), key, old, next)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// stores are the two kinds of stores, empty.
func stores(t *testing.T) map[string]Store {
	t.Helper()
	return map[string]Store{"memory": NewMemory(10, time.Hour), "Redis": sharing(t, miniredis.RunT(t))}
}

func TestAHandleIsSwappedOnlyInThePlaceOfTheOneThatWasSeen(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) { swappedOnlyInThePlaceOfTheOneThatWasSeen(t, s) })
	}
}

func swappedOnlyInThePlaceOfTheOneThatWasSeen(t *testing.T, s Store) {
	t.Helper()
	a, b := Handle{Branch: "a"}, Handle{Branch: "b"}
	if got := get(t, s, "k"); got != (Handle{}) {
		t.Errorf("an empty store holds %v", got)
	}
	for _, step := range []struct {
		name            string
		old, next, want Handle
	}{
		{"nothing is removed where nothing is", Handle{}, Handle{}, Handle{}},
		{"another than what holds", a, b, Handle{}},
		{"the first", Handle{}, a, a},
		{"a second first one comes too late", Handle{}, b, a},
		{"a lost one in its place", a, Handle{Lost: "a", Reason: "is gone"}, Handle{Lost: "a", Reason: "is gone"}},
		{"not the one of before", a, b, Handle{Lost: "a", Reason: "is gone"}},
		{"a fresh one", Handle{Lost: "a", Reason: "is gone"}, b, b},
		{"removed", b, Handle{}, Handle{}},
		{"and free again", Handle{}, a, a},
	} {
		if got := swap(t, s, "k", step.old, step.next); got != step.want {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
		if got := get(t, s, "k"); got != step.want {
			t.Errorf("%s: then it holds %v, want %v", step.name, got, step.want)
		}
	}
	if got := get(t, s, "other"); got != (Handle{}) {
		t.Errorf("another key holds %v", got)
	}
}

func TestAHandleIsForgottenSomeTimeAfterItsLastUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewMemory(10, time.Hour)
		a, b := Handle{Branch: "a"}, Handle{Branch: "b"}
		swap(t, s, "read", Handle{}, a)
		swap(t, s, "left", Handle{}, a)
		time.Sleep(59 * time.Minute)
		if get(t, s, "read") != a {
			t.Error("it is forgotten too early")
		}
		time.Sleep(59 * time.Minute)
		if get(t, s, "read") != a {
			t.Error("its time does not begin anew when it is read")
		}
		if got := get(t, s, "left"); got != (Handle{}) {
			t.Errorf("after two hours %v is still there", got)
		}
		if got := swap(t, s, "left", a, b); got != (Handle{}) {
			t.Errorf("a forgotten one was replaced as if it were there: %v", got)
		}
		if got := swap(t, s, "left", Handle{}, b); got != b {
			t.Errorf("in the place of a forgotten one is %v", got)
		}
	})
}

func TestTheNumberOfHandlesIsBounded(t *testing.T) {
	s := NewMemory(3, time.Hour)
	for i := range 5 {
		swap(t, s, fmt.Sprint(i), Handle{}, Handle{Branch: fmt.Sprint("b", i)})
		get(t, s, "0") // in use all the time
	}
	kept := 0
	for i := range 5 {
		if get(t, s, fmt.Sprint(i)) != (Handle{}) {
			kept++
		}
	}
	if kept != 3 || get(t, s, "0").Branch != "b0" || get(t, s, "4").Branch != "b4" {
		t.Errorf("%d handles are kept; the one in use: %v, the last: %v", kept, get(t, s, "0"), get(t, s, "4"))
	}
}

func TestOneOfManyWritersWinsASwap(t *testing.T) {
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) { oneOfManyWritersWins(t, s) })
	}
}

func oneOfManyWritersWins(t *testing.T, s Store) {
	t.Helper()
	var won atomic.Int64
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			mine := Handle{Branch: fmt.Sprint(i)}
			if now, err := s.Swap(context.Background(), "k", Handle{}, mine); err == nil && now == mine {
				won.Add(1)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers won", won.Load())
	}
}

// TestAMemoryIsAMapOfHandles compares it with the simplest thing that could be it.
func TestAMemoryIsAMapOfHandles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, want := NewMemory(100, time.Hour), map[string]Handle{}
		handle := rapid.Custom(func(t *rapid.T) Handle {
			return Handle{Branch: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "branch"), Lost: rapid.SampledFrom([]string{"", "c"}).Draw(t, "lost")}
		})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			key := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "key")
			old, next := handle.Draw(t, "old"), handle.Draw(t, "next")
			if want[key] == old {
				want[key] = next
			}
			now, _ := s.Swap(context.Background(), key, old, next)
			held, _ := s.Get(context.Background(), key)
			if now != want[key] || held != want[key] {
				t.Fatalf("swapped to %v, holds %v, want %v", now, held, want[key])
			}
		}
	})
}

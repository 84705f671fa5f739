package watch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub"
)

// fake is an Infrahub that counts how often it is asked.
type fake struct {
	mu      sync.Mutex
	asked   int
	version string
	err     error
}

func (f *fake) look(ctx context.Context, r *Round) (string, error) {
	return r.Once(ctx, "it", func() (string, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.asked++
		return f.version, f.err
	})
}

func (f *fake) set(version string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.version, f.err = version, err
}

func (f *fake) times() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// seen collects what a subject saw.
type seen struct {
	mu   sync.Mutex
	each []string
}

func (s *seen) saw(version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.each = append(s.each, version)
}

func (s *seen) versions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each
}

// settle lets the rounds of some time happen.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestOneRoundServesAllOfACredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{version: "1"}
		w := New()
		var all [5]seen
		for i := range all {
			w.Watch(t.Context(), Subject{Credential: "a", Look: f.look, Saw: all[i].saw})
		}
		var other seen
		w.Watch(t.Context(), Subject{Credential: "b", Look: f.look, Saw: other.saw})
		settle(most)
		rounds := len(other.versions()) + len(all[0].versions())
		if asked := f.times(); asked == 0 || asked != rounds {
			t.Errorf("Infrahub was asked %d times in %d rounds", asked, rounds)
		}
		for i := range all {
			if len(all[i].versions()) != len(all[0].versions()) {
				t.Errorf("%d saw %d rounds, another one %d", i, len(all[i].versions()), len(all[0].versions()))
			}
		}
		if rounds < 2*9 || rounds > 2*15 { // a round every 8 to 12 seconds
			t.Errorf("%d rounds in %v", rounds, most)
		}
	})
}

func TestNothingIsAskedForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{version: "1"}
		w := New()
		var s seen
		stop := w.Watch(t.Context(), Subject{Credential: "a", Look: f.look, Saw: s.saw, Soon: true})
		ctx, cancel := context.WithCancel(t.Context())
		w.Watch(ctx, Subject{Credential: "a", Look: f.look, Saw: s.saw})
		settle(time.Second)
		if len(s.versions()) != 2 {
			t.Fatalf("the round that was asked for at once has not been: %q", s.versions())
		}
		stop()
		stop() // does nothing more
		cancel()
		synctest.Wait()
		asked := f.times()
		w.Hurry()
		settle(time.Hour)
		if now := f.times(); now != asked {
			t.Errorf("Infrahub was asked %d times more", now-asked)
		}
		if len(w.groups) != 0 {
			t.Error("a group without members is kept")
		}
		// Nothing keeps the next one from being served.
		w.Watch(t.Context(), Subject{Credential: "a", Look: f.look, Saw: s.saw})
		settle(time.Minute)
		if f.times() == asked {
			t.Error("whoever comes later is not served")
		}
	})
}

func TestHurryMakesARoundAtOnceAndNotMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{version: "1"}
		w := New()
		var s seen
		w.Watch(t.Context(), Subject{Credential: "a", Look: f.look, Saw: s.saw})
		for range 1000 {
			w.Hurry()
			settle(time.Millisecond)
		}
		if n := len(s.versions()); n < 3 || n > 5 { // one every 250 ms
			t.Errorf("%d rounds within a second", n)
		}
	})
}

func TestRoundsGrowRareWhileInfrahubDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{err: &infrahub.Error{Kind: infrahub.Unreachable, Message: "connection refused"}}
		w := New()
		var s seen
		w.Watch(t.Context(), Subject{Credential: "a", Look: f.look, Saw: s.saw})
		w.Watch(t.Context(), Subject{Credential: "a", Look: f.look, Saw: s.saw})
		settle(time.Hour)
		if asked := f.times(); asked < 20 || asked > 45 { // one in two minutes, but at first
			t.Errorf("Infrahub was asked %d times in an hour", asked)
		}
		if len(s.versions()) != 0 {
			t.Errorf("nobody can have seen %q", s.versions())
		}
		f.set("1", nil)
		settle(most + most/4)
		n := len(s.versions())
		if n == 0 {
			t.Fatal("what is there again is not seen")
		}
		settle(most)
		if len(s.versions()) < n+2*8 {
			t.Error("rounds stay rare when Infrahub is back")
		}
	})
}

func TestARefusedCredentialIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{err: &infrahub.Error{Kind: infrahub.Unauthenticated, Message: "Invalid token"}}
		w := New()
		var s seen
		w.Watch(t.Context(), Subject{Credential: "a", Look: f.look, Saw: s.saw})
		settle(time.Hour)
		if asked := f.times(); asked != 1 {
			t.Errorf("it was tried %d times", asked)
		}
	})
}

func TestAFaultOfOneSubjectIsNotThatOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{version: "1"}
		w := New()
		var s seen
		w.Watch(t.Context(), Subject{Credential: "a", Saw: s.saw, Look: func(context.Context, *Round) (string, error) {
			return "", &infrahub.Error{Kind: infrahub.Forbidden, Message: "no"}
		}})
		w.Watch(t.Context(), Subject{Credential: "a", Look: f.look, Saw: s.saw})
		settle(time.Minute)
		if n := len(s.versions()); n < 4 {
			t.Errorf("another subject saw %d rounds in a minute", n)
		}
	})
}

func TestARoundAsksOnceForAKey(t *testing.T) {
	r := NewRound()
	n := 0
	ask := func(version string, err error) func() (string, error) {
		return func() (string, error) { n++; return version, err }
	}
	var got []string
	for _, key := range []string{"a", "b", "a", "c", "c"} {
		version, err := r.Once(t.Context(), key, ask(key+fmt.Sprint(n), map[string]error{"c": errors.New("no")}[key]))
		got = append(got, fmt.Sprint(version, err))
	}
	left, leave := context.WithCancel(t.Context())
	leave() // who leaves while it asks leaves nothing behind
	for _, ctx := range []context.Context{left, t.Context()} {
		version, err := r.Once(ctx, "d", ask("d"+fmt.Sprint(n), ctx.Err()))
		got = append(got, fmt.Sprint(version, err))
	}
	want := []string{"a0<nil>", "b1<nil>", "a0<nil>", "c2no", "c2no", "d3context canceled", "d4<nil>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

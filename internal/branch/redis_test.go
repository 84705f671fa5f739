package branch

import (
	"bytes"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9/logging"

	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/state"
)

// sharing returns the store of one replica.
func sharing(t testing.TB, server *miniredis.Miniredis) *Redis {
	t.Helper()
	logging.Disable() // what the library says of dialing that fails on purpose
	shared, err := state.New(state.Settings{Address: "redis://" + server.Addr(), Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.Close() })
	return NewRedis(shared, time.Hour)
}

// replica returns a manager that shares what it remembers.
func replica(t testing.TB, server *miniredis.Miniredis) (*Manager, *Redis) {
	t.Helper()
	store := sharing(t, server)
	return manager(t, usual, func(o *Options) { o.Store = store }), store
}

func TestReplicasThatWriteFirstAtTheSameTimeMakeOneBranch(t *testing.T) {
	u, server := newUpstream(t), miniredis.RunT(t)
	one, _ := replica(t, server)
	two, _ := replica(t, server)
	var group sync.WaitGroup
	outcomes := make([]Outcome, 12)
	for i := range outcomes {
		m := []*Manager{one, two}[i%2]
		group.Go(func() { outcomes[i] = written(t, u.session(m, "s"), "", u.tag(strings.Repeat("t", i+1))) })
	}
	group.Wait()
	created := 0
	for _, o := range outcomes {
		if o.Branch != outcomes[0].Branch {
			t.Errorf("branches %s and %s", o.Branch, outcomes[0].Branch)
		}
		if o.Created {
			created++
		}
	}
	if n := u.count("BranchCreate"); n != 1 || created == 0 {
		t.Errorf("%d branches were made, and %d calls told so", n, created)
	}
	if got := len(u.tags(outcomes[0].Branch)); got != len(outcomes) {
		t.Errorf("%d of %d writes are there", got, len(outcomes))
	}
}

func TestWhatOneReplicaChangesHoldsAtTheOtherAtOnce(t *testing.T) {
	u, server := newUpstream(t), miniredis.RunT(t)
	one, _ := replica(t, server)
	two, _ := replica(t, server)
	first := written(t, u.session(one, "s"), "", u.tag("a")).Branch
	if got := written(t, u.session(two, "s"), "", u.tag("b")); got.Branch != first || got.Created {
		t.Errorf("at the other replica: %+v, want %s", got, first)
	}
	if other := written(t, u.session(two, "t"), "", u.tag("c")).Branch; other == first {
		t.Error("two sessions share a branch")
	}
	if _, previous, err := u.session(two, "s").Reset(t.Context(), ""); err != nil || previous != first {
		t.Fatalf("%s, %v", previous, err)
	}
	if got := current(t, u.session(one, "s")); got != "" {
		t.Errorf("after a reset at the other replica it is still %s", got)
	}
	u.make("feature")
	if _, _, err := u.session(one, "s").Reset(t.Context(), "feature"); err != nil {
		t.Fatal(err)
	}
	if got := written(t, u.session(two, "s"), "", u.tag("d")); got.Branch != "feature" {
		t.Errorf("after a switch at the other replica: %+v", got)
	}
	if got := written(t, u.session(two, "another"), "feature", u.tag("e")); got.Branch != "feature" {
		t.Errorf("the branch that was switched to, by name: %+v", got)
	}
}

func TestAReplicaThatDiesWhileItMakesABranchIsWaitedForNoLongerThanItsLock(t *testing.T) {
	u, server := newUpstream(t), miniredis.RunT(t)
	m, _ := replica(t, server)
	key := Owner{Session: "s"}.key()
	if _, err := sharing(t, server).Lock(t.Context(), key); err != nil { // and never lets go
		t.Fatal(err)
	}
	done := make(chan Outcome, 1)
	before := server.CommandCount()
	go func() { done <- written(t, u.session(m, "s"), "", u.tag("a")) }()
	for server.CommandCount() < before+5 { // it looks again and again
		runtime.Gosched()
	}
	if u.count("BranchCreate") != 0 {
		t.Fatal("the lock does not hold")
	}
	server.FastForward(lockLife + time.Second)
	if o := <-done; !o.Created {
		t.Errorf("%+v", o)
	}
}

func TestOthersKeepALockThatIsNotTheirs(t *testing.T) {
	server := miniredis.RunT(t)
	one, two := sharing(t, server), sharing(t, server)
	unlock, err := one.Lock(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	server.FastForward(lockLife + time.Second) // as if it had not been renewed
	unlockOther, err := two.Lock(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if !server.Exists(state.Key("lock", "k")) {
		t.Error("who lost the lock freed that of another replica")
	}
	unlockOther()
	if server.Exists(state.Key("lock", "k")) {
		t.Error("it is never freed")
	}
}

func TestWhileTheStoreIsAway(t *testing.T) {
	u, server := newUpstream(t), miniredis.RunT(t)
	one, store := replica(t, server)
	two, other := replica(t, server)
	ann := Owner{Principal: "ann", Session: "s", User: "ann"}
	before := written(t, one.Session(u.client, ann), "", u.tag("a")).Branch

	server.SetError("LOADING Redis is loading the dataset in memory")
	s := two.Session(u.client, ann)
	if branch, err := s.Current(t.Context()); branch != "" || !errors.Is(err, ErrAway) {
		t.Errorf("the current branch is %q, %v", branch, err)
	}
	// A branch that is named is written to, by its owner alone.
	if o := written(t, s, before, u.tag("b")); o.Branch != before || o.Note() != "" {
		t.Errorf("the branch by its name: %+v", o)
	}
	bob := two.Session(u.client, Owner{Principal: "bob", Session: "x", User: "bob"})
	if _, err := bob.Write(t.Context(), before, u.tag("c")); err == nil {
		t.Error("bob writes on the branch of ann")
	}
	// Without a name nobody knows whose branch is meant: it is a fresh one, and said.
	first, second := written(t, s, "", u.tag("d")), written(t, bob, "", u.tag("e"))
	for _, o := range []Outcome{first, second} {
		if !o.Created || !o.PassOn || o.Branch == before || !strings.Contains(o.Note(), "cannot be looked up at the moment") || !strings.Contains(o.Note(), "Pass branch "+o.Branch) {
			t.Errorf("%+v: %s", o, o.Note())
		}
	}
	if first.Branch == second.Branch {
		t.Error("two sessions share a branch")
	}
	if o := written(t, s, "", u.tag("h")); o.Branch != first.Branch || o.Created || !strings.Contains(o.Note(), "Pass branch "+o.Branch) {
		t.Errorf("the next write without a name: %+v", o)
	}
	u.remove(first.Branch)
	gone := first.Branch
	if first = written(t, s, "", u.tag("i")); first.Branch == gone || first.Replaced != gone {
		t.Errorf("after its branch was deleted: %+v", first)
	}
	if o := written(t, one.Session(u.client, ann), first.Branch, u.tag("f")); o.Branch != first.Branch {
		t.Errorf("what was to be passed on, at the other replica: %+v", o)
	}
	if _, _, err := s.Reset(t.Context(), ""); !isProblem(err, "Nothing was done") {
		t.Errorf("a reset: %v", err)
	}

	server.SetError("")
	for _, r := range []*Redis{store, other} {
		if err := r.shared.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if o := written(t, s, "", u.tag("g")); o.Branch != before || o.Note() != "" {
		t.Errorf("afterwards: %+v, want %s", o, before)
	}
}

// The store may go away between a look at it and the making of a branch.
func TestTheStoreGoesAwayWhileABranchIsMade(t *testing.T) {
	for name, broken := range map[string]brokenStore{
		"before it is remembered": {swap: ErrAway},
		"before the lock":         {lock: ErrAway},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t)
			broken.Store = NewMemory(10, time.Hour)
			m := manager(t, usual, func(o *Options) { o.Store = broken })
			o := written(t, u.session(m, "s"), "", u.tag("a"))
			if !o.Created || !o.PassOn || !strings.Contains(o.Note(), o.Branch) || u.count("BranchCreate") != 1 {
				t.Errorf("%+v: %s", o, o.Note())
			}
			if o := written(t, u.session(m, "s"), o.Branch, u.tag("b")); o.Note() != "" {
				t.Errorf("passed on: %+v", o)
			}
		})
	}
}

func TestAChangeOfTheBranchThatMayHaveBeenMadeSaysSo(t *testing.T) {
	u := newUpstream(t)
	m := manager(t, usual, func(o *Options) { o.Store = brokenStore{Store: NewMemory(10, time.Hour), swap: ErrAway} })
	if _, _, err := u.session(m, "s").Reset(t.Context(), ""); !isProblem(err, "may or may not have been changed") {
		t.Error(err)
	}
}

func TestNothingInTheStoreTellsWhoseItIs(t *testing.T) {
	u, server := newUpstream(t), miniredis.RunT(t)
	m, _ := replica(t, server)
	owner := Owner{Principal: "the-principal", Session: "the-session", User: "ann"}
	s := m.Session(u.client, owner)
	written(t, s, "", u.tag("a"))
	u.make("feature")
	if _, _, err := s.Reset(t.Context(), "feature"); err != nil {
		t.Fatal(err)
	}
	for _, key := range server.Keys() {
		value, _ := server.Get(key)
		for _, text := range []string{"the-principal", "the-session", "ann"} {
			if strings.Contains(key+value, text) {
				t.Errorf("%s = %s tells %s", key, value, text)
			}
		}
		if server.TTL(key) <= 0 {
			t.Errorf("%s never ends", key)
		}
	}
	if len(server.Keys()) != 2 {
		t.Errorf("the store holds %q", server.Keys())
	}
}

func isProblem(err error, text string) bool {
	_, ok := errors.AsType[*problem.Problem](err)
	return ok && strings.Contains(err.Error(), text)
}

package fairqueue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// line lets users wait in a queue whose slots are taken, one after the other,
// and notes who is served.
type line struct {
	queue *Queue
	mu    sync.Mutex
	order []string
}

// join makes a user wait for a slot, hold it for a while and give it back.
func (l *line) join(ctx context.Context, user string, hold time.Duration) {
	go func() {
		if l.queue.Wait(ctx, user) != nil {
			return
		}
		l.mu.Lock()
		l.order = append(l.order, user)
		l.mu.Unlock()
		time.Sleep(hold)
		l.queue.Release()
	}()
	synctest.Wait() // the next one comes later
}

// served returns who has been served, in order.
func (l *line) served() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.order)
}

func TestUsersTakeTurns(t *testing.T) {
	for name, test := range map[string]struct {
		slots int
		come  string // one letter for each user, in the order in which they come
		want  string
	}{
		"one after the other":                              {1, "AAABBBCCC", "ABCABCABC"},
		"within a turn in the order of coming":             {1, "BBA", "BAB"},
		"one who comes late waits for one turn":            {1, "AAAAAAAAB", "ABAAAAAAA"},
		"who is alone takes every turn":                    {1, "AAAA", "AAAA"},
		"who wants little is done while the others go on":  {1, "AAABCCC", "ABCACAC"},
		"several slots are handed out in the same turns":   {2, "AAAABB", "ABABAA"},
		"a lane that was empty begins at the end of turns": {1, "ABB", "ABB"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := line{queue: New(Options{Slots: test.slots, Waiting: 100, Patience: time.Hour})}
				for range test.slots {
					if !l.queue.Try() {
						t.Fatal("there is no slot")
					}
				}
				for _, user := range test.come {
					l.join(t.Context(), string(user), time.Second)
				}
				for range test.slots {
					l.queue.Release()
					synctest.Wait()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := fmt.Sprint(l.served()); got != fmt.Sprint(toStrings(test.want)) {
					t.Errorf("served %s, want %s", got, test.want)
				}
			})
		})
	}
}

func toStrings(letters string) (list []string) {
	for _, letter := range letters {
		list = append(list, string(letter))
	}
	return list
}

func TestAThousandOfOneDelayAnotherByOneSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := line{queue: New(Options{Slots: 1, Waiting: 4000, Patience: time.Hour})}
		l.queue.Try()
		for range 1000 {
			l.join(t.Context(), "many", time.Second)
		}
		start := time.Now()
		l.join(t.Context(), "one", time.Second)
		l.queue.Release()
		for !slices.Contains(l.served(), "one") {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if waited := time.Since(start); waited > time.Second {
			t.Errorf("it waits for %s while a slot is held for a second", waited)
		}
		time.Sleep(time.Hour / 2)
		if n := len(l.served()); n != 1001 || l.queue.Waiting() != 0 {
			t.Errorf("%d were served, %d still wait", n, l.queue.Waiting())
		}
	})
}

func TestWhoGivesUpLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Options{Slots: 1, Waiting: 10, Patience: time.Minute})
		q.Try()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		start := time.Now()
		go func() { ended <- q.Wait(ctx, "a") }()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || time.Since(start) != 0 || q.Waiting() != 0 {
			t.Errorf("%v after %s, %d wait", err, time.Since(start), q.Waiting())
		}
		if err := q.Wait(t.Context(), "a"); !errors.Is(err, ErrLate) || time.Since(start) != time.Minute || q.Waiting() != 0 {
			t.Errorf("%v after %s, %d wait", err, time.Since(start), q.Waiting())
		}
		q.Release()
		if err := q.Wait(ctx, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("who has given up before is served: %v", err)
		}
		if err := q.Wait(t.Context(), "a"); err != nil || q.Try() {
			t.Errorf("the free slot is not handed out once: %v", err)
		}
	})
}

func TestTheQueueIsBoundedAndNobodyFillsItAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Options{Slots: 1, Waiting: 4, Patience: time.Minute})
		q.Try()
		errs := map[string]int{}
		for _, user := range []string{"a", "a", "a", "b", "c", "d"} {
			ended := make(chan error, 1)
			go func() { ended <- q.Wait(t.Context(), user) }()
			synctest.Wait()
			select {
			case err := <-ended:
				if !errors.Is(err, ErrFull) {
					t.Errorf("%s: %v", user, err)
				}
				errs[user]++
			default:
			}
		}
		if diff := cmp.Diff(map[string]int{"a": 1, "d": 1}, errs); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour)
	})
}

// TestNoSlotIsLostOrDoubled lets random users come, give up and be served, and
// counts the slots.
func TestNoSlotIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		slots := rapid.IntRange(1, 4).Draw(rt, "slots")
		users := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 40).Draw(rt, "users")
		patience := rapid.SliceOfN(rapid.IntRange(0, 5), len(users), len(users)).Draw(rt, "patience")
		synctest.Test(t, func(*testing.T) {
			q := New(Options{Slots: slots, Waiting: 30, Patience: 4 * time.Second})
			var mu sync.Mutex
			held, most := 0, 0
			var all sync.WaitGroup
			for i, user := range users {
				all.Go(func() {
					ctx, cancel := context.WithTimeout(context.Background(), time.Duration(patience[i])*time.Second)
					defer cancel()
					if !q.Try() && q.Wait(ctx, fmt.Sprint(user)) != nil {
						return
					}
					mu.Lock()
					held++
					most = max(most, held)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					held--
					mu.Unlock()
					q.Release()
				})
			}
			all.Wait()
			if most > slots || held != 0 || q.free != slots || q.waiting != 0 || len(q.lanes) != 0 || q.turns.Len() != 0 {
				rt.Errorf("%d of %d slots were held at a time; in the end %d are free, %d wait in %d lanes with %d turns", most, slots, q.free, q.waiting, len(q.lanes), q.turns.Len())
			}
		})
	})
}

func BenchmarkAFreeSlot(b *testing.B) {
	q := New(Options{Slots: 5, Waiting: 100, Patience: time.Minute})
	b.ReportAllocs()
	for b.Loop() {
		if q.Try() {
			q.Release()
		}
	}
}

func BenchmarkASlotThatIsWaitedFor(b *testing.B) {
	q := New(Options{Slots: 5, Waiting: 10_000, Patience: time.Minute})
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if !q.Try() && q.Wait(b.Context(), "a") != nil {
				b.Error("there is no slot")
			}
			q.Release()
		}
	})
}

// Package fairqueue shares slots among users who want more of them than there
// are. Each user waits in a lane of their own, and lanes take turns, so that one
// who wants much does not delay the others.
package fairqueue

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// Queue hands out slots: at once while there are free ones, then to one lane
// after the other, and within a lane in the order of arrival. It starts no
// goroutines. It is safe for concurrent use.
type Queue struct {
	options Options

	mu      sync.Mutex
	free    int
	waiting int
	lanes   map[string]*lane // in which somebody waits
	turns   list.List        // of these lanes; the first is next
}

// Options are what a Queue is bounded by.
type Options struct {
	// Slots is how many there are, at least 1.
	Slots int
	// Waiting is how many may wait together, and half of them in one lane.
	Waiting int
	// Patience is how long one may wait.
	Patience time.Duration
}

// Why there was no slot.
var (
	ErrFull = errors.New("too many wait already")
	ErrLate = errors.New("it took too long")
)

// lane is where those of one user wait.
type lane struct {
	name    string
	waiters list.List // of *waiter
	turn    *list.Element
}

// waiter is one who waits. Its channel is closed when it has a slot.
type waiter struct{ granted chan struct{} }

// New returns a queue in which all slots are free.
func New(o Options) *Queue {
	return &Queue{options: o, free: o.Slots, lanes: map[string]*lane{}}
}

// Try takes a slot if one is free and nobody waits. Whoever has a slot gives it
// back with Release.
func (q *Queue) Try() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	// While somebody waits no slot is free: Release hands it on.
	if q.free == 0 {
		return false
	}
	q.free--
	return true
}

// Wait takes a slot, and waits for it in a lane if there is none. The error is
// ErrFull at once, ErrLate, or that of ctx; then there is no slot to give back.
func (q *Queue) Wait(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{granted: make(chan struct{})}
	leave, err := q.enter(name, w)
	if leave == nil {
		return err
	}
	timer := time.NewTimer(q.options.Patience)
	defer timer.Stop()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = ErrLate
	}
	if !leave() {
		q.Release() // it was granted at the same moment
	}
	return err
}

// enter takes a slot at once, or puts a waiter at the end of a lane and returns
// the function by which it leaves that; it reports false if the waiter has a
// slot.
func (q *Queue) enter(name string, w *waiter) (leave func() bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		return nil, nil
	}
	l := q.lanes[name]
	if q.waiting >= q.options.Waiting || l != nil && l.waiters.Len() >= (q.options.Waiting+1)/2 {
		return nil, ErrFull
	}
	if l == nil {
		l = &lane{name: name}
		l.turn = q.turns.PushBack(l)
		q.lanes[name] = l
	}
	place := l.waiters.PushBack(w)
	q.waiting++
	return func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		select {
		case <-w.granted:
			return false
		default:
		}
		q.remove(l, place)
		return true
	}, nil
}

// remove takes a waiter out of its lane, and a lane without waiters out of the
// turns. The lock is held.
func (q *Queue) remove(l *lane, place *list.Element) {
	l.waiters.Remove(place)
	q.waiting--
	if l.waiters.Len() == 0 {
		q.turns.Remove(l.turn)
		delete(q.lanes, l.name)
	}
}

// Release gives a slot back: to the first of the lane whose turn it is, which
// then waits for all the others, or to whoever comes next.
func (q *Queue) Release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	next := q.turns.Front()
	if next == nil {
		q.free++
		return
	}
	l := next.Value.(*lane) //nolint:errcheck // nothing else is put there
	q.turns.MoveToBack(next)
	first := l.waiters.Front()
	q.remove(l, first)
	close(first.Value.(*waiter).granted) //nolint:errcheck // nothing else is put there
}

// Waiting returns how many wait.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

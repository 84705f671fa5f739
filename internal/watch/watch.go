// Package watch looks again and again at what Infrahub holds, for those who want
// to be told when it changes. Infrahub itself tells nobody.
package watch

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"infrahub-mcp/internal/infrahub"
)

// Watcher looks in rounds. All subjects of one credential share a round and what
// it asks Infrahub. Where there is none nothing is asked and nothing runs. It is
// safe for concurrent use.
type Watcher struct {
	mu     sync.Mutex
	groups map[string]*group // by credential
}

// Subject is what somebody watches.
type Subject struct {
	// Credential names, without revealing it, the credential that Infrahub is
	// asked with.
	Credential string
	// Look returns the version of what is watched: a text that is another one when
	// that has changed. It asks Infrahub through the round.
	Look func(ctx context.Context, r *Round) (version string, err error)
	// Saw is told every version that was seen. It must not block.
	Saw func(version string)
	// Soon asks for a round at once, for who may have missed something.
	Soon bool
}

// When rounds are.
const (
	interval = 10 * time.Second       // from one to the next, give or take a fifth
	least    = 250 * time.Millisecond // between two, whatever has happened
	most     = 2 * time.Minute        // between two while Infrahub does not answer
	// lookLimit bounds one look.
	lookLimit = 30 * time.Second
)

// New returns a Watcher without subjects.
func New() *Watcher { return &Watcher{groups: map[string]*group{}} }

// group are the subjects of one credential.
type group struct {
	members map[*member]struct{} // under the lock of the Watcher
	soon    chan struct{}        // holds one when a round is wanted at once
	over    chan struct{}        // closed when there is no member any more
}

type member struct {
	ctx     context.Context // of the connection that wants to know
	subject Subject
}

// Watch looks at a subject until ctx is done or stop is called. ctx is that of
// the connection that wants to know: Look gets it with a time limit. A subject
// whose credential Infrahub refuses is not looked at any more.
func (w *Watcher) Watch(ctx context.Context, s Subject) (stop func()) {
	m := &member{ctx, s}
	w.mu.Lock()
	defer w.mu.Unlock()
	g, ok := w.groups[s.Credential]
	if !ok {
		g = &group{members: map[*member]struct{}{}, soon: make(chan struct{}, 1), over: make(chan struct{})}
		w.groups[s.Credential] = g
		go w.run(g)
	}
	g.members[m] = struct{}{}
	if s.Soon {
		g.hurry()
	}
	remove := func() { w.remove(g, m) }
	forget := context.AfterFunc(ctx, remove)
	return func() {
		forget()
		remove()
	}
}

// Hurry asks for a round of everyone at once: this server knows that something
// has changed.
func (w *Watcher) Hurry() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.groups {
		g.hurry()
	}
}

func (g *group) hurry() {
	select {
	case g.soon <- struct{}{}:
	default: // it is wanted already
	}
}

func (w *Watcher) remove(g *group, m *member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := g.members[m]; !ok {
		return
	}
	delete(g.members, m)
	if len(g.members) == 0 {
		delete(w.groups, m.subject.Credential)
		close(g.over)
	}
}

// run makes the rounds of a group while it has members.
func (w *Watcher) run(g *group) {
	var last time.Time
	for failures := 0; ; {
		timer := time.NewTimer(wait(failures))
		select {
		case <-timer.C:
		case <-g.soon:
			timer.Reset(least - time.Since(last))
			select {
			case <-timer.C:
			case <-g.over:
			}
		case <-g.over:
		}
		timer.Stop()
		select {
		case <-g.over:
			return
		default:
		}
		if w.round(g) {
			failures = 0
		} else {
			failures++
		}
		last = time.Now()
	}
}

// wait is the time to the next round, after some that failed in a row.
func wait(failures int) time.Duration {
	d := min(most, interval<<min(failures, 8))
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // so that servers do not ask in step; nothing secret
}

// round looks at every subject of a group. It reports false, and gives up, when
// Infrahub has too much to do or does not answer.
func (w *Watcher) round(g *group) bool {
	w.mu.Lock()
	members := slices.Collect(maps.Keys(g.members))
	w.mu.Unlock()
	r := NewRound()
	for _, m := range members {
		version, err := m.look(r)
		switch {
		case m.ctx.Err() != nil: // nobody wants to know any more
		case err == nil:
			m.subject.Saw(version)
		case infrahub.Unauthorized(err):
			w.remove(g, m)
		case infrahub.Passing(err):
			return false
		}
	}
	return true
}

func (m *member) look(r *Round) (string, error) {
	ctx, cancel := context.WithTimeout(m.ctx, lookLimit)
	defer cancel()
	return m.subject.Look(ctx, r)
}

// Round is what was asked in one round, so that subjects that need the same do
// not ask twice. It is for one goroutine.
type Round struct {
	answers map[string]answer
}

type answer struct {
	version string
	err     error
}

// NewRound returns a Round for a look outside of those of a Watcher.
func NewRound() *Round { return &Round{answers: map[string]answer{}} }

// Once returns what ask returned when it was called for this key first in the
// round, and calls it now if it was not. The key says all that the version depends
// on beside the credential.
func (r *Round) Once(ctx context.Context, key string, ask func() (string, error)) (string, error) {
	if have, ok := r.answers[key]; ok {
		return have.version, have.err
	}
	version, err := ask()
	if err == nil || ctx.Err() == nil { // who asked may have left, which concerns nobody else
		r.answers[key] = answer{version, err}
	}
	return version, err
}

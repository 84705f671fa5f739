// Package kept keeps answers for callers who ask for the same again. It knows
// nothing of what makes an answer outdated: whoever keeps one names it by all that
// it was made of.
package kept

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"infrahub-mcp/internal/telemetry"
)

// Answers are kept for a while, each for one caller alone, and only so many that
// they fit a size. It is safe for concurrent use.
type Answers struct {
	options Options

	mu     sync.Mutex
	bytes  int
	byName *simplelru.LRU[name, entry] // in the order of use
}

// Options are the bounds of Answers.
type Options struct {
	// Life is how long an answer is kept.
	Life time.Duration
	// Bytes is the size of all answers together. One that is larger than an
	// eighth of it is not kept.
	Bytes int
	// Metrics count lookups; they may be nil.
	Metrics *telemetry.Metrics
}

// Answer is what is kept; nobody may change it.
type Answer struct {
	// Text is the answer, Structured the same as JSON where there are both.
	Text, Structured []byte
}

// name is under what an answer is kept.
type name struct{ caller, question string }

type entry struct {
	Answer
	size  int
	until time.Time
}

// maxAnswers bounds how many are kept, whatever their size.
const maxAnswers = 10_000

// New returns Answers of which there are none yet.
func New(o Options) *Answers {
	a := &Answers{options: o}
	var err error
	if a.byName, err = simplelru.NewLRU(maxAnswers, func(_ name, e entry) { a.bytes -= e.size }); err != nil {
		panic(err) // only for a size that is not positive
	}
	return a
}

// Caller is the part of Answers that one caller sees. The nil Caller keeps
// nothing.
type Caller struct {
	answers *Answers
	name    string
}

// For returns the part of a caller, who is named by all that decides on what they
// are answered: who they are, what they may do, and with which credential. It is
// nil for nil Answers.
func (a *Answers) For(caller string) *Caller {
	if a == nil {
		return nil
	}
	return &Caller{a, caller}
}

// Get returns the answer to a question, if it is kept.
func (c *Caller) Get(question string) (Answer, bool) {
	if c == nil {
		return Answer{}, false
	}
	a := c.answers
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.byName.Get(name{c.name, question})
	if ok && !time.Now().Before(e.until) {
		a.byName.Remove(name{c.name, question})
		ok = false
	}
	if !ok {
		a.options.Metrics.Answer(telemetry.LookupMissed)
		return Answer{}, false
	}
	a.options.Metrics.Answer(telemetry.LookupHit)
	return e.Answer, true
}

// Put keeps the answer to a question.
func (c *Caller) Put(question string, answer Answer) {
	if c == nil {
		return
	}
	a, under := c.answers, name{c.name, question}
	size := len(answer.Text) + len(answer.Structured) + len(under.caller) + len(under.question)
	if size > a.options.Bytes/8 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.byName.Remove(under)
	a.byName.Add(under, entry{answer, size, time.Now().Add(a.options.Life)})
	for a.bytes += size; a.bytes > a.options.Bytes; {
		a.byName.RemoveOldest()
	}
}

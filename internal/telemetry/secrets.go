package telemetry

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Secrets are the credentials of the server, which no line of the log shows. It is
// safe for concurrent use.
type Secrets struct {
	replacer atomic.Pointer[strings.Replacer]

	mu    sync.Mutex
	known []string // from the start
	added []string // since then, the oldest first
}

// maxAdded bounds the secrets that are added; the oldest are forgotten first.
const maxAdded = 100

// NewSecrets returns those that are known from the start. Texts of less than three
// bytes are not hidden.
func NewSecrets(known ...string) *Secrets {
	s := &Secrets{known: known}
	s.build()
	return s
}

// Add adds one that came later. Those before it stay: they may still be in use.
func (s *Secrets) Add(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.added = append(s.added, secret)
	if len(s.added) > maxAdded {
		s.added = slices.Delete(s.added, 0, 1)
	}
	s.build()
}

// build makes the replacer. The lock is held, or nobody else has s yet.
func (s *Secrets) build() {
	var pairs []string
	for _, secret := range variants(slices.Concat(s.known, s.added)) {
		pairs = append(pairs, secret, Hidden)
	}
	s.replacer.Store(strings.NewReplacer(pairs...))
}

// hide returns a text without the secrets in it.
func (s *Secrets) hide(text string) string { return s.replacer.Load().Replace(text) }

package ledger

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Memory is a [Store] in the memory of the process. Another replica, or this one
// after a restart, knows nothing of it. It is bounded: beyond some 130,000 marks
// and 4,000 values the oldest are forgotten. It returns no errors but for values
// that are too large.
type Memory struct {
	now     func() time.Time
	revoked revocations

	mu    sync.Mutex // guards the shelves
	marks shelf[time.Time]
	kept  shelf[string]
}

const (
	maxMarks = 1 << 17
	maxKept  = 1 << 12
)

// NewMemory returns a Memory that knows nothing.
func NewMemory() *Memory {
	return &Memory{now: time.Now, marks: newShelf[time.Time](maxMarks), kept: newShelf[string](maxKept)}
}

// Mark implements [Store].
func (m *Memory) Mark(_ context.Context, key string, life time.Duration) (first bool, at time.Time, err error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, ok := m.marks.get(key, now); ok {
		return false, at, nil
	}
	at = time.UnixMilli(now.UnixMilli())
	m.marks.put(key, at, now, life)
	return true, at, nil
}

// Marked implements [Store].
func (m *Memory) Marked(_ context.Context, key string) (bool, error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.marks.get(key, now)
	return ok, nil
}

// Keep implements [Store].
func (m *Memory) Keep(_ context.Context, key, value string, life time.Duration) error {
	if len(value) > maxValue {
		return errTooLarge
	}
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.put(key, value, now, life)
	return nil
}

// Kept implements [Store].
func (m *Memory) Kept(_ context.Context, key string) (value string, ok bool, err error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok = m.kept.get(key, now)
	return value, ok, nil
}

// Revoke implements [Store].
func (m *Memory) Revoke(_ context.Context, key string, life time.Duration) error {
	now := m.now()
	m.revoked.add(now, map[string]time.Time{key: now.Add(max(life, minLife))})
	return nil
}

// Revoked implements [Store].
func (m *Memory) Revoked(key string) bool { return m.revoked.has(key, m.now()) }

// shelf is a bounded map whose entries end. When it is full, the oldest go.
type shelf[V any] struct {
	entries *simplelru.LRU[string, entry[V]]
}

type entry[V any] struct {
	value V
	until time.Time
}

func newShelf[V any](size int) shelf[V] {
	entries, err := simplelru.NewLRU[string, entry[V]](size, nil)
	if err != nil {
		panic(err) // only for sizes below one
	}
	return shelf[V]{entries}
}

func (s shelf[V]) get(key string, now time.Time) (V, bool) {
	e, ok := s.entries.Peek(key) // reading does not make it younger
	if !ok || !now.Before(e.until) {
		var none V
		return none, false
	}
	return e.value, true
}

func (s shelf[V]) put(key string, value V, now time.Time, life time.Duration) {
	for {
		_, oldest, ok := s.entries.GetOldest()
		if !ok || now.Before(oldest.until) {
			break
		}
		s.entries.RemoveOldest()
	}
	s.entries.Add(key, entry[V]{value, now.Add(max(life, minLife))})
}

package branch

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
)

// Handle is what is remembered of a session branch. It is comparable.
type Handle struct {
	// Branch is the branch in use, empty when there is none.
	Branch string `json:"branch,omitempty"`
	// Lost is the branch that was in use before and can no longer be written
	// to, with the reason as the end of a sentence that begins with its name.
	Lost   string `json:"lost,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Store remembers handles by key for all replicas of this server. Losing one
// loses a default, never data: the branches are in Infrahub.
type Store interface {
	// Get returns the handle of a key, the zero value when there is none.
	Get(ctx context.Context, key string) (Handle, error)
	// Swap puts a handle in the place of old and returns what then holds: next,
	// or what another writer put there meanwhile. The zero value removes.
	Swap(ctx context.Context, key string, old, next Handle) (Handle, error)
}

// Memory is a Store in memory, for one process.
type Memory struct {
	mu      sync.Mutex
	handles *expirable.LRU[string, Handle]
}

// NewMemory returns a Memory that keeps at most a number of handles, each for a
// time after its last use.
func NewMemory(most int, life time.Duration) *Memory {
	return &Memory{handles: expirable.NewLRU[string, Handle](most, nil, life)}
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, key string) (Handle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	handle, ok := m.handles.Get(key)
	if ok {
		m.handles.Add(key, handle) // its time begins anew
	}
	return handle, nil
}

// Swap implements Store.
func (m *Memory) Swap(_ context.Context, key string, old, next Handle) (Handle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if have, _ := m.handles.Get(key); have != old {
		return have, nil
	}
	if next == (Handle{}) {
		m.handles.Remove(key)
	} else {
		m.handles.Add(key, next)
	}
	return next, nil
}

package branch

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
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

// ErrAway says that a store cannot be asked. What was to be put there may have been
// put there.
var ErrAway = errors.New("the store of session branches does not answer")

// Store remembers handles by key for all replicas of this server. Losing one
// loses a default, never data: the branches are in Infrahub. The errors of a store
// are [ErrAway], or that of the context.
type Store interface {
	// Get returns the handle of a key, the zero value when there is none.
	Get(ctx context.Context, key string) (Handle, error)
	// Swap puts a handle in the place of old and returns what then holds: next,
	// or what another writer put there meanwhile. The zero value removes.
	Swap(ctx context.Context, key string, old, next Handle) (Handle, error)
	// Lock waits until no other replica works on a key, and returns the function
	// that lets go of it. A replica that dies lets go within seconds.
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// Memory is a Store in memory, for one process.
type Memory struct {
	mu      sync.Mutex
	life    time.Duration
	handles *lru.Cache[string, kept]
}

// kept is a handle with the time of its last use.
type kept struct {
	handle Handle
	used   time.Time
}

// NewMemory returns a Memory that keeps at most a number of handles, each for a
// time after its last use.
func NewMemory(most int, life time.Duration) *Memory {
	handles, err := lru.New[string, kept](most)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Memory{life: life, handles: handles}
}

// Get implements Store.
func (m *Memory) Get(_ context.Context, key string) (Handle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	handle := m.get(key)
	if handle != (Handle{}) {
		m.handles.Add(key, kept{handle, time.Now()}) // its time begins anew
	}
	return handle, nil
}

// get returns a handle that was used lately enough.
func (m *Memory) get(key string) Handle {
	have, ok := m.handles.Get(key)
	if !ok || time.Since(have.used) > m.life {
		return Handle{}
	}
	return have.handle
}

// Swap implements Store.
func (m *Memory) Swap(_ context.Context, key string, old, next Handle) (Handle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if have := m.get(key); have != old {
		return have, nil
	}
	if next == (Handle{}) {
		m.handles.Remove(key)
	} else {
		m.handles.Add(key, kept{next, time.Now()})
	}
	return next, nil
}

// Lock implements Store: there is no other replica.
func (m *Memory) Lock(context.Context, string) (unlock func(), err error) { return func() {}, nil }

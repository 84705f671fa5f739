// Package keylock holds a lock for each key that somebody works on.
package keylock

import "sync"

// Locks lets one goroutine at a time work on what has a key. The zero value is
// ready for use; nothing is kept of a key that nobody works on.
type Locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	sync.Mutex
	users int
}

// Lock waits until the key is free, and returns the function that frees it.
func (l *Locks) Lock(key string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*lock{}
	}
	one, ok := l.held[key]
	if !ok {
		one = &lock{}
		l.held[key] = one
	}
	one.users++
	l.mu.Unlock()
	one.Lock()
	return func() {
		one.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(l.held, key)
		}
	}
}

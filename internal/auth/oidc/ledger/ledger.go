// Package ledger remembers the little that cannot be sealed into what is handed
// out: that something which may be used only once was used, and that something
// was revoked. [Memory] is for one process; [Redis] is for all replicas that
// share a Redis or Valkey.
package ledger

import (
	"context"
	"errors"
	"time"
)

// Store remembers across requests, and with Redis across replicas. A life is
// how long something has to be remembered; one of less than a second counts as a
// second. Keys are random identifiers, no secrets. A Store is safe for
// concurrent use. Its errors mean that it is not known whether something was
// remembered, so what depends on it has to be refused for now.
type Store interface {
	// Mark records that key was used. It reports whether this was the first
	// time, and when the first time was, to the millisecond. Of many that mark a
	// key at once, one is the first.
	Mark(ctx context.Context, key string, life time.Duration) (first bool, at time.Time, err error)
	// Marked reports whether key was marked, and marks nothing.
	Marked(ctx context.Context, key string) (bool, error)
	// Keep stores a value of at most 16 KiB, in place of an earlier one. It has
	// to be sealed: whoever reads the store must not be able to use it.
	Keep(ctx context.Context, key, value string, life time.Duration) error
	// Kept returns what was kept; ok is false when that is not known, or its life
	// is over.
	Kept(ctx context.Context, key string) (value string, ok bool, err error)
	// Revoke makes Revoked(key) true for the life given: here at once, even when
	// it returns an error, and on other replicas within seconds.
	Revoke(ctx context.Context, key string, life time.Duration) error
	// Revoked reports whether key is revoked. It asks nobody and takes no lock.
	Revoked(key string) bool
}

const (
	minLife  = time.Second
	maxValue = 16 << 10 // bytes
)

var errTooLarge = errors.New("keeping a value that is too large")

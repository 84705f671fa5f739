package activity

import "iter"

// ring holds the newest items it was given, up to its size.
type ring[T any] struct {
	items []T
	size  int
	next  int // where the next item goes once there are size of them
}

func newRing[T any](size int) ring[T] { return ring[T]{size: size} }

// push adds an item. The oldest one makes room.
func (r *ring[T]) push(item T) {
	if len(r.items) < r.size {
		r.items = append(r.items, item)
		return
	}
	r.items[r.next] = item
	r.next = (r.next + 1) % r.size
}

// newest gives the items, the newest first.
func (r *ring[T]) newest() iter.Seq[T] {
	return func(yield func(T) bool) {
		for back := range len(r.items) {
			if !yield(r.items[(r.next+len(r.items)-1-back)%len(r.items)]) {
				return
			}
		}
	}
}

// page cuts a part out of what passes a filter, and counts all that does. A
// negative limit is none.
func page[T any](items iter.Seq[T], passes func(T) bool, offset, limit int) (part []T, count int) {
	for item := range items {
		if !passes(item) {
			continue
		}
		if count >= offset && (limit < 0 || len(part) < limit) {
			part = append(part, item)
		}
		count++
	}
	return part, count
}

package protocol

import (
	"crypto/rand"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// records hold what was sent on the streams of calls, for clients of the older
// era that lose the connection in the middle: they come back with the id of the
// last event that they got, and get the rest (MCP 2025-11-25, Transports,
// Resumability and Redelivery). A replica that has not got them asks the others.
type records struct {
	mu  sync.Mutex
	all *simplelru.LRU[string, *record]
}

// Bounds of what is kept.
const (
	maxRecords = 256
	maxRecord  = 512 << 10       // bytes of one stream; a longer one cannot be resumed
	recordLife = 5 * time.Minute // after the end of the stream
)

func newRecords() *records {
	all, err := simplelru.NewLRU[string, *record](maxRecords, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &records{all: all}
}

// begin returns the record of a new stream of a session, without any event.
func (r *records) begin(session string) *record {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		_, oldest, ok := r.all.GetOldest()
		if !ok || !oldest.over() {
			break
		}
		r.all.RemoveOldest()
	}
	one := &record{id: rand.Text(), session: session, more: make(chan struct{})}
	r.all.Add(one.id, one)
	return one
}

// find returns the record of the stream that an event was on, and how many of its
// events the client has got. ok is false if that is not known, or no longer, or
// not for this session.
func (r *records) find(session, event string) (one *record, got int, ok bool) {
	id, got, ok := parseEvent(event)
	if !ok || session == "" {
		return nil, 0, false
	}
	r.mu.Lock()
	one, ok = r.all.Peek(id)
	r.mu.Unlock()
	return one, got, ok && one.has(session, got)
}

// parseEvent takes the id of an event apart: that of its stream, and its number.
func parseEvent(event string) (id string, number int, ok bool) {
	id, text, _ := strings.Cut(event, "-")
	number, err := strconv.Atoi(text)
	return id, number, err == nil && number > 0
}

// record is what was sent on one stream.
type record struct {
	id, session string

	mu     sync.Mutex
	events [][]byte // messages; a nil one only has an id
	size   int
	ended  time.Time     // zero while more may come
	more   chan struct{} // closed when there is more, or the end
}

// add keeps an event and returns its id.
func (r *record) add(message []byte) (event string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, message)
	if r.size += len(message); r.size > maxRecord {
		clear(r.events) // what was sent is sent, and cannot be had again
	}
	r.changed()
	return r.eventID(len(r.events))
}

// eventID is the id of the n-th event, from 1.
func (r *record) eventID(n int) string { return eventID(r.id, n) }

func eventID(id string, n int) string { return id + "-" + strconv.Itoa(n) }

// end says that nothing more comes.
func (r *record) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = time.Now()
	r.changed()
}

func (r *record) changed() {
	close(r.more)
	r.more = make(chan struct{})
}

// after returns the events after the first ones, whether these are all that there
// will be, and else what is closed when there are more.
func (r *record) after(got int) (events [][]byte, ended bool, more <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[got:], !r.ended.IsZero(), r.more
}

// has reports whether the record is of a session and can be resumed after the
// first events.
func (r *record) has(session string, got int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session == session && r.size <= maxRecord && 1 <= got && got <= len(r.events) && !r.tooOld()
}

// over reports whether the record need not be kept any longer.
func (r *record) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tooOld()
}

func (r *record) tooOld() bool { return !r.ended.IsZero() && time.Since(r.ended) > recordLife }

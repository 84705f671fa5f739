// Package store holds the data of an Infrahub in memory.
//
// The data is one append-only log of facts. A fact says what holds for one
// subject (a node exists, an attribute has a value, an edge joins two nodes)
// since one commit, on one layer. Layer 0 holds the facts that are agnostic of
// branches, layer 1 those of the default branch, and every other branch has a
// layer of its own. Nothing is ever changed in the log or taken out of it;
// a removal is one more fact.
//
// Everything else is a way of looking at that log:
//
//   - A view sees the agnostic facts and its branch's own facts up to a commit,
//     and those of the default branch up to the commit the branch was made from.
//     Of the facts of one subject the newest that the view sees is true. So
//     branches copy nothing, and travelling in time is choosing a commit.
//   - A diff compares two views over the subjects that a layer touched.
//   - A conflict is a subject that both a branch and the default branch touched.
//   - A merge replays the diff of a branch as new facts of the default branch.
//     A rebase replays it as the facts of a new layer that starts from now.
//
// The package knows nothing of GraphQL and none of the rules of a schema: what
// is mandatory, unique or of cardinality one is for the caller to check before
// it writes. A transaction reads its own writes, and writers take turns, so a
// check made inside a transaction still holds when it commits.
//
// Invariants:
//
//   - Commits have strictly increasing times, whole microseconds in UTC. All
//     facts of a commit become visible together.
//   - Own facts of a branch are newer than every fact of the default branch that
//     the branch sees, so "the newest wins" needs no exception.
//   - A view shows an attribute only when it shows its node, and an edge only
//     when it shows both of its nodes.
//   - With an agnostic node goes all that any branch says of it, so that a new
//     node of the same id begins bare.
//   - A node id belongs to one kind for ever, on all branches.
//   - Writing what a view already shows writes nothing and changes no time.
package store

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// TimeLayout writes a time as Infrahub does: RFC 3339, microseconds, and
// "+00:00" rather than "Z" when the time is in UTC.
const TimeLayout = "2006-01-02T15:04:05.000000-07:00"

// Store holds the data of one Infrahub. It is safe for concurrent use. Reads go
// through a View, writes through Update.
//
// Update, CreateBranch, DeleteBranch, Merge, Rebase and WriteTo wait for one
// another; calling one of them from inside the function given to Update blocks
// for ever.
type Store struct {
	clock  func() time.Time
	random func() uint64

	// writing is held by one writer at a time, from the start of its
	// transaction to the end. Only its holder appends to the log.
	writing sync.Mutex

	// mu guards everything below. A writer holds it for one fact at a time, so
	// that a long transaction does not keep readers waiting.
	mu        sync.RWMutex
	log       *log
	committed uint32 // the newest commit that views may see
	branches  []*branch
	last      int64 // the newest time given out, microseconds

	ids    sync.Mutex
	lastID int64 // the newest time used in an id, nanoseconds
}

// Options says how a Store is set up. The zero value is ready for use.
type Options struct {
	// DefaultBranch is the name of the default branch; "main" when empty.
	DefaultBranch string
	// SchemaHash is the hash of the schema that the default branch starts with.
	SchemaHash string
	// Clock tells the time; time.Now when nil.
	Clock func() time.Time
	// Random gives the random part of ids; a cryptographic source when nil.
	Random func() uint64
}

// New returns a Store that holds an empty default branch, created now.
func New(options Options) *Store {
	s := empty(options)
	at := s.tick()
	s.log = newLog()
	s.log.layers = append(s.log.layers, 0, 0)
	s.committed = s.log.addCommit(at)
	s.branches = []*branch{{
		Branch: Branch{
			ID:           s.NewID(),
			Name:         cmp.Or(options.DefaultBranch, "main"),
			Description:  "Default Branch",
			Status:       StatusOpen,
			BranchedFrom: fromMicro(at),
			CreatedAt:    fromMicro(at),
			IsDefault:    true,
			SyncWithGit:  true,
			SchemaHash:   options.SchemaHash,
		},
		spans: []span{{start: s.committed, layer: defaultLayer}},
	}}
	return s
}

// empty returns a Store without data.
func empty(options Options) *Store {
	s := &Store{clock: options.Clock, random: options.Random}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.random == nil {
		s.random = random
	}
	return s
}

// View returns a view of a branch as it was at a time, or as it is now when at
// is zero or in the future. A branch at a time before its creation is the
// default branch at that time. The errors are ErrNoBranch, and ErrBeforeStart
// for a time before the creation of the default branch.
func (s *Store) View(branch string, at time.Time) (*View, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.find(branch)
	if err != nil {
		return nil, err
	}
	upto, err := s.commitAt(at)
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		at = s.log.commits[upto].time()
	}
	return &View{store: s, branch: b.Name, at: at.UTC(), frame: s.log.frame(b, upto)}, nil
}

// Update runs a transaction on a branch: all that write does through the Tx
// becomes visible at once, at the time returned, in the name of author (the id
// of an account). When write returns an error or panics, nothing is applied, and
// Update returns the error or panics. The errors of its own are ErrNoBranch and,
// for a branch that has been merged, ErrMerged.
func (s *Store) Update(branch, author string, write func(*Tx) error) (time.Time, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	tx, err := s.begin(branch, author)
	if err != nil {
		return time.Time{}, err
	}
	defer tx.rollback()
	if err := write(tx); err != nil {
		return time.Time{}, err
	}
	tx.commit()
	return tx.at, nil
}

// NewID returns an id for a node: a UUID in shape, unique, that starts with the
// time in nanoseconds as Infrahub's own ids do, so that ids sort by creation.
func (s *Store) NewID() string {
	s.ids.Lock()
	defer s.ids.Unlock()
	s.lastID = max(s.clock().UnixNano(), s.lastID+1)
	high, low := uint64(s.lastID), s.random() //nolint:gosec // G115: a time after 1970 is positive
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&0xffffffffffff)
}

// tick returns the time of the next event, later than any before.
func (s *Store) tick() int64 {
	s.last = max(s.clock().UnixMicro(), s.last+1)
	return s.last
}

// commitAt returns the newest visible commit that is not later than a time.
func (s *Store) commitAt(at time.Time) (uint32, error) {
	if at.IsZero() {
		return s.committed, nil
	}
	upto := s.log.commitAt(at.UnixMicro(), s.committed)
	if upto == 0 {
		main := s.branches[0]
		return 0, fmt.Errorf("%w: %s is before branch %q was created at %s", ErrBeforeStart,
			at.UTC().Format(TimeLayout), main.Name, main.CreatedAt.Format(TimeLayout))
	}
	return upto, nil
}

func fromMicro(at int64) time.Time {
	return time.UnixMicro(at).UTC()
}

func random() uint64 {
	var bytes [8]byte
	_, _ = rand.Read(bytes[:]) // never fails, by its documentation
	return binary.BigEndian.Uint64(bytes[:])
}

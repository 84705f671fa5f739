// Package branch gives every session a branch of its own to write to.
//
// A session branch is made on the first write, named by a pattern, and
// remembered for whoever wrote: for a session where the protocol has sessions,
// for a principal where it has none. Its name is a handle: whoever has no session
// passes it with each call. The default branch is never written to.
package branch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/keylock"
	"infrahub-mcp/internal/problem"
)

// Manager makes, finds and remembers session branches. It is safe for
// concurrent use.
type Manager struct {
	options Options
	making  singleflight.Group
	// working holds a lock for each branch on which one call at a time works.
	working keylock.Locks
	// open holds the branches that were seen open.
	open *lru.Cache[string, sight]
	// adrift holds the branches that were made here while the store was away, by the
	// key of their owner, so that not each call makes another one.
	adrift *Memory
}

// sight is when a branch was seen open, and the mark of whom it was made for.
type sight struct {
	at   time.Time
	mark string
}

// Options are what a Manager needs.
type Options struct {
	// Pattern names new branches; Attempts bounds how many names are tried.
	Pattern  config.Pattern
	Attempts int
	// Store remembers branches.
	Store Store
	// Changed, if set, is called when a branch was made or found gone, or a session
	// has another one: who watches branches can be told at once.
	Changed func()
	Logger  *slog.Logger
}

// seenFor is how long a branch counts as open after it was seen so. Infrahub
// refuses writes to a branch that is not, but some builds of it do not, and then
// a write would be lost: after this time the status is asked for again.
const (
	seenFor  = 30 * time.Second
	seenMost = 10_000
	// adriftLife is how long a branch that was made while the store was away is
	// used for writes that name none, after the last of them.
	adriftLife = 5 * time.Minute
)

// NewManager returns a Manager.
func NewManager(o Options) *Manager {
	if o.Changed == nil {
		o.Changed = func() {}
	}
	open, err := lru.New[string, sight](seenMost)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Manager{options: o, open: open, adrift: NewMemory(seenMost, adriftLife)}
}

// Session is the branch of one owner, for the time of one call.
type Session struct {
	manager *Manager
	owner   Owner
	client  *infrahub.Client
}

// Session returns the session of an owner. The client makes branches with the
// rights of the caller.
func (m *Manager) Session(client *infrahub.Client, owner Owner) *Session {
	return &Session{manager: m, owner: owner, client: client}
}

// Current returns the name of the session branch, empty while there is none. The
// error is an [ErrAway] when nobody can say.
func (s *Session) Current(ctx context.Context) (string, error) {
	handle, err := s.handle(ctx)
	return handle.Branch, err
}

// handle returns what is remembered for the owner.
func (s *Session) handle(ctx context.Context) (Handle, error) {
	key := s.owner.key()
	if key == "" {
		return Handle{}, nil
	}
	handle, err := s.manager.options.Store.Get(ctx, key)
	if err != nil {
		return Handle{}, fmt.Errorf("looking up the session branch: %w", err)
	}
	return handle, nil
}

// Alone waits until no other call works alone on a branch, and returns the
// function that ends this. It is for what Infrahub has one of per branch and does
// not guard itself, such as the open proposed change.
func (s *Session) Alone(branch string) (done func()) { return s.manager.working.Lock(branch) }

// Lost notes that the session branch can no longer be used, and why, so that the
// next write says so. Another branch that took its place meanwhile stays.
func (s *Session) Lost(ctx context.Context, branch, reason string) {
	s.manager.open.Remove(branch)
	handle, err := s.handle(ctx)
	if err != nil || handle.Branch != branch || branch == "" {
		return
	}
	if _, err := s.manager.options.Store.Swap(ctx, s.owner.key(), handle, Handle{Lost: branch, Reason: reason}); err != nil {
		s.manager.options.Logger.WarnContext(ctx, "a session branch could not be forgotten", "branch", branch, "error", err)
		return
	}
	s.manager.options.Changed()
}

// usable refuses a branch that the owner may not write to: it must fit the
// pattern for the owner and not have been made for somebody else, be the owner's
// own, or be one the owner switched to.
func (s *Session) usable(ctx context.Context, name string) error {
	if s.manager.fits(name, s.owner.User) {
		mark, err := s.mark(ctx, name)
		if err != nil {
			return err
		}
		if mark == "" || mark == s.owner.mark(name) {
			return nil
		}
	}
	handle, err := s.handle(ctx)
	if err == nil && handle.Branch == name {
		return nil
	}
	var switched Handle
	if err == nil {
		switched, err = s.manager.options.Store.Get(ctx, s.switchKey(name))
	}
	if errors.Is(err, ErrAway) {
		return problem.New(fmt.Sprintf("Whether %q is a branch of yours cannot be looked up at the moment.", problem.Excerpt(name, 100)),
			"Try again in a moment, or write to the branch that an earlier answer named.")
	}
	if err != nil {
		return fmt.Errorf("looking up the branch: %w", err)
	}
	if switched.Branch == name {
		return nil
	}
	return problem.New(fmt.Sprintf("The branch %q is not a session branch of yours.", problem.Excerpt(name, 100)),
		"Leave branch out to write to your session branch, or switch to this one first with reset_session_branch.")
}

// switchKey is under what is remembered that a principal switched to a branch.
func (s *Session) switchKey(name string) string {
	return "switched\x00" + s.owner.Principal + "\x00" + name
}

// isOpen makes sure that a branch may be written to. The error is a *closed when
// it may not.
func (s *Session) isOpen(ctx context.Context, name string) error {
	if _, ok := s.manager.saw(name); ok {
		return nil
	}
	found, err := s.find(ctx, name)
	switch {
	case err != nil:
		return err
	case found == nil:
		return &closed{branch: name, reason: "no longer exists"}
	case found.IsDefault != nil && *found.IsDefault:
		return defaultBranch(name)
	}
	if reason := unwritable(found); reason != "" {
		return &closed{branch: name, reason: reason}
	}
	return nil
}

// seen notes that a branch is open, and whom it was made for.
func (m *Manager) seen(name, mark string) { m.open.Add(name, sight{time.Now(), mark}) }

// saw returns whom a branch was made for that was seen open lately.
func (m *Manager) saw(name string) (mark string, ok bool) {
	seen, ok := m.open.Get(name)
	return seen.mark, ok && time.Since(seen.at) < seenFor
}

// find asks Infrahub for a branch, nil if there is none. One that is open is seen.
func (s *Session) find(ctx context.Context, name string) (*operations.Branch, error) {
	answer, err := operations.BranchByName(ctx, s.client.Operations("", ""), name)
	if err != nil {
		return nil, fmt.Errorf("asking for the branch: %w", err)
	}
	for i := range answer.Branch {
		if found := &answer.Branch[i]; found.Name == name {
			if unwritable(found) == "" && (found.IsDefault == nil || !*found.IsDefault) {
				s.manager.seen(name, markOf(found))
			}
			return found, nil
		}
	}
	return nil, nil
}

// IsDefault tells whether a branch is the default one. It asks only about branches
// that are not known to be session branches.
func (s *Session) IsDefault(ctx context.Context, name string) (bool, error) {
	if _, ok := s.manager.saw(name); ok {
		return false, nil
	}
	found, err := s.find(ctx, name)
	return found != nil && found.IsDefault != nil && *found.IsDefault, err
}

func defaultBranch(name string) error {
	return problem.New(fmt.Sprintf("%q is the default branch, which this server never writes to.", name),
		"Leave branch out to write to your session branch; propose_changes then hands the change over for review.")
}

// unwritable says why a branch takes no changes, "" when it does. Any status but
// OPEN is unwritable, those that a later Infrahub adds as well.
func unwritable(b *operations.Branch) string {
	switch status := string(b.Status); status {
	case "OPEN":
		return ""
	case "MERGED":
		return "has been merged"
	case "DELETING":
		return "is being deleted"
	case "NEED_REBASE", "NEED_UPGRADE_REBASE":
		return "must be rebased before it takes changes again, which is for people to do"
	case "MERGING":
		return "is being merged"
	case "MERGE_FAILED":
		return "is stuck in a merge that failed"
	}
	return fmt.Sprintf("has the status %q and takes no changes", problem.Excerpt(string(b.Status), 40))
}

// closed says that a branch takes no changes.
type closed struct {
	branch, reason string
}

// Error names the branch and the reason.
func (c *closed) Error() string { return fmt.Sprintf("The branch %q %s.", c.branch, c.reason) }

// lost says why a write failed because of its branch: the server refused it
// before it applied anything. It reports false for every other error.
func lost(err error) (reason string, ok bool) {
	if c, ok := errors.AsType[*closed](err); ok {
		return c.reason, true
	}
	switch {
	case errors.Is(err, infrahub.BranchNotFound):
		return "no longer exists", true
	case errors.Is(err, infrahub.BranchClosed):
		return "has been merged", true
	case errors.Is(err, infrahub.BranchNeedsRebase):
		return "must be rebased before it takes changes again, which is for people to do", true
	}
	return "", false
}

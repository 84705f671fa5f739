package branch

import (
	"context"
	"errors"
	"fmt"

	"infrahub-mcp/internal/problem"
)

// Action is what Reset did.
type Action string

// The actions of Reset.
const (
	WasReset Action = "reset"    // the session has no branch now; the next write makes one
	Switched Action = "switched" // the session uses a branch that there was
	Created  Action = "created"  // the session uses a branch that was made
)

// Reset leaves the session branch. Without a name the next write makes a fresh
// one. With a name the session uses that branch: one that exists, is open and not
// the default branch, or one to be made if the name fits the pattern.
func (s *Session) Reset(ctx context.Context, name string) (action Action, previous string, err error) {
	handle, err := s.handle(ctx)
	if errors.Is(err, ErrAway) {
		return "", "", problem.New("The session branch cannot be looked up or changed at the moment. Nothing was done.",
			"Pass branch with each call, or try again in a moment.")
	}
	if err != nil {
		return "", "", err
	}
	previous = handle.Branch
	if name == "" {
		return WasReset, previous, s.remember(ctx, handle, Handle{})
	}
	found, err := s.find(ctx, name)
	if err != nil {
		return "", previous, err
	}
	action = Switched
	switch {
	case found == nil && !s.manager.fits(name, s.owner.User):
		return "", previous, problem.New(fmt.Sprintf("There is no branch %q, and the name does not fit the pattern of session branches, so it is not made.", problem.Excerpt(name, 100)),
			"infrahub://branches lists the branches; leave branch out for a fresh one.")
	case found == nil:
		if err := s.create(ctx, name); err != nil {
			return "", previous, err
		}
		action = Created
	case found.IsDefault != nil && *found.IsDefault:
		return "", previous, defaultBranch(name)
	default:
		if reason := unwritable(found); reason != "" {
			return "", previous, problem.New(fmt.Sprintf("The branch %s %s.", name, reason), "Choose another branch, or leave branch out for a fresh one.")
		}
	}
	if action == Switched {
		if _, err := s.manager.options.Store.Swap(ctx, s.switchKey(name), Handle{}, Handle{Branch: name}); err != nil {
			return "", previous, unsure(err)
		}
	}
	return action, previous, s.remember(ctx, handle, Handle{Branch: name})
}

// remember puts a handle in the place of another, for owners who have a key.
func (s *Session) remember(ctx context.Context, old, next Handle) error {
	defer s.manager.options.Changed()
	key := s.owner.key()
	if key == "" {
		return nil
	}
	now, err := s.manager.options.Store.Swap(ctx, key, old, next)
	if err != nil {
		return unsure(err)
	}
	if now != next {
		return problem.New("Another call of this session changed the session branch at the same time.", "Call get_session_info to see which one is used now.")
	}
	return nil
}

// unsure is the error of a change of which nobody knows whether it was made.
func unsure(err error) error {
	if errors.Is(err, ErrAway) {
		return problem.New("The session branch may or may not have been changed.", "Pass branch with each call, or ask get_session_info in a moment.")
	}
	return fmt.Errorf("remembering the session branch: %w", err)
}

// Sessionless tells whether nothing can be remembered for the owner, who has to
// pass the branch with each call.
func (s *Session) Sessionless() bool { return s.owner.key() == "" }

package branch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/problem"
)

// Outcome says where a write went.
type Outcome struct {
	Branch string
	// Created says that the branch was made for this write.
	Created bool
	// Replaced is the branch that could no longer be written to, and Reason
	// why, as the end of a sentence that begins with its name.
	Replaced, Reason string
	// PassOn says that the branch cannot be remembered for the caller, who must pass
	// it with the next calls: there is no session.
	PassOn bool
	// Adrift says so too, because the store does not answer. The session may have
	// another branch.
	Adrift bool
}

// Note says what the caller has to know of an outcome, "" for nothing.
func (o Outcome) Note() string {
	var sentences []string
	if o.Replaced != "" {
		place := "the session branch " + o.Branch
		if o.Created {
			place = "a fresh branch, " + o.Branch
		}
		sentences = append(sentences, fmt.Sprintf("The branch %s %s; writing goes on on %s, which holds nothing of the earlier one that was not merged.", o.Replaced, o.Reason, place))
	}
	if o.Adrift {
		sentences = append(sentences, fmt.Sprintf("Session branches cannot be looked up at the moment, so this went to the branch %s, which was made since then, even if the session has another one.", o.Branch))
	}
	if o.PassOn {
		sentences = append(sentences, fmt.Sprintf("Pass branch %s with every further call to go on with this work.", o.Branch))
	}
	return strings.Join(sentences, " ")
}

// Write runs a write on the branch asked for, or on the session branch, which is
// made when there is none.
//
// A session branch that was merged or deleted behind the session's back is
// replaced by a fresh one, and the write runs again there: Infrahub refuses such
// a write before it applies anything. So write must return the error of Infrahub
// only when nothing was applied. The outcome is good beside an error too.
func (s *Session) Write(ctx context.Context, asked string, write func(ctx context.Context, branch string) error) (Outcome, error) {
	outcome, err := s.target(ctx, asked)
	if err != nil {
		return outcome, err
	}
	if err = s.attempt(ctx, outcome, write); err == nil {
		return outcome, nil
	}
	reason, isLost := lost(err)
	if !isLost {
		return outcome, err
	}
	if outcome.Created || !s.replaceable(asked) {
		return outcome, problem.New(fmt.Sprintf("The branch %s %s. Nothing was written.", outcome.Branch, reason),
			"Leave branch out to write to a fresh session branch.")
	}
	s.Lost(ctx, outcome.Branch, reason)
	fresh, err := s.fresh(ctx, outcome.Branch, reason)
	if err != nil {
		return outcome, fmt.Errorf("the branch %s %s and could not be replaced: %w", outcome.Branch, reason, err)
	}
	err = s.attempt(ctx, fresh, write)
	if reason, isLost := lost(err); isLost {
		s.Lost(ctx, fresh.Branch, reason)
		err = problem.New(fmt.Sprintf("The branch %s %s. Nothing was written.", fresh.Branch, reason), "Try again: the next write goes to a fresh session branch.")
	}
	return fresh, err
}

// attempt writes once. A branch just made need not be looked at.
func (s *Session) attempt(ctx context.Context, o Outcome, write func(context.Context, string) error) error {
	if err := s.isOpen(ctx, o.Branch); err != nil {
		return err
	}
	return write(ctx, o.Branch)
}

// replaceable tells whether a branch that was asked for stands for the session
// branch, so that a fresh one may take its place.
func (s *Session) replaceable(asked string) bool {
	return asked == "" || s.manager.fits(asked, s.owner.User)
}

// target finds the branch that a write goes to.
func (s *Session) target(ctx context.Context, asked string) (Outcome, error) {
	if asked != "" {
		return Outcome{Branch: asked}, s.usable(ctx, asked)
	}
	handle, err := s.handle(ctx)
	if errors.Is(err, ErrAway) {
		return s.adrift(ctx, "", "")
	}
	if err != nil {
		return Outcome{}, err
	}
	if handle.Branch != "" {
		return Outcome{Branch: handle.Branch}, nil
	}
	return s.fresh(ctx, handle.Lost, handle.Reason)
}

// fresh makes a branch and remembers it. Callers of one session that come at the
// same time get one branch.
func (s *Session) fresh(ctx context.Context, replaced, reason string) (Outcome, error) {
	key := s.owner.key()
	if key == "" {
		name, err := s.make(ctx)
		s.manager.options.Changed()
		return Outcome{Branch: name, Created: true, Replaced: replaced, Reason: reason, PassOn: true}, err
	}
	made := s.manager.making.DoChan(key, func() (any, error) {
		// Whoever asked first may give up; the others still wait for the branch.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makingLimit)
		defer cancel()
		return s.makeFor(ctx, key)
	})
	select {
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	case result := <-made:
		if errors.Is(result.Err, ErrAway) {
			return s.adrift(ctx, replaced, reason)
		}
		if result.Err != nil {
			return Outcome{}, result.Err
		}
		o, _ := result.Val.(Outcome) // it is nothing else
		o.Replaced, o.Reason = replaced, reason
		return o, nil
	}
}

// adrift finds a branch while the store is away: a fresh one, or the one that was
// made here for the owner since then. No other is certain not to be a branch that
// the session has left.
func (s *Session) adrift(ctx context.Context, replaced, reason string) (Outcome, error) {
	o := Outcome{Replaced: replaced, Reason: reason, PassOn: true, Adrift: true}
	key := s.owner.key()
	defer s.manager.working.Lock(key)()
	handle, err := s.manager.adrift.Get(ctx, key)
	if err != nil {
		return Outcome{}, err
	}
	if handle.Branch != "" && handle.Branch != replaced {
		o.Branch = handle.Branch
		return o, nil
	}
	o.Created = true
	o.Branch, err = s.make(ctx)
	s.manager.options.Changed()
	if err != nil {
		return o, err
	}
	_, err = s.manager.adrift.Swap(ctx, key, handle, Handle{Branch: o.Branch})
	return o, err
}

// makingLimit bounds the making of a branch, names tried again included.
const makingLimit = 3 * time.Minute

// makeFor makes a branch unless the key has one already, or gets one from another
// replica meanwhile.
func (s *Session) makeFor(ctx context.Context, key string) (Outcome, error) {
	unlock, err := s.manager.options.Store.Lock(ctx, key)
	if err != nil {
		return Outcome{}, fmt.Errorf("waiting to make the session branch: %w", err)
	}
	defer unlock()
	handle, err := s.handle(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if handle.Branch != "" { // made by a call that was quicker
		return Outcome{Branch: handle.Branch}, nil
	}
	name, err := s.make(ctx)
	if err != nil {
		return Outcome{}, err
	}
	now, err := s.manager.options.Store.Swap(ctx, key, handle, Handle{Branch: name})
	if errors.Is(err, ErrAway) { // it may be remembered or not
		s.manager.options.Changed()
		return Outcome{Branch: name, Created: true, PassOn: true, Adrift: true}, nil
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("remembering the session branch %s: %w", name, err)
	}
	s.manager.options.Changed()
	if now.Branch != name && now.Branch != "" { // another replica was quicker
		s.manager.options.Logger.InfoContext(ctx, "a session branch was made twice; one stays empty", "empty", name, "used", now.Branch)
		return Outcome{Branch: now.Branch}, nil
	}
	return Outcome{Branch: name, Created: true}, nil
}

// make makes a branch under a name of the pattern that is not taken.
func (s *Session) make(ctx context.Context) (string, error) {
	var name string
	for range s.manager.options.Attempts {
		name = s.manager.name(s.owner.User, time.Now())
		err := s.create(ctx, name)
		switch {
		case err == nil:
			return name, nil
		case !isTaken(err):
			return "", err
		case s.manager.fixed():
			return "", problem.New(fmt.Sprintf("The branch %s exists already, and INFRAHUB_MCP_BRANCH_PATTERN gives no other name.", name),
				"Switch to it with reset_session_branch if it is yours to use, or have the operator put {hex} into the pattern.")
		}
	}
	return "", problem.New(fmt.Sprintf("%d names for a session branch were taken, the last one %s.", s.manager.options.Attempts, name),
		"Try again, or have the operator choose another INFRAHUB_MCP_BRANCH_PATTERN.")
}

// create makes a branch of a name.
func (s *Session) create(ctx context.Context, name string) error {
	if _, err := operations.CreateBranch(ctx, s.client.Operations("", ""), name, s.owner.describe(name)); err != nil {
		return fmt.Errorf("making the branch %s: %w", name, err)
	}
	s.manager.seen(name, s.owner.mark(name))
	s.manager.options.Logger.InfoContext(ctx, "session branch created", "branch", name)
	return nil
}

// isTaken recognizes the refusal of a name that a branch has. It has no code.
func isTaken(err error) bool {
	refused, ok := errors.AsType[*infrahub.Error](err)
	return ok && strings.HasPrefix(refused.Message, "The branch ") && strings.HasSuffix(strings.TrimRight(refused.Message, "."), "already exists")
}

// Usable refuses a branch that the owner may not write to, and one that takes no
// changes.
func (s *Session) Usable(ctx context.Context, name string) error {
	if err := s.usable(ctx, name); err != nil {
		return err
	}
	err := s.isOpen(ctx, name)
	if reason, isLost := lost(err); isLost {
		s.Lost(ctx, name, reason)
		return problem.New(fmt.Sprintf("The branch %s %s.", name, reason), "The next write goes to a fresh session branch.")
	}
	return err
}

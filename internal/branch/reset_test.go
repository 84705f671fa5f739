package branch

import (
	"errors"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/internal/problem"
)

func TestReset(t *testing.T) {
	t.Parallel()
	const fits = "mcp/session-20260101-0123abcd"
	for _, test := range []struct {
		name   string
		before func(*upstream)
		branch string
		action Action // "" for a refusal
		want   string // the branch of the session then, or a part of the refusal
	}{
		{"without a name the next write starts afresh", nil, "", WasReset, ""},
		{"a branch of people", func(u *upstream) { u.make("feature") }, "feature", Switched, "feature"},
		{"a branch of the pattern", func(u *upstream) { u.make(fits) }, fits, Switched, fits},
		{"a missing branch of the pattern", nil, fits, Created, fits},
		{"a missing branch of another name", nil, "feature", "", "does not fit the pattern"},
		{"the default branch", nil, "main", "", "default branch"},
		{"a merged branch", func(u *upstream) { u.make("feature"); u.put("feature", "MERGED") }, "feature", "", "has been merged"},
		{"a branch in need of a rebase", func(u *upstream) { u.make("feature"); u.put("feature", "NEED_REBASE") }, "feature", "", "must be rebased"},
		{"a branch that is being merged", func(u *upstream) { u.make("feature"); u.put("feature", "MERGING") }, "feature", "", "is being merged"},
		{"a branch of a status not known yet", func(u *upstream) { u.make("feature"); u.put("feature", "FROZEN") }, "feature", "", `the status "FROZEN"`},
		{"a name in other letters", func(u *upstream) { u.make("feature") }, "Feature", "", "There is no branch"},
		{"the branch of agnostic data", nil, "-global-", "", "There is no branch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			s := u.session(manager(t, usual), "1")
			old := written(t, s, "", u.tag("a")).Branch
			if test.before != nil {
				test.before(u)
			}
			action, previous, err := s.Reset(t.Context(), test.branch)
			if test.action == "" {
				if _, ok := errors.AsType[*problem.Problem](err); !ok || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v", err)
				}
				if got := current(t, s); got != old {
					t.Errorf("the refusal changed the session branch to %q", got)
				}
				return
			}
			if err != nil || action != test.action || previous != old || current(t, s) != test.want {
				t.Errorf("%s from %q to %q, %v", action, previous, current(t, s), err)
			}
			outcome := written(t, s, "", u.tag("b"))
			if test.want != "" && outcome.Branch != test.want || outcome.Branch == old || outcome.Note() != "" {
				t.Errorf("the next write: %+v", outcome)
			}
			if test.branch != "" {
				written(t, s, test.branch, u.tag("c")) // may now be named
			}
		})
	}
}

func TestResetTwiceSaysTheSame(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.make("feature")
	s := u.session(manager(t, usual), "1")
	for range 2 {
		if action, _, err := s.Reset(t.Context(), ""); action != WasReset || err != nil {
			t.Errorf("%s, %v", action, err)
		}
	}
	for _, previous := range []string{"", "feature"} {
		if action, was, err := s.Reset(t.Context(), "feature"); action != Switched || was != previous || err != nil {
			t.Errorf("%s from %q, %v", action, was, err)
		}
	}
}

func TestWhoHasNoSessionIsOnlyToldOfABranch(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := manager(t, usual).Session(u.client, Owner{})
	const name = "mcp/session-20260101-0123abcd"
	if action, previous, err := s.Reset(t.Context(), name); action != Created || previous != "" || err != nil {
		t.Errorf("%s from %q, %v", action, previous, err)
	}
	if got := current(t, s); got != "" {
		t.Errorf("%q is remembered", got)
	}
	if outcome := written(t, s, name, u.tag("a")); outcome.Branch != name {
		t.Errorf("%+v", outcome)
	}
	if action, _, err := s.Reset(t.Context(), ""); action != WasReset || err != nil {
		t.Errorf("%s, %v", action, err)
	}
}

func TestAResetThatCrossesAnotherIsTold(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	shared := NewMemory(10, time.Hour)
	s := u.session(manager(t, usual, func(o *Options) { o.Store = shared }), "1")
	if err := s.remember(t.Context(), Handle{Branch: "seen before"}, Handle{Branch: "next"}); err == nil || !strings.Contains(err.Error(), "at the same time") {
		t.Errorf("%v", err)
	}
}

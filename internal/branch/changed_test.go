package branch

import (
	"sync/atomic"
	"testing"
)

// TestAChangeOfBranchesIsTold does not look at how often: every change tells, and
// what changes nothing does not.
func TestAChangeOfBranchesIsTold(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	var told atomic.Int64
	m := manager(t, usual, func(o *Options) { o.Changed = func() { told.Add(1) } })
	s, nobody := u.session(m, "1"), u.session(m, "")
	for _, step := range []struct {
		name string
		do   func()
		told bool
	}{
		{"the first write", func() { written(t, s, "", u.tag("a")) }, true},
		{"the next write", func() { written(t, s, "", u.tag("b")) }, false},
		{"a write of who has no session", func() { written(t, nobody, "", u.tag("c")) }, true},
		{"a reset", func() { reset(t, s, "") }, true},
		{"a switch", func() { u.make("feature"); reset(t, s, "feature") }, true},
		{"a branch that is found gone", func() { s.Lost(t.Context(), "feature", "no longer exists") }, true},
		{"a branch that was found gone before", func() { s.Lost(t.Context(), "feature", "no longer exists") }, false},
		{"a branch made by a reset", func() { reset(t, s, "mcp/session-20260101-0123abcd") }, true},
	} {
		before := told.Load()
		step.do()
		if now := told.Load(); now > before != step.told {
			t.Errorf("%s: it was told %d times", step.name, now-before)
		}
	}
}

func reset(t *testing.T, s *Session, branch string) {
	t.Helper()
	if _, _, err := s.Reset(t.Context(), branch); err != nil {
		t.Fatal(err)
	}
}

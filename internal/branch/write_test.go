package branch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/problem"
)

func current(t testing.TB, s *Session) string {
	t.Helper()
	name, err := s.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTheFirstWriteMakesABranchAndLaterOnesUseIt(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.session(manager(t, usual), "1")
	if got := current(t, s); got != "" {
		t.Errorf("before the first write the branch is %q", got)
	}
	first := written(t, s, "", u.tag("a"))
	if !first.Created || first.PassOn || first.Note() != "" || !s.manager.fits(first.Branch, "") {
		t.Errorf("the first: %+v", first)
	}
	if got := current(t, s); got != first.Branch {
		t.Errorf("remembered is %q", got)
	}
	before := u.requests()
	second := written(t, s, "", u.tag("b"))
	if diff := cmp.Diff(Outcome{Branch: first.Branch}, second); diff != "" {
		t.Errorf("the second: %s", diff)
	}
	if n := u.requests() - before; n != 1 {
		t.Errorf("the second write took %d requests", n)
	}
	if diff := cmp.Diff([]string{"a", "b"}, u.tags(first.Branch)); diff != "" {
		t.Error(diff)
	}
	if got := u.tags("main"); len(got) != 0 {
		t.Errorf("the default branch has %v", got)
	}
	b, err := s.find(t.Context(), first.Branch)
	if err != nil || b == nil || *b.SyncWithGit || !strings.Contains(*b.Description, "AI assistant") {
		t.Errorf("the branch is %+v, %v", b, err)
	}
}

func TestTheDescriptionOfABranchNamesTheUser(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := manager(t, usual).Session(u.client, Owner{Session: "1", User: "ann@example.com"})
	outcome := written(t, s, "", u.tag("a"))
	b, err := s.find(t.Context(), outcome.Branch)
	if err != nil || b == nil || !strings.HasSuffix(*b.Description, " for ann@example.com") {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestSessionsAndPrincipalsHaveBranchesOfTheirOwn(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, usual)
	owners := []Owner{
		{Session: "1"}, {Session: "2"}, {Session: "1", Principal: "ann"}, {Session: "1", Principal: "bob"}, {Principal: "ann"}, {Principal: "bob"},
	}
	seen := map[string]Owner{}
	for _, owner := range owners {
		outcome := written(t, m.Session(u.client, owner), "", u.tag("x"))
		if other, taken := seen[outcome.Branch]; taken {
			t.Errorf("%+v has the branch of %+v", owner, other)
		}
		if !outcome.Created || outcome.PassOn {
			t.Errorf("%+v: %+v", owner, outcome)
		}
		seen[outcome.Branch] = owner
	}
	for name, owner := range seen {
		again := written(t, m.Session(u.client, owner), "", u.tag("y"))
		if again.Branch != name || again.Created {
			t.Errorf("%+v goes on with %+v, not %s", owner, again, name)
		}
	}
}

func TestWritesOfOneSessionThatComeFirstTogetherMakeOneBranch(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, usual)
	const writers = 32
	var mu sync.Mutex
	branches := map[string]int{}
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			outcome, err := u.session(m, "1").Write(t.Context(), "", u.tag(fmt.Sprintf("t%02d", i)))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			branches[outcome.Branch]++
		})
	}
	group.Wait()
	if len(branches) != 1 || u.count("BranchCreate") != 1 || len(u.branches()) != 1 {
		t.Fatalf("%d branches were used, %d asked for, %v made", len(branches), u.count("BranchCreate"), u.branches())
	}
	if got := u.tags(u.branches()[0]); len(got) != writers {
		t.Errorf("%d of %d writes are there", len(got), writers)
	}
}

func TestManySessionsAtOnceWriteWhereTheyBelong(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, usual)
	const sessions = 64
	where := make([]string, sessions)
	var group sync.WaitGroup
	for i := range sessions {
		group.Go(func() {
			outcome, err := u.session(m, fmt.Sprint(i)).Write(t.Context(), "", u.tag(fmt.Sprintf("of-%d", i)))
			if err != nil {
				t.Error(err)
			}
			where[i] = outcome.Branch
		})
	}
	group.Wait()
	if got := len(slices.Compact(slices.Sorted(slices.Values(where)))); got != sessions || len(u.branches()) != sessions {
		t.Fatalf("%d branches for %d sessions, %d were made", got, sessions, len(u.branches()))
	}
	for i, name := range where {
		if diff := cmp.Diff([]string{fmt.Sprintf("of-%d", i)}, u.tags(name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// taken answers to the first so many requests for a branch that its name is
// taken.
func taken(times int64) func(http.ResponseWriter, string) bool {
	var refused atomic.Int64
	return func(w http.ResponseWriter, document string) bool {
		if !strings.Contains(document, "BranchCreate") || refused.Add(1) > times {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":{"BranchCreate":null},"errors":[{"message":"The branch mcp/x already exists","path":["BranchCreate"],"extensions":{"code":"UNDEFINED_ERROR","http_status":422,"data":{}}}]}`))
		return true
	}
}

func TestANameThatIsTakenIsReplacedByAnother(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		attempts int
		taken    int64
		fails    bool
	}{{5, 0, false}, {5, 1, false}, {5, 4, false}, {5, 5, true}, {1, 1, true}, {20, 19, false}} {
		u := newUpstream(t)
		u.behave(taken(test.taken))
		s := u.session(manager(t, usual, func(o *Options) { o.Attempts = test.attempts }), "1")
		ran := 0
		outcome, err := s.Write(t.Context(), "", func(ctx context.Context, branch string) error {
			ran++
			return u.tag("a")(ctx, branch)
		})
		if test.fails {
			if _, ok := errors.AsType[*problem.Problem](err); !ok || !strings.Contains(err.Error(), fmt.Sprintf("%d names", test.attempts)) || ran != 0 {
				t.Errorf("%+v: %v; the write ran %d times", test, err, ran)
			}
			if u.count("BranchCreate") != test.attempts || current(t, s) != "" {
				t.Errorf("%+v: %d names were tried, remembered is %q", test, u.count("BranchCreate"), current(t, s))
			}
			continue
		}
		if err != nil || !outcome.Created || ran != 1 || u.count("BranchCreate") != int(test.taken)+1 {
			t.Errorf("%+v: %v, %+v; the write ran %d times, %d names were tried", test, err, outcome, ran, u.count("BranchCreate"))
		}
	}
}

func TestTheSandboxRefusesATakenNameInTheWordsThatAreLookedFor(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.make("taken")
	s := u.session(manager(t, usual), "1")
	if err := s.create(t.Context(), "taken"); !isTaken(err) {
		t.Errorf("%v", err)
	}
	for _, err := range []error{
		nil, errStore, &infrahub.Error{Message: "The branch x is locked"}, &infrahub.Error{Message: "The name already exists"},
		s.create(t.Context(), "a..b"),
	} {
		if isTaken(err) {
			t.Errorf("%v counts as a taken name", err)
		}
	}
}

func TestAFixedNameThatIsTakenIsAnErrorThatExplainsItself(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.make("the-only-one")
	s := u.session(manager(t, "the-only-one"), "1")
	_, err := s.Write(t.Context(), "", u.tag("a"))
	if _, ok := errors.AsType[*problem.Problem](err); !ok || !strings.Contains(err.Error(), "the-only-one exists already") || !strings.Contains(err.Error(), "reset_session_branch") || u.count("BranchCreate") != 2 { // one is the test's
		t.Errorf("%v, after %d attempts", err, u.count("BranchCreate"))
	}
	// What it advises works.
	if _, _, err := s.Reset(t.Context(), "the-only-one"); err != nil {
		t.Fatal(err)
	}
	if outcome := written(t, s, "", u.tag("a")); outcome.Branch != "the-only-one" {
		t.Errorf("%+v", outcome)
	}
}

// loss is a way in which a branch is lost behind a session's back.
type loss struct {
	lose   func(*upstream, string)
	reason string
}

func losses() map[string]loss {
	status := func(status string) func(*upstream, string) {
		return func(u *upstream, name string) { u.put(name, status) }
	}
	return map[string]loss{
		"deleted":                   {(*upstream).remove, "no longer exists"},
		"merged":                    {status("MERGED"), "has been merged"},
		"in need of a rebase":       {status("NEED_REBASE"), "must be rebased"},
		"of a status not known yet": {status("FROZEN"), `has the status "FROZEN"`},
		"upgraded":                  {status("NEED_UPGRADE_REBASE"), "must be rebased"},
		"being deleted":             {status("DELETING"), "is being deleted"},
		"half merged":               {status("MERGE_FAILED"), "is stuck in a merge that failed"},
		"being merged":              {status("MERGING"), "is being merged"},
	}
}

func TestABranchLostBehindTheSessionsBackIsReplacedAndNamed(t *testing.T) {
	t.Parallel()
	for how, test := range losses() {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			s := u.session(manager(t, usual), "1")
			lost := written(t, s, "", u.tag("before")).Branch
			test.lose(u, lost)
			s.manager.open.Purge() // as after half a minute
			ran := []string{}
			outcome := written(t, s, "", func(ctx context.Context, branch string) error {
				ran = append(ran, branch)
				return u.tag("after")(ctx, branch)
			})
			if outcome.Branch == lost || !outcome.Created || outcome.Replaced != lost || !strings.HasPrefix(outcome.Reason, test.reason) {
				t.Errorf("%+v", outcome)
			}
			if note := outcome.Note(); !strings.Contains(note, lost) || !strings.Contains(note, outcome.Branch) || !strings.Contains(note, test.reason) {
				t.Errorf("the note: %s", note)
			}
			if diff := cmp.Diff([]string{outcome.Branch}, ran); diff != "" {
				t.Errorf("the write ran on %s", diff)
			}
			if diff := cmp.Diff([]string{"after"}, u.tags(outcome.Branch)); diff != "" {
				t.Error(diff)
			}
			if got := current(t, s); got != outcome.Branch {
				t.Errorf("remembered is %s", got)
			}
			if next := written(t, s, "", u.tag("later")); next.Branch != outcome.Branch || next.Note() != "" {
				t.Errorf("the next write: %+v", next)
			}
		})
	}
}

// TestAWriteThatInfrahubRefusesForItsBranchRunsAgainOnAFreshOne loses the branch
// while it still counts as open, so that only the write itself tells.
func TestAWriteThatInfrahubRefusesForItsBranchRunsAgainOnAFreshOne(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"deleted", "merged", "in need of a rebase"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			s := u.session(manager(t, usual), "1")
			lost := written(t, s, "", u.tag("before")).Branch
			losses()[how].lose(u, lost)
			ran := []string{}
			outcome := written(t, s, "", func(ctx context.Context, branch string) error {
				ran = append(ran, branch)
				return u.tag("after")(ctx, branch)
			})
			if diff := cmp.Diff([]string{lost, outcome.Branch}, ran); diff != "" || outcome.Replaced != lost {
				t.Errorf("%+v ran on %s", outcome, diff)
			}
			if diff := cmp.Diff([]string{"after"}, u.tags(outcome.Branch)); diff != "" {
				t.Errorf("the write is there not exactly once: %s", diff)
			}
			if u.count("Branch(name") != 0 {
				t.Error("the branch was asked for though the write itself tells")
			}
		})
	}
}

func TestWritersThatLoseABranchTogetherGetOneFreshBranch(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, usual)
	lost := written(t, u.session(m, "1"), "", u.tag("before")).Branch
	u.remove(lost)
	const writers = 16
	outcomes := make([]Outcome, writers)
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			var err error
			if outcomes[i], err = u.session(m, "1").Write(t.Context(), "", u.tag(fmt.Sprint("t", i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := u.branches(); len(got) != 1 || len(u.tags(got[0])) != writers {
		t.Fatalf("branches %v", got)
	}
	told := 0
	for _, outcome := range outcomes {
		if outcome.Replaced == lost {
			told++
		}
	}
	if told == 0 {
		t.Error("nobody was told that the branch was lost")
	}
}

func TestAnErrorThatIsNotAboutTheBranchIsNotRepeated(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.session(manager(t, usual), "1")
	kept := written(t, s, "", u.tag("before")).Branch
	for name, fault := range map[string]error{
		"a value that is refused": &infrahub.Error{Kind: infrahub.Invalid},
		"no answer":               &infrahub.Error{Kind: infrahub.Timeout},
		"a connection that broke": &infrahub.Error{Kind: infrahub.Unreachable},
		"a merge of another one":  &infrahub.Error{Kind: infrahub.MergeInProgress},
		"a merge to be repaired":  &infrahub.Error{Kind: infrahub.MergeRecoveryRequired},
		"a missing right":         &infrahub.Error{Kind: infrahub.Forbidden},
		"a missing node":          &infrahub.Error{Kind: infrahub.NodeNotFound},
		"something else":          errStore,
	} {
		ran := 0
		outcome, err := s.Write(t.Context(), "", func(context.Context, string) error { ran++; return fault })
		if !errors.Is(err, fault) || ran != 1 || outcome.Branch != kept || current(t, s) != kept {
			t.Errorf("%s: %v, ran %d times, %+v", name, err, ran, outcome)
		}
	}
}

func TestAFreshBranchThatIsRefusedAtOnceIsNotReplacedForEver(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.session(manager(t, usual), "1")
	ran := 0
	gone := func(context.Context, string) error { ran++; return &infrahub.Error{Kind: infrahub.BranchNotFound} }
	_, err := s.Write(t.Context(), "", gone)
	if _, ok := errors.AsType[*problem.Problem](err); !ok || ran != 1 || u.count("BranchCreate") != 1 {
		t.Errorf("%v after %d attempts on %d branches", err, ran, u.count("BranchCreate"))
	}
	_, err = s.Write(t.Context(), "", gone)
	if err == nil || ran != 3 || u.count("BranchCreate") != 2 {
		t.Errorf("then %v after %d attempts on %d branches", err, ran, u.count("BranchCreate"))
	}
}

func TestABranchThatIsAskedFor(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, "mcp/{user}-{hex}")
	ann := m.Session(u.client, Owner{Principal: "ann", Session: "1", User: "ann"})
	u.make("mcp/ann-0123abcd")
	u.make("mcp/bob-0123abcd")
	u.make("feature")
	for _, test := range []struct{ name, branch, refusal string }{
		{"one of the pattern", "mcp/ann-0123abcd", ""},
		{"one of another user", "mcp/bob-0123abcd", "not a session branch of yours"},
		{"one of people", "feature", "not a session branch of yours"},
		{"the default branch", "main", "not a session branch of yours"},
		{"one that does not exist", "mcp/bob-ffffffff", "not a session branch of yours"},
		{"a path", "../main", "not a session branch of yours"},
		{"one in other letters", "MCP/ann-0123abcd", "not a session branch of yours"},
	} {
		ran := 0
		outcome, err := ann.Write(t.Context(), test.branch, func(context.Context, string) error { ran++; return nil })
		if test.refusal == "" {
			if err != nil || outcome.Branch != test.branch || outcome.Created || ran != 1 {
				t.Errorf("%s: %+v, %v, ran %d times", test.name, outcome, err, ran)
			}
			continue
		}
		if _, ok := errors.AsType[*problem.Problem](err); !ok || !strings.Contains(err.Error(), test.refusal) || ran != 0 {
			t.Errorf("%s: %v, ran %d times", test.name, err, ran)
		}
	}
	if got := current(t, ann); got != "" {
		t.Errorf("a branch that was passed explicitly became that of the session: %s", got)
	}
}

// A name that fits the pattern says nothing of whose it is where the pattern does
// not name the user.
func TestABranchOfSomebodyElseIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, usual)
	ann, bob := m.Session(u.client, Owner{Principal: "ann", User: "ann"}), m.Session(u.client, Owner{Principal: "bob", User: "bob"})
	anns := written(t, ann, "", u.tag("a")).Branch
	later := m.Session(u.client, Owner{Principal: "ann", Session: "2", User: "ann"})
	written(t, later, anns, u.tag("b"))
	_, err := bob.Write(t.Context(), anns, u.tag("c"))
	if _, ok := errors.AsType[*problem.Problem](err); !ok || !strings.Contains(err.Error(), "not a session branch of yours") {
		t.Errorf("bob writes on the branch of ann: %v", err)
	}
	if err := bob.Usable(t.Context(), anns); err == nil {
		t.Error("bob may propose the branch of ann")
	}
	// It can be meant, and is said then.
	if action, _, err := bob.Reset(t.Context(), anns); action != Switched || err != nil {
		t.Errorf("bob switches to it: %q, %v", action, err)
	}
	written(t, bob, anns, u.tag("c"))
	written(t, m.Session(u.client, Owner{Principal: "bob", Session: "2", User: "bob"}), anns, u.tag("d"))
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, u.tags(anns)); diff != "" {
		t.Error(diff)
	}
	// One that is made by name is its maker's too.
	const name = "mcp/session-20200101-0123abcd"
	if action, _, err := ann.Reset(t.Context(), name); action != Created || err != nil {
		t.Fatalf("%q, %v", action, err)
	}
	if _, err := bob.Write(t.Context(), name, u.tag("e")); err == nil {
		t.Error("bob writes on a branch that ann made by name")
	}
}

func TestABranchThatWasSwitchedToIsTheOwnersEverywhere(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, usual)
	u.make("feature")
	first := m.Session(u.client, Owner{Principal: "ann", Session: "1"})
	if _, _, err := first.Reset(t.Context(), "feature"); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Session{
		"another session":   m.Session(u.client, Owner{Principal: "ann", Session: "2"}),
		"without a session": m.Session(u.client, Owner{Principal: "ann"}),
	} {
		if outcome := written(t, s, "feature", u.tag(name)); outcome.Branch != "feature" {
			t.Errorf("%s: %+v", name, outcome)
		}
	}
	bob := m.Session(u.client, Owner{Principal: "bob", Session: "1"})
	if _, err := bob.Write(t.Context(), "feature", u.tag("x")); err == nil {
		t.Error("another principal may write to it too")
	}
}

func TestTheDefaultBranchIsRefusedEvenWhereThePatternMakesItsName(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.session(manager(t, "main"), "1")
	for _, asked := range []string{"", "main"} {
		if _, err := s.Write(t.Context(), asked, u.tag("a")); err == nil {
			t.Errorf("asked for %q it was written", asked)
		}
	}
	if _, _, err := s.Reset(t.Context(), "main"); err == nil || !strings.Contains(err.Error(), "default branch") {
		t.Errorf("switching to it: %v", err)
	}
	if got := u.tags("main"); len(got) != 0 {
		t.Errorf("the default branch has %v", got)
	}
}

func TestABranchThatIsAskedForAndLost(t *testing.T) {
	t.Parallel()
	t.Run("stands for the session branch when it fits the pattern", func(t *testing.T) {
		t.Parallel()
		u := newUpstream(t)
		s := u.session(manager(t, usual), "1")
		const gone = "mcp/session-20260101-0123abcd"
		outcome := written(t, s, gone, u.tag("a"))
		if outcome.Branch == gone || outcome.Replaced != gone || !strings.Contains(outcome.Note(), gone) {
			t.Errorf("%+v", outcome)
		}
	})
	t.Run("gives way to the session branch that there is", func(t *testing.T) {
		t.Parallel()
		u := newUpstream(t)
		s := u.session(manager(t, usual), "1")
		mine := written(t, s, "", u.tag("a")).Branch
		outcome := written(t, s, "mcp/session-20260101-0123abcd", u.tag("b"))
		if outcome.Branch != mine || outcome.Created {
			t.Errorf("%+v", outcome)
		}
	})
	t.Run("is an error when people named it", func(t *testing.T) {
		t.Parallel()
		u := newUpstream(t)
		u.make("feature")
		s := u.session(manager(t, usual), "1")
		if _, _, err := s.Reset(t.Context(), "feature"); err != nil {
			t.Fatal(err)
		}
		u.remove("feature")
		ran := 0
		_, err := s.Write(t.Context(), "feature", func(ctx context.Context, branch string) error { ran++; return u.tag("a")(ctx, branch) })
		if _, ok := errors.AsType[*problem.Problem](err); !ok || !strings.Contains(err.Error(), "no longer exists. Nothing was written.") || ran != 1 {
			t.Errorf("%v, ran %d times", err, ran)
		}
		// Left out, it is replaced.
		if outcome := written(t, s, "", u.tag("a")); outcome.Replaced != "feature" {
			t.Errorf("then %+v", outcome)
		}
	})
}

func TestTheBranchThatTakesThePlaceOfALostOneMayBeLostToo(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.session(manager(t, usual), "1")
	mine := written(t, s, "", u.tag("a")).Branch
	u.put(mine, "FROZEN") // which Infrahub itself does not refuse
	s.manager.open.Purge()
	ran := 0
	outcome, err := s.Write(t.Context(), "mcp/session-20260101-0123abcd", func(ctx context.Context, branch string) error {
		ran++
		return u.tag("b")(ctx, branch)
	})
	if err == nil {
		if outcome.Branch == mine || ran != 1 {
			t.Errorf("%+v, ran %d times", outcome, ran)
		}
		return
	}
	if _, ok := errors.AsType[*problem.Problem](err); !ok || ran != 0 {
		t.Errorf("it ran %d times, and the error is nothing to act on: %v", ran, err)
	}
	if outcome := written(t, s, "", u.tag("b")); outcome.Branch == mine {
		t.Errorf("then %+v", outcome)
	}
}

func TestWhoHasNoSessionPassesTheBranchOn(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, usual)
	anonymous := m.Session(u.client, Owner{})
	if !anonymous.Sessionless() || u.session(m, "1").Sessionless() || m.Session(u.client, Owner{Principal: "ann"}).Sessionless() {
		t.Error("who is without a session?")
	}
	first := written(t, anonymous, "", u.tag("a"))
	if !first.Created || !first.PassOn || !strings.Contains(first.Note(), "Pass branch "+first.Branch) {
		t.Errorf("%+v: %s", first, first.Note())
	}
	if got := current(t, anonymous); got != "" {
		t.Errorf("%s is remembered for everyone", got)
	}
	if second := written(t, anonymous, "", u.tag("a")); second.Branch == first.Branch {
		t.Error("two callers share a branch by accident")
	}
	if third := written(t, anonymous, first.Branch, u.tag("b")); third.Branch != first.Branch || third.Created {
		t.Errorf("with the branch: %+v", third)
	}
	u.remove(first.Branch)
	outcome := written(t, anonymous, first.Branch, u.tag("c"))
	if note := outcome.Note(); outcome.Branch == first.Branch || !strings.Contains(note, first.Branch) || !strings.Contains(note, "Pass branch "+outcome.Branch) {
		t.Errorf("after it was deleted: %+v: %s", outcome, note)
	}
}

func TestACallerWhoGivesUpDoesNotTakeTheBranchFromTheOthers(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	m := manager(t, usual)
	entered, release := make(chan struct{}), make(chan struct{})
	u.behave(func(_ http.ResponseWriter, document string) bool {
		if strings.Contains(document, "BranchCreate") {
			close(entered)
			<-release
		}
		return false
	})
	hasty, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error, 1)
	go func() {
		_, err := u.session(m, "1").Write(hasty, "", u.tag("hasty"))
		gaveUp <- err
	}()
	<-entered
	patient := make(chan Outcome, 1)
	go func() {
		outcome, err := u.session(m, "1").Write(t.Context(), "", u.tag("patient"))
		if err != nil {
			t.Error(err)
		}
		patient <- outcome
	}()
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	close(release)
	outcome := <-patient
	if u.count("BranchCreate") != 1 || current(t, u.session(m, "1")) != outcome.Branch {
		t.Errorf("%d branches were asked for, %+v", u.count("BranchCreate"), outcome)
	}
	if diff := cmp.Diff([]string{"patient"}, u.tags(outcome.Branch)); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutItsStoreNothingIsWritten(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	for name, broken := range map[string]brokenStore{
		"it cannot be read":    {get: errStore},
		"it cannot be written": {swap: errStore},
	} {
		broken.Store = NewMemory(10, time.Hour)
		s := u.session(manager(t, usual, func(o *Options) { o.Store = broken }), "1")
		ran := 0
		_, err := s.Write(t.Context(), "", func(context.Context, string) error { ran++; return nil })
		if !errors.Is(err, errStore) || ran != 0 {
			t.Errorf("%s: %v, ran %d times", name, err, ran)
		}
		if _, _, err := s.Reset(t.Context(), ""); !errors.Is(err, errStore) {
			t.Errorf("%s, reset: %v", name, err)
		}
	}
	s := u.session(manager(t, usual, func(o *Options) { o.Store = brokenStore{get: errStore} }), "1")
	if _, err := s.Current(t.Context()); !errors.Is(err, errStore) {
		t.Errorf("the current branch: %v", err)
	}
	if _, err := s.Write(t.Context(), "feature", u.tag("a")); !errors.Is(err, errStore) {
		t.Errorf("a branch that is asked for: %v", err)
	}
	s.Lost(t.Context(), "b", "is gone") // must not panic, and has nothing to say
}

// TestAReplicaThatWasQuickerDecides has another replica remember a branch while
// this one makes its own.
func TestAReplicaThatWasQuickerDecides(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	shared := NewMemory(10, time.Hour)
	u.make("mcp/session-20260101-0123abcd")
	m := manager(t, usual, func(o *Options) { o.Store = shared })
	s := u.session(m, "1")
	u.behave(func(_ http.ResponseWriter, document string) bool {
		if strings.Contains(document, "BranchCreate") {
			swap(t, shared, s.owner.key(), Handle{}, Handle{Branch: "mcp/session-20260101-0123abcd"})
		}
		return false
	})
	outcome := written(t, s, "", u.tag("a"))
	if outcome.Branch != "mcp/session-20260101-0123abcd" || outcome.Created {
		t.Errorf("%+v", outcome)
	}
}

func TestALossIsNotedForTheNextWriteOnly(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.session(manager(t, usual), "1")
	first := written(t, s, "", u.tag("a")).Branch
	s.Lost(t.Context(), "another", "is gone")
	s.Lost(t.Context(), "", "is gone")
	if got := current(t, s); got != first {
		t.Errorf("the loss of another branch made it %q", got)
	}
	s.Lost(t.Context(), first, "has been eaten")
	if got := current(t, s); got != "" {
		t.Errorf("the lost branch is still %q", got)
	}
	second := written(t, s, "", u.tag("b"))
	if second.Replaced != first || !strings.Contains(second.Note(), first+" has been eaten;") {
		t.Errorf("%+v: %s", second, second.Note())
	}
	if third := written(t, s, "", u.tag("c")); third.Note() != "" {
		t.Errorf("the loss is told again: %s", third.Note())
	}
}

func TestUsableIsWhatMayBeProposed(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.session(manager(t, usual), "1")
	mine := written(t, s, "", u.tag("a")).Branch
	if err := s.Usable(t.Context(), mine); err != nil {
		t.Errorf("the branch of the session: %v", err)
	}
	if err := s.Usable(t.Context(), "main"); err == nil {
		t.Error("the default branch is usable")
	}
	u.put(mine, "MERGED")
	s.manager.open.Purge()
	err := s.Usable(t.Context(), mine)
	if _, ok := errors.AsType[*problem.Problem](err); !ok || !strings.Contains(err.Error(), "has been merged") || current(t, s) != "" {
		t.Errorf("merged: %v, the session branch is %q", err, current(t, s))
	}
}

func TestAnInfrahubThatFailsWhileABranchIsMadeLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.session(manager(t, usual), "1")
	u.behave(func(w http.ResponseWriter, document string) bool {
		if strings.Contains(document, "BranchCreate") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	ran := 0
	_, err := s.Write(t.Context(), "", func(context.Context, string) error { ran++; return nil })
	if !infrahub.Unavailable(err) && !errors.Is(err, infrahub.ServerFault) || ran != 0 || current(t, s) != "" {
		t.Errorf("%v, ran %d times, remembered %q", err, ran, current(t, s))
	}
	u.behave(nil)
	if outcome := written(t, s, "", u.tag("a")); !outcome.Created {
		t.Errorf("then %+v", outcome)
	}
}

// Package contract is one list of requests whose answers any server that
// claims to be an Infrahub must agree on. The answers of a real Infrahub are
// recorded in testdata; [Run] sends the same requests, in the same order, to
// another server and compares.
//
// What differs from run to run (ids, times, hashes, tokens, names of branches)
// is replaced by placeholders before the comparison; see [normalizer]. What the
// requests are is data: see [request] and the folder of groups.
//
// The server must hold the demo schema and the demo data of 40 devices, and
// the accounts reader (may view everything) and engineer (may also change data
// on branches). The suite leaves the default branch as it found it: it changes
// data on branches of its own, and what it adds to the default branch it
// removes again.
package contract

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/internal/config"
)

// Target is a server to check, with what the requests need to be accepted.
type Target struct {
	// Address is the base URL without a trailing slash.
	Address string
	// AdminToken, ReaderToken and EngineerToken are API tokens of the accounts
	// admin, reader and engineer.
	AdminToken, ReaderToken, EngineerToken config.Secret
	// AdminPassword is the password of the account admin.
	AdminPassword config.Secret
	// ExpiredToken is an access token (JWT) of the server that has expired.
	ExpiredToken config.Secret
	// Patience is how long one request may take, and how long one that waits for
	// something is repeated: four minutes if it is zero, because an Infrahub whose
	// task manager is busy takes over two for an operation on a branch.
	Patience time.Duration
	// Differences are those between the server and the recordings that are
	// known and accepted.
	Differences []Difference
	// Record writes the answers to testdata instead of comparing them.
	Record bool
}

// Difference is one that a Target is allowed to have. An allowance that nothing
// needs any more fails the run, so that the list stays true.
type Difference struct {
	// Group and Request name the request; an empty Request stands for every one
	// of the group.
	Group, Request string
	// Path is where the answer may differ, and all below it: "status",
	// "header.Retry-After", or a path in the body such as
	// "data.DiffTree.nodes.*.label". "*" stands for any one step; an empty
	// path for the whole answer, and for there being none that the suite can use.
	Path string
	// Reason says why the difference is accepted.
	Reason string
}

func (d Difference) where() string {
	if d.Request == "" {
		return d.Group
	}
	return d.Group + "/" + d.Request
}

// Run sends every request of the suite to the target, in order, and reports
// those whose answer differs from the recorded one, each as a subtest named by
// its group and itself. All are sent whatever -run selects, because later ones
// build on earlier ones.
//
// Call it from a test of this package: it reads and writes the folder testdata.
func Run(t *testing.T, target Target) {
	t.Helper()
	s := newSession(target)
	if f := s.fetch(t.Context(), request{path: "/api/config"}); f.err != nil {
		t.Fatal(f.err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), s.target.Patience)
		defer cancel()
		if err := s.restore(ctx); err != nil {
			t.Errorf("restoring the data: %v", err)
		}
	})
	suite := groups()
	played := map[string][]outcome{}
	for _, g := range suite {
		played[g.name] = s.play(t.Context(), g)
	}
	if target.Record {
		if err := record(testdata, suite, played); err != nil {
			t.Error(err)
		}
	}
	recorded, err := load(os.DirFS(testdata))
	if err != nil {
		t.Fatal(err)
	}
	allowed := newAllowances(target.Differences)
	for _, g := range suite {
		t.Run(g.name, func(t *testing.T) {
			for _, o := range played[g.name] {
				t.Run(o.request.name, func(t *testing.T) {
					t.Logf("answered after %v", o.took.Round(time.Millisecond))
					if problems := o.problems(recorded[g.name], allowed.of(g.name, o.request.name)); problems != nil {
						t.Errorf("%s\n%s", o.request.line(), strings.Join(problems, "\n"))
					}
				})
			}
		})
	}
	for _, d := range allowed.unused() {
		t.Errorf("%s: the difference at %q is allowed, but there is none", d.where(), d.Path)
	}
}

// outcome is what became of a request.
type outcome struct {
	request request
	answer  recording
	err     error // why there is no answer
	took    time.Duration
}

// problems says in what an outcome differs from the recorded answer, one line
// for each difference that is not allowed.
func (o outcome) problems(recorded map[string]recording, allowed func(mismatch) bool) []string {
	if o.err != nil {
		if allowed(mismatch{}) {
			return nil
		}
		return []string{o.err.Error()}
	}
	want, ok := recorded[o.request.name]
	switch {
	case !ok:
		return []string{"no answer is recorded"}
	case want.Request != o.answer.Request || want.Sent != o.answer.Sent:
		return []string{"the recorded answer is that of an older request: record anew"}
	}
	var problems []string
	for _, m := range want.compare(o.answer) {
		if !allowed(m) {
			problems = append(problems, fmt.Sprintf("%s: want %s, got %s", m.where(), excerpt(m.want), excerpt(m.got)))
		}
	}
	return problems
}

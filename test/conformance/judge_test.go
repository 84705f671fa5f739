package conformance_test

import (
	"flag"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// target is a server that the suite judges.
type target struct {
	name string // in the report
	url  string
	// except says which scenarios are not for this server, and why.
	except []rule
	// withoutFixtures says that the server has no tools for the suite, so that
	// checks which the suite calls not testable without them do not count.
	withoutFixtures bool
	// lacks says what the server cannot do yet, by scenario/check. What is listed
	// may fail and is then skipped with the reason. It must be taken out of the
	// list when it no longer fails.
	lacks []rule
}

// rule says something about the names that match a pattern (package path).
type rule struct{ pattern, reason string }

// match returns the first rule for a name, nil when there is none.
func match(rules []rule, name string) *rule {
	for i, r := range rules {
		if ok, _ := path.Match(r.pattern, name); ok {
			return &rules[i]
		}
	}
	return nil
}

// judge runs the suite against a server for each version of the protocol and
// makes a subtest of each scenario and of each check.
func judge(t *testing.T, server target) {
	used := map[*rule]bool{}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			folder := filepath.Join(shared.results, server.name+"-"+version)
			results := shared.suite.run(t.Context(), t, server.url, version, folder)
			scored, unscored := shared.suite.requirements(t, version)
			for _, scenario := range slices.Concat(scored, unscored) {
				l := &line{server: server.name, version: version, scenario: scenario, scored: slices.Contains(scored, scenario)}
				shared.report.lines = append(shared.report.lines, l)
				if r := match(server.except, scenario); r != nil {
					l.excepted = r.reason
					continue
				}
				t.Run(scenario, func(t *testing.T) { server.judge(t, l, results[scenario], used) })
			}
		})
	}
	if flag.Lookup("test.run").Value.String() != "" {
		return // not everything ran
	}
	for i := range server.lacks {
		if r := &server.lacks[i]; !used[r] {
			t.Errorf("%s is listed as lacking, but nothing of it fails: take it out of the list", r.pattern)
		}
	}
}

// untestable is how the suite begins to say that a server lacks a tool for it.
const untestable = "Not testable: server does not list the diagnostic tool"

// judge makes a subtest of each check of a scenario.
func (s target) judge(t *testing.T, l *line, checks []check, used map[*rule]bool) {
	tells := false // whether any check says something about the server
	for _, c := range checks {
		if s.withoutFixtures && c.Status == "FAILURE" && strings.HasPrefix(c.ErrorMessage, untestable) {
			l.note(c.ID + " is not for it: needs a tool of the suite")
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			switch c.Status {
			case "SUCCESS":
				// That the messages fit the schema says nothing about the scenario.
				tells = tells || c.ID != schemaCheck
				l.passed++
			case "INFO":
				t.Log(c.says())
			case "SKIPPED":
				l.note(c.ID + " was skipped: " + c.says())
				t.Skip("the suite skips this: " + c.says())
			default: // FAILURE of what a server must do, WARNING about what it should do
				tells = true
				s.fail(t, l, c, used)
			}
		})
	}
	if !tells {
		t.Run("nothing", func(t *testing.T) {
			s.fail(t, l, check{ID: "nothing", Status: "FAILURE", ErrorMessage: "the suite checked nothing"}, used)
		})
	}
}

// schemaCheck is the check of a scenario that all messages fit the schema of the
// protocol. Nothing excuses its failure.
const schemaCheck = "wire-schema-valid"

// fail ends the test of a check that did not succeed.
func (s target) fail(t *testing.T, l *line, c check, used map[*rule]bool) {
	t.Helper()
	if r := match(s.lacks, l.scenario+"/"+c.ID); r != nil && c.ID != schemaCheck {
		used[r] = true
		l.lacking++
		l.note(c.ID + ": " + r.reason)
		t.Skipf("the server cannot do this yet: %s. The suite says: %s", r.reason, c.says())
	}
	l.failed++
	l.note(c.ID + ": " + c.says())
	t.Errorf("%s: %s", strings.ToLower(c.Status), c.says())
}

package conformance_test

import (
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
}

// noTasks is why no server is for the scenarios about tasks.
const noTasks = "is about an extension that is not offered"

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
				t.Run(scenario, func(t *testing.T) { server.judge(t, l, results[scenario]) })
			}
		})
	}
}

// untestable is how the suite begins to say that a server lacks a tool for it.
const untestable = "Not testable: server does not list the diagnostic tool"

// judge makes a subtest of each check of a scenario.
func (s target) judge(t *testing.T, l *line, checks []check) {
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
				l.fail(t, c)
			}
		})
	}
	if !tells {
		t.Run("nothing", func(t *testing.T) {
			l.fail(t, check{ID: "nothing", Status: "FAILURE", ErrorMessage: "the suite checked nothing"})
		})
	}
}

// schemaCheck is the check of a scenario that all messages fit the schema of the
// protocol.
const schemaCheck = "wire-schema-valid"

// fail ends the test of a check that did not succeed.
func (l *line) fail(t *testing.T, c check) {
	t.Helper()
	l.failed++
	l.note(c.ID + ": " + c.says())
	t.Errorf("%s: %s", strings.ToLower(c.Status), c.says())
}

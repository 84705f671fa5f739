package contract

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTheSuiteIsWellFormed(t *testing.T) {
	known := newSession(Target{}).values
	names, total := map[string]bool{}, 0
	for _, g := range groups() {
		captured := map[string]string{}
		for _, r := range g.requests {
			total++
			where := g.name + "/" + r.name
			if r.name == "" || names[where] {
				t.Errorf("%s: a name must be there, and once in its group", where)
			}
			names[where] = true
			if (r.graphql == "") == (r.path == "") {
				t.Errorf("%s: it must have either a path or a document", where)
			}
			for ignored, reason := range r.ignore {
				if reason == "" {
					t.Errorf("%s: %s is ignored without a reason", where, ignored)
				}
			}
			x := expander{values: known}
			if _, err := r.build(t.Context(), "http://127.0.0.1", known); err != nil {
				t.Errorf("%s: %v", where, err)
			}
			for name, path := range r.capture {
				x.expandString(path)
				if x.err != nil {
					t.Errorf("%s: %v", where, x.err)
				}
				if _, twice := known[name]; twice {
					t.Errorf("%s: there is a variable %s already", where, name)
				}
				captured[name] = "value"
			}
			if !g.independent {
				maps.Copy(known, captured)
			}
		}
		maps.Copy(known, captured)
	}
	if total < 250 {
		t.Errorf("there are %d requests, want at least 250", total)
	}
}

// What must never be sent to an Infrahub that others use too.
func TestTheSuiteIsHarmless(t *testing.T) {
	mutation := regexp.MustCompile(`^\s*mutation\b`)
	made := regexp.MustCompile(`\bBranchCreate\(data: \{name: "(\{\{[a-z]+\}\})"`)
	// The rebase of the default branch hides the past of everything, and its
	// merge stores all there is as a difference.
	moved := regexp.MustCompile(`\bBranch(Rebase|Merge)\b`)
	movedOwn := regexp.MustCompile(`\bBranch(Rebase|Merge)\(data: \{name: "\{\{(work|merge|conflict|nowhere)\}\}"\}`)
	branches := map[string]bool{}
	// What changes nothing, what is outside branches, or what is removed again.
	onDefault := regexp.MustCompile(`\b(Branch\w+|DiffUpdate|ResolveDiffConflict|InfrahubAccountToken\w+|InfrahubTaskCancel|CoreProposedChange\w+)\(|contract-\{\{run\}\}|id: "\{\{(both|merged)\}\}"`)
	for _, g := range groups() {
		for _, r := range g.requests {
			where := g.name + "/" + r.name
			if moved.MatchString(r.graphql+r.body) && !movedOwn.MatchString(r.graphql) {
				t.Errorf("%s: it merges or rebases a branch that is not the suite's", where)
			}
			if strings.HasPrefix(r.path, "/api/schema/load") && !strings.Contains(r.path, "branch={{") && (r.as == admin || r.as == login) {
				t.Errorf("%s: it loads a schema into the default branch", where)
			}
			for _, name := range made.FindAllStringSubmatch(r.graphql, -1) {
				branches[name[1]] = true
			}
			allowed := r.as == admin || r.as == login
			if mutation.MatchString(r.graphql) && allowed && (r.branch == "" || r.branch == "main") && !onDefault.MatchString(r.graphql) && !refused(r) {
				t.Errorf("%s: it may change the default branch", where)
			}
		}
	}
	if len(branches) > 3 {
		t.Errorf("it makes the branches %v, want at most three", slices.Sorted(maps.Keys(branches)))
	}
}

// refused tells of a mutation that validation stops.
func refused(r request) bool {
	return strings.Contains(r.graphql, "Create { ok }")
}

func TestEveryRequestHasItsRecording(t *testing.T) {
	recorded, err := load(os.DirFS(testdata))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups() {
		for _, r := range g.requests {
			digest, err := r.digest()
			if err != nil {
				t.Fatal(err)
			}
			have, ok := recorded[g.name][r.name]
			if !ok || have.Request != r.line() || have.Sent != digest {
				t.Errorf("%s/%s: no answer is recorded for this request: record anew", g.name, r.name)
			}
			delete(recorded[g.name], r.name)
		}
		for name := range recorded[g.name] {
			t.Errorf("%s/%s: an answer is recorded for no request", g.name, name)
		}
		delete(recorded, g.name)
	}
	for name := range recorded {
		t.Errorf("answers are recorded for the group %s, which is not there", name)
	}
}

func TestRecordingsHoldNothingOfTheServerTheyAreFrom(t *testing.T) {
	files, err := os.ReadDir(testdata)
	if err != nil {
		t.Fatal(err)
	}
	requestLine := regexp.MustCompile(`(?m)^  "request": .*$`)
	// An id, a token, the hash of a password, a time of the server, a host.
	own := regexp.MustCompile(`-[0-9a-f]{4}-[0-9a-f]{12}|eyJ|\$2b|202[5-9]-\d\d-|127\.0\.0\.1|localhost`)
	for _, file := range files {
		raw, err := os.ReadFile(testdata + "/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if found := own.Find(requestLine.ReplaceAll(raw, nil)); found != nil {
			t.Errorf("%s holds %q", file.Name(), found)
		}
	}
}

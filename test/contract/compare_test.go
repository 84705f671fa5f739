package contract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswersAreComparedAtTheirDeepestPlaces(t *testing.T) {
	for _, test := range []struct {
		name, want, got string
		differs         []string
	}{
		{"nothing", `{"a":[1,{"b":null}]}`, `{"a":[1,{"b":null}]}`, nil},
		{"a value", `{"a":[1,2]}`, `{"a":[1,3]}`, []string{"a.1: 2, 3"}},
		{"a missing member", `{"a":1,"b":2}`, `{"a":1}`, []string{"b: 2, nothing"}},
		{"another member", `{"a":1}`, `{"a":1,"b":2}`, []string{"b: nothing, 2"}},
		{"a missing element", `[1,2]`, `[1]`, []string{"1: 2, nothing"}},
		{"another element", `[1]`, `[1,2]`, []string{"1: nothing, 2"}},
		{"null for nothing", `{"a":null}`, `{}`, []string{"a: null, nothing"}},
		{"a number as text", `{"a":1}`, `{"a":"1"}`, []string{`a: 1, "1"`}},
		{"a number in another form", `1`, `1.0`, []string{"the body: 1, 1.0"}},
		{"a list for an object", `{"a":{}}`, `{"a":[]}`, []string{"a: {}, []"}},
		{"the order of members", `{"data":{"a":1,"b":2}}`, `{"data":{"b":2,"a":1}}`, []string{`data: "members in the order a b", "b a"`}},
		{"the order of elements", `["a","b"]`, `["b","a"]`, []string{`0: "a", "b"`, `1: "b", "a"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var differs []string
			for _, m := range compare(nil, parsed(t, test.want), parsed(t, test.got)) {
				differs = append(differs, m.where()+": "+excerpt(m.want)+", "+excerpt(m.got))
			}
			if diff := cmp.Diff(test.differs, differs); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAllowedDifferencesArePermittedAndOthersAreNot(t *testing.T) {
	allowed := newAllowances([]Difference{
		{Group: "reads", Request: "one", Path: "data.*.label", Reason: "labels differ"},
		{Group: "reads", Path: "status", Reason: "so do statuses"},
		{Group: "reads", Request: "gone", Path: "", Reason: "the whole answer"},
	})
	at := func(place string) mismatch { return mismatch{place: parsePath(place)} }
	for _, test := range []struct {
		group, request, place string
		want                  bool
	}{
		{"reads", "one", "data.a.label", true},
		{"reads", "one", "data.a.label.text", true},
		{"reads", "one", "data.a", false},
		{"reads", "two", "data.a.label", false},
		{"writes", "one", "data.a.label", false},
		{"reads", "two", "status", true},
	} {
		if got := allowed.of(test.group, test.request)(at(test.place)); got != test.want {
			t.Errorf("that %s may differ in %s/%s is %v", test.place, test.group, test.request, got)
		}
	}
	unused := allowed.unused()
	if len(unused) != 1 || unused[0].where() != "reads/gone" {
		t.Errorf("unused are %v, want the one of reads/gone", unused)
	}
}

func TestAnOutcomeTellsWhatIsWrong(t *testing.T) {
	good := recording{Name: "one", Request: "GET /api/info", Sent: "abc", Status: 200, Header: newObject(), Body: "x"}
	changed := good
	changed.Status, changed.Body = 500, "y"
	stale := good
	stale.Sent = "def"
	recorded := map[string]recording{"one": good}
	never := func(mismatch) bool { return false }
	for _, test := range []struct {
		name    string
		outcome outcome
		allowed func(mismatch) bool
		want    string
	}{
		{"the recorded answer", outcome{request: request{name: "one"}, answer: good}, never, ""},
		{"another answer", outcome{request: request{name: "one"}, answer: changed}, never, `status: want 200, got 500|the body: want "x", got "y"`},
		{"another answer that is allowed", outcome{request: request{name: "one"}, answer: changed}, func(m mismatch) bool { return len(m.place) == 0 }, "status: want 200, got 500"},
		{"a changed request", outcome{request: request{name: "one"}, answer: stale}, never, "the recorded answer is that of an older request: record anew"},
		{"a new request", outcome{request: request{name: "two"}, answer: good}, never, "no answer is recorded"},
		{"no answer", outcome{request: request{name: "one"}, err: errNothing}, never, errNothing.Error()},
		{"no answer where the whole may differ", outcome{request: request{name: "one"}, err: errNothing}, newAllowances([]Difference{{Group: "g"}}).of("g", "one"), ""},
		{"no answer where a part may differ", outcome{request: request{name: "one"}, err: errNothing}, newAllowances([]Difference{{Group: "g", Path: "data"}}).of("g", "one"), errNothing.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(test.outcome.problems(recorded, test.allowed), "|"); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestDifferencesAreListedByReason(t *testing.T) {
	got := listed([]Difference{
		{Group: "reads", Path: "data.*.label", Reason: "Labels differ."},
		{Group: "writes", Request: "one", Path: "", Reason: "So does all."},
		{Group: "reads", Path: "status", Reason: "Labels differ."},
		{Group: "reads", Request: "two", Path: "status", Reason: "Labels differ."},
	})
	want := "- Labels differ.\n  - reads, every request\n    - `data.*.label`\n    - `status`\n  - reads/two\n    - `status`\n- So does all.\n  - writes/one\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

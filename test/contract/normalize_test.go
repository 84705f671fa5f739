package contract

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	idA = "18ea665e-c49f-3ce0-e36f-1bdf933aeb83"
	idB = "18ea665e-c49f-3ce0-e36f-1bdf933aeb84"
)

// plain is a value as a text, for comparison.
func plain(t *testing.T, value any) string {
	t.Helper()
	raw, err := text(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// parsed is the value that a text holds.
func parsed(t *testing.T, raw string) any {
	t.Helper()
	value, err := decode([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestWhatDiffersBetweenRunsIsReplaced(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"an id", `"` + idA + `"`, `"<id 1>"`},
		{"the same id twice", `["` + idA + `","` + idA + `"]`, `["<id 1>","<id 1>"]`},
		{"two ids", `["` + idB + `","` + idA + `"]`, `["<id 1>","<id 2>"]`},
		{"an id inside of a text", `"node ` + idA + ` / DcimDevice"`, `"node <id 1> / DcimDevice"`},
		{"an id as the name of a member", `{"` + idA + `":1}`, `{"<id 1>":1}`},
		{"a captured id", `"18ea665e-c49f-3ce0-e36f-000000000000"`, `"<id known>"`},
		{"a time", `"2026-11-22T15:02:26.607151Z"`, `"<time 1 Z>"`},
		{"a time with an offset", `"2026-11-22T15:02:26+00:00"`, `"<time 1 +00:00>"`},
		{"a time without a zone", `"2026-11-22 15:02:26.1"`, `"<time 1 without zone>"`},
		{"one instant in two zones", `["2026-11-22T15:02:26Z","2026-11-22T17:02:26.000000+02:00"]`, `["<time 1 Z>","<time 1 +02:00>"]`},
		{"two instants", `["2026-11-22T15:02:26.000001Z","2026-11-22T15:02:26.000002Z"]`, `["<time 1 Z>","<time 2 Z>"]`},
		{"a time that a request wrote", `"2020-01-01T00:00:00Z"`, `"2020-01-01T00:00:00Z"`},
		{"no time", `"2026-13-45T99:00:00Z"`, `"2026-13-45T99:00:00Z"`},
		{"a time of a cookie", `"expires=Sun, 22 Nov 2026 16:28:51 GMT; Path=/"`, `"expires=<date>; Path=/"`},
		{"a hash", `"0123456789abcdef0123456789abcdef"`, `"<hash 1>"`},
		{"a number in base two", `"000000000000000001011110000000000000000000000000"`, `"000000000000000001011110000000000000000000000000"`},
		{"a token", `"access_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln; HttpOnly"`, `"access_token=<jwt>; HttpOnly"`},
		{"the hash of a password", `"$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"`, `"<password hash>"`},
		{"the name of the run", `"contract-cafe0123-work"`, `"contract-<run>-work"`},
		{"permissions from a set", `"You do not have one of the following permissions: object:B:create | object:A:update"`, `"You do not have one of the following permissions: object:A:update | object:B:create"`},
		{"numbers, booleans and null", `[1,1.50,true,null]`, `[1,1.50,true,null]`},
		{"the order of members", `{"b":1,"a":2}`, `{"b":1,"a":2}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNormalizer("cafe0123")
			n.capture("18ea665e-c49f-3ce0-e36f-000000000000", "known")
			if got := plain(t, n.normalize("here", parsed(t, test.in), nil)); got != test.want {
				t.Errorf("%s became %s, want %s", test.in, got, test.want)
			}
		})
	}
}

func TestWhatIsEqualInARunHasOnePlaceholder(t *testing.T) {
	n := newNormalizer("cafe0123")
	first := n.normalize("reads: a list", parsed(t, `["`+idA+`"]`), nil)
	n.capture(idA, "late") // has its name by now
	n.capture(idB, "b")
	second := n.normalize("reads: a node", parsed(t, `["`+idA+`","`+idB+`"]`), nil)
	if diff := cmp.Diff(`["<id 1>"] ["<id 1 of reads: a list>","<id b>"]`, plain(t, first)+" "+plain(t, second)); diff != "" {
		t.Error(diff)
	}
}

func TestAnUnorderedListIsPutIntoOneOrder(t *testing.T) {
	unordered := parsePaths([]string{"edges.*.tags", "edges"})
	orders := []string{
		`{"edges":[{"id":"` + idA + `","tags":["x","y"],"name":"b"},{"id":"` + idB + `","tags":[],"name":"a"}]}`,
		`{"edges":[{"id":"` + idA + `","tags":[],"name":"a"},{"id":"` + idB + `","tags":["y","x"],"name":"b"}]}`,
	}
	for _, in := range orders {
		got := plain(t, newNormalizer("cafe0123").normalize("here", parsed(t, in), unordered))
		if want := `{"edges":[{"id":"<id 1>","tags":["x","y"],"name":"b"},{"id":"<id 2>","tags":[],"name":"a"}]}`; got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
	object := newNormalizer("cafe0123").normalize("here", parsed(t, `{"mapping":{"b":1,"a":2}}`), parsePaths([]string{"mapping"}))
	if got := plain(t, object); got != `{"mapping":{"a":2,"b":1}}` {
		t.Errorf("an unordered object became %s", got)
	}
}

func TestMaskLeavesNothingSecret(t *testing.T) {
	n := newNormalizer("cafe0123")
	n.capture(idB, "b")
	got := plain(t, n.mask(parsed(t, `["`+idA+`","`+idB+`","eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"]`)))
	if want := `["<id >","<id b>","<jwt>"]`; got != want {
		t.Errorf("the mask of it is %s, want %s", got, want)
	}
}

package store

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNormalValues(t *testing.T) {
	for _, test := range []struct {
		name  string
		given any
		want  any
		text  string
	}{
		{"null", nil, nil, `null`},
		{"a boolean", true, true, `true`},
		{"a text", "é\n<", "é\n<", `"é\n\u003c"`},
		{"a text that is not UTF-8", "a\xffb", "a\ufffdb", `"a�b"`},
		{"an int", 7, int64(7), `7`},
		{"another integer type", uint8(7), int64(7), `7`},
		{"the largest int64", json.Number("9223372036854775807"), int64(math.MaxInt64), `9223372036854775807`},
		{"one more", json.Number("9223372036854775808"), json.Number("9223372036854775808"), `9223372036854775808`},
		{"the same as a uint64", uint64(math.MaxInt64) + 1, json.Number("9223372036854775808"), `9223372036854775808`},
		{"a float that is whole", 1.0, 1.0, `1.0`},
		{"the same as a text", json.Number("1.0"), 1.0, `1.0`},
		{"a large float", 1e300, 1e300, `1e+300`},
		{"an exponent", json.Number("1e3"), 1000.0, `1000.0`},
		{"minus zero", math.Copysign(0, -1), 0.0, `0.0`},
		{"a list", []any{1, "x", nil}, []any{int64(1), "x", nil}, `[1,"x",null]`},
		{"a list of texts", []string{"x"}, []any{"x"}, `["x"]`},
		{"an object", map[string]any{"b": 1, "a": []any{}}, map[string]any{"a": []any{}, "b": int64(1)}, `{"a":[],"b":1}`},
		{"raw JSON", json.RawMessage(`{"a": 1.50}`), map[string]any{"a": 1.5}, `{"a":1.5}`},
		{"a time", time.Unix(0, 0).UTC(), "1970-01-01T00:00:00Z", `"1970-01-01T00:00:00Z"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := normal(test.given)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			text := appendJSON(nil, got)
			if string(text) != test.text {
				t.Errorf("written as %s, want %s", text, test.text)
			}
			again, err := parseJSON(text)
			if err != nil || !equal(again, got) {
				t.Errorf("read again as %#v, error %v", again, err)
			}
			if !equal(clone(got), got) {
				t.Errorf("a copy is %#v", clone(got))
			}
		})
	}
}

func TestWhatIsNoJSONValue(t *testing.T) {
	for name, given := range map[string]any{
		"not a number":       math.NaN(),
		"infinite":           math.Inf(1),
		"out of range":       json.Number("1e999"),
		"no number":          json.Number("x"),
		"a function":         func() {},
		"inside a list":      []any{math.NaN()},
		"inside an object":   map[string]any{"a": math.NaN()},
		"inside a structure": struct{ F func() }{},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := normal(given); !errors.Is(err, ErrValue) {
				t.Errorf("%v, error %v", got, err)
			}
		})
	}
	for _, text := range []string{``, `{`, `1 2`, `1e999`} {
		if got, err := parseJSON([]byte(text)); !errors.Is(err, ErrValue) {
			t.Errorf("%q is read as %v, error %v", text, got, err)
		}
	}
}

func TestEqualKeepsTypesApart(t *testing.T) {
	values := []any{
		nil, false, true, "", "1", "null", int64(0), int64(1), 0.0, 1.0, json.Number("9223372036854775808"), 9223372036854775808.0,
		[]any{}, []any{int64(1)}, []any{1.0}, map[string]any{}, map[string]any{"a": nil},
	}
	for i, a := range values {
		for j, b := range values {
			if equal(a, b) != (i == j) || (string(appendJSON(nil, a)) == string(appendJSON(nil, b))) != (i == j) {
				t.Errorf("%#v and %#v", a, b)
			}
		}
	}
}

func FuzzValues(f *testing.F) {
	for _, seed := range []string{`null`, `1`, `-0`, `1.0`, `1e-7`, `123456789012345678901234567890`, `"\ud800é"`, `[[],{"":[1,2.5]}]`, `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, err := parseJSON(text)
		if err != nil {
			return
		}
		written := appendJSON(nil, value)
		again, err := parseJSON(written)
		if err != nil {
			t.Fatalf("%s cannot be read: %v", written, err)
		}
		if diff := cmp.Diff(value, again); diff != "" || !equal(value, again) {
			t.Fatal(diff)
		}
		var plain any
		if err := json.Unmarshal(written, &plain); err != nil {
			t.Fatalf("%s is not JSON: %v", written, err)
		}
	})
}

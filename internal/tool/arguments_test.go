package tool

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type sampleInput struct {
	Name   string                     `json:"name" min:"1" max:"10"`
	Limit  int                        `json:"limit,omitempty" default:"50" min:"-1" max:"100"`
	Depth  *int                       `json:"depth,omitempty" min:"1"`
	Deep   bool                       `json:"deep,omitempty" default:"true"`
	Expand *bool                      `json:"expand,omitempty"`
	Fields []string                   `json:"fields,omitempty" split:","`
	Kinds  []string                   `json:"kinds,omitempty" min:"1"`
	Mode   string                     `json:"mode,omitempty" enum:"auto,never"`
	Any    map[string]json.RawMessage `json:"any,omitempty"`
}

func TestArgumentsAsModelsSendThem(t *testing.T) {
	seven, yes := 7, true
	for _, test := range []struct {
		name, arguments string
		want            sampleInput
	}{
		{"only what is required", `{"name":"x"}`, sampleInput{Name: "x", Limit: 50, Deep: true}},
		{"nulls are absent", `{"name":"x","limit":null,"fields":null,"any":null,"depth":null}`, sampleInput{Name: "x", Limit: 50, Deep: true}},
		{"everything as it should be", `{"name":"x","limit":-1,"depth":7,"deep":false,"expand":true,"fields":["a","b"],"kinds":["k"],"mode":"auto","any":{"a":1}}`,
			sampleInput{Name: "x", Limit: -1, Depth: &seven, Expand: &yes, Fields: []string{"a", "b"}, Kinds: []string{"k"}, Mode: "auto", Any: map[string]json.RawMessage{"a": json.RawMessage("1")}}},
		{"numbers as texts", `{"name":"x","limit":"7","depth":" 7 "}`, sampleInput{Name: "x", Limit: 7, Depth: &seven, Deep: true}},
		{"whole numbers with a fraction of zero", `{"name":"x","limit":7.0}`, sampleInput{Name: "x", Limit: 7, Deep: true}},
		{"booleans as texts and numbers", `{"name":"x","deep":"False","expand":1}`, sampleInput{Name: "x", Limit: 50, Expand: &yes}},
		{"a number for a text", `{"name":5}`, sampleInput{Name: "5", Limit: 50, Deep: true}},
		{"one text for a list", `{"name":"x","kinds":"a,b"}`, sampleInput{Name: "x", Limit: 50, Deep: true, Kinds: []string{"a,b"}}},
		{"several names in one text", `{"name":"x","fields":"a, b,,c"}`, sampleInput{Name: "x", Limit: 50, Deep: true, Fields: []string{"a", "b", "c"}}},
		{"a list as a text", `{"name":"x","kinds":"[\"a\",1]"}`, sampleInput{Name: "x", Limit: 50, Deep: true, Kinds: []string{"a", "1"}}},
		{"an object as a text", `{"name":"x","any":"{\"a\":9007199254740993}"}`, sampleInput{Name: "x", Limit: 50, Deep: true, Any: map[string]json.RawMessage{"a": json.RawMessage("9007199254740993")}}},
		{"all arguments as a text", `"{\"name\":\"x\"}"`, sampleInput{Name: "x", Limit: 50, Deep: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got sampleInput
			if err := argumentsOf[sampleInput]().decode("sample", json.RawMessage(test.arguments), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestArgumentsThatAreRefused(t *testing.T) {
	for _, test := range []struct{ name, arguments, want string }{
		{"nothing", ``, "The argument name is missing."},
		{"an empty object", `{}`, "name (required), limit"},
		{"a list", `[1]`, "must be a JSON object"},
		{"a text", `"hello"`, "must be a JSON object"},
		{"an unknown argument", `{"name":"x","limits":1}`, `named "limits". Did you mean limit?`},
		{"several faults at once", `{"limit":"many","deep":"maybe","zz":1}`, `"zz". The argument name is missing. limit must be a whole number, got "many". deep must be true or false`},
		{"a blank text", `{"name":"  "}`, "name must not be blank"},
		{"a text that is too long", `{"name":"12345678901"}`, "at most 10 bytes"},
		{"an object for a text", `{"name":{}}`, "name must be a text"},
		{"a fraction", `{"name":"x","limit":1.5}`, "whole number"},
		{"a number over its range", `{"name":"x","limit":101}`, "-1 to 100"},
		{"a number under its range", `{"name":"x","depth":0}`, "at least 1"},
		{"an empty list that must have items", `{"name":"x","kinds":[]}`, "kinds must have at least 1 items, got 0"},
		{"a list of objects", `{"name":"x","fields":[{}]}`, "list of texts"},
		{"a list for an object", `{"name":"x","any":[1]}`, "any must be a JSON object"},
		{"a value that is none of those allowed", `{"name":"x","mode":"always"}`, "one of auto, never"},
		{"a very long value is cut", `{"name":"x","limit":"` + strings.Repeat("9x", 5000) + `"}`, "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := argumentsOf[sampleInput]().decode("sample", json.RawMessage(test.arguments), &sampleInput{})
			if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 600 {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestInputSchema(t *testing.T) {
	const want = `{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":10},"limit":{"type":"integer","default":50,"minimum":-1,"maximum":100},` +
		`"depth":{"type":"integer","minimum":1},"deep":{"type":"boolean","default":true},"expand":{"type":"boolean"},"fields":{"type":"array","items":{"type":"string"}},` +
		`"kinds":{"type":"array","items":{"type":"string"},"minItems":1},"mode":{"type":"string","enum":["auto","never"]},"any":{"type":"object","properties":{}}},"required":["name"]}`
	var got, wanted any
	if err := json.Unmarshal(argumentsOf[sampleInput]().schema(), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzArguments(f *testing.F) {
	for _, seed := range []string{`{"name":"x"}`, `null`, `"{\"name\":\"x\"}"`, `{"limit":1e400}`, `{"name":"\u0000","fields":"[","any":"{"}`, `{"kinds":"[[1]]","expand":[]}`} {
		f.Add([]byte(seed))
	}
	a := argumentsOf[sampleInput]()
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in sampleInput
		if err := a.decode("sample", raw, &in); err == nil && (in.Name == "" || in.Limit < -1 || in.Limit > 100) {
			t.Errorf("%s was taken as %+v", raw, in)
		}
	})
}

func TestMoment(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "2h": "2h", "2h ago": "2h", " 30M ": "30m", "-10s": "10s", "3d": "72h", "1w": "168h",
		"2026-01-31": "2026-01-31T23:59:59Z", "2026-01-31T12:00:00Z": "2026-01-31T12:00:00Z", "2026-01-31T12:00:00+02:00": "2026-01-31T10:00:00Z",
		"2026-01-31T12:00": "2026-01-31T12:00:00Z", "2026-01-31 12:00": "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5Z": "2026-01-31T12:00:00.5Z",
	} {
		if got, err := moment(given); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", given, got, err, want)
		}
	}
	for _, given := range []string{"now", "tomorrow", "12", "2026-13-01", "99999999999h", "1y", "'; drop"} {
		if got, err := moment(given); err == nil {
			t.Errorf("%q was taken as %q", given, got)
		}
	}
}

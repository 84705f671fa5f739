package model

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// recording is what Infrahub 1.11 answered with the demo document loaded, texts
// of built-in kinds left out.
type recording struct {
	// Hidden are the kinds that GET /api/schema leaves out, by name.
	Hidden map[string]map[string]any
	// Summary lists the names in GET /api/schema/summary.
	Summary struct{ Nodes, Generics []string }
	// Namespaces is the member of that name of GET /api/schema.
	Namespaces []Namespace
	// JSONSchemas are the answers to GET /api/schema/json_schema/{kind}, or
	// the status where it was an error.
	JSONSchemas map[string]json.RawMessage `json:"json_schemas"`
	// Checks are requests to POST /api/schema/check and their answers.
	Checks map[string]struct {
		Body   json.RawMessage
		Status int
		Answer json.RawMessage
	}
	// Loads are documents, what loading them changes, and every kind that is
	// not as it was before.
	Loads map[string]struct {
		Schemas  json.RawMessage
		Diff     any
		Warnings any
		Kinds    map[string]map[string]any
		Gone     []string
	}
}

func recorded(t *testing.T) *recording {
	t.Helper()
	var r recording
	decode(t, readGzip(t, "testdata/recorded.json.gz"), &r)
	return &r
}

func TestHiddenKindsAreAsInfrahubHasThem(t *testing.T) {
	m := demoModel(t)
	for name, want := range recorded(t).Hidden {
		t.Run(name, func(t *testing.T) {
			k := m.Kind(name)
			if k == nil {
				t.Fatal("there is no such kind")
			}
			var got map[string]any
			decode(t, encode(t, k), &got)
			if diff := gocmp.Diff(normal(want, false), normal(got, false)); diff != "" {
				t.Errorf("Infrahub -, sandbox +:\n%s", diff)
			}
		})
	}
}

func TestTheSummaryNamesTheKindsOfInfrahub(t *testing.T) {
	summary, want := demoModel(t).Summary(), recorded(t).Summary
	if diff := gocmp.Diff(want.Nodes, sortedKeys(summary.Nodes)); diff != "" {
		t.Errorf("nodes: Infrahub -, sandbox +:\n%s", diff)
	}
	if diff := gocmp.Diff(want.Generics, sortedKeys(summary.Generics)); diff != "" {
		t.Errorf("generics: Infrahub -, sandbox +:\n%s", diff)
	}
}

func TestTheNamespacesAreThoseOfInfrahub(t *testing.T) {
	byName := func(a, b Namespace) int { return cmp.Compare(a.Name, b.Name) }
	got, want := demoModel(t).API().Namespaces, recorded(t).Namespaces
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("Infrahub -, sandbox +:\n%s", diff)
	}
}

func TestJSONSchemasAreAsInfrahubGivesThem(t *testing.T) {
	m := demoModel(t)
	for name, want := range recorded(t).JSONSchemas {
		t.Run(name, func(t *testing.T) {
			schema, err := m.Kind(name).JSONSchema()
			if string(want) == "500" {
				if err == nil {
					t.Error("Infrahub fails, the sandbox does not")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got, expected any
			decode(t, encode(t, schema), &got)
			decode(t, want, &expected)
			if diff := gocmp.Diff(jsonSchema(expected), jsonSchema(got)); diff != "" {
				t.Errorf("Infrahub -, sandbox +:\n%s", diff)
			}
		})
	}
}

// jsonSchema returns a JSON schema without descriptions and with its lists
// sorted: the order of attributes and choices is open.
func jsonSchema(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := map[string]any{}
		for key, element := range v {
			// An attribute may be named description; then it is an object.
			if _, isText := element.(string); key == "description" && (isText || element == nil) {
				continue
			}
			c[key] = jsonSchema(element)
		}
		return c
	case []any:
		return slices.SortedFunc(slices.Values(v), func(a, b any) int { return cmp.Compare(written(a), written(b)) })
	}
	return v
}

func TestChecksAreAnsweredAsByInfrahub(t *testing.T) {
	m := demoModel(t)
	// Infrahub names the last kind there is where it means the one at fault.
	wrongName := map[string]string{"direction clash": "ProfileTestTwo", "pair other": "ProfileTestOther"}
	for name, check := range recorded(t).Checks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := string(check.Answer)
			if wrong := wrongName[name]; wrong != "" {
				want = strings.Replace(want, wrong, map[string]string{
					"ProfileTestTwo": "TestOne", "ProfileTestOther": "TestThing",
				}[wrong], 1)
			}
			want = strings.Replace(want, "<id>", m.Kind("DcimVirtualInterface").ID, 1)
			status, body := answerCheck(t, m, check.Body)
			if status != check.Status {
				t.Errorf("status %d, Infrahub answers %d", status, check.Status)
			}
			var got, expected any
			decode(t, body, &got)
			decode(t, []byte(want), &expected)
			if diff := gocmp.Diff(secondReading(expected), secondReading(got)); diff != "" {
				t.Errorf("Infrahub -, sandbox +:\n%s", diff)
			}
		})
	}
}

// answerCheck answers a request to POST /api/schema/check.
func answerCheck(t *testing.T, m *Model, body []byte) (status int, answer []byte) {
	t.Helper()
	documents, err := ParseRequest(body)
	if err == nil {
		var change *Change
		if change, err = m.Check(documents...); err == nil {
			return 202, encode(t, change)
		}
	}
	if format, ok := errors.AsType[*FormatError](err); ok {
		return 422, encode(t, format)
	}
	fault, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("the error is neither about the format nor about the model: %v", err)
	}
	return 422, encode(t, map[string]any{
		"data":   nil,
		"errors": []any{map[string]any{"message": fault.Message, "extensions": map[string]any{"code": 422}}},
	})
}

// secondReading leaves out the input of faults that Infrahub finds late: it is
// a text of how its program writes what it read.
func secondReading(answer any) any {
	object, _ := answer.(map[string]any)
	details, _ := object["detail"].([]any)
	for _, detail := range details {
		fault, _ := detail.(map[string]any)
		if context, _ := fault["ctx"].(map[string]any); context["error"] != nil {
			delete(fault, "input")
		}
	}
	return answer
}

func TestLoadingMakesWhatInfrahubMakes(t *testing.T) {
	before := demoModel(t)
	for name, load := range recorded(t).Loads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documents, err := ParseRequest(encode(t, map[string]any{"schemas": load.Schemas}))
			if err != nil {
				t.Fatal(err)
			}
			after, loaded, err := before.Load(documents...)
			if err != nil {
				t.Fatal(err)
			}
			var diff, warnings any
			decode(t, encode(t, loaded.Diff), &diff)
			decode(t, encode(t, loaded.Warnings), &warnings)
			if diff := gocmp.Diff(load.Diff, diff); diff != "" {
				t.Errorf("diff: Infrahub -, sandbox +:\n%s", diff)
			}
			if diff := gocmp.Diff(load.Warnings, warnings); diff != "" {
				t.Errorf("warnings: Infrahub -, sandbox +:\n%s", diff)
			}
			for _, kind := range load.Gone {
				if after.Kind(kind) != nil {
					t.Errorf("%s is still there", kind)
				}
			}
			for kind, want := range load.Kinds {
				k := after.Kind(kind)
				if k == nil {
					t.Errorf("there is no %s", kind)
					continue
				}
				var got map[string]any
				decode(t, encode(t, k), &got)
				if diff := gocmp.Diff(normal(want, false), normal(got, false)); diff != "" {
					t.Errorf("%s: Infrahub -, sandbox +:\n%s", kind, diff)
				}
			}
			for _, k := range after.Kinds() {
				if before.Kind(k.Name) == nil && load.Kinds[k.Name] == nil {
					t.Errorf("there is a kind %s", k.Name)
				}
			}
		})
	}
}

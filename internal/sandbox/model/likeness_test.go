package model

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// The recorded schema is what Infrahub 1.11 answered to GET /api/schema after
// the demo document was loaded.
const recordedSchema = "../../infrahub/schema/testdata/schema.json.gz"

func TestEveryKindIsAsInfrahubHasIt(t *testing.T) {
	recorded := kindsOf(t, readGzip(t, recordedSchema))
	made := kindsOf(t, encode(t, demoModel(t).API()))
	if len(recorded) != 131 {
		t.Fatalf("the recording has %d kinds, want 131", len(recorded))
	}
	// The texts of built-in kinds and what inherits them are not kept.
	demo, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]bool{}
	for _, k := range slices.Concat(demo.declared.Nodes, demo.declared.Generics) {
		if !slices.ContainsFunc(k.InheritFrom, func(name string) bool { return strings.HasPrefix(name, "Builtin") }) {
			ours[k.name()], ours["Profile"+k.name()] = true, true
		}
	}
	for _, name := range sortedKeys(recorded) {
		t.Run(name, func(t *testing.T) {
			if made[name] == nil {
				t.Fatal("there is no such kind")
			}
			if diff := gocmp.Diff(normal(recorded[name], ours[name]), normal(made[name], ours[name])); diff != "" {
				t.Errorf("Infrahub -, sandbox +:\n%s", diff)
			}
		})
	}
	for name := range made {
		if recorded[name] == nil {
			t.Errorf("Infrahub has no kind %s", name)
		}
	}
}

// normal returns the API form of a kind or member without its id and hash,
// without texts unless they are to be compared, and with members and choices by
// name instead of in the order of a list, which Infrahub leaves open.
func normal(v any, texts bool) any {
	switch v := v.(type) {
	case map[string]any:
		c := map[string]any{}
		for key, element := range v {
			switch key {
			case "id", "hash":
				continue
			case "description":
				if builtin := nameOf(v) == "profile_name" || nameOf(v) == "profile_priority"; builtin || !texts {
					continue
				}
			}
			c[key] = normal(element, texts)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, element := range v {
			c[i] = normal(element, texts)
		}
		slices.SortStableFunc(c, func(a, b any) int { return cmp.Compare(nameOf(a), nameOf(b)) })
		return c
	}
	return v
}

// nameOf returns the name of an object, and "" for any other value.
func nameOf(v any) string {
	object, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	name, _ := object["name"].(string)
	return name
}

// kindsOf returns the kinds in the body of GET /api/schema by their name.
func kindsOf(t *testing.T, body []byte) map[string]map[string]any {
	t.Helper()
	var lists map[string]json.RawMessage
	decode(t, body, &lists)
	kinds := map[string]map[string]any{}
	for _, list := range []string{"nodes", "generics", "profiles", "templates"} {
		var members []map[string]any
		decode(t, lists[list], &members)
		for _, k := range members {
			name, _ := k["kind"].(string)
			kinds[name] = k
		}
	}
	return kinds
}

func demoModel(t testing.TB) *Model {
	t.Helper()
	core, err := Core()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := core.Load(demo)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readGzip(t testing.TB, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var raw json.RawMessage
	if err := json.NewDecoder(reader).Decode(&raw); err != nil {
		t.Fatal(err)
	}
	return raw
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t testing.TB, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

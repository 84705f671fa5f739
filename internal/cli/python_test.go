package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/tool"
)

// pythonServer is what the Python server infrahub-mcp 1.2.0 offers under which
// name, as it says itself in its lists (with fastmcp 4.1.2), its settings and
// those of infrahub-sdk 1.23.2 that matter here.
type pythonServer struct {
	Flags     map[string]string // to their defaults
	Variables map[string]string // to their defaults
	Tools     map[string]map[string]argument
	Results   map[string][]string        // members of the results that are objects
	Resources []string                   // URIs
	Prompts   map[string]map[string]bool // arguments, and whether they are required
}

// argument of a tool.
type argument struct {
	Type             string
	Required         bool
	Default          json.RawMessage
	Minimum, Maximum *float64
}

func TestNothingOfThePythonServerIsMissing(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "python-1.2.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	var python pythonServer
	if err := json.Unmarshal(raw, &python); err != nil {
		t.Fatal(err)
	}

	t.Run("flags", func(t *testing.T) {
		for name, fallback := range python.Flags {
			if flag := newRoot(Streams{}).Flags().Lookup(name); flag == nil || flag.DefValue != fallback {
				t.Errorf("--%s with the default %q is %+v", name, fallback, flag)
			}
		}
	})
	t.Run("variables", func(t *testing.T) {
		ours := map[string]string{}
		for _, s := range config.Settings() {
			ours[s.Name] = s.Default
		}
		for name, fallback := range python.Variables {
			if got, ok := ours[name]; !ok || got != fallback {
				t.Errorf("%s has the default %q here (it exists: %v), %q there", name, got, ok, fallback)
			}
		}
	})
	t.Run("tools", func(t *testing.T) {
		ours := map[string]tool.Tool{}
		for _, entry := range tool.Catalogue() {
			ours[entry.Name] = entry
		}
		for name, arguments := range python.Tools {
			checkArguments(t, name, ours[name].Input, arguments)
		}
		for name, members := range python.Results {
			var output struct {
				Properties map[string]json.RawMessage
			}
			if err := json.Unmarshal(ours[name].Output, &output); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, member := range members {
				if output.Properties[member] == nil {
					t.Errorf("%s: the result has no %s", name, member)
				}
			}
		}
	})
	t.Run("resources", func(t *testing.T) {
		for _, uri := range python.Resources {
			if !slices.ContainsFunc(resource.Catalogue(), func(r resource.Resource) bool { return r.URI == uri }) {
				t.Errorf("there is no %s", uri)
			}
		}
	})
	t.Run("prompts", func(t *testing.T) {
		ours := map[string]map[string]bool{}
		for _, p := range prompt.Catalogue() {
			ours[p.Name] = map[string]bool{}
			for _, a := range p.Arguments {
				ours[p.Name][a.Name] = a.Required
			}
		}
		for name, arguments := range python.Prompts {
			if ours[name] == nil {
				t.Errorf("there is no prompt %s", name)
			}
			for argument, required := range arguments {
				if got, ok := ours[name][argument]; !ok || got && !required {
					t.Errorf("%s: the argument %s exists: %v, is required: %v", name, argument, ok, got)
				}
			}
			for argument, required := range ours[name] {
				if required && !arguments[argument] {
					t.Errorf("%s: the argument %s is required here alone", name, argument)
				}
			}
		}
	})
}

// checkArguments checks that a call with the arguments of there is one here.
func checkArguments(t *testing.T, name string, input json.RawMessage, there map[string]argument) {
	t.Helper()
	var here struct {
		Properties map[string]argument
		Required   []string
	}
	if err := json.Unmarshal(input, &here); err != nil {
		t.Errorf("there is no tool %s: %v", name, err)
	}
	for _, required := range here.Required {
		if !there[required].Required {
			t.Errorf("%s: the argument %s is required here alone", name, required)
		}
	}
	for argument, want := range there {
		got, ok := here.Properties[argument]
		if !ok || got.Type != want.Type || !bytes.Equal(got.Default, want.Default) {
			t.Errorf("%s: the argument %s is %+v, and there %+v", name, argument, got, want)
		}
		if got.Minimum != nil && want.Minimum != nil && *got.Minimum > *want.Minimum ||
			got.Maximum != nil && want.Maximum != nil && *got.Maximum < *want.Maximum {
			t.Errorf("%s: the range of %s is smaller here", name, argument)
		}
	}
}

// Package toon_test checks internal/toon against what the authors of the format
// publish on npm: the fixtures of the specification and the reference
// implementation. `make test-toon` installs both; without them the tests skip,
// or fail when TOON_FIXTURES=required is set.
package toon_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/toon"
)

// TestPublishedFixtures runs every encode case of the specification's package,
// at the version of the specification that the package holds.
func TestPublishedFixtures(t *testing.T) {
	t.Parallel()
	for _, c := range fixtures(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, err := toon.Encode(nil, c.Input, c.options)
			if c.ShouldError {
				if err == nil {
					t.Errorf("Encode(%s) = %q, want an error", c.Input, got)
				}
				return
			}
			if err != nil {
				t.Fatalf("Encode(%s): %v", c.Input, err)
			}
			if diff := gocmp.Diff(c.Expected, string(got)); diff != "" {
				t.Errorf("Encode(%s) (-want +got):\n%s", c.Input, diff)
			}
		})
	}
}

// fixture is one case of the specification's tests/fixtures/encode.
type fixture struct {
	Name        string          `json:"name"`
	Input       json.RawMessage `json:"input"`
	Expected    string          `json:"expected"`
	ShouldError bool            `json:"shouldError"`
	Options     struct {
		Delimiter    string `json:"delimiter"`
		Indent       int    `json:"indent"`     // up to version 3
		IndentSize   int    `json:"indentSize"` // from version 4 on
		KeyFolding   string `json:"keyFolding"`
		FlattenDepth *int   `json:"flattenDepth"`
	} `json:"options"`
	// What follows says where a case comes from.
	SpecSection    string `json:"specSection"`
	Note           string `json:"note"`
	MinSpecVersion string `json:"minSpecVersion"`

	options toon.Options
}

// fixtures returns all encode cases, named after their file and themselves.
func fixtures(t *testing.T) []fixture {
	t.Helper()
	spec := installed(t, "spec")
	var manifest struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(read(t, filepath.Join(spec, "package.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	version := int(manifest.Version[0] - '0')

	files, err := filepath.Glob(filepath.Join(spec, "tests", "fixtures", "encode", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []fixture
	for _, file := range files {
		var content struct {
			Version     string    `json:"version"`
			Category    string    `json:"category"`
			Description string    `json:"description"`
			Tests       []fixture `json:"tests"`
		}
		decoder := json.NewDecoder(bytes.NewReader(read(t, file)))
		decoder.DisallowUnknownFields() // an option unheard of must not pass unnoticed
		if err := decoder.Decode(&content); err != nil {
			t.Fatalf("%s: %v", filepath.Base(file), err)
		}
		for i := range content.Tests {
			c := &content.Tests[i]
			c.Name = strings.TrimSuffix(filepath.Base(file), ".json") + "/" + c.Name
			c.options = toon.Options{
				Version:   version,
				Delimiter: cmp.Or(c.Options.Delimiter, ",")[0],
				Indent:    cmp.Or(c.Options.Indent, c.Options.IndentSize, 2),
			}
			if c.Options.KeyFolding == "safe" {
				c.options.FoldDepth = math.MaxInt
				if depth := c.Options.FlattenDepth; depth != nil {
					c.options.FoldDepth = *depth
				}
			}
		}
		all = append(all, content.Tests...)
	}
	if len(all) < 100 {
		t.Fatalf("found %d encode cases in %d files; the package has changed its layout", len(all), len(files))
	}
	return all
}

// installed returns the folder of a package of the format's authors. Without
// it the test skips, or fails if the fixtures are required.
func installed(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join("node_modules", "@toon-format", name)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		missing(t, "test/toon/"+filepath.ToSlash(folder)+" is not installed")
	}
	return folder
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("TOON_FIXTURES") == "required" {
		t.Fatal(what)
	}
	t.Skip(what + "; `make test-toon` runs this test")
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

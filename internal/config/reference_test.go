package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheReferencePageIsUpToDate(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page), Reference()); diff != "" {
		t.Errorf("write the page again with\n\tgo run ./cmd/infrahub-mcp reference config > docs/reference/configuration.md\n%s", diff)
	}
}

func TestTheReferencePageNamesEverySetting(t *testing.T) {
	page := Reference()
	for _, s := range Settings() {
		if s.Name != "" && !strings.Contains(page, "`"+s.Name+"`") || s.File != "" && !strings.Contains(page, "`"+s.File+"`") || s.Flag != "" && !strings.Contains(page, "`--"+s.Flag+"`") {
			t.Errorf("%s%s is missing", s.Name, s.Flag)
		}
	}
}

package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheReferenceOfToolsIsUpToDate(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "tools.md"))
	if err != nil {
		t.Fatal(err)
	}
	// Nothing that is set where it is made finds its way in.
	environment(t, map[string]string{"INFRAHUB_MCP_READ_ONLY": "true", "INFRAHUB_ADDRESS": "http://elsewhere.example", "INFRAHUB_MCP_BRANCH_PATTERN": "x"})
	want, err := surface(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("docs/reference/tools.md is not what the program says; `make reference` writes it anew:\n%s", diff)
	}
}

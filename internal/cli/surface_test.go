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
	if diff := cmp.Diff(surface(), string(page)); diff != "" {
		t.Errorf("docs/reference/tools.md is not what the catalogues say; `make reference` writes it anew:\n%s", diff)
	}
}

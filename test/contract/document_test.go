package contract

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"infrahub-mcp/internal/sandbox/seed"
)

// TestTheDocumentTellsOfAccountsAndDifferences compares docs/sandbox.md with
// what it documents. UPDATE_GOLDEN=1 writes these parts of it anew.
func TestTheDocumentTellsOfAccountsAndDifferences(t *testing.T) {
	const name = "sandbox.md"
	docs, err := os.OpenRoot("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = docs.Close() })
	raw, err := docs.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	document := string(raw)
	for section, want := range map[string]string{"accounts": accountTable(), "differences": listed(differences())} {
		begin, end := "<!-- "+section+" -->\n", "<!-- end -->"
		before, rest, found := strings.Cut(document, begin)
		got, after, ended := strings.Cut(rest, end)
		if !found || !ended {
			t.Fatalf("there is no section %q", section)
		}
		if got != want && os.Getenv("UPDATE_GOLDEN") == "" {
			t.Errorf("the section %q is out of date; UPDATE_GOLDEN=1 writes\n%s", section, want)
		}
		document = before + begin + want + end + after
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := docs.WriteFile(name, []byte(document), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func accountTable() string {
	var b strings.Builder
	b.WriteString("| Account | Password | API token | Group |\n|---|---|---|---|\n")
	for _, a := range seed.Accounts() {
		fmt.Fprintf(&b, "| %s | `%s` | `%s` | %s |\n", a.Name, a.Password, a.Token, a.Group)
	}
	return b.String()
}

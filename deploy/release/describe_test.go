package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// complete is a release of all targets whose files are only named.
func complete(t *testing.T) (*release, []built) {
	t.Helper()
	r := &release{
		Version: "1.2.3", Root: "../..", Out: t.TempDir(), Targets: supported(),
		URL: "https://downloads.example.com/1.2.3", Homepage: "https://example.com",
		Image: "registry.example.com/infrahub-mcp", Name: "com.example/infrahub-mcp",
	}
	var all []built
	for i, target := range r.Targets {
		sum := strings.Repeat(string("abcdef"[i]), 64)
		stem := target.OS + "-" + target.Arch
		all = append(all, built{target: target, Archive: file{stem + ".tar.gz", sum}, Bundle: file{stem + ".mcpb", sum}})
	}
	return r, all
}

// described is one file that names those of a release.
func described(t *testing.T, name string) string {
	t.Helper()
	r, all := complete(t)
	if err := r.describe(all); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(r.Out, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheFormulaOfHomebrewNamesEachArchiveWithItsChecksum(t *testing.T) {
	text := described(t, "infrahub-mcp.rb")
	var got []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, start := range []string{"on_", "url ", "sha256 ", "version "} {
			if strings.HasPrefix(line, start) {
				got = append(got, line)
			}
		}
	}
	want := []string{
		`version "1.2.3"`,
		`on_macos do`,
		`on_intel do`,
		`url "https://downloads.example.com/1.2.3/darwin-amd64.tar.gz"`,
		`sha256 "` + strings.Repeat("a", 64) + `"`,
		`on_arm do`,
		`url "https://downloads.example.com/1.2.3/darwin-arm64.tar.gz"`,
		`sha256 "` + strings.Repeat("b", 64) + `"`,
		`on_linux do`,
		`on_intel do`,
		`url "https://downloads.example.com/1.2.3/linux-amd64.tar.gz"`,
		`sha256 "` + strings.Repeat("c", 64) + `"`,
		`on_arm do`,
		`url "https://downloads.example.com/1.2.3/linux-arm64.tar.gz"`,
		`sha256 "` + strings.Repeat("d", 64) + `"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if ruby, err := exec.LookPath("ruby"); err == nil {
		check := exec.CommandContext(t.Context(), ruby, "-c")
		check.Stdin = strings.NewReader(text)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("Ruby: %s\n%s", out, text)
		}
	}
}

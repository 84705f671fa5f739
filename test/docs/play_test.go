package docs

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// TestCommandsInTheDocumentsDoWhatTheySay runs the blocks that a page marks:
// <!-- run --> is run to its end, <!-- serve --> until the end of the page. Those
// of one page are run in a checkout, in their order and in one shell, and a block
// of text after one is what it prints, … standing for anything. The port 8001 is
// replaced by a free one.
func TestCommandsInTheDocumentsDoWhatTheySay(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	for _, needed := range []string{"bash", "make", "curl"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("%s is not here", needed)
		}
	}
	ran := 0
	for name, page := range all(t) {
		blocks := Blocks(page)
		if !slices.ContainsFunc(blocks, func(b Block) bool { return b.Mark == "run" }) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			ran += play(t, blocks)
		})
	}
	if ran < 5 {
		t.Errorf("only %d blocks were run", ran)
	}
}

// play runs the blocks of a page and returns how many.
func play(t *testing.T, blocks []Block) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	address, err := mcptest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	var ran []Block
	for i, block := range blocks {
		text := strings.ReplaceAll(block.Text, ":8001", ":"+port)
		switch block.Mark {
		case "run":
			fmt.Fprintf(&script, "{\n%s} >%s/%d\n", text, out, len(ran))
			want := Block{Text: "…\n"}
			if i+1 < len(blocks) && blocks[i+1].Language == "text" {
				want = blocks[i+1]
			}
			ran = append(ran, want)
		case "serve":
			fmt.Fprintf(&script, "(exec %s) &\ntrap \"kill $!\" EXIT\n", strings.TrimSpace(text))
			fmt.Fprintf(&script, "until curl -sf -o /dev/null http://127.0.0.1:%s/health; do kill -0 $!; sleep 0.1; done\n", port)
		}
	}
	bash := exec.CommandContext(ctx, "bash", "-c", script.String())
	bash.Dir = root
	bash.Env = append(environment(), "MCP_PORT="+port)
	bash.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	bash.Stdout, bash.Stderr = &said, &said
	if err := bash.Run(); err != nil {
		t.Errorf("%v\n%s", err, &said)
	}
	for i, want := range ran {
		got, err := os.ReadFile(filepath.Join(out, fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		if !printed(want.Text, string(got)) {
			t.Errorf("block %d prints\n%s\nand the page says\n%s", i+1, got, want.Text)
		}
	}
	return len(ran)
}

// environment is that of the test without settings of the program.
func environment() []string {
	return append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "INFRAHUB_") || strings.HasPrefix(v, "MCP_") || strings.HasPrefix(v, "MAKE")
	}), "INFRAHUB_MCP_ENV_FILE=")
}

// printed tells whether a text is as a page says, in which … stands for anything.
func printed(want, got string) bool {
	parts := strings.Split(strings.TrimSpace(want), "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).MatchString(strings.TrimSpace(got))
}

func TestWhatIsPrintedIsComparedWithThePage(t *testing.T) {
	for _, test := range []struct {
		want, got string
		same      bool
	}{
		{"a\nb\n", "a\nb", true},
		{"a\n…\nd\n", "a\nb\nc\nd\n", true},
		{"a …\n", "a b.c\n", true},
		{"a…\n", "b\n", false},
		{"a.c\n", "abc\n", false},
		{"a\n", "a\nb\n", false},
	} {
		if got := printed(test.want, test.got); got != test.same {
			t.Errorf("%q for %q: %v", test.got, test.want, got)
		}
	}
}

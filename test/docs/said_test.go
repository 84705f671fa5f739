package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestWhatTheProgramSaysIsQuotedAsItIs looks in the source for each line of the
// blocks of text in docs/troubleshooting.md.
func TestWhatTheProgramSaysIsQuotedAsItIs(t *testing.T) {
	said := literals(t)
	lines := 0
	for _, block := range Blocks(all(t)["docs/troubleshooting.md"]) {
		if block.Language != "text" {
			continue
		}
		for line := range strings.Lines(block.Text) {
			lines++
			if missing := unsaid(said, line); missing != "" {
				t.Errorf("%q is not in the source, of: %s", missing, line)
			}
		}
	}
	if lines < 20 {
		t.Errorf("only %d texts are quoted", lines)
	}
}

func TestAQuotationThatIsWrongIsNoticed(t *testing.T) {
	const said = "Too many requests. Wait.\x00\"%s is no kind"
	for line, want := range map[string]string{
		"Too many requests. Wait.": "",
		"… is no kind":             "",
		"Too many requests…":       "",
		"Too few requests":         "Too few requests",
		"… is no kind of":          "is no kind of",
		"…":                        "…",
	} {
		if got := unsaid(said, line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// unsaid is the first part of a line, between …, that is not said; the whole
// line when it has no part to look for.
func unsaid(said, line string) string {
	looked := false
	for part := range strings.SplitSeq(strings.TrimPrefix(strings.TrimSpace(line), "infrahub-mcp: "), "…") {
		part = strings.Trim(part, " ,:;")
		if part == "" {
			continue
		}
		looked = true
		if !strings.Contains(said, part) {
			return part
		}
	}
	if !looked {
		return strings.TrimSpace(line)
	}
	return ""
}

// literals are all string literals of the program, with a zero between them;
// what + joins is one.
func literals(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join("..", "..", "internal"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				all.WriteString(joined(n) + "\x00")
			case *ast.BasicLit:
				all.WriteString(literal(n) + "\x00")
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	case *ast.BasicLit:
		return literal(e)
	}
	return ""
}

func literal(e *ast.BasicLit) string {
	text, err := strconv.Unquote(e.Value)
	if err != nil || e.Kind != token.STRING {
		return ""
	}
	return text
}

// Package docs reads the project's Markdown for the tests that hold it against
// the program.
package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Pages returns the Markdown files of the repository at root by their path in
// it, those under testdata and what was built or installed there aside.
func Pages(root string) (map[string]string, error) {
	pages := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch base := path.Base(name); {
			case name == "build", base == "testdata", base == "node_modules", len(base) > 1 && base[0] == '.':
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".md" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		pages[name] = string(text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the pages of %s: %w", root, err)
	}
	return pages, nil
}

// Block is a fenced block of a page.
type Block struct {
	// Mark is the comment on the line before it, "" without one.
	Mark string
	// Language is what stands behind the fence.
	Language string
	// Text is what it holds, with a line break at its end.
	Text string
}

var fence = regexp.MustCompile("(?m)^(?:<!-- ([^\n]+) -->\n)?```(\\w*)\n((?:[^\n]*\n)*?)```$")

// Blocks returns the fenced blocks of a page in their order.
func Blocks(page string) []Block {
	var blocks []Block
	for _, found := range fence.FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, Block{found[1], found[2], found[3]})
	}
	return blocks
}

// Prose is a page without its blocks.
func Prose(page string) string { return fence.ReplaceAllString(page, "") }

var (
	heading     = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	punctuation = regexp.MustCompile(`[^\pL\pN\-_ ]`)
)

// Anchors are the names under which the headings of a page can be linked to, as
// GitHub makes them.
func Anchors(page string) map[string]bool {
	anchors := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(Prose(page), -1) {
		base := strings.ReplaceAll(punctuation.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")
		name := base
		for i := 1; anchors[name]; i++ {
			name = fmt.Sprintf("%s-%d", base, i)
		}
		anchors[name] = true
	}
	return anchors
}

var (
	code = regexp.MustCompile("`[^`\n]*`")
	link = regexp.MustCompile(`\]\(([^()\s]+)\)`)
)

// Links are the targets of the links of a page.
func Links(page string) []string {
	var links []string
	for _, found := range link.FindAllStringSubmatch(code.ReplaceAllString(Prose(page), "``"), -1) {
		links = append(links, found[1])
	}
	return links
}

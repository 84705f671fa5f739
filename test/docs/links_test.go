package docs

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

// all are the pages of the repository.
func all(t *testing.T) map[string]string {
	t.Helper()
	pages, err := Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 10 {
		t.Fatalf("there are only %v", slices.Collect(maps.Keys(pages)))
	}
	return pages
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	pages := all(t)
	for name, page := range pages {
		for _, target := range Links(page) {
			if err := leads(pages, name, target); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// leads says what is wrong with a link of a page. Those to other sites are not
// followed.
func leads(pages map[string]string, from, target string) error {
	at, err := url.Parse(target)
	if err != nil {
		return err
	}
	if at.Scheme != "" {
		if at.Host == "" || at.Scheme != "https" && at.Scheme != "http" {
			return fmt.Errorf("%s is no address of a page", target)
		}
		return nil
	}
	to := from
	if at.Path != "" {
		to = path.Join(path.Dir(from), at.Path)
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil || strings.HasPrefix(to, "..") {
		return fmt.Errorf("%s is not there", target)
	}
	if page, ok := pages[to]; at.Fragment != "" && (!ok || !Anchors(page)[at.Fragment]) {
		return fmt.Errorf("%s has no heading #%s", to, at.Fragment)
	}
	return nil
}

func TestALinkThatLeadsNowhereIsNoticed(t *testing.T) {
	pages := map[string]string{
		"README.md": "# A program\n\n## What it offers\n\n## What it offers\n\n```sh\n# no heading\n```\n\n## `code` & more, of all_sorts\n",
		"docs/a.md": "",
	}
	for target, want := range map[string]bool{
		"#what-it-offers": true, "#what-it-offers-1": true, "#code--more-of-all_sorts": true, "#no-heading": false, "#what-it-offers-2": false,
		"docs": true, "docs/nothing.md": false, "../README.md": false, "LICENSE#1": false,
		"https://example.com/x#y": true, "mailto:x": false, "https:x": false,
	} {
		if err := leads(pages, "README.md", target); (err == nil) != want {
			t.Errorf("%s: %v", target, err)
		}
	}
	got := Links("[a](b.md) and `[c](d.md)` ![e](f.png)\n```text\n[g](h.md)\n```\n[i\nj](k#l)")
	if diff := cmp.Diff([]string{"b.md", "f.png", "k#l"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryPageIsFoundFromTheReadme(t *testing.T) {
	pages := all(t)
	found := map[string]bool{"README.md": true}
	for queue := []string{"README.md"}; len(queue) > 0; queue = queue[1:] {
		for _, target := range Links(pages[queue[0]]) {
			file, _, _ := strings.Cut(target, "#")
			to := path.Join(path.Dir(queue[0]), file)
			if _, ok := pages[to]; ok && !found[to] {
				found[to] = true
				queue = append(queue, to)
			}
		}
	}
	for name := range pages {
		if !found[name] {
			t.Errorf("nothing leads to %s", name)
		}
	}
}

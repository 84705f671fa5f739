package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// named is how a page names a test.
var named = regexp.MustCompile("`([a-z]+(?:/[a-z]+)+)\\.((?:Test|Fuzz|Benchmark)\\w+)`")

func TestEveryTestThatAPageNamesExists(t *testing.T) {
	found := 0
	for name, page := range all(t) {
		for _, test := range named.FindAllStringSubmatch(page, -1) {
			found++
			if !exists(t, test[1], test[2]) {
				t.Errorf("%s names %s, which %s does not have", name, test[2], test[1])
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d tests are named", found)
	}
}

func TestATestThatDoesNotExistIsNoticed(t *testing.T) {
	if !exists(t, "test/docs", "TestATestThatDoesNotExistIsNoticed") || exists(t, "test/docs", "TestATest") || exists(t, "test/nothing", "TestX") {
		t.Error("the tests of this package are not told apart from others")
	}
}

func TestEachPromiseOfTheSecurityModelNamesATest(t *testing.T) {
	page := all(t)["docs/security.md"]
	promises := 0
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| Promise |") {
			continue
		}
		if promises++; !named.MatchString(line) {
			t.Errorf("no test is named for %s", line)
		}
	}
	if promises < 20 {
		t.Errorf("there are only %d promises", promises)
	}
}

// exists tells whether a package has a test.
func exists(t *testing.T, folder, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "\nfunc "+test+"(") {
			return true
		}
	}
	return false
}

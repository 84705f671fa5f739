package license

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryModuleThatIsLinkedHasALicence asks the Go command a second time, in
// another way, what is linked.
func TestEveryModuleThatIsLinkedHasALicence(t *testing.T) {
	for _, target := range []string{"linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64"} {
		t.Run(target, func(t *testing.T) {
			system, architecture, _ := strings.Cut(target, "/")
			env := []string{"CGO_ENABLED=0", "GOOS=" + system, "GOARCH=" + architecture}
			modules, err := Linked(t.Context(), "../..", "./cmd/infrahub-mcp", env...)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, m := range modules {
				if len(m.Files) == 0 || m.Expression == "" {
					t.Errorf("%s has the licence %q in %d files", m.Path, m.Expression, len(m.Files))
				}
				got[m.Path] = m.Version
			}
			if diff := cmp.Diff(linked(t, env), got); diff != "" {
				t.Errorf("(-linked +with a licence)\n%s", diff)
			}
		})
	}
}

func linked(t *testing.T, env []string) map[string]string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", `{{with .Module}}{{.Path}} {{.Version}}{{end}}`, "./cmd/infrahub-mcp")
	command.Dir = "../.."
	command.Env = append(command.Environ(), env...)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	version, err := exec.CommandContext(t.Context(), "go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]string{"std": strings.TrimPrefix(strings.TrimSpace(string(version)), "go")}
	for line := range strings.Lines(string(out)) {
		if path, version, found := strings.Cut(strings.TrimSpace(line), " "); found && version != "" {
			modules[path] = version
		}
	}
	return modules
}

func TestAModuleIsLinkedOnlyWithALicenceThatIsAccepted(t *testing.T) {
	apache, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	isc := "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, " +
		"provided that the above copyright notice and this permission notice appear in all copies.\n\n" +
		`THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED ` +
		"WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR " +
		"CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, " +
		"NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.\n"
	zlib := "This software is provided 'as-is', without any express or implied warranty. In no event will the authors be held liable for any " +
		"damages arising from the use of this software.\n\nPermission is granted to anyone to use this software for any purpose, including " +
		"commercial applications, and to alter it and redistribute it freely, subject to the following restrictions:\n\n" +
		"1. The origin of this software must not be misrepresented; you must not claim that you wrote the original software. If you use " +
		"this software in a product, an acknowledgment in the product documentation would be appreciated but is not required.\n" +
		"2. Altered source versions must be plainly marked as such, and must not be misrepresented as being the original software.\n" +
		"3. This notice may not be removed or altered from any source distribution.\n"
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
		fault string
	}{
		{"one licence", map[string]string{"LICENSE": string(apache)}, "Apache-2.0", ""},
		{"two licences, one of a package", map[string]string{"LICENSE": string(apache), "fork/COPYING": isc}, "Apache-2.0 AND ISC", ""},
		{"notices alone", map[string]string{"NOTICE": string(apache)}, "", "has no licence"},
		{"a text nobody knows", map[string]string{"LICENSE.md": "Ask me first."}, "", "only 0 %"},
		{"a licence nobody accepted", map[string]string{"LICENSE": zlib}, "", "nobody has accepted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := Module{Path: "example.com/thing", Files: map[string][]byte{}}
			for name, text := range test.files {
				m.Files[name] = []byte(text)
			}
			err := m.recognize()
			if m.Expression != test.want || (err == nil) != (test.fault == "") {
				t.Errorf("%q, %v", m.Expression, err)
			}
			if err != nil && !strings.Contains(err.Error(), test.fault) {
				t.Errorf("want %q, got %v", test.fault, err)
			}
		})
	}
}

func TestLicencesAreFoundByTheirNames(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"LICENSE", "licence-MIT.txt", "COPYING", "Notice.md", "PATENTS", "license.go", "README.md", "licensed", "unlicensed.txt"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "licenses"), 0o700); err != nil {
		t.Fatal(err)
	}
	m := Module{Files: map[string][]byte{}}
	if err := m.read(root, root); err != nil {
		t.Fatal(err)
	}
	want := []string{"COPYING", "LICENSE", "Notice.md", "PATENTS", "licence-MIT.txt"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(m.Files))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAFolderTellsWhatIsInIt(t *testing.T) {
	folder := t.TempDir()
	modules := []Module{
		{Path: "example.com/thing/v2", Version: "v2.1.0", Expression: "MIT", Files: map[string][]byte{"LICENSE": []byte("m"), "fork/LICENSE": []byte("f")}},
		{Path: "std", Version: "1.26.8", Expression: "BSD-3-Clause", Files: map[string][]byte{"LICENSE": []byte("s")}},
	}
	if err := Save(folder, modules); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"example.com/thing/v2/LICENSE": "m", "example.com/thing/v2/fork/LICENSE": "f", "std/LICENSE": "s"} {
		if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	list, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| example.com/thing/v2 | v2.1.0 | MIT | https://pkg.go.dev/example.com/thing/v2@v2.1.0 |\n",
		"| std | 1.26.8 | BSD-3-Clause | https://go.dev/dl/go1.26.8.src.tar.gz |\n",
	} {
		if !strings.Contains(string(list), want) {
			t.Errorf("there is no %s in\n%s", want, list)
		}
	}
}

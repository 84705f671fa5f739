// Package license finds the licences of what a program is linked with. Whoever
// hands the program out has to hand them out too.
package license

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// Module is a Go module that is linked into a program, or the standard library.
type Module struct {
	Path    string // "std" for the standard library
	Version string // that of Go for the standard library, without "go" before it
	// Expression names its licences by SPDX identifiers, joined by AND.
	Expression string
	// Files has its licences and notices: names with slashes, relative to the
	// module.
	Files map[string][]byte
}

// Linked returns the modules that the Go command links into a package of the
// module in the folder root, sorted by path, that module itself left out. env is
// added to the environment of the Go command, such as GOOS=windows. A module
// without a licence is an error, and so is one with a licence that is not among
// those accepted.
func Linked(ctx context.Context, root, program string, env ...string) ([]Module, error) {
	packages, err := list(ctx, root, program, env)
	if err != nil {
		return nil, err
	}
	modules := map[string]*Module{}
	for _, p := range packages {
		if p.Module.Main {
			continue
		}
		m := modules[p.Module.Path]
		if m == nil {
			m = &Module{Path: p.Module.Path, Version: p.Module.Version, Files: map[string][]byte{}}
			modules[p.Module.Path] = m
		}
		// A package may have a licence of its own, beside that of its module.
		for folder := p.Dir; strings.HasPrefix(folder, p.Module.Dir); folder = filepath.Dir(folder) {
			if err := m.read(p.Module.Dir, folder); err != nil {
				return nil, err
			}
		}
	}
	var all []Module
	var faults []error
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		faults = append(faults, modules[path].recognize())
		all = append(all, *modules[path])
	}
	return all, errors.Join(faults...)
}

// module is one as "go list" prints it.
type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module
}

// listed is a package as "go list" prints it.
type listed struct {
	Dir      string
	Standard bool
	Module   *module
}

func list(ctx context.Context, root, program string, env []string) ([]listed, error) {
	command := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Dir,Standard,Module", program)
	command.Dir = root
	command.Env = append(command.Environ(), env...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %s: %w\n%s", program, err, &complaint)
	}
	standard, err := library(ctx, root)
	if err != nil {
		return nil, err
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the packages of %s: %w", program, err)
		}
		if p.Standard {
			p.Dir, p.Module = standard.Dir, standard
		} else if r := p.Module.Replace; r != nil {
			p.Module = r
		}
		packages = append(packages, p)
	}
}

// library is the standard library.
func library(ctx context.Context, root string) (*module, error) {
	command := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOVERSION")
	command.Dir = root // whose go.mod may name another version of Go
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("asking where Go is: %w", err)
	}
	folder, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return &module{Path: "std", Version: strings.TrimPrefix(strings.TrimSpace(version), "go"), Dir: strings.TrimSpace(folder)}, nil
}

var (
	license = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|unlicense)s?([-._].*)?$`)
	notice  = regexp.MustCompile(`(?i)^(notices?|patents)([-._].*)?$`)
)

// read adds the licences and notices of a folder.
func (m *Module) read(module, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("looking for licences of %s: %w", m.Path, err)
	}
	for _, e := range entries {
		if e.Type()&fs.ModeType != 0 || filepath.Ext(e.Name()) == ".go" || !license.MatchString(e.Name()) && !notice.MatchString(e.Name()) {
			continue
		}
		path := filepath.Join(folder, e.Name())
		name, err := filepath.Rel(module, path)
		if err != nil {
			return fmt.Errorf("naming a licence of %s: %w", m.Path, err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a licence of %s: %w", m.Path, err)
		}
		m.Files[filepath.ToSlash(name)] = text
	}
	return nil
}

// accepted are the licences that may be linked: they ask for their text, for
// notices, and MPL-2.0 for saying where the source is.
func accepted() []string {
	return []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}
}

// known is the part of a licence file, in percent, that has to be known text.
const known = 75

// recognize finds out which licences a module has.
func (m *Module) recognize() error {
	names := map[string]bool{}
	for file, text := range m.Files {
		if base := file[strings.LastIndex(file, "/")+1:]; !license.MatchString(base) {
			continue
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < known {
			return fmt.Errorf("%s: only %.0f %% of %s is known text of a licence", m.Path, coverage.Percent, file)
		}
		for _, match := range coverage.Match {
			if !slices.Contains(accepted(), match.ID) {
				return fmt.Errorf("%s: nobody has accepted %s, which is in %s", m.Path, match.ID, file)
			}
			names[match.ID] = true
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no licence", m.Path)
	}
	m.Expression = strings.Join(slices.Sorted(maps.Keys(names)), " AND ")
	return nil
}

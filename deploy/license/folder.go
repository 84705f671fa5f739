package license

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Folder is what a folder of licences holds: files by their names, with slashes.
// There is one folder for each module, and README.md tells which there are.
func Folder(modules []Module) map[string][]byte {
	files := map[string][]byte{}
	var list strings.Builder
	list.WriteString("# Licences of what is linked into the program\n\n" +
		"The source of each is public, at the address in the last column.\n\n" +
		"| Module | Version | Licence | Source |\n|---|---|---|---|\n")
	for i := range modules {
		m := &modules[i]
		source := "https://pkg.go.dev/" + m.Path + "@" + m.Version
		if m.Path == "std" {
			source = "https://go.dev/dl/go" + m.Version + ".src.tar.gz"
		}
		fmt.Fprintf(&list, "| %s | %s | %s | %s |\n", m.Path, m.Version, m.Expression, source)
		for name, text := range m.Files {
			files[path.Join(m.Path, name)] = text
		}
	}
	files["README.md"] = []byte(list.String())
	return files
}

// Save writes a folder of licences.
func Save(folder string, modules []Module) error {
	files := Folder(modules)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("making a folder for licences: %w", err)
		}
		if err := os.WriteFile(file, files[name], 0o644); err != nil {
			return fmt.Errorf("writing a licence: %w", err)
		}
	}
	return nil
}

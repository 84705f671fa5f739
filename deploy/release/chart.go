package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// chart packs the Helm chart as "helm package" does, in the version of the
// release, and with the release's image as the one that it runs.
func (r *release) chart() (file, error) {
	folder := os.DirFS(filepath.Join(r.Root, "deploy", "helm", name))
	set := map[string]*regexp.Regexp{
		"version":    regexp.MustCompile(`(?m)^version: .*$`),
		"appVersion": regexp.MustCompile(`(?m)^appVersion: .*$`),
		"repository": regexp.MustCompile(`(?m)^  repository: .*$`),
	}
	changes := map[string]map[string]string{
		"Chart.yaml":  {"version": "version: " + r.Version, "appVersion": "appVersion: " + strconv.Quote(r.Version)},
		"values.yaml": {"repository": "  repository: " + strconv.Quote(r.Image)},
	}
	var entries []entry
	err := fs.WalkDir(folder, ".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == "ci": // values for tests
			return fs.SkipDir
		case e.IsDir() || path == ".helmignore":
			return nil
		}
		text, err := fs.ReadFile(folder, path)
		if err != nil {
			return err
		}
		for key, line := range changes[path] {
			if n := len(set[key].FindAllIndex(text, -1)); n != 1 {
				return fmt.Errorf("%s sets %s %d times", path, key, n)
			}
			text = set[key].ReplaceAllLiteral(text, []byte(line))
		}
		entries = append(entries, entry{Name: path, Content: text})
		return nil
	})
	if err != nil {
		return file{}, fmt.Errorf("packing the chart: %w", err)
	}
	return r.write(name+"-"+r.Version+".tgz", tarball, within(name, entries))
}

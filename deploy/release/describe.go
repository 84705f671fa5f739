package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"text/template"
)

// describe writes what names the files of a release, each from a template.
func (r *release) describe(all []built) error {
	content, err := r.fill("deploy/homebrew/"+name+".rb.tmpl", formula{r, systems(all)})
	if err != nil {
		return err
	}
	_, err = r.store(name+".rb", content)
	return err
}

// formula is what the template of the Homebrew formula is filled with.
type formula struct {
	*release
	Systems []system
}

// system is what there is for one operating system that Homebrew knows.
type system struct {
	Name  string // as Homebrew names it
	Built []built
}

func systems(all []built) []system {
	var known []system
	for _, s := range []struct{ name, os string }{{"macos", "darwin"}, {"linux", "linux"}} {
		var of []built
		for _, b := range all {
			if b.OS == s.os {
				of = append(of, b)
			}
		}
		if of != nil {
			known = append(known, system{s.name, of})
		}
	}
	return known
}

// fill executes a template of the source. A name that it has and the data has
// not is an error.
func (r *release) fill(path string, data any) ([]byte, error) {
	t, err := template.ParseFiles(filepath.Join(r.Root, filepath.FromSlash(path)))
	if err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	var content bytes.Buffer
	if err := t.Option("missingkey=error").Execute(&content, data); err != nil {
		return nil, fmt.Errorf("filling a template: %w", err)
	}
	return content.Bytes(), nil
}

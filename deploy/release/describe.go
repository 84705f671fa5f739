package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"text/template"
)

// describe writes what names the files of a release, each from a template.
func (r *release) describe(all []built) error {
	for _, d := range []struct {
		name, template string
		data           any
	}{
		{name + ".rb", "deploy/homebrew/" + name + ".rb.tmpl", formula{r, systems(all)}},
		{"server.json", "deploy/mcp/server.json.tmpl", listing{r, all}},
	} {
		content, err := r.fill(d.template, d.data)
		if err != nil {
			return err
		}
		if _, err := r.store(d.name, content); err != nil {
			return err
		}
	}
	return nil
}

// listing is what the template of server.json, the description for the MCP
// registry, is filled with.
type listing struct {
	*release
	Built []built
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

package sdl

import (
	"embed"
	"fmt"
	"path"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// The part of a schema that is the same on every server: one file per subject,
// each with its types and with the queries and mutations that it adds.
//
//go:embed common/*.graphql
var commonFiles embed.FS

// introspectionFile is what GraphQL itself defines.
//
//go:embed introspection.graphql
var introspectionFile string

//go:embed optional.graphql
var optionalFile string

// common returns the definitions that every schema has.
func common() (*ast.SchemaDocument, error) {
	files, err := commonFiles.ReadDir("common")
	if err != nil {
		return nil, fmt.Errorf("listing the common definitions: %w", err)
	}
	sources := make([]*ast.Source, 0, 1+len(files))
	sources = append(sources, &ast.Source{Name: "introspection.graphql", Input: introspectionFile, BuiltIn: true})
	for _, file := range files {
		text, err := commonFiles.ReadFile(path.Join("common", file.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading the common definitions: %w", err)
		}
		sources = append(sources, &ast.Source{Name: file.Name(), Input: string(text)})
	}
	document, err := parser.ParseSchemas(sources...)
	if err != nil {
		return nil, fmt.Errorf("parsing the common definitions: %w", err)
	}
	return document, nil
}

// optional returns those of the definitions of optional.graphql that the types
// made so far refer to.
func (g *generator) optional() (ast.DefinitionList, error) {
	document, err := parser.ParseSchema(&ast.Source{Name: "optional.graphql", Input: optionalFile})
	if err != nil {
		return nil, fmt.Errorf("parsing the optional definitions: %w", err)
	}
	referred := make(map[string]bool, len(g.types))
	for _, t := range g.types {
		referred[t.Name()] = true
	}
	var used ast.DefinitionList
	for _, definition := range document.Definitions {
		if referred[definition.Name] {
			used = append(used, definition)
		}
	}
	return used, nil
}

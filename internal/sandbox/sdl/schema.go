// Package sdl makes the GraphQL schema of an Infrahub server out of its node
// schema: the types, queries and mutations of each kind, and the part that is
// the same on every server.
//
// The rules are those of Infrahub 1.11. Their proof is a test that compares
// the schema made of the node schema of a real server with the one that this
// server publishes, type by type, field by field and argument by argument.
package sdl

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
)

// Schema is the GraphQL schema that belongs to one version of the node schema.
// It never changes once it is made and is shared by all callers, so everything
// reached through it is for reading only.
type Schema struct {
	// AST is what documents are parsed, validated and executed against.
	AST *ast.Schema

	text func() string
}

// Generate makes the GraphQL schema of m. The order of kinds in m makes no
// difference; the fields of a type are in the order of the attributes and
// relationships of its kind.
//
// An error means that m is not a whole node schema: a peer or a generic is
// missing, or one of the core kinds that every Infrahub has and that the part
// common to all servers refers to.
func Generate(m *Model) (*Schema, error) {
	document, err := generate(m)
	if err != nil {
		return nil, fmt.Errorf("generating the GraphQL schema: %w", err)
	}
	schema, err := validator.ValidateSchemaDocument(document)
	if err != nil {
		// Where in the files of this package the fault shows is of no use.
		if fault, ok := errors.AsType[*gqlerror.Error](err); ok {
			err = errors.New(fault.Message)
		}
		return nil, fmt.Errorf("generating the GraphQL schema: %w", err)
	}
	return &Schema{AST: schema, text: sync.OnceValue(func() string { return text(schema) })}, nil
}

// Text returns the schema in GraphQL's schema definition language, as
// GET /schema.graphql answers it. Types are sorted by name; what GraphQL itself
// defines is left out.
func (s *Schema) Text() string {
	return s.text()
}

func text(schema *ast.Schema) string {
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(schema)
	return b.String()
}

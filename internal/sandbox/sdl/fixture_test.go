package sdl_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/sandbox/sdl"
)

// The fixtures are pairs: a node schema in the form of GET /api/schema and the
// GraphQL schema that Infrahub 1.11.9 makes of it. The first pair are the
// answers of a server with a demo model, GET /api/schema and
// GET /schema.graphql. The second has what the demo model has not, see every.py.
const (
	nodeSchema         = "../../infrahub/schema/testdata/schema.json.gz"
	graphQLSchema      = "../../infrahub/schema/testdata/schema.graphql.gz"
	everyNodeSchema    = "testdata/every.json.gz"
	everyGraphQLSchema = "testdata/every.graphql.gz"
)

// fixture returns a file, unpacked.
func fixture(tb testing.TB, path string) []byte {
	tb.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// demo returns the node schema of the fixture.
func demo(tb testing.TB) *sdl.Model {
	tb.Helper()
	return decode(tb, fixture(tb, nodeSchema))
}

func decode(tb testing.TB, data []byte) *sdl.Model {
	tb.Helper()
	var m sdl.Model
	if err := json.Unmarshal(data, &m); err != nil {
		tb.Fatal(err)
	}
	return &m
}

func generate(tb testing.TB, m *sdl.Model) *sdl.Schema {
	tb.Helper()
	s, err := sdl.Generate(m)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// document returns the definitions of a GraphQL schema.
func document(tb testing.TB, path string) *ast.SchemaDocument {
	tb.Helper()
	document, err := parser.ParseSchema(&ast.Source{Name: path, Input: string(fixture(tb, path))})
	if err != nil {
		tb.Fatal(err)
	}
	return document
}

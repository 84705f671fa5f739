package schema_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"infrahub-mcp/internal/infrahub/schema"
)

// fixture returns a file of testdata, unpacked. schema.json is the body of
// GET /api/schema and schema.graphql the one of GET /schema.graphql, both of
// the same branch of an Infrahub 1.11.9 with a demo model.
func fixture(tb testing.TB, name string) []byte {
	tb.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// demo returns the schema of the fixture.
func demo(tb testing.TB) *schema.Schema {
	tb.Helper()
	return decode(tb, fixture(tb, "schema.json"))
}

func decode(tb testing.TB, data []byte) *schema.Schema {
	tb.Helper()
	s, err := schema.Decode(data)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// kind returns a kind that must exist.
func kind(tb testing.TB, s *schema.Schema, name string) *schema.Kind {
	tb.Helper()
	k, err := s.Kind(name)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

package front

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"infrahub-mcp/internal/sandbox/store"
)

func TestTheSchemaIsCompressedWhenItIsLong(t *testing.T) {
	s := newSandbox(t)
	zipped := map[string]string{"Accept-Encoding": "gzip, deflate"}
	plain := s.send(request{path: "/api/schema"})
	compressed := s.send(request{path: "/api/schema?branch=main", header: zipped})
	if compressed.header.Get("Content-Encoding") != "gzip" || len(compressed.body) > len(plain.body)/4 {
		t.Fatalf("%d bytes, compressed to %d, %v", len(plain.body), len(compressed.body), compressed.header)
	}
	z, err := gzip.NewReader(strings.NewReader(compressed.body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(text, []byte(plain.body)) {
		t.Errorf("what was compressed differs: %v", err)
	}
	for _, path := range []string{"/api/schema?namespaces=Organization", "/api/schema/summary", "/schema.graphql"} {
		if got := s.send(request{path: path, header: zipped}); got.status != 200 || got.header.Get("Content-Encoding") != "" {
			t.Errorf("%s answers %d %v", path, got.status, got.header)
		}
	}
	if got := s.send(request{path: "/schema.graphql"}); got.header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(got.body, "type BuiltinTag ") {
		t.Errorf("/schema.graphql answers %v", got.header)
	}
}

func TestTheSchemaIsThatOfTheNamespaces(t *testing.T) {
	s := newSandbox(t)
	kinds := func(path string) string {
		var schema struct {
			Nodes []struct{ Kind string }
		}
		if err := json.Unmarshal([]byte(s.send(request{path: path}).body), &schema); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, k := range schema.Nodes {
			names = append(names, k.Kind)
		}
		return strings.Join(names, " ")
	}
	for range 2 { // the second time from the cache
		if got := kinds("/api/schema?namespaces=Organization&namespaces=Service"); got != "OrganizationManufacturer OrganizationProvider ServiceCircuit" {
			t.Errorf("got %s", got)
		}
		if got := kinds("/api/schema?namespaces=Nope"); got != "" {
			t.Errorf("got %s", got)
		}
	}
}

func TestASchemaIsLoadedIntoItsBranchAlone(t *testing.T) {
	s := newSandbox(t)
	if _, err := s.options.Base.Store.CreateBranch(store.NewBranch{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	const thing = `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Test","attributes":[{"name":"name","kind":"Text"}]}]}]}`
	before := s.send(request{path: "/api/schema/summary?branch=b"})
	if main := s.send(request{path: "/api/schema/summary"}); main.body != before.body {
		t.Error("a new branch has another summary")
	}
	for _, updated := range []bool{true, false} {
		got := s.send(request{path: "/api/schema/load?branch=b", body: thing})
		var loaded struct {
			Hash     string `json:"hash"`
			Previous string `json:"previous_hash"`
			Updated  bool   `json:"schema_updated"`
		}
		if err := json.Unmarshal([]byte(got.body), &loaded); err != nil || got.status != 200 || loaded.Updated != updated || (loaded.Hash != loaded.Previous) != updated {
			t.Errorf("the load answers %d %s", got.status, got.body)
		}
	}
	for path, status := range map[string]int{"/api/schema/TestThing?branch=b": 200, "/api/schema/TestThing": 422} {
		if got := s.send(request{path: path}); got.status != status {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
	if got := s.send(request{path: "/schema.graphql?branch=b"}); !strings.Contains(got.body, "type TestThing ") {
		t.Error("the GraphQL schema of the branch lacks the new kind")
	}
}

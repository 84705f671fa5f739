package front

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// schema answers GET /api/schema.
func (s *server) schema(w http.ResponseWriter, c *call) error {
	m, err := c.model()
	if err != nil {
		return err
	}
	text, err := s.encoded.of(m, c.URL.Query()["namespaces"])
	if err != nil {
		return err
	}
	text.write(w, c.Request)
	return nil
}

// schemaSummary answers GET /api/schema/summary.
func (s *server) schemaSummary(w http.ResponseWriter, c *call) error {
	m, err := c.model()
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept-Encoding")
	writeJSON(w, http.StatusOK, m.Summary())
	return nil
}

// schemaKind answers GET /api/schema/{kind}.
func (s *server) schemaKind(w http.ResponseWriter, c *call) error {
	k, err := c.kind()
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept-Encoding")
	writeJSON(w, http.StatusOK, k)
	return nil
}

// jsonSchema answers GET /api/schema/json_schema/{kind}.
func (s *server) jsonSchema(w http.ResponseWriter, c *call) error {
	k, err := c.kind()
	if err != nil {
		return err
	}
	schema, err := k.JSONSchema()
	if err != nil {
		return fmt.Errorf("%w: %w", errAsInfrahub, err)
	}
	w.Header().Add("Vary", "Accept-Encoding")
	writeJSON(w, http.StatusOK, schema)
	return nil
}

// schemaLoad answers POST /api/schema/load.
func (s *server) schemaLoad(w http.ResponseWriter, c *call) error {
	if _, err := documents(c); err != nil {
		return err
	}
	if err := c.caller.NeedGlobal(access.ManageSchema, c.branch); err != nil {
		return err
	}
	loaded, err := s.Base.Load(c.branch, c.raw)
	if errors.Is(err, store.ErrNoBranch) {
		return fault.NoBranch(c.branch)
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, loaded)
	return nil
}

// schemaCheck answers POST /api/schema/check, which takes no permission.
func (s *server) schemaCheck(w http.ResponseWriter, c *call) error {
	given, err := documents(c)
	if err != nil {
		return err
	}
	m, err := c.model()
	if err != nil {
		return err
	}
	change, err := m.Check(given...)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, change)
	return nil
}

// documents reads the body of a load or a check.
func documents(c *call) ([]*model.Document, error) {
	if err := formOf(c, true).err(); err != nil {
		return nil, err
	}
	return model.ParseRequest(c.raw)
}

// graphqlSchema answers GET /schema.graphql, which Infrahub never compresses.
func (s *server) graphqlSchema(w http.ResponseWriter, c *call) error {
	m, err := c.model()
	if err != nil {
		return err
	}
	schema, err := s.Schema(m)
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, plainText, []byte(schema.Text()))
	return nil
}

// model is the node schema of the branch of a call.
func (c *call) model() (*model.Model, error) {
	m, err := c.server.Base.Model(c.branch)
	if errors.Is(err, store.ErrNoBranch) {
		return nil, fault.NoBranch(c.branch)
	}
	return m, err
}

// kind is the kind that the path of a request ends in.
func (c *call) kind() (*model.Kind, error) {
	m, err := c.model()
	if err != nil {
		return nil, err
	}
	return m.Lookup(c.URL.Path[strings.LastIndexByte(c.URL.Path, '/')+1:])
}

// encodedSchemas keeps the last answers of GET /api/schema: encoding one takes
// some 15 ms, and all branches with the same schema share it.
type encodedSchemas struct {
	texts *lru.Cache[string, func() (*encodedText, error)]
}

func newEncodedSchemas() *encodedSchemas {
	const most = 16 // of up to 0.8 MB each, compressed ones included
	texts, err := lru.New[string, func() (*encodedText, error)](most)
	if err != nil { // the size is above zero: there is no other fault
		panic(err)
	}
	return &encodedSchemas{texts}
}

// of returns the answer for a model and namespaces, all when there are none.
func (e *encodedSchemas) of(m *model.Model, namespaces []string) (*encodedText, error) {
	namespaces = slices.Compact(slices.Sorted(slices.Values(namespaces)))
	key := strings.Join(append([]string{m.Hash()}, namespaces...), "\n")
	encodeOnce := sync.OnceValues(func() (*encodedText, error) {
		plain, err := encode(m.API(namespaces...))
		if err != nil {
			return nil, fmt.Errorf("encoding the schema: %w", err)
		}
		return newEncodedText(plain), nil
	})
	if earlier, ok, _ := e.texts.PeekOrAdd(key, encodeOnce); ok {
		encodeOnce = earlier
		e.texts.Get(key) // has been used now
	}
	return encodeOnce()
}

// encodedText is a JSON body and, if it is long, its compressed form.
type encodedText struct{ plain, compressed []byte }

// compressFrom is the length, in bytes, from which Infrahub compresses.
const compressFrom = 100_000

func newEncodedText(plain []byte) *encodedText {
	if len(plain) < compressFrom {
		return &encodedText{plain: plain}
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(plain) // a buffer takes everything
	_ = z.Close()
	return &encodedText{plain, b.Bytes()}
}

func (t *encodedText) write(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept-Encoding")
	if t.compressed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		writeBody(w, http.StatusOK, "application/json", t.compressed)
		return
	}
	writeBody(w, http.StatusOK, "application/json", t.plain)
}

package nodes

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// A snapshot is one line of JSON with the documents of every schema, followed by
// the snapshot of the store.
const (
	snapshotFormat  = "infrahub-mcp sandbox"
	snapshotVersion = 1
)

type snapshot struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Schemas holds, by the hash of each schema, the bodies of
	// POST /api/schema/load that have led to it.
	Schemas map[string][]json.RawMessage `json:"schemas"`
}

// WriteTo writes everything, history included, in a form that Restore takes.
// Passwords (as hashes) and tokens are in it: whoever may read it may use them.
func (b *Base) WriteTo(w io.Writer) (int64, error) {
	header := snapshot{Format: snapshotFormat, Version: snapshotVersion, Schemas: map[string][]json.RawMessage{}}
	// The schemas first: none that the store refers to is ever taken out.
	b.mu.RLock()
	for hash, v := range b.versions {
		header.Schemas[hash] = v.documents
	}
	b.mu.RUnlock()
	line, err := json.Marshal(header)
	if err != nil {
		return 0, fmt.Errorf("writing a snapshot: %w", err)
	}
	written, err := w.Write(append(line, '\n'))
	if err != nil {
		return int64(written), fmt.Errorf("writing a snapshot: %w", err)
	}
	rest, err := b.Store.WriteTo(w)
	return int64(written) + rest, err
}

// Restore reads what WriteTo has written. core is the schema that all others
// were loaded into. The error is store.ErrSnapshot, wrapped, for a stream that is
// not a snapshot or one of another version.
func Restore(r io.Reader, core *model.Model, options store.Options) (*Base, error) {
	buffered := bufio.NewReader(r)
	line, err := buffered.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading a snapshot: %w", err)
	}
	var header snapshot
	if json.Unmarshal(line, &header) != nil || header.Format != snapshotFormat || header.Version != snapshotVersion {
		return nil, fmt.Errorf("%w: it does not begin like one of version %d", store.ErrSnapshot, snapshotVersion)
	}
	b := &Base{versions: map[string]version{core.Hash(): {model: core}}}
	for hash, documents := range header.Schemas {
		m, err := replay(core, documents)
		if err != nil {
			return nil, fmt.Errorf("%w: the schema %s: %w", store.ErrSnapshot, hash, err)
		}
		// Another version of the program may know other core kinds and give
		// another hash; the store knows the schema by the old one.
		b.versions[hash] = version{m, documents}
	}
	if b.Store, err = store.Read(buffered, options); err != nil {
		return nil, fmt.Errorf("reading a snapshot: %w", err)
	}
	for _, branch := range b.Store.Branches() {
		if _, ok := b.versions[branch.SchemaHash]; !ok {
			return nil, fmt.Errorf("%w: the schema of the branch %q is missing", store.ErrSnapshot, branch.Name)
		}
	}
	return b, nil
}

// replay loads documents into a schema, one body after the other.
func replay(m *model.Model, bodies []json.RawMessage) (*model.Model, error) {
	for _, body := range bodies {
		documents, err := model.ParseRequest(body)
		if err != nil {
			return nil, err
		}
		if m, _, err = m.Load(documents...); err != nil {
			return nil, err
		}
	}
	return m, nil
}

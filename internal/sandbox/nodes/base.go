// Package nodes is what a sandbox knows of its nodes: the data of a store read
// and written under the rules of a node schema.
//
//   - A Base holds the store and the schema of every branch.
//   - A Graph is a branch at a moment, for reading: nodes with their attributes,
//     peers, display labels and human-friendly ids, and lists of them, filtered,
//     ordered and paged.
//   - A Writer is a Graph inside a transaction. It makes, changes and removes
//     nodes with the checks and the errors of Infrahub 1.11.
package nodes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// SystemAccount is the id of the account in whose name the server itself writes.
// There is no node of that id.
const SystemAccount = "__system__"

// Base is the data of one Infrahub with the schemas it is under. It is safe for
// concurrent use.
type Base struct {
	Store *store.Store
	// Rules take part in every transaction, in their order. Set before use.
	Rules []Rule
	// Observers are told of every commit, in order of the commits. They must be
	// quick and not write. Set before use.
	Observers []func(Commit)

	mu       sync.RWMutex
	versions map[string]version // by hash of the model
}

// version is one version of the node schema, and the documents that have led
// from the core to it: each the body of POST /api/schema/load.
type version struct {
	model     *model.Model
	documents []json.RawMessage
}

// NewBase returns a Base that is empty but for its default branch.
func NewBase(m *model.Model, options store.Options) *Base {
	options.SchemaHash = m.Hash()
	return &Base{Store: store.New(options), versions: map[string]version{m.Hash(): {model: m}}}
}

// Model returns the node schema of a branch as it is now. The error is
// store.ErrNoBranch.
func (b *Base) Model(branch string) (*model.Model, error) {
	described, err := b.Store.Branch(branch)
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.versions[described.SchemaHash].model, nil
}

// Load loads the body of POST /api/schema/load into a branch. The errors are
// store.ErrNoBranch and those of the model package.
func (b *Base) Load(branch string, body []byte) (*model.Loaded, error) {
	documents, err := model.ParseRequest(body)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	described, err := b.Store.Branch(branch)
	if err != nil {
		return nil, err
	}
	before := b.versions[described.SchemaHash]
	after, loaded, err := before.model.Load(documents...)
	if err != nil {
		return nil, err
	}
	if after == before.model {
		return loaded, nil
	}
	hash := after.Hash()
	if _, known := b.versions[hash]; !known {
		b.versions[hash] = version{after, append(slices.Clip(before.documents), slices.Clone(body))}
	}
	_, err = b.Store.EditBranch(branch, store.BranchEdit{SchemaHash: &hash})
	return loaded, err
}

// JoinSchemas makes the schema that two branches have together: what was loaded
// into one since they parted is loaded into that of the other. It returns its
// hash and changes neither branch. The errors are store.ErrNoBranch and those of
// the model package.
func (b *Base) JoinSchemas(from, into string) (hash string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	source, err := b.Store.Branch(from)
	if err != nil {
		return "", err
	}
	target, err := b.Store.Branch(into)
	if err != nil {
		return "", err
	}
	theirs, ours := b.versions[source.SchemaHash], b.versions[target.SchemaHash]
	common := 0
	for common < min(len(theirs.documents), len(ours.documents)) && bytes.Equal(theirs.documents[common], ours.documents[common]) {
		common++
	}
	joined, err := replay(ours.model, theirs.documents[common:])
	if err != nil {
		return "", err
	}
	hash = joined.Hash()
	if _, known := b.versions[hash]; !known {
		b.versions[hash] = version{joined, slices.Concat(ours.documents, theirs.documents[common:])}
	}
	return hash, nil
}

// Read returns a branch as it was at a time, or now when at is zero, under the
// schema that the branch has now. The errors are those of store.View.
func (b *Base) Read(branch string, at time.Time) (*Graph, error) {
	m, err := b.Model(branch)
	if err != nil {
		return nil, err
	}
	view, err := b.Store.View(branch, at)
	if err != nil {
		return nil, err
	}
	return &Graph{Model: m, View: view, base: b}, nil
}

// Commit tells of a transaction that changed nodes.
type Commit struct {
	Branch  string
	Account string // id of the account that wrote
	At      time.Time
	Changes []Change
}

// Change is what a transaction did to one node.
type Change struct {
	Action Action
	Node   string
	Kind   string
	// Label is the display label, before its removal if it is removed.
	Label string
	// Attributes and Relationships are those that changed, all of a new node.
	Attributes    []AttributeChange
	Relationships []RelationshipChange
}

// Action says what was done.
type Action string

// The actions, in the words of Infrahub's events.
const (
	Created Action = "created"
	Updated Action = "updated"
	Deleted Action = "deleted"
)

// AttributeChange is one attribute that changed.
type AttributeChange struct {
	Name, Kind       string
	Value, Previous  any
	Action           string // added, updated, removed
	Secret, Computed bool
}

// RelationshipChange is one peer that came or went.
type RelationshipChange struct {
	Name, Peer, PeerKind string
	Action               string // added, removed
}

// Rule takes part in transactions: it may write too, and its errors end them.
type Rule interface {
	// Changed is called after a node was created or updated, and before it is
	// deleted.
	Changed(w *Writer, n *Node, action Action) error
	// FromPool gives what a pool hands out for an attribute (a value) or a
	// relationship (the id of a node) of a node of kind k; from is the input
	// {id|hfid, identifier, data}. It reports false when the pool is of no kind
	// it knows.
	FromPool(w *Writer, k *model.Kind, field string, from map[string]any) (value any, ok bool, err error)
}

// Preparer is a Rule that completes the input of a new node before it is checked.
type Preparer interface {
	Prepare(w *Writer, k *model.Kind, data map[string]any) (map[string]any, error)
}

// Deriver is a Rule that knows values of attributes that are not stored but follow
// from others. It reports false for all others.
type Deriver interface {
	Derived(n *Node, attribute string) (value any, ok bool)
}

// prepare completes the input of a new node.
func (w *Writer) prepare(k *model.Kind, data map[string]any) (map[string]any, error) {
	for _, rule := range w.base.Rules {
		preparer, ok := rule.(Preparer)
		if !ok {
			continue
		}
		var err error
		if data, err = preparer.Prepare(w, k, data); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// Write runs a transaction on a branch in the name of an account (its id). The
// errors are those of store.Update, and what write returns; then nothing is
// applied.
func (b *Base) Write(branch, account string, write func(*Writer) error) error {
	m, err := b.Model(branch)
	if err != nil {
		return err
	}
	var w *Writer
	at, err := b.Store.Update(branch, account, func(tx *store.Tx) error {
		w = &Writer{
			Graph:   &Graph{Model: m, View: tx.View(), base: b},
			Account: account,
			tx:      tx,
		}
		if err := write(w); err != nil {
			return err
		}
		return w.finish()
	})
	if err != nil {
		return err
	}
	if len(w.changes) > 0 {
		commit := Commit{Branch: branch, Account: account, At: at, Changes: w.changes}
		for _, observe := range b.Observers {
			observe(commit)
		}
	}
	return nil
}

// must is for what the store cannot refuse by construction.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("sandbox: %v", err))
	}
}

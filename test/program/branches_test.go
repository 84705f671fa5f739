package program_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// branches are those that this run may change. Each is made when it is first
// asked for, because that takes some seconds.
type branches struct {
	infrahub infrahub
	run      string // names of this run hold it, so that no two runs meet

	data, schema, session func() (string, error)

	names atomic.Int64
	mu    sync.Mutex
	made  []string
}

func newBranches(i infrahub) *branches {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	b := &branches{infrahub: i, run: hex.EncodeToString(random)}
	b.data = sync.OnceValues(func() (string, error) { return b.create("test/program-" + b.run + "-data") })
	b.schema = sync.OnceValues(func() (string, error) { return b.create("test/program-" + b.run + "-schema") })
	b.session = sync.OnceValues(func() (string, error) { return b.create("mcp/session-20200101-" + b.run) })
	return b
}

// name is a name that nothing else has.
func (b *branches) name(purpose string) string {
	return fmt.Sprintf("%s-%s-%d", purpose, b.run, b.names.Add(1))
}

// note remembers a branch that a program has asked for, to be deleted at the end.
func (b *branches) note(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.made, name) {
		b.made = append(b.made, name)
	}
}

func (b *branches) create(name string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	const document = `mutation($name: String!) { BranchCreate(data: {name: $name, sync_with_git: false}, wait_until_completion: true) { ok } }`
	if err := b.infrahub.query(ctx, "", document, map[string]any{"name": name}, nil); err != nil {
		return "", fmt.Errorf("creating the branch %s: %w", name, err)
	}
	b.note(name)
	return name, nil
}

// discard asks Infrahub to delete the branches, and what was proposed of them,
// and does not wait for the end of it: a real one takes some ten seconds for each.
// A sandbox is gone anyhow.
func (b *branches) discard() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	for _, name := range b.made {
		if err := b.remove(ctx, name); err != nil {
			fmt.Fprintf(os.Stderr, "the branch %s is left behind: %v\n", name, err)
		}
	}
}

func (b *branches) remove(ctx context.Context, name string) error {
	var found struct {
		Branch   []struct{ Name string }
		Proposed struct {
			Edges []struct{ Node struct{ ID string } }
		} `json:"CoreProposedChange"`
	}
	const lookup = `query($name: String!) { Branch(name: $name) { name } CoreProposedChange(source_branch__value: $name) { edges { node { id } } } }`
	if err := b.infrahub.query(ctx, "", lookup, map[string]any{"name": name}, &found); err != nil {
		return err
	}
	for _, edge := range found.Proposed.Edges {
		const document = `mutation($id: String!) { CoreProposedChangeDelete(data: {id: $id}) { ok } }`
		if err := b.infrahub.query(ctx, "", document, map[string]any{"id": edge.Node.ID}, nil); err != nil {
			return fmt.Errorf("deleting a proposed change: %w", err)
		}
	}
	if len(found.Branch) == 0 {
		return nil
	}
	const document = `mutation($name: String!) { BranchDelete(data: {name: $name}, wait_until_completion: false) { ok } }`
	return b.infrahub.query(ctx, "", document, map[string]any{"name": name}, nil)
}

// dataBranch is the branch whose data the tests change.
func dataBranch(t *testing.T) string {
	t.Helper()
	return made(t, shared.branches.data)
}

// schemaBranch is the branch whose schema they change.
func schemaBranch(t *testing.T) string {
	t.Helper()
	return made(t, shared.branches.schema)
}

// sessionBranch is a branch that a program takes for a session branch.
func sessionBranch(t *testing.T) string {
	t.Helper()
	return made(t, shared.branches.session)
}

func made(t *testing.T, branch func() (string, error)) string {
	t.Helper()
	name, err := branch()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// unique is a name that no other run and no other test has.
func unique(test string) string { return test + "-" + shared.branches.run }

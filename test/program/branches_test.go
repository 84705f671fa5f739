package program_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// branches are those that this run may change. Each is made when it is first
// asked for, because that takes some seconds.
type branches struct {
	infrahub infrahub
	run      string // names of this run hold it, so that no two runs meet

	data, schema func() (string, error)

	mu   sync.Mutex
	made []string
}

func newBranches(i infrahub) *branches {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	b := &branches{infrahub: i, run: hex.EncodeToString(random)}
	b.data = sync.OnceValues(func() (string, error) { return b.create("data") })
	b.schema = sync.OnceValues(func() (string, error) { return b.create("schema") })
	return b
}

func (b *branches) create(purpose string) (string, error) {
	name := fmt.Sprintf("test/program-%s-%s", b.run, purpose)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	const document = `mutation($name: String!) { BranchCreate(data: {name: $name, sync_with_git: false}, wait_until_completion: true) { ok } }`
	if err := b.infrahub.query(ctx, "", document, map[string]any{"name": name}, nil); err != nil {
		return "", fmt.Errorf("creating the branch %s: %w", name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made = append(b.made, name)
	return name, nil
}

// discard asks Infrahub to delete the branches and does not wait for it, which
// would take up to a minute.
func (b *branches) discard() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, name := range b.made {
		const document = `mutation($name: String!) { BranchDelete(data: {name: $name}, wait_until_completion: false) { ok } }`
		if err := b.infrahub.query(ctx, "", document, map[string]any{"name": name}, nil); err != nil {
			fmt.Fprintf(os.Stderr, "the branch %s is left behind: %v\n", name, err)
		}
	}
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

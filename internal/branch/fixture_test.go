package branch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/sandbox/store"
)

// upstream is an Infrahub in memory that counts what it is asked.
type upstream struct {
	t      testing.TB
	box    *sandbox.Sandbox
	client *infrahub.Client

	mu    sync.Mutex
	asked map[string]int // GraphQL requests by the first name that is found in them
	// intercept answers in place of the sandbox when it returns true.
	intercept func(w http.ResponseWriter, document string) bool
}

// operation finds the name of the operation that a document is for.
var operation = regexp.MustCompile(`\b(BranchCreate|Branch\(name|Branch|BuiltinTagCreate)\b`)

// newUpstream starts an Infrahub without demo data.
func newUpstream(t testing.TB) *upstream {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{t: t, box: box, asked: map[string]int{}}
	server := httptest.NewServer(u)
	t.Cleanup(server.Close)
	connection, err := infrahub.New(infrahub.Settings{Address: server.URL, Timeout: 10 * time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	u.client = connection.Client(infrahub.Credential{Token: seed.Accounts()[0].Token})
	return u
}

// ServeHTTP counts and passes on.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	var request struct{ Query string }
	_ = json.Unmarshal(body, &request) // what is no JSON counts as ""
	u.mu.Lock()
	u.asked[operation.FindString(request.Query)]++
	intercept := u.intercept
	u.mu.Unlock()
	if intercept != nil && intercept(w, request.Query) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	u.box.ServeHTTP(w, r)
}

// behave sets what answers in place of the sandbox, nil for nothing.
func (u *upstream) behave(intercept func(w http.ResponseWriter, document string) bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.intercept = intercept
}

// count returns how often an operation was asked for.
func (u *upstream) count(name string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked[name]
}

// requests returns how many there were in all.
func (u *upstream) requests() (all int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, n := range u.asked {
		all += n
	}
	return all
}

// branches returns the names of all branches but the default one.
func (u *upstream) branches() []string {
	names := []string{}
	for _, b := range u.box.Base().Store.Branches() {
		if !b.IsDefault && !strings.HasPrefix(b.Name, "-") {
			names = append(names, b.Name)
		}
	}
	return names
}

// make makes a branch behind the back of the sessions.
func (u *upstream) make(name string) {
	u.t.Helper()
	_, err := u.client.GraphQL(context.Background(), infrahub.Query{
		Document:  `mutation($name: String!) { BranchCreate(data: {name: $name, sync_with_git: false}) { ok } }`,
		Variables: map[string]any{"name": name}, Mutation: true,
	})
	if err != nil {
		u.t.Fatal(err)
	}
}

// remove deletes a branch behind the back of the sessions.
func (u *upstream) remove(name string) {
	u.t.Helper()
	if err := u.box.Base().Store.DeleteBranch(name); err != nil {
		u.t.Fatal(err)
	}
}

// put gives a branch a status behind the back of the sessions.
func (u *upstream) put(name, status string) {
	u.t.Helper()
	s := store.Status(status)
	if _, err := u.box.Base().Store.EditBranch(name, store.BranchEdit{Status: &s}); err != nil {
		u.t.Fatal(err)
	}
}

// tag returns a write that makes a tag.
func (u *upstream) tag(name string) func(context.Context, string) error {
	return func(ctx context.Context, branch string) error {
		_, err := u.client.GraphQL(ctx, infrahub.Query{
			Document:  `mutation($name: String!) { BuiltinTagCreate(data: {name: {value: $name}}) { ok } }`,
			Variables: map[string]any{"name": name}, Branch: branch, Mutation: true,
		})
		return err
	}
}

// tags returns the names of the tags on a branch.
func (u *upstream) tags(branch string) []string {
	u.t.Helper()
	data, err := u.client.GraphQL(context.Background(), infrahub.Query{Document: `{ BuiltinTag { edges { node { name { value } } } } }`, Branch: branch})
	if err != nil {
		u.t.Fatal(err)
	}
	var answer struct {
		BuiltinTag struct {
			Edges []struct {
				Node struct{ Name struct{ Value string } }
			}
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		u.t.Fatal(err)
	}
	names := []string{}
	for _, edge := range answer.BuiltinTag.Edges {
		names = append(names, edge.Node.Name.Value)
	}
	return names
}

// pattern reads a pattern.
func pattern(t testing.TB, text string) config.Pattern {
	t.Helper()
	p, err := config.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const usual = "mcp/session-{date}-{hex}"

// manager returns a Manager with a memory, changed as said.
func manager(t testing.TB, text string, change ...func(*Options)) *Manager {
	t.Helper()
	o := Options{Pattern: pattern(t, text), Attempts: 5, Store: NewMemory(1000, time.Hour), Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	return NewManager(o)
}

// session returns the session of an owner with an id.
func (u *upstream) session(m *Manager, id string) *Session {
	return m.Session(u.client, Owner{Session: id})
}

// written runs a write that must succeed.
func written(t testing.TB, s *Session, asked string, write func(context.Context, string) error) Outcome {
	t.Helper()
	outcome, err := s.Write(t.Context(), asked, write)
	if err != nil {
		t.Fatalf("writing: %v", err)
	}
	return outcome
}

// brokenStore fails where it is told to.
type brokenStore struct {
	Store
	get, swap, lock error
}

func (b brokenStore) Lock(ctx context.Context, key string) (func(), error) {
	if b.lock != nil {
		return nil, b.lock
	}
	return b.Store.Lock(ctx, key)
}

func (b brokenStore) Get(ctx context.Context, key string) (Handle, error) {
	if b.get != nil {
		return Handle{}, b.get
	}
	return b.Store.Get(ctx, key)
}

func (b brokenStore) Swap(ctx context.Context, key string, old, next Handle) (Handle, error) {
	if b.swap != nil {
		return Handle{}, b.swap
	}
	return b.Store.Swap(ctx, key, old, next)
}

var errStore = errors.New("the store is down")

package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/sandbox/store"
)

// infra is an Infrahub in memory with demo data, and the Calls of one session to
// it.
type infra struct {
	t        testing.TB
	box      *sandbox.Sandbox
	upstream *infrahub.Upstream
	manager  *branch.Manager
	schemas  *schema.Cache
	settings call.Settings
	owner    branch.Owner
	token    string
	ask      call.Confirmer
	commit   func()
	modern   bool
	log      lockedBuffer
	messages []call.Message // to the client

	mu        sync.Mutex
	documents []string // GraphQL documents in the order in which they came
	// intercept answers in place of the sandbox when it returns true.
	intercept func(w http.ResponseWriter, r *http.Request, document string) bool
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newInfra starts an Infrahub with some devices.
func newInfra(t testing.TB, change ...func(*infra)) *infra {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Devices: 4})
	if err != nil {
		t.Fatal(err)
	}
	i := &infra{t: t, box: box, schemas: schema.NewCache(time.Hour, 8, nil), token: seed.Accounts()[0].Token, owner: branch.Owner{Session: "1"}}
	i.settings = call.Settings{
		MaxBytes: 500_000, PageSize: 50, Concurrency: 3, ExpandPeers: true, CallLimit: time.Minute,
		ConfirmDelete: call.ConfirmAuto, Version: "test",
	}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	logger := slog.New(slog.NewTextHandler(&i.log, nil))
	if i.upstream, err = infrahub.New(infrahub.Settings{Address: server.URL, Timeout: 10 * time.Second, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.upstream.Close)
	pattern, err := config.ParsePattern("mcp/session-{date}-{hex}")
	if err != nil {
		t.Fatal(err)
	}
	i.manager = branch.NewManager(branch.Options{Pattern: pattern, Attempts: 5, Store: branch.NewMemory(100, time.Hour), Logger: logger})
	for _, f := range change {
		f(i)
	}
	return i
}

// ServeHTTP notes what is asked and passes it on.
func (i *infra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	var request struct{ Query string }
	_ = json.Unmarshal(body, &request) // what is no JSON counts as ""
	r.Body = io.NopCloser(bytes.NewReader(body))
	i.mu.Lock()
	if request.Query != "" {
		i.documents = append(i.documents, request.Query)
	}
	intercept := i.intercept
	i.mu.Unlock()
	if intercept != nil && intercept(w, r, request.Query) {
		return
	}
	i.box.ServeHTTP(w, r)
}

// behave sets what answers in place of the sandbox, nil for nothing.
func (i *infra) behave(intercept func(w http.ResponseWriter, r *http.Request, document string) bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.intercept = intercept
}

// mutations returns the mutations that were sent, but for those of branches and
// diffs.
func (i *infra) mutations() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	sent := []string{}
	for _, document := range i.documents {
		if strings.HasPrefix(strings.TrimSpace(document), "mutation") && !strings.Contains(document, "BranchCreate") && !strings.Contains(document, "DiffUpdate") {
			sent = append(sent, document)
		}
	}
	return sent
}

// heard returns the messages to the client since it was asked last.
func (i *infra) heard() []call.Message {
	i.mu.Lock()
	defer i.mu.Unlock()
	defer func() { i.messages = nil }()
	return i.messages
}

// requests returns how many GraphQL requests came.
func (i *infra) requests() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.documents)
}

// call makes a Call as the server does.
func (i *infra) call() *call.Call {
	i.t.Helper()
	client := i.upstream.Client(infrahub.Credential{Token: i.token})
	branches := i.manager.Session(client, i.owner)
	current, err := branches.Current(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	return &call.Call{
		Client: client, Schemas: i.schemas, Settings: i.settings, User: "ann", Logger: slog.New(slog.NewTextHandler(&i.log, nil)),
		Branches: branches, SessionBranch: current, Ask: i.ask, Modern: i.modern, Commit: i.commit,
		Log: func(m call.Message) {
			i.mu.Lock()
			defer i.mu.Unlock()
			i.messages = append(i.messages, m)
		},
	}
}

// branch is the session branch now.
func (i *infra) branch() string { return i.call().SessionBranch }

// run calls a tool and checks what must hold for every call.
func (i *infra) run(name string, arguments any) Result {
	i.t.Helper()
	return run(i.t, i.call(), name, i.json(arguments))
}

func (i *infra) json(arguments any) string {
	i.t.Helper()
	if text, ok := arguments.(string); ok {
		return text
	}
	raw, err := json.Marshal(arguments)
	if err != nil {
		i.t.Fatal(err)
	}
	return string(raw)
}

// must calls a tool that must succeed and decodes its result.
func (i *infra) must(name string, arguments any, into any) Result {
	i.t.Helper()
	result := i.run(name, arguments)
	if result.IsError {
		i.t.Fatalf("%s %s: %s", name, i.json(arguments), result.Text)
	}
	if into != nil {
		if err := json.Unmarshal(result.Structured, into); err != nil {
			i.t.Fatal(err)
		}
	}
	return result
}

// refused calls a tool that must refuse in words that hold all of some.
func (i *infra) refused(name string, arguments any, words ...string) {
	i.t.Helper()
	result := i.run(name, arguments)
	if !result.IsError {
		i.t.Errorf("%s %s was not refused: %s", name, i.json(arguments), result.Text)
	}
	for _, word := range words {
		if !strings.Contains(result.Text, word) {
			i.t.Errorf("%s %s: the text lacks %q: %s", name, i.json(arguments), word, result.Text)
		}
	}
}

// graphql asks the sandbox as the administrator.
func (i *infra) graphql(branch, document string, variables map[string]any, into any) {
	i.t.Helper()
	data, err := i.send(branch, document, variables)
	if err != nil {
		i.t.Fatalf("%s: %v", document, err)
	}
	if into != nil {
		if err := json.Unmarshal(data, into); err != nil {
			i.t.Fatal(err)
		}
	}
}

// send is graphql for goroutines that may not end the test.
func (i *infra) send(branch, document string, variables map[string]any) (json.RawMessage, error) {
	return i.upstream.Client(infrahub.Credential{Token: seed.Accounts()[0].Token}).GraphQL(i.t.Context(), infrahub.Query{
		Document: document, Variables: variables, Branch: branch, Mutation: strings.HasPrefix(document, "mutation"),
	})
}

// ids returns the ids of the nodes of a kind on a branch, by label.
func (i *infra) ids(branch, kind string) map[string]string {
	i.t.Helper()
	var answer map[string]struct {
		Edges []struct {
			Node struct {
				ID    string `json:"id"`
				Label string `json:"display_label"`
			}
		}
	}
	i.graphql(branch, fmt.Sprintf("{ %s { edges { node { id display_label } } } }", kind), nil, &answer)
	ids := map[string]string{}
	for _, edge := range answer[kind].Edges {
		ids[edge.Node.Label] = edge.Node.ID
	}
	return ids
}

// put gives a branch a status behind the back of the session.
func (i *infra) put(name, status string) {
	i.t.Helper()
	s := store.Status(status)
	if _, err := i.box.Base().Store.EditBranch(name, store.BranchEdit{Status: &s}); err != nil {
		i.t.Fatal(err)
	}
}

type obj = map[string]any

package front

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/crypto/bcrypt"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/sdl"
	"infrahub-mcp/internal/sandbox/store"
)

// sandbox is a handler under test, served over loopback.
type sandbox struct {
	t       *testing.T
	url     string
	options Options
	log     *syncBuffer
}

const (
	adminToken  = "11111111-aaaa-4000-8000-000000000001"
	readerToken = "11111111-aaaa-4000-8000-000000000002"
	password    = "correct horse"
)

// newSandbox serves the demo schema with an administrator, an account without
// rights, and one tag named blue.
func newSandbox(t *testing.T, edits ...func(*Options)) *sandbox {
	t.Helper()
	base := newBase(t)
	s := &sandbox{t: t, log: &syncBuffer{}}
	s.options = Options{
		Objects: NewObjects(1 << 20),
		Base:    base, Gate: access.New(base, access.Options{AllowAnonymous: true}),
		DeploymentID: "18ea0000-0000-4000-8000-000000000001",
		Log:          slog.New(slog.NewTextHandler(s.log, nil)),
	}
	for _, edit := range edits {
		edit(&s.options)
	}
	if s.options.Execute == nil {
		gate := s.options.Gate
		g := &gql.Server{
			Schemas: sdl.NewCache(4),
			Permit: func(c *gql.Call, m *model.Model, o *ast.OperationDefinition, f ast.FragmentDefinitionList) error {
				return gate.Permit(c.Caller, c.Branch, m, o, f)
			},
			Guard: func(*gql.Call, string) error { return nil },
		}
		s.options.Execute, s.options.Schema = g.Execute, g.Schema
	}
	server := httptest.NewServer(New(s.options))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

var demoModel = sync.OnceValues(func() (*model.Model, error) {
	m, err := model.Core()
	if err != nil {
		return nil, err
	}
	document, err := model.Demo()
	if err != nil {
		return nil, err
	}
	m, _, err = m.Load(document)
	return m, err
})

func newBase(t *testing.T) *nodes.Base {
	t.Helper()
	m, err := demoModel()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	base := nodes.NewBase(m, store.Options{})
	admin := add(t, base, "CoreAccount", values{"name": "admin", "password": string(hash), "status": "active"}, nil)
	reader := add(t, base, "CoreAccount", values{"name": "reader", "password": string(hash), "status": "active"}, nil)
	all := add(t, base, "CoreGlobalPermission", values{"action": "super_admin", "decision": 6}, nil)
	view := add(t, base, "CoreObjectPermission", values{"namespace": "*", "name": "*", "action": "view", "decision": 6}, nil)
	super := add(t, base, "CoreAccountRole", values{"name": "Super Administrator"}, peers{"permissions": all})
	add(t, base, "CoreAccountRole", values{"name": "Anonymous User"}, peers{"permissions": view})
	add(t, base, "CoreAccountGroup", values{"name": "administrators"}, peers{"roles": super, "members": admin})
	add(t, base, "InternalAccountToken", values{"name": "a", "token": adminToken}, peers{"account": admin})
	add(t, base, "InternalAccountToken", values{"name": "r", "token": readerToken}, peers{"account": reader})
	add(t, base, "BuiltinTag", values{"name": "blue"}, nil)
	return base
}

type (
	values = map[string]any
	peers  = map[string]string
)

// add makes a node past all rules, and returns its id.
func add(t *testing.T, base *nodes.Base, kind string, attributes values, related peers) string {
	t.Helper()
	m, err := base.Model("main")
	if err != nil {
		t.Fatal(err)
	}
	k := m.Kind(kind)
	if k == nil {
		t.Fatalf("there is no kind %s", kind)
	}
	scope, id := nodes.ScopeOf(k.Branch), base.Store.NewID()
	_, err = base.Store.Update("main", "", func(tx *store.Tx) error {
		if err := tx.CreateNode(id, kind, scope); err != nil {
			return err
		}
		for name, value := range attributes {
			if err := tx.SetAttribute(id, store.Attribute{Name: name, Value: value}, scope); err != nil {
				return err
			}
		}
		for name, peer := range related {
			if err := tx.SetEdge(id, nodes.RoleOf(k.Relationship(name)), peer, store.Properties{}, scope); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// request is what a test sends: as an administrator unless it says otherwise.
type request struct {
	method, path, body string
	header             map[string]string
	anonymous          bool
}

// answer is what comes back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (s *sandbox) send(r request) answer {
	s.t.Helper()
	a, err := s.try(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return a
}

// try sends a request on a connection of its own.
func (s *sandbox) try(r request) (answer, error) {
	s.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	defer transport.CloseIdleConnections()
	return s.tryOn(&http.Client{Transport: transport}, r)
}

func (s *sandbox) tryOn(client *http.Client, r request) (answer, error) {
	s.t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
		if r.body != "" {
			r.method = http.MethodPost
		}
	}
	request, err := http.NewRequestWithContext(s.t.Context(), r.method, s.url+r.path, strings.NewReader(r.body))
	if err != nil {
		s.t.Fatal(err)
	}
	if r.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if !r.anonymous {
		request.Header.Set("X-INFRAHUB-KEY", adminToken)
	}
	for name, value := range r.header {
		request.Header.Set(name, value)
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body)}, err
}

// graphql is a request with a document.
func graphql(path, document string) request {
	body, _ := json.Marshal(map[string]any{"query": document})
	return request{path: path, body: string(body)}
}

// syncBuffer is a log that is read while it may be written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// sameJSON compares JSON texts by what they hold.
func sameJSON(t *testing.T, want, got string) {
	t.Helper()
	if normal(t, want) != normal(t, got) {
		t.Errorf("body:\nwant %s\ngot  %s", want, got)
	}
}

func normal(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return text
	}
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

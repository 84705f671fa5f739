package access

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// world is an Infrahub with the accounts that the tests are about: admin, who
// may do everything; engineer, who may change data on branches; reader, who may
// view; stranger, who is in no group; and gone, who was deactivated. The password
// of each is its name, its API token the name followed by "-token".
type world struct {
	base  *nodes.Base
	model *model.Model
	clock *clock
	ids   map[string]string // of accounts, by name
}

// clock is a clock that stands still until it is told to go on.
type clock struct{ nanoseconds atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.nanoseconds.Load()) }
func (c *clock) advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

func newWorld(t testing.TB) *world {
	t.Helper()
	core, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := model.Demo()
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := core.Load(demo)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{model: m, clock: &clock{}, ids: map[string]string{}}
	w.clock.advance(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Sub(time.Unix(0, 0)))
	w.base = nodes.NewBase(m, store.Options{Clock: w.clock.now})
	w.write(t, func(tx *store.Tx) {
		super := w.node(t, tx, "CoreGlobalPermission", values{"action": SuperAdmin, "decision": int64(AllowAll)})
		view := w.object(t, tx, "*", "*", ActionView, AllowAll)
		change := w.object(t, tx, "*", "*", ActionAny, AllowOther)
		nothing := w.object(t, tx, "*", "*", ActionAny, Deny)
		w.join(t, tx, w.node(t, tx, "CoreAccountRole", values{"name": anonymousRole}), "permissions", view, nothing)
		w.account(t, tx, "admin", "active", super)
		w.account(t, tx, "engineer", "active", view, change)
		w.account(t, tx, "reader", "active", view)
		w.account(t, tx, "stranger", "active")
		w.account(t, tx, "gone", "inactive", view)
	})
	return w
}

func (w *world) gate(o Options) *Gate {
	o.Clock = w.clock.now
	return New(w.base, o)
}

// values are those of the attributes of a node.
type values map[string]any

func (w *world) write(t testing.TB, do func(*store.Tx)) {
	t.Helper()
	if _, err := w.base.Store.Update("main", "", func(tx *store.Tx) error { do(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (w *world) node(t testing.TB, tx *store.Tx, kind string, of values) string {
	t.Helper()
	k := w.model.Kind(kind)
	id, scope := w.base.Store.NewID(), nodes.ScopeOf(k.Branch)
	err := tx.CreateNode(id, kind, scope)
	for name, value := range of {
		err = errors.Join(err, tx.SetAttribute(id, store.Attribute{Name: name, Value: value}, scope))
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *world) object(t testing.TB, tx *store.Tx, namespace, name, action string, d Decision) string {
	t.Helper()
	return w.node(t, tx, "CoreObjectPermission", values{"namespace": namespace, "name": name, "action": action, "decision": int64(d)})
}

func (w *world) join(t testing.TB, tx *store.Tx, id, relationship string, peers ...string) {
	t.Helper()
	n, _ := tx.View().Node(id)
	r := w.model.Kind(n.Kind).Relationship(relationship)
	for _, peer := range peers {
		if err := tx.SetEdge(id, nodes.RoleOf(r), peer, store.Properties{}, nodes.ScopeOf(r.Branch)); err != nil {
			t.Fatal(err)
		}
	}
}

// account makes an account with its group and role, and an API token.
func (w *world) account(t testing.TB, tx *store.Tx, name, status string, permissions ...string) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(name), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	account := w.node(t, tx, "CoreAccount", values{"name": name, "password": string(hash), "status": status})
	w.ids[name] = account
	if len(permissions) > 0 {
		role := w.node(t, tx, "CoreAccountRole", values{"name": name})
		w.join(t, tx, role, "permissions", permissions...)
		group := w.node(t, tx, "CoreAccountGroup", values{"name": name + "s"})
		w.join(t, tx, group, "roles", role)
		w.join(t, tx, account, "member_of_groups", group)
	}
	w.token(t, tx, name, name+"-token", nil)
}

func (w *world) token(t testing.TB, tx *store.Tx, account, value string, expiration any) {
	t.Helper()
	token := w.node(t, tx, "InternalAccountToken", values{"token": value, "expiration": expiration})
	w.join(t, tx, token, "account", w.ids[account])
}

// as returns the caller that has an API token of an account; of none with "".
func (w *world) as(t testing.TB, g *Gate, account string) *Caller {
	t.Helper()
	headers := map[string]string{}
	if account != "" {
		headers["X-INFRAHUB-KEY"] = account + "-token"
	}
	c, err := g.Authenticate(request(headers))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func request(headers map[string]string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

// want is an error as Infrahub answers it; the zero value is none.
type want struct {
	status  int
	code    string
	message string
}

func (expected want) check(t testing.TB, err error) {
	t.Helper()
	if expected == (want{}) {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want %+v", err, expected)
	}
	if got := (want{f.Status, f.Code, f.Message}); got != expected {
		t.Fatalf("got %+v, want %+v", got, expected)
	}
}

func unknown(message string) want { return want{401, fault.AuthenticationNeeded, message} }
func denied(message string) want  { return want{403, fault.PermissionDenied, message} }

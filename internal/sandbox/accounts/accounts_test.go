package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// world is an Infrahub with an administrator and a reader, neither of whom has a
// password, two tags and a group.
type world struct {
	base *nodes.Base
	gate *access.Gate
	ids  map[string]string // of all of them, by name
}

func newWorld(t *testing.T) *world {
	t.Helper()
	m, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{base: nodes.NewBase(m, store.Options{}), ids: map[string]string{}}
	err = w.base.Write("main", "", func(tx *nodes.Writer) error {
		super := w.create(t, tx, "CoreGlobalPermission", map[string]any{"action": is("super_admin"), "decision": is(int64(6))})
		view := w.create(t, tx, "CoreObjectPermission", map[string]any{"namespace": is("*"), "name": is("*"), "action": is("view"), "decision": is(int64(6))})
		w.group(t, tx, "admin", super)
		w.group(t, tx, "reader", view)
		for _, name := range []string{"one", "two"} {
			w.ids[name] = w.create(t, tx, "BuiltinTag", map[string]any{"name": is(name)})
		}
		w.ids["group"] = w.create(t, tx, "CoreStandardGroup", map[string]any{"name": is("group")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.base.Store.Update("main", "", func(tx *store.Tx) error {
		w.enroll(t, tx, m.Kind("CoreAccount"), "admin")
		w.enroll(t, tx, m.Kind("CoreAccount"), "reader")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.gate = access.New(w.base, access.Options{AllowAnonymous: true})
	return w
}

func is(value any) map[string]any { return map[string]any{"value": value} }

func (w *world) create(t *testing.T, tx *nodes.Writer, kind string, data map[string]any) string {
	t.Helper()
	n, err := tx.Create(tx.Model.Kind(kind), data)
	if err != nil {
		t.Fatalf("creating a %s: %v", kind, err)
	}
	return n.ID
}

// group makes the group and the role of an account.
func (w *world) group(t *testing.T, tx *nodes.Writer, name, permission string) {
	t.Helper()
	ref := func(id string) []any { return []any{map[string]any{"id": id}} }
	role := w.create(t, tx, "CoreAccountRole", map[string]any{"name": is(name), "permissions": ref(permission)})
	w.ids[name+"s"] = w.create(t, tx, "CoreAccountGroup", map[string]any{"name": is(name + "s"), "roles": ref(role)})
}

// enroll makes an account and puts it into its group. It is written past the
// rules, which would have a password hashed, and that takes long.
func (w *world) enroll(t *testing.T, tx *store.Tx, k *model.Kind, name string) {
	t.Helper()
	id, groups := w.base.Store.NewID(), k.Relationship("member_of_groups")
	w.ids[name] = id
	err := errors.Join(
		tx.CreateNode(id, k.Name, store.Agnostic),
		tx.SetAttribute(id, store.Attribute{Name: "name", Value: name}, store.Agnostic),
		tx.SetEdge(id, nodes.RoleOf(groups), w.ids[name+"s"], store.Properties{}, nodes.ScopeOf(groups.Branch)),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// login returns the call of a user that has logged in.
func (w *world) login(t *testing.T, name string) *gql.Call {
	t.Helper()
	token, err := w.gate.IssueAccess(w.ids[name], "session", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return w.call(t, "Authorization", "Bearer "+token.Reveal())
}

func (w *world) call(t *testing.T, header, value string) *gql.Call {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody)
	if header != "" {
		r.Header.Set(header, value)
	}
	caller, err := w.gate.Authenticate(r)
	if err != nil {
		t.Fatal(err)
	}
	return &gql.Call{Base: w.base, Branch: "main", Caller: caller}
}

// ask resolves a field.
func ask(c *gql.Call, field string, arguments map[string]any) (any, error) {
	resolve := gql.Merge(Queries(), Mutations())[field]
	return resolve(context.Background(), c, exec.Field{Arguments: arguments})
}

func data(members ...any) map[string]any {
	given := map[string]any{}
	for pair := range slices.Chunk(members, 2) {
		given[pair[0].(string)] = pair[1]
	}
	return map[string]any{"data": given}
}

// refused checks that an error is one of Infrahub's.
func refused(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Status != status || f.Code != code || f.Message != message {
		t.Errorf("got %#v, want %d %s %q", err, status, code, message)
	}
}

// normal returns a value as JSON has it.
func normal(t *testing.T, value any) any {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var normal any
	if err := json.Unmarshal(raw, &normal); err != nil {
		t.Fatal(err)
	}
	return normal
}

func TestProfile(t *testing.T) {
	w := newWorld(t)
	got, err := ask(w.login(t, "reader"), "AccountProfile", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := got.(*nodes.Node); !ok || n.ID != w.ids["reader"] {
		t.Errorf("got %v", got)
	}
	_, err = ask(w.call(t, "", ""), "AccountProfile", nil)
	refused(t, err, 404, fault.NodeNotFound, "Unable to find the node anonymous / CoreGenericAccount in the database.")
	gone := &gql.Call{Base: w.base, Branch: "main", Caller: access.Root("gone", "")}
	_, err = ask(gone, "AccountProfile", nil)
	refused(t, err, 404, fault.NodeNotFound, "Unable to find the node gone / CoreGenericAccount in the database.")
}

func TestPermissionsOfTheCaller(t *testing.T) {
	w := newWorld(t)
	nothing := map[string]any{"count": 0, "edges": []any{}}
	granted := func(members map[string]any) map[string]any {
		members["display_label"], members["description"], members["decision"] = members["identifier"], "", "6"
		return map[string]any{"count": 1, "edges": []any{map[string]any{"node": members}}}
	}
	tests := map[string]map[string]any{
		"admin": {
			"global_permissions": granted(map[string]any{"identifier": "global:super_admin:allow_all", "action": "super_admin"}),
			"object_permissions": nothing,
		},
		"reader": {
			"global_permissions": nothing,
			"object_permissions": granted(map[string]any{"identifier": "object:*:*:view:allow_all", "action": "view", "namespace": "*", "name": "*"}),
		},
	}
	for account, want := range tests {
		t.Run(account, func(t *testing.T) {
			got, err := ask(w.login(t, account), "InfrahubPermissions", nil)
			if err != nil {
				t.Fatal(err)
			}
			ids := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == `["id"]` }, cmp.Ignore())
			if diff := cmp.Diff(normal(t, want), normal(t, got), ids); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLifeOfAToken(t *testing.T) {
	w := newWorld(t)
	reader, admin := w.login(t, "reader"), w.login(t, "admin")
	made, err := ask(reader, "InfrahubAccountTokenCreate", data("name", "mine", "expiration", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	if err != nil {
		t.Fatal(err)
	}
	object := made.(map[string]any)["object"].(map[string]any)
	id, value := object["id"].(string), object["token"].(map[string]any)["value"].(string)
	byToken := w.call(t, "X-INFRAHUB-KEY", value)
	if byToken.Caller.ID != w.ids["reader"] || byToken.Caller.Session != "" {
		t.Errorf("the token is of %+v", byToken.Caller)
	}

	for _, field := range []string{"InfrahubAccountToken", "InfrahubAccountTokenCreate", "InfrahubAccountTokenDelete", "InfrahubAccountSelfUpdate"} {
		_, err := ask(byToken, field, data("id", id, "description", "x"))
		refused(t, err, 403, fault.PermissionDenied, "This operation requires authentication with a JWT token")
	}

	count := func(c *gql.Call, arguments map[string]any) (total, listed int) {
		t.Helper()
		list, err := ask(c, "InfrahubAccountToken", arguments)
		if err != nil {
			t.Fatal(err)
		}
		page := list.(map[string]any)
		return page["count"].(int), len(page["edges"].([]map[string]any))
	}
	if total, listed := count(reader, nil); total != 1 || listed != 1 {
		t.Errorf("the reader has %d tokens, %d listed", total, listed)
	}
	if total, listed := count(reader, map[string]any{"offset": 5}); total != 1 || listed != 0 {
		t.Errorf("the reader has %d tokens, %d listed past the end", total, listed)
	}
	if total, _ := count(admin, nil); total != 0 {
		t.Errorf("the administrator has %d tokens", total)
	}

	missing := "Unable to find the node " + id + " / AccountToken in the database."
	_, err = ask(admin, "InfrahubAccountTokenDelete", data("id", id))
	refused(t, err, 404, fault.NodeNotFound, missing)
	_, err = ask(reader, "InfrahubAccountTokenDelete", data("id", w.ids["one"]))
	refused(t, err, 404, fault.NodeNotFound, "Unable to find the node "+w.ids["one"]+" / AccountToken in the database.")
	if _, err := ask(reader, "InfrahubAccountTokenDelete", data("id", id)); err != nil {
		t.Fatal(err)
	}
	_, err = ask(reader, "InfrahubAccountTokenDelete", data("id", id))
	refused(t, err, 404, fault.NodeNotFound, missing)
	r := httptest.NewRequest(http.MethodGet, "/graphql", http.NoBody)
	r.Header.Set("X-INFRAHUB-KEY", value)
	_, err = w.gate.Authenticate(r)
	refused(t, err, 401, fault.AuthenticationNeeded, "Invalid token")
}

func TestTokensAreListedTenAtATime(t *testing.T) {
	w := newWorld(t)
	reader := w.login(t, "reader")
	for range 12 {
		if _, err := ask(reader, "InfrahubAccountTokenCreate", data()); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[any]int{nil: 10, int64(11): 11, int64(50): 12} {
		arguments := map[string]any{"limit": limit}
		list, err := ask(reader, "InfrahubAccountToken", arguments)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(list.(map[string]any)["edges"].([]map[string]any)); got != want {
			t.Errorf("limit %v lists %d", limit, got)
		}
	}
}

func TestSelfUpdate(t *testing.T) {
	w := newWorld(t)
	reader := w.login(t, "reader")
	if _, err := ask(reader, "InfrahubAccountSelfUpdate", data("password", "another", "description", "A reader")); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(reader, "InfrahubAccountSelfUpdate", data("password", "", "description", "")); err != nil {
		t.Fatal(err)
	}
	_, err := w.gate.Login("reader", "reader")
	refused(t, err, 401, fault.AuthenticationNeeded, "Incorrect password")
	login, err := w.gate.Login("reader", "another")
	if err != nil {
		t.Fatal(err)
	}
	if got := login.Account.Text("description"); got != "A reader" {
		t.Errorf("the description is %q", got)
	}
}

func TestPermissionsBesideAList(t *testing.T) {
	w := newWorld(t)
	m, err := w.base.Model("main")
	if err != nil {
		t.Fatal(err)
	}
	row := func(kind, change string) map[string]any {
		return map[string]any{"node": map[string]any{"kind": kind, "view": "ALLOW", "create": change, "update": change, "delete": change}}
	}
	tests := []struct {
		name, account, kind string
		want                []any
	}{
		{"a kind", "reader", "BuiltinTag", []any{row("BuiltinTag", "DENY")}},
		{"a generic and its kinds", "admin", "CoreBasePermission", []any{row("CoreBasePermission", "ALLOW"), row("CoreGlobalPermission", "ALLOW"), row("CoreObjectPermission", "ALLOW")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, kind := w.login(t, test.account), m.Kind(test.kind)
			got, err := Permissions(c, kind)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"count": len(test.want), "edges": test.want}
			if diff := cmp.Diff(normal(t, want), normal(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			update, err := MayUpdate(c, kind)
			if err != nil {
				t.Fatal(err)
			}
			if first := test.want[0].(map[string]any)["node"].(map[string]any); update != first["update"] {
				t.Errorf("update_value is %v", update)
			}
		})
	}
}

func TestOverride(t *testing.T) {
	w := newWorld(t)
	reader, admin := w.login(t, "reader"), w.login(t, "admin")
	if err := errors.Join(Override(reader, w.ids["reader"]), Override(admin, w.ids["reader"])); err != nil {
		t.Error(err)
	}
	refused(t, Override(reader, w.ids["admin"]), 403, fault.PermissionDenied, "You do not have the following permission: global:override_context:allow_default")
	for _, id := range []string{"nope", w.ids["one"]} {
		refused(t, Override(admin, id), 422, fault.Undefined, "Unable to set context for account that doesn't exist")
	}
}

func TestRelationshipsTakePermission(t *testing.T) {
	w := newWorld(t)
	reader, admin := w.login(t, "reader"), w.login(t, "admin")
	input := func(id, name string, peers ...any) map[string]any {
		return data("id", id, "name", name, "nodes", peers)
	}
	peer := func(id string) any { return map[string]any{"id": id} }
	tests := []struct {
		name, message, code string
		status              int
		call                *gql.Call
		arguments           map[string]any
	}{
		{
			name: "a reader", call: reader, arguments: input(w.ids["group"], "members", peer(w.ids["one"]), peer(w.ids["two"])), status: 403, code: fault.PermissionDenied,
			message: "You do not have one of the following permissions: object:Builtin:Tag:update:allow_default | object:Core:StandardGroup:update:allow_default",
		},
		{name: "one who may do everything", call: admin, arguments: input(w.ids["group"], "members", peer(w.ids["one"]))},
		{
			name: "an unknown node is found missing first", call: reader, arguments: input("nope", "members", peer(w.ids["one"])), status: 404, code: fault.NodeNotFound,
			message: "Unable to find the node nope / node in the database.",
		},
		{
			name: "so is an unknown relationship", call: reader, arguments: input(w.ids["group"], "nope", peer(w.ids["one"])), status: 422, code: fault.Undefined,
			message: "'nope' is not a valid relationship for 'CoreStandardGroup' at name",
		},
		{
			name: "so is an unknown peer", call: reader, arguments: input(w.ids["group"], "members", peer("nope")), status: 422, code: fault.Undefined,
			message: "'nope': Unable to find the node in the database.",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ask(test.call, "RelationshipAdd", test.arguments)
			if test.message != "" {
				refused(t, err, test.status, test.code, test.message)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

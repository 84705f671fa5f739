package access

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/store"
)

func TestLogin(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{})
	tests := []struct {
		name, user, password string
		err                  want
	}{
		{name: "name and password", user: "reader", password: "reader"},
		{name: "a wrong password", user: "reader", password: "Reader", err: unknown("Incorrect password")},
		{name: "no password", user: "reader", err: unknown("Incorrect password")},
		{name: "an unknown user", user: "nobody", password: "x", err: want{404, fault.NodeNotFound, "That login user doesn't exist in the system"}},
		{name: "a deactivated account", user: "gone", password: "gone", err: unknown("This account is not allowed to login")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			login, err := g.Login(test.user, test.password)
			test.err.check(t, err)
			if err == nil && login.Account.ID != w.ids[test.user] {
				t.Errorf("logged in %s", login.Account.ID)
			}
		})
	}
}

func TestClaims(t *testing.T) {
	w := newWorld(t)
	login, err := w.gate(Options{AccessLifetime: time.Minute, RefreshLifetime: time.Hour}).Login("reader", "reader")
	if err != nil {
		t.Fatal(err)
	}
	now := float64(w.clock.now().Unix())
	expected := func(kind string, lifetime float64) map[string]any {
		return map[string]any{
			"sub": w.ids["reader"], "iat": now, "nbf": now, "exp": now + lifetime, "fresh": false, "type": kind, "session_id": login.Session,
		}
	}
	for _, test := range []struct {
		token Secret
		want  map[string]any
	}{{login.Access, expected("access", 60)}, {login.Refresh, expected("refresh", 3600)}} {
		parts := strings.Split(test.token.Reveal(), ".")
		if diff := cmp.Diff(map[string]any{"alg": "HS256", "typ": "JWT"}, decode(t, parts[0])); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(test.want, decode(t, parts[1])); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}
}

func decode(t *testing.T, part string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestRefreshAndLogout(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{AccessLifetime: time.Minute, RefreshLifetime: time.Hour})
	login, err := g.Login("reader", "reader")
	if err != nil {
		t.Fatal(err)
	}
	other, err := g.Login("reader", "reader")
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(token Secret) map[string]string {
		return map[string]string{"Authorization": "Bearer " + token.Reveal()}
	}
	cookie := func(name string, token Secret) map[string]string {
		return map[string]string{"Cookie": name + "=" + token.Reveal()}
	}
	refresh := func(name string, headers map[string]string, expected want) {
		t.Run(name, func(t *testing.T) {
			renewed, err := g.Refresh(request(headers))
			expected.check(t, err)
			if err != nil {
				return
			}
			if c, err := g.Authenticate(request(bearer(renewed))); err != nil || c.Name != "reader" || c.Session == "" {
				t.Errorf("the renewed token is of %+v: %v", c, err)
			}
		})
	}
	const needed = "A JWT refresh token is required to perform this operation."
	refresh("by bearer token", bearer(login.Refresh), want{})
	refresh("by cookie", cookie("refresh_token", login.Refresh), want{})
	refresh("with an access token", bearer(login.Access), unknown("Invalid token, current token is not a refresh token"))
	refresh("with junk", bearer("junk"), unknown("Invalid token"))
	refresh("with nothing", nil, unknown(needed))
	refresh("with an API token", map[string]string{"X-INFRAHUB-KEY": "reader-token"}, unknown(needed))

	logout := func(name string, headers map[string]string, closes bool, expected want) {
		t.Run(name, func(t *testing.T) {
			c, closed, err := g.Logout(request(headers))
			expected.check(t, err)
			if closed != closes {
				t.Errorf("closed a session: %t", closed)
			}
			if err == nil && c.Name != "reader" {
				t.Errorf("logged out %q", c.Name)
			}
		})
	}
	const token = "A JWT access token is required to perform this operation."
	logout("logout with an API token", map[string]string{"X-INFRAHUB-KEY": "reader-token"}, false, unknown(token))
	logout("logout with nothing", nil, false, unknown(token))
	logout("logout with a refresh token", bearer(login.Refresh), false, unknown("Invalid token, current token is not an access token"))
	logout("logout", bearer(login.Access), true, want{})
	logout("logout once more", cookie("access_token", login.Access), false, want{})

	refresh("after the logout", bearer(login.Refresh), unknown("The provided refresh token has been invalidated in the database"))
	refresh("of another session of the account", bearer(other.Refresh), want{})
	t.Run("the access token outlives the logout", func(t *testing.T) {
		if _, err := g.Authenticate(request(bearer(login.Access))); err != nil {
			t.Error(err)
		}
	})

	deactivated := store.Attribute{Name: "status", Value: "inactive"}
	w.write(t, func(tx *store.Tx) {
		if err := tx.SetAttribute(w.ids["reader"], deactivated, store.Agnostic); err != nil {
			t.Fatal(err)
		}
	})
	refresh("of a deactivated account", bearer(other.Refresh), unknown("This account has been deactivated"))
	w.clock.advance(time.Hour)
	refresh("too late", bearer(other.Refresh), want{401, fault.TokenExpired, "Expired Signature"})
}

func TestOfAnAccountThatIsGone(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{})
	login, err := g.Login("reader", "reader")
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, func(tx *store.Tx) {
		if err := tx.DeleteNode(w.ids["reader"]); err != nil {
			t.Fatal(err)
		}
	})
	missing := want{404, fault.NodeNotFound, "Unable to find the node " + w.ids["reader"] + " / CoreGenericAccount in the database."}
	_, err = g.Refresh(request(map[string]string{"Authorization": "Bearer " + login.Refresh.Reveal()}))
	missing.check(t, err)
	_, closed, err := g.Logout(request(map[string]string{"Authorization": "Bearer " + login.Access.Reveal()}))
	missing.check(t, err)
	if !closed {
		t.Error("the session is still open")
	}
}

func TestNoCredentialIsPrinted(t *testing.T) {
	w := newWorld(t)
	options := Options{Key: []byte("the-signing-key-of-the-sandbox")}
	g := w.gate(options)
	login, err := g.Login("reader", "reader")
	if err != nil {
		t.Fatal(err)
	}
	_, refused := g.Authenticate(request(map[string]string{"X-INFRAHUB-KEY": "a-bad-credential"}))
	_, wrong := g.Login("reader", "a-bad-credential")
	secrets := []string{
		"the-signing-key", fmt.Sprint(options.Key), base64.StdEncoding.EncodeToString(options.Key), "a-bad-credential",
		login.Access.Reveal(), login.Refresh.Reveal(),
	}
	for _, value := range []any{options, g, *g, login.Access, login.Refresh, w.as(t, g, "reader"), refused, wrong} {
		encoded, err := json.Marshal(value)
		if err != nil && !strings.Contains(err.Error(), "unsupported type") {
			t.Fatal(err)
		}
		for _, text := range []string{fmt.Sprint(value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value), string(encoded)} {
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%T shows a credential: %s", value, text)
				}
			}
		}
	}
	printed := fmt.Sprintf("%v %+v", *login, login)
	encoded, err := json.Marshal(struct{ Access, Refresh Secret }{login.Access, login.Refresh})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(printed+string(encoded), secret) {
			t.Errorf("a login shows a credential: %s %s", printed, encoded)
		}
	}
}

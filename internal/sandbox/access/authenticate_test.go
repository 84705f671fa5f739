package access

import (
	"net/http"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/store"
)

func TestAuthenticate(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{AllowAnonymous: true})
	login, err := g.Login("reader", "reader")
	if err != nil {
		t.Fatal(err)
	}
	old, err := g.IssueAccess(w.ids["reader"], "session", -time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.gate(Options{}).IssueAccess(w.ids["admin"], "session", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, func(tx *store.Tx) {
		now := w.clock.now()
		w.token(t, tx, "reader", "expired-token", now.Add(-time.Second).UTC().Format(time.RFC3339))
		w.token(t, tx, "reader", "lasting-token", now.Add(time.Hour).UTC().Format(time.RFC3339))
		w.token(t, tx, "reader", "local-token", "2026-03-01 11:00:00")
		w.node(t, tx, "InternalAccountToken", values{"token": "nobodys-token"})
	})
	access, refresh := login.Access.Reveal(), login.Refresh.Reveal()
	type headers = map[string]string
	invalid := unknown("Invalid token")
	tests := []struct {
		name    string
		headers headers
		caller  string
		session bool
		err     want
	}{
		{name: "nothing is anonymous"},
		{name: "an API token", headers: headers{"X-INFRAHUB-KEY": "admin-token"}, caller: "admin"},
		{name: "a bearer token", headers: headers{"Authorization": "Bearer " + access}, caller: "reader", session: true},
		{name: "the scheme in small letters", headers: headers{"Authorization": "bearer " + access}, caller: "reader", session: true},
		{name: "a cookie", headers: headers{"Cookie": "access_token=" + access}, caller: "reader", session: true},
		{name: "a key before a refused bearer token", headers: headers{"X-INFRAHUB-KEY": "admin-token", "Authorization": "Bearer junk"}, caller: "admin"},
		{name: "a key before an expired bearer token", headers: headers{"X-INFRAHUB-KEY": "admin-token", "Authorization": "Bearer " + old.Reveal()}, caller: "admin"},
		{name: "a key before a refused cookie", headers: headers{"X-INFRAHUB-KEY": "admin-token", "Cookie": "access_token=junk"}, caller: "admin"},
		{name: "a refused key before a bearer token", headers: headers{"X-INFRAHUB-KEY": "junk", "Authorization": "Bearer " + access}, err: invalid},
		{name: "a refused bearer token before a cookie", headers: headers{"Authorization": "Bearer junk", "Cookie": "access_token=" + access}, err: invalid},
		{name: "a refused cookie", headers: headers{"Cookie": "access_token=junk"}, err: invalid},
		{name: "a refused key", headers: headers{"X-INFRAHUB-KEY": "junk"}, err: invalid},
		{name: "an API token as a bearer token", headers: headers{"Authorization": "Bearer admin-token"}, err: invalid},
		{name: "an access token as a key", headers: headers{"X-INFRAHUB-KEY": access}, err: invalid},
		{name: "a token signed with another key", headers: headers{"Authorization": "Bearer " + other.Reveal()}, err: invalid},
		{
			name: "a refresh token as a bearer token", headers: headers{"Authorization": "Bearer " + refresh},
			err: unknown("Invalid token, current token is not an access token"),
		},
		{name: "an empty key is none", headers: headers{"X-INFRAHUB-KEY": ""}},
		{name: "an empty key and a bearer token", headers: headers{"X-INFRAHUB-KEY": "", "Authorization": "Bearer " + access}, caller: "reader", session: true},
		{name: "another scheme is none", headers: headers{"Authorization": "Basic YWRtaW46aW5mcmFodWI="}},
		{name: "another scheme and a cookie", headers: headers{"Authorization": "Basic YWRtaW4=", "Cookie": "access_token=" + access}, caller: "reader", session: true},
		{name: "a scheme without a token is none", headers: headers{"Authorization": "Bearer"}},
		{
			name: "an expired bearer token", headers: headers{"Authorization": "Bearer " + old.Reveal()},
			err: want{401, fault.TokenExpired, "Expired Signature"},
		},
		{name: "an expired API token", headers: headers{"X-INFRAHUB-KEY": "expired-token"}, err: invalid},
		{name: "an API token that expires later", headers: headers{"X-INFRAHUB-KEY": "lasting-token"}, caller: "reader"},
		{name: "an expired API token without a zone", headers: headers{"X-INFRAHUB-KEY": "local-token"}, err: invalid},
		{name: "an API token without an account", headers: headers{"X-INFRAHUB-KEY": "nobodys-token"}, err: invalid},
		{name: "an API token of a deactivated account", headers: headers{"X-INFRAHUB-KEY": "gone-token"}, err: unknown("This account has been deactivated")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := g.Authenticate(request(test.headers))
			test.err.check(t, err)
			if err != nil {
				return
			}
			if c.ID != w.ids[test.caller] || c.Name != test.caller || (c.Session != "") != test.session {
				t.Errorf("got %q (%s, session %q), want %q", c.Name, c.ID, c.Session, test.caller)
			}
			if c.Anonymous() != (test.caller == "") {
				t.Errorf("anonymous: %t", c.Anonymous())
			}
		})
	}
}

func TestAnAccessTokenDiesOfAgeAlone(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{AccessLifetime: time.Minute})
	login, err := g.Login("reader", "reader")
	if err != nil {
		t.Fatal(err)
	}
	bearing := request(map[string]string{"Authorization": "Bearer " + login.Access.Reveal()})
	w.write(t, func(tx *store.Tx) {
		if err := tx.DeleteNode(w.ids["reader"]); err != nil {
			t.Fatal(err)
		}
	})
	w.clock.advance(time.Minute - time.Second)
	c, err := g.Authenticate(bearing)
	want{}.check(t, err)
	if c.ID != w.ids["reader"] || c.Name != "" {
		t.Errorf("got %q, %q", c.ID, c.Name)
	}
	w.clock.advance(time.Second)
	_, err = g.Authenticate(bearing)
	want{401, fault.TokenExpired, "Expired Signature"}.check(t, err)
}

func TestAdmit(t *testing.T) {
	w := newWorld(t)
	open, closed := w.gate(Options{AllowAnonymous: true}), w.gate(Options{})
	refused := unknown("Authentication is required")
	tests := []struct {
		name, account, method string
		gate                  *Gate
		err                   want
	}{
		{name: "anyone reads where it is allowed", gate: open, method: http.MethodGet},
		{name: "nobody unknown writes where it is allowed", gate: open, method: http.MethodPost, err: refused},
		{name: "nobody unknown reads where it is not", gate: closed, method: http.MethodGet, err: refused},
		{name: "an account writes", gate: closed, account: "reader", method: http.MethodPost},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.err.check(t, test.gate.Admit(w.as(t, test.gate, test.account), test.method))
		})
	}
}

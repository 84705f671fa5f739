package front

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/access"
)

func TestASessionFromLoginToLogout(t *testing.T) {
	var in []string
	var out []string
	s := newSandbox(t, func(o *Options) {
		o.LoggedIn = func(l *access.Login) { in = append(in, l.Account.Text("name")) }
		o.LoggedOut = func(c *access.Caller) { out = append(out, c.Name) }
	})
	bearer := func(token string) map[string]string { return map[string]string{"Authorization": "Bearer " + token} }

	got := s.send(request{path: "/api/auth/login", body: `{"username":"admin","password":"` + password + `"}`, anonymous: true})
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(got.body), &tokens); got.status != 200 || err != nil || tokens.Access == "" || tokens.Refresh == "" {
		t.Fatalf("the login answers %d %v", got.status, err)
	}
	wantCookies(t, got, `^access_token=eyJ[\w.-]+; HttpOnly; Max-Age=3600; Path=/; SameSite=lax$`, `^refresh_token=eyJ[\w.-]+; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax$`)

	for name, header := range map[string]map[string]string{"bearer": bearer(tokens.Refresh), "cookie": {"Cookie": "refresh_token=" + tokens.Refresh}} {
		got := s.send(request{method: "POST", path: "/api/auth/refresh", header: header, anonymous: true})
		if got.status != 200 || !strings.HasPrefix(got.body, `{"access_token":"eyJ`) || strings.Contains(got.body, "refresh") {
			t.Errorf("a refresh by %s answers %d", name, got.status)
		}
		wantCookies(t, got, `^access_token=eyJ[\w.-]+; HttpOnly; Max-Age=3600; Path=/; SameSite=lax$`)
	}
	got = s.send(request{path: "/api/info", header: bearer(tokens.Refresh), anonymous: true})
	if want := envelope("401", "Invalid token, current token is not an access token"); got.status != 401 || got.body != want {
		t.Errorf("a refresh token as an access token: %d %s", got.status, got.body)
	}

	got = s.send(request{method: "POST", path: "/api/auth/logout", header: bearer(tokens.Access), anonymous: true})
	if got.status != 200 || got.body != "null" {
		t.Errorf("the logout answers %d %s", got.status, got.body)
	}
	wantCookies(t, got, `^access_token=""; expires=\w+, \d\d \w+ \d+ [\d:]+ GMT; Max-Age=0; Path=/; SameSite=lax$`, `^refresh_token=""; expires=.*; Max-Age=0; Path=/; SameSite=lax$`)
	if got := s.send(request{path: "/api/info", header: bearer(tokens.Access), anonymous: true}); got.status != 200 {
		t.Errorf("after the logout the access token gets %d", got.status)
	}
	got = s.send(request{method: "POST", path: "/api/auth/refresh", header: bearer(tokens.Refresh), anonymous: true})
	if want := envelope("401", "The provided refresh token has been invalidated in the database"); got.status != 401 || got.body != want {
		t.Errorf("after the logout the refresh token gets %d %s", got.status, got.body)
	}
	if strings.Join(in, " ") != "admin" || strings.Join(out, " ") != "admin" {
		t.Errorf("told of logins %v and logouts %v", in, out)
	}
}

func wantCookies(t *testing.T, got answer, patterns ...string) {
	t.Helper()
	cookies := got.header.Values("Set-Cookie")
	if len(cookies) != len(patterns) {
		t.Fatalf("there are %d cookies, want %d", len(cookies), len(patterns))
	}
	for i, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(cookies[i]) {
			t.Errorf("cookie %d does not match %s", i+1, pattern)
		}
	}
}

func TestCredentialsAreNotLogged(t *testing.T) {
	s := newSandbox(t, func(o *Options) {
		o.Execute = failing
		o.Admin = true
	})
	header := map[string]string{"Authorization": "Bearer sesame", "Cookie": "access_token=sesame"}
	s.send(request{path: "/api/auth/login", body: `{"username":"admin","password":"sesame"}`})
	s.send(request{path: "/graphql", body: `{"query":"{ sesame }","variables":{"password":"sesame"}}`, header: header})
	log := s.log.String()
	if log == "" {
		t.Error("a failure of the sandbox is not logged")
	}
	for _, secret := range []string{"sesame", adminToken} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds a credential:\n%s", log)
		}
	}
}

func TestAnExpiredTokenIsToldFromABadOne(t *testing.T) {
	s := newSandbox(t)
	token, err := s.options.Gate.IssueAccess("18ea0000-0000-4000-8000-000000000009", "", -time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	expired := func(r request) request {
		r.anonymous, r.header = true, map[string]string{"Authorization": "Bearer " + token.Reveal()}
		return r
	}
	got := s.send(expired(graphql("/graphql", "{ __typename }")))
	const want = `{"data":null,"errors":[{"message":"Expired Signature","extensions":{"code":"TOKEN_EXPIRED","http_status":401,"data":{"expired_at":null}}}]}`
	if got.status != 401 || got.body != want {
		t.Errorf("GraphQL answers %d %s", got.status, got.body)
	}
	got = s.send(expired(request{path: "/api/info"}))
	if got.status != 401 || got.body != envelope("401", "Expired Signature") {
		t.Errorf("REST answers %d %s", got.status, got.body)
	}
}

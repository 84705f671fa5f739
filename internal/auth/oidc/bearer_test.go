package oidc_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"infrahub-mcp/internal/auth/oidc"
	"infrahub-mcp/internal/auth/oidc/idptest"
	"infrahub-mcp/internal/auth/oidc/provider"
)

const challengeWithoutToken = `Bearer scope="write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`

func TestARequestWithoutATokenIsToldWhereToGetOne(t *testing.T) {
	s := newSite(t, options{})
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete, http.MethodPut} {
		answer := s.do(s.request(method, "/mcp", ""))
		if got := answer.Header.Get("WWW-Authenticate"); answer.StatusCode != http.StatusUnauthorized || got != challengeWithoutToken {
			t.Errorf("%s: %d %q", method, answer.StatusCode, got)
		}
		if fault, _ := fields(t, answer)["error"].(map[string]any); fault["code"] != -32001.0 {
			t.Errorf("%s: the body holds %v", method, fault)
		}
	}
}

func TestABearerTokenIsReadStrictly(t *testing.T) {
	s := newSite(t, options{})
	id, got := s.login()
	// A code that is not used up.
	code := s.code(id)
	for _, test := range []struct {
		name   string
		query  string
		header []string
		status int
	}{
		{"a good token", "", []string{"Bearer " + got.access}, 200},
		{"a good token, with the scheme in other case", "", []string{"bearer " + got.access}, 200},
		{"a good token after spaces", "", []string{"Bearer   " + got.access}, 200},
		{"no scheme", "", []string{got.access}, 401},
		{"another scheme", "", []string{"Basic " + got.access}, 401},
		{"the scheme alone", "", []string{"Bearer"}, 401},
		{"the scheme and a space", "", []string{"Bearer "}, 401},
		{"an empty header", "", []string{""}, 401},
		{"garbage", "", []string{"Bearer garbage"}, 401},
		{"two words", "", []string{"Bearer " + got.access + " x"}, 401},
		{"a long token", "", []string{"Bearer " + strings.Repeat("a", 9000)}, 401},
		{"two headers", "", []string{"Bearer " + got.access, "Bearer " + got.access}, 400},
		{"two tokens in a header", "", []string{"Bearer " + got.access + ", Bearer x"}, 400},
		{"a token in the query", "?access_token=" + got.access, nil, 400},
		{"a token in both", "?access_token=x", []string{"Bearer " + got.access}, 400},
		{"another parameter in the query", "?a=b", []string{"Bearer " + got.access}, 200},
		{"a refresh token", "", []string{"Bearer " + got.refresh}, 401},
		{"a code", "", []string{"Bearer " + code}, 401},
		{"a client id", "", []string{"Bearer " + id}, 401},
		{"a token with another signature", "", []string{"Bearer " + got.access[:len(got.access)-4] + "AAAA"}, 401},
		{"a token without a signature", "", []string{"Bearer " + got.access[:strings.LastIndex(got.access, ".")+1]}, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := s.request(http.MethodPost, "/mcp"+test.query, "{}")
			r.Header["Authorization"] = test.header
			answer := s.do(r)
			if answer.StatusCode != test.status {
				t.Errorf("status %d", answer.StatusCode)
			}
			challenge := answer.Header.Get("WWW-Authenticate")
			if invalid := strings.Contains(challenge, `error="invalid_token"`) && strings.Contains(challenge, "resource_metadata="); invalid != (test.status == 401) {
				t.Errorf("the challenge is %q", challenge)
			}
			if strings.Contains(body(t, answer), got.access) || strings.Contains(challenge, got.access) {
				t.Error("the answer holds the token")
			}
		})
	}
}

func TestATokenOfAnotherServerIsNotLetIn(t *testing.T) {
	s := newSite(t, options{})
	for name, change := range map[string]func(*oidc.Settings){
		"another issuer":   func(o *oidc.Settings) { o.BaseURL = "https://other.example.com" },
		"another audience": func(o *oidc.Settings) { o.Path = "/other" },
		"another key":      func(o *oidc.Settings) { o.Keys = mustKeys(t, 'x') },
	} {
		t.Run(name, func(t *testing.T) {
			other := newSite(t, options{idp: s.idp, server: change})
			id := other.register(loopback)
			b := other.browser()
			code := b.finish(b.approve(b.ask(asking(id, "resource", "")))).Get("code")
			token := other.tokens(redeeming(id, code, "resource", "")).access
			other.wantUserAt(other.settings.Path, token)
			s.wantRefused(name, token)
		})
	}
}

// wantUserAt checks that a token is let in at a path.
func (s *site) wantUserAt(path, token string) {
	s.t.Helper()
	if answer := s.do(s.request(http.MethodPost, path, "{}", "Authorization", "Bearer "+token)); answer.StatusCode != http.StatusOK {
		s.t.Fatalf("status %d", answer.StatusCode)
	}
}

func TestTokensOfTheProviderAreTakenWhereTheAudienceIsKnown(t *testing.T) {
	const audience = "https://mcp.example.com/mcp"
	s := newSite(t, options{provider: func(p *provider.Settings) { p.Audience = audience }})
	// What is not said is that of a login by client credentials.
	claims := func(more map[string]any) map[string]any {
		all := map[string]any{"aud": audience, "sub": "robot", "scope": "write", "azp": "pipeline"}
		maps.Copy(all, more)
		return all
	}
	user := s.wantUser(s.idp.AccessToken(claims(nil)))
	if user["subject"] != "robot" || user["write"] != true || user["own"] != true {
		t.Errorf("the user is %v", user)
	}
	if user := s.wantUser(s.idp.AccessToken(claims(map[string]any{"scope": "openid"}))); user["write"] != false {
		t.Errorf("without the scope: %v", user)
	}
	// The same user, by a login here and by a token from there, is one principal.
	_, got := s.login()
	direct := s.wantUser(s.idp.AccessToken(claims(map[string]any{"sub": "user-1"})))
	if own := s.wantUser(got.access); own["key"] != direct["key"] {
		t.Error("one user has two keys")
	}
	s.wantRefused("another audience", s.idp.AccessToken(claims(map[string]any{"aud": "https://other.example.com"})))
	s.wantRefused("another issuer", s.idp.AccessToken(claims(map[string]any{"iss": "https://evil.example.com"})))

	// Without the signing keys nobody can tell, which is no reason to log in again.
	s.idp.Rotate(true)
	s.idp.Fault(idptest.JWKS, idptest.Fault{Drop: true})
	down := newSite(t, options{idp: s.idp, provider: func(p *provider.Settings) { p.Audience = audience }})
	answer := down.mcp(s.idp.AccessToken(claims(nil)))
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("while the keys are out of reach: %d", answer.StatusCode)
	}

	off := newSite(t, options{})
	off.wantRefused("a token of the provider, without an audience", off.idp.AccessToken(claims(nil)))
}

func BenchmarkAuthenticate(b *testing.B) {
	s := newSite(b, options{})
	_, got := s.login()
	r := s.request(http.MethodPost, "/mcp", "{}", "Authorization", "Bearer "+got.access)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.server.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}

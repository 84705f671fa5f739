package provider

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/auth/oidc/idptest"
)

func TestIDTokensOfARefreshMayBeMissingButNotWrong(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.EntraV2)
	p := start(t, idp)
	idp.Configure(func(b *idptest.Behavior) { b.RotateRefresh = false })
	l := mustLogin(t, p, idp)
	for _, test := range []struct {
		name   string
		change func(*idptest.Behavior)
		want   string // in the error, "" for none
	}{
		{"untouched", func(*idptest.Behavior) {}, ""},
		{"none", func(b *idptest.Behavior) { b.NoIDTokenOnRefresh = true }, ""},
		{"an empty one", response("id_token", ""), ""},
		{"null", response("id_token", nil), ""},
		{"one that is none", response("id_token", "a.b"), "not a JWT"},
		{"one that is no string", response("id_token", 7), "not a JWT"},
		{"another user", tampered(set("sub", "user-2")), "another user"},
		{"no user", tampered(set("sub", nil)), "no usable subject"},
		{"another audience", tampered(set("aud", "other")), "expected audience"},
		{"another issuer", tampered(set("iss", "https://evil.example.com")), "different provider"},
		{"expired", tampered(set("exp", in(-2*time.Minute))), "expired"},
		{"unsigned", tampered((*idptest.JWT).Unsigned), "malformed"},
		{"signed with the public key as a secret", tampered(idp.Confuse), "malformed"},
		{"another key under the right name", tampered(func(j *idptest.JWT) { idp.Forge(j, j.Header["kid"].(string)) }), "signature"},
		{"a key that is not published", tampered(func(j *idptest.JWT) { idp.Forge(j, "mine") }), "does not publish"},
		{"another access token", tampered(set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")), "access token hash"},
		{"an access token that is bound to a key", response("token_type", "DPoP"), "not a bearer token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var before idptest.Behavior
			idp.Configure(func(b *idptest.Behavior) { before = *b; test.change(b) })
			defer idp.Configure(func(b *idptest.Behavior) { *b = before })
			got, err := p.Refresh(t.Context(), l.RefreshToken, l)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want == "":
				if diff := cmp.Diff(l, got); diff != "" {
					t.Error(diff)
				}
			case !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.want) || got.Subject != "":
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func response(name string, value any) func(*idptest.Behavior) {
	return func(b *idptest.Behavior) { b.Response = func(r map[string]any) { r[name] = value } }
}

func tampered(change func(*idptest.JWT)) func(*idptest.Behavior) {
	return func(b *idptest.Behavior) { b.IDToken = change }
}

func TestARefreshThatFailsSaysWhetherTheLoginIsOver(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) idptest.Fault { return idptest.Fault{Status: status, Body: body} }
	for _, test := range []struct {
		name        string
		fault       idptest.Fault
		code        string // of a refusal, "" for none
		over        bool
		unavailable bool
	}{
		{"the login was ended", answer(400, `{"error":"invalid_grant"}`), "invalid_grant", true, false},
		{"the login was ended, said with another status", answer(401, `{"error":"invalid_grant"}`), "invalid_grant", true, false},
		{"the login was ended, said with success", answer(200, `{"error":"invalid_grant"}`), "invalid_grant", true, false},
		{"the user has to prove more", answer(400, `{"error":"interaction_required"}`), "interaction_required", true, false},
		{"the user has to log in", answer(400, `{"error":"login_required"}`), "login_required", true, false},
		{"the user has to consent", answer(400, `{"error":"consent_required"}`), "consent_required", true, false},
		{"something else", answer(400, `{"error":"invalid_request"}`), "invalid_request", false, false},
		{"this server is not accepted", answer(401, `{"error":"invalid_client"}`), "invalid_client", false, true},
		{"this server is not accepted, as Keycloak says it", answer(401, `{"error":"unauthorized_client"}`), "unauthorized_client", false, true},
		{"this server may not refresh", answer(400, `{"error":"unsupported_grant_type"}`), "unsupported_grant_type", false, true},
		{"broken", answer(500, ""), "", false, true},
		{"broken, with a code", answer(500, `{"error":"invalid_grant"}`), "", false, true},
		{"too many requests", answer(429, `{"error":"invalid_grant"}`), "", false, true},
		{"not now", answer(400, `{"error":"temporarily_unavailable"}`), "", false, true},
		{"failed", answer(400, `{"error":"server_error"}`), "", false, true},
		{"a page of a proxy", answer(400, "<html>"), "", false, true},
		{"a code that cannot be one", answer(400, `{"error":"<b>no</b>"}`), "", false, true},
		{"a long code", answer(400, `{"error":"`+strings.Repeat("x", 65)+`"}`), "", false, true},
		{"no code", answer(403, `{}`), "", false, true},
		{"a redirect, which would take the token elsewhere", idptest.Fault{Status: 307, Location: "/realms/infrahub/token", Times: 1}, "", false, true},
		{"a page in the place of tokens", answer(200, "<html>"), "", false, true},
		{"no tokens", answer(200, "{}"), "", false, true},
		{"an endless answer", answer(200, `{"access_token":"`+strings.Repeat("x", 1<<20+1)+`"}`), "", false, true},
		{"no connection", idptest.Fault{Drop: true}, "", false, true},
		{"no answer", idptest.Fault{Delay: time.Hour}, "", false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				idp := idptest.NewVirtual(t, idptest.Keycloak)
				p := start(t, idp)
				l := mustLogin(t, p, idp)
				idp.Fault(idptest.Token, test.fault)
				_, err := p.Refresh(t.Context(), l.RefreshToken, l)
				refused, ok := errors.AsType[*Refused](err)
				if ok != (test.code != "") || ok && (refused.Code != test.code || refused.Over() != test.over) {
					t.Errorf("refused as %+v", refused)
				}
				if errors.Is(err, ErrUnavailable) != test.unavailable || errors.Is(err, ErrInvalid) {
					t.Error(err)
				}
				if n := len(idp.Requests(idptest.Token)); n != 2 {
					t.Errorf("%d requests to the token endpoint", n)
				}
				idp.Heal(idptest.Token)
				if _, err := p.Refresh(t.Context(), l.RefreshToken, l); err != nil {
					t.Errorf("later: %v", err)
				}
			})
		})
	}
}

func TestAUserWhoIsLockedOutCannotRefresh(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	p := start(t, idp)
	l := mustLogin(t, p, idp)
	idp.Disable(true)
	if _, err := p.Refresh(t.Context(), l.RefreshToken, l); !isOver(err) {
		t.Error(err)
	}
}

func isOver(err error) bool {
	refused, ok := errors.AsType[*Refused](err)
	return ok && refused.Over()
}

func TestRefreshTokensThatTheProviderReplacesOrNotGoOnWorking(t *testing.T) {
	t.Parallel()
	for _, rotates := range []bool{true, false} {
		idp := idptest.NewVirtual(t, idptest.Keycloak)
		idp.Configure(func(b *idptest.Behavior) { b.RotateRefresh = rotates })
		p := start(t, idp)
		l := mustLogin(t, p, idp)
		first := l.RefreshToken
		for range 3 {
			next, err := p.Refresh(t.Context(), l.RefreshToken, l)
			if err != nil {
				t.Fatal(err)
			}
			if (next.RefreshToken != l.RefreshToken) != rotates {
				t.Errorf("replaced: %t, want %t", !rotates, rotates)
			}
			l = next
		}
		if _, err := p.Refresh(t.Context(), first, l); isOver(err) != rotates {
			t.Errorf("the first one, when the provider replaces them (%t): %v", rotates, err)
		}
	}
}

func TestWithoutARefreshTokenOfTheProviderThereIsNone(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	idp.Configure(func(b *idptest.Behavior) { b.Refresh = idptest.RefreshNever })
	p := start(t, idp)
	l := mustLogin(t, p, idp)
	if l.RefreshToken != "" {
		t.Error("a refresh token from nowhere")
	}
	if _, err := p.Refresh(t.Context(), "", l); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func TestWhatIsNotToBeRefreshedDoesNotReachTheProvider(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	p := start(t, idp)
	for name, of := range map[string]Login{
		"of another provider": {Issuer: "https://evil.example.com", Subject: "user-1"},
		"of no provider":      {Subject: "user-1"},
		"of nobody":           {Issuer: idp.Issuer()},
	} {
		if _, err := p.Refresh(t.Context(), "token", of); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Refresh(t.Context(), "", Login{Issuer: idp.Issuer(), Subject: "user-1"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a refresh token: %v", err)
	}
	if _, err := p.Exchange(t.Context(), "", NewAttempt()); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a code: %v", err)
	}
	if n := len(idp.Requests(idptest.Token)); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestARefreshTokenIsNotUsedUpWhileTheKeysCannotBeRead(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	idp.Configure(func(b *idptest.Behavior) { b.RotateRefresh = true })
	l := mustLogin(t, start(t, idp), idp)

	idp.Fault(idptest.JWKS, idptest.Fault{Status: 500})
	p := start(t, idp) // after a restart
	if _, err := p.Refresh(t.Context(), l.RefreshToken, l); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	idp.Heal(idptest.JWKS)
	if _, err := p.Refresh(t.Context(), l.RefreshToken, l); err != nil {
		t.Error(err)
	}
}

func TestAnIDTokenOfARefreshIsNotBelievedWhileTheKeysCannotBeRead(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	p := start(t, idp)
	l := mustLogin(t, p, idp)
	idp.Rotate(true)
	idp.Fault(idptest.JWKS, idptest.Fault{Status: 500})
	if _, err := p.Refresh(t.Context(), l.RefreshToken, l); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	idp.Heal(idptest.JWKS)
	if _, err := p.Refresh(t.Context(), l.RefreshToken, l); err != nil {
		t.Error(err)
	}
}

func TestWritingNeedsEvidenceAtEveryRefresh(t *testing.T) {
	t.Parallel()
	type behavior = idptest.Behavior
	roles := func(s *Settings) { s.ScopeClaims = []string{"roles"} }
	opaque := func(b *behavior) { b.Access, b.Scope = idptest.Opaque, idptest.ScopeNever }
	withRoles := func(roles ...string) func(*behavior) {
		return func(b *behavior) {
			opaque(b)
			b.IDToken = set("roles", roles)
		}
	}
	for _, test := range []struct {
		name     string
		settings func(*Settings)
		refresh  func(*behavior) // how the provider behaves then
		before   []string        // granted so far
		scopes   []string        // that the user has at the refresh
		want     []string
	}{
		{name: "still granted", before: []string{"write"}, scopes: []string{"write"}, want: []string{"write"}},
		{name: "taken away", before: []string{"write"}},
		{name: "given since", scopes: []string{"write"}, want: []string{"write"}},
		{name: "taken away, and no scope in the response", before: []string{"write"},
			refresh: func(b *behavior) { b.Scope = idptest.ScopeNever }},
		{name: "an opaque token, and no scope in the response: as before", before: []string{"write"}, refresh: opaque, want: []string{"write"}},
		{name: "an opaque token, and no scope in the response: no more than before", scopes: []string{"write"}, refresh: opaque},
		{name: "an opaque token, and an empty scope in the response", before: []string{"write"}, refresh: func(b *behavior) {
			b.Access = idptest.Opaque
			b.Response = func(r map[string]any) { r["scope"] = "" }
		}},
		{name: "a scope of before that is not one of writing any more", before: []string{"write", "admin"}, refresh: opaque, want: []string{"write"}},
		{name: "still in the role", settings: roles, before: []string{"write"}, refresh: withRoles("write"), want: []string{"write"}},
		{name: "not in the role any more", settings: roles, before: []string{"write"}, refresh: withRoles("read")},
		{name: "in no role any more, so that there is no claim", settings: roles, before: []string{"write"}, refresh: opaque},
		{name: "a role of the userinfo endpoint", settings: roles, before: []string{"write"}, refresh: func(b *behavior) {
			opaque(b)
			b.NoIDTokenOnRefresh = true
			b.UserInfo = func(c map[string]any) { c["roles"] = []string{"write"} }
		}, want: []string{"write"}},
		{name: "a role of the userinfo endpoint of another user", settings: roles, before: []string{"write"}, refresh: func(b *behavior) {
			opaque(b)
			b.NoIDTokenOnRefresh = true
			b.UserInfo = func(c map[string]any) { c["roles"], c["sub"] = []string{"write"}, "user-2" }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			if test.settings == nil {
				test.settings = func(*Settings) {}
			}
			p := start(t, idp, test.settings)
			l := mustLogin(t, p, idp)
			l.Granted = test.before
			idp.SetUser(idptest.User{Subject: "user-1", Scopes: test.scopes})
			if test.refresh != nil {
				idp.Configure(test.refresh)
			}
			got, err := p.Refresh(t.Context(), l.RefreshToken, l)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Granted); diff != "" {
				t.Error(diff)
			}
			if got.Name != "ann@example.com" {
				t.Errorf("the name became %q", got.Name)
			}
		})
	}
}

func TestANewKeyIsReadAtOnceForARefreshWithoutIDToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, idp, _ := direct(t)
		l := mustLogin(t, p, idp)
		// Somebody has just used up what made-up tokens may ask for.
		if _, err := p.Direct(t.Context(), forger(t, idp)("mine")); !errors.Is(err, ErrInvalid) {
			t.Fatal(err)
		}
		idp.Rotate(true)
		idp.Configure(func(b *idptest.Behavior) { b.NoIDTokenOnRefresh, b.Scope = true, idptest.ScopeNever })
		l.Granted = nil // so that the access token is the only evidence
		got, err := p.Refresh(t.Context(), l.RefreshToken, l)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"write"}, got.Granted); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAccessTokensForOthersDoNotMakeEveryLoginReadTheKeys(t *testing.T) {
	t.Parallel()
	for _, profile := range []idptest.Profile{idptest.OktaOrg, idptest.EntraV2} {
		synctest.Test(t, func(t *testing.T) {
			idp := idptest.NewVirtual(t, profile)
			p := start(t, idp)
			before := len(idp.Requests(idptest.JWKS))
			for range 20 {
				mustLogin(t, p, idp)
			}
			if n := len(idp.Requests(idptest.JWKS)) - before; n > 1 {
				t.Errorf("%s: %d fetches for 20 logins", profile, n)
			}
		})
	}
}

func TestHowLongAnAccessTokenIsGoodFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		says any
		want time.Duration
	}{
		{"a number", 300, 5 * time.Minute},
		{"a string", "300", 5 * time.Minute},
		{"nothing", nil, 0},
		{"no time at all", 0, 0},
		{"less than none", -5, 0},
		{"for ever", 1e12, time.Duration(1<<31-1) * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			idp.Configure(func(b *idptest.Behavior) { b.ExpiresIn = test.says })
			if l := mustLogin(t, start(t, idp), idp); l.Life != test.want {
				t.Errorf("%s, want %s", l.Life, test.want)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // the life of an answer that is no JSON is found by the clock
		idp := idptest.NewVirtual(t, idptest.Keycloak)
		p := start(t, idp)
		l := mustLogin(t, p, idp)
		idp.Fault(idptest.Token, idptest.Fault{Status: 200, ContentType: "application/x-www-form-urlencoded", Body: "access_token=x&token_type=bearer&expires_in=300"})
		if again, err := p.Refresh(t.Context(), l.RefreshToken, l); err != nil || again.Life != 5*time.Minute {
			t.Errorf("%s, %v", again.Life, err)
		}
	})
}

func TestTokensThatAreNotNeededAreRevokedWhereThatIsPossible(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	p := start(t, idp)
	l := mustLogin(t, p, idp)
	if err := p.Revoke(t.Context(), l.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if got := idp.Requests(idptest.Revocation)[0]; got.Get("token") != l.RefreshToken || got.Get("token_type_hint") != "refresh_token" {
		t.Errorf("sent %v", got)
	}
	if _, err := p.Refresh(t.Context(), l.RefreshToken, l); !isOver(err) {
		t.Errorf("a refresh after that: %v", err)
	}
	if err := p.Revoke(t.Context(), ""); err != nil || len(idp.Requests(idptest.Revocation)) != 1 {
		t.Errorf("no token: %v, or asked", err)
	}

	idp.Configure(func(b *idptest.Behavior) { b.HasRevocation = false })
	without := start(t, idp)
	if err := without.Revoke(t.Context(), "token"); err != nil || len(idp.Requests(idptest.Revocation)) != 1 {
		t.Errorf("without an endpoint: %v, or asked", err)
	}

	for _, test := range []struct {
		name  string
		fault idptest.Fault
		want  func(error) bool
	}{
		{"no content", idptest.Fault{Status: 204}, func(err error) bool { return err == nil }},
		{"refused", idptest.Fault{Status: 400, Body: `{"error":"unsupported_token_type"}`}, func(err error) bool {
			refused, ok := errors.AsType[*Refused](err)
			return ok && refused.Code == "unsupported_token_type"
		}},
		{"this server is not accepted", idptest.Fault{Status: 401, Body: `{"error":"invalid_client"}`}, isUnavailable},
		{"a page", idptest.Fault{Status: 400, Body: "<html>"}, isUnavailable},
		{"a redirect, which would take the token elsewhere", idptest.Fault{Status: 307, Location: "/realms/infrahub/revoke", Times: 1}, isUnavailable},
		{"broken", idptest.Fault{Status: 503}, isUnavailable},
		{"no connection", idptest.Fault{Drop: true}, isUnavailable},
		{"an endless answer", idptest.Fault{Status: 400, Body: `{"error":"` + strings.Repeat("x", 1<<20+1)}, isUnavailable},
	} {
		idp.Fault(idptest.Revocation, test.fault)
		if err := p.Revoke(t.Context(), "token"); !test.want(err) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Revoke(ctx, "token"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func isUnavailable(err error) bool { return errors.Is(err, ErrUnavailable) }

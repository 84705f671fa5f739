package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/auth/oidc/idptest"
)

const redirectURL = "http://127.0.0.1:8001/oauth/callback"

// settings are those for a provider that has no network.
func settings(idp *idptest.Provider, change ...func(*Settings)) Settings {
	s := Settings{
		ConfigURL: idp.ConfigURL(), ClientID: idp.ClientID, ClientSecret: func() string { return idp.ClientSecret },
		RedirectURL: redirectURL, WriteScopes: []string{"write"}, Transport: idp.Transport(),
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func start(t testing.TB, idp *idptest.Provider, change ...func(*Settings)) *Provider {
	t.Helper()
	p, err := New(settings(idp, change...))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// authorize walks a browser through a login, and returns the code.
func authorize(t testing.TB, p *Provider, idp *idptest.Provider, a Attempt, write bool) string {
	t.Helper()
	at, err := p.AuthorizeURL("the-state", a, write)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(idp.Login(t, at))
	if err != nil {
		t.Fatal(err)
	}
	q := back.Query()
	if q.Get("state") != "the-state" || !strings.HasPrefix(back.String(), redirectURL+"?") {
		t.Fatalf("the browser came back to %s", back)
	}
	if err := p.CheckIssuer(q["iss"]); err != nil {
		t.Fatal(err)
	}
	if q.Get("code") == "" {
		t.Fatalf("the provider refuses: %s", back)
	}
	return q.Get("code")
}

func login(t testing.TB, p *Provider, idp *idptest.Provider, write bool) (Login, error) {
	t.Helper()
	a := NewAttempt()
	return p.Exchange(t.Context(), authorize(t, p, idp, a, write), a)
}

func mustLogin(t testing.TB, p *Provider, idp *idptest.Provider) Login {
	t.Helper()
	l, err := login(t, p, idp, true)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestUsersOfEveryVendorLogIn(t *testing.T) {
	const entra = "https://login.microsoftonline.com/" + idptest.Tenant + "/v2.0"
	for _, test := range []struct {
		profile idptest.Profile
		name    string
		change  func(*Settings)
		scope   string // asked for
		want    Login
		refresh bool
	}{
		{
			profile: idptest.Google, name: "nobody may write, since Google has no scopes of others",
			scope: "openid email profile", refresh: true,
			want: Login{Issuer: "https://accounts.google.com", Life: 3599 * time.Second},
		},
		{
			profile: idptest.OktaOrg, name: "nobody may write, since the organization's server has no scopes of others",
			scope: "openid email profile offline_access", refresh: true,
			want: Login{Issuer: "https://dev-1.okta.com", Life: time.Hour},
		},
		{
			profile: idptest.OktaCustom, name: "a scope that is not advertised has to be set",
			scope: "openid email profile offline_access", refresh: true,
			want: Login{Issuer: "https://dev-1.okta.com/oauth2/default", Life: time.Hour},
		},
		{
			profile: idptest.OktaCustom, name: "a scope that is set",
			change: func(s *Settings) { s.Scopes = []string{"openid", "email", "write"} },
			scope:  "openid email write offline_access", refresh: true,
			want: Login{Issuer: "https://dev-1.okta.com/oauth2/default", Life: time.Hour, Granted: []string{"write"}},
		},
		{
			profile: idptest.EntraV1, name: "the long scope among the scopes to ask for",
			change: func(s *Settings) { s.Scopes = []string{"openid", "email", "api://" + s.ClientID + "/write"} },
			scope:  "openid email api://8a1cfd5c-7d6a-44ad-9f8c-1d3f6cd6f0a2/write offline_access", refresh: true,
			want: Login{Issuer: entra, Life: 3599 * time.Second, Granted: []string{"write"}},
		},
		{
			profile: idptest.EntraV2, name: "the long scope as the scope of writing",
			change: func(s *Settings) { s.WriteScopes = []string{"api://" + s.ClientID + "/write"} },
			scope:  "openid email profile api://8a1cfd5c-7d6a-44ad-9f8c-1d3f6cd6f0a2/write offline_access", refresh: true,
			want: Login{Issuer: entra, Life: 3599 * time.Second, Granted: []string{"api://8a1cfd5c-7d6a-44ad-9f8c-1d3f6cd6f0a2/write"}},
		},
		{
			profile: idptest.EntraV2, name: "no scope of this application, so the access token is for Microsoft Graph",
			scope: "openid email profile offline_access", refresh: true,
			want: Login{Issuer: entra, Life: 3599 * time.Second},
		},
		{
			profile: idptest.Keycloak, name: "an advertised scope",
			scope: "openid email profile write offline_access", refresh: true,
			want: Login{Issuer: "https://keycloak.example.com/realms/infrahub", Life: 5 * time.Minute, Granted: []string{"write"}},
		},
		{
			profile: idptest.Auth0, name: "opaque access tokens and no scope in the response are no evidence",
			change: func(s *Settings) { s.Scopes = []string{"openid", "email", "write"} },
			scope:  "openid email write offline_access", refresh: true,
			want: Login{Issuer: "https://dev-1.eu.auth0.com/", Life: 24 * time.Hour},
		},
		{
			profile: idptest.Auth0, name: "an audience makes the access token readable",
			change: func(s *Settings) {
				s.Scopes, s.Audience = []string{"openid", "email", "write"}, "https://mcp.example.com/mcp"
			},
			scope: "openid email write offline_access", refresh: true,
			want: Login{Issuer: "https://dev-1.eu.auth0.com/", Life: 24 * time.Hour, Granted: []string{"write"}},
		},
	} {
		t.Run(string(test.profile)+": "+test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, test.profile)
			if test.change == nil {
				test.change = func(*Settings) {}
			}
			p := start(t, idp, test.change)
			got, err := login(t, p, idp, true)
			if err != nil {
				t.Fatal(err)
			}
			if (got.RefreshToken != "") != test.refresh {
				t.Errorf("a refresh token: %t", got.RefreshToken != "")
			}
			test.want.Subject, test.want.Name = "user-1", "ann@example.com"
			test.want.RefreshToken = got.RefreshToken
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			asked := idp.Requests(idptest.Authorize)[0]
			if asked.Get("scope") != test.scope {
				t.Errorf("asked for %q, want %q", asked.Get("scope"), test.scope)
			}
			if len(asked.Get("code_challenge")) != 43 || asked.Get("code_challenge_method") != "S256" || len(asked.Get("nonce")) != 43 {
				t.Errorf("challenge or nonce missing in %v", asked)
			}
			google := test.profile == idptest.Google
			if (asked.Get("access_type") == "offline" && asked.Get("prompt") == "consent") != google {
				t.Errorf("access_type and prompt in %v", asked)
			}
			for _, e := range []idptest.Endpoint{idptest.Authorize, idptest.Token} {
				if requests := idp.Requests(e); len(requests) != 1 || requests[0].Has("resource") {
					t.Errorf("requests to %s: %v", e, requests)
				}
			}

			// And again, with the refresh token.
			again, err := p.Refresh(t.Context(), got.RefreshToken, got)
			if err != nil {
				t.Fatal(err)
			}
			test.want.RefreshToken = again.RefreshToken
			if diff := cmp.Diff(test.want, again); diff != "" {
				t.Errorf("refreshed: %s", diff)
			}
		})
	}
}

func TestOneLoginOverARealConnection(t *testing.T) {
	t.Parallel()
	idp := idptest.New(t, idptest.Keycloak)
	p := start(t, idp, func(s *Settings) { s.Transport = nil })
	if l := mustLogin(t, p, idp); l.Name != "ann@example.com" || !slices.Equal(l.Granted, []string{"write"}) {
		t.Error(l)
	}
}

// parameters are those of an authorization URL.
func parameters(t *testing.T, p *Provider, write bool) url.Values {
	t.Helper()
	at, err := p.AuthorizeURL("s", NewAttempt(), write)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestNoScopeIsAskedForTwice(t *testing.T) {
	t.Parallel()
	p := start(t, idptest.NewVirtual(t, idptest.Keycloak), func(s *Settings) { s.Scopes = []string{"openid", "write", "offline_access"} })
	if got := parameters(t, p, true).Get("scope"); got != "openid write offline_access" {
		t.Errorf("asked for %q", got)
	}
}

func TestWithoutOfflineAccessOnlyTheUsersSessionIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		profile idptest.Profile
		scopes  []string
		want    string
	}{
		{"Keycloak", idptest.Keycloak, nil, "openid email profile"},
		{"Google", idptest.Google, nil, "openid email profile"},
		{"a scope that the operator names", idptest.Keycloak, []string{"openid", "offline_access"}, "openid offline_access"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, idptest.NewVirtual(t, test.profile), func(s *Settings) { s.Online, s.Scopes = true, test.scopes })
			asked := parameters(t, p, false)
			if got := asked.Get("scope"); got != test.want {
				t.Errorf("asked for %q, want %q", got, test.want)
			}
			if asked.Has("access_type") || asked.Has("prompt") {
				t.Errorf("offline access is asked for: %v", asked)
			}
		})
	}
}

func TestScopesOfWritingAreAskedForOnlyToWrite(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		scopes, write []string
		want          string
	}{
		{"advertised", nil, []string{"write"}, "openid email profile offline_access"},
		{"among the scopes to ask for", []string{"openid", "write"}, []string{"write"}, "openid offline_access"},
		{"in its long form", []string{"openid", "api://x/write"}, []string{"write"}, "openid offline_access"},
		{"an address", nil, []string{"api://x/write"}, "openid email profile offline_access"},
		{"without openid, which is always asked for", []string{"email"}, nil, "openid email offline_access"},
		{"offline_access asked for once", []string{"openid", "offline_access"}, nil, "openid offline_access"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, idptest.NewVirtual(t, idptest.Keycloak), func(s *Settings) { s.Scopes, s.WriteScopes = test.scopes, test.write })
			if got := parameters(t, p, false).Get("scope"); got != test.want {
				t.Errorf("asked for %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheAudienceIsNamedToProvidersThatKnowOne(t *testing.T) {
	t.Parallel()
	for audience, want := range map[string]string{
		"": "", "api://8a1cfd5c-7d6a-44ad-9f8c-1d3f6cd6f0a2": "", "8a1cfd5c-7d6a-44ad-9f8c-1d3f6cd6f0a2": "",
		"https://mcp.example.com/mcp": "https://mcp.example.com/mcp", "infrahub-mcp": "infrahub-mcp",
	} {
		p := start(t, idptest.NewVirtual(t, idptest.Auth0), func(s *Settings) { s.Audience = audience })
		if got := parameters(t, p, true).Get("audience"); got != want {
			t.Errorf("for %q the parameter is %q, want %q", audience, got, want)
		}
	}
}

func TestTheClientIsNamedAsTheProviderWants(t *testing.T) {
	t.Parallel()
	const basic, post = "client_secret_basic", "client_secret_post"
	for _, test := range []struct {
		name    string
		methods []string // in the discovery document
		public  bool
		want    string
	}{
		{"no methods mean basic", nil, false, "basic"},
		{"basic", []string{basic}, false, "basic"},
		{"both", []string{post, basic}, false, "basic"},
		{"post", []string{post, "private_key_jwt"}, false, "post"},
		{"a public client, whatever is advertised", []string{basic, post}, true, "public"},
		{"a public client, nothing advertised", nil, true, "public"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			idp.Configure(func(b *idptest.Behavior) { b.AuthMethods = test.methods })
			if test.public {
				idp.ClientSecret = ""
			}
			p := start(t, idp)
			l := mustLogin(t, p, idp)
			if _, err := p.Refresh(t.Context(), l.RefreshToken, l); err != nil {
				t.Error(err)
			}
			if err := p.Revoke(t.Context(), l.RefreshToken); err != nil {
				t.Error(err)
			}
			for e, want := range map[idptest.Endpoint][]string{idptest.Token: {test.want, test.want}, idptest.Revocation: {test.want}} {
				if diff := cmp.Diff(want, idp.AuthStyles(e)); diff != "" {
					t.Errorf("%s: %s", e, diff)
				}
			}
			for _, form := range idp.Requests(idptest.Token) {
				if test.want != "post" && form.Has("client_secret") {
					t.Error("the form has a secret")
				}
			}
		})
	}
}

func TestTheCallbackHasToNameTheProviderIfItDoesAtAll(t *testing.T) {
	t.Parallel()
	const issuer = "https://keycloak.example.com/realms/infrahub"
	for _, test := range []struct {
		name       string
		advertised bool
		iss        []string
		want       error
	}{
		{"right", true, []string{issuer}, nil},
		{"right, not advertised", false, []string{issuer}, nil},
		{"none, not advertised", false, nil, nil},
		{"none, though advertised", true, nil, ErrInvalid},
		{"empty", false, []string{""}, ErrInvalid},
		{"another", true, []string{"https://evil.example.com"}, ErrInvalid},
		{"another, not advertised", false, []string{"https://evil.example.com"}, ErrInvalid},
		{"with a slash", true, []string{issuer + "/"}, ErrInvalid},
		{"twice", true, []string{issuer, issuer}, ErrInvalid},
		{"twice, one wrong", false, []string{issuer, "https://evil.example.com"}, ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			idp.Configure(func(b *idptest.Behavior) { b.IssParameter = test.advertised })
			if err := start(t, idp).CheckIssuer(test.iss); !errors.Is(err, test.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSettingsThatCannotBeRightAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"no address", func(s *Settings) { s.ConfigURL = "" }, "INFRAHUB_MCP_OIDC_CONFIG_URL is not an http or https address"},
		{"not http", func(s *Settings) { s.ConfigURL = "ftp://example.com" + discoveryPath }, "INFRAHUB_MCP_OIDC_CONFIG_URL is not an http or https address"},
		{"a user", func(s *Settings) { s.ConfigURL = "https://u:pass@example.com" + discoveryPath }, "without user and fragment"},
		{"no host", func(s *Settings) { s.ConfigURL = "https://" + discoveryPath }, "INFRAHUB_MCP_OIDC_CONFIG_URL is not an http or https address"},
		{"a fragment", func(s *Settings) { s.ConfigURL = "https://example.com" + discoveryPath + "#x" }, "without user and fragment"},
		{"the issuer", func(s *Settings) { s.ConfigURL = "https://example.com/" }, "which ends in " + discoveryPath},
		{"no client", func(s *Settings) { s.ClientID = "" }, "INFRAHUB_MCP_OIDC_CLIENT_ID is not set"},
		{"no redirect URL", func(s *Settings) { s.RedirectURL = "" }, "redirect URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(settings(idptest.NewVirtual(t, idptest.Keycloak), test.change))
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "pass") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestNothingSecretIsShown(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := start(t, idp, func(s *Settings) { s.Logger = logger })
	a := NewAttempt()
	l, err := p.Exchange(t.Context(), authorize(t, p, idp, a, true), a)
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	for _, v := range []any{a, &a, l, &l, p, p.settings, struct{ L Login }{l}, []Attempt{a}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
	}
	logger.Info("x", "attempt", a, "login", l, "pointer", &l)
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(text)

	// All that can go wrong, with the texts of the provider.
	var errs []error
	try := func(_ Login, err error) { errs = append(errs, err) }
	try(p.Exchange(t.Context(), "a-code", a))
	try(p.Refresh(t.Context(), "a-refresh-token", l))
	try(p.Direct(t.Context(), idp.AccessToken(nil)))
	idp.Fault(idptest.Token, idptest.Fault{Status: 500, Body: idptest.Untold, ContentType: "text/html"})
	try(p.Exchange(t.Context(), "a-code", a))
	idp.Fault(idptest.Token, idptest.Fault{Status: 200, Body: `{"access_token":["a-token"]}`})
	try(p.Exchange(t.Context(), "a-code", a))
	idp.Fault(idptest.Token, idptest.Fault{Status: 200, Body: `{"access_token":"a-token","id_token":"an.id.token"}`})
	try(p.Exchange(t.Context(), "a-code", a))
	idp.Down(true)
	try(p.Exchange(t.Context(), "a-code", a))
	try(p.Refresh(t.Context(), "a-refresh-token", l))
	errs = append(errs, p.Revoke(t.Context(), "a-refresh-token"))
	for _, err := range errs {
		if err == nil {
			t.Error("no error where there should be one")
		}
		fmt.Fprintln(&shown, err)
	}
	all := shown.String() + log.String()
	for _, secret := range []string{
		a.Nonce, a.Verifier, l.RefreshToken, idp.ClientSecret, url.QueryEscape(idp.ClientSecret), idptest.Untold,
		"a-code", "a-refresh-token", "a-token", "an.id",
	} {
		if strings.Contains(all, secret) || strings.Contains(all, fmt.Sprintf("%x", secret)) {
			t.Errorf("%q is shown in:\n%s", secret, all)
		}
	}
	if !strings.Contains(log.String(), "user-1") {
		t.Error("the log does not say who logged in, so this shows nothing")
	}
}

func TestAttemptsTravelAsJSON(t *testing.T) {
	t.Parallel()
	a := NewAttempt()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var back Attempt
	if err := json.Unmarshal(text, &back); err != nil || back != a || a == NewAttempt() {
		t.Errorf("%s: %v", text, err)
	}
}

func TestACallerWhoGivesUpIsNotKept(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	p := start(t, idp)
	idp.Fault(idptest.Token, idptest.Fault{Delay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Exchange(ctx, "code", NewAttempt()); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

package oidc_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/auth/oidc"
	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/idptest"
)

func TestALoginEndsWithTokensThatAreLetIn(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	b := s.browser()
	got := b.finish(b.approve(b.ask(asking(id))))
	if diff := cmp.Diff(url.Values{"code": got["code"], "state": {"state of the client"}, "iss": {baseURL}}, got); diff != "" {
		t.Errorf("what the client gets (-want +got):\n%s", diff)
	}
	granted := s.tokens(redeeming(id, got.Get("code")))
	want := map[string]any{
		"mode": "oidc", "name": "ann@example.com", "subject": "user-1", "scopes": []any{"write"}, "write": true, "own": true,
	}
	user := s.wantUser(granted.access)
	if key, _ := user["key"].(string); len(key) != 43 {
		t.Errorf("the key of the user is %q", key)
	}
	delete(user, "key")
	if diff := cmp.Diff(want, user); diff != "" {
		t.Errorf("the user (-want +got):\n%s", diff)
	}
	if granted.scope != "write" || granted.refresh == "" {
		t.Errorf("scope %q, refresh token of %d bytes", granted.scope, len(granted.refresh))
	}
	// Nothing that clients say of the resource reaches the provider.
	for _, q := range slices.Concat(s.idp.Requests(idptest.Authorize), s.idp.Requests(idptest.Token)) {
		if q.Has("resource") {
			t.Errorf("the provider is sent the resource: %v", q)
		}
	}
}

func TestTheServerWorksBelowAPathToo(t *testing.T) {
	const below = baseURL + "/infra"
	s := newSite(t, options{server: func(o *oidc.Settings) { o.BaseURL = below }})
	id := s.register(loopback)
	b := s.browser()
	got := b.finish(b.approve(b.ask(asking(id, "resource", below+"/mcp"))))
	if got.Get("iss") != below {
		t.Errorf("the issuer is %q", got.Get("iss"))
	}
	s.wantUser(s.tokens(redeeming(id, got.Get("code"), "resource", below+"/mcp")).access)
}

func TestWhoMayWriteIsDecidedByEveryone(t *testing.T) {
	for _, test := range []struct {
		name           string
		server         func(*oidc.Settings)
		scope          string   // that the client asks for
		unticked       bool     // on the consent page
		user           []string // what the provider grants
		wantScope      string
		wantWrite      bool
		wantUpstream   bool // the provider is asked for the scope of writing
		wantOnThePages bool // the consent page asks
	}{
		{name: "all agree", scope: "write", user: []string{"write"}, wantScope: "write", wantWrite: true, wantUpstream: true, wantOnThePages: true},
		{name: "the client names no scope", user: []string{"write"}, wantScope: "write", wantWrite: true, wantUpstream: true, wantOnThePages: true},
		{name: "the client asks for another scope", scope: "openid", user: []string{"write"}},
		{name: "the client asks for others too", scope: "openid write email", user: []string{"write"}, wantScope: "write", wantWrite: true, wantUpstream: true, wantOnThePages: true},
		{name: "the user unticks it", scope: "write", unticked: true, user: []string{"write"}, wantOnThePages: true},
		{name: "the provider does not grant it", scope: "write", wantUpstream: true, wantOnThePages: true},
		{name: "the server is read-only", server: func(o *oidc.Settings) { o.ReadOnly = true }, scope: "write", user: []string{"write"}},
		{name: "writing needs no scope", server: func(o *oidc.Settings) { o.WriteScopes = nil }, scope: "write", wantWrite: true},
		{
			name: "two scopes are needed and one is granted", server: func(o *oidc.Settings) { o.WriteScopes = []string{"write", "admin"} },
			scope: "write admin", user: []string{"write"}, wantScope: "write", wantUpstream: true, wantOnThePages: true,
		},
		{
			name: "two scopes are needed and granted", server: func(o *oidc.Settings) { o.WriteScopes = []string{"write", "admin"} },
			scope: "write admin", user: []string{"write", "admin"}, wantScope: "write admin", wantWrite: true, wantUpstream: true, wantOnThePages: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			idp.Configure(func(b *idptest.Behavior) {
				b.CustomScopes = []string{"write", "admin"}
				b.ScopesSupported = append(b.ScopesSupported, "admin")
			})
			s := newSite(t, options{idp: idp, server: test.server})
			s.idp.SetUser(idptest.User{Subject: "u", Claims: map[string]any{"email": "u@example.com", "email_verified": true}, Scopes: test.user})
			id := s.register(loopback)
			b := s.browser()
			page := b.ask(asking(id, "scope", test.scope))
			form := formOf(t, page)
			again := body(t, b.ask(asking(id, "scope", test.scope)))
			if got := strings.Contains(again, `name="write"`); got != test.wantOnThePages {
				t.Errorf("the page asks about writing: %t", got)
			}
			answer := url.Values{"form": {form}, "action": {"approve"}}
			if !test.unticked {
				answer.Set("write", "on")
			}
			code := b.finish(location(t, b.submit(answer))).Get("code")
			got := s.tokens(redeeming(id, code))
			if got.scope != test.wantScope {
				t.Errorf("the scope is %q", got.scope)
			}
			if user := s.wantUser(got.access); user["write"] != test.wantWrite {
				t.Errorf("the user may write: %v", user["write"])
			}
			asked := s.idp.Requests(idptest.Authorize)[0].Get("scope")
			if got := slices.Contains(strings.Fields(asked), "write"); got != test.wantUpstream {
				t.Errorf("the provider is asked for %q", asked)
			}
		})
	}
}

func TestARequestThatIsWrongIsAnsweredToTheClient(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	for _, test := range []struct{ name, parameter, value, want string }{
		{"without a challenge", "code_challenge", "", "invalid_request"},
		{"without a challenge method", "code_challenge_method", "", "invalid_request"},
		{"with a plain challenge", "code_challenge_method", "plain", "invalid_request"},
		{"with a challenge that is no hash", "code_challenge", "abc", "invalid_request"},
		{"with padding at the challenge", "code_challenge", challengeOf(verifier) + "=", "invalid_request"},
		{"with another response type", "response_type", "token", "unsupported_response_type"},
		{"without a response type", "response_type", "", "unsupported_response_type"},
		{"with another response mode", "response_mode", "fragment", "invalid_request"},
		{"in a JWT", "request", "e30.e30.", "invalid_request"},
		{"by reference", "request_uri", "https://evil.example/request", "invalid_request"},
		{"for another resource", "resource", "https://other.example.com/mcp", "invalid_target"},
		{"for another path", "resource", baseURL + "/other", "invalid_target"},
		{"for a resource that is no address", "resource", "https://%zz", "invalid_target"},
		{"for a resource with a query", "resource", baseURL + "/mcp?a=b", "invalid_target"},
		{"for a resource with a fragment", "resource", baseURL + "/mcp#a", "invalid_target"},
		{"for a resource with a user", "resource", "https://a@mcp.example.com/mcp", "invalid_target"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := answered(t, s.browser().ask(asking(id, test.parameter, test.value)))
			if got.Get("error") != test.want || got.Get("error_description") == "" || got.Get("state") != "state of the client" || got.Get("iss") != baseURL || got.Has("code") {
				t.Errorf("the client gets %v", got)
			}
		})
	}
	t.Run("with a state that is too long", func(t *testing.T) {
		got := answered(t, s.browser().ask(asking(id, "state", strings.Repeat("s", 1025))))
		if got.Get("error") != "invalid_request" || got.Has("state") {
			t.Errorf("the client gets %v", got)
		}
	})
	if s.upstream(idptest.Authorize) != 0 {
		t.Error("the provider was asked")
	}
}

func TestAResourceMayBeWrittenInSeveralWays(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	for _, resource := range []string{"", baseURL + "/mcp", baseURL + "/mcp/", "HTTPS://MCP.EXAMPLE.COM/mcp", baseURL, baseURL + "/"} {
		formOf(t, s.browser().ask(asking(id, "resource", resource)))
	}
}

func TestAClientThatCannotBeTrustedWithAnAnswerGetsNone(t *testing.T) {
	s := newSite(t, options{clients: func(c *client.Settings) {
		c.AllowedRedirectURIs = []string{"https://known.example.com/callback"}
	}})
	id := s.register("https://client.example.com/callback", loopback)
	other := newSite(t, options{server: func(o *oidc.Settings) { o.Keys = mustKeys(t, 'x') }}).register(loopback)
	for _, test := range []struct {
		name string
		q    url.Values
		says string
	}{
		{"without a client", asking("", "client_id", ""), "does not name an MCP client"},
		{"of an unknown client", asking("nobody"), "does not know"},
		{"of a client of another server", asking(other), "does not know"},
		{"for an address of somebody else", asking(id, "redirect_uri", "https://evil.example/callback"), "has not registered"},
		{"for another path", asking(id, "redirect_uri", "https://client.example.com/other"), "has not registered"},
		{"without an address, of a client with two", asking(id, "redirect_uri", ""), "has not registered"},
		{"for an address that the operator did not allow to its own client", asking(s.idp.ClientID, "redirect_uri", "https://client.example.com/callback"), "has not registered"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if page := wantPage(t, s.browser().ask(test.q), http.StatusBadRequest); !strings.Contains(page, test.says) {
				t.Errorf("the page does not say %q:\n%s", test.says, page)
			}
		})
	}
	t.Run("with a parameter twice", func(t *testing.T) {
		q := asking(id)
		q.Add("resource", baseURL+"/mcp")
		wantPage(t, s.browser().ask(q), http.StatusBadRequest)
	})
	t.Run("that cannot be read", func(t *testing.T) {
		wantPage(t, s.browser().open(baseURL+"/authorize?client_id=%zz"), http.StatusBadRequest)
	})
	for _, uri := range []string{"", "https://known.example.com/callback"} {
		t.Run("the operator's own client at "+uri, func(t *testing.T) {
			formOf(t, s.browser().ask(asking(s.idp.ClientID, "redirect_uri", uri)))
		})
	}
	if log := s.log.String(); !strings.Contains(log, "redirect URI not registered") || strings.Contains(log, "evil.example") {
		t.Errorf("the log:\n%s", log)
	}
}

// wantPage checks that the browser is shown a page and sent nowhere.
func wantPage(t *testing.T, answer *http.Response, status int) string {
	t.Helper()
	text := body(t, answer)
	if answer.StatusCode != status || answer.Header.Get("Location") != "" || strings.Count(text, `role="alert"`) != 1 {
		t.Errorf("status %d, want %d; location %q:\n%s", answer.StatusCode, status, answer.Header.Get("Location"), text)
	}
	return text
}

func TestTheQueryOfARedirectURIStays(t *testing.T) {
	s := newSite(t, options{})
	const uri = "https://client.example.com/callback?tenant=a%2fb&x"
	id := s.register(uri)
	b := s.browser()
	to := location(t, b.open(s.idp.Login(t, b.approve(b.ask(asking(id, "redirect_uri", uri))))))
	if !strings.HasPrefix(to, uri+"&") {
		t.Errorf("the browser is sent to %s", to)
	}
}

func TestALoopbackPortMayChange(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	b := s.browser()
	const other = "http://127.0.0.1:9999/callback"
	to := location(t, b.open(s.idp.Login(t, b.approve(b.ask(asking(id, "redirect_uri", other))))))
	if !strings.HasPrefix(to, other+"?") {
		t.Errorf("the browser is sent to %s", to)
	}
}

func TestAClientMayBeKnownByADocument(t *testing.T) {
	const id, uri = "https://example.com/client.json", "https://app.example.com/callback"
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"client_id":"`+id+`","client_name":"App","redirect_uris":["`+uri+`"],"token_endpoint_auth_method":"none"}`)
	}))
	defer web.Close()
	down := false
	s := newSite(t, options{clients: func(c *client.Settings) {
		c.Documents = client.DocumentPolicy{"*"}
		c.Resolve = func(context.Context, string, string) ([]netip.Addr, error) {
			if down {
				return nil, errors.New("no such host")
			}
			return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
		}
		c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", web.Listener.Addr().String())
		}
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AddCert(web.Certificate())
	}})
	b := s.browser()
	page := body(t, b.ask(asking(id, "redirect_uri", uri)))
	for _, want := range []string{`<strong class="name">App</strong>, described at <strong class="name">example.com</strong>`, `<p class="target">app.example.com</p>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "Nobody has checked") {
		t.Error("the page says that nobody vouches for the client")
	}
	wantPage(t, b.ask(asking(id, "redirect_uri", loopback)), http.StatusBadRequest)
	back := b.open(s.idp.Login(t, b.approve(b.ask(asking(id, "redirect_uri", uri)))))
	code := answered(t, back).Get("code")
	s.wantUser(s.tokens(redeeming(id, code, "redirect_uri", uri)).access)

	down = true
	answer := b.ask(asking("https://example.com/other.json", "redirect_uri", uri))
	if answer.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come again")
	}
	wantPage(t, answer, http.StatusServiceUnavailable)
	answer = s.post("/token", redeeming("https://example.com/third.json", code))
	if answer.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come again")
	}
	wantError(t, answer, http.StatusServiceUnavailable, "temporarily_unavailable")
}

func TestARefusalReachesTheClient(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	b := s.browser()
	got := answered(t, b.submit(url.Values{"form": {formOf(t, b.ask(asking(id)))}, "action": {"deny"}, "write": {"on"}}))
	want := url.Values{"error": {"access_denied"}, "error_description": got["error_description"], "state": {"state of the client"}, "iss": {baseURL}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the client gets (-want +got):\n%s", diff)
	}
	if s.upstream(idptest.Authorize) != 0 {
		t.Error("the provider was asked")
	}
}

func TestAConsentFormCountsOnlyInTheBrowserItWasShownIn(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	victim, attacker := s.browser(), s.browser()
	victim.ask(asking(id)) // so that it has a cookie of its own
	form := formOf(t, attacker.ask(asking(id)))
	approve := url.Values{"form": {form}, "action": {"approve"}}
	for _, test := range []struct {
		name    string
		browser *browser
		form    url.Values
		header  []string
		status  int
	}{
		{"in another browser", victim, approve, nil, http.StatusForbidden},
		{"without cookies", s.browser(), approve, nil, http.StatusForbidden},
		{"from another site", attacker, approve, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"from another site, in an old browser", attacker, approve, []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"from a sandboxed frame", attacker, approve, []string{"Origin", "null"}, http.StatusForbidden},
		{"without a form", attacker, url.Values{"action": {"approve"}}, nil, http.StatusForbidden},
		{"with another form", attacker, url.Values{"form": {id}, "action": {"approve"}}, nil, http.StatusForbidden},
		{"without an answer", attacker, url.Values{"form": {form}}, nil, http.StatusBadRequest},
		{"with an unknown answer", attacker, url.Values{"form": {form}, "action": {"perhaps"}}, nil, http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) { wantPage(t, test.browser.submit(test.form, test.header...), test.status) })
	}
	t.Run("by GET", func(t *testing.T) {
		wantPage(t, attacker.open(baseURL+"/consent?"+approve.Encode()), http.StatusMethodNotAllowed)
	})
	if s.upstream(idptest.Authorize) != 0 {
		t.Error("the provider was asked")
	}
}

func TestAConsentPageEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, options{})
		id := s.register(loopback)
		b := s.browser()
		page := b.ask(asking(id))
		form := formOf(t, page)
		time.Sleep(11 * time.Minute)
		wantPage(t, b.submit(url.Values{"form": {form}, "action": {"approve"}}), http.StatusBadRequest)
		// The cookie is as young as the page.
		again := formOf(t, b.ask(asking(id)))
		if location(t, b.submit(url.Values{"form": {again}, "action": {"approve"}})) == "" {
			t.Error("a new page does not work")
		}
	})
}

func TestAPageLastsAsLongAsOneThatWasShownBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, options{})
		id := s.register(loopback)
		b := s.browser()
		b.ask(asking(id))
		time.Sleep(9 * time.Minute)
		form := formOf(t, b.ask(asking(id)))
		time.Sleep(9 * time.Minute)
		if location(t, b.submit(url.Values{"form": {form}, "action": {"approve"}})) == "" {
			t.Error("the newer page ended with the older one")
		}
	})
}

func TestTabsDoNotDisturbEachOther(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	b := s.browser()
	first, second := b.ask(asking(id, "state", "one")), b.ask(asking(id, "state", "two"))
	toFirst, toSecond := b.approve(first), b.approve(second)
	if got := b.finish(toSecond); got.Get("state") != "two" || got.Get("code") == "" {
		t.Errorf("the second tab: %v", got)
	}
	if got := b.finish(toFirst); got.Get("state") != "one" || got.Get("code") == "" {
		t.Errorf("the first tab: %v", got)
	}
}

func TestABrowserKeepsFewLoginsAtOnce(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	b := s.browser()
	for range 20 {
		b.approve(b.ask(asking(id)))
	}
	root, err := url.Parse(baseURL)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.jar.Cookies(root)); n > 7 {
		t.Errorf("the browser holds %d cookies", n)
	}
}

func TestCookiesBelongToThisHostAlone(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	b := s.browser()
	page := b.ask(asking(id))
	answer := b.submit(url.Values{"form": {formOf(t, page)}, "action": {"approve"}})
	cookies := append(page.Cookies(), answer.Cookies()...)
	if len(cookies) != 2 {
		t.Fatalf("%d cookies", len(cookies))
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 600 {
			t.Errorf("cookie %+v", c)
		}
	}
	local := newSite(t, options{server: func(o *oidc.Settings) { o.BaseURL = "http://127.0.0.1:8001" }})
	c := local.browser().ask(asking(local.register(loopback), "resource", "")).Cookies()[0]
	if strings.HasPrefix(c.Name, "__Host-") || c.Secure || !c.HttpOnly {
		t.Errorf("without TLS: %+v", c)
	}
}

func TestWithoutItsProviderTheServerSaysSo(t *testing.T) {
	s := newSite(t, options{stopped: true})
	id := s.register(loopback)
	answer := s.browser().ask(asking(id))
	if answer.Header.Get("Retry-After") == "" {
		t.Error("it does not say when to come again")
	}
	wantPage(t, answer, http.StatusServiceUnavailable)

	// The provider goes between the page and its answer.
	s = newSite(t, options{})
	b := s.browser()
	page := b.ask(asking(s.register(loopback)))
	stopped := newSite(t, options{stopped: true})
	s.settings.Provider = stopped.settings.Provider
	s.restart()
	wantPage(t, b.submit(url.Values{"form": {formOf(t, page)}, "action": {"approve"}}), http.StatusServiceUnavailable)
}

func TestPagesTakeNoOtherMethods(t *testing.T) {
	s := newSite(t, options{})
	for _, test := range []struct{ method, path, allow string }{
		{http.MethodPut, "/authorize", "GET, POST"},
		{http.MethodDelete, "/consent", "POST"},
		{http.MethodPost, "/oauth/callback", "GET"},
		{http.MethodPost, "/auth/callback", "GET"},
	} {
		answer := s.do(s.request(test.method, test.path, ""))
		wantPage(t, answer, http.StatusMethodNotAllowed)
		if got := answer.Header.Get("Allow"); got != test.allow {
			t.Errorf("%s %s allows %q", test.method, test.path, got)
		}
	}
	// A request may come by POST (OpenID Connect Core, section 3.1.2.1).
	formOf(t, s.post("/authorize", asking(s.register(loopback))))
}

func TestALongFormIsRefused(t *testing.T) {
	s := newSite(t, options{})
	wantPage(t, s.post("/consent", url.Values{"form": {strings.Repeat("x", 40<<10)}}), http.StatusRequestEntityTooLarge)
}

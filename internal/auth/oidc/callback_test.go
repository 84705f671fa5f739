package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"infrahub-mcp/internal/auth/oidc"
	"infrahub-mcp/internal/auth/oidc/idptest"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

// callbackPaths are those where the provider may send users back to.
var callbackPaths = []string{"/oauth/callback", "/auth/callback", "/sso/back"}

// otherCallback makes a site whose callback is at the path.
func otherCallback(path string) options {
	return options{server: func(o *oidc.Settings) { o.RedirectPath = path }}
}

func TestACallbackCountsOnceInTheBrowserThatWasSentAway(t *testing.T) {
	for _, path := range callbackPaths {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, otherCallback(path))
				id := s.register(loopback)
				victim, attacker := s.browser(), s.browser()
				victim.approve(victim.ask(asking(id))) // has a login of its own under way

				back := s.idp.Login(t, attacker.approve(attacker.ask(asking(id))))
				wantPage(t, s.browser().open(back), http.StatusForbidden)
				wantPage(t, victim.open(back), http.StatusForbidden)

				// The attacker plants the cookie of his login in the victim's browser,
				// under the name of the victim's own.
				r := s.request(http.MethodGet, path+"?code=x&state=of-the-victim", "")
				for _, c := range attacker.jar.Cookies(r.URL) {
					if strings.Contains(c.Name, "imcp_s_") {
						r.AddCookie(&http.Cookie{Name: "__Host-imcp_s_" + challengeOf("of-the-victim")[:8], Value: c.Value})
					}
				}
				wantPage(t, s.do(r), http.StatusForbidden)
				if s.upstream(idptest.Token) != 0 {
					t.Error("the provider was asked for tokens")
				}

				r = s.request(http.MethodGet, strings.TrimPrefix(back, baseURL), "")
				for _, c := range attacker.jar.Cookies(r.URL) {
					r.AddCookie(c)
				}
				again := r.Clone(t.Context())
				if answered(t, attacker.open(back)).Get("code") == "" {
					t.Fatal("no code")
				}
				wantPage(t, attacker.open(back), http.StatusForbidden)
				// A browser that kept the cookie gets no further.
				wantPage(t, s.do(again), http.StatusBadRequest)
				if n := s.upstream(idptest.Token); n != 1 {
					t.Errorf("the provider was asked for tokens %d times", n)
				}

				late := s.idp.Login(t, attacker.approve(attacker.ask(asking(id))))
				time.Sleep(11 * time.Minute)
				wantPage(t, attacker.open(late), http.StatusForbidden)
			})
		})
	}
}

// Whoever was sent to the provider by somebody else has not consented here (the
// attack of CVE-2026-27124).
func TestAConsentOfSomebodyElseIsWorthNothing(t *testing.T) {
	s := newSite(t, options{})
	attacker, victim := s.browser(), s.browser()
	lure := attacker.approve(attacker.ask(asking(s.register("https://evil.example/callback"), "redirect_uri", "https://evil.example/callback")))
	wantPage(t, victim.open(s.idp.Login(t, lure)), http.StatusForbidden)
	if s.upstream(idptest.Token) != 0 {
		t.Error("the provider was asked for tokens")
	}
}

func TestTheCallbackAlwaysIsAtTheOldPlacesToo(t *testing.T) {
	s := newSite(t, otherCallback("/sso/back"))
	id := s.register(loopback)
	for _, path := range callbackPaths {
		b := s.browser()
		back := s.idp.Login(t, b.approve(b.ask(asking(id))))
		if got := answered(t, b.open(strings.Replace(back, "/sso/back", path, 1))); got.Get("code") == "" {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestAnIncompleteCallbackIsRefused(t *testing.T) {
	s := newSite(t, options{})
	for _, query := range []string{"", "?code=a", "?code=a&state=", "?state=a&state=b&code=c", "?code=a&code=b&state=c"} {
		wantPage(t, s.browser().open(baseURL+"/oauth/callback"+query), http.StatusBadRequest)
	}
}

func TestTheIssuerOfACallbackIsChecked(t *testing.T) {
	for name, change := range map[string]func(url.Values){
		"another issuer": func(q url.Values) { q.Set("iss", "https://evil.example") },
		"no issuer":      func(q url.Values) { q.Del("iss") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, options{})
			b := s.browser()
			u, err := url.Parse(s.idp.Login(t, b.approve(b.ask(asking(s.register(loopback))))))
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			change(q)
			u.RawQuery = q.Encode()
			wantPage(t, b.open(u.String()), http.StatusForbidden)
			if s.upstream(idptest.Token) != 0 {
				t.Error("the provider was asked for tokens")
			}
		})
	}
}

func TestWhatTheProviderSaysWhenItRefusesStaysHere(t *testing.T) {
	const markup = `<script>alert("x")</script>`
	for _, test := range []struct{ code, want, shown string }{
		{"access_denied", "access_denied", ""},
		{"temporarily_unavailable", "temporarily_unavailable", ""},
		{"login_required", "server_error", "login_required"},
		{"consent_required", "server_error", "consent_required"},
		{"invalid_scope", "server_error", "invalid_scope"},
		{markup, "server_error", ""},
		{strings.Repeat("a", 65), "server_error", ""},
	} {
		t.Run(test.code, func(t *testing.T) {
			m := telemetry.NewMetrics("test")
			s := newSite(t, options{server: func(s *oidc.Settings) { s.Metrics = m }})
			s.idp.Deny(test.code, markup)
			b := s.browser()
			got := b.finish(b.approve(b.ask(asking(s.register(loopback)))))
			description := got.Get("error_description")
			if got.Get("error") != test.want || got.Get("state") != "state of the client" || !strings.Contains(description, test.shown) || strings.ContainsAny(description, `<>"`) {
				t.Errorf("the client gets %v", got)
			}
			if test.code == "invalid_scope" && !strings.Contains(s.log.String(), `scopes="[openid email profile write`) {
				t.Errorf("the log does not say which scopes were asked for:\n%s", s.log)
			}
			wantLogin(t, m, "refused")
			if strings.Contains(s.log.String(), "script") {
				t.Errorf("the log:\n%s", s.log)
			}
		})
	}
}

func TestALoginThatTheProviderDoesNotCompleteIsReported(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault idptest.Fault
		want  string
		says  string
	}{
		{"it fails", idptest.Fault{Status: http.StatusInternalServerError}, "temporarily_unavailable", "does not answer"},
		{"it does not answer", idptest.Fault{Drop: true}, "temporarily_unavailable", "does not answer"},
		{"it refuses", idptest.Fault{Status: http.StatusBadRequest, Body: `{"error":"invalid_grant","error_description":"<b>no</b>"}`}, "server_error", "(invalid_grant)"},
		{"it answers something else", idptest.Fault{Status: http.StatusOK, Body: `{}`}, "temporarily_unavailable", "does not answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := telemetry.NewMetrics("test")
			s := newSite(t, options{server: func(s *oidc.Settings) { s.Metrics = m }})
			s.idp.Fault(idptest.Token, test.fault)
			b := s.browser()
			got := b.finish(b.approve(b.ask(asking(s.register(loopback)))))
			if got.Get("error") != test.want || got.Has("code") || !strings.Contains(got.Get("error_description"), test.says) || strings.Contains(got.Get("error_description"), "<") {
				t.Errorf("the client gets %v\n%s", got, s.log)
			}
			wantLogin(t, m, "failed")
		})
	}
}

func TestALoginIsCounted(t *testing.T) {
	m := telemetry.NewMetrics("test")
	newSite(t, options{server: func(s *oidc.Settings) { s.Metrics = m }}).login()
	wantLogin(t, m, "ok")
}

// wantLogin checks that one login was counted, and how it ended.
func wantLogin(t *testing.T, m *telemetry.Metrics, outcome string) {
	t.Helper()
	for series, value := range metricstest.Read(t, m) {
		want := 0.0
		if series == `logins_total{at="provider",outcome="`+outcome+`"}` {
			want = 1
		}
		if strings.HasPrefix(series, "logins_total") && value != want {
			t.Errorf("%s is %v, want %v", series, value, want)
		}
	}
}

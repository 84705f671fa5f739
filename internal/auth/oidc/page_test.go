package oidc_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"infrahub-mcp/internal/auth/oidc"
	"infrahub-mcp/internal/auth/oidc/client"
)

// registerAs makes a client with a name known.
func (s *site) registerAs(name, uri string) string {
	s.t.Helper()
	metadata, err := json.Marshal(map[string]any{"client_name": name, "redirect_uris": []string{uri}})
	if err != nil {
		s.t.Fatal(err)
	}
	id, _ := fields(s.t, s.do(s.request(http.MethodPost, "/register", string(metadata), "Content-Type", "application/json")))["client_id"].(string)
	return id
}

func TestTheConsentPageSaysWhoAsksAndWhereTheAnswerGoes(t *testing.T) {
	const private = "com.example.app:/callback"
	for _, test := range []struct {
		name, client, uri string
		base              string
		server            func(*oidc.Settings)
		has, lacks        []string
	}{
		{
			name: "a program on this machine", client: "Editor", uri: loopback,
			has: []string{"<strong class=\"name\">Editor</strong>", `<p class="target">127.0.0.1`, loopback, "on the machine of this browser", `name="write"`, "checked"},
		},
		{
			name: "a web site", client: "Editor", uri: "https://client.example.com/callback",
			has:   []string{`<p class="target">client.example.com</p>`, "https://client.example.com/callback", "Nobody has checked the name above"},
			lacks: []string{"on the machine of this browser"},
		},
		{name: "a client without a name", uri: loopback, has: []string{"An MCP client without a name"}},
		{
			name: "a name with markup", client: `<script>alert(1)</script>"'`, uri: loopback,
			has: []string{"&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;"}, lacks: []string{"<script"},
		},
		{name: "a very long name", client: strings.Repeat("x", 10<<10), uri: loopback, has: []string{strings.Repeat("x", 79)}, lacks: []string{strings.Repeat("x", 81)}},
		{
			name: "an app by a scheme of its own", client: "App", uri: private,
			has: []string{`<p class="target">com.example.app</p>`, private},
		},
		{name: "a read-only server", client: "Editor", uri: loopback, server: func(o *oidc.Settings) { o.ReadOnly = true }, has: []string{"read what Infrahub holds</span>"}, lacks: []string{"checkbox"}},
		{name: "a server where everyone may write", client: "Editor", uri: loopback, server: func(o *oidc.Settings) { o.WriteScopes = nil }, has: []string{"read what Infrahub holds, and change it"}, lacks: []string{"checkbox"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, options{server: test.server, clients: func(c *client.Settings) { c.AllowedRedirectURIs = []string{private} }})
			answer := s.browser().ask(asking(s.registerAs(test.client, test.uri), "redirect_uri", test.uri))
			page := body(t, answer)
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("status %d:\n%s", answer.StatusCode, page)
			}
			for _, want := range test.has {
				if !strings.Contains(page, want) {
					t.Errorf("the page lacks %q:\n%s", want, page)
				}
			}
			for _, unwanted := range test.lacks {
				if strings.Contains(page, unwanted) {
					t.Errorf("the page holds %q:\n%s", unwanted, page)
				}
			}
			wantGuarded(t, answer)
			policy := answer.Header.Get("Content-Security-Policy")
			if got := strings.Contains(policy, "com.example.app:"); got != (test.uri == private) {
				t.Errorf("the policy is %q", policy)
			}
		})
	}
}

// wantGuarded checks the headers of a page.
func wantGuarded(t *testing.T, answer *http.Response) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	policy := answer.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'sha256-"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %q: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
		t.Errorf("the policy is %q", policy)
	}
}

func TestPagesOfFaultsAreGuardedToo(t *testing.T) {
	s := newSite(t, options{})
	answer := s.browser().ask(asking("nobody"))
	wantPage(t, answer, http.StatusBadRequest)
	wantGuarded(t, answer)
}

func TestRedirectsAreNotKept(t *testing.T) {
	s := newSite(t, options{})
	b := s.browser()
	id := s.register(loopback)
	page := b.ask(asking(id))
	form := formOf(t, page)
	approve := b.submit(map[string][]string{"form": {form}, "action": {"approve"}})
	back := b.open(s.idp.Login(t, location(t, approve)))
	for _, answer := range []*http.Response{approve, back} {
		if location(t, answer); answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("headers %v", answer.Header)
		}
	}
}

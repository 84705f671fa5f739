package login_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/test/mcptest"
)

func TestARestartBetweenAnyTwoStepsDoesNoHarm(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		s := at.server(t, nil)
		a, p := newApp(t, s, "Login tests"), newPerson(t)
		a.discover(t)
		s.restart(t)
		a.register(t)
		s.restart(t)
		login := a.attempt(t)
		p.must(t, p.open(t, login.url), consentPage)
		s.restart(t)
		p.must(t, p.allow(t), loginPage)
		s.restart(t)
		p.must(t, p.signIn(t, "writer"), clientPage)
		s.restart(t)
		got := a.redeem(t, login, a.answer(t))
		s.restart(t)
		a.writes(t, got.Access)
		s.restart(t)
		got = a.refresh(t, got)
		s.restart(t)
		a.writes(t, got.Access)
		s.restart(t)
		a.revoke(t, got.Refresh)
		s.restart(t)
		if _, refused := a.tryRefresh(t, got); !refused.is(http.StatusBadRequest, "invalid_grant") {
			t.Errorf("refreshing after the end: %v", refused)
		}
	})
}

func TestANewSigningKeyBesideTheOldOneLogsNobodyOut(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	a := known(t, s)
	got := a.logIn(t, newPerson(t).tab, "writer")
	s.settings["SIGNING_KEY"] = newKey() + "," + s.settings["SIGNING_KEY"]
	s.restart(t)
	a.writes(t, got.Access)
	got = a.refresh(t, got)
	newest, _, _ := strings.Cut(s.settings["SIGNING_KEY"], ",")
	s.settings["SIGNING_KEY"] = newest
	s.restart(t)
	a.writes(t, got.Access)
	// The client id was sealed with the key that is gone: the client has to be told
	// so in a way that makes it register again.
	if _, refused := a.tryRefresh(t, got); !refused.is(http.StatusUnauthorized, "invalid_client") {
		t.Errorf("refreshing as a client that is known no longer: %v", refused)
	}
	a.register(t)
	a.writes(t, a.logIn(t, newPerson(t).tab, "writer").Access)
}

// replicas are two servers behind one address, of which the tests say which one
// answers.
type replicas struct {
	both [2]*server
	turn atomic.Int64
}

// use makes the replica with an index answer from now on.
func (r *replicas) use(index int64) { r.turn.Store(index) }

// newReplicas starts two servers for one Infrahub at a place. Both are known to
// clients as the one server that is returned.
func newReplicas(t *testing.T, at place, more settings) (*replicas, *server) {
	t.Helper()
	r := &replicas{}
	base := at.front(t, func() string { return r.both[r.turn.Load()].address })
	all := atRealm().with(settings{"INFRAHUB_ADDRESS": startSandbox(t), "INFRAHUB_API_TOKEN": seed.Accounts()[0].Token}).with(more)
	for i := range r.both {
		r.both[i] = &server{address: freeAddress(t)}
		r.both[i].configure(base, all)
		r.both[i].start(t)
	}
	return r, r.both[0]
}

// startSandbox serves an Infrahub for several servers.
func startSandbox(t *testing.T) (address string) {
	t.Helper()
	p, err := mcptest.Start(mcptest.Command{Path: shared.program, Args: []string{"sandbox", "--listen", "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	said := regexp.MustCompile(`this is a sandbox: .* at (http://\S+)`)
	eventually(t, time.Minute, "the sandbox does not start", func() bool {
		found := said.FindStringSubmatch(p.Log())
		if found != nil {
			address = found[1]
		}
		return found != nil
	})
	return address
}

func TestTwoReplicasTakeTurnsOnTheStepsOfOneLogin(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		r, s := newReplicas(t, at, nil)
		for one := range int64(2) { // either of them begins
			two := 1 - one
			r.use(two)
			a, p := newApp(t, s, "Login tests"), newPerson(t)
			a.discover(t)
			a.register(t)
			login := a.attempt(t)
			r.use(one)
			p.must(t, p.open(t, login.url), consentPage)
			r.use(two)
			p.must(t, p.allow(t), loginPage)
			r.use(one)
			p.must(t, p.signIn(t, "writer"), clientPage)
			r.use(two)
			got := a.redeem(t, login, a.answer(t))
			r.use(one)
			a.writes(t, got.Access)
			got = a.refresh(t, got)
			r.use(two)
			a.writes(t, got.Access)
			got = a.refresh(t, got)
			r.use(one)
			a.writes(t, got.Access)
		}
	})
}

func TestReplicasThatShareAStoreSeeWhatTheOtherSaw(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		store := miniredis.RunT(t)
		r, s := newReplicas(t, at, settings{"STATE_URL": "redis://" + store.Addr()})
		a, p := known(t, s), newPerson(t)
		login := a.attempt(t)
		p.logIn(t, login.url, "writer")
		answer := a.answer(t)
		got := a.redeem(t, login, answer)
		a.writes(t, got.Access)
		r.use(1)
		if _, refused := a.tryRedeem(t, login, answer); !refused.is(http.StatusBadRequest, "invalid_grant") {
			t.Errorf("the second use of the code: %v", refused)
		}
		ended := func(what string) {
			t.Helper()
			for i := range int64(2) {
				r.use(i)
				eventually(t, time.Minute, what+" is accepted", func() bool { return !a.works(t, got.Access) })
			}
		}
		ended("the token of a login that was ended")
		got = a.logIn(t, p.tab, "writer")
		r.use(0)
		again := a.refresh(t, got)
		r.use(1)
		if raced := a.refresh(t, got); raced.Refresh != again.Refresh {
			t.Error("a refresh that was repeated at the other replica gave other tokens")
		}
		a.revoke(t, again.Refresh)
		ended("a token of a login that was revoked")
	})
}

func TestTheProviderMayBeDownAtTheStart(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		g := newGate(t, shared.keycloak.url)
		g.close()
		a := known(t, at.serverWith(t, shared.realm.atKeycloak(g.url())))
		p := newPerson(t)
		p.must(t, p.open(t, a.attempt(t).url), otherPage)
		if status := p.status(); status != http.StatusServiceUnavailable {
			t.Errorf("without a provider the browser sees status %d: %s", status, p.text(t))
		}
		p.picture(t, "provider-away")
		g.reopen(t)
		eventually(t, 2*time.Minute, "logins are still refused", func() bool { return p.open(t, a.attempt(t).url) == consentPage })
		a.writes(t, a.logIn(t, p.tab, "writer").Access)
	})
}

func TestTheProviderMayGoDownLater(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		g := newGate(t, shared.keycloak.url)
		a := known(t, at.serverWith(t, shared.realm.atKeycloak(g.url())))
		got := a.logIn(t, newPerson(t).tab, "writer")
		g.close()
		a.writes(t, got.Access)
		for range 2 {
			if _, refused := a.tryRefresh(t, got); !refused.is(http.StatusServiceUnavailable, "temporarily_unavailable") {
				t.Errorf("refreshing without a provider: %v", refused)
			}
		}
		g.reopen(t)
		a.writes(t, a.refresh(t, got).Access)
	})
}

func TestTheProviderMayGoDownDuringALogin(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		g := newGate(t, shared.keycloak.url)
		a := known(t, at.serverWith(t, shared.realm.atKeycloak(g.url())))
		p := newPerson(t)
		login := a.attempt(t)
		p.must(t, p.open(t, login.url), consentPage)
		p.must(t, p.allow(t), loginPage)
		back := p.signInHeld(t, "writer", "/callback")
		g.close()
		p.must(t, p.open(t, back), clientPage)
		a.refused(t, login, a.answer(t), "temporarily_unavailable")
		g.reopen(t)
		a.writes(t, a.logIn(t, p.tab, "writer").Access)
	})
}

func TestAWrongSettingIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello") }))
	t.Cleanup(page.Close)
	without := func(names ...string) settings {
		all := atRealm()
		for _, name := range names {
			delete(all, name)
		}
		return all
	}
	// Keycloak calls itself by the name that it is asked by.
	provider, err := url.Parse(shared.keycloak.url)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(provider) }})
	t.Cleanup(elsewhere.Close)
	for name, test := range map[string]struct {
		all  settings
		says []string
	}{
		"a realm that there is not":         {atRealm().with(settings{"OIDC_CONFIG_URL": shared.keycloak.url + "/realms/none/.well-known/openid-configuration"}), []string{"INFRAHUB_MCP_OIDC_CONFIG_URL"}},
		"a page that is no discovery":       {atRealm().with(settings{"OIDC_CONFIG_URL": page.URL + "/.well-known/openid-configuration"}), []string{"INFRAHUB_MCP_OIDC_CONFIG_URL"}},
		"a provider with another name":      {atRealm().with(settings{"OIDC_CONFIG_URL": shared.realm.config(elsewhere.URL)}), []string{shared.realm.issuer(shared.keycloak.url)}},
		"no setting of the provider at all": {without("OIDC_CONFIG_URL", "OIDC_CLIENT_ID"), []string{"INFRAHUB_MCP_OIDC_CONFIG_URL", "INFRAHUB_MCP_OIDC_CLIENT_ID"}},
		"a key that is none":                {atRealm().with(settings{"SIGNING_KEY": "short"}), []string{"INFRAHUB_MCP_SIGNING_KEY"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepare(t, test.all)
			s.launch(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			status, err := s.Wait(ctx)
			if err != nil || status == 0 {
				t.Fatalf("exit status %d, %v: %s", status, err, s.Log())
			}
			for _, want := range test.says {
				if !strings.Contains(s.Log(), want) {
					t.Errorf("the log does not say %q: %s", want, s.Log())
				}
			}
		})
	}
}

package oidc_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc"
	"infrahub-mcp/internal/auth/oidc/idptest"
	"infrahub-mcp/internal/auth/oidc/ledger"
	"infrahub-mcp/internal/state"
)

// mustKeys returns keys made of one byte each, newest first.
func mustKeys(t *testing.T, secrets ...byte) auth.Keys {
	t.Helper()
	var texts []string
	for _, secret := range secrets {
		texts = append(texts, strings.Repeat(string(secret), 43)+"=") // 32 bytes in base64
	}
	keys, err := auth.ParseKeys(strings.Join(texts, ","))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestATokenRequestThatIsWrongIsRefused(t *testing.T) {
	s := newSite(t, options{})
	id, other := s.register(loopback), s.register("https://client.example.com/callback")
	code := s.code(id)
	refresh := s.tokens(redeeming(id, s.code(id))).refresh
	access := s.tokens(redeeming(id, s.code(id))).access
	const wrong = "another-verifier-with-forty-three-letters-00000"
	for _, test := range []struct {
		name   string
		form   url.Values
		status int
		code   string
	}{
		{"without a grant type", redeeming(id, code, "grant_type", ""), 400, "invalid_request"},
		{"of another grant type", redeeming(id, code, "grant_type", "password"), 400, "unsupported_grant_type"},
		{"without a client", redeeming("", code, "client_id", ""), 400, "invalid_request"},
		{"of an unknown client", redeeming("nobody", code), 401, "invalid_client"},
		{"without a code", redeeming(id, "", "code", ""), 400, "invalid_grant"},
		{"with a code that is none", redeeming(id, "x"), 400, "invalid_grant"},
		{"with a refresh token for a code", redeeming(id, refresh), 400, "invalid_grant"},
		{"with an access token for a code", redeeming(id, access), 400, "invalid_grant"},
		{"with a code of another client", redeeming(other, code), 400, "invalid_grant"},
		{"with another redirect URI", redeeming(id, code, "redirect_uri", "http://127.0.0.1:4712/callback"), 400, "invalid_grant"},
		{"for another resource", redeeming(id, code, "resource", "https://other.example.com/mcp"), 400, "invalid_target"},
		{"without a verifier", redeeming(id, code, "code_verifier", ""), 400, "invalid_request"},
		{"with a short verifier", redeeming(id, code, "code_verifier", verifier[:42]), 400, "invalid_request"},
		{"with a long verifier", redeeming(id, code, "code_verifier", strings.Repeat("a", 129)), 400, "invalid_request"},
		{"with a strange verifier", redeeming(id, code, "code_verifier", verifier+"+"), 400, "invalid_request"},
		{"with another verifier", redeeming(id, code, "code_verifier", wrong), 400, "invalid_grant"},
		{"with the challenge for the verifier", redeeming(id, code, "code_verifier", challengeOf(verifier)), 400, "invalid_grant"},
		{"without a refresh token", refreshing(id, "", "refresh_token", ""), 400, "invalid_grant"},
		{"with a code for a refresh token", refreshing(id, code), 400, "invalid_grant"},
		{"with an access token for a refresh token", refreshing(id, access), 400, "invalid_grant"},
		{"with a client id for a refresh token", refreshing(id, id), 400, "invalid_grant"},
		{"with a refresh token of another client", refreshing(other, refresh), 400, "invalid_grant"},
		{"with a refresh token for another resource", refreshing(id, refresh, "resource", "https://other.example.com/mcp"), 400, "invalid_target"},
		{"with a refresh token for more", refreshing(id, refresh, "scope", "write admin"), 400, "invalid_scope"},
	} {
		t.Run(test.name, func(t *testing.T) { wantError(t, s.post("/token", test.form), test.status, test.code) })
	}
	t.Run("with a parameter twice", func(t *testing.T) {
		form := redeeming(id, code)
		form.Add("resource", baseURL+"/mcp")
		wantError(t, s.post("/token", form), 400, "invalid_request")
	})
	t.Run("in JSON", func(t *testing.T) {
		answer := s.do(s.request(http.MethodPost, "/token", redeeming(id, code).Encode(), "Content-Type", "application/json"))
		if text := body(t, answer); answer.StatusCode != http.StatusBadRequest || !strings.Contains(text, "content type") {
			t.Errorf("%d %s", answer.StatusCode, text)
		}
	})
	t.Run("that is too long", func(t *testing.T) {
		wantError(t, s.post("/token", redeeming(id, strings.Repeat("x", 40<<10))), 413, "invalid_request")
	})
	t.Run("by GET", func(t *testing.T) {
		answer := s.do(s.request(http.MethodGet, "/token", ""))
		if answer.Header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("it allows %q", answer.Header.Get("Allow"))
		}
		wantError(t, answer, 405, "invalid_request")
	})
	// None of these has used up the code or the refresh token.
	s.tokens(redeeming(id, code))
	s.tokens(refreshing(id, refresh))
}

func TestAClientMayNameItselfInAHeader(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	r := s.request(http.MethodPost, "/token", redeeming("", s.code(id), "client_id", "").Encode(), "Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(id), "")
	if answer := s.do(r); answer.StatusCode != http.StatusOK {
		t.Errorf("%d %s", answer.StatusCode, body(t, answer))
	}
}

func TestACodeCountsOnce(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	code := s.code(id)
	got := s.tokens(redeeming(id, code))
	s.wantUser(got.access)
	wantError(t, s.post("/token", redeeming(id, code)), 400, "invalid_grant")
	s.wantRefused("the access token of a code that was used twice", got.access)
	wantError(t, s.post("/token", refreshing(id, got.refresh)), 400, "invalid_grant")
	if s.upstream(idptest.Token) != 1 {
		t.Error("the provider was asked for a login that has ended")
	}
}

func TestOfManyThatRedeemACodeOneSucceeds(t *testing.T) {
	s := newSite(t, options{})
	id := s.register(loopback)
	code := s.code(id)
	var group sync.WaitGroup
	statuses := make(chan int, 50)
	for range 50 {
		group.Go(func() { statuses <- s.post("/token", redeeming(id, code)).StatusCode })
	}
	group.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	if count[200] != 1 || count[400] != 49 {
		t.Errorf("statuses: %v", count)
	}
}

func TestCodesAndTokensEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, options{})
		s.idp.Configure(func(b *idptest.Behavior) { b.ExpiresIn = 7200 })
		id := s.register(loopback)
		code, late := s.code(id), s.code(id)
		got := s.tokens(redeeming(id, code))
		time.Sleep(61 * time.Second)
		wantError(t, s.post("/token", redeeming(id, late)), 400, "invalid_grant")

		time.Sleep(time.Hour - 61*time.Second + 30*time.Second)
		s.wantUser(got.access) // clocks of replicas differ
		time.Sleep(time.Minute)
		answer := s.mcp(got.access)
		if challenge := answer.Header.Get("WWW-Authenticate"); answer.StatusCode != http.StatusUnauthorized || !strings.Contains(challenge, "has expired") {
			t.Errorf("an expired token: %d %q", answer.StatusCode, challenge)
		}

		// However often it is renewed, a login lasts thirty days.
		for range 30 {
			got = s.tokens(refreshing(id, got.refresh))
			time.Sleep(24 * time.Hour)
		}
		wantError(t, s.post("/token", refreshing(id, got.refresh)), 400, "invalid_grant")
	})
}

func TestAnAccessTokenLastsNoLongerThanThoseOfTheProvider(t *testing.T) {
	s := newSite(t, options{})
	s.idp.Configure(func(b *idptest.Behavior) { b.ExpiresIn = 300 })
	id := s.register(loopback)
	answer := s.post("/token", redeeming(id, s.code(id)))
	if got := fields(t, answer); got["expires_in"] != 300.0 || got["token_type"] != "Bearer" {
		t.Errorf("answered %v", got)
	}
	if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Pragma") != "no-cache" {
		t.Errorf("the answer may be kept: %v", answer.Header)
	}
}

func TestARefreshRotates(t *testing.T) {
	for _, rotates := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, options{})
			s.idp.Configure(func(b *idptest.Behavior) { b.RotateRefresh = rotates })
			id, first := s.login()
			second := s.tokens(refreshing(id, first.refresh))
			if second.refresh == first.refresh || second.access == first.access || second.scope != "write" {
				t.Errorf("the same tokens came again, or another scope: %q", second.scope)
			}
			s.wantUser(second.access)

			// The client did not get the answer and asks again.
			time.Sleep(20 * time.Second)
			if again := s.tokens(refreshing(id, first.refresh)); again != second {
				t.Error("a repeated refresh makes other tokens")
			}
			third := s.tokens(refreshing(id, second.refresh))
			s.wantUser(third.access)

			// A thief comes later.
			time.Sleep(20 * time.Second)
			wantError(t, s.post("/token", refreshing(id, first.refresh)), 400, "invalid_grant")
			s.wantRefused("the access token of a login whose refresh token was used twice", third.access)
			wantError(t, s.post("/token", refreshing(id, third.refresh)), 400, "invalid_grant")
		})
	}
}

func TestClientsThatRaceWithARefreshGetTheSameTokens(t *testing.T) {
	s := newSite(t, options{})
	s.idp.Configure(func(b *idptest.Behavior) { b.RotateRefresh = true })
	id, first := s.login()
	var group sync.WaitGroup
	answers := make(chan granted, 20)
	for range 20 {
		group.Go(func() {
			answer := s.post("/token", refreshing(id, first.refresh))
			got := fields(t, answer)
			access, _ := got["access_token"].(string)
			refresh, _ := got["refresh_token"].(string)
			answers <- granted{access: access, refresh: refresh}
		})
	}
	group.Wait()
	close(answers)
	all := map[granted]bool{}
	for got := range answers {
		all[got] = true
	}
	if len(all) != 1 || all[granted{}] {
		t.Errorf("%d different answers", len(all))
	}
	if n := s.upstream(idptest.Token); n != 2 { // the login and one refresh
		t.Errorf("the provider was asked %d times", n)
	}
}

// A provider that takes each of its refresh tokens once refuses the slower of two
// replicas, whose client then gets what the faster one made.
func TestReplicasThatRaceWithARefreshDoNotEndTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fast := newSite(t, options{})
		fast.idp.Configure(func(b *idptest.Behavior) { b.RotateRefresh = true })
		slow := newSite(t, options{idp: fast.idp, server: func(o *oidc.Settings) { o.Ledger = fast.settings.Ledger }})
		id, first := fast.login()
		fast.idp.Fault(idptest.Token, idptest.Fault{Delay: time.Second, Times: 1})
		slower := make(chan granted)
		go func() { slower <- slow.tokens(refreshing(id, first.refresh)) }()
		synctest.Wait() // until the slower one waits for the provider
		faster := fast.tokens(refreshing(id, first.refresh))
		if got := <-slower; got != faster {
			t.Error("two replicas made different tokens")
		}
		fast.wantUser(faster.access)
	})
}

func TestARefreshMayAskForLess(t *testing.T) {
	s := newSite(t, options{})
	id, first := s.login()
	less := s.tokens(refreshing(id, first.refresh, "scope", "offline_access"))
	if user := s.wantUser(less.access); less.scope != "" || user["write"] != false {
		t.Errorf("scope %q, may write %v", less.scope, user["write"])
	}
	// Less is that access token, not the login.
	if all := s.tokens(refreshing(id, less.refresh)); all.scope != "write" {
		t.Errorf("the login has the scope %q", all.scope)
	}
}

func TestWhatTheProviderTakesAwayIsGoneAfterARefresh(t *testing.T) {
	s := newSite(t, options{})
	s.idp.Configure(func(b *idptest.Behavior) { b.Scope = idptest.ScopeAlways })
	id, first := s.login()
	s.idp.SetUser(idptest.User{Subject: "user-1", Claims: map[string]any{"email": "ann.new@example.com", "email_verified": true}})
	second := s.tokens(refreshing(id, first.refresh))
	user := s.wantUser(second.access)
	if second.scope != "" || user["write"] != false {
		t.Errorf("scope %q, user %v", second.scope, user)
	}
	// It does not come back by itself: the user has to log in again.
	s.idp.SetUser(idptest.User{Subject: "user-1", Scopes: []string{"write"}})
	if third := s.tokens(refreshing(id, second.refresh)); third.scope != "" {
		t.Errorf("scope %q", third.scope)
	}
}

func TestAUserWhomTheProviderLocksOutIsOut(t *testing.T) {
	s := newSite(t, options{})
	id, first := s.login()
	s.idp.Disable(true)
	wantError(t, s.post("/token", refreshing(id, first.refresh)), 400, "invalid_grant")
	s.wantRefused("the access token of a user who was locked out", first.access)

	// So is one who has to prove more at the provider, which only a login can do.
	s = newSite(t, options{})
	id, first = s.login()
	s.idp.Fault(idptest.Token, idptest.Fault{Status: http.StatusBadRequest, Body: `{"error":"interaction_required"}`})
	wantError(t, s.post("/token", refreshing(id, first.refresh)), 400, "invalid_grant")
}

func TestAnOutageOfTheProviderCostsNobodyTheLogin(t *testing.T) {
	for name, fault := range map[string]idptest.Fault{
		"it fails":                              {Status: http.StatusBadGateway, Body: "<html>"},
		"it does not answer":                    {Drop: true},
		"it limits":                             {Status: http.StatusTooManyRequests},
		"it does not know this server any more": {Status: http.StatusUnauthorized, Body: `{"error":"invalid_client"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, options{})
			id, first := s.login()
			s.idp.Fault(idptest.Token, fault)
			answer := s.post("/token", refreshing(id, first.refresh))
			if answer.Header.Get("Retry-After") == "" {
				t.Error("it does not say when to come again")
			}
			wantError(t, answer, 503, "temporarily_unavailable")
			s.wantUser(first.access)
			s.idp.Heal(idptest.Token)
			s.wantUser(s.tokens(refreshing(id, first.refresh)).access)
		})
	}
}

func TestWithoutARefreshTokenOfTheProviderThereIsNoneHere(t *testing.T) {
	s := newSite(t, options{})
	s.idp.Configure(func(b *idptest.Behavior) { b.Refresh = idptest.RefreshNever })
	if _, got := s.login(); got.refresh != "" {
		t.Error("there is a refresh token")
	}
}

func TestRevocation(t *testing.T) {
	s := newSite(t, options{})
	id, got := s.login()
	other, rest := s.login()

	for _, form := range []url.Values{
		{"token": {"nonsense"}, "client_id": {id}},
		{"token": {got.refresh}, "client_id": {other}},
		{"token": {got.access}, "client_id": {other}},
		{"token": {id}},
	} {
		if answer := s.post("/revoke", form); answer.StatusCode != http.StatusOK {
			t.Errorf("%d %s", answer.StatusCode, body(t, answer))
		}
	}
	s.wantUser(got.access)
	if s.upstream(idptest.Revocation) != 0 {
		t.Error("the provider was told to revoke")
	}
	wantError(t, s.post("/revoke", url.Values{"client_id": {id}}), 400, "invalid_request")
	wantError(t, s.do(s.request(http.MethodPost, "/revoke", "token=x", "Content-Type", "text/plain")), 400, "invalid_request")

	// An access token goes alone.
	if answer := s.post("/revoke", url.Values{"token": {got.access}, "client_id": {id}, "token_type_hint": {"refresh_token"}}); answer.StatusCode != http.StatusOK {
		t.Errorf("%d %s", answer.StatusCode, body(t, answer))
	}
	s.wantRefused("a revoked access token", got.access)
	second := s.tokens(refreshing(id, got.refresh))
	s.wantUser(second.access)

	// A refresh token takes the login with it, without a client id too.
	if answer := s.post("/revoke", url.Values{"token": {second.refresh}}); answer.StatusCode != http.StatusOK {
		t.Errorf("%d %s", answer.StatusCode, body(t, answer))
	}
	s.wantRefused("the access token of a revoked login", second.access)
	wantError(t, s.post("/token", refreshing(id, second.refresh)), 400, "invalid_grant")
	revoked := s.idp.Requests(idptest.Revocation)
	if len(revoked) != 1 || revoked[0].Get("token") == "" || revoked[0].Get("token") == second.refresh {
		t.Errorf("the provider is told to revoke %d tokens", len(revoked))
	}
	s.wantUser(rest.access)
}

func TestARevocationCountsThoughTheProviderIsDown(t *testing.T) {
	s := newSite(t, options{})
	id, got := s.login()
	s.idp.Down(true)
	if answer := s.post("/revoke", url.Values{"token": {got.refresh}, "client_id": {id}}); answer.StatusCode != http.StatusOK {
		t.Errorf("%d %s", answer.StatusCode, body(t, answer))
	}
	s.wantRefused("a revoked login", got.access)
}

func TestKeysMayBeReplacedWhileTheyAreInUse(t *testing.T) {
	s := newSite(t, options{server: func(o *oidc.Settings) { o.Keys = mustKeys(t, 'a') }})
	id, got := s.login()
	use := func(secrets ...byte) {
		next := newSite(t, options{idp: s.idp, server: func(o *oidc.Settings) { o.Keys, o.Ledger = mustKeys(t, secrets...), s.settings.Ledger }})
		s.settings, s.server, s.handler = next.settings, next.server, next.handler
	}
	use('b', 'a')
	s.wantUser(got.access)
	second := s.tokens(refreshing(id, got.refresh))
	use('b')
	s.wantRefused("a token of a retired key", got.access)
	s.wantUser(second.access)
	wantError(t, s.post("/token", refreshing(id, second.refresh)), 401, "invalid_client") // the id of the client is of the old key
	wantError(t, s.post("/token", refreshing(s.register(loopback), got.refresh)), 400, "invalid_grant")
}

func TestAnyReplicaServesAnyStep(t *testing.T) {
	redis := miniredis.RunT(t)
	var connections []*state.Redis
	store := func() *ledger.Redis {
		shared, err := state.New(state.Settings{Address: "redis://" + redis.Addr(), Keys: [][]byte{make([]byte, 32)}, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = shared.Close() })
		connections = append(connections, shared)
		store, err := ledger.NewRedis(t.Context(), shared)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		return store
	}
	first := newSite(t, options{server: func(o *oidc.Settings) { o.Ledger = store() }})
	second := newSite(t, options{idp: first.idp, server: func(o *oidc.Settings) { o.Ledger = store() }})

	id := first.register(loopback)
	b := first.browser()
	page := b.ask(asking(id))
	b.site = second
	toProvider := b.approve(page)
	b.site = first
	code := b.finish(toProvider).Get("code")
	got := second.tokens(redeeming(id, code))
	first.wantUser(got.access)
	next := first.tokens(refreshing(id, got.refresh))
	if again := second.tokens(refreshing(id, got.refresh)); again != next {
		t.Error("another replica makes other tokens of the same refresh token")
	}
	wantError(t, first.post("/token", redeeming(id, code)), 400, "invalid_grant") // used at the other one

	// A restart forgets nothing.
	id, got = first.login()
	first.restart()
	first.wantUser(first.tokens(refreshing(id, got.refresh)).access)

	// Without the store nothing is handed out that might have been used.
	code = first.code(id)
	redis.SetError("LOADING")
	wantError(t, first.post("/token", redeeming(id, code)), 503, "temporarily_unavailable")
	wantError(t, first.post("/token", refreshing(id, got.refresh)), 503, "temporarily_unavailable")
	wantPage(t, b.open(first.idp.Login(t, b.approve(b.ask(asking(id))))), 503)
	first.wantUser(got.access)
	redis.SetError("")
	for _, shared := range connections {
		if err := shared.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first.tokens(redeeming(id, code))
}

// forgetful is a store that fails at one thing.
type forgetful struct {
	ledger.Store
	mark, keep, revoke bool
}

var errForgotten = errors.New("forgotten")

func (f forgetful) Mark(ctx context.Context, key string, life time.Duration) (first bool, at time.Time, err error) {
	if f.mark {
		return false, time.Time{}, errForgotten
	}
	return f.Store.Mark(ctx, key, life)
}

func (f forgetful) Keep(ctx context.Context, key, value string, life time.Duration) error {
	if f.keep {
		return errForgotten
	}
	return f.Store.Keep(ctx, key, value, life)
}

func (f forgetful) Revoke(ctx context.Context, key string, life time.Duration) error {
	if f.revoke {
		return errForgotten
	}
	return f.Store.Revoke(ctx, key, life)
}

func TestWhatTheStoreDidNotTakeIsNotSaidToBeDone(t *testing.T) {
	s := newSite(t, options{})
	id, got := s.login()
	whole := s.settings.Ledger
	s.settings.Ledger = forgetful{Store: whole, keep: true, revoke: true}
	s.restart()
	wantError(t, s.post("/revoke", url.Values{"token": {got.access}, "client_id": {id}}), 503, "temporarily_unavailable")
	wantError(t, s.post("/revoke", url.Values{"token": {got.refresh}, "client_id": {id}}), 503, "temporarily_unavailable")
	id, got = s.login() // the last one was ended here all the same
	wantError(t, s.post("/token", refreshing(id, got.refresh)), 503, "temporarily_unavailable")

	s.settings.Ledger = forgetful{Store: whole, mark: true}
	s.restart()
	wantError(t, s.post("/token", refreshing(id, got.refresh)), 503, "temporarily_unavailable")
}

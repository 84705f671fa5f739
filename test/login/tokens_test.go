package login_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRefreshGivesNewTokensEachTime(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		first := a.logIn(t, newPerson(t).tab, "writer")
		second := a.refresh(t, first)
		third := a.refresh(t, second)
		if second.Refresh == first.Refresh || third.Refresh == second.Refresh || third.Access == first.Access {
			t.Error("a token is given out twice")
		}
		a.writes(t, second.Access)
		a.writes(t, third.Access)
		// A client that lost the answer asks again.
		again := a.refresh(t, second)
		a.writes(t, again.Access)
	})
}

func TestARefreshTokenThatIsUsedAgainLaterEndsTheLogin(t *testing.T) {
	t.Parallel()
	a := known(t, newServer(t, nil))
	stolen := a.logIn(t, newPerson(t).tab, "writer")
	newest := a.refresh(t, stolen)
	eventually(t, 2*time.Minute, "the old refresh token is accepted", func() bool {
		_, refused := a.tryRefresh(t, stolen)
		return refused.is(http.StatusBadRequest, "invalid_grant")
	})
	if _, refused := a.tryRefresh(t, newest); !refused.is(http.StatusBadRequest, "invalid_grant") {
		t.Errorf("refreshing with the newest token: %v", refused)
	}
	if a.works(t, newest.Access) {
		t.Error("the access token is accepted")
	}
}

func TestACodeThatIsUsedTwiceEndsTheLogin(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		p := newPerson(t)
		login := a.attempt(t)
		p.logIn(t, login.url, "writer")
		answer := a.answer(t)
		got := a.redeem(t, login, answer)
		if _, refused := a.tryRedeem(t, login, answer); !refused.is(http.StatusBadRequest, "invalid_grant") {
			t.Errorf("the second use: %v", refused)
		}
		if a.works(t, got.Access) {
			t.Error("the access token of the first use is accepted")
		}
		if _, refused := a.tryRefresh(t, got); !refused.is(http.StatusBadRequest, "invalid_grant") {
			t.Errorf("the refresh token of the first use: %v", refused)
		}
	})
}

func TestAnExpiredTokenIsRefusedAndRefreshed(t *testing.T) {
	t.Parallel()
	a := known(t, newServer(t, settings{"OIDC_CLIENT_ID": brief}))
	got := a.logIn(t, newPerson(t).tab, "writer")
	if got.Life <= 0 || got.Life > 10 {
		t.Errorf("the token lives %d s, that of the provider 10 s", got.Life)
	}
	a.writes(t, got.Access)
	eventually(t, 2*time.Minute, "the token is accepted", func() bool { return !a.works(t, got.Access) })
	a.writes(t, a.refresh(t, got).Access)
}

func TestWhoLosesTheRoleLosesWritingAtTheNextRefresh(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		r := ownRealm(t)
		a := known(t, at.serverWith(t, r.atKeycloak(shared.keycloak.url)))
		got := a.logIn(t, newPerson(t).tab, "writer")
		a.writes(t, got.Access)
		r.grant(t, "writer", false)
		got = a.refresh(t, got)
		if strings.Contains(got.Scope, "write") {
			t.Errorf("the scope is %q", got.Scope)
		}
		a.onlyReads(t, got.Access)
	})
}

func TestWhoTheProviderKnowsNoLongerCannotRefresh(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(t *testing.T, r *realm){
		"disabled": func(t *testing.T, r *realm) { r.disable(t, "writer") },
		"logged out": func(t *testing.T, r *realm) {
			r.must(t, http.MethodPost, "/users/"+r.user(t, "writer")+"/logout", nil, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := ownRealm(t)
			a := known(t, serverWith(t, r.atKeycloak(shared.keycloak.url)))
			got := a.logIn(t, newPerson(t).tab, "writer")
			// Keycloak ends what was begun in an earlier second.
			eventually(t, time.Minute, "the refresh token is accepted", func() bool {
				leave(t, r)
				newer, refused := a.tryRefresh(t, got)
				got = newer
				return refused.is(http.StatusBadRequest, "invalid_grant")
			})
		})
	}
}

func TestRevokingTheRefreshTokenLogsOut(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		r := ownRealm(t)
		a := known(t, at.serverWith(t, r.atKeycloak(shared.keycloak.url)))
		got := a.logIn(t, newPerson(t).tab, "writer")
		if n := r.sessions(t, "writer"); n != 1 {
			t.Fatalf("the provider has %d sessions", n)
		}
		other := *a
		other.register(t)
		other.revoke(t, got.Refresh)
		if !a.works(t, got.Access) || r.sessions(t, "writer") != 1 {
			t.Error("a client has ended the login of another")
		}
		a.revoke(t, got.Refresh)
		if a.works(t, got.Access) {
			t.Error("the access token is accepted")
		}
		if _, refused := a.tryRefresh(t, got); !refused.is(http.StatusBadRequest, "invalid_grant") {
			t.Errorf("refreshing: %v", refused)
		}
		eventually(t, 10*time.Second, "the session at the provider lives on", func() bool { return r.sessions(t, "writer") == 0 })
		a.revoke(t, got.Refresh) // once more does no harm
	})
}

func TestRevokingTheAccessTokenEndsIt(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		p := newPerson(t)
		got, other := a.logIn(t, p.tab, "writer"), a.logIn(t, newPerson(t).tab, "writer")
		foreign := *a
		foreign.register(t)
		foreign.revoke(t, got.Access)
		if !a.works(t, got.Access) {
			t.Error("a client has revoked the token of another")
		}
		a.revoke(t, got.Access)
		a.revoke(t, "nonsense")
		if a.works(t, got.Access) {
			t.Error("the revoked token is accepted")
		}
		if !a.works(t, other.Access) {
			t.Error("the token of another login is refused")
		}
	})
}

func TestTheTokenOfTheProviderIsNotOneOfOurs(t *testing.T) {
	t.Parallel()
	a := known(t, newServer(t, nil))
	if a.works(t, shared.realm.token(t, shared.keycloak.url, "writer", "openid write")) {
		t.Error("a token of the provider is accepted, though no audience is set")
	}
}

func TestAPipelineMayUseATokenOfTheProvider(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, settings{"OIDC_AUDIENCE": audience}))
		a.writes(t, shared.realm.token(t, shared.keycloak.url, "writer", "openid write"))
		a.onlyReads(t, shared.realm.token(t, shared.keycloak.url, "writer", "openid"))
		a.onlyReads(t, shared.realm.token(t, shared.keycloak.url, "reader", "openid write"))
		other := known(t, at.server(t, settings{"OIDC_AUDIENCE": "somebody-else"}))
		if other.works(t, shared.realm.token(t, shared.keycloak.url, "writer", "openid write")) {
			t.Error("a token for another audience is accepted")
		}
		// People log in all the same.
		a.writes(t, a.logIn(t, newPerson(t).tab, "writer").Access)
	})
}

func TestNewKeysOfTheProviderAreUsedAtOnce(t *testing.T) {
	t.Parallel()
	for name, drop := range map[string]bool{"beside the old ones": false, "instead of the old ones": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := ownRealm(t)
			a := known(t, serverWith(t, r.atKeycloak(shared.keycloak.url).with(settings{"OIDC_AUDIENCE": audience})))
			token := func() string { return r.token(t, shared.keycloak.url, "writer", "openid write") }
			old, session := token(), a.logIn(t, newPerson(t).tab, "writer")
			a.writes(t, old)

			r.rotate(t, drop)
			// Strangers who make the server look for keys must not delay anybody.
			for range 20 {
				if a.works(t, otherKey(token())) {
					t.Fatal("a token with a wrong key id is accepted")
				}
			}
			a.writes(t, a.logIn(t, newPerson(t).tab, "writer").Access)
			a.writes(t, session.Access)
			a.writes(t, a.refresh(t, session).Access)
			eventually(t, 2*time.Minute, "a token of the provider with the new key is refused", func() bool { return a.works(t, token()) })
			if got := a.works(t, old); got == drop {
				t.Errorf("a token with the old key is accepted: %v", got)
			}
		})
	}
}

// otherKey puts another key id into the header of a JSON Web Token.
func otherKey(token string) string {
	const header = `{"alg":"RS256","typ":"JWT","kid":"unknown"}`
	_, rest, _ := strings.Cut(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
}

// eventually waits for something that the server or the provider does in its own
// time.
func eventually(t *testing.T, within time.Duration, otherwise string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !done(); <-time.After(250 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s, %v later", otherwise, within)
		}
	}
}

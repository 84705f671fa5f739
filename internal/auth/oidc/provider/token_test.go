package provider

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/auth/oidc/idptest"
)

func in(d time.Duration) int64 { return time.Now().Add(d).Unix() }

// set changes claims; nil takes one away.
func set(pairs ...any) func(*idptest.JWT) {
	return func(j *idptest.JWT) {
		for i := 0; i < len(pairs); i += 2 {
			name := pairs[i].(string)
			j.Claims[name] = pairs[i+1]
			if pairs[i+1] == nil {
				delete(j.Claims, name)
			}
		}
	}
}

func header(name string, value any) func(*idptest.JWT) {
	return func(j *idptest.JWT) { j.Header[name] = value }
}

func TestIDTokensThatAreNotRightFailTheLogin(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	p := start(t, idp)
	const client = "8a1cfd5c-7d6a-44ad-9f8c-1d3f6cd6f0a2"
	for _, test := range []struct {
		name   string
		tamper func(*idptest.JWT)
		want   string // in the error, "" for none
	}{
		{"untouched", set(), ""},
		{"another audience", set("aud", "other"), "expected audience"},
		{"no audience", set("aud", nil), "expected audience"},
		{"several audiences, made for this client", set("aud", []string{client, "other"}), ""},
		{"several audiences, made for another client", set("aud", []string{client, "other"}, "azp", "other"), "another client"},
		{"several audiences, not said for whom", set("aud", []string{client, "other"}, "azp", nil), "another client"},
		{"one audience, made for another client", set("azp", "other"), "another client"},
		{"one audience, not said for whom", set("azp", nil), ""},
		{"another issuer", set("iss", "https://evil.example.com"), "different provider"},
		{"an issuer with a slash", set("iss", "https://keycloak.example.com/realms/infrahub/"), "different provider"},
		{"no issuer", set("iss", nil), "different provider"},
		{"expired within the leeway", set("exp", in(-30*time.Second)), ""},
		{"expired", set("exp", in(-61*time.Second)), "expired"},
		{"never expires", set("exp", nil), "when it expires"},
		{"expires at no time", set("exp", 1e300), "when it expires"},
		{"expires before all times", set("exp", -1), "when it expires"},
		{"not yet good, within the leeway", set("nbf", in(30*time.Second)), ""},
		{"not yet good", set("nbf", in(2*time.Minute)), "future"},
		{"made in the future, within the leeway", set("iat", in(30*time.Second)), ""},
		{"made in the future", set("iat", in(2*time.Minute)), "future"},
		{"another nonce", set("nonce", "other"), "another login"},
		{"no nonce", set("nonce", nil), "another login"},
		{"a nonce that is no string", set("nonce", []string{"x"}), "id token"},
		{"another access token", set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "access token hash"},
		{"nothing of the access token", set("at_hash", nil), ""},
		{"no subject", set("sub", nil), "no usable subject"},
		{"an empty subject", set("sub", ""), "no usable subject"},
		{"a subject that is a number", set("sub", 1), "id token"},
		{"a long subject", set("sub", strings.Repeat("x", 256)), "no usable subject"},
		{"unsigned", (*idptest.JWT).Unsigned, "malformed"},
		{"signed with the public key as a secret", idp.Confuse, "malformed"},
		{"another key under the right name", func(j *idptest.JWT) { idp.Forge(j, j.Header["kid"].(string)) }, "signature"},
		{"a key that is not published", func(j *idptest.JWT) { idp.Forge(j, "mine") }, "does not publish"},
		{"the key for encryption", idp.MisuseEncryptionKey, "does not publish"},
		{"no key named, of several", header("kid", ""), ""}, // one of them verifies signatures
		{"an extension demanded", header("crit", []string{"exp"}), "extension"},
		{"an extension demanded, of none", header("crit", []string{}), "extension"},
		{"the payload not encoded", header("b64", true), "extension"},
		{"keys elsewhere", header("jku", "https://evil.example.com/keys"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			idp.Configure(func(b *idptest.Behavior) { b.IDToken = test.tamper })
			_, err := login(t, p, idp, true)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	for _, test := range []struct {
		name   string
		change func(map[string]any)
		want   error
		text   string // in the error
	}{
		{"no id token", func(r map[string]any) { delete(r, "id_token") }, ErrInvalid, "no id token"},
		{"an empty id token", func(r map[string]any) { r["id_token"] = "" }, ErrInvalid, "no id token"},
		{"an id token that is none", func(r map[string]any) { r["id_token"] = "a.b" }, ErrInvalid, "not a JWT"},
		{"an id token in another form", func(r map[string]any) { r["id_token"] = `{"payload":"e30"}` }, ErrInvalid, "not a JWT"},
		{"a token that is bound to a key", func(r map[string]any) { r["token_type"] = "DPoP" }, ErrInvalid, "not a bearer token"},
		{"the type in capitals", func(r map[string]any) { r["token_type"] = "BEARER" }, nil, ""},
		{"no access token", func(r map[string]any) { delete(r, "access_token") }, ErrUnavailable, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			idp.Configure(func(b *idptest.Behavior) { b.IDToken, b.Response = nil, test.change })
			_, err := login(t, p, idp, true)
			if !errors.Is(err, test.want) || test.text != "" && !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want one with %q", err, test.text)
			}
		})
	}
}

func TestALoginWithoutANonceIsNone(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	p := start(t, idp)
	a := NewAttempt()
	a.Nonce = ""
	code := authorize(t, p, idp, a, true)
	if _, err := p.Exchange(t.Context(), code, a); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func TestGooglesIssuerMayLackTheScheme(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Google)
	idp.Configure(func(b *idptest.Behavior) { b.IDToken = set("iss", "accounts.google.com") })
	if l := mustLogin(t, start(t, idp), idp); l.Issuer != "https://accounts.google.com" {
		t.Error(l)
	}
}

func TestWritingNeedsEvidence(t *testing.T) {
	t.Parallel()
	response := func(scope any) func(*idptest.Behavior) {
		return func(b *idptest.Behavior) {
			b.Access = idptest.Opaque
			b.Response = func(r map[string]any) {
				if r["scope"] = scope; scope == nil {
					delete(r, "scope")
				}
			}
		}
	}
	access := func(pairs ...any) func(*idptest.Behavior) {
		return func(b *idptest.Behavior) {
			b.Scope = idptest.ScopeNever
			b.AccessToken = func(j *idptest.JWT) {
				delete(j.Claims, "scope")
				set(pairs...)(j)
			}
		}
	}
	long := func(change func(*idptest.Behavior)) func(*idptest.Behavior) {
		return func(b *idptest.Behavior) {
			change(b)
			b.ScopePrefix = "api://x/"
		}
	}
	roles := func(path ...string) func(*Settings) { return func(s *Settings) { s.ScopeClaims = path } }
	realm := map[string]any{"roles": []string{"write", "other"}}
	for _, test := range []struct {
		name     string
		behavior func(*idptest.Behavior)
		settings func(*Settings)
		want     []string
	}{
		{name: "in the response", behavior: response("openid write"), want: []string{"write"}},
		{name: "in a response with an array", behavior: response([]string{"openid", "write"}), want: []string{"write"}},
		{name: "in the response, as Entra spells it", behavior: response("openid api://x/write"), want: []string{"write"}},
		{name: "only like it", behavior: response("openid write:all rewrite api://x/write/all https://x/write WRITE write.")},
		{name: "no scope in the response, an opaque access token", behavior: response(nil)},
		{name: "an empty scope in the response", behavior: response("")},
		{name: "a scope that is no string", behavior: response(map[string]any{"write": true})},
		{name: "the short scope in the access token, for a long one", behavior: long(access("scp", "write")),
			settings: func(s *Settings) { s.WriteScopes = []string{"api://x/write"} }, want: []string{"api://x/write"}},
		{name: "the scope of another application, for a long one", behavior: long(access("scp", "api://y/write")),
			settings: func(s *Settings) { s.WriteScopes = []string{"api://x/write"} }},
		{name: "scope in the access token", behavior: access("scope", "openid write"), want: []string{"write"}},
		{name: "scp in the access token", behavior: access("scp", "openid write"), want: []string{"write"}},
		{name: "an array scp in the access token", behavior: access("scp", []string{"openid", "write"}), want: []string{"write"}},
		{name: "an array scp with more than strings", behavior: access("scp", []any{1, nil, "write"}), want: []string{"write"}},
		{name: "nothing in the access token", behavior: access()},
		{name: "an access token that has expired", behavior: access("scope", "write", "exp", in(-time.Hour))},
		{name: "an access token whose header demands an extension", behavior: func(b *idptest.Behavior) {
			b.Scope, b.AccessToken = idptest.ScopeNever, header("b64", true)
		}},
		{name: "an access token of another issuer", behavior: access("scope", "write", "iss", "https://evil.example.com")},
		{name: "an access token that nobody can check", behavior: func(b *idptest.Behavior) {
			b.Scope, b.Access = idptest.ScopeNever, idptest.Unverifiable
		}},
		{name: "an access token for this server", behavior: access("scope", "write", "aud", []string{"x", "me"}),
			settings: func(s *Settings) { s.Audience = "me" }, want: []string{"write"}},
		{name: "an access token for another server", behavior: access("scope", "write", "aud", "x"),
			settings: func(s *Settings) { s.Audience = "me" }},
		{name: "roles, when they do not count", behavior: access("roles", []string{"write"})},
		{name: "roles, when they count", behavior: access("roles", []string{"write"}), settings: roles("roles"), want: []string{"write"}},
		{name: "one role", behavior: access("roles", "write"), settings: roles("roles"), want: []string{"write"}},
		{name: "one role with a blank in it", behavior: access("roles", "never write"), settings: roles("roles")},
		{name: "roles of a realm", behavior: access("realm_access", realm), settings: roles("groups", "realm_access.roles"), want: []string{"write"}},
		{name: "roles of a client whose name has a dot", behavior: access("resource_access", map[string]any{"my.client": realm}),
			settings: roles("resource_access.my.client.roles"), want: []string{"write"}},
		{name: "roles of another client", behavior: access("resource_access", map[string]any{"other": realm}), settings: roles("resource_access.my.client.roles")},
		{name: "a claim whose name is an address", behavior: access("https://example.com/roles", []string{"write"}),
			settings: roles("https://example.com/roles"), want: []string{"write"}},
		{name: "a path into something else", behavior: access("realm_access", "roles"), settings: roles("realm_access.roles")},
		{name: "groups of the id token", behavior: func(b *idptest.Behavior) {
			response(nil)(b)
			b.IDToken = set("groups", []string{"write"})
		}, settings: roles("groups"), want: []string{"write"}},
		{name: "roles of the access token, when the id token has other ones", behavior: func(b *idptest.Behavior) {
			response(nil)(b)
			b.Access, b.IDToken, b.AccessToken = idptest.Readable, set("roles", []string{"read"}), set("roles", []string{"write"}, "scope", nil)
		}, settings: roles("roles"), want: []string{"write"}},
		{name: "roles of the id token, when the access token has other ones", behavior: func(b *idptest.Behavior) {
			response(nil)(b)
			b.Access, b.IDToken, b.AccessToken = idptest.Readable, set("roles", []string{"write"}), set("roles", []string{"read"}, "scope", nil)
		}, settings: roles("roles"), want: []string{"write"}},
		{name: "roles of an access token that nobody can check", behavior: func(b *idptest.Behavior) {
			b.Scope, b.Access, b.AccessToken = idptest.ScopeNever, idptest.Unverifiable, set("roles", []string{"write"})
		}, settings: roles("roles")},
		{name: "groups of the userinfo endpoint, when they do not count", behavior: func(b *idptest.Behavior) {
			response(nil)(b)
			b.UserInfo = func(c map[string]any) { c["groups"] = []string{"write"} }
		}},
		{name: "groups of the userinfo endpoint", behavior: func(b *idptest.Behavior) {
			response(nil)(b)
			b.UserInfo = func(c map[string]any) { c["groups"] = []string{"write"} }
		}, settings: roles("groups"), want: []string{"write"}},
		{name: "groups of the userinfo endpoint, about somebody else", behavior: func(b *idptest.Behavior) {
			response(nil)(b)
			b.UserInfo = func(c map[string]any) { c["groups"], c["sub"] = []string{"write"}, "user-2" }
		}, settings: roles("groups")},
		{name: "groups of the userinfo endpoint, when a token has other ones", behavior: func(b *idptest.Behavior) {
			response(nil)(b)
			b.IDToken = set("groups", []string{"read"})
			b.UserInfo = func(c map[string]any) { c["groups"] = []string{"write"} }
		}, settings: roles("groups")},
		{name: "one of two", behavior: response("openid write"),
			settings: func(s *Settings) { s.WriteScopes = []string{"write", "infrahub:write"} }, want: []string{"write"}},
		{name: "two, from two places", behavior: func(b *idptest.Behavior) {
			response("openid write")(b)
			b.Access = idptest.Readable
			b.AccessToken = set("scope", "infrahub:write")
		}, settings: func(s *Settings) { s.WriteScopes = []string{"infrahub:write", "write"} }, want: []string{"infrahub:write", "write"}},
		{name: "none to be had", behavior: response("openid write"), settings: func(s *Settings) { s.WriteScopes = nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			idp.Configure(test.behavior)
			if test.settings == nil {
				test.settings = func(*Settings) {}
			}
			p := start(t, idp, test.settings)
			if diff := cmp.Diff(test.want, mustLogin(t, p, idp).Granted); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUsersHaveANameForPeople(t *testing.T) {
	t.Parallel()
	thin := func(b *idptest.Behavior) { b.ThinIDTokens = true }
	for _, test := range []struct {
		name     string
		claim    string
		claims   map[string]any // "" takes all away
		behavior func(*idptest.Behavior)
		want     string
		asked    int // requests to the userinfo endpoint
	}{
		{name: "in the id token", claims: map[string]any{"email": "ann@example.com"}, want: "ann@example.com"},
		{name: "another claim", claim: "preferred_username", claims: map[string]any{"preferred_username": "ann"}, want: "ann"},
		{name: "a claim in a claim", claim: "profile.nick", claims: map[string]any{"profile": map[string]any{"nick": "ann"}}, want: "ann"},
		{name: "the subject", claim: "sub", want: "user-1"},
		{name: "only in the userinfo", claims: map[string]any{"email": "ann@example.com"}, behavior: thin, want: "ann@example.com", asked: 1},
		{name: "only in the userinfo, which is signed", claims: map[string]any{"email": "ann@example.com"}, behavior: func(b *idptest.Behavior) {
			b.ThinIDTokens, b.SignedUserInfo = true, true
		}, want: "ann@example.com", asked: 1},
		{name: "only in the userinfo, about somebody else", claims: map[string]any{"email": "ann@example.com"}, behavior: func(b *idptest.Behavior) {
			b.ThinIDTokens = true
			b.UserInfo = func(c map[string]any) { c["sub"] = "user-2" }
		}, want: "user-1", asked: 1},
		{name: "only in the access token", behavior: func(b *idptest.Behavior) {
			b.AccessToken = set("email", "ann@example.com")
		}, want: "ann@example.com", asked: 1},
		{name: "only in an access token that nobody can check", behavior: func(b *idptest.Behavior) {
			b.Access, b.AccessToken = idptest.Unverifiable, set("email", "ann@example.com")
		}, want: "user-1", asked: 1},
		{name: "nowhere", want: "user-1", asked: 1},
		{name: "nowhere, and no userinfo endpoint", behavior: func(b *idptest.Behavior) {
			b.Discovery = func(d map[string]any) { delete(d, "userinfo_endpoint") }
		}, want: "user-1"},
		{name: "an address that is proven", claims: map[string]any{"email": "ann@example.com", "email_verified": true}, want: "ann@example.com"},
		{name: "an address that is proven, said as a string", claims: map[string]any{"email": "ann@example.com", "email_verified": "true"}, want: "ann@example.com"},
		{name: "an address that is not proven", claims: map[string]any{"email": "boss@example.com", "email_verified": false}, want: "user-1"},
		{name: "an address that is not proven, said as a string", claims: map[string]any{"email": "boss@example.com", "email_verified": "false"}, want: "user-1"},
		{name: "an address that is not proven, in the userinfo", claims: map[string]any{"email": "boss@example.com", "email_verified": false}, behavior: thin, want: "user-1", asked: 1},
		{name: "another claim, when the address is not proven", claim: "preferred_username",
			claims: map[string]any{"preferred_username": "ann", "email_verified": false}, want: "ann"},
		{name: "no string", claims: map[string]any{"email": []string{"ann@example.com"}}, behavior: thin, want: "user-1", asked: 1},
		{name: "a number", claim: "uid", claims: map[string]any{"uid": 7}, want: "user-1", asked: 1},
		{name: "what cannot be seen", claims: map[string]any{"email": "a\x1b[31mn\r\nn\u202e@example.com\u200b"}, want: "a[31mnn@example.com"},
		{name: "nothing to be seen", claims: map[string]any{"email": " \u200b\t"}, want: "user-1", asked: 1},
		{name: "a path, which is for others to make safe", claims: map[string]any{"email": "../x"}, want: "../x"},
		{name: "long", claims: map[string]any{"email": strings.Repeat("é", 101)}, want: strings.Repeat("é", 100)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			idp.SetUser(idptest.User{Subject: "user-1", Claims: test.claims})
			if test.behavior != nil {
				idp.Configure(test.behavior)
			}
			p := start(t, idp, func(s *Settings) { s.UserClaim = test.claim })
			if l := mustLogin(t, p, idp); l.Name != test.want || l.Subject != "user-1" {
				t.Errorf("%q (%q), want %q", l.Name, l.Subject, test.want)
			}
			if n := len(idp.Requests(idptest.UserInfo)); n != test.asked {
				t.Errorf("%d requests to the userinfo endpoint, want %d", n, test.asked)
			}
		})
	}
}

func TestTheUserinfoEndpointIsAskedOnceForAllThatIsMissing(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.OktaOrg)
	idp.Configure(func(b *idptest.Behavior) { b.ThinIDTokens = true })
	idp.SetUser(idptest.User{Subject: "user-1", Claims: map[string]any{"email": "ann@example.com", "groups": []string{"infrahub-write"}}})
	p := start(t, idp, func(s *Settings) {
		s.ScopeClaims, s.WriteScopes = []string{"roles", "groups"}, []string{"infrahub-write", "infrahub-admin"}
	})
	l := mustLogin(t, p, idp)
	for i := range 2 { // the login and a refresh
		if diff := cmp.Diff([]string{"infrahub-write"}, l.Granted); diff != "" || l.Name != "ann@example.com" {
			t.Errorf("%q: %s", l.Name, diff)
		}
		if n := len(idp.Requests(idptest.UserInfo)); n != i+1 {
			t.Errorf("%d requests to the userinfo endpoint, want %d", n, i+1)
		}
		var err error
		if l, err = p.Refresh(t.Context(), l.RefreshToken, l); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheUserinfoIsNoReasonToFailALogin(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]idptest.Fault{
		"refused": {Status: 401}, "broken": {Status: 500}, "dropped": {Drop: true}, "HTML": {Status: 200, Body: "<html>"},
		"endless": {Status: 200, Body: `{"sub":"user-1","x":"` + strings.Repeat("x", 1<<20+1) + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			idp.Configure(func(b *idptest.Behavior) { b.ThinIDTokens = true })
			idp.Fault(idptest.UserInfo, fault)
			if l := mustLogin(t, start(t, idp), idp); l.Name != "user-1" {
				t.Errorf("%q", l.Name)
			}
		})
	}
}

func TestDirectTokens(t *testing.T) {
	t.Parallel()
	const (
		id     = "8a1cfd5c-7d6a-44ad-9f8c-1d3f6cd6f0a2"
		v1     = "https://sts.windows.net/" + idptest.Tenant + "/"
		others = "https://sts.windows.net/00000000-0000-0000-0000-000000000000/"
	)
	type m = map[string]any
	for _, test := range []struct {
		name     string
		profile  idptest.Profile
		audience string
		claims   m
		tamper   func(*idptest.Provider, *idptest.JWT)
		want     []string // granted, nil for a token that is refused
	}{
		{name: "no audience set", profile: idptest.Keycloak, claims: m{"aud": ""}},
		{name: "right", profile: idptest.Keycloak, audience: "account", want: []string{"write"}},
		{name: "right, in an array of one", profile: idptest.Keycloak, audience: "x", claims: m{"aud": []string{"x"}}, want: []string{"write"}},
		{name: "right, a string", profile: idptest.Keycloak, audience: "x", claims: m{"aud": "x"}, want: []string{"write"}},
		{name: "another audience", profile: idptest.Keycloak, audience: "me"},
		{name: "no audience in the token", profile: idptest.Keycloak, audience: "me", claims: m{"aud": nil}},
		{name: "an audience that only begins so", profile: idptest.Keycloak, audience: "acc"},
		{name: "api:// means something at Entra alone", profile: idptest.Keycloak, audience: "api://account"},
		{name: "no scope of writing", profile: idptest.Keycloak, audience: "account", claims: m{"scope": "openid"}, want: []string{}},
		{name: "no scope at all", profile: idptest.Keycloak, audience: "account", claims: m{"scope": nil}},
		{name: "an id token", profile: idptest.Keycloak, audience: "account", claims: m{"typ": "ID"}},
		{name: "a refresh token", profile: idptest.Keycloak, audience: "account", claims: m{"typ": "Refresh"}},
		{name: "a nonce, as an id token has", profile: idptest.Keycloak, audience: "account", claims: m{"nonce": "x"}},
		{name: "at_hash, as an id token has", profile: idptest.Keycloak, audience: "account", claims: m{"at_hash": "x"}},
		{name: "c_hash, as an id token has", profile: idptest.Keycloak, audience: "account", claims: m{"c_hash": "x"}},
		{name: "bound to a key", profile: idptest.Keycloak, audience: "account", claims: m{"cnf": m{"jkt": "x"}}},
		{name: "of another issuer", profile: idptest.Keycloak, audience: "account", claims: m{"iss": "https://evil.example.com"}},
		{name: "of no issuer", profile: idptest.Keycloak, audience: "account", claims: m{"iss": nil}},
		{name: "an empty issuer", profile: idptest.Keycloak, audience: "account", claims: m{"iss": ""}},
		{name: "of nobody", profile: idptest.Keycloak, audience: "account", claims: m{"sub": nil}},
		{name: "expired within the leeway", profile: idptest.Keycloak, audience: "account", claims: m{"exp": in(-30 * time.Second)}, want: []string{"write"}},
		{name: "expired", profile: idptest.Keycloak, audience: "account", claims: m{"exp": in(-61 * time.Second)}},
		{name: "good for ever", profile: idptest.Keycloak, audience: "account", claims: m{"exp": nil}},
		{name: "not yet good, within the leeway", profile: idptest.Keycloak, audience: "account", claims: m{"nbf": in(30 * time.Second)}, want: []string{"write"}},
		{name: "not yet good", profile: idptest.Keycloak, audience: "account", claims: m{"nbf": in(2 * time.Minute)}},
		{name: "good from a day that is none", profile: idptest.Keycloak, audience: "account", claims: m{"nbf": "tomorrow"}},
		{name: "made in the future, within the leeway", profile: idptest.Keycloak, audience: "account", claims: m{"iat": in(30 * time.Second)}, want: []string{"write"}},
		{name: "made in the future", profile: idptest.Keycloak, audience: "account", claims: m{"iat": in(2 * time.Minute)}},
		{name: "a long subject", profile: idptest.Keycloak, audience: "account", claims: m{"sub": strings.Repeat("x", 256)}},
		{name: "longer than is read", profile: idptest.Keycloak, audience: "account", claims: m{"x": strings.Repeat("x", 8<<10)}},
		{name: "the type of RFC 9068", profile: idptest.Keycloak, audience: "account", tamper: typ("at+jwt"), want: []string{"write"}},
		{name: "the long type of RFC 9068", profile: idptest.Keycloak, audience: "account", tamper: typ("application/at+jwt"), want: []string{"write"}},
		{name: "a logout token", profile: idptest.Keycloak, audience: "account", tamper: typ("logout+jwt")},
		{name: "unsigned", profile: idptest.Keycloak, audience: "account", tamper: func(_ *idptest.Provider, j *idptest.JWT) { j.Unsigned() }},
		{name: "signed with the public key as a secret", profile: idptest.Keycloak, audience: "account", tamper: (*idptest.Provider).Confuse},
		{name: "HS512", profile: idptest.Keycloak, audience: "account", tamper: func(p *idptest.Provider, j *idptest.JWT) {
			p.Confuse(j)
			j.Header["alg"] = "HS512"
		}},
		{name: "another key under the right name", profile: idptest.Keycloak, audience: "account", tamper: func(p *idptest.Provider, j *idptest.JWT) { p.Forge(j, j.Header["kid"].(string)) }},
		{name: "a key that is not published", profile: idptest.Keycloak, audience: "account", tamper: func(p *idptest.Provider, j *idptest.JWT) { p.Forge(j, "mine") }},
		{name: "the key for encryption", profile: idptest.Keycloak, audience: "account", tamper: (*idptest.Provider).MisuseEncryptionKey},
		{name: "an extension demanded", profile: idptest.Keycloak, audience: "account", tamper: func(_ *idptest.Provider, j *idptest.JWT) { j.Header["crit"] = []string{"x"} }},
		{name: "the payload not encoded", profile: idptest.Keycloak, audience: "account", tamper: func(_ *idptest.Provider, j *idptest.JWT) { j.Header["b64"] = true }},
		{name: "keys elsewhere", profile: idptest.Keycloak, audience: "account", tamper: func(p *idptest.Provider, j *idptest.JWT) {
			p.Forge(j, "mine")
			j.Header["jku"], j.Header["x5u"] = "https://evil.example.com/keys", "https://evil.example.com/x5u"
		}},
		{name: "an array scp", profile: idptest.OktaCustom, audience: "api://default", want: []string{"write"}},
		{name: "version 2, the bare audience set", profile: idptest.EntraV2, audience: id, want: []string{"write"}},
		{name: "version 2, the long audience set", profile: idptest.EntraV2, audience: "api://" + id, want: []string{"write"}},
		{name: "version 1, the bare audience set", profile: idptest.EntraV1, audience: id, want: []string{"write"}},
		{name: "version 1, the long audience set", profile: idptest.EntraV1, audience: "api://" + id, want: []string{"write"}},
		{name: "version 1 of another tenant", profile: idptest.EntraV1, audience: id, claims: m{"iss": others}},
		{name: "the issuer of Entra elsewhere", profile: idptest.Keycloak, audience: "account", claims: m{"iss": v1}},
		{name: "an application with roles and no scopes", profile: idptest.EntraV2, audience: id, claims: m{"scp": nil, "roles": []string{"read"}}, want: []string{}},
		{name: "roles that do not say for which client, as in an id token", profile: idptest.EntraV2, audience: id, claims: m{"scp": nil, "azp": nil, "roles": []string{"read"}}},
	} {
		t.Run(string(test.profile)+": "+test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, test.profile)
			p := start(t, idp, func(s *Settings) { s.Audience = test.audience })
			token := idp.AccessToken(test.claims)
			if test.tamper != nil {
				c, ok := decode(token, 1)
				if !ok {
					t.Fatal("no claims")
				}
				j := idp.JWT(maps.Clone(c))
				test.tamper(idp, j)
				token = j.String()
			}
			l, err := p.Direct(t.Context(), token)
			if test.want == nil {
				if !errors.Is(err, ErrInvalid) || l.Subject != "" {
					t.Errorf("%v, %v", l, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.Issuer != idp.Issuer() || l.Subject == "" || l.Name == "" || l.RefreshToken != "" {
				t.Errorf("%v", l)
			}
			if diff := cmp.Diff(test.want, append([]string{}, l.Granted...)); diff != "" {
				t.Error(diff)
			}
			if n := len(idp.Requests(idptest.UserInfo)); n > 0 {
				t.Errorf("%d requests to the userinfo endpoint", n)
			}
		})
	}
}

func TestClaimsOfDirectTokensThatCountAsScopes(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	idp.SetUser(idptest.User{Subject: "user-1", Roles: []string{"write"}})
	for path, want := range map[string][]string{"realm_access.roles": {"write"}, "roles": nil, "groups": nil} {
		p := start(t, idp, func(s *Settings) { s.Audience, s.ScopeClaims = "account", []string{path} })
		l, err := p.Direct(t.Context(), idp.AccessToken(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, l.Granted); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	// A token that anyone may have sent is shown to nobody.
	if n := len(idp.Requests(idptest.UserInfo)); n != 0 {
		t.Errorf("%d requests to the userinfo endpoint", n)
	}
}

func typ(typ string) func(*idptest.Provider, *idptest.JWT) {
	return func(_ *idptest.Provider, j *idptest.JWT) { j.Header["typ"] = typ }
}

func TestTheIDTokenOfALoginIsNoDirectToken(t *testing.T) {
	t.Parallel()
	for _, profile := range []idptest.Profile{
		idptest.Google, idptest.OktaOrg, idptest.OktaCustom, idptest.EntraV1, idptest.EntraV2, idptest.Keycloak, idptest.Auth0,
	} {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, profile)
			idp.SetUser(idptest.User{Subject: "user-1", Roles: []string{"write"}})
			raw := ""
			idp.Configure(func(b *idptest.Behavior) {
				b.Response = func(r map[string]any) { raw, _ = r["id_token"].(string) }
			})
			p := start(t, idp, func(s *Settings) { s.Audience, s.ScopeClaims = s.ClientID, []string{"roles"} })
			mustLogin(t, p, idp)
			if !p.IssuedHere(raw) {
				t.Fatal("not an id token of the provider")
			}
			if _, err := p.Direct(t.Context(), raw); !errors.Is(err, ErrInvalid) {
				t.Errorf("with a nonce: %v", err)
			}
			c, _ := decode(raw, 1)
			delete(c, "nonce")
			delete(c, "at_hash")
			if _, err := p.Direct(t.Context(), idp.JWT(c).String()); !errors.Is(err, ErrInvalid) {
				t.Errorf("without a nonce: %v", err)
			}
		})
	}
}

func TestWhoseATokenClaimsToBe(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.EntraV2)
	p, err := New(settings(idp)) // known without discovery
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, token string
		want        bool
	}{
		{"version 2", idp.AccessToken(nil), true},
		{"version 1", idp.AccessToken(map[string]any{"iss": "https://sts.windows.net/" + idptest.Tenant + "/"}), true},
		{"another tenant", idp.AccessToken(map[string]any{"iss": "https://sts.windows.net/x/"}), false},
		{"an issuer that goes on", idp.AccessToken(map[string]any{"iss": idp.Issuer() + ".evil.example.com"}), false},
		{"an issuer that goes on after a slash", idp.AccessToken(map[string]any{"iss": idp.Issuer() + "/x"}), false},
		{"another issuer", idp.AccessToken(map[string]any{"iss": "https://evil.example.com"}), false},
		{"no issuer", idp.AccessToken(map[string]any{"iss": nil}), false},
		{"no JWT", "opaque", false},
		{"four parts", idp.AccessToken(nil) + ".", false},
		{"no JSON", "a.b.c", false},
		{"null", "bnVsbA.bnVsbA.", false},
		{"long", idp.AccessToken(map[string]any{"x": strings.Repeat("x", 8<<10)}), false},
	} {
		if got := p.IssuedHere(test.token); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

func TestPathsOfClaims(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,3}(\.[a-z]{1,3})?`), 1, 4).Draw(t, "names")
		var c any = "found"
		for _, name := range slices.Backward(names) {
			c = map[string]any{name: c}
		}
		all, _ := c.(map[string]any)
		if got := claims(all).at(strings.Join(names, ".")); got != "found" {
			t.Errorf("%v at %v", got, names)
		}
	})
}

func FuzzTokens(f *testing.F) {
	idp := idptest.NewVirtual(f, idptest.Keycloak)
	p := start(f, idp, func(s *Settings) { s.Audience = "account" })
	good := idp.AccessToken(nil)
	for _, seed := range []string{good, good[:len(good)-1], "", ".", "..", "a.b.c", "bnVsbA.bnVsbA.", "e30.e30.", `{"payload":"e30"}`, strings.ToUpper(good)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		l, err := p.Direct(t.Context(), token)
		signed := strings.TrimRight(token, "\r\n") == good
		if err == nil && (!signed || l.Subject != "user-1") {
			t.Errorf("accepted %q as %v", token, l)
		}
		if p.IssuedHere(token) && len(token) > maxDirect {
			t.Error("read in spite of its length")
		}
	})
}

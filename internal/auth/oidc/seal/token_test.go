package seal

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/auth"
)

const issuer, audience = "https://mcp.example.com", "https://mcp.example.com/mcp"

func access(now time.Time) Access {
	return Access{
		ID: "jti-1", Family: "family-1", Subject: "subject-1", Provider: "https://idp.example.com", ProviderSubject: "248289761001",
		Client: "client-1", Scopes: []string{"infrahub:read", "infrahub:write"}, Name: "alice@example.com",
		IssuedAt: now, Expires: now.Add(time.Hour),
	}
}

func mustSign(t testing.TB, tokens *Tokens, a Access) string {
	t.Helper()
	token, err := tokens.Sign(a)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// change is what differs from a token of this server; nil removes.
type change map[string]any

func (c change) apply(to map[string]any) map[string]any {
	for name, value := range c {
		if to[name] = value; value == nil {
			delete(to, name)
		}
	}
	return to
}

// forge makes a token from scratch, as another program with a key would.
func forge(t testing.TB, method jwt.SigningMethod, key any, kid string, head, body change) string {
	t.Helper()
	now := time.Now()
	token := jwt.Token{
		Method: method,
		Header: head.apply(map[string]any{"typ": "at+jwt", "alg": method.Alg(), "kid": kid}),
		Claims: jwt.MapClaims(body.apply(map[string]any{
			"iss": issuer, "aud": audience, "sub": "subject-1", "jti": "jti-1", "client_id": "client-1", "family": "family-1",
			"idp_iss": "https://idp.example.com", "idp_sub": "248289761001", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		})),
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhatWasSignedIsReadAgain(t *testing.T) {
	tokens := NewTokens(auth.NewKeys(), issuer, audience)
	filled, scope := rapid.StringN(1, 20, -1), rapid.StringMatching(`[!#-\[\]-~]{1,10}`)
	now := time.Now().Truncate(time.Second)
	rapid.Check(t, func(t *rapid.T) {
		want := Access{
			ID: filled.Draw(t, "id"), Family: filled.Draw(t, "family"), Subject: filled.Draw(t, "subject"),
			Provider: filled.Draw(t, "provider"), ProviderSubject: filled.Draw(t, "provider subject"), Client: filled.Draw(t, "client"),
			Scopes: rapid.SliceOfN(scope, 0, 5).Draw(t, "scopes"), Name: rapid.String().Draw(t, "name"),
			IssuedAt: now, Expires: now.Add(time.Duration(rapid.IntRange(1, 3600).Draw(t, "life")) * time.Second),
		}
		token, err := tokens.Sign(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tokens.Verify(token)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-signed +verified):\n%s", diff)
		}
		if !Own(token) {
			t.Error("it does not look like one of ours")
		}
	})
}

func TestATokenHasTheProfileOfRFC9068(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	token := mustSign(t, NewTokens(keys(t, "k"), issuer, audience), access(now))
	var got []map[string]any
	for _, part := range strings.Split(token, ".")[:2] {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatal(err)
		}
		got = append(got, object)
	}
	want := []map[string]any{
		{"typ": "at+jwt", "alg": "HS256", "kid": keys(t, "k").Derive("x")[0].ID},
		{
			"iss": issuer, "aud": []any{audience}, "sub": "subject-1", "client_id": "client-1", "jti": "jti-1",
			"iat": 1_800_000_000., "exp": 1_800_003_600., "scope": "infrahub:read infrahub:write",
			"family": "family-1", "idp_iss": "https://idp.example.com", "idp_sub": "248289761001", "name": "alice@example.com",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestATokenIsGoodForItsTimeAndAMinuteMore(t *testing.T) {
	for _, test := range []struct {
		name  string
		after time.Duration
		want  error
	}{
		{"at once", 0, nil},
		{"on a clock that is a minute behind", -time.Minute, nil},
		{"on a clock that is further behind", -time.Minute - time.Second, ErrInvalid},
		{"in its last second", time.Hour - time.Second, nil},
		{"within a minute after", time.Hour + 59*time.Second, nil},
		{"a minute after", time.Hour + time.Minute, ErrExpired},
		{"long after", 24 * time.Hour, ErrExpired},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens := NewTokens(auth.NewKeys(), issuer, audience)
				token := mustSign(t, tokens, access(time.Now().Add(-test.after)))
				if _, err := tokens.Verify(token); !errors.Is(err, test.want) {
					t.Errorf("%v, want %v", err, test.want)
				}
			})
		})
	}
}

func TestClaimsAreChecked(t *testing.T) {
	tokens, key := NewTokens(keys(t, "k"), issuer, audience), keys(t, "k").Derive("oidc access")[0]
	now := time.Now()
	for _, test := range []struct {
		name string
		body change
		want error
	}{
		{"none changed", nil, nil},
		{"several audiences with ours", change{"aud": []string{"https://other.example", audience}}, nil},
		{"another audience", change{"aud": "https://other.example.com/mcp"}, ErrInvalid},
		{"an audience that begins like ours", change{"aud": audience + "/"}, ErrInvalid},
		{"no audience", change{"aud": nil}, ErrInvalid},
		{"an empty audience", change{"aud": ""}, ErrInvalid},
		{"another issuer", change{"iss": "https://idp.example.com"}, ErrInvalid},
		{"an issuer with a slash more", change{"iss": issuer + "/"}, ErrInvalid},
		{"no issuer", change{"iss": nil}, ErrInvalid},
		{"not yet valid", change{"nbf": now.Add(5 * time.Minute).Unix()}, ErrInvalid},
		{"valid since now", change{"nbf": now.Unix()}, nil},
		{"issued in the future", change{"iat": now.Add(5 * time.Minute).Unix()}, ErrInvalid},
		{"no time of issue", change{"iat": nil}, ErrInvalid},
		{"no end", change{"exp": nil}, ErrInvalid},
		{"an end that is no number", change{"exp": "tomorrow"}, ErrInvalid},
		{"expired", change{"exp": now.Add(-5 * time.Minute).Unix()}, ErrExpired},
		{"no id", change{"jti": nil}, ErrInvalid},
		{"no family", change{"family": nil}, ErrInvalid},
		{"no subject", change{"sub": nil}, ErrInvalid},
		{"no client", change{"client_id": nil}, ErrInvalid},
		{"no provider", change{"idp_iss": nil}, ErrInvalid},
		{"no subject at the provider", change{"idp_sub": nil}, ErrInvalid},
		{"scopes in a list", change{"scope": []string{"write"}}, ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, err := tokens.Verify(forge(t, jwt.SigningMethodHS256, key.Key, key.ID, nil, test.body))
			if !errors.Is(err, test.want) || err != nil && !cmp.Equal(a, Access{}) {
				t.Errorf("%v, %v, want %v", a, err, test.want)
			}
		})
	}
}

func TestATokenOfAnotherServerWithTheSameKeyIsRefused(t *testing.T) {
	ours := NewTokens(keys(t, "k"), issuer, audience)
	for name, theirs := range map[string]*Tokens{
		"another issuer":   NewTokens(keys(t, "k"), "https://other.example.com", audience),
		"another audience": NewTokens(keys(t, "k"), issuer, "https://other.example.com/mcp"),
	} {
		if _, err := ours.Verify(mustSign(t, theirs, access(time.Now()))); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadersOfTokensAreChecked(t *testing.T) {
	tokens, key := NewTokens(keys(t, "k"), issuer, audience), keys(t, "k").Derive("oidc access")[0]
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hmac := func(head change) string { return forge(t, jwt.SigningMethodHS256, key.Key, key.ID, head, nil) }
	for _, test := range []struct {
		name, token string
		own         bool
	}{
		{"no signature", forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, key.ID, nil, nil), false},
		{"no algorithm, another spelling", forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, key.ID, change{"alg": "NONE"}, nil), false},
		{"no algorithm, signed all the same", hmac(change{"alg": "none"}), false},
		{"the public key of a provider as the secret", forge(t, jwt.SigningMethodHS256, public, key.ID, nil, nil), true},
		{"an algorithm of providers", forge(t, jwt.SigningMethodRS256, private, key.ID, nil, nil), false},
		{"HS384", forge(t, jwt.SigningMethodHS384, key.Key, key.ID, nil, nil), false},
		{"HS512", forge(t, jwt.SigningMethodHS512, key.Key, key.ID, nil, nil), false},
		{"an algorithm that is a number", hmac(change{"alg": 256}), false},
		{"an extension", hmac(change{"crit": []string{"exp"}}), true},
		{"an extension that changes what is signed", hmac(change{"b64": false, "crit": []string{"b64"}}), true},
		{"a place to fetch a key", hmac(change{"jku": "https://attacker.example/jwks.json"}), true},
		{"a certificate to fetch", hmac(change{"x5u": "https://attacker.example/cert.pem"}), true},
		{"a key of its own", hmac(change{"jwk": map[string]string{"kty": "oct", "k": "AAAA"}}), true},
		{"a plain JWT", hmac(change{"typ": "JWT"}), false},
		{"no type", hmac(change{"typ": nil}), false},
		{"the type of an artefact", hmac(change{"typ": "imcp-refresh+jwe"}), false},
		{"another key id", hmac(change{"kid": "AAAAAAAAAAA"}), true},
		{"no key id", hmac(change{"kid": nil}), true},
		{"the key for another purpose", forge(t, jwt.SigningMethodHS256, keys(t, "k").Derive("oidc refresh")[0].Key, key.ID, nil, nil), true},
		{"an empty secret", forge(t, jwt.SigningMethodHS256, []byte{}, key.ID, nil, nil), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := tokens.Verify(test.token); !errors.Is(err, ErrInvalid) {
				t.Errorf("%v", err)
			}
			if Own(test.token) != test.own {
				t.Errorf("looks like ours: %t", !test.own)
			}
		})
	}
	if _, err := tokens.Verify(hmac(nil)); err != nil {
		t.Errorf("nothing wrong at all, so that the cases above mean something: %v", err)
	}
}

func TestAKeyCanBeReplacedWhileTokensLive(t *testing.T) {
	before, during, after := NewTokens(keys(t, "o"), issuer, audience), NewTokens(keys(t, "n", "o"), issuer, audience), NewTokens(keys(t, "n"), issuer, audience)
	token := mustSign(t, before, access(time.Now()))
	if _, err := during.Verify(token); err != nil {
		t.Errorf("while the old key is listed: %v", err)
	}
	if _, err := after.Verify(token); !errors.Is(err, ErrInvalid) {
		t.Errorf("after it was removed: %v", err)
	}
	if !Own(token) {
		t.Error("it is not told from a token of the provider any more")
	}
	if _, err := after.Verify(mustSign(t, during, access(time.Now()))); err != nil {
		t.Errorf("what is signed meanwhile is not signed with the first key: %v", err)
	}
}

// goldenToken is the token that the test below reads.
const goldenToken = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjRKOHpnRTBaeVpJIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL21jcC5leGFtcGxlLmNvbSIsInN1YiI6InN1YmplY3QtMSIsImF1ZCI6WyJodHRwczovL21jcC5leGFtcGxlLmNvbS9tY3AiXSwiZXhwIjo0MDAwMDAwMDAwLCJpYXQiOjE3MDAwMDAwMDAsImp0aSI6Imp0aS0xIiwiY2xpZW50X2lkIjoiY2xpZW50LTEiLCJzY29wZSI6ImluZnJhaHViOnJlYWQgaW5mcmFodWI6d3JpdGUiLCJmYW1pbHkiOiJmYW1pbHktMSIsImlkcF9pc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsImlkcF9zdWIiOiIyNDgyODk3NjEwMDEiLCJuYW1lIjoiYWxpY2VAZXhhbXBsZS5jb20ifQ.f_0nnIbq61M8-ePubnoBFIsGqQ6zesSlty8xnkZ1IyM"

// What other builds signed has to verify: replicas of two versions run side by
// side during an upgrade.
func TestTokensOfOtherBuildsVerify(t *testing.T) {
	got, err := NewTokens(keys(t, "k"), issuer, audience).Verify(goldenToken)
	if err != nil {
		t.Fatal(err)
	}
	want := access(time.Unix(1_700_000_000, 0))
	want.Expires = time.Unix(4_000_000_000, 0)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhateverIsChangedInATokenIsNoticed(t *testing.T) {
	tokens := NewTokens(auth.NewKeys(), issuer, audience)
	token := mustSign(t, tokens, access(time.Now()))
	for i := range token {
		for _, c := range []byte{'A', 'B', 'Q', 'g', '-', '.', '\n', '=', 0x80} {
			changed := token[:i] + string(c) + token[i+1:]
			if _, err := tokens.Verify(changed); changed != token && !errors.Is(err, ErrInvalid) {
				t.Errorf("character %d replaced by %q: %v", i, c, err)
			}
		}
		if _, err := tokens.Verify(token[:i]); !errors.Is(err, ErrInvalid) {
			t.Errorf("cut after %d: %v", i, err)
		}
		if _, err := tokens.Verify(token[:i] + "\n" + token[i:]); !errors.Is(err, ErrInvalid) {
			t.Errorf("a line break before character %d: %v", i, err)
		}
	}
	for _, changed := range []string{"", ".", "..", token + ".", token + ".AAAA", token + "=", " " + token, token + "\r\n", "Bearer " + token} {
		if _, err := tokens.Verify(changed); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", changed, err)
		}
	}
}

func TestTokensThatWouldNotVerifyAreNotSigned(t *testing.T) {
	tokens := NewTokens(auth.NewKeys(), issuer, audience)
	for name, spoil := range map[string]func(*Access){
		"no id":                      func(a *Access) { a.ID = "" },
		"no family":                  func(a *Access) { a.Family = "" },
		"no subject":                 func(a *Access) { a.Subject = "" },
		"no provider":                func(a *Access) { a.Provider = "" },
		"no subject at the provider": func(a *Access) { a.ProviderSubject = "" },
		"no client":                  func(a *Access) { a.Client = "" },
		"no time of issue":           func(a *Access) { a.IssuedAt = time.Time{} },
		"no end":                     func(a *Access) { a.Expires = time.Time{} },
		"two scopes in one":          func(a *Access) { a.Scopes = []string{"read write"} },
		"an empty scope":             func(a *Access) { a.Scopes = []string{""} },
		"a scope with a quote":       func(a *Access) { a.Scopes = []string{`a"b`} },
		"a scope with a backslash":   func(a *Access) { a.Scopes = []string{`a\b`} },
		"a scope beyond ASCII":       func(a *Access) { a.Scopes = []string{"é"} },
		"too long":                   func(a *Access) { a.Name = strings.Repeat("marked", maxToken) },
	} {
		t.Run(name, func(t *testing.T) {
			a := access(time.Now())
			spoil(&a)
			token, err := tokens.Sign(a)
			if err == nil || token != "" || strings.Contains(err.Error(), "marked") || strings.Contains(err.Error(), "alice") {
				t.Errorf("%q, %v", token, err)
			}
		})
	}
}

func TestForgeriesAreNotRead(t *testing.T) {
	tokens := NewTokens(auth.NewKeys(), issuer, audience)
	header, _, _ := strings.Cut(mustSign(t, tokens, access(time.Now())), ".")
	forged := forgery(header)
	if len(forged) > maxToken {
		t.Fatalf("it is too long: %d", len(forged))
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = tokens.Verify(forged) }); n > 20 {
		t.Errorf("%.0f allocations for a forgery whose claims are costly to read", n)
	}
	foreign := forgery("e30")
	if n := testing.AllocsPerRun(100, func() { _, _ = tokens.Verify(foreign) }); n > 0 {
		t.Errorf("%.0f allocations for a foreign token", n)
	}
}

func TestTokensThatAreTooLongAreRefused(t *testing.T) {
	tokens, key := NewTokens(keys(t, "k"), issuer, audience), keys(t, "k").Derive("oidc access")[0]
	token := forge(t, jwt.SigningMethodHS256, key.Key, key.ID, nil, change{"more": strings.Repeat("x", maxToken)})
	if _, err := tokens.Verify(token); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	if Own(token) {
		t.Error("it looks like ours")
	}
}

func TestWhatLooksLikeOurs(t *testing.T) {
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, test := range []struct {
		name, token string
		want        bool
	}{
		{"the header of another key", encode(`{"typ":"at+jwt","alg":"HS256","kid":"x"}`) + ".e30.AA", true},
		{"an access token of a provider", encode(`{"typ":"at+jwt","alg":"RS256","kid":"x"}`) + ".e30.AA", false},
		{"an id token", encode(`{"typ":"JWT","alg":"RS256","kid":"x"}`) + ".e30.AA", false},
		{"an opaque token", "ya29.a0AfH6SMBx", false},
		{"nothing", "", false},
		{"no JSON", encode("x") + "..", false},
		{"no base64", "!!.e30.AA", false},
		{"null", encode("null") + "..", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Own(test.token); got != test.want {
				t.Errorf("%t", got)
			}
		})
	}
}

func TestTokensNeedAnIssuerAndAnAudience(t *testing.T) {
	for name, with := range map[string][2]string{"no issuer": {"", audience}, "no audience": {issuer, ""}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was made, and would not check them")
				}
			}()
			NewTokens(auth.NewKeys(), with[0], with[1])
		})
	}
}

func FuzzVerify(f *testing.F) {
	tokens, key := NewTokens(keys(f, "k"), issuer, audience), keys(f, "k").Derive("oidc access")[0]
	f.Add(goldenToken)
	f.Add(goldenToken[:len(goldenToken)-1])
	f.Add(goldenToken + "\n")
	for _, head := range []change{{"alg": "none"}, {"typ": "JWT"}, {"crit": []string{"exp"}}, {"kid": nil}} {
		f.Add(forge(f, jwt.SigningMethodHS256, key.Key, key.ID, head, nil))
	}
	for _, body := range []change{{"exp": 1e300}, {"iat": "x"}, {"aud": 1}, {"aud": []any{1}}} {
		f.Add(forge(f, jwt.SigningMethodHS256, key.Key, key.ID, nil, body))
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := tokens.Verify(token)
		if err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrExpired) {
			t.Errorf("another error: %v", err)
		}
		if err == nil && (token != goldenToken || !Own(token)) {
			t.Errorf("it verifies, and was not signed here: %q", token)
		}
	})
}

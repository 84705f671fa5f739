package provider

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"infrahub-mcp/internal/auth/oidc/idptest"
)

// direct is a provider that takes direct tokens, and how often it was asked for
// its keys since.
func direct(t *testing.T) (p *Provider, idp *idptest.Provider, fetches func() int) {
	t.Helper()
	idp = idptest.NewVirtual(t, idptest.Keycloak)
	p = start(t, idp, func(s *Settings) { s.Audience = "account" })
	before := len(idp.Requests(idptest.JWKS))
	return p, idp, func() int { return len(idp.Requests(idptest.JWKS)) - before }
}

// forger returns a function that makes direct tokens whose signature is not the
// provider's, of a key with the given name, or of the one that signs for "".
func forger(t *testing.T, idp *idptest.Provider) func(kid string) string {
	t.Helper()
	c, ok := decode(idp.AccessToken(nil), 1)
	if !ok {
		t.Fatal("no claims")
	}
	return func(kid string) string {
		j := idp.JWT(c)
		if kid != "" {
			j.Header["kid"] = kid
		}
		j.Sign = func([]byte) []byte { return make([]byte, 256) }
		return j.String()
	}
}

func TestALoginWorksAtOnceAfterTheProviderChangedItsKeys(t *testing.T) {
	t.Parallel()
	for _, drop := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p, idp, _ := direct(t)
			// Somebody has just used up what made-up tokens may ask for.
			if _, err := p.Direct(t.Context(), forger(t, idp)("mine")); !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
			before := idp.AccessToken(nil)
			idp.Rotate(drop)
			mustLogin(t, p, idp)
			if _, err := p.Direct(t.Context(), before); (err == nil) == drop {
				t.Errorf("a token of the old key, which was dropped (%t): %v", drop, err)
			}
		})
	}
}

func TestALoginWorksAtOnceAfterAKeyWasReplacedUnderItsName(t *testing.T) {
	t.Parallel()
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	p := start(t, idp)
	mustLogin(t, p, idp)
	private := newRSA(t)
	name := idp.JWT(nil).Header["kid"].(string)
	set, err := json.Marshal(map[string]any{"keys": []any{jose.JSONWebKey{Key: private.Public(), KeyID: name}}})
	if err != nil {
		t.Fatal(err)
	}
	idp.Fault(idptest.JWKS, idptest.Fault{Status: 200, Body: string(set)})
	idp.Configure(func(b *idptest.Behavior) {
		b.IDToken = func(j *idptest.JWT) {
			j.Sign = func(input []byte) []byte { return sign(t, "RS256", private, input) }
		}
	})
	mustLogin(t, p, idp)
}

func TestOneFetchServesAllWhoLogInAfterAChangeOfKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, idp, fetches := direct(t)
		idp.Rotate(true)
		idp.Fault(idptest.JWKS, idptest.Fault{Delay: time.Second})
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := login(t, p, idp, true); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := fetches(); n < 1 || n > 2 {
			t.Errorf("%d fetches for 50 logins", n)
		}
	})
}

// late passes on an answer of the keys a second after it was made.
type late struct{ next http.RoundTripper }

func (l late) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.next.RoundTrip(r)
	if strings.HasSuffix(r.URL.Path, "/keys") {
		time.Sleep(time.Second)
	}
	return answer, err
}

func TestAFetchThatBeganBeforeAChangeOfKeysIsNotTakenForANewOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		idp := idptest.NewVirtual(t, idptest.Keycloak)
		p := start(t, idp, func(s *Settings) { s.Audience, s.Transport = "account", late{idp.Transport()} })
		madeUp := forger(t, idp)("mine")
		done := make(chan error)
		go func() {
			_, err := p.Direct(t.Context(), madeUp)
			done <- err
		}()
		synctest.Wait()
		idp.Rotate(true)
		mustLogin(t, p, idp)
		if err := <-done; !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
	})
}

func TestMadeUpTokensMakeTheProviderSendItsKeysRarely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, idp, fetches := direct(t)
		forged := forger(t, idp)
		try := func(kid string) {
			t.Helper()
			if _, err := p.Direct(t.Context(), forged(kid)); !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
		}
		for range 100 {
			try("") // of a key that is known
		}
		if n := fetches(); n != 0 {
			t.Errorf("%d fetches for tokens that only claim to be of a known key", n)
		}
		for i := range 1000 {
			try(fmt.Sprint(i))
		}
		if n := fetches(); n != 1 {
			t.Errorf("%d fetches for 1000 names at a time", n)
		}
		// One every second, for ten minutes: 10, 20, 40 and then 60 seconds apart.
		for i := range 600 {
			time.Sleep(time.Second)
			try(fmt.Sprint("later", i))
		}
		if n := fetches(); n < 10 || n > 13 {
			t.Errorf("%d fetches in ten minutes", n)
		}
	})
}

func TestANameThatTheProviderDoesNotHaveIsAskedForOnceInAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, idp, fetches := direct(t)
		forged := forger(t, idp)
		for range 4 * 60 { // four minutes
			if _, err := p.Direct(t.Context(), forged("mine")); !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n := fetches(); n != 1 {
			t.Errorf("%d fetches for one name in four minutes", n)
		}
		time.Sleep(missedLife)
		if _, err := p.Direct(t.Context(), forged("mine")); !errors.Is(err, ErrInvalid) {
			t.Fatal(err)
		}
		if n := fetches(); n != 2 {
			t.Errorf("%d fetches in nine minutes, want a second one", n)
		}
	})
}

func TestDirectTokensOfANewKeyAreTakenSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, idp, fetches := direct(t)
		idp.Rotate(false)
		if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); err != nil {
			t.Error(err)
		}
		// What was found makes the wait short again.
		idp.Rotate(false)
		if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); !errors.Is(err, ErrInvalid) {
			t.Errorf("a fetch too early: %v", err)
		}
		for range 3 {
			time.Sleep(2 * waitLeast)
			if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); err != nil {
				t.Error(err)
			}
			idp.Rotate(false)
		}
		if n := fetches(); n != 4 {
			t.Errorf("%d fetches, want 4", n)
		}
	})
}

// otherKey is the one of RFC 7515, appendix A.3.
const otherKey = `{"kty":"EC","crv":"P-256","kid":"other","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`

func TestKeysThatCannotBeReadNowKeepWorking(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault idptest.Fault
	}{
		{"no connection", idptest.Fault{Drop: true}},
		{"broken", idptest.Fault{Status: 500}},
		{"gone", idptest.Fault{Status: 404}},
		{"a redirect", idptest.Fault{Status: 302, Location: "/realms/infrahub/keys?new"}},
		{"an error that has keys", idptest.Fault{Status: 503, Body: `{"keys":[` + otherKey + `]}`}},
		{"an endless answer", idptest.Fault{Status: 200, Body: `{"x":"` + strings.Repeat("x", 1<<20) + `","keys":[]}`}},
		{"no answer", idptest.Fault{Delay: time.Hour}},
		{"a page", idptest.Fault{Status: 200, Body: "<html>"}},
		{"no keys", idptest.Fault{Status: 200, Body: `{"keys":[]}`}},
		{"no list", idptest.Fault{Status: 200, Body: `{}`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, idp, _ := direct(t)
				idp.Fault(idptest.JWKS, test.fault)
				known := p.known.Load().keys
				if err := known.refresh(t.Context()); !errors.Is(err, ErrUnavailable) {
					t.Errorf("refreshed: %v", err)
				}
				if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); err != nil {
					t.Error(err)
				}
				mustLogin(t, p, idp)

				// A key that is not known may be a new one of the provider.
				idp.Rotate(true)
				if _, err := login(t, p, idp, true); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalid) {
					t.Errorf("a login with a new key: %v", err)
				}
				if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalid) {
					t.Errorf("a direct token of a new key: %v", err)
				}
				idp.Heal(idptest.JWKS)
				mustLogin(t, p, idp)
			})
		})
	}
}

func TestWithoutAnyKeysATokenIsNotCalledWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		idp := idptest.NewVirtual(t, idptest.Keycloak)
		idp.Fault(idptest.JWKS, idptest.Fault{Status: 500})
		p := start(t, idp, func(s *Settings) { s.Audience = "account" })
		for range 100 {
			if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
		}
		if n := len(idp.Requests(idptest.JWKS)); n > 2 {
			t.Errorf("%d fetches", n)
		}
		idp.Heal(idptest.JWKS)
		time.Sleep(2 * waitLeast)
		if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); err != nil {
			t.Error(err)
		}
	})
}

func TestAFetchGoesOnWhenWhoeverAskedForItGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, idp, fetches := direct(t)
		idp.Rotate(true)
		idp.Fault(idptest.JWKS, idptest.Fault{Delay: 5 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Direct(ctx, idp.AccessToken(nil)); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); err != nil {
			t.Error(err)
		}
		if n := fetches(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

// asked are the addresses that a provider asks.
type asked struct {
	next http.RoundTripper
	mu   sync.Mutex
	all  []string
}

func (a *asked) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.all = append(a.all, r.URL.String())
	a.mu.Unlock()
	return a.next.RoundTrip(r)
}

func TestTokensThatAreRefusedByTheirHeaderMakeNoRequest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		tamper func(*idptest.Provider, *idptest.JWT)
		asks   int // for the provider's keys; nothing else is ever asked
	}{
		{"unsigned", func(_ *idptest.Provider, j *idptest.JWT) { j.Unsigned() }, 0},
		{"unsigned, under a name that is not known", func(_ *idptest.Provider, j *idptest.JWT) {
			j.Unsigned()
			j.Header["kid"] = "mine"
		}, 0},
		{"alg in other letters", func(_ *idptest.Provider, j *idptest.JWT) {
			j.Unsigned()
			j.Header["alg"] = "nOnE"
		}, 0},
		{"signed with the public key as a secret", (*idptest.Provider).Confuse, 0},
		{"HS256 under a name that is not known", func(p *idptest.Provider, j *idptest.JWT) {
			p.Confuse(j)
			j.Header["kid"] = "mine"
		}, 0},
		{"HS512 under a name that is not known", func(p *idptest.Provider, j *idptest.JWT) {
			p.Confuse(j)
			j.Header["alg"], j.Header["kid"] = "HS512", "mine"
		}, 0},
		{"an extension demanded", func(p *idptest.Provider, j *idptest.JWT) {
			p.Forge(j, "mine")
			j.Header["crit"], j.Header["exp"] = []string{"exp"}, 1
		}, 0},
		{"keys elsewhere, under a known name", func(p *idptest.Provider, j *idptest.JWT) {
			p.Forge(j, j.Header["kid"].(string))
			j.Header["jku"], j.Header["x5u"] = "https://evil.example.com/keys", "https://evil.example.com/x5u"
		}, 0},
		{"keys elsewhere, under a name that is not known", func(p *idptest.Provider, j *idptest.JWT) {
			p.Forge(j, "mine")
			j.Header["jku"], j.Header["x5u"] = "https://evil.example.com/keys", "https://evil.example.com/x5u"
		}, 1},
		{"keys at the provider's host elsewhere", func(p *idptest.Provider, j *idptest.JWT) {
			p.Forge(j, "mine")
			j.Header["jku"] = "https://keycloak.example.com/realms/other/keys"
		}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			requests := &asked{next: idp.Transport()}
			p := start(t, idp, func(s *Settings) { s.Audience, s.Transport = "account", requests })
			requests.all = nil
			c, _ := decode(idp.AccessToken(nil), 1)
			j := idp.JWT(c)
			test.tamper(idp, j)
			if _, err := p.Direct(t.Context(), j.String()); !errors.Is(err, ErrInvalid) {
				t.Error(err)
			}
			if len(requests.all) != test.asks {
				t.Errorf("asked %v", requests.all)
			}
			for _, at := range requests.all {
				if at != idp.Issuer()+"/keys" {
					t.Errorf("asked %s", at)
				}
			}
		})
	}
}

func TestATokenInATokenWithAKeyOfItsOwnIsNotBelieved(t *testing.T) {
	t.Parallel()
	p, idp, _ := direct(t)
	private := newRSA(t)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: private}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := decode(idp.AccessToken(nil), 1)
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Direct(t.Context(), token); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func newRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func TestWhichKeysOfASetVerify(t *testing.T) {
	t.Parallel()
	private := newRSA(t)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edwards, edwardsPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte(strings.Repeat("s", 64))
	key := func(k any, id, alg, use string) jose.JSONWebKey {
		return jose.JSONWebKey{Key: k, KeyID: id, Algorithm: alg, Use: use}
	}
	public := private.Public()
	for _, test := range []struct {
		name string
		keys []any
		alg  jose.SignatureAlgorithm
		by   any
		kid  string
		want error // of the signature; errNoSet if the set is refused
	}{
		{"RS256", []any{key(public, "a", "RS256", "sig")}, jose.RS256, private, "a", nil},
		{"PS384", []any{key(public, "a", "PS384", "sig")}, jose.PS384, private, "a", nil},
		{"ES256", []any{key(elliptical.Public(), "a", "ES256", "sig")}, jose.ES256, elliptical, "a", nil},
		{"EdDSA", []any{key(edwards, "a", "EdDSA", "sig")}, jose.EdDSA, edwardsPrivate, "a", nil},
		{"no use and no algorithm", []any{key(public, "a", "", "")}, jose.RS256, private, "a", nil},
		{"another algorithm than the key is for", []any{key(public, "a", "PS256", "sig")}, jose.RS256, private, "a", errSignature},
		{"a key for encryption by its algorithm alone", []any{key(public, "a", "RSA-OAEP", "")}, jose.RS256, private, "a", errSignature},
		{"a key of another sort", []any{key(elliptical.Public(), "a", "", "sig")}, jose.RS256, private, "a", errSignature},
		{"another name", []any{key(public, "a", "RS256", "sig")}, jose.RS256, private, "b", errUnknownKey},
		{"a key without a name", []any{key(public, "", "RS256", "sig")}, jose.RS256, private, "b", errUnknownKey},
		{"no name, one key", []any{key(public, "a", "RS256", "sig")}, jose.RS256, private, "", nil},
		{"no name, several keys", []any{key(public, "a", "RS256", "sig"), key(elliptical.Public(), "b", "ES256", "sig")}, jose.RS256, private, "", errUnknownKey},
		{"two keys of a name", []any{key(elliptical.Public(), "a", "ES256", "sig"), key(public, "a", "RS256", "sig")}, jose.RS256, private, "a", nil},
		{"a key for encryption beside it", []any{key(public, "a", "RS256", "enc"), key(public, "b", "RS256", "sig")}, jose.RS256, private, "a", errUnknownKey},
		{"only a key for encryption", []any{key(public, "a", "RS256", "enc")}, jose.RS256, private, "a", errNoSet},
		{"a key that is not public", []any{key(private, "a", "RS256", "sig")}, jose.RS256, private, "a", errNoSet},
		{"a secret", []any{key(secret, "a", "HS256", "sig")}, jose.HS256, secret, "a", errNoSet},
		{"a short key", []any{key(&rsa.PublicKey{N: shortModulus(), E: 65537}, "a", "RS256", "sig")}, jose.RS256, private, "a", errNoSet},
		{"what is no key beside it", []any{"x", 1, nil, map[string]any{"kty": "new"}, key(public, "a", "RS256", "sig")}, jose.RS256, private, "a", nil},
		{"the last of a hundred", append(times(99, key(public, "b", "RS256", "sig")), key(public, "a", "RS256", "sig")), jose.RS256, private, "a", nil},
		{"after a hundred", append(times(100, key(public, "b", "RS256", "sig")), key(public, "a", "RS256", "sig")), jose.RS256, private, "a", errUnknownKey},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body, err := json.Marshal(map[string]any{"keys": test.keys})
			if err != nil {
				t.Fatal(err)
			}
			list, err := parseKeys(body)
			if errors.Is(test.want, errNoSet) {
				if err == nil {
					t.Errorf("taken: %v", list)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: test.alg, Key: jose.JSONWebKey{Key: test.by, KeyID: test.kid}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			signed, err := signer.Sign([]byte("payload"))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := signed.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			token, err := parse(raw, algorithms())
			if err != nil {
				t.Fatal(err)
			}
			payload, err := list.verify(token)
			if !errors.Is(err, test.want) || err == nil && string(payload) != "payload" {
				t.Errorf("%q, %v, want %v", payload, err, test.want)
			}
		})
	}
}

// shortModulus is one of 1024 bits.
func shortModulus() *big.Int {
	return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 1023), big.NewInt(1))
}

var errNoSet = errors.New("the set is refused")

func times(n int, key any) []any {
	var all []any
	for range n {
		all = append(all, key)
	}
	return all
}

func TestIDTokensOfEveryAlgorithmThatIsAdvertisedAreTaken(t *testing.T) {
	t.Parallel()
	elliptical := map[elliptic.Curve]*ecdsa.PrivateKey{}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		private, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		elliptical[curve] = private
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := newRSA(t)
	by := map[string]crypto.Signer{
		"RS256": private, "RS384": private, "RS512": private, "PS256": private, "PS384": private, "PS512": private,
		"ES256": elliptical[elliptic.P256()], "ES384": elliptical[elliptic.P384()], "ES512": elliptical[elliptic.P521()], "EdDSA": edwards,
	}
	for _, algorithm := range algorithms() {
		for _, advertised := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, advertised %t", algorithm, advertised), func(t *testing.T) {
				t.Parallel()
				idp := idptest.NewVirtual(t, idptest.Keycloak)
				set, err := json.Marshal(map[string]any{"keys": []any{jose.JSONWebKey{Key: by[algorithm].Public(), KeyID: "k", Use: "sig"}}})
				if err != nil {
					t.Fatal(err)
				}
				idp.Fault(idptest.JWKS, idptest.Fault{Status: 200, Body: string(set)})
				idp.Configure(func(b *idptest.Behavior) {
					b.Algorithms = []string{"HS256", "none"}
					if advertised {
						b.Algorithms = append(b.Algorithms, algorithm)
					} else {
						// Any of the others.
						for other := range by {
							if other != algorithm {
								b.Algorithms = append(b.Algorithms, other)
							}
						}
					}
					b.IDToken = func(j *idptest.JWT) {
						delete(j.Claims, "at_hash") // which is of RS256
						j.Header["alg"], j.Header["kid"] = algorithm, "k"
						j.Sign = func(input []byte) []byte { return sign(t, algorithm, by[algorithm], input) }
					}
				})
				if _, err := login(t, start(t, idp), idp, true); (err == nil) != advertised {
					t.Error(err)
				}
			})
		}
	}
}

// sign returns the signature of a JWT, whose header is in what is signed.
func sign(t *testing.T, algorithm string, by crypto.Signer, input []byte) []byte {
	var hash crypto.Hash
	switch algorithm[2:] {
	case "256":
		hash = crypto.SHA256
	case "384":
		hash = crypto.SHA384
	case "512":
		hash = crypto.SHA512
	}
	digest := input
	if hash != 0 {
		h := hash.New()
		h.Write(input)
		digest = h.Sum(nil)
	}
	if private, ok := by.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, private, digest)
		if err != nil {
			t.Error(err)
			return nil
		}
		size := (private.Params().BitSize + 7) / 8
		signature := make([]byte, 2*size)
		r.FillBytes(signature[:size])
		s.FillBytes(signature[size:])
		return signature
	}
	var options crypto.SignerOpts = hash
	if strings.HasPrefix(algorithm, "PS") {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	signature, err := by.Sign(rand.Reader, digest, options)
	if err != nil {
		t.Error(err)
	}
	return signature
}

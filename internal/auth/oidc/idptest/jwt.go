package idptest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// JWT is a token before it is signed.
type JWT struct {
	Header, Claims map[string]any
	// Sign returns the signature of what is signed. Change it together with the
	// header.
	Sign func(input []byte) []byte
}

// String is the compact serialization (RFC 7515, section 3.1).
func (j *JWT) String() string {
	input := encode(j.Header) + "." + encode(j.Claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(j.Sign([]byte(input)))
}

func encode(v map[string]any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test put something into a token that JSON has no form for
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// Unsigned makes a token one of alg none.
func (j *JWT) Unsigned() {
	j.Header["alg"] = "none"
	j.Sign = func([]byte) []byte { return nil }
}

// Confuse signs a token with HS256 and the public key of the provider, in PEM,
// as the secret.
func (p *Provider) Confuse(j *JWT) {
	key := p.key()
	der, err := x509.MarshalPKIXPublicKey(key.private.Public())
	if err != nil {
		panic(err) // only for keys of unknown types
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	j.Header["alg"] = "HS256"
	j.Sign = func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

// Forge signs a token with a key that the provider does not publish, under the
// given kid.
func (p *Provider) Forge(j *JWT, kid string) {
	j.Header["kid"] = kid
	j.Sign = p.withheld.sign
}

// MisuseEncryptionKey signs a token with the key that the provider publishes for
// encryption ("use":"enc").
func (p *Provider) MisuseEncryptionKey(j *JWT) {
	p.Forge(j, encryptionKeyID)
}

// JWT returns a token with the given claims, to be signed with the newest key.
func (p *Provider) JWT(claims map[string]any) *JWT {
	key := p.key()
	return &JWT{
		Header: map[string]any{"alg": "RS256", "typ": "JWT", "kid": key.id},
		Claims: claims,
		Sign:   key.sign,
	}
}

// AccessToken returns an access token as a client with a grant of its own gets
// it from the provider, for the user, with some claims changed, or taken away
// by nil. Its form is always that of a JWT.
func (p *Provider) AccessToken(claims map[string]any) string {
	b, user := p.snapshot()
	j := p.accessToken(b, user, user.Scopes)
	maps.Copy(j.Claims, claims)
	maps.DeleteFunc(j.Claims, func(_ string, v any) bool { return v == nil })
	return j.String()
}

// Rotate signs with a new key from now on. The old ones stay published unless
// drop is set.
func (p *Provider) Rotate(drop bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := p.newKey()
	if drop {
		p.keys = nil
	}
	p.keys = append([]signingKey{key}, p.keys...)
}

type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

// encryptionKeyID is the id of the key for encryption.
const encryptionKeyID = "encryption"

// shared are the keys that all providers sign with first: the making of RSA keys
// takes longer than most tests. Only their ids are a provider's own.
var shared = sync.OnceValue(func() []*rsa.PrivateKey { //nolint:gochecknoglobals // never changes once it is made
	return []*rsa.PrivateKey{newRSA(), newRSA(), newRSA()}
})

func newRSA() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // only for sizes that are too small
	}
	return key
}

// newKey returns a key that the provider has not had before.
func (p *Provider) newKey() signingKey {
	private, made := shared(), p.made
	p.made++
	if made < len(private) {
		return signingKey{rand.Text()[:8], private[made]}
	}
	return signingKey{rand.Text()[:8], newRSA()}
}

func (k signingKey) sign(input []byte) []byte {
	hash := sha256.Sum256(input)
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, hash[:])
	if err != nil {
		panic(err) // only for keys too small for the hash
	}
	return signature
}

// key is the newest.
func (p *Provider) key() signingKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[0]
}

// keySet is what the JWKS endpoint answers: the keys, one for encryption, and
// one of a type that few know.
func (p *Provider) keySet() map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := []any{
		jose.JSONWebKey{Key: p.withheld.private.Public(), KeyID: encryptionKeyID, Algorithm: "RSA-OAEP", Use: "enc"},
		map[string]string{"kty": "OKP", "crv": "Ed448", "kid": "unknown", "use": "sig", "x": "AA"},
	}
	for _, k := range p.keys {
		all = append(all, jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: "RS256", Use: "sig"})
	}
	return map[string]any{"keys": all}
}

// idToken is an id token (OpenID Connect Core 1.0, section 2).
func (p *Provider) idToken(b Behavior, g grant, access string) *JWT {
	now := time.Now().Unix()
	hash := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": p.issuer, "sub": g.user.Subject, "aud": p.ClientID, "iat": now, "exp": now + 300,
		"at_hash": base64.RawURLEncoding.EncodeToString(hash[:len(hash)/2]),
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if !b.ThinIDTokens {
		maps.Copy(claims, g.user.Claims)
	}
	switch p.profile {
	case Keycloak:
		claims["typ"], claims["azp"] = "ID", p.ClientID
	case EntraV1, EntraV2:
		delete(claims, "at_hash")
		delete(claims, "email_verified")
		claims["ver"], claims["tid"], claims["oid"] = "2.0", Tenant, "oid-"+g.user.Subject
		if len(g.user.Roles) > 0 {
			claims["roles"] = g.user.Roles
		}
	case Google:
		claims["azp"] = p.ClientID
	}
	return p.JWT(claims)
}

// accessToken is an access token that is a JWT.
func (p *Provider) accessToken(b Behavior, user User, scopes []string) *JWT {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": p.issuer, "sub": user.Subject, "aud": b.Audience, "iat": now, "exp": now + 3600, "jti": rand.Text(),
	}
	if b.AccessIssuer != "" {
		claims["iss"] = b.AccessIssuer
	}
	if b.Audience == nil {
		delete(claims, "aud")
	}
	if b.ScopeClaim != "" {
		claims[b.ScopeClaim] = strings.Join(scopes, " ")
		if b.ScopeArray {
			claims[b.ScopeClaim] = scopes
		}
	}
	switch p.profile {
	case OktaOrg, OktaCustom:
		claims["cid"], claims["uid"], claims["sub"], claims["ver"] = p.ClientID, user.Subject, user.Claims["email"], 1
	case EntraV1, EntraV2:
		claims["tid"], claims["oid"], claims["ver"], claims["azp"] = Tenant, "oid-"+user.Subject, "2.0", p.ClientID
		if b.AccessIssuer != "" {
			delete(claims, "azp")
			claims["ver"], claims["appid"] = "1.0", p.ClientID
		}
		if len(user.Roles) > 0 {
			claims["roles"] = user.Roles
		}
	case Keycloak:
		claims["typ"], claims["azp"] = "Bearer", p.ClientID
		claims["realm_access"] = map[string]any{"roles": user.Roles}
	case Auth0:
		claims["azp"] = p.ClientID
	}
	return p.JWT(claims)
}

// challenge is the code challenge of a verifier (RFC 7636, section 4.2).
func challenge(verifier string) string {
	hash := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

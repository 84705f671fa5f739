package seal

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"infrahub-mcp/internal/auth"
)

// Access is what an access token of this server says. It holds no secret.
type Access struct {
	// ID tells tokens apart (claim jti).
	ID string
	// Family is the login that the token descends from. A token is revoked by
	// its family or its ID.
	Family string
	// Subject is the key of the user, a hash of Provider and ProviderSubject.
	Subject string
	// Provider is the issuer at the identity provider.
	Provider string
	// ProviderSubject is the user there.
	ProviderSubject string
	// Client is a hash of the client_id.
	Client string
	// Scopes are what the user and the provider granted.
	Scopes []string
	// Name is the name of the user for people, never a key.
	Name string
	// IssuedAt and Expires are exact to the second.
	IssuedAt, Expires time.Time
}

const (
	// maxToken is the greatest length of an access token, in bytes.
	maxToken = 8 << 10
	// leeway is how far the clocks of two replicas may differ.
	leeway = time.Minute
	// accessType is the header typ (RFC 9068, section 2.1).
	accessType = "at+jwt"
)

// Tokens signs and verifies access tokens: JWTs with the profile of RFC 9068,
// signed with HMAC-SHA-256, since who verifies them is who signed them. It asks
// nobody, takes no lock and is safe for concurrent use.
type Tokens struct {
	issuer, audience string
	parser           *jwt.Parser
	keys             auth.Keys
	// signing are the keys for tokens, behind a pointer that package fmt does not
	// follow.
	signing atomic.Pointer[signing]
}

// signing are the keys to sign with, and to verify with by the header of a token.
type signing struct {
	newest auth.Derived
	known  map[string][]byte
}

// claims are those of RFC 9068, section 2.2, and some of our own.
type claims struct {
	jwt.RegisteredClaims
	Client          string `json:"client_id"`
	Scope           string `json:"scope,omitempty"`
	Family          string `json:"family"`
	Provider        string `json:"idp_iss"`
	ProviderSubject string `json:"idp_sub"`
	Name            string `json:"name,omitempty"`
}

// NewTokens returns Tokens that sign with the first of the keys and accept any.
// Issuer is that of the authorization server and audience the canonical URI of
// /mcp (RFC 8707); neither may be empty.
func NewTokens(keys auth.Keys, issuer, audience string) *Tokens {
	if issuer == "" || audience == "" {
		panic("seal: access tokens need an issuer and an audience") // without, the parser would not check them
	}
	t := &Tokens{
		issuer: issuer, audience: audience, keys: keys,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithStrictDecoding(),
			jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway)),
	}
	t.Renew()
	return t
}

// Renew takes the keys as they are now; see [auth.Keys.Replace].
func (t *Tokens) Renew() {
	derived := t.keys.Derive("oidc access")
	known := make(map[string][]byte)
	for _, key := range derived {
		text, err := json.Marshal(header(key.ID))
		if err != nil {
			panic(err) // strings have JSON
		}
		known[base64.RawURLEncoding.EncodeToString(text)] = key.Key
	}
	t.signing.Store(&signing{derived[0], known})
}

func header(keyID string) map[string]any {
	return map[string]any{"typ": accessType, "alg": jwt.SigningMethodHS256.Alg(), "kid": keyID}
}

// Sign returns the token for a. The errors are faults of the program: something
// is missing, is no scope, or is too long.
func (t *Tokens) Sign(a Access) (string, error) {
	if !a.complete() {
		return "", errors.New("signing an access token that lacks something")
	}
	for _, scope := range a.Scopes {
		if !validScope(scope) {
			return "", errors.New("signing an access token with a scope that is none")
		}
	}
	key := t.signing.Load().newest
	token := jwt.Token{
		Method: jwt.SigningMethodHS256,
		Header: header(key.ID),
		Claims: claims{
			RegisteredClaims: jwt.RegisteredClaims{
				ID: a.ID, Issuer: t.issuer, Audience: jwt.ClaimStrings{t.audience}, Subject: a.Subject,
				IssuedAt: jwt.NewNumericDate(a.IssuedAt), ExpiresAt: jwt.NewNumericDate(a.Expires),
			},
			Client: a.Client, Scope: strings.Join(a.Scopes, " "), Family: a.Family,
			Provider: a.Provider, ProviderSubject: a.ProviderSubject, Name: a.Name,
		},
	}
	signed, err := token.SignedString(key.Key)
	if err != nil {
		return "", errors.New("signing an access token failed")
	}
	if len(signed) > maxToken {
		return "", errors.New("signing an access token that is too long")
	}
	return signed, nil
}

// Verify returns what a token of [Tokens.Sign] says. It returns [ErrExpired] for
// one that was signed here and is too old, and [ErrInvalid] for everything else:
// a client gets the same answer for both (RFC 6750, section 3.1).
//
// The whole header is compared with those this server writes before anything is
// parsed, so that a header can ask for nothing: no other algorithm, key or type,
// and no extension (RFC 8725, section 3).
func (t *Tokens) Verify(token string) (Access, error) {
	if len(token) > maxToken {
		return Access{}, ErrInvalid
	}
	head, _, _ := strings.Cut(token, ".")
	key, ok := t.signing.Load().known[head]
	// The parser checks the signature after it read the claims, and those of a
	// forgery can be costly to read. So it is checked before, too.
	if !ok || !signed(token, key) {
		return Access{}, ErrInvalid
	}
	var c claims
	_, err := t.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return key, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Access{}, ErrExpired
	case err != nil || c.IssuedAt == nil:
		return Access{}, ErrInvalid
	}
	a := Access{
		ID: c.ID, Family: c.Family, Subject: c.Subject, Provider: c.Provider, ProviderSubject: c.ProviderSubject,
		Client: c.Client, Scopes: strings.Fields(c.Scope), Name: c.Name, IssuedAt: c.IssuedAt.Time, Expires: c.ExpiresAt.Time,
	}
	if !a.complete() {
		return Access{}, ErrInvalid
	}
	return a, nil
}

// signed reports whether a token ends in the signature of what is before it.
// Line breaks in it, which base64 skips, are refused.
func signed(token string, key []byte) bool {
	end := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
	if end < 0 || err != nil || len(token)-end-1 != base64.RawURLEncoding.EncodedLen(len(signature)) {
		return false
	}
	return jwt.SigningMethodHS256.Verify(token[:end], signature, key) == nil
}

// complete reports whether all is there that tells tokens and users apart.
func (a Access) complete() bool {
	return a.ID != "" && a.Family != "" && a.Subject != "" && a.Provider != "" && a.ProviderSubject != "" && a.Client != "" &&
		!a.IssuedAt.IsZero() && !a.Expires.IsZero()
}

// validScope reports whether s is one scope-token (RFC 6749, section 3.3).
func validScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// Own reports whether a token looks like one of this server, by its header
// alone: an access token signed with HMAC, which no identity provider issues to
// others. Its key may be removed since, and it may be a forgery.
func Own(token string) bool {
	if len(token) > maxToken {
		return false
	}
	head, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return false
	}
	var h struct {
		Type      string `json:"typ"`
		Algorithm string `json:"alg"`
	}
	err = json.Unmarshal(text, &h)
	return err == nil && h.Type == accessType && h.Algorithm == jwt.SigningMethodHS256.Alg()
}

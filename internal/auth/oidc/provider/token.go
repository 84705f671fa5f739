package provider

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	jose "github.com/go-jose/go-jose/v4"
)

// leeway is how far the clocks of the provider and of this server may differ.
const leeway = time.Minute

// maxSubject is the most that a subject may have, in bytes (OpenID Connect Core
// 1.0, section 2).
const maxSubject = 255

// idToken checks an id token that came with an access token from the token
// endpoint (OpenID Connect Core 1.0, section 3.1.3.7), all but its nonce.
func (p *Provider) idToken(ctx context.Context, m *metadata, raw, access string) (claims, error) {
	if err := checkHeader(raw); err != nil {
		return nil, fmt.Errorf("%w: the id token: %w", ErrInvalid, err)
	}
	set := &keySet{keys: m.keys}
	token, err := oidc.NewVerifier(m.issuer, set, &oidc.Config{
		ClientID:             p.settings.ClientID,
		SupportedSigningAlgs: m.idTokens,
		SkipExpiryCheck:      true, // it allows no leeway
	}).Verify(ctx, raw)
	var c claims
	switch {
	case set.err != nil:
		return nil, set.err
	case err != nil:
		return nil, fmt.Errorf("%w: the id token: %w", ErrInvalid, err)
	case token.Claims(&c) != nil:
		return nil, fmt.Errorf("%w: the id token is not a JSON object", ErrInvalid)
	}
	if token.AccessTokenHash != "" {
		err = token.VerifyAccessToken(access)
	}
	if err == nil {
		err = c.checkTimes(time.Now())
	}
	authorized, named := c["azp"]
	switch {
	case err != nil:
	case c.text("sub") == "" || len(c.text("sub")) > maxSubject:
		err = errors.New("it has no usable subject")
	case len(token.Audience) > 1 && !named, named && authorized != p.settings.ClientID:
		err = errors.New("it was made for another client")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the id token: %w", ErrInvalid, err)
	}
	return c, nil
}

// keySet is a use of the keys for one id token. Package oidc passes on the text
// of errors alone, so err holds the one that matters.
type keySet struct {
	keys *keys
	err  error // matches ErrUnavailable
}

// VerifySignature implements [oidc.KeySet]. That the algorithm is one of id
// tokens has been checked by then.
func (s *keySet) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	token, err := parse(raw, algorithms())
	if err != nil {
		return nil, err
	}
	payload, err := s.keys.verify(ctx, token, true)
	if errors.Is(err, ErrUnavailable) {
		s.err = err
	}
	return payload, err
}

// loginAccess returns the claims of an access token that came from the token
// endpoint, if it is a JWT that can be checked and is meant for this server, else
// nil. It is not what anybody logs in with, so that is no fault.
func (p *Provider) loginAccess(ctx context.Context, m *metadata, raw string, urgent bool) claims {
	if checkHeader(raw) != nil {
		return nil
	}
	c, err := p.accessToken(ctx, m, raw, urgent)
	if err != nil || p.settings.Audience != "" && !m.forAudience(c, p.settings.Audience) {
		return nil
	}
	return c
}

// accessToken checks all of an access token but for whom it is meant.
func (p *Provider) accessToken(ctx context.Context, m *metadata, raw string, urgent bool) (claims, error) {
	token, err := parse(raw, algorithms())
	if err != nil {
		return nil, err
	}
	payload, err := m.keys.verify(ctx, token, urgent)
	if err != nil {
		return nil, err
	}
	var c claims
	if json.Unmarshal(payload, &c) != nil {
		return nil, errors.New("it is not a JSON object")
	}
	if !m.issued(c.text("iss")) {
		return nil, errors.New("it is of another issuer")
	}
	return c, c.checkTimes(time.Now())
}

// issued reports whether an issuer is this provider.
func (m *metadata) issued(issuer string) bool {
	return issuer != "" && (issuer == m.issuer || issuer == m.entra)
}

// forAudience reports whether claims have an audience. Entra spells it with and
// without api://, by the version of the token.
func (m *metadata) forAudience(c claims, audience string) bool {
	bare := strings.TrimPrefix(audience, "api://")
	return slices.ContainsFunc(c.list("aud"), func(a string) bool {
		return a == audience || m.entra != "" && strings.TrimPrefix(a, "api://") == bare
	})
}

// parse parses a token in the compact form.
func parse(raw string, algorithms []string) (*jose.JSONWebSignature, error) {
	var allowed []jose.SignatureAlgorithm
	for _, a := range algorithms {
		allowed = append(allowed, jose.SignatureAlgorithm(a))
	}
	token, err := jose.ParseSignedCompact(raw, allowed)
	if err != nil {
		return nil, errors.New("it is not a signed token of an algorithm that is accepted")
	}
	return token, nil
}

// checkHeader checks what can be checked before a signature: that a token has
// the form of a signed one, and that its header demands nothing (RFC 7515,
// section 4.1.11). Where a header says that keys are (jku, x5u, jwk, x5c) is
// never looked at.
func checkHeader(raw string) error {
	header, ok := decode(raw, 0)
	if !ok {
		return errors.New("it is not a JWT")
	}
	if _, ok := header["crit"]; ok {
		return errors.New("its header demands an extension")
	}
	if _, ok := header["b64"]; ok {
		return errors.New("its header demands an extension")
	}
	return nil
}

// decode returns a part of a JWT, of which nothing has been checked: the header,
// 0, or the claims, 1.
func decode(raw string, part int) (claims, bool) {
	parts := strings.SplitN(raw, ".", 4)
	if len(parts) != 3 {
		return nil, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[part])
	var c claims
	if err != nil || json.Unmarshal(text, &c) != nil {
		return nil, false
	}
	return c, true
}

// same compares a secret, in time that does not depend on where it differs. No
// secret is empty.
func same(got, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

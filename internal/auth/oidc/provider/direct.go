package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// maxDirect is the most that a token sent by a client may have, in bytes.
const maxDirect = 8 << 10

// IssuedHere reports whether a token claims to be of this provider. Nothing of it
// has been checked.
func (p *Provider) IssuedHere(token string) bool {
	if len(token) > maxDirect {
		return false
	}
	c, ok := decode(token, 1)
	if !ok {
		return false
	}
	issuer := c.text("iss")
	return strings.TrimSuffix(issuer, "/") == p.issuer || issuer != "" && issuer == entraV1Issuer(p.issuer)
}

// Direct checks an access token of the provider that a client sent without a
// login here, as a pipeline with a grant of its own does, and returns whose it
// is. There is no refresh token in it. A token that is not for this server, or no
// access token, or bound to a key (RFC 9449, RFC 8705), matches [ErrInvalid], as
// any does without [Settings.Audience]. Errors quote nothing of the token.
//
// It asks nobody, but for keys that are not known. It never asks the provider
// what an opaque token is: such a token may be meant for any other application.
func (p *Provider) Direct(ctx context.Context, token string) (Login, error) {
	if p.settings.Audience == "" {
		return Login{}, fmt.Errorf("%w: INFRAHUB_MCP_OIDC_AUDIENCE is not set", ErrInvalid)
	}
	if len(token) > maxDirect {
		return Login{}, fmt.Errorf("%w: the token is longer than %d bytes", ErrInvalid, maxDirect)
	}
	if err := checkHeader(token); err != nil {
		return Login{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	m, err := p.metadata()
	if err != nil {
		return Login{}, err
	}
	c, err := p.accessToken(ctx, m, token, false)
	if errors.Is(err, ErrUnavailable) {
		return Login{}, err
	}
	if err == nil {
		err = p.checkDirect(m, token, c)
	}
	if err != nil {
		return Login{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	s := &said{access: c}
	return Login{Issuer: m.issuer, Subject: c.text("sub"), Name: p.name(s, c.text("sub")), Granted: p.granted(s)}, nil
}

// checkDirect checks that a token, whose signature is right, is an access token
// for this server.
func (p *Provider) checkDirect(m *metadata, token string, c claims) error {
	if !m.forAudience(c, p.settings.Audience) {
		return errors.New("it is for another audience")
	}
	if s := c.text("sub"); s == "" || len(s) > maxSubject {
		return errors.New("it has no usable subject")
	}
	if _, bound := c["cnf"]; bound {
		return errors.New("it is bound to a key, and a bearer proves none")
	}
	header, _ := decode(token, 0)
	switch typ := strings.ToLower(header.text("typ")); strings.TrimPrefix(typ, "application/") {
	case "", "jwt", "at+jwt":
	default:
		return errors.New("it is not an access token")
	}
	if accessToken(c) {
		return nil
	}
	return errors.New("it is not an access token")
}

// accessToken reports whether claims are those of an access token rather than of
// an id token, which may have the same audience.
func accessToken(c claims) bool {
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if _, ok := c[name]; ok {
			return false
		}
	}
	// Keycloak's claim for the sort of a token.
	if typ := c.text("typ"); typ != "" && !strings.EqualFold(typ, "Bearer") {
		return false
	}
	for _, name := range []string{"scope", "scp"} {
		if _, ok := c[name]; ok {
			return true
		}
	}
	// An application that acts for itself has roles and no scopes at Entra. Id
	// tokens have roles as well, but do not name the client so.
	if _, ok := c["roles"]; ok {
		for _, name := range []string{"azp", "appid", "client_id", "cid"} {
			if c.text(name) != "" {
				return true
			}
		}
	}
	return false
}

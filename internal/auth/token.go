package auth

import (
	"net/http"
	"strings"

	"infrahub-mcp/internal/infrahub"
)

// Token is mode token-passthrough: each request carries an Infrahub API token,
// as "Bearer <token>" or alone. It is a key of Infrahub's own and no OAuth token.
type Token struct {
	header header
	keys   Keys
}

// NewToken returns the mode for tokens in a header. The error is about the name
// of the header.
func NewToken(headerName string, keys Keys) (*Token, error) {
	h, err := newHeader(headerName, "your Infrahub API token", "Bearer <token>", "Bearer")
	if err != nil {
		return nil, err
	}
	return &Token{h, keys}, nil
}

// Authenticate implements [Authenticator].
func (t *Token) Authenticate(r *http.Request) (Identity, error) {
	value, fault := t.header.value(r)
	if fault != nil {
		return Identity{}, fault
	}
	token, ok := readToken(value)
	if !ok {
		return Identity{}, t.header.malformed
	}
	return Identity{
		Principal:  Principal{Mode: ModeToken, Key: t.keys.Name("principal", string(ModeToken), token)},
		Credential: infrahub.Credential{Token: token},
	}, nil
}

// readToken reads "Bearer <token>" or a token alone. A value of two words with
// another scheme, or a scheme alone, is no token.
func readToken(value string) (token string, ok bool) {
	scheme, token := cutScheme(value)
	if scheme == "" {
		return token, !strings.EqualFold(token, "bearer") && !strings.EqualFold(token, "basic")
	}
	return token, strings.EqualFold(scheme, "bearer") && !strings.Contains(token, " ")
}

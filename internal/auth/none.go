package auth

import (
	"net/http"

	"infrahub-mcp/internal/infrahub"
)

// None is mode none: whoever reaches the server acts with its credential. What
// requests carry is not looked at.
type None struct {
	// identity is a function because package fmt, which calls no methods on
	// unexported fields, would print the credential.
	identity func() Identity
}

// NewNone returns the mode for the credential of the server.
func NewNone(c infrahub.Credential) *None {
	return &None{func() Identity { return Identity{Principal: Principal{Mode: ModeNone}, Credential: c} }}
}

// Authenticate implements [Authenticator]. It never fails.
func (n *None) Authenticate(*http.Request) (Identity, error) { return n.identity(), nil }

// Identity is that of every request, for transports without headers.
func (n *None) Identity() Identity { return n.identity() }

package auth

import (
	"net/http"
	"sync/atomic"

	"infrahub-mcp/internal/infrahub"
)

// None is mode none: whoever reaches the server acts with its credential. What
// requests carry is not looked at.
type None struct {
	// credential is behind a pointer that package fmt does not follow.
	credential atomic.Pointer[infrahub.Credential]
}

// NewNone returns the mode for the credential of the server.
func NewNone(c infrahub.Credential) *None {
	n := &None{}
	n.credential.Store(&c)
	return n
}

// Replace puts another credential in the place of the server's. An [Identity] that
// was returned before keeps the one it has.
func (n *None) Replace(c infrahub.Credential) { n.credential.Store(&c) }

// Credential is that of the server, as it is now.
func (n *None) Credential() infrahub.Credential { return *n.credential.Load() }

// Authenticate implements [Authenticator]. It never fails.
func (n *None) Authenticate(*http.Request) (Identity, error) { return n.Identity(), nil }

// Identity is that of every request, for transports without headers.
func (n *None) Identity() Identity {
	return Identity{Principal: Principal{Mode: ModeNone}, Credential: n.Credential()}
}

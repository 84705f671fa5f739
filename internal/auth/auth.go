// Package auth finds out who sends a request: by which credential the request
// acts in Infrahub, and under which key everything that belongs to its sender is
// kept.
//
// An [Authenticator] reads a request, [Require] puts one before a handler, and
// [Accounts] learns the name behind a credential and keeps passwords from being
// guessed.
package auth

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/telemetry"
)

// Authenticator finds out who sends a request.
type Authenticator interface {
	// Authenticate reads the credential of a request. It asks nobody: that a
	// credential is well formed does not mean that Infrahub accepts it. Its
	// errors are [*Error].
	Authenticate(r *http.Request) (Identity, error)
}

// Mode is a way to authenticate, a value of INFRAHUB_MCP_AUTH_MODE.
type Mode string

// The modes.
const (
	// ModeNone: everyone acts with the credential of the server.
	ModeNone Mode = "none"
	// ModeToken: each request carries an Infrahub API token.
	ModeToken Mode = "token-passthrough" // #nosec G101 -- the name of a mode
	// ModeBasic: each request carries a user name and password of Infrahub.
	ModeBasic Mode = "basic-passthrough"
	// ModeOIDC: each request carries an access token, and acts with the credential
	// of the server. Package oidc is this mode.
	ModeOIDC Mode = "oidc"
)

// Identity is who sends a request and as whom it acts. Printing, logging or
// encoding one shows what [Principal] shows.
type Identity struct {
	Principal Principal
	// Credential is what requests to Infrahub carry.
	Credential infrahub.Credential
	// Address is where the request came from; failed logins are counted by it.
	// It is set by [Accounts.Limit] and the zero value elsewhere.
	Address netip.Addr
}

type identityKey struct{}

// WithIdentity returns a context that carries an identity, and whose log lines
// hide the credential.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	var sent string // by which the header carries a name and password
	if c := id.Credential; c.Password != "" {
		sent = base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + c.Password))
	}
	ctx = telemetry.WithSecrets(ctx, id.Credential.Token, id.Credential.Password, sent)
	// A function, because package fmt would print what a context holds.
	return context.WithValue(ctx, identityKey{}, func() Identity { return id })
}

// IdentityFrom returns the identity that ctx carries. Without one it is the zero
// value, whose credential Infrahub's client refuses to send.
func IdentityFrom(ctx context.Context) Identity {
	id, ok := ctx.Value(identityKey{}).(func() Identity)
	if !ok {
		return Identity{}
	}
	return id()
}

// String is that of the principal.
func (i Identity) String() string { return i.Principal.String() }

// Format writes the same as String for every verb.
func (i Identity) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, i.String()) // the formatter reports its own errors
}

// LogValue is the same as String.
func (i Identity) LogValue() slog.Value { return slog.StringValue(i.String()) }

// MarshalText is the same as String; it serves JSON too.
func (i Identity) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

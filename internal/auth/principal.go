package auth

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Principal is who a request comes from. Printing, logging or encoding one
// shows its mode and name.
type Principal struct {
	Mode Mode
	// Key tells principals apart: a keyed hash of what identifies the caller,
	// from which nothing of that can be learned. It is the same for every
	// request of a caller, and on every replica that has the same signing key.
	// It is "" for the one principal of mode none, which everyone shares.
	//
	// In the passthrough modes the key says nothing of whether Infrahub accepts
	// the credential: what is kept under it belongs to whoever has the
	// credential, not to the account that the credential claims to be of.
	Key string
	// Name is the name for people. It is "" where only Infrahub knows it; see
	// [Accounts.Name].
	Name string
	// Subject is the id of the user at the identity provider, in mode oidc.
	// Unlike Name it never changes and is nobody else's.
	Subject string
	// Scopes are what the principal may do beyond reading, in mode oidc. In the
	// other modes there are none, and Infrahub decides alone.
	Scopes []string
	// Client is the program that the user logged in with, as a hash, and Since when
	// its credential was issued, in mode oidc.
	Client string
	Since  time.Time
}

// String shows the mode and the name.
func (p Principal) String() string {
	if p.Name == "" {
		return fmt.Sprintf("principal(%s)", p.Mode)
	}
	return fmt.Sprintf("principal(%s, %q)", p.Mode, p.Name)
}

// Format writes the same as String for every verb.
func (p Principal) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, p.String()) // the formatter reports its own errors
}

// LogValue is the same as String.
func (p Principal) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText is the same as String; it serves JSON too.
func (p Principal) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

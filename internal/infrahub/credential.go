package infrahub

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Credential is what a caller identifies itself with to Infrahub: an API token,
// or a user name and a password. The token wins when there are both. Printing,
// logging or encoding one shows which of the two it is, and nothing of it.
type Credential struct {
	Token              string
	Username, Password string
}

// String says which sort of credential it is.
func (c Credential) String() string {
	switch {
	case c.Token != "":
		return "credential(token)"
	case c.Username != "" || c.Password != "":
		return "credential(password)"
	}
	return "credential(none)"
}

// Format writes the same as String for every verb.
func (c Credential) Format(f fmt.State, _ rune) {
	io.WriteString(f, c.String()) //nolint:errcheck // the formatter reports its own errors
}

// LogValue is the same as String.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText is the same as String.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// MarshalJSON is the same as String, as a JSON string.
func (c Credential) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// check returns an Unauthenticated error for a credential that cannot be one.
// It matters that an empty token is refused here: Infrahub takes an empty
// header for no header, and answers as to an anonymous user.
func (c Credential) check() error {
	switch {
	case c.Token != "":
		// Blanks at the ends would be cut off on the way, and line breaks are
		// not possible in a header.
		if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return &Error{Kind: Unauthenticated, Message: "The Infrahub API token holds characters that no token has."}
		}
	case c.Username == "":
		return &Error{Kind: Unauthenticated, Message: "No credential for Infrahub was given."}
	case c.Password == "":
		return &Error{Kind: Unauthenticated, Message: "No password for Infrahub was given."}
	}
	return nil
}

// newKeyOf returns the function that names credentials: a hash under a secret
// key made now. Each part goes in with its length, so that no two credentials
// share a name.
func newKeyOf() func(Credential) string {
	secret := make([]byte, sha256.Size)
	rand.Read(secret)
	return func(c Credential) string {
		mac := hmac.New(sha256.New, secret)
		var buf []byte
		for _, part := range []string{c.Token, c.Username, c.Password} {
			buf = binary.BigEndian.AppendUint64(buf[:0], uint64(len(part)))
			buf = append(buf, part...)
			mac.Write(buf)
		}
		return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
}

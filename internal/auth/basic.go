package auth

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"infrahub-mcp/internal/infrahub"
)

// Basic is mode basic-passthrough: each request carries a user name and password
// of Infrahub (RFC 7617). They are sent to Infrahub when a call first needs
// them; see [Accounts].
type Basic struct {
	header header
	keys   Keys
}

// NewBasic returns the mode for credentials in a header. The error is about the
// name of the header.
func NewBasic(headerName string, keys Keys) (*Basic, error) {
	h, err := newHeader(headerName, "your user name and password for Infrahub", "Basic <base64 of name:password in UTF-8>",
		`Basic realm="infrahub", charset="UTF-8"`)
	if err != nil {
		return nil, err
	}
	return &Basic{h, keys}, nil
}

// Authenticate implements [Authenticator].
func (b *Basic) Authenticate(r *http.Request) (Identity, error) {
	value, fault := b.header.value(r)
	if fault != nil {
		return Identity{}, fault
	}
	user, password, ok := readBasic(value)
	if !ok {
		return Identity{}, b.header.malformed
	}
	return Identity{
		// The password is part of the key, since nobody has checked it yet.
		Principal:  Principal{Mode: ModeBasic, Key: b.keys.Name("principal", string(ModeBasic), user, password)},
		Credential: infrahub.Credential{Username: user, Password: password},
	}, nil
}

// readBasic reads "Basic <base64>" (RFC 7617, section 2): padded base64 of
// UTF-8 without control characters, split at the first colon. The user name may
// not be empty; the password may. [http.Request.BasicAuth] is less strict.
func readBasic(value string) (user, password string, ok bool) {
	scheme, encoded := cutScheme(value)
	if !strings.EqualFold(scheme, "basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return "", "", false
	}
	text := string(raw)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return "", "", false
	}
	user, password, ok = strings.Cut(text, ":")
	return user, password, ok && user != ""
}

package config

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that is never shown: printed, logged or encoded it is
// "(hidden)", or nothing when it is empty. Keep it in exported fields: fmt
// cannot call methods on unexported ones and would print the text.
type Secret string

// Hidden stands where a secret would be.
const Hidden = "(hidden)"

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String returns Hidden, or "" when there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Hidden
}

// GoString is String, quoted; it serves %#v.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// Format serves every verb of fmt, those that print bytes included.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, s.GoString())
		return
	}
	_, _ = io.WriteString(f, s.String())
}

// MarshalText serves JSON, XML and every other text encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue serves log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

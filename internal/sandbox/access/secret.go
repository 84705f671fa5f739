package access

// Secret is a credential. Printed or encoded it hides its value.
type Secret string

const hidden = "********"

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }

// String returns asterisks.
func (s Secret) String() string { return hidden }

// GoString returns asterisks.
func (s Secret) GoString() string { return hidden }

// MarshalText returns asterisks.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

package auth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// Keys make keyed hashes: names of principals, and tags that bind something
// handed out, such as a session id, to its principal. What is hashed for one
// purpose is worthless for another. Copies are the same keys.
type Keys struct {
	// current are the secrets, newest first, behind a pointer that package fmt does
	// not follow. They are replaced and never changed.
	current *atomic.Pointer[[][]byte]
}

// minSecret is the least size of a secret, in bytes.
const minSecret = 32

// NewKeys returns keys for the life of the process: another replica, or this one
// after a restart, knows neither the names nor the tags they make.
func NewKeys() Keys {
	secret := make([]byte, minSecret)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	return keysOf(secret)
}

// KeysOf returns keys made of a secret of any length. They are worth what the
// secret is: whoever knows or guesses it has them.
func KeysOf(secret string) Keys {
	return keysOf(derive([]byte(secret), "client secret"))
}

// ParseKeys reads a list of secrets separated by commas, newest first, each at
// least 32 bytes in base64. New tags are made with the first, and those of all
// are accepted, so that a secret can be replaced while it is in use. The error
// quotes nothing.
func ParseKeys(text string) (Keys, error) {
	var secrets [][]byte
	for part := range strings.SplitSeq(text, ",") {
		secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil {
			return Keys{}, errors.New("a signing key is not base64")
		}
		if len(secret) < minSecret {
			return Keys{}, fmt.Errorf("a signing key has %d bytes; at least %d are needed", len(secret), minSecret)
		}
		secrets = append(secrets, secret)
	}
	return keysOf(secrets...), nil
}

func keysOf(secrets ...[]byte) Keys {
	current := new(atomic.Pointer[[][]byte])
	current.Store(&secrets)
	return Keys{current}
}

// secrets returns the keys as they are now.
func (k Keys) secrets() [][]byte { return *k.current.Load() }

// Replace puts others in the place of these keys, in all copies. What was derived
// of them has to be derived again.
func (k Keys) Replace(others Keys) { k.current.Store(others.current.Load()) }

// Name returns a hash of the parts, in order, as 43 letters, digits, "-" and
// "_". Nothing of the parts can be learned from it, not even by trying, without
// the key. It is made with the oldest key: a name stays what it is, here and at
// replicas that do not have the newest yet, for as long as that is listed.
func (k Keys) Name(purpose string, parts ...string) string {
	secrets := k.secrets()
	return base64.RawURLEncoding.EncodeToString(tag(secrets[len(secrets)-1], purpose, parts))
}

// Tag returns a hash of the parts, in order, as 32 bytes, with the newest key.
func (k Keys) Tag(purpose string, parts ...string) []byte {
	return tag(k.secrets()[0], purpose, parts)
}

// Valid reports whether a tag was made of the parts, with any of the keys, in
// time that does not depend on where a wrong one differs.
func (k Keys) Valid(t []byte, purpose string, parts ...string) bool {
	valid := false
	for _, secret := range k.secrets() {
		valid = hmac.Equal(t, tag(secret, purpose, parts)) || valid
	}
	return valid
}

// Derived is a key for one purpose, made of one of the secrets.
type Derived struct {
	// ID tells the secrets apart and says nothing about them: 8 bytes of a hash,
	// in base64url.
	ID string
	// Key is 32 bytes.
	Key []byte
}

// Derive returns the keys for a purpose, newest first. None of them tells
// anything of a secret or of the keys for another purpose.
func (k Keys) Derive(purpose string) []Derived {
	var keys []Derived
	for _, secret := range k.secrets() {
		hash := sha256.Sum256(derive(secret, "key id"))
		keys = append(keys, Derived{base64.RawURLEncoding.EncodeToString(hash[:8]), derive(secret, purpose)})
	}
	return keys
}

// derive makes the key for a purpose from a secret (RFC 5869).
func derive(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "infrahub-mcp/v1/"+purpose, sha256.Size)
	if err != nil {
		panic(err) // only for keys longer than 255 hashes
	}
	return key
}

func tag(secret []byte, purpose string, parts []string) []byte {
	mac := hmac.New(sha256.New, derive(secret, purpose))
	var size [8]byte
	for _, part := range parts {
		// With its length, so that no two lists of parts are alike.
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		mac.Write(size[:])
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}

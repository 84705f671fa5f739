package state

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Key is the name of what belongs to something that nobody can guess, such as a
// session id. It is the same whatever the signing keys are, so that replacing
// these loses nothing.
func Key(kind, text string) string {
	sum := sha256.Sum256([]byte(text))
	return Prefix + kind + ":" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// Name is the name of what belongs to something that could be guessed, such as an
// address: nobody learns it from the name, not even by trying.
func (r *Redis) Name(kind, text string) string {
	return Prefix + kind + ":" + base64.RawURLEncoding.EncodeToString(r.keys.Load().name([]byte(text)))
}

// keyring holds the keys for names and for messages.
type keyring struct {
	name  func(text []byte) []byte // a function because package fmt would print a key
	seals []cipher.AEAD            // newest first
}

// Replace puts other keys, 32 bytes each and newest first, in the place of those
// that were used so far.
func (r *Redis) Replace(others ...[]byte) error {
	prepared, err := newKeyring(others)
	if err != nil {
		return err
	}
	r.keys.Store(prepared)
	return nil
}

func newKeyring(secrets [][]byte) (*keyring, error) {
	if len(secrets) == 0 {
		return nil, errors.New("sharing state without a key")
	}
	k := &keyring{name: func(text []byte) []byte {
		mac := hmac.New(sha256.New, secrets[0])
		mac.Write(text)
		return mac.Sum(nil)
	}}
	for _, secret := range secrets {
		block, err := aes.NewCipher(secret)
		if err != nil {
			return nil, fmt.Errorf("preparing a key: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("preparing a key: %w", err)
		}
		k.seals = append(k.seals, aead)
	}
	return k, nil
}

// seal hides a message from whoever reads what goes through Redis, and keeps them
// from making one up.
func (r *Redis) seal(topic string, plain []byte) []byte {
	return r.keys.Load().seals[0].Seal(nil, nil, plain, []byte(topic)) //nolint:gosec // G407: this AEAD makes the nonce itself
}

// open reads what a replica with one of the same keys has sealed.
func (r *Redis) open(topic string, sealed []byte) (plain []byte, ok bool) {
	for _, aead := range r.keys.Load().seals {
		if plain, err := aead.Open(nil, nil, sealed, []byte(topic)); err == nil {
			return plain, true
		}
	}
	return nil, false
}

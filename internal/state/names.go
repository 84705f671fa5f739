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
	return Prefix + kind + ":" + base64.RawURLEncoding.EncodeToString(r.names([]byte(text)))
}

// newSeals prepares the keys for names and for messages. What makes names is a
// function because package fmt would print a key.
func newSeals(keys [][]byte) (names func(text []byte) []byte, seals []cipher.AEAD, err error) {
	if len(keys) == 0 {
		return nil, nil, errors.New("sharing state without a key")
	}
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, nil, fmt.Errorf("preparing a key: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, nil, fmt.Errorf("preparing a key: %w", err)
		}
		seals = append(seals, aead)
	}
	names = func(text []byte) []byte {
		mac := hmac.New(sha256.New, keys[0])
		mac.Write(text)
		return mac.Sum(nil)
	}
	return names, seals, nil
}

// seal hides a message from whoever reads what goes through Redis, and keeps them
// from making one up.
func (r *Redis) seal(topic string, plain []byte) []byte {
	return r.seals[0].Seal(nil, nil, plain, []byte(topic)) //nolint:gosec // G407: this AEAD makes the nonce itself
}

// open reads what a replica with one of the same keys has sealed.
func (r *Redis) open(topic string, sealed []byte) (plain []byte, ok bool) {
	for _, aead := range r.seals {
		if plain, err := aead.Open(nil, nil, sealed, []byte(topic)); err == nil {
			return plain, true
		}
	}
	return nil, false
}

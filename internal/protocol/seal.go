package protocol

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// seal makes and opens the requestState of questions (protocol 2026-07-28,
// Multi Round-Trip Requests): a token that the client carries from the question
// to the answer. It is encrypted and authenticated, bound to the request it was
// made for, names what the user was asked about, expires, and counts once.
type seal struct {
	aead     cipher.AEAD
	lifetime time.Duration

	mu      sync.Mutex
	spent   map[nonce]time.Time // expiry
	order   []nonce             // of spent, in the order they were spent
	horizon time.Time           // what expires at or before it counts as spent
}

// state is what an opened token says.
type state struct {
	nonce   nonce
	expiry  time.Time
	subject [sha256.Size]byte // hash of the subject
}

type nonce [12]byte

const (
	stateLifetime = 10 * time.Minute
	// maxSpent bounds the memory of spent tokens. Beyond it the oldest is
	// forgotten, and all that expire no later than it count as spent.
	maxSpent = 10_000

	expirySize = 8 // in bytes: Unix time in milliseconds
)

var errState = errors.New("the state was altered, or made for another request or by another server")

// newSeal returns a seal with a random key: a token is good for one process.
func newSeal() *seal {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key of another size
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only for a block of another size
	}
	return &seal{aead: aead, lifetime: stateLifetime, spent: map[nonce]time.Time{}}
}

// close returns a token for a question about subject that was asked in a
// request: who made it, the tool and its arguments.
func (s *seal) close(request []byte, subject string) string {
	hash := sha256.Sum256([]byte(subject))
	plain := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(s.lifetime).UnixMilli()))
	sealed := s.aead.Seal(nil, nil, append(plain, hash[:]...), request) //nolint:gosec // G407: this AEAD makes the nonce itself
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// open reads a token. It fails unless the token was made here for this request.
func (s *seal) open(request []byte, token string) (*state, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, errState
	}
	plain, err := s.aead.Open(nil, nil, raw, request)
	if err != nil || len(plain) != expirySize+sha256.Size {
		return nil, errState
	}
	return &state{
		nonce:   nonce(raw[:len(nonce{})]),                             // the AEAD puts it first
		expiry:  time.UnixMilli(int64(binary.BigEndian.Uint64(plain))), //nolint:gosec // our own
		subject: [sha256.Size]byte(plain[expirySize:]),
	}, nil
}

// spend uses a token for an answer about subject. It reports false when the
// token is about something else, has expired or was used before.
func (s *seal) spend(t *state, subject string) bool {
	now := time.Now()
	if t.subject != sha256.Sum256([]byte(subject)) || !now.Before(t.expiry) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.spent[t.nonce]; used || !t.expiry.After(s.horizon) {
		return false
	}
	for len(s.order) > 0 && (len(s.order) >= maxSpent || !now.Before(s.spent[s.order[0]])) {
		oldest := s.order[0]
		if expiry := s.spent[oldest]; expiry.After(s.horizon) {
			s.horizon = expiry
		}
		delete(s.spent, oldest)
		s.order = s.order[1:]
	}
	s.spent[t.nonce] = t.expiry
	s.order = append(s.order, t.nonce)
	return true
}

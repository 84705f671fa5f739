package protocol

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"infrahub-mcp/internal/state"
)

// seal makes and opens the requestState of questions (protocol 2026-07-28,
// Multi Round-Trip Requests): a token that the client carries from the question
// to the answer. It is encrypted and authenticated, bound to the request it was
// made for, names what the user was asked about, expires, and counts once.
type seal struct {
	aeads    atomic.Pointer[[]cipher.AEAD] // newest first
	shared   *state.Redis                  // nil for one process alone
	lifetime time.Duration

	mu      sync.Mutex
	spent   map[nonce]time.Time // expiry
	order   []nonce             // of spent, in the order they were spent
	horizon time.Time           // what expires at or before it counts as spent
}

// sealed is what an opened token says.
type sealed struct {
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

// newSeal returns a seal. With a shared store its tokens are good for all replicas
// with one of the keys; without one the key is random, because a process that does
// not remember what was spent before it started must not take such a token.
func newSeal(shared *state.Redis, keys [][]byte) *seal {
	if shared == nil {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails (crypto/rand)
		keys = [][]byte{key}
	}
	s := &seal{shared: shared, lifetime: stateLifetime, spent: map[nonce]time.Time{}}
	s.use(keys)
	return s
}

// replace puts other keys in the place of those that tokens are sealed with, if
// these are not random.
func (s *seal) replace(keys [][]byte) {
	if s.shared != nil {
		s.use(keys)
	}
}

func (s *seal) use(keys [][]byte) {
	var aeads []cipher.AEAD
	for _, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			panic(err) // only for a key of another size
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			panic(err) // only for a block of another size
		}
		aeads = append(aeads, aead)
	}
	s.aeads.Store(&aeads)
}

// close returns a token for a question about subject that was asked in a
// request: who made it, the tool and its arguments.
func (s *seal) close(request []byte, subject string) string {
	hash := sha256.Sum256([]byte(subject))
	plain := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(s.lifetime).UnixMilli()))
	token := (*s.aeads.Load())[0].Seal(nil, nil, append(plain, hash[:]...), request) //nolint:gosec // G407: this AEAD makes the nonce itself
	return base64.RawURLEncoding.EncodeToString(token)
}

// open reads a token. It fails unless the token was made for this request, here or
// at another replica.
func (s *seal) open(request []byte, token string) (*sealed, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, errState
	}
	var plain []byte
	for _, aead := range *s.aeads.Load() {
		if plain, err = aead.Open(nil, nil, raw, request); err == nil {
			break
		}
	}
	if err != nil || len(plain) != expirySize+sha256.Size {
		return nil, errState
	}
	return &sealed{
		nonce:   nonce(raw[:len(nonce{})]),                             // the AEAD puts it first
		expiry:  time.UnixMilli(int64(binary.BigEndian.Uint64(plain))), //nolint:gosec // our own
		subject: [sha256.Size]byte(plain[expirySize:]),
	}, nil
}

// spend uses a token for an answer about subject. It reports false when the
// token is about something else, has expired or was used before. The error says
// that it is not known whether it was used.
func (s *seal) spend(ctx context.Context, t *sealed, subject string) (bool, error) {
	if t.subject != sha256.Sum256([]byte(subject)) || !time.Now().Before(t.expiry) {
		return false, nil
	}
	if s.shared == nil {
		return s.spendHere(t), nil
	}
	mine := rand.Text() // a command is repeated when its answer is lost
	has, err := s.shared.SetFirst(ctx, state.Key("spent", string(t.nonce[:])), mine, time.Until(t.expiry)+time.Second)
	if err != nil {
		return false, fmt.Errorf("noting that an answer was used: %w", err)
	}
	return has == mine, nil
}

// spendHere is spend in the memory of the process.
func (s *seal) spendHere(t *sealed) bool {
	now := time.Now()
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

package protocol

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Sessions issues and checks session ids of streamable HTTP (protocol
// 2025-11-25 and older). An id is a time, a random number and what the client
// can do, with a keyed hash over them and the principal, so nothing is stored
// for a session: an id is valid when its hash is, for the principal that it was
// issued to, until it is too old or was ended.
type Sessions struct {
	keys      atomic.Pointer[[]*key] // newest first
	lifetime  time.Duration
	principal func(context.Context) string
	ended     *lru.Cache[string, struct{}]
}

// Parts of a session id, in bytes.
const (
	timeSize    = 8
	randomSize  = 16
	abilitySize = 1
	contentSize = timeSize + randomSize + abilitySize
	hashSize    = 16
)

// canAsk is the ability of a client to put questions to its user.
const canAsk = 1

// maxEnded bounds the memory of ended sessions; the oldest are forgotten first.
const maxEnded = 100_000

// NewSessions returns a Sessions that signs ids with the first of the keys, which
// are the same for all replicas, and accepts those of all. Without any the key is
// random. principal names who a request comes from; ids are bound to it.
func NewSessions(lifetime time.Duration, principal func(context.Context) string, keys ...[]byte) *Sessions {
	if len(keys) == 0 {
		key := make([]byte, sha256.Size)
		_, _ = rand.Read(key) // never fails (crypto/rand)
		keys = [][]byte{key}
	}
	ended, err := lru.New[string, struct{}](maxEnded)
	if err != nil {
		panic(err) // only for a size below one
	}
	s := &Sessions{lifetime: lifetime, principal: principal, ended: ended}
	s.Replace(keys...)
	return s
}

// Replace puts other keys, of which there is at least one, in the place of those
// that ids are signed with.
func (s *Sessions) Replace(keys ...[]byte) {
	signing := make([]*key, len(keys))
	for i, k := range keys {
		signing[i] = newKey(k)
	}
	s.keys.Store(&signing)
}

// Issue returns a new session id: visible ASCII, as the specification demands.
// asks says that the client can put questions to its user.
func (s *Sessions) Issue(ctx context.Context, asks bool) string {
	id := make([]byte, contentSize, contentSize+hashSize)
	binary.BigEndian.PutUint64(id, uint64(time.Now().Unix())) //nolint:gosec // after 1970
	_, _ = rand.Read(id[timeSize : timeSize+randomSize])
	if asks {
		id[contentSize-1] = canAsk
	}
	return base64.RawURLEncoding.EncodeToString(append(id, s.hash(ctx, (*s.keys.Load())[0], id)...))
}

// Valid reports whether an id was issued to this principal, is not too old and
// was not ended.
func (s *Sessions) Valid(ctx context.Context, id string) bool {
	raw, ok := decodeSession(id)
	if !ok {
		return false
	}
	content, hash := raw[:contentSize], raw[contentSize:]
	if !slices.ContainsFunc(*s.keys.Load(), func(k *key) bool { return hmac.Equal(hash, s.hash(ctx, k, content)) }) {
		return false
	}
	age := time.Since(time.Unix(int64(binary.BigEndian.Uint64(content)), 0)) //nolint:gosec // our own, its hash was checked
	return age <= s.lifetime && !s.ended.Contains(id)
}

// CanAsk reports whether the client of a session, whose id Valid has accepted,
// can put questions to its user. Requests without a session id cannot tell.
func (s *Sessions) CanAsk(id string) bool {
	raw, ok := decodeSession(id)
	return ok && raw[contentSize-1] == canAsk
}

func decodeSession(id string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	return raw, err == nil && len(raw) == contentSize+hashSize
}

// End ends a session.
func (s *Sessions) End(id string) { s.ended.Add(id, struct{}{}) }

func (s *Sessions) hash(ctx context.Context, k *key, content []byte) []byte {
	mac, _ := k.macs.Get().(hash.Hash) // there is nothing else in it
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write(content)
	mac.Write([]byte(s.principal(ctx)))
	return mac.Sum(nil)[:hashSize]
}

// key makes keyed hashes. Most of the work of one is in preparing the key, and
// there is a hash with each request.
type key struct{ macs sync.Pool }

func newKey(secret []byte) *key {
	return &key{sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

package provider

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// keys are the keys that the provider signs with (RFC 7517). They are read when
// a token names one that is not known. For a token that anyone may have made up
// that happens rarely, and never twice in a while for the same name; for one
// that came straight from the provider it happens at once, since otherwise
// nobody could log in for a while after the provider changed keys.
type keys struct {
	url string
	p   *Provider

	current atomic.Pointer[keyList] // nil until the first success
	begun   atomic.Uint64           // number of fetches
	flights singleflight.Group

	mu     sync.Mutex
	next   time.Time     // no fetch for made-up tokens before that
	wait   time.Duration // between two of those
	missed *lru.Cache[string, time.Time]
}

type keyList struct {
	keys  []jose.JSONWebKey
	fetch uint64 // which one this is from
}

const (
	waitLeast  = 10 * time.Second // between fetches for made-up tokens
	waitMost   = time.Minute
	missedLife = 5 * time.Minute // of the name of a key that the provider does not have
	missedKept = 256
	maxKeys    = 100
	minRSA     = 2048 // bits (RFC 7518, section 3.3)
)

var (
	errSignature  = errors.New("its signature is not of a key of the identity provider")
	errUnknownKey = errors.New("it is signed with a key that the identity provider does not publish")
)

// algorithms are those that tokens may be signed with: none with a shared
// secret.
func algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

func newKeys(p *Provider, url string) *keys {
	missed, err := lru.New[string, time.Time](missedKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &keys{url: url, p: p, wait: waitLeast, missed: missed}
}

// verify returns the payload of a token. urgent is for tokens that came straight
// from the provider. Errors match [ErrUnavailable] where the provider's keys
// could not be read.
func (k *keys) verify(ctx context.Context, token *jose.JSONWebSignature, urgent bool) ([]byte, error) {
	wanted := k.begun.Load() + 1 // a fetch that begins now or later
	list := k.current.Load()
	payload, err := list.verify(token)
	if err == nil || list != nil && !urgent && !errors.Is(err, errUnknownKey) {
		return payload, err
	}
	id := token.Signatures[0].Header.KeyID
	if !urgent && !k.mayFetch(id) {
		if list == nil {
			return nil, fmt.Errorf("%w: its keys have not been read yet", ErrUnavailable)
		}
		return nil, err
	}
	// The first fetch may have begun before the token was made.
	for list == nil || list.fetch < wanted {
		if list, err = k.fetch(ctx); err != nil {
			return nil, fmt.Errorf("%w: its keys cannot be read: %w", ErrUnavailable, err)
		}
	}
	payload, err = list.verify(token)
	k.note(id, !errors.Is(err, errUnknownKey))
	return payload, err
}

// mayFetch reports whether to fetch for a token that anyone may have made up,
// and counts it.
func (k *keys) mayFetch(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if at, ok := k.missed.Get(id); ok && now.Before(at.Add(missedLife)) {
		return false
	}
	if now.Before(k.next) {
		return false
	}
	k.next = now.Add(k.wait)
	k.wait = min(2*k.wait, waitMost)
	return true
}

// note remembers what came of a fetch.
func (k *keys) note(id string, found bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if found {
		k.wait = waitLeast
		k.missed.Remove(id)
		return
	}
	k.missed.Add(id, time.Now())
}

// refresh reads the keys.
func (k *keys) refresh(ctx context.Context) error {
	if _, err := k.fetch(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// fetch reads the keys, once for all who want that at a time. It goes on when
// one of them gives up.
func (k *keys) fetch(ctx context.Context) (*keyList, error) {
	flight := k.flights.DoChan("", func() (any, error) {
		number := k.begun.Add(1)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestLimit)
		defer cancel()
		status, body, err := k.p.get(ctx, k.url)
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("%s answers with status %d", k.url, status)
		}
		list, err := parseKeys(body)
		if err != nil {
			return nil, fmt.Errorf("the answer of %s: %w", k.url, err)
		}
		list.fetch = number
		k.current.Store(list)
		return list, nil
	})
	select {
	case result := <-flight:
		list, _ := result.Val.(*keyList)
		return list, result.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// parseKeys returns the keys of a set that verify signatures. Others are left
// out: a set may hold keys for encryption, and of types that are not known here
// (RFC 7517, section 5).
func parseKeys(body []byte) (*keyList, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil {
		return nil, errors.New("is not a set of keys")
	}
	list := &keyList{}
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(text, &key) != nil || !verifies(key) {
			continue
		}
		if list.keys = append(list.keys, key); len(list.keys) == maxKeys {
			break
		}
	}
	if len(list.keys) == 0 {
		return nil, errors.New("has no key that verifies signatures")
	}
	return list, nil
}

// verifies reports whether a key is one for signatures.
func verifies(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" || !key.IsPublic() {
		return false
	}
	r, ok := key.Key.(*rsa.PublicKey)
	return !ok || r.N.BitLen() >= minRSA
}

// verify returns the payload of a token, or errUnknownKey, or errSignature. A
// token need not name its key only when there is just one (OpenID Connect Core
// 1.0, section 10.1).
func (l *keyList) verify(token *jose.JSONWebSignature) ([]byte, error) {
	if l == nil {
		return nil, errUnknownKey
	}
	header := token.Signatures[0].Header
	err := errUnknownKey
	for _, key := range l.keys {
		if header.KeyID != key.KeyID && (header.KeyID != "" || len(l.keys) > 1) {
			continue
		}
		err = errSignature
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, failed := token.Verify(key.Key); failed == nil {
			return payload, nil
		}
	}
	return nil, err
}

// Package seal makes what mode oidc hands out and later believes: sealed
// artefacts, which only this server can read, and access tokens. Nothing is
// stored for either: any replica with the same signing key takes what another
// one made.
package seal

import (
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"infrahub-mcp/internal/auth"
)

// Kind is a kind of sealed artefact. Each has keys of its own, so that one can
// never be taken for another.
type Kind string

// The kinds of artefacts.
const (
	// Client is the client_id of a registered client.
	Client Kind = "client"
	// Form is the hidden field of the consent page.
	Form Kind = "form"
	// State is the cookie that binds a login at the provider to a browser.
	State Kind = "state"
	// Code is an authorization code.
	Code Kind = "code"
	// Refresh is a refresh token.
	Refresh Kind = "refresh"
	// Answer is what was answered to a refresh token, for who asks again.
	Answer Kind = "answer"
)

// What is wrong with an artefact or a token. The functions of this package that
// read one return no other errors: nothing of what was read is in them.
var (
	// ErrInvalid means that this server did not make it, or made it with a key
	// that was removed since, or for another purpose, or that it was changed.
	ErrInvalid = errors.New("not valid here")
	// ErrExpired means that its life is over.
	ErrExpired = errors.New("expired")
)

// maxSealed is the greatest length of a sealed artefact, in bytes. A refresh
// token with one of the provider inside takes about 3 KB.
const maxSealed = 16 << 10

// Box seals and opens artefacts. It is safe for concurrent use.
type Box struct {
	keys auth.Keys
	// rings are the keys of each kind, behind a pointer that package fmt does not
	// follow.
	rings atomic.Pointer[map[Kind]ring]
}

// ring is the keys of a kind.
type ring struct {
	newest jose.Encrypter
	// keys are by the header of what is sealed with them.
	keys map[string][]byte
}

// New returns a Box that seals with the first of the keys and opens with any.
func New(keys auth.Keys) *Box {
	b := &Box{keys: keys}
	b.Renew()
	return b
}

// Renew takes the keys as they are now; see [auth.Keys.Replace].
func (b *Box) Renew() {
	rings := make(map[Kind]ring)
	for _, kind := range []Kind{Client, Form, State, Code, Refresh, Answer} {
		rings[kind] = newRing(kind, b.keys.Derive("oidc "+string(kind)))
	}
	b.rings.Store(&rings)
}

func newRing(kind Kind, keys []auth.Derived) ring {
	r := ring{keys: make(map[string][]byte)}
	for _, key := range keys {
		encrypter, err := jose.NewEncrypter(jose.A256GCM,
			jose.Recipient{Algorithm: jose.DIRECT, Key: key.Key, KeyID: key.ID},
			(&jose.EncrypterOptions{}).WithType(jose.ContentType("imcp-"+kind+"+jwe")))
		if err != nil {
			panic(err) // only for keys that are not of 32 bytes
		}
		sample, err := encrypt(encrypter, nil)
		if err != nil {
			panic(err) // only without randomness, and then the process has ended
		}
		header, _, _ := strings.Cut(sample, ".")
		r.keys[header] = key.Key
		if r.newest == nil {
			r.newest = encrypter
		}
	}
	return r
}

// envelope is what is encrypted.
type envelope[V any] struct {
	// Expires is in milliseconds since 1970, 0 for never.
	Expires int64 `json:"exp,omitempty"`
	Value   V     `json:"v"`
}

// Seal returns the JSON of v, readable for nobody but [Box.Open], in letters,
// digits, "-", "_" and ".": a JWE in compact serialization (RFC 7516, section
// 7.1), encrypted directly with AES-256-GCM, never compressed, since the length
// of what is compressed tells of its content. A life of 0 has no end. The errors
// are faults of the program and quote nothing: v is too large or has no JSON, the
// life is negative, the kind unknown.
func (b *Box) Seal(kind Kind, v any, life time.Duration) (string, error) {
	ring, ok := (*b.rings.Load())[kind]
	if !ok {
		return "", errors.New("sealing something of an unknown kind")
	}
	if life < 0 {
		return "", errors.New("sealing something whose life is over")
	}
	e := envelope[any]{Value: v}
	if life > 0 {
		e.Expires = time.Now().Add(life).UnixMilli()
	}
	text, err := json.Marshal(e)
	if err != nil {
		return "", errors.New("sealing something that has no JSON")
	}
	sealed, err := encrypt(ring.newest, text)
	if err != nil {
		return "", errors.New("sealing failed")
	}
	if len(sealed) > maxSealed {
		return "", errors.New("sealing something that is too large")
	}
	return sealed, nil
}

// Open reads what [Box.Seal] sealed as the same kind into v, a pointer. It
// returns [ErrInvalid] or [ErrExpired], and v is of no use then.
//
// The whole header is compared with those this server writes before anything is
// parsed, so that a header can ask for nothing: no other algorithm, key or type,
// no compression, no extension (RFC 8725, section 3).
func (b *Box) Open(kind Kind, sealed string, v any) error {
	ring, ok := (*b.rings.Load())[kind]
	if !ok || len(sealed) > maxSealed {
		return ErrInvalid
	}
	// The part after the header is an encrypted key; here there is none (RFC
	// 7516, section 5.2, step 10).
	header, _, _ := strings.Cut(sealed, "..")
	key, ok := ring.keys[header]
	if !ok {
		return ErrInvalid
	}
	object, err := jose.ParseEncryptedCompact(sealed, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return ErrInvalid
	}
	// One artefact has one spelling: base64 also reads line breaks and stray bits.
	if again, err := object.CompactSerialize(); err != nil || again != sealed {
		return ErrInvalid
	}
	text, err := object.Decrypt(key)
	if err != nil {
		return ErrInvalid
	}
	var e envelope[json.RawMessage]
	if err := json.Unmarshal(text, &e); err != nil {
		return ErrInvalid
	}
	if e.Expires != 0 && time.Now().UnixMilli() >= e.Expires {
		return ErrExpired
	}
	if err := json.Unmarshal(e.Value, v); err != nil {
		return ErrInvalid
	}
	return nil
}

func encrypt(e jose.Encrypter, text []byte) (string, error) {
	object, err := e.Encrypt(text)
	if err != nil {
		return "", err
	}
	return object.CompactSerialize()
}

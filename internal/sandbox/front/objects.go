package front

import (
	"crypto/md5" //nolint:gosec // the checksum that Infrahub gives
	"encoding/hex"
	"errors"
	"sync"
)

// Objects keeps what Infrahub keeps in its object storage: files, artifacts and
// what is uploaded, by id. Nothing is ever removed. It is safe for concurrent
// use.
type Objects struct {
	mu      sync.RWMutex
	content map[string][]byte
	room    int
}

// ErrFull says that there is no room for an object.
var ErrFull = errors.New("the object storage of the sandbox is full")

// defaultObjects is the room of a store that nobody chose: 256 MB.
const defaultObjects = 256 << 20

// NewObjects returns an empty store with room for so many bytes.
func NewObjects(room int) *Objects {
	return &Objects{content: map[string][]byte{}, room: room}
}

// Put keeps an object under an id, in place of an earlier one. The caller must
// not change the content afterwards.
func (o *Objects) Put(id string, content []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	more := len(content) - len(o.content[id])
	if more > o.room {
		return ErrFull
	}
	o.room -= more
	o.content[id] = content
	return nil
}

// Get returns an object.
func (o *Objects) Get(id string) (content []byte, ok bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	content, ok = o.content[id]
	return content, ok
}

// Checksum is what Infrahub calls the checksum of an object: the MD5 of its
// content in hexadecimal.
func Checksum(content []byte) string {
	sum := md5.Sum(content) //nolint:gosec // it protects from nothing
	return hex.EncodeToString(sum[:])
}

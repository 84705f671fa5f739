package sdl

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Cache keeps the GraphQL schemas in use. Each is made when it is first asked
// for, once per version of the node schema, whatever number of branches has
// that version. A Cache may be used by several goroutines.
type Cache struct {
	schemas *lru.Cache[string, func() (*Schema, error)] // by hash
}

// NewCache returns a cache that keeps at most size schemas, at least one. The
// one of the demo model takes some 2 MB, and as much again once its text has
// been asked for.
func NewCache(size int) *Cache {
	schemas, err := lru.New[string, func() (*Schema, error)](max(1, size))
	if err != nil { // the size is at least 1: there is no other fault
		panic(err)
	}
	return &Cache{schemas}
}

// Schema returns the schema of the node schema with the given hash. It calls
// model for the node schema itself unless it has been called for that hash
// before, and keeps an error as it keeps a schema: the same node schema would
// only give it again.
func (c *Cache) Schema(hash string, model func() (*Model, error)) (*Schema, error) {
	if made, ok := c.schemas.Get(hash); ok {
		return made()
	}
	made := sync.OnceValues(func() (*Schema, error) {
		m, err := model()
		if err != nil {
			return nil, err
		}
		return Generate(m)
	})
	if earlier, ok, _ := c.schemas.PeekOrAdd(hash, made); ok {
		made = earlier
	}
	return made()
}

package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"infrahub-mcp/internal/telemetry"
)

// Cache holds the schemas in use. It keeps each version once, whatever number
// of branches and credentials have it, and remembers for each of those which
// version it saw last and when. When that was longer ago than a maximum age it
// asks Infrahub again before it answers, so that a changed schema is seen
// within that time, and no credential is served that Infrahub has not accepted
// within it.
//
// Infrahub tells the hash of a schema in about 6 kB (GET /api/schema/summary);
// the schema itself (GET /api/schema, a hundred times as large) is asked for
// only when its hash is not known.
//
// A Cache may be used by several goroutines. Callers that need the same answer
// wait for one request.
type Cache struct {
	maxAge   time.Duration
	schemas  *lru.Cache[string, *Schema] // by hash
	sights   *lru.Cache[view, sight]
	metrics  *telemetry.Metrics
	checking singleflight.Group // by view
	loading  singleflight.Group // by hash
}

// Source is how the cache asks a server, with one credential.
// *infrahub.Client implements it.
type Source interface {
	// REST returns the body of the answer to GET path?query.
	REST(ctx context.Context, path string, query url.Values) ([]byte, error)
	// Key identifies the credential and reveals nothing of it.
	Key() string
}

const (
	// maxViews bounds what is remembered of branches and credentials, some
	// 200 bytes each.
	maxViews = 4096
	// moment is the age up to which even Refresh believes the last answer.
	moment = 250 * time.Millisecond
	// timeLimit bounds one check with the load that may follow. It is far
	// above what either takes; the client has the shorter limits.
	timeLimit = 2 * time.Minute
)

// view is one branch as seen with one credential. The default branch, when it
// is not named, is a view of its own.
type view struct{ credential, branch string }

// sight is what was seen of a view: the hash of its schema, and when Infrahub
// was asked.
type sight struct {
	hash string
	at   time.Time
}

// NewCache returns a cache that asks Infrahub again for what is older than
// maxAge and keeps at most maxSchemas versions, at least one. The metrics count
// lookups; callers who wait for one request count as one. They may be nil.
func NewCache(maxAge time.Duration, maxSchemas int, metrics *telemetry.Metrics) *Cache {
	return &Cache{
		maxAge:  maxAge,
		metrics: metrics,
		schemas: newLRU[string, *Schema](max(1, maxSchemas)),
		sights:  newLRU[view, sight](maxViews),
	}
}

// newLRU returns a cache of a size that is at least 1, for which lru.New
// cannot fail.
func newLRU[K comparable, V any](size int) *lru.Cache[K, V] {
	c, err := lru.New[K, V](size)
	if err != nil {
		panic(err)
	}
	return c
}

// Get returns the schema of a branch, the default branch when it is empty, as
// the credential of src sees it. Errors are those of src, and of a server that
// answers something else than a schema.
func (c *Cache) Get(ctx context.Context, src Source, branch string) (*Schema, error) {
	return c.get(ctx, src, branch, c.maxAge)
}

// Refresh is Get for a caller who has reason to believe that the schema has
// changed, such as a kind that is not known: it asks Infrahub unless that was
// done a moment ago.
func (c *Cache) Refresh(ctx context.Context, src Source, branch string) (*Schema, error) {
	return c.get(ctx, src, branch, min(moment, c.maxAge))
}

func (c *Cache) get(ctx context.Context, src Source, branch string, maxAge time.Duration) (*Schema, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v := view{src.Key(), branch}
	if s := c.recent(v, maxAge); s != nil {
		return s, nil
	}
	// A caller who gives up leaves the others their answer: the check has a
	// life of its own.
	detached := context.WithoutCancel(ctx)
	done := c.checking.DoChan(v.credential+"\x00"+v.branch, func() (any, error) {
		// Another check may have ended since this caller looked.
		if s := c.recent(v, maxAge); s != nil {
			return s, nil
		}
		ctx, cancel := context.WithTimeout(detached, timeLimit)
		defer cancel()
		return c.check(ctx, src, v)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-done:
		s, _ := result.Val.(*Schema)
		return s, result.Err
	}
}

// recent returns the schema of a view that was checked less than maxAge ago,
// or nil.
func (c *Cache) recent(v view, maxAge time.Duration) *Schema {
	last, ok := c.sights.Get(v)
	if !ok || time.Since(last.at) >= maxAge {
		return nil
	}
	s, ok := c.schemas.Get(last.hash)
	if ok {
		c.metrics.Schema(telemetry.LookupHit)
	}
	return s
}

// check asks Infrahub which schema a view has now, loads it if need be, and
// remembers that it did. A view that cannot be checked is forgotten.
func (c *Cache) check(ctx context.Context, src Source, v view) (*Schema, error) {
	asked := time.Now()
	hash, err := currentHash(ctx, src, v.branch)
	if err != nil {
		c.sights.Remove(v)
		return nil, fmt.Errorf("checking the schema: %w", err)
	}
	s, err := c.version(ctx, src, v.branch, hash)
	if err != nil {
		c.sights.Remove(v)
		return nil, fmt.Errorf("loading the schema: %w", err)
	}
	c.sights.Add(v, sight{s.Hash, asked})
	return s, nil
}

// version returns the schema that a branch has. It is expected to have the
// given hash; a schema that changed in the meantime has another one.
func (c *Cache) version(ctx context.Context, src Source, branch, hash string) (*Schema, error) {
	for {
		own := false
		result, err, _ := c.loading.Do(hash, func() (any, error) {
			own = true
			if s, ok := c.schemas.Get(hash); ok {
				c.metrics.Schema(telemetry.LookupChecked)
				return s, nil
			}
			return c.load(ctx, src, branch)
		})
		// What another caller has loaded may have failed for its credential
		// only, or be a newer schema of its branch only.
		if s, _ := result.(*Schema); own || (err == nil && s.Hash == hash) {
			return s, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// load asks for the schema of a branch and keeps it.
func (c *Cache) load(ctx context.Context, src Source, branch string) (*Schema, error) {
	data, err := src.REST(ctx, "/api/schema", branchQuery(branch))
	if err != nil {
		return nil, err
	}
	s, err := Decode(data)
	if err != nil {
		return nil, err
	}
	c.schemas.Add(s.Hash, s)
	c.metrics.Schema(telemetry.LookupLoaded)
	return s, nil
}

// currentHash asks for the hash of the schema of a branch.
func currentHash(ctx context.Context, src Source, branch string) (string, error) {
	data, err := src.REST(ctx, "/api/schema/summary", branchQuery(branch))
	if err != nil {
		return "", err
	}
	var summary struct{ Main string }
	if err := json.Unmarshal(data, &summary); err != nil {
		return "", fmt.Errorf("decoding its summary: %w", err)
	}
	if summary.Main == "" {
		return "", errors.New(`its summary has no hash (field "main")`)
	}
	return summary.Main, nil
}

func branchQuery(branch string) url.Values {
	if branch == "" {
		return nil
	}
	return url.Values{"branch": {branch}}
}

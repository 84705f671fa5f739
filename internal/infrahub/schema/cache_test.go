package schema_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub/schema"
)

const maxAge = 5 * time.Second

// server is an Infrahub that knows only schemas, and counts what it is asked.
type server struct {
	mu       sync.Mutex
	branches map[string]string // hash by branch; "" is the default branch
	latency  time.Duration
	fail     func(credential, path string) error
	asked    requests
}

// requests counts what a server was asked.
type requests struct{ Summary, Schema int }

func newServer() *server {
	return &server{
		branches: map[string]string{"": "h1", "main": "h1", "same": "h1", "other": "h2"},
		latency:  time.Millisecond,
		fail:     func(string, string) error { return nil },
	}
}

// as returns the server as a credential sees it.
func (s *server) as(credential string) schema.Source { return source{s, credential} }

func (s *server) change(branch, hash string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.branches[branch] = hash
}

func (s *server) failWith(fail func(credential, path string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// take returns what was asked since it was last called.
func (s *server) take() requests {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = requests{}
	return asked
}

type source struct {
	server     *server
	credential string
}

func (s source) Key() string { return s.credential }

// REST counts a request when it arrives and answers after the latency with
// what holds then.
func (s source) REST(ctx context.Context, path string, query url.Values) ([]byte, error) {
	s.server.mu.Lock()
	switch path {
	case "/api/schema/summary":
		s.server.asked.Summary++
	case "/api/schema":
		s.server.asked.Schema++
	default:
		panic("asked for " + path)
	}
	latency := s.server.latency
	s.server.mu.Unlock()

	select {
	case <-time.After(latency):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}

	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if err := s.server.fail(s.credential, path); err != nil {
		return nil, err
	}
	hash, ok := s.server.branches[query.Get("branch")]
	if !ok {
		return nil, errors.New("branch not found")
	}
	return fmt.Appendf(nil, `{"main":%q,"nodes":%s}`, hash, map[string]string{
		"/api/schema/summary": `{"TestThing":"x"}`,
		"/api/schema":         `[{"kind":"TestThing"}]`,
	}[path]), nil
}

// get asks the cache and checks which version it answers.
func get(t *testing.T, c *schema.Cache, src schema.Source, branch, want string) *schema.Schema {
	t.Helper()
	s, err := c.Get(t.Context(), src, branch)
	if err != nil {
		t.Fatal(err)
	}
	if s.Hash != want {
		t.Errorf("got schema %q, want %q", s.Hash, want)
	}
	return s
}

// expect checks what the server was asked since the last time.
func expect(t *testing.T, s *server, want requests) {
	t.Helper()
	if diff := cmp.Diff(want, s.take()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestCacheAsksNoMoreThanItMust(t *testing.T) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, c *schema.Cache, srv *server, first *schema.Schema)
		want requests // after a first call, which made one of each
	}{
		{
			name: "nothing while the schema is fresh",
			run: func(t *testing.T, c *schema.Cache, srv *server, first *schema.Schema) {
				time.Sleep(maxAge - 3*time.Millisecond) // the first call took two
				if get(t, c, srv.as("a"), "", "h1") != first {
					t.Error("another copy")
				}
			},
		},
		{
			name: "only the hash when the schema is old and still holds",
			run: func(t *testing.T, c *schema.Cache, srv *server, first *schema.Schema) {
				time.Sleep(maxAge - 2*time.Millisecond) // the first call took two
				if get(t, c, srv.as("a"), "", "h1") != first {
					t.Error("another copy")
				}
				get(t, c, srv.as("a"), "", "h1")
			},
			want: requests{Summary: 1},
		},
		{
			name: "the schema when it has changed",
			run: func(t *testing.T, c *schema.Cache, srv *server, _ *schema.Schema) {
				srv.change("", "h9")
				get(t, c, srv.as("a"), "", "h1")
				time.Sleep(maxAge)
				get(t, c, srv.as("a"), "", "h9")
			},
			want: requests{Summary: 1, Schema: 1},
		},
		{
			name: "only the hash when it changes back",
			run: func(t *testing.T, c *schema.Cache, srv *server, first *schema.Schema) {
				srv.change("", "h9")
				time.Sleep(maxAge)
				get(t, c, srv.as("a"), "", "h9")
				srv.take()
				srv.change("", "h1")
				time.Sleep(maxAge)
				if get(t, c, srv.as("a"), "", "h1") != first {
					t.Error("another copy")
				}
			},
			want: requests{Summary: 1},
		},
		{
			name: "only the hash of a branch that has the same schema",
			run: func(t *testing.T, c *schema.Cache, srv *server, first *schema.Schema) {
				if get(t, c, srv.as("a"), "same", "h1") != first {
					t.Error("another copy")
				}
				get(t, c, srv.as("a"), "same", "h1")
			},
			want: requests{Summary: 1},
		},
		{
			name: "the schema of a branch that has another one",
			run: func(t *testing.T, c *schema.Cache, srv *server, _ *schema.Schema) {
				get(t, c, srv.as("a"), "other", "h2")
				get(t, c, srv.as("a"), "other", "h2")
				get(t, c, srv.as("a"), "", "h1")
			},
			want: requests{Summary: 1, Schema: 1},
		},
		{
			name: "only the hash for another credential",
			run: func(t *testing.T, c *schema.Cache, srv *server, first *schema.Schema) {
				if get(t, c, srv.as("b"), "", "h1") != first {
					t.Error("another copy")
				}
				get(t, c, srv.as("b"), "", "h1")
			},
			want: requests{Summary: 1},
		},
		{
			name: "nothing for a refresh of what was checked a moment ago",
			run: func(t *testing.T, c *schema.Cache, srv *server, first *schema.Schema) {
				srv.change("", "h9")
				time.Sleep(200 * time.Millisecond)
				if s, err := c.Refresh(t.Context(), srv.as("a"), ""); s != first || err != nil {
					t.Errorf("got %v, %v", s, err)
				}
			},
		},
		{
			name: "the hash for a refresh long before the schema is old",
			run: func(t *testing.T, c *schema.Cache, srv *server, _ *schema.Schema) {
				srv.change("", "h9")
				time.Sleep(250 * time.Millisecond)
				if s, err := c.Refresh(t.Context(), srv.as("a"), ""); err != nil || s.Hash != "h9" {
					t.Errorf("got %v, %v", s, err)
				}
				get(t, c, srv.as("a"), "", "h9")
			},
			want: requests{Summary: 1, Schema: 1},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer()
				c := schema.NewCache(maxAge, 16, nil)
				first := get(t, c, srv.as("a"), "", "h1")
				expect(t, srv, requests{Summary: 1, Schema: 1})
				test.run(t, c, srv, first)
				expect(t, srv, test.want)
			})
		})
	}
}

func TestCacheLoadsOnceForConcurrentCallers(t *testing.T) {
	for _, test := range []struct {
		name       string
		credential func(i int) string
		branch     func(i int) string
		want       requests
	}{
		{
			name:       "of one credential",
			credential: func(int) string { return "a" },
			branch:     func(int) string { return "" },
			want:       requests{Summary: 1, Schema: 1},
		},
		{
			name:       "of a hundred credentials",
			credential: func(i int) string { return fmt.Sprint(i) },
			branch:     func(int) string { return "" },
			want:       requests{Summary: 100, Schema: 1},
		},
		{
			name:       "on four branches with two schemas",
			credential: func(int) string { return "a" },
			branch:     func(i int) string { return []string{"", "main", "same", "other"}[i%4] },
			want:       requests{Summary: 4, Schema: 2},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer()
				c := schema.NewCache(maxAge, 16, nil)
				var callers sync.WaitGroup
				for i := range 100 {
					callers.Go(func() {
						branch := test.branch(i)
						s, err := c.Get(t.Context(), srv.as(test.credential(i)), branch)
						if err != nil || s.Hash != srv.branches[branch] {
							t.Errorf("caller %d: %v, %v", i, s, err)
						}
					})
				}
				callers.Wait()
				expect(t, srv, test.want)
			})
		})
	}
}

func TestCacheOfACallerWhoGivesUp(t *testing.T) {
	t.Run("serves the others and keeps the answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer()
			srv.latency = time.Second
			c := schema.NewCache(maxAge, 16, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			var callers sync.WaitGroup
			callers.Go(func() {
				if s, err := c.Get(ctx, srv.as("a"), ""); s != nil || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the one who gave up: %v, %v", s, err)
				}
			})
			synctest.Wait() // the first is the one whose context the request could take
			callers.Go(func() {
				if s, err := c.Get(t.Context(), srv.as("a"), ""); err != nil || s.Hash != "h1" {
					t.Errorf("the one who waited: %v, %v", s, err)
				}
			})
			callers.Wait()
			get(t, c, srv.as("a"), "", "h1")
			expect(t, srv, requests{Summary: 1, Schema: 1})
		})
	})
	t.Run("asks nothing when it is too late", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if s, err := schema.NewCache(maxAge, 16, nil).Get(ctx, srv.as("a"), ""); s != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, %v", s, err)
			}
			synctest.Wait()
			expect(t, srv, requests{})
		})
	})
	t.Run("ends the work of a server that never answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer()
			srv.latency = 24 * time.Hour
			_, err := schema.NewCache(maxAge, 16, nil).Get(t.Context(), srv.as("a"), "")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestCacheReturnsTheErrorOfTheServerAndRecovers(t *testing.T) {
	down := errors.New("connection refused")
	for _, test := range []struct{ name, path, says string }{
		{"to the question for the hash", "/api/schema/summary", "checking the schema: connection refused"},
		{"to the question for the schema", "/api/schema", "loading the schema: connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := newServer()
				c := schema.NewCache(maxAge, 16, nil)
				get(t, c, srv.as("a"), "", "h1")
				srv.change("", "h9")
				srv.failWith(func(_, path string) error {
					if path == test.path {
						return down
					}
					return nil
				})
				time.Sleep(maxAge)
				for range 2 { // the failure is not kept, nor is the old schema served
					s, err := c.Get(t.Context(), srv.as("a"), "")
					if s != nil || !errors.Is(err, down) || err.Error() != test.says {
						t.Errorf("got %v, %v", s, err)
					}
				}
				srv.failWith(func(string, string) error { return nil })
				get(t, c, srv.as("a"), "", "h9")
			})
		})
	}
}

func TestCacheServesNoSchemaThatItKnowsToBeReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer()
		c := schema.NewCache(maxAge, 16, nil)
		get(t, c, srv.as("a"), "", "h1")
		srv.change("", "h9")
		srv.failWith(func(_, path string) error {
			if path == "/api/schema" {
				return errors.New("overloaded")
			}
			return nil
		})
		time.Sleep(time.Second)
		if s, err := c.Refresh(t.Context(), srv.as("a"), ""); s != nil || err == nil {
			t.Errorf("refresh: got %v, %v", s, err)
		}
		if s, err := c.Get(t.Context(), srv.as("a"), ""); s != nil || err == nil {
			t.Errorf("get after it: got %v, %v", s, err)
		}
	})
}

func TestCacheServesNoCredentialThatTheServerRefuses(t *testing.T) {
	refused := errors.New("401 invalid token")
	refuse := func(credential, _ string) error {
		if credential == "bad" {
			return refused
		}
		return nil
	}
	t.Run("from the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer()
			srv.failWith(refuse)
			c := schema.NewCache(maxAge, 16, nil)
			get(t, c, srv.as("good"), "", "h1")
			if s, err := c.Get(t.Context(), srv.as("bad"), ""); s != nil || !errors.Is(err, refused) {
				t.Errorf("got %v, %v", s, err)
			}
		})
	})
	t.Run("from the moment it is seen to", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer()
			c := schema.NewCache(maxAge, 16, nil)
			get(t, c, srv.as("bad"), "", "h1")
			srv.failWith(refuse)
			time.Sleep(time.Second)
			if s, err := c.Refresh(t.Context(), srv.as("bad"), ""); s != nil || !errors.Is(err, refused) {
				t.Errorf("refresh: got %v, %v", s, err)
			}
			if s, err := c.Get(t.Context(), srv.as("bad"), ""); s != nil || !errors.Is(err, refused) {
				t.Errorf("get after it: got %v, %v", s, err)
			}
		})
	})
	t.Run("while another waits for the same schema", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := newServer()
			srv.latency = time.Second
			srv.failWith(func(credential, path string) error {
				if credential == "bad" && path == "/api/schema" {
					return refused // after its hash was told
				}
				return nil
			})
			c := schema.NewCache(maxAge, 16, nil)
			var callers sync.WaitGroup
			callers.Go(func() {
				if s, err := c.Get(t.Context(), srv.as("bad"), ""); s != nil || !errors.Is(err, refused) {
					t.Errorf("the refused one: %v, %v", s, err)
				}
			})
			time.Sleep(time.Millisecond) // so that the load is the one of the refused
			for range 10 {
				callers.Go(func() { get(t, c, srv.as("good"), "", "h1") })
			}
			callers.Wait()
			expect(t, srv, requests{Summary: 2, Schema: 2})
		})
	})
}

func TestCacheGivesABranchItsOwnSchemaWhenAnotherChangesDuringTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer()
		srv.latency = time.Second
		c := schema.NewCache(maxAge, 16, nil)
		var callers sync.WaitGroup
		callers.Go(func() { get(t, c, srv.as("a"), "main", "h9") })
		time.Sleep(time.Millisecond) // so that the load is the one of main
		callers.Go(func() { get(t, c, srv.as("a"), "same", "h1") })
		time.Sleep(1500 * time.Millisecond) // both have seen h1; the load is under way
		srv.change("main", "h9")
		callers.Wait()
		get(t, c, srv.as("a"), "main", "h9")
		get(t, c, srv.as("a"), "same", "h1")
		expect(t, srv, requests{Summary: 2, Schema: 2})

		srv.latency = 0
		get(t, c, srv.as("b"), "main", "h9")
		get(t, c, srv.as("b"), "same", "h1")
		expect(t, srv, requests{Summary: 2}) // each is kept under the hash that it has
	})
}

func TestCacheKeepsABoundedNumberOfSchemas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer()
		c := schema.NewCache(maxAge, 2, nil)
		for i := range 4 {
			branch := fmt.Sprint("b", i)
			srv.change(branch, fmt.Sprint("hash ", i))
			get(t, c, srv.as("a"), branch, fmt.Sprint("hash ", i))
		}
		expect(t, srv, requests{Summary: 4, Schema: 4})
		get(t, c, srv.as("a"), "b2", "hash 2")
		get(t, c, srv.as("a"), "b3", "hash 3")
		expect(t, srv, requests{}) // the two last used are kept
		get(t, c, srv.as("a"), "b0", "hash 0")
		expect(t, srv, requests{Summary: 1, Schema: 1}) // others are loaded again
	})
}

func TestCacheRefusesAnswersThatAreNoSchema(t *testing.T) {
	for _, test := range []struct{ name, summary, schema, says string }{
		{"a summary that is a page", `<html>`, ``, "checking the schema: decoding its summary: invalid character"},
		{"a summary without hash", `{}`, ``, "checking the schema: its summary has no hash"},
		{"a schema without hash", `{"main":"h"}`, `{}`, "loading the schema: decoding the schema: it has no hash"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := schema.NewCache(maxAge, 1, nil).Get(t.Context(), canned{"/api/schema/summary": test.summary, "/api/schema": test.schema}, "")
			if err == nil || !strings.HasPrefix(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}

// canned answers each path with a text.
type canned map[string]string

func (canned) Key() string { return "a" }

func (c canned) REST(_ context.Context, path string, _ url.Values) ([]byte, error) {
	return []byte(c[path]), nil
}

package clients_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// gate stands between the programs and the sandbox, and passes on what it gets,
// with two exceptions. A request with a word such as hold-1 is held until the
// program gives it up: so there is always something to cancel, and it is seen
// whether that reached Infrahub. Of requests with a word such as pace-1 all but
// the first wait until the client was told of progress.
type gate struct {
	*httptest.Server

	sandbox http.Handler
	mu      sync.Mutex
	words   map[string]*trace
}

// trace is what is known of the requests with a word.
type trace struct {
	arrived, left chan struct{} // full once a request that is held has arrived, and has left
	told          chan struct{} // holds one for each time that the client was told of progress
	stopped       atomic.Bool   // whether it had left while the client still was there

	mu   sync.Mutex
	seen bool
}

var word = regexp.MustCompile(`(hold|pace)-[0-9a-z-]+`)

// newGate opens a gate to a sandbox.
func newGate(sandbox string) (*gate, error) {
	target, err := url.Parse(sandbox)
	if err != nil {
		return nil, fmt.Errorf("the address of the sandbox: %w", err)
	}
	g := &gate{words: map[string]*trace{}, sandbox: &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // requests that were given up
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("/held/{word}", func(_ http.ResponseWriter, r *http.Request) {
		_ = wait(r.Context(), g.trace(r.PathValue("word")).arrived) // the judge sees what did not happen
	})
	mux.HandleFunc("/stopped/{word}", func(_ http.ResponseWriter, r *http.Request) {
		of := g.trace(r.PathValue("word"))
		of.stopped.Store(wait(r.Context(), of.left) == nil)
	})
	mux.HandleFunc("/told/{word}", func(_ http.ResponseWriter, r *http.Request) {
		put(g.trace(r.PathValue("word")).told)
	})
	mux.HandleFunc("/", g.pass)
	g.Server = httptest.NewServer(mux)
	return g, nil
}

func (g *gate) pass(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the program is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	found := string(word.Find(body))
	of := g.trace(found)
	switch {
	case strings.HasPrefix(found, "hold-"):
		put(of.arrived)
		<-r.Context().Done()
		put(of.left)
		return
	case strings.HasPrefix(found, "pace-") && of.again():
		_ = wait(r.Context(), of.told) // likewise
	}
	g.sandbox.ServeHTTP(w, r)
}

// trace is what is known of the requests with a word, which may be still to come.
func (g *gate) trace(word string) *trace {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.words[word] == nil {
		g.words[word] = &trace{arrived: make(chan struct{}, 1), left: make(chan struct{}, 1), told: make(chan struct{}, 10)}
	}
	return g.words[word]
}

// again tells whether it was asked before.
func (t *trace) again() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.seen
	t.seen = true
	return before
}

// put puts one into a channel that has room for it.
func put(into chan<- struct{}) {
	select {
	case into <- struct{}{}:
	default:
	}
}

// patience bounds how long something that happens at once is waited for.
const patience = 10 * time.Second

// wait takes one out of a channel.
func wait(ctx context.Context, from <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-from:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// eras passes requests on to a server of MCP, and notes the versions of the
// protocol that they name.
type eras struct {
	*httptest.Server

	mu       sync.Mutex
	versions []string
}

// newEras stands in front of a server at a URL.
func newEras(server string) (*eras, error) {
	target, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("the address of the server: %w", err)
	}
	e := &eras{}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host}) },
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Package net/http may close a body as soon as the answer begins, which the
		// proxy takes for a failure: it is read before.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		e.mu.Lock()
		e.versions = append(e.versions, r.Header.Get("Mcp-Protocol-Version"))
		e.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	e.URL = strings.TrimSuffix(e.URL, "/") + target.Path
	return e, nil
}

// last is the version that the last request named.
func (e *eras) last() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.versions) == 0 {
		return ""
	}
	return e.versions[len(e.versions)-1]
}

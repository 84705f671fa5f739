package program_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between the program and Infrahub. It keeps what the program
// asked for, and can be made to behave as an Infrahub in trouble.
type proxy struct {
	address  string
	infrahub infrahub // behind it
	forward  http.Handler

	mu        sync.Mutex
	server    *http.Server // nil: connections are refused
	requests  []upstreamRequest
	behaviour http.HandlerFunc // nil: forward
}

// upstreamRequest is one request of the program.
type upstreamRequest struct {
	Method, Path, Query, Document string
}

func (r upstreamRequest) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s?%s %s", r.Method, r.Path, r.Query, r.Document))
}

// startProxy starts a proxy that forwards.
func startProxy(t *testing.T) *proxy { return startProxyTo(t, shared.infrahub) }

// startProxyTo starts a proxy that forwards to an Infrahub.
func startProxyTo(t *testing.T, i infrahub) *proxy {
	t.Helper()
	p, listener := newProxy(t, i)
	p.serveOn(t, listener)
	return p
}

// reserveProxy returns a proxy that refuses connections until it is opened.
func reserveProxy(t *testing.T) *proxy {
	t.Helper()
	p, listener := newProxy(t, shared.infrahub)
	_ = listener.Close()
	return p
}

func newProxy(t *testing.T, i infrahub) (*proxy, net.Listener) {
	t.Helper()
	target, err := url.Parse(i.address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: listener.Addr().String(), infrahub: i}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		// Infrahub closes idle connections, which a proxy that keeps some would
		// notice too late.
		Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				t.Errorf("forwarding %s %s: %v", r.Method, r.URL.Path, err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	t.Cleanup(p.close)
	return p, listener
}

// open makes the proxy accept connections.
func (p *proxy) open(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", p.address)
	// A connection of somebody else may have the port for a moment.
	for range 100 {
		if err == nil {
			break
		}
		<-time.After(50 * time.Millisecond)
		listener, err = net.Listen("tcp", p.address)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.serveOn(t, listener)
}

func (p *proxy) serveOn(t *testing.T, listener net.Listener) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	server := &http.Server{
		Handler: http.HandlerFunc(p.serve),
		// As Infrahub does.
		IdleTimeout:       2 * time.Second,
		ReadHeaderTimeout: 10 * time.Second,
	}
	p.server = server
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the proxy failed: %v", err)
		}
	}()
}

// close makes the proxy refuse connections and breaks those there are.
func (p *proxy) close() {
	p.mu.Lock()
	server := p.server
	p.server = nil
	p.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

// behave replaces forwarding; nil forwards again.
func (p *proxy) behave(behaviour http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behaviour = behaviour
}

func (p *proxy) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the program gave up
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var sent struct {
		Query     string
		Variables map[string]any
	}
	_ = json.Unmarshal(body, &sent) // GET has no body
	if name, ok := sent.Variables["name"].(string); ok && strings.Contains(sent.Query, "BranchCreate") {
		shared.branches.note(name)
	}
	p.mu.Lock()
	p.requests = append(p.requests, upstreamRequest{r.Method, r.URL.Path, r.URL.RawQuery, sent.Query})
	behaviour := p.behaviour
	p.mu.Unlock()
	if behaviour != nil {
		behaviour(w, r)
		return
	}
	p.forward.ServeHTTP(w, r)
}

// mark is a point in time; see since and everything.
func (p *proxy) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

// everything returns the requests since a mark.
func (p *proxy) everything(mark int) []upstreamRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests[mark:])
}

// since returns the requests since a mark without those that check whether the
// schema is still the same, which come by the clock.
func (p *proxy) since(mark int) []upstreamRequest {
	return slices.DeleteFunc(p.everything(mark), func(r upstreamRequest) bool { return r.Path == "/api/schema/summary" })
}

// gate holds requests back: each is told on entered and goes on once open is
// called.
type gate struct {
	entered chan string // paths
	dropped chan string // paths of requests that the program gave up
	opened  chan struct{}
	open    func()
}

// hold makes the proxy hold back the GraphQL requests.
func (p *proxy) hold(t *testing.T) *gate {
	t.Helper()
	g := &gate{entered: make(chan string, 1000), dropped: make(chan string, 1000), opened: make(chan struct{})}
	g.open = sync.OnceFunc(func() { close(g.opened) })
	t.Cleanup(g.open)
	p.behave(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/graphql") {
			g.entered <- r.URL.Path
			select {
			case <-g.opened:
			case <-r.Context().Done():
				g.dropped <- r.URL.Path
				return
			}
		}
		p.forward.ServeHTTP(w, r)
	})
	return g
}

// wait waits for a number of events: requests that entered, or were dropped.
func wait(t *testing.T, events <-chan string, number int) {
	t.Helper()
	timeout := time.After(time.Minute)
	for i := range number {
		select {
		case <-events:
		case <-timeout:
			t.Fatalf("%d of %d requests came so far", i, number)
		}
	}
}

// silent forwards, but breaks the connection in place of an answer to documents
// with a part, save for the first ones.
func (p *proxy) silent(part string, first int64) http.HandlerFunc {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte(part)) || seen.Add(1) <= first {
			p.forward.ServeHTTP(w, r)
			return
		}
		p.forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}

// before forwards, and does something before a document with a part that is not
// among the first ones.
func (p *proxy) before(part string, first int64, do func()) http.HandlerFunc {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte(part)) && seen.Add(1) == first+1 {
			do()
		}
		p.forward.ServeHTTP(w, r)
	}
}

// unavailable answers 503 as a gateway without a server behind it does.
func unavailable(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "no server is available", http.StatusServiceUnavailable)
}

// hanging never answers.
func hanging(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

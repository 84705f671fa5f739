package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/seal"
)

// internet is one name server and one web server in memory. No address of it is
// ever connected to.
type internet struct {
	http.HandlerFunc
	roots *x509.CertPool

	mu        sync.Mutex
	addresses map[string][]netip.Addr // by host, 8.8.8.8 for those without
	lookups   []string
	dialed    []string
	asked     []string // URLs
	silent    bool     // connections are accepted and nothing is ever said
	connect   chan net.Conn
	server    *http.Server
}

// publicAddress is that of the hosts of the internet.
var publicAddress = netip.MustParseAddr("8.8.8.8")

// newInternet returns an internet whose web server answers by handler. It belongs
// in a bubble of synctest.
func newInternet(t *testing.T, handler http.HandlerFunc) *internet {
	t.Helper()
	certificate, roots := certify(t, "app.example", "*.app.example", "other.example")
	i := &internet{HandlerFunc: handler, roots: roots, addresses: map[string][]netip.Addr{}, connect: make(chan net.Conn)}
	i.server = &http.Server{ //nolint:gosec // slow clients are what some tests are about
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			i.mu.Lock()
			i.asked = append(i.asked, "https://"+r.Host+r.RequestURI)
			i.mu.Unlock()
			i.HandlerFunc(w, r)
		}),
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	listener := &listener{connect: i.connect, closed: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := i.server.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}}))
		if !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		// Connections end some seconds after the client left, by the clock of the
		// bubble.
		time.Sleep(10 * time.Second)
		if err := i.server.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return i
}

// registry returns a registry that knows this internet only.
func (i *internet) registry(policy ...string) *client.Registry {
	if policy == nil {
		policy = []string{"*"}
	}
	return client.New(client.Settings{
		Box: seal.New(auth.NewKeys()), KnownID: "known", AllowedRedirectURIs: []string{listedURI},
		Documents: policy, Resolve: i.Resolve, Dial: i.Dial, RootCAs: i.roots,
	})
}

func (i *internet) Resolve(_ context.Context, _, host string) ([]netip.Addr, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lookups = append(i.lookups, host)
	if addresses, ok := i.addresses[host]; ok {
		return addresses, nil
	}
	return []netip.Addr{publicAddress}, nil
}

func (i *internet) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	i.mu.Lock()
	i.dialed = append(i.dialed, address)
	silent := i.silent
	i.mu.Unlock()
	if slices.Contains(unreachable, address) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ours, theirs := net.Pipe()
	if silent {
		return newEnd(ours), nil
	}
	select {
	case i.connect <- theirs:
		return newEnd(ours), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// unreachable are addresses from which no answer comes.
var unreachable = []string{"1.1.1.1:443", "[2606:4700::1111]:443"}

// requests returns the URLs that were asked for.
func (i *internet) requests() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.asked)
}

// traffic returns how many names were looked up and addresses dialed.
func (i *internet) traffic() (lookups, dialed []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.lookups), slices.Clone(i.dialed)
}

// end is an end of a [net.Pipe] that takes what is written without waiting for
// who reads. Both ends of TLS say goodbye with locks held, and if they waited
// for each other, the clock of the bubble would stand still for ever.
type end struct {
	net.Conn
	queue   chan []byte
	closing chan struct{}
	once    sync.Once
}

func newEnd(c net.Conn) *end {
	e := &end{Conn: c, queue: make(chan []byte, 1024), closing: make(chan struct{})}
	go e.pump()
	return e
}

func (e *end) pump() {
	defer e.Conn.Close()
	for {
		select {
		case b := <-e.queue:
			if _, err := e.Conn.Write(b); err != nil {
				return
			}
		case <-e.closing:
			if len(e.queue) == 0 {
				return
			}
		}
	}
}

func (e *end) Write(b []byte) (int, error) {
	select {
	case e.queue <- slices.Clone(b):
		return len(b), nil
	case <-e.closing:
		return 0, net.ErrClosed
	}
}

// SetWriteDeadline does nothing: writing takes no time.
func (e *end) SetWriteDeadline(time.Time) error { return nil }

// Close leaves a second for what was written.
func (e *end) Close() error {
	e.once.Do(func() { close(e.closing) })
	return errors.Join(e.Conn.SetWriteDeadline(time.Now().Add(time.Second)), e.Conn.SetReadDeadline(time.Now()))
}

type listener struct {
	connect chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.connect:
		return newEnd(c), nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }

// certify returns a certificate for hosts and who vouches for it. It is valid at
// all times that a test may live in.
func certify(t *testing.T, hosts ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: hosts,
		NotBefore: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// describe answers with a document about the client at the URL that is asked
// for, with more headers.
func describe(headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		io.WriteString(w, expand(`{"client_id": "$ID", "client_name": "App", "redirect_uris": ["https://app.example/cb"]}`, r))
	}
}

// answer answers with a document, in which $ID is the URL asked for.
func answer(document string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		io.WriteString(w, expand(document, r))
	}
}

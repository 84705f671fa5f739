package login_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"infrahub-mcp/test/mcptest"
)

// gate is an address of a server that can be closed, as if the server were gone,
// and opened again. It passes on bytes. Keycloak calls itself by the address that
// it is asked at, so that for who knows the gate alone the gate is the provider.
type gate struct {
	address string // host:port
	target  string

	mu       sync.Mutex
	listener net.Listener // nil when closed
	open     map[net.Conn]bool
}

// newGate opens a gate to the server at a URL.
func newGate(t *testing.T, target string) *gate {
	t.Helper()
	g := &gate{address: freeAddress(t), target: strings.TrimPrefix(target, "http://"), open: map[net.Conn]bool{}}
	g.reopen(t)
	t.Cleanup(g.close)
	return g
}

// url is the address as a URL without a path.
func (g *gate) url() string { return "http://" + g.address }

func (g *gate) reopen(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	g.listener = listener
	g.mu.Unlock()
	go func() {
		for {
			incoming, err := listener.Accept()
			if err != nil {
				return
			}
			go g.pass(incoming)
		}
	}()
}

// close refuses connections and ends those that are open.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener == nil {
		return
	}
	_ = g.listener.Close()
	g.listener = nil
	for c := range g.open {
		_ = c.Close()
	}
	clear(g.open)
}

func (g *gate) pass(incoming net.Conn) {
	defer incoming.Close()
	outgoing, err := net.Dial("tcp", g.target)
	if err != nil {
		return
	}
	defer outgoing.Close()
	g.mu.Lock()
	if g.listener == nil {
		g.mu.Unlock()
		return
	}
	g.open[incoming], g.open[outgoing] = true, true
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.open, incoming)
		delete(g.open, outgoing)
	}()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{incoming, outgoing}, {outgoing, incoming}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// freeAddress is one that nobody listens at, for what must know its own address
// before it listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := mcptest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Package soak_test runs the program for as long as one likes under clients of both
// eras that come and go, and looks at what they leave behind.
//
// Program and sandbox run in the process of the test, so that the race detector
// sees both and every goroutine and byte is counted. SOAK is how long it takes
// (20s).
package soak_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/server"
)

// clients is how many there are at a time.
const clients = 24

// mostGrowth is how much more the heap may hold at the end than after warming up:
// what is kept on purpose, within bounds, of ended sessions and streams.
const mostGrowth = 4 << 20

func TestClientsOfBothErasLeaveNothingBehind(t *testing.T) {
	length, err := time.ParseDuration(cmp.Or(os.Getenv("SOAK"), "20s"))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t)
	s.load(t, length/4) // to warm up
	before := s.settle(t, level{goroutines: 1 << 20})
	t.Logf("after %s to warm up: %v", length/4, before)
	s.load(t, length-length/4)
	after := s.settle(t, before)
	t.Logf("after %s more: %v", length-length/4, after)

	for _, name := range slices.Sorted(maps.Keys(s.counts)) {
		t.Logf("%7d %s", s.counts[name].Load(), name)
		if s.counts[name].Load() == 0 {
			t.Errorf("there was no %s", name)
		}
	}
	if after.goroutines > before.goroutines {
		all := make([]byte, 1<<20)
		t.Errorf("%d goroutines are left, %d before:\n%s", after.goroutines, before.goroutines, all[:runtime.Stack(all, true)])
	}
	if after.heap > before.heap+mostGrowth {
		t.Errorf("the heap grew from %d to %d bytes", before.heap, after.heap)
	}
	for _, line := range s.log.alarms() {
		t.Errorf("the log tells: %s", line)
	}
}

// soak is the program and its Infrahub.
type soak struct {
	url     string
	sandbox *httptest.Server
	log     *log
	counts  map[string]*atomic.Int64 // by the name of what clients do
}

// level is what a process holds.
type level struct {
	goroutines int
	heap       uint64 // bytes
}

func (l level) String() string {
	return fmt.Sprintf("%d goroutines, %.1f MB on the heap", l.goroutines, float64(l.heap)/(1<<20))
}

// start serves a sandbox, and the program on it. What asks Infrahub for anything
// called slow waits for longer than a stream stays silent, and for anything called
// stuck for longer than anyone waits.
func start(t *testing.T) *soak {
	t.Helper()
	content, err := sandbox.New(sandbox.Options{Devices: 20, Faults: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{sandbox: httptest.NewServer(content), log: &log{}, counts: map[string]*atomic.Int64{}}
	t.Cleanup(s.sandbox.Close)
	for _, a := range acts() {
		s.counts[a.name] = &atomic.Int64{}
	}
	rules := `[{"path":"/graphql","document":"slow","delay":"2s","times":0},{"path":"/graphql","document":"stuck","delay":"10m","times":0}]`
	response, err := http.Post(s.sandbox.URL+"/sandbox/faults", "application/json", strings.NewReader(rules))
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("making the sandbox slow: %v, %v", response, err)
	}
	response.Body.Close()

	settings, _, err := config.LoadFor(config.Flags{"transport": config.TransportHTTP, "host": "127.0.0.1", "port": "0"}, s.sandbox.URL, config.Secret(seed.Accounts()[0].Token))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, settings, server.Options{Err: s.log, Version: "soak", Listening: func(a net.Addr) { listening <- a }})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the end of the program: %v", err)
		}
	})
	select {
	case a := <-listening:
		s.url = "http://" + a.String() + "/mcp"
	case err := <-ended:
		t.Fatal(err)
	}
	return s
}

// load lets clients come and go for a time. Each does one thing after another, on
// connections of its own.
func (s *soak) load(t *testing.T, length time.Duration) {
	t.Helper()
	end := time.Now().Add(length)
	var running sync.WaitGroup
	for i := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), uint64(length)))
			for n := i; time.Now().Before(end) && !t.Failed(); n++ {
				a := acts()[n%len(acts())]
				if err := s.perform(t, a, random); err != nil {
					t.Errorf("%s: %v", a.name, err)
				}
			}
		})
	}
	running.Wait()
}

func (s *soak) perform(t *testing.T, a act, random *rand.Rand) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	v := newVisitor(s.url, random)
	defer v.leave()
	switch err := a.do(ctx, v); {
	case errors.Is(err, errMissed):
		return nil
	case err != nil:
		return errors.Join(err, context.Cause(ctx))
	}
	s.counts[a.name].Add(1)
	return nil
}

// settle waits until no more goroutines run than before, and returns what is held
// then. Connections that are kept between program and Infrahub are closed.
func (s *soak) settle(t *testing.T, before level) level {
	t.Helper()
	steady := 0
	last := 0
	for deadline := time.Now().Add(time.Minute); steady < 20 && time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		s.sandbox.CloseClientConnections()
		now := runtime.NumGoroutine()
		if steady++; now != last || now > before.goroutines {
			steady = 0
		}
		last = now
	}
	runtime.GC()
	runtime.GC() // what has a finalizer, and what sync.Pool held
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return level{last, stats.HeapAlloc}
}

// log keeps what should not be in a log.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(string(p)) {
		if len(l.lines) < 10 && (strings.Contains(line, "panic") || strings.Contains(line, `"ERROR"`) || strings.Contains(line, "level=ERROR")) {
			l.lines = append(l.lines, line)
		}
	}
	return len(p), nil
}

func (l *log) alarms() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}

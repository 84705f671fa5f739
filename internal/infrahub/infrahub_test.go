package infrahub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The values that must never be seen anywhere.
const (
	markedToken    = "MARKED-06438eb2-8019-4776-878c"
	markedPassword = `MARKED-pass"word`
)

var (
	someToken = Credential{Token: markedToken}
	someUser  = Credential{Username: "alice", Password: markedPassword}
)

// newUpstream returns an Upstream of the handler. It never waits: waits are
// recorded.
func newUpstream(t testing.TB, handler http.HandlerFunc, settings Settings) (*Upstream, *waits) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return upstreamOf(t, server.URL, settings)
}

// upstreamOf returns an Upstream of the address. It never waits.
func upstreamOf(t testing.TB, address string, settings Settings) (*Upstream, *waits) {
	t.Helper()
	settings.Address = address
	u, err := New(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	w := new(waits)
	u.pause = w.pause
	return u, w
}

// waits records how long would have been waited.
type waits struct {
	mu   sync.Mutex
	list []time.Duration
}

func (w *waits) pause(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, d)
	return ctx.Err()
}

// answering returns a handler that always answers the same.
func answering(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// hangUp resets the connection of the request without an answer.
func hangUp(t testing.TB, w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetLinger(0); err != nil {
			t.Error(err)
		}
	}
	conn.Close()
}

// flush sends what was written so far.
func flush(t testing.TB, w http.ResponseWriter) {
	if err := http.NewResponseController(w).Flush(); err != nil {
		t.Error(err)
	}
}

// untilGone waits until the client is gone, which the server sees only after it
// has read the request.
func untilGone(r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// mustBe fails the test unless err is an *Error of the kind, and returns it.
func mustBe(t testing.TB, err error, kind Kind) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("the error is %v (%T), want an *Error that is %q", err, err, kind)
	}
	if !errors.Is(err, kind) {
		t.Fatalf("the error is %q, want %q: %v", e.Kind, kind, err)
	}
	return e
}

// logged returns a logger at debug level and what it wrote.
func logged() (*slog.Logger, *lockedBuffer) {
	b := new(lockedBuffer)
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})), b
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// readJSON decodes the body of a request.
func readJSON(t testing.TB, r *http.Request) map[string]any {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		t.Error(err)
	}
	return body
}

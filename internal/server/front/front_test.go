package front

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ok answers 200.
func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

// serve serves a handler on a real socket of loopback.
func serve(t *testing.T, h http.Handler, change func(*http.Server)) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	if change != nil {
		change(server.Config)
	}
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// dial opens a connection whose reads and writes end some time, should the
// server keep it open by mistake.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// call sends one request through a handler without a socket.
func call(t *testing.T, h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for header := range slices.Chunk(headers, 2) {
		if header[0] == "Host" {
			request.Host = header[1]
			continue
		}
		request.Header.Add(header[0], header[1])
	}
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	return recorder
}

// decode reads a JSON answer.
func decode(t *testing.T, r *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	if got := r.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("the answer has the type %q", got)
	}
	var value map[string]any
	if err := json.Unmarshal(r.Body.Bytes(), &value); err != nil {
		t.Fatalf("the answer is not JSON: %v\n%s", err, r.Body)
	}
	return value
}

func TestTheFirstMiddlewareOfAChainIsTheOutermost(t *testing.T) {
	var order []string
	note := func(name string) Middleware {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				order = append(order, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	h := Chain(http.HandlerFunc(ok), note("a"), nil, Except(note("b"), "/health"), Except(nil, "/"), note("c"))
	call(t, h, http.MethodGet, "/mcp")
	call(t, h, http.MethodGet, "/health")
	if diff := cmp.Diff("a b c a c", strings.Join(order, " ")); diff != "" {
		t.Error(diff)
	}
}

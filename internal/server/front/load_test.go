package front

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// whole puts all parts around a handler in the order of the server.
func whole(t *testing.T, h http.Handler, perSecond float64) http.Handler {
	t.Helper()
	proxies, err := NewProxies([]string{"127.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := NewHosts([]string{"mcp.example.com", "*.corp.example"}, "127.0.0.1", "")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := NewOrigins([]string{"https://app.example.com"}, "", hosts)
	if err != nil {
		t.Fatal(err)
	}
	limit, err := NewRateLimit(perSecond, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	streams := NewStreams(StreamLimits{Total: 10_000, PerClient: 5_000, Life: time.Hour})
	return Chain(h, WithRequestID, proxies.WithAddress, LimitWrites(10*time.Second), hosts.Guard, pages.Guard, pages.CORS(),
		Except(limit.By(ByAddress, nil, ""), "/health", "/metrics"), streams.By(ByAddress, nil))
}

// usage is what a process holds.
type usage struct {
	goroutines int
	heap       uint64 // bytes
	stacks     uint64
}

func measure() usage {
	runtime.GC()
	runtime.GC() // what finalizers and pools held on to
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{runtime.NumGoroutine(), m.HeapAlloc, m.StackInuse}
}

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %.1f MiB heap, %.1f MiB stacks", u.goroutines, float64(u.heap)/(1<<20), float64(u.stacks)/(1<<20))
}

// settles waits until no more goroutines run than before. Those of net/http end
// a moment after their connections.
func settles(t *testing.T, before usage) usage {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for runtime.NumGoroutine() > before.goroutines && time.Now().Before(deadline) {
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	return measure()
}

// grown fails when more is held than before: goroutines, or more memory than
// pools and runtime structures account for.
func grown(t *testing.T, before, after usage) {
	t.Helper()
	const allowance = 16 << 20
	if after.goroutines > before.goroutines {
		t.Errorf("%d goroutines more than before", after.goroutines-before.goroutines)
	}
	if after.heap > before.heap+allowance {
		t.Errorf("%d bytes of heap more than before", after.heap-before.heap)
	}
}

func TestManyIdleStreams(t *testing.T) {
	count := 1000
	if testing.Short() {
		count = 200
	}
	h := whole(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		if http.NewResponseController(w).Flush() == nil {
			<-r.Context().Done()
		}
	}), 0)
	// Slow limits of headers and bodies must not touch what is open already.
	server := serve(t, h, func(s *http.Server) {
		s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout = time.Minute, time.Minute, time.Minute
	})
	before := measure()
	streams := make([]net.Conn, count)
	for i := range streams {
		streams[i] = start(t, server.Listener.Addr().String(), "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
		status := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(streams[i], status); err != nil || string(status) != "HTTP/1.1 200" {
			t.Fatalf("stream %d: %q, %v", i, status, err)
		}
	}
	during := measure()
	if status, _ := get(t, server.URL, "/health"); status != http.StatusOK {
		t.Errorf("beside the streams: status %d", status)
	}
	for _, stream := range streams {
		stream.Close()
	}
	clear(streams)
	after := settles(t, before)
	t.Logf("%d streams; before: %v; during: %v; after: %v", count, before, during, after)
	t.Logf("%.1f KiB and %.1f goroutines for each", float64(during.heap-before.heap+during.stacks-before.stacks)/1024/float64(count), float64(during.goroutines-before.goroutines)/float64(count))
	grown(t, before, after)
}

func TestGarbageIsRefusedAndLeavesNothingBehind(t *testing.T) {
	count := 20_000 // the whole program gets more, see test/program
	if testing.Short() {
		count = 5000
	}
	t.Run("without a rate limit", func(t *testing.T) { throwGarbage(t, count, 0) })
	t.Run("with one", func(t *testing.T) { throwGarbage(t, min(count, 5000), 100) })
}

func throwGarbage(t *testing.T, count int, perSecond float64) {
	const workers = 8
	server := httptest.NewUnstartedServer(whole(t, http.HandlerFunc(echo), perSecond))
	server.Config.MaxHeaderBytes = 16 << 10
	server.Config.ReadHeaderTimeout, server.Config.ReadTimeout = 5*time.Second, 10*time.Second
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	server.Start()
	defer server.Close()
	address := server.Listener.Addr().String()
	before := measure()

	var mu sync.Mutex
	statuses := map[int]int{}
	var running sync.WaitGroup
	for worker := range workers {
		running.Go(func() {
			s := sender{t: t, address: address, random: rand.New(rand.NewPCG(6, uint64(worker))), statuses: map[int]int{}}
			defer s.hangUp()
			for range count / workers {
				s.send()
			}
			mu.Lock()
			defer mu.Unlock()
			for status, n := range s.statuses {
				statuses[status] += n
			}
		})
	}
	running.Wait()

	if status, _ := get(t, server.URL, "/health"); status != http.StatusOK {
		t.Errorf("afterwards: status %d", status)
	}
	after := settles(t, before)
	t.Logf("%d requests, statuses %v (0 is a connection that was closed without one); before: %v; after: %v", count, statuses, before, after)
	for status, n := range statuses {
		// net/http itself answers 501 to a transfer coding and 505 to a version of
		// HTTP that it does not know (RFC 9112, sections 6.1 and 2.3).
		if status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
			t.Errorf("%d answers with status %d", n, status)
		}
	}
	if statuses[http.StatusOK] == 0 || statuses[http.StatusForbidden] == 0 || statuses[http.StatusBadRequest] == 0 || statuses[http.StatusRequestHeaderFieldsTooLarge] == 0 {
		t.Error("the garbage does not reach every layer")
	}
	if got := statuses[http.StatusTooManyRequests] > 0; got != (perSecond > 0) {
		t.Errorf("with a rate of %v there are %d answers 429", perSecond, statuses[http.StatusTooManyRequests])
	}
	grown(t, before, after)
}

// echo answers a body with itself, up to a limit.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = w.Write(body)
}

// sender sends garbage over one connection after another.
type sender struct {
	t        *testing.T
	address  string
	random   *rand.Rand
	statuses map[int]int
	conn     net.Conn
	reader   *bufio.Reader
}

func (s *sender) hangUp() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// send sends one request, as a whole, and counts the status of its answer.
func (s *sender) send() {
	if s.conn == nil {
		conn, err := (&net.Dialer{}).DialContext(s.t.Context(), "tcp", s.address)
		if err != nil {
			s.t.Errorf("the server no longer accepts connections: %v", err)
			return
		}
		s.conn, s.reader = conn, bufio.NewReader(conn)
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
	}
	method, text := s.request()
	if _, err := io.WriteString(s.conn, text); err == nil {
		// Nothing more comes: a request whose stated length is longer than what
		// was sent must not be waited for.
		if method == "" {
			_ = s.conn.(*net.TCPConn).CloseWrite()
		}
	}
	response, err := http.ReadResponse(s.reader, &http.Request{Method: method})
	if err != nil {
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			s.t.Errorf("no answer to %.200q", text)
		}
		s.statuses[0]++
		s.hangUp()
		return
	}
	s.statuses[response.StatusCode]++
	if _, err := io.Copy(io.Discard, response.Body); err != nil || method == "" || response.Close {
		s.hangUp()
	}
	response.Body.Close()
}

// request makes a request that is well formed at least in its outline, or, with
// no method, one after which nothing on the connection means anything.
func (s *sender) request() (method, text string) {
	if s.random.IntN(10) == 0 {
		return "", s.malformed()
	}
	method = s.pick("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "PROPFIND", "get", "X", s.word(12))
	path := s.pick("/", "/mcp", "/mcp/", "/health", "/metrics", "//mcp", "/mcp/../health", "/%2e%2e/mcp", "/"+s.word(200), "/mcp?"+s.word(300), "http://"+s.word(8)+"/mcp", "*")
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, s.pick("localhost", "localhost", "localhost:8001", "127.0.0.1", "[::1]:1", "mcp.example.com", "a.corp.example", "evil.example", s.word(20)))
	for range s.random.IntN(6) {
		fmt.Fprintf(&b, "%s: %s\r\n", s.pick("Origin", "Accept", "X-Request-ID", "X-Forwarded-For", "Forwarded", "Mcp-Session-Id", "Mcp-Protocol-Version", "Authorization", "Cookie", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Last-Event-ID", s.word(10)), s.value())
	}
	body := s.body()
	switch s.random.IntN(4) {
	case 0:
		fmt.Fprintf(&b, "Transfer-Encoding: chunked\r\n\r\n")
		if body != "" {
			fmt.Fprintf(&b, "%x\r\n%s\r\n", len(body), body)
		}
		b.WriteString("0\r\n\r\n")
	default:
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", s.pick("application/json", "text/plain", s.word(9)), len(body), body)
	}
	return method, b.String()
}

// malformed makes what is no HTTP, or HTTP that does not hold what it promises.
func (s *sender) malformed() string {
	switch s.random.IntN(8) {
	case 0:
		return s.bytes(500)
	case 1:
		return "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + s.bytes(100)
	case 2:
		return "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: " + s.pick("chunked", "gzip", "identity, chunked") + "\r\n\r\n" + s.bytes(100)
	case 3:
		return "GET /mcp " + s.pick("HTTP/3.7", "HTTP/0.9", "HTTP/1.0", "HTTP", "ICY/1.1", s.word(5)) + "\r\n\r\n"
	case 4:
		return "GET /mcp HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("a", 30<<10) + "\r\n\r\n"
	case 5:
		return "GET /mcp HTTP/1.1\r\nHost: localhost\r\n" + s.bytes(200) + "\r\n\r\n"
	case 6:
		return "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + s.pick("-1", "1e9", "99999999999999999999", "5\r\nContent-Length: 6") + "\r\n\r\n{}"
	default:
		return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + s.bytes(100)
	}
}

func (s *sender) pick(from ...string) string { return from[s.random.IntN(len(from))] }

// word makes letters and signs that may stand in a method, a path and a header.
func (s *sender) word(most int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.~!$&'*+"
	b := make([]byte, 1+s.random.IntN(most))
	for i := range b {
		b[i] = letters[s.random.IntN(len(letters))]
	}
	return string(b)
}

func (s *sender) bytes(most int) string {
	b := make([]byte, 1+s.random.IntN(most))
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return string(b)
}

// value makes the value of a header: plausible, or any visible characters.
func (s *sender) value() string {
	switch s.random.IntN(5) {
	case 0:
		return fmt.Sprintf("%d.%d.%d.%d, %s", s.random.IntN(300), s.random.IntN(256), s.random.IntN(256), s.random.IntN(256), s.pick("127.0.0.1", "unknown", "203.0.113.9"))
	case 1:
		return s.pick("https://app.example.com", "http://localhost:1", "null", "https://evil.example", "for=1.2.3.4;for=\"", "POST", "2025-11-25", "2026-07-28")
	case 2:
		return strings.Repeat(s.word(3), s.random.IntN(500))
	default:
		b := make([]byte, s.random.IntN(60))
		for i := range b {
			b[i] = byte(' ' + s.random.IntN(95))
		}
		return strings.TrimSpace(string(b))
	}
}

// body makes a JSON value of some depth, text, or nothing.
func (s *sender) body() string {
	switch s.random.IntN(6) {
	case 0:
		return ""
	case 1:
		depth := 1 + s.random.IntN(5000)
		return strings.Repeat("[", depth) + strings.Repeat("]", depth*s.random.IntN(2))
	case 2:
		depth := 1 + s.random.IntN(2000)
		return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
	case 3:
		return `{"jsonrpc":"2.0","id":` + s.pick("1", "null", `"x"`, "1e400", "[]") + `,"method":"` + s.word(20) + `","params":` + s.pick("{}", "[]", "null", `{"_meta":{}}`) + "}"
	case 4:
		if s.random.IntN(50) == 0 {
			return strings.Repeat("x", 100<<10) // over the limit of the handler
		}
		return s.word(2000)
	default:
		return s.bytes(300)
	}
}

package program_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// besieged is the program as it is released, on a sandbox in its own process, of
// which is known what it holds of the system.
type besieged struct {
	*program
	before holdings
}

// holdings are what a process holds.
type holdings struct {
	descriptors int
	resident    int64 // bytes
}

func (h holdings) String() string {
	return fmt.Sprintf("%d descriptors, %d MB resident", h.descriptors, h.resident>>20)
}

// attackers is how many clients work at once. Each may leave the program a kept
// connection to Infrahub, of which both ends are in the process here.
const (
	attackers = 8
	kept      = 2 * attackers
)

// besiege starts the program and lets it answer a few calls. Conclude ends it.
func besiege(t *testing.T, settings ...string) *besieged {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("what another process holds is read from /proc, which is Linux")
	}
	process, err := mcptest.Start(mcptest.Command{
		Path: shared.plain, Dir: t.TempDir(), Args: []string{"--transport", "streamable-http", "--port", "0", "--sandbox"},
		Env: append([]string{"INFRAHUB_MCP_LOG_FORMAT=text"}, settings...),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill) // does nothing when it has ended
	go io.Copy(io.Discard, process.Stdout)
	s := &besieged{program: &program{Process: process, transport: overHTTP}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if s.url, err = process.Listening(ctx); err != nil {
		t.Fatal(err)
	}
	s.answers(t)
	s.before = s.holds(t)
	return s
}

// answers checks that the server serves whoever comes.
func (s *besieged) answers(t *testing.T) {
	t.Helper()
	s.open(t, as(""))
	if r := s.knock(t, http.MethodPost, toolRequest("get_nodes", object{"kind": "DcimDevice", "limit": 2}), as("")); !strings.Contains(r.body, `"total_count"`) {
		t.Errorf("a call: %v", r)
	}
	if r, err := knock(t.Context(), http.MethodGet, s.base()+"/health", "", as("")); err != nil || r.status != http.StatusOK {
		t.Errorf("health: %v, %v", r, err)
	}
}

// counted are requests and errors by method, as /metrics tells.
func (s *besieged) counted(t *testing.T) (requests, failed map[string]int) {
	t.Helper()
	r, err := knock(t.Context(), http.MethodGet, s.base()+"/metrics", "", as(""))
	if err != nil {
		t.Fatal(err)
	}
	counts := decode[struct{ Requests, Errors map[string]int }](t, json.RawMessage(r.body))
	return counts.Requests, counts.Errors
}

// holds reads what the process holds (proc(5)).
func (s *besieged) holds(t *testing.T) holdings {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.ID()))
	if err != nil {
		t.Fatal(err)
	}
	resident, err := s.Resident()
	if err != nil {
		t.Fatal(err)
	}
	return holdings{len(open), resident}
}

// settles waits until the process has closed what its clients left, and returns
// what it holds then.
func (s *besieged) settles(t *testing.T) holdings {
	t.Helper()
	now := s.holds(t)
	for deadline := time.Now().Add(time.Minute); now.descriptors > s.before.descriptors+kept && time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		now = s.holds(t)
	}
	return now
}

// Bounds of what is left of any load.
const (
	mostResident   = 128 << 20 // with the sandbox and its data
	mostGoroutines = 60        // an idle program has about 20, each kept connection to Infrahub five
)

// conclude checks that the server still serves and holds no more than before, and
// ends it by the signal on which Go tells of all goroutines.
func (s *besieged) conclude(t *testing.T) {
	t.Helper()
	s.answers(t)
	after := s.settles(t)
	if err := s.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	ended(t, s.program)
	log, dump, _ := strings.Cut(s.Log(), "SIGQUIT")
	goroutines := 0
	for block := range strings.SplitSeq(dump, "\n\n") {
		if strings.HasPrefix(block, "goroutine ") && !strings.HasPrefix(block, "goroutine 0 ") && !strings.Contains(block, "created by runtime.") {
			goroutines++
		}
	}
	t.Logf("before: %v; after: %v, %d goroutines", s.before, after, goroutines)
	if after.descriptors > s.before.descriptors+kept {
		t.Errorf("%d descriptors are left, of %d", after.descriptors, s.before.descriptors)
	}
	if after.resident > mostResident {
		t.Errorf("%d bytes are resident, more than %d", after.resident, mostResident)
	}
	if goroutines == 0 || goroutines > mostGoroutines {
		t.Errorf("%d goroutines are left: %s", goroutines, tail(dump))
	}
	for _, sign := range []string{"panic", "level=ERROR"} {
		if at := strings.Index(log, sign); at >= 0 {
			t.Errorf("the log tells of a %s:\n%.3000s", sign, log[at:])
		}
	}
}

// attacker is a client that keeps its connection.
type attacker struct{ *http.Client }

func newAttacker() attacker {
	return attacker{&http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       time.Minute,
	}}
}

func (a attacker) send(ctx context.Context, method, url, body string, header http.Header) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header = header
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := a.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(raw)}, err
}

// Nothing is stored for a session, so that ten thousand cost what one costs.
func TestSessionsThatAreAbandonedCostNothing(t *testing.T) {
	parallel(t)
	const first, all = 2000, 10_000
	s := besiege(t)
	requests, _ := s.counted(t)
	var mu sync.Mutex
	ids := map[string]bool{}
	initialize := rpc("initialize", object{"protocolVersion": mcptest.Legacy, "capabilities": object{}, "clientInfo": object{"name": "t", "version": "1"}})
	open := func(sessions int) {
		together(t, attackers, func(i int) error {
			a := newAttacker()
			defer a.CloseIdleConnections()
			for n := range sessions / attackers {
				r, err := a.send(t.Context(), http.MethodPost, s.url, initialize, as(""))
				id := r.header.Get("Mcp-Session-Id")
				if err != nil || r.status != http.StatusOK || id == "" {
					return fmt.Errorf("session %d: %v, %w", n, r, err)
				}
				mu.Lock()
				ids[id] = true
				mu.Unlock()
				bodies := []string{`{"jsonrpc":"2.0","method":"notifications/initialized"}`, rpc("ping", object{})}
				if n%10 == i {
					bodies = append(bodies, toolRequest("get_nodes", object{"kind": "DcimDevice", "limit": 2}))
				}
				for _, body := range bodies {
					if r, err := a.send(t.Context(), http.MethodPost, s.url, body, as("", "Mcp-Session-Id", id)); err != nil || r.status >= 300 {
						return fmt.Errorf("in session %d: %v, %w", n, r, err)
					}
				}
			}
			return nil
		})
	}
	open(first)
	early := s.settles(t)
	open(all - first)
	late := s.settles(t)
	now, failed := s.counted(t)
	t.Logf("%d sessions; at first %v, after %d %v, after all %v", all, s.before, first, early, late)
	if got := now["initialize"] - requests["initialize"]; got != all || len(ids) != all || len(failed) > 0 {
		t.Errorf("%d sessions with %d ids are counted, want %d; errors: %v", got, len(ids), all, failed)
	}
	if most := early.resident + 16<<20; late.resident > most {
		t.Errorf("%d sessions more leave %d bytes resident, more than %d", all-first, late.resident, most)
	}
	for id := range ids {
		if r := s.knock(t, http.MethodPost, rpc("ping", object{}), as("", "Mcp-Session-Id", id)); r.status != http.StatusOK {
			t.Errorf("an abandoned session is gone before its time: %v", r)
		}
		break
	}
	s.conclude(t)
}

// idler is a connection on which a client does nothing, or next to nothing.
type idler struct {
	net.Conn
	answer string // until the server ended it
	err    error
}

// idle opens a connection, sends a text, waits for the beginning of an answer if
// there is one, and sends another text bit by bit for as long as the server bears
// it. It returns what has to be waited for.
func (s *besieged) idle(t *testing.T, text, first, more string) (i *idler, ended <-chan struct{}) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(3 * time.Minute)) // a server that never ends it fails the test
	begun := make([]byte, len(first))
	if _, err := io.ReadFull(conn, begun); err != nil || string(begun) != first {
		t.Fatalf("the server answers %q and not %q: %v", begun, first, err)
	}
	i = &idler{Conn: conn}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer conn.Close()
		var rest []byte
		rest, i.err = io.ReadAll(conn)
		i.answer = first + string(rest)
	}()
	if more != "" {
		go func() {
			for tick := time.NewTicker(100 * time.Millisecond); ; {
				select {
				case <-tick.C:
				case <-done:
					tick.Stop()
					return
				}
				if _, err := io.WriteString(conn, more); err != nil {
					tick.Stop()
					return
				}
			}
		}()
	}
	return i, done
}

// Streams end with their sessions, and what is sent too slowly is not waited for;
// others are served meanwhile, up to the limits that are set.
func TestClientsThatDoNothingAreBorneForATime(t *testing.T) {
	parallel(t)
	const streams, slow, room = 1000, 100, 5
	s := besiege(t,
		"INFRAHUB_MCP_SESSION_TTL=60",
		"INFRAHUB_MCP_MAX_STREAMS="+strconv.Itoa(2*(streams+slow+room)), // half are for one address
		"INFRAHUB_MCP_MAX_CONNECTIONS="+strconv.Itoa(streams+2*slow+room+2))
	session := s.open(t, as(""))
	head := func(method, rest string) string {
		return method + " /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + rest
	}
	listen := head("GET", "Accept: text/event-stream\r\nMcp-Session-Id: "+session+"\r\n\r\n")

	type group struct {
		name              string
		number            int
		text, first, more string
		idlers            []*idler
		ended             []<-chan struct{}
	}
	groups := []*group{
		{name: "streams", number: streams, text: listen, first: "HTTP/1.1 200 OK"},
		{name: "slow bodies", number: slow, text: head("POST", "Content-Type: application/json\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n"), first: "HTTP/1.1 100 Continue", more: "["},
		{name: "slow headers", number: slow / 2, text: head("POST", ""), more: "X-A: b\r\n"},
		{name: "no headers", number: slow / 2, text: "P"},
	}
	for _, g := range groups {
		for range g.number {
			i, ended := s.idle(t, g.text, g.first, g.more)
			g.idlers, g.ended = append(g.idlers, i), append(g.ended, ended)
		}
	}
	during := s.holds(t)
	s.answers(t)
	var more []*http.Response
	for range room {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header, request.Close = as("", "Mcp-Session-Id", session, "Accept", "text/event-stream"), true
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		if response.StatusCode != http.StatusOK {
			t.Errorf("a stream for which there is room: %s", response.Status)
		}
		more = append(more, response)
	}
	if r := s.knock(t, http.MethodGet, "", as("", "Mcp-Session-Id", session, "Accept", "text/event-stream")); r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" {
		t.Errorf("a stream more than one address may have: %v %v", r, r.header)
	}
	for path, want := range map[string]int{"/health": 200, "/metrics": 200} {
		if r, err := knock(t.Context(), http.MethodGet, s.base()+path, "", as("")); err != nil || r.status != want {
			t.Errorf("%s beside the streams: %v, %v", path, r, err)
		}
	}
	for _, response := range more {
		response.Body.Close()
	}
	for _, g := range groups {
		wrong := 0
		for n, i := range g.idlers {
			<-g.ended[n]
			answered := strings.HasPrefix(i.answer, "HTTP/1.1 200 OK")
			if errors.Is(i.err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: one does not end", g.name)
			} else if streamed := answered && strings.HasSuffix(i.answer, "0\r\n\r\n"); streamed != (g.name == "streams") || answered != streamed {
				if wrong++; wrong < 3 {
					t.Errorf("%s: one ended with %v after %q", g.name, i.err, i.answer)
				}
			}
		}
	}
	t.Logf("%d streams, %d slow clients: before %v; during %v", streams, 2*slow, s.before, during)
	if r := s.knock(t, http.MethodPost, rpc("ping", object{}), as("", "Mcp-Session-Id", session)); r.status != http.StatusNotFound {
		t.Errorf("the session outlives its time: %v", r)
	}
	s.conclude(t)
}

func TestGarbageIsAnsweredAndLeavesNothingBehind(t *testing.T) {
	parallel(t)
	const number = 100_000
	s := besiege(t)
	valid := slices.DeleteFunc(conversation(), func(body string) bool { return strings.Contains(body, "node_upsert") })
	var mu sync.Mutex
	statuses := map[int]int{}
	together(t, attackers, func(i int) error {
		a, g := newAttacker(), garbage{rand.New(rand.NewPCG(6, uint64(i))), valid}
		defer a.CloseIdleConnections()
		mine := map[int]int{}
		for range number / attackers {
			switch {
			case g.one(10):
				mine[s.throw(g.raw())]++
			default:
				method, target, body, header := g.request()
				r, _ := a.send(t.Context(), method, s.base()+target, body, header) // no answer is status 0
				mine[r.status]++
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for status, n := range mine {
			statuses[status] += n
		}
		return nil
	})
	total := 0
	for status, n := range statuses {
		total += n
		// net/http itself answers 501 to a transfer coding and 505 to a version of
		// HTTP that it does not know (RFC 9112, sections 6.1 and 2.3).
		if status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
			t.Errorf("%d answers with status %d", n, status)
		}
	}
	t.Logf("%d requests, answers by status (0 is none): %v", total, statuses)
	for _, status := range []int{200, 202, 400, 403, 404, 405, 406, 413, 415, 431} {
		if statuses[status] == 0 {
			t.Errorf("no garbage is answered with %d, so that this shows little: %v", status, slices.Sorted(maps.Keys(statuses)))
		}
	}
	if requests, _ := s.counted(t); len(requests) > 30 {
		t.Errorf("/metrics counts %d methods, some of which do not exist", len(requests))
	}
	s.conclude(t)
}

var statusLine = regexp.MustCompile(`^HTTP/1\.[01] (\d{3}) `)

// throw sends bytes on a connection of their own and returns the status of the
// first answer, 0 for none.
func (s *besieged) throw(text string) int {
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base(), "http://"))
	if err != nil {
		return 0
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(conn, text) // it may be refused before its end
	_ = conn.(*net.TCPConn).CloseWrite()
	line, _ := bufio.NewReader(conn).ReadString('\n')
	found := statusLine.FindStringSubmatch(line)
	if found == nil {
		return 0
	}
	status, _ := strconv.Atoi(found[1]) // three digits
	return status
}

// garbage makes requests that nobody should send.
type garbage struct {
	*rand.Rand
	valid []string // messages that are changed
}

// one is true once in n times.
func (g garbage) one(n int) bool { return g.IntN(n) == 0 }

func (g garbage) pick(from ...string) string { return from[g.IntN(len(from))] }

// bytes are any.
func (g garbage) bytes(most int) string {
	b := make([]byte, 1+g.IntN(most))
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return string(b)
}

// word is what may stand in a method, a path and a header.
func (g garbage) word(most int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.~!$&'*+"
	b := make([]byte, 1+g.IntN(most))
	for i := range b {
		b[i] = letters[g.IntN(len(letters))]
	}
	return string(b)
}

// raw is not HTTP, or nearly.
func (g garbage) raw() string {
	switch g.IntN(6) {
	case 0:
		return g.bytes(300)
	case 1:
		return g.pick("GET", "POST", g.word(10)) + " " + g.pick("/mcp", "*", "mcp", "http://evil.example/mcp") + " " + g.pick("HTTP/1.1", "HTTP/1.0", "HTTP/3.7", "ICY/1.1") + "\r\n\r\n"
	case 2:
		return "POST /mcp HTTP/1.1\r\nHost: localhost\r\n" + g.bytes(200) + "\r\n\r\n"
	case 3:
		return "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + g.pick("-1", "5", "99999999999999999999", "5\r\nContent-Length: 6") + "\r\n\r\n{}"
	case 4:
		return "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: " + g.pick("chunked", "gzip", "identity, chunked") + "\r\n\r\n" + g.pick("5\r\n", "zz\r\n", "ffffffffffffffff\r\n", "") + g.bytes(100)
	default:
		return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + g.bytes(100)
	}
}

// request is HTTP.
func (g garbage) request() (method, target, body string, header http.Header) {
	if g.one(2000) {
		return http.MethodPost, "/mcp", strings.Repeat("[", 5<<20), as("")
	}
	if g.one(500) {
		return http.MethodPost, "/mcp", "{}", as("", "X-Filler", strings.Repeat("x", 80<<10))
	}
	method, target, header = http.MethodPost, "/mcp", as("")
	switch g.IntN(10) {
	case 0:
		method = g.pick("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", g.word(12))
	case 1:
		target = "/" + g.pick("", "mcp/", "mcp/more", "mcp?access_token=x", "mcp?"+g.word(20), "health", "register", ".well-known/"+g.word(20), "%2e%2e/mcp", g.word(60), strings.Repeat("a/", g.IntN(300)))
	case 2:
		for range 1 + g.IntN(4) {
			name := g.pick("Content-Type", "Accept", "Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name", "Origin", "Host", "Authorization", "X-Request-ID", "X-Forwarded-For", "Last-Event-ID", "Cookie")
			header.Set(name, g.pick("", "null", "text/plain", "2026-07-28", "2025-11-25", "1999-01-01", "https://evil.example", "tools/call", g.word(100), g.word(2000)))
		}
	}
	return method, target, g.message(), header
}

// message is JSON, or nearly.
func (g garbage) message() string {
	valid := g.valid[g.IntN(len(g.valid))]
	switch g.IntN(8) {
	case 0:
		return g.bytes(300)
	case 1:
		depth := 1 + g.IntN(3000)
		return strings.Repeat(g.pick("[", `{"a":`), depth) + "1"
	case 2: // a method and its parameters
		return `{"jsonrpc":"2.0","id":` + g.pick("1", "null", `"x"`, "1e400", "[]", "{}") + `,"method":"` + g.pick("tools/call", "tools/list", "initialize", "resources/read", "notifications/cancelled", g.word(20)) +
			`","params":` + g.pick("{}", "[]", "null", "1", `{"name":"get_nodes"}`, `{"name":1,"arguments":[]}`, `{"_meta":{"progressToken":{}}}`) + "}"
	case 3: // a tool and its arguments
		return toolRequest(g.pick("get_nodes", "get_schema", "search_nodes", "query_graphql", g.word(10)), object{
			g.pick("kind", "query", g.word(5)): g.pick("DcimDevice", "{", g.word(30)), g.pick("limit", "filters", "branch"): g.pick("-5", "\x00", g.word(10)),
		})
	case 4:
		return ""
	case 5: // too short
		return valid[:g.IntN(len(valid))]
	default: // a few bytes of a message changed
		changed := []byte(valid)
		for range 1 + g.IntN(3) {
			changed[g.IntN(len(changed))] = byte(g.Uint32())
		}
		return string(changed)
	}
}

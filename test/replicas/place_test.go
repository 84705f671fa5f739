package replicas_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// token is that of the sandbox's administrator, which is public.
const token = "06438eb2-8019-4776-878c-0941b1f1d1ec"

// schema has a kind of which any number may be alike, so that a write that is made
// twice is seen.
const schema = `{"schemas": [{"version": "1.0", "nodes": [
	{"name": "Item", "namespace": "Testing", "attributes": [{"name": "label", "kind": "Text"}]}]}]}`

// place is the program, several times, and all around it.
type place struct {
	t        *testing.T
	url      string // of MCP, through the proxy
	infrahub string
	redis    *redis

	mu       sync.Mutex
	replicas [replicas]*mcptest.Process
	ended    []*mcptest.Process // which were replaced
	at       [replicas]string
	next     atomic.Uint64
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, redis: newRedis(t)}
	p.infrahub = p.startSandbox()
	for i := range p.at {
		p.at[i] = free(t)
		p.start(i)
	}
	proxy := &http.Server{Handler: http.HandlerFunc(p.pass), ReadHeaderTimeout: time.Minute}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = proxy.Serve(listener) }() // it ends with an error, always
	t.Cleanup(func() { _ = proxy.Close() })
	p.url = "http://" + listener.Addr().String() + "/mcp"
	t.Cleanup(func() {
		for _, one := range p.replicas {
			one.Kill()
		}
	})
	return p
}

func free(t *testing.T) string {
	t.Helper()
	address, err := mcptest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// startSandbox starts an Infrahub as a process of its own.
func (p *place) startSandbox() string {
	p.t.Helper()
	address := free(p.t)
	process, err := mcptest.Start(mcptest.Command{Path: shared.program, Args: []string{"sandbox", "--listen", address, "--devices", "0"}, Dir: p.t.TempDir()})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(process.Kill)
	go io.Copy(io.Discard, process.Stdout)
	url := "http://" + address
	until(p.t, "the sandbox answers", func() bool {
		response, err := http.Get(url + "/api/config")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	answer := post(p.t, url+"/api/schema/load?branch=main", schema)
	if !strings.Contains(string(answer), `"schema_updated":true`) {
		p.t.Logf("the schema: %s", answer)
	}
	return url
}

// start starts a replica at its address.
func (p *place) start(i int) {
	host, port, err := net.SplitHostPort(p.at[i])
	if err != nil {
		p.t.Fatal(err)
	}
	process, err := mcptest.Start(mcptest.Command{
		Path: shared.program, Args: []string{"--transport", "streamable-http", "--host", host, "--port", port}, Dir: p.t.TempDir(),
		Env: []string{
			"INFRAHUB_ADDRESS=" + p.infrahub, "INFRAHUB_API_TOKEN=" + token, "INFRAHUB_MCP_ENV_FILE=",
			"INFRAHUB_MCP_SIGNING_KEY=a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=", "INFRAHUB_MCP_STATE_URL=redis://" + p.redis.address + "/0",
			"INFRAHUB_MCP_RATE_LIMIT_RPS=5000", "GORACE=atexit_sleep_ms=50",
		},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	go io.Copy(io.Discard, process.Stdout)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := process.Listening(ctx); err != nil {
		process.Kill()
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.replicas[i] != nil {
		p.ended = append(p.ended, p.replicas[i])
	}
	p.replicas[i] = process
}

// pass sends a request to the next replica, and to the one after that when nobody
// listens at the first, as proxies do. What fails later is answered 502, because it
// may have been carried out.
func (p *place) pass(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	for range replicas {
		to := p.at[p.next.Add(1)%replicas]
		connection, err := net.Dial("tcp", to)
		if err != nil {
			continue
		}
		p.exchange(w, r, body, to, connection)
		return
	}
	http.Error(w, "nobody listens", http.StatusBadGateway)
}

// exchange sends a request on a connection of its own and passes the answer on.
func (p *place) exchange(w http.ResponseWriter, r *http.Request, body []byte, to string, connection net.Conn) {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return connection, nil }}
	request := r.Clone(r.Context())
	request.RequestURI, request.URL.Scheme, request.URL.Host, request.Host = "", "http", to, to
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response, err := transport.RoundTrip(request)
	if err != nil {
		http.Error(w, "the replica broke off", http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	maps.Copy(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	if _, err := io.Copy(w, response.Body); err != nil {
		panic(http.ErrAbortHandler) // so that the client sees that it is not all
	}
}

// behaved checks what holds for every process, those that were killed included: no
// data race, no panic, and no credential in the log.
func (p *place) behaved(t *testing.T) {
	t.Helper()
	for _, one := range append(p.ended, p.replicas[:]...) {
		log := one.Log()
		for _, sign := range []string{"DATA RACE", "panic", token, "a2tra2"} {
			if at := strings.Index(log, sign); at >= 0 {
				t.Errorf("the log tells of %s:\n%.3000s", sign, log[at:])
			}
		}
	}
}

// redis is a redis-server whose data outlives it.
type redis struct {
	t         *testing.T
	address   string
	directory string
	command   *exec.Cmd
}

func newRedis(t *testing.T) *redis {
	t.Helper()
	r := &redis{t: t, address: free(t), directory: t.TempDir()}
	r.start()
	t.Cleanup(func() { _ = r.command.Process.Kill(); _ = r.command.Wait() })
	return r
}

func (r *redis) start() {
	_, port, err := net.SplitHostPort(r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.command = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", r.directory, "--appendonly", "yes", "--save", "")
	r.command.Stdout, r.command.Stderr = io.Discard, os.Stderr
	if err := r.command.Start(); err != nil {
		r.t.Fatal(err)
	}
	until(r.t, "Redis answers", func() bool {
		c, err := net.Dial("tcp", r.address)
		if err != nil {
			return false
		}
		defer c.Close()
		_, _ = io.WriteString(c, "PING\r\n")
		answer := make([]byte, 5)
		_, err = io.ReadFull(c, answer)
		return err == nil && string(answer) == "+PONG"
	})
}

func (r *redis) stop() {
	_ = r.command.Process.Signal(syscall.SIGTERM)
	_ = r.command.Wait() // it ends with an exit status of its own
}

// until waits for something that takes a moment.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// post sends JSON to the sandbox.
func post(t *testing.T, url, body string) []byte {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-INFRAHUB-KEY", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", url, response.Status, answer, err)
	}
	return answer
}

// graphQL asks the sandbox, past the program.
func (p *place) graphQL(t *testing.T, branch, query string, answer any) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(post(t, fmt.Sprintf("%s/graphql/%s", p.infrahub, branch), string(body)), answer); err != nil {
		t.Fatal(err)
	}
}

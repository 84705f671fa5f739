package program_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// logged waits until the program has logged a text.
func logged(t *testing.T, p *program, text string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(p.Log(), text); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) || !p.Alive() {
			t.Fatalf("the log does not say %q: %s", text, tail(p.Log()))
		}
	}
}

// answerOf asks for a page of a server and decodes its answer.
func answerOf(t *testing.T, p *program, path string) (status int, answer map[string]string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Errorf("%s answers no JSON: %v", path, err)
	}
	return response.StatusCode, answer, nil
}

func TestAServerThatIsToEndIsNotReadyAndServesForTheDelay(t *testing.T) {
	parallel(t)
	proxy := startProxy(t)
	program := start(t, launch{transport: overHTTP, address: "http://" + proxy.address, settings: []string{"INFRAHUB_MCP_SHUTDOWN_DELAY=5"}})
	for path, status := range map[string]string{"/health": "healthy", "/health/live": "alive", "/health/ready": "ready"} {
		if code, answer, err := answerOf(t, program, path); err != nil || code != http.StatusOK || answer["status"] != status {
			t.Errorf("%s: %d %v %v", path, code, answer, err)
		}
	}
	if err := program.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	logged(t, program, "msg=stopping")
	if code, answer, err := answerOf(t, program, "/health/ready"); err != nil || code != http.StatusServiceUnavailable || answer["reason"] != "The server shuts down." {
		t.Errorf("/health/ready while it ends: %d %v %v", code, answer, err)
	}
	for _, path := range []string{"/health", "/health/live"} {
		if code, answer, err := answerOf(t, program, path); err != nil || code != http.StatusOK {
			t.Errorf("%s while it ends: %d %v %v", path, code, answer, err)
		}
	}
	client := program.connect(t, mcptest.Modern) // as those come that have not noticed yet
	if result, err := client.CallTool(t.Context(), "get_nodes", object{"kind": "DcimDevice", "limit": 2}); err != nil || result.IsError {
		t.Errorf("a call while it ends: %v %s", err, result.Text)
	}
	closed(t, program)
	if status := ended(t, program); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestCallsThatDoNotEndInTimeAreCancelledAndAnswered(t *testing.T) {
	parallel(t)
	for _, over := range []transport{overHTTP, overStdio} {
		for _, era := range []mcptest.Era{mcptest.Legacy, mcptest.Modern} {
			t.Run(fmt.Sprintf("over %s in protocol %s", over, era), func(t *testing.T) {
				parallel(t)
				proxy := startProxy(t)
				program := start(t, launch{transport: over, address: "http://" + proxy.address, settings: []string{"INFRAHUB_MCP_SHUTDOWN_TIMEOUT=0.3"}})
				client := program.connect(t, era)
				arguments := object{"kind": "DcimDevice", "limit": 2}
				if result, err := client.CallTool(t.Context(), "get_nodes", arguments); err != nil || result.IsError {
					t.Fatalf("%v %s", err, result.Text)
				}
				gate := proxy.hold(t)
				failed := make(chan error, 1)
				go func() {
					_, err := client.CallTool(t.Context(), "get_nodes", arguments)
					failed <- err
				}()
				wait(t, gate.entered, 1)
				if err := program.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				wait(t, gate.dropped, 1)
				if fault, ok := errors.AsType[*mcptest.Fault](<-failed); !ok || !strings.Contains(fault.Message, "shuts down") {
					t.Errorf("the call ends with %v", fault)
				}
				if status := ended(t, program); status != 0 {
					t.Errorf("exit status %d", status)
				}
			})
		}
	}
}

func TestAWriteUnderWayIsFinishedBeyondTheTime(t *testing.T) {
	parallel(t)
	for _, over := range []transport{overHTTP, overStdio} {
		t.Run("over "+string(over), func(t *testing.T) {
			parallel(t)
			s := newSession(t, over, mcptest.Legacy, "INFRAHUB_MCP_SHUTDOWN_TIMEOUT=0")
			name := shared.branches.name("ending")
			branch := s.tag(t, "", name).Branch
			s.tag(t, branch, name)
			gate := s.proxy.hold(t)
			type outcome struct {
				text string
				err  error
			}
			done := make(chan outcome, 1)
			go func() {
				result, err := s.CallTool(t.Context(), "node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name + "-2"}, "branch": branch})
				if err == nil && result.IsError {
					err = errors.New("refused")
				}
				done <- outcome{result.Text, err}
			}()
			wait(t, gate.entered, 1)
			if err := s.program.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if over == overHTTP {
				logged(t, s.program, "calls did not end in time")
			}
			gate.open()
			if o := <-done; o.err != nil || !strings.Contains(o.text, branch) {
				t.Errorf("the write: %v %s", o.err, o.text)
			}
			if status := ended(t, s.program); status != 0 {
				t.Errorf("exit status %d", status)
			}
			if len(gate.dropped) > 0 {
				t.Error("the request to Infrahub was given up")
			}
		})
	}
}

func TestStreamsAreEndedInOrderWhenTheServerEnds(t *testing.T) {
	parallel(t)
	proxy := startProxy(t)
	program := start(t, launch{transport: overHTTP, address: "http://" + proxy.address})
	initialize := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	response := exchange(t, program, http.MethodPost, initialize)
	_, _ = io.Copy(io.Discard, response.Body)
	stream := exchange(t, program, http.MethodGet, "", "Mcp-Session-Id", response.Header.Get("Mcp-Session-Id"))
	listen := `{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["infrahub://branches"]},` +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
	subscription := exchange(t, program, http.MethodPost, listen, "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "subscriptions/listen")
	if stream.StatusCode != http.StatusOK || subscription.StatusCode != http.StatusOK {
		t.Fatalf("%s, %s", stream.Status, subscription.Status)
	}
	if err := program.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// What breaks off has no end, and reading it fails.
	if rest, err := io.ReadAll(stream.Body); err != nil {
		t.Errorf("the stream of the session ends with %v after %q", err, rest)
	}
	rest, err := io.ReadAll(subscription.Body)
	if err != nil || !strings.Contains(string(rest), `"id":7,"result"`) {
		t.Errorf("the subscription ends with %v after %q", err, rest)
	}
	if status := ended(t, program); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// exchange sends a request of MCP over HTTP, with pairs of headers.
func exchange(t *testing.T, p *program, method, body string, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	parallel(t)
	for _, test := range []struct {
		signal syscall.Signal
		status int
	}{{syscall.SIGTERM, 143}, {syscall.SIGINT, 130}} {
		t.Run(test.signal.String(), func(t *testing.T) {
			parallel(t)
			proxy := startProxy(t)
			l := launch{address: "http://" + proxy.address, token: shared.infrahub.token, settings: []string{"INFRAHUB_MCP_SHUTDOWN_DELAY=300"}}
			process, err := mcptest.Start(mcptest.Command{
				Path: shared.race, Dir: t.TempDir(), Env: l.environment(), Args: []string{"--transport", "streamable-http", "--port", "0"},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(process.Kill)
			p := &program{Process: process, transport: overHTTP}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if p.url, err = process.Listening(ctx); err != nil {
				t.Fatal(err)
			}
			for _, log := range []string{"msg=stopping", ""} {
				if err := process.Signal(test.signal); err != nil {
					t.Fatal(err)
				}
				if log != "" {
					logged(t, p, log)
				}
			}
			if status := ended(t, p); status != test.status {
				t.Errorf("exit status %d, want %d", status, test.status)
			}
		})
	}
}

func TestAHangupReadsTheTokenAgain(t *testing.T) {
	parallel(t)
	for _, over := range []transport{overHTTP, overStdio} {
		t.Run("over "+string(over), func(t *testing.T) {
			parallel(t)
			proxy := startProxy(t)
			const first, second = "the-first-token", "the-second-token"
			known := make(chan string, 1000)
			proxy.behave(func(w http.ResponseWriter, r *http.Request) {
				known <- r.Header.Get("X-INFRAHUB-KEY")
				r.Header.Set("X-INFRAHUB-KEY", shared.infrahub.token)
				proxy.forward.ServeHTTP(w, r)
			})
			path := filepath.Join(t.TempDir(), "token")
			put := func(token string) {
				if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			put(first)
			program := start(t, launch{transport: over, address: "http://" + proxy.address, settings: []string{"INFRAHUB_API_TOKEN=", "INFRAHUB_API_TOKEN_FILE=" + path}})
			client := program.connect(t, mcptest.Legacy)
			call := func(want string) {
				t.Helper()
				if result, err := client.CallTool(t.Context(), "get_nodes", object{"kind": "DcimDevice", "limit": 2}); err != nil || result.IsError {
					t.Fatalf("%v %s", err, result.Text)
				}
				for len(known) > 0 {
					if token := <-known; token != want {
						t.Errorf("Infrahub is sent %q, want %q", token, want)
					}
				}
			}
			call(first)
			put(second)
			if err := program.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			logged(t, program, "is in use from now on")
			call(second)
			if log := program.Log(); strings.Contains(log, first) || strings.Contains(log, second) {
				t.Error("a token stands in the log")
			}
		})
	}
}

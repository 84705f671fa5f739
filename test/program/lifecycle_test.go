package program_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// ended waits for the end of a program and returns its exit status.
func ended(t *testing.T, p *program) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	status, err := p.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestStandardOutputCarriesTheProtocolAlone(t *testing.T) {
	parallel(t)
	proxy := startProxy(t)
	program := start(t, launch{transport: overStdio, address: "http://" + proxy.address})
	requests := []string{
		`{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"DcimPhysicalInterface","limit":-1},"_meta":{"progressToken":7}}}`,
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"Nothing"}}}`,
		`{"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"uri":"infrahub://graphql-schema"}}`,
		`{"jsonrpc":"2.0","id":5,"method":"no/such/method"}`,
		`no JSON`,
		`[{"jsonrpc":"2.0","id":6,"method":"ping"}]`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}`,
	}
	if _, err := io.WriteString(program.Stdin, strings.Join(requests, "\n")+"\n"); err != nil {
		t.Fatal(err)
	}
	_ = program.Stdin.Close()
	answers, notifications := map[string]int{}, 0
	for lines := bufio.NewReaderSize(program.Stdout, 64<<10); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var m struct {
				JSONRPC string
				ID      json.RawMessage
				Method  string
			}
			if json.Unmarshal(line, &m) != nil || m.JSONRPC != "2.0" || !bytes.HasSuffix(line, []byte("\n")) {
				t.Errorf("a line is no message: %.200q", line)
			}
			if m.Method == "" {
				answers[string(m.ID)]++
			} else {
				notifications++
			}
		}
		if err != nil {
			break
		}
	}
	for _, id := range []string{`"a"`, "1", "2", "3", "4", "5"} {
		if answers[id] != 1 {
			t.Errorf("request %s has %d answers", id, answers[id])
		}
	}
	if answers["null"] != 2 || len(answers) != 7 || notifications == 0 {
		t.Errorf("the answers are %v, with %d notifications", answers, notifications)
	}
	if status := ended(t, program); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if !strings.Contains(program.Log(), "level=DEBUG") {
		t.Error("nothing is logged at level debug, so that this proves nothing")
	}
}

func TestProgramsEndAfterTheAnswersInProgress(t *testing.T) {
	parallel(t)
	const inProgress = 5 // as many as Infrahub is asked for at a time
	for _, test := range []struct {
		name string
		over transport
		end  func(p *program) error
	}{
		{"at the end of standard input", overStdio, func(p *program) error { return p.Stdin.Close() }},
		{"at SIGTERM on stdio", overStdio, func(p *program) error { return p.Signal(syscall.SIGTERM) }},
		{"at SIGINT on stdio", overStdio, func(p *program) error { return p.Signal(syscall.SIGINT) }},
		{"at SIGTERM over HTTP", overHTTP, func(p *program) error { return p.Signal(syscall.SIGTERM) }},
	} {
		for _, era := range []mcptest.Era{mcptest.Legacy, mcptest.Modern} {
			t.Run(fmt.Sprintf("%s in protocol %s", test.name, era), func(t *testing.T) {
				parallel(t)
				s := newSession(t, test.over, era)
				s.must(t, "get_nodes", object{"kind": "DcimDevice", "limit": 2})
				gate := s.proxy.hold(t)
				done := make(chan struct{})
				go func() {
					defer close(done)
					together(t, inProgress, func(i int) error {
						result, err := s.CallTool(t.Context(), "get_nodes", object{"kind": "DcimDevice", "limit": 2, "offset": i})
						if err == nil && result.IsError {
							err = fmt.Errorf("refused: %s", result.Text)
						}
						return err
					})
				}()
				wait(t, gate.entered, inProgress)
				if err := test.end(s.program); err != nil {
					t.Fatal(err)
				}
				if test.over == overHTTP {
					closed(t, s.program)
				}
				gate.open()
				<-done
				if status := ended(t, s.program); status != 0 {
					t.Errorf("exit status %d", status)
				}
			})
		}
	}
}

// closed waits until a server accepts no more connections.
func closed(t *testing.T, p *program) {
	t.Helper()
	address, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		connection, err := net.Dial("tcp", address.Host)
		if err != nil {
			return
		}
		_ = connection.Close()
		if time.Now().After(deadline) {
			t.Fatal("the server still accepts connections")
		}
	}
}

func TestProgramsWithNothingToDoEndAtOnce(t *testing.T) {
	parallel(t)
	for _, over := range []transport{overStdio, overHTTP} {
		t.Run("over "+string(over), func(t *testing.T) {
			s := newSession(t, over, mcptest.Legacy)
			if err := s.program.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if status := ended(t, s.program); status != 0 {
				t.Errorf("exit status %d", status)
			}
			if !strings.Contains(s.program.Log(), "msg=stopped") {
				t.Errorf("the log does not say that it stopped: %s", tail(s.program.Log()))
			}
		})
	}
}

// A client may close its end of standard error because it wants no log, or
// before it waits for the end of the program.
func TestAProgramWhoseLogNobodyReadsGoesOn(t *testing.T) {
	parallel(t)
	p := startProxy(t)
	program := start(t, launch{transport: overStdio, address: "http://" + p.address, unread: true})
	client := program.connect(t, mcptest.Legacy)
	result, err := client.CallTool(t.Context(), "get_nodes", object{"kind": "DcimDevice", "limit": 2})
	if err != nil || result.IsError {
		t.Errorf("a call: %v %s", err, result.Text)
	}
	_ = client.Close()
	if status := ended(t, program); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestACancelledCallEndsItsRequestToInfrahub(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		arguments := object{"kind": "DcimDevice", "limit": 2}
		s.must(t, "get_nodes", arguments)
		gate := s.proxy.hold(t)
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := s.CallTool(ctx, "get_nodes", arguments)
			failed <- err
		}()
		wait(t, gate.entered, 1)
		cancel()
		wait(t, gate.dropped, 1)
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("the call ended with %v", err)
		}
		gate.open()
		s.must(t, "get_nodes", arguments)
	})
}

// Infrahub has got the write: to break it off would leave nobody knowing whether it
// was applied.
func TestAWriteThatIsCancelledIsFinished(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		name := shared.branches.name("cancelled")
		branch := s.tag(t, "", name).Branch
		s.tag(t, branch, name)
		gate := s.proxy.hold(t)
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := s.CallTool(ctx, "node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name + "-2"}, "branch": branch})
			failed <- err
		}()
		wait(t, gate.entered, 1)
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("the call ended with %v", err)
		}
		if _, err := s.Tools(t.Context()); err != nil { // so that the program has heard of it
			t.Error(err)
		}
		gate.open()
		written := func() int {
			return s.list(t, object{"kind": "BuiltinTag", "filters": object{"name__value": name + "-2"}, "branch": branch}).TotalCount
		}
		for deadline := time.Now().Add(20 * time.Second); written() == 0; <-time.After(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it was not written")
			}
		}
		if len(gate.dropped) > 0 {
			t.Error("the request to Infrahub was given up")
		}
	})
}

package program_test

import (
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// transport is how clients speak with the program.
type transport string

const (
	overStdio transport = "stdio"
	overHTTP  transport = "streamable HTTP"
)

// launch says how to start the program.
type launch struct {
	transport transport
	path      string   // of the program; that with the race detector if empty
	address   string   // of Infrahub
	token     string   // for Infrahub; that of the tests if empty
	settings  []string // further environment
	unread    bool     // nobody reads standard error
}

// environment is that of the program: nothing of this process's own, so that no
// setting of a developer has an effect.
func (l launch) environment() []string {
	return append([]string{
		"INFRAHUB_ADDRESS=" + l.address,
		"INFRAHUB_API_TOKEN=" + l.token,
		"INFRAHUB_MCP_LOG_LEVEL=debug",
		"INFRAHUB_MCP_LOG_FORMAT=text",
		"GORACE=atexit_sleep_ms=50", // a second otherwise, for each program
	}, l.settings...)
}

// program is the program as it runs.
type program struct {
	*mcptest.Process
	transport transport
	url       string // of the MCP endpoint, over HTTP
	token     string
	unread    bool
}

// start starts the program. When the test ends it is ended too, and must then
// have behaved: see finish.
func start(t *testing.T, l launch) *program {
	t.Helper()
	if l.path == "" {
		l.path = shared.race
	}
	if l.token == "" {
		l.token = shared.infrahub.token
	}
	command := mcptest.Command{Path: l.path, Dir: t.TempDir(), Env: l.environment(), Unread: l.unread}
	if l.transport == overHTTP {
		command.Args = []string{"--transport", "streamable-http", "--port", "0"}
	}
	process, err := mcptest.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Process: process, transport: l.transport, token: l.token, unread: l.unread}
	t.Cleanup(func() { p.finish(t) })
	if l.transport == overHTTP {
		go io.Copy(io.Discard, process.Stdout)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if p.url, err = process.Listening(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// base is the address of the HTTP server without the path of MCP.
func (p *program) base() string { return strings.TrimSuffix(p.url, "/mcp") }

// connect returns a client. On stdio a program has one.
func (p *program) connect(t *testing.T, era mcptest.Era) *mcptest.Client {
	t.Helper()
	var client *mcptest.Client
	var err error
	if p.transport == overHTTP {
		client, err = mcptest.ConnectHTTP(t.Context(), era, p.url)
	} else {
		client, err = mcptest.ConnectStdio(t.Context(), era, p.Stdin, p.Stdout)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil && p.Alive() {
			t.Errorf("closing the client: %v", err)
		}
	})
	return client
}

// finish ends the program as its users do and checks what holds for every run:
// exit status 0, no data race, no panic, and no credential in what it wrote.
func (p *program) finish(t *testing.T) {
	if p.transport == overHTTP {
		_ = p.Signal(syscall.SIGTERM) // it may have ended already
	} else {
		_ = p.Stdin.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	status, err := p.Wait(ctx)
	if err != nil {
		p.Kill()
		t.Error(err)
	}
	log := p.Log()
	if status != 0 {
		t.Errorf("exit status %d; the log ends with:\n%s", status, tail(log))
	}
	if !p.unread {
		behaved(t, p.token, log, p.Output())
	}
}

// behaved checks what a program wrote to standard error and standard output.
func behaved(t *testing.T, token, log, output string) {
	t.Helper()
	for _, sign := range []string{"DATA RACE", "panic"} {
		if at := strings.Index(log, sign); at >= 0 {
			t.Errorf("the log tells of a %s:\n%.4000s", sign, log[at:])
		}
	}
	for name, text := range map[string]string{"log": log, "standard output": output} {
		if strings.Contains(text, token) {
			t.Errorf("the credential stands in the %s", name)
		}
	}
	if !strings.Contains(log, "level=INFO") && !strings.Contains(log, `"level":"INFO"`) {
		t.Error("the log is empty, so that these checks prove nothing")
	}
}

func tail(text string) string {
	const most = 3000
	return text[max(len(text)-most, 0):]
}

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/test/mcptest"
)

// contender is a server that is compared, with its settings at their defaults.
type contender struct {
	name    string
	command string
	env     []string
}

// contenders are the program, the Python server, and the program on one core.
func contenders(o options, upstream, folder string) (ours, theirs, single contender) {
	env := []string{
		"INFRAHUB_ADDRESS=" + upstream, "INFRAHUB_API_TOKEN=" + seed.Accounts()[0].Token,
		"PATH=" + os.Getenv("PATH"), "HOME=" + folder,
		// The library of the Python server asks the network for newer versions of
		// itself when it starts; that is left out.
		"FASTMCP_CHECK_FOR_UPDATES=off",
	}
	ours = contender{name: "infrahub-mcp", command: o.program, env: env}
	theirs = contender{name: "Python server", command: o.python, env: env}
	single = contender{name: "infrahub-mcp on one core", command: o.program, env: append([]string{"GOMAXPROCS=1"}, env...)}
	return ours, theirs, single
}

// running is a contender that serves HTTP.
type running struct {
	contender

	process  *exec.Cmd
	web      *http.Client
	url      string
	log      tail
	sessions []*session
	patterns map[string]pattern // of the answers, by the name of the question
}

// patience bounds how long a start and an answer are waited for. The slowest take above a
// minute: 64 clients that wait for each other.
const patience = 10 * time.Minute

// serve starts a contender over HTTP and waits until it serves. The caller must
// stop it.
func (c contender) serve(ctx context.Context, folder string) (*running, error) {
	address, err := mcptest.FreeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	s := &running{contender: c, url: "http://" + address + "/mcp", patterns: map[string]pattern{}}
	s.web = &http.Client{Timeout: patience, Transport: &http.Transport{
		MaxIdleConnsPerHost: 2000,
		IdleConnTimeout:     2 * time.Second, // sooner than either server closes a connection
		DisableCompression:  true,
	}}
	s.process = exec.CommandContext(ctx, c.command, "--transport", "streamable-http", "--port", port)
	s.process.Env, s.process.Dir = c.env, folder
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	s.process.Cancel = func() error { return s.process.Process.Signal(syscall.SIGTERM) }
	s.process.WaitDelay = 10 * time.Second
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("starting the %s: %w", c.name, err)
	}
	if err := s.ready(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("the %s does not serve: %w: %s", c.name, err, s.log.String())
	}
	return s, nil
}

// ready waits until a session can be opened.
func (s *running) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		_, err := open(ctx, s.web, s.url)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// stop ends the server.
func (s *running) stop() {
	s.web.CloseIdleConnections()
	_ = s.process.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.process.Wait() // how it ends is not measured
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second): // streams that are still open
		_ = s.process.Process.Kill()
		<-ended
	}
}

// open opens sessions until there are so many.
func (s *running) open(ctx context.Context, sessions int) error {
	for len(s.sessions) < sessions {
		one, err := open(ctx, s.web, s.url)
		if err != nil {
			return fmt.Errorf("%s, session %d: %w", s.name, len(s.sessions)+1, err)
		}
		s.sessions = append(s.sessions, one)
	}
	return nil
}

// question asks in the first session and checks the answer, which becomes what later
// answers have to be.
func (s *running) question(ctx context.Context, q question) ([]byte, error) {
	if err := s.open(ctx, 1); err != nil {
		return nil, err
	}
	id, message, err := s.sessions[0].ask(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if err := q.check(id, message); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	s.patterns[q.name] = newPattern(id, message)
	return message, nil
}

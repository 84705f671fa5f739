package mcptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// Process is a running program of which everything that it writes is kept.
type Process struct {
	// Stdin is its standard input, Stdout its standard output.
	Stdin  io.WriteCloser
	Stdout io.Reader

	command *exec.Cmd
	output  *record // what was read from Stdout
	log     *record // standard error
	ended   chan struct{}
	status  error
}

// Command says what to run. The environment is Env and nothing else.
type Command struct {
	Path string
	Args []string
	Env  []string
	Dir  string
	// Unread closes the reading end of standard error, as a client does that
	// wants no log.
	Unread bool
}

// Start starts a process. The caller must end it: by closing its input, by a
// signal or with Kill.
func Start(c Command) (*Process, error) {
	command := exec.Command(c.Path, c.Args...)
	command.Env, command.Dir = c.Env, c.Dir
	command.WaitDelay = 10 * time.Second
	p := &Process{command: command, output: newRecord(), log: newRecord(), ended: make(chan struct{})}
	command.Stderr = p.log
	if c.Unread {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, fmt.Errorf("starting %s: %w", c.Path, err)
		}
		_ = read.Close()
		defer write.Close()
		command.Stderr = write
	}
	// A pipe of our own: the one of exec.Cmd is closed when the process ends,
	// and what was not read by then is lost.
	out, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Path, err)
	}
	defer write.Close()
	command.Stdout = write
	if p.Stdin, err = command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Path, err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Path, err)
	}
	p.Stdout = io.TeeReader(out, p.output)
	go func() {
		p.status = command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// ID is the process id.
func (p *Process) ID() int { return p.command.Process.Pid }

// Output is what was read of standard output so far.
func (p *Process) Output() string { return p.output.text() }

// Log is what was written to standard error so far.
func (p *Process) Log() string { return p.log.text() }

// Alive tells whether the process still runs.
func (p *Process) Alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) error { return p.command.Process.Signal(s) }

// Kill ends the process at once and waits for its end.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // it may have ended by itself
	<-p.ended
}

// Wait waits for the end of the process and returns its exit status.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.ended:
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for the end of process %d: %w", p.ID(), ctx.Err())
	}
	var exit *exec.ExitError
	if p.status != nil && !errors.As(p.status, &exit) {
		return 0, fmt.Errorf("waiting for the end of process %d: %w", p.ID(), p.status)
	}
	return p.command.ProcessState.ExitCode(), nil
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)|"msg":"listening","address":"([^"]+)"`)

// Listening waits until the process has logged where it listens, as a line
// `msg=listening address=http://host:port/mcp` or the same in JSON, and returns
// that address.
func (p *Process) Listening(ctx context.Context) (string, error) {
	for {
		text, changed := p.log.now()
		if found := listening.FindStringSubmatch(text); found != nil {
			return found[1] + found[2], nil
		}
		select {
		case <-changed:
		case <-p.ended:
			return "", fmt.Errorf("the program ended (%w) before it listened: %s", p.status, p.Log())
		case <-ctx.Done():
			return "", fmt.Errorf("the program does not listen: %w: %s", ctx.Err(), text)
		}
	}
}

var resident = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// Resident is the memory of the process that is in RAM now, in bytes
// (proc_pid_status(5), VmRSS). It is known on Linux only.
func (p *Process) Resident() (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.ID()))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of process %d: %w", p.ID(), err)
	}
	found := resident.FindSubmatch(raw)
	if found == nil {
		return 0, fmt.Errorf("the status of process %d tells no VmRSS", p.ID())
	}
	kilobytes, err := strconv.ParseInt(string(found[1]), 10, 64)
	return kilobytes << 10, err
}

// record keeps what is written to it. It is safe for concurrent use.
type record struct {
	mu      sync.Mutex
	buffer  bytes.Buffer
	changed chan struct{} // closed by the next write
}

func newRecord() *record { return &record{changed: make(chan struct{})} }

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.changed)
	r.changed = make(chan struct{})
	return r.buffer.Write(p)
}

func (r *record) text() string {
	text, _ := r.now()
	return text
}

func (r *record) now() (string, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buffer.String(), r.changed
}

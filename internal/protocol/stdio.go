package protocol

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/internal/telemetry"
)

// Stdio serves MCP to one client over a pair of streams, one message a line
// (specification, section Transports, stdio).
type Stdio struct {
	server  *Server
	options StdioOptions
}

// StdioOptions are the limits of the transport. Zero values mean the defaults.
type StdioOptions struct {
	// MaxLine is the size of a message, in bytes (4 MiB).
	MaxLine int
	// Concurrency is how many requests are handled at a time (16); others wait.
	Concurrency int
	// Grace is how long requests in progress may go on after the input ended
	// or the context was cancelled (30 s).
	Grace time.Duration
}

// stdioSession is the session of the one client.
const stdioSession = "stdio"

// NewStdio returns the transport.
func NewStdio(s *Server, o StdioOptions) *Stdio {
	if o.MaxLine == 0 {
		o.MaxLine = 4 << 20
	}
	if o.Concurrency == 0 {
		o.Concurrency = 16
	}
	if o.Grace == 0 {
		o.Grace = 30 * time.Second
	}
	return &Stdio{server: s, options: o}
}

// Serve reads messages until the input ends or ctx is cancelled, answers those
// in progress, and returns nil. It returns an error when the input cannot be
// read or the output not be written.
func (t *Stdio) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	c := &conversation{
		server: t.server,
		out:    out,
		peer:   t.server.newPeer(),
		slots:  make(chan struct{}, t.options.Concurrency),
		levels: newLevels(nil),

		subscriber: newSubscriber(t.server.options.Watcher),
	}
	// Requests outlive the end of the input, but not the grace time.
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)

	listening, end := context.WithCancel(work)
	defer end()
	c.listening = listening
	c.running.Go(c.tell)

	lines := make(chan line)
	go readLines(ctx, in, t.options.MaxLine, lines)

	err := c.read(ctx, work, lines)
	end()
	grace := time.AfterFunc(t.options.Grace, func() { stop(errClosing) })
	defer grace.Stop()
	c.questions.close() // no answer is read any more
	c.running.Wait()
	return errors.Join(err, c.failure())
}

// line is one line of the input, or the reason why there is none.
type line struct {
	text    []byte
	tooLong bool
	err     error
}

// readLines sends the lines of the input until it ends or ctx is cancelled. A
// line over the limit is skipped, and said to be so.
func readLines(ctx context.Context, in io.Reader, limit int, lines chan<- line) {
	defer close(lines)
	reader := bufio.NewReaderSize(in, 64<<10)
	for {
		text, tooLong, err := readLine(reader, limit)
		if len(bytes.TrimSpace(text)) > 0 || tooLong {
			select {
			case lines <- line{text: text, tooLong: tooLong}:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				select {
				case lines <- line{err: err}:
				case <-ctx.Done():
				}
			}
			return
		}
	}
}

func readLine(reader *bufio.Reader, limit int) (text []byte, tooLong bool, err error) {
	for {
		part, err := reader.ReadSlice('\n')
		if len(text)+len(part) > limit {
			tooLong, text = true, nil
		}
		if !tooLong {
			text = append(text, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, tooLong, err
		}
	}
}

// conversation is the state of one client on stdio.
type conversation struct {
	server    *Server
	peer      *peer
	slots     chan struct{}
	inFlight  inFlight
	questions questions
	levels    *levels
	running   sync.WaitGroup

	subscriber *subscriber
	listening  context.Context // done when the input has ended: nobody subscribes any more

	mu        sync.Mutex // of what follows
	out       io.Writer
	writeFail error
}

// read handles lines until there are no more. work is the context of requests.
func (c *conversation) read(ctx, work context.Context, lines <-chan line) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case l, ok := <-lines:
			switch {
			case !ok:
				return nil
			case l.err != nil:
				return fmt.Errorf("reading the input: %w", l.err)
			case l.tooLong:
				c.send((&fault{Code: mcp.INVALID_REQUEST, Message: "the message is too long"}).answer(nil))
			default:
				c.handle(work, l.text)
			}
			if c.broken() {
				return nil // nobody reads the answers; failure tells why
			}
		}
	}
}

// handle handles one line. It never waits for a request, so that cancellations
// and pings are always read.
func (c *conversation) handle(work context.Context, text []byte) {
	work = telemetry.WithRequestID(work, uuid.NewString())
	if isBatch(text) && c.peer.ProtocolVersion() == batches {
		c.batch(work, text)
		return
	}
	m, f := parse(text)
	if f != nil {
		c.send(f.answer(nil))
		return
	}
	if run := c.begin(work, m); run != nil {
		c.running.Go(func() { run(c.send) })
	}
}

// begin handles a message, unless it is a request: that can be cancelled from now
// on, and run handles it and passes its answer on, if it has one.
func (c *conversation) begin(work context.Context, m *message) (run func(pass func(answer []byte))) {
	switch {
	case m.isResponse():
		c.questions.answer(stdioSession, m)
		return nil
	case m.isNotification() && m.Method == string(mcp.MethodNotificationCancelled):
		c.inFlight.cancel(stdioSession, cancelledID(m))
		return nil
	case m.isNotification():
		c.server.notification(work, m, c.peer)
		return nil
	}
	ctx, cancel := context.WithCancelCause(work)
	remove := c.inFlight.add(stdioSession, string(m.ID), cancel)
	return func(pass func([]byte)) {
		defer cancel(nil)
		defer remove()
		if m.Method == string(mcp.MethodSubscriptionsListen) {
			defer context.AfterFunc(c.listening, func() { cancel(errClosing) })()
		}
		if answer := c.answer(ctx, m); answer != nil {
			pass(answer)
		}
		if m.Method == string(mcp.MethodSubscriptionsListen) && errors.Is(context.Cause(ctx), errClosing) { // MCP 2026-07-28, Cancellation
			c.notify(newCancellation(m.ID, ""))
		}
	}
}

// answer handles one request in its turn. Only calls of tools wait for a slot:
// the rest is quick, and a ping must be answered at any time.
func (c *conversation) answer(ctx context.Context, m *message) []byte {
	if m.Method == string(mcp.MethodToolsCall) {
		select {
		case c.slots <- struct{}{}:
			defer func() { <-c.slots }()
		case <-ctx.Done():
		}
		if errors.Is(context.Cause(ctx), errCancelled) {
			return nil // cancelled while it waited: it never runs, even if a slot came free as well
		}
	}
	e := &exchange{session: stdioSession, version: c.peer.ProtocolVersion(), levels: c.levels, subscriber: c.subscriber, send: c.notify}
	// Each request has a peer of its own, so that notifications of the library
	// cannot stray to another's.
	p := c.server.newPeer()
	p.SetClientInfo(c.peer.GetClientInfo())
	p.SetClientCapabilities(c.peer.GetClientCapabilities())
	p.SetProtocolVersion(c.peer.ProtocolVersion())
	capabilities := c.peer.GetClientCapabilities()
	e.questions, e.elicits = &c.questions, elicits(&capabilities)
	answer := c.server.exchange(ctx, m, e, p)
	if m.Method == string(mcp.MethodInitialize) {
		c.peer.SetClientInfo(p.GetClientInfo())
		c.peer.SetClientCapabilities(p.GetClientCapabilities())
		c.peer.SetProtocolVersion(p.ProtocolVersion())
	}
	return answer
}

// tell tells a client of the older era what has changed, while the input is open.
func (c *conversation) tell() {
	ready, closed := c.subscriber.open(c.listening)
	defer closed()
	for {
		select {
		case <-ready:
			for _, n := range c.subscriber.take() {
				c.notify(n.message(nil))
			}
		case <-c.listening.Done():
			return
		}
	}
}

// notify writes a message of ours.
func (c *conversation) notify(n any) {
	if raw, err := json.Marshal(n); err == nil {
		c.send(raw)
	}
}

// send writes one message as one line.
func (c *conversation) send(raw []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeFail != nil {
		return
	}
	if _, err := c.out.Write(append(raw, '\n')); err != nil {
		c.writeFail = fmt.Errorf("writing the output: %w", err)
	}
}

func (c *conversation) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeFail
}

func (c *conversation) broken() bool { return c.failure() != nil }

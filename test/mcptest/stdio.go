package mcptest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// ConnectStdio speaks over a pair of streams, one message a line: in takes what
// the server reads, out gives what it writes.
func ConnectStdio(ctx context.Context, era Era, in io.WriteCloser, out io.Reader) (*Client, error) {
	s := &stdio{in: in, waiting: map[string]*waiting{}}
	go s.read(out)
	return connect(ctx, era, s)
}

type stdio struct {
	writing sync.Mutex
	in      io.WriteCloser

	mu      sync.Mutex // of what follows
	waiting map[string]*waiting
	ended   error // why nothing more will come
}

// waiting is a request that has no answer yet.
type waiting struct {
	token         string
	notifications []Notification
	done          chan incoming // of one message; closed when none will come
}

var errEnded = errors.New("the server ended its output before it answered")

// read hands every line to the request that it belongs to.
func (s *stdio) read(out io.Reader) {
	lines := bufio.NewReaderSize(out, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if fault := s.receive(line); fault != nil {
				s.end(fault)
				_, _ = io.Copy(io.Discard, lines) // so that the server does not block
				return
			}
		}
		if errors.Is(err, io.EOF) {
			err = errEnded
		}
		if err != nil {
			s.end(err)
			return
		}
	}
}

func (s *stdio) receive(line []byte) error {
	m, err := parse(line)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Method != "" {
		if of := s.belongs(m); of != nil {
			of.notifications = append(of.notifications, Notification{Method: m.Method, Params: m.Params})
		}
		return nil
	}
	of := s.waiting[string(m.ID)]
	if of == nil {
		return fmt.Errorf("the server answered what nobody asked: %q", excerpt(line))
	}
	delete(s.waiting, string(m.ID))
	of.done <- m
	return nil
}

// belongs finds the request of a progress notification.
func (s *stdio) belongs(m incoming) *waiting {
	var params struct {
		Token string `json:"progressToken"`
	}
	_ = json.Unmarshal(m.Params, &params) // other notifications have none
	for _, w := range s.waiting {
		if w.token != "" && w.token == params.Token {
			return w
		}
	}
	return nil
}

// end tells everybody who waits that nothing will come.
func (s *stdio) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = err
	for id, w := range s.waiting {
		close(w.done)
		delete(s.waiting, id)
	}
}

func (s *stdio) exchange(ctx context.Context, m outgoing) (Answer, error) {
	w := &waiting{token: m.token, done: make(chan incoming, 1)}
	s.mu.Lock()
	if s.ended != nil {
		defer s.mu.Unlock()
		return Answer{}, s.ended
	}
	s.waiting[m.id] = w
	s.mu.Unlock()
	if err := s.notify(ctx, m); err != nil {
		return Answer{}, err
	}
	select {
	case got, ok := <-w.done:
		if !ok {
			s.mu.Lock()
			defer s.mu.Unlock()
			return Answer{}, s.ended
		}
		return got.answer(w.notifications)
	case <-ctx.Done():
		// The answer may still come; it is taken and forgotten.
		return Answer{}, errors.Join(fmt.Errorf("waiting for the answer to %s: %w", m.method, ctx.Err()), s.notify(ctx, cancellation(m)))
	}
}

func (s *stdio) notify(_ context.Context, m outgoing) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := s.in.Write(append(m.body, '\n')); err != nil {
		return fmt.Errorf("writing %s: %w", m.method, err)
	}
	return nil
}

func (s *stdio) close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.in.Close()
}

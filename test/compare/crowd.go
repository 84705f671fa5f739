package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// crowd measures the memory of a fresh server: idle, with many sessions that were
// used once, and with a stream open in each.
func (s *running) crowd(ctx context.Context) ([]memory, error) {
	var held []memory
	read := func() error {
		time.Sleep(settling)
		one, err := memoryOf(s.process.Process.Pid)
		held = append(held, one)
		return err
	}
	if err := read(); err != nil {
		return nil, err
	}
	if err := s.open(ctx, sessions); err != nil {
		return nil, err
	}
	list := questions()[0]
	for _, one := range s.sessions {
		id, message, err := one.ask(ctx, list)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		if err := list.check(id, message); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if err := read(); err != nil {
		return nil, err
	}
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	var streams []io.Closer
	defer func() {
		for _, stream := range streams {
			_ = stream.Close() // nothing is read from it
		}
	}()
	for _, one := range s.sessions {
		stream, err := one.listen(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s, stream %d: %w", s.name, len(streams)+1, err)
		}
		streams = append(streams, stream)
	}
	return held, read()
}

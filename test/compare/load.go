package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// load lets clients ask a question again and again, each as soon as it has its
// answer, for at least a time: the calls that are under way then are finished and
// count, and so does the time that they take. An answer that is not what it should
// be is an error.
func (s *running) load(ctx context.Context, q question, clients int, atLeast time.Duration) (sample, error) {
	if err := s.open(ctx, clients); err != nil {
		return sample{}, err
	}
	before, err := processorOf(s.process.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	latencies := make([][]time.Duration, clients)
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for i := range clients {
		group.Go(func() (err error) {
			latencies[i], err = s.repeat(ctx, s.sessions[i], q, began.Add(atLeast))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return sample{}, fmt.Errorf("%s, %d clients: %w", s.name, clients, err)
	}
	result := sample{elapsed: time.Since(began)}
	after, err := processorOf(s.process.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	result.processor = after - before
	for _, each := range latencies {
		result.latencies = append(result.latencies, each...)
	}
	result.calls = len(result.latencies)
	return result, nil
}

// repeat asks a question in a session until a time, once at least, and returns how
// long each answer took.
func (s *running) repeat(ctx context.Context, in *session, q question, until time.Time) ([]time.Duration, error) {
	var latencies []time.Duration
	for sent := time.Now(); ; {
		id, message, err := in.ask(ctx, q)
		if err != nil {
			return nil, err
		}
		now := time.Now()
		if !s.patterns[q.name].fits(id, message) {
			return nil, fmt.Errorf("%s: the answer is another one than before: %.300s", q.name, message)
		}
		latencies = append(latencies, now.Sub(sent))
		if !now.Before(until) {
			return latencies, nil
		}
		sent = now
	}
}

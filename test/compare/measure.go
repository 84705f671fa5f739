package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"infrahub-mcp/internal/sandbox"
)

// What is not worth a flag.
const (
	sessions  = 1000                  // of the measurement of memory
	warmCalls = 15                    // of which the requests upstream are counted, each
	slowCalls = 5                     // with a slow upstream
	slowDelay = 20 * time.Millisecond // of its replies
	settling  = 2 * time.Second       // before memory is read
)

// run is one comparison.
type run struct {
	options

	upstream             *upstream
	ours, theirs, single contender
	folder               string // where the servers run
	progress             io.Writer
	figures              figures
}

// measure takes all figures, one after the other, so that nothing else runs beside
// what is measured. An answer that is not what it should be is an error.
func measure(ctx context.Context, o options, progress io.Writer) (figures, error) {
	box, err := sandbox.New(sandbox.Options{Devices: devices})
	if err != nil {
		return figures{}, err
	}
	upstream := newUpstream(box)
	defer upstream.Close()
	folder, err := os.MkdirTemp("", "compare")
	if err != nil {
		return figures{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // the system's folder for what may be lost
	r := &run{options: o, upstream: upstream, folder: folder, progress: progress}
	r.ours, r.theirs, r.single = contenders(o, upstream.URL, folder)
	r.figures = figures{Duration: o.duration, Rounds: o.rounds, Starts: o.starts, Delay: slowDelay}
	if r.figures.Machine, err = describe(ctx, o); err != nil {
		return figures{}, err
	}
	for _, step := range []struct {
		name string
		take func(context.Context) error
	}{
		{"starting", r.takeStarts},
		{"memory", r.takeMemory},
		{"calls", r.takeCalls},
	} {
		r.say("%s", step.name)
		if err := step.take(ctx); err != nil {
			return figures{}, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return r.figures, nil
}

func (r *run) say(format string, arguments ...any) {
	fmt.Fprintf(r.progress, "compare: "+format+"\n", arguments...)
}

// takeStarts measures the start over stdio, in turns.
func (r *run) takeStarts(ctx context.Context) error {
	var taken pair[[]time.Duration]
	var held pair[memory]
	for i := range r.starts + 1 {
		for _, each := range []struct {
			contender
			taken *[]time.Duration
			held  *memory
		}{{r.ours, &taken.Ours, &held.Ours}, {r.theirs, &taken.Theirs, &held.Theirs}} {
			took, holds, err := each.start(ctx, r.folder)
			if err != nil {
				return err
			}
			*each.held = holds
			if i > 0 { // the first reads files into memory, and Python compiles its own
				*each.taken = append(*each.taken, took)
			}
		}
	}
	r.figures.Start = pair[time.Duration]{median(taken.Ours), median(taken.Theirs)}
	r.figures.Memory = append(r.figures.Memory, memoryRow{"over stdio, after tools/list", held})
	return nil
}

// takeMemory measures the memory of servers that nobody has used before.
func (r *run) takeMemory(ctx context.Context) error {
	states := []string{
		idleState,
		grouped(sessions) + " sessions are open",
		grouped(sessions) + " sessions are open, each with its stream",
	}
	var held [2][]memory
	for i, c := range []contender{r.ours, r.theirs} {
		s, err := c.serve(ctx, r.folder)
		if err != nil {
			return err
		}
		held[i], err = s.crowd(ctx)
		s.stop()
		if err != nil {
			return err
		}
	}
	for i, state := range states {
		r.figures.Memory = append(r.figures.Memory, memoryRow{state, pair[memory]{held[0][i], held[1][i]}})
	}
	return nil
}

// takeCalls measures what calls cost.
func (r *run) takeCalls(ctx context.Context) error {
	ours, err := r.ours.serve(ctx, r.folder)
	if err != nil {
		return err
	}
	defer ours.stop()
	theirs, err := r.theirs.serve(ctx, r.folder)
	if err != nil {
		return err
	}
	defer theirs.stop()
	single, err := r.single.serve(ctx, r.folder)
	if err != nil {
		return err
	}
	defer single.stop()
	for _, q := range questions() {
		row := answerRow{Question: q.name}
		if row.Upstream.Ours, row.Size.Ours, err = r.cost(ctx, ours, q); err != nil {
			return err
		}
		if row.Upstream.Theirs, row.Size.Theirs, err = r.cost(ctx, theirs, q); err != nil {
			return err
		}
		if _, err := single.question(ctx, q); err != nil {
			return err
		}
		r.figures.Answers = append(r.figures.Answers, row)
	}
	if r.figures.Upstream, err = r.upstream.limit(ctx, r.duration); err != nil {
		return err
	}
	before := r.upstream.recorded.Load()
	if err := r.takeThroughput(ctx, ours, theirs, single); err != nil {
		return err
	}
	r.figures.Recorded = r.upstream.recorded.Load() - before
	if err := r.takeSlow(ctx, ours, theirs); err != nil {
		return err
	}
	var held pair[memory]
	if held.Ours, err = memoryOf(ours.process.Process.Pid); err != nil {
		return err
	}
	if held.Theirs, err = memoryOf(theirs.process.Process.Pid); err != nil {
		return err
	}
	r.figures.Memory = append(r.figures.Memory, memoryRow{"after all calls below", held})
	return nil
}

// cost asks a question until the server is warm, and then counts the requests of
// each call.
func (r *run) cost(ctx context.Context, s *running, q question) (requests int64, of size, err error) {
	var counts []int64
	for i := range warmCalls + 2 {
		before := r.upstream.served.Load()
		message, err := s.question(ctx, q)
		if err != nil {
			return 0, size{}, err
		}
		if i >= 2 {
			counts = append(counts, r.upstream.served.Load()-before)
		}
		if of, err = sizeOf(message); err != nil {
			return 0, size{}, err
		}
	}
	return median(counts), of, nil
}

// takeThroughput measures every question with every number of clients, in rounds in
// which the servers take turns.
func (r *run) takeThroughput(ctx context.Context, ours, theirs, single *running) error {
	for _, q := range questions() {
		for _, clients := range []int{1, 8, mostClients} {
			taken := map[*running][]sample{}
			contest := []*running{ours, theirs}
			if clients == mostClients {
				contest = append(contest, single)
			}
			for range r.rounds {
				for _, s := range contest {
					if tedious(taken[s], r.duration) {
						continue
					}
					if _, err := s.load(ctx, q, 1, r.duration/5); err != nil { // it may have been idle for a while
						return err
					}
					one, err := s.load(ctx, q, clients, r.duration)
					if err != nil {
						return err
					}
					taken[s] = append(taken[s], one)
				}
			}
			both := cell{q.name, clients, pair[summary]{summarize(taken[ours]), summarize(taken[theirs])}}
			r.figures.Cells = append(r.figures.Cells, both)
			r.say("%s, %d clients: %.0f and %.1f calls per second", q.name, clients, both.Ours.Rate, both.Theirs.Rate)
			if clients == mostClients {
				r.figures.Single = append(r.figures.Single, cell{q.name, clients, pair[summary]{summarize(taken[single]), both.Theirs}})
			}
		}
	}
	return nil
}

// tedious tells whether a measurement took so long, because single calls do, that it
// is not worth taking again.
func tedious(taken []sample, duration time.Duration) bool {
	return len(taken) > 0 && taken[0].elapsed > 10*duration
}

// takeSlow measures how long one call takes where each reply of Infrahub takes a
// while.
func (r *run) takeSlow(ctx context.Context, ours, theirs *running) error {
	r.upstream.delay.Store(int64(slowDelay))
	defer r.upstream.delay.Store(0)
	for _, q := range questions() {
		row := slowRow{Question: q.name}
		for _, each := range []struct {
			*running
			into *time.Duration
		}{{ours, &row.Ours}, {theirs, &row.Theirs}} {
			var all []time.Duration
			for range slowCalls {
				one, err := each.load(ctx, q, 1, 0)
				if err != nil {
					return err
				}
				all = append(all, one.latencies...)
			}
			*each.into = median(all)
		}
		r.figures.Slow = append(r.figures.Slow, row)
	}
	return nil
}

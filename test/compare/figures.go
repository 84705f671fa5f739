package main

import "time"

// figures are all that one run measured.
type figures struct {
	Machine  machine
	Duration time.Duration // of each measurement of throughput
	Rounds   int           // of them
	Starts   int           // counted ones

	Start   pair[time.Duration] // from the start over stdio to the answer to tools/list
	Memory  []memoryRow
	Answers []answerRow
	Cells   []cell
	Single  []cell // ours on one core
	Slow    []slowRow

	Upstream float64       // replies per second that the upstream gives at most
	Recorded int64         // requests that it had not seen before while throughput was measured
	Delay    time.Duration // of the slow upstream
}

// pair is a figure of both servers.
type pair[T any] struct{ Ours, Theirs T }

// memoryRow is the memory of both in one state.
type memoryRow struct {
	State string
	pair[memory]
}

// answerRow is what one warm call costs beside time.
type answerRow struct {
	Question string
	Upstream pair[int64] // requests: the median of some calls
	Size     pair[size]
}

// cell is the throughput of one question with so many clients.
type cell struct {
	Question string
	Clients  int
	pair[summary]
}

// slowRow is how long one call takes, in the median, with a slow upstream.
type slowRow struct {
	Question string
	pair[time.Duration]
}

package main

import (
	"fmt"
	"math"
	"slices"
)

// aim is something that the server is to be better at, and by how much.
type aim struct {
	Topic   string
	Aim     string
	Reached string
	Met     bool
}

// What the page speaks of beside its tables.
const (
	idleState   = "over HTTP, idle"
	mostClients = 64
	leastGain   = 20 // of throughput
)

// aims compares what was measured with what is aimed at.
func aims(f figures) []aim {
	var gains []float64
	for _, c := range f.Cells {
		gains = append(gains, c.gain())
	}
	least := slices.Min(gains)
	var most pair[int64]
	for _, a := range f.Answers {
		most.Ours = max(most.Ours, a.Upstream.Ours)
		most.Theirs = max(most.Theirs, a.Upstream.Theirs)
	}
	all := []aim{{
		Topic: "throughput", Aim: "20 times the throughput, of each call with each number of clients",
		Reached: "at least " + times(least, 1) + ", in the median " + times(median(gains), 1), Met: least >= leastGain,
	}}
	for _, m := range f.Memory {
		all = append(all, aim{
			Topic: "memory", Aim: "an eighth of the memory, " + m.State,
			Reached: "1/" + fraction(m.Theirs.Resident, m.Ours.Resident), Met: m.Ours.Resident*8 <= m.Theirs.Resident,
		})
	}
	return append(all,
		aim{
			Topic: "start", Aim: "a thirtieth of the time to start",
			Reached: "1/" + fraction(int64(f.Start.Theirs), int64(f.Start.Ours)), Met: f.Start.Ours*30 <= f.Start.Theirs,
		},
		aim{
			Topic: "requests", Aim: "one request to Infrahub at most, for a warm call",
			Reached: fmt.Sprintf("%d, where the Python server sends up to %d", most.Ours, most.Theirs), Met: most.Ours <= 1,
		})
}

// fraction is the denominator of what the second is of the first.
func fraction(whole, part int64) string {
	quotient := float64(whole) / float64(part)
	if quotient >= 10 {
		return grouped(int64(quotient))
	}
	return fmt.Sprintf("%.1f", math.Floor(quotient*10)/10)
}

// aimed tells whether all aims of a topic are met.
func aimed(all []aim, topic string) bool {
	for _, a := range all {
		if a.Topic == topic && !a.Met {
			return false
		}
	}
	return true
}

// gain is how many times as many calls this server answers.
func (c cell) gain() float64 { return c.Ours.Rate / c.Theirs.Rate }

// behind are the calls that miss the aim of throughput.
func (f figures) behind() (all []cell) {
	for _, c := range f.Cells {
		if c.gain() < leastGain {
			all = append(all, c)
		}
	}
	return all
}

// idle is the memory of the servers that nobody uses.
func (f figures) idle() pair[memory] {
	for _, m := range f.Memory {
		if m.State == idleState {
			return m.pair
		}
	}
	return pair[memory]{}
}

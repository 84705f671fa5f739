package main

import (
	"slices"
	"time"
)

// sample is what one measurement of throughput gave.
type sample struct {
	calls     int
	elapsed   time.Duration
	processor time.Duration   // of the server
	latencies []time.Duration // one for each call
}

// summary is what several samples of the same come to.
type summary struct {
	Rate      float64       // calls per second: the median of the samples
	P50, P99  time.Duration // of all calls of all samples
	Processor time.Duration // of the server, for a thousand calls
}

// summarize puts samples together. There must be at least one call.
func summarize(samples []sample) summary {
	var rates []float64
	var latencies []time.Duration
	var processor time.Duration
	for _, s := range samples {
		rates = append(rates, float64(s.calls)/s.elapsed.Seconds())
		latencies = append(latencies, s.latencies...)
		processor += s.processor
	}
	return summary{
		Rate: median(rates), P50: percentile(latencies, 50), P99: percentile(latencies, 99),
		Processor: processor * 1000 / time.Duration(len(latencies)),
	}
}

// median is the middle of values, or the mean of the two in the middle. There must
// be one at least.
func median[T float64 | time.Duration | int64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// percentile is the smallest value that at least p percent of the values do not
// exceed (nearest rank). There must be one at least.
func percentile(values []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	rank := (p*len(sorted) + 99) / 100
	return sorted[max(rank, 1)-1]
}

package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"of one value is that value", []float64{3}, 3},
		{"of an odd number is the middle one", []float64{9, 1, 5}, 5},
		{"of an even number is between the two in the middle", []float64{8, 1, 2, 4}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := median(c.values); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i)
	}
	for _, c := range []struct {
		name   string
		values []time.Duration
		p      int
		want   time.Duration
	}{
		{"the 50th of 1 to 100 is 50", hundred, 50, 50},
		{"the 99th of 1 to 100 is 99", hundred, 99, 99},
		{"the 99th of few values is the greatest", []time.Duration{1, 3, 2}, 99, 3},
		{"the 50th of two values is the smaller", []time.Duration{2, 1}, 50, 1},
		{"any of one value is that value", []time.Duration{7}, 1, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := percentile(c.values, c.p); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestSamplesAreSummarized(t *testing.T) {
	got := summarize([]sample{
		{calls: 2, elapsed: time.Second, processor: 6 * time.Millisecond, latencies: []time.Duration{1, 2}},
		{calls: 8, elapsed: 2 * time.Second, processor: 4 * time.Millisecond, latencies: []time.Duration{3, 4, 5, 6, 7, 8, 9, 10}},
	})
	want := summary{Rate: 3, P50: 5, P99: 10, Processor: time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

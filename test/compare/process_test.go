package main

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheMemoryOfAProcessIsRead(t *testing.T) {
	got, err := parseStatus("Name:\tx\nVmHWM:\t   30128 kB\nVmRSS:\t   24112 kB\nRssAnon:\t    7520 kB\nRssFile:\t   16592 kB\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(memory{Resident: 24112 << 10, Private: 7520 << 10, Peak: 30128 << 10}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := parseStatus("Name:\tkthreadd\n"); err == nil {
		t.Error("a status without memory is taken for one with")
	}
}

func TestTheTimeOfAProcessIsRead(t *testing.T) {
	got, err := parseStat("42 (a) (b) S 7 42 42 0 -1 4194304 1 2 3 4 100 20 3 4 20 0 1 0 5 6 7")
	if err != nil {
		t.Fatal(err)
	}
	if want := (stat{parent: 7, time: 1270 * time.Millisecond}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := parseStat("42 (a) S 7"); err == nil {
		t.Error("a short line is taken for a whole one")
	}
}

func TestChildrenOfChildrenBelongToAProcess(t *testing.T) {
	got := descendants(10, map[int]int{2: 1, 10: 2, 11: 10, 12: 11, 13: 12, 20: 2})
	slices.Sort(got)
	if diff := cmp.Diff([]int{10, 11, 12, 13}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

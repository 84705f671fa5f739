package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMemoryIsBoundedAndForgetsTheOldestFirst(t *testing.T) {
	m := NewMemory()
	for n := range maxMarks + 10 {
		if n == maxMarks {
			mark(t, m, "9", time.Hour) // that does not make it younger
		}
		// The oldest would live longest.
		mark(t, m, fmt.Sprint(n), 1000*time.Hour-time.Duration(n)*time.Second)
	}
	for n := range maxKept + 10 {
		value := ""
		if n > 0 && n <= maxKept {
			value = "v"
		}
		wantKept(t, m, "0", value, value != "") // asking does not make it younger
		keep(t, m, fmt.Sprint(n), "v", 1000*time.Hour-time.Duration(n)*time.Second)
	}
	if got := [2]int{m.marks.entries.Len(), m.kept.entries.Len()}; got != [2]int{maxMarks, maxKept} {
		t.Errorf("%d marks and values", got)
	}
	if first, _ := mark(t, m, "10", time.Hour); first {
		t.Error("a mark was forgotten without need")
	}
	if first, _ := mark(t, m, "9", time.Hour); !first {
		t.Error("an old mark is known, so another one is not")
	}
	wantKept(t, m, "10", "v", true)
	wantKept(t, m, "9", "", false)
}

func TestWhatEndedTakesNoMemory(t *testing.T) {
	c, m := &clock{}, NewMemory()
	m.now = c.now
	for n := range 1000 {
		mark(t, m, fmt.Sprint(n), time.Minute)
		keep(t, m, fmt.Sprint(n), "v", time.Minute)
		revoke(t, m, fmt.Sprint(n), time.Minute)
	}
	c.passed.Store(int64(time.Minute))
	mark(t, m, "new", time.Minute)
	keep(t, m, "new", "v", time.Minute)
	revoke(t, m, "new", time.Minute)
	got := [3]int{m.marks.entries.Len(), m.kept.entries.Len(), len(m.revoked.known())}
	if diff := cmp.Diff([3]int{1, 1, 1}, got); diff != "" {
		t.Errorf("marks, values, revocations (-want +got):\n%s", diff)
	}
}

func TestRevocationsAreBoundedAndThoseThatEndFirstAreForgotten(t *testing.T) {
	var r revocations
	now, all := start, map[string]time.Time{}
	for n := range maxRevocations + 10 {
		all[fmt.Sprint(n)] = now.Add(time.Hour + time.Duration(n)*time.Second)
	}
	r.add(now, all)
	for key, want := range map[string]bool{"0": false, "9": false, "10": true, fmt.Sprint(maxRevocations + 9): true} {
		if got := r.has(key, now); got != want {
			t.Errorf("%s is revoked: %t", key, got)
		}
	}
	if n := len(r.known()); n != maxRevocations {
		t.Errorf("%d are remembered", n)
	}
}

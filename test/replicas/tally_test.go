package replicas_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// tally is what happened, as the clients saw it.
type tally struct {
	kills, ends, hangs, stops            atomic.Int64
	reads, failed, adrift, lost, endings atomic.Int64

	mu       sync.Mutex
	all      map[string]bool   // labels that were sent
	branches map[string]string // of those that were acknowledged
	refusals map[string]int    // by their text
	faults   []string
	outages  int  // of Redis, that have begun
	redisOff bool // one of them lasts
}

// sent notes that an item is on its way.
func (y *tally) sent(label string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.all == nil {
		y.all, y.branches, y.refusals = map[string]bool{}, map[string]string{}, map[string]int{}
	}
	y.all[label] = true
}

// acknowledged notes that the server said that an item is on a branch.
func (y *tally) acknowledged(label, branch string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.branches[label] = branch
}

// acknowledgedOn returns the labels that are on a branch.
func (y *tally) acknowledgedOn(branch string) (labels []string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for label, on := range y.branches {
		if on == branch {
			labels = append(labels, label)
		}
	}
	return labels
}

// refused notes that a call was refused, and why.
func (y *tally) refused(text string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.refusals[strings.Split(text, "mcp/session-")[0]]++
}

// fault notes what must not happen.
func (y *tally) fault(format string, values ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.faults = append(y.faults, fmt.Sprintf(format, values...))
}

// away notes that Redis is away, until the function returned is called.
func (y *tally) away() (back func()) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.outages++
	y.redisOff = true
	return func() {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.redisOff = false
	}
}

// calm returns a function that tells whether Redis has been there ever since.
func (y *tally) calm() (still func() bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	before, off := y.outages, y.redisOff
	return func() bool {
		y.mu.Lock()
		defer y.mu.Unlock()
		return !off && y.outages == before
	}
}

func (y *tally) counts() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d kill -9, %d SIGTERM, Redis hung %d times and stopped %d times\n", y.kills.Load(), y.ends.Load(), y.hangs.Load(), y.stops.Load())
	fmt.Fprintf(&b, "%d writes sent, %d acknowledged (%d of them adrift), %d reads, %d calls without an answer, %d sessions ended\n",
		len(y.all), len(y.branches), y.adrift.Load(), y.reads.Load(), y.failed.Load(), y.endings.Load())
	for _, text := range slices.Sorted(maps.Keys(y.refusals)) {
		fmt.Fprintf(&b, "%d refused: %s\n", y.refusals[text], text)
	}
	fmt.Fprintf(&b, "%d sessions lost", y.lost.Load())
	return b.String()
}

// contents are the labels of the items on each branch of Infrahub.
type contents map[string][]string

// found reads what is in Infrahub.
func (p *place) found(t *testing.T) contents {
	t.Helper()
	var branches struct {
		Data struct{ Branch []struct{ Name string } }
	}
	p.graphQL(t, "main", `{ Branch { name } }`, &branches)
	found := contents{}
	for _, b := range branches.Data.Branch {
		var items struct {
			Data struct {
				TestingItem struct {
					Edges []struct {
						Node struct{ Label struct{ Value string } }
					}
				}
			}
		}
		p.graphQL(t, b.Name, `{ TestingItem { edges { node { label { value } } } } }`, &items)
		found[b.Name] = []string{}
		for _, edge := range items.Data.TestingItem.Edges {
			found[b.Name] = append(found[b.Name], edge.Node.Label.Value)
		}
	}
	return found
}

func (c contents) counts(y *tally) string {
	items, empty, unknown := 0, 0, 0
	for _, labels := range c {
		items += len(labels)
		if len(labels) == 0 {
			empty++
		}
		for _, label := range labels {
			if y.branches[label] == "" {
				unknown++
			}
		}
	}
	return fmt.Sprintf("in Infrahub: %d items on %d branches besides main, %d of them empty; %d items whose writer got no answer", items, len(c)-1, empty-1, unknown)
}

// check compares what the clients were told with what is there.
func (y *tally) check(t *testing.T, found contents) {
	t.Helper()
	for _, fault := range y.faults[:min(len(y.faults), 20)] {
		t.Error(fault)
	}
	if n := len(y.faults); n > 20 {
		t.Errorf("and %d more faults", n-20)
	}
	empty := int64(-1) // but main
	times, where := map[string]int{}, map[string]string{}
	for branch, labels := range found {
		owners := map[string]bool{}
		if len(labels) == 0 {
			empty++
		}
		for _, label := range labels {
			owner, _, _ := strings.Cut(label, "/")
			owners[owner] = true
			times[label]++
			where[label] = branch
			if !y.all[label] {
				t.Errorf("%s holds %q, which nobody sent", branch, label)
			}
		}
		if len(owners) > 1 {
			t.Errorf("the branch %s is shared by %q", branch, slices.Sorted(maps.Keys(owners)))
		}
		if branch == "main" && len(labels) > 0 {
			t.Errorf("the default branch holds %q", labels)
		}
	}
	for label, branch := range y.branches {
		if times[label] == 0 {
			t.Errorf("%s was acknowledged on %s and is lost", label, branch)
		} else if where[label] != branch {
			t.Errorf("%s was acknowledged on %s and is on %s", label, branch, where[label])
		}
	}
	for label, n := range times {
		if n > 1 {
			t.Errorf("%s was written %d times", label, n)
		}
	}
	// First writes that come at the same time make one branch; only a replica that is
	// killed while it makes one leaves it empty.
	if empty > y.kills.Load() {
		t.Errorf("%d branches are empty", empty)
	}
	// Else the run has shown nothing.
	if len(y.branches) < sessions*20 || y.reads.Load() < sessions || y.endings.Load() == 0 {
		t.Errorf("too little was done: %s", y.counts())
	}
	for what, n := range map[string]int64{"killed": y.kills.Load(), "ended": y.ends.Load(), "hung": y.hangs.Load(), "stopped": y.stops.Load()} {
		if n == 0 {
			t.Errorf("nothing was %s", what)
		}
	}
}

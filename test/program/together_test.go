package program_test

import (
	"maps"
	"slices"
	"sync"
	"testing"
)

// together runs a function a number of times at once and reports every error.
func together(t *testing.T, number int, do func(i int) error) {
	t.Helper()
	var running sync.WaitGroup
	for i := range number {
		running.Go(func() {
			if err := do(i); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	running.Wait()
}

// parallel lets a test run beside others when the Infrahub is a sandbox. A real
// one is asked by one test at a time, as it answers slowly when it has much to do.
func parallel(t *testing.T) {
	t.Helper()
	if shared.sandbox {
		t.Parallel()
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

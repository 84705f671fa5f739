package program_test

import (
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

package sdl_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"infrahub-mcp/internal/sandbox/sdl"
)

func TestTheCacheMakesASchemaOnceForManyCallers(t *testing.T) {
	c := sdl.NewCache(4)
	var (
		calls   atomic.Int32
		callers sync.WaitGroup
		got     [16]*sdl.Schema
	)
	for i := range got {
		callers.Go(func() {
			s, err := c.Schema("hash", func() (*sdl.Model, error) {
				calls.Add(1)
				return decode(t, small(t)), nil
			})
			if err != nil {
				t.Error(err)
			}
			got[i] = s
		})
	}
	callers.Wait()
	for _, s := range got {
		if s == nil || s != got[0] {
			t.Fatal("callers have different schemas")
		}
	}
	if calls.Load() != 1 {
		t.Errorf("the model was asked for %d times", calls.Load())
	}
}

func TestTheCacheForgetsWhatWasUsedLeastRecently(t *testing.T) {
	c := sdl.NewCache(0) // as many as one
	calls := 0
	ask := func(hash string) {
		t.Helper()
		if _, err := c.Schema(hash, func() (*sdl.Model, error) { calls++; return decode(t, small(t)), nil }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		ask("hash" + strconv.Itoa(i))
		ask("hash" + strconv.Itoa(i))
	}
	ask("hash0")
	if calls != 4 {
		t.Errorf("the models were asked for %d times, want 4", calls)
	}
}

func TestTheCacheKeepsAnError(t *testing.T) {
	c := sdl.NewCache(4)
	first := errors.New("a fault")
	for _, fault := range []error{first, errors.New("another fault")} {
		if _, err := c.Schema("hash", func() (*sdl.Model, error) { return nil, fault }); !errors.Is(err, first) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := c.Schema("empty", func() (*sdl.Model, error) { return &sdl.Model{}, nil }); err == nil {
		t.Error("an empty model has a schema")
	}
}

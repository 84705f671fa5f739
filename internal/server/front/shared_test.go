package front

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9/logging"

	"infrahub-mcp/internal/state"
)

func TestReplicasHaveOneBudgetForAClient(t *testing.T) {
	logging.Disable() // what the library says of dialing that fails on purpose
	store := miniredis.RunT(t)
	store.SetTime(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)) // it stands still
	take := func(name string) (func(client string) int, *state.Redis) {
		shared, err := state.New(state.Settings{Address: "redis://" + store.Addr(), Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = shared.Close() })
		h, limit := limited(t, 0.001, 6, 10)
		limit.Share(shared, name)
		return func(client string) int { return admitted(t, h, client) }, shared
	}
	one, first := take("address")
	two, second := take("address")
	other, _ := take("principal")
	got := []int{one("ann"), two("ann"), two("bob"), one("bob"), other("ann")}
	if diff := cmp.Diff([]int{6, 0, 6, 0, 6}, got); diff != "" {
		t.Errorf("admitted (-want +got):\n%s", diff)
	}
	for _, key := range store.Keys() {
		if strings.Contains(key, "ann") || strings.Contains(key, "bob") || store.TTL(key) <= 0 {
			t.Errorf("the key %s tells who it is of, or never ends", key)
		}
	}

	// Without the store each replica counts for itself.
	store.SetError("LOADING")
	if diff := cmp.Diff([]int{6, 6}, []int{one("ann"), two("ann")}); diff != "" {
		t.Errorf("while the store is away (-want +got):\n%s", diff)
	}
	store.SetError("")
	for _, shared := range []*state.Redis{first, second} {
		if err := shared.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]int{6, 0}, []int{one("eve"), two("eve")}); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
}

package server

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9/logging"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/protocol"
	"infrahub-mcp/internal/state"
	"infrahub-mcp/internal/telemetry"
)

// newState returns what this replica shares with others, nil when it is alone: on
// stdio each process has one client of its own, whatever the settings say.
func newState(cfg *config.Config, keys auth.Keys, logger *slog.Logger, metrics *telemetry.Metrics) (*state.Redis, error) {
	address := cfg.Auth.StateURL.Reveal()
	if address == "" || cfg.Server.Transport != config.TransportHTTP {
		return nil, nil
	}
	logging.Disable() // of the library; what matters is logged by package state
	shared, err := state.New(state.Settings{Address: address, Keys: derived(keys, "state"), Metrics: metrics, Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("INFRAHUB_MCP_STATE_URL: %w", err)
	}
	return shared, nil
}

// share keeps an eye on the shared store. The function returned ends that and
// leaves the store.
func (a *app) share(ctx context.Context) (stop func()) {
	if a.shared == nil {
		return func() {}
	}
	_ = a.shared.Probe(ctx)                                       // a store that does not answer yet is waited for, and logged
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // calls in progress need it to the end
	var running sync.WaitGroup
	running.Go(func() { a.shared.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
		if err := a.shared.Close(); err != nil {
			a.logger.Warn("the shared store could not be left", "error", err)
		}
	}
}

// keepUp listens to other replicas, until the function returned is called.
func (a *app) keepUp(ctx context.Context, mcp *protocol.HTTP) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // calls in progress need it to the end
	var running sync.WaitGroup
	running.Go(func() { mcp.Listen(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// branchStore returns what remembers session branches.
func branchStore(shared *state.Redis) branch.Store {
	if shared == nil {
		return branch.NewMemory(branchesKept, branchLife)
	}
	return branch.NewRedis(shared, branchLife)
}

// derived are the keys for a purpose, newest first.
func derived(keys auth.Keys, purpose string) (all [][]byte) {
	for _, key := range keys.Derive(purpose) {
		all = append(all, key.Key)
	}
	return all
}

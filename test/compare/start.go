package main

import (
	"context"
	"fmt"
	"time"

	"infrahub-mcp/test/mcptest"
)

// start starts a contender over stdio and measures how long it takes until it has
// answered initialize and tools/list, and what memory it holds then.
func (c contender) start(ctx context.Context, folder string) (time.Duration, memory, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	process, err := mcptest.Start(mcptest.Command{Path: c.command, Env: c.env, Dir: folder})
	if err != nil {
		return 0, memory{}, err
	}
	defer process.Kill()
	client, err := mcptest.ConnectStdio(ctx, version, process.Stdin, process.Stdout)
	if err != nil {
		return 0, memory{}, fmt.Errorf("starting the %s: %w: %s", c.name, err, process.Log())
	}
	tools, err := client.Tools(ctx)
	took := time.Since(began)
	if err != nil || len(tools) == 0 {
		return 0, memory{}, fmt.Errorf("starting the %s: %d tools, %w", c.name, len(tools), err)
	}
	held, err := memoryOf(process.ID())
	if err != nil {
		return 0, memory{}, err
	}
	if err := client.Close(); err != nil {
		return 0, memory{}, err
	}
	_, err = process.Wait(ctx)
	return took, held, err
}

// Command infrahub-mcp serves Infrahub to AI assistants over the Model Context
// Protocol.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"infrahub-mcp/internal/cli"
)

func main() {
	ctx := endBySignal()
	// A client that no longer reads the log, or the answers, must not end the
	// process by a signal: writing fails instead, and it ends in order.
	signal.Ignore(syscall.SIGPIPE)

	// On stdio standard output belongs to the protocol; whatever else prints to
	// os.Stdout by mistake goes to the log instead.
	out := os.Stdout
	os.Stdout = os.Stderr
	os.Exit(cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: out, Err: os.Stderr}))
}

// endBySignal returns a context that the first signal to end cancels. The second ends
// the process at once, with the status that shells give to one that it ended: as the
// first process of a container it would not be ended by the signal itself.
func endBySignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		status := 1
		if number, ok := (<-signals).(syscall.Signal); ok {
			status = 128 + int(number)
		}
		os.Exit(status)
	}()
	return ctx
}

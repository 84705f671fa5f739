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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	// A client that no longer reads the log, or the answers, must not end the
	// process by a signal: writing fails instead, and it ends in order.
	signal.Ignore(syscall.SIGPIPE)

	// On stdio standard output belongs to the protocol; whatever else prints to
	// os.Stdout by mistake goes to the log instead.
	out := os.Stdout
	os.Stdout = os.Stderr
	os.Exit(cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: out, Err: os.Stderr}))
}

// Package cli holds the commands of infrahub-mcp. The root command serves; no
// other needs a configuration.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"infrahub-mcp/internal/config"
)

// Streams are what a command reads and writes instead of those of the process.
type Streams struct {
	// In and Out carry the protocol on stdio; Out also takes what a command
	// was asked to print.
	In  io.Reader
	Out io.Writer
	// Err takes the log and all errors.
	Err io.Writer
}

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1 // something went wrong
	exitUsage   = 2 // the command line or a setting is wrong
)

// Run runs the command that the arguments name, those of the process without
// its own name, and returns its exit status. Cancelling the context ends a
// server cleanly.
func Run(ctx context.Context, arguments []string, streams Streams) int {
	root := newRoot(streams)
	root.SetArgs(arguments)
	return report(streams.Err, root.ExecuteContext(ctx))
}

// newRoot returns the root command, which serves, with all others below it.
func newRoot(streams Streams) *cobra.Command {
	root := newServe(streams)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.SetFlagErrorFunc(flagError)
	root.Version = thisBuild().String()
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(newSandbox(streams), newHealthcheck(), newReference(), newVersion())
	root.SetHelpCommand(newHelp())
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		if !command.Runnable() {
			asGroup(command)
		}
	}
	return root
}

// report writes an error as lines for people and returns the exit status.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	if usage, ok := errors.AsType[*usageError](err); ok {
		say(w, "%s", usage.what)
		_, _ = fmt.Fprintf(w, "Run '%s --help' for what it takes.\n", usage.command)
		return exitUsage
	}
	if bad, ok := errors.AsType[*config.Error](err); ok {
		for _, problem := range bad.Problems {
			say(w, "%s", problem)
		}
		_, _ = fmt.Fprintf(w, "Run '%s reference config' for every setting.\n", name)
		return exitUsage
	}
	say(w, "%v", err)
	return exitFailure
}

// name is what the program is called, however its file is named.
const name = "infrahub-mcp"

// say writes a line that begins with the name of the program, as those of
// other programs stand beside it.
func say(w io.Writer, format string, arguments ...any) {
	_, _ = fmt.Fprintf(w, name+": "+format+"\n", arguments...) // nobody is left to be told
}

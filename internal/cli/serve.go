package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/server"
	"infrahub-mcp/internal/telemetry"
)

// newServe returns the root command, which serves until its input ends, its
// context is cancelled or something fails.
func newServe(streams Streams) *cobra.Command {
	var onSandbox bool
	var data string
	command := &cobra.Command{
		Use:   name,
		Short: "Let AI assistants read and safely change infrastructure data in Infrahub",
		Long: `Serve Infrahub to AI assistants over the Model Context Protocol (MCP).

Without a command it serves: over standard input and output, for a client that
starts it, or over HTTP. Where Infrahub is and as whom to go there is set by
INFRAHUB_ADDRESS and INFRAHUB_API_TOKEN, in the environment or in a .env file;
'` + name + ` reference config' lists every setting.`,
		Example: `  # Without an Infrahub: on one in memory, with demo data
  ` + name + ` --sandbox

  # For a client that starts the server itself: stdio, the default
  INFRAHUB_ADDRESS=http://localhost:8000 INFRAHUB_API_TOKEN=my-token ` + name + `

  # For clients that connect to it: HTTP at http://127.0.0.1:8001/mcp
  ` + name + ` --transport streamable-http

  # In a container, for a client that starts it
  docker run -i --rm -e INFRAHUB_ADDRESS -e INFRAHUB_API_TOKEN ` + name + `

  # In a container, for clients that connect to it, and is it well?
  docker run -d --name mcp -p 127.0.0.1:8001:8001 -e INFRAHUB_ADDRESS -e INFRAHUB_API_TOKEN \
    ` + name + ` --transport streamable-http --host 0.0.0.0
  docker exec mcp /` + name + ` healthcheck`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if data != "" && !onSandbox {
				return &usageError{"--data names the file of a sandbox, so it needs --sandbox.", command.CommandPath()}
			}
			ctx := command.Context()
			hangups := make(chan os.Signal, 1)
			signal.Notify(hangups, syscall.SIGHUP) // which Windows does not send
			defer signal.Stop(hangups)
			settings, warnings, box, err := settle(ctx, givenFlags(command), onSandbox, data, streams)
			if err != nil {
				for _, warning := range warnings {
					say(streams.Err, "warning: %s", warning)
				}
				return err
			}
			if len(settings.SecretFiles) == 0 && telemetry.IsTerminal(streams.Err) {
				signal.Reset(syscall.SIGHUP) // it is the terminal that is closed, and ends what runs in it
			}
			err = server.Run(ctx, settings, server.Options{
				In: streams.In, Out: streams.Out, Err: streams.Err,
				Version: thisBuild().Version, Warnings: warnings, Reload: hangups,
			})
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				err = nil // it was told to end
			}
			if box != nil {
				err = errors.Join(err, box.end())
			}
			return err
		},
	}
	for _, flag := range []string{"transport", "host", "port"} {
		addFlag(command, flag, "")
	}
	command.Flags().BoolVar(&onSandbox, "sandbox", false, "Work on an Infrahub in memory with demo data, started for this server alone. What the environment says about Infrahub does not count.")
	command.Flags().StringVar(&data, "data", "", "File that the data of the sandbox is loaded from, if it exists, and saved to.")
	return command
}

// settle reads the configuration and, if asked to, starts the sandbox that the
// server works on.
func settle(ctx context.Context, flags config.Flags, onSandbox bool, data string, streams Streams) (*config.Config, []string, *runningSandbox, error) {
	if onSandbox {
		return sandboxed(ctx, flags, data, streams)
	}
	settings, warnings, err := config.Load(flags)
	return settings, warnings, nil, err
}

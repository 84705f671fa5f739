package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/server"
)

// newServe returns the root command, which serves until its input ends, its
// context is cancelled or something fails.
func newServe(streams Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   name,
		Short: "Let AI assistants read infrastructure data in Infrahub",
		Long: `Serve Infrahub to AI assistants over the Model Context Protocol (MCP).

Without a command it serves: over standard input and output, for a client that
starts it, or over HTTP. Where Infrahub is and as whom to go there is set by
INFRAHUB_ADDRESS and INFRAHUB_API_TOKEN, in the environment or in a .env file;
'` + name + ` reference config' lists every setting.`,
		Example: `  # For a client that starts the server itself: stdio, the default
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
			settings, warnings, err := config.Load(givenFlags(command))
			if err != nil {
				for _, warning := range warnings {
					say(streams.Err, "warning: %s", warning)
				}
				return err
			}
			ctx := command.Context()
			err = server.Run(ctx, settings, server.Options{
				In: streams.In, Out: streams.Out, Err: streams.Err,
				Version: thisBuild().Version, Warnings: warnings,
			})
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return nil // it was told to end
			}
			return err
		},
	}
	for _, flag := range []string{"transport", "host", "port"} {
		addFlag(command, flag, "")
	}
	return command
}

package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"infrahub-mcp/internal/config"
)

// newReference returns the group of commands that print pages of the
// documentation, which are generated so that they are true.
func newReference() *cobra.Command {
	reference := &cobra.Command{
		Use:   "reference",
		Short: "Print a page of the reference, in Markdown",
	}
	page := func(use, short, file string, text func(context.Context) (string, error)) {
		reference.AddCommand(&cobra.Command{
			Use:     use,
			Short:   short,
			Example: "  " + name + " reference " + use + " > docs/reference/" + file,
			Args:    noArguments,
			RunE: func(command *cobra.Command, _ []string) error {
				written, err := text(command.Context())
				if err != nil {
					return err
				}
				_, err = io.WriteString(command.OutOrStdout(), written)
				return err
			},
		})
	}
	page("config", "Print every setting with its default, limits and meaning", "configuration.md",
		func(context.Context) (string, error) { return config.Reference(), nil })
	page("tools", "Print every tool, with an example from a run on the sandbox, every resource and every prompt", "tools.md", surface)
	return reference
}

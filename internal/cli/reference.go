package cli

import (
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
	page := func(use, short, file string, text func() string) {
		reference.AddCommand(&cobra.Command{
			Use:     use,
			Short:   short,
			Example: "  " + name + " reference " + use + " > docs/reference/" + file,
			Args:    noArguments,
			RunE: func(command *cobra.Command, _ []string) error {
				_, err := io.WriteString(command.OutOrStdout(), text())
				return err
			},
		})
	}
	page("config", "Print every setting with its default, limits and meaning", "configuration.md", config.Reference)
	page("tools", "Print every tool, resource and prompt with its arguments", "tools.md", surface)
	return reference
}

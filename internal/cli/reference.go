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
	reference.AddCommand(&cobra.Command{
		Use:     "config",
		Short:   "Print every setting with its default, limits and meaning",
		Example: "  " + name + " reference config > docs/reference/configuration.md",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			_, err := io.WriteString(command.OutOrStdout(), config.Reference())
			return err
		},
	})
	return reference
}

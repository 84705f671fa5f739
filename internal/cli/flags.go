package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"infrahub-mcp/internal/config"
)

// addFlag gives a command one of the flags that config knows, with its own
// meaning if the usual one does not fit. The flag is a text here: config checks
// it, together with all other settings.
func addFlag(command *cobra.Command, flag, meaning string) {
	for _, setting := range config.Settings() {
		if setting.Flag != flag {
			continue
		}
		if meaning == "" {
			meaning = setting.Meaning
		}
		if setting.Values != nil {
			meaning += " It is " + setting.Allowed + "."
		}
		if setting.Name != "" {
			meaning += " Environment: " + setting.Name + "."
		}
		command.Flags().SortFlags = false
		command.Flags().String(flag, setting.Default, meaning)
		// It fails only for a flag that does not exist.
		_ = command.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(setting.Values, cobra.ShellCompDirectiveNoFileComp))
	}
}

// givenFlags returns the flags that stand on the command line.
func givenFlags(command *cobra.Command) config.Flags {
	given := config.Flags{}
	command.Flags().Visit(func(flag *pflag.Flag) { given[flag.Name] = flag.Value.String() })
	return given
}

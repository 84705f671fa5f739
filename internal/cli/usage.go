package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"infrahub-mcp/internal/problem"
)

// usageError is a command line that makes no sense.
type usageError struct {
	what    string // one line
	command string // the command whose help says how it is right
}

// Error says what is wrong.
func (e *usageError) Error() string { return e.what }

// noArguments refuses arguments. Where there are commands an argument is meant
// to be one.
func noArguments(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	var known []string
	for _, child := range command.Commands() {
		if child.IsAvailableCommand() {
			known = append(known, child.Name())
		}
	}
	if known == nil {
		return &usageError{"'" + command.CommandPath() + "' takes no arguments.", command.CommandPath()}
	}
	return &usageError{problem.Unknown("command", arguments[0], known, "").Error(), command.CommandPath()}
}

// flagError turns an error of the flag parser into one that names the flag
// that was meant.
func flagError(command *cobra.Command, err error) error {
	what := err.Error()
	if missing, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var known []string
		command.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, "--"+flag.Name) })
		given := "--" + missing.GetSpecifiedName()
		if short := missing.GetSpecifiedShortnames(); short != "" {
			given = "-" + short
		}
		what = problem.Unknown("flag", given, known, "").Error()
	}
	return &usageError{what, command.CommandPath()}
}

// asGroup makes a command that only holds others print its help when called
// alone, and refuse a name that is none of theirs.
func asGroup(command *cobra.Command) {
	command.Args = noArguments
	command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
}

// newHelp returns the command that prints the help of another. That of cobra
// has no exit status for a command that does not exist.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Print the help of a command",
		RunE: func(command *cobra.Command, arguments []string) error {
			topic, rest, err := command.Root().Find(arguments)
			if err != nil {
				return &usageError{err.Error(), name}
			}
			if len(rest) > 0 {
				return noArguments(topic, rest)
			}
			topic.InitDefaultHelpFlag()
			topic.InitDefaultVersionFlag()
			return topic.Help()
		},
	}
}

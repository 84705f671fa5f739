package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and commit are for release builds from a source tree without its
// history:
//
//	go build -ldflags "-X infrahub-mcp/internal/cli.version=v1.2.3 -X infrahub-mcp/internal/cli.commit=0123abc"
var version, commit string //nolint:gochecknoglobals // only the linker writes them

// build says what this program was made from.
type build struct {
	Version  string // "devel" when nobody has said
	Commit   string // "unknown" when nobody has said
	Go       string
	Platform string
}

// String is the line that "infrahub-mcp version" prints.
func (b build) String() string {
	return fmt.Sprintf("%s %s (commit %s, %s, %s)", name, b.Version, b.Commit, b.Go, b.Platform)
}

// thisBuild describes the running program.
func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return buildOf(info, version, commit)
}

// buildOf takes what the linker was told before what the Go command noted.
func buildOf(info *debug.BuildInfo, version, commit string) build {
	noted := map[string]string{}
	for _, setting := range info.Settings {
		noted[setting.Key] = setting.Value
	}
	revision := noted["vcs.revision"]
	revision = revision[:min(len(revision), 12)]
	if revision != "" && noted["vcs.modified"] == "true" {
		revision += "-modified"
	}
	main := info.Main.Version
	if main == "(devel)" {
		main = ""
	}
	return build{
		Version:  cmp.Or(version, main, "devel"),
		Commit:   cmp.Or(commit, revision, "unknown"),
		Go:       cmp.Or(info.GoVersion, runtime.Version()),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
}

// newVersion returns the command that prints what --version prints.
func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit, Go version and platform",
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(command.OutOrStdout(), thisBuild())
			return err
		},
	}
}

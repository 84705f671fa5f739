package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/config"
)

// environment makes the given variables the only settings in the process
// environment, and an empty folder the working directory, until the test ends.
func environment(t *testing.T, variables map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, setting := range config.Settings() {
		if setting.Name != "" {
			t.Setenv(setting.Name, "") // puts the variable back when the test ends
			if err := os.Unsetenv(setting.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

// run runs a command line and returns its exit status and what it printed.
func run(t *testing.T, arguments ...string) (status int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = Run(t.Context(), arguments, Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return status, stdout.String(), stderr.String()
}

func TestWhatIsAskedForIsPrintedWithoutAConfiguration(t *testing.T) {
	tests := []struct {
		arguments string
		first     string // line of the output
		holds     string // further in the output
	}{
		{"--help", "Serve Infrahub to AI assistants over the Model Context Protocol (MCP).", "docker exec mcp /infrahub-mcp healthcheck"},
		{"-h", "Serve Infrahub to AI assistants over the Model Context Protocol (MCP).", "Environment: MCP_PORT. (default \"8001\")"},
		{"help", "Serve Infrahub to AI assistants over the Model Context Protocol (MCP).", "It is one of stdio, streamable-http. (default \"stdio\")"},
		{"help reference config", "Print every setting with its default, limits and meaning", "docs/reference/configuration.md"},
		{"healthcheck --help", "Ask the HTTP server that runs on this machine with the same settings whether it", "What the server was given as --port."},
		{"reference", "Print a page of the reference, in Markdown", "config "},
		{"reference config", "# Configuration reference", "| `INFRAHUB_ADDRESS` | required |"},
		{"version", thisBuild().String(), ""},
		{"--version", thisBuild().String(), ""},
		{"-v", thisBuild().String(), ""},
		{"completion", "Generate the autocompletion script for infrahub-mcp for the specified shell.", "bash"},
		{"completion bash", "# bash completion V2 for infrahub-mcp                         -*- shell-script -*-", "__infrahub-mcp_debug()"},
		{"__complete --transport s", "stdio", "streamable-http"},
		{"__complete re", "reference\tPrint a page of the reference, in Markdown", ""},
	}
	for _, test := range tests {
		t.Run(test.arguments, func(t *testing.T) {
			environment(t, map[string]string{"INFRAHUB_TIMEOUT": "never"})
			status, out, _ := run(t, strings.Fields(test.arguments)...)
			first, rest, _ := strings.Cut(out, "\n")
			if status != exitOK || first != test.first || !strings.Contains(rest, test.holds) {
				t.Errorf("status %d, output:\n%s", status, out)
			}
		})
	}
}

func TestACommandLineThatMakesNoSenseIsStatus2(t *testing.T) {
	tests := []struct{ arguments, err string }{
		{"versio", "infrahub-mcp: There is no command named \"versio\". Did you mean version?\nRun 'infrahub-mcp --help' for what it takes.\n"},
		{"serve", "infrahub-mcp: There is no command named \"serve\".\nRun 'infrahub-mcp --help' for what it takes.\n"},
		{"--prot 80", "infrahub-mcp: There is no flag named \"--prot\". Did you mean --port?\nRun 'infrahub-mcp --help' for what it takes.\n"},
		{"-x", "infrahub-mcp: There is no flag named \"-x\". Did you mean --sandbox?\nRun 'infrahub-mcp --help' for what it takes.\n"},
		{"--port", "infrahub-mcp: flag needs an argument: --port\nRun 'infrahub-mcp --help' for what it takes.\n"},
		{"healthcheck --transport stdio", "infrahub-mcp: There is no flag named \"--transport\". Did you mean --port?\nRun 'infrahub-mcp healthcheck --help' for what it takes.\n"},
		{"healthcheck now", "infrahub-mcp: 'infrahub-mcp healthcheck' takes no arguments.\nRun 'infrahub-mcp healthcheck --help' for what it takes.\n"},
		{"version --short", "infrahub-mcp: There is no flag named \"--short\".\nRun 'infrahub-mcp version --help' for what it takes.\n"},
		{"reference configs", "infrahub-mcp: There is no command named \"configs\". Did you mean config?\nRun 'infrahub-mcp reference --help' for what it takes.\n"},
		{"reference config now", "infrahub-mcp: 'infrahub-mcp reference config' takes no arguments.\nRun 'infrahub-mcp reference config --help' for what it takes.\n"},
		{"completion powershel", "infrahub-mcp: There is no command named \"powershel\". Did you mean powershell?\nRun 'infrahub-mcp completion --help' for what it takes.\n"},
		{"help versio", "infrahub-mcp: There is no command named \"versio\". Did you mean version?\nRun 'infrahub-mcp --help' for what it takes.\n"},
		{"help reference configs", "infrahub-mcp: There is no command named \"configs\". Did you mean config?\nRun 'infrahub-mcp reference --help' for what it takes.\n"},
	}
	for _, test := range tests {
		t.Run(test.arguments, func(t *testing.T) {
			environment(t, nil)
			status, out, err := run(t, strings.Fields(test.arguments)...)
			if status != exitUsage || out != "" {
				t.Errorf("status %d, output %q", status, out)
			}
			if diff := cmp.Diff(test.err, err); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAConfigurationThatIsWrongIsStatus2WithALineForEachProblem(t *testing.T) {
	environment(t, map[string]string{"INFRAHUB_TIMEOUT": "never", "INFRAHUB_API_TOKEN": "ses ame", "INFRAHUB_MCP_READONLY": "1"})
	status, out, err := run(t, "--transport=http", "--port=80000")
	if status != exitUsage || out != "" {
		t.Errorf("status %d, output %q", status, out)
	}
	want := `infrahub-mcp: warning: INFRAHUB_MCP_READONLY is ignored: there is no such setting. Did you mean INFRAHUB_MCP_READ_ONLY?
infrahub-mcp: INFRAHUB_API_TOKEN is (hidden), but must be printable ASCII characters without blanks.
infrahub-mcp: INFRAHUB_TIMEOUT is "never", but must be a number of seconds from 0.1 to 86400.
infrahub-mcp: --transport is "http", but must be one of stdio, streamable-http. Did you mean streamable-http?
infrahub-mcp: --port is "80000", but must be a whole number from 0 to 65535.
infrahub-mcp: INFRAHUB_ADDRESS is not set, but must be an http or https URL with a host, without user, query and fragment.
Run 'infrahub-mcp reference config' for every setting.
`
	if diff := cmp.Diff(want, err); diff != "" {
		t.Error(diff)
	}
}

func TestTheReferencePageIsWhatTheCommandPrints(t *testing.T) {
	environment(t, nil)
	if _, out, _ := run(t, "reference", "config"); out != config.Reference() {
		t.Error("the command prints something else than config.Reference returns")
	}
}

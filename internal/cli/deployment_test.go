package cli

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/config"
)

// TestTheUnitStartsTheProgramWithSettingsItTakes does what systemd does with the
// unit and the example of its settings, as it is and with every line of it that
// is commented out.
func TestTheUnitStartsTheProgramWithSettingsItTakes(t *testing.T) {
	unit := readDeploy(t, "systemd/infrahub-mcp.service")
	example := readDeploy(t, "systemd/infrahub-mcp.env.example")
	command := strings.Fields(assigned(unit, "ExecStart")[0])
	for name, settings := range map[string]string{
		"as it is":   example,
		"everything": regexp.MustCompile(`(?m)^#([A-Z])`).ReplaceAllString(example, "$1"),
	} {
		t.Run(name, func(t *testing.T) {
			env := variables(assigned(unit, "Environment"))
			maps.Copy(env, variables(strings.Split(settings, "\n")))
			if len(env) < 4 {
				t.Fatalf("only %v is set", env)
			}
			if name == "everything" { // each request brings its own
				delete(env, "INFRAHUB_API_TOKEN")
			}
			if err := startable(t, filepath.Base(command[0]), command[1:], env); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheUnitIsOneThatSystemdTakesAndHoldsTight(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The program has to exist for it.
	unit := strings.Replace(readDeploy(t, "systemd/infrahub-mcp.service"), "/usr/local/bin/infrahub-mcp", self, 1)
	unit = regexp.MustCompile(`(?m)^#([A-Z]\w+=)`).ReplaceAllString(unit, "$1") // what is there to be uncommented, too
	if !strings.Contains(unit, "\nLoadCredential=") {
		t.Error("the unit shows no credential")
	}
	path := filepath.Join(t.TempDir(), "infrahub-mcp.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{
		{"verify", "--man=no", "--recursive-errors=no", path},
		// Exposure from 0 to 100; a unit without any hardening has 96.
		{"security", "--offline=yes", "--no-pager", "--threshold=15", path},
	} {
		out, err := exec.CommandContext(t.Context(), analyze, arguments...).CombinedOutput()
		// What it does not know it ignores, and names the file.
		if err != nil || arguments[0] == "verify" && strings.Contains(string(out), path) {
			t.Errorf("systemd-analyze %s: %v\n%s", arguments[0], err, out)
		}
	}
}

// What is stopped has to be given the time that the program takes.
func TestNobodyIsKilledBeforeItsCallsHaveEnded(t *testing.T) {
	var compose struct {
		Services map[string]struct {
			Grace string `yaml:"stop_grace_period"`
		}
	}
	if err := yaml.Unmarshal([]byte(readDeploy(t, "compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	var chart struct {
		Grace   int `yaml:"terminationGracePeriodSeconds"`
		Service struct {
			Drain int `yaml:"drainSeconds"`
		}
	}
	if err := yaml.Unmarshal([]byte(readDeploy(t, "helm/infrahub-mcp/values.yaml")), &chart); err != nil {
		t.Fatal(err)
	}
	settings := config.Settings()
	timeout := settings[slices.IndexFunc(settings, func(s *config.Setting) bool { return s.Name == "INFRAHUB_MCP_SHUTDOWN_TIMEOUT" })].Default
	longest, err := time.ParseDuration(timeout + "s")
	if err != nil {
		t.Fatal(err)
	}
	longest += call.FinishLimit + 2*time.Second
	for where, given := range map[string]string{
		"the unit":         assigned(readDeploy(t, "systemd/infrahub-mcp.service"), "TimeoutStopSec")[0] + "s",
		"the compose file": compose.Services[name].Grace,
		"the chart":        strconv.Itoa(chart.Grace-chart.Service.Drain) + "s",
	} {
		if grace, err := time.ParseDuration(given); err != nil || grace < longest {
			t.Errorf("%s gives %s, and the program may need %s", where, given, longest)
		}
	}
}

func TestTheComposeFilesStartTheProgramWithSettingsItTakes(t *testing.T) {
	for _, file := range []string{"compose.yaml", "compose.infrahub.yaml"} {
		t.Run(file, func(t *testing.T) {
			var compose struct {
				Services map[string]yaml.Node
			}
			if err := yaml.Unmarshal([]byte(readDeploy(t, file)), &compose); err != nil {
				t.Fatal(err)
			}
			var service struct {
				Command     []string
				Environment map[string]string
			}
			if described, ok := compose.Services[name]; !ok {
				t.Fatalf("there is no service %s", name)
			} else if err := described.Decode(&service); err != nil {
				t.Fatal(err)
			}
			for variable := range service.Environment {
				service.Environment[variable] = "http://placeholder.example"
			}
			if err := startable(t, name, service.Command, service.Environment); err != nil {
				t.Error(err)
			}
		})
	}
}

func readDeploy(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "deploy", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// assigned are the values of a key in a unit.
func assigned(unit, key string) []string {
	var values []string
	for line := range strings.Lines(unit) {
		if value, found := strings.CutPrefix(line, key+"="); found {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return values
}

// variables are those that lines of the form NAME=value set.
func variables(lines []string) map[string]string {
	set := map[string]string{}
	for _, line := range lines {
		if name, value, found := strings.Cut(line, "="); found && !strings.HasPrefix(name, "#") {
			set[name] = value
		}
	}
	return set
}

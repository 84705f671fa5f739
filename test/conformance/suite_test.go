package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// suite is the installed conformance suite.
type suite struct {
	node, script, folder string
}

// versions are those of the protocol that the suite has a requirement set for:
// the last one with a handshake and the one without.
var versions = []string{"2025-11-25", "2026-07-28"}

// runLimit bounds one run of the suite, which takes seconds.
const runLimit = 5 * time.Minute

// findSuite finds what npm installed in a folder.
func findSuite(folder string) (suite, error) {
	root, err := filepath.Abs(filepath.Join(folder, "node_modules"))
	if err != nil {
		return suite{}, err
	}
	s := suite{
		node:   filepath.Join(root, ".bin", "node"), // the system's may be too old
		folder: filepath.Join(root, "@modelcontextprotocol", "conformance"),
	}
	s.script = filepath.Join(s.folder, "dist", "index.js")
	for _, file := range []string{s.node, s.script} {
		if _, err := os.Stat(file); err != nil {
			return suite{}, fmt.Errorf(".ci/conformance installs the suite: %w", err)
		}
	}
	return s, nil
}

// check is one statement of the suite about the server.
type check struct {
	ID           string
	Description  string
	Status       string // SUCCESS, FAILURE, WARNING, SKIPPED, INFO
	ErrorMessage string
	Details      struct {
		Note, Message string
	}
}

// says is what the suite has to say about a check that did not succeed.
func (c check) says() string {
	for _, text := range []string{c.ErrorMessage, c.Details.Note, c.Details.Message} {
		if text != "" {
			return text
		}
	}
	return c.Description
}

// resultFolder is how the suite names the folder of a server scenario: its name
// and the time.
var resultFolder = regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$`)

// run runs all server scenarios of a requirement set, scored or not, against a
// server and returns what they checked, by scenario. The suite's own files stay
// in a folder.
func (s suite) run(ctx context.Context, t *testing.T, url, version, folder string) map[string][]check {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	command := exec.CommandContext(ctx, s.node, s.script, "server", "--url", url, "--requirements", version, "--output-dir", folder)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_COLOR=1"}
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	// It ends with status 1 when anything failed, which its files tell better.
	if err := command.Run(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
			t.Fatalf("running the suite: %v\n%s", err, output.Bytes())
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "output.txt"), output.Bytes(), 0o600); err != nil {
		t.Fatalf("%v\n%s", err, output.Bytes())
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	results := map[string][]check{}
	for _, entry := range entries {
		name := resultFolder.FindStringSubmatch(entry.Name())
		if name == nil {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(folder, entry.Name(), "checks.json"))
		if err != nil {
			t.Fatal(err)
		}
		var checks []check
		if err := json.Unmarshal(raw, &checks); err != nil {
			t.Fatalf("%s: %v", entry.Name(), err)
		}
		results[name[1]] = checks
	}
	return results
}

// requirements are the server scenarios that a version of the protocol requires,
// and those that the suite runs with them but does not score.
func (s suite) requirements(t *testing.T, version string) (scored, unscored []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.folder, "requirements", version+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Server    []string
		NotScored []struct{ Scenario, Leg string } `yaml:"not_scored"`
	}
	if err := yaml.Unmarshal(raw, &set); err != nil {
		t.Fatalf("requirements of %s: %v", version, err)
	}
	for _, entry := range set.NotScored {
		if entry.Leg == "server" {
			unscored = append(unscored, entry.Scenario)
		}
	}
	if len(set.Server) == 0 {
		t.Fatalf("the requirements of %s name no server scenario", version)
	}
	return set.Server, unscored
}

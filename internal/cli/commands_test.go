package cli

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/test/docs"
)

// TestCommandsInTheDocumentsExist parses every shell command of every page: what
// starts the program is parsed by the program, what make is asked for is in the
// Makefile, settings exist and so do files of the repository.
func TestCommandsInTheDocumentsExist(t *testing.T) {
	pages, err := docs.Pages("../..")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for name, page := range pages {
		for _, block := range docs.Blocks(page) {
			if block.Language != "sh" {
				continue
			}
			commands, err := docs.Commands(block.Text)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, command := range commands {
				checked++
				if err := checkCommand(command, string(makefile)); err != nil {
					t.Errorf("%s: %q: %v", name, command.Words, err)
				}
			}
		}
	}
	if checked < 30 {
		t.Errorf("only %d commands were found", checked)
	}
}

func TestACommandThatDoesNotExistIsNoticed(t *testing.T) {
	makefile := ".PHONY: run\nrun: build ## Run (ARGS=…)\n\t@x $(ARGS)\nIMAGE ?= x\n"
	for script, want := range map[string]bool{
		"infrahub-mcp --sandbox":                      true,
		"build/infrahub-mcp sandbox --listen :8000":   true,
		"infrahub-mcp --sandbocks":                    false,
		"infrahub-mcp sandbocks":                      false,
		"infrahub-mcp sandbox --emulate":              false,
		"INFRAHUB_TOKEN=x infrahub-mcp":               false,
		"INFRAHUB_MCP_READ_ONLY=true infrahub-mcp":    true,
		"make run ARGS='--transport streamable-http'": true,
		"make run ARGS='--transprt streamable-http'":  false,
		"make walk":         false,
		"make run IMAGES=x": false,
		"make":              true,
		"docker run --rm -e INFRAHUB_TOKEN infrahub-mcp": false,
		"docker run --rm infrahub-mcp --transprt x":      false,
		"docker run --rm infrahub-mcp healthcheck":       true,
		"docker compose -f deploy/compose.yml up":        false,
		"sudo cp deploy/compose.yaml /etc":               true,
		"crul -s x":                                      false,
	} {
		commands, err := docs.Commands(script)
		if err != nil || len(commands) != 1 {
			t.Fatalf("%s: %v, %v", script, commands, err)
		}
		if err := checkCommand(commands[0], makefile); (err == nil) != want {
			t.Errorf("%s: %v", script, err)
		}
	}
}

// checkCommand says what is wrong with a command.
func checkCommand(command docs.Command, makefile string) error {
	words := command.Words
	for variable := range command.Env {
		if err := checkVariable(variable); err != nil {
			return err
		}
	}
	if len(words) > 0 && words[0] == "sudo" {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil
	}
	for _, word := range words {
		if ours := regexp.MustCompile(`^(deploy|docs|internal|test|cmd)/`); ours.MatchString(word) {
			if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(word))); err != nil {
				return err
			}
		}
	}
	switch words[0] {
	case name, "build/" + name, "./" + name:
		_, err := commandLine(words[1:])
		return err
	case "make":
		return checkMake(words[1:], makefile)
	case "docker":
		return checkDocker(words[1:])
	}
	others := []string{
		"brew", "call", "claude", "cp", "curl", "echo", "git", "go", "grep", "groupadd", "helm", "infrahubctl", "install", "jq", "kubectl", "npx",
		"openssl", "otelcol", "sha256sum", "sudoedit", "systemctl", "tar", "uuidgen",
	}
	if !slices.Contains(others, words[0]) {
		return fmt.Errorf("nobody here knows the command %s; if it is right, add it to the others", words[0])
	}
	return nil
}

// commandLine parses the arguments of the program as it does itself, and
// returns the command that they name.
func commandLine(arguments []string) (*cobra.Command, error) {
	command, rest, err := newRoot(Streams{}).Find(arguments)
	if err != nil {
		return nil, err
	}
	command.InitDefaultVersionFlag() // as it does when it runs
	if err := command.ParseFlags(rest); err != nil {
		return nil, err
	}
	if err := command.ValidateArgs(command.Flags().Args()); err != nil {
		return nil, err
	}
	return command, nil
}

func checkVariable(variable string) error {
	ours := strings.HasPrefix(variable, "INFRAHUB_") || strings.HasPrefix(variable, "MCP_")
	if ours && !slices.ContainsFunc(config.Settings(), func(s *config.Setting) bool { return s.Name == variable || s.File == variable }) {
		return fmt.Errorf("there is no setting %s", variable)
	}
	return nil
}

func checkMake(words []string, makefile string) error {
	for _, word := range words {
		variable, value, assigns := strings.Cut(word, "=")
		switch {
		case !assigns:
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(word) + `:`).MatchString(makefile) {
				return fmt.Errorf("the Makefile has no target %s", word)
			}
		case !strings.Contains(makefile, "$("+variable) && !regexp.MustCompile(`(?m)^`+variable+`\s*\?=`).MatchString(makefile):
			return fmt.Errorf("the Makefile has no variable %s", variable)
		case slices.Contains(words, "run") && variable == "ARGS":
			if _, err := commandLine(strings.Fields(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkDocker(words []string) error {
	if len(words) == 0 || words[0] != "run" {
		return nil
	}
	for i, word := range words {
		if word == "-e" && i+1 < len(words) {
			variable, _, _ := strings.Cut(words[i+1], "=")
			if err := checkVariable(variable); err != nil {
				return err
			}
		}
		if image := path.Base(word); image == name || strings.HasPrefix(image, name+":") {
			_, err := commandLine(words[i+1:])
			return err
		}
	}
	return fmt.Errorf("it runs something else than %s", name)
}

// TestSettingsInTheDocumentsExist looks for every name that looks like one.
func TestSettingsInTheDocumentsExist(t *testing.T) {
	pages, err := docs.Pages("../..")
	if err != nil {
		t.Fatal(err)
	}
	// What only tests read.
	others := []string{"INFRAHUB_READER_TOKEN", "INFRAHUB_ENGINEER_TOKEN"}
	found := 0
	for name, page := range pages {
		for _, variable := range regexp.MustCompile(`\bINFRAHUB_[A-Z_]*[A-Z]\b`).FindAllString(page, -1) {
			found++
			if err := checkVariable(variable); err != nil && !slices.Contains(others, variable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d were found", found)
	}
}

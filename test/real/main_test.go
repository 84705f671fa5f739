// Package real_test runs the program against a real Infrahub, as its users do:
// as a process, over stdio and over streamable HTTP, in both protocol eras.
//
// It needs INFRAHUB_ADDRESS and INFRAHUB_API_TOKEN of an Infrahub with the demo
// schema and 40 seeded devices. Without them the tests are skipped, or fail if
// INFRAHUB_REAL is "required". What a test changes it changes on branches made
// for the run, so that any number of runs can follow each other.
package real_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// setting is what all tests share; TestMain makes it once.
type setting struct {
	infrahub infrahub
	race     string // path of the program, built with the race detector
	plain    string // path of the program as it is released
	branches *branches
	missing  string // what is missing to run the tests, if anything
	required bool
}

var shared setting

func TestMain(m *testing.M) {
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M) (int, error) {
	shared.required = os.Getenv("INFRAHUB_REAL") == "required"
	shared.infrahub = infrahub{address: os.Getenv("INFRAHUB_ADDRESS"), token: os.Getenv("INFRAHUB_API_TOKEN")}
	if shared.infrahub.address == "" || shared.infrahub.token == "" {
		shared.missing = "INFRAHUB_ADDRESS and INFRAHUB_API_TOKEN must name an Infrahub with the demo data"
		return m.Run(), nil
	}
	if err := shared.infrahub.seeded(); err != nil {
		return 0, fmt.Errorf("INFRAHUB_ADDRESS: %w", err)
	}
	directory, err := os.MkdirTemp("", "infrahub-mcp-real-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	shared.race, shared.plain = filepath.Join(directory, "race"), filepath.Join(directory, "plain")
	if err := errors.Join(build("-race", "-o", shared.race), build("-o", shared.plain)); err != nil {
		return 0, err
	}
	shared.branches = newBranches(shared.infrahub)
	defer shared.branches.discard()
	return m.Run(), nil
}

// build builds the program.
func build(options ...string) error {
	command := exec.Command("go", append(append([]string{"build"}, options...), "infrahub-mcp/cmd/infrahub-mcp")...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

// need skips a test that cannot run here, or fails it where it must run.
func need(t *testing.T) {
	t.Helper()
	switch {
	case shared.missing == "":
	case shared.required:
		t.Fatal(shared.missing)
	default:
		t.Skip(shared.missing)
	}
}

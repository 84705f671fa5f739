// Package program_test runs the program against an Infrahub, as its users do: as
// a process, over stdio and over streamable HTTP, in both protocol eras.
//
// The Infrahub is a sandbox of the tests' own, or the one that INFRAHUB_ADDRESS
// and INFRAHUB_API_TOKEN name: it must hold the demo schema and 40 seeded devices.
// INFRAHUB_REAL=required asks for the latter. What a test changes it changes on
// branches made for the run, so that any number of runs can follow each other.
package program_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
)

// setting is what all tests share; TestMain makes it once.
type setting struct {
	infrahub infrahub
	race     string // path of the program, built with the race detector
	plain    string // path of the program as it is released
	branches *branches
	sandbox  bool // the Infrahub is a sandbox
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
	shared.infrahub = infrahub{address: os.Getenv("INFRAHUB_ADDRESS"), token: os.Getenv("INFRAHUB_API_TOKEN")}
	if os.Getenv("INFRAHUB_REAL") == "required" {
		if shared.infrahub.address == "" || shared.infrahub.token == "" {
			return 0, errors.New("INFRAHUB_ADDRESS and INFRAHUB_API_TOKEN must name an Infrahub with the demo data")
		}
	} else {
		box, err := sandbox.New(sandbox.Options{Devices: devices})
		if err != nil {
			return 0, err
		}
		server := httptest.NewServer(box)
		defer server.Close()
		shared.infrahub = infrahub{address: server.URL, token: seed.Accounts()[0].Token}
		shared.sandbox = true
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

// Package program_test runs the program against an Infrahub, as its users do: as
// a process, over stdio and over streamable HTTP, in both protocol eras.
//
// The Infrahub is a sandbox that the tests start, or the one that INFRAHUB_ADDRESS
// and INFRAHUB_API_TOKEN name: it must hold the demo schema and 40 seeded devices.
// INFRAHUB_REAL=required asks for the latter. What a test changes it changes on
// branches made for the run, so that any number of runs can follow each other. A
// test that does to a sandbox what would disturb the others has one of its own.
package program_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/test/mcptest"
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
	directory, err := os.MkdirTemp("", "infrahub-mcp-program-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	shared.race, shared.plain = filepath.Join(directory, "race"), filepath.Join(directory, "plain")
	race := make(chan error, 1)
	go func() { race <- build("-race", "-o", shared.race) }()
	if err := errors.Join(build("-o", shared.plain), <-race); err != nil {
		return 0, err
	}
	if os.Getenv("INFRAHUB_REAL") == "required" {
		shared.infrahub = infrahub{address: os.Getenv("INFRAHUB_ADDRESS"), token: os.Getenv("INFRAHUB_API_TOKEN")}
		if shared.infrahub.address == "" || shared.infrahub.token == "" {
			return 0, errors.New("INFRAHUB_ADDRESS and INFRAHUB_API_TOKEN must name an Infrahub with the demo data")
		}
	} else {
		process, address, err := startSandbox(shared.plain)
		if err != nil {
			return 0, err
		}
		defer process.Kill()
		shared.infrahub, shared.sandbox = infrahub{address: address, token: seed.Accounts()[0].Token}, true
	}
	if err := shared.infrahub.seeded(); err != nil {
		return 0, fmt.Errorf("INFRAHUB_ADDRESS: %w", err)
	}
	shared.branches = newBranches(shared.infrahub)
	if !shared.sandbox {
		defer shared.branches.discard()
	}
	return m.Run(), nil
}

// startSandbox serves a sandbox with the program itself. In the process of the
// tests it would be slowed down by their race detector; see newBox.
func startSandbox(path string) (*mcptest.Process, string, error) {
	process, err := mcptest.Start(mcptest.Command{Path: path, Args: []string{"sandbox", "--listen", "127.0.0.1:0", "--devices", strconv.Itoa(devices)}})
	if err != nil {
		return nil, "", err
	}
	address := regexp.MustCompile(`this is a sandbox: .* at (http://\S+)`)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline) && process.Alive(); <-time.After(10 * time.Millisecond) {
		if found := address.FindStringSubmatch(process.Log()); found != nil {
			return process, found[1], nil
		}
	}
	process.Kill()
	return nil, "", fmt.Errorf("the sandbox does not start: %s", process.Log())
}

// build builds the program.
func build(options ...string) error {
	command := exec.Command("go", append(append([]string{"build"}, options...), "infrahub-mcp/cmd/infrahub-mcp")...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

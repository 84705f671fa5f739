// Package replicas_test runs three processes of the program behind a proxy that
// sends each request to another one, with a real Redis and a sandbox as Infrahub,
// and lets clients of both eras write while processes and Redis are killed, stopped,
// hung and started again in turn. What is in Infrahub at the end tells whether a
// session or a write was lost, a write was made twice, or two sessions shared a
// branch.
//
// REPLICAS is how long it takes, such as 75s; without it nothing is run. It needs
// redis-server, which .ci/replicas installs.
package replicas_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// setting is what the test is given; TestMain makes it once.
type setting struct {
	length  time.Duration
	program string // path of the program
}

var shared setting

func TestMain(m *testing.M) {
	if os.Getenv("REPLICAS") == "" {
		fmt.Println("skipped: this needs redis-server, which .ci/replicas installs; REPLICAS=75s asks for it")
		return
	}
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M) (status int, err error) {
	if shared.length, err = time.ParseDuration(os.Getenv("REPLICAS")); err != nil {
		return 0, fmt.Errorf("REPLICAS: %w", err)
	}
	directory, err := os.MkdirTemp("", "infrahub-mcp-replicas-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	shared.program = filepath.Join(directory, "infrahub-mcp")
	build := exec.Command("go", "build", "-race", "-o", shared.program, "infrahub-mcp/cmd/infrahub-mcp")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return m.Run(), nil
}

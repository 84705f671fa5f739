// Package conformance_test runs the official conformance suite of the Model
// Context Protocol against the program, with what it really offers, and against
// the same protocol layer with the tools that the suite asks a server to have.
//
// CONFORMANCE=required asks for these tests. The folder ./suite then holds the
// npm packages that its package.json asks for. The script .ci/conformance sees
// to that. What the suite said is kept in build/conformance: its own files, and
// a table of all scenarios in report.txt.
package conformance_test

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
	program string // path of the program
	results string // folder that the suite's files are kept in
	suite   suite
	report  report
}

var shared setting

func TestMain(m *testing.M) {
	if os.Getenv("CONFORMANCE") != "required" {
		fmt.Println("skipped: the conformance suite needs npm packages, which .ci/conformance installs; CONFORMANCE=required asks for it")
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
	directory, err := os.MkdirTemp("", "infrahub-mcp-conformance-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	shared.program = filepath.Join(directory, "infrahub-mcp")
	build := exec.Command("go", "build", "-o", shared.program, "infrahub-mcp/cmd/infrahub-mcp")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the program: %w\n%s", err, out)
	}
	if shared.suite, err = findSuite("suite"); err != nil {
		return 0, err
	}
	if shared.results, err = filepath.Abs("../../build/conformance"); err != nil {
		return 0, err
	}
	if err := os.RemoveAll(shared.results); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(shared.results, 0o755); err != nil {
		return 0, err
	}
	status = m.Run()
	return status, shared.report.save(filepath.Join(shared.results, "report.txt"))
}

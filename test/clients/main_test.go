// Package clients_test lets MCP clients that others wrote use the program, over
// stdio and over streamable HTTP, in both protocol eras, as far as each can. What
// they are and cannot do stands in package table.
//
// CLIENTS=required asks for these tests. The npm packages of package.json and the
// Python packages of requirements-*.txt are then installed; the script .ci/clients
// sees to that. With the flag -update the table of docs/clients.md is written
// anew when everything worked.
package clients_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/test/clients/table"
	"infrahub-mcp/test/mcptest"
)

// setting is what all tests share; TestMain makes it once.
type setting struct {
	program string            // path of the program
	gosdk   string            // path of the client made with the Go SDK
	env     map[string]string // of the program: its Infrahub
	url     string            // where one runs that serves HTTP
	gate    *gate             // between the programs and their Infrahub
}

var shared setting

func TestMain(m *testing.M) {
	if os.Getenv("CLIENTS") != "required" {
		fmt.Println("skipped: the clients are npm and Python packages, which .ci/clients installs; CLIENTS=required asks for them")
		return
	}
	update := flag.Bool("update", false, "write the table of docs/clients.md anew")
	flag.Parse()
	status, err := run(m)
	if status == 0 && err == nil && *update {
		err = writePage()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M) (status int, err error) {
	directory, err := os.MkdirTemp("", "infrahub-mcp-clients-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	shared.program, shared.gosdk = filepath.Join(directory, "infrahub-mcp"), filepath.Join(directory, "gosdk")
	if err := build("..", shared.program, "infrahub-mcp/cmd/infrahub-mcp"); err != nil {
		return 0, err
	}
	if err := build("gosdk", shared.gosdk, "."); err != nil {
		return 0, err
	}

	starting, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	sandbox, err := mcptest.Start(mcptest.Command{Path: shared.program, Args: []string{"sandbox", "--listen", "127.0.0.1:0"}, Dir: directory})
	if err != nil {
		return 0, err
	}
	defer sandbox.Kill()
	address, err := sandboxAddress(starting, sandbox)
	if err != nil {
		return 0, err
	}
	if shared.gate, err = newGate(address); err != nil {
		return 0, err
	}
	defer shared.gate.Close()

	shared.env = map[string]string{
		"INFRAHUB_ADDRESS": shared.gate.URL, "INFRAHUB_API_TOKEN": seed.Accounts()[0].Token, "HOME": directory,
		"INFRAHUB_PAGINATION_SIZE":          "40",
		"INFRAHUB_MAX_CONCURRENT_EXECUTION": "100", // many clients at a time hold a request
	}
	server, err := mcptest.Start(mcptest.Command{
		Path: shared.program, Args: []string{"--transport", "streamable-http", "--port", "0"}, Env: list(shared.env), Dir: directory,
	})
	if err != nil {
		return 0, err
	}
	defer server.Kill()
	if shared.url, err = server.Listening(starting); err != nil {
		return 0, err
	}
	status = m.Run()
	if status != 0 {
		fmt.Fprintln(os.Stderr, server.Log())
	}
	return status, nothingElse(shared.program, sandbox.ID(), server.ID())
}

// build builds a command of the module in a folder.
func build(folder, out, what string) error {
	command := exec.Command("go", "build", "-o", out, what)
	command.Dir = folder
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", what, err, text)
	}
	return nil
}

// list is an environment as package exec wants it.
func list(variables map[string]string) []string {
	var all []string
	for name, value := range variables {
		all = append(all, name+"="+value)
	}
	return all
}

// writePage writes the table of docs/clients.md.
func writePage() error {
	const file = "../../docs/clients.md"
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := table.Write(string(page), ".")
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600) //nolint:gosec // G703: the file is named above
}

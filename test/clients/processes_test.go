package clients_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"infrahub-mcp/test/mcptest"
)

// sandboxAddress waits until a sandbox says where it listens.
func sandboxAddress(ctx context.Context, sandbox *mcptest.Process) (string, error) {
	address := regexp.MustCompile(`this is a sandbox: .* at (http://\S+)`)
	for sandbox.Alive() {
		if found := address.FindStringSubmatch(sandbox.Log()); found != nil {
			return found[1], nil
		}
		if err := pause(ctx); err != nil {
			return "", fmt.Errorf("the sandbox does not start: %w", err)
		}
	}
	return "", fmt.Errorf("the sandbox ended: %s", sandbox.Log())
}

// nothingElse waits until no other process than those named runs a program: the
// clients have to end the servers that they started. Linux tells what runs;
// elsewhere nothing is seen.
func nothingElse(program string, except ...int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		links, err := filepath.Glob("/proc/[0-9]*/exe")
		if err != nil {
			return err
		}
		var running []int
		for _, link := range links {
			id, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			if target, gone := os.Readlink(link); gone == nil && err == nil && target == program && !slices.Contains(except, id) {
				running = append(running, id)
			}
		}
		if running == nil {
			return nil
		}
		if err := pause(ctx); err != nil {
			for _, id := range running {
				if process, gone := os.FindProcess(id); gone == nil {
					err = errors.Join(err, process.Kill())
				}
			}
			return fmt.Errorf("clients left servers running: processes %d: %w", running, err)
		}
	}
}

// pause waits a little before something is looked at again.
func pause(ctx context.Context) error {
	select {
	case <-time.After(10 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

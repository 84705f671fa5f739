package clients_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"infrahub-mcp/test/clients/table"
	"infrahub-mcp/test/mcptest"
)

func TestClients(t *testing.T) {
	act := map[string]func(*testing.T, plan) []outcome{
		"inspector":    inspector,
		"typescript-1": func(t *testing.T, p plan) []outcome { return node(t, p, "typescript.mjs", "1") },
		"typescript-2": func(t *testing.T, p plan) []outcome { return node(t, p, "typescript.mjs", "2") },
		"python-1":     func(t *testing.T, p plan) []outcome { return python(t, p, "1") },
		"python-2":     func(t *testing.T, p plan) []outcome { return python(t, p, "2") },
		"mcp-remote":   remote,
		"mcp-go":       mcpGo,
		"go-sdk":       func(t *testing.T, p plan) []outcome { return script(t, p, shared.gosdk) },
	}
	for _, c := range table.Clients() {
		for _, transport := range c.Transports {
			for _, era := range c.Eras {
				t.Run(c.ID+"/"+transport+"/"+era, func(t *testing.T) {
					t.Parallel()
					p, word := newPlan(c.ID, transport, era)
					got := act[c.ID](t, p)
					for _, action := range table.Actions() {
						if reason := c.Lacking(action, transport, era); reason != "" {
							t.Logf("no %s: %s", action, reason)
							continue
						}
						t.Run(action, func(t *testing.T) {
							i := slices.IndexFunc(got, func(o outcome) bool { return o.Action == action })
							if i < 0 {
								t.Fatal("the client ended before it came to that")
							}
							judge(t, c, got[i], transport, era, word)
						})
					}
				})
			}
		}
	}
}

// node runs a script for Node.
func node(t *testing.T, p plan, arguments ...string) []outcome {
	return script(t, p, installed(t, "node_modules/.bin/node"), arguments...) // the system's may be too old
}

// python runs the script for a generation of the Python SDK.
func python(t *testing.T, p plan, generation string) []outcome {
	return script(t, p, installed(t, "../../build/clients-python-"+generation+"/bin/python"), "python.py", generation)
}

// remote is a client of stdio with mcp-remote in between. It speaks the older era
// whatever mcp-remote speaks to the program.
func remote(t *testing.T, p plan) []outcome {
	between, err := newEras(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(between.Close)
	protocol := "legacy"
	if p.Modern {
		protocol = "auto"
	}
	p.Command = []string{installed(t, "node_modules/.bin/node"), installed(t, "node_modules/mcp-remote/dist/proxy.js"), between.URL, "--protocol", protocol}
	p.URL, p.Env = "", map[string]string{"HOME": t.TempDir()}
	got := node(t, p, "typescript.mjs", "1")
	if len(got) > 0 && got[0].Error == "" {
		got[0].Version = between.last()
	}
	return got
}

// installed is the absolute path of a file that .ci/clients installs.
func installed(t *testing.T, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(absolute); err != nil {
		t.Fatalf(".ci/clients installs the clients: %v", err)
	}
	return absolute
}

// script runs a client that is a process: it does what the plan in its last
// argument says, writes the outcomes, and ends by itself.
func script(t *testing.T, p plan, path string, arguments ...string) []outcome {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	process, err := mcptest.Start(mcptest.Command{Path: path, Args: append(arguments, string(text)), Env: list(clean(t))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	defer context.AfterFunc(ctx, process.Kill)()
	var got []outcome
	for lines := bufio.NewScanner(process.Stdout); lines.Scan(); {
		var o outcome
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		got = append(got, o)
	}
	if status, err := process.Wait(ctx); status != 0 || err != nil {
		t.Errorf("the client ended with status %d, %v\n%s", status, err, process.Log())
	}
	return got
}

// clean is an environment without any of the machine's configuration.
func clean(t *testing.T) map[string]string {
	return map[string]string{"PATH": os.Getenv("PATH"), "HOME": t.TempDir(), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
}

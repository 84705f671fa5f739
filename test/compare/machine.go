package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// machine is where and what was measured.
type machine struct {
	Date      string
	Cores     int
	Processor string
	Program   string // what infrahub-mcp version says
	Python    string // versions of the Python server and what it stands on
}

// describe asks for versions. The interpreter of the Python server is beside it.
func describe(ctx context.Context, o options) (machine, error) {
	program, err := exec.CommandContext(ctx, o.program, "version").Output()
	if err != nil {
		return machine{}, fmt.Errorf("asking for the version of the program: %w", err)
	}
	const script = `
import importlib.metadata as m, platform
print(", ".join(f"{name} {m.version(name)}" for name in ("infrahub-mcp", "fastmcp", "mcp", "infrahub-sdk", "uvicorn")) + f" on Python {platform.python_version()}")`
	python, err := exec.CommandContext(ctx, filepath.Join(filepath.Dir(o.python), "python"), "-c", script).Output()
	if err != nil {
		return machine{}, fmt.Errorf("asking for the versions of the Python server: %w", err)
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return machine{}, err
	}
	m := machine{
		Date: time.Now().UTC().Format(time.DateOnly), Cores: runtime.NumCPU(), Processor: "unknown processor",
		Program: strings.TrimSpace(string(program)), Python: strings.TrimSpace(string(python)),
	}
	if found := regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`).FindSubmatch(info); found != nil {
		m.Processor = string(found[1])
	}
	return m, nil
}

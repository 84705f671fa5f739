package main

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// target is what a program is built for.
type target struct{ OS, Arch string } // as Go names them

func (t target) String() string { return t.OS + "/" + t.Arch }

// program is the name of the program's file.
func (t target) program() string {
	if t.OS == "windows" {
		return name + ".exe"
	}
	return name
}

// supported are the targets that a release may have.
func supported() []target {
	var all []target
	for _, system := range []string{"darwin", "linux", "windows"} {
		for _, architecture := range []string{"amd64", "arm64"} {
			all = append(all, target{system, architecture})
		}
	}
	return all
}

// parseTargets reads targets separated by blanks, each once, and returns them in
// the order of supported.
func parseTargets(text string) ([]target, error) {
	wanted := strings.Fields(text)
	var targets []target
	for _, t := range supported() {
		if slices.Contains(wanted, t.String()) {
			targets = append(targets, t)
		}
	}
	if len(targets) == 0 || len(targets) != len(wanted) {
		return nil, fmt.Errorf("the targets are %q: name some of %v, each once", text, supported())
	}
	return targets, nil
}

// compile builds the program for a target.
func (r *release) compile(command *exec.Cmd, t target, file string) {
	stamp := "-s -w -X infrahub-mcp/internal/cli.version=" + r.Version
	if r.Revision != "" {
		stamp += " -X infrahub-mcp/internal/cli.commit=" + r.Revision
	}
	command.Dir = r.Root
	command.Args = append(command.Args, "build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", stamp, "-o", file, "./cmd/"+name)
	command.Env = append(command.Environ(), t.environment()...)
}

// environment has each variable of the Go command that changes what is built.
func (t target) environment() []string {
	return []string{
		"CGO_ENABLED=0", "GOOS=" + t.OS, "GOARCH=" + t.Arch,
		"GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off",
	}
}

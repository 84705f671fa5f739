package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// name of the program.
const name = "infrahub-mcp"

// built is what a release has for one target. The files are in its folder.
type built struct {
	target
	Archive, Bundle, Materials file
}

// file is one file of a release.
type file struct {
	Name string
	SHA  string // SHA-256, in hexadecimal
}

// build makes the whole release.
func (r *release) build(ctx context.Context, log io.Writer) error {
	if err := os.RemoveAll(r.Out); err != nil {
		return fmt.Errorf("emptying %s: %w", r.Out, err)
	}
	if err := os.MkdirAll(r.Out, 0o755); err != nil {
		return fmt.Errorf("making the folder of the release: %w", err)
	}
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return fmt.Errorf("making a folder for the programs: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }() // it is in the folder for temporary files

	all := make([]built, 0, len(r.Targets))
	for _, t := range r.Targets {
		_, _ = fmt.Fprintln(log, "building for", t)
		program := filepath.Join(work, t.OS+"-"+t.Arch)
		command := exec.CommandContext(ctx, "go")
		r.compile(command, t, program)
		command.Stdout, command.Stderr = log, log
		if err := command.Run(); err != nil {
			return fmt.Errorf("building for %s: %w", t, err)
		}
		if err := r.checkStamp(ctx, t, program); err != nil {
			return err
		}
		binary, err := os.ReadFile(program)
		if err != nil {
			return fmt.Errorf("reading the program for %s: %w", t, err)
		}
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return fmt.Errorf("reading what the program for %s was built from: %w", t, err)
		}
		b, err := r.pack(t, binary, info)
		if err != nil {
			return fmt.Errorf("packing for %s: %w", t, err)
		}
		all = append(all, b)
	}
	if err := r.writeSums(all); err != nil {
		return err
	}
	return r.describe(all)
}

// checkStamp runs a program that was built for this machine.
func (r *release) checkStamp(ctx context.Context, t target, program string) error {
	if t.OS != runtime.GOOS || t.Arch != runtime.GOARCH {
		return nil
	}
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return fmt.Errorf("asking the program for its version: %w", err)
	}
	want := name + " " + r.Version + " (commit " + cmp.Or(r.Revision, "unknown") + ","
	if !strings.HasPrefix(string(out), want) {
		return fmt.Errorf("the program calls itself %q, not %q", bytes.TrimSpace(out), want)
	}
	return nil
}

// pack writes what a release has for a target: NAME-VERSION-OS-ARCH and an
// extension. info is what the Go command noted in the program.
func (r *release) pack(t target, binary []byte, info *buildinfo.BuildInfo) (built, error) {
	b := built{target: t}
	contents := []entry{{Name: t.program(), Content: binary, Run: true}}
	for _, also := range []string{"LICENSE", "README.md"} {
		text, err := os.ReadFile(filepath.Join(r.Root, also))
		if err != nil {
			return b, err
		}
		contents = append(contents, entry{Name: also, Content: text})
	}
	stem := strings.Join([]string{name, r.Version, t.OS, t.Arch}, "-")

	extension, archive := ".tar.gz", tarball
	if t.OS == "windows" {
		extension, archive = ".zip", zipped
	}
	var err error
	if b.Archive, err = r.write(stem+extension, archive, within(stem, contents)); err != nil {
		return b, err
	}
	bundled, err := r.bundle(t, contents)
	if err != nil {
		return b, err
	}
	if b.Bundle, err = r.write(stem+".mcpb", zipped, bundled); err != nil {
		return b, err
	}
	materials, err := r.materials(info, binary)
	if err != nil {
		return b, err
	}
	b.Materials, err = r.store(stem+".cdx.json", materials)
	return b, err
}

// write stores an archive.
func (r *release) write(name string, archive archiver, entries []entry) (file, error) {
	var content bytes.Buffer
	if err := archive(&content, r.Time, entries); err != nil {
		return file{}, fmt.Errorf("writing %s: %w", name, err)
	}
	return r.store(name, content.Bytes())
}

// store puts a file into the folder of the release.
func (r *release) store(name string, content []byte) (file, error) {
	if err := os.WriteFile(filepath.Join(r.Out, name), content, 0o644); err != nil {
		return file{}, err
	}
	sum := sha256.Sum256(content)
	return file{name, hex.EncodeToString(sum[:])}, nil
}

// writeSums writes SHA256SUMS, in the form that sha256sum --check reads.
func (r *release) writeSums(all []built) error {
	var lines []string
	for _, b := range all {
		for _, f := range []file{b.Archive, b.Bundle, b.Materials} {
			lines = append(lines, f.SHA+"  "+f.Name+"\n")
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	_, err := r.store("SHA256SUMS", []byte(strings.Join(lines, "")))
	return err
}

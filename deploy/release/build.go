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
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"infrahub-mcp/deploy/license"
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

	_, _ = fmt.Fprintln(log, "building for", r.Targets)
	all := make([]built, len(r.Targets))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0)) // linking and packing keep one core busy each
	for i, t := range r.Targets {
		group.Go(func() error {
			var err error
			if all[i], err = r.buildFor(ctx, t, filepath.Join(work, t.OS+"-"+t.Arch)); err != nil {
				return fmt.Errorf("building for %s: %w", t, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	chart, err := r.chart()
	if err != nil {
		return err
	}
	files := []file{chart}
	for _, b := range all {
		files = append(files, b.Archive, b.Bundle, b.Materials)
	}
	if err := r.writeSums(files); err != nil {
		return err
	}
	return r.describe(all)
}

// buildFor makes what a release has for a target. The program alone is put into
// a file of its own.
func (r *release) buildFor(ctx context.Context, t target, program string) (built, error) {
	command := exec.CommandContext(ctx, "go")
	r.compile(command, t, program)
	if out, err := command.CombinedOutput(); err != nil {
		return built{}, fmt.Errorf("compiling: %w\n%s", err, out)
	}
	if err := r.checkStamp(ctx, t, program); err != nil {
		return built{}, err
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return built{}, fmt.Errorf("reading the program: %w", err)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return built{}, fmt.Errorf("reading what the program was built from: %w", err)
	}
	linked, err := license.Linked(ctx, r.Root, "./cmd/"+name, t.environment()...)
	if err != nil {
		return built{}, fmt.Errorf("collecting licences: %w", err)
	}
	b, err := r.pack(t, binary, info, linked)
	if err != nil {
		return b, fmt.Errorf("packing: %w", err)
	}
	return b, nil
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
// extension. info is what the Go command noted in the program; linked has the
// licences of the modules that are in it.
func (r *release) pack(t target, binary []byte, info *buildinfo.BuildInfo, linked []license.Module) (built, error) {
	b := built{target: t}
	contents := []entry{{Name: t.program(), Content: binary, Run: true}}
	for _, also := range []string{"LICENSE", "README.md"} {
		text, err := os.ReadFile(filepath.Join(r.Root, also))
		if err != nil {
			return b, err
		}
		contents = append(contents, entry{Name: also, Content: text})
	}
	licenses := license.Folder(linked)
	for _, name := range slices.Sorted(maps.Keys(licenses)) {
		contents = append(contents, entry{Name: "licenses/" + name, Content: licenses[name]})
	}
	stem := strings.Join([]string{name, r.Version, t.OS, t.Arch}, "-")

	archived, err := r.archived(t, contents)
	if err != nil {
		return b, err
	}
	extension, archive := ".tar.gz", tarball
	if t.OS == "windows" {
		extension, archive = ".zip", zipped
	}
	if b.Archive, err = r.write(stem+extension, archive, within(stem, archived)); err != nil {
		return b, err
	}
	bundled, err := r.bundle(t, contents)
	if err != nil {
		return b, err
	}
	if b.Bundle, err = r.write(stem+".mcpb", zipped, bundled); err != nil {
		return b, err
	}
	materials, err := r.materials(info, binary, linked)
	if err != nil {
		return b, err
	}
	b.Materials, err = r.store(stem+".cdx.json", materials)
	return b, err
}

// archived is the content of the archive for a target: that of the bundle, and
// for Linux what systemd needs.
func (r *release) archived(t target, contents []entry) ([]entry, error) {
	if t.OS != "linux" {
		return contents, nil
	}
	archived := slices.Clone(contents)
	for _, unit := range []string{name + ".service", name + ".env.example"} {
		text, err := os.ReadFile(filepath.Join(r.Root, "deploy", "systemd", unit))
		if err != nil {
			return nil, err
		}
		archived = append(archived, entry{Name: "systemd/" + unit, Content: text})
	}
	return archived, nil
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
func (r *release) writeSums(files []file) error {
	var lines []string
	for _, f := range files {
		lines = append(lines, f.SHA+"  "+f.Name+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	_, err := r.store("SHA256SUMS", []byte(strings.Join(lines, "")))
	return err
}

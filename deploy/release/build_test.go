package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/deploy/license"
)

// packed makes a release of two targets out of something in the place of the
// programs, which .ci/release builds.
func packed(t *testing.T) (*release, []built) {
	t.Helper()
	info := &debug.BuildInfo{GoVersion: "go1.26.8", Deps: []*debug.Module{
		{Path: "github.com/Example/Thing/v2", Version: "v2.0.0+incompatible"},
		{Path: "example.com/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/new", Version: "v1.1.0"}},
	}}
	linked := []license.Module{
		{Path: "example.com/new", Version: "v1.1.0", Expression: "MIT", Files: map[string][]byte{"LICENSE": []byte("new")}},
		{Path: "github.com/Example/Thing/v2", Version: "v2.0.0+incompatible", Expression: "BSD-3-Clause AND MPL-2.0", Files: map[string][]byte{"COPYING": []byte("thing")}},
		{Path: "std", Version: "1.26.8", Expression: "BSD-3-Clause", Files: map[string][]byte{"LICENSE": []byte("std")}},
	}
	r := &release{
		Version: "1.2.3", Time: time.Unix(1_700_000_000, 0).UTC(), Root: "../..", Out: t.TempDir(),
		Homepage: "https://example.com", Targets: []target{{"linux", "amd64"}, {"windows", "arm64"}},
	}
	var all []built
	for _, target := range r.Targets {
		b, err := r.pack(target, []byte("a program"), info, linked)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return r, all
}

func TestAReleaseIsWhatItsChecksumsSay(t *testing.T) {
	r, all := packed(t)
	var files []file
	for _, b := range all {
		files = append(files, b.Materials, b.Archive, b.Bundle)
	}
	if err := r.writeSums(files); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(r.Out, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		content, err := os.ReadFile(filepath.Join(r.Out, name))
		if err != nil {
			t.Fatal(err)
		}
		got := sha256.Sum256(content)
		if hex.EncodeToString(got[:]) != sum {
			t.Errorf("the checksum of %s is %x, not %s", name, got, sum)
		}
		named = append(named, name)
	}
	want := []string{
		"infrahub-mcp-1.2.3-linux-amd64.cdx.json",
		"infrahub-mcp-1.2.3-linux-amd64.mcpb",
		"infrahub-mcp-1.2.3-linux-amd64.tar.gz",
		"infrahub-mcp-1.2.3-windows-arm64.cdx.json",
		"infrahub-mcp-1.2.3-windows-arm64.mcpb",
		"infrahub-mcp-1.2.3-windows-arm64.zip",
	}
	if diff := cmp.Diff(want, named); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnArchiveHasTheProgramItsReadmeAndAllLicences(t *testing.T) {
	r, all := packed(t)
	for i, folder := range []string{"infrahub-mcp-1.2.3-linux-amd64", "infrahub-mcp-1.2.3-windows-arm64"} {
		content, err := os.ReadFile(filepath.Join(r.Out, all[i].Archive.Name))
		if err != nil {
			t.Fatal(err)
		}
		files, program := untar, "infrahub-mcp"
		if r.Targets[i].OS == "windows" {
			files, program = unzip, "infrahub-mcp.exe"
		}
		var got []string
		for _, f := range files(t, content) {
			got = append(got, f.Name)
		}
		want := []string{
			folder + "/" + program, folder + "/LICENSE", folder + "/README.md",
			folder + "/licenses/README.md", folder + "/licenses/example.com/new/LICENSE",
			folder + "/licenses/github.com/Example/Thing/v2/COPYING", folder + "/licenses/std/LICENSE",
		}
		if r.Targets[i].OS == "linux" {
			want = append(want, folder+"/systemd/infrahub-mcp.service", folder+"/systemd/infrahub-mcp.env.example")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", all[i].Archive.Name, diff)
		}
	}
}

func TestTheChartIsOfTheReleaseAndRunsItsImage(t *testing.T) {
	r := &release{Version: "1.2.3-rc.1", Root: "../..", Out: t.TempDir(), Image: "registry.example.com/infrahub-mcp"}
	packed, err := r.chart()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(r.Out, packed.Name))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range untar(t, content) {
		files[f.Name] = f.Content
	}
	for file, lines := range map[string][]string{
		"infrahub-mcp/Chart.yaml":                {"\nversion: 1.2.3-rc.1\n", "\nappVersion: \"1.2.3-rc.1\"\n"},
		"infrahub-mcp/values.yaml":               {"\n  repository: \"registry.example.com/infrahub-mcp\"\n"},
		"infrahub-mcp/values.schema.json":        {"{"},
		"infrahub-mcp/templates/_helpers.tpl":    {"define"},
		"infrahub-mcp/templates/deployment.yaml": {"kind: Deployment"},
	} {
		for _, line := range lines {
			if !strings.Contains(files[file], line) {
				t.Errorf("%s has no %q", file, line)
			}
		}
	}
	for file := range files {
		if strings.Contains(file, "/ci/") || strings.HasSuffix(file, ".helmignore") {
			t.Errorf("%s is in it", file)
		}
	}
}

func TestABillOfMaterialsNamesWhatWasLinked(t *testing.T) {
	r, all := packed(t)
	content, err := os.ReadFile(filepath.Join(r.Out, all[0].Materials.Name))
	if err != nil {
		t.Fatal(err)
	}
	validate(t, "cyclonedx-bom-1.6.json", string(content))
	var got bom
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	var purls []string
	for _, c := range got.Components {
		purls = append(purls, c.PURL+" "+c.Licenses[0].Expression)
	}
	want := []string{
		"pkg:golang/std@1.26.8 BSD-3-Clause",
		"pkg:golang/github.com/example/thing/v2@v2.0.0%2Bincompatible BSD-3-Clause AND MPL-2.0",
		"pkg:golang/example.com/new@v1.1.0 MIT",
	}
	if diff := cmp.Diff(want, purls); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	main := got.Metadata.Component
	if main.Name != "infrahub-mcp" || main.Version != "1.2.3" || len(main.Hashes) != 1 || len(main.Hashes[0].Content) != 64 {
		t.Errorf("the program is %+v", main)
	}
	if got.Metadata.Timestamp != "2023-11-14T22:13:20Z" {
		t.Errorf("its time is %s", got.Metadata.Timestamp)
	}
}

func TestNothingIsLinkedWithoutALicence(t *testing.T) {
	r := &release{Version: "1.2.3", Root: "../..", Out: t.TempDir()}
	info := &debug.BuildInfo{GoVersion: "go1.26.8"}
	if _, err := r.pack(target{"linux", "amd64"}, nil, info, nil); err == nil || !strings.Contains(err.Error(), "std 1.26.8") {
		t.Errorf("want an error about std, got %v", err)
	}
}

func TestWhatIsAskedForIsChecked(t *testing.T) {
	asked := func(version, epoch, targets string) []string {
		return []string{"-version", version, "-epoch", epoch, "-targets", targets,
			"-url", "https://example.com", "-homepage", "https://example.com", "-image", "example", "-name", "com.example/example"}
	}
	for name, arguments := range map[string][]string{
		"no version":             asked("", "0", "linux/amd64"),
		"a version with a v":     asked("v1.2.3", "0", "linux/amd64"),
		"two numbers":            asked("1.2", "0", "linux/amd64"),
		"a blank in a version":   asked("1.2.3-rc 1", "0", "linux/amd64"),
		"no time":                asked("1.2.3", "", "linux/amd64"),
		"no target":              asked("1.2.3", "0", ""),
		"an unknown target":      asked("1.2.3", "0", "linux/amd64 plan9/amd64"),
		"a target twice":         asked("1.2.3", "0", "linux/amd64 linux/amd64"),
		"a blank in a revision":  append(asked("1.2.3", "0", "linux/amd64"), "-revision", "abc -X main.x=y"),
		"an argument too much":   append(asked("1.2.3", "0", "linux/amd64"), "more"),
		"an empty address":       append(asked("1.2.3", "0", "linux/amd64"), "-url", ""),
		"an option nobody has":   {"-colour"},
		"a slash in the version": asked("1.2.3-/../x", "0", "linux/amd64"),
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := parse(arguments, io.Discard); err == nil {
				t.Errorf("it is taken: %+v", r)
			}
		})
	}
	r, err := parse(asked("1.2.3-rc.1", "1700000000", "windows/arm64 linux/amd64"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]target{{"linux", "amd64"}, {"windows", "arm64"}}, r.Targets); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

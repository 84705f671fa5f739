// Command release builds what a release of infrahub-mcp consists of: for each
// target an archive, a bundle for MCP clients and a bill of materials; the Helm
// chart; the checksums of them all; and what names them, a Homebrew formula and
// the description for the MCP registry.
//
// The same source, version, revision, time and Go version give the same bytes,
// on whatever machine and in whatever folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do
	}
}

// release is what to build, and where people will find it.
type release struct {
	Version  string    // without a "v" before it
	Revision string    // of the source, "" when that is not known
	Time     time.Time // of everything in it, in UTC
	Root     string    // folder of the source
	Out      string    // folder that takes the files; it is emptied
	Targets  []target

	URL      string // of the folder in which the files will be
	Homepage string
	Image    string // container image, without a tag
	Name     string // in the MCP registry: a domain in reverse, a slash, a name
}

// run reads the command line and builds.
func run(ctx context.Context, arguments []string, log io.Writer) error {
	r, err := parse(arguments, log)
	if err != nil {
		return err
	}
	return r.build(ctx, log)
}

var semantic = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z]+([.-][0-9A-Za-z]+)*)?$`)

// plain is what stands unquoted in the flags of a linker.
var plain = regexp.MustCompile(`^[0-9A-Za-z.-]*$`)

func parse(arguments []string, log io.Writer) (*release, error) {
	r := &release{Root: "."}
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&r.Version, "version", "", "version, such as 1.2.3")
	flags.StringVar(&r.Revision, "revision", "", "revision of the source")
	epoch := flags.String("epoch", "", "time of all files, in seconds since 1970 (SOURCE_DATE_EPOCH)")
	targets := flags.String("targets", "", "operating systems and architectures, such as \"linux/amd64 darwin/arm64\"")
	flags.StringVar(&r.Out, "out", "build/release", "folder for the files; it is emptied")
	flags.StringVar(&r.URL, "url", "", "where the files will be")
	flags.StringVar(&r.Homepage, "homepage", "", "where the project is")
	flags.StringVar(&r.Image, "image", "", "name of the container image, without a tag")
	flags.StringVar(&r.Name, "name", "", "name in the MCP registry, such as com.example/infrahub-mcp")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q is not understood", flags.Args())
	}
	if !semantic.MatchString(r.Version) {
		return nil, fmt.Errorf("the version is %q: say VERSION=1.2.3, or 1.2.3-rc.1", r.Version)
	}
	if !plain.MatchString(r.Revision) {
		return nil, fmt.Errorf("the revision is %q: letters, digits, dots and hyphens are taken", r.Revision)
	}
	seconds, err := strconv.ParseInt(*epoch, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading SOURCE_DATE_EPOCH: %w", err)
	}
	r.Time = time.Unix(seconds, 0).UTC()
	if r.Targets, err = parseTargets(*targets); err != nil {
		return nil, err
	}
	if slices.Contains([]string{r.URL, r.Homepage, r.Image, r.Name}, "") {
		return nil, errors.New("-url, -homepage, -image and -name are needed")
	}
	return r, nil
}

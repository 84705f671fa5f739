// Compare runs infrahub-mcp and the Python server of that name on one machine, in
// one run, with the same replies of Infrahub from memory, measures both and writes
// the page of the documentation that says how they compare.
//
//	go run ./test/compare -program build/infrahub-mcp -python build/compare-python/bin/infrahub-mcp
//
// It needs Linux, which tells what memory and time of the processor other
// processes take.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

func main() {
	var o options
	page := flag.String("page", "docs/performance.md", "the page to write")
	flag.StringVar(&o.program, "program", "build/infrahub-mcp", "the infrahub-mcp of this project")
	flag.StringVar(&o.python, "python", "", "the infrahub-mcp of a Python environment")
	flag.DurationVar(&o.duration, "duration", 3*time.Second, "how long each measurement of throughput takes")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is taken")
	flag.IntVar(&o.starts, "starts", 9, "how often each program is started")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := compare(ctx, o, *page, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// options say what is compared and for how long.
type options struct {
	program, python string
	duration        time.Duration
	rounds, starts  int
}

// compare measures and writes the page. What goes on is told to progress.
func compare(ctx context.Context, o options, page string, progress io.Writer) error {
	switch {
	case runtime.GOOS != "linux":
		return errors.New("the memory of other processes is read from /proc, which is Linux")
	case o.python == "":
		return errors.New("-python must name the infrahub-mcp of a Python environment")
	case o.duration <= 0 || o.rounds < 1 || o.starts < 1:
		return errors.New("-duration, -rounds and -starts must be above zero")
	}
	// The programs run in a folder of their own.
	for _, path := range []*string{&o.program, &o.python} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	figures, err := measure(ctx, o, progress)
	if err != nil {
		return err
	}
	text, err := write(figures)
	if err != nil {
		return err
	}
	return os.WriteFile(page, text, 0o644)
}

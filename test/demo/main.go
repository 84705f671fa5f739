// Demo starts infrahub-mcp on its sandbox and plays a short conversation between
// a user and an assistant: it explores the schema, finds a device, changes it on
// a session branch, shows the difference and proposes the change. Each answer is
// checked; the exit status is 0 only if all were what they should be.
//
//	go run ./test/demo -program build/infrahub-mcp
//
// With -picture it draws a part of the conversation instead, for the README.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	program := flag.String("program", "build/infrahub-mcp", "the infrahub-mcp to start")
	readsOnly := flag.Bool("reads-only", false, "accept a program without write tools, and skip what needs them")
	picture := flag.String("picture", "", "play nothing on the screen, and draw some of it to this file")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if *picture != "" {
		err = paint(ctx, *program, *picture)
	} else {
		screen := &screen{out: os.Stdout, colored: colored(os.Stdout, os.Getenv("NO_COLOR"), os.Getenv("TERM"))}
		err = demonstrate(ctx, *program, *readsOnly, screen)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// patience bounds the whole demonstration, which takes about a second.
const patience = time.Minute

// demonstrate starts the program, plays the conversation and stops the program.
// The error says what went wrong, be it with the program or with an answer.
func demonstrate(ctx context.Context, program string, readsOnly bool, screen *screen) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	assistant, err := start(ctx, program)
	if err != nil {
		return err
	}
	screen.title("An assistant works on an Infrahub in memory with made-up data (" + program + " --sandbox)")
	score := play(ctx, assistant, conversation(), readsOnly, screen)
	if err := assistant.end(); err != nil {
		return err
	}
	screen.summary(score, time.Since(began))
	return score.verdict()
}

package main

import (
	"context"
	"errors"
	"fmt"
)

// score counts the steps of a conversation by how they went.
type score struct{ good, failed, skipped int }

// verdict is nil when every step that was played gave what it should.
func (s score) verdict() error {
	if s.failed > 0 {
		return fmt.Errorf("%d of %d steps did not give what they should", s.failed, s.good+s.failed+s.skipped)
	}
	if s.good == 0 {
		return errors.New("no step could be played")
	}
	return nil
}

// play plays the steps in order. Those that need a tool which the program does
// not offer are skipped, and count as failed unless only reads are asked for.
func play(ctx context.Context, assistant *assistant, steps []step, readsOnly bool, screen *screen) score {
	var score score
	for i, step := range steps {
		screen.question(i+1, step)
		if missing := step.missing(assistant.tools); missing != "" {
			screen.skipped("the program does not offer " + missing)
			if readsOnly {
				score.skipped++
			} else {
				score.failed++
			}
			continue
		}
		answer, err := assistant.call(ctx, step.tool, step.arguments)
		if err == nil {
			screen.answer(answer, step.show)
			err = step.check(answer)
		}
		if err != nil {
			screen.failed(err)
			score.failed++
			continue
		}
		screen.good(step.proves)
		score.good++
	}
	return score
}

// missing returns a tool that the step needs and the program does not offer, or
// nothing.
func (s step) missing(tools map[string]bool) string {
	for _, tool := range []string{s.tool, s.after} {
		if tool != "" && !tools[tool] {
			return tool
		}
	}
	return ""
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// screen prints a conversation for people.
type screen struct {
	out     io.Writer
	colored bool
}

// colored tells whether a file takes colours: a terminal does, unless its user
// wants none (https://no-color.org).
func colored(file *os.File, noColor, terminal string) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && noColor == "" && terminal != "dumb"
}

// style is the parameter of an ANSI escape sequence (ECMA-48, section 8.3.117).
type style string

const (
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

func (s *screen) styled(style style, text string) string {
	if !s.colored {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// line prints text after a label, in a column of its own.
func (s *screen) line(label string, style style, text string) {
	fmt.Fprintf(s.out, "    %s %s\n", s.styled(style, fmt.Sprintf("%-9s", label)), text)
}

func (s *screen) title(text string) { fmt.Fprintln(s.out, s.styled(bold, text)) }

// question prints what the user asks, and the call that the assistant makes.
func (s *screen) question(number int, step step) {
	fmt.Fprintf(s.out, "\n%2d  %s %s\n", number, s.styled(bold, "User     "), s.styled(bold, step.user))
	s.line("Assistant", cyan, s.styled(cyan, step.tool)+" "+arguments(step.arguments))
}

func (s *screen) good(text string)    { s.line("ok", green, text) }
func (s *screen) skipped(text string) { s.line("skipped", yellow, text) }
func (s *screen) failed(err error)    { s.line("FAILED", red, s.styled(red, err.Error())) }

func (s *screen) summary(score score, took time.Duration) {
	style := green
	if score.failed > 0 {
		style = red
	}
	text := fmt.Sprintf("%d steps in %.1f seconds: %d ok, %d failed, %d skipped",
		score.good+score.failed+score.skipped, took.Seconds(), score.good, score.failed, score.skipped)
	fmt.Fprintf(s.out, "\n%s\n", s.styled(style, text))
}

const (
	mostLines   = 10
	mostColumns = 130
)

// answer prints an excerpt of an answer: its first lines, of those that match.
func (s *screen) answer(a answer, show string) {
	lines := excerpt(a.text, show)
	for i, line := range lines {
		if i == mostLines {
			line = fmt.Sprintf("… %d more lines", len(lines)-mostLines)
		}
		s.line("", faint, s.styled(faint, cut(line)))
		if i == mostLines {
			return
		}
	}
}

// excerpt returns the lines of a text that match, all when show is empty. JSON
// that stands on one line is spread over several.
func excerpt(text, show string) []string {
	var spread bytes.Buffer
	if json.Indent(&spread, []byte(text), "", "  ") == nil {
		text = spread.String()
	}
	matching := regexp.MustCompile(show)
	var lines []string
	for line := range strings.Lines(text) {
		if matching.MatchString(line) {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines
}

// cut shortens a line that is too long to read.
func cut(line string) string {
	if utf8.RuneCountInString(line) <= mostColumns {
		return line
	}
	return string([]rune(line)[:mostColumns-1]) + "…"
}

// arguments are those of a call as JSON, as they are sent.
func arguments(values map[string]any) string {
	if len(values) == 0 {
		return "{}"
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(values); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out.String())
}

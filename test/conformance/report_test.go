package conformance_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// report is what the suite said of every scenario, in the order they ran.
type report struct{ lines []*line }

func (r *report) save(file string) error {
	var text strings.Builder
	for _, l := range r.lines {
		fmt.Fprintln(&text, l)
	}
	return os.WriteFile(file, []byte(text.String()), 0o600)
}

// line is what the report says of one scenario.
type line struct {
	server, version, scenario string
	scored                    bool
	passed, failed            int      // checks
	notes                     []string // on what did not pass
	excepted                  string   // why the scenario is not for the server
}

// note adds a note, once.
func (l *line) note(text string) {
	if !slices.Contains(l.notes, text) {
		l.notes = append(l.notes, text)
	}
}

func (l *line) String() string {
	name := l.scenario
	if !l.scored {
		name += " (not scored)"
	}
	head := fmt.Sprintf("%-7s  %s  %-50s", l.server, l.version, name)
	verdict := "pass"
	switch {
	case l.excepted != "":
		return head + "  -     not for it: " + l.excepted
	case l.failed > 0:
		verdict = "FAIL"
	}
	text := fmt.Sprintf("%s  %s  %d passed, %d failed", head, verdict, l.passed, l.failed)
	for _, note := range l.notes {
		text += "\n" + strings.Repeat(" ", 21) + note
	}
	return text
}

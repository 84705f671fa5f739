package config

import (
	"fmt"
	"strings"

	"infrahub-mcp/internal/problem"
)

// Error holds everything that is wrong with a configuration. It never holds
// the text of a secret.
type Error struct {
	// Problems are sentences that each name a setting, its value and what is
	// allowed, without line breaks. There is at least one.
	Problems []string
}

// Error returns one line for each problem.
func (e *Error) Error() string { return strings.Join(e.Problems, "\n") }

// refusal says that the text of a setting is refused, and why. label names the
// setting as it was given.
func refusal(s *Setting, label, text string, reason error) string {
	sentence := fmt.Sprintf("%s is %s, but must be %s.", label, shown(s, text), s.Allowed)
	if why := reason.Error(); why != "" {
		sentence += " " + why
	}
	return sentence
}

// shown returns a text for people, cut to a sane length, or Hidden when it is
// or may hold a secret.
func shown(s *Setting, text string) string {
	format := s.field.Tag.Get("format")
	if s.Secret || (format == "address" || format == "url") && conceals(text) {
		return Hidden
	}
	return fmt.Sprintf("%q", problem.Excerpt(text, 100))
}

package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"infrahub-mcp/internal/problem"
)

// Pattern is the parsed INFRAHUB_MCP_BRANCH_PATTERN.
type Pattern []PatternPart

// PatternPart is literal text or a placeholder.
type PatternPart struct {
	Text        string // literal text, "" for a placeholder
	Placeholder string // "date", "hex" or "user", "" for literal text
}

// ParsePattern reads a branch name with placeholders: {date}, {hex} and {user},
// as bare names without a format. {{ and }} stand for single braces. The name
// that comes out must be one that Infrahub allows. The text of an error is a
// sentence for people.
func ParsePattern(pattern string) (Pattern, error) {
	var parts Pattern
	for rest := pattern; rest != ""; {
		var part PatternPart
		var err error
		if part, rest, err = nextPart(rest); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if _, err := checkBranch(parts.Name("20060102", "0123abcd", "anonymous")); err != nil {
		return nil, err
	}
	return parts, nil
}

// nextPart cuts the first part off a pattern.
func nextPart(pattern string) (part PatternPart, rest string, err error) {
	switch {
	case strings.HasPrefix(pattern, "{{"), strings.HasPrefix(pattern, "}}"):
		return PatternPart{Text: pattern[:1]}, pattern[2:], nil
	case pattern[0] == '}':
		return part, "", advice("A } has no { before it.")
	case pattern[0] != '{':
		end := strings.IndexAny(pattern, "{}")
		if end < 0 {
			end = len(pattern)
		}
		return PatternPart{Text: pattern[:end]}, pattern[end:], nil
	}
	name, rest, closed := strings.Cut(pattern[1:], "}")
	if !closed || strings.Contains(name, "{") {
		return part, "", advice("A { has no } behind it.")
	}
	if strings.ContainsAny(name, ":!") {
		return part, "", advice("A placeholder takes no format.")
	}
	if _, err := checkWord(name, []string{"date", "hex", "user"}); err != nil {
		return part, "", advice(strings.TrimSpace(fmt.Sprintf("There is no placeholder %q. %v", problem.Excerpt(name, 50), err)))
	}
	return PatternPart{Placeholder: name}, rest, nil
}

// Name puts values in the place of the placeholders. They must be safe in a
// branch name.
func (p Pattern) Name(date, hex, user string) string {
	var name strings.Builder
	for _, part := range p {
		switch part.Placeholder {
		case "date":
			name.WriteString(date)
		case "hex":
			name.WriteString(hex)
		case "user":
			name.WriteString(user)
		default:
			name.WriteString(part.Text)
		}
	}
	return name.String()
}

// checkPattern is ParsePattern for a setting.
func checkPattern(pattern string) (string, error) {
	_, err := ParsePattern(pattern)
	return pattern, err
}

// badBranch matches what Infrahub 1.11 refuses anywhere in a branch name. It
// says so only after seconds, from a background task.
var badBranch = regexp.MustCompile(`\.\.|//|/\.|@\{|[\x00-\x20\x7f~^:?*\[\\]`)

// checkBranch refuses what Infrahub 1.11 refuses as the name of a branch.
func checkBranch(name string) (string, error) {
	if !utf8.ValidString(name) {
		return name, refused
	}
	if length := utf8.RuneCountInString(name); length < 3 || length > 250 {
		return name, advice("A branch name has 3 to 250 characters.")
	}
	if found := badBranch.FindString(name); found != "" {
		return name, advice(fmt.Sprintf("A branch name must not hold %q.", found))
	}
	for _, end := range []string{"/", ".", ".lock"} {
		if strings.HasSuffix(name, end) {
			return name, advice(fmt.Sprintf("A branch name must not end with %q.", end))
		}
	}
	if strings.HasPrefix(name, "/") {
		return name, advice(`A branch name must not start with "/".`)
	}
	return name, nil
}

package model

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Variables returns the variables that a Jinja2 text takes from outside, each
// once, in the order they appear: name__value in "{{ name__value|upper }}".
// It reads as much of Jinja2 as that takes and is no check of the whole text.
// The error for a text that ends within a statement is an *Error.
func Variables(template string) ([]string, error) {
	var s jinjaScan
	for {
		start := strings.IndexByte(template, '{')
		if start < 0 || start+1 == len(template) {
			return s.found, nil
		}
		opening := template[start : start+2]
		template = template[start+1:]
		switch opening {
		case "{#":
			_, rest, closed := strings.Cut(template[1:], "#}")
			if !closed {
				return nil, refuse("Missing end of comment tag")
			}
			template = rest
		case "{{", "{%":
			closing, name := "}}", "print statement"
			if opening == "{%" {
				closing, name = "%}", "statement block"
			}
			tokens, rest, closed := jinjaTokens(template[1:], closing)
			if !closed {
				return nil, refuse("unexpected end of template, expected 'end of %s'.", name)
			}
			if opening == "{%" {
				tokens = s.statement(tokens)
			}
			s.expression(tokens)
			template = rest
		}
	}
}

// isTemplate tells whether a display label is a Jinja2 text rather than a path.
func isTemplate(label string) bool {
	return strings.ContainsAny(label, "{}")
}

// jinjaScan notes the variables of a text.
type jinjaScan struct {
	found []string
	own   []string // what the text itself sets
}

// statement notes what a statement sets and returns the tokens that are an
// expression.
func (s *jinjaScan) statement(tokens []string) []string {
	tokens = slices.DeleteFunc(tokens, func(token string) bool { return token == "-" || token == "+" })
	if len(tokens) == 0 {
		return nil
	}
	switch tokens[0] {
	case "if", "elif", "call", "filter":
		return tokens[1:]
	case "for":
		if in := slices.Index(tokens, "in"); in > 0 {
			s.own = append(s.own, tokens[1:in]...)
			s.own = append(s.own, "loop")
			return tokens[in+1:]
		}
	case "set":
		if is := slices.Index(tokens, "="); is > 0 {
			s.own = append(s.own, tokens[1:is]...)
			return tokens[is+1:]
		}
	}
	return nil
}

// expression notes the variables of an expression.
func (s *jinjaScan) expression(tokens []string) {
	previous := ""
	for i, token := range tokens {
		next := ""
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		// A name behind these is that of a member, a filter or a test; one
		// before a single equals sign is that of an argument.
		part := previous == "." || previous == "|" || previous == "is" || next == "="
		if previous != "is" || token != "not" {
			previous = token
		}
		if part || !isName(token) || isJinjaWord(token) {
			continue
		}
		if !slices.Contains(s.own, token) && !slices.Contains(s.found, token) {
			s.found = append(s.found, token)
		}
	}
}

// jinjaTokens splits a text up to the closing mark into names and marks; texts
// in quotes and numbers become an empty token. It returns what follows.
func jinjaTokens(text, closing string) (tokens []string, rest string, closed bool) {
	for text != "" {
		if strings.HasPrefix(text, closing) {
			return tokens, text[len(closing):], true
		}
		c, size := utf8.DecodeRuneInString(text)
		length := size
		switch {
		case c == '\'' || c == '"':
			end := endOfQuote(text)
			if end < 0 {
				return nil, "", false
			}
			tokens, length = append(tokens, ""), end
		case unicode.IsLetter(c) || c == '_':
			length = strings.IndexFunc(text, func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_'
			})
			if length < 0 {
				return nil, "", false
			}
			tokens = append(tokens, text[:length])
		case unicode.IsDigit(c):
			tokens = append(tokens, "")
		case strings.HasPrefix(text, "=="):
			tokens, length = append(tokens, "=="), 2
		case !unicode.IsSpace(c):
			tokens = append(tokens, text[:size])
		}
		text = text[length:]
	}
	return nil, "", false
}

// endOfQuote returns the index behind a text in quotes, or a negative number.
func endOfQuote(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return -1
}

func isName(token string) bool {
	c, _ := utf8.DecodeRuneInString(token)
	return unicode.IsLetter(c) || c == '_'
}

func isJinjaWord(token string) bool {
	switch token {
	case "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None":
		return true
	}
	return false
}

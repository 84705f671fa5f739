package toon

import "strings"

// specialBytes returns the bytes for which a string is quoted wherever they
// stand in it (§7.2).
func specialBytes(delimiter byte) (special [256]bool) {
	for c := range byte(' ') {
		special[c] = true
	}
	for _, c := range []byte(`:"\[]{}`) {
		special[c] = true
	}
	special[delimiter] = true
	return special
}

// appendString appends a string value, quoted if it would be read as something
// else without quotes (§7.2).
func appendString(dst []byte, s string, special *[256]bool) []byte {
	if isPlain(s, special) {
		return append(dst, s...)
	}
	return appendQuoted(dst, s)
}

func isPlain(s string, special *[256]bool) bool {
	if s == "" || s[0] == ' ' || s[len(s)-1] == ' ' || s[0] == '-' || s[0] == '#' {
		return false
	}
	if s == "null" || s == "true" || s == "false" || resemblesNumber(s) {
		return false
	}
	for i := range len(s) {
		if special[s[i]] {
			return false
		}
	}
	return true
}

// resemblesNumber reports whether s is a number, or would be one but for a plus
// sign or zeros in front. Negative numbers need no mention: whatever begins
// with a hyphen is quoted.
func resemblesNumber(s string) bool {
	s = strings.TrimPrefix(s, "+")
	s, ok := cutDigits(s)
	if !ok {
		return false
	}
	if fraction, found := strings.CutPrefix(s, "."); found {
		if s, ok = cutDigits(fraction); !ok {
			return false
		}
	}
	if s != "" && s[0]|0x20 == 'e' {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if s, ok = cutDigits(s); !ok {
			return false
		}
	}
	return s == ""
}

// cutDigits cuts the digits off the front of s and reports whether there was one.
func cutDigits(s string) (rest string, found bool) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[i:], i > 0
}

// appendKey appends the name of a member, quoted unless it is an identifier in
// which dots are allowed (§7.3).
func appendKey(dst []byte, name string) []byte {
	if isIdentifier(name, true) {
		return append(dst, name...)
	}
	return appendQuoted(dst, name)
}

// isIdentifier reports whether name consists of letters, digits, underscores
// and perhaps dots, and begins with a letter or an underscore.
func isIdentifier(name string, dots bool) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || !isDigit(c) && (c != '.' || !dots)) {
			return false
		}
	}
	return name != ""
}

// appendQuoted appends s in quotes (§7.1).
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

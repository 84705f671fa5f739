package telemetry

import (
	"regexp"
	"slices"
	"strings"
)

// shapes finds credentials that nobody has told of by how they are written. It
// is a second line: what a request carries is known, see [WithSecrets].
type shapes struct {
	// words are what precedes credentials, by their first byte in either case. A
	// text without any of them is left alone.
	words [256][]string
	// header is the name of one and what separates it from its value.
	header *regexp.Regexp
}

// newShapes returns the shapes, with names of headers that carry credentials.
func newShapes(headers []string) *shapes {
	names := make([]string, len(headers))
	for i, name := range headers {
		names[i] = regexp.QuoteMeta(name)
	}
	s := &shapes{header: regexp.MustCompile(`(?i)(?:` + strings.Join(names, "|") + `)\\*["']?\s*[:=]\s*`)}
	words := []string{"basic", "bearer", "code=", "code_verifier=", "cred", "key", "passw", "pwd", "secret", "state=", "token"}
	for _, word := range slices.Concat(headers, words) {
		first := word[0]
		s.words[first] = append(s.words[first], word)
		if 'a' <= first && first <= 'z' {
			s.words[first-'a'+'A'] = append(s.words[first-'a'+'A'], word)
		}
	}
	return s
}

// The other shapes. Those that end before a credential say in what it may be.
var (
	// jsonWebToken is one with or without a signature (RFC 7519): what begins
	// with a JSON object in base64.
	jsonWebToken = regexp.MustCompile(`eyJ[A-Za-z0-9_+/=-]{8,}[A-Za-z0-9_.+/=-]*`)
	// userinfo is what stands before the host in a URL (RFC 3986, section 3.2.1).
	userinfo = regexp.MustCompile(`://[^\s/?#@"'\\]+@`)
	// scheme is that of credentials in a header (RFC 9110, section 11.4).
	scheme = regexp.MustCompile(`(?i)\b(?:basic|bearer)(?:\s|%20|\+|\\[ntr])+`)
	// pair is a name before its value in a form, in JSON, and in what package fmt
	// writes.
	pair = regexp.MustCompile(`(?i)(?:api[_-]?key|credentials?|passwd|password|pwd|secret|token)(?:\\*["']\s*:\s*|:|=|%3D)|[?&](?:code|code_verifier|state)=`)
)

// hide replaces what looks like a credential.
func (s *shapes) hide(text string) string {
	if strings.Contains(text, "eyJ") {
		text = jsonWebToken.ReplaceAllString(text, Hidden)
	}
	if strings.Contains(text, "://") && strings.Contains(text, "@") {
		text = userinfo.ReplaceAllString(text, "://"+Hidden+"@")
	}
	if !s.mentioned(text) {
		return text
	}
	text = hideAfter(s.header, text, func(_, text string) int { return lineEnd(text) })
	text = hideAfter(scheme, text, credentialEnd)
	return hideAfter(pair, text, valueEnd)
}

// mentioned reports whether one of the words is in a text, whatever its case.
func (s *shapes) mentioned(text string) bool {
	for i := range len(text) {
		for _, word := range s.words[text[i]] {
			// The second byte settles most, at less cost.
			if len(word) <= len(text)-i && text[i+1]|0x20 == word[1]|0x20 && strings.EqualFold(text[i:i+len(word)], word) {
				return true
			}
		}
	}
	return false
}

// hideAfter hides what follows each match: up to the quote that closes it if
// there are quotes, else as much as end says, which is told the match.
func hideAfter(before *regexp.Regexp, text string, end func(match, text string) int) string {
	var out strings.Builder
	for {
		at := before.FindStringIndex(text)
		if at == nil {
			out.WriteString(text)
			return out.String()
		}
		match := text[at[0]:at[1]]
		out.WriteString(text[:at[1]])
		text = text[at[1]:]
		quote := opening(text)
		out.WriteString(quote)
		text = text[len(quote):]
		n := 0
		switch {
		case quote != "":
			n = closing(quote, text)
		case strings.HasPrefix(text, Hidden): // and perhaps only a part of it
			n = len(Hidden) + end(match, text[len(Hidden):])
		default:
			n = end(match, text)
		}
		if n > 0 {
			out.WriteString(Hidden)
			text = text[n:]
		}
	}
}

// opening returns the quote that a text begins with, and the backslashes before
// it when the text is itself within quotes.
func opening(text string) string {
	bare := strings.TrimLeft(text, `\`)
	if bare == "" || bare[0] != '"' && bare[0] != '\'' {
		return ""
	}
	return text[:len(text)-len(bare)+1]
}

// closing returns where the text between quotes ends. A quote in it has more
// backslashes before it than the one that opened, or as many and a multiple more.
func closing(quote, text string) int {
	escapes, mark := len(quote)-1, quote[len(quote)-1]
	run := 0
	for i := range len(text) {
		switch text[i] {
		case '\\':
			run++
			continue
		case mark:
			if run%(2*(escapes+1)) == escapes {
				return i - escapes
			}
		}
		run = 0
	}
	return len(text)
}

// lineEnd returns where a line ends.
func lineEnd(text string) int {
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		return i
	}
	return len(text)
}

// credentialEnd returns where a credential after its scheme ends, or 0 when it
// is a word of a sentence or a parameter of a challenge.
func credentialEnd(_, text string) int {
	n := strings.IndexAny(text, " \t\r\n\"'\\,;)}]<>")
	if n < 0 {
		n = len(text)
	}
	word := strings.ToLower(strings.TrimRight(text[:n], ".:!?"))
	if strings.HasSuffix(word, "=") && n < len(text) && text[n] == '"' {
		return 0
	}
	switch word {
	case "auth", "authentication", "credential", "credentials", "passthrough", "scheme", "token", "tokens":
		return 0
	}
	return n
}

// valueEnd returns where a value ends. After a colon and a space it is none:
// errors are wrapped so.
func valueEnd(_, text string) int {
	if n := strings.IndexAny(text, " \t\r\n\"'\\,;&)}]"); n >= 0 {
		return n
	}
	return len(text)
}

package toon

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parse reads one JSON text (RFC 8259). indent is the number of spaces that
// one level will cost; it bounds how deep the text may go.
func parse(src []byte, indent int) (document, error) {
	// Strings of the tree point into this one copy.
	whole := string(src)
	if !utf8.ValidString(whole) {
		whole = string([]rune(whole))
	}
	// Each value but the first of its container follows a comma. Text full of
	// commas and brackets must not make room for values that never come.
	values := 1 + bytes.Count(src, []byte{','}) + bytes.Count(src, []byte{'{'}) + bytes.Count(src, []byte{'['})
	p := parser{
		src:    whole,
		doc:    make(document, 0, min(values, 1+len(src)/8)),
		indent: indent,
		budget: 64<<10 + 16*len(whole),
	}
	if err := p.value("", 0); err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.src) {
		return nil, p.unexpected("the end of the text")
	}
	return p.doc, nil
}

// parser reads src from pos and appends to doc.
type parser struct {
	src    string
	pos    int
	doc    document
	indent int
	// budget is how many spaces of indentation the values to come may cost. It
	// is a multiple of the size of the text, because a few bytes at great
	// depth take a line each: 20 KB of brackets would grow to 100 MB.
	budget int
}

// value reads a value at the given depth and appends it under the given key.
func (p *parser) value(key string, depth int) error {
	p.budget -= depth * p.indent
	if p.budget < 0 {
		return ErrTooDeep
	}
	p.space()
	start := p.pos
	switch c := p.peek(); {
	case c == '{':
		return p.object(key, depth)
	case c == '[':
		return p.array(key, depth)
	case c == '"':
		s, err := p.string()
		if err != nil {
			return err
		}
		p.add(key, s, text)
	case c == '-' || isDigit(c):
		if err := p.number(); err != nil {
			return err
		}
		p.add(key, p.src[start:p.pos], number)
	case p.accept("null") || p.accept("true") || p.accept("false"):
		p.add(key, p.src[start:p.pos], literal)
	default:
		return p.unexpected("a value")
	}
	return nil
}

// add appends a node and returns its index.
func (p *parser) add(key, text string, k kind) int {
	p.doc = append(p.doc, node{key: key, text: text, kind: k, size: 1})
	return len(p.doc) - 1
}

// close completes the container at the given index.
func (p *parser) close(at, count int) {
	p.doc[at].count = count
	p.doc[at].size = len(p.doc) - at
}

func (p *parser) array(key string, depth int) error {
	at := p.add(key, "", array)
	p.pos++
	p.space()
	if p.accept("]") {
		return nil
	}
	for count := 1; ; count++ {
		if err := p.value("", depth+1); err != nil {
			return err
		}
		p.space()
		if p.accept("]") {
			p.close(at, count)
			return nil
		}
		if !p.accept(",") {
			return p.unexpected("a comma or the end of the array")
		}
	}
}

func (p *parser) object(key string, depth int) error {
	at := p.add(key, "", object)
	p.pos++
	p.space()
	if p.accept("}") {
		return nil
	}
	for count := 1; ; count++ {
		p.space()
		if p.peek() != '"' {
			return p.unexpected("a name in quotes")
		}
		name, err := p.string()
		if err != nil {
			return err
		}
		p.space()
		if !p.accept(":") {
			return p.unexpected("a colon")
		}
		if err := p.value(name, depth+1); err != nil {
			return err
		}
		p.space()
		if p.accept("}") {
			p.close(at, count)
			p.dropRepeated(at)
			return nil
		}
		if !p.accept(",") {
			return p.unexpected("a comma or the end of the object")
		}
	}
}

// dropRepeated removes the members of the object just read whose name comes
// again later in it: readers of TOON refuse repeated names (§14.3).
func (p *parser) dropRepeated(at int) {
	if !p.doc.repeats(at) {
		return
	}
	last := make(map[string]int, p.doc[at].count)
	for m := range p.doc.children(at) {
		last[p.doc[m].key] = m
	}
	end := at + 1
	for m := at + 1; m < len(p.doc); {
		next := m + p.doc[m].size
		if last[p.doc[m].key] == m {
			end += copy(p.doc[end:], p.doc[m:next])
		}
		m = next
	}
	p.doc = p.doc[:end]
	p.close(at, len(last))
}

// string reads a string, of which the opening quote is next, and returns what
// it stands for.
func (p *parser) string() (string, error) {
	p.pos++
	start := p.pos
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '"':
			p.pos++
			return p.src[start : p.pos-1], nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.unexpected("no control character in a string")
		}
		p.pos++
	}
	return "", p.unexpected("the end of the string")
}

// escaped reads on in a string that began at start and has an escape next.
func (p *parser) escaped(start int) (string, error) {
	var b strings.Builder
	b.Grow(p.extent(start))
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '"':
			b.WriteString(p.src[start:p.pos])
			p.pos++
			return b.String(), nil
		case c == '\\':
			b.WriteString(p.src[start:p.pos])
			r, ok := p.escape()
			if !ok {
				return "", p.unexpected("an escape sequence")
			}
			b.WriteRune(r)
			start = p.pos
		case c < ' ':
			return "", p.unexpected("no control character in a string")
		default:
			p.pos++
		}
	}
	return "", p.unexpected("the end of the string")
}

// extent returns how many bytes the string takes that began at start and has an
// escape next. What it stands for takes no more.
func (p *parser) extent(start int) int {
	for i := p.pos; i < len(p.src); i++ {
		switch p.src[i] {
		case '"':
			return i - start
		case '\\':
			i++
		}
	}
	return 0
}

// escape reads one escape sequence, both halves of a surrogate pair together.
func (p *parser) escape() (rune, bool) {
	rest := p.src[p.pos:]
	if len(rest) < 2 {
		return 0, false
	}
	if rest[1] == 'u' {
		r, ok := codeUnit(rest)
		if !ok {
			return 0, false
		}
		p.pos += 6
		if utf16.IsSurrogate(r) {
			// A pair makes one character. Half a pair becomes U+FFFD, and
			// what follows it is read on its own.
			low, _ := codeUnit(rest[6:])
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				p.pos += 6
			}
		}
		return r, true
	}
	i := strings.IndexByte(`"\/bfnrt`, rest[1])
	if i < 0 {
		return 0, false
	}
	p.pos += 2
	return rune("\"\\/\b\f\n\r\t"[i]), true
}

// codeUnit reads the \uXXXX that s begins with.
func codeUnit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for i := 2; i < 6; i++ {
		if c := s[i] | 0x20; !isDigit(s[i]) && (c < 'a' || c > 'f') {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}

// number steps over a number (RFC 8259 §6).
func (p *parser) number() error {
	p.accept("-")
	if !p.accept("0") && !p.digits() {
		return p.unexpected("a digit")
	}
	if p.accept(".") && !p.digits() {
		return p.unexpected("a digit")
	}
	if p.accept("e") || p.accept("E") {
		if !p.accept("+") {
			p.accept("-")
		}
		if !p.digits() {
			return p.unexpected("a digit")
		}
	}
	return nil
}

// digits steps over digits and reports whether there was one.
func (p *parser) digits() bool {
	start := p.pos
	for isDigit(p.peek()) {
		p.pos++
	}
	return p.pos > start
}

// space steps over white space.
func (p *parser) space() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\n', '\r', '\t':
			p.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end. A NUL byte has no place in JSON
// outside of strings, so the two need not be told apart.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// accept steps over s if it is next.
func (p *parser) accept(s string) bool {
	if !strings.HasPrefix(p.src[p.pos:], s) {
		return false
	}
	p.pos += len(s)
	return true
}

func (p *parser) unexpected(wanted string) error {
	if p.pos >= len(p.src) {
		return fmt.Errorf("toon: invalid JSON: the text ends at byte %d, expected %s", p.pos, wanted)
	}
	return fmt.Errorf("toon: invalid JSON: %q at byte %d, expected %s", p.src[p.pos], p.pos, wanted)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

package toon

import (
	"strconv"
	"strings"
)

// encoder writes a document to dst.
type encoder struct {
	doc     document
	dst     []byte
	start   int // length of dst before the document
	options Options
	special [256]bool // bytes that no unquoted string may contain
}

func newEncoder(dst []byte, doc document, options Options) *encoder {
	return &encoder{
		doc:     doc,
		dst:     dst,
		start:   len(dst),
		options: options,
		special: specialBytes(options.Delimiter),
	}
}

// root writes the whole document (§5).
func (e *encoder) root() {
	switch n := &e.doc[0]; {
	case n.kind == object && e.keyed(0):
		e.keyedTable(0, 0)
	case n.kind == object:
		e.members(0, 0, e.options.FoldDepth)
	case n.kind == array && n.count == 0:
		e.write("[]")
	case n.kind == array:
		e.array(0, 0, true)
	case n.kind == text && strings.HasPrefix(n.text, "\uFEFF"):
		// Readers take a byte-order mark away from the start of a text.
		e.dst = appendQuoted(e.dst, n.text)
	default:
		e.primitive(0)
	}
}

// members writes the members of an object from a new line on (§8). fold is how
// many names a dotted key may join.
func (e *encoder) members(parent, depth, fold int) {
	for m := range e.doc.children(parent) {
		e.line(depth)
		e.member(parent, m, depth, fold)
	}
}

// member writes the member m of the object at parent onto the current line,
// which is at the given depth, and what it contains onto deeper lines.
func (e *encoder) member(parent, m, depth, fold int) {
	m, fold = e.name(parent, m, fold)
	switch n := &e.doc[m]; {
	case n.kind == object && e.keyed(m):
		e.keyedTable(m, depth)
	case n.kind == object:
		e.write(":")
		e.members(m, depth+1, fold)
	case n.kind == array && n.count == 0:
		e.write(": []")
	case n.kind == array:
		e.array(m, depth, true)
	default:
		e.write(": ")
		e.primitive(m)
	}
}

// array writes the header of an array onto the current line and its elements
// either beside it, as a table or as a list (§9). A table needs a place for
// its fields, which an array that is itself an element does not have (§9.4).
func (e *encoder) array(at, depth int, table bool) {
	e.header(at, "")
	switch {
	case e.doc.flat(at):
		e.write(":")
		if e.doc[at].count > 0 {
			e.write(" ")
			e.row(at, at)
		}
	case table && e.uniform(at):
		e.fields(at + 1)
		e.write(":")
		for row := range e.doc.children(at) {
			e.line(depth + 1)
			e.row(at+1, row)
		}
	default:
		e.write(":")
		for item := range e.doc.children(at) {
			e.line(depth + 1)
			e.item(item, depth+1)
		}
	}
}

// item writes an element of a list. The members of an object stand one level
// deeper than its hyphen, even the first, which shares the line (§10).
func (e *encoder) item(at, depth int) {
	e.write("-")
	switch e.doc[at].kind {
	case object:
		for m := range e.doc.children(at) {
			if m == at+1 {
				e.write(" ")
			} else {
				e.line(depth + 1)
			}
			e.member(at, m, depth+1, e.options.FoldDepth)
		}
	case array:
		e.write(" ")
		e.array(at, depth, false)
	default:
		e.write(" ")
		e.primitive(at)
	}
}

// header writes the length of a container in brackets, followed by a mark and
// by the delimiter unless it is the comma (§6).
func (e *encoder) header(at int, mark string) {
	e.write("[")
	e.dst = strconv.AppendInt(e.dst, int64(e.doc[at].count), 10)
	e.write(mark)
	if e.options.Delimiter != ',' {
		e.dst = append(e.dst, e.options.Delimiter)
	}
	e.write("]")
}

// line begins a line at the given depth. The document ends without a line
// break, so each is written before the line and not after it.
func (e *encoder) line(depth int) {
	if len(e.dst) > e.start {
		e.dst = append(e.dst, '\n')
	}
	for range depth * e.options.Indent {
		e.dst = append(e.dst, ' ')
	}
}

// primitive writes a value that is no container.
func (e *encoder) primitive(at int) {
	switch n := &e.doc[at]; n.kind {
	case number:
		e.dst = appendNumber(e.dst, n.text)
	case text:
		e.dst = appendString(e.dst, n.text, &e.special)
	default:
		e.write(n.text)
	}
}

func (e *encoder) write(s string) { e.dst = append(e.dst, s...) }

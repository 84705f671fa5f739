// Package toon writes JSON as TOON, the Token-Oriented Object Notation: a text
// form of the same data that spends fewer tokens of a language model, chiefly
// by naming the fields of a table once.
//
// It follows version 4 of the specification
// (https://github.com/toon-format/spec); section numbers in this package refer
// to it. Where the specification leaves a choice, the text agrees with version
// 4.4.0 of the format's reference implementation, but for two liberties of
// JSON that JavaScript does not have: numbers keep every digit, and members
// keep their order even when their names look like array indexes.
package toon

import (
	"errors"
	"fmt"
)

// ErrTooDeep reports JSON nested so deeply that the indentation of its TOON
// form would outweigh the data many times over. Documents of ordinary depth
// never meet it; their compact JSON is the better text for those that do.
var ErrTooDeep = errors.New("toon: nested too deeply to be indented")

// FromJSON appends the TOON form of one JSON text to dst and returns the
// extended slice. On error it returns dst as it was.
//
// Members of objects keep their order, except that the rows of a table follow
// its first row. Numbers lose no digit: integers written in full are copied,
// every other number is brought into the canonical form of §2, in exponent
// notation when it is not zero and its magnitude is below 1e-6, or 1e21 and
// above. Of members with the same name the last is kept, and what is not
// Unicode (a lone surrogate, an ill-formed byte) becomes U+FFFD, both as
// encoding/json reads them.
//
// The result ends without a newline and is empty for an empty object. Errors
// are ErrTooDeep and those of text that is not JSON (RFC 8259), which name the
// offset in bytes.
func FromJSON(dst, src []byte) ([]byte, error) {
	return Encode(dst, src, Options{})
}

// Encode is FromJSON with options.
func Encode(dst, src []byte, options Options) ([]byte, error) {
	options, err := options.complete()
	if err != nil {
		return dst, err
	}
	doc, err := parse(src, options.Indent)
	if err != nil {
		return dst, err
	}
	e := newEncoder(dst, doc, options)
	e.root()
	return e.dst, nil
}

// Options are what the specification lets an encoder choose (§13). The zero
// value is the default of each.
type Options struct {
	// Delimiter stands between the values of a row and between those of an
	// array on one line: a comma (the default), a tab or a vertical bar.
	Delimiter byte
	// Indent is the number of spaces of one level, 1 to 16; 0 means 2.
	Indent int
	// Version is the major version of the specification to write, 3 or 4; 0
	// means 4. Version 3 has no groups of nested fields (§9.3) and no tables
	// with keyed rows (§9.5).
	Version int
	// FoldDepth is how many names of a chain of objects with one member each
	// are written as one dotted key (version 3.3, §13.4, "keyFolding" and
	// "flattenDepth"); below 2 none are. Version 4 has no such keys.
	FoldDepth int
}

// complete returns the options with defaults filled in, or what is wrong.
func (o Options) complete() (Options, error) {
	if o.Delimiter == 0 {
		o.Delimiter = ','
	}
	if o.Indent == 0 {
		o.Indent = 2
	}
	if o.Version == 0 {
		o.Version = 4
	}
	switch {
	case o.Delimiter != ',' && o.Delimiter != '\t' && o.Delimiter != '|':
		return o, fmt.Errorf("toon: delimiter %q is none of comma, tab and vertical bar", o.Delimiter)
	case o.Indent < 1 || o.Indent > 16:
		return o, fmt.Errorf("toon: indentation of %d spaces is not within 1 and 16", o.Indent)
	case o.Version != 3 && o.Version != 4:
		return o, fmt.Errorf("toon: version %d of the specification is neither 3 nor 4", o.Version)
	case o.Version != 3 && o.FoldDepth > 1:
		return o, fmt.Errorf("toon: version %d of the specification has no folded keys", o.Version)
	}
	return o, nil
}

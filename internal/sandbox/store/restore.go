package store

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Read returns a Store with the data of a snapshot that WriteTo wrote. Of the
// options it takes the clock and the source of randomness; the rest is in the
// snapshot. A stream that is cut short, altered, from a newer version, or no
// snapshot at all gives ErrSnapshot, and no Store.
func Read(r io.Reader, options Options) (*Store, error) {
	s, err := readSnapshot(r, options)
	if err != nil {
		return nil, fmt.Errorf("reading a snapshot: %w", err)
	}
	return s, nil
}

func readSnapshot(r io.Reader, options Options) (*Store, error) {
	compressed, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return nil, unusable(err, "it is not compressed by gzip")
	}
	decoder := json.NewDecoder(compressed)
	decoder.UseNumber()
	reader := &snapshotReader{decoder: decoder, log: newLog()}
	h, err := reader.header()
	if err != nil {
		return nil, err
	}
	s := empty(options)
	for _, part := range []struct {
		name  string
		count int
		read  func() error
	}{
		{"name", h.Names, reader.name},
		{"node", h.Nodes, reader.node},
		{"subject", h.Subjects, reader.subject},
		{"layer", h.Layers, reader.layer},
		{"commit", h.Commits, reader.commit},
		{"fact", h.Facts, reader.fact},
		{"branch", h.Branches, reader.branch},
		{"end", 1, reader.end},
	} {
		for i := range part.count {
			if err := part.read(); err != nil {
				return nil, fmt.Errorf("%s %d of %d: %w", part.name, i+1, part.count, err)
			}
		}
	}
	if err := reader.finish(); err != nil {
		return nil, err
	}
	s.log, s.branches = reader.log, reader.branches
	s.committed = size(s.log.commits) - 1
	s.last = s.log.commits[s.committed].at
	return s, nil
}

// snapshotReader builds a log from the rows of a snapshot. It trusts nothing:
// every reference has to lead to something that is already there.
type snapshotReader struct {
	decoder  *json.Decoder
	log      *log
	branches []*branch
}

func (r *snapshotReader) header() (snapshotHeader, error) {
	var h snapshotHeader
	err := r.decoder.Decode(&h)
	switch {
	case err != nil || h.Format != snapshotFormat:
		return h, unusable(err, "it does not begin like one")
	case h.Version != snapshotVersion:
		return h, unusable(nil, fmt.Sprintf("its version is %d, and this program reads version %d", h.Version, snapshotVersion))
	}
	return h, nil
}

func (r *snapshotReader) name() error {
	row := r.row(1)
	name := row.text()
	if _, taken := r.log.symbols[name]; taken {
		return row.refuse("a name comes twice")
	}
	if row.err == nil {
		r.log.intern(name)
	}
	return row.err
}

func (r *snapshotReader) node() error {
	row := r.row(2)
	id, kind := row.text(), symbol(row.index(len(r.log.names)))
	if _, taken := r.log.byID[id]; taken || id == "" || kind == 0 {
		return row.refuse("a node comes twice or lacks its id or kind")
	}
	if row.err == nil {
		r.log.addNode(id, kind)
	}
	return row.err
}

func (r *snapshotReader) subject() error {
	row := r.row(4)
	s := subject{
		topic: topic(row.index(int(undirected) + 1)), //nolint:gosec // G115: below the number of topics
		node:  row.index(len(r.log.nodes)),
		peer:  row.index(len(r.log.nodes)),
		name:  symbol(row.index(len(r.log.names))),
	}
	if row.err != nil {
		return row.err
	}
	taken := false
	switch s.topic {
	case existence:
		// The existence of a node comes before all else about it, so that
		// subject 0 is one.
		taken = r.hasExistence(s.node)
	case touch:
		taken = r.log.nodes[s.node].touch != 0
	case attribute:
		_, taken = r.log.findAttribute(s.node, s.name)
	case directed, undirected:
		_, taken = r.log.findEdge(s.node, s.sourceRole(), s.peer)
	}
	switch {
	case taken:
		return row.refuse("a subject comes twice")
	case s.topic != existence && !r.hasExistence(s.node), s.isEdge() && !r.hasExistence(s.peer):
		return row.refuse("a subject comes before its node")
	case (s.topic == attribute || s.isEdge()) && s.name == 0:
		return row.refuse("a subject lacks its name")
	}
	r.log.addSubject(s)
	return nil
}

// hasExistence reports whether the subject of a node's existence has been read.
func (r *snapshotReader) hasExistence(n uint32) bool {
	i := int(r.log.nodes[n].existence)
	return i < len(r.log.subjects) && r.log.subjects[i] == subject{topic: existence, node: n}
}

func (r *snapshotReader) layer() error {
	row := r.row(1)
	if base := row.index(math.MaxInt32); row.err == nil { // checked in finish
		r.log.layers = append(r.log.layers, base)
	}
	return row.err
}

func (r *snapshotReader) commit() error {
	row := r.row(1)
	at := row.integer()
	if before := r.log.commits[len(r.log.commits)-1].at; at <= before || fromMicro(at).Year() > 9999 {
		return row.refuse("times do not increase, or too far")
	}
	if row.err == nil {
		r.log.commits = append(r.log.commits, commit{at: at})
	}
	return row.err
}

func (r *snapshotReader) fact() error {
	row := r.row(8)
	f := fact{
		subject: row.index(len(r.log.subjects)),
		commit:  row.index(len(r.log.commits)),
		layer:   row.index(len(r.log.layers)),
		content: content{flags: flags(row.index(int(isProtected) << 1))}, //nolint:gosec // G115: fits the flags
		author:  symbol(row.index(len(r.log.names))),
	}
	f.source, f.owner = symbol(row.index(len(r.log.names))), symbol(row.index(len(r.log.names)))
	f.value = row.value()
	if row.err != nil {
		return row.err
	}
	before := r.log.facts[len(r.log.facts)-1].commit
	if f.commit == 0 || f.commit < before {
		return row.refuse("facts are out of order")
	}
	r.begin(before+1, f.commit)
	r.log.addFact(f)
	return nil
}

// begin notes that the next fact is the first that may belong to the commits.
func (r *snapshotReader) begin(from, to uint32) {
	for c := from; c <= to; c++ {
		r.log.commits[c].first = size(r.log.facts)
	}
}

func (r *snapshotReader) branch() error {
	var b snapshotBranch
	if err := r.decoder.Decode(&b); err != nil {
		return unusable(err, "a branch is unreadable")
	}
	isDefault := len(r.branches) == 0
	for _, other := range r.branches {
		if other.Name == b.Name {
			return unusable(nil, "a branch comes twice")
		}
	}
	if b.Name == "" || b.IsDefault != isDefault || len(b.Spans) == 0 {
		return unusable(nil, "a branch lacks its name or layer, or is not the default one in its place")
	}
	read := &branch{Branch: b.Branch}
	last := uint32(0)
	for _, s := range b.Spans {
		start, layer := s[0], s[1]
		if start <= last || int(start) >= len(r.log.commits) || int(layer) >= len(r.log.layers) ||
			layer == agnosticLayer || (layer == defaultLayer) != isDefault {
			return unusable(nil, "a branch has a layer that cannot be")
		}
		last = start
		read.spans = append(read.spans, span{start: start, layer: layer})
	}
	r.branches = append(r.branches, read)
	return nil
}

func (r *snapshotReader) end() error {
	row := r.row(1)
	if row.text() != snapshotEnd {
		return row.refuse("it does not end like one")
	}
	return row.err
}

// finish checks what can be checked only when everything is there.
func (r *snapshotReader) finish() error {
	// The decompressor checks its sum when it reaches the end.
	if _, err := r.decoder.Token(); !errors.Is(err, io.EOF) {
		return unusable(err, "something follows its end")
	}
	switch {
	case len(r.log.commits) < 2 || len(r.branches) == 0 || len(r.log.layers) < 2:
		return unusable(nil, "there is no default branch in it")
	case r.branches[0].spans[0].start != 1:
		return unusable(nil, "its default branch does not begin at the beginning")
	}
	for _, base := range r.log.layers {
		if int(base) >= len(r.log.commits) {
			return unusable(nil, "a layer begins at a commit that is not there")
		}
	}
	for n := range r.log.nodes {
		if !r.hasExistence(uint32(n)) {
			return unusable(nil, "a node is without facts")
		}
	}
	r.begin(r.log.facts[len(r.log.facts)-1].commit+1, size(r.log.commits)-1)
	return nil
}

// row reads the next row, which has to have a number of values.
func (r *snapshotReader) row(length int) *snapshotRow {
	row := &snapshotRow{}
	if err := r.decoder.Decode(&row.values); err != nil {
		row.fail(err, "a row is unreadable")
	} else if len(row.values) != length {
		row.fail(nil, "a row has the wrong length")
	}
	return row
}

// snapshotRow hands out the values of a row in turn, and keeps the first error.
type snapshotRow struct {
	values []any
	err    error
}

func (r *snapshotRow) fail(cause error, reason string) {
	if r.err == nil {
		r.err = unusable(cause, reason)
	}
}

func (r *snapshotRow) refuse(reason string) error {
	r.fail(nil, reason)
	return r.err
}

func (r *snapshotRow) value() any {
	if r.err != nil {
		return nil
	}
	value, err := normal(r.values[0])
	if err != nil {
		r.fail(err, "a value is unusable")
	}
	r.values = r.values[1:]
	return value
}

func (r *snapshotRow) text() string {
	text, ok := r.value().(string)
	if !ok {
		r.fail(nil, "a text is missing")
	}
	return text
}

func (r *snapshotRow) integer() int64 {
	integer, ok := r.value().(int64)
	if !ok {
		r.fail(nil, "a number is missing")
	}
	return integer
}

// index reads a number from 0 up to below a limit.
func (r *snapshotRow) index(limit int) uint32 {
	integer := r.integer()
	if integer < 0 || integer >= int64(limit) {
		r.fail(nil, "a reference leads nowhere")
		return 0
	}
	return uint32(integer) //nolint:gosec // G115: below the size of a table
}

func unusable(cause error, reason string) error {
	if cause != nil && !errors.Is(cause, io.EOF) {
		return fmt.Errorf("%w: %s: %w", ErrSnapshot, reason, cause)
	}
	return fmt.Errorf("%w: %s", ErrSnapshot, reason)
}

package store

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
)

// A snapshot is gzip-compressed JSON, one text for each line: a header; one row
// for each entry of each table of the log, table by table in the order of the
// header's counts; one object for each branch; and a last line that says that
// nothing is missing. What the log keeps besides, in order to find things, is
// built anew from these.
const (
	snapshotFormat  = "infrahub-mcp sandbox store"
	snapshotVersion = 1
	snapshotEnd     = "end"
)

type snapshotHeader struct {
	Format   string
	Version  int
	Names    int
	Nodes    int
	Subjects int
	Layers   int
	Commits  int
	Facts    int
	Branches int
}

type snapshotBranch struct {
	Branch
	Spans [][2]uint32 // start, layer
}

// WriteTo writes all data, history included, as it is when the call begins, in a
// form that Read takes. Writers wait only for the beginning. A snapshot holds
// everything in clear: whoever may read it reads passwords and tokens too.
func (s *Store) WriteTo(w io.Writer) (int64, error) {
	counted := &countingWriter{to: w}
	compressed, _ := gzip.NewWriterLevel(counted, gzip.BestSpeed) // a level that exists
	lines := lineWriter{to: bufio.NewWriterSize(compressed, 1<<16)}
	l, branches := s.freeze()
	lines.log(l, branches)
	err := lines.to.Flush()
	if err == nil {
		err = compressed.Close()
	}
	if err != nil {
		return counted.count, fmt.Errorf("writing a snapshot: %w", err)
	}
	return counted.count, nil
}

// freeze returns the tables as they are between two transactions. Whatever is
// written later lies beyond the ends of these slices, and the fields that a
// snapshot needs never change.
func (s *Store) freeze() (log, []snapshotBranch) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	branches := make([]snapshotBranch, len(s.branches))
	for i, b := range s.branches {
		branches[i].Branch = b.Branch
		for _, span := range b.spans {
			branches[i].Spans = append(branches[i].Spans, [2]uint32{span.start, span.layer})
		}
	}
	return log{
		names:    s.log.names,
		nodes:    s.log.nodes,
		subjects: s.log.subjects,
		layers:   s.log.layers,
		commits:  s.log.commits,
		facts:    s.log.facts,
	}, branches
}

// lineWriter writes lines of JSON. The writer below keeps the first error.
type lineWriter struct {
	to     *bufio.Writer
	buffer []byte
}

func (w *lineWriter) log(l log, branches []snapshotBranch) {
	w.object(snapshotHeader{
		Format:   snapshotFormat,
		Version:  snapshotVersion,
		Names:    len(l.names) - 1,
		Nodes:    len(l.nodes),
		Subjects: len(l.subjects),
		Layers:   len(l.layers),
		Commits:  len(l.commits) - 1,
		Facts:    len(l.facts) - 1,
		Branches: len(branches),
	})
	for _, name := range l.names[1:] {
		w.row(name)
	}
	for i := range l.nodes {
		w.row(l.nodes[i].id, int64(l.nodes[i].kind))
	}
	for _, s := range l.subjects {
		w.row(int64(s.topic), int64(s.node), int64(s.peer), int64(s.name))
	}
	for _, base := range l.layers {
		w.row(int64(base))
	}
	for _, c := range l.commits[1:] {
		w.row(c.at)
	}
	for i := range l.facts[1:] {
		f := &l.facts[i+1]
		w.row(int64(f.subject), int64(f.commit), int64(f.layer), int64(f.flags),
			int64(f.author), int64(f.source), int64(f.owner), f.value)
	}
	for i := range branches {
		w.object(branches[i])
	}
	w.row(snapshotEnd)
}

func (w *lineWriter) row(values ...any) {
	w.buffer = append(appendJSON(w.buffer[:0], values), '\n')
	_, _ = w.to.Write(w.buffer)
}

func (w *lineWriter) object(value any) {
	text, _ := json.Marshal(value) // plain structs: cannot fail
	_, _ = w.to.Write(append(text, '\n'))
}

type countingWriter struct {
	to    io.Writer
	count int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.count += int64(n)
	return n, err
}

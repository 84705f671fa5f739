package store_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/store"
)

// eventful returns a store with a little of everything in it.
func eventful(t *testing.T) *bed {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "name", "x"), value("d", "big", json.Number("123456789012345678901")),
		value("d", "facts", map[string]any{"list": []any{1, 2.5, nil, "é"}}), node("s", "Site"), edge("d", site, "s"), edge("d", parent, "d"))
	b.branch("b")
	b.write("b", withProperties("d", "name", "y", store.Properties{IsProtected: true, Source: "s", Owner: "o"}), part("d", site, "s"))
	b.write("main", value("d", "role", "leaf"), func(tx *store.Tx) error { return tx.CreateNode("p", "Site", store.Agnostic) })
	if _, err := b.Rebase("b", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	b.branch("gone")
	b.write("gone", remove("d"))
	if err := b.DeleteBranch("gone"); err != nil {
		t.Fatal(err)
	}
	b.branch("c")
	b.write("c", remove("d"), func(tx *store.Tx) error {
		return tx.SetAttribute("p", store.Attribute{Name: "l", Value: 1, IsDefault: true, IsFromProfile: true}, store.Local)
	})
	if _, err := b.Merge("c", store.MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func save(t testing.TB, s *store.Store) []byte {
	var file bytes.Buffer
	n, err := s.WriteTo(&file)
	if err != nil || n != int64(file.Len()) {
		t.Fatalf("wrote %d of %d bytes, error %v", n, file.Len(), err)
	}
	return file.Bytes()
}

func TestASnapshotHoldsEverything(t *testing.T) {
	b := eventful(t)
	file := save(t, b.Store)
	clock := b.clock.Add(-time.Hour)
	read, err := store.Read(bytes.NewReader(file), store.Options{Clock: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "branches", read.Branches(), b.Branches())
	for _, branch := range b.Branches() {
		for _, at := range []time.Time{current, branch.CreatedAt, branch.CreatedAt.Add(time.Second), branch.BranchedFrom} {
			want, err := b.View(branch.Name, at)
			if err != nil {
				t.Fatal(err)
			}
			got, err := read.View(branch.Name, at)
			if err != nil {
				t.Fatal(err)
			}
			same(t, branch.Name, everything(got), everything(want))
			same(t, "nodes by value", got.Find("name", "y", "Device"), want.Find("name", "y", "Device"))
		}
	}
	same(t, "what was read, written again", bytes.Equal(save(t, read), file), true)
	last := b.now("main").At()
	at, err := read.Update("b", "bob", value("d", "name", "z"))
	if err != nil || !at.After(last) {
		t.Errorf("going on at %v, after %v, error %v", at, last, err)
	}
}

func TestASnapshotIsOfOneMoment(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "name", "before"))
	reader, writer := io.Pipe()
	saved := make(chan error)
	go func() {
		_, err := b.WriteTo(writer)
		saved <- errors.Join(err, writer.Close())
	}()
	file := make([]byte, 1)
	if _, err := io.ReadFull(reader, file); err != nil { // the writer has begun
		t.Fatal(err)
	}
	b.write("main", value("d", "name", "after"), node("e", "Device"))
	rest, err := io.ReadAll(reader)
	if err = errors.Join(err, <-saved); err != nil {
		t.Fatal(err)
	}
	read, err := store.Read(bytes.NewReader(append(file, rest...)), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := read.View("main", current)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "data", []any{v.Count("Device"), readValue(v, "d")}, []any{1, "before"})
}

func readValue(v *store.View, id string) any {
	return read(v, id, "name")
}

func TestAWriterThatFails(t *testing.T) {
	b := eventful(t)
	failed := errors.New("the disk is full")
	if _, err := b.WriteTo(failingWriter{failed}); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestADamagedSnapshotIsRefused(t *testing.T) {
	file := save(t, eventful(t).Store)
	refuse := func(what string, damaged []byte) {
		t.Helper()
		s, err := store.Read(bytes.NewReader(damaged), store.Options{})
		if !errors.Is(err, store.ErrSnapshot) || s != nil {
			t.Fatalf("%s: error %v", what, err)
		}
	}
	for length := range file {
		refuse("cut short", file[:length])
	}
	for i := range file {
		damaged := bytes.Clone(file)
		damaged[i] ^= 0x10
		// A few bits, such as the time in the header of gzip, mean nothing.
		if s, err := store.Read(bytes.NewReader(damaged), store.Options{}); err == nil {
			same(t, "a snapshot with a bit flipped that means nothing", bytes.Equal(save(t, s), file), true)
		} else {
			refuse("a bit flipped", damaged)
		}
	}
	refuse("something after the end", append(bytes.Clone(file), compress("{}")...))
}

func compress(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

func decompress(t testing.TB, file []byte) string {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAForeignSnapshotIsRefused(t *testing.T) {
	b := newBed(t)
	b.write("main", node("d", "Device"), value("d", "name", "x"), node("e", "Device"), edge("d", site, "e"), edge("d", parent, "e"))
	b.branch("b")
	b.write("b", value("d", "name", "y"))
	good := decompress(t, save(t, b.Store))
	lines := strings.Split(strings.TrimSuffix(good, "\n"), "\n")
	// The lines: header; names alice, Device, name, device__site, parent__child
	// (1-5); nodes (6, 7); subjects: d exists, its name, e exists, two edges, d
	// was touched (8-13); layers (14-16); commits (17-20); facts (21-27);
	// branches (28, 29); end.
	replace := func(line int, text string) string {
		changed := append([]string{}, lines...)
		changed[line] = text
		return strings.Join(changed, "\n")
	}
	in := func(line int, old, text string) string {
		if !strings.Contains(lines[line], old) {
			t.Fatalf("line %d is %s", line, lines[line])
		}
		return replace(line, strings.Replace(lines[line], old, text, 1))
	}
	if _, err := store.Read(bytes.NewReader(compress(strings.Join(lines, "\n"))), store.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "does not begin"},
		{"some JSON", `{"data":{}}`, "does not begin"},
		{"some text", "hello", "does not begin"},
		{"of a newer version", in(0, `"Version":1`, `"Version":2`), "its version is 2, and this program reads version 1"},
		{"with less than it says", in(0, `"Facts":7`, `"Facts":8`), "fact 8 of 8"},
		{"with more than it says", in(0, `"Facts":7`, `"Facts":6`), "branch 1 of 2"},
		{"with a negative count", in(0, `"Branches":2`, `"Branches":-1`), "end 1 of 1"},
		{"a name twice", replace(2, lines[1]), "name 2 of 5: not a usable snapshot: a name comes twice"},
		{"a name that is none", replace(2, "[7]"), "a text is missing"},
		{"a node twice", replace(7, lines[6]), "a node comes twice"},
		{"a node without a kind", replace(7, `["e",0]`), "lacks its id or kind"},
		{"a kind that is not there", replace(7, `["e",6]`), "leads nowhere"},
		{"a row that is too long", replace(7, `["e",2,3]`), "wrong length"},
		{"a row that is none", replace(7, `{}`), "unreadable"},
		{"a value that is none", replace(7, `["e",1e999]`), "a value is unusable"},
		{"a topic that is not there", in(8, "[0,", "[5,"), "leads nowhere"},
		{"an attribute twice", replace(10, lines[9]), "a subject comes twice"},
		{"an existence twice", replace(10, lines[8]), "a subject comes twice"},
		{"an edge twice", replace(12, lines[11]), "a subject comes twice"},
		{"a touch twice", replace(12, lines[13]), "a subject comes twice"},
		{"an attribute before its node", replace(8, lines[9]), "a subject comes before its node"},
		{"an edge before its node", replace(10, lines[11]), "a subject comes before its node"},
		{"an attribute without a name", replace(9, "[2,0,0,0]"), "lacks its name"},
		{"a layer from nowhere", replace(16, "[9]"), "a layer begins"},
		{"a negative reference", replace(16, "[-1]"), "leads nowhere"},
		{"times that do not increase", replace(18, lines[17]), "times do not increase"},
		{"a time beyond all calendars", replace(20, "[9223372036854775807]"), "or too far"},
		{"a time that is none", replace(18, `["x"]`), "a number is missing"},
		{"facts out of order", in(21, ",2,1,", ",3,1,"), "facts are out of order"},
		{"a fact of no commit", in(21, ",2,1,", ",0,1,"), "facts are out of order"},
		{"a fact of a commit that is not there", in(26, ",4,2,", ",5,2,"), "leads nowhere"},
		{"unknown flags", in(21, ",2,1,0,", ",2,1,32,"), "leads nowhere"},
		{"a branch twice", replace(29, lines[28]), "a branch comes twice"},
		{"a second default branch", in(29, `"IsDefault":false`, `"IsDefault":true`), "is not the default one in its place"},
		{"no default branch", in(28, `"IsDefault":true`, `"IsDefault":false`), "is not the default one in its place"},
		{"a branch without a layer", in(29, `"Spans":[[3,2]]`, `"Spans":[]`), "lacks its name or layer"},
		{"a branch on the layer of another", in(29, `[[3,2]]`, `[[3,1]]`), "a layer that cannot be"},
		{"a branch on a layer that is not there", in(29, `[[3,2]]`, `[[3,3]]`), "a layer that cannot be"},
		{"a branch from the future", in(29, `[[3,2]]`, `[[5,2]]`), "a layer that cannot be"},
		{"a default branch that begins late", in(28, `[[1,1]]`, `[[2,1]]`), "does not begin at the beginning"},
		{"a branch that is none", replace(29, `[]`), "a branch is unreadable"},
		{"no branch", strings.Replace(strings.Join(append(append([]string{}, lines[:28]...), lines[30]), "\n"), `"Branches":2`, `"Branches":0`, 1), "there is no default branch"},
		{"a node that never was", strings.Join(append(append(append([]string{}, lines[:10]...), "[2,0,0,1]", "[2,0,0,2]", "[2,0,0,4]"), lines[13:]...), "\n"), "a node is without facts"},
		{"another end", replace(30, `["END"]`), "does not end"},
		{"more after the end", good + "{}", "something follows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := store.Read(bytes.NewReader(compress(test.text)), store.Options{})
			if !errors.Is(err, store.ErrSnapshot) || s != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	_, err := store.Read(strings.NewReader("not compressed"), store.Options{})
	if !errors.Is(err, store.ErrSnapshot) || !strings.Contains(err.Error(), "not compressed by gzip") {
		t.Errorf("error %v", err)
	}
}

// FuzzRead proves that a snapshot with any text in the place of one of its lines
// is refused or can be used.
func FuzzRead(f *testing.F) {
	s := store.New(store.Options{Clock: func() time.Time { return time.Unix(1, 0) }})
	if _, err := s.Update("main", "alice", func(tx *store.Tx) error {
		return errors.Join(node("A-1", "A")(tx), value("A-1", "name", "x")(tx), node("B-1", "B")(tx), edge("A-1", site, "B-1")(tx))
	}); err != nil {
		f.Fatal(err)
	}
	if _, err := s.CreateBranch(store.NewBranch{Name: "b"}); err != nil {
		f.Fatal(err)
	}
	if _, err := s.Update("b", "bob", func(tx *store.Tx) error {
		return errors.Join(value("A-1", "name", "y")(tx), remove("B-1")(tx))
	}); err != nil {
		f.Fatal(err)
	}
	lines := strings.SplitAfter(decompress(f, save(f, s)), "\n")
	for i, line := range lines {
		f.Add(uint(i), line)
	}
	f.Fuzz(func(t *testing.T, number uint, line string) {
		changed := append([]string{}, lines...)
		changed[number%uint(len(lines))] = line
		s, err := store.Read(bytes.NewReader(compress(strings.Join(changed, ""))), store.Options{})
		if err != nil {
			return
		}
		for _, branch := range s.Branches() {
			v, err := s.View(branch.Name, current)
			if err != nil {
				t.Fatal(err)
			}
			dump(v)
			_, _ = s.Diff(branch.Name, store.DiffOptions{})
			for _, n := range v.Nodes("A", "B") {
				_, _ = s.Update(branch.Name, "carol", func(tx *store.Tx) error {
					return errors.Join(value(n.ID, "name", "z")(tx), edge(n.ID, site, n.ID)(tx))
				})
				_, _ = s.Update(branch.Name, "carol", remove(n.ID))
			}
			_, _ = s.Rebase(branch.Name, store.MergeOptions{})
			_, _ = s.Merge(branch.Name, store.MergeOptions{})
		}
		if _, err := store.Read(bytes.NewReader(save(t, s)), store.Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

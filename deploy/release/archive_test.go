package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// found is what an archive says of one file.
type found struct {
	Name    string
	Content string
	Mode    fs.FileMode
	Changed time.Time
}

func TestAnArchiveHoldsItsFilesAsTheyAre(t *testing.T) {
	changed := time.Unix(1_700_000_000, 0).UTC()
	entries := within("folder", []entry{
		{Name: "program", Content: []byte("runs"), Run: true},
		{Name: "LICENSE", Content: []byte("text")},
	})
	want := []found{
		{"folder/program", "runs", 0o755, changed},
		{"folder/LICENSE", "text", 0o644, changed},
	}
	for _, test := range []struct {
		name  string
		write archiver
		read  func(*testing.T, []byte) []found
	}{
		{"tar.gz", tarball, untar},
		{"zip", zipped, unzip},
	} {
		t.Run(test.name, func(t *testing.T) {
			var content bytes.Buffer
			if err := test.write(&content, changed, entries); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, test.read(t, content.Bytes())); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func untar(t *testing.T, content []byte) []found {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	var all []found
	for archive := tar.NewReader(compressed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" {
			t.Errorf("%s belongs to somebody", header.Name)
		}
		all = append(all, found{header.Name, read(t, archive), header.FileInfo().Mode(), header.ModTime.UTC()})
	}
}

func unzip(t *testing.T, content []byte) []found {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var all []found
	for _, f := range archive.File {
		opened, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found{f.Name, read(t, opened), f.Mode(), f.Modified.UTC()})
	}
	return all
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"time"
)

// entry is one file of an archive.
type entry struct {
	Name    string // with slashes
	Content []byte
	Run     bool // it is a program
}

func (e entry) mode() int64 {
	if e.Run {
		return 0o755
	}
	return 0o644
}

// archiver writes an archive of entries that were all changed at one time, and
// belong to nobody. The same entries and time give the same bytes.
type archiver func(w io.Writer, changed time.Time, entries []entry) error

// within puts entries into a folder.
func within(folder string, entries []entry) []entry {
	moved := make([]entry, len(entries))
	for i, e := range entries {
		e.Name = folder + "/" + e.Name
		moved[i] = e
	}
	return moved
}

// tarball is an [archiver] of .tar.gz.
func tarball(w io.Writer, changed time.Time, entries []entry) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	for _, e := range entries {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: e.Name, Mode: e.mode(), Size: int64(len(e.Content)), ModTime: changed, Format: tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(e.Content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

// zipped is an [archiver] of .zip.
func zipped(w io.Writer, changed time.Time, entries []entry) error {
	archive := zip.NewWriter(w)
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.Name, Method: zip.Deflate, Modified: changed}
		header.SetMode(0o644)
		if e.Run {
			header.SetMode(0o755)
		}
		content, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := content.Write(e.Content); err != nil {
			return err
		}
	}
	return archive.Close()
}

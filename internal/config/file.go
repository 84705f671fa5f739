package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxFile is the size in bytes up to which most files are read. A bundle of all
// public certificate authorities has a quarter of it.
const maxFile = 1 << 20

// errDirectory means that a directory stands where a file is meant.
var errDirectory = errors.New("it is a directory")

// readFile reads a file of at most so many bytes, which may be a named pipe. Its
// errors leave the path out.
func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, withoutPath(err)
	}
	if info.IsDir() {
		return nil, errDirectory
	}
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	return content, nil
}

// withoutPath returns the cause of an error of the file system.
func withoutPath(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/go-envparse"

	"infrahub-mcp/internal/problem"
)

// envFile is what a .env file supplies.
type envFile struct {
	path   string            // as shown to people
	values map[string]string // of those settings that it may supply
}

// readEnvFile reads the .env file that INFRAHUB_MCP_ENV_FILE names, or ./.env
// if it exists. Warnings say what is ignored. The error is an advice that
// holds nothing of the content of the file.
func readEnvFile() (envFile, []string, error) {
	const variable = "INFRAHUB_MCP_ENV_FILE"
	path, named := os.LookupEnv(variable)
	if path = strings.TrimSpace(path); !named {
		path = ".env"
	}
	if path == "" {
		return envFile{}, nil, nil
	}
	file := envFile{path: fmt.Sprintf("%q", problem.Excerpt(path, 200))}
	content, err := readFile(path, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && named:
		return file, []string{fmt.Sprintf("%s is %s, but there is no such file.", variable, file.path)}, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errDirectory) && !named:
		return file, nil, nil // a directory .env is some project's Python environment
	case err != nil:
		return file, nil, advice(fmt.Sprintf("The file %s cannot be read: %v. Set %s to an empty value to start without it.", file.path, err, variable))
	}
	var ignored []string
	if file.values, ignored, err = parseEnvFile(content); err != nil {
		return file, nil, advice(fmt.Sprintf("The file %s is malformed: %v. Set %s to an empty value to start without it.", file.path, err, variable))
	}
	file.yieldCredential()
	warnings := make([]string, len(ignored))
	for i, name := range ignored {
		warnings[i] = fmt.Sprintf("%s in %s is ignored: the file may set %s.", name, file.path, strings.Join(envFileNames(), ", "))
	}
	return file, warnings, nil
}

// parseEnvFile returns those variables of a .env file that it may supply, and
// the names of those that it may not although they are meant for this program.
// All others belong to somebody else. The error is an advice without any of
// the content.
func parseEnvFile(content []byte) (values map[string]string, ignored []string, err error) {
	all, err := envparse.Parse(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	if err != nil {
		return nil, nil, malformed(err)
	}
	allowed := envFileNames()
	values = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch {
		case slices.Contains(allowed, name) && !utf8.ValidString(all[name]):
			// Also the mark of a non-ASCII value that a comment follows, which
			// the parser cuts one byte short.
			return nil, nil, advice(name + " is not valid UTF-8; if a comment follows it, move that to a line of its own")
		case slices.Contains(allowed, name):
			values[name] = all[name]
		case strings.HasPrefix(strings.ToUpper(name), "INFRAHUB_"):
			ignored = append(ignored, name)
		}
	}
	return values, ignored, nil
}

// malformed says what is wrong with a .env file. The parser quotes characters
// of the file in some of its errors; those are replaced.
func malformed(err error) advice {
	at, ok := errors.AsType[*envparse.ParseError](err)
	if !ok {
		return "it cannot be parsed"
	}
	if errors.Is(at.Err, bufio.ErrTooLong) {
		return advice(fmt.Sprintf("line %d is too long", at.Line+1))
	}
	for _, known := range []error{envparse.ErrMissingSeparator, envparse.ErrEmptyKey, envparse.ErrUnmatchedDouble, envparse.ErrUnmatchedSingle} {
		if errors.Is(at.Err, known) {
			return advice(fmt.Sprintf("line %d: %v", at.Line, known))
		}
	}
	return advice(fmt.Sprintf("line %d is not of the form NAME=value", at.Line))
}

// yieldCredential forgets the credential of the file when the environment
// carries any part of one: half of each would be neither's.
func (f *envFile) yieldCredential() {
	var credential []string
	carried := false
	for _, s := range Settings() {
		if s.field.Tag.Get("envfile") == "credential" {
			credential = append(credential, s.Name)
			carried = carried || !s.blank(os.Getenv(s.Name)) || s.File != "" && strings.TrimSpace(os.Getenv(s.File)) != ""
		}
	}
	if carried {
		maps.DeleteFunc(f.values, func(name, _ string) bool { return slices.Contains(credential, name) })
	}
}

// envFileNames lists the variables that a .env file may supply. They are few,
// so that the file of a foreign project, in whose folder a client happens to
// start this program, cannot switch TLS off or allow writing.
func envFileNames() []string {
	var names []string
	for _, s := range Settings() {
		if s.EnvFile {
			names = append(names, s.Name)
		}
	}
	return names
}

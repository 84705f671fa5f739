package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// testdata is where the recordings are: one file for each group.
const testdata = "testdata"

// recording is the answer to the request of a case, ready to be compared.
type recording struct {
	// Name is that of the case.
	Name string
	// Request is the request in one line, and Sent a digest of all of it, by
	// which a recording that has become stale is found out.
	Request, Sent string
	Status        int
	// Header holds the headers that are compared.
	Header *object
	// Body is the decoded JSON, or a string if the body is no JSON.
	Body any
}

// compare returns what differs in another answer to the same request.
func (r recording) compare(got recording) []mismatch {
	var result []mismatch
	if r.Status != got.Status {
		result = append(result, mismatch{path{"status"}, r.Status, got.Status})
	}
	result = append(result, compare(path{"header"}, r.Header, got.Header)...)
	return append(result, compare(nil, r.Body, got.Body)...)
}

func (r recording) encode() *object {
	o := newObject()
	o.set("name", r.Name)
	o.set("request", r.Request)
	o.set("sent", r.Sent)
	o.set("status", r.Status)
	o.set("header", r.Header)
	o.set("body", r.Body)
	return o
}

func decodeRecording(value any) (recording, error) {
	o, ok := value.(*object)
	if !ok {
		return recording{}, errors.New("a recording is not an object")
	}
	var r recording
	var status json.Number
	for key, target := range map[string]*string{"name": &r.Name, "request": &r.Request, "sent": &r.Sent} {
		if *target, ok = o.values[key].(string); !ok {
			return r, fmt.Errorf("%s is not a string", key)
		}
	}
	if status, ok = o.values["status"].(json.Number); !ok {
		return r, errors.New("status is not a number")
	}
	code, err := status.Int64()
	if err != nil {
		return r, fmt.Errorf("reading the status: %w", err)
	}
	if r.Header, ok = o.values["header"].(*object); !ok {
		return r, errors.New("header is not an object")
	}
	r.Status, r.Body = int(code), o.values["body"]
	return r, nil
}

// load reads all recordings of a folder, by group and case.
func load(folder fs.FS) (map[string]map[string]recording, error) {
	files, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, fmt.Errorf("listing the recordings: %w", err)
	}
	result := map[string]map[string]recording{}
	for _, file := range files {
		raw, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, fmt.Errorf("reading the recordings: %w", err)
		}
		cases, err := decodeGroup(raw)
		if err != nil {
			return nil, fmt.Errorf("reading the recordings in %s: %w", file, err)
		}
		result[strings.TrimSuffix(file, ".json")] = cases
	}
	return result, nil
}

func decodeGroup(raw []byte) (map[string]recording, error) {
	value, err := decode(raw)
	if err != nil {
		return nil, err
	}
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("it holds no list")
	}
	result := map[string]recording{}
	for _, element := range list {
		r, err := decodeRecording(element)
		if err != nil {
			return nil, err
		}
		if _, twice := result[r.Name]; twice {
			return nil, fmt.Errorf("%q is there twice", r.Name)
		}
		result[r.Name] = r
	}
	return result, nil
}

// record writes the answers of a whole run to a folder in place of older ones,
// or nothing if one is missing.
func record(folder string, suite []group, played map[string][]outcome) error {
	for _, g := range suite {
		for _, o := range played[g.name] {
			if o.err != nil {
				return fmt.Errorf("nothing is recorded, because %s/%s has no answer: %w", g.name, o.request.name, o.err)
			}
		}
	}
	old, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return fmt.Errorf("listing the older recordings: %w", err)
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("removing an older recording: %w", err)
		}
	}
	for _, g := range suite {
		raw, err := encodeGroup(played[g.name])
		if err != nil {
			return fmt.Errorf("encoding the recordings of %s: %w", g.name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, g.name+".json"), raw, 0o644); err != nil {
			return fmt.Errorf("writing the recordings of %s: %w", g.name, err)
		}
	}
	return nil
}

// encodeGroup is the file of a group.
func encodeGroup(outcomes []outcome) ([]byte, error) {
	list := make([]any, len(outcomes))
	for i, o := range outcomes {
		list[i] = o.answer.encode()
	}
	raw, err := text(list)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", " "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

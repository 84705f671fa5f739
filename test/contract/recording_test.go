package contract

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

func TestRecordingsAreReadAsTheyWereWritten(t *testing.T) {
	folder := t.TempDir()
	header := newObject()
	header.set("Content-Type", []any{"application/json"})
	one := recording{Name: "one", Request: "GET /api/info", Sent: "abc", Status: 200, Header: header, Body: parsed(t, `{"b":[1.0,null],"a":"<id 1>"}`)}
	if err := os.WriteFile(filepath.Join(folder, "gone.json"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	suite := []group{{name: "reads"}, {name: "none"}}
	if err := record(folder, suite, map[string][]outcome{"reads": {{request: request{name: "one"}, answer: one}}}); err != nil {
		t.Fatal(err)
	}
	recorded, err := load(os.DirFS(folder))
	if err != nil {
		t.Fatal(err)
	}
	if len(recorded) != 2 || len(recorded["reads"]) != 1 || len(recorded["none"]) != 0 {
		t.Fatalf("read %v, want the one that was written", recorded)
	}
	if differs := one.compare(recorded["reads"]["one"]); differs != nil {
		t.Errorf("it differs: %v", differs)
	}
}

func TestARunThatLacksAnAnswerIsNotRecorded(t *testing.T) {
	folder := t.TempDir()
	played := map[string][]outcome{"a": {{request: request{name: "one"}, answer: recording{Name: "one", Header: newObject()}}}, "b": {{request: request{name: "two"}, err: errNothing}}}
	if err := record(folder, []group{{name: "a"}, {name: "b"}}, played); !errors.Is(err, errNothing) {
		t.Errorf("the error is %v, want that of the request", err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("%v were written, %v", files, err)
	}
}

func TestWhatIsNoRecordingIsRefused(t *testing.T) {
	const good = `{"name":"a","request":"r","sent":"s","status":200,"header":{},"body":null}`
	for _, bad := range []string{
		``, `{}`, `[1]`, `[{}]`, `[` + good + `,` + good + `]`,
		`[{"name":1,"request":"r","sent":"s","status":200,"header":{},"body":null}]`,
		`[{"name":"a","request":"r","sent":"s","status":"200","header":{},"body":null}]`,
		`[{"name":"a","request":"r","sent":"s","status":2.5,"header":{},"body":null}]`,
		`[{"name":"a","request":"r","sent":"s","status":200,"header":[],"body":null}]`,
	} {
		if recorded, err := load(fstest.MapFS{"g.json": {Data: []byte(bad)}}); err == nil {
			t.Errorf("%s was read as %v", bad, recorded)
		}
	}
}

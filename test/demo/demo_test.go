package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// program builds the program and returns its path.
func program(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds the program")
	}
	path := filepath.Join(t.TempDir(), "infrahub-mcp")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "infrahub-mcp/cmd/infrahub-mcp").CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	return path
}

func TestDemo(t *testing.T) {
	program := program(t)

	t.Run("gives at each step what it should", func(t *testing.T) {
		var out bytes.Buffer
		if err := demonstrate(t.Context(), program, false, &screen{out: &out}); err != nil {
			t.Errorf("%v\n%s", err, &out)
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("there are colours in what is no terminal:\n%s", &out)
		}
	})

	t.Run("is what the picture in the README shows", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "picture.svg")
		if err := paint(t.Context(), program, file); err != nil {
			t.Fatal(err)
		}
		got, want := pictured(t, file), pictured(t, "../../docs/images/conversation.svg")
		if got != want {
			t.Errorf("make picture draws it anew; this run gave\n%s", got)
		}
		readme, err := os.ReadFile("../../README.md")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(readme), "(docs/images/conversation.svg)") {
			t.Error("the README does not show it")
		}
	})

	t.Run("is not drawn where an answer is not what it must be", func(t *testing.T) {
		assistant, err := start(t.Context(), program)
		if err != nil {
			t.Fatal(err)
		}
		if shown, err := record(t.Context(), assistant, spoil(is("DcimDevice", "Toaster"))(conversation())); err == nil {
			t.Errorf("%d steps are drawn", len(shown))
		}
		if err := assistant.end(); err != nil {
			t.Error(err)
		}
	})

	writing := []string{"node_upsert", "propose_changes", "mutate_graphql"}
	for name, test := range map[string]struct {
		lacks     []string
		readsOnly bool
		steps     func([]step) []step
		want      score
		fails     bool
	}{
		"fails without the write tools":                 {lacks: writing, want: score{good: 6, failed: 6}, fails: true},
		"skips what needs write tools if asked to":      {lacks: writing, readsOnly: true, want: score{good: 6, skipped: 6}},
		"plays everything that is there if asked to":    {readsOnly: true, want: score{good: 12}},
		"fails where an answer is not what it must be":  {steps: spoil(is("DcimDevice", "Toaster")), want: score{good: 11, failed: 1}, fails: true},
		"fails where an answer lacks what it must have": {steps: spoil(is("DcimToaster", "Toaster")), want: score{good: 11, failed: 1}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			assistant, err := start(t.Context(), program)
			if err != nil {
				t.Fatal(err)
			}
			maps.DeleteFunc(assistant.tools, func(tool string, _ bool) bool { return slices.Contains(test.lacks, tool) })
			steps := conversation()
			if test.steps != nil {
				steps = test.steps(steps)
			}
			var out bytes.Buffer
			got := play(t.Context(), assistant, steps, test.readsOnly, &screen{out: &out})
			if err := assistant.end(); err != nil {
				t.Error(err)
			}
			if got != test.want || (got.verdict() != nil) != test.fails {
				t.Errorf("score %+v, verdict %v; want %+v\n%s", got, got.verdict(), test.want, &out)
			}
		})
	}
}

// pictured is a picture without what each run names otherwise.
func pictured(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`session-\d{8}-[0-9a-f]{8}|127\.0\.0\.1:\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(string(content), "…")
}

func TestAPictureHoldsItsText(t *testing.T) {
	picture := draw([]exchange{{
		step{user: "<Which & where?>", tool: "get_nodes", arguments: map[string]any{"kind": strings.Repeat("long", 80)}, proves: "it is seen", picture: "b"},
		answer{text: "  a <1>\n  b " + strings.Repeat("blue ", 60) + "\n    b & more\n"},
	}})
	var shown struct {
		Height int `xml:"height,attr"`
		Texts  []struct {
			X     int    `xml:"x,attr"`
			Y     int    `xml:"y,attr"`
			Class string `xml:"class,attr"`
			Text  string `xml:",chardata"`
		} `xml:"text"`
	}
	if err := xml.Unmarshal([]byte(picture), &shown); err != nil {
		t.Fatal(err)
	}
	bottom := 0
	for _, text := range shown.Texts {
		if end := text.X + utf8.RuneCountInString(text.Text)*code*61/100; text.Class != "user" && end > width-margin-inset {
			t.Errorf("%q ends at %d", text.Text, end)
		}
		if text.Y < bottom || text.Y > shown.Height-margin {
			t.Errorf("%q is at %d, below %d", text.Text, text.Y, bottom)
		}
		bottom = text.Y
	}
	for _, want := range []string{"&lt;Which &amp; where?&gt;", ">it is seen<", ">  b &amp; more<", ">b blue"} {
		if !strings.Contains(picture, want) {
			t.Errorf("there is no %q in\n%s", want, picture)
		}
	}
	if strings.Contains(picture, "&lt;1") {
		t.Errorf("it shows a line that is not selected\n%s", picture)
	}
}

func TestWrappingLosesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"short":               {"a b", []string{"a b"}},
		"after a blank":       {"one two three", []string{"one two", "three"}},
		"after a comma":       {"one,two,three", []string{"one,two,", "three"}},
		"in the middle":       {"onetwothree", []string{"onetwoth", "ree"}},
		"letters, not bytes":  {"ééé ééé éé", []string{"ééé ééé", "éé"}},
		"as long as the line": {"12345678", []string{"12345678"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := wrap(test.text, 8); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// spoil replaces what the first step wants.
func spoil(want expectation) func([]step) []step {
	return func(steps []step) []step {
		steps[0].want = []expectation{want}
		return steps
	}
}

func TestDemoSaysWhatTheProgramWroteWhenItDoesNotSpeak(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mute")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho out of order >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := demonstrate(t.Context(), path, false, &screen{out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("error %v; want what the program wrote", err)
	}
}

func TestDemoNeedsAProgram(t *testing.T) {
	err := demonstrate(t.Context(), filepath.Join(t.TempDir(), "absent"), false, &screen{out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("error %v; want advice", err)
	}
}

func TestCheck(t *testing.T) {
	good := answer{text: "status: active", data: map[string]any{"count": 1.0, "branch": "b-1", "nodes": []any{map[string]any{"name": "a"}}}}
	refusal := answer{text: "no such kind", refused: true}
	for name, test := range map[string]struct {
		step   step
		answer answer
		want   string // part of the error, empty for none
	}{
		"a number that is equal":             {step{want: []expectation{is("count", 1)}}, good, ""},
		"a number that differs":              {step{want: []expectation{is("count", 2)}}, good, "count is 1, not 2"},
		"a number for text":                  {step{want: []expectation{is("count", "1")}}, good, `not "1"`},
		"a value in a list":                  {step{want: []expectation{is("nodes.0.name", "a")}}, good, ""},
		"beyond the list":                    {step{want: []expectation{is("nodes.1.name", "a")}}, good, "there is no nodes.1.name"},
		"below a value":                      {step{want: []expectation{is("count.x", "a")}}, good, "there is no count.x"},
		"text of the form":                   {step{want: []expectation{like("branch", `^b-\d$`)}}, good, ""},
		"text of another form":               {step{want: []expectation{like("branch", `^c-\d$`)}}, good, "not of the form"},
		"no text":                            {step{want: []expectation{like("count", `1`)}}, good, "not of the form"},
		"words that are there":               {step{want: []expectation{says("active")}}, good, ""},
		"words that are not":                 {step{want: []expectation{says("passive")}}, good, "does not say"},
		"the first of several is wrong":      {step{want: []expectation{is("count", 2), is("count", 1)}}, good, "count is 1"},
		"the last of several is wrong":       {step{want: []expectation{is("count", 1), is("count", 2)}}, good, "count is 1"},
		"a refusal where data is wanted":     {step{}, refusal, "refused: no such kind"},
		"a refusal where one is wanted":      {step{refused: true, want: []expectation{says("kind")}}, refusal, ""},
		"data where a refusal is wanted":     {step{refused: true}, good, "not refused"},
		"a refusal without the right reason": {step{refused: true, want: []expectation{says("branch")}}, refusal, "does not say"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.step.check(test.answer)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestScreen(t *testing.T) {
	t.Run("colours only where they are wanted", func(t *testing.T) {
		file, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device, as a terminal is
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		got := []bool{colored(file, "", "xterm"), colored(null, "", "xterm"), colored(null, "1", "xterm"), colored(null, "", "dumb")}
		if want := [4]bool{false, true, false, false}; [4]bool(got) != want {
			t.Errorf("colours %v, want %v", got, want)
		}
	})
	t.Run("prints some lines of an answer", func(t *testing.T) {
		for name, test := range map[string]struct{ text, show, want string }{
			"all of a short one":          {"a: 1\nb: 2\n", "", "a: 1\nb: 2"},
			"those that match":            {"a: 1\nb: 2\n", "^b", "b: 2"},
			"JSON spread over lines":      {`{"a":1,"b":[2]}`, "", "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}"},
			"ten of a long one":           {strings.Repeat("x\n", 12), "", strings.Repeat("x\n", 10) + "… 2 more lines"},
			"the beginning of a long one": {strings.Repeat("é", 131), "", strings.Repeat("é", 129) + "…"},
		} {
			t.Run(name, func(t *testing.T) {
				var out bytes.Buffer
				(&screen{out: &out}).answer(answer{text: test.text}, test.show)
				got := strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), strings.Repeat(" ", 14), "")
				if got != test.want {
					t.Errorf("got\n%s\nwant\n%s", got, test.want)
				}
			})
		}
	})
}

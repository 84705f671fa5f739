package toon_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/toon"
)

// documents is how many random documents each test makes.
const documents = 6000

// choices are the options the random documents are written with.
var choices = []toon.Options{
	{Version: 4, Delimiter: ',', Indent: 2},
	{Version: 4, Delimiter: '\t', Indent: 3},
	{Version: 4, Delimiter: '|', Indent: 4},
	{Version: 3, Delimiter: ',', Indent: 1},
}

// TestReferenceDecodesWhatWeWrote sends random documents through our encoder
// and the reference decoder in strict mode, and expects them back.
func TestReferenceDecodesWhatWeWrote(t *testing.T) {
	t.Parallel()
	installed(t, "toon")
	type question struct {
		TOON       string `json:"toon"`
		IndentSize int    `json:"indentSize"`
	}
	g := generator{Rand: rand.New(rand.NewPCG(1, 2)), anything: true}
	var sources []string
	var questions []question
	for i := range documents {
		options := choices[i%len(choices)]
		source := g.document()
		text, err := toon.Encode(nil, []byte(source), options)
		if err != nil {
			t.Fatalf("Encode(%s): %v", source, err)
		}
		sources = append(sources, source)
		questions = append(questions, question{string(text), options.Indent})
	}
	failed := 0
	for i, a := range ask[struct {
		Value any    `json:"value"`
		Error string `json:"error"`
	}](t, "decode.mjs", questions) {
		var want any
		if err := json.Unmarshal([]byte(sources[i]), &want); err != nil {
			t.Fatalf("the generator wrote invalid JSON: %v: %s", err, sources[i])
		}
		diff := cmp.Diff(want, a.Value)
		if a.Error == "" && diff == "" {
			continue
		}
		t.Errorf("JSON:\n%s\nTOON:\n%s\nerror %q, decoded (-want +got):\n%s", sources[i], questions[i].TOON, a.Error, diff)
		if failed++; failed == 5 {
			t.FailNow()
		}
	}
}

// TestReferenceWritesTheSameText compares our text with the reference
// encoder's, for random documents and for the inputs of the fixtures. It leaves
// out what JavaScript cannot hold as it was written: numbers beyond the
// precision of floating point, repeated names and half surrogate pairs, and the
// place of names that look like array indexes.
func TestReferenceWritesTheSameText(t *testing.T) {
	t.Parallel()
	installed(t, "toon")
	type question struct {
		JSON       string `json:"json"`
		Delimiter  string `json:"delimiter"`
		IndentSize int    `json:"indentSize"`
	}
	var questions []question
	var texts []string
	add := func(source string, options toon.Options) {
		options.Version, options.FoldDepth = 4, 0 // the reference knows no other
		text, err := toon.Encode(nil, []byte(source), options)
		if err != nil {
			t.Fatalf("Encode(%s): %v", source, err)
		}
		questions = append(questions, question{source, string(options.Delimiter), options.Indent})
		texts = append(texts, string(text))
	}
	for _, c := range fixtures(t) {
		if !c.ShouldError {
			add(string(c.Input), c.options)
		}
	}
	g := generator{Rand: rand.New(rand.NewPCG(3, 4))}
	for i := range documents {
		add(g.document(), choices[i%len(choices)])
	}
	failed := 0
	for i, a := range ask[struct {
		TOON  string `json:"toon"`
		Error string `json:"error"`
	}](t, "encode.mjs", questions) {
		diff := cmp.Diff(a.TOON, texts[i])
		if a.Error == "" && diff == "" {
			continue
		}
		t.Errorf("JSON:\n%s\nerror of the reference %q, text (-reference +ours):\n%s", questions[i].JSON, a.Error, diff)
		if failed++; failed == 5 {
			t.FailNow()
		}
	}
}

// ask sends questions to a script as JSON lines and returns its answers.
func ask[A, Q any](t *testing.T, script string, questions []Q) []A {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not installed")
	}
	var in, out, report bytes.Buffer
	encoder := json.NewEncoder(&in)
	for _, q := range questions {
		if err := encoder.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), node, script)
	command.Stdin, command.Stdout, command.Stderr = &in, &out, &report
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, report.Bytes())
	}
	answers := make([]A, 0, len(questions))
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var a A
		if err := decoder.Decode(&a); err != nil {
			t.Fatal(fmt.Errorf("answer %d of %s: %w", len(answers), script, err))
		}
		answers = append(answers, a)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%s gave %d answers to %d questions", script, len(answers), len(questions))
	}
	return answers
}

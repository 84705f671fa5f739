package clients_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// inspector does what a plan says with the command line of the MCP Inspector, which
// is started anew for each request.
func inspector(t *testing.T, p plan) []outcome {
	i := newInspector(t, p)
	var got []outcome
	for _, action := range []struct {
		name string
		act  func() (outcome, error)
	}{
		{"connect", i.connect}, {"list", i.list}, {"call", i.call}, {"read", i.read}, {"prompt", i.prompt}, {"error", i.fail},
	} {
		o, err := action.act()
		if err != nil {
			o.Error = err.Error()
		}
		o.Action = action.name
		got = append(got, o)
	}
	return got
}

// TestTheInspectorHasNoCommandForCompletions fails when what is said of it in
// package table is no longer so.
func TestTheInspectorHasNoCommandForCompletions(t *testing.T) {
	p, _ := newPlan("inspector", "HTTP", "completions")
	_, err := newInspector(t, p).ask("completion/complete")
	if err == nil || !strings.Contains(err.Error(), "Unsupported method") {
		t.Errorf("completing: %v", err)
	}
}

type inspect struct {
	plan

	context   context.Context
	node      string
	arguments []string
	env       []string
}

func newInspector(t *testing.T, p plan) *inspect {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	i := &inspect{plan: p, context: ctx, node: installed(t, "node_modules/.bin/node"), env: list(clean(t))}
	era := "legacy"
	if p.Modern {
		era = "modern"
	}
	i.arguments = []string{
		installed(t, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"),
		"--cli", "--format", "json", "--quiet", "--protocol-era", era,
	}
	if p.URL != "" {
		i.arguments = append(i.arguments, "--transport", "http", "--server-url", p.URL)
		return i
	}
	for _, variable := range list(p.Env) {
		i.arguments = append(i.arguments, "-e", variable)
	}
	i.arguments = append(i.arguments, p.Command...)
	return i
}

// answer is what the command line prints of any result.
type answer struct {
	Version    string                                    `json:"protocolVersion"`
	Server     struct{ Name string }                     `json:"serverInfo"`
	Tools      []struct{ Name string }                   `json:"tools"`
	Resources  []struct{ URI string }                    `json:"resources"`
	Templates  []struct{ URITemplate string }            `json:"resourceTemplates"`
	Prompts    []struct{ Name string }                   `json:"prompts"`
	Content    []struct{ Text string }                   `json:"content"`
	Structured json.RawMessage                           `json:"structuredContent"`
	IsError    bool                                      `json:"isError"`
	Contents   []struct{ Text string }                   `json:"contents"`
	Messages   []struct{ Content struct{ Text string } } `json:"messages"`
}

// ask runs the command line for one request. A result is returned even when it is
// one of failure.
func (i *inspect) ask(method string, more ...string) (answer, error) {
	arguments := slices.Concat(i.arguments, []string{"--method", method}, more)
	command := exec.CommandContext(i.context, i.node, arguments...)
	command.Env = i.env
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	failed := command.Run()
	var printed struct{ Result *answer }
	if err := json.Unmarshal(out.Bytes(), &printed); err == nil && printed.Result != nil {
		return *printed.Result, nil
	}
	// The last line of standard error is the error; the log of the server may
	// stand before it.
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	var refusal struct{ Error struct{ Message string } }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &refusal); err == nil && refusal.Error.Message != "" {
		return answer{}, errors.New(refusal.Error.Message)
	}
	return answer{}, fmt.Errorf("%s: %w\n%s%s", method, failed, out.Bytes(), log.Bytes())
}

func (i *inspect) connect() (outcome, error) {
	a, err := i.ask("initialize") // in the newer era the answer to server/discover, in the same form
	return outcome{Version: a.Version, Server: a.Server.Name}, err
}

func (i *inspect) list() (o outcome, err error) {
	var all answer
	for method, into := range map[string]func(answer){
		"tools/list":               func(a answer) { all.Tools = a.Tools },
		"resources/list":           func(a answer) { all.Resources = a.Resources },
		"resources/templates/list": func(a answer) { all.Templates = a.Templates },
		"prompts/list":             func(a answer) { all.Prompts = a.Prompts },
	} {
		a, err := i.ask(method)
		if err != nil {
			return o, err
		}
		into(a)
	}
	for _, tool := range all.Tools {
		o.Tools = append(o.Tools, tool.Name)
	}
	for _, resource := range all.Resources {
		o.Resources = append(o.Resources, resource.URI)
	}
	for _, template := range all.Templates {
		o.Templates = append(o.Templates, template.URITemplate)
	}
	for _, prompt := range all.Prompts {
		o.Prompts = append(o.Prompts, prompt.Name)
	}
	return o, nil
}

func (i *inspect) tool(r request) (answer, error) {
	arguments, err := json.Marshal(r.Arguments)
	if err != nil {
		return answer{}, err
	}
	return i.ask("tools/call", "--tool-name", r.Name, "--tool-args-json", string(arguments))
}

func (i *inspect) call() (outcome, error) {
	a, err := i.tool(i.Call)
	return outcome{Text: first(a.Content), Structured: a.Structured}, err
}

func (i *inspect) read() (outcome, error) {
	a, err := i.ask("resources/read", "--uri", i.Read)
	return outcome{Text: first(a.Contents)}, err
}

func (i *inspect) prompt() (outcome, error) {
	arguments := []string{"--prompt-name", i.Prompt.Name, "--prompt-args"}
	for name, value := range i.Prompt.Arguments {
		arguments = append(arguments, fmt.Sprintf("%s=%v", name, value))
	}
	a, err := i.ask("prompts/get", arguments...)
	if err != nil || len(a.Messages) == 0 {
		return outcome{}, err
	}
	return outcome{Text: a.Messages[0].Content.Text}, nil
}

func (i *inspect) fail() (outcome, error) {
	a, err := i.tool(i.Refused)
	if err != nil {
		return outcome{}, err
	}
	_, err = i.ask("prompts/get", "--prompt-name", i.Unknown.Name)
	if err == nil {
		return outcome{}, errors.New("it was not refused")
	}
	return outcome{Text: first(a.Content), Refused: a.IsError, Failure: err.Error()}, nil
}

// first is the text of the first part.
func first(parts []struct{ Text string }) string {
	if len(parts) == 0 {
		return ""
	}
	return parts[0].Text
}

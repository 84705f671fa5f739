package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/server"
)

// examples are the calls on the reference page, params of tools/call, in the
// order in which they are made: those that read see the demo data as it was.
func examples() []string {
	return []string{
		`{"name": "get_schema", "arguments": {}}`,
		`{"name": "get_schema", "arguments": {"kind": "LocationSite", "expand": false}}`,
		`{
  "name": "get_nodes",
  "arguments": {
    "kind": "DcimDevice",
    "filters": {"site__name__value": "ams1", "role__value": "leaf"},
    "fields": ["name", "status", "device_type.name"],
    "order": ["-name"],
    "limit": 2
  }
}`,
		`{"name": "search_nodes", "arguments": {"query": "SN000037"}}`,
		`{
  "name": "query_graphql",
  "arguments": {
    "query": "query ($name: String!) { DcimDevice(name__value: $name) { edges { node { site { node { name { value } } } interfaces(limit: 2) { count edges { node { display_label } } } } } } }",
    "variables": {"name": "ams1-leaf037"}
  }
}`,
		`{
  "name": "find_paths",
  "arguments": {
    "source": "DcimDevice__ams1-leaf037",
    "destination": "DcimDevice__par1-leaf036",
    "max_depth": 4,
    "kind_filter": ["DcimPhysicalInterface", "DcimCable"]
  }
}`,
		`{
  "name": "find_reachable",
  "arguments": {"source": "LocationSite__ams1", "target_kinds": ["DcimDevice"], "max_depth": 1, "max_results": 2}
}`,
		`{
  "name": "node_upsert",
  "arguments": {"kind": "DcimDevice", "hfid": ["ams1-leaf037"], "data": {"status": "maintenance", "tags": ["blue"]}}
}`,
		`{
  "name": "mutate_graphql",
  "arguments": {"query": "mutation { BuiltinTagCreate(data: {name: {value: \"tonight\"}}) { ok object { id } } }"}
}`,
		`{"name": "node_delete", "arguments": {"kind": "BuiltinTag", "hfid": ["tonight"]}}`,
		`{"name": "get_branch_diff", "arguments": {}}`,
		`{
  "name": "propose_changes",
  "arguments": {"title": "Maintenance of ams1-leaf037", "description": "Its line card is replaced tonight."}
}`,
		`{"name": "get_session_info", "arguments": {}}`,
		`{"name": "reset_session_branch", "arguments": {}}`,
	}
}

// played is an example with its answer.
type played struct{ call, answer string }

// mostLines are shown of an answer.
const mostLines = 20

// playExamples makes the calls of examples, in one session over stdio with a
// server on a fresh sandbox, and returns them by tool. It fails when an answer
// is an error.
func playExamples(ctx context.Context) (map[string][]played, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := slog.New(slog.DiscardHandler)
	box, err := startSandbox(ctx, "127.0.0.1:0", "", sandbox.Options{Devices: demoDevices, Logger: quiet}, quiet)
	if err != nil {
		return nil, err
	}
	settings, err := config.Default(box.address, config.Secret(adminToken()))
	if err != nil {
		return nil, errors.Join(err, box.end())
	}
	requests, in := io.Pipe()
	answers, out := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := server.Run(ctx, settings, server.Options{In: requests, Out: out, Err: io.Discard, Version: "devel"})
		_ = out.CloseWithError(io.EOF) // always nil
		served <- err
	}()
	byTool, err := converse(in, bufio.NewReader(answers), newStandIns(box.address))
	_ = in.Close() // always nil; the server ends
	if err != nil {
		cancel()
	}
	go func() { _, _ = io.Copy(io.Discard, answers) }() // until the server has ended
	return byTool, errors.Join(err, <-served, box.end())
}

// converse makes the calls, one after the other.
func converse(in io.Writer, answers *bufio.Reader, names *standIns) (map[string][]played, error) {
	if _, err := ask(in, answers, "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"reference","version":"1"}}`); err != nil {
		return nil, err
	}
	byTool := map[string][]played{}
	for _, call := range examples() {
		var params struct{ Name string }
		if err := json.Unmarshal([]byte(call), &params); err != nil {
			return nil, fmt.Errorf("reading the example %s: %w", call, err)
		}
		result, err := ask(in, answers, "tools/call", call)
		if err != nil {
			return nil, fmt.Errorf("the example of %s: %w", params.Name, err)
		}
		var answer struct {
			Content []struct{ Text string }
			IsError bool
		}
		if err := json.Unmarshal(result, &answer); err != nil || len(answer.Content) != 1 || answer.IsError {
			return nil, fmt.Errorf("the example of %s is answered: %s", params.Name, result)
		}
		byTool[params.Name] = append(byTool[params.Name], played{call, shorten(names.replace(indent(answer.Content[0].Text)))})
	}
	return byTool, nil
}

// ask sends a request and returns the result of its answer.
func ask(in io.Writer, answers *bufio.Reader, method, params string) (json.RawMessage, error) {
	var line bytes.Buffer
	fmt.Fprintf(&line, `{"jsonrpc":"2.0","id":1,"method":%q,"params":`, method)
	if err := json.Compact(&line, []byte(params)); err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	line.WriteString("}\n")
	if _, err := in.Write(line.Bytes()); err != nil {
		return nil, fmt.Errorf("sending a request: %w", err)
	}
	for {
		line, err := answers.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("reading an answer: %w", err)
		}
		var message struct {
			ID            *int
			Result, Error json.RawMessage
		}
		if err := json.Unmarshal(line, &message); err != nil {
			return nil, fmt.Errorf("reading an answer: %w", err)
		}
		switch {
		case message.ID == nil: // a notification
		case message.Error != nil:
			return nil, fmt.Errorf("answered with %s", message.Error)
		default:
			return message.Result, nil
		}
	}
}

// indent indents a text that is JSON.
func indent(text string) string {
	var indented bytes.Buffer
	if json.Indent(&indented, []byte(text), "", "  ") != nil {
		return text
	}
	return indented.String()
}

// shorten cuts a text that has too many lines and says how many are left out.
func shorten(text string) string {
	lines := strings.Split(text, "\n")
	if len(lines) <= mostLines {
		return text
	}
	return strings.Join(lines[:mostLines-1], "\n") + fmt.Sprintf("\n… %d more lines", len(lines)-mostLines+1)
}

// standIns put the same name everywhere for what differs from run to run.
type standIns struct {
	address string
	ids     map[string]string
}

func newStandIns(address string) *standIns { return &standIns{address, map[string]string{}} }

var (
	anyID     = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anyBranch = regexp.MustCompile(`mcp/session-\d{8}-[0-9a-f]{8}`)
)

func (s *standIns) replace(text string) string {
	text = strings.ReplaceAll(text, s.address, "http://localhost:8000")
	text = anyBranch.ReplaceAllString(text, "mcp/session-20260131-1a2b3c4d")
	return anyID.ReplaceAllStringFunc(text, func(id string) string {
		if s.ids[id] == "" {
			s.ids[id] = fmt.Sprintf("18ea0000-0000-0000-0000-%012d", len(s.ids)+1)
		}
		return s.ids[id]
	})
}

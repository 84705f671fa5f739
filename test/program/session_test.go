package program_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"infrahub-mcp/test/mcptest"
)

// session is a client of a program of its own, behind which is a proxy of its
// own.
type session struct {
	*mcptest.Client
	program *program
	proxy   *proxy
	outputs map[string]*jsonschema.Resolved // schemas of results, by tool
}

// newSession starts a program and connects to it.
func newSession(t *testing.T, over transport, era mcptest.Era, settings ...string) *session {
	t.Helper()
	p := startProxy(t)
	return sessionAt(t, p, launch{transport: over, address: "http://" + p.address, settings: settings}, era)
}

// sessionAt is newSession with a proxy that there is and a launch of one's own.
func sessionAt(t *testing.T, p *proxy, l launch, era mcptest.Era) *session {
	t.Helper()
	s := &session{program: start(t, l), proxy: p, outputs: map[string]*jsonschema.Resolved{}}
	s.Client = s.program.connect(t, era)
	tools, err := s.Tools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools {
		s.outputs[tool.Name] = resolve(t, tool.Name, tool.OutputSchema)
	}
	return s
}

// newSessionAt is newSession on an Infrahub of the test's choice.
func newSessionAt(t *testing.T, i infrahub, over transport, era mcptest.Era, settings ...string) *session {
	t.Helper()
	p := startProxyTo(t, i)
	return sessionAt(t, p, launch{transport: over, address: "http://" + p.address, token: i.token, settings: settings}, era)
}

// everyWay runs a test over both transports in both eras.
func everyWay(t *testing.T, test func(t *testing.T, s *session), settings ...string) {
	t.Helper()
	for _, over := range []transport{overStdio, overHTTP} {
		for _, era := range []mcptest.Era{mcptest.Legacy, mcptest.Modern} {
			t.Run(fmt.Sprintf("over %s in protocol %s", over, era), func(t *testing.T) {
				parallel(t)
				test(t, newSession(t, over, era, settings...))
			})
		}
	}
}

// bothTransports runs a test once over each transport, each in one of the eras.
func bothTransports(t *testing.T, test func(t *testing.T, s *session), settings ...string) {
	t.Helper()
	for over, era := range map[transport]mcptest.Era{overStdio: mcptest.Modern, overHTTP: mcptest.Legacy} {
		t.Run("over "+string(over), func(t *testing.T) {
			parallel(t)
			test(t, newSession(t, over, era, settings...))
		})
	}
}

// must calls a tool that has to succeed, and checks what holds for every
// result: it fits the schema that tools/list promises, and its text agrees with
// its structure.
func (s *session) must(t *testing.T, tool string, arguments map[string]any) mcptest.ToolResult {
	t.Helper()
	result, err := s.CallTool(t.Context(), tool, arguments)
	return s.check(t, tool, arguments, result, err)
}

func (s *session) check(t *testing.T, tool string, arguments map[string]any, result mcptest.ToolResult, err error) mcptest.ToolResult {
	t.Helper()
	if err != nil {
		t.Fatalf("%s %s: %v", tool, show(arguments), err)
	}
	if result.IsError {
		t.Fatalf("%s %s is refused: %s", tool, show(arguments), result.Text)
	}
	schema := s.outputs[tool]
	if schema == nil {
		t.Fatalf("tools/list has no output schema of %s", tool)
	}
	if err := schema.Validate(decode[any](t, result.Structured)); err != nil {
		t.Errorf("the result of %s %s does not fit its schema: %v", tool, show(arguments), err)
	}
	if err := agree(result.Structured, result.Text); err != nil {
		t.Errorf("%s %s: %v", tool, show(arguments), err)
	}
	return result
}

// refused calls a tool that has to refuse, and returns what it says.
func (s *session) refused(t *testing.T, tool string, arguments map[string]any) string {
	t.Helper()
	result, err := s.CallTool(t.Context(), tool, arguments)
	if err != nil {
		t.Fatalf("%s %s: %v", tool, show(arguments), err)
	}
	if !result.IsError {
		t.Fatalf("%s %s is not refused: %.300s", tool, show(arguments), result.Text)
	}
	if result.Structured != nil {
		t.Errorf("the refusal of %s has structured content: %s", tool, result.Structured)
	}
	return result.Text
}

// nodes are what get_nodes answers.
type nodes struct {
	Nodes      []map[string]any `json:"nodes"`
	Count      int              `json:"count"`
	TotalCount int              `json:"total_count"`
	HasMore    bool             `json:"has_more"`
	Offset     int              `json:"offset"`
	Limit      int              `json:"limit"`
	NextOffset *int             `json:"next_offset"`
	Branch     string           `json:"branch"`
	At         string           `json:"at"`
	Note       string           `json:"note"`
}

// list calls get_nodes.
func (s *session) list(t *testing.T, arguments map[string]any) nodes {
	t.Helper()
	return decode[nodes](t, s.must(t, "get_nodes", arguments).Structured)
}

// query calls query_graphql.
func (s *session) query(t *testing.T, branch, document string) mcptest.ToolResult {
	t.Helper()
	return s.must(t, "query_graphql", map[string]any{"query": document, "branch": branch})
}

// device returns the id of a seeded device.
func device(t *testing.T, name string) string {
	t.Helper()
	var found struct {
		Devices struct {
			Edges []struct{ Node struct{ ID string } }
		} `json:"DcimDevice"`
	}
	shared.infrahub.must(t, "", `query($name: String) { DcimDevice(name__value: $name) { edges { node { id } } } }`, map[string]any{"name": name}, &found)
	if len(found.Devices.Edges) != 1 {
		t.Fatalf("there are %d devices %s", len(found.Devices.Edges), name)
	}
	return found.Devices.Edges[0].Node.ID
}

// agree compares the text of a result with its structure: JSON must be the
// same, and in TOON every scalar must appear.
func agree(structured json.RawMessage, text string) error {
	if strings.HasPrefix(text, "{") {
		var want, got any
		if err := errors.Join(json.Unmarshal(structured, &want), json.Unmarshal([]byte(text), &got)); err != nil {
			return fmt.Errorf("reading the text: %w", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("text and structure differ: %s", diff)
		}
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(structured))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the structure: %w", err)
		}
		if token == nil {
			token = "null"
		}
		if _, ok := token.(json.Delim); ok {
			continue
		}
		scalar := fmt.Sprint(token)
		if !strings.Contains(text, scalar) && !strings.Contains(text, escape.Replace(scalar)) {
			return fmt.Errorf("the text lacks %q, which the structure has: %.500s", scalar, text)
		}
	}
}

// escape writes what a quoted text of TOON escapes.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func resolve(t *testing.T, what string, raw json.RawMessage) *jsonschema.Resolved {
	t.Helper()
	var schema jsonschema.Schema
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatalf("the schema of %s: %v", what, err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatalf("the schema of %s: %v", what, err)
	}
	return resolved
}

func decode[T any](t *testing.T, raw json.RawMessage) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatalf("reading %.300s: %v", raw, err)
	}
	return value
}

// show writes arguments for messages of tests.
func show(arguments map[string]any) string {
	raw, _ := json.Marshal(arguments) // they came from this package
	return string(raw)
}

// fault returns the JSON-RPC error that a call must have ended with.
func fault(t *testing.T, err error) *mcptest.Fault {
	t.Helper()
	var f *mcptest.Fault
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a JSON-RPC error", err)
	}
	return f
}

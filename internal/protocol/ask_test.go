package protocol

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/tool"
)

// asking adds a tool "roots" that asks the client for its roots and says what that
// answered, a tool "plain" and a prompt "extra".
func asking(o *Options) {
	o.AnswerTime = 10 * time.Second // only as long as nobody answers
	o.Extend = func(core *server.MCPServer, ask Ask) {
		core.AddTool(mcp.NewTool("roots"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			answer, err := ask(ctx, mcp.MethodListRoots, nil)
			if err != nil {
				return mcp.NewToolResultError(err.Error()), nil
			}
			return mcp.NewToolResultText(string(answer)), nil
		})
		core.AddTool(mcp.NewTool("plain"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("plain"), nil
		})
		core.AddPrompt(mcp.NewPrompt("extra"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return mcp.NewGetPromptResult("extra", nil), nil
		})
	}
}

const callRoots = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"roots"}}`

// said is the text of a tool's result.
func said(t *testing.T, answer map[string]any) string {
	t.Helper()
	raw, err := json.Marshal(answer["result"])
	if err != nil {
		t.Fatal(err)
	}
	var result struct{ Content []struct{ Text string } }
	if json.Unmarshal(raw, &result) != nil || len(result.Content) != 1 {
		t.Fatalf("not the result of a tool: %v", answer)
	}
	return result.Content[0].Text
}

func TestAnExtensionAsksTheClient(t *testing.T) {
	const roots = `{"roots":[{"uri":"file:///home"}]}`
	for _, test := range []struct{ name, response, want string }{
		{"and gets the result", `"result":` + roots, roots},
		{"and gets an error", `"error":{"code":-32601,"message":"what?"}`, "the client answered roots/list with an error"},
	} {
		t.Run(test.name+" over HTTP", func(t *testing.T) {
			server, _, _ := testHTTP(t, HTTPOptions{}, asking)
			session := initialize(t, server.URL, "ann")
			stream := streamOf(t, send(t, http.MethodPost, server.URL, callRoots, legacy(session, "ann")))
			question := stream.next(t)
			if question["method"] != "roots/list" {
				t.Fatalf("the client gets %v", question)
			}
			send(t, http.MethodPost, server.URL, respond(question, test.response), legacy(session, "ann"))
			if diff := cmp.Diff(test.want, said(t, stream.next(t))); diff != "" {
				t.Error(diff)
			}
		})
		t.Run(test.name+" over stdio", func(t *testing.T) {
			s, _ := testServer(t, asking)
			d := startStdio(t, s, StdioOptions{})
			d.say(t, callRoots)
			question := d.hear(t)
			if question["method"] != "roots/list" {
				t.Fatalf("the client gets %v", question)
			}
			d.say(t, respond(question, test.response))
			if diff := cmp.Diff(test.want, said(t, d.hear(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("but not without a session", func(t *testing.T) {
		server, _, _ := testHTTP(t, HTTPOptions{}, asking)
		answer := events(t, send(t, http.MethodPost, server.URL, callRoots, legacy("", "ann")))
		if len(answer) != 1 || said(t, answer[0]) != "no answer of this client could be read" {
			t.Errorf("%v", answer)
		}
	})
}

func TestWhatAnExtensionAddsIsOfferedToAll(t *testing.T) {
	s, _ := testServer(t, asking, func(o *Options) { o.MayWrite = func(context.Context) bool { return false } })
	d := startStdio(t, s, StdioOptions{})
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"extra"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"plain"}}`,
	} {
		d.say(t, body)
		if answer := d.hear(t); answer["result"] == nil {
			t.Errorf("%s: %v", body, answer)
		}
	}
}

func TestAskingEndsWithTheTimeOfTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := testServer(t)
		var sent []any
		e := &exchange{questions: &questions{}, send: func(m any) { sent = append(sent, m) }}
		start := time.Now()
		_, err := s.ask(context.WithValue(t.Context(), exchangeKey{}, e), mcp.MethodListRoots, nil)
		if err == nil || time.Since(start) != s.options.AnswerTime || len(sent) != 2 || len(e.questions.open) != 0 {
			t.Errorf("%v after %s, sent %v", err, time.Since(start), sent)
		}
	})
}

func TestACapabilityThatIsMissingHasAnErrorOfItsOwn(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{}, func(o *Options) {
		o.Tools = append(o.Tools, tool.Define(tool.Tool{Name: "demand", Description: "Needs sampling."},
			func(context.Context, *call.Call, gateInput) (*gateOutput, error) {
				return nil, &call.MissingCapability{Capability: "sampling", Reason: problem.New("The client cannot sample.", "Use another.")}
			}))
	})
	response := send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"demand",`+modernMeta+`}}`, modern("tools/call", "demand"))
	answer := events(t, response)[0]
	want := map[string]any{
		"code": json.Number("-32021"), "message": "The client cannot sample. Use another.",
		"data": map[string]any{"requiredCapabilities": map[string]any{"sampling": map[string]any{}}},
	}
	if diff := cmp.Diff(want, answer["error"]); diff != "" || response.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d, error (-want +got):\n%s", response.StatusCode, diff)
	}

	session := initialize(t, server.URL, "ann")
	older := events(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"demand"}}`, legacy(session, "ann")))[0]
	if got := said(t, older); got != "The client cannot sample. Use another." {
		t.Errorf("in the older era: %v", older)
	}
}

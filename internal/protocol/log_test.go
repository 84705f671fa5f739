package protocol

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/tool"
)

// talking adds tools that send log messages: "log" one of each of five levels,
// "flood" more than a request may.
func talking(o *Options) {
	o.Tools = append(o.Tools,
		tool.Define(tool.Tool{Name: "log", Description: "Logs."}, func(_ context.Context, c *call.Call, in gateInput) (*gateOutput, error) {
			for _, level := range []call.Level{"debug", call.Info, call.Notice, call.Warning, "error"} {
				c.Send(call.Message{Level: level, Text: in.Name, Details: map[string]any{"branch": "b"}})
			}
			return &gateOutput{in.Name}, nil
		}),
		tool.Define(tool.Tool{Name: "flood", Description: "Logs a lot."}, func(_ context.Context, c *call.Call, _ gateInput) (*gateOutput, error) {
			for range 2 * maxLogged {
				c.Send(call.Message{Level: call.Warning})
			}
			return &gateOutput{}, nil
		}))
}

// logs are the levels of the log messages of the call that is answered, which must
// come before the answer.
func logs(t *testing.T, messages []map[string]any) (levels []string) {
	t.Helper()
	return logsOf(t, "here", messages)
}

// logsOf are those of a call that logs a text of its own.
func logsOf(t *testing.T, text string, messages []map[string]any) (levels []string) {
	t.Helper()
	for n, m := range messages {
		if m["method"] != "notifications/message" {
			if n != len(messages)-1 || m["result"] == nil {
				t.Errorf("message %d is %v", n, m)
			}
			continue
		}
		params, _ := m["params"].(map[string]any)
		want := map[string]any{"level": params["level"], "logger": "test", "data": map[string]any{"message": text, "branch": "b"}}
		if diff := cmp.Diff(want, params); diff != "" {
			t.Errorf("log message (-want +got):\n%s", diff)
		}
		levels = append(levels, fmt.Sprint(params["level"]))
	}
	return levels
}

const (
	callLog  = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"log","arguments":{"name":"here"}}}`
	setLevel = `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":%q}}`
)

func TestASessionGetsLogMessagesFromTheLevelOnThatItChose(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{}, talking)
	mine, other := initialize(t, server.URL, "ann"), initialize(t, server.URL, "ann")
	hear := func(session string) []string {
		t.Helper()
		return logs(t, events(t, send(t, http.MethodPost, server.URL, callLog, legacy(session, "ann"))))
	}
	for _, test := range []struct {
		name, level string
		want        []string
	}{
		{"before it chose one", "", []string{"warning", "error"}},
		{"everything", "debug", []string{"debug", "info", "notice", "warning", "error"}},
		{"what changes", "notice", []string{"notice", "warning", "error"}},
		{"nothing that happens here", "emergency", nil},
		{"a level that there is not, so that the last one stays", "loud", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.level != "" {
				answer := events(t, send(t, http.MethodPost, server.URL, fmt.Sprintf(setLevel, test.level), legacy(mine, "ann")))[0]
				if refused := outcome(answer) == "-32602"; refused != (test.level == "loud") {
					t.Errorf("setting the level: %v", answer)
				}
			}
			if diff := cmp.Diff(test.want, hear(mine)); diff != "" {
				t.Errorf("levels (-want +got):\n%s", diff)
			}
		})
	}
	byDefault := []string{"warning", "error"}
	if diff := cmp.Diff(byDefault, hear(other)); diff != "" {
		t.Errorf("another session of the user (-want +got):\n%s", diff)
	}

	send(t, http.MethodPost, server.URL, fmt.Sprintf(setLevel, "emergency"), legacy("", "ann"))
	if diff := cmp.Diff(byDefault, hear("")); diff != "" {
		t.Errorf("a level that was set without a session applies to others without one (-want +got):\n%s", diff)
	}
}

func TestTheClientOnStdioGetsLogMessagesFromTheLevelOnThatItChose(t *testing.T) {
	s, _ := testServer(t, talking)
	d := startStdio(t, s, StdioOptions{})
	d.say(t, initializeWith(`{}`), fmt.Sprintf(setLevel, "error"))
	d.hear(t)
	d.hear(t)
	d.say(t, callLog)
	if diff := cmp.Diff([]string{"error"}, logs(t, []map[string]any{d.hear(t), d.hear(t)})); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
}

func TestLogMessagesGoToTheirOwnRequestAlone(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{}, talking)
	session := initialize(t, server.URL, "ann")
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			text := fmt.Sprintf("request %d", n)
			got := logsOf(t, text, events(t, send(t, http.MethodPost, server.URL, strings.Replace(callLog, "here", text, 1), legacy(session, "ann"))))
			if len(got) != 2 {
				t.Errorf("%s: %v", text, got)
			}
		})
	}
	wg.Wait()
}

func TestTheLevelOfASessionIsForgottenWithIt(t *testing.T) {
	server, h, _ := testHTTP(t, HTTPOptions{}, talking)
	session := initialize(t, server.URL, "ann")
	send(t, http.MethodPost, server.URL, fmt.Sprintf(setLevel, "error"), legacy(session, "ann"))
	if got := h.levels.chosen.Len(); got != 1 {
		t.Errorf("%d levels are remembered", got)
	}
	send(t, http.MethodDelete, server.URL, "", legacy(session, "ann"))
	if got := h.levels.chosen.Len(); got != 0 {
		t.Errorf("%d levels are remembered after the end", got)
	}
}

func TestAModernRequestGetsLogMessagesOnlyFromTheLevelOnThatItNames(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{}, talking)
	s, _ := testServer(t, talking)
	d := startStdio(t, s, StdioOptions{})
	for _, test := range []struct {
		name, level string
		want        []string
	}{
		{"none", "", nil},
		{"everything", `,"io.modelcontextprotocol/logLevel":"debug"`, []string{"debug", "info", "notice", "warning", "error"}},
		{"what is wrong", `,"io.modelcontextprotocol/logLevel":"warning"`, []string{"warning", "error"}},
	} {
		body := strings.Replace(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"log","arguments":{"name":"here"},`+modernMeta+`}}`, `"progressToken":"p"`, `"progressToken":"p"`+test.level, 1)
		t.Run(test.name+" over HTTP", func(t *testing.T) {
			if diff := cmp.Diff(test.want, logs(t, events(t, send(t, http.MethodPost, server.URL, body, modern("tools/call", "log"))))); diff != "" {
				t.Errorf("levels (-want +got):\n%s", diff)
			}
		})
		t.Run(test.name+" over stdio", func(t *testing.T) {
			d.say(t, body)
			var heard []map[string]any
			for {
				m := d.hear(t)
				heard = append(heard, m)
				if m["method"] == nil {
					break
				}
			}
			if diff := cmp.Diff(test.want, logs(t, heard)); diff != "" {
				t.Errorf("levels (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("one that there is not", func(t *testing.T) {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"log",` + strings.Replace(modernMeta, `"progressToken":"p"`, `"io.modelcontextprotocol/logLevel":"loud"`, 1) + `}}`
		response := send(t, http.MethodPost, server.URL, body, modern("tools/call", "log"))
		if answer := events(t, response)[0]; response.StatusCode != http.StatusBadRequest || outcome(answer) != "-32602" {
			t.Errorf("status %d, %v", response.StatusCode, answer)
		}
	})
}

func TestLoggingIsAdvertised(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{}, talking)
	for era, response := range map[string]*http.Response{
		"legacy": send(t, http.MethodPost, server.URL, initializeWith(`{}`), legacy("", "ann")),
		"modern": send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{`+modernMeta+`}}`, modern("server/discover", "")),
	} {
		result, _ := events(t, response)[0]["result"].(map[string]any)
		capabilities, _ := result["capabilities"].(map[string]any)
		if capabilities["logging"] == nil {
			t.Errorf("%s: the capabilities are %v", era, capabilities)
		}
	}
}

func TestALogMessageAfterTheAnswerGoesNowhere(t *testing.T) {
	late := call.Message{Level: call.Warning, Text: "late"}
	var later func(call.Message)
	lingering := func(o *Options) {
		o.Tools = append(o.Tools, tool.Define(tool.Tool{Name: "log", Description: "Logs after its answer."},
			func(_ context.Context, c *call.Call, _ gateInput) (*gateOutput, error) {
				later = c.Send
				return &gateOutput{}, nil
			}))
	}
	t.Run("stdio", func(t *testing.T) {
		s, _ := testServer(t, lingering)
		var out strings.Builder
		if err := NewStdio(s, StdioOptions{}).Serve(t.Context(), strings.NewReader(callLog+"\n"), &out); err != nil {
			t.Fatal(err)
		}
		answered := out.String()
		if later(late); out.String() != answered {
			t.Errorf("after the answer came %s", strings.TrimPrefix(out.String(), answered))
		}
	})
	t.Run("HTTP", func(t *testing.T) {
		s, _ := testServer(t, lingering)
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(callLog))
		request.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
		recorder := httptest.NewRecorder()
		h := NewHTTP(s, NewSessions(time.Hour, principal), HTTPOptions{})
		h.ServeHTTP(recorder, request)
		h.Close()
		answered := recorder.Body.String()
		if later(late); recorder.Body.String() != answered {
			t.Errorf("after the answer came %s", strings.TrimPrefix(recorder.Body.String(), answered))
		}
	})
}

func TestLogMessagesOfARequestAreBounded(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{}, talking)
	session := initialize(t, server.URL, "ann")
	got := events(t, send(t, http.MethodPost, server.URL, strings.Replace(callLog, "log", "flood", 1), legacy(session, "ann")))
	if len(got) != maxLogged+1 {
		t.Errorf("%d messages and the answer", len(got)-1)
	}
}

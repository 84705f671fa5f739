package protocol

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/tool"
)

// granting lets what a caller may do be in its header X-User: "ann;write;5" is ann
// with a credential that allows to write and is 5 seconds old in time, and
// "ann/tablet" is another client of hers.
func granting(o *Options) {
	run := func(context.Context, *call.Call, gateInput) (*gateOutput, error) { return &gateOutput{"done"}, nil }
	o.Tools = []tool.Tool{
		tool.Define(tool.Tool{Name: "look", Description: "Reads.", Access: tool.Read}, run),
		tool.Define(tool.Tool{Name: "change", Description: "Writes.", Access: tool.Write}, run),
	}
	part := func(ctx context.Context, n int) string {
		all, _ := ctx.Value(user{}).(string)
		return append(strings.Split(all, ";"), "", "")[n]
	}
	o.MayWrite = func(ctx context.Context) bool { return part(ctx, 1) == "write" }
	o.Client = func(ctx context.Context) (string, time.Time) {
		seconds, _ := strconv.Atoi(part(ctx, 2))
		return principal(ctx), time.Unix(int64(seconds), 0)
	}
}

var toolsListChanged = map[string]any{"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}

const callLook = `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"look"}}`

func TestASessionIsToldThatItsToolsHaveChanged(t *testing.T) {
	th, change := watching(t)
	server, _, _ := testHTTP(t, HTTPOptions{}, change, granting)
	session := initialize(t, server.URL, "ann;read;1")
	other := initialize(t, server.URL, "ann;read;1")
	f := newFeed(send(t, http.MethodGet, server.URL, "", legacy(session, "ann;read;1")))
	g := newFeed(send(t, http.MethodGet, server.URL, "", legacy(other, "ann;read;1")))
	for _, id := range []string{session, other} {
		mustSend(t, server.URL, subscribeTo("thing://a"), legacy(id, "ann;read;1"))
	}

	mustSend(t, server.URL, callLook, legacy(session, "ann;read;2"))  // refreshed, with the same rights
	mustSend(t, server.URL, callLook, legacy(session, "ann;write;3")) // logged in for more
	expect(t, f, toolsListChanged)
	mustSend(t, server.URL, callLook, legacy(session, "ann;read;2")) // was under way still
	mustSend(t, server.URL, callLook, legacy(session, "ann;write;3"))
	mustSend(t, server.URL, callLook, legacy(session, "ann;read;4")) // lost the right
	expect(t, f, toolsListChanged)

	th.change("a") // nothing came before that
	expect(t, f, updated("a"))
	expect(t, g, updated("a"))
}

func TestWithoutAStreamASessionIsToldOnThatOfARequest(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{}, granting)
	session := initialize(t, server.URL, "ann;read;1")
	asked := func(body, user, accept string) (told bool) {
		headers := legacy(session, user)
		headers["Accept"] = accept
		for _, m := range events(t, send(t, http.MethodPost, server.URL, body, headers)) {
			told = told || m["method"] == "notifications/tools/list_changed"
		}
		return told
	}
	const both, plain = "application/json, text/event-stream", "application/json"
	const list = `{"jsonrpc":"2.0","id":5,"method":"tools/list"}`
	for _, step := range []struct {
		name, body, user, accept string
		told                     bool
	}{
		{"a request without a stream", callLook, "ann;write;2", plain, false},
		{"the next one, with a stream", callLook, "ann;write;2", both, true},
		{"one after it was told", callLook, "ann;write;2", both, false},
		{"the list itself, after another change", list, "ann;read;3", both, false},
		{"one after the list", callLook, "ann;read;3", both, false},
	} {
		if told := asked(step.body, step.user, step.accept); told != step.told {
			t.Errorf("%s: told: %v", step.name, told)
		}
	}
}

func TestWhoListensIsToldThatTheToolsOfItsClientHaveChanged(t *testing.T) {
	th, change := watching(t)
	server, _, _ := testHTTP(t, HTTPOptions{}, change, granting)
	as := func(method, name, user string) map[string]string {
		headers := modern(method, name)
		headers["X-User"] = user
		return headers
	}
	listen := func(id, user, more string) *feed {
		f := newFeed(send(t, http.MethodPost, server.URL, listenTo(id, `"resourceSubscriptions":["thing://a"]`+more), as("subscriptions/listen", "", user)))
		if m := f.next(t); m["method"] != "notifications/subscriptions/acknowledged" || strings.Contains(more, "tools") != strings.Contains(stringOf(m), "toolsListChanged") {
			t.Fatalf("got %v", m)
		}
		return f
	}
	laptop := listen("1", "ann;read;1", `,"toolsListChanged":true`)
	silent := listen("2", "ann;read;1", "")
	tablet := listen("1", "ann/tablet;read;1", `,"toolsListChanged":true`)

	const body = `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"look",` + modernMeta + `}}`
	mustSend(t, server.URL, body, as("tools/call", "look", "ann;write;2"))
	expect(t, laptop, map[string]any{
		"jsonrpc": "2.0", "method": "notifications/tools/list_changed",
		"params": map[string]any{"_meta": map[string]any{"io.modelcontextprotocol/subscriptionId": 1.0}},
	})
	th.change("a")
	for id, f := range map[float64]*feed{1: tablet, 2: silent} {
		expect(t, f, tagged(updated("a"), id))
	}
	expect(t, laptop, tagged(updated("a"), 1.0))
}

func TestListsThatCannotChangeAreNotSaidTo(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Options)
		says   bool
	}{
		"rights that differ by credential": {granting, true},
		"a server that is read-only":       {func(o *Options) { granting(o); o.ReadOnly = true }, false},
		"a client that has one credential": {func(o *Options) { granting(o); o.Client = nil }, false},
		"one right for everyone":           {func(o *Options) { granting(o); o.MayWrite = nil }, false},
		"no tool that writes":              {func(o *Options) { granting(o); o.Tools = o.Tools[:1] }, false},
	} {
		t.Run(name, func(t *testing.T) {
			server, _, _ := testHTTP(t, HTTPOptions{}, test.change)
			answer := text(t, send(t, http.MethodPost, server.URL, initializeWith("{}"), legacy("", "ann;read;1")))
			if got := strings.Contains(answer, `"tools":{"listChanged":true}`); got != test.says || strings.Count(answer, "listChanged") > 1 {
				t.Errorf("it is told %s", answer)
			}
		})
	}
}

package protocol

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/tool"
)

// serveHTTP serves a handler; the principal of a request is its header X-User.
func serveHTTP(t *testing.T, h *HTTP) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), user{}, r.Header.Get("X-User"))))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(h.Close)
	return server.URL
}

// offering serves a tool that reads and one that writes; only wes may write.
func offering(t *testing.T, o HTTPOptions, change ...func(*Options)) (url string, written *atomic.Int32) {
	t.Helper()
	written = &atomic.Int32{}
	run := func(context.Context, *call.Call, gateInput) (*gateOutput, error) { return &gateOutput{"done"}, nil }
	write := func(context.Context, *call.Call, gateInput) (*gateOutput, error) {
		written.Add(1)
		return &gateOutput{"written"}, nil
	}
	change = append([]func(*Options){func(o *Options) {
		o.Tools = []tool.Tool{
			tool.Define(tool.Tool{Name: "look", Description: "Reads.", Access: tool.Read}, run),
			tool.Define(tool.Tool{Name: "change", Description: "Writes.", Access: tool.Write}, write),
		}
		o.MayWrite = func(ctx context.Context) bool { return principal(ctx) == "wes" }
	}}, change...)
	server, _, _ := testHTTP(t, o, change...)
	return server.URL, written
}

// listed are the names of the tools that a user is shown.
func listed(t *testing.T, url, user string) []string {
	t.Helper()
	answer := text(t, send(t, http.MethodPost, url, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, legacy("", user)))
	return slices.DeleteFunc([]string{"look", "change"}, func(name string) bool { return !strings.Contains(answer, `"name":"`+name+`"`) })
}

const callChange = `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"change","arguments":{"name":"x"}}}`

func TestWhatACallerMayNotUseIsNeitherListedNorRun(t *testing.T) {
	url, written := offering(t, HTTPOptions{})
	for range 2 { // in both orders, so that nothing kept shows
		if got := listed(t, url, "wes"); !slices.Equal(got, []string{"look", "change"}) {
			t.Errorf("who may write is shown %q", got)
		}
		if got := listed(t, url, "ann"); !slices.Equal(got, []string{"look"}) {
			t.Errorf("who may not is shown %q", got)
		}
	}
	for _, body := range []string{
		callChange,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"look","name":"change","arguments":{"name":"x"}}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"change","name":"look","arguments":{"name":"x"}}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"Name":"change","arguments":{"name":"x"}}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"look","NAME":"change","arguments":{"name":"x"}}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"look"},"params":{"name":"change","arguments":{"name":"x"}}}`,
		`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"look"},"PARAMS":{"name":"change","arguments":{"name":"x"}}}`,
		`{"jsonrpc":"2.0","id":5,"method":"ping","METHOD":"tools/call","params":{"name":"change","arguments":{"name":"x"}}}`,
		`[` + callChange + `]`,
	} {
		text(t, send(t, http.MethodPost, url, body, legacy("", "ann")))
		if n := written.Load(); n != 0 {
			t.Fatalf("%s\nruns what its sender may not", body)
		}
	}
	// The header names a tool that reads, the body one that writes.
	response := send(t, http.MethodPost, url, `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"change","arguments":{"name":"x"},`+modernMeta+`}}`, modern("tools/call", "look"))
	if answer := text(t, response); response.StatusCode != http.StatusBadRequest || written.Load() != 0 {
		t.Errorf("%d %s", response.StatusCode, answer)
	}
	text(t, send(t, http.MethodPost, url, callChange, legacy("", "wes")))
	if written.Load() != 1 {
		t.Error("who may write does not")
	}
}

func TestACallBeyondWhatIsAllowedIsAnsweredWithAChallenge(t *testing.T) {
	var asked []string
	url, _ := offering(t, HTTPOptions{StepUp: func(ctx context.Context, tool string) string {
		asked = append(asked, principal(ctx)+" "+tool)
		return `Bearer error="insufficient_scope"`
	}})
	response := send(t, http.MethodPost, url, callChange, legacy("", "ann"))
	answer := text(t, response)
	if response.StatusCode != http.StatusForbidden || response.Header.Get("WWW-Authenticate") != `Bearer error="insufficient_scope"` {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
	if !strings.Contains(answer, `"id":5`) || !strings.Contains(answer, `"code":-32001`) {
		t.Error(answer)
	}
	for name, body := range map[string]string{
		"a tool that reads":          strings.Replace(callChange, "change", "look", 1),
		"a tool that does not exist": strings.Replace(callChange, "change", "nothing", 1),
		"another method":             `{"jsonrpc":"2.0","id":5,"method":"prompts/get","params":{"name":"change"}}`,
	} {
		if response := send(t, http.MethodPost, url, body, legacy("", "ann")); response.StatusCode != http.StatusOK || response.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s: %d %s", name, response.StatusCode, text(t, response))
		}
	}
	if response := send(t, http.MethodPost, url, callChange, legacy("", "wes")); response.StatusCode != http.StatusOK {
		t.Errorf("who may write: %d", response.StatusCode)
	}
	if !slices.Equal(asked, []string{"ann change"}) {
		t.Errorf("challenges were made for %q", asked)
	}
}

func TestOnStdioACallBeyondWhatIsAllowedSaysWhatToDo(t *testing.T) {
	url, written := offering(t, HTTPOptions{}) // without a challenge to make
	answer := text(t, send(t, http.MethodPost, url, callChange, legacy("", "ann")))
	if !strings.Contains(answer, `"code":-32001`) || !strings.Contains(answer, "Log in again and allow changes") || written.Load() != 0 {
		t.Error(answer)
	}
}

func TestAListThatDependsOnTheCallerIsPrivate(t *testing.T) {
	url, _ := offering(t, HTTPOptions{})
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + modernMeta + `}}`
	if answer := text(t, send(t, http.MethodPost, url, list, modern("tools/list", ""))); !strings.Contains(answer, `"cacheScope":"private"`) || !strings.Contains(answer, `"ttlMs":0`) {
		t.Error(answer)
	}
}

func TestInstructionsSpeakOfWhatIsOffered(t *testing.T) {
	url, _ := offering(t, HTTPOptions{})
	discover := `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{` + modernMeta + `}}`
	for user, readOnly := range map[string]bool{"ann": true, "wes": false} {
		headers := modern("server/discover", "")
		headers["X-User"] = user
		for _, answer := range []string{
			text(t, send(t, http.MethodPost, url, initializeWith("{}"), legacy("", user))),
			text(t, send(t, http.MethodPost, url, discover, headers)),
		} {
			if strings.Contains(answer, "This server is read-only") != readOnly {
				t.Errorf("%s is told %s", user, answer)
			}
		}
	}
}

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
)

func TestCancellationReachesOnlyRequestsOfTheSameSession(t *testing.T) {
	server, _, g := testHTTP(t, HTTPOptions{})
	mine, other := initialize(t, server.URL, "ann"), initialize(t, server.URL, "bob")
	cancelled := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`

	answers := make(chan string, 1)
	go func() {
		answers <- text(t, send(t, http.MethodPost, server.URL, callGate("1", "a"), legacy(mine, "ann")))
	}()
	if got := <-g.entered; got != "a" {
		t.Fatalf("entered %q", got)
	}
	for name, headers := range map[string]map[string]string{
		"another session": legacy(other, "bob"), "no session": legacy("", "bob"), "a modern client": modern("notifications/cancelled", ""),
	} {
		if response := send(t, http.MethodPost, server.URL, cancelled, headers); response.StatusCode != http.StatusAccepted {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
	}
	if response := send(t, http.MethodPost, server.URL, cancelled, legacy(mine, "bob")); response.StatusCode != http.StatusNotFound {
		t.Errorf("another principal with the session id: status %d", response.StatusCode)
	}
	select {
	case got := <-g.entered:
		t.Fatalf("a stranger's cancellation had an effect: %s", got)
	default:
	}
	send(t, http.MethodPost, server.URL, cancelled, legacy(mine, "ann"))
	if got := <-g.entered; got != "cancelled a" {
		t.Fatalf("after the own cancellation: %q", got)
	}
	if got := <-answers; got != "" {
		t.Errorf("a cancelled request was answered: %s", got)
	}
}

func TestModernRequestsWithOneIDAreApart(t *testing.T) {
	server, _, g := testHTTP(t, HTTPOptions{})
	body := func(name string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"gate","arguments":{"name":"` + name + `"},` + modernMeta + `}}`
	}
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(body("a")))
		request.Header.Set("Content-Type", "application/json")
		for k, v := range modern("tools/call", "gate") {
			request.Header.Set(k, v)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-g.entered
	answer := make(chan []map[string]any, 1)
	go func() {
		answer <- events(t, send(t, http.MethodPost, server.URL, body("b"), modern("tools/call", "gate")))
	}()
	<-g.entered
	hangUp() // closing the stream is how a modern client cancels
	if got := <-g.entered; got != "cancelled a" {
		t.Fatalf("got %q", got)
	}
	close(g.release)
	got := <-answer
	if fmt.Sprint(got[len(got)-1]["id"]) != "1" || got[len(got)-1]["result"] == nil {
		t.Errorf("the other request was harmed: %v", got)
	}
}

func TestEveryNotificationArrivesBeforeItsAnswerOnItsOwnStream(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	session := initialize(t, server.URL, "ann")
	var wg sync.WaitGroup
	for i := range 40 {
		for _, era := range []string{"legacy", "modern"} {
			wg.Go(func() {
				name := fmt.Sprintf("%s-%d", era, i)
				headers, meta := legacy(session, "ann"), `"_meta":{"progressToken":"p"}`
				if era == "modern" {
					headers, meta = modern("tools/call", "steps"), modernMeta
				}
				got := events(t, send(t, http.MethodPost, server.URL,
					fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"steps","arguments":{"name":%q},%s}}`, i, name, meta), headers))
				if len(got) != 4 {
					t.Errorf("%s: %d messages, want 3 notifications and the answer: %v", name, len(got), got)
					return
				}
				for n, m := range got[:3] {
					params, _ := m["params"].(map[string]any)
					if m["method"] != "notifications/progress" || params["message"] != name || fmt.Sprint(params["progress"]) != fmt.Sprint(n+1) {
						t.Errorf("%s: notification %d is %v", name, n, m)
					}
				}
				if got[3]["result"] == nil {
					t.Errorf("%s: the last message is not the answer: %v", name, got[3])
				}
			})
		}
	}
	wg.Wait()
}

func TestSessionsMustHaveBeenIssuedHere(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	session := initialize(t, server.URL, "ann")
	ended := initialize(t, server.URL, "ann")
	send(t, http.MethodDelete, server.URL, "", legacy(ended, "ann"))
	list := `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	at := len(session) - 10 // inside the hash
	forged := session[:at] + string("AB"[(session[at]&1)]) + session[at+1:]
	if forged[at] == session[at] {
		forged = session[:at] + "C" + session[at+1:]
	}
	for _, test := range []struct {
		name, method, session, user string
		want                        int
	}{
		{"the own session", http.MethodPost, session, "ann", 200},
		{"no session at all", http.MethodPost, "", "ann", 200},
		{"another principal", http.MethodPost, session, "bob", 404},
		{"an id that nobody issued", http.MethodPost, "mcp-session-3f1c8e0a-0000-4000-8000-000000000000", "ann", 404},
		{"an id with another hash", http.MethodPost, forged, "ann", 404},
		{"a session that was ended", http.MethodPost, ended, "ann", 404},
		{"a stream for an id that nobody issued", http.MethodGet, "mcp-session-3f1c8e0a-0000-4000-8000-000000000000", "ann", 404},
		{"a stream for another principal", http.MethodGet, session, "bob", 404},
		{"a stream without a session", http.MethodGet, "", "ann", 400},
		{"ending another principal's session", http.MethodDelete, session, "bob", 404},
		{"ending no session", http.MethodDelete, "", "ann", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			if response := send(t, test.method, server.URL, list, legacy(test.session, test.user)); response.StatusCode != test.want {
				t.Errorf("status %d, want %d: %s", response.StatusCode, test.want, text(t, response))
			}
		})
	}
}

func TestTransportRefusals(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{MaxBody: 1000})
	ok := legacy("", "")
	with := func(headers map[string]string, name, value string) map[string]string {
		changed := map[string]string{name: value}
		for k, v := range headers {
			if k != name {
				changed[k] = v
			}
		}
		return changed
	}
	list := `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + modernMeta + `}}`
	for _, test := range []struct {
		name, method, body string
		headers            map[string]string
		status             int
		code               string
	}{
		{"a body over the limit", "POST", `{"a":"` + strings.Repeat("x", 1000) + `"}`, ok, 413, "-32600"},
		{"no JSON", "POST", "{", ok, 400, "-32700"},
		{"no UTF-8", "POST", "{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}", ok, 400, "-32700"},
		{"a batch", "POST", "[]", ok, 400, "-32600"},
		{"a JSON text", "POST", `"x"`, ok, 400, "-32600"},
		{"an empty object", "POST", `{}`, ok, 400, "-32600"},
		{"a request with a result", "POST", `{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}`, ok, 400, "-32600"},
		{"a request with an error", "POST", `{"jsonrpc":"2.0","id":1,"method":"ping","error":{}}`, ok, 400, "-32600"},
		{"an object as id", "POST", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, ok, 400, "-32600"},
		{"a wrong JSON-RPC version", "POST", `{"jsonrpc":"1.0","id":1,"method":"ping"}`, ok, 200, "-32600"},
		{"another content type", "POST", "{}", with(ok, "Content-Type", "text/plain"), 415, "-32600"},
		{"no acceptable content", "POST", "{}", with(ok, "Accept", "text/html"), 406, "-32600"},
		{"an unknown protocol version", "POST", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, with(ok, "Mcp-Protocol-Version", "2020-01-01"), 400, "-32600"},
		{"another method", "PUT", "{}", ok, 405, "-32600"},
		{"a response in a session that nobody issued", "POST", `{"jsonrpc":"2.0","id":1,"result":{}}`, legacy("nobody's", ""), 404, "-32600"},
		{"a response of a modern client", "POST", `{"jsonrpc":"2.0","id":1,"result":{}}`, modern("", ""), 400, "-32600"},
		{"a modern GET", "GET", "", modern("", ""), 405, "-32600"},
		{"a modern DELETE", "DELETE", "", modern("", ""), 405, "-32600"},
		{"a modern body without the header", "POST", list, ok, 400, "-32020"},
		{"a modern header without the body", "POST", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, modern("tools/list", ""), 400, "-32602"},
		{"a modern request without its method header", "POST", list, with(modern("tools/list", ""), "Mcp-Method", ""), 400, "-32020"},
		{"a modern request with another method header", "POST", list, modern("tools/call", ""), 400, "-32020"},
		{"a version of the future", "POST", strings.Replace(list, "2026-07-28", "2027-01-01", 1), with(modern("tools/list", ""), "Mcp-Protocol-Version", "2027-01-01"), 400, "-32022"},
		{"a removed method", "POST", strings.Replace(list, "tools/list", "ping", 1), modern("ping", ""), 404, "-32601"},
		{"an unknown method", "POST", `{"jsonrpc":"2.0","id":1,"method":"nope"}`, ok, 200, "-32601"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response := send(t, test.method, server.URL, test.body, test.headers)
			got := events(t, response)
			fault, _ := got[0]["error"].(map[string]any)
			if response.StatusCode != test.status || fmt.Sprint(fault["code"]) != test.code {
				t.Errorf("status %d, code %v; want %d, %s: %v", response.StatusCode, fault["code"], test.status, test.code, got[0])
			}
			if fault["message"] == "" {
				t.Error("the refusal says nothing")
			}
			// What is no request has no answer (Transports, Sending Messages to the Server).
			if !strings.Contains(test.body, `"method"`) && got[0]["id"] != nil {
				t.Errorf("the refusal has the id %v", got[0]["id"])
			}
		})
	}
}

func TestFaultsHaveTheirCodes(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	for name, want := range map[string]string{"down": "-32002", "refused": "-32001", "nope": "-32602"} {
		got := events(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"`+name+`"}}`, legacy("", "")))
		if fault, _ := got[0]["error"].(map[string]any); fmt.Sprint(fault["code"]) != want || got[0]["id"] != "x" {
			t.Errorf("%s: %v", name, got[0])
		}
	}
	for call, want := range map[string]string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"step"}}`:             "Did you mean steps?",
		`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"explore_schemas"}}`: "Did you mean explore_schema?",
	} {
		got := events(t, send(t, http.MethodPost, server.URL, call, legacy("", "")))
		if fault, _ := got[0]["error"].(map[string]any); fmt.Sprint(fault["code"]) != "-32602" || !strings.Contains(fmt.Sprint(fault["message"]), want) {
			t.Errorf("%s: %v", call, got[0])
		}
	}
	for _, headers := range []map[string]string{legacy("", ""), modern("resources/read", "infrahub://branche")} {
		body := `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"infrahub://branche",` + modernMeta + `}}`
		if headers["Mcp-Method"] == "" {
			body = strings.Replace(body, ","+modernMeta, "", 1)
		}
		got := events(t, send(t, http.MethodPost, server.URL, body, headers))
		fault, _ := got[0]["error"].(map[string]any)
		if message := stringOf(fault["message"]); !strings.Contains(message, "Did you mean infrahub://branches") {
			t.Errorf("%v does not name the closest", fault)
		}
		if data, _ := fault["data"].(map[string]any); data["uri"] != "infrahub://branche" {
			t.Errorf("a resource that does not exist: %v", got[0])
		}
	}
	got := events(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"broken"}}`, legacy("", "")))
	result, _ := got[0]["result"].(map[string]any)
	if fmt.Sprint(got[0]["id"]) != "9007199254740993" || result["isError"] != true || strings.Contains(fmt.Sprint(got), "secret") {
		t.Errorf("a panic: %v", got)
	}
}

func TestConcurrentCallsOfBothErasDoNotShareResults(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			got := events(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, legacy("", "")))
			if result, _ := got[0]["result"].(map[string]any); result["resultType"] != nil || result["_meta"] != nil {
				t.Errorf("an answer of the older era has members of the newer: %v", result)
			}
		})
		wg.Go(func() {
			got := events(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{`+modernMeta+`}}`, modern("tools/list", "")))
			if result, _ := got[0]["result"].(map[string]any); result["resultType"] != "complete" {
				t.Errorf("an answer of the newer era lacks its members: %v", got)
			}
		})
	}
	wg.Wait()
}

func TestStreamsEndWhenTheServerShutsDown(t *testing.T) {
	s, _ := testServer(t)
	h := NewHTTP(s, NewSessions(time.Hour, func(context.Context) string { return "" }), HTTPOptions{KeepAlive: time.Millisecond, Ping: time.Millisecond})
	server := httptest.NewUnstartedServer(h)
	server.Config.RegisterOnShutdown(h.Close)
	server.Start()
	defer server.Close()
	session := initialize(t, server.URL, "")
	stream := send(t, http.MethodGet, server.URL, "", legacy(session, ""))
	buffer := make([]byte, 400)
	for seen := ""; !strings.Contains(seen, `"method":"ping"`) || !strings.Contains(seen, ": keep-alive"); {
		n, err := stream.Body.Read(buffer)
		if err != nil {
			t.Fatalf("the stream ended before ping and comment: %q", seen)
		}
		seen += string(buffer[:n])
	}
	listen := `{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + modernMeta + `}}`
	got := events(t, send(t, http.MethodPost, server.URL, listen, modern("subscriptions/listen", "")))
	if diff := cmp.Diff("notifications/subscriptions/acknowledged", got[0]["method"]); diff != "" {
		t.Error(diff)
	}
	if err := server.Config.Shutdown(t.Context()); err != nil {
		t.Errorf("shutting down with an open stream: %v", err)
	}
}

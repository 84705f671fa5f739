package protocol

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/tool"
)

// event is one server-sent event.
type event struct {
	ID, Retry string
	Message   map[string]any
}

// reading reads the events of a stream, one for each call; ok is false at its
// end.
func reading(t *testing.T, response *http.Response) func() (e event, ok bool) {
	t.Helper()
	lines := bufio.NewScanner(response.Body)
	return func() (e event, ok bool) {
		t.Helper()
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.ID, ok = value, true
			case "retry":
				e.Retry = value
			case "data":
				ok = true
				if value != "" {
					if err := json.Unmarshal([]byte(value), &e.Message); err != nil {
						t.Fatalf("%v: %s", err, value)
					}
				}
			}
			if lines.Text() == "" && ok {
				return e, true
			}
		}
		return e, false
	}
}

// relay is a server with a tool that reports a step whenever it is told to, and
// ends with the last.
func relay(t *testing.T, o HTTPOptions) (url string, step chan bool, cancelled chan struct{}) {
	t.Helper()
	_, url, step, cancelled = relayOf(t, o)
	return url, step, cancelled
}

// relayOf is relay, with its transport.
func relayOf(t *testing.T, o HTTPOptions) (h *HTTP, url string, step chan bool, cancelled chan struct{}) {
	t.Helper()
	step, cancelled = make(chan bool), make(chan struct{}, 10)
	walk := tool.Define(tool.Tool{Name: "walk", Description: "Walks."}, func(ctx context.Context, c *call.Call, in gateInput) (*gateOutput, error) {
		for n := 1; ; n++ {
			select {
			case last := <-step:
				if last {
					return &gateOutput{in.Name}, nil
				}
				c.Progress(n, 9, "step")
			case <-ctx.Done():
				cancelled <- struct{}{}
				return nil, ctx.Err()
			}
		}
	})
	server, h, _ := testHTTP(t, o, func(o *Options) { o.Tools = []tool.Tool{walk} })
	return h, server.URL, step, cancelled
}

const callWalk = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"walk","arguments":{"name":"far"},"_meta":{"progressToken":"p"}}}`

// leaving sends a request on a connection that the function returned cuts.
func leaving(t *testing.T, method, url, body string, headers map[string]string) (*http.Response, func()) {
	t.Helper()
	ctx, cut := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response, cut
}

func newest(headers map[string]string, more ...string) map[string]string {
	headers["Mcp-Protocol-Version"] = "2025-11-25"
	for i := 0; i+1 < len(more); i += 2 {
		headers[more[i]] = more[i+1]
	}
	return headers
}

func TestACallOutlivesItsConnection(t *testing.T) {
	url, step, cancelled := relay(t, HTTPOptions{Prime: time.Millisecond})
	session := initialize(t, url, "ann")
	response, cut := leaving(t, http.MethodPost, url, callWalk, newest(legacy(session, "ann")))
	next := reading(t, response)
	first, _ := next()
	if first.ID == "" || first.Retry == "" || first.Message != nil {
		t.Errorf("the first event is %+v", first)
	}
	step <- false
	second, _ := next()
	if second.ID == "" || second.ID == first.ID || second.Message["method"] != "notifications/progress" {
		t.Errorf("the second event is %+v", second)
	}
	cut()
	step <- false // while nobody listens

	resumed, cut := leaving(t, http.MethodGet, url, "", newest(legacy(session, "ann"), "Last-Event-ID", second.ID))
	defer cut()
	next = reading(t, resumed)
	third, _ := next()
	if params, _ := third.Message["params"].(map[string]any); params["progress"] != 2.0 {
		t.Errorf("the first event after coming back is %+v", third)
	}
	step <- true
	last, _ := next()
	if result, _ := last.Message["result"].(map[string]any); last.Message["id"] != 7.0 || result["isError"] == true {
		t.Errorf("the answer is %+v", last)
	}
	if more, ok := next(); ok {
		t.Errorf("after the answer there is %+v", more)
	}
	if len(cancelled) > 0 {
		t.Error("the call was cancelled")
	}

	// All of it can be had again, by its session alone.
	for from, want := range map[string]int{first.ID: 3, second.ID: 2, third.ID: 1} {
		again := events(t, send(t, http.MethodGet, url, "", newest(legacy(session, "ann"), "Last-Event-ID", from)))
		if len(again) != want || again[len(again)-1]["result"] == nil {
			t.Errorf("after %s there are %v", from, again)
		}
	}
	other := initialize(t, url, "bob")
	for name, headers := range map[string]map[string]string{
		"another session of another user": newest(legacy(other, "bob"), "Last-Event-ID", first.ID),
		"an event that never was":         newest(legacy(session, "ann"), "Last-Event-ID", strings.Replace(first.ID, "-1", "-9", 1)),
		"no event":                        newest(legacy(session, "ann"), "Last-Event-ID", strings.Replace(first.ID, "-1", "-0", 1)),
		"an unknown stream":               newest(legacy(session, "ann"), "Last-Event-ID", "x-1"),
		"nonsense":                        newest(legacy(session, "ann"), "Last-Event-ID", "nonsense"),
	} {
		response, cut := leaving(t, http.MethodGet, url, "", headers)
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
		time.AfterFunc(10*time.Millisecond, cut)
		if got, ok := reading(t, response)(); ok {
			t.Errorf("%s gets %+v", name, got)
		}
	}
}

func TestACallWithoutASessionEndsWithItsConnection(t *testing.T) {
	for name, headers := range map[string]map[string]string{
		"older era": legacy("", "ann"),
		"newer era": modern("tools/call", "walk"),
	} {
		t.Run(name, func(t *testing.T) {
			url, step, cancelled := relay(t, HTTPOptions{})
			body := callWalk
			if name == "newer era" {
				body = strings.Replace(body, `"progressToken":"p"`, strings.TrimSuffix(strings.TrimPrefix(modernMeta, `"_meta":{`), "}"), 1)
			}
			go func() { step <- false }()
			response, cut := leaving(t, http.MethodPost, url, body, headers)
			if e, _ := reading(t, response)(); e.ID != "" || e.Message["method"] != "notifications/progress" {
				t.Errorf("the first event is %+v", e)
			}
			cut()
			<-cancelled
		})
	}
}

func TestACallThatNobodyCanComeBackToEndsWithItsConnection(t *testing.T) {
	url, _, cancelled := relay(t, HTTPOptions{Prime: time.Hour, KeepAlive: time.Hour})
	session := initialize(t, url, "ann")
	ctx, cut := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(callWalk))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range newest(legacy(session, "ann"), "Content-Type", "application/json") {
		request.Header.Set(name, value)
	}
	time.AfterFunc(10*time.Millisecond, cut)
	if response, err := http.DefaultClient.Do(request); err == nil {
		response.Body.Close()
		t.Fatalf("answered %s", response.Status)
	}
	<-cancelled
}

func TestStoppingCancelsACallWhoseClientIsToComeBack(t *testing.T) {
	h, url, step, cancelled := relayOf(t, HTTPOptions{Prime: time.Millisecond})
	session := initialize(t, url, "ann")
	response, cut := leaving(t, http.MethodPost, url, callWalk, newest(legacy(session, "ann")))
	if first, _ := reading(t, response)(); first.ID == "" {
		t.Fatalf("the client cannot come back: %+v", first)
	}
	cut()
	h.Close()
	step <- false // it goes on
	h.Stop()
	<-cancelled
}

func TestOnlyClientsThatKnowThemGetEventsWithoutAMessage(t *testing.T) {
	url, step, _ := relay(t, HTTPOptions{Prime: time.Nanosecond, KeepAlive: time.Hour})
	session := initialize(t, url, "ann")
	headers := legacy(session, "ann")
	headers["Mcp-Protocol-Version"] = "2025-06-18"
	go func() { step <- false; step <- true }()
	next := reading(t, send(t, http.MethodPost, url, callWalk, headers))
	if first, _ := next(); first.ID == "" || first.Message == nil {
		t.Errorf("the first event is %+v", first)
	}
}

func TestRecordsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newRecords()
		first := all.begin("s")
		event := first.add([]byte("a"))
		first.end()
		long := all.begin("s")
		tooLong := long.add(make([]byte, maxRecord+1))
		if _, _, ok := all.find("s", event); !ok {
			t.Error("a stream that has just ended cannot be resumed")
		}
		if _, _, ok := all.find("s", tooLong); ok {
			t.Error("a stream that is too long can be resumed")
		}
		for range maxRecords - 1 {
			all.begin("s")
		}
		if _, _, ok := all.find("s", event); ok || all.all.Len() != maxRecords {
			t.Errorf("%d records, the oldest among them: %t", all.all.Len(), ok)
		}
		young := newRecords()
		one := young.begin("s")
		event = one.add([]byte("a"))
		one.end()
		time.Sleep(recordLife + time.Second)
		if _, _, ok := young.find("s", event); ok {
			t.Error("a stream that ended long ago can be resumed")
		}
		young.begin("s")
		if young.all.Len() != 1 {
			t.Errorf("%d records are kept", young.all.Len())
		}
	})
}

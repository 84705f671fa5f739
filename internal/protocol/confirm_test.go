package protocol

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const yes = `"result":{"action":"accept","content":{"confirm":true}}`

func callAsk(id int, name string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"ask","arguments":{"name":%q}}}`, id, name)
}

// outcome is what the tool "ask" says, "asked" when the answer is a question,
// or the code of a JSON-RPC error.
func outcome(answer map[string]any) string {
	if fault, ok := answer["error"].(map[string]any); ok {
		return fmt.Sprint(fault["code"])
	}
	result, _ := answer["result"].(map[string]any)
	if result["resultType"] == "input_required" {
		return "asked"
	}
	structured, _ := result["structuredContent"].(map[string]any)
	return fmt.Sprint(structured["name"])
}

// respond is the response to a request of the server.
func respond(request map[string]any, rest string) string {
	id, _ := json.Marshal(request["id"])
	return `{"jsonrpc":"2.0","id":` + string(id) + `,` + rest + `}`
}

// listener reads an event stream as it comes.
type listener struct {
	lines    *bufio.Scanner
	comments int
}

// callAsks calls the tool "ask" of a session and returns the stream of the call.
func callAsks(t *testing.T, url string, id int, name string, headers map[string]string) *listener {
	t.Helper()
	return streamOf(t, send(t, http.MethodPost, url, callAsk(id, name), headers))
}

// streamOf is the stream that answers a request.
func streamOf(t *testing.T, response *http.Response) *listener {
	t.Helper()
	if media := response.Header.Get("Content-Type"); media != "text/event-stream" {
		t.Fatalf("the answer is %q: %s", media, text(t, response))
	}
	return &listener{lines: bufio.NewScanner(response.Body)}
}

// next returns the next message, nil at the end of the stream.
func (l *listener) next(t *testing.T) map[string]any {
	t.Helper()
	for l.lines.Scan() {
		if strings.HasPrefix(l.lines.Text(), ":") {
			l.comments++
		}
		if raw, ok := strings.CutPrefix(l.lines.Text(), "data: "); ok {
			var m map[string]any
			if err := json.Unmarshal([]byte(raw), &m); err != nil {
				t.Fatalf("%q is no message: %v", raw, err)
			}
			return m
		}
	}
	return nil
}

// answers are what clients make of a question, and what comes of it: while the
// call waits, and when the call is made again with the answer.
var answers = []struct{ name, response, waiting, again string }{
	{"yes", yes, "confirmed", "confirmed"},
	{"no", `"result":{"action":"accept","content":{"confirm":false}}`, "declined", "declined"},
	{"declined", `"result":{"action":"decline"}`, "declined", "declined"},
	{"dismissed", `"result":{"action":"cancel"}`, "declined", "declined"},
	{"declined with yes in the form", `"result":{"action":"decline","content":{"confirm":true}}`, "declined", "declined"},
	{"accepted without the form", `"result":{"action":"accept"}`, "unanswered", "asked"},
	{"accepted with an empty form", `"result":{"action":"accept","content":{}}`, "unanswered", "asked"},
	{"yes as text", `"result":{"action":"accept","content":{"confirm":"true"}}`, "unanswered", "asked"},
	{"yes as a number", `"result":{"action":"accept","content":{"confirm":1}}`, "unanswered", "asked"},
	{"another action", `"result":{"action":"ok","content":{"confirm":true}}`, "unanswered", "asked"},
	{"no action", `"result":{"content":{"confirm":true}}`, "unanswered", "asked"},
	{"a number", `"result":1`, "unanswered", "asked"},
	{"an error", `"error":{"code":-32603,"message":"no display"}`, "unanswered", ""},
}

const canElicit = `{"elicitation":{}}`

func TestAnswersOnTheStreamOfTheCall(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	session := initializeAs(t, server.URL, "ann", canElicit)
	for i, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			stream := callAsks(t, server.URL, i, "leaf1", legacy(session, "ann"))
			question := stream.next(t)
			checkForm(t, question)
			response := send(t, http.MethodPost, server.URL, respond(question, test.response), legacy(session, "ann"))
			if response.StatusCode != http.StatusAccepted || text(t, response) != "" {
				t.Errorf("the response got status %d", response.StatusCode)
			}
			if diff := cmp.Diff(test.waiting, outcome(stream.next(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnswersOnStdio(t *testing.T) {
	s, _ := testServer(t)
	d := startStdio(t, s, StdioOptions{})
	d.say(t, initializeWith(canElicit))
	d.hear(t)
	for i, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			d.say(t, callAsk(i, "leaf1"))
			question := d.hear(t)
			checkForm(t, question)
			d.say(t, respond(question, test.response))
			if diff := cmp.Diff(test.waiting, outcome(d.hear(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// checkForm checks a question that the server asks with a request, or the
// member of inputRequests.
func checkForm(t *testing.T, request map[string]any) {
	t.Helper()
	if request["method"] != "elicitation/create" {
		t.Fatalf("not a question: %v", request)
	}
	want := map[string]any{
		"message": "Delete leaf1?",
		"requestedSchema": map[string]any{
			"type":     "object",
			"required": []any{"confirm"},
			"properties": map[string]any{"confirm": map[string]any{
				"type": "boolean", "title": "Confirm", "description": "Yes lets the assistant do this; no keeps everything as it is.",
			}},
		},
	}
	if diff := cmp.Diff(want, request["params"]); diff != "" {
		t.Error(diff)
	}
}

// retry is the request of a modern client that calls "ask".
type retry struct {
	id           int
	arguments    string // {"name":"leaf1"} if empty
	user         string
	capabilities string // with elicitation if empty
	state        string
	response     string // of the question, with the member "result"
}

func (r retry) body() string {
	if r.arguments == "" {
		r.arguments = `{"name":"leaf1"}`
	}
	if r.capabilities == "" {
		r.capabilities = canElicit
	}
	rest := ""
	if r.state != "" {
		rest += fmt.Sprintf(`,"requestState":%q`, r.state)
	}
	if r.response != "" {
		rest += `,"inputResponses":{"confirm":` + strings.TrimPrefix(r.response, `"result":`) + `,"other":{}}`
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"ask","arguments":%s,`+
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":%s}%s}}`, r.id, r.arguments, r.capabilities, rest)
}

func (r retry) send(t *testing.T, url string) map[string]any {
	t.Helper()
	headers := modern("tools/call", "ask")
	headers["X-User"] = r.user
	return events(t, send(t, http.MethodPost, url, r.body(), headers))[0]
}

// stateOf checks that an answer is a question and returns its state.
func stateOf(t *testing.T, answer map[string]any) string {
	t.Helper()
	if got := outcome(answer); got != "asked" {
		t.Fatalf("%s, not a question: %v", got, answer)
	}
	result, _ := answer["result"].(map[string]any)
	requests, _ := result["inputRequests"].(map[string]any)
	request, _ := requests["confirm"].(map[string]any)
	checkForm(t, request)
	state, _ := result["requestState"].(string)
	if len(requests) != 1 || state == "" {
		t.Fatalf("the question: %v", result)
	}
	return state
}

func TestAnswersWithTheCallMadeAgain(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	s, _ := testServer(t)
	d := startStdio(t, s, StdioOptions{})
	for name, ask := range map[string]func(*testing.T, retry) map[string]any{
		"over HTTP": func(t *testing.T, r retry) map[string]any { return r.send(t, server.URL) },
		"on stdio":  func(t *testing.T, r retry) map[string]any { d.say(t, r.body()); return d.hear(t) },
	} {
		for _, test := range answers {
			if test.again == "" {
				continue // cannot be said in this era
			}
			t.Run(name+", "+test.name, func(t *testing.T) {
				state := stateOf(t, ask(t, retry{id: 1}))
				if diff := cmp.Diff(test.again, outcome(ask(t, retry{id: 2, state: state, response: test.response}))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestAnAnswerCountsOnceForWhatWasAsked(t *testing.T) {
	server, h, g := testHTTP(t, HTTPOptions{})
	for _, test := range []struct {
		name   string
		change func(*retry)
		want   string
	}{
		{"the call made again", func(*retry) {}, "confirmed"},
		{"the same arguments written otherwise", func(r *retry) { r.arguments = ` { "name" : "leaf\u0031" } ` }, "confirmed"},
		{"another node", func(r *retry) { r.arguments = `{"name":"leaf2"}` }, "-32602"},
		{"another principal", func(r *retry) { r.user = "bob" }, "-32602"},
		{"an altered state", func(r *retry) { r.state = strings.Map(swap, r.state[:20]) + r.state[20:] }, "-32602"},
		{"a state with something behind it", func(r *retry) { r.state += "-TAMPERED" }, "-32602"},
		{"a state that nobody issued", func(r *retry) { r.state = "x" }, "-32602"},
		{"the state of another server", func(r *retry) {
			r.state = newSeal(nil, nil).close([]byte(`"ann" "ask" "{\"name\":\"leaf1\"}"`), "leaf1 at 0")
		}, "-32602"},
		{"no state", func(r *retry) { r.state = "" }, "asked"},
		{"no answer", func(r *retry) { r.response = "" }, "asked"},
		{"a node that changed since", func(*retry) { g.revision.Add(1) }, "asked"},
		{"too late", func(r *retry) {
			h.server.seal.lifetime = -time.Second
			r.state = stateOf(t, retry{user: "ann"}.send(t, server.URL))
			h.server.seal.lifetime = stateLifetime
		}, "asked"},
		{"a second time", func(r *retry) {
			if got := outcome(r.send(t, server.URL)); got != "confirmed" {
				t.Errorf("the first time: %s", got)
			}
		}, "asked"},
		{"yes after no", func(r *retry) {
			no := *r
			no.response = `"result":{"action":"decline"}`
			if got := outcome(no.send(t, server.URL)); got != "declined" {
				t.Errorf("no: %s", got)
			}
		}, "asked"},
		{"yes after an answer that was none", func(r *retry) {
			none := *r
			none.response = `"result":{"action":"accept"}`
			stateOf(t, none.send(t, server.URL))
		}, "confirmed"},
		{"a client that can no longer ask", func(r *retry) { r.capabilities = `{}` }, "cannot ask"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := retry{id: 2, user: "ann", response: yes}
			r.state = stateOf(t, retry{id: 1, user: "ann"}.send(t, server.URL))
			test.change(&r)
			if diff := cmp.Diff(test.want, outcome(r.send(t, server.URL))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// swap changes a character of base64.
func swap(r rune) rune {
	if r == 'A' {
		return 'B'
	}
	return 'A'
}

func TestOfManyEqualAnswersOneCounts(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	state := stateOf(t, retry{}.send(t, server.URL))
	counts := map[string]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got := outcome(retry{state: state, response: yes}.send(t, server.URL))
			mu.Lock()
			defer mu.Unlock()
			counts[got]++
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[string]int{"confirmed": 1, "asked": 19}, counts); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyClientsThatCanAskAreAsked(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{}, func(o *Options) { o.AnswerTime = time.Millisecond })
	for _, test := range []struct {
		name, capabilities string
		asked              bool
	}{
		{"no capability", `{}`, false},
		{"null", `{"elicitation":null}`, false},
		{"sampling", `{"sampling":{}}`, false},
		{"only links", `{"elicitation":{"url":{}}}`, false},
		{"elicitation without a mode", `{"elicitation":{}}`, true},
		{"forms", `{"elicitation":{"form":{}}}`, true},
		{"forms and links", `{"elicitation":{"form":{},"url":{}}}`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := map[string]string{"HTTP": "cannot ask", "stdio": "cannot ask", "modern": "cannot ask"}
			if test.asked {
				// Nobody answers here.
				want = map[string]string{"HTTP": "unanswered", "stdio": "unanswered", "modern": "asked"}
			}
			session := initializeAs(t, server.URL, "ann", test.capabilities)
			messages := events(t, send(t, http.MethodPost, server.URL, callAsk(1, "a"), legacy(session, "ann")))

			s, _ := testServer(t, func(o *Options) { o.AnswerTime = time.Millisecond })
			d := startStdio(t, s, StdioOptions{})
			d.say(t, initializeWith(test.capabilities))
			d.hear(t)
			d.say(t, callAsk(1, "a"))
			last := d.hear(t)
			for last["method"] != nil {
				last = d.hear(t)
			}
			if diff := cmp.Diff(want, map[string]string{
				"HTTP": outcome(messages[len(messages)-1]), "stdio": outcome(last),
				"modern": outcome(retry{capabilities: test.capabilities}.send(t, server.URL)),
			}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRequestsThatCannotCarryAQuestionAreNotAsked(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	session := initializeAs(t, server.URL, "ann", canElicit)
	plain := legacy(session, "ann")
	plain["Accept"] = "application/json"
	for name, headers := range map[string]map[string]string{"without a session": legacy("", "ann"), "without a stream": plain} {
		if got := outcome(events(t, send(t, http.MethodPost, server.URL, callAsk(1, "a"), headers))[0]); got != "cannot ask" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAQuestionIsTakenBackWhenTheTimeIsUp(t *testing.T) {
	s, _ := testServer(t, func(o *Options) { o.AnswerTime = time.Millisecond })
	server := httptest.NewServer(NewHTTP(s, NewSessions(time.Hour, principal), HTTPOptions{}))
	defer server.Close()
	session := initializeAs(t, server.URL, "", canElicit)
	check := func(t *testing.T, next func() map[string]any, answer func(string)) {
		question, cancelled, result := next(), next(), next()
		params, _ := cancelled["params"].(map[string]any)
		if cancelled["method"] != "notifications/cancelled" || params["requestId"] != question["id"] {
			t.Errorf("after the question: %v", cancelled)
		}
		if got := outcome(result); got != "unanswered" {
			t.Errorf("the result: %s", got)
		}
		answer(respond(question, yes))
	}
	t.Run("over HTTP", func(t *testing.T) {
		stream := callAsks(t, server.URL, 1, "leaf1", legacy(session, ""))
		check(t, func() map[string]any { return stream.next(t) }, func(late string) {
			if response := send(t, http.MethodPost, server.URL, late, legacy(session, "")); response.StatusCode != http.StatusAccepted {
				t.Errorf("a late answer: status %d", response.StatusCode)
			}
		})
	})
	t.Run("on stdio", func(t *testing.T) {
		d := startStdio(t, s, StdioOptions{})
		d.say(t, initializeWith(canElicit))
		d.hear(t)
		d.say(t, callAsk(1, "leaf1"))
		check(t, func() map[string]any { return d.hear(t) }, func(late string) {
			d.say(t, late, `{"jsonrpc":"2.0","id":9,"method":"ping"}`)
			if m := d.hear(t); fmt.Sprint(m["id"]) != "9" {
				t.Errorf("after a late answer: %v", m)
			}
		})
	})
}

func TestCancellingACallTakesItsQuestionBack(t *testing.T) {
	server, h, _ := testHTTP(t, HTTPOptions{})
	session := initializeAs(t, server.URL, "ann", canElicit)
	cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`
	t.Run("over HTTP", func(t *testing.T) {
		stream := callAsks(t, server.URL, 1, "leaf1", legacy(session, "ann"))
		question := stream.next(t)
		send(t, http.MethodPost, server.URL, cancel, legacy(session, "ann"))
		cancelled := stream.next(t)
		params, _ := cancelled["params"].(map[string]any)
		if cancelled["method"] != "notifications/cancelled" || params["requestId"] != question["id"] {
			t.Errorf("after the question: %v", cancelled)
		}
		if m := stream.next(t); m != nil {
			t.Errorf("a cancelled call was answered: %v", m)
		}
		if response := send(t, http.MethodPost, server.URL, respond(question, yes), legacy(session, "ann")); response.StatusCode != http.StatusAccepted {
			t.Errorf("a late answer: status %d", response.StatusCode)
		}
	})
	t.Run("on stdio", func(t *testing.T) {
		d := startStdio(t, h.server, StdioOptions{})
		d.say(t, initializeWith(canElicit))
		d.hear(t)
		d.say(t, callAsk(1, "leaf1"))
		question := d.hear(t)
		d.say(t, cancel)
		cancelled := d.hear(t)
		params, _ := cancelled["params"].(map[string]any)
		if cancelled["method"] != "notifications/cancelled" || params["requestId"] != question["id"] {
			t.Errorf("after the question: %v", cancelled)
		}
		d.say(t, respond(question, yes), `{"jsonrpc":"2.0","id":9,"method":"ping"}`)
		if m := d.hear(t); fmt.Sprint(m["id"]) != "9" {
			t.Errorf("a cancelled call was answered: %v", m)
		}
	})
}

func TestOnlyTheSessionThatWasAskedAnswers(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	ann, bob := initializeAs(t, server.URL, "ann", canElicit), initializeAs(t, server.URL, "bob", canElicit)
	ofAnn := callAsks(t, server.URL, 1, "a", legacy(ann, "ann"))
	ofBob := callAsks(t, server.URL, 1, "b", legacy(bob, "bob"))
	askedAnn, askedBob := ofAnn.next(t), ofBob.next(t)
	if askedAnn["id"] == askedBob["id"] {
		t.Fatal("two questions have one id")
	}
	for name, test := range map[string]struct {
		body    string
		headers map[string]string
		want    int
	}{
		"the other session":               {respond(askedAnn, yes), legacy(bob, "bob"), 202},
		"another session of the same one": {respond(askedAnn, yes), legacy(initializeAs(t, server.URL, "ann", canElicit), "ann"), 202},
		"no session":                      {respond(askedAnn, yes), legacy("", "ann"), 202},
		"the session of someone else":     {respond(askedAnn, yes), legacy(ann, "bob"), 404},
		"a modern client":                 {respond(askedAnn, yes), modern("", ""), 400},
		"an id that nobody was asked":     {respond(map[string]any{"id": "ping-1"}, yes), legacy(ann, "ann"), 202},
		"an id that is a number":          {respond(map[string]any{"id": 1}, yes), legacy(ann, "ann"), 202},
	} {
		if response := send(t, http.MethodPost, server.URL, test.body, test.headers); response.StatusCode != test.want {
			t.Errorf("%s: status %d", name, response.StatusCode)
		}
	}
	send(t, http.MethodPost, server.URL, respond(askedBob, yes), legacy(bob, "bob"))
	send(t, http.MethodPost, server.URL, respond(askedAnn, `"result":{"action":"decline"}`), legacy(ann, "ann"))
	// A second answer changes nothing.
	send(t, http.MethodPost, server.URL, respond(askedAnn, yes), legacy(ann, "ann"))
	if diff := cmp.Diff([]string{"declined", "confirmed"}, []string{outcome(ofAnn.next(t)), outcome(ofBob.next(t))}); diff != "" {
		t.Error(diff)
	}
}

func TestQuestionsOfOneSessionAreApart(t *testing.T) {
	s, _ := testServer(t)
	d := startStdio(t, s, StdioOptions{})
	d.say(t, initializeWith(canElicit))
	d.hear(t)
	d.say(t, callAsk(1, "a"), callAsk(2, "b"))
	responses := map[string]string{"Delete a?": yes, "Delete b?": `"result":{"action":"decline"}`}
	questions := []map[string]any{d.hear(t), d.hear(t)}
	for _, question := range questions {
		params, _ := question["params"].(map[string]any)
		d.say(t, respond(question, responses[fmt.Sprint(params["message"])]))
	}
	got := map[string]string{}
	for range 2 {
		m := d.hear(t)
		got[fmt.Sprint(m["id"])] = outcome(m)
	}
	if diff := cmp.Diff(map[string]string{"1": "confirmed", "2": "declined"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNobodyWaitsForAnswersThatCannotCome(t *testing.T) {
	t.Run("after the session has ended", func(t *testing.T) {
		server, _, _ := testHTTP(t, HTTPOptions{})
		session := initializeAs(t, server.URL, "ann", canElicit)
		stream := callAsks(t, server.URL, 1, "leaf1", legacy(session, "ann"))
		stream.next(t)
		send(t, http.MethodDelete, server.URL, "", legacy(session, "ann"))
		expectGivenUp(t, stream.next(t), stream.next(t))
	})
	t.Run("when the server shuts down", func(t *testing.T) {
		server, h, _ := testHTTP(t, HTTPOptions{})
		session := initializeAs(t, server.URL, "ann", canElicit)
		stream := callAsks(t, server.URL, 1, "leaf1", legacy(session, "ann"))
		stream.next(t)
		h.Close()
		expectGivenUp(t, stream.next(t), stream.next(t))
		after := callAsks(t, server.URL, 1, "leaf1", legacy(session, "ann"))
		after.next(t)
		expectGivenUp(t, after.next(t), after.next(t))
	})
	t.Run("when the input has ended", func(t *testing.T) {
		s, _ := testServer(t)
		d := startStdio(t, s, StdioOptions{})
		d.say(t, initializeWith(canElicit))
		d.hear(t)
		d.say(t, callAsk(1, "leaf1"))
		d.hear(t)
		_ = d.in.Close()
		expectGivenUp(t, d.hear(t), d.hear(t))
		if err := <-d.ended; err != nil {
			t.Errorf("the end: %v", err)
		}
	})
}

func expectGivenUp(t *testing.T, cancelled, result map[string]any) {
	t.Helper()
	if cancelled["method"] != "notifications/cancelled" || outcome(result) != "unanswered" {
		t.Errorf("got %v and %v", cancelled, result)
	}
}

func TestAStreamStaysAliveWhileTheUserThinks(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{KeepAlive: time.Millisecond})
	session := initializeAs(t, server.URL, "ann", canElicit)
	stream := callAsks(t, server.URL, 1, "leaf1", legacy(session, "ann"))
	question := stream.next(t)
	for stream.comments = 0; stream.comments < 3; {
		if !stream.lines.Scan() {
			t.Fatal("the stream ended")
		}
		if strings.HasPrefix(stream.lines.Text(), ": keep-alive") {
			stream.comments++
		}
	}
	send(t, http.MethodPost, server.URL, respond(question, yes), legacy(session, "ann"))
	if got := outcome(stream.next(t)); got != "confirmed" {
		t.Error(got)
	}
}

package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
)

// FuzzHTTP sends what nobody should send, and some of what clients do send. Every
// request is answered once, in time, with a status that the specification knows,
// and leaves nothing behind.
//
// Headers are lines, in which $session stands for the id of a session and $event
// for that of an event of one of its streams.
func FuzzHTTP(f *testing.F) {
	const (
		older = "Content-Type: application/json\nAccept: application/json, text/event-stream\nMcp-Session-Id: $session\nMcp-Protocol-Version: 2025-11-25\n"
		newer = "Content-Type: application/json\nAccept: application/json, text/event-stream\nMcp-Protocol-Version: 2026-07-28\n"
	)
	for _, body := range requests() {
		f.Add("POST", older, []byte(body), byte(0))
	}
	steps := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"steps",` + modernMeta + `}}`
	listen := `{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + modernMeta + `}}`
	for _, seed := range []struct {
		method, headers, body string
		manners               byte
	}{
		{"POST", newer + "Mcp-Method: tools/call\nMcp-Name: steps", steps, 0},
		{"POST", newer + "Mcp-Method: tools/call\nMcp-Name: steps", steps, hangsUp},
		{"POST", newer + "Mcp-Method: tools/call\nMcp-Name: =?base64?c3RlcHM=?=", steps, 0},
		{"POST", newer + "Mcp-Method: subscriptions/listen", listen, 0},
		{"POST", newer, steps, 0},
		{"POST", older, steps, breaksOff},
		{"POST", older, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}`, asks},
		{"POST", strings.Replace(older, "2025-11-25", batches, 1), `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/list"},{},{"jsonrpc":"2.0","method":"notifications/initialized"}]`, 0},
		{"POST", "Content-Type: text/plain\nAccept: text/html;q=0", "{}", 0},
		{"GET", older, "", 0},
		{"GET", older + "Last-Event-ID: $event", "", 0},
		{"GET", older + "Last-Event-ID: x-99999999999999999999", "", 0},
		{"DELETE", older, "", 0},
		{"DELETE", newer + "Mcp-Session-Id: nobody's", "", 0},
		{"OPTIONS", "", "", 0},
	} {
		f.Add(seed.method, seed.headers, []byte(seed.body), seed.manners)
	}

	s := fuzzed(f)
	h := NewHTTP(s, NewSessions(time.Hour, principal), HTTPOptions{MaxBody: 64 << 10})
	f.Cleanup(h.Close)
	f.Fuzz(func(t *testing.T, method, headers string, body []byte, manners byte) {
		defer leavesNothing(t)()
		session := h.sessions.Issue(t.Context(), manners&asks != 0)
		stream := h.records.begin(session)
		event := stream.add([]byte(`{"jsonrpc":"2.0","id":1,"result":{}}`))

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, method, "http://localhost/mcp", bytes.NewReader(body))
		if err != nil {
			t.Skip("net/http takes no such method")
		}
		for line := range strings.SplitSeq(strings.NewReplacer("$session", session, "$event", event).Replace(headers), "\n") {
			name, value, _ := strings.Cut(line, ":")
			r.Header.Add(name, strings.TrimSpace(value))
		}
		if manners&breaksOff != 0 {
			r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
		}
		m, f := parse(body)
		w := &visitor{ResponseRecorder: httptest.NewRecorder()}
		if r.Method == http.MethodGet || manners&hangsUp != 0 || f == nil && m.Method == string(mcp.MethodSubscriptionsListen) {
			w.hangUp = cancel // such streams have no end of their own
		}
		h.ServeHTTP(w, r)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Fatal("it hangs")
		}
		if !slices.Contains([]int{200, 202, 400, 404, 405, 406, 413, 415}, w.Code) {
			t.Errorf("status %d", w.Code)
		}
		var id json.RawMessage
		if f == nil && m.isRequest() && manners&breaksOff == 0 {
			id = m.ID
		}
		switch answers := answersIn(t, w.ResponseRecorder); {
		case w.hangUp != nil:
		case batched(r.Header, body) && len(answers) > 0 && isBatch(w.Body.Bytes()):
			wants := newWants()
			wants.add(body)
			for _, a := range answers {
				a.answers(t, a.ID)
				wants.most[sameID(a.ID)]--
			}
			wants.most["null"]-- // the batch was not refused
			for id, n := range wants.most {
				if n != 0 {
					t.Errorf("%d requests of the batch with the id %s have no answer", n, id)
				}
			}
		case r.Method == http.MethodDelete && w.Code == http.StatusOK, w.Code == http.StatusAccepted:
			if id != nil && r.Method == http.MethodPost && !isBatch(body) || w.Body.Len() > 0 {
				t.Errorf("%d to a request, with %q", w.Code, w.Body)
			}
		case len(answers) != 1:
			t.Errorf("%d answers: %s", len(answers), w.Body)
		default:
			answers[0].answers(t, id)
			if modern := mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)); answers[0].Result != nil && answers[0].Result.ResultType != "" && !modern {
				t.Error("a request of the older era has an answer of the newer")
			}
		}
	})
}

// How a client behaves, as bits.
const (
	breaksOff byte = 1 << iota // in the middle of its body
	hangsUp                    // at the first sign of a stream
	asks                       // its user, when it is told to
)

// FuzzStdio writes lines, reads the answers up to a number of them, and hangs up.
// Every request is answered once.
func FuzzStdio(f *testing.F) {
	f.Add([]byte(strings.Join(requests(), "\n")), byte(255))
	f.Add([]byte(strings.Join(requests(), "\n")), byte(3))
	f.Add([]byte(strings.Replace(initializeWith(`{}`), "2025-11-25", batches, 1)+"\n"+`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/list"},{}]`), byte(255))
	for _, line := range requests() {
		f.Add([]byte(line), byte(255))
		f.Add([]byte(strings.Replace(line, "{}", "{"+modernMeta+"}", 1)), byte(255))
	}
	f.Add([]byte(`{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"notifications":{},`+modernMeta+`}}`), byte(255))

	const longest = 64 << 10
	s := fuzzed(f)
	f.Fuzz(func(t *testing.T, input []byte, heard byte) {
		defer leavesNothing(t)()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		out := &ear{left: int(heard)}
		err := NewStdio(s, StdioOptions{MaxLine: longest, Grace: 10 * time.Millisecond}).Serve(ctx, bytes.NewReader(input), out)
		switch {
		case ctx.Err() != nil:
			t.Fatal("it hangs")
		case out.left < 0:
			return // the client is gone
		case err != nil:
			t.Fatal(err)
		}

		wants := newWants()
		for line := range bytes.SplitSeq(input, []byte("\n")) {
			switch {
			case len(bytes.TrimSpace(line)) == 0:
			case len(line) >= longest:
				wants.one("null")
			default:
				wants.add(line)
			}
		}
		for line := range bytes.Lines(out.text.Bytes()) {
			for _, a := range readAnswers(t, line) {
				a.answers(t, a.ID)
				wants.least[sameID(a.ID)]--
				wants.most[sameID(a.ID)]--
			}
		}
		for id, n := range wants.least {
			if n > 0 && !wants.cancels {
				t.Errorf("%d messages with the id %s have no answer", n, id)
			}
		}
		for id, n := range wants.most {
			if n < 0 {
				t.Errorf("there are %d answers too many with the id %s", -n, id)
			}
		}
	})
}

// wants are the answers that messages must and may have, by id; null is that of what
// cannot be read.
type wants struct {
	least, most map[string]int
	cancels     bool // some of them
}

func newWants() *wants { return &wants{least: map[string]int{}, most: map[string]int{}} }

func (w *wants) one(id string) {
	w.least[id]++
	w.most[id]++
}

// add counts a message. A batch is answered in parts or refused as a whole, after
// what came before it.
func (w *wants) add(raw []byte) {
	if !isBatch(raw) {
		switch m, f := parse(raw); {
		case f != nil:
			w.one("null")
		case m.isRequest():
			w.one(sameID(m.ID))
		case m.Method == string(mcp.MethodNotificationCancelled):
			w.cancels = true
		}
		return
	}
	w.most["null"]++
	messages, answers, _ := parseBatch(raw)
	for _, m := range messages {
		if m.isRequest() {
			w.most[sameID(m.ID)]++
		}
		w.cancels = w.cancels || m.Method == string(mcp.MethodNotificationCancelled)
	}
	for _, refusal := range answers {
		var a answer
		_ = json.Unmarshal(refusal, &a) // our own
		w.most[sameID(a.ID)]++
	}
}

// requests are messages of every kind, good and bad.
func requests() []string {
	const open = `{"jsonrpc":"2.0","id":1,"method":`
	return []string{
		initializeWith(`{"elicitation":{}}`),
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		open + `"ping"}`,
		open + `"tools/list","params":{}}`,
		open + `"tools/call","params":{"name":"steps","arguments":{"name":"é\ud83d\ude00"},"_meta":{"progressToken":1}}}`,
		open + `"tools/call","params":{"name":"steps","arguments":"{}"}}`,
		open + `"tools/call","params":{"name":"broken","arguments":{}}}`,
		open + `"tools/call","params":{"name":"down","_meta":{"progressToken":{}}}}`,
		open + `"tools/call","params":[1e400,-0.0,9007199254740993]}`,
		open + `"resources/read","params":{"uri":"infrahub://schema/%00"}}`,
		open + `"resources/templates/list","params":{"cursor":7}}`,
		open + `"prompts/get","params":{"name":"infrahub_agent","arguments":{}}}`,
		open + `"completion/complete","params":{"ref":null,"argument":{"name":"kind","value":"D"}}}`,
		open + `"server/discover","params":{}}`,
		open + `"logging/setLevel","params":{"level":"loud"}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[1]}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}`,
		`{"jsonrpc":"2.0","id":1,"id":"two","method":"ping","method":"tools/list"}`,
		`{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":1e400,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":null,"method":"ping"}`,
		`{"jsonrpc":2,"id":{},"method":["ping"]}`,
		`{"jsonrpc":"2.0","id":"` + "\xff\xc0" + `","method":"ping"}`,
		`[` + open + `"ping"},` + open + `"ping"}]`,
		`[]`, `{}`, `null`, `"x"`, `{`, "\x00",
		strings.Repeat(`[`, 10_001),
		open + `"tools/call","params":{"name":"steps","arguments":` + strings.Repeat(`{"name":`, 9_000) + `1` + strings.Repeat(`}`, 9_000) + `}}`,
	}
}

// fuzzed is a server none of whose tools waits, whose Infrahub is down, and where
// nothing but the tool that is made for it may panic.
func fuzzed(f *testing.F) *Server {
	f.Helper()
	down, err := infrahub.New(infrahub.Settings{Address: "http://127.0.0.1:1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(down.Close)
	schemas := schema.NewCache(time.Hour, 1, nil)
	s, _ := testServer(f, func(o *Options) {
		o.Tools = o.Tools[1:] // without the gate
		o.AnswerTime = time.Millisecond
		o.Logger = slog.New(panics{slog.DiscardHandler})
		newCall := o.NewCall
		o.NewCall = func(ctx context.Context, origin Origin) (*call.Call, error) {
			c, err := newCall(ctx, origin)
			c.Client, c.Schemas = down.Client(infrahub.Credential{}), schemas
			return c, err
		}
	})
	return s
}

// panics is a log whose writers panic themselves when they tell of a panic.
type panics struct{ slog.Handler }

func (panics) Enabled(context.Context, slog.Level) bool { return true }

func (panics) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "panic" {
		r.Attrs(func(a slog.Attr) bool { panic(a.String()) })
	}
	return nil
}

// leavesNothing notes what runs; the function returned checks that no more does.
func leavesNothing(t *testing.T) (check func()) {
	before := runtime.NumGoroutine()
	return func() {
		for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				all := make([]byte, 64<<10)
				t.Fatalf("%d goroutines of %d are left:\n%s", runtime.NumGoroutine(), before, all[:runtime.Stack(all, true)])
			}
		}
	}
}

// visitor is a client that may hang up when a stream begins.
type visitor struct {
	*httptest.ResponseRecorder
	hangUp func()
}

func (v *visitor) FlushError() error {
	v.Flush()
	if v.hangUp != nil {
		v.hangUp()
	}
	return nil
}

// broken is a connection that broke off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// ear is a reader of answers that is gone after a number of them.
type ear struct {
	left int
	text bytes.Buffer
}

func (e *ear) Write(p []byte) (int, error) {
	if e.left--; e.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return e.text.Write(p)
}

// answer is a response as JSON-RPC 2.0 has it (section 5).
type answer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Result  *struct {
		ResultType string `json:"resultType"`
	} `json:"result"`
	Error *struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// answersIn are the answers in a response, plain or streamed.
func answersIn(t *testing.T, w *httptest.ResponseRecorder) (found []answer) {
	t.Helper()
	lines := []string{w.Body.String()}
	if w.Header().Get("Content-Type") == "text/event-stream" {
		lines = nil
		for line := range strings.SplitSeq(w.Body.String(), "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok && data != "" {
				lines = append(lines, data)
			}
		}
	} else if w.Body.Len() == 0 {
		return nil
	}
	for i, line := range lines {
		answers := readAnswers(t, []byte(line))
		if len(answers) > 0 && i != len(lines)-1 {
			t.Errorf("%s follow the answer", lines[i+1:])
		}
		found = append(found, answers...)
	}
	return found
}

// readAnswers reads a message, and returns the answers that it is.
func readAnswers(t *testing.T, raw []byte) []answer {
	t.Helper()
	var all []answer
	var err error
	if isBatch(raw) {
		err = json.Unmarshal(raw, &all)
	} else {
		all = make([]answer, 1)
		err = json.Unmarshal(raw, &all[0])
	}
	if err != nil || !utf8.Valid(raw) || slices.ContainsFunc(all, func(a answer) bool { return a.Version != "2.0" }) {
		t.Fatalf("%q is no message: %v", raw, err)
	}
	return slices.DeleteFunc(all, func(a answer) bool { return a.Method != "" })
}

// answers checks that an answer is one, to the request with an id, or an error that
// says that there is no reading it.
func (a *answer) answers(t *testing.T, id json.RawMessage) {
	t.Helper()
	if (a.Result == nil) == (a.Error == nil) || a.Error != nil && (a.Error.Code == nil || a.Error.Message == "") {
		t.Errorf("%+v is no answer", a)
	}
	if got := sameID(a.ID); got != sameID(id) && (got != "null" || a.Error == nil) {
		t.Errorf("the request %s is answered with the id %s", id, a.ID)
	}
}

// sameID is an id as encoding/json writes it, so that what means the same is the
// same; null is none.
func sameID(id json.RawMessage) string {
	if id == nil {
		return "null"
	}
	raw, err := json.Marshal(id)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

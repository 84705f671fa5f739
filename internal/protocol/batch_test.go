package protocol

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outcomes tells the answers to a batch as their ids, and "no" or the code for
// those that are errors.
func outcomes(t *testing.T, raw string) (all []string) {
	t.Helper()
	var answers []struct {
		ID    any
		Error *struct{ Code int }
	}
	if err := json.Unmarshal([]byte(raw), &answers); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	for _, a := range answers {
		outcome := stringOf(a.ID)
		if a.Error != nil {
			outcome += " " + stringOf(a.Error.Code)
		}
		all = append(all, outcome)
	}
	slices.Sort(all)
	return all
}

const ping = `{"jsonrpc":"2.0","id":"p","method":"ping"}`

// batchCases are batches and what comes of them, in the order of ids.
func batchCases() map[string]struct {
	batch string
	want  []string
} {
	list := `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	return map[string]struct {
		batch string
		want  []string
	}{
		"requests":                     {`[` + ping + `,` + list + `]`, []string{`"p"`, `1`}},
		"one request":                  {` [` + ping + `] `, []string{`"p"`}},
		"a request and a notification": {`[{"jsonrpc":"2.0","method":"notifications/initialized"},` + ping + `]`, []string{`"p"`}},
		"what is no message":           {`[1,{},` + ping + `]`, []string{`"p"`, `null -32600`, `null -32600`}},
		"what does not exist":          {`[{"jsonrpc":"2.0","id":2,"method":"nope"},` + ping + `]`, []string{`"p"`, `2 -32601`}},
		"a handshake": {
			`[{"jsonrpc":"2.0","id":3,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}},` + ping + `]`,
			[]string{`"p"`, `3 -32600`},
		},
		"what only a later version has": {`[{"jsonrpc":"2.0","id":4,"method":"subscriptions/listen","params":{}},` + ping + `]`, []string{`"p"`, `4 -32600`}},
		"a batch in a batch":            {`[[` + ping + `],` + ping + `]`, []string{`"p"`, `null -32600`}},
	}
}

func TestClientsOfTheVersionWithBatchesMaySendThem(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	session := initialize(t, server.URL, "ann")
	for name, test := range batchCases() {
		t.Run(name, func(t *testing.T) {
			for _, version := range []string{"", "2025-03-26"} {
				headers := legacy(session, "ann")
				headers["Mcp-Protocol-Version"] = version
				response := send(t, http.MethodPost, server.URL, test.batch, headers)
				if diff := cmp.Diff(test.want, outcomes(t, text(t, response))); diff != "" || response.StatusCode != http.StatusOK {
					t.Errorf("%d %s", response.StatusCode, diff)
				}
			}
		})
	}
}

func TestStdioTakesBatchesFromClientsOfTheVersionThatHasThem(t *testing.T) {
	for name, test := range batchCases() {
		t.Run(name, func(t *testing.T) {
			s, _ := testServer(t)
			d := startStdio(t, s, StdioOptions{})
			d.say(t, strings.Replace(initializeWith("{}"), "2025-11-25", "2025-03-26", 1))
			d.hear(t)
			d.say(t, test.batch)
			if !d.out.Scan() {
				t.Fatal("the output ended")
			}
			if diff := cmp.Diff(test.want, outcomes(t, d.out.Text())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOtherVersionsHaveNoBatches(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	for _, version := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		headers := legacy("", "ann")
		headers["Mcp-Protocol-Version"] = version
		response := send(t, http.MethodPost, server.URL, `[`+ping+`]`, headers)
		if answer := text(t, response); response.StatusCode != http.StatusBadRequest || !strings.Contains(answer, "-32600") {
			t.Errorf("%s over HTTP: %d %s", version, response.StatusCode, answer)
		}
	}
	for _, version := range []string{"2024-11-05", "2025-06-18", "2025-11-25"} {
		s, _ := testServer(t)
		d := startStdio(t, s, StdioOptions{})
		d.say(t, strings.Replace(initializeWith("{}"), "2025-11-25", version, 1))
		d.hear(t)
		d.say(t, `[`+ping+`]`)
		if m := d.hear(t); dig(t, m, "error")["code"] != -32600.0 {
			t.Errorf("%s on stdio: %v", version, m)
		}
	}
}

func TestABatchHasBounds(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	for name, batch := range map[string]string{
		"an empty one": `[]`, "one too many": `[` + strings.Repeat(ping+",", maxBatch) + ping + `]`, "half a one": `[` + ping,
	} {
		if response := send(t, http.MethodPost, server.URL, batch, legacy("", "ann")); response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, response.StatusCode, text(t, response))
		}
	}
	headers := legacy("nothing", "ann")
	if response := send(t, http.MethodPost, server.URL, `[`+ping+`]`, headers); response.StatusCode != http.StatusNotFound {
		t.Errorf("in a session that nobody issued: %d", response.StatusCode)
	}
	if response := send(t, http.MethodPost, server.URL, `[{"jsonrpc":"2.0","method":"notifications/initialized"}]`, legacy("", "ann")); response.StatusCode != http.StatusAccepted {
		t.Errorf("notifications alone: %d", response.StatusCode)
	}
}

func TestWhatABatchHasToSayComesBeforeItsAnswers(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	steps := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"steps","_meta":{"progressToken":"p"}}}`
	response := send(t, http.MethodPost, server.URL, `[`+steps+`,`+ping+`]`, legacy(initialize(t, server.URL, "ann"), "ann"))
	var events []string
	for line := range strings.SplitSeq(text(t, response), "\n") {
		if raw, ok := strings.CutPrefix(line, "data: "); ok {
			events = append(events, raw)
		}
	}
	if len(events) != 4 || !strings.Contains(events[2], "notifications/progress") {
		t.Fatalf("got %q", events)
	}
	if diff := cmp.Diff([]string{`"p"`, `1`}, outcomes(t, events[3])); diff != "" {
		t.Error(diff)
	}
}

func TestARequestOfABatchCanBeCancelled(t *testing.T) {
	server, _, g := testHTTP(t, HTTPOptions{})
	headers := legacy(initialize(t, server.URL, "ann"), "ann")
	answered := make(chan string, 1)
	go func() {
		answered <- text(t, send(t, http.MethodPost, server.URL, `[`+callGate("1", "a")+`,`+ping+`]`, headers))
	}()
	<-g.entered
	_ = text(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, headers))
	<-g.entered
	if diff := cmp.Diff([]string{`"p"`}, outcomes(t, <-answered)); diff != "" {
		t.Error(diff)
	}
}

func FuzzBatch(f *testing.F) {
	for _, seed := range []string{`[]`, `[` + ping + `]`, `[1,null,"",{},[]]`, `[{"jsonrpc":"2.0","method":"initialize","id":{}}]`, `[[[`, `[{"id":1,"result":{}}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		messages, answers, fault := parseBatch(raw)
		if fault != nil {
			return
		}
		if n := len(messages) + len(answers); n < 1 || n > maxBatch {
			t.Errorf("%d messages", n)
		}
		if all := together(answers); all != nil && !json.Valid(all) {
			t.Errorf("%q is answered by %q", raw, all)
		}
	})
}

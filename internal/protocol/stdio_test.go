package protocol

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// dialog runs a Stdio and lets a test write lines and read answers.
type dialog struct {
	in     *io.PipeWriter
	out    *bufio.Scanner
	ended  chan error
	cancel context.CancelFunc
}

func startStdio(t *testing.T, s *Server, o StdioOptions) *dialog {
	t.Helper()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	d := &dialog{in: inWrite, out: bufio.NewScanner(outRead), ended: make(chan error, 1), cancel: cancel}
	d.out.Buffer(nil, 10<<20)
	go func() {
		d.ended <- NewStdio(s, o).Serve(ctx, inRead, outWrite)
		_ = outWrite.Close()
	}()
	t.Cleanup(func() { cancel(); _ = inWrite.Close(); _ = outRead.Close() })
	return d
}

func (d *dialog) say(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(d.in, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *dialog) hear(t *testing.T) map[string]any {
	t.Helper()
	if !d.out.Scan() {
		t.Fatal("the output ended")
	}
	var m map[string]any
	if err := json.Unmarshal(d.out.Bytes(), &m); err != nil {
		t.Fatalf("%q is not one JSON message: %v", d.out.Text(), err)
	}
	return m
}

func TestStdioAnswersCallsInProgressWhenTheInputEnds(t *testing.T) {
	s, g := testServer(t)
	d := startStdio(t, s, StdioOptions{})
	d.say(t, callGate("1", "a"), callGate("2", "b"))
	<-g.entered
	<-g.entered
	_ = d.in.Close()
	close(g.release)
	seen := map[string]bool{}
	for range 2 {
		m := d.hear(t)
		seen[fmt.Sprint(m["id"])] = m["result"] != nil
	}
	if !seen["1"] || !seen["2"] {
		t.Errorf("answers: %v", seen)
	}
	if err := <-d.ended; err != nil {
		t.Errorf("the end: %v", err)
	}
}

func TestStdioEndsOnCancellationAfterAnswersInProgress(t *testing.T) {
	s, g := testServer(t)
	d := startStdio(t, s, StdioOptions{})
	d.say(t, callGate("1", "a"))
	<-g.entered
	d.cancel()
	close(g.release)
	if m := d.hear(t); m["result"] == nil {
		t.Errorf("got %v", m)
	}
	if err := <-d.ended; err != nil {
		t.Errorf("the end: %v", err)
	}
}

func TestStdioCancelsWhatDoesNotEndInTheGraceTime(t *testing.T) {
	s, g := testServer(t)
	d := startStdio(t, s, StdioOptions{Grace: time.Millisecond})
	d.say(t, callGate("1", "a"))
	<-g.entered
	_ = d.in.Close()
	if m := d.hear(t); m["error"] == nil {
		t.Errorf("got %v", m)
	}
	<-d.ended
}

func TestStdioWritesProgressBeforeTheAnswer(t *testing.T) {
	s, _ := testServer(t)
	d := startStdio(t, s, StdioOptions{})
	for i := range 100 {
		d.say(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"steps","_meta":{"progressToken":%d}}}`, i, i))
		for n := range 3 {
			if m := d.hear(t); m["method"] != "notifications/progress" {
				t.Fatalf("call %d, message %d: %v", i, n, m)
			}
		}
		if m := d.hear(t); m["result"] == nil {
			t.Fatalf("call %d: %v", i, m)
		}
	}
}

func TestStdioCancelsRunningAndWaitingCalls(t *testing.T) {
	s, g := testServer(t)
	d := startStdio(t, s, StdioOptions{Concurrency: 1})
	d.say(t, callGate("1", "running"))
	if got := <-g.entered; got != "running" {
		t.Fatal(got)
	}
	d.say(t, callGate("2", "waiting"),
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	if got := <-g.entered; got != "cancelled running" {
		t.Fatal(got)
	}
	// Neither is answered; a ping is, although the one slot was taken.
	d.say(t, `{"jsonrpc":"2.0","id":3,"method":"ping"}`)
	if m := d.hear(t); fmt.Sprint(m["id"]) != "3" {
		t.Errorf("a cancelled call was answered: %v", m)
	}
	_ = d.in.Close()
	<-d.ended
	select {
	case got := <-g.entered:
		t.Errorf("the cancelled call ran: %s", got)
	default:
	}
}

func TestStdioServesBothEras(t *testing.T) {
	s, _ := testServer(t)
	d := startStdio(t, s, StdioOptions{})
	d.say(t, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	if result, _ := d.hear(t)["result"].(map[string]any); result["protocolVersion"] != "2025-06-18" {
		t.Errorf("initialize: %v", result)
	}
	d.say(t, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, `{"jsonrpc":"2.0","id":2,"method":"server/discover","params":{`+modernMeta+`}}`)
	if result, _ := d.hear(t)["result"].(map[string]any); result["supportedVersions"] == nil {
		t.Errorf("server/discover: %v", result)
	}
}

func TestStdioSurvivesBadLines(t *testing.T) {
	s, _ := testServer(t)
	d := startStdio(t, s, StdioOptions{MaxLine: 1000})
	for _, test := range []struct {
		name, line string
		code       float64
	}{
		{"no JSON", "hello", -32700},
		{"a batch", "[1]", -32600},
		{"a line over the limit", `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", 200_000) + `"}`, -32600},
		{"an unknown method", `{"jsonrpc":"2.0","id":1,"method":"nope"}`, -32601},
	} {
		d.say(t, "", test.line)
		if fault, _ := d.hear(t)["error"].(map[string]any); fault["code"] != test.code {
			t.Errorf("%s: %v", test.name, fault)
		}
	}
	d.say(t, `{"jsonrpc":"2.0","id":5,"method":"ping"}`)
	if m := d.hear(t); m["result"] == nil {
		t.Errorf("after bad lines: %v", m)
	}
}

func TestStdioEndsWhenNobodyReadsTheOutput(t *testing.T) {
	s, _ := testServer(t)
	err := NewStdio(s, StdioOptions{}).Serve(t.Context(), strings.NewReader(strings.Repeat("hello\n", 10)), brokenPipe{})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

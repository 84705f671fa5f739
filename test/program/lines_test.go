package program_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"infrahub-mcp/test/mcptest"
)

// inJSON makes the program log as it does where nobody looks at a terminal.
const inJSON = "INFRAHUB_MCP_LOG_FORMAT=auto"

// line is one of the log.
type line map[string]any

// text is the value of a name, "" if there is none.
func (l line) text(name string) string {
	text, _ := l[name].(string)
	return text
}

// lines reads the log of a program, each line of which is a JSON object.
func (p *program) lines(t *testing.T) []line {
	t.Helper()
	var all []line
	for text := range strings.Lines(p.Log()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("a line is no JSON object: %s", text)
			continue
		}
		for _, name := range []string{"time", "level", "msg"} {
			if l.text(name) == "" {
				t.Errorf("a line has no %s: %s", name, text)
			}
		}
		all = append(all, l)
	}
	return all
}

func TestEveryLineOfARequestHasItsID(t *testing.T) {
	parallel(t)
	const argument = "argument-7f3a"
	calls := []string{
		toolRequest("get_nodes", object{"kind": "DcimDevice", "filters": object{"name__value": argument}, "limit": 2}),
		toolRequest("get_nodes", object{"kind": argument}),
		toolRequest("query_graphql", object{"query": "{ " + strings.ReplaceAll(argument, "-", "_") + " }"}),
		toolRequest("node_upsert", object{"kind": "BuiltinTag", "data": object{"name": argument}}),
		rpc("resources/read", object{"uri": "infrahub://schema"}),
		rpc("resources/read", object{"uri": "infrahub://schema/Nothing"}),
	}
	check := func(t *testing.T, p *program, requests int, ids []string) {
		t.Helper()
		count, audited := map[string]int{}, map[string]bool{}
		for _, l := range p.lines(t) {
			if raw, _ := json.Marshal(l); strings.Contains(string(raw), argument) {
				t.Errorf("an argument is in the log: %s", raw)
			}
			id := l.text("request_id")
			switch l.text("msg") {
			case "starting", "listening", "stopping", "stopped", "read_only_mode":
				if id != "" {
					t.Errorf("%v has an id", l)
				}
				continue
			case "tool_call", "resource_read":
				count[id]++
				name := l.text("tool") + l.text("uri")
				seconds, ok := l["duration"].(float64)
				if _, has := l["branch"]; name == "" || l.text("user") == "" || !has || l.text("outcome") == "" || !ok || seconds <= 0 {
					t.Errorf("an audit line is incomplete: %v", l)
				}
				audited[name+" "+l.text("outcome")] = true
			}
			if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
				t.Errorf("the id of %v is no UUID", l)
			}
			if len(ids) > 0 && !slices.Contains(ids, id) {
				t.Errorf("%v has the id of no request", l)
			}
		}
		for id, n := range count {
			if n != 1 {
				t.Errorf("request %s has %d audit lines", id, n)
			}
		}
		if len(count) != requests {
			t.Errorf("%d requests have audit lines, want %d", len(count), requests)
		}
		for _, want := range []string{"get_nodes ok", "get_nodes refused", "query_graphql refused", "node_upsert ok", "infrahub://schema ok", "infrahub://schema/Nothing failed"} {
			if !audited[want] {
				t.Errorf("no audit line says %q; they say %v", want, sortedKeys(audited))
			}
		}
		if !strings.Contains(p.Log(), `"infrahub_request"`) {
			t.Error("no request to Infrahub is logged, so that this shows little")
		}
	}
	t.Run("over HTTP that of its header", func(t *testing.T) {
		b := newBox(t)
		p := start(t, launch{transport: overHTTP, address: b.address, token: b.token, settings: []string{inJSON}})
		var ids []string
		for _, body := range calls {
			id := uuid.NewString()
			ids = append(ids, id)
			if r := p.knock(t, http.MethodPost, body, as("", "X-Request-ID", id)); r.header.Get("X-Request-ID") != id {
				t.Errorf("the answer has the id %q, want %s", r.header.Get("X-Request-ID"), id)
			}
		}
		r := p.knock(t, http.MethodPost, calls[0], as("", "X-Request-ID", "level=ERROR msg=forged"))
		if _, err := uuid.Parse(r.header.Get("X-Request-ID")); err != nil || strings.Contains(p.Log(), "forged") {
			t.Errorf("the client chose the id %q", r.header.Get("X-Request-ID"))
		}
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		ended(t, p) // and its log is whole
		check(t, p, len(calls)+1, append(ids, r.header.Get("X-Request-ID")))
	})
	t.Run("over stdio one of its own", func(t *testing.T) {
		b := newBox(t)
		p := start(t, launch{transport: overStdio, address: b.address, token: b.token, settings: []string{inJSON}})
		client := p.connect(t, mcptest.Legacy)
		for _, body := range calls {
			var request struct {
				Method string
				Params map[string]any
			}
			if err := json.Unmarshal([]byte(body), &request); err != nil {
				t.Fatal(err)
			}
			if _, err := client.Do(t.Context(), mcptest.Request{Method: request.Method, Params: request.Params}); err != nil && !strings.Contains(fmt.Sprint(err), "Nothing") {
				t.Fatal(err)
			}
		}
		_ = p.Stdin.Close()
		ended(t, p)
		check(t, p, len(calls), nil)
	})
}

func TestTheLogIsTextWhereItIsAskedFor(t *testing.T) {
	parallel(t)
	b := newBox(t)
	for format, want := range map[string]string{"text": "level=INFO msg=listening address=", "json": `"level":"INFO","msg":"listening","address":`, "AUTO": `"level":"INFO","msg":"listening","address":`} {
		p := start(t, launch{transport: overHTTP, address: b.address, token: b.token, settings: []string{"INFRAHUB_MCP_LOG_FORMAT=" + format}})
		if !strings.Contains(p.Log(), want) {
			t.Errorf("%s: %s", format, p.Log())
		}
	}
}

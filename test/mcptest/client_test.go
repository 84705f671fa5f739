package mcptest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dialog connects a client over stdio with a server made of a function: it is
// given the lines after the handshake and writes what it likes.
func dialog(t *testing.T, serve func(line map[string]any, out io.Writer)) *Client {
	t.Helper()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	go func() {
		defer func() { _ = outWrite.Close() }()
		for lines := bufio.NewScanner(inRead); lines.Scan(); {
			var m map[string]any
			if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
				t.Errorf("the client wrote %q: %v", lines.Text(), err)
			}
			switch m["method"] {
			case "initialize":
				fmt.Fprintf(outWrite, `{"jsonrpc":"2.0","id":%v,"result":{"protocolVersion":"2025-11-25"}}`+"\n", m["id"])
			case "notifications/initialized":
			default:
				serve(m, outWrite)
			}
		}
	}()
	c, err := ConnectStdio(t.Context(), Legacy, inWrite, outRead)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestProgressGoesToTheCallThatAskedForIt(t *testing.T) {
	c := dialog(t, func(m map[string]any, out io.Writer) {
		params, _ := m["params"].(map[string]any)
		meta, _ := params["_meta"].(map[string]any)
		fmt.Fprintf(out, `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"nobody's"}}`+"\n")
		fmt.Fprintf(out, `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%q}}`+"\n", meta["progressToken"])
		fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%v,"result":{"content":[{"type":"text","text":"done"}]}}`+"\n", m["id"])
	})
	result, err := c.CallToolWithProgress(t.Context(), "x", nil)
	if err != nil || result.Text != "done" || len(result.Notifications) != 1 {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestFaultsAreErrors(t *testing.T) {
	c := dialog(t, func(m map[string]any, out io.Writer) {
		fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%v,"error":{"code":-32602,"message":"no","data":{"a":1}}}`+"\n", m["id"])
	})
	_, err := c.Tools(t.Context())
	var f *Fault
	if !errors.As(err, &f) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(&Fault{Code: -32602, Message: "no", Data: json.RawMessage(`{"a":1}`)}, f); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNoProperAnswerIsAnError(t *testing.T) {
	for name, line := range map[string]string{
		"a stray line":                 "hello\n",
		"a message without a version":  `{"id":2,"result":{}}` + "\n",
		"a message of no form":         `{"jsonrpc":"2.0","id":2}` + "\n",
		"a message of two forms":       `{"jsonrpc":"2.0","id":2,"result":{},"error":{"code":1}}` + "\n",
		"an answer to nobody":          `{"jsonrpc":"2.0","id":77,"result":{}}` + "\n",
		"an answer with a changed id":  `{"jsonrpc":"2.0","id":"2","result":{}}` + "\n",
		"a result of another shape":    `{"jsonrpc":"2.0","id":2,"result":{"tools":"none"}}` + "\n",
		"content that is not a text":   `{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":1}]}}` + "\n",
		"a number where a list should": `{"jsonrpc":"2.0","id":2,"result":3}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := dialog(t, func(_ map[string]any, out io.Writer) { _, _ = io.WriteString(out, line) })
			if tools, err := c.Tools(t.Context()); err == nil {
				t.Errorf("got %v", tools)
			}
		})
	}
}

func TestACallThatNobodyWaitsForIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan any, 1)
	c := dialog(t, func(m map[string]any, out io.Writer) {
		switch m["method"] {
		case "tools/list":
			cancel()
		case "notifications/cancelled":
			params, _ := m["params"].(map[string]any)
			cancelled <- params["requestId"]
			// The answer comes nevertheless, and does no harm.
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%v,"result":{}}`+"\n", params["requestId"])
		default:
			fmt.Fprintf(out, `{"jsonrpc":"2.0","id":%v,"result":{"prompts":[{"name":"p"}]}}`+"\n", m["id"])
		}
	})
	if _, err := c.Tools(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if id := <-cancelled; id != 2.0 {
		t.Errorf("request %v was cancelled", id)
	}
	if prompts, err := c.Prompts(t.Context()); err != nil || len(prompts) != 1 {
		t.Errorf("afterwards: %v, %v", prompts, err)
	}
}

// web connects a client over HTTP with a handler.
func web(t *testing.T, era Era, handler http.HandlerFunc) (*Client, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return ConnectHTTP(t.Context(), era, server.URL)
}

func TestHeadersAreThoseOfTheEra(t *testing.T) {
	for _, test := range []struct {
		era  Era
		want []string
	}{
		{Legacy, []string{
			"POST version= method= name= session=",
			"POST version=2025-11-25 method= name= session=s1",
			"POST version=2025-11-25 method= name= session=s1",
			"DELETE version=2025-11-25 method= name= session=s1",
		}},
		{Modern, []string{
			"POST version=2026-07-28 method=server/discover name= session=",
			"POST version=2026-07-28 method=resources/read name==?base64?YTovL8O8?= session=",
		}},
	} {
		t.Run(string(test.era), func(t *testing.T) {
			var seen []string
			c, err := web(t, test.era, func(w http.ResponseWriter, r *http.Request) {
				h := r.Header
				seen = append(seen, fmt.Sprintf("%s version=%s method=%s name=%s session=%s", r.Method,
					h.Get("Mcp-Protocol-Version"), h.Get("Mcp-Method"), h.Get("Mcp-Name"), h.Get("Mcp-Session-Id")))
				if test.era == Legacy {
					w.Header().Set("Mcp-Session-Id", "s1")
				}
				var m struct {
					ID     json.RawMessage
					Params struct {
						Meta map[string]any `json:"_meta"`
					}
				}
				_ = json.NewDecoder(r.Body).Decode(&m) // DELETE has none
				if stated := m.Params.Meta["io.modelcontextprotocol/protocolVersion"]; (test.era == Modern) != (stated == string(Modern)) {
					t.Errorf("the body states the version %v", stated)
				}
				if m.ID == nil && r.Method == http.MethodPost {
					w.WriteHeader(http.StatusAccepted)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"contents":[{"text":"t"}]}}`, m.ID)
			})
			if err != nil {
				t.Fatal(err)
			}
			if content, err := c.ReadResource(t.Context(), "a://ü"); err != nil || content.Text != "t" {
				t.Errorf("got %+v, %v", content, err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(test.want, seen); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStreamsAreRead(t *testing.T) {
	for _, test := range []struct {
		name, kind, body string
		status           int
		progress         int  // notifications
		fails            bool // with no proper answer
	}{
		{"plain JSON", "application/json", `{"jsonrpc":"2.0","id":ID,"result":{}}`, 200, 0, false},
		{
			"events and comments", "text/event-stream; charset=utf-8",
			": hello\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\ndata:{\"jsonrpc\":\"2.0\",\r\ndata:\"id\":ID,\"result\":{}}\r\n\r\n", 200, 1, false,
		},
		{"a stream that ends early", "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n", 200, 0, true},
		{"an answer to another request", "application/json", `{"jsonrpc":"2.0","id":99,"result":{}}`, 200, 0, true},
		{"a result with an error's status", "application/json", `{"jsonrpc":"2.0","id":ID,"result":{}}`, 500, 0, true},
		{"a page", "text/html", "<html>", 200, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := web(t, Modern, func(w http.ResponseWriter, r *http.Request) {
				var m struct {
					ID     json.RawMessage
					Method string
				}
				if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
					t.Error(err)
				}
				if m.Method == "server/discover" {
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{}}`, m.ID)
					return
				}
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, strings.ReplaceAll(test.body, "ID", string(m.ID)))
			})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := c.Do(t.Context(), Request{Method: "x"})
			if (err != nil) != test.fails || len(answer.Notifications) != test.progress {
				t.Errorf("%d notifications, %v", len(answer.Notifications), err)
			}
		})
	}
}

func TestAFaultKeepsItsHTTPStatus(t *testing.T) {
	_, err := web(t, Modern, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"no"}}`)
	})
	var f *Fault
	if !errors.As(err, &f) || f.Status != http.StatusBadRequest || f.Code != -32020 {
		t.Errorf("got %v", err)
	}
}

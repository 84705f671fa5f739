// Package mcptest runs an MCP server as its users do, as a process, and speaks
// with it: over stdio and streamable HTTP, in both protocol eras.
//
// It shares no code with the server and does not use its protocol library, so
// that a mistake made there is not made here as well. It is strict: a line that
// is no message, an answer to nothing or an id that was changed is an error.
package mcptest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"sync/atomic"
)

// Client speaks with one server in one era. It is safe for concurrent use.
type Client struct {
	era      Era
	wire     wire
	lastID   atomic.Int64
	greeting json.RawMessage
}

// Era is the protocol version that a Client speaks.
type Era string

// The two eras differ in how a request says who sends it.
const (
	// Legacy begins with a handshake and, over HTTP, has a session.
	Legacy Era = "2025-11-25"
	// Modern has neither: each request says what it needs.
	Modern Era = "2026-07-28"
)

// Request is a JSON-RPC request. Params must not hold _meta.
type Request struct {
	Method string
	Params map[string]any
	// Progress asks for progress notifications.
	Progress bool
}

// Answer is what came back for a request.
type Answer struct {
	Result json.RawMessage
	// Notifications that belong to the request and came before its answer.
	Notifications []Notification
}

// Notification is a message of the server that wants no answer.
type Notification struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// Fault is a JSON-RPC error.
type Fault struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
	// Status is the HTTP status that it came with, 0 on stdio.
	Status int `json:"-"`
}

func (f *Fault) Error() string {
	return fmt.Sprintf("JSON-RPC error %d: %s", f.Code, f.Message)
}

// wire carries messages to a server and answers back. There are two: stdio and
// HTTP.
type wire interface {
	// exchange sends a request and waits for its answer.
	exchange(ctx context.Context, m outgoing) (Answer, error)
	// notify sends a message that has no answer.
	notify(ctx context.Context, m outgoing) error
	// close ends the conversation.
	close() error
}

// outgoing is a message to the server.
type outgoing struct {
	method string
	id     string // as JSON; empty for a notification
	token  string // of progress, as it stands in _meta
	name   string // of what is asked for: a tool, a prompt or a URI
	body   []byte
}

// incoming is a message from the server.
type incoming struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *Fault          `json:"error"`
}

// parse reads a message and checks its form (JSON-RPC 2.0).
func parse(raw []byte) (incoming, error) {
	var m incoming
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("the server sent what is no message: %q: %w", excerpt(raw), err)
	}
	forms := 0
	for _, has := range []bool{m.Method != "", m.Result != nil, m.Error != nil} {
		if has {
			forms++
		}
	}
	if m.JSONRPC != "2.0" || forms != 1 {
		return m, fmt.Errorf("the server sent what is no JSON-RPC 2.0 message: %q", excerpt(raw))
	}
	return m, nil
}

// answer turns the message that answers a request into what the caller gets.
func (m incoming) answer(notifications []Notification) (Answer, error) {
	if m.Error != nil {
		return Answer{Notifications: notifications}, m.Error
	}
	return Answer{Result: m.Result, Notifications: notifications}, nil
}

// connect says hello: initialize in the legacy era, server/discover in the
// modern one.
func connect(ctx context.Context, era Era, w wire) (*Client, error) {
	c := &Client{era: era, wire: w}
	hello := Request{Method: "server/discover"}
	if era == Legacy {
		hello = Request{Method: "initialize", Params: map[string]any{
			"protocolVersion": era,
			"capabilities":    map[string]any{},
			"clientInfo":      clientInfo,
		}}
	}
	answer, err := c.Do(ctx, hello)
	if err != nil {
		_ = w.close() // the first error tells more
		return nil, fmt.Errorf("connecting (%s): %w", hello.Method, err)
	}
	c.greeting = answer.Result
	if era == Legacy {
		if err := c.Notify(ctx, "notifications/initialized", nil); err != nil {
			_ = w.close()
			return nil, fmt.Errorf("connecting: %w", err)
		}
	}
	return c, nil
}

var clientInfo = map[string]any{"name": "mcptest", "version": "1"}

// Greeting is what the server answered to initialize or server/discover.
func (c *Client) Greeting() json.RawMessage { return c.greeting }

// Era is the protocol version that the client speaks.
func (c *Client) Era() Era { return c.era }

// Do sends a request and waits for the answer. A JSON-RPC error is a *Fault;
// any other error means that there was no proper answer. When ctx ends the
// request is cancelled as the protocol has it: over stdio with a notification,
// over HTTP by closing the connection.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	number := c.lastID.Add(1)
	m := outgoing{method: r.Method, id: strconv.FormatInt(number, 10), name: nameOf(r)}
	if r.Progress {
		m.token = fmt.Sprintf("progress-%d", number)
	}
	var err error
	if m.body, err = c.encode(m, r.Params); err != nil {
		return Answer{}, err
	}
	return c.wire.exchange(ctx, m)
}

// Notify sends a notification.
func (c *Client) Notify(ctx context.Context, method string, params map[string]any) error {
	m := outgoing{method: method}
	var err error
	if m.body, err = c.encode(m, params); err != nil {
		return err
	}
	return c.wire.notify(ctx, m)
}

// Close ends the conversation: the session over HTTP, the input over stdio.
func (c *Client) Close() error { return c.wire.close() }

// encode writes a message. In the modern era every request says in _meta which
// protocol it uses.
func (c *Client) encode(m outgoing, params map[string]any) ([]byte, error) {
	meta := map[string]any{}
	if own, ok := params["_meta"].(map[string]any); ok {
		maps.Copy(meta, own)
	}
	if m.token != "" {
		meta["progressToken"] = m.token
	}
	if c.era == Modern && m.id != "" {
		meta["io.modelcontextprotocol/protocolVersion"] = c.era
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
		meta["io.modelcontextprotocol/clientInfo"] = clientInfo
	}
	message := map[string]any{"jsonrpc": "2.0", "method": m.method}
	if m.id != "" {
		message["id"] = json.RawMessage(m.id)
	}
	if len(params) > 0 || len(meta) > 0 {
		params = maps.Clone(params)
		if params == nil {
			params = map[string]any{}
		}
		if len(meta) > 0 {
			params["_meta"] = meta
		}
		message["params"] = params
	}
	raw, err := json.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("writing the message: %w", err)
	}
	return raw, nil
}

// nameOf is what a modern HTTP request repeats in the header Mcp-Name.
func nameOf(r Request) string {
	key := ""
	switch r.Method {
	case "tools/call", "prompts/get":
		key = "name"
	case "resources/read":
		key = "uri"
	}
	name, _ := r.Params[key].(string)
	return name
}

// cancellation tells the server that nobody waits for an answer any longer.
func cancellation(m outgoing) outgoing {
	const method = "notifications/cancelled"
	return outgoing{method: method, body: fmt.Appendf(nil, `{"jsonrpc":"2.0","method":%q,"params":{"requestId":%s}}`, method, m.id)}
}

func excerpt(raw []byte) []byte {
	const most = 300
	return raw[:min(len(raw), most)]
}

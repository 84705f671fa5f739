package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/tool"
)

// JSON-RPC error codes of this server beside those of the specification.
const (
	codeUnauthenticated = -32001 // credential missing or refused
	codeUnavailable     = -32002 // Infrahub unreachable or not responding
	codeBusy            = -32005 // too many requests, also from internal/server/front
)

// message is a JSON-RPC message from a client.
type message struct {
	raw    json.RawMessage
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// sort of a message (JSON-RPC 2.0, sections 4 and 5).
func (m *message) isRequest() bool      { return m.Method != "" && given(m.ID) }
func (m *message) isNotification() bool { return m.Method != "" && !given(m.ID) }
func (m *message) isResponse() bool     { return m.Method == "" && (m.Result != nil || m.Error != nil) }

// asked is the id that an answer to the message has: none but that of a request.
func (m *message) asked() json.RawMessage {
	if m.isRequest() {
		return m.ID
	}
	return nil
}

// given reports whether a member is there. Null is nothing.
func given(member json.RawMessage) bool { return len(member) > 0 && string(member) != "null" }

// parse reads one message. The fault says what is wrong with it, in the form
// of an answer.
func parse(raw []byte) (*message, *fault) {
	raw = bytes.TrimSpace(raw)
	if !utf8.Valid(raw) { // encoding/json takes it, and the answer would have the same bytes
		return nil, &fault{Code: mcp.PARSE_ERROR, Message: "the message is not valid UTF-8"}
	}
	if len(raw) > 0 && raw[0] == '[' {
		return nil, &fault{Code: mcp.INVALID_REQUEST, Message: "JSON-RPC batches are not supported; send one message at a time"}
	}
	m := &message{raw: raw}
	if err := json.Unmarshal(raw, m); err != nil {
		if !json.Valid(raw) {
			return nil, &fault{Code: mcp.PARSE_ERROR, Message: "the message is not valid JSON"}
		}
		return nil, &fault{Code: mcp.INVALID_REQUEST, Message: "the message is not a JSON-RPC 2.0 object"}
	}
	// What has a method and a result too is both; the library would not answer it.
	if !m.isRequest() && !m.isNotification() && !m.isResponse() || m.Method != "" && (given(m.Result) || given(m.Error)) {
		return nil, &fault{Code: mcp.INVALID_REQUEST, Message: "the message is neither a JSON-RPC request, nor a notification, nor a response"}
	}
	if given(m.ID) && m.ID[0] != '"' && m.ID[0] != '-' && (m.ID[0] < '0' || m.ID[0] > '9') {
		return nil, &fault{Code: mcp.INVALID_REQUEST, Message: "the id of a request must be a string or a number"}
	}
	return m, nil
}

// fault is a JSON-RPC error object.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (f *fault) Error() string { return f.Message }

// answer writes a JSON-RPC error response.
func (f *fault) answer(id json.RawMessage) []byte {
	if !given(id) {
		id = json.RawMessage("null")
	}
	raw, err := json.Marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *fault          `json:"error"`
	}{mcp.JSONRPC_VERSION, id, f})
	if err != nil { // data that cannot be encoded
		return (&fault{Code: f.Code, Message: f.Message}).answer(id)
	}
	return raw
}

// exchange is one request in progress, whatever the transport. Handlers find it
// in their context.
type exchange struct {
	session string
	version string // of the protocol, as the transport knows it
	// send writes a message to the client on the stream of this request; it is nil
	// when that has none.
	send func(message any)
	// questions takes requests to the client, sent with notify; it is nil when no
	// answer could be read.
	questions *questions
	elicits   bool // the client can show a form to its user
	// levels knows which log messages the session wants, nil for those that all
	// sessions get.
	levels *levels

	logged    atomic.Int32 // messages
	committed atomic.Bool  // it is answered although the client cancels it

	sending sync.Mutex // held while a message is sent
	over    bool
	// subscriber is that of the session, nil without one.
	subscriber *subscriber

	mu    sync.Mutex
	fault *fault // replaces the error that the library makes of a handler's
}

// notify sends a notification, or a request to the client, on the stream of this
// request and before its answer. What work that outlives the request has to say
// later goes nowhere.
func (e *exchange) notify(message any) {
	e.sending.Lock()
	defer e.sending.Unlock()
	if e.send != nil && !e.over {
		e.send(message)
	}
}

// end is the moment of the answer.
func (e *exchange) end() {
	e.sending.Lock()
	defer e.sending.Unlock()
	e.over = true
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return &exchange{}
}

// reporter sends progress notifications for a token. Progress only grows, as
// the specification demands, whatever order concurrent work reports in.
func (e *exchange) reporter(token mcp.ProgressToken) func(done, total float64, message string) {
	var mu sync.Mutex
	last := -1.0
	return func(done, total float64, message string) {
		mu.Lock()
		defer mu.Unlock()
		if done <= last {
			return
		}
		last = done
		n := mcp.NewProgressNotification(token, done, nil, &message)
		n.Params.Total = total
		e.notify(newNotification(n.Method, n.Params))
	}
}

// fault decides which JSON-RPC error a handler's error becomes and leaves it
// for answer: the library gives every error of a handler the code -32603.
func (s *Server) fault(ctx context.Context, err error) error {
	f := &fault{Code: mcp.INTERNAL_ERROR, Message: "The server failed. The operator finds the reason in its log."}
	missing, lacks := errors.AsType[*call.MissingCapability](err)
	switch text, explained := tool.Explain(err); {
	case errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), errClosing):
		f = &fault{Code: mcp.INTERNAL_ERROR, Message: "The server shuts down, and the request did not end in time. Send it again."}
	case lacks:
		f = &fault{
			Code: mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, Message: text,
			Data: map[string]any{"requiredCapabilities": map[string]any{missing.Capability: struct{}{}}},
		}
	case infrahub.Unauthorized(err):
		f = &fault{Code: codeUnauthenticated, Message: describe(err, "Infrahub refused the credential")}
	case infrahub.Unavailable(err):
		f = &fault{Code: codeUnavailable, Message: describe(err, "Infrahub does not answer")}
	case explained && (errors.Is(err, infrahub.ServerFault) || errors.Is(err, infrahub.Overloaded)):
		f = &fault{Code: mcp.INTERNAL_ERROR, Message: text}
	case explained:
		f = &fault{Code: mcp.INVALID_PARAMS, Message: text}
	case errors.Is(err, context.Canceled):
		f = &fault{Code: mcp.INTERNAL_ERROR, Message: "The request was cancelled."}
	default:
		s.options.Logger.ErrorContext(ctx, "a request failed", "error", err)
	}
	return setFault(ctx, f)
}

func setFault(ctx context.Context, f *fault) error {
	e := exchangeFrom(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fault = f
	return f
}

// resourceFault is the fault of a resource that could not be read. One that
// does not exist has a code of its own, which changed with 2026-07-28.
func (s *Server) resourceFault(ctx context.Context, uri string, err error) error {
	result := s.fault(ctx, err)
	var f *fault
	if errors.As(result, &f) && f.Code == mcp.INVALID_PARAMS {
		f = &fault{Code: f.Code, Message: f.Message, Data: map[string]string{"uri": uri}}
		if !server.IsModernRequest(ctx) {
			f.Code = mcp.RESOURCE_NOT_FOUND
		}
		return setFault(ctx, f)
	}
	return result
}

func describe(err error, what string) string {
	if refused, ok := errors.AsType[*infrahub.Error](err); ok {
		what += ": " + refused.Error()
		if refused.RetryAfter > 0 {
			what += fmt.Sprintf(" Try again in %s.", refused.RetryAfter.Round(time.Second))
		}
		return what
	}
	if infrahub.Unauthorized(err) {
		return err.Error() // of this server, which refused before it asked
	}
	return what + "."
}

// exchange handles one request and returns its answer. Notifications of the
// request go to notify, in order and all before the answer. The answer is nil
// when the client cancelled the request.
func (s *Server) exchange(ctx context.Context, m *message, e *exchange, peer *peer) []byte {
	start := time.Now()
	s.options.Metrics.RequestBegins()
	defer s.options.Metrics.RequestEnds()
	peer.exchange = e
	ctx, span := s.traced(ctx, m, e)
	defer span.End()
	ctx = context.WithValue(s.core.WithContext(ctx, peer), exchangeKey{}, e)

	defer s.subscription(ctx, m, e, peer)()
	peer.choose = func(l mcp.LoggingLevel) { e.levels.choose(ctx, e.session, l) }
	peer.begin(e.notify)
	response := s.misplaced(m)
	if response == nil {
		response = s.dispatch(ctx, m)
	}
	if _, failed := response.(mcp.JSONRPCError); failed {
		if refusal := s.misnamed(ctx, m); refusal != nil {
			response = refusal
		}
	}
	peer.end()
	e.end()

	if errors.Is(context.Cause(ctx), errCancelled) && !e.committed.Load() {
		response = nil
	}
	answer, code := s.encode(ctx, m, e, response)
	s.options.Metrics.Message(known(m.Method), code != 0, time.Since(start))
	conclude(span, response, code)
	return answer
}

// misnamed is the refusal of a call of a tool or prompt that is not offered: of one
// that does not exist with the closest names, which the library does not tell. It
// is nil for any other message.
func (s *Server) misnamed(ctx context.Context, m *message) mcp.JSONRPCMessage {
	var sort string
	var names []string
	switch mcp.MCPMethod(m.Method) {
	case mcp.MethodToolsCall:
		sort = "tool"
		for _, t := range s.offered(ctx) {
			names = append(names, t.Name)
		}
	case mcp.MethodPromptsGet:
		sort = "prompt"
		names = s.listed(mcp.MethodPromptsList)
	default:
		return nil
	}
	name, ok := nameIn(m)
	if !ok || slices.Contains(names, name) {
		return nil // the library says what is wrong with the rest
	}
	if sort == "tool" && named(s.options.Tools, name) {
		return mcp.JSONRPCError{Error: mcp.JSONRPCErrorDetails{Code: codeUnauthenticated, Message: name + notYours}}
	}
	if sort == "tool" && named(s.catalogue, name) {
		return mcp.JSONRPCError{Error: mcp.JSONRPCErrorDetails{Code: mcp.METHOD_NOT_FOUND, Message: name + " writes, and this server is read-only."}}
	}
	if sort == "tool" && s.core.GetTool(name) != nil || sort == "prompt" && s.core.ListPrompts()[name] != nil {
		return nil // of Options.Extend
	}
	fault := problem.Unknown(sort, name, names, sort+"s/list names them all.")
	return mcp.JSONRPCError{Error: mcp.JSONRPCErrorDetails{Code: mcp.INVALID_PARAMS, Message: fault.Error()}}
}

// nameIn is the parameter name of a message.
func nameIn(m *message) (string, bool) {
	var params struct {
		Name *string `json:"name"`
	}
	if json.Unmarshal(m.Params, &params) != nil || params.Name == nil {
		return "", false
	}
	return *params.Name, true
}

// notYours says that a tool is not offered to who calls it, after its name.
const notYours = " writes, which this login does not allow. Log in again and allow changes, or ask the operator for the permission to write."

// dispatch hands a message to the library and survives its panics.
func (s *Server) dispatch(ctx context.Context, m *message) (response mcp.JSONRPCMessage) {
	defer func() {
		if value := recover(); value != nil {
			s.logPanic(ctx, value)
			response = mcp.JSONRPCError{Error: mcp.JSONRPCErrorDetails{Code: mcp.INTERNAL_ERROR, Message: "The server failed. The operator finds the reason in its log."}}
		}
	}()
	return s.core.HandleMessage(ctx, m.raw)
}

func (s *Server) logPanic(ctx context.Context, value any) {
	// The value may hold what a caller sent; its type tells enough beside the stack.
	s.options.Logger.ErrorContext(ctx, "panic", "type", fmt.Sprintf("%T", value), "stack", string(debug.Stack()))
}

// encode writes the answer with the id exactly as the client wrote it. The code is
// that of an error, 0 for none.
func (s *Server) encode(ctx context.Context, m *message, e *exchange, response mcp.JSONRPCMessage) (answer []byte, code int) {
	switch r := response.(type) {
	case nil:
		return nil, 0
	case mcp.JSONRPCResponse:
		raw, err := s.encodeAnswer(m.ID, r.Result)
		if err != nil {
			s.options.Logger.ErrorContext(ctx, "an answer cannot be encoded", "method", known(m.Method), "error", err)
			return (&fault{Code: mcp.INTERNAL_ERROR, Message: "The server failed. The operator finds the reason in its log."}).answer(m.ID), mcp.INTERNAL_ERROR
		}
		return raw, 0
	case mcp.JSONRPCError:
		e.mu.Lock()
		f := e.fault
		e.mu.Unlock()
		if f == nil {
			f = &fault{Code: r.Error.Code, Message: r.Error.Message, Data: r.Error.Data}
			if f.Data == nil {
				s.nameResource(f, m)
			}
		}
		return f.answer(m.ID), f.Code
	default:
		return (&fault{Code: mcp.INTERNAL_ERROR, Message: "The server failed."}).answer(m.ID), mcp.INTERNAL_ERROR
	}
}

// nameResource adds to the error that there is no such resource what the library
// leaves out: the URI (specification, Resources, Error Handling), and the URIs that
// were probably meant.
func (s *Server) nameResource(f *fault, m *message) {
	if m.Method != string(mcp.MethodResourcesRead) || f.Code != mcp.RESOURCE_NOT_FOUND && f.Code != mcp.INVALID_PARAMS {
		return
	}
	var params struct {
		URI string `json:"uri"`
	}
	if json.Unmarshal(m.Params, &params) != nil || params.URI == "" {
		return
	}
	uris := make([]string, len(s.options.Resources))
	for i := range s.options.Resources {
		uris[i] = s.options.Resources[i].URI
	}
	f.Data = map[string]string{"uri": params.URI}
	f.Message = problem.Unknown("resource", params.URI, uris, "resources/list and resources/templates/list name them all.").Error()
}

// notification hands a notification to the library; there is no answer.
func (s *Server) notification(ctx context.Context, m *message, peer *peer) {
	s.dispatch(s.core.WithContext(ctx, peer), m)
}

// errCancelled is the cause of a context that the client cancelled.
var errCancelled = errors.New("cancelled by the client")

// cancelledID is the id that a notifications/cancelled names.
func cancelledID(m *message) string {
	var params struct {
		RequestID json.RawMessage `json:"requestId"`
	}
	if json.Unmarshal(m.Params, &params) != nil {
		return ""
	}
	return string(params.RequestID)
}

// known bounds the names of methods that metrics see.
func known(method string) string {
	switch mcp.MCPMethod(method) {
	case mcp.MethodInitialize, mcp.MethodPing, mcp.MethodServerDiscover, mcp.MethodToolsList, mcp.MethodToolsCall,
		mcp.MethodResourcesList, mcp.MethodResourcesTemplatesList, mcp.MethodResourcesRead,
		mcp.MethodPromptsList, mcp.MethodPromptsGet, mcp.MethodCompletionComplete, mcp.MethodSetLogLevel,
		mcp.MethodResourcesSubscribe, mcp.MethodResourcesUnsubscribe, mcp.MethodSubscriptionsListen:
		return method
	default:
		return "other"
	}
}

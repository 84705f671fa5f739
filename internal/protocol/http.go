package protocol

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/internal/telemetry"
)

// HTTP serves MCP over streamable HTTP on one path (specification, section
// Transports): POST carries one message and its answer, GET is a stream for
// clients of the older era, DELETE ends a session.
type HTTP struct {
	server      *Server
	sessions    *Sessions
	options     HTTPOptions
	inFlight    inFlight
	questions   questions
	records     *records
	levels      *levels
	subscribers *subscribers
	replicas    *replicas

	closing   context.Context // done when the server shuts down
	shutdown  context.CancelFunc
	closeOnce sync.Once
	stopping  context.Context // done when calls have had the time to end
	stop      context.CancelFunc
}

// HTTPOptions are the limits of the transport. Zero values mean the defaults.
type HTTPOptions struct {
	// MaxBody is the size of a message, in bytes (4 MiB).
	MaxBody int64
	// KeepAlive is the time after which a stream without news gets a comment,
	// so that proxies keep it open (15 s).
	KeepAlive time.Duration
	// Ping is the interval of JSON-RPC pings on GET streams; 0 sends none.
	Ping time.Duration
	// Prime is after how long the stream of a call opens that has nothing to say
	// yet, so that a client that loses the connection can come back (1 s).
	Prime time.Duration
	// StepUp is told that a caller who may not write calls a tool that does, and
	// returns the header WWW-Authenticate for the answer (MCP, Authorization, Scope
	// Challenge Handling). Without it such a call is answered like any other that
	// is refused.
	StepUp func(ctx context.Context, tool string) string
	// Enter asks for a place among the requests that are worked on, until leave is
	// called. A status other than 0 refuses it, with a time after which to come
	// again. Streams that wait for news need no place, nor do notifications and
	// the answers of users, which help others to end. Nil lets everything in.
	Enter func(ctx context.Context) (leave func(), status int, wait time.Duration)
	// WriteTimeout bounds one write to a client that does not read (30 s).
	WriteTimeout time.Duration
}

const sessionHeader = "Mcp-Session-Id"

// NewHTTP returns the transport. Close ends its streams.
func NewHTTP(s *Server, sessions *Sessions, o HTTPOptions) *HTTP {
	if o.MaxBody == 0 {
		o.MaxBody = 4 << 20
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = 15 * time.Second
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = 30 * time.Second
	}
	if o.Prime == 0 {
		o.Prime = time.Second
	}
	r := newReplicas(s.options.Shared, sessions.lifetime)
	h := &HTTP{
		server: s, sessions: sessions, options: o, records: newRecords(), levels: newLevels(r),
		subscribers: newSubscribers(s.options.Watcher, r), replicas: r,
	}
	h.closing, h.shutdown = context.WithCancel(context.Background())
	h.stopping, h.stop = context.WithCancel(context.Background())
	return h
}

// Close ends the streams that would otherwise stay open, GET streams and
// subscriptions, and the waiting for users, whose answers no longer come in.
// Calls in progress go on; http.Server.Shutdown waits for them.
func (h *HTTP) Close() {
	h.closeOnce.Do(func() {
		h.shutdown()
		h.questions.close()
	})
}

// Stop closes the transport and cancels the calls that are still in progress, of
// clients too that are to come back for the answer. Each is answered, with an error
// if it has no result; a write under way goes on for [call.FinishLimit].
func (h *HTTP) Stop() {
	h.Close()
	h.stop()
}

// ServeHTTP answers one HTTP request.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	modern := mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion))
	switch {
	case r.Method == http.MethodPost:
		h.post(w, r)
	case r.Method == http.MethodGet && !modern:
		h.listen(w, r)
	case r.Method == http.MethodDelete && !modern:
		h.end(w, r)
	default:
		allow := "POST, GET, DELETE"
		if modern {
			allow = "POST" // 2026-07-28 has neither sessions nor a GET stream
		}
		w.Header().Set("Allow", allow)
		refuse(w, http.StatusMethodNotAllowed, nil, &fault{Code: mcp.INVALID_REQUEST, Message: "use POST with one JSON-RPC message"})
	}
}

// post handles one message.
func (h *HTTP) post(w http.ResponseWriter, r *http.Request) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, nil, &fault{Code: mcp.INVALID_REQUEST, Message: "Content-Type must be application/json"})
		return
	}
	asJSON, asStream := accepts(r.Header.Values("Accept"))
	if !asJSON && !asStream {
		refuse(w, http.StatusNotAcceptable, nil, &fault{Code: mcp.INVALID_REQUEST, Message: "Accept must allow application/json and text/event-stream"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.options.MaxBody))
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			refuse(w, http.StatusRequestEntityTooLarge, nil, &fault{Code: mcp.INVALID_REQUEST, Message: fmt.Sprintf("a message may have at most %d bytes", tooLarge.Limit)})
			return
		}
		refuse(w, http.StatusBadRequest, nil, &fault{Code: mcp.PARSE_ERROR, Message: "the body could not be read"})
		return
	}
	if batched(r.Header, body) {
		h.batch(w, r, body, asStream)
		return
	}
	m, f := parse(body)
	if f != nil {
		refuse(w, http.StatusBadRequest, nil, f)
		return
	}
	version, f := h.version(r.Header, m)
	if f != nil {
		refuse(w, http.StatusBadRequest, m.asked(), f)
		return
	}
	modern := mcp.IsModernProtocol(version)

	r = carried(r)
	session := ""
	if !modern && m.Method != string(mcp.MethodInitialize) {
		var ok bool
		if session, ok = h.session(w, r, m); !ok {
			return
		}
	}
	peer := h.server.newPeer()
	switch {
	case m.isResponse():
		if modern {
			refuse(w, http.StatusBadRequest, m.asked(), &fault{Code: mcp.INVALID_REQUEST, Message: "clients send no responses in protocol " + version})
			return
		}
		if !h.answered(r.Context(), session, m) {
			refuse(w, http.StatusServiceUnavailable, nil, &fault{Code: mcp.INTERNAL_ERROR, Message: "the answer cannot be passed on at the moment; send it again"})
			return
		}
		w.WriteHeader(http.StatusAccepted)
	case m.isNotification():
		h.notified(r.Context(), m, session, peer)
		w.WriteHeader(http.StatusAccepted)
	default:
		if m.Method != string(mcp.MethodSubscriptionsListen) {
			leave, ok := h.enter(w, r, m.ID)
			if !ok {
				return
			}
			defer leave()
		}
		if m.Method == string(mcp.MethodInitialize) && !modern {
			session = h.sessions.Issue(r.Context(), initializes(m))
			h.server.options.Metrics.SessionStarted()
			w.Header().Set(sessionHeader, session)
		}
		if h.options.StepUp != nil && h.server.beyond(r.Context(), m) {
			name, _ := nameIn(m)
			w.Header().Set("WWW-Authenticate", h.options.StepUp(r.Context(), name))
			refuse(w, http.StatusForbidden, m.ID, &fault{Code: codeUnauthenticated, Message: name + notYours})
			return
		}
		if m.Method == string(mcp.MethodSubscriptionsListen) && !asStream {
			refuse(w, http.StatusNotAcceptable, m.ID, &fault{Code: mcp.INVALID_REQUEST, Message: "Accept must allow text/event-stream"})
			return
		}
		h.request(w, r, m, peer, session, modern, asStream)
	}
}

// enter asks for a place for a request, or refuses it.
func (h *HTTP) enter(w http.ResponseWriter, r *http.Request, id json.RawMessage) (leave func(), ok bool) {
	if h.options.Enter == nil {
		return func() {}, true
	}
	leave, status, wait := h.options.Enter(r.Context())
	if status == 0 {
		return leave, true
	}
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	w.Header().Set("Retry-After", strconv.Itoa(seconds)) // RFC 9110, section 10.2.3
	refuse(w, status, id, &fault{
		Code: codeBusy, Message: fmt.Sprintf("This server is busy: too many requests are in progress. Try again in %d s.", seconds),
		Data: map[string]int{"retry_after": seconds},
	})
	return nil, false
}

// notified handles a notification. A cancellation only means something among the
// requests of a session; from 2026-07-28 on a client cancels by closing the stream.
func (h *HTTP) notified(ctx context.Context, m *message, session string, p *peer) {
	switch {
	case m.Method != string(mcp.MethodNotificationCancelled):
		h.server.notification(ctx, m, p)
	case session != "":
		h.cancelled(ctx, session, cancelledID(m))
	}
}

// version checks which protocol version a message belongs to. From 2026-07-28
// on every request names it in a header and in the body, and repeats its method
// and name in headers.
func (h *HTTP) version(header http.Header, m *message) (string, *fault) {
	stated := header.Get(mcp.HeaderProtocolVersion)
	var params struct {
		Meta *mcp.Meta `json:"_meta"`
	}
	_ = json.Unmarshal(m.Params, &params) // bad parameters are answered by the method
	inside := params.Meta.ProtocolVersion()
	switch {
	case !mcp.IsModernProtocol(stated) && !mcp.IsModernProtocol(inside):
		if stated != "" && !mcp.IsValidProtocolVersion(stated) && m.Method != string(mcp.MethodInitialize) {
			return stated, &fault{Code: mcp.INVALID_REQUEST, Message: "unsupported protocol version; supported: " + strings.Join(mcp.ValidProtocolVersions, ", ")}
		}
		return stated, nil
	case !m.isRequest():
		return cmp.Or(stated, inside), nil
	case stated == "":
		return inside, &fault{Code: mcp.HEADER_MISMATCH, Message: "the header " + mcp.HeaderProtocolVersion + " is missing"}
	case inside == "":
		return stated, &fault{Code: mcp.INVALID_PARAMS, Message: "the member " + mcp.MetaKeyProtocolVersion + " of _meta is missing"}
	case stated != inside:
		return stated, &fault{Code: mcp.HEADER_MISMATCH, Message: "the header " + mcp.HeaderProtocolVersion + " and the _meta of the body name different protocol versions"}
	case !mcp.IsValidProtocolVersion(inside):
		unsupported := mcp.UnsupportedProtocolVersionError{Version: inside, Supported: mcp.ValidProtocolVersions}.JSONRPCError()
		return inside, &fault{Code: unsupported.Error.Code, Message: unsupported.Error.Message, Data: unsupported.Error.Data}
	}
	if err := h.server.mirrored(header, inside, m); err != nil {
		return inside, &fault{Code: mcp.HEADER_MISMATCH, Message: err.Error()}
	}
	return inside, nil
}

// session checks the session of a message of the older era. A client without a
// session id is served without a session; one with an id must have been given
// it here.
func (h *HTTP) session(w http.ResponseWriter, r *http.Request, m *message) (string, bool) {
	id := r.Header.Get(sessionHeader)
	if id == "" || h.valid(r.Context(), id) {
		return id, true
	}
	var of json.RawMessage
	if m != nil {
		of = m.asked()
	}
	refuse(w, http.StatusNotFound, of, &fault{Code: mcp.INVALID_REQUEST, Message: "this session does not exist or has ended; start a new one with initialize"})
	return "", false
}

// request handles one request and writes its answer.
func (h *HTTP) request(w http.ResponseWriter, r *http.Request, m *message, p *peer, session string, modern, asStream bool) {
	out := newStream(w, h.options.WriteTimeout)
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context()))
	defer cancel(nil)
	defer context.AfterFunc(h.stopping, func() { cancel(errClosing) })()
	// A lost connection does not cancel a call whose client can come back for the
	// answer (MCP 2025-11-25, Transports, Sending Messages to the Server).
	defer context.AfterFunc(r.Context(), func() {
		if !out.resumable() {
			cancel(nil)
		}
	})()
	if m.Method == string(mcp.MethodSubscriptionsListen) {
		h.server.options.Metrics.StreamOpens(telemetry.SubscriptionStream)
		defer h.server.options.Metrics.StreamCloses(telemetry.SubscriptionStream)
		defer context.AfterFunc(h.closing, func() { cancel(errClosing) })()
		// The client comes again with the credential that it has then.
		defer time.AfterFunc(h.sessions.lifetime, func() { cancel(errClosing) }).Stop()
	}
	if session != "" {
		defer h.inFlight.add(session, string(m.ID), cancel)()
	}
	e := &exchange{session: session, version: r.Header.Get(mcp.HeaderProtocolVersion), levels: h.levels, subscriber: h.subscriber(session, m)}
	if asStream {
		e.send = out.event
		silence := h.options.KeepAlive
		if session != "" {
			// Else nothing tells whose answer it is.
			e.questions, e.elicits = &h.questions, h.sessions.CanAsk(session)
			out.begin = func() *record { return h.records.begin(session) }
			if out.prime = r.Header.Get(mcp.HeaderProtocolVersion) >= primedSince; out.prime {
				silence = min(silence, h.options.Prime)
			}
		}
		defer out.keepAlive(silence, h.options.KeepAlive)()
	}
	h.notice(ctx, m, e, modern)
	answer := h.server.exchange(ctx, m, e, p)
	out.finish(answer, modern)
}

// primedSince is the protocol version whose clients are given an event without a
// message at first, from which they can come back (SEP-1699).
const primedSince = "2025-11-25"

// initializes reports whether the client that sends this initialize can be
// asked.
func initializes(m *message) (canAsk bool) {
	var params struct {
		Capabilities mcp.ClientCapabilities `json:"capabilities"`
	}
	return json.Unmarshal(m.Params, &params) == nil && elicits(&params.Capabilities)
}

var errClosing = errors.New("the server shuts down")

// listen serves the GET stream of the older era. A client that names the last
// event that it got of a call gets the rest of that. Else the stream carries news
// of what has changed, and pings, for clients and proxies that want to know that
// the session is alive.
func (h *HTTP) listen(w http.ResponseWriter, r *http.Request) {
	if _, asStream := accepts(r.Header.Values("Accept")); !asStream {
		refuse(w, http.StatusNotAcceptable, nil, &fault{Code: mcp.INVALID_REQUEST, Message: "Accept must allow text/event-stream"})
		return
	}
	if r.Header.Get(sessionHeader) == "" {
		refuse(w, http.StatusBadRequest, nil, &fault{Code: mcp.INVALID_REQUEST, Message: "the header " + sessionHeader + " is missing; start a session with initialize"})
		return
	}
	if _, ok := h.session(w, r, nil); !ok {
		return
	}
	h.server.options.Metrics.StreamOpens(telemetry.SessionStream)
	defer h.server.options.Metrics.StreamCloses(telemetry.SessionStream)
	out := newStream(w, h.options.WriteTimeout)
	defer out.keepAlive(h.options.KeepAlive, h.options.KeepAlive)()
	if lost, got, ok := h.records.find(r.Header.Get(sessionHeader), r.Header.Get("Last-Event-ID")); ok {
		out.open()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(h.closing, cancel)()
		out.replay(lost, got, ctx.Done())
		return
	}
	session := r.Header.Get(sessionHeader)
	if h.relayed(r, out) {
		return
	}
	subscriber := h.subscribers.of(session)
	h.catchUp(r.Context(), session, subscriber)
	h.replicas.tell(r.Context(), told{About: aStream, Session: session})
	ready, closed := subscriber.open(r.Context())
	defer closed()
	out.open()
	alive := time.NewTicker(h.options.KeepAlive) // sessions end, and streams with them
	defer alive.Stop()
	var pings <-chan time.Time
	if h.options.Ping > 0 {
		ticker := time.NewTicker(h.options.Ping)
		defer ticker.Stop()
		pings = ticker.C
	}
	for n := 1; ; {
		select {
		case <-pings:
			out.event(newRequest(fmt.Sprintf("ping-%d", n), string(mcp.MethodPing), nil))
			n++
		case <-ready:
			for _, news := range subscriber.take() {
				out.event(news.message(nil))
			}
			continue
		case <-alive.C:
		case <-r.Context().Done():
			return
		case <-h.closing.Done():
			return
		}
		if !h.valid(r.Context(), session) {
			return
		}
	}
}

// relayed sends the rest of a stream of another replica, and reports whether there
// was one.
func (h *HTTP) relayed(r *http.Request, out *stream) bool {
	event := r.Header.Get("Last-Event-ID")
	id, got, ok := parseEvent(event)
	if !ok {
		return false
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.closing, cancel)()
	out.open()
	parts, ok := h.replicas.elsewhere(ctx, r.Header.Get(sessionHeader), event)
	if ok {
		out.relay(id, got, parts, ctx.Done())
	}
	return ok
}

// end ends a session.
func (h *HTTP) end(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(sessionHeader) == "" {
		refuse(w, http.StatusBadRequest, nil, &fault{Code: mcp.INVALID_REQUEST, Message: "the header " + sessionHeader + " is missing"})
		return
	}
	id, ok := h.session(w, r, nil)
	if !ok {
		return
	}
	h.server.options.Metrics.SessionEnded()
	h.forget(id)
	h.replicas.unsubscribe(r.Context(), id, "")
	h.replicas.end(context.WithoutCancel(r.Context()), id)
	w.WriteHeader(http.StatusOK)
}

// accepts reads the Accept headers: whether JSON and event streams are wanted.
// A request without one takes anything (RFC 9110, section 12.5.1).
func accepts(values []string) (asJSON, asStream bool) {
	if len(values) == 0 {
		return true, false // a plain client, which expects plain JSON
	}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		media, parameters, err := mime.ParseMediaType(part)
		if err != nil || parameters["q"] == "0" {
			continue
		}
		switch media {
		case "*/*":
			asJSON = true
		case "application/*", "application/json":
			asJSON = true
		case "text/*", "text/event-stream":
			asStream = true
		}
	}
	return asJSON, asStream
}

// refuse answers a message that is not handled.
func refuse(w http.ResponseWriter, status int, id json.RawMessage, f *fault) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(f.answer(id)) //nolint:gosec // JSON, and its content type says so; an error means the client is gone
}

// inFlight holds the requests of sessions that are being handled, by session
// and id, so that a client can cancel its own and nobody else's.
type inFlight struct {
	mu       sync.Mutex
	requests map[[2]string][]*context.CancelCauseFunc
}

// add registers a request; the function returned removes it.
func (f *inFlight) add(session, id string, cancel context.CancelCauseFunc) (remove func()) {
	key := [2]string{session, id}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.requests == nil {
		f.requests = map[[2]string][]*context.CancelCauseFunc{}
	}
	f.requests[key] = append(f.requests[key], &cancel)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.requests[key] = slices.DeleteFunc(f.requests[key], func(c *context.CancelCauseFunc) bool { return c == &cancel }); len(f.requests[key]) == 0 {
			delete(f.requests, key)
		}
	}
}

// cancel cancels the requests of a session that have an id, and reports whether
// there were any.
func (f *inFlight) cancel(session, id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	requests := f.requests[[2]string{session, id}]
	for _, cancel := range requests {
		(*cancel)(errCancelled)
	}
	return len(requests) > 0
}

package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
)

// batches is the one protocol version that has JSON-RPC batches, which a server
// must take then (MCP 2025-03-26, Base Protocol, Batching).
const batches = "2025-03-26"

// maxBatch bounds the messages of a batch, which are handled one after the other.
const maxBatch = 32

func isBatch(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '['
}

// parseBatch takes a batch apart. What is no message in it, or may not be in a
// batch, is answered at once. The fault is one of the whole batch.
func parseBatch(raw []byte) (messages []*message, answers [][]byte, f *fault) {
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return nil, nil, &fault{Code: mcp.PARSE_ERROR, Message: "the batch is not valid JSON"}
	}
	if len(parts) == 0 || len(parts) > maxBatch {
		return nil, nil, &fault{Code: mcp.INVALID_REQUEST, Message: fmt.Sprintf("a batch has 1 to %d messages", maxBatch)}
	}
	for _, part := range parts {
		m, f := parse(part)
		switch {
		case f != nil:
			answers = append(answers, f.answer(nil))
		case m.Method == string(mcp.MethodInitialize) || m.Method == string(mcp.MethodSubscriptionsListen):
			f = &fault{Code: mcp.INVALID_REQUEST, Message: m.Method + " must not be part of a batch"}
			answers = append(answers, f.answer(m.ID))
		default:
			messages = append(messages, m)
		}
	}
	return messages, answers, nil
}

// together are the answers to a batch, nil when there are none.
func together(answers [][]byte) []byte {
	if len(answers) == 0 {
		return nil
	}
	return append(append([]byte{'['}, bytes.Join(answers, []byte{','})...), ']')
}

// batched reports whether the body of a POST is a batch that may be one. Clients
// of later versions name theirs in a header.
func batched(header http.Header, body []byte) bool {
	version := header.Get(mcp.HeaderProtocolVersion)
	return isBatch(body) && (version == "" || version == batches)
}

// batch handles a batch of messages. It has one stream for all that its requests
// have to say.
func (h *HTTP) batch(w http.ResponseWriter, r *http.Request, body []byte, asStream bool) {
	messages, answers, f := parseBatch(body)
	if f != nil {
		refuse(w, http.StatusBadRequest, nil, f)
		return
	}
	session, ok := h.session(w, r, nil)
	if !ok {
		return
	}
	if slices.ContainsFunc(messages, (*message).isRequest) {
		leave, ok := h.enter(w, r, nil)
		if !ok {
			return
		}
		defer leave()
	}
	r = carried(r)
	out := newStream(w, h.options.WriteTimeout)
	if asStream {
		defer out.keepAlive(h.options.KeepAlive, h.options.KeepAlive)()
	}
	requests := len(answers) > 0
	for _, m := range messages {
		version, f := h.version(r.Header, m)
		switch {
		case f != nil && m.isRequest():
			requests, answers = true, append(answers, f.answer(m.ID))
		case f != nil || mcp.IsModernProtocol(version): // nothing of this version
		case m.isResponse():
			h.answered(r.Context(), session, m)
		case m.isNotification():
			h.notified(r.Context(), m, session, h.server.newPeer())
		default:
			requests = true
			if answer := h.part(r.Context(), m, session, out, asStream); answer != nil {
				answers = append(answers, answer)
			}
		}
	}
	if !requests {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	out.finish(together(answers), false)
}

// part handles one request of a batch.
func (h *HTTP) part(ctx context.Context, m *message, session string, out *stream, asStream bool) []byte {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(h.stopping, func() { cancel(errClosing) })()
	if session != "" {
		defer h.inFlight.add(session, string(m.ID), cancel)()
	}
	e := &exchange{session: session, version: batches, levels: h.levels, subscriber: h.subscriber(session, m)}
	if asStream {
		e.send = out.event
	}
	h.notice(ctx, m, e, false)
	return h.server.exchange(ctx, m, e, h.server.newPeer())
}

// batch handles a batch of messages on stdio.
func (c *conversation) batch(work context.Context, text []byte) {
	messages, answers, f := parseBatch(text)
	if f != nil {
		c.send(f.answer(nil))
		return
	}
	var requests []func(func([]byte))
	for _, m := range messages {
		if run := c.begin(work, m); run != nil {
			requests = append(requests, run)
		}
	}
	c.running.Go(func() {
		for _, run := range requests {
			run(func(answer []byte) { answers = append(answers, answer) })
		}
		if answer := together(answers); answer != nil {
			c.send(answer)
		}
	})
}

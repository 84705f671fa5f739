package protocol

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"infrahub-mcp/internal/state"
)

// replicas is what the replicas of this server know of each other's sessions. Any
// request of a session may reach any of them (MCP 2025-11-25, Session Management,
// does not know of several). What a session chose is in the shared store: that it
// has ended, its log level, what it subscribed to. What needs the replica that runs
// a call is passed on to it as a message: answers of users, cancellations, and the
// rest of a stream that is asked for elsewhere. The nil replicas is one server
// alone.
//
// While the store is away, a session that was ended goes on where that was not
// seen, and answers that would have to be passed on are refused.
type replicas struct {
	shared *state.Redis
	life   time.Duration // of a session

	mu sync.Mutex
	// unsaid are sessions that have ended, of which the store was not told.
	unsaid map[string]struct{}
}

const (
	// topic is that of the messages to all replicas.
	topic = "sessions"
	// maxPassedOn bounds an answer that is passed on, in bytes. Those of forms with
	// one field are small.
	maxPassedOn = 64 << 10
	// maxUnsaid bounds the sessions of which the store will be told later.
	maxUnsaid = 10_000
)

// told is a message from one replica to all.
type told struct {
	About   about           `json:"about"`
	Session string          `json:"session,omitempty"`
	ID      string          `json:"id,omitempty"` // of a request, an event or a client
	To      string          `json:"to,omitempty"` // the topic for an answer
	Message json.RawMessage `json:"message,omitempty"`
}

// about is what a message to all replicas says.
type about string

const (
	anAnswer       about = "answer"       // of a client to a question
	aCancellation  about = "cancellation" // of a request
	anEnd          about = "end"          // of a session
	aSubscription  about = "subscription" // that a session has changed
	aStream        about = "stream"       // that a session has opened
	aResumption    about = "resumption"   // the rest of a stream is wanted
	aChangeOfTools about = "tools"        // that a client is offered
)

// newReplicas returns nil without a shared store.
func newReplicas(shared *state.Redis, life time.Duration) *replicas {
	if shared == nil {
		return nil
	}
	r := &replicas{shared: shared, life: life, unsaid: map[string]struct{}{}}
	shared.OnReturn(r.catchUp)
	return r
}

// tell tells all other replicas something. It reports whether that was possible.
func (r *replicas) tell(ctx context.Context, t told) bool {
	if r == nil {
		return true // there are none
	}
	raw, err := json.Marshal(t)
	if err != nil {
		return false
	}
	_, err = r.shared.Publish(ctx, topic, raw)
	return err == nil
}

// ended reports whether another replica has ended a session.
func (r *replicas) ended(ctx context.Context, session string) bool {
	if r == nil {
		return false
	}
	_, ended, err := r.shared.Get(ctx, state.Key("ended", session))
	return err == nil && ended
}

// end has a session end at all replicas: now, or when the store is back.
func (r *replicas) end(ctx context.Context, session string) {
	if r == nil {
		return
	}
	if !r.note(ctx, session) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.unsaid) < maxUnsaid {
			r.unsaid[session] = struct{}{}
		}
	}
}

// note notes in the store that a session has ended.
func (r *replicas) note(ctx context.Context, session string) bool {
	if r.shared.Set(ctx, state.Key("ended", session), "1", r.life) != nil {
		return false
	}
	r.tell(ctx, told{About: anEnd, Session: session})
	return true
}

// catchUp tells the store what it missed.
func (r *replicas) catchUp(ctx context.Context) {
	r.mu.Lock()
	unsaid := r.unsaid
	r.unsaid = map[string]struct{}{}
	r.mu.Unlock()
	for session := range unsaid {
		r.end(ctx, session)
	}
}

// Listen keeps up with what other replicas have to say, until ctx ends, where there
// is a shared store.
func (h *HTTP) Listen(ctx context.Context) {
	if h.replicas == nil {
		return
	}
	var working sync.WaitGroup
	defer working.Wait()
	h.replicas.shared.Subscribe(ctx, topic, func() {}, func(raw []byte) {
		var t told
		if json.Unmarshal(raw, &t) == nil {
			h.hear(ctx, &t, &working)
		}
	})
}

// hear does what another replica asks for, as far as it is about this one.
func (h *HTTP) hear(ctx context.Context, t *told, working *sync.WaitGroup) {
	switch t.About {
	case anAnswer:
		if m, f := parse(t.Message); f == nil && m.isResponse() {
			h.questions.answer(t.Session, m)
		}
	case aCancellation:
		h.inFlight.cancel(t.Session, t.ID)
	case anEnd:
		h.forget(t.Session)
	case aSubscription:
		// Asks the store and Infrahub, which takes time.
		working.Go(func() { h.resubscribe(t.Session) })
	case aStream:
		h.subscribers.yield(t.Session)
	case aResumption:
		if record, got, ok := h.records.find(t.Session, t.ID); ok {
			working.Go(func() { h.replicas.pass(ctx, t.To, record, got) })
		}
	case aChangeOfTools:
		if t.ID != "" && h.server.grants != nil {
			h.server.grants.tell(t.ID)
		}
		if t.Session != "" {
			h.subscribers.tell(t.Session, toolsChanged())
		}
	}
}

// answered hands a response to whoever waits for it, here or at another replica. It
// reports false when it could not be passed on.
func (h *HTTP) answered(ctx context.Context, session string, m *message) bool {
	if h.questions.answer(session, m) || session == "" || !isQuestion(m) || len(m.raw) > maxPassedOn {
		return true // or there is nobody: answers to pings, and such that come too late
	}
	return h.replicas.tell(ctx, told{About: anAnswer, Session: session, Message: m.raw})
}

// cancelled cancels a request of a session, here or at another replica.
func (h *HTTP) cancelled(ctx context.Context, session, id string) {
	if !h.inFlight.cancel(session, id) {
		h.replicas.tell(ctx, told{About: aCancellation, Session: session, ID: id})
	}
}

// valid reports whether a session may be used: see Sessions.Valid. One that ended
// at another replica may not.
func (h *HTTP) valid(ctx context.Context, session string) bool {
	return h.sessions.Valid(ctx, session) && !h.replicas.ended(ctx, session)
}

// forget forgets a session that has ended.
func (h *HTTP) forget(session string) {
	h.sessions.End(session)
	h.questions.end(session)
	h.levels.forget(session)
	h.subscribers.end(session)
}

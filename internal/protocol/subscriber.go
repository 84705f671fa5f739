package protocol

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/internal/watch"
)

// subscriber is a client that is told what has changed: a session of the older
// era, or one subscriptions/listen (MCP 2026-07-28, Subscriptions). It is told on
// the stream that was opened last; while there is none, nothing is looked at, and
// what changes meanwhile is told on the next one.
type subscriber struct {
	watcher *watch.Watcher
	// session is that of the older era, of which replicas share what it subscribed to.
	session  string
	replicas *replicas

	mu      sync.Mutex
	stream  context.Context     // of the open stream, nil while there is none
	ready   chan struct{}       // of that stream; holds one when there is news
	watched map[string]*watched // by URI
	waiting []news
}

// watched is a resource that a subscriber wants to know of.
type watched struct {
	credential string // that it is read with
	look       func(context.Context, *watch.Round) (string, error)
	version    string // that the subscriber knows, "" while that is not known
	stop       func() // ends the looking, nil while there is none
}

// maxWatched bounds the resources of one subscriber.
const maxWatched = 64

func newSubscriber(w *watch.Watcher) *subscriber {
	return &subscriber{watcher: w, watched: map[string]*watched{}}
}

// open makes a stream the one that is told. There is news to take whenever ready
// holds something. ctx ends with the stream, and close must be called then.
func (s *subscriber) open(ctx context.Context) (ready <-chan struct{}, closed func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := make(chan struct{}, 1)
	s.stream, s.ready = ctx, mine
	for uri, w := range s.watched {
		s.look(uri, w, true)
	}
	if len(s.waiting) > 0 {
		mine <- struct{}{}
	}
	return mine, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ready != mine {
			return // another stream has taken over
		}
		s.stream, s.ready = nil, nil
		for _, w := range s.watched {
			w.end()
		}
	}
}

// add adds a resource, to be looked at soon or when others are. The same one may be
// added again.
func (s *subscriber) add(uri string, w *watched, soon bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.watched[uri]; ok {
		have.end()
	} else if len(s.watched) == maxWatched {
		return fmt.Errorf("a client may subscribe to %d resources at most; unsubscribe from another one first", maxWatched)
	}
	s.watched[uri] = w
	if s.stream != nil {
		s.look(uri, w, soon)
	}
	return nil
}

// remove removes a resource, and all without one.
func (s *subscriber) remove(uris ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for uri, w := range s.watched {
		if len(uris) == 0 || slices.Contains(uris, uri) {
			w.end()
			delete(s.watched, uri)
			s.waiting = slices.DeleteFunc(s.waiting, func(n news) bool { return n.uri == uri })
		}
	}
}

// unsubscribe removes a resource here and elsewhere.
func (s *subscriber) unsubscribe(ctx context.Context, uri string) {
	s.remove(uri)
	s.replicas.unsubscribe(ctx, s.session, uri)
	s.replicas.tell(ctx, told{About: aSubscription, Session: s.session})
}

// look begins to look at a resource for the open stream, in place of another one.
func (s *subscriber) look(uri string, w *watched, soon bool) {
	w.end()
	w.stop = s.watcher.Watch(s.stream, watch.Subject{
		Credential: w.credential, Look: w.look, Soon: soon, Saw: func(version string) { s.saw(uri, w, version) },
	})
}

func (w *watched) end() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// saw is told the version of a resource.
func (s *subscriber) saw(uri string, w *watched, version string) {
	s.mu.Lock()
	if s.watched[uri] != w || w.version == version {
		s.mu.Unlock()
		return
	}
	if w.version != "" {
		s.put(news{mcp.MethodNotificationResourceUpdated, uri})
	}
	w.version = version
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), saving)
	defer cancel()
	s.replicas.subscribe(ctx, s.session, uri, version)
}

// match takes over what is known elsewhere of what a subscriber wants to know:
// versions, and what it no longer wants. It returns what is new, which has to be
// added.
func (s *subscriber) match(all subscribed) (missing []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for uri, w := range s.watched {
		version, wanted := all[uri]
		switch {
		case !wanted:
			w.end()
			delete(s.watched, uri)
		case version != "":
			w.version = version
		}
	}
	for uri := range all {
		if s.watched[uri] == nil {
			missing = append(missing, uri)
		}
	}
	return missing
}

// listening is the context of the open stream, nil while there is none.
func (s *subscriber) listening() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream
}

// yield stops telling on the open stream: another replica has a newer one.
func (s *subscriber) yield() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream, s.ready = nil, nil
	for _, w := range s.watched {
		w.end()
	}
}

// tell tells something else than that a resource has changed. It reports whether
// there is a stream for it.
func (s *subscriber) tell(n news) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stream == nil {
		return false
	}
	s.put(n)
	return true
}

// put adds news. What waits already is not added again: it only says that there
// is something new to be had.
func (s *subscriber) put(n news) {
	if slices.Contains(s.waiting, n) {
		return
	}
	s.waiting = append(s.waiting, n)
	select {
	case s.ready <- struct{}{}:
	default: // it holds one, or there is no stream
	}
}

// take returns what waits.
func (s *subscriber) take() []news {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.waiting
	s.waiting = nil
	return all
}

// news is that something has changed, which a client can then ask for.
type news struct {
	method string
	uri    string // of the resource, "" for a list
}

// message is the notification. From 2026-07-28 on it carries the id of the
// subscription, of which id is the JSON text.
func (n news) message(id json.RawMessage) outgoing {
	params := map[string]any{}
	if n.uri != "" {
		params["uri"] = n.uri
	}
	if id != nil {
		params["_meta"] = map[string]any{mcp.MetaKeySubscriptionID: id}
	}
	if len(params) == 0 {
		return newNotification(n.method, nil)
	}
	return newNotification(n.method, params)
}

// subscribers are those of the sessions of the older era over HTTP. What a session
// subscribes to is shared with other replicas; it is told by the one that has its
// stream.
type subscribers struct {
	watcher  *watch.Watcher
	replicas *replicas

	mu  sync.Mutex
	all *simplelru.LRU[string, *subscriber] // by session
}

// maxSubscribers bounds the sessions that are remembered; the oldest are forgotten
// first.
const maxSubscribers = 20_000

func newSubscribers(w *watch.Watcher, r *replicas) *subscribers {
	all, err := simplelru.NewLRU[string, *subscriber](maxSubscribers, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &subscribers{watcher: w, replicas: r, all: all}
}

// of returns the subscriber of a session.
func (s *subscribers) of(session string) *subscriber {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.all.Get(session)
	if !ok {
		one = newSubscriber(s.watcher)
		one.session, one.replicas = session, s.replicas
		s.all.Add(session, one)
	}
	return one
}

// peek returns the subscriber of a session, if there is one here.
func (s *subscribers) peek(session string) (*subscriber, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Peek(session)
}

// tell tells a session something, if its stream is here.
func (s *subscribers) tell(session string, n news) {
	if one, ok := s.peek(session); ok {
		one.tell(n)
	}
}

// yield stops telling a session that has a stream at another replica.
func (s *subscribers) yield(session string) {
	if one, ok := s.peek(session); ok {
		one.yield()
	}
}

// subscriber is who a request subscribes for: its session, if it has one.
func (h *HTTP) subscriber(session string, m *message) *subscriber {
	switch mcp.MCPMethod(m.Method) {
	case mcp.MethodResourcesSubscribe, mcp.MethodResourcesUnsubscribe:
		if session != "" {
			return h.subscribers.of(session)
		}
	}
	return nil
}

// end forgets a session that has ended.
func (s *subscribers) end(session string) {
	s.mu.Lock()
	one, ok := s.all.Peek(session)
	s.all.Remove(session)
	s.mu.Unlock()
	if ok {
		one.remove()
	}
}

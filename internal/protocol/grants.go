package protocol

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/internal/tool"
)

// grants are what clients could do when they were seen last, so that a client can
// be told when the list of its tools has changed: with a newer credential, after
// it logged in for more or its user lost a permission. Another replica has others.
type grants struct {
	mu        sync.Mutex
	last      *simplelru.LRU[string, grant] // by client
	listening map[string]map[*subscriber]struct{}
}

// grant is what a credential allows, and when it was issued. An older one that is
// still in use, by another process of the client, says nothing new; else two that
// differ would take turns.
type grant struct {
	write bool
	since time.Time
}

// maxGrants bounds the clients that are remembered; the oldest are forgotten first.
const maxGrants = 20_000

func newGrants() *grants {
	last, err := simplelru.NewLRU[string, grant](maxGrants, nil)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &grants{last: last, listening: map[string]map[*subscriber]struct{}{}}
}

// listChanges reports whether the tools that a caller is offered can change while
// the program runs. Prompts and resources are the same for everyone at all times.
func listChanges(o *Options) bool {
	return o.MayWrite != nil && o.Client != nil && !o.ReadOnly && len(tool.Offered(o.Tools, true)) < len(o.Tools)
}

// toolsChanged is the news.
func toolsChanged() news { return news{method: mcp.MethodNotificationToolsListChanged} }

// differs reports whether a client may do something else now than when it was seen
// last. One that is seen for the first time is remembered.
func (g *grants) differs(client string, now grant) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before, ok := g.last.Get(client)
	if !ok || now.write == before.write {
		if !ok || now.since.After(before.since) {
			g.last.Add(client, now)
		}
		return false
	}
	return now.since.After(before.since)
}

// told remembers what a client was told.
func (g *grants) told(client string, now grant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last.Add(client, now)
}

// listen notes whether a subscriptions/listen of a client wants to know of tools.
func (g *grants) listen(client string, s *subscriber, wants bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !wants {
		if delete(g.listening[client], s); len(g.listening[client]) == 0 {
			delete(g.listening, client)
		}
		return
	}
	if g.listening[client] == nil {
		g.listening[client] = map[*subscriber]struct{}{}
	}
	g.listening[client][s] = struct{}{}
}

// tell tells everyone who listens for a client.
func (g *grants) tell(client string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.listening[client] {
		s.tell(toolsChanged())
	}
}

// notice looks whether the sender of a request is offered other tools than before,
// and tells it: in the older era on the stream of its session, or else on that of
// the request; later wherever it asked to be told.
func (h *HTTP) notice(ctx context.Context, m *message, e *exchange, modern bool) {
	g := h.server.grants
	if g == nil || !modern && e.session == "" {
		return
	}
	client, since := h.server.options.Client(ctx)
	if !modern {
		client = "session\x00" + e.session
	}
	now := grant{!h.server.readOnly(ctx), since}
	if !g.differs(client, now) {
		return
	}
	switch {
	case modern:
		g.tell(client)
		h.replicas.tell(ctx, told{About: aChangeOfTools, ID: client})
	case h.subscribers.of(e.session).tell(toolsChanged()):
	case m.Method == string(mcp.MethodToolsList): // the answer tells
	case e.send != nil:
		e.notify(toolsChanged().message(nil))
	default:
		return // the next request may have a stream
	}
	if !modern && h.subscribers.of(e.session).listening() == nil { // it may be elsewhere
		h.replicas.tell(ctx, told{About: aChangeOfTools, Session: e.session})
	}
	g.told(client, now)
}

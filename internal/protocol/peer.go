package protocol

import (
	"encoding/json"
	"strconv"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// peer is what the library knows of the client during one request. Every
// request has its own on HTTP, so that nothing that the library keys by session
// id (requests in flight, log levels, notifications) is ever shared between
// clients; stdio, which has one client, has one.
type peer struct {
	id         string
	forwarding sync.WaitGroup
	exchange   *exchange
	choose     func(mcp.LoggingLevel) // the level of log messages of the session

	// What a request that subscribes needs, nil for others; see subscription.
	subscriber  *subscriber
	subscribe   func(uri string) error
	unsubscribe func(uri string)
	wantsLists  func(mcp.SubscriptionFilter)
	news        <-chan struct{} // of subscriptions/listen; holds one when there is any
	listen      json.RawMessage // its id

	mu            sync.Mutex
	notifications chan mcp.JSONRPCNotification // nil until the library asks for it
	notify        func(any)                    // takes them while the request runs
	stop          chan struct{}                // ends the forwarding; nil until it begins
	version       string
	info          mcp.Implementation
	capabilities  mcp.ClientCapabilities
	filter        mcp.SubscriptionFilter
	subscribed    bool
}

var (
	_ server.SessionWithClientInfo         = (*peer)(nil)
	_ server.SessionWithProtocolVersion    = (*peer)(nil)
	_ server.SessionWithSubscriptionFilter = (*peer)(nil)
	_ server.SessionWithLogging            = (*peer)(nil)
)

func (s *Server) newPeer() *peer {
	return &peer{id: strconv.FormatUint(s.peers.Add(1), 36), exchange: &exchange{}}
}

// begin lets the library's own notifications go to the stream of the request. Few
// requests have some, so that nothing is set up before the first.
func (p *peer) begin(notify func(any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notify = notify
}

// end waits until the notifications that are left were forwarded. What comes later
// is lost.
func (p *peer) end() {
	p.mu.Lock()
	p.notify = nil
	stop := p.stop
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		p.forwarding.Wait()
	}
}

// NotificationChannel takes the library's notifications.
func (p *peer) NotificationChannel() chan<- mcp.JSONRPCNotification {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.notifications == nil {
		p.notifications = make(chan mcp.JSONRPCNotification, 16)
	}
	if p.notify != nil && p.stop == nil {
		notify, stop := p.notify, make(chan struct{})
		p.stop = stop
		p.forwarding.Go(func() { p.forward(stop, notify) })
	}
	return p.notifications
}

// forward sends the library's own notifications on the stream of the request
// until stop is closed, and then those that are left. News of a subscription
// follow its acknowledgment (MCP 2026-07-28, Subscriptions, Acknowledgment).
func (p *peer) forward(stop <-chan struct{}, notify func(any)) {
	var news <-chan struct{}
	for {
		select {
		case n := <-p.notifications:
			notify(n)
			if n.Method == mcp.MethodNotificationSubscriptionsAcknowledged {
				news = p.news
			}
			continue
		case <-news:
			for _, n := range p.subscriber.take() {
				notify(n.message(p.listen))
			}
			continue
		case <-stop:
		}
		for {
			select {
			case n := <-p.notifications:
				notify(n)
			default:
				return
			}
		}
	}
}

// The interfaces of the library.

func (p *peer) SessionID() string { return p.id }
func (p *peer) Initialize()       {}
func (p *peer) Initialized() bool { return true }

func (p *peer) SetLogLevel(l mcp.LoggingLevel) {
	if p.choose != nil {
		p.choose(l)
	}
}

// GetLogLevel is for the library's own messages, of which there are none.
func (p *peer) GetLogLevel() mcp.LoggingLevel { return defaultLevel }

func (p *peer) GetClientInfo() mcp.Implementation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info
}

func (p *peer) SetClientInfo(info mcp.Implementation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.info = info
}

func (p *peer) GetClientCapabilities() mcp.ClientCapabilities {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.capabilities
}

func (p *peer) SetClientCapabilities(c mcp.ClientCapabilities) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.capabilities = c
}

func (p *peer) ProtocolVersion() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.version
}

func (p *peer) SetProtocolVersion(version string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.version = version
}

func (p *peer) SetSubscriptionFilter(f mcp.SubscriptionFilter) {
	if p.wantsLists != nil {
		p.wantsLists(f)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.filter, p.subscribed = f, !f.IsEmpty()
}

func (p *peer) SubscriptionFilter() (mcp.SubscriptionFilter, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.filter, p.subscribed
}

package protocol

import (
	"context"
	"errors"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/watch"
)

// subscription connects a request that subscribes with who is told: the session
// that it belongs to, or, for subscriptions/listen, its own stream. The library
// then asks the peer for each resource. end must be called after the request.
func (s *Server) subscription(ctx context.Context, m *message, e *exchange, p *peer) (end func()) {
	end = func() {}
	modern := false
	switch mcp.MCPMethod(m.Method) {
	case mcp.MethodSubscriptionsListen:
		modern = true
		ctx = server.WithRequestProtocolInfo(ctx, &server.RequestProtocolInfo{Modern: true}) // for faults
		p.subscriber, p.listen = newSubscriber(s.options.Watcher), m.ID
		p.news, end = p.subscriber.open(ctx)
		if s.grants != nil {
			client, _ := s.options.Client(ctx)
			p.wantsLists = func(f mcp.SubscriptionFilter) { s.grants.listen(client, p.subscriber, f.ToolsListChanged) }
		}
	case mcp.MethodResourcesSubscribe, mcp.MethodResourcesUnsubscribe:
		p.subscriber = e.subscriber
	default:
		return end
	}
	p.subscribe = func(uri string) error {
		return s.subscribe(ctx, p.subscriber, Origin{Session: e.session, Modern: modern}, uri)
	}
	p.unsubscribe = func(uri string) { p.subscriber.unsubscribe(ctx, uri) }
	return end
}

const (
	// firstLook bounds how long a client that subscribes waits for Infrahub.
	firstLook = 5 * time.Second
	// maxWatchedURI bounds a URI that is remembered, in bytes.
	maxWatchedURI = 500
)

// subscribe adds a resource to those that a subscriber is told of. It is looked at
// once, for what there is to compare with later and whether there is such a
// resource at all; that waits when Infrahub does not answer.
func (s *Server) subscribe(ctx context.Context, to *subscriber, origin Origin, uri string) error {
	if to == nil {
		return setFault(ctx, &fault{Code: mcp.INVALID_REQUEST, Message: "subscriptions belong to a session; start one with initialize and send its id"})
	}
	w, look, err := s.watched(ctx, origin, uri)
	if err != nil {
		return err
	}
	first, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	w.version, err = look(first, watch.NewRound())
	if err != nil && !infrahub.Passing(err) && !errors.Is(err, branch.ErrAway) {
		return s.resourceFault(ctx, uri, err)
	}
	if err := to.add(uri, w, w.version == ""); err != nil {
		return setFault(ctx, &fault{Code: mcp.INVALID_PARAMS, Message: err.Error()})
	}
	to.replicas.subscribe(ctx, to.session, uri, w.version)
	to.replicas.tell(ctx, told{About: aSubscription, Session: to.session})
	return nil
}

// watched prepares the watching of a resource for the caller in ctx. look is what
// it looks with, whose error may be that there is no such resource.
func (s *Server) watched(ctx context.Context, origin Origin, uri string) (w *watched, look lookout, err error) {
	r, variables := s.resource(uri)
	if r == nil || len(uri) > maxWatchedURI {
		return nil, nil, s.resourceFault(ctx, uri, problem.New("There is no resource of that URI.", "resources/list and resources/templates/list name them."))
	}
	if !r.Watchable() {
		return nil, nil, setFault(ctx, &fault{Code: mcp.INVALID_PARAMS, Message: uri + " cannot be subscribed to: this server does not notice when it changes. Read it again instead.", Data: map[string]string{"uri": uri}})
	}
	c, err := s.options.NewCall(ctx, origin)
	if err != nil {
		return nil, nil, s.fault(ctx, err)
	}
	look = s.look(r, origin, variables)
	return &watched{credential: c.Client.Key(), look: func(ctx context.Context, round *watch.Round) (string, error) {
		version, err := look(ctx, round)
		if _, gone := errors.AsType[*problem.Problem](err); gone {
			return "gone", nil // which is a change as well
		}
		return version, err
	}}, look, nil
}

// lookout finds out the version of a resource.
type lookout = func(context.Context, *watch.Round) (string, error)

// look returns what tells the version of a resource, for the caller that is in the
// context of the connection.
func (s *Server) look(r *resource.Resource, origin Origin, variables map[string]string) lookout {
	return func(ctx context.Context, round *watch.Round) (version string, err error) {
		defer s.recover(ctx, &err)
		c, err := s.options.NewCall(ctx, origin)
		if err != nil {
			return "", err
		}
		if c.BranchUnknown { // what is read now may be of another branch than before
			return "", branch.ErrAway
		}
		return r.Version(ctx, c, round, variables)
	}
}

// resource finds the resource or template of a URI, nil if there is none.
func (s *Server) resource(uri string) (*resource.Resource, map[string]string) {
	for i := range s.options.Resources {
		r := &s.options.Resources[i]
		if r.URI == uri {
			return r, nil
		}
		if template := s.templates[r.URI]; template != nil && template.Regexp().MatchString(uri) {
			variables := map[string]string{}
			for name, value := range template.Match(uri) {
				variables[name] = value.String()
			}
			return r, variables
		}
	}
	return nil, nil
}

// The interfaces of the library, for subscriptions.

var _ server.SessionWithResourceSubscriptionsErr = (*peer)(nil)

func (p *peer) SubscribeToResourceErr(uri string) error {
	if p.subscribe == nil {
		return errors.New("this request cannot subscribe")
	}
	return p.subscribe(uri)
}

func (p *peer) SubscribeToResource(uri string) { _ = p.SubscribeToResourceErr(uri) }

func (p *peer) UnsubscribeFromResource(uri string) {
	if p.subscriber != nil {
		p.unsubscribe(uri)
	}
}

// SubscribedResources is nothing: the library only asks to send news itself.
func (p *peer) SubscribedResources() []string { return nil }

func (p *peer) IsSubscribedToResource(string) bool { return false }

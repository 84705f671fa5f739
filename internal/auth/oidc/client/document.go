package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"infrahub-mcp/internal/auth/oidc/redirect"
)

// documents finds clients by the URL of a document about them. A document is
// kept for as long as its server says. A failure is not kept, as the draft has
// it (section 4.4); that strangers make this server send requests is limited by
// their rate instead.
//
// A document that cannot be fetched again is used for a day more, unless its
// server forbids that (RFC 9111, section 4.2.4): people should be able to log in
// while the host of their client is down, or takes this server for a robot. It
// is not used after its server said that it is gone, or sent one that is no good.
type documents struct {
	policy  DocumentPolicy
	allowed []string // redirect URIs, of the settings
	fetcher *fetcher
	logger  *slog.Logger
	kept    *lru.Cache[string, document] // by URL
	flights singleflight.Group           // by URL
	hosts   *lru.Cache[string, *rate.Limiter]
	all     *rate.Limiter
}

type document struct {
	client Client
	until  time.Time // fresh
	last   time.Time // of use when it cannot be fetched
}

// How much longer than it is fresh a document is of use when it cannot be
// fetched, and for how long that is not tried again.
const (
	staleTime = 24 * time.Hour
	retryTime = time.Minute
)

// The limits of documents: how many are kept, of how many hosts the rate is
// remembered, and how many are fetched in a second, with a burst.
const (
	documentsKept = 1024
	hostsKept     = 4096
	hostRate      = 2
	hostBurst     = 10
	allRate       = 20
	allBurst      = 50
)

func newDocuments(s Settings) *documents {
	logger := s.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &documents{
		policy: s.Documents, allowed: s.AllowedRedirectURIs, fetcher: newFetcher(s), logger: logger,
		kept: newLRU[string, document](documentsKept), hosts: newLRU[string, *rate.Limiter](hostsKept),
		all: rate.NewLimiter(allRate, allBurst),
	}
}

// find returns the client that a document describes.
func (d *documents) find(ctx context.Context, id string) (Client, error) {
	u, err := d.admit(id)
	if err != nil {
		return Client{}, err
	}
	if have, ok := d.kept.Get(id); ok && time.Now().Before(have.until) {
		return have.client, nil
	}
	flight := d.flights.DoChan(id, func() (any, error) {
		// Others may wait for the same document: it does not end with the request
		// that happened to come first.
		return d.learn(context.WithoutCancel(ctx), id, u)
	})
	select {
	case result := <-flight:
		found, _ := result.Val.(Client)
		return found, result.Err
	case <-ctx.Done():
		return Client{}, fmt.Errorf("%w: the request ended: %w", ErrUnavailable, ctx.Err())
	}
}

// admit checks the URL of a document (draft, section 3), which begins with
// "https://".
//
// More strictly than the draft, it has no query, by which many servers can be
// made to answer with what is asked for, and the host is a name with a dot.
func (d *documents) admit(id string) (*url.URL, error) {
	// Whatever makes a redirect URI ambiguous does so here.
	if redirect.Check(id, nil) != nil {
		return nil, errURL()
	}
	u, err := url.Parse(id)
	if err != nil || u.Path == "" || u.Path == "/" || strings.Contains(id, "?") {
		return nil, errURL()
	}
	name := u.Hostname()
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") {
		return nil, errURL()
	}
	if !d.policy.admits(name) {
		return nil, fmt.Errorf("%w: this server does not accept the document of that host as a client id; register instead", ErrUnknown)
	}
	return u, nil
}

func errURL() error {
	return fmt.Errorf("%w: a client id that is a URL has https, the full name of a host in lower case and a path, but no user, query, fragment or dot segments", ErrUnknown)
}

// learn fetches a document, once at a time for each.
func (d *documents) learn(ctx context.Context, id string, u *url.URL) (Client, error) {
	if have, ok := d.kept.Get(id); ok && time.Now().Before(have.until) {
		return have.client, nil // fetched by the one before, which just ended
	}
	found, life, err := d.ask(ctx, id, u)
	now := time.Now()
	if err == nil {
		if life == (lifetime{}) {
			d.kept.Remove(id)
		} else {
			d.kept.Add(id, document{found, now.Add(life.fresh), now.Add(life.fresh + life.stale)})
		}
		return found, nil
	}
	if errors.Is(err, ErrUnknown) {
		d.kept.Remove(id) // gone, or no good any more
	} else if have, ok := d.kept.Get(id); ok && now.Before(have.last) {
		d.logger.WarnContext(ctx, "client metadata document not fetched; the last one is used", "client_id", id, "error", err)
		have.until = now.Add(retryTime)
		if have.until.After(have.last) {
			have.until = have.last
		}
		d.kept.Add(id, have)
		return have.client, nil
	}
	d.logger.InfoContext(ctx, "client metadata document not used", "client_id", id, "error", err)
	return Client{}, outward(err)
}

// ask fetches and reads a document. An error is for the log, and has to pass
// [outward] before anyone else reads it.
func (d *documents) ask(ctx context.Context, id string, u *url.URL) (Client, lifetime, error) {
	if !d.mayFetch(u.Hostname()) {
		return Client{}, lifetime{}, fmt.Errorf("%w: too many documents were fetched; try again in a minute", ErrUnavailable)
	}
	body, life, err := d.fetcher.fetch(ctx, id)
	if err != nil {
		return Client{}, lifetime{}, err
	}
	found, err := parseDocument(body, id, u.Host, d.allowed)
	return found, life, err
}

// mayFetch counts a fetch.
func (d *documents) mayFetch(host string) bool {
	limiter, ok := d.hosts.Get(host)
	if !ok {
		limiter = rate.NewLimiter(hostRate, hostBurst)
		// Another request may have been faster.
		if before, ok, _ := d.hosts.PeekOrAdd(host, limiter); ok {
			limiter = before
		}
	}
	return limiter.Allow() && d.all.Allow()
}

// parseDocument reads the document at the URL id (draft, section 4.1). Redirect
// URIs that this server does not allow are left out: what a client also uses
// elsewhere need not keep it from coming here.
func parseDocument(body []byte, id, host string, allowed []string) (Client, error) {
	var m metadata
	if err := json.Unmarshal(body, &m); err != nil {
		return Client{}, fmt.Errorf("%w: its document is not the JSON of client metadata (RFC 7591)", ErrUnknown)
	}
	switch {
	case m.ID != id:
		return Client{}, fmt.Errorf("%w: client_id in its document is not the URL of the document", ErrUnknown)
	case m.Secret != nil || m.SecretExpiry != nil:
		return Client{}, fmt.Errorf("%w: its document holds a client_secret", ErrUnknown)
	case !m.isPublic():
		return Client{}, fmt.Errorf("%w: its document has another token_endpoint_auth_method than none", ErrUnknown)
	case !m.usesCode():
		return Client{}, fmt.Errorf("%w: its document excludes the authorization code flow", ErrUnknown)
	}
	uris := permitted(m.RedirectURIs, allowed)
	if len(uris) == 0 {
		return Client{}, fmt.Errorf("%w: its document has no redirect URI that this server allows", ErrUnknown)
	}
	return Client{ID: id, Name: clean(m.Name), RedirectURIs: uris, Kind: Document, Host: host}, nil
}

// newLRU returns a cache of at most size entries.
func newLRU[K comparable, V any](size int) *lru.Cache[K, V] {
	cache, err := lru.New[K, V](size)
	if err != nil {
		panic(err) // only for a size below one
	}
	return cache
}

package client

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"

	"infrahub-mcp/internal/auth/oidc/redirect"
	"infrahub-mcp/internal/auth/oidc/seal"
)

// Registry finds clients. It is safe for concurrent use.
type Registry struct {
	box       *seal.Box
	known     Client
	allowed   []string
	documents *documents
}

// Settings are what a [Registry] needs.
type Settings struct {
	Box *seal.Box
	// KnownID is INFRAHUB_MCP_OIDC_CLIENT_ID. Clients that skip registration
	// send it.
	KnownID string
	// AllowedRedirectURIs is INFRAHUB_MCP_OIDC_ALLOWED_REDIRECT_URIS, exact URIs:
	// all that a known client has besides the loopback interface, and the
	// private-use URIs that other clients may have.
	AllowedRedirectURIs []string
	// Documents says which hosts may describe clients.
	Documents DocumentPolicy
	// Logger is told why a document is not used; nil logs nothing.
	Logger *slog.Logger

	// Resolve, Dial and RootCAs are how documents are fetched: the addresses of
	// a host, a connection to one of them, and who certifies hosts. Nil stands
	// for what the system has.
	Resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	RootCAs *x509.CertPool
}

// What [Registry.Find] returns, wrapped with a reason that anyone may read: it
// is plain ASCII and says nothing of the network that this server is in.
var (
	// ErrUnknown means that there is no such client here. Unless it is known by
	// a document, it should register again.
	ErrUnknown = errors.New("the client is not known")
	// ErrUnavailable means that who the client is cannot be found out now.
	ErrUnavailable = errors.New("the client cannot be looked up now")
)

// New returns a Registry.
func New(s Settings) *Registry {
	r := &Registry{box: s.Box, allowed: s.AllowedRedirectURIs, documents: newDocuments(s)}
	r.known = Client{ID: s.KnownID, Kind: Known, RedirectURIs: permitted(s.AllowedRedirectURIs, s.AllowedRedirectURIs)}
	return r
}

// TakesDocuments reports whether any host may describe clients
// (client_id_metadata_document_supported of the server's metadata).
func (r *Registry) TakesDocuments() bool { return len(r.documents.policy) > 0 }

// Find returns the client with an id. It asks the network only for documents,
// for at most five seconds.
func (r *Registry) Find(ctx context.Context, id string) (Client, error) {
	var found Client
	var err error
	switch {
	case id == "":
		return Client{}, fmt.Errorf("%w: the client id is empty", ErrUnknown)
	case id == r.known.ID:
		found = r.known
	case strings.HasPrefix(id, "https://"):
		found, err = r.documents.find(ctx, id)
	default:
		found, err = r.open(id)
	}
	if err != nil {
		return Client{}, err
	}
	found.RedirectURIs = slices.Clone(found.RedirectURIs) // the documents are shared
	return found, nil
}

// open returns a registered client.
func (r *Registry) open(id string) (Client, error) {
	var is sealed
	if err := r.box.Open(seal.Client, id, &is); err != nil {
		return Client{}, fmt.Errorf("%w: this server did not issue the client id, or its key was retired; register again", ErrUnknown)
	}
	// The operator may have changed what is allowed since.
	uris := permitted(is.RedirectURIs, r.allowed)
	if len(uris) == 0 {
		return Client{}, fmt.Errorf("%w: its redirect URIs are no longer allowed; register again", ErrUnknown)
	}
	return Client{ID: id, Name: is.Name, RedirectURIs: uris, Kind: Registered}, nil
}

// permitted returns those of uris that may be registered.
func permitted(uris, allowed []string) []string {
	var kept []string
	for _, uri := range uris {
		if redirect.Check(uri, allowed) == nil {
			kept = append(kept, uri)
		}
	}
	return kept
}

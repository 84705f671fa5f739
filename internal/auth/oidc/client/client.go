// Package client finds out who an OAuth client is that asks for a login: one
// that registered itself (RFC 7591), one whose id is the URL of a document about
// it (draft-ietf-oauth-client-id-metadata-document), or one that the operator
// knows. All are public clients. Nothing is stored about any of them.
package client

import (
	"crypto/sha256"
	"encoding/base64"

	"infrahub-mcp/internal/auth/oidc/redirect"
)

// Client is an OAuth client.
type Client struct {
	// ID is the client_id.
	ID string
	// Name is what the client calls itself. Nobody verified it: a stranger may
	// use any name. It has no control or invisible characters and at most 80
	// others, and may be "".
	Name string
	// RedirectURIs are those of the client that this server allows.
	RedirectURIs []string
	Kind         Kind
	// Host is the host, and port where there is one, of a document, as the
	// certificate of its server proved it. It is "" for the other kinds.
	Host string
}

// Kind is how a client is known.
type Kind string

// The kinds of clients.
const (
	// Registered is a client that registered itself. Its id is what it said,
	// sealed.
	Registered Kind = "registered"
	// Document is a client whose id is the URL of a document about it.
	Document Kind = "document"
	// Known is a client that sends the operator's own client id.
	Known Kind = "known"
)

// Hash names the client in what this server hands out: 43 letters, digits, "-"
// and "_", however long the id is.
func (c Client) Hash() string {
	hash := sha256.Sum256([]byte(c.ID))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// Redirects reports whether the answer to a request of this client may go to
// uri, by [redirect.Match]. A [Known] client, which has registered nothing, may
// also use the loopback interface, on any port and path.
func (c Client) Redirects(uri string) bool {
	return redirect.Match(uri, c.RedirectURIs) || c.Kind == Known && redirect.Loopback(uri)
}

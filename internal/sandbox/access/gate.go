package access

import (
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Gate knows the accounts of a sandbox, their credentials and their rights: all
// of them are nodes of the default branch. It is safe for concurrent use.
type Gate struct {
	base                  *nodes.Base
	defaultBranch         string
	allowAnonymous        bool
	accessFor, refreshFor time.Duration
	key                   func() []byte // a function, so that nothing prints it
	clock                 func() time.Time
}

// Options says how a Gate is set up. The zero value is that of an Infrahub that
// lets nobody in without a credential.
type Options struct {
	// AllowAnonymous lets those without a credential read what the role
	// "Anonymous User" may view (INFRAHUB_ALLOW_ANONYMOUS_ACCESS).
	AllowAnonymous bool
	// AccessLifetime is that of access tokens, an hour when zero, RefreshLifetime
	// that of refresh tokens, 30 days when zero.
	AccessLifetime, RefreshLifetime time.Duration
	// Key signs the tokens; a random one when nil, so that tokens do not survive
	// a restart.
	Key []byte `json:"-"`
	// Clock tells the time; time.Now when nil.
	Clock func() time.Time
}

// New returns a Gate to the accounts in a Base.
func New(base *nodes.Base, o Options) *Gate {
	if o.AccessLifetime == 0 {
		o.AccessLifetime = time.Hour
	}
	if o.RefreshLifetime == 0 {
		o.RefreshLifetime = 30 * 24 * time.Hour
	}
	if o.Key == nil {
		o.Key = make([]byte, 32)
		_, _ = rand.Read(o.Key) // never fails (crypto/rand)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	key := slices.Clone(o.Key)
	return &Gate{
		base: base, defaultBranch: base.Store.Branches()[0].Name, allowAnonymous: o.AllowAnonymous,
		accessFor: o.AccessLifetime, refreshFor: o.RefreshLifetime, key: func() []byte { return key }, clock: o.Clock,
	}
}

// AllowsAnonymous tells whether those without a credential may read.
func (g *Gate) AllowsAnonymous() bool { return g.allowAnonymous }

// Lifetimes returns those of access and refresh tokens.
func (g *Gate) Lifetimes() (access, refresh time.Duration) { return g.accessFor, g.refreshFor }

// Admit returns an error unless a caller may use the REST endpoints that ask for
// no more than a credential: anonymous ones may at most read. GraphQL asks
// Permit instead.
func (g *Gate) Admit(c *Caller, method string) error {
	reads := method == http.MethodGet || method == http.MethodOptions
	if !c.Anonymous() || g.allowAnonymous && reads {
		return nil
	}
	return unauthenticated("Authentication is required")
}

// String says what it is without the key.
func (o Options) String() string { return "access.Options" }

// GoString is String.
func (o Options) GoString() string { return o.String() }

// graph returns the default branch as it is now.
func (g *Gate) graph() (*nodes.Graph, error) { return g.base.Read(g.defaultBranch, time.Time{}) }

// caller returns a caller of an account with its rights.
func (g *Gate) caller(id, name, session string) *Caller {
	return &Caller{
		ID: id, Name: name, Session: session,
		permissions: sync.OnceValue(func() *Permissions { return g.grantsOf(id) }),
	}
}

// unauthenticated is the error of a caller who is not known.
func unauthenticated(message string) *fault.Error {
	return &fault.Error{
		Code: fault.AuthenticationNeeded, Status: http.StatusUnauthorized, Message: message, Data: exec.NewObject(),
	}
}

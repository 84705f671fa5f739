// Package call holds the Call: the one value a request becomes before it
// reaches a tool, a resource, a prompt or a completion.
package call

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/graph"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/kept"
	"infrahub-mcp/internal/telemetry"
)

// Call says who asks, with which client, and how to answer. It is made for one
// request and never kept.
type Call struct {
	// Client carries the credential of this caller and nobody else's.
	Client *infrahub.Client
	// Schemas is shared by all callers; it serves a schema only to a caller
	// whose credential Infrahub has accepted.
	Schemas *schema.Cache
	// Kept are answers that this caller was given before; nil keeps none.
	Kept *kept.Caller
	// Settings are what the operator decided for every call.
	Settings Settings
	// User is the name for audit lines, Anonymous when there is none.
	User string
	// Subject is the id of the user at the identity provider, for audit lines: names
	// change and can be alike. It is "" where there is none.
	Subject string
	// SharedAccount says that the client acts as an account that many users share,
	// so that Infrahub does not know this one.
	SharedAccount bool
	// Credit is the user whom Infrahub is to be told of where it knows only the
	// account of this server, "" for none.
	Credit string
	// Logger carries the attributes of the request.
	Logger *slog.Logger
	// Metrics count the call; they may be nil.
	Metrics *telemetry.Metrics
	// Branches knows the branch that this caller writes to. SessionBranch is its
	// name as it was when the call began, empty while there is none.
	Branches      *branch.Session
	SessionBranch string
	// BranchUnknown says that nobody can say at the moment whether there is one, so
	// that SessionBranch is empty.
	BranchUnknown bool
	// Modern says that the call came in protocol 2026-07-28 or later.
	Modern bool
	// Ask asks the user of the client. It is nil when the client cannot ask.
	Ask Confirmer
	// Report sends a progress notification. It is nil when the client did not
	// ask for progress.
	Report func(done, total float64, message string)
	// Log sends a message to the client, unless that wants none of its level; see
	// [Call.Send]. It may be nil.
	Log func(Message)
	// Commit has the call answered although the client cancels it; see
	// [Call.Finish]. It may be nil.
	Commit func()
}

// Anonymous is the name of a user whom nobody knows.
const Anonymous = "anonymous"

// Settings are the operator's decisions that tools obey.
type Settings struct {
	WhyReadOnly   string        // why the caller may not write, "" when they may
	AllowAgnostic bool          // writes to what lies outside branches
	ConfirmDelete ConfirmDelete // whether the user is asked before a node is deleted
	RevealSecrets bool          // show values of Password and HashedPassword attributes
	ExpandPeers   bool          // default of get_schema's argument expand
	MaxBytes      int           // size of one answer, bytes
	PageSize      int           // nodes per upstream request when all are asked for
	Concurrency   int           // upstream requests at a time within one call
	CallLimit     time.Duration // time for one call, 0 for none
	// DefaultBranch is read when no other branch is asked for; empty leaves the
	// choice to Infrahub.
	DefaultBranch string
	Version       string // of this program
}

// ConfirmDelete says whether the user is asked before a node is deleted.
type ConfirmDelete string

// The values of INFRAHUB_MCP_CONFIRM_DELETES.
const (
	ConfirmAuto   ConfirmDelete = "auto"   // ask where the client can
	ConfirmAlways ConfirmDelete = "always" // refuse where it cannot
	ConfirmNever  ConfirmDelete = "never"
)

// Policy returns what may be written under a schema.
func (c *Call) Policy(s *schema.Schema) graph.Policy {
	return graph.Policy{Schema: s, AllowAgnostic: c.Settings.AllowAgnostic}
}

// Branch returns the branch a read goes to: the one asked for, else the
// caller's session branch, else the default branch ("" for the one that
// Infrahub calls so).
func (c *Call) Branch(asked string) string {
	return cmp.Or(asked, c.SessionBranch, c.Settings.DefaultBranch)
}

// Named returns how an answer names the branch it came from: not at all when it
// is the default branch.
func (c *Call) Named(branch string) string {
	if branch == c.Settings.DefaultBranch {
		return ""
	}
	return branch
}

// Schema returns the schema of a branch.
func (c *Call) Schema(ctx context.Context, branch string) (*schema.Schema, error) {
	s, err := c.Schemas.Get(ctx, c.Client.Shared(), branch)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return s, nil
}

// Refresh is Schema for who has reason to believe that the schema has changed.
func (c *Call) Refresh(ctx context.Context, branch string) (*schema.Schema, error) {
	s, err := c.Schemas.Refresh(ctx, c.Client.Shared(), branch)
	if err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	return s, nil
}

// Kind returns a kind and the schema it belongs to. A kind that is not known
// makes the schema be checked once more, because it may have just been loaded.
func (c *Call) Kind(ctx context.Context, branch, name string) (*schema.Schema, *schema.Kind, error) {
	s, err := c.Schema(ctx, branch)
	if err != nil {
		return nil, nil, err
	}
	if kind := s.Lookup(name); kind != nil {
		return s, kind, nil
	}
	if s, err = c.Refresh(ctx, branch); err != nil {
		return nil, nil, err
	}
	kind, err := s.Kind(name)
	return s, kind, err
}

// Within returns a context that ends with the time limit of a call, or some time
// after that.
func (c *Call) Within(ctx context.Context, more time.Duration) (context.Context, context.CancelFunc) {
	if c.Settings.CallLimit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.Settings.CallLimit+more)
}

// Progress tells the client how far long work is, when it asked to be told.
// A total of 0 means unknown.
func (c *Call) Progress(done, total int, message string) {
	if c.Report != nil {
		c.Report(float64(done), float64(total), message)
	}
}

// Audited appends to the attributes of an audit line who the user is beyond their
// name, where that is known.
func (c *Call) Audited(attributes ...slog.Attr) []slog.Attr {
	if c.Subject != "" {
		attributes = append(attributes, slog.String("subject", c.Subject))
	}
	return attributes
}

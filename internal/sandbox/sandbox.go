// Package sandbox is an Infrahub in memory, for trials and tests: the same REST
// and GraphQL interface, the same rules and errors, branches, time travel, diffs
// and merges, over data that is gone with the process unless it is saved.
//
// It is worth as much as it is like the real one; the contract suite in
// test/contract compares the two request by request.
package sandbox

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/accounts"
	"infrahub-mcp/internal/sandbox/activity"
	"infrahub-mcp/internal/sandbox/changes"
	"infrahub-mcp/internal/sandbox/explore"
	"infrahub-mcp/internal/sandbox/front"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/ipam"
	"infrahub-mcp/internal/sandbox/library"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/sdl"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/sandbox/store"
)

// Options say what a sandbox holds and how it behaves. The zero value is an
// Infrahub 1.11 without demo data.
type Options struct {
	// Devices is the number of devices in the demo data; below one there is
	// neither demo data nor the demo model.
	Devices int
	// Emulate is the generation of servers to behave like: 1.11 or 1.9.
	Emulate front.Generation
	// DenyAnonymous refuses those without a credential, who may read otherwise.
	DenyAnonymous bool
	// AccessLifetime is that of the tokens that a login gives; an hour when zero.
	AccessLifetime time.Duration
	// Faults opens /sandbox/faults, where anybody can make the sandbox misbehave.
	Faults bool
	// Logger is told of faults of the sandbox itself; nil for nobody.
	Logger *slog.Logger
}

// Sandbox is an Infrahub in memory. It is safe for concurrent use.
type Sandbox struct {
	base    *nodes.Base
	observe func(nodes.Commit)
	handler http.Handler
	// changed says that data may have changed since it was last saved.
	changed atomic.Bool
}

// New returns a sandbox with the nodes and accounts that every Infrahub has (see
// seed.Accounts), and the demo data if asked for.
func New(o Options) (*Sandbox, error) {
	core, err := model.Core()
	if err != nil {
		return nil, err
	}
	// What a new sandbox holds is an hour old, so that there is a past to ask for.
	var ready atomic.Bool
	base := nodes.NewBase(core, store.Options{Clock: func() time.Time {
		if ready.Load() {
			return time.Now()
		}
		return time.Now().Add(-time.Hour)
	}})
	defer ready.Store(true)
	s := assemble(base, o)
	s.changed.Store(true)
	if o.Devices > 0 {
		request, err := model.DemoRequest()
		if err != nil {
			return nil, err
		}
		if _, err := base.Load(defaultBranch, request); err != nil {
			return nil, fmt.Errorf("loading the demo model: %w", err)
		}
	}
	if err := seed.Core(base); err != nil {
		return nil, err
	}
	admin, err := seed.AddAccounts(base, seed.Accounts())
	if err != nil {
		return nil, err
	}
	if o.Devices > 0 {
		if err := seed.Demo(base, admin, o.Devices); err != nil {
			return nil, err
		}
	}
	base.Observers = append(base.Observers, s.observe)
	return s, nil
}

// Restore returns a sandbox with the data that WriteTo has written; of the
// options those about data do not matter. The error is store.ErrSnapshot,
// wrapped, for anything else.
func Restore(r io.Reader, o Options) (*Sandbox, error) {
	core, err := model.Core()
	if err != nil {
		return nil, err
	}
	base, err := nodes.Restore(r, core, store.Options{})
	if err != nil {
		return nil, err
	}
	return assemble(base, o), nil
}

// WriteTo writes all data and its history in a form that Restore takes. Password
// hashes and tokens are in it.
func (s *Sandbox) WriteTo(w io.Writer) (int64, error) { return s.base.WriteTo(w) }

// ServeHTTP answers REST and GraphQL requests as Infrahub does.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Base returns the data, for tests.
func (s *Sandbox) Base() *nodes.Base { return s.base }

const defaultBranch = "main"

// deployment is the id of the deployment, which stays with the data.
func deployment(base *nodes.Base) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(base.Store.Branches()[0].ID)).String()
}

// keptSchemas bounds the GraphQL schemas in memory: one for each version of the
// node schema in use, some 2 MB each.
const keptSchemas = 16

// assemble puts the parts together around the data.
func assemble(base *nodes.Base, o Options) *Sandbox {
	if o.Emulate == "" {
		o.Emulate = front.V1_11
	}
	log := activity.New(base, activity.Options{Version: o.Emulate.Version(), DeploymentID: deployment(base)})
	addresses := ipam.New(base)
	base.Rules = append(base.Rules, addresses, changes.Comments{}, accounts.Identifiers{})

	gate := access.New(base, access.Options{AllowAnonymous: !o.DenyAnonymous, AccessLifetime: o.AccessLifetime})
	graphql := &gql.Server{
		Schemas: sdl.NewCache(keptSchemas),
		Permit: func(c *gql.Call, m *model.Model, operation *ast.OperationDefinition, fragments ast.FragmentDefinitionList) error {
			return gate.Permit(c.Caller, c.Branch, m, operation, fragments)
		},
		Guard:       changes.Guard,
		Override:    accounts.Override,
		Permissions: accounts.Permissions,
		MayUpdate:   accounts.MayUpdate,
	}
	record := recorder(base, log)
	graphql.Queries = gql.Merge(
		accounts.Queries(), changes.Queries(), explore.Queries(), ipam.Queries(addresses), library.Queries(graphql.Schema),
		activity.Queries(log, func(c *gql.Call) bool { return c.Caller.MayGlobal("super_admin") }),
	)
	graphql.Mutations = gql.Merge(
		accounts.Mutations(), changes.Mutations(record), ipam.Mutations(addresses), library.Mutations(graphql.Schema),
		activity.Mutations(log),
	)
	s := &Sandbox{base: base, observe: log.Commit}
	s.handler = front.New(front.Options{
		Base: base, Gate: gate, Schema: graphql.Schema, Execute: graphql.Execute,
		Emulate: o.Emulate, DeploymentID: log.DeploymentID(), Admin: o.Faults, Log: o.Logger,
		LoggedIn: func(l *access.Login) { loggedIn(log, l) },
		Act: func(ctx context.Context, action front.Action, branch string) error {
			return act(ctx, graphql, base, action, branch)
		},
	})
	return s
}

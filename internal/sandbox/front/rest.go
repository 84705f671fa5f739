package front

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// endpoint answers a REST request, or returns why not.
type endpoint func(w http.ResponseWriter, c *call) error

// call is a REST request whose sender is known.
type call struct {
	*http.Request
	server *server
	caller *access.Caller
	body   any    // decoded JSON, or the text of another type; nil when empty
	raw    []byte // of the body
	branch string
	at     time.Time // zero for now
}

// trait is a property of an endpoint.
type trait int

const (
	// open endpoints ask for no credential and look at none.
	open trait = iota
	// onBranch endpoints take the parameter branch.
	onBranch
	// atTime endpoints take the parameter at.
	atTime
)

// rest returns the handler of an endpoint.
func (s *server) rest(answer endpoint, traits ...trait) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := s.receive(w, r, traits)
		if err == nil {
			err = answer(w, c)
		}
		if err != nil {
			s.refuse(w, r, err)
		}
	})
}

// receive looks at all that endpoints have in common, in the order in which
// Infrahub does.
func (s *server) receive(w http.ResponseWriter, r *http.Request, traits []trait) (*call, error) {
	c := &call{Request: r, server: s, branch: s.main}
	if r.Method == http.MethodPost {
		var err error
		if c.raw, err = readAll(w, r); err != nil {
			return nil, err
		}
		if c.body, err = decodeBody(r, c.raw); err != nil {
			return nil, err
		}
	}
	query := r.URL.Query()
	if name := query.Get("branch"); name != "" && slices.Contains(traits, onBranch) {
		if _, err := s.Base.Store.Branch(name); err != nil {
			return nil, fault.NoBranch(name)
		}
		c.branch = name
	}
	if slices.Contains(traits, atTime) && query.Has("at") {
		at, err := parseMoment(query.Get("at"), s.Clock())
		if err != nil {
			return nil, err
		}
		c.at = at
	}
	if slices.Contains(traits, open) {
		c.caller = &access.Caller{}
		return c, nil
	}
	var err error
	if c.caller, err = s.Gate.Authenticate(r); err != nil {
		return nil, err
	}
	return c, s.Gate.Admit(c.caller, r.Method)
}

// graph returns the branch of the call at its time.
func (c *call) graph() (*nodes.Graph, error) {
	return c.server.read(c.branch, c.at)
}

// node finds the node of a kind that a request names in its path.
func (c *call) node(kind string) (*nodes.Node, error) {
	g, err := c.graph()
	if err != nil {
		return nil, err
	}
	id := c.PathValue("id")
	if n := g.Node(id); n != nil && n.Is(kind) {
		return n, nil
	}
	return nil, fault.NoNode(id, kind)
}

// read returns a branch at a time, zero for now.
func (s *server) read(branch string, at time.Time) (*nodes.Graph, error) {
	g, err := s.Base.Read(branch, at)
	switch {
	case errors.Is(err, store.ErrNoBranch):
		return nil, fault.NoBranch(branch)
	case errors.Is(err, store.ErrBeforeStart):
		return nil, s.tooEarly(at)
	case err != nil:
		return nil, fmt.Errorf("reading branch %s: %w", branch, err)
	}
	return g, nil
}

// tooEarly is the error for a time before all data.
func (s *server) tooEarly(at time.Time) error {
	created := at
	if main, err := s.Base.Store.Branch(s.main); err == nil {
		// Infrahub gives a time just before that from which the branch starts.
		created = main.CreatedAt.Add(-time.Microsecond)
	}
	const layout = "2006-01-02T15:04:05.000000Z"
	return fault.Invalid("Requested time '%s' is before branch '%s' was created at '%s'.",
		at.UTC().Format(layout), s.main, created.UTC().Format(layout))
}

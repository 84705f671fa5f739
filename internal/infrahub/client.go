package infrahub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client talks to one Infrahub server with the credential of one caller. It is
// safe for concurrent use.
type Client struct {
	upstream *Upstream
	// credential is a function because the fmt package, which calls no methods
	// on unexported fields, prints through pointers but not through functions.
	credential func() Credential
	key        string
	onRetry    func(Retry) // may be nil
	lane       string      // in which its requests wait for their turn
	beside     bool        // they wait for none
}

// For returns a client whose requests wait for their turn together with those of
// a user: a principal, or a session where there are no principals; "" is one too.
// Where many users share a credential, they take turns only so.
func (c *Client) For(user string) *Client {
	theirs := *c
	theirs.lane = "user\x00" + user
	return &theirs
}

// Shared returns a client for requests whose answers many callers wait for, such
// as the schema: they wait for a turn of their own, so that it is nobody's backlog
// that delays the others.
func (c *Client) Shared() *Client {
	shared := *c
	shared.lane = sharedLane
	return &shared
}

// sharedLane is where shared requests wait for their turn.
const sharedLane = "shared"

// Probe returns a client that finds out whether Infrahub answers: its requests
// are sent at once, also while no others are.
func (c *Client) Probe() *Client {
	probe := *c
	probe.beside = true
	return &probe
}

// Retry is a request that is sent again, after a wait.
type Retry struct {
	// Reason is what became of the attempt before.
	Reason Kind
	Wait   time.Duration
}

// OnRetry returns a client that calls tell, from any goroutine, before each wait
// for another attempt of a request of its own.
func (c *Client) OnRetry(tell func(Retry)) *Client {
	told := *c
	told.onRetry = tell
	return &told
}

// Query is one GraphQL request.
type Query struct {
	// Document is the text of the query. Infrahub answers a syntax error with
	// a bare 500, so check it before.
	Document string
	// Operation names the operation to run when the document holds several.
	Operation string
	// Variables are the values for the variables of the operation.
	Variables map[string]any
	// Branch is the branch to ask, "" the default branch of the server.
	Branch string
	// At is the time to ask about, as Infrahub takes it: an ISO 8601 time, or
	// "10s", "5m", "2h" ago. "" is now. Infrahub ignores it for mutations.
	At string
	// Mutation says that the operation changes something: it is then never
	// sent twice where it could be applied twice.
	Mutation bool
}

// GraphQL runs a query (Infrahub GraphQL, POST /graphql/<branch>) and returns
// the content of "data". When the server answers with errors beside the data,
// both are returned. Errors are [*Error].
func (c *Client) GraphQL(ctx context.Context, q Query) (json.RawMessage, error) {
	var variables any
	if len(q.Variables) > 0 {
		variables = q.Variables
	}
	return c.graphQL(ctx, q, variables)
}

// graphQL runs the query with variables of any type that encodes to an object.
func (c *Client) graphQL(ctx context.Context, q Query, variables any) (json.RawMessage, error) {
	if strings.TrimSpace(q.Document) == "" {
		return nil, &Error{Kind: QueryInvalid, Message: "The GraphQL query is empty."}
	}
	if err := checkBranch(q.Branch); err != nil {
		return nil, err
	}
	body, err := json.Marshal(struct {
		Query         string `json:"query"`
		OperationName string `json:"operationName,omitempty"`
		Variables     any    `json:"variables,omitempty"`
	}{q.Document, q.Operation, variables})
	if err != nil {
		return nil, &Error{Kind: QueryInvalid, Message: "The variables of the GraphQL query cannot be written as JSON.", cause: err}
	}
	r := request{
		method:     http.MethodPost,
		path:       "/graphql",
		body:       body,
		document:   q.Document,
		repeatable: !q.Mutation,
	}
	if q.Branch != "" {
		r.path += "/" + q.Branch
	}
	if q.At != "" {
		r.query = url.Values{"at": {q.At}}
	}
	a, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	data, fault := a.graphQL()
	if fault != nil {
		return data, fault
	}
	return data, nil
}

// REST asks for a path below the address with GET and returns the body of the
// answer (Infrahub REST, such as "/api/schema"). path begins with a slash and
// is not escaped: a "%" or "?" in it is meant literally. Errors are [*Error].
func (c *Client) REST(ctx context.Context, path string, query url.Values) ([]byte, error) {
	if !strings.HasPrefix(path, "/") || hasDotSegment(path) {
		return nil, &Error{Kind: Invalid, Message: fmt.Sprintf("There can be no Infrahub path %q.", clean(path))}
	}
	a, err := c.do(ctx, request{
		method:     http.MethodGet,
		path:       path,
		query:      query,
		repeatable: true,
	})
	if err != nil {
		return nil, err
	}
	// Infrahub serves no HTML here: it is the page of a proxy, a login portal
	// or another server.
	if mediaType, _, _ := mime.ParseMediaType(a.header.Get("Content-Type")); mediaType == "text/html" {
		return nil, a.unreadable("answered with an HTML page", nil)
	}
	return a.body, nil
}

// Key is a hash of the credential under a key that lives as long as the
// process. It reveals nothing of the credential and is safe as a cache key.
func (c *Client) Key() string { return c.key }

// Address is the base URL of the server, without a trailing slash.
func (c *Client) Address() string { return c.upstream.Address() }

// do sends a request with the caller's credential and returns the answer if it
// is a success. A session that the server no longer accepts is replaced once
// and the request repeated once, a mutation too: 401 means it was not run.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	credential := c.credential()
	if err := credential.check(); err != nil {
		return answer{}, err
	}
	r.onRetry, r.lane, r.beside = c.onRetry, c.lane, c.beside
	if credential.Token != "" {
		r.header, r.secret = "X-INFRAHUB-KEY", credential.Token
		return c.upstream.succeed(ctx, r)
	}
	access, err := c.upstream.session(ctx, c)
	if err != nil {
		return answer{}, err
	}
	r.header, r.secret = "Authorization", access
	a, err := c.upstream.succeed(ctx, r)
	if !refused(err) {
		return a, err
	}
	if r.secret, err = c.upstream.newSession(ctx, c, access, errors.Is(err, TokenExpired)); err != nil {
		return answer{}, err
	}
	return c.upstream.succeed(ctx, r)
}

// refused reports whether the server did not accept the credential, which it
// says before it runs anything.
func refused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.HTTPStatus == http.StatusUnauthorized
}

// checkBranch refuses what no branch can be called but what would make another
// path of the URL. The names that Infrahub itself refuses are left to it.
func checkBranch(name string) error {
	if name == "" {
		return nil
	}
	if len(name) > 250 || hasDotSegment(name) || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") ||
		strings.Contains(name, "//") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return &Error{Kind: BranchNotFound, Message: fmt.Sprintf("There can be no branch %q.", clean(name))}
	}
	return nil
}

// hasDotSegment reports whether a server or a proxy could resolve the path to
// another one.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

package access

import (
	"net/http"
	"time"

	"golang.org/x/crypto/bcrypt"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// Login is what a user gets for name and password.
type Login struct {
	// Access authenticates requests, Refresh gets another Access.
	Access, Refresh Secret
	// Session is the id of the session, a node of the kind InternalRefreshToken.
	Session string
	// Account is who has logged in.
	Account *nodes.Node
}

// Login opens a session (POST /api/auth/login). The errors are *fault.Error: 404
// for an unknown user, 401 for one who gives a wrong password or may not log in.
func (g *Gate) Login(name, password string) (*Login, error) {
	graph, err := g.graph()
	if err != nil {
		return nil, err
	}
	known := having(graph, kindGenericAccount, "name", name)
	if len(known) == 0 {
		return nil, noUser(kindGenericAccount, name)
	}
	account := known[0]
	if account.Text("status") != statusActive {
		return nil, unauthenticated("This account is not allowed to login")
	}
	if bcrypt.CompareHashAndPassword([]byte(account.Text("password")), []byte(password)) != nil {
		return nil, unauthenticated("Incorrect password")
	}
	session, err := g.open(graph, account.ID)
	if err != nil {
		return nil, err
	}
	login := &Login{Session: session, Account: account}
	if login.Access, err = g.issue(typeAccess, account.ID, session, g.accessFor); err != nil {
		return nil, err
	}
	login.Refresh, err = g.issue(typeRefresh, account.ID, session, g.refreshFor)
	return login, err
}

// statusActive is that of accounts that may log in and use API tokens.
const statusActive = "active"

// active returns an error for an account that was deactivated.
func active(account *nodes.Node) error {
	if account.Text("status") != statusActive {
		return unauthenticated("This account has been deactivated")
	}
	return nil
}

func noUser(kind, identifier string) error {
	return &fault.Error{
		Code: fault.NodeNotFound, Status: http.StatusNotFound, Message: "That login user doesn't exist in the system",
		Data: exec.NewObject("node_kind", kind, "identifier", identifier),
	}
}

// open stores a session and returns its id. It is written past the rules and
// observers of the nodes, as Infrahub tells of no event when it stores one.
func (g *Gate) open(graph *nodes.Graph, account string) (string, error) {
	kind, err := graph.Model.Lookup(kindRefreshToken)
	if err != nil {
		return "", err
	}
	id := g.base.Store.NewID()
	scope := nodes.ScopeOf(kind.Branch)
	_, err = g.base.Store.Update(g.defaultBranch, account, func(tx *store.Tx) error {
		if err := tx.CreateNode(id, kind.Name, scope); err != nil {
			return err
		}
		expiration := store.Attribute{Name: "expiration", Value: g.clock().Add(g.refreshFor).UTC().Format(time.RFC3339)}
		if err := tx.SetAttribute(id, expiration, scope); err != nil {
			return err
		}
		return tx.SetEdge(id, roleOf(kind, "account"), account, store.Properties{}, scope)
	})
	return id, err
}

func roleOf(k *model.Kind, relationship string) store.Role {
	if r := k.Relationship(relationship); r != nil {
		return nodes.RoleOf(r)
	}
	return store.Role{Identifier: relationship}
}

// Refresh returns another access token for the session of a refresh token (POST
// /api/auth/refresh), which is a bearer token or the cookie refresh_token. The
// errors are *fault.Error of status 401, or 404 when the account is gone.
func (g *Gate) Refresh(r *http.Request) (Secret, error) {
	token := bearer(r)
	if token == "" {
		token = cookie(r, "refresh_token")
	}
	if token == "" {
		return "", unauthenticated("A JWT refresh token is required to perform this operation.")
	}
	c, err := g.verify(token)
	if err != nil {
		return "", err
	}
	graph, err := g.graph()
	if err != nil {
		return "", err
	}
	account := graph.Node(c.Subject)
	if account == nil || !account.Is(kindGenericAccount) {
		return "", fault.NoNode(c.Subject, kindGenericAccount)
	}
	if err := active(account); err != nil {
		return "", err
	}
	if c.Type != typeRefresh {
		return "", unauthenticated("Invalid token, current token is not a refresh token")
	}
	if session := graph.Node(c.Session); session == nil || !session.Is(kindRefreshToken) {
		return "", unauthenticated("The provided refresh token has been invalidated in the database")
	}
	return g.issue(typeAccess, account.ID, c.Session, g.accessFor)
}

// Logout closes the session of an access token (POST /api/auth/logout), which is
// a bearer token or the cookie access_token: its refresh token is void from then
// on, its access tokens are good until they expire. It returns the caller, and
// whether the session was still open. The errors are *fault.Error of status 401,
// or NODE_NOT_FOUND when the account is gone; the session is closed all the same
// then.
func (g *Gate) Logout(r *http.Request) (c *Caller, closed bool, err error) {
	token := bearer(r)
	if token == "" {
		token = cookie(r, "access_token")
	}
	if token == "" {
		return nil, false, unauthenticated("A JWT access token is required to perform this operation.")
	}
	if c, err = g.byAccessToken(token); err != nil {
		return nil, false, err
	}
	graph, err := g.graph()
	if err != nil {
		return nil, false, err
	}
	if session := graph.Node(c.Session); session == nil || !session.Is(kindRefreshToken) {
		return c, false, nil
	}
	if _, err := g.base.Store.Update(g.defaultBranch, c.ID, func(tx *store.Tx) error { return tx.DeleteNode(c.Session) }); err != nil {
		return nil, false, err
	}
	if account := graph.Node(c.ID); account == nil || !account.Is(kindGenericAccount) {
		return nil, true, fault.NoNode(c.ID, kindGenericAccount)
	}
	return c, true, nil
}

package access

import (
	"cmp"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Authenticate says who sent a request. The header X-INFRAHUB-KEY (an API token)
// comes before Authorization: Bearer (an access token), and that before the
// cookie access_token; only the first that is there is looked at. Whoever sends
// none of them is anonymous, also where anonymous access is not allowed: that is
// for Admit and Permit to say. The error is a *fault.Error of status 401, or
// NODE_NOT_FOUND for a token whose account is gone.
func (g *Gate) Authenticate(r *http.Request) (*Caller, error) {
	if key := r.Header.Get("X-INFRAHUB-KEY"); key != "" {
		return g.byAPIToken(key)
	}
	if token := cmp.Or(bearer(r), cookie(r, "access_token")); token != "" {
		return g.byAccessToken(token)
	}
	return &Caller{permissions: sync.OnceValue(g.anonymousGrants)}, nil
}

// bearer returns the token of the header Authorization, empty if that has none
// or another scheme.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return token
}

func cookie(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

// byAPIToken looks an API token up among those that are stored.
func (g *Gate) byAPIToken(value string) (*Caller, error) {
	graph, err := g.graph()
	if err != nil {
		return nil, err
	}
	for _, token := range having(graph, kindAccountToken, "token", value) {
		if expired(token.Text("expiration"), g.clock()) {
			continue
		}
		for _, account := range token.Related("account") {
			if err := active(account); err != nil {
				return nil, err
			}
			return g.caller(account.ID, account.Text("name"), ""), nil
		}
	}
	return nil, unauthenticated("Invalid token")
}

// expired tells whether the expiration of an API token has passed. One that is
// no time never does.
func expired(expiration string, now time.Time) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if at, err := time.Parse(layout, strings.Replace(expiration, " ", "T", 1)); err == nil {
			return at.Before(now)
		}
	}
	return false
}

// byAccessToken believes an access token: neither logging out nor the end of the
// account makes it void.
func (g *Gate) byAccessToken(token string) (*Caller, error) {
	c, err := g.verify(token)
	if err != nil {
		return nil, err
	}
	if c.Type != typeAccess {
		return nil, unauthenticated("Invalid token, current token is not an access token")
	}
	graph, err := g.graph()
	if err != nil {
		return nil, err
	}
	name := ""
	if account := graph.Node(c.Subject); account != nil {
		name = account.Text("name")
	}
	return g.caller(c.Subject, name, c.Session), nil
}

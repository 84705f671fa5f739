package infrahub

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"infrahub-mcp/internal/telemetry"
)

// Bounds of what is kept of logins. A user whose login is gone is logged in
// again when they come back.
const (
	maxLogins = 1024             // beyond, the one unused for longest goes
	loginIdle = 30 * time.Minute // without use
)

// sharedLimit bounds what several callers wait for and none of them ends, with all
// its attempts.
const sharedLimit = 2 * time.Minute

// logins are the sessions of all callers that come with a user name and a
// password, by [Client.Key].
type logins struct {
	flights singleflight.Group

	mu       sync.Mutex
	sessions *simplelru.LRU[string, kept] // in the order of use
	// sweeper forgets what is idle, also when nobody comes any more. It is set
	// whenever there are sessions.
	sweeper *time.Timer
}

// kept is a session and when it was last used.
type kept struct {
	session
	used time.Time
}

// session is what a login gave: a token for requests, and one to get the next.
type session struct {
	access string
	// renewAt is when the access token is replaced, before it expires. Zero
	// means never: its expiry cannot be read, and the server will refuse it.
	renewAt time.Time
	refresh string
}

// newLogins returns an empty store of logins.
func newLogins() *logins {
	sessions, err := simplelru.NewLRU[string, kept](maxLogins, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	l := &logins{sessions: sessions}
	l.sweeper = time.AfterFunc(loginIdle, l.sweep)
	l.sweeper.Stop()
	return l
}

// session returns an access token for the client's user, from the store or by
// a login. Callers that come at the same time share one login; one that gives
// up does not take it from the others.
func (u *Upstream) session(ctx context.Context, c *Client) (access string, err error) {
	if s := u.logins.get(c.key); s.fresh(u.now()) {
		return s.access, nil
	}
	flight := u.logins.flights.DoChan(c.key, func() (any, error) {
		// The caller before may have just finished.
		s := u.logins.get(c.key)
		if s.fresh(u.now()) {
			return s.access, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sharedLimit)
		defer cancel()
		s, err := u.renew(ctx, s.refresh, c.credential())
		if err != nil {
			return "", err
		}
		u.logins.store(c.key, s)
		return s.access, nil
	})
	select {
	case <-ctx.Done():
		return "", gaveUp(ctx)
	case result := <-flight:
		if e, ok := errors.AsType[*Error](result.Err); ok {
			own := *e // callers add to it what they know
			return "", &own
		}
		access, _ = result.Val.(string)
		return access, result.Err
	}
}

// newSession replaces an access token that the server refused, unless that has
// already happened. expired says that it was good once: then the refresh token
// may still be.
func (u *Upstream) newSession(ctx context.Context, c *Client, refused string, expired bool) (access string, err error) {
	u.logins.spend(c.key, refused, expired)
	return u.session(ctx, c)
}

// get returns a session, the zero value if there is none, and notes its use.
func (l *logins) get(key string) session {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.sessions.Get(key)
	if !ok {
		return session{}
	}
	l.keep(key, k.session)
	return k.session
}

// store keeps a session.
func (l *logins) store(key string, s session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(key, s)
}

// keep puts a session first in the order of use. The lock is held.
func (l *logins) keep(key string, s session) {
	if l.sessions.Len() == 0 {
		l.sweeper.Reset(loginIdle)
	}
	l.sessions.Add(key, kept{s, time.Now()})
}

// sweep forgets the sessions that are idle and sets the sweeper for the next.
func (l *logins) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		_, oldest, ok := l.sessions.GetOldest()
		if !ok {
			return
		}
		if left := loginIdle - time.Since(oldest.used); left > 0 {
			l.sweeper.Reset(left)
			return
		}
		l.sessions.RemoveOldest()
	}
}

// forget forgets everything, for the end of the process's work.
func (l *logins) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweeper.Stop()
	l.sessions.Purge()
}

// drop forgets a session.
func (l *logins) drop(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions.Remove(key)
}

// spend forgets an access token if it is still the current one, and keeps the
// refresh token if that may be of use.
func (l *logins) spend(key, access string, keepRefresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.sessions.Peek(key)
	if !ok || k.access != access {
		return
	}
	if keepRefresh {
		l.keep(key, session{refresh: k.refresh})
		return
	}
	l.sessions.Remove(key)
}

// fresh reports whether the session has an access token that is good at now.
func (s session) fresh(now time.Time) bool {
	return s.access != "" && (s.renewAt.IsZero() || now.Before(s.renewAt))
}

// renew gets a new access token: with the refresh token if there is one and
// the server takes it, else by a login.
func (u *Upstream) renew(ctx context.Context, refresh string, c Credential) (session, error) {
	if refresh != "" {
		s, err := u.refresh(ctx, refresh)
		if e, ok := errors.AsType[*Error](err); !ok || e.HTTPStatus == 0 || e.HTTPStatus >= 500 || e.Kind == Overloaded {
			return s, err
		}
	}
	s, err := u.login(ctx, c)
	u.metrics.Login(telemetry.AtInfrahub, loginOutcome(err))
	return s, err
}

// loginOutcome is how a login ended that returned an error, or none.
func loginOutcome(err error) telemetry.Outcome {
	switch {
	case err == nil:
		return telemetry.OK
	case Unauthorized(err):
		return telemetry.Refused
	}
	return telemetry.Failed
}

// login asks for a session (Infrahub REST, POST /api/auth/login).
func (u *Upstream) login(ctx context.Context, c Credential) (session, error) {
	body, err := json.Marshal(struct { // #nosec G117 -- a login sends the password
		Username string `json:"username"`
		Password string `json:"password"`
	}{c.Username, c.Password})
	if err != nil {
		return session{}, &Error{Kind: Unauthenticated, Message: "The user name or password for Infrahub cannot be sent.", cause: err}
	}
	a, err := u.succeed(ctx, request{
		method: http.MethodPost,
		path:   "/api/auth/login",
		body:   body,
		// A login too many does no harm.
		repeatable: true,
		lane:       sharedLane,
		secret:     c.Password,
	})
	if e, ok := errors.AsType[*Error](err); ok {
		switch e.HTTPStatus {
		case http.StatusUnauthorized, http.StatusNotFound, http.StatusUnprocessableEntity:
			if len(e.Details) > 0 {
				// Infrahub says which of the two is wrong (401 or 404), which is
				// nobody's business.
				e.Kind, e.Message = Unauthenticated, "Infrahub did not accept the user name and password."
			}
		}
		e.Details = nil
	}
	if err != nil {
		return session{}, err
	}
	return u.readSession(a, "")
}

// refresh asks for a new access token (Infrahub REST, POST /api/auth/refresh).
// The refresh token stays the same.
func (u *Upstream) refresh(ctx context.Context, token string) (session, error) {
	a, err := u.succeed(ctx, request{
		method:     http.MethodPost,
		path:       "/api/auth/refresh",
		repeatable: true,
		lane:       sharedLane,
		header:     "Authorization",
		secret:     token,
	})
	if err != nil {
		return session{}, err
	}
	return u.readSession(a, token)
}

// readSession reads the answer to a login or a refresh.
func (u *Upstream) readSession(a answer, refresh string) (session, error) {
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(a.body, &tokens); err != nil || tokens.Access == "" {
		// The cause would be about a body with tokens in it.
		return session{}, a.unreadable("answered a login without a token", nil)
	}
	s := session{access: tokens.Access, renewAt: renewal(tokens.Access, u.now()), refresh: tokens.Refresh}
	if s.refresh == "" {
		s.refresh = refresh
	}
	return s, nil
}

// renewal returns when to replace an access token received now: a minute before
// it expires, or a tenth of its life if that is shorter. The life is taken from
// the token's own times, since the server's clock may differ from ours.
// Signatures are the server's business: ours is only when to ask again.
func renewal(access string, now time.Time) time.Time {
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(access, &claims); err != nil || claims.ExpiresAt == nil {
		return time.Time{}
	}
	issued := now
	if claims.IssuedAt != nil {
		issued = claims.IssuedAt.Time
	}
	life := claims.ExpiresAt.Sub(issued)
	return now.Add(life - min(life/10, time.Minute))
}

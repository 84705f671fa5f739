package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/telemetry"
)

// Accounts knows the accounts of Infrahub behind the credentials of the
// passthrough modes. Each credential is asked about once, for all requests that
// carry it, and again when the answer is old. It holds keys and names, no
// credential. It is safe for concurrent use.
type Accounts struct {
	ask     Ask
	logger  *slog.Logger
	metrics *telemetry.Metrics
	guard   *guard
	flights singleflight.Group
	known   *lru.Cache[string, account] // by key of the principal
	failed  *lru.Cache[string, failure] // apart, so that it pushes out no name
}

// Ask asks Infrahub whose a credential is, and logs in where that is needed.
// The name is "" when Infrahub accepts the credential and does not tell. Errors
// are about the credential ([infrahub.Unauthorized]) or about Infrahub.
type Ask func(ctx context.Context, c infrahub.Credential) (name string, err error)

type account struct {
	name  string
	until time.Time // asked again after that
}

type failure struct {
	err   error
	until time.Time
}

const (
	accountsKept = 16_384           // names, and failures
	nameLife     = 10 * time.Minute // of a name before it is asked for again
	failureLife  = 5 * time.Second  // of a failure
	askLimit     = time.Minute      // for one question to Infrahub
	// patience is how long a request waits for a name that is only for people.
	patience = 5 * time.Second
	// refusalTime is how long it takes at least to refuse a password. Infrahub
	// takes longer over a wrong password than over a user who does not exist.
	refusalTime = time.Second
	maxName     = 100 // characters
)

// NewAccounts returns an Accounts that knows nothing yet. Refused logins are
// logged with their address. The metrics count logins that are not tried because
// too many failed; they may be nil.
func NewAccounts(ask Ask, logger *slog.Logger, metrics *telemetry.Metrics) *Accounts {
	return &Accounts{
		ask: ask, logger: logger, metrics: metrics, guard: newGuard(),
		known: newLRU[string, account](accountsKept), failed: newLRU[string, failure](accountsKept),
	}
}

// Name returns the name of whom a request comes from, "" when it is not known.
// Call it before anything else is sent to Infrahub for the request.
//
// In mode basic-passthrough it is here that a user logs in, within the limits
// for failed logins, and an error means that the login failed and the request
// must: it is an [*Error] when the limits forbid to try, else that of Infrahub.
// In all other modes the error is nil, since a name is only for people.
func (a *Accounts) Name(ctx context.Context, id Identity) (string, error) {
	p := id.Principal
	if p.Name != "" || p.Mode != ModeToken && p.Mode != ModeBasic {
		return p.Name, nil
	}
	have, ok := a.known.Get(p.Key)
	if ok && time.Now().Before(have.until) {
		return have.name, nil
	}
	flight := a.flights.DoChan(p.Key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askLimit)
		defer cancel()
		return a.learn(ctx, id)
	})
	if p.Mode == ModeToken {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case result := <-flight:
			name, _ := result.Val.(string)
			return name, nil
		case <-timer.C:
		case <-ctx.Done():
		}
		return have.name, nil
	}
	select {
	case result := <-flight:
		name, _ := result.Val.(string)
		return name, result.Err
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for the login: %w", ctx.Err())
	}
}

// learn asks Infrahub about a credential, once at a time for each.
func (a *Accounts) learn(ctx context.Context, id Identity) (string, error) {
	key, start := id.Principal.Key, time.Now()
	have, before := a.known.Get(key)
	if before && start.Before(have.until) {
		return have.name, nil // learned by the one before, which just ended
	}
	if f, ok := a.failed.Get(key); ok && start.Before(f.until) {
		return "", f.err
	}
	// A password that was right once is no guess.
	guarded := id.Principal.Mode == ModeBasic && !before
	end := func(bool) {}
	if guarded {
		var fault *Error
		if end, fault = a.guard.begin(id); fault != nil {
			a.metrics.PutOff(telemetry.PasswordLimit)
			return "", fault
		}
	}
	name, err := a.ask(ctx, id.Credential)
	refused := infrahub.Unauthorized(err)
	end(refused)

	switch {
	case err == nil:
		name = clean(name)
		if name == "" {
			name = clean(id.Credential.Username)
		}
		a.known.Add(key, account{name, time.Now().Add(nameLife)})
		return name, nil
	case before && !refused:
		// Infrahub has a bad moment; the name is most likely what it was.
		a.known.Add(key, account{have.name, time.Now().Add(failureLife)})
		return have.name, nil
	}
	a.known.Remove(key)
	if guarded && refused {
		a.logger.WarnContext(ctx, "login refused", "address", id.Address)
		pause(ctx, time.Until(start.Add(refusalTime)))
	}
	a.failed.Add(key, failure{err, time.Now().Add(failureLife)})
	return "", err
}

// Limit returns an Authenticator that also refuses, with status 429, requests
// whose login would not be tried because too many failed, and notes in every
// [Identity] the address that the request came from. It belongs before
// [Accounts.Name], which counts the failures.
func (a *Accounts) Limit(next Authenticator, address func(*http.Request) netip.Addr) Authenticator {
	return &limited{accounts: a, next: next, address: address}
}

type limited struct {
	accounts *Accounts
	next     Authenticator
	address  func(*http.Request) netip.Addr
}

// Authenticate implements [Authenticator].
func (l *limited) Authenticate(r *http.Request) (Identity, error) {
	id, err := l.next.Authenticate(r)
	if err != nil {
		return Identity{}, err
	}
	id.Address = l.address(r)
	if id.Principal.Mode != ModeBasic || l.accounts.known.Contains(id.Principal.Key) {
		return id, nil
	}
	if fault := l.accounts.guard.check(id); fault != nil {
		l.accounts.metrics.PutOff(telemetry.PasswordLimit)
		return Identity{}, fault
	}
	return id, nil
}

// clean makes a name fit for logs: without what cannot be seen, and short.
func clean(name string) string {
	var kept strings.Builder
	n := 0
	for _, r := range name {
		if !unicode.IsPrint(r) {
			continue
		}
		if n++; n > maxName {
			break
		}
		kept.WriteRune(r)
	}
	return strings.TrimSpace(kept.String())
}

// pause returns after d, or when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

package infrahub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

// authServer is the part of Infrahub that knows users. Its tokens are good
// until it forgets them.
type authServer struct {
	t *testing.T
	// now is the time of the client; the clock of the server is an hour ahead.
	now func() time.Time

	mu      sync.Mutex
	access  map[string]bool
	refresh map[string]bool
	issued  int

	logins, refreshes, runs, refusals atomic.Int32
	// Hooks, called before an answer.
	onLogin   func(w http.ResponseWriter, r *http.Request) (done bool)
	onRefresh func(w http.ResponseWriter) (done bool)
	// refusal is the body of a 401.
	refusal string
}

const expiredBody = `{"data":null,"errors":[{"message":"Expired Signature","extensions":{"code":"TOKEN_EXPIRED","http_status":401,"data":{}}}]}`

func newAuthServer(t *testing.T) (*authServer, *Upstream) {
	t.Helper()
	s := &authServer{t: t, access: map[string]bool{}, refresh: map[string]bool{}, refusal: expiredBody}
	u, _ := newUpstream(t, s.ServeHTTP, Settings{})
	clock := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	u.now = func() time.Time { return clock }
	s.now = u.now
	return s, u
}

func (s *authServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if cookies := r.Cookies(); len(cookies) > 0 {
		s.t.Errorf("cookies were sent: %v", cookies)
	}
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch r.URL.Path {
	case "/api/auth/login":
		s.logins.Add(1)
		if s.onLogin != nil && s.onLogin(w, r) {
			return
		}
		access, refresh := s.token(s.access, time.Hour), s.token(s.refresh, 30*24*time.Hour)
		http.SetCookie(w, &http.Cookie{Name: "access_token", Value: access, Path: "/", HttpOnly: true})
		fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q}`, access, refresh)
	case "/api/auth/refresh":
		s.refreshes.Add(1)
		if s.onRefresh != nil && s.onRefresh(w) {
			return
		}
		if !s.knows(s.refresh, bearer) {
			answering(401, jsonType, `{"data":null,"errors":[{"message":"Invalid token","extensions":{"code":401}}]}`)(w, r)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q}`, s.token(s.access, time.Hour))
	default:
		if !s.knows(s.access, bearer) {
			s.refusals.Add(1)
			answering(401, jsonType, s.refusal)(w, r)
			return
		}
		s.runs.Add(1)
		w.Write([]byte(okBody))
	}
}

func (s *authServer) token(known map[string]bool, life time.Duration) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	now := s.now().Add(time.Hour)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "id", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix(), "session_id": s.issued,
	}).SignedString([]byte("key"))
	if err != nil {
		s.t.Error(err)
	}
	known[token] = true
	return token
}

func (s *authServer) knows(known map[string]bool, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return known[token]
}

// forget makes the tokens of a sort bad.
func (s *authServer) forget(known map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(known)
}

// counts are logins, refreshes, runs and refusals.
func (s *authServer) counts() [4]int32 {
	return [4]int32{s.logins.Load(), s.refreshes.Load(), s.runs.Load(), s.refusals.Load()}
}

func (s *authServer) wantCounts(t *testing.T, logins, refreshes, runs, refusals int32) {
	t.Helper()
	if diff := cmp.Diff([4]int32{logins, refreshes, runs, refusals}, s.counts()); diff != "" {
		t.Errorf("logins, refreshes, runs, refusals (-want +got):\n%s", diff)
	}
}

// together runs f n times at a time.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func TestOneLoginServesAllCallersOfAUser(t *testing.T) {
	s, u := newAuthServer(t)
	together(50, func(int) {
		if _, err := u.Client(someUser).GraphQL(t.Context(), aMutation); err != nil {
			t.Error(err)
		}
	})
	s.wantCounts(t, 1, 0, 50, 0)
}

func TestALoginThatIsForgottenIsMadeAgain(t *testing.T) {
	s, u := newAuthServer(t)
	other := Credential{Username: "other", Password: "word"}
	ask := func(c Credential) {
		t.Helper()
		if _, err := u.Client(c).GraphQL(t.Context(), aMutation); err != nil {
			t.Error(err)
		}
	}
	ask(someUser)
	ask(other)
	u.Forget(someUser)
	u.Forget(Credential{Token: "of nobody who logs in"})
	ask(other)
	s.wantCounts(t, 2, 0, 3, 0)
	ask(someUser)
	s.wantCounts(t, 3, 0, 4, 0)
}

// Each may add to its error, which the race detector would notice.
func TestCallersWhoShareALoginThatFailsDoNotShareItsError(t *testing.T) {
	s, u := newAuthServer(t)
	const callers = 20
	s.onLogin = func(w http.ResponseWriter, r *http.Request) bool {
		answering(http.StatusInternalServerError, jsonType, `{}`)(w, r)
		return true
	}
	var mu sync.Mutex
	seen := map[*Error]bool{}
	together(callers, func(int) {
		_, err := u.session(t.Context(), u.Client(someUser))
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("the error is %v", err)
			return
		}
		e.Message = "changed by one of them"
		mu.Lock()
		defer mu.Unlock()
		seen[e] = true
	})
	if len(seen) != callers {
		t.Errorf("%d callers have %d errors", callers, len(seen))
	}
}

func TestUsersDoNotShareLogins(t *testing.T) {
	s, u := newAuthServer(t)
	var mu sync.Mutex
	bodies := map[string]bool{}
	s.onLogin = func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		bodies[fmt.Sprint(readJSON(t, r))] = true
		return false
	}
	for _, c := range []Credential{someUser, {Username: "bob", Password: markedPassword}, {Username: "alice", Password: "other"}} {
		if _, err := u.Client(c).GraphQL(t.Context(), aRead); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]bool{
		"map[password:" + markedPassword + " username:alice]": true,
		"map[password:" + markedPassword + " username:bob]":   true,
		"map[password:other username:alice]":                  true,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("logins (-want +got):\n%s", diff)
	}
	s.wantCounts(t, 3, 0, 3, 0)
}

func TestACallerWhoGivesUpDoesNotFailTheOthers(t *testing.T) {
	s, u := newAuthServer(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	s.onLogin = func(http.ResponseWriter, *http.Request) bool {
		close(arrived)
		<-release
		return false
	}
	ctx, giveUp := context.WithCancel(t.Context())
	first, second := make(chan error), make(chan error)
	go func() {
		_, err := u.Client(someUser).GraphQL(ctx, aRead)
		first <- err
	}()
	<-arrived
	go func() {
		_, err := u.Client(someUser).GraphQL(t.Context(), aRead)
		second <- err
	}()
	giveUp()
	mustBe(t, <-first, Canceled)
	close(release)
	if err := <-second; err != nil {
		t.Errorf("the other caller failed: %v", err)
	}
	s.wantCounts(t, 1, 0, 1, 0)
}

func TestAccessTokensAreRenewedBeforeTheyExpire(t *testing.T) {
	ask := func(t *testing.T, u *Upstream) error {
		t.Helper()
		_, err := u.Client(someUser).GraphQL(t.Context(), aRead)
		return err
	}
	start := func(t *testing.T) (*authServer, *Upstream, func(time.Duration)) {
		s, u := newAuthServer(t)
		if err := ask(t, u); err != nil {
			t.Fatal(err)
		}
		began := u.now()
		return s, u, func(d time.Duration) { u.now = func() time.Time { return began.Add(d) } }
	}
	t.Run("not while they are good", func(t *testing.T) {
		s, u, after := start(t)
		after(58 * time.Minute)
		if err := ask(t, u); err != nil {
			t.Error(err)
		}
		s.wantCounts(t, 1, 0, 2, 0)
	})
	t.Run("with the refresh token, and again with the same", func(t *testing.T) {
		s, u, after := start(t)
		for i := range 3 {
			after(time.Duration(i+1) * 59 * time.Minute)
			if err := ask(t, u); err != nil {
				t.Error(err)
			}
		}
		s.wantCounts(t, 1, 3, 4, 0)
	})
	t.Run("once for all callers", func(t *testing.T) {
		s, u, after := start(t)
		after(2 * time.Hour)
		together(50, func(int) {
			if _, err := u.Client(someUser).GraphQL(t.Context(), aRead); err != nil {
				t.Error(err)
			}
		})
		s.wantCounts(t, 1, 1, 51, 0)
	})
	t.Run("by a login when the refresh token is no longer good", func(t *testing.T) {
		s, u, after := start(t)
		after(59 * time.Minute)
		s.forget(s.refresh)
		if err := ask(t, u); err != nil {
			t.Error(err)
		}
		s.wantCounts(t, 2, 1, 2, 0)
	})
	t.Run("not by a login when the server is down", func(t *testing.T) {
		s, u, after := start(t)
		after(59 * time.Minute)
		s.onRefresh = func(w http.ResponseWriter) bool {
			answering(503, textType, "down")(w, nil)
			return true
		}
		mustBe(t, ask(t, u), Unreachable)
		s.wantCounts(t, 1, 1, 1, 0)
	})
}

func TestATokenThatIsRefusedIsReplacedOnce(t *testing.T) {
	const invalidBody = `{"data":null,"errors":[{"message":"Invalid token","extensions":{"code":"AUTHENTICATION_REQUIRED","http_status":401,"data":{}}}]}`
	tests := []struct {
		name              string
		refusal           string
		refreshGone       bool
		logins, refreshes int32
	}{
		{name: "an expired one with the refresh token", refusal: expiredBody, logins: 1, refreshes: 1},
		{name: "an expired one by a login", refusal: expiredBody, refreshGone: true, logins: 2, refreshes: 1},
		{name: "one of a server made anew by a login", refusal: invalidBody, logins: 2},
	}
	for _, tt := range tests {
		for name, query := range map[string]Query{"read": aRead, "mutation": aMutation} {
			t.Run(tt.name+" for a "+name, func(t *testing.T) {
				s, u := newAuthServer(t)
				client := u.Client(someUser)
				if _, err := client.GraphQL(t.Context(), query); err != nil {
					t.Fatal(err)
				}
				s.refusal = tt.refusal
				s.forget(s.access)
				if tt.refreshGone {
					s.forget(s.refresh)
				}
				if _, err := client.GraphQL(t.Context(), query); err != nil {
					t.Error(err)
				}
				s.wantCounts(t, tt.logins, tt.refreshes, 2, 1)
			})
		}
	}
	t.Run("once for all callers", func(t *testing.T) {
		s, u := newAuthServer(t)
		if _, err := u.Client(someUser).GraphQL(t.Context(), aRead); err != nil {
			t.Fatal(err)
		}
		s.forget(s.access)
		together(50, func(int) {
			if _, err := u.Client(someUser).GraphQL(t.Context(), aRead); err != nil {
				t.Error(err)
			}
		})
		if s.logins.Load() != 1 || s.refreshes.Load() != 1 || s.runs.Load() != 51 {
			t.Errorf("logins, refreshes, runs, refusals: %v", s.counts())
		}
	})
	t.Run("and not twice for one request", func(t *testing.T) {
		s, u := newAuthServer(t)
		s.onLogin = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Write([]byte(`{"access_token":"never-good","refresh_token":"bad"}`))
			return true
		}
		_, err := u.Client(someUser).GraphQL(t.Context(), aMutation)
		mustBe(t, err, TokenExpired)
		s.wantCounts(t, 2, 1, 0, 2)
	})
	t.Run("unless the password is no longer good", func(t *testing.T) {
		s, u := newAuthServer(t)
		if _, err := u.Client(someUser).GraphQL(t.Context(), aRead); err != nil {
			t.Fatal(err)
		}
		s.forget(s.access)
		s.forget(s.refresh)
		s.onLogin = func(w http.ResponseWriter, r *http.Request) bool {
			answering(401, jsonType, `{"errors":[{"message":"Incorrect password","extensions":{"code":401}}]}`)(w, r)
			return true
		}
		_, err := u.Client(someUser).GraphQL(t.Context(), aRead)
		mustBe(t, err, Unauthenticated)
		s.wantCounts(t, 2, 1, 1, 1)
	})
	t.Run("but never an API token", func(t *testing.T) {
		s, u := newAuthServer(t)
		_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
		mustBe(t, err, TokenExpired)
		s.wantCounts(t, 0, 0, 0, 1)
	})
}

func TestRefusedLogins(t *testing.T) {
	const refusal = "Infrahub did not accept the user name and password."
	tests := []struct {
		name        string
		status      int
		contentType string
		body        string
		kind        Kind
		message     string
	}{
		{"a wrong password", 401, jsonType, `{"data":null,"errors":[{"message":"Incorrect password","extensions":{"code":401}}]}`, Unauthenticated, refusal},
		{"an unknown user looks the same", 404, jsonType, `{"data":null,"errors":[{"message":"That login user doesn't exist in the system","extensions":{"code":404}}]}`, Unauthenticated, refusal},
		{"a user name of the wrong form", 422, jsonType, `{"detail":[{"loc":["body","username"],"msg":"bad","input":"alice"}]}`, Unauthenticated, refusal},
		{"a server that is no Infrahub", 404, htmlType, `<html>`, NotFound, "Infrahub answered 404 Not Found without an explanation; check that INFRAHUB_ADDRESS is the address of Infrahub."},
		{"an Infrahub that fails", 500, textType, `Internal Server Error`, ServerFault, "Infrahub answered 500 Internal Server Error without an explanation."},
		{"an Infrahub that is down", 502, htmlType, `<html>`, Unreachable, "A gateway in front of Infrahub answered 502 Bad Gateway."},
		{"a success without a token", 200, jsonType, `{}`, ServerFault, "The server at the Infrahub address answered a login without a token; check that INFRAHUB_ADDRESS is the address of Infrahub."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, u := newAuthServer(t)
			s.onLogin = func(w http.ResponseWriter, r *http.Request) bool {
				answering(tt.status, tt.contentType, tt.body)(w, r)
				return true
			}
			u.metrics = telemetry.NewMetrics("test")
			var err error
			counted := metricstest.Changes(t, u.metrics, func() { _, err = u.Client(someUser).GraphQL(t.Context(), aRead) })
			outcome := `logins_total{at="infrahub",outcome="failed"}`
			if tt.kind == Unauthenticated {
				outcome = `logins_total{at="infrahub",outcome="refused"}`
			}
			if counted[outcome] != 1 {
				t.Errorf("%s is not counted in %v", outcome, counted)
			}
			e := mustBe(t, err, tt.kind)
			if e.Message != tt.message || len(e.Details) > 0 {
				t.Errorf("the message is %q with %v", e.Message, e.Details)
			}
			s.wantCounts(t, 1, 0, 0, 0)
			// It is not remembered against the user.
			s.onLogin = nil
			counted = metricstest.Changes(t, u.metrics, func() { _, err = u.Client(someUser).GraphQL(t.Context(), aRead) })
			if err != nil {
				t.Errorf("a later login fails: %v", err)
			}
			if counted[`logins_total{at="infrahub",outcome="ok"}`] != 1 {
				t.Errorf("the later login is not counted in %v", counted)
			}
		})
	}
}

func TestATokenThatCannotBeReadIsUsedUntilItIsRefused(t *testing.T) {
	s, u := newAuthServer(t)
	s.onLogin = func(w http.ResponseWriter, _ *http.Request) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.access["opaque"] = true
		w.Write([]byte(`{"access_token":"opaque","refresh_token":"r"}`))
		return true
	}
	for range 2 {
		if _, err := u.Client(someUser).GraphQL(t.Context(), aRead); err != nil {
			t.Fatal(err)
		}
		u.now = func() time.Time { return s.now().AddDate(10, 0, 0) }
	}
	s.wantCounts(t, 1, 0, 2, 0)
}

func TestRenewalLeavesTime(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	sign := func(claims jwt.MapClaims) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("key"))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	skewed := now.Add(-7 * time.Hour)
	tests := []struct {
		name  string
		token string
		want  time.Time
	}{
		{"a minute of an hour", sign(jwt.MapClaims{"iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}), now.Add(59 * time.Minute)},
		{"a tenth of a short life", sign(jwt.MapClaims{"iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}), now.Add(54 * time.Second)},
		{"by the server's own clock", sign(jwt.MapClaims{"iat": skewed.Unix(), "exp": skewed.Add(time.Hour).Unix()}), now.Add(59 * time.Minute)},
		{"without the time of issue", sign(jwt.MapClaims{"exp": now.Add(time.Hour).Unix()}), now.Add(59 * time.Minute)},
		{"never without an expiry", sign(jwt.MapClaims{"iat": now.Unix()}), time.Time{}},
		{"never when it is no JWT", "opaque", time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := renewal(tt.token, now); !got.Equal(tt.want) {
				t.Errorf("it is renewed at %s, want %s", got, tt.want)
			}
		})
	}
}

func TestLoginsAreBounded(t *testing.T) {
	l := newLogins()
	for i := range 2 * maxLogins {
		l.store(fmt.Sprint(i), session{access: "a"})
	}
	if n := l.sessions.Len(); n != maxLogins {
		t.Errorf("%d logins are kept, want %d", n, maxLogins)
	}
}

package infrahub

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLoginsAreForgottenWhenTheyAreIdle(t *testing.T) {
	have := func(l *logins) (n int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.sessions.Len()
	}
	// Waits go beyond the moment in question, so that what is due then has run.
	after := func(d time.Duration) {
		time.Sleep(d)
		synctest.Wait()
	}
	t.Run("one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLogins()
			l.store("ann", session{access: "a"})
			after(loginIdle - time.Second)
			if have(l) != 1 {
				t.Error("it is forgotten before it is idle")
			}
			after(time.Second)
			if have(l) != 0 {
				t.Error("it is kept")
			}
		})
	})
	t.Run("not one in use", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLogins()
			l.store("ann", session{access: "a"})
			l.store("bob", session{access: "b"})
			for range 10 {
				after(loginIdle / 2)
				if l.get("ann").access != "a" {
					t.Fatal("ann is forgotten")
				}
			}
			if have(l) != 1 {
				t.Error("bob is kept")
			}
			after(loginIdle)
			if have(l) != 0 {
				t.Error("ann is kept")
			}
		})
	})
	t.Run("each in its turn, and again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLogins()
			for round := range 3 {
				for i := range 10 {
					l.store(fmt.Sprint(i), session{access: "a"})
					after(time.Minute)
				}
				after(loginIdle - 10*time.Minute)
				for i := range 10 {
					if got := have(l); got != 9-i {
						t.Errorf("round %d: %d are kept, want %d", round, got, 9-i)
					}
					after(time.Minute)
				}
			}
		})
	})
	t.Run("one of which only the refresh token is good", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLogins()
			l.store("ann", session{access: "a", refresh: "r"})
			after(loginIdle / 2)
			l.spend("ann", "a", true)
			if l.get("ann").refresh != "r" {
				t.Error("it is lost")
			}
			after(loginIdle)
			if have(l) != 0 {
				t.Error("it is kept")
			}
		})
	})
	t.Run("all at the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLogins()
			l.store("ann", session{access: "a"})
			l.forget()
			if have(l) != 0 || l.sweeper.Stop() {
				t.Error("something is left")
			}
		})
	})
}

// roundTripper answers requests without a network, of which a bubble of synctest
// cannot tell when it is idle.
type roundTripper func(*http.Request) string

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	body := io.NopCloser(strings.NewReader(f(r)))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {jsonType}}, Body: body, Request: r}, nil
}

func TestAUserWhoComesBackIsLoggedInAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, _ := upstreamOf(t, "http://infrahub.invalid", Settings{})
		logins := 0
		u.http.Transport = roundTripper(func(r *http.Request) string {
			if r.URL.Path == "/api/auth/login" {
				logins++
				return `{"access_token":"opaque","refresh_token":"r"}`
			}
			return okBody
		})
		for _, step := range []struct {
			idle time.Duration
			want int
		}{{0, 1}, {loginIdle - time.Second, 1}, {loginIdle - time.Second, 1}, {loginIdle, 2}, {time.Minute, 2}} {
			time.Sleep(step.idle)
			synctest.Wait()
			if _, err := u.Client(someUser).GraphQL(t.Context(), aRead); err != nil {
				t.Fatal(err)
			}
			if logins != step.want {
				t.Errorf("after %v: %d logins, want %d", step.idle, logins, step.want)
			}
		}
	})
}

package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

var (
	errRefused = &infrahub.Error{Kind: infrahub.Unauthenticated, Message: "Infrahub did not accept the user name and password."}
	errDown    = &infrahub.Error{Kind: infrahub.Unreachable, Message: "Infrahub cannot be reached."}
)

// fakeInfrahub answers for one account, alice, with a password and a token.
type fakeInfrahub struct {
	asked atomic.Int32
	// answer replaces the answer, if set.
	answer atomic.Pointer[func(context.Context, infrahub.Credential) (string, error)]
}

func (f *fakeInfrahub) ask(ctx context.Context, c infrahub.Credential) (string, error) {
	f.asked.Add(1)
	if answer := f.answer.Load(); answer != nil {
		return (*answer)(ctx, c)
	}
	switch {
	case c.Token == "right", c.Username == "alice" && c.Password == "right":
		return "Alice", nil
	case c.Username != "alice" && c.Token == "":
		time.Sleep(time.Millisecond) // an unknown user is found out at once
	default:
		time.Sleep(250 * time.Millisecond)
	}
	return "", errRefused
}

func (f *fakeInfrahub) set(answer func(context.Context, infrahub.Credential) (string, error)) {
	f.answer.Store(&answer)
}

func (f *fakeInfrahub) fails(err error) {
	f.set(func(context.Context, infrahub.Credential) (string, error) { return "", err })
}

func (f *fakeInfrahub) wantAsked(t *testing.T, want int32) {
	t.Helper()
	if got := f.asked.Load(); got != want {
		t.Errorf("Infrahub was asked %d times, want %d", got, want)
	}
}

func newFake() (*fakeInfrahub, *Accounts) {
	f := &fakeInfrahub{}
	return f, NewAccounts(f.ask, slog.New(slog.DiscardHandler), nil)
}

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

func nowhere(*http.Request) netip.Addr { return netip.Addr{} }

func withToken(token string) Identity {
	return Identity{Principal: Principal{Mode: ModeToken, Key: "token " + token}, Credential: infrahub.Credential{Token: token}}
}

func withPassword(user, password string, from netip.Addr) Identity {
	return Identity{
		Principal:  Principal{Mode: ModeBasic, Key: user + ":" + password},
		Credential: infrahub.Credential{Username: user, Password: password},
		Address:    from,
	}
}

// limits asks the Authenticator of accounts about an identity.
func limits(a *Accounts, id Identity) error {
	_, err := a.Limit(authenticate(func(*http.Request) (Identity, error) { return id, nil }),
		func(*http.Request) netip.Addr { return id.Address }).Authenticate(request())
	return err
}

func TestANameIsAskedForOncePerCredential(t *testing.T) {
	for name, id := range map[string]Identity{"token": withToken("right"), "password": withPassword("alice", "right", here)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, a := newFake()
				f.set(func(context.Context, infrahub.Credential) (string, error) {
					time.Sleep(time.Second)
					return "Alice", nil
				})
				var all sync.WaitGroup
				for range 200 {
					all.Go(func() {
						if name, err := a.Name(t.Context(), id); name != "Alice" || err != nil {
							t.Errorf("%q, %v", name, err)
						}
					})
				}
				all.Wait()
				f.wantAsked(t, 1)
				time.Sleep(nameLife - 2*time.Second)
				_, _ = a.Name(t.Context(), id)
				f.wantAsked(t, 1)
				time.Sleep(3 * time.Second)
				_, _ = a.Name(t.Context(), id)
				f.wantAsked(t, 2)
			})
		})
	}
}

func TestATokenIsServedWhetherItsNameIsKnownOrNot(t *testing.T) {
	for name, err := range map[string]error{"refused": errRefused, "Infrahub down": errDown, "another fault": errors.New("x")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, a := newFake()
				f.fails(err)
				for range 3 {
					if name, err := a.Name(t.Context(), withToken("t")); name != "" || err != nil {
						t.Errorf("%q, %v", name, err)
					}
				}
				f.wantAsked(t, 1)
				f.answer.Store(nil)
				time.Sleep(failureLife)
				if name, err := a.Name(t.Context(), withToken("right")); name != "Alice" || err != nil {
					t.Errorf("after the failure: %q, %v", name, err)
				}
			})
		})
	}
}

func TestANameThatTakesLongIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		f.set(func(ctx context.Context, _ infrahub.Credential) (string, error) {
			time.Sleep(20 * time.Second)
			return "Alice", ctx.Err()
		})
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		if name, err := a.Name(ctx, withToken("right")); name != "" || err != nil || time.Since(start) != patience {
			t.Errorf("%q, %v after %s", name, err, time.Since(start))
		}
		cancel() // the request ends, the question goes on
		time.Sleep(20 * time.Second)
		if name, _ := a.Name(t.Context(), withToken("right")); name != "Alice" {
			t.Errorf("later: %q", name)
		}
		f.wantAsked(t, 1)
	})
}

func TestAQuestionThatIsNotAnsweredEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		f.set(func(ctx context.Context, _ infrahub.Credential) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		start := time.Now()
		_, err := a.Name(t.Context(), withPassword("alice", "right", here))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != askLimit {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestOneWhoGivesUpDoesNotTakeTheLoginFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		f.set(func(ctx context.Context, _ infrahub.Credential) (string, error) {
			time.Sleep(time.Second)
			return "Alice", ctx.Err()
		})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := a.Name(ctx, withPassword("alice", "right", here)); !errors.Is(err, context.Canceled) {
				t.Errorf("who gave up: %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if name, err := a.Name(t.Context(), withPassword("alice", "right", here)); name != "Alice" || err != nil {
				t.Errorf("who did not: %q, %v", name, err)
			}
		})
		synctest.Wait()
		cancel()
		all.Wait()
		f.wantAsked(t, 1)
	})
}

func TestAnOldNameServesWhileInfrahubHasABadMoment(t *testing.T) {
	for name, id := range map[string]Identity{"token": withToken("right"), "password": withPassword("alice", "right", here)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, a := newFake()
				_, _ = a.Name(t.Context(), id)
				time.Sleep(nameLife)
				f.fails(errDown)
				for range 3 {
					if name, err := a.Name(t.Context(), id); name != "Alice" || err != nil {
						t.Errorf("%q, %v", name, err)
					}
				}
				f.wantAsked(t, 2)
				// A credential that is refused has no name any more.
				time.Sleep(failureLife)
				f.fails(errRefused)
				if name, _ := a.Name(t.Context(), id); name != "" {
					t.Errorf("after the refusal: %q", name)
				}
			})
		})
	}
}

func TestNamesAreFitForALogAndABranch(t *testing.T) {
	for _, test := range []struct{ name, told, want string }{
		{"plain", "Alice Müller", "Alice Müller"},
		{"control characters", "Al\x1b[31mi\nce\u202e", "Al[31mice"},
		{"blanks at the ends", "  Alice ", "Alice"},
		{"long", strings.Repeat("é", 101), strings.Repeat("é", 100)},
		{"none", "", "alice"},
		{"nothing to be seen", "\u200b", "alice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, a := newFake()
			f.set(func(context.Context, infrahub.Credential) (string, error) { return test.told, nil })
			if got, err := a.Name(t.Context(), withPassword("alice", "right", here)); got != test.want || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestOtherModesAreNotAskedAbout(t *testing.T) {
	f, a := newFake()
	for _, p := range []Principal{{}, {Mode: ModeNone}, {Mode: "oidc", Key: "k", Name: "Ann"}, {Mode: ModeToken, Key: "k", Name: "Ann"}} {
		if name, err := a.Name(t.Context(), Identity{Principal: p}); name != p.Name || err != nil {
			t.Errorf("%s: %q, %v", p, name, err)
		}
	}
	f.wantAsked(t, 0)
}

func TestALoginThatFailsFailsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		if _, err := a.Name(t.Context(), withPassword("alice", "wrong", here)); !infrahub.Unauthorized(err) {
			t.Errorf("a wrong password: %v", err)
		}
		f.fails(errDown)
		if _, err := a.Name(t.Context(), withPassword("alice", "right", here)); !infrahub.Unavailable(err) {
			t.Errorf("Infrahub down: %v", err)
		}
	})
}

func TestAnUnknownUserAndAWrongPasswordLookAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a := newFake()
		type outcome struct {
			Text  string
			After time.Duration
		}
		try := func(user string, n int) (all []outcome) {
			for i := range n {
				id := withPassword(user, fmt.Sprint("wrong", i), here)
				start := time.Now()
				err := limits(a, id)
				if err == nil {
					_, err = a.Name(t.Context(), id)
				}
				all = append(all, outcome{fmt.Sprint(err), time.Since(start)})
			}
			return all
		}
		if diff := cmp.Diff(try("nobody", 8), try("alice", 8)); diff != "" {
			t.Errorf("(-unknown user +wrong password):\n%s", diff)
		}
	})
}

func TestGuessesAreLimitedPerUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		guess := func(n int) error {
			id := withPassword("alice", fmt.Sprint("guess", n), netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}))
			if err := limits(a, id); err != nil {
				return err
			}
			_, err := a.Name(t.Context(), id)
			return err
		}
		for n := range userFailures {
			if err := guess(n); !errors.Is(err, errRefused) {
				t.Fatalf("guess %d: %v", n, err)
			}
		}
		a.metrics = telemetry.NewMetrics("test")
		e := refusal(t, guess(100))
		if e.Status != 429 {
			t.Errorf("status %d: %v", e.Status, e)
		}
		if _, err := a.Name(t.Context(), withPassword("alice", "guess", there)); refusal(t, err).Status != 429 {
			t.Errorf("a login begins: %v", err)
		}
		if n := metricstest.Read(t, a.metrics)[`rate_limit_refusals_total{limit="failed_login"}`]; n != 2 {
			t.Errorf("%v refusals are counted, want 2", n)
		}
		time.Sleep(e.RetryAfter - 2*time.Second)
		if e := refusal(t, guess(100)); e.Status != 429 {
			t.Errorf("too soon: %v", e)
		}
		f.wantAsked(t, userFailures)
		time.Sleep(2 * time.Second)
		if err := guess(101); !errors.Is(err, errRefused) {
			t.Errorf("after that time: %v", err)
		}
		if e := refusal(t, guess(102)); e.Status != 429 {
			t.Errorf("one guess more: %v", e)
		}
		if err := limits(a, withPassword("bob", "x", here)); err != nil {
			t.Errorf("another user: %v", err)
		}
	})
}

func TestGuessesAreLimitedPerAddress(t *testing.T) {
	for _, test := range []struct {
		name               string
		first, same, other netip.Addr
	}{
		{"IPv4", here, netip.MustParseAddr("::ffff:192.0.2.1"), there},
		{"an IPv6 network", netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8:0:1::1")},
		{"an address that is not known", netip.Addr{}, netip.Addr{}, here},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, a := newFake()
				f.fails(errRefused)
				var all sync.WaitGroup
				for n := range addressFailures {
					all.Go(func() { _, _ = a.Name(t.Context(), withPassword(fmt.Sprint("user", n), "x", test.first)) })
				}
				all.Wait()
				f.wantAsked(t, addressFailures)
				if e := refusal(t, limits(a, withPassword("another", "x", test.same))); e.Status != 429 || e.RetryAfter <= 0 {
					t.Errorf("%d, %s", e.Status, e.RetryAfter)
				}
				if err := limits(a, withPassword("another", "x", test.other)); err != nil {
					t.Errorf("another address: %v", err)
				}
				token := withToken("t")
				token.Address = test.first
				if err := limits(a, token); err != nil {
					t.Errorf("a token: %v", err)
				}
			})
		})
	}
}

func TestManyGuessesAtTheSameTimeAreNoWayAround(t *testing.T) {
	for _, test := range []struct {
		name  string
		guess func(n int) Identity
		want  int32
	}{
		{"one user from many addresses", func(n int) Identity {
			return withPassword("alice", fmt.Sprint("guess", n), netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}))
		}, userFailures},
		{"many users from one address", func(n int) Identity {
			return withPassword(fmt.Sprint("user", n), "guess", here)
		}, addressFailures},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, a := newFake()
				f.set(func(context.Context, infrahub.Credential) (string, error) {
					time.Sleep(250 * time.Millisecond)
					return "", errRefused
				})
				var all sync.WaitGroup
				for n := range 1000 {
					all.Go(func() {
						if _, err := a.Name(t.Context(), test.guess(n)); !infrahub.Unauthorized(err) {
							t.Errorf("guess %d: %v", n, err)
						}
					})
				}
				all.Wait()
				f.wantAsked(t, test.want)
			})
		})
	}
}

func TestAPasswordThatIsNoLongerRightIsAGuess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		id := withPassword("alice", "right", here)
		if _, err := a.Name(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		f.fails(errRefused)
		time.Sleep(nameLife)
		if _, err := a.Name(t.Context(), id); !errors.Is(err, errRefused) {
			t.Fatalf("%v", err)
		}
		for n := range userFailures {
			_, _ = a.Name(t.Context(), withPassword("alice", fmt.Sprint("guess", n), there))
		}
		if e := refusal(t, limits(a, id)); e.Status != 429 {
			t.Errorf("%v", e)
		}
	})
}

func TestWhoLoggedInIsNotLockedOutByOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		alice := withPassword("alice", "right", here)
		if _, err := a.Name(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
		for n := range userFailures {
			_, _ = a.Name(t.Context(), withPassword("alice", fmt.Sprint("guess", n), there))
		}
		if e := refusal(t, limits(a, withPassword("alice", "another", there))); e.Status != 429 {
			t.Fatalf("the limit is not reached: %v", e)
		}
		time.Sleep(nameLife) // the name is asked for again
		for n := range userFailures {
			_, _ = a.Name(t.Context(), withPassword("alice", fmt.Sprint("more", n), there))
		}
		if err := limits(a, alice); err != nil {
			t.Errorf("at the door: %v", err)
		}
		if name, err := a.Name(t.Context(), alice); name != "Alice" || err != nil {
			t.Errorf("%q, %v", name, err)
		}
		f.wantAsked(t, 1+2*userFailures+1)
	})
}

func TestAWrongPasswordThatIsTriedAgainCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		for n := range int32(20) {
			if _, err := a.Name(t.Context(), withPassword("alice", "old", here)); !errors.Is(err, errRefused) {
				t.Fatalf("try %d: %v", n, err)
			}
			f.wantAsked(t, n+1)
			// Within seconds the answer is the one that is known.
			_, _ = a.Name(t.Context(), withPassword("alice", "old", here))
			f.wantAsked(t, n+1)
			time.Sleep(failureLife)
		}
		if err := limits(a, withPassword("alice", "new", here)); err != nil {
			t.Errorf("%v", err)
		}
	})
}

func TestAnInfrahubThatIsDownLocksNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		f.fails(errDown)
		for n := range 200 {
			if _, err := a.Name(t.Context(), withPassword("alice", fmt.Sprint(n), here)); !infrahub.Unavailable(err) {
				t.Fatalf("login %d: %v", n, err)
			}
		}
		f.answer.Store(nil)
		if name, err := a.Name(t.Context(), withPassword("alice", "right", here)); name != "Alice" || err != nil {
			t.Errorf("%q, %v", name, err)
		}
	})
}

func TestTokensAreNotLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFake()
		f.fails(errRefused)
		for n := range 100 {
			id := withToken(fmt.Sprint(n))
			if _, err := a.Name(t.Context(), id); err != nil || limits(a, id) != nil {
				t.Fatalf("token %d: %v", n, err)
			}
		}
		f.wantAsked(t, 100)
	})
}

func TestTheLimitKeepsErrorsAndNotesTheAddress(t *testing.T) {
	_, a := newFake()
	missing := newToken(t, "Authorization").header.missing
	if _, err := a.Limit(refuse(missing), nowhere).Authenticate(request()); !errors.Is(err, missing) {
		t.Errorf("%v", err)
	}
	id, err := a.Limit(NewNone(infrahub.Credential{}), func(*http.Request) netip.Addr { return here }).Authenticate(request())
	if err != nil || id.Address != here {
		t.Errorf("%s, %v", id.Address, err)
	}
}

func TestMemoryIsBoundedHoweverManyTry(t *testing.T) {
	f, a := newFake()
	f.fails(errDown) // which takes no time
	for n := range budgetsKept + 1000 {
		id := withPassword(fmt.Sprint("user", n), "x", netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}))
		end, fault := a.guard.begin(id)
		if fault != nil {
			t.Fatal(fault)
		}
		end(true)
		_, _ = a.Name(t.Context(), withToken(fmt.Sprint(n)))
	}
	for what, size := range map[string]int{
		"users": a.guard.users.Len(), "addresses": a.guard.addresses.Len(), "counted failures": a.guard.failed.Len(), "failures": a.failed.Len(),
	} {
		if size > budgetsKept {
			t.Errorf("%d %s are kept", size, what)
		}
	}
	for n := range accountsKept + 1000 {
		f.set(func(context.Context, infrahub.Credential) (string, error) { return "Ann", nil })
		_, _ = a.Name(t.Context(), withToken(fmt.Sprint("known", n)))
	}
	if a.known.Len() > accountsKept {
		t.Errorf("%d names are kept", a.known.Len())
	}
}

func TestRefusedLoginsAreLoggedByAddressAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		f := &fakeInfrahub{}
		a := NewAccounts(f.ask, slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})), nil)
		_, _ = a.Name(t.Context(), withPassword(marked, marked, here))
		if text := logged.String(); !strings.Contains(text, "address=192.0.2.1") || strings.Contains(text, marked) {
			t.Errorf("the log: %s", text)
		}
	})
}

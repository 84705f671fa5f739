package infrahub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

// infrahubOf answers the requests of an Upstream without a network, so that time
// can be a test's own.
type infrahubOf func(*http.Request) (*http.Response, error)

func (f infrahubOf) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// inMemory returns an Upstream of the function.
func inMemory(t *testing.T, s Settings, answer infrahubOf) *Upstream {
	t.Helper()
	s.Address = "http://infrahub.example"
	u, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	u.http.Transport = answer
	t.Cleanup(u.Close)
	return u
}

// respond makes an answer.
func respond(status int, body string, headers ...string) (*http.Response, error) {
	h := http.Header{}
	for pair := range slices.Chunk(headers, 2) {
		h.Set(pair[0], pair[1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// slow answers after some time, unless the request ends before.
func slow(r *http.Request, d time.Duration) (*http.Response, error) {
	if err := pause(r.Context(), d); err != nil {
		return nil, err
	}
	return respond(200, okBody)
}

func TestPrincipalsOfOneCredentialTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Settings{MaxConcurrent: 2, QueueTimeout: time.Hour}, func(r *http.Request) (*http.Response, error) { return slow(r, time.Second) })
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				if _, err := u.Client(someToken).For("many").GraphQL(t.Context(), aRead); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		for name, client := range map[string]*Client{
			"another principal": u.Client(someToken).For("one"),
			"what is shared":    u.Client(someToken).For("many").Shared(),
		} {
			start := time.Now()
			if _, err := client.GraphQL(t.Context(), aRead); err != nil {
				t.Error(err)
			}
			// A slot becomes free within a second, and the request takes one.
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("%s waits for %s", name, took-time.Second)
			}
		}
		all.Wait()
	})
}

func TestARequestDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := telemetry.NewMetrics("test")
		u := inMemory(t, Settings{MaxConcurrent: 1, QueueTimeout: 7 * time.Second, Metrics: metrics, ReadAttempts: 5}, func(r *http.Request) (*http.Response, error) { return slow(r, 30*time.Second) })
		first := make(chan error, 1)
		go func() {
			_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
			first <- err
		}()
		synctest.Wait()
		start := time.Now()
		changes := metricstest.Changes(t, metrics, func() {
			_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
			e := mustBe(t, err, Overloaded)
			if Unavailable(err) || e.RetryAfter != comeAgain || !strings.Contains(e.Message, "waited for 7s") || !strings.Contains(e.Message, "busy") {
				t.Errorf("after %s: %s", e.RetryAfter, e.Message)
			}
		})
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("it waits for %s", took)
		}
		if diff := cmp.Diff(map[string]float64{`rate_limit_refusals_total{limit="queue"}`: 1, "upstream_queue_wait_seconds_count": 1}, changes); diff != "" {
			t.Errorf("counted (-want +got):\n%s", diff)
		}
		// A probe does not wait.
		probed := time.Now()
		go func() {
			time.Sleep(time.Second)
			if got := metricstest.Read(t, metrics)["upstream_requests_in_flight"]; got != 2 {
				t.Errorf("%v requests are under way", got)
			}
		}()
		if _, err := u.Client(someToken).Probe().REST(t.Context(), "/api/info", nil); err != nil || time.Since(probed) != 30*time.Second {
			t.Errorf("the probe ends after %s with %v", time.Since(probed), err)
		}
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}

// TestNothingWaitsForItself does with one slot all that needs several requests.
func TestNothingWaitsForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refusals atomic.Int32
		u := inMemory(t, Settings{
			MaxConcurrent: 1, ReadAttempts: 2, ReadDelay: time.Second, RateLimit: RateLimit{Retry: true, MaxRetries: 2, Base: time.Second},
		}, func(r *http.Request) (*http.Response, error) {
			switch {
			case r.URL.Path == "/api/auth/login":
				return respond(200, `{"access_token":"a","refresh_token":"r"}`)
			case refusals.Add(1)%3 == 0:
				return respond(401, `{"errors":[{"message":"Expired Signature","extensions":{"code":401}}]}`)
			case refusals.Load()%5 == 0:
				return respond(503, "", "Retry-After", "2")
			case refusals.Load()%7 == 0:
				return respond(429, "", "X-Infrahub-Admission", "shed")
			case r.URL.Path == "/api/info":
				return respond(200, `{"version":"1.11.9"}`)
			}
			return slow(r, time.Second)
		})
		var all sync.WaitGroup
		var served atomic.Int32
		for i := range 30 {
			all.Go(func() {
				client := u.Client(Credential{Username: fmt.Sprint("u", i%3), Password: "p"})
				_, err := client.GraphQL(t.Context(), aRead)
				if err == nil {
					served.Add(1)
				}
				if _, err := client.Version(t.Context()); err == nil {
					served.Add(1)
				}
			})
			synctest.Wait()
		}
		all.Wait() // synctest fails when it never ends
		if served.Load() == 0 || u.turns.queue.Waiting() != 0 || !u.turns.queue.Try() {
			t.Errorf("%d were served, %d still wait, or the slot is lost", served.Load(), u.turns.queue.Waiting())
		}
	})
}

func TestAWaitBetweenAttemptsHoldsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int32
		u := inMemory(t, Settings{MaxConcurrent: 1, ReadAttempts: 1, ReadDelay: time.Second}, func(r *http.Request) (*http.Response, error) {
			if requests.Add(1) == 1 {
				return respond(503, "", "Retry-After", "20")
			}
			return slow(r, time.Second)
		})
		start := time.Now()
		ended := make(chan time.Duration, 1)
		go func() {
			if _, err := u.Client(someToken).GraphQL(t.Context(), aRead); err != nil {
				t.Error(err)
			}
			ended <- time.Since(start)
		}()
		synctest.Wait()
		if _, err := u.Client(someToken).GraphQL(t.Context(), aRead); err != nil || time.Since(start) != time.Second {
			t.Errorf("another request ends after %s with %v", time.Since(start), err)
		}
		if took := <-ended; took != 21*time.Second {
			t.Errorf("the repetition comes after %s, and Infrahub asked for 20s", took-time.Second)
		}
	})
}

func TestRepetitionsHaveLimits(t *testing.T) {
	for name, test := range map[string]struct {
		settings Settings
		answer   []string // status and Retry-After
		within   time.Duration
		query    Query
		sent     int32
		took     time.Duration
		kind     Kind
		after    time.Duration
	}{
		"a wait that Infrahub asks for and that is too long is left to the caller": {
			Settings{ReadAttempts: 3, ReadDelay: time.Second}, []string{"503", "31"}, time.Hour, aRead, 1, 0, Unreachable, 31 * time.Second,
		},
		"a wait that ends after the time of the caller is not begun": {
			Settings{ReadAttempts: 3, ReadDelay: time.Second}, []string{"503", "10"}, 9 * time.Second, aRead, 1, 0, Unreachable, 10 * time.Second,
		},
		"so it is with a wait after 429": {
			Settings{RateLimit: RateLimit{Retry: true, MaxRetries: 5}}, []string{"429", "10"}, 25 * time.Second, aRead, 3, 20 * time.Second, Overloaded, 10 * time.Second,
		},
		"a mutation that was perhaps applied is not sent again": {
			Settings{ReadAttempts: 3, ReadDelay: time.Second}, []string{"503", "1"}, time.Hour, aMutation, 1, 0, Unreachable, time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent atomic.Int32
				u := inMemory(t, test.settings, func(*http.Request) (*http.Response, error) {
					sent.Add(1)
					status := 503
					if test.answer[0] == "429" {
						status = 429
					}
					return respond(status, "", "Retry-After", test.answer[1])
				})
				ctx, cancel := context.WithTimeout(t.Context(), test.within)
				defer cancel()
				start := time.Now()
				_, err := u.Client(someToken).GraphQL(ctx, test.query)
				e := mustBe(t, err, test.kind)
				if sent.Load() != test.sent || time.Since(start) != test.took || e.RetryAfter != test.after {
					t.Errorf("%d requests in %s, come again after %s: %v", sent.Load(), time.Since(start), e.RetryAfter, err)
				}
			})
		})
	}
}

func TestRepetitionsAreAFractionOfWhatIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent, failing atomic.Int32
		u := inMemory(t, Settings{ReadAttempts: 5, ReadDelay: time.Millisecond}, func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			if failing.Load() > 0 {
				return respond(503, "")
			}
			return respond(200, okBody)
		})
		ask := func(times int) (requests int32) {
			before := sent.Load()
			for range times {
				_, _ = u.Client(someToken).GraphQL(t.Context(), aRead)
			}
			return sent.Load() - before
		}
		failing.Store(1)
		if got := ask(1000); got != 1000+maxBudget {
			t.Errorf("1000 reads that fail make %d requests", got)
		}
		failing.Store(0)
		ask(50)
		failing.Store(1)
		if got := ask(100); got != 100+10 {
			t.Errorf("after 50 answers 100 reads that fail make %d requests", got)
		}
	})
}

// A caller who gives up while it waits takes no slot with it.
func TestACallerWhoGivesUpWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Settings{MaxConcurrent: 1}, func(r *http.Request) (*http.Response, error) { return slow(r, 10*time.Second) })
		go func() { _, _ = u.Client(someToken).GraphQL(t.Context(), aRead) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := u.Client(someToken).GraphQL(ctx, aRead)
			ended <- err
		}()
		synctest.Wait()
		start := time.Now()
		cancel()
		if err := <-ended; !errors.Is(err, Canceled) || time.Since(start) != 0 || u.turns.queue.Waiting() != 0 {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		time.Sleep(time.Minute)
	})
}

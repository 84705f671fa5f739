package infrahub

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

var errRefused = &net.OpError{Op: "dial", Err: errors.New("connection refused")}

func TestAnInfrahubThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, log := logged()
		metrics := telemetry.NewMetrics("test")
		var sent atomic.Int32
		var back atomic.Bool
		u := inMemory(t, Settings{MaxConcurrent: 2, BreakerFailures: 3, BreakerPause: 10 * time.Second, Logger: logger, Metrics: metrics},
			func(r *http.Request) (*http.Response, error) {
				sent.Add(1)
				if back.Load() {
					return slow(r, time.Second)
				}
				return nil, errRefused
			})
		client := u.Client(someToken)
		for range 3 {
			_, err := client.GraphQL(t.Context(), aRead)
			if e := mustBe(t, err, Unreachable); strings.Contains(e.Message, "in a row") {
				t.Errorf("Infrahub is not asked: %v", err)
			}
		}
		paused := func(want time.Duration) {
			t.Helper()
			before, start := sent.Load(), time.Now()
			_, err := client.GraphQL(t.Context(), aRead)
			e := mustBe(t, err, Unreachable)
			if sent.Load() != before || time.Since(start) != 0 || e.RetryAfter != want || !Unavailable(err) {
				t.Errorf("%d requests, %s, come again after %s: %v", sent.Load()-before, time.Since(start), e.RetryAfter, err)
			}
			for _, part := range []string{"did not answer 3 times in a row", "is not asked for " + want.String(), "connection refused"} {
				if !strings.Contains(e.Message, part) {
					t.Errorf("the message lacks %q: %s", part, e.Message)
				}
			}
		}
		paused(10 * time.Second)
		time.Sleep(4 * time.Second)
		if changes := metricstest.Changes(t, metrics, func() { paused(6 * time.Second) }); changes[`rate_limit_refusals_total{limit="pause"}`] != 1 {
			t.Errorf("counted: %v", changes)
		}
		if metricstest.Read(t, metrics)["upstream_paused"] != 1 {
			t.Error("the metrics do not say that Infrahub is not asked")
		}

		// One is let through, fails, and the pause begins again.
		time.Sleep(7 * time.Second)
		if _, err := client.GraphQL(t.Context(), aRead); sent.Load() != 4 || strings.Contains(err.Error(), "in a row") {
			t.Errorf("%d requests were sent: %v", sent.Load(), err)
		}
		paused(10 * time.Second)

		// Infrahub is back: a probe of its health sees it before the pause ends.
		back.Store(true)
		if _, err := client.Probe().REST(t.Context(), "/api/info", nil); err != nil {
			t.Errorf("the probe does not ask: %v", err)
		}
		time.Sleep(11 * time.Second)
		ended := make(chan error, 1)
		go func() {
			_, err := client.GraphQL(t.Context(), aRead)
			ended <- err
		}()
		synctest.Wait()
		paused(time.Second) // while that is under way
		if err := <-ended; err != nil || metricstest.Read(t, metrics)["upstream_paused"] != 0 {
			t.Errorf("it stays paused: %v", err)
		}
		if _, err := client.GraphQL(t.Context(), aMutation); err != nil {
			t.Error(err)
		}
		var states []string
		for line := range strings.SplitSeq(log.String(), "\n") {
			if _, rest, ok := strings.Cut(line, `"msg":"infrahub_breaker","state":"`); ok {
				state, _, _ := strings.Cut(rest, `"`)
				states = append(states, state)
			}
		}
		if diff := cmp.Diff([]string{"open", "half-open", "open", "half-open", "closed"}, states); diff != "" {
			t.Errorf("logged (-want +got):\n%s", diff)
		}
	})
}

func TestWhatCountsAsNoAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		answer infrahubOf
		opens  bool
	}{
		"no connection":     {func(*http.Request) (*http.Response, error) { return nil, errRefused }, true},
		"no answer in time": {func(r *http.Request) (*http.Response, error) { return slow(r, time.Hour) }, true},
		"a broken answer":   {func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, true},
		"502":               {func(*http.Request) (*http.Response, error) { return respond(502, "<html>") }, true},
		"503":               {func(*http.Request) (*http.Response, error) { return respond(503, "") }, true},
		"504":               {func(*http.Request) (*http.Response, error) { return respond(504, "") }, true},
		"a bare 500":        {func(*http.Request) (*http.Response, error) { return respond(500, "Internal Server Error") }, false},
		"a bad credential":  {func(*http.Request) (*http.Response, error) { return respond(401, "") }, false},
		"a lack of rights":  {func(*http.Request) (*http.Response, error) { return respond(403, "") }, false},
		"overload":          {func(*http.Request) (*http.Response, error) { return respond(429, "") }, false},
		"an error of a query": {func(*http.Request) (*http.Response, error) {
			return respond(200, `{"data":null,"errors":[{"message":"Cannot query field","locations":[{"line":1,"column":1}]}]}`)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := inMemory(t, Settings{BreakerFailures: 3, Timeout: time.Second}, test.answer)
				for range 3 {
					_, _ = u.Client(someToken).GraphQL(t.Context(), aRead)
				}
				if opens := u.turns.breaker.refuses() != nil; opens != test.opens {
					t.Errorf("after three of them requests are put off: %t", opens)
				}
			})
		})
	}
	t.Run("nor does a caller who gives up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			u := inMemory(t, Settings{BreakerFailures: 1}, func(r *http.Request) (*http.Response, error) { return slow(r, time.Hour) })
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				_, err := u.Client(someToken).GraphQL(ctx, aRead)
				mustBe(t, err, Timeout)
				cancel()
			}
			if u.turns.breaker.refuses() != nil {
				t.Error("a caller's own time limit counts against Infrahub")
			}
		})
	})
	t.Run("an answer in between begins the count anew", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var sent atomic.Int32
			u := inMemory(t, Settings{BreakerFailures: 3}, func(*http.Request) (*http.Response, error) {
				if sent.Add(1)%3 == 0 {
					return respond(200, okBody)
				}
				return nil, errRefused
			})
			for range 30 {
				_, _ = u.Client(someToken).GraphQL(t.Context(), aRead)
			}
			if sent.Load() != 30 {
				t.Errorf("%d requests were sent", sent.Load())
			}
		})
	})
}

func TestARepetitionOutlastsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		start := time.Now()
		u := inMemory(t, Settings{BreakerFailures: 2, BreakerPause: 10 * time.Second, ReadAttempts: 4, ReadDelay: 100 * time.Millisecond},
			func(*http.Request) (*http.Response, error) {
				sent.Add(1)
				if time.Since(start) < 5*time.Second {
					return nil, errRefused
				}
				return respond(200, okBody)
			})
		if _, err := u.Client(someToken).GraphQL(t.Context(), aRead); err != nil || sent.Load() != 3 {
			t.Errorf("%d requests after %s: %v", sent.Load(), time.Since(start), err)
		}
		// It is put off only as long as it may be.
		if took := time.Since(start); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestWhatOneCallerWasToldIsNotToldToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := inMemory(t, Settings{BreakerFailures: 1}, func(*http.Request) (*http.Response, error) {
			return respond(503, `{"data":null,"errors":[{"message":"`+markedToken+` has no access to the plan"}]}`)
		})
		_, _ = u.Client(someToken).GraphQL(t.Context(), aRead)
		_, err := u.Client(someUser).GraphQL(t.Context(), aRead)
		if err == nil || strings.Contains(err.Error(), "the plan") || !strings.Contains(err.Error(), "HTTP 503 Service Unavailable") {
			t.Errorf("another caller is told: %v", err)
		}
	})
}

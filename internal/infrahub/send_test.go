package infrahub

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
	"infrahub-mcp/test/mcptest"
)

const okBody = `{"data":{"ok":true}}`

var (
	aRead     = Query{Document: "{ x }"}
	aMutation = Query{Document: "mutation { x }", Mutation: true}
)

// keptClosed answers the first request of each connection and hangs up on the
// second, before it reads it. It counts both.
type keptClosed struct {
	t          *testing.T
	mu         sync.Mutex
	seen       map[string]bool
	ran, hung  atomic.Int32
	firstReply func(http.ResponseWriter)
}

func (k *keptClosed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	again := k.seen[r.RemoteAddr]
	k.seen[r.RemoteAddr] = true
	k.mu.Unlock()
	if again {
		k.hung.Add(1)
		hangUp(k.t, w)
		return
	}
	if k.ran.Add(1) == 1 && k.firstReply != nil {
		k.firstReply(w)
		return
	}
	w.Write([]byte(okBody))
}

func TestOnlyTheCallerIsToldOfItsRetries(t *testing.T) {
	var requests atomic.Int32
	u, _ := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1 {
			answering(503, htmlType, "<html>")(w, nil)
			return
		}
		w.Write([]byte(okBody))
	}, Settings{ReadAttempts: 1, ReadDelay: time.Second})
	client := u.Client(someToken)
	_ = client.OnRetry(func(Retry) { t.Error("another caller is told") })
	if _, err := client.GraphQL(t.Context(), aRead); err != nil || requests.Load() != 2 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

func TestAConnectionThatWasClosedIsReplacedOnceForReads(t *testing.T) {
	tests := []struct {
		name      string
		query     Query
		ok        bool
		ran, hung int32
	}{
		{"a read is sent again", aRead, true, 2, 1},
		{"a large read is sent again", Query{Document: "{ x } #" + strings.Repeat("x", 4<<20)}, true, 2, 1},
		{"a mutation may have been run and is not", aMutation, false, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := &keptClosed{t: t, seen: map[string]bool{}}
			u, waits := newUpstream(t, server.ServeHTTP, Settings{})
			client := u.Client(someToken)
			if _, err := client.GraphQL(t.Context(), aRead); err != nil {
				t.Fatal(err)
			}
			_, err := client.GraphQL(t.Context(), tt.query)
			if (err == nil) != tt.ok {
				t.Errorf("the error is %v", err)
			}
			if !tt.ok {
				mustBe(t, err, Unreachable)
			}
			if server.ran.Load() != tt.ran || server.hung.Load() != tt.hung {
				t.Errorf("%d requests were answered and %d not, want %d and %d", server.ran.Load(), server.hung.Load(), tt.ran, tt.hung)
			}
			if diff := cmp.Diff(tt.ok, len(waits.list) == 1 && waits.list[0] == 0); diff != "" {
				t.Errorf("the repeat is not immediate: %v", waits.list)
			}
		})
	}
}

func TestAfterA500NoMutationMeetsItsConnection(t *testing.T) {
	// Infrahub resets the connection of a bare 500 afterwards.
	server := &keptClosed{t: t, seen: map[string]bool{}, firstReply: func(w http.ResponseWriter) {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	}}
	u, _ := newUpstream(t, server.ServeHTTP, Settings{})
	_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
	if e := mustBe(t, err, ServerFault); !strings.Contains(e.Message, "syntax") {
		t.Errorf("the message does not say what a bare 500 means: %s", e.Message)
	}
	if _, err := u.Client(someToken).GraphQL(t.Context(), aMutation); err != nil {
		t.Errorf("the mutation met the closed connection: %v", err)
	}
}

func TestAFreshConnectionThatBreaksIsNotRepeatedByItself(t *testing.T) {
	var requests atomic.Int32
	u, _ := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		hangUp(t, w)
	}, Settings{})
	_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
	mustBe(t, err, Unreachable)
	if requests.Load() != 1 {
		t.Errorf("%d requests were sent, want 1", requests.Load())
	}
}

func TestTransientFailuresOfReadsAreRepeated(t *testing.T) {
	failures := map[string]func(http.ResponseWriter){
		"a broken connection": func(w http.ResponseWriter) { hangUp(t, w) },
		"a gateway without Infrahub": func(w http.ResponseWriter) {
			answering(502, htmlType, "<html>")(w, nil)
		},
		"an answer cut off": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte(`{"data":`))
			flush(t, w)
			hangUp(t, w)
		},
	}
	tests := []struct {
		name     string
		query    Query
		attempts int
		requests int32
		ok       bool
	}{
		{"a read succeeds with the last attempt", aRead, 2, 3, true},
		{"a read has no attempt left", aRead, 1, 2, false},
		{"a read has no further attempt", aRead, 0, 1, false},
		{"a mutation may have been run", aMutation, 5, 1, false},
	}
	for what, fail := range failures {
		for _, tt := range tests {
			t.Run(tt.name+" after "+what, func(t *testing.T) {
				var requests atomic.Int32
				u, waits := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
					if requests.Add(1) <= 2 {
						fail(w)
						return
					}
					w.Write([]byte(okBody))
				}, Settings{ReadAttempts: tt.attempts, ReadDelay: time.Second})
				told := 0
				client := u.Client(someToken).OnRetry(func(r Retry) {
					if told++; r.Reason != Unreachable {
						t.Errorf("the reason of the retry is %s", r.Reason)
					}
				})
				_, err := client.GraphQL(t.Context(), tt.query)
				if told != int(tt.requests)-1 {
					t.Errorf("the caller is told of %d retries", told)
				}
				if (err == nil) != tt.ok || requests.Load() != tt.requests {
					t.Errorf("%d requests, error %v; want %d and success %t", requests.Load(), err, tt.requests, tt.ok)
				}
				for i, wait := range waits.list {
					base := time.Second << i
					if wait < base/2 || wait > base*3/2+1 {
						t.Errorf("wait %d is %s, want %s with jitter", i, wait, base)
					}
				}
				if len(waits.list) != int(tt.requests)-1 {
					t.Errorf("%d waits for %d requests", len(waits.list), tt.requests)
				}
			})
		}
	}
}

func TestWhatWasNeverSentIsRepeatedEvenForMutations(t *testing.T) {
	address, err := mcptest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	u, _ := upstreamOf(t, "http://"+address, Settings{ReadAttempts: 1})
	_, err = u.Client(someToken).GraphQL(t.Context(), aMutation)
	e := mustBe(t, err, Unreachable)
	if !Unavailable(err) || !strings.Contains(e.Message, address) || !errors.As(err, new(*net.OpError)) {
		t.Errorf("the error does not say what cannot be reached: %v", err)
	}
	// The server comes back while the client waits.
	u.pause = func(context.Context, time.Duration) error {
		back, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
			return nil
		}
		server := &httptest.Server{Listener: back, Config: &http.Server{Handler: answering(200, jsonType, okBody), ReadHeaderTimeout: time.Minute}}
		server.Start()
		t.Cleanup(server.Close)
		return nil
	}
	if _, err := u.Client(someToken).GraphQL(t.Context(), aMutation); err != nil {
		t.Errorf("the mutation was not sent again: %v", err)
	}
}

func TestOverload(t *testing.T) {
	const envelope = `{"data":null,"errors":[{"message":"Server is shedding load; retry later.","extensions":{"code":429}}]}`
	retry := RateLimit{Retry: true, MaxRetries: 2, Base: time.Second, Max: 20 * time.Second}
	tests := []struct {
		name    string
		query   Query
		limit   RateLimit
		headers map[string]string
		waits   []time.Duration // exact; nil: not looked at
		sent    int32
		ok      bool
		after   time.Duration // Error.RetryAfter
	}{
		{"without retries the error says how long to wait", aRead, RateLimit{}, map[string]string{"Retry-After": "10"}, []time.Duration{}, 1, false, 10 * time.Second},
		{"a read waits as long as the server says", aRead, retry, map[string]string{"Retry-After": "10"}, []time.Duration{10 * time.Second, 10 * time.Second}, 3, true, 0},
		{"a wait is bounded", aRead, retry, map[string]string{"Retry-After": "3600"}, []time.Duration{20 * time.Second, 20 * time.Second}, 3, true, 0},
		{"a date is a wait too", aRead, retry, map[string]string{"Retry-After": "Sun, 22 Nov 2026 12:00:05 GMT"}, []time.Duration{5 * time.Second, 5 * time.Second}, 3, true, 0},
		{"without a word of the server the waits grow", aRead, retry, nil, nil, 3, true, 0},
		{"the number of retries is bounded", aRead, RateLimit{Retry: true, MaxRetries: 1}, map[string]string{"Retry-After": "1"}, []time.Duration{time.Second}, 2, false, time.Second},
		{"a mutation that was shed was not run", aMutation, retry, map[string]string{"Retry-After": "1", "X-Infrahub-Admission": "shed"}, []time.Duration{time.Second, time.Second}, 3, true, 0},
		{"a mutation refused by somebody else may have been", aMutation, retry, map[string]string{"Retry-After": "1"}, []time.Duration{}, 1, false, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var sent atomic.Int32
			u, waits := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
				if sent.Add(1) > 2 {
					w.Write([]byte(okBody))
					return
				}
				for name, value := range tt.headers {
					w.Header().Set(name, value)
				}
				answering(429, jsonType, envelope)(w, nil)
			}, Settings{RateLimit: tt.limit})
			u.now = func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
			var told []time.Duration
			client := u.Client(someToken).OnRetry(func(r Retry) {
				if told = append(told, r.Wait); r.Reason != Overloaded {
					t.Errorf("the reason of the retry is %s", r.Reason)
				}
			})
			_, err := client.GraphQL(t.Context(), tt.query)
			if sent.Load() != tt.sent {
				t.Errorf("%d requests were sent, want %d", sent.Load(), tt.sent)
			}
			if diff := cmp.Diff(waits.list, told); diff != "" {
				t.Errorf("the caller is told of other waits (-want +got):\n%s", diff)
			}
			if tt.waits != nil {
				if diff := cmp.Diff(tt.waits, append([]time.Duration{}, waits.list...)); diff != "" {
					t.Errorf("waits (-want +got):\n%s", diff)
				}
			} else if len(waits.list) != 2 || waits.list[0] > 1500*time.Millisecond || waits.list[1] < time.Second {
				t.Errorf("waits %v do not grow from a second", waits.list)
			}
			if tt.ok != (err == nil) {
				t.Fatalf("the error is %v", err)
			}
			if !tt.ok {
				e := mustBe(t, err, Overloaded)
				if e.RetryAfter != tt.after || e.Message != "Server is shedding load; retry later." {
					t.Errorf("wait %s, message %q", e.RetryAfter, e.Message)
				}
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	silent := func(_ http.ResponseWriter, r *http.Request) { untilGone(r) }
	halfway := func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"data":`))
		flush(t, w)
		untilGone(r)
	}
	for name, handler := range map[string]http.HandlerFunc{"without an answer": silent, "in the middle of an answer": halfway} {
		t.Run("the time of an attempt ends "+name, func(t *testing.T) {
			u, _ := newUpstream(t, handler, Settings{Timeout: 20 * time.Millisecond})
			_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
			mustBe(t, err, Timeout)
			if !Unavailable(err) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Unavailable is %t for %v", Unavailable(err), err)
			}
		})
		t.Run("the caller's time ends "+name, func(t *testing.T) {
			u, _ := newUpstream(t, handler, Settings{ReadAttempts: 5})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			_, err := u.Client(someToken).GraphQL(ctx, aRead)
			mustBe(t, err, Timeout)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the cause is lost in %v", err)
			}
		})
	}
	t.Run("silence on a kept connection is no closed connection", func(t *testing.T) {
		var requests atomic.Int32
		u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) > 1 {
				untilGone(r)
				return
			}
			w.Write([]byte(okBody))
		}, Settings{})
		if _, err := u.Client(someToken).GraphQL(t.Context(), aRead); err != nil {
			t.Fatal(err)
		}
		u.timeout = 20 * time.Millisecond
		_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
		mustBe(t, err, Timeout)
		if requests.Load() != 2 {
			t.Errorf("%d requests were sent, want 2", requests.Load())
		}
	})
	t.Run("each attempt has the whole time", func(t *testing.T) {
		var requests atomic.Int32
		u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) <= 2 {
				untilGone(r)
				return
			}
			w.Write([]byte(okBody))
		}, Settings{Timeout: 20 * time.Millisecond, ReadAttempts: 2})
		u.pause = func(ctx context.Context, d time.Duration) error {
			if requests.Load() == 2 { // the last one shall not be in a hurry
				u.timeout = time.Minute
			}
			return pause(ctx, d)
		}
		if _, err := u.Client(someToken).GraphQL(t.Context(), aRead); err != nil {
			t.Error(err)
		}
	})
	t.Run("the caller gives up while it waits for the next attempt", func(t *testing.T) {
		u, _ := newUpstream(t, answering(502, htmlType, ""), Settings{ReadAttempts: 5, ReadDelay: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		u.pause = func(ctx context.Context, d time.Duration) error {
			cancel()
			return pause(ctx, d)
		}
		_, err := u.Client(someToken).GraphQL(ctx, aRead)
		mustBe(t, err, Canceled)
		if !errors.Is(err, context.Canceled) || Unavailable(err) {
			t.Errorf("Unavailable is %t for %v", Unavailable(err), err)
		}
	})
	t.Run("the caller gives up in the middle", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		u, _ := newUpstream(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			untilGone(r)
		}, Settings{})
		_, err := u.Client(someToken).GraphQL(ctx, aRead)
		mustBe(t, err, Canceled)
	})
}

func TestPauseEndsWithItsTimeOrItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := pause(t.Context(), time.Hour); err != nil || time.Since(start) != time.Hour {
			t.Errorf("it ends after %s with %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start = time.Now()
		if err := pause(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("it ends after %s with %v", time.Since(start), err)
		}
		if err := pause(ctx, 0); err == nil {
			t.Error("a context that has ended is not noticed")
		}
	})
}

func TestARedirectIsRefused(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{elsewhere.URL + "/graphql?token=MARKED", "https://alice:MARKED@elsewhere.example/"} {
			u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, location, status)
			}, Settings{ReadAttempts: 3})
			_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
			e := mustBe(t, err, Redirected)
			host := strings.TrimPrefix(elsewhere.URL, "http://")
			if strings.Contains(location, "elsewhere.example") {
				host = "https://elsewhere.example"
			}
			if !strings.Contains(e.Message, host) || !strings.Contains(e.Message, "INFRAHUB_ADDRESS") || strings.Contains(e.Message, "MARKED") {
				t.Errorf("the message is %q", e.Message)
			}
			if !Unavailable(err) {
				t.Error("the server counts as available")
			}
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	body := `{"data":"` + strings.Repeat("x", 100_000) + `"}`
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte(body))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"as announced", answering(200, jsonType, body)},
		{"without a length", func(w http.ResponseWriter, _ *http.Request) {
			flush(t, w)
			w.Write([]byte(body))
		}},
		{"compressed to a hundredth", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(zipped.Bytes())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, waits := newUpstream(t, tt.handler, Settings{ReadAttempts: 3})
			u.maxBody = int64(len(body))
			data, err := u.Client(someToken).GraphQL(t.Context(), aRead)
			if err != nil || len(data) != 100_002 {
				t.Errorf("the largest answer is not read: %v", err)
			}
			u.maxBody = int64(len(body)) - 1
			_, err = u.Client(someToken).GraphQL(t.Context(), aRead)
			mustBe(t, err, TooLarge)
			if len(waits.list) > 0 {
				t.Error("it was asked for again")
			}
		})
	}
}

// A server that goes away while it answers is as good as one that is not there.
func TestAnAnswerCutOffMeansUnavailable(t *testing.T) {
	u, _ := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte(`{"data":{"a":1}}`))
	}, Settings{})
	_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
	mustBe(t, err, Unreachable)
}

func TestCertificates(t *testing.T) {
	server := httptest.NewTLSServer(answering(200, jsonType, okBody))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	file := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		address  string
		settings Settings
		want     string // part of the message; "" means success
	}{
		{"an unknown authority is refused", server.URL, Settings{ReadAttempts: 3}, "INFRAHUB_TLS_CA_FILE"},
		{"an authority of the file is trusted", server.URL, Settings{CAFile: file}, ""},
		{"the check can be switched off", server.URL, Settings{Insecure: true}, ""},
		{"another name is refused", strings.Replace(server.URL, "127.0.0.1", "localhost", 1), Settings{CAFile: file}, "not trusted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, waits := upstreamOf(t, tt.address, tt.settings)
			_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e := mustBe(t, err, Unreachable); !strings.Contains(e.Message, tt.want) {
				t.Errorf("%q is missing in %q", tt.want, e.Message)
			}
			if len(waits.list) > 0 {
				t.Error("it was tried again")
			}
		})
	}
	t.Run("a server without TLS is recognized", func(t *testing.T) {
		plain := httptest.NewServer(answering(200, jsonType, okBody))
		t.Cleanup(plain.Close)
		u, _ := upstreamOf(t, strings.Replace(plain.URL, "http:", "https:", 1), Settings{})
		_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
		if e := mustBe(t, err, Unreachable); !strings.Contains(e.Message, "http://") {
			t.Errorf("the message is %q", e.Message)
		}
	})
}

func TestProxies(t *testing.T) {
	type asked struct{ uri, authorization string }
	var got asked
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = asked{r.Method + " " + r.RequestURI, r.Header.Get("Proxy-Authorization")}
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Write([]byte(okBody))
	}))
	t.Cleanup(proxy.Close)
	withPassword := strings.Replace(proxy.URL, "//", "//alice:MARKED@", 1)
	const basic = "Basic YWxpY2U6TUFSS0VE"
	tests := []struct {
		name, address string
		settings      Settings
		want          asked
		ok            bool
	}{
		{"one for all", "http://infrahub.invalid", Settings{Proxy: proxy.URL}, asked{"POST http://infrahub.invalid/graphql", ""}, true},
		{"one for the scheme goes first", "http://infrahub.invalid", Settings{Proxy: "http://127.0.0.1:1", ProxyHTTP: withPassword}, asked{"POST http://infrahub.invalid/graphql", basic}, true},
		{"https goes through a tunnel", "https://infrahub.invalid", Settings{Proxy: "http://127.0.0.1:1", ProxyHTTPS: withPassword}, asked{"CONNECT infrahub.invalid:443", basic}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got = asked{}
			logger, log := logged()
			tt.settings.Logger = logger
			u, _ := upstreamOf(t, tt.address, tt.settings)
			_, err := u.Client(someToken).GraphQL(t.Context(), aRead)
			if tt.ok != (err == nil) {
				t.Errorf("the error is %v", err)
			}
			if got != tt.want {
				t.Errorf("the proxy was asked %+v, want %+v", got, tt.want)
			}
			if text := fmt.Sprintf("%+v %#v %s", err, err, log); strings.Contains(text, "MARKED") {
				t.Errorf("the password of the proxy is shown: %s", text)
			}
		})
	}
	t.Run("one for another scheme is not used", func(t *testing.T) {
		u, _ := newUpstream(t, answering(200, jsonType, okBody), Settings{ProxyHTTPS: "http://127.0.0.1:1"})
		if _, err := u.Client(someToken).GraphQL(t.Context(), aRead); err != nil {
			t.Error(err)
		}
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	const limit = 3
	arrived := make(chan struct{}, 100)
	release := make(chan struct{})
	var now, most atomic.Int32
	u, _ := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			old := most.Load()
			if n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		arrived <- struct{}{}
		<-release
		w.Write([]byte(okBody))
	}, Settings{MaxConcurrent: limit})
	var callers sync.WaitGroup
	for i := range 20 {
		callers.Go(func() {
			// Different callers share the bound.
			if _, err := u.Client(Credential{Token: fmt.Sprint("t", i)}).REST(t.Context(), "/api/x", nil); err != nil {
				t.Error(err)
			}
		})
	}
	for range limit {
		<-arrived
	}
	// All slots are taken: who cannot wait is not kept.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	_, err := u.Client(someToken).GraphQL(ctx, aRead)
	cancel()
	mustBe(t, err, Timeout)
	close(release)
	callers.Wait()
	if most.Load() != limit {
		t.Errorf("%d requests were under way at a time, want %d", most.Load(), limit)
	}
}

func TestAttemptsAreCountedAndLogged(t *testing.T) {
	logger, log := logged()
	metrics := telemetry.NewMetrics("test")
	var requests atomic.Int32
	u, _ := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1 {
			hangUp(t, w)
			return
		}
		w.Write([]byte(okBody))
	}, Settings{
		ReadAttempts: 1, Logger: logger, Metrics: metrics,
	})
	counted := metricstest.Changes(t, metrics, func() {
		_, err := u.Client(someToken).GraphQL(t.Context(), Query{Document: "{ secretField }", Branch: "b", At: "2h", Variables: map[string]any{"v": "secretValue"}})
		if err != nil {
			t.Fatal(err)
		}
	})
	want := map[string]float64{
		`upstream_requests_total{outcome="none"}`: 1, `upstream_requests_total{outcome="2xx"}`: 1,
		"upstream_request_duration_seconds_count": 2, "upstream_connections_total": 2, `upstream_retries_total{reason="unreachable"}`: 1,
	}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	var ids []string
	var lines []map[string]any
	for line := range strings.Lines(log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, fmt.Sprint(fields["infrahub_request_id"]))
		for _, varying := range []string{"time", "duration", "infrahub_request_id"} {
			if _, ok := fields[varying]; !ok {
				t.Errorf("%s is missing in %s", varying, line)
			}
			delete(fields, varying)
		}
		lines = append(lines, fields)
	}
	wantLines := []map[string]any{
		{"level": "DEBUG", "msg": "infrahub_request", "method": "POST", "path": "/graphql/b", "status": 0.0, "fault": "unreachable"},
		{"level": "DEBUG", "msg": "infrahub_request", "method": "POST", "path": "/graphql/b", "status": 200.0},
	}
	if diff := cmp.Diff(wantLines, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if len(ids) == 2 && ids[0] != ids[1] {
		t.Errorf("the attempts of one request have the ids %v", ids)
	}
	again := metricstest.Changes(t, metrics, func() { // on the connection that is kept
		if _, err := u.Client(someToken).GraphQL(t.Context(), aRead); err != nil {
			t.Fatal(err)
		}
	})
	if diff := cmp.Diff(map[string]float64{`upstream_requests_total{outcome="2xx"}`: 1, "upstream_request_duration_seconds_count": 1}, again); diff != "" {
		t.Errorf("counted again (-want +got):\n%s", diff)
	}
}

func TestNoFaultShowsACredential(t *testing.T) {
	// The worst server: it repeats what it was sent, in every shape.
	bodies := map[string]string{
		jsonType: `{"data":null,"errors":[{"message":%[1]q,"path":[%[1]q],"extensions":{"code":%[1]q,"data":{"d":%[1]q,%[1]q:1}}},%[1]q]}`,
		textType: `%s`,
		htmlType: `<html>%s`,
		"x/json": `{"detail":[{"loc":["body",%[1]q],"msg":%[1]q,"input":%[1]q},%[1]q]}`,
	}
	for _, status := range []int{200, 302, 400, 401, 403, 404, 422, 429, 500, 502} {
		for contentType, body := range bodies {
			for _, credential := range []Credential{someToken, someUser} {
				t.Run(fmt.Sprint(status, contentType, credential), func(t *testing.T) {
					logger, log := logged()
					u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/api/auth/login" && status < 400 {
							w.Write([]byte(`{"access_token":"` + markedToken + `","refresh_token":"MARKED-refresh"}`))
							return
						}
						echo := r.Header.Get("X-INFRAHUB-KEY") + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
						if r.URL.Path == "/api/auth/login" {
							echo = fmt.Sprint(readJSON(t, r)["password"])
						}
						w.Header().Set("Content-Type", contentType)
						w.Header().Set("Location", "http://"+echo+"/"+echo)
						w.WriteHeader(status)
						fmt.Fprintf(w, body, echo) //nolint:gosec // repeating it is the point
					}, Settings{Logger: logger})
					_, err := u.Client(credential).GraphQL(t.Context(), aRead)
					if err == nil {
						t.Fatal("there is no fault")
					}
					e, ok := errors.AsType[*Error](err)
					if !ok {
						t.Fatalf("%T", err)
					}
					details, marshalErr := json.Marshal(e)
					if marshalErr != nil {
						t.Fatal(marshalErr)
					}
					shown := fmt.Sprintf("%v\n%+v\n%#v\n%#v\n%s\n%s", err, err, err, e.Details, details, log)
					if strings.Contains(shown, "MARKED") {
						t.Errorf("a credential is shown:\n%s", shown)
					}
				})
			}
		}
	}
}

func TestATraceIsPassedOn(t *testing.T) {
	var got http.Header
	u, _ := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		w.Write([]byte(okBody))
	}, Settings{})
	for _, want := range [][]string{{"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01", "a=b", "c=d"}, {"", "", ""}} {
		if _, err := u.Client(someToken).GraphQL(telemetry.WithRemote(t.Context(), want[0], want[1], want[2]), aRead); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, []string{got.Get("Traceparent"), got.Get("Tracestate"), got.Get("Baggage")}); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
	}
}

package front

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// byHeader tells the clients of these tests apart.
func byHeader(r *http.Request) string { return r.Header.Get("Client") }

func limited(t *testing.T, perSecond float64, burst, kept int) (http.Handler, *RateLimit) {
	t.Helper()
	limit, err := NewRateLimit(perSecond, burst, kept)
	if err != nil {
		t.Fatal(err)
	}
	return Chain(http.HandlerFunc(ok), limit.By(byHeader, nil, "")), limit
}

// admitted counts the requests of a client that pass before one is refused.
func admitted(t *testing.T, h http.Handler, client string) int {
	t.Helper()
	for n := range 1000 {
		if call(t, h, http.MethodPost, "/mcp", "Client", client).Code == http.StatusTooManyRequests {
			return n
		}
	}
	return 1000
}

func TestABurstPassesAndThenTheRate(t *testing.T) {
	for name, test := range map[string]struct {
		perSecond   float64
		burst, want int
	}{
		"a burst":                            {2, 5, 5},
		"without one it is twice the rate":   {10, 0, 20},
		"rounded up":                         {1.3, 0, 3},
		"and at least one request":           {0.001, 0, 1},
		"a burst smaller than the rate":      {100, 1, 1},
		"the largest rate that can be asked": {400, 999, 999},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, _ := limited(t, test.perSecond, test.burst, 10)
				if got := admitted(t, h, "ann"); got != test.want {
					t.Errorf("%d requests pass at once, want %d", got, test.want)
				}
				if got := admitted(t, h, "bob"); got != test.want {
					t.Errorf("%d requests of another client pass, want %d", got, test.want)
				}
				// What was refused has used nothing, so one more passes each time.
				for range 3 {
					time.Sleep(time.Duration(float64(time.Second)/test.perSecond) + time.Microsecond)
					if got := admitted(t, h, "ann"); got != 1 {
						t.Errorf("%d requests pass after the time of one", got)
					}
				}
			})
		})
	}
}

func TestTheTimeAfterWhichToComeAgainIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := limited(t, 0.4, 1, 10)
		admitted(t, h, "ann")
		got := call(t, h, http.MethodPost, "/mcp", "Client", "ann")
		want := map[string]any{"jsonrpc": "2.0", "id": nil, "error": map[string]any{
			"code": -32005., "message": "Too many requests. Wait for the time that Retry-After names.", "data": map[string]any{"retry_after": 3.},
		}}
		if diff := cmp.Diff(want, decode(t, got)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"3"}, got.Result().Header["Retry-After"]); diff != "" {
			t.Error(diff)
		}
		time.Sleep(3 * time.Second)
		if got := call(t, h, http.MethodPost, "/mcp", "Client", "ann"); got.Code != http.StatusOK {
			t.Errorf("after that time: status %d", got.Code)
		}
	})
}

func TestWhoHasNoKeyIsNotLimited(t *testing.T) {
	h, limit := limited(t, 1, 1, 10)
	for range 5 {
		if got := call(t, h, http.MethodPost, "/mcp"); got.Code != http.StatusOK {
			t.Errorf("status %d", got.Code)
		}
	}
	if got := limit.buckets.Len(); got != 0 {
		t.Errorf("%d buckets", got)
	}
}

func TestARateOfZeroIsNoLimit(t *testing.T) {
	limit, err := NewRateLimit(0, 5, 10)
	if limit != nil || err != nil || limit.By(byHeader, nil, "") != nil {
		t.Errorf("there is a limit: %v, %v", limit, err)
	}
}

func TestOnlySoManyClientsAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, limit := limited(t, 1, 2, 100)
		admitted(t, h, "busy")
		for i := range 10_000 {
			call(t, h, http.MethodPost, "/mcp", "Client", strconv.Itoa(i))
			if i%50 == 0 && admitted(t, h, "busy") > 0 {
				t.Fatal("a client that keeps sending was forgotten")
			}
		}
		if got := limit.buckets.Len(); got != 100 {
			t.Errorf("%d buckets", got)
		}
	})
	if _, err := NewRateLimit(1, 1, 0); err == nil {
		t.Error("a limit that remembers nobody is made")
	}
}

func TestNetworksOfIPv6AreOneClient(t *testing.T) {
	key := func(peer string) string {
		request := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		request.RemoteAddr = peer
		var got string
		Proxies{}.WithAddress(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = ByAddress(r) })).ServeHTTP(nil, request)
		return got
	}
	for peer, want := range map[string]string{
		"203.0.113.9:1":               "203.0.113.9",
		"[::ffff:203.0.113.9]:2":      "203.0.113.9",
		"[2001:db8:1:2:3:4:5:6]:1":    "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff::1]:1":    "2001:db8:1:2::/64",
		"[2001:db8:1:3::1]:1":         "2001:db8:1:3::/64",
		"[fe80::1%eth0]:1":            "fe80::/64",
		"not an address, not even it": "invalid IP",
	} {
		if got := key(peer); got != want {
			t.Errorf("%s: %q, want %q", peer, got, want)
		}
	}
}

func TestManyClientsAtOnceGetWhatIsTheirs(t *testing.T) {
	h, _ := limited(t, 0.0001, 5, 100)
	passed := make(chan string, 1000)
	done := make(chan struct{})
	for c := range 20 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 50 {
				request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/mcp", nil)
				request.Header.Set("Client", fmt.Sprint(c%10))
				recorder := httptest.NewRecorder()
				h.ServeHTTP(recorder, request)
				if recorder.Code == http.StatusOK {
					passed <- request.Header.Get("Client")
				}
			}
		}()
	}
	for range 20 {
		<-done
	}
	close(passed)
	got := map[string]int{}
	for client := range passed {
		got[client]++
	}
	want := map[string]int{}
	for c := range 10 {
		want[fmt.Sprint(c)] = 5
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

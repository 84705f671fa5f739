package server

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/telemetry/metricstest"
)

// faulty is a server for an Infrahub in memory that can be told to misbehave, and
// the address of that.
func faulty(t *testing.T, more map[string]string) (address, infrahub string, log *lockedBuffer) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Devices: 1, Faults: true})
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewServer(box)
	t.Cleanup(upstream.Close)
	cfg := configuration(t, upstream.URL, more)
	cfg.Infrahub.APIToken = config.Secret(seed.Accounts()[0].Token)
	address, log, _ = serve(t, cfg)
	return address, upstream.URL, log
}

// eventually waits for something that comes about by itself.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come about", what)
		}
	}
}

const (
	counting   = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query_graphql","arguments":{"query":"{ BuiltinTag { count } }"}}}`
	everything = `{"times":0,`
)

func TestAnInfrahubThatIsDown(t *testing.T) {
	for name, test := range map[string]struct{ fault, timeout string }{
		"it ends each connection":        {`"drop":"before"}`, "60"},
		"a gateway answers in its place": {`"status":502,"body":"<html>Bad Gateway</html>"}`, "60"},
		"it is being restarted":          {`"status":503}`, "60"},
		"it hangs":                       {`"delay":"1h"}`, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			address, infrahub, log := faulty(t, map[string]string{
				"INFRAHUB_MCP_BREAKER_FAILURES": "3", "INFRAHUB_MCP_BREAKER_PAUSE": "0.5", "INFRAHUB_TIMEOUT": test.timeout, "INFRAHUB_MCP_PROMETHEUS_ENABLED": "true",
			})
			answered := func() bool { // the sandbox needs its time for the first one
				_, answer, _ := do(t, "POST", address+"/mcp", counting, "Accept", accept)
				return strings.Contains(answer, "structuredContent")
			}
			eventually(t, "the first answer", answered)
			do(t, "POST", infrahub+"/sandbox/faults", everything+`"path":"/graphql",`+test.fault)
			do(t, "POST", infrahub+"/sandbox/faults", everything+`"path":"/api",`+test.fault)
			eventually(t, "the pause", func() bool {
				_, answer, _ := do(t, "POST", address+"/mcp", counting, "Accept", accept)
				if !strings.Contains(answer, `"code":-32002`) && !strings.Contains(answer, "Service Unavailable. This is a fault of Infrahub; try again") {
					t.Errorf("while Infrahub is down: %s", answer)
				}
				return strings.Contains(answer, "did not answer 3 times in a row") && strings.Contains(answer, "Try again in 1s.")
			})
			eventually(t, "the truth about health", func() bool {
				status, answer, _ := do(t, "GET", address+"/health", "")
				return status == http.StatusServiceUnavailable && !strings.Contains(answer, "in a row")
			})
			do(t, "DELETE", infrahub+"/sandbox/faults", "")
			eventually(t, "health", func() bool {
				status, _, _ := do(t, "GET", address+"/health", "")
				return status == http.StatusOK
			})
			eventually(t, "an answer", answered)
			if text := log.String(); !strings.Contains(text, "infrahub_breaker state=open") || !strings.Contains(text, "infrahub_breaker state=closed") {
				t.Error("the log does not tell of it")
			}
		})
	}
}

func TestARefusalOfInfrahubStopsNobody(t *testing.T) {
	address, infrahub, _ := faulty(t, map[string]string{"INFRAHUB_MCP_BREAKER_FAILURES": "1", "INFRAHUB_MCP_BREAKER_PAUSE": "3600"})
	for _, status := range []int{400, 401, 403, 404, 422, 500} {
		do(t, "POST", infrahub+"/sandbox/faults", fmt.Sprintf(`{"path":"/graphql","times":1,"status":%d,"body":"{}"}`, status))
		do(t, "POST", address+"/mcp", counting, "Accept", accept)
		if _, answer, _ := do(t, "POST", address+"/mcp", counting, "Accept", accept); !strings.Contains(answer, "structuredContent") {
			t.Errorf("after %d: %s", status, answer)
		}
	}
}

// gated is an Infrahub in memory that answers GraphQL only when it may, and tells
// who asks: whose credential it is, or that it is the query of theirs.
type gated struct {
	box   *sandbox.Sandbox
	open  atomic.Bool
	asked chan string
	may   chan struct{}
}

func (g *gated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/graphql" && !g.open.Load() {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // nobody waits for it
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		from := r.Header.Get("X-INFRAHUB-KEY")
		if bytes.Contains(body, []byte("theirs:")) {
			from = "theirs"
		}
		g.asked <- from
		select {
		case <-g.may:
		case <-r.Context().Done():
			return
		}
	}
	g.box.ServeHTTP(w, r)
}

func narrow(t *testing.T, more map[string]string) (address string, g *gated, read func(series string) float64) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Devices: 1})
	if err != nil {
		t.Fatal(err)
	}
	g = &gated{box: box, asked: make(chan string, 1000), may: make(chan struct{})}
	g.open.Store(true)
	upstream := httptest.NewServer(g)
	t.Cleanup(upstream.Close)
	settings := map[string]string{"INFRAHUB_MCP_AUTH_MODE": "token-passthrough", "INFRAHUB_MAX_CONCURRENT_EXECUTION": "1", "INFRAHUB_MCP_PROMETHEUS_ENABLED": "true"}
	maps.Copy(settings, more)
	address, _, _ = serve(t, configuration(t, upstream.URL, settings))
	return address, g, func(series string) float64 {
		_, answer, _ := do(t, "GET", address+"/metrics", "")
		return metricstest.Parse(t, strings.NewReader(answer))[metricstest.Prefix+series]
	}
}

// ask sends the query of an account, and returns the answer.
func ask(t *testing.T, address, token string) (status int, answer string, header http.Header) {
	return do(t, "POST", address+"/mcp", counting, "Accept", accept, "Authorization", "Bearer "+token)
}

func TestABacklogOfOneDoesNotDelayAnother(t *testing.T) {
	address, g, read := narrow(t, nil)
	many, one := seed.Accounts()[0].Token, seed.Accounts()[1].Token
	for _, token := range []string{many, one} { // names and schema are known from now on
		if _, answer, _ := ask(t, address, token); !strings.Contains(answer, "structuredContent") {
			t.Fatal(answer)
		}
	}
	backlog(t, g, read, func() { ask(t, address, many) }, func() { ask(t, address, one) }, one)
}

func TestABacklogOfASessionDoesNotDelayAnotherInModeNone(t *testing.T) {
	address, g, read := narrow(t, map[string]string{"INFRAHUB_MCP_AUTH_MODE": "none", "INFRAHUB_API_TOKEN": seed.Accounts()[0].Token})
	many, one := session(t, address), session(t, address)
	query := func(session, body string) func() {
		return func() { do(t, "POST", address+"/mcp", body, "Accept", accept, "Mcp-Session-Id", session) }
	}
	query(many, counting)() // the schema is known from now on
	backlog(t, g, read, query(many, counting), query(one, strings.Replace(counting, "BuiltinTag", "theirs: BuiltinTag", 1)), "theirs")
}

// backlog lets one user ask for much and another for one thing, and wants the other
// to get a turn soon.
func backlog(t *testing.T, g *gated, read func(string) float64, many, one func(), from string) {
	t.Helper()
	g.open.Store(false)
	var all sync.WaitGroup
	for range 30 {
		all.Go(many)
	}
	eventually(t, "the backlog", func() bool { return read("upstream_queue_length") == 29 })
	all.Go(one)
	eventually(t, "one more", func() bool { return read("upstream_queue_length") == 30 })
	var order []string
	for range 31 {
		order = append(order, <-g.asked)
		g.may <- struct{}{}
	}
	all.Wait()
	// The first is under way already, the next may be of the backlog, then it is
	// the other's turn.
	if place := slices.Index(order, from); place < 0 || place > 2 {
		t.Errorf("it is number %d of %d", place+1, len(order))
	}
}

func TestARequestThatWaitsForNothingIsToldSo(t *testing.T) {
	address, g, read := narrow(t, map[string]string{"INFRAHUB_MCP_QUEUE_TIMEOUT": "0.2"})
	token := seed.Accounts()[0].Token
	ask(t, address, token)
	g.open.Store(false)
	var first sync.WaitGroup
	first.Go(func() {
		if _, answer, _ := ask(t, address, token); !strings.Contains(answer, "structuredContent") {
			t.Errorf("the first: %s", answer)
		}
	})
	<-g.asked
	_, answer, _ := ask(t, address, token)
	for _, part := range []string{`"isError":true`, "This server is busy: the request waited for 200ms", "Try again in 5s."} {
		if !strings.Contains(answer, part) {
			t.Errorf("the answer lacks %s: %s", part, answer)
		}
	}
	if read(`rate_limit_refusals_total{limit="queue"}`) != 1 || read("upstream_queue_wait_seconds_count") != 1 || read("upstream_queue_length") != 0 {
		t.Error("it is not counted")
	}
	g.open.Store(true)
	close(g.may)
	first.Wait()
}

// TestTooMuchIsRefusedAtOnce offers a server ten times what it lets in and checks
// that it lets in as many, answers those and refuses the rest.
func TestTooMuchIsRefusedAtOnce(t *testing.T) {
	const most, clients, each = 20, 200, 15
	var now, peak atomic.Int32
	box, err := sandbox.New(sandbox.Options{Devices: 1})
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := peak.Load(); n > old; old = peak.Load() {
			if peak.CompareAndSwap(old, n) {
				break
			}
		}
		if r.URL.Path == "/graphql" {
			time.Sleep(10 * time.Millisecond) // as Infrahub does
		}
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(upstream.Close)
	cfg := configuration(t, upstream.URL, map[string]string{
		"INFRAHUB_MCP_MAX_REQUESTS": fmt.Sprint(most), "INFRAHUB_MAX_CONCURRENT_EXECUTION": "5", "INFRAHUB_MCP_LOG_LEVEL": "error", "INFRAHUB_MCP_PROMETHEUS_ENABLED": "true",
	})
	cfg.Infrahub.APIToken = config.Secret(seed.Accounts()[0].Token)
	address, _, _ := serve(t, cfg)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	t.Cleanup(client.CloseIdleConnections)
	send := func() (status int, took time.Duration) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/mcp", strings.NewReader(counting))
		if err != nil {
			t.Error(err)
			return 0, 0
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", accept)
		start := time.Now()
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return 0, 0
		}
		defer func() { _ = response.Body.Close() }()
		raw, err := io.ReadAll(response.Body)
		switch {
		case err != nil:
			t.Error(err)
		case response.StatusCode == http.StatusOK && !strings.Contains(string(raw), "structuredContent"),
			response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") == "",
			response.StatusCode != http.StatusOK && response.StatusCode != http.StatusServiceUnavailable:
			t.Errorf("%d %v %s", response.StatusCode, response.Header, raw)
		}
		return response.StatusCode, time.Since(start)
	}
	send()
	alone, _ := quantiles(func() (all []time.Duration) {
		for range 50 {
			_, took := send()
			all = append(all, took)
		}
		return all
	}())

	var mu sync.Mutex
	took := map[int][]time.Duration{}
	var all sync.WaitGroup
	over := make(chan struct{})
	healthy := make(chan int, 1)
	go func() { // beside the load, somebody looks after the server
		n := 0
		for {
			select {
			case <-over:
				healthy <- n
				return
			default:
			}
			if status, _, _ := do(t, "GET", address+"/health", ""); status == http.StatusOK {
				n++
			}
		}
	}()
	start := time.Now()
	for range clients {
		all.Go(func() {
			for range each {
				status, d := send()
				mu.Lock()
				took[status] = append(took[status], d)
				mu.Unlock()
				if status == http.StatusServiceUnavailable {
					time.Sleep(20 * time.Millisecond) // less than it is asked to
				}
			}
		})
	}
	all.Wait()
	elapsed := time.Since(start)
	close(over)
	served, refused := took[http.StatusOK], took[http.StatusServiceUnavailable]
	if len(served)+len(refused) != clients*each || len(served) < most || len(refused) == 0 {
		t.Errorf("%d were served and %d refused", len(served), len(refused))
	}
	// One more for the health of the server, which waits for no turn.
	if peak.Load() > 6 {
		t.Errorf("Infrahub had %d requests at a time", peak.Load())
	}
	if n := <-healthy; n == 0 {
		t.Error("under load the server does not say that it is healthy")
	}
	if status, _ := send(); status != http.StatusOK {
		t.Errorf("after the load: %d", status)
	}
	half, most99 := quantiles(served)
	_, refused99 := quantiles(refused)
	t.Logf("alone %s; of %d requests %d were served in %s (%.0f a second), half within %s and 99 %% within %s, and %d refused, 99 %% within %s",
		alone, clients*each, len(served), elapsed.Round(time.Millisecond), float64(len(served))/elapsed.Seconds(), half, most99, len(refused), refused99)
}

// quantiles are the median and the 99th percentile.
func quantiles(all []time.Duration) (half, most time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2].Round(10 * time.Microsecond), all[len(all)*99/100].Round(10 * time.Microsecond)
}

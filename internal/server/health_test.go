package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProbesShareAnAnswer(t *testing.T) {
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		asked, answer := 0, error(nil)
		p := &probe{ask: func(context.Context) error {
			asked++
			time.Sleep(100 * time.Millisecond)
			return answer
		}}
		for _, step := range []struct {
			name   string
			wait   time.Duration
			answer error
			want   error
			asked  int
		}{
			{"the first", 0, nil, nil, 1},
			{"soon after", probeLife / 2, down, nil, 1},
			{"when it is old", probeLife, down, down, 2},
			{"soon after a failure", probeLife / 2, nil, down, 2},
			{"when that is old", probeLife, nil, nil, 3},
		} {
			time.Sleep(step.wait)
			answer = step.answer
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					if err := p.result(t.Context()); !errors.Is(err, step.want) {
						t.Errorf("%s: %v, want %v", step.name, err, step.want)
					}
				})
			}
			all.Wait()
			if asked != step.asked {
				t.Errorf("%s: it was asked %d times, want %d", step.name, asked, step.asked)
			}
		}
	})
}

func TestAProbeThatGivesUpLeavesTheAnswerToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probe{ask: func(ctx context.Context) error {
			time.Sleep(time.Second)
			return ctx.Err()
		}}
		ctx, giveUp := context.WithCancel(t.Context())
		impatient, patient := make(chan error, 1), make(chan error, 1)
		go func() { impatient <- p.result(ctx) }()
		synctest.Wait()
		go func() { patient <- p.result(t.Context()) }()
		synctest.Wait()
		giveUp()
		if err := <-impatient; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up: %v", err)
		}
		if err := <-patient; err != nil {
			t.Errorf("the other: %v", err)
		}
	})
}

func TestAProbeHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probe{ask: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		start := time.Now()
		if err := p.result(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != probeLimit {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestProbesInEveryMode(t *testing.T) {
	type answers map[string]string // by path
	wrong := map[string]string{"INFRAHUB_API_TOKEN": "another-token"}
	passthrough := func(mode string) map[string]string {
		return map[string]string{"INFRAHUB_MCP_AUTH_MODE": mode, "INFRAHUB_API_TOKEN": ""}
	}
	for _, test := range []struct {
		name     string
		settings map[string]string
		oidc     bool
		want     answers
	}{
		{"none, and Infrahub answers", nil, false, answers{"/health": "200 healthy", "/health/live": "200 alive", "/health/ready": "200 ready"}},
		{"none, and Infrahub refuses the credential", wrong, false, answers{"/health": "503 unhealthy", "/health/live": "200 alive", "/health/ready": "503 not ready"}},
		{"token-passthrough", passthrough("token-passthrough"), false, answers{"/health": "200 healthy", "/health/live": "200 alive", "/health/ready": "200 ready"}},
		{"basic-passthrough", passthrough("basic-passthrough"), false, answers{"/health": "200 healthy", "/health/live": "200 alive", "/health/ready": "200 ready"}},
		{"oidc, and the identity provider is down", nil, true, answers{"/health": "200 healthy", "/health/live": "200 alive", "/health/ready": "200 ready"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked atomic.Int64
			behind := upstream(t)
			counting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				behind.Config.Handler.ServeHTTP(w, r)
			}))
			defer counting.Close()
			settings := map[string]string{"INFRAHUB_MCP_RATE_LIMIT_RPS": "0.001", "INFRAHUB_MCP_RATE_LIMIT_BURST": "1"} // probes have no limit
			maps.Copy(settings, test.settings)
			if test.oidc {
				down := httptest.NewServer(http.NotFoundHandler())
				down.Close()
				maps.Copy(settings, map[string]string{
					"INFRAHUB_MCP_AUTH_MODE": "oidc", "INFRAHUB_MCP_OIDC_CLIENT_ID": "x", "INFRAHUB_MCP_OIDC_BASE_URL": publicURL,
					"INFRAHUB_MCP_OIDC_CONFIG_URL": down.URL + "/.well-known/openid-configuration", "INFRAHUB_MCP_SIGNING_KEY": signingKey,
				})
			}
			address, _, _ := serve(t, configuration(t, counting.URL, settings))
			got := answers{}
			for range 3 {
				for path := range test.want {
					status, text, header := do(t, http.MethodGet, address+path, "")
					var answer struct{ Status, Reason string }
					if err := json.Unmarshal([]byte(text), &answer); err != nil || header.Get("Content-Type") != "application/json" {
						t.Errorf("%s: %v %s", path, err, text)
					}
					if (answer.Reason != "") != (status == http.StatusServiceUnavailable) {
						t.Errorf("%s: the reason of %d is %q", path, status, answer.Reason)
					}
					got[path] = fmt.Sprintf("%d %s", status, answer.Status)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if passing := strings.HasSuffix(test.settings["INFRAHUB_MCP_AUTH_MODE"], "passthrough"); passing != (asked.Load() == 0) {
				t.Errorf("Infrahub is asked %d times", asked.Load())
			}
		})
	}
}

func TestWhetherTheProcessLivesIsAskedOfNobody(t *testing.T) {
	var asked atomic.Int64
	infrahub := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer infrahub.Close()
	address, _, _ := serve(t, configuration(t, infrahub.URL, nil))
	if status, answer, _ := do(t, http.MethodGet, address+"/health/live", ""); status != http.StatusOK || asked.Load() != 0 {
		t.Errorf("%d %s, with %d requests to Infrahub", status, answer, asked.Load())
	}
}

func TestAFloodOfProbesReachesInfrahubOnce(t *testing.T) {
	var asked atomic.Int64
	infrahub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"version":"1.11.9"}`))
	}))
	defer infrahub.Close()
	address, _, _ := serve(t, configuration(t, infrahub.URL, nil))
	start := time.Now()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 10 {
				for _, path := range []string{"/health", "/health/ready"} {
					if status, answer, _ := do(t, http.MethodGet, address+path, ""); status != http.StatusOK {
						t.Errorf("%s: %d %s", path, status, answer)
					}
				}
			}
		})
	}
	all.Wait()
	// One for each lifetime of an answer that has passed meanwhile.
	if most := int64(time.Since(start)/probeLife) + 1; asked.Load() > most {
		t.Errorf("1000 probes reach Infrahub %d times, want at most %d", asked.Load(), most)
	}
}

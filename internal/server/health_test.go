package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
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
			for range 20 {
				if status, answer, _ := do(t, http.MethodGet, address+"/health", ""); status != http.StatusOK {
					t.Errorf("%d %s", status, answer)
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

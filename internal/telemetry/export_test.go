package telemetry

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// collector is one in the process.
type collector func(context.Context) error

func (c collector) ExportSpans(ctx context.Context, _ []sdk.ReadOnlySpan) error { return c(ctx) }
func (c collector) Shutdown(context.Context) error                              { return nil }

func TestACollectorThatDoesNotAnswerHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		hangs := collector(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		traces := newTraces(&exporter{to: hangs, log: NewLogger(&log, LogOptions{Format: FormatText})}, resource.Empty())
		start := time.Now()
		for range 10_000 { // more than are kept
			_, span := traces.MessageSpan(t.Context(), t.Context(), Message{Method: "ping"})
			span.End()
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("spans wait for %s", took)
		}
		traces.Close()
		if took := time.Since(start); took != flushLimit {
			t.Errorf("the end takes %s", took)
		}
		for _, want := range []string{`msg="spans could not be exported" lost=512`, `msg="more spans could not be exported" lost=`} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("the log does not say %s once:\n%s", want, log.String())
			}
		}
	})
}

func TestTroubleWithACollectorIsLoggedOnceInAWhile(t *testing.T) {
	down := errors.New("down")
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		e := &exporter{log: NewLogger(&log, LogOptions{Format: FormatText}), closing: t.Context()}
		start := time.Now()
		var got []string
		for _, step := range []struct {
			until  time.Duration
			answer error
		}{
			{time.Minute, nil},
			{11 * time.Minute, down},
			{21 * time.Minute, nil},
			{21*time.Minute + 30*time.Second, down},
			{22 * time.Minute, nil},
			{30 * time.Minute, nil},
		} {
			e.to = collector(func(context.Context) error { return step.answer })
			for ; time.Since(start) < step.until; time.Sleep(10 * time.Second) {
				if err := e.ExportSpans(t.Context(), make([]sdk.ReadOnlySpan, 1)); err != nil {
					t.Error(err)
				}
			}
		}
		for line := range strings.Lines(log.String()) {
			_, line, _ = strings.Cut(line, "msg=")
			got = append(got, strings.TrimSpace(line))
		}
		want := []string{
			`"spans could not be exported" lost=1 error=down`,
			`"spans could not be exported" lost=30 error=down`,
			`"spans are exported again" lost=29`,
			`"spans could not be exported" lost=1 error=down`,
			`"spans are exported again" lost=2`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

package call

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAChangeIsFinishedForAClientThatWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		committed := false
		c := &Call{Commit: func() { committed = true }}
		ctx, cancel := context.WithCancel(t.Context())
		finishing, done := c.Finish(ctx)
		defer done()
		if !committed {
			t.Error("the call is not answered when it is cancelled")
		}
		time.Sleep(time.Hour)
		cancel()
		time.Sleep(FinishLimit - time.Nanosecond)
		synctest.Wait()
		if err := finishing.Err(); err != nil {
			t.Errorf("it ended early: %v", err)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if err := finishing.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("it goes on: %v", err)
		}
	})
}

func TestAChangeHasTheTimeLimitOfItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		finishing, done := new(Call).Finish(ctx)
		defer done()
		time.Sleep(time.Second)
		synctest.Wait()
		if err := finishing.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it goes on: %v", err)
		}
	})
}

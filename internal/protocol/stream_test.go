package protocol

import (
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestNoCommentFollowsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		out := newStream(w, time.Second)
		stop := out.keepAlive(time.Second, time.Second)
		out.finish([]byte(`{}`), true)
		time.Sleep(time.Minute)
		stop()
		if got := w.Body.String(); got != `{}` {
			t.Errorf("got %q", got)
		}
	})
}

func TestAStreamThatIsSilentIsOpenedAndThenKeptAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		out := newStream(w, time.Second)
		stop := out.keepAlive(time.Second, time.Minute)
		time.Sleep(1500 * time.Millisecond)
		out.mu.Lock()
		if got := w.Body.String(); !w.Flushed || got != "" {
			t.Errorf("after a second: flushed: %t, %q", w.Flushed, got)
		}
		out.mu.Unlock()
		time.Sleep(2 * time.Minute)
		stop()
		time.Sleep(time.Hour)
		if got := w.Body.String(); got != ": keep-alive\n\n: keep-alive\n\n" {
			t.Errorf("after two minutes more: %q", got)
		}
	})
}

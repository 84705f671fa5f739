package kept

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func answer(text string) Answer { return Answer{Text: []byte(text)} }

func TestAnAnswerIsKeptForItsCallerAndForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := telemetry.NewMetrics("test")
		a := New(Options{Life: time.Minute, Bytes: 1 << 20, Metrics: metrics})
		want := Answer{Text: []byte("text"), Structured: []byte("{}")}
		changes := metricstest.Changes(t, metrics, func() {
			a.For("ann").Put("q", want)
			time.Sleep(time.Minute - 1)
			if got, ok := a.For("ann").Get("q"); !ok || cmp.Diff(want, got) != "" {
				t.Errorf("within its time: %v, %+v", ok, got)
			}
			for caller, question := range map[string]string{"bob": "q", "ann": "p", "": "q"} {
				if got, ok := a.For(caller).Get(question); ok {
					t.Errorf("%q asks for %q and gets %+v", caller, question, got)
				}
			}
			time.Sleep(time.Nanosecond)
			if got, ok := a.For("ann").Get("q"); ok {
				t.Errorf("after its time: %+v", got)
			}
		})
		if diff := cmp.Diff(map[string]float64{`answer_cache_lookups_total{result="hit"}`: 1, `answer_cache_lookups_total{result="missed"}`: 4}, changes); diff != "" {
			t.Errorf("counted (-want +got):\n%s", diff)
		}
		if a.bytes != 0 || a.byName.Len() != 0 {
			t.Errorf("%d bytes of %d answers are left", a.bytes, a.byName.Len())
		}
	})
}

func TestWhereNothingIsKeptNothingIsFound(t *testing.T) {
	var a *Answers
	c := a.For("ann")
	c.Put("q", answer("x"))
	if got, ok := c.Get("q"); ok {
		t.Errorf("%+v", got)
	}
}

func TestTheSizeIsBounded(t *testing.T) {
	a := New(Options{Life: time.Hour, Bytes: 1000})
	c := a.For("")
	c.Put("large", answer(strings.Repeat("x", 125)))
	if _, ok := c.Get("large"); ok {
		t.Error("what is too large is kept")
	}
	for _, question := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"} {
		c.Put(question, answer(strings.Repeat("x", 105)))
		if question == "10" {
			continue
		}
		c.Get("1") // in use
	}
	for question, want := range map[string]bool{"1": true, "2": false, "3": true, "10": true} {
		if _, ok := c.Get(question); ok != want {
			t.Errorf("%s is kept: %v", question, ok)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		a := New(Options{Life: time.Hour, Bytes: 1000})
		for range rapid.IntRange(1, 60).Draw(rt, "puts") {
			caller, question := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "caller"), rapid.StringN(1, 2, 2).Draw(rt, "question")
			size := rapid.IntRange(0, 200).Draw(rt, "size")
			a.For(caller).Put(question, answer(strings.Repeat("x", size)))
		}
		total := 0
		for _, e := range a.byName.Values() {
			total += e.size
		}
		if total != a.bytes || total > 1000 {
			rt.Errorf("%d bytes are kept and %d counted", total, a.bytes)
		}
	})
}

package state

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func TestMain(m *testing.M) {
	logging.Disable() // what the library says of dialing that fails on purpose
	goleak.VerifyTestMain(m)
}

// connect returns a connection, changed as said.
func connect(t testing.TB, address string, change ...func(*Settings)) *Redis {
	t.Helper()
	s := Settings{Address: "redis://" + address, Keys: keys("a"), Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&s)
	}
	r, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestWithoutAKeyNothingIsShared(t *testing.T) {
	if _, err := New(Settings{Address: "redis://redis.example"}); err == nil {
		t.Error("it works")
	}
}

func TestThatRedisIsAwayIsToldOnceAndThatItIsBackToo(t *testing.T) {
	server := miniredis.RunT(t)
	var written bytes.Buffer
	metrics := telemetry.NewMetrics("test")
	r := connect(t, server.Addr(), func(s *Settings) {
		s.Logger, s.Metrics = slog.New(slog.NewTextHandler(&written, nil)), metrics
	})
	returns := 0
	r.OnReturn(func(context.Context) { returns++ })
	up := func(want float64) {
		t.Helper()
		if got := metricstest.Read(t, metrics)["state_store_up"]; got != want {
			t.Errorf("the metric is %v, want %v", got, want)
		}
	}
	up(1)
	for _, reason := range []string{"LOADING", "MISCONF", "READONLY", "NOAUTH", "OOM"} {
		server.SetError(reason + " for some reason")
		for range 3 {
			if err := r.Set(t.Context(), "k", "v", time.Minute); !errors.Is(err, ErrAway) {
				t.Errorf("%s: %v", reason, err)
			}
		}
		if err := r.Probe(t.Context()); !errors.Is(err, ErrAway) {
			t.Errorf("%s: a probe: %v", reason, err)
		}
		up(0)
		server.SetError("")
		// Nothing is tried until somebody has looked.
		if err := r.Set(t.Context(), "k", "v", time.Minute); !errors.Is(err, ErrAway) {
			t.Errorf("%s: it is back by itself: %v", reason, err)
		}
		for range 2 {
			if err := r.Probe(t.Context()); err != nil {
				t.Errorf("%s: %v", reason, err)
			}
		}
		if err := r.Set(t.Context(), "k", "v", time.Minute); err != nil {
			t.Errorf("%s: %v", reason, err)
		}
		up(1)
	}
	var levels []string
	for line := range strings.Lines(written.String()) {
		_, level, _ := strings.Cut(line, "level=")
		level, _, _ = strings.Cut(level, " ")
		levels = append(levels, level)
	}
	want := strings.Fields(strings.Repeat("WARN INFO ", 5))
	if diff := cmp.Diff(want, levels); diff != "" || returns != 5 {
		t.Errorf("returned %d times, (-want +got):\n%s\n%s", returns, diff, written.String())
	}
}

func TestARefusedCommandSaysNothingAboutRedis(t *testing.T) {
	server := miniredis.RunT(t)
	r := connect(t, server.Addr())
	if _, err := server.Lpush("list", "a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Get(t.Context(), "list"); err == nil || errors.Is(err, ErrAway) {
		t.Errorf("a value of another type: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.Get(gone, "k"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrAway) {
		t.Errorf("who no longer waits: %v", err)
	}
	if _, ok, err := r.Get(t.Context(), "k"); ok || err != nil {
		t.Errorf("then: %t, %v", ok, err)
	}
}

// A server that takes connections and says nothing is what a process that was
// stopped looks like.
func TestARedisThatHangsIsWaitedForOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connections atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	r := connect(t, listener.Addr().String())
	if err := r.Set(t.Context(), "k", "v", time.Minute); !errors.Is(err, ErrAway) {
		t.Errorf("the first command: %v", err)
	}
	before := connections.Load()
	for range 100 {
		if err := r.Set(t.Context(), "k", "v", time.Minute); !errors.Is(err, ErrAway) {
			t.Errorf("a later command: %v", err)
		}
	}
	if got := connections.Load(); got != before {
		t.Errorf("%d connections for commands that nobody answers, %d before", got, before)
	}
	_ = listener.Close()
	<-ended
}

func TestRunNoticesThatRedisIsAwayAndBack(t *testing.T) {
	server := miniredis.RunT(t)
	r := connect(t, server.Addr())
	back := make(chan struct{}, 1)
	r.OnReturn(func(context.Context) { back <- struct{}{} })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { r.Run(ctx); close(ended) }()
	server.SetError("LOADING")
	for !r.away.Load() {
		time.Sleep(time.Millisecond)
	}
	server.SetError("")
	<-back
	cancel()
	<-ended
}

func TestOfManyOneIsTheFirst(t *testing.T) {
	server := miniredis.RunT(t)
	one, two := connect(t, server.Addr()), connect(t, server.Addr())
	for _, step := range []struct {
		r           *Redis
		value, want string
	}{{one, "a", "a"}, {two, "b", "a"}, {one, "a", "a"}} {
		if has, err := step.r.SetFirst(t.Context(), "k", step.value, time.Minute); has != step.want || err != nil {
			t.Errorf("after %s it is %s, %v", step.value, has, err)
		}
	}
	server.FastForward(2 * time.Minute)
	if has, err := two.SetFirst(t.Context(), "k", "b", time.Minute); has != "b" || err != nil {
		t.Errorf("after its time it is %s, %v", has, err)
	}
}

func TestABucketIsOneForAllReplicas(t *testing.T) {
	server := miniredis.RunT(t)
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	server.SetTime(now)
	one, two := connect(t, server.Addr()), connect(t, server.Addr())
	take := func(r *Redis, name string) time.Duration {
		t.Helper()
		wait, err := r.Take(t.Context(), name, 0.5, 3)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	var got []time.Duration
	for _, r := range []*Redis{one, two, one, two, one} {
		got = append(got, take(r, "ann"))
	}
	now = now.Add(1500 * time.Millisecond)
	server.SetTime(now)
	got = append(got, take(one, "ann"))
	now = now.Add(500 * time.Millisecond)
	server.SetTime(now)
	got = append(got, take(two, "ann"), take(one, "ann"))
	want := []time.Duration{0, 0, 0, 2 * time.Second, 2 * time.Second, 500 * time.Millisecond, 0, 2 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if wait := take(two, "bob"); wait != 0 {
		t.Errorf("another one waits %s", wait)
	}
	if ttl := server.TTL("ann"); ttl <= 0 || ttl > 6*time.Second {
		t.Errorf("the bucket is kept for %s", ttl)
	}
}

func TestReplicasHearEachOther(t *testing.T) {
	server := miniredis.RunT(t)
	one, two := connect(t, server.Addr()), connect(t, server.Addr())
	stranger := connect(t, server.Addr(), func(s *Settings) { s.Keys = keys("z") })
	renewed := connect(t, server.Addr(), func(s *Settings) { s.Keys = keys("b", "a") })
	ctx, cancel := context.WithCancel(t.Context())
	ready, heard, ended := make(chan struct{}, 1), make(chan string, 10), make(chan struct{})
	go func() {
		two.Subscribe(ctx, "topic", func() { ready <- struct{}{} }, func(m []byte) { heard <- string(m) })
		close(ended)
	}()
	<-ready
	say := func(from *Redis, topic, text string) {
		t.Helper()
		if _, err := from.Publish(t.Context(), topic, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	say(two, "topic", "its own")
	say(stranger, "topic", "of another key")
	server.Publish(Prefix+"topic", "made up")
	say(one, "other", "elsewhere")
	say(one, "topic", "first")
	say(one, "topic", "second")
	if diff := cmp.Diff([]string{"first", "second"}, []string{<-heard, <-heard}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, ok := renewed.open("topic", one.seal("topic", []byte("x"))); !ok {
		t.Error("a replica with a newer key too does not hear one with the older key")
	}
	if n, err := one.Publish(t.Context(), "other", nil); n != 0 || err != nil {
		t.Errorf("%d hear what nobody listens to, %v", n, err)
	}
	if sealed := one.seal("topic", []byte("plain")); bytes.Contains(sealed, []byte("plain")) {
		t.Error("what goes through Redis can be read")
	}
	cancel()
	<-ended
}

func TestNamesTellNothing(t *testing.T) {
	a, b := connect(t, "redis.example:1"), connect(t, "redis.example:1", func(s *Settings) { s.Keys = keys("b") })
	if a.Name("rate", "192.0.2.1") == b.Name("rate", "192.0.2.1") {
		t.Error("a name can be made without the key")
	}
	if a.Name("rate", "192.0.2.1") == a.Name("rate", "192.0.2.2") || Key("k", "a") == Key("k", "b") {
		t.Error("two things have one name")
	}
}

func TestKeysAreReplacedWhileItRuns(t *testing.T) {
	old, changed := connect(t, "redis.example:1"), connect(t, "redis.example:1")
	before := changed.Name("rate", "192.0.2.1")
	if err := changed.Replace(keys("b", "a")...); err != nil {
		t.Fatal(err)
	}
	if changed.Name("rate", "192.0.2.1") == before {
		t.Error("names are made with the old key")
	}
	if _, ok := changed.open("topic", old.seal("topic", []byte("x"))); !ok {
		t.Error("what others sealed with the old key is not read")
	}
	if _, ok := old.open("topic", changed.seal("topic", []byte("x"))); ok {
		t.Error("it seals with the old key")
	}
	if err := changed.Replace(); err == nil {
		t.Error("no key is taken for keys")
	}
}

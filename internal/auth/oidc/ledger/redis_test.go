package ledger

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	miniserver "github.com/alicebob/miniredis/v2/server"
	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/state"
)

// replica returns a Redis that polls only when told to.
func replica(t *testing.T, server *miniredis.Miniredis, c *clock) *Redis {
	t.Helper()
	r, err := newRedis(t.Context(), connect(t, server.Addr()), c.now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// connect returns a connection that asks whether Redis serves only when told to.
func connect(t *testing.T, address string) *state.Redis {
	t.Helper()
	shared, err := state.New(state.Settings{Address: "redis://" + address, Keys: [][]byte{make([]byte, 32)}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.Close() })
	return shared
}

func poll(t *testing.T, r *Redis) {
	t.Helper()
	if err := r.poll(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestReplicasShareWhatTheyRemember(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	a, b := replica(t, server, c), replica(t, server, c)
	mark(t, a, "code", time.Minute)
	c.passed.Store(int64(time.Second))
	if first, at := mark(t, b, "code", time.Minute); first || !at.Equal(time.UnixMilli(start.UnixMilli())) {
		t.Errorf("the other replica: %t, %s", first, at)
	}
	keep(t, a, "answer", "v", time.Minute)
	wantKept(t, b, "answer", "v", true)

	revoke(t, a, "family", time.Minute)
	wantRevoked(t, b, "family", false)
	poll(t, b)
	wantRevoked(t, b, "family", true)
	// One that starts later knows it from the start, and for as long.
	late := replica(t, server, c)
	wantRevoked(t, late, "family", true)
	c.passed.Add(int64(time.Minute))
	for _, r := range []*Redis{a, b, late} {
		wantRevoked(t, r, "family", false)
	}
}

func TestReplicasFollowEachOther(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	a, b := replica(t, server, c), replica(t, server, c)
	ticks := make(chan time.Time)
	b.start(ticks, func() {})
	revoke(t, a, "family", time.Minute)
	ticks <- time.Time{}
	ticks <- time.Time{} // taken when the first poll is over
	wantRevoked(t, b, "family", true)
	b.Close()
}

func TestWhatIsInRedisIsNamedAndEnds(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	r := replica(t, server, c)
	mark(t, r, "jti", time.Minute)
	keep(t, r, "jti", "v", 30*time.Second)
	revoke(t, r, "family", time.Minute)
	got := map[string]time.Duration{}
	for _, key := range server.Keys() {
		got[key] = server.TTL(key)
	}
	want := map[string]time.Duration{
		"infrahub-mcp:mark:jti": time.Minute, "infrahub-mcp:kept:jti": 30 * time.Second,
		"infrahub-mcp:revoked": 0, "infrahub-mcp:revoked:change": 0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The set forgets what ended when more is revoked.
	c.passed.Store(int64(time.Minute))
	revoke(t, r, "another", time.Minute)
	members, err := server.ZMembers(keyRevoked)
	if err != nil || !slices.Equal(members, []string{"another"}) {
		t.Errorf("%q, %v", members, err)
	}
}

func TestTheSetIsReadOnlyAfterAChange(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	a, b := replica(t, server, c), replica(t, server, c)
	commands := func(r *Redis) int {
		before := server.CommandCount()
		poll(t, r)
		return server.CommandCount() - before
	}
	revoke(t, a, "family", time.Hour)
	if got := []int{commands(b), commands(b), commands(b)}; !slices.Equal(got, []int{2, 1, 1}) {
		t.Errorf("after a change: %d commands", got)
	}
	if got := []int{commands(a), commands(a)}; !slices.Equal(got, []int{2, 1}) {
		t.Errorf("after a change of its own: %d commands", got)
	}
}

func TestTheLaterEndCountsAmongReplicas(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	a, b := replica(t, server, c), replica(t, server, c)
	revoke(t, a, "family", time.Hour)
	revoke(t, b, "family", time.Minute)
	c.passed.Store(int64(30 * time.Minute))
	wantRevoked(t, replica(t, server, c), "family", true)
}

// A revocation that fails while the set is read has to be written by the next
// poll, although nothing changed since.
func TestAPollDoesNotHideAFailureMeanwhile(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	a, b := replica(t, server, c), replica(t, server, c)
	revoke(t, b, "family", time.Hour)
	server.Server().SetPreHook(func(_ *miniserver.Peer, command string, _ ...string) bool {
		if command == "ZRANGE" {
			a.forget()
		}
		return false
	})
	poll(t, a)
	server.Server().SetPreHook(nil)
	if a.read.Load() == nil || *a.read.Load() != "" {
		t.Error("the next poll reads only the change")
	}
}

func TestRevocationsInRedisAreBounded(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	r := replica(t, server, c)
	all := map[string]time.Time{}
	for n := range maxRevocations {
		all[fmt.Sprint(n)] = time.UnixMilli(start.UnixMilli()).Add(time.Hour + time.Duration(n)*time.Second)
	}
	if err := r.write(t.Context(), r.shared.Bulk, start, all); err != nil {
		t.Fatal(err)
	}
	revoke(t, r, "family", 30*24*time.Hour)
	poll(t, r)
	members, err := server.ZMembers(keyRevoked)
	if err != nil || len(members) != maxRevocations || slices.Contains(members, "0") {
		t.Errorf("%d in Redis, %v", len(members), err)
	}
	wantRevoked(t, r, "family", true)
	wantRevoked(t, r, "1", true)
	if n := len(r.revoked.known()); n != maxRevocations {
		t.Errorf("%d here", n)
	}
}

func TestWhileRedisIsAway(t *testing.T) {
	for name, way := range map[string]struct {
		away, back func(*testing.T, *miniredis.Miniredis)
	}{
		"not listening": {
			func(_ *testing.T, m *miniredis.Miniredis) { m.Close() },
			func(t *testing.T, m *miniredis.Miniredis) {
				if err := m.Restart(); err != nil {
					t.Fatal(err)
				}
			},
		},
		"answering with errors": {
			func(_ *testing.T, m *miniredis.Miniredis) {
				m.SetError("MISCONF Redis is configured to save RDB snapshots")
			},
			func(_ *testing.T, m *miniredis.Miniredis) { m.SetError("") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, c := miniredis.RunT(t), &clock{}
			a, b := replica(t, server, c), replica(t, server, c)
			mark(t, a, "code", time.Minute)
			revoke(t, a, "before", time.Hour)
			poll(t, a)

			way.away(t, server)
			if first, _, err := a.Mark(t.Context(), "other", time.Minute); err == nil || first {
				t.Errorf("a mark: %t, %v", first, err)
			}
			if err := a.Keep(t.Context(), "k", "marked", time.Minute); err == nil || strings.Contains(err.Error(), "marked") {
				t.Errorf("keeping: %v", err)
			}
			if _, ok, err := a.Kept(t.Context(), "k"); err == nil || ok {
				t.Errorf("reading: %t, %v", ok, err)
			}
			if err := a.Revoke(t.Context(), "meanwhile", time.Hour); err == nil {
				t.Error("a revocation that Redis did not get is no error")
			}
			if err := a.poll(t.Context()); err == nil {
				t.Error("polling: no error")
			}
			wantRevoked(t, a, "before", true)
			wantRevoked(t, a, "meanwhile", true)

			way.back(t, server)
			for _, r := range []*Redis{a, b} {
				if err := r.shared.Probe(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if first, _ := mark(t, a, "code", time.Minute); first {
				t.Error("the mark is forgotten")
			}
			poll(t, a) // gives Redis what it did not get
			poll(t, b)
			wantRevoked(t, b, "before", true)
			wantRevoked(t, b, "meanwhile", true)
		})
	}
}

func TestWhatRedisLostItIsGivenAgain(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	a := replica(t, server, c)
	revoke(t, a, "family", time.Hour)
	poll(t, a)
	server.FlushAll()
	poll(t, a)
	wantRevoked(t, a, "family", true)
	wantRevoked(t, replica(t, server, c), "family", true)
}

// A command is repeated when the connection breaks before its answer is read.
func TestAMarkWhoseAnswerWasLostIsStillTheFirst(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	proxy := newProxy(t, server.Addr())
	r, err := newRedis(t.Context(), connect(t, proxy.address), c.now)
	if err != nil {
		t.Fatal(err)
	}
	proxy.lose.Store(true)
	if first, _ := mark(t, r, "code", time.Minute); !first {
		t.Error("it is taken for a second use")
	}
	if proxy.lose.Load() {
		t.Error("no answer was lost")
	}
	if first, _ := mark(t, r, "code", time.Minute); first {
		t.Error("a second use is taken for the first")
	}
}

// proxy passes on what a client and Redis say, and can lose an answer.
type proxy struct {
	address string
	lose    atomic.Bool
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{address: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				return
			}
			go func() {
				_, _ = io.Copy(server, client)
				_ = server.Close()
			}()
			go func() {
				defer client.Close()
				defer server.Close()
				buffer := make([]byte, 1<<16)
				for {
					n, err := server.Read(buffer)
					// Only answers to a SET are lost, not those of the handshake.
					if err != nil || bytes.HasPrefix(buffer[:n], []byte("_")) && p.lose.CompareAndSwap(true, false) {
						return
					}
					if _, err := client.Write(buffer[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return p
}

func TestAMarkThatIsSomethingElseIsAnError(t *testing.T) {
	server, c := miniredis.RunT(t), &clock{}
	r := replica(t, server, c)
	if err := server.Set(prefixMark+"text", "marked"); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Lpush(prefixMark+"list", "marked"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"text", "list"} {
		if first, _, err := r.Mark(t.Context(), key, time.Minute); err == nil || first || strings.Contains(err.Error(), "marked") {
			t.Errorf("%s: %t, %v", key, first, err)
		}
	}
}

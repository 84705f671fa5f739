package protocol

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9/logging"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/state"
	"infrahub-mcp/internal/tool"
)

// pair is two replicas of a server.
type pair struct {
	t      *testing.T
	store  *miniredis.Miniredis
	url    [2]string
	shared [2]*state.Redis
	gate   [2]*gate
	http   [2]*HTTP
}

func newPair(t *testing.T, o HTTPOptions, change ...func(*Options)) *pair {
	t.Helper()
	logging.Disable() // what the library says of dialing that fails on purpose
	p := &pair{t: t, store: miniredis.RunT(t)}
	key := bytes.Repeat([]byte("k"), 32)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for i := range p.url {
		shared, err := state.New(state.Settings{Address: "redis://" + p.store.Addr(), Keys: [][]byte{key}, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = shared.Close() })
		s, g := testServer(t, append(slices.Clone(change), func(o *Options) { o.Shared, o.Keys = shared, [][]byte{key} })...)
		h := NewHTTP(s, NewSessions(time.Hour, principal, key), o)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), user{}, r.Header.Get("X-User"))))
		}))
		t.Cleanup(server.Close)
		t.Cleanup(h.Close)
		ended := make(chan struct{})
		go func() { h.Listen(ctx); close(ended) }()
		t.Cleanup(func() { cancel(); <-ended })
		p.url[i], p.shared[i], p.gate[i], p.http[i] = server.URL, shared, g, h
	}
	for p.store.PubSubNumSub(state.Prefix + topic)[state.Prefix+topic] < 2 {
		runtime.Gosched()
	}
	return p
}

// back lets the store answer again, and the replicas notice.
func (p *pair) back() {
	p.t.Helper()
	p.store.SetError("")
	for _, shared := range p.shared {
		if err := shared.Probe(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
	}
}

// status is that of a list of tools.
func (p *pair) status(i int, session string) int {
	p.t.Helper()
	return send(p.t, http.MethodPost, p.url[i], `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, legacy(session, "ann")).StatusCode
}

func TestASessionIsOneOfAllReplicasUntilItEndsAtOne(t *testing.T) {
	p := newPair(t, HTTPOptions{KeepAlive: time.Millisecond})
	session, other := initialize(t, p.url[0], "ann"), initialize(t, p.url[1], "ann")
	stream := newFeed(send(t, http.MethodGet, p.url[1], "", legacy(session, "ann")))
	for i := range p.url {
		if got := p.status(i, session); got != http.StatusOK {
			t.Errorf("at replica %d: %d", i, got)
		}
	}
	_ = text(t, send(t, http.MethodDelete, p.url[0], "", legacy(session, "ann")))
	if m := stream.next(t); m != nil {
		t.Errorf("the stream at the other replica tells %v", m)
	}
	for i := range p.url {
		if got := p.status(i, session); got != http.StatusNotFound {
			t.Errorf("after its end, at replica %d: %d", i, got)
		}
		if got := p.status(i, other); got != http.StatusOK {
			t.Errorf("another session, at replica %d: %d", i, got)
		}
	}
}

func TestASessionThatEndsWhileTheStoreIsAwayEndsEverywhereWhenItIsBack(t *testing.T) {
	p := newPair(t, HTTPOptions{})
	session := initialize(t, p.url[0], "ann")
	p.store.SetError("LOADING")
	if response := send(t, http.MethodDelete, p.url[0], "", legacy(session, "ann")); response.StatusCode != http.StatusOK {
		t.Fatal(text(t, response))
	}
	if got := p.status(0, session); got != http.StatusNotFound {
		t.Errorf("where it was ended: %d", got)
	}
	if got := p.status(1, session); got != http.StatusOK {
		t.Errorf("elsewhere sessions do not go on: %d", got)
	}
	p.back()
	if got := p.status(1, session); got != http.StatusNotFound {
		t.Errorf("afterwards: %d", got)
	}
}

func TestAnAnswerReachesTheReplicaThatAsked(t *testing.T) {
	p := newPair(t, HTTPOptions{})
	session := initializeAs(t, p.url[0], "ann", canElicit)
	stream := callAsks(t, p.url[0], 1, "leaf1", legacy(session, "ann"))
	question := stream.next(t)
	other := initializeAs(t, p.url[1], "bob", canElicit)
	_ = text(t, send(t, http.MethodPost, p.url[1], respond(question, yes), legacy(other, "bob"))) // not bob's to answer

	p.store.SetError("LOADING")
	if got := send(t, http.MethodPost, p.url[1], respond(question, yes), legacy(session, "ann")).StatusCode; got != http.StatusServiceUnavailable {
		t.Errorf("an answer that cannot be passed on: %d", got)
	}
	p.back()
	no := `"result":{"action":"decline"}`
	if got := send(t, http.MethodPost, p.url[1], respond(question, no), legacy(session, "ann")).StatusCode; got != http.StatusAccepted {
		t.Errorf("the answer: %d", got)
	}
	if got := outcome(stream.next(t)); got != "declined" {
		t.Errorf("the call was %s", got)
	}
}

func TestARequestIsCancelledFromAnyReplica(t *testing.T) {
	p := newPair(t, HTTPOptions{})
	session, other := initialize(t, p.url[0], "ann"), initialize(t, p.url[0], "ann")
	done := make(chan string)
	go func() {
		done <- text(t, send(t, http.MethodPost, p.url[0], callGate("1", "a"), legacy(session, "ann")))
	}()
	<-p.gate[0].entered
	cancelled := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`
	_ = text(t, send(t, http.MethodPost, p.url[1], cancelled, legacy(other, "ann"))) // of another session
	_ = text(t, send(t, http.MethodPost, p.url[1], strings.Replace(cancelled, "1}", "2}", 1), legacy(session, "ann")))
	select {
	case got := <-p.gate[0].entered:
		t.Fatal(got)
	default:
	}
	_ = text(t, send(t, http.MethodPost, p.url[1], cancelled, legacy(session, "ann")))
	if got := <-p.gate[0].entered; got != "cancelled a" {
		t.Error(got)
	}
	<-done
}

func TestTheRestOfAStreamIsHadFromAnyReplica(t *testing.T) {
	step := make(chan bool)
	walk := tool.Define(tool.Tool{Name: "walk", Description: "Walks."}, func(ctx context.Context, c *call.Call, in gateInput) (*gateOutput, error) {
		for n := 1; ; n++ {
			select {
			case last := <-step:
				if last {
					return &gateOutput{in.Name}, nil
				}
				c.Progress(n, 9, "step")
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	})
	p := newPair(t, HTTPOptions{Prime: time.Millisecond}, func(o *Options) { o.Tools = []tool.Tool{walk} })
	session := initialize(t, p.url[0], "ann")
	response, cut := leaving(t, http.MethodPost, p.url[0], callWalk, newest(legacy(session, "ann")))
	first, _ := reading(t, response)()
	cut()
	step <- false
	resumed, cut := leaving(t, http.MethodGet, p.url[1], "", newest(legacy(session, "ann"), "Last-Event-ID", first.ID))
	defer cut()
	next := reading(t, resumed)
	second, _ := next()
	if second.ID == "" || second.Message["method"] != "notifications/progress" {
		t.Errorf("the first event after coming back is %+v", second)
	}
	step <- false
	if third, _ := next(); third.Message["method"] != "notifications/progress" {
		t.Errorf("what came since is %+v", third)
	}
	step <- true
	last, _ := next()
	if result, _ := last.Message["result"].(map[string]any); last.Message["id"] != 7.0 || result["isError"] == true {
		t.Errorf("the answer is %+v", last)
	}
	if more, ok := next(); ok {
		t.Errorf("after the answer there is %+v", more)
	}
	// All of it again, elsewhere, by the session alone.
	again := events(t, send(t, http.MethodGet, p.url[1], "", newest(legacy(session, "ann"), "Last-Event-ID", second.ID)))
	if len(again) != 2 || again[1]["result"] == nil {
		t.Errorf("after %s there are %v", second.ID, again)
	}
	other, cut := leaving(t, http.MethodGet, p.url[1], "", newest(legacy(initialize(t, p.url[1], "bob"), "bob"), "Last-Event-ID", first.ID))
	time.AfterFunc(10*time.Millisecond, cut)
	if got, ok := reading(t, other)(); ok {
		t.Errorf("another session gets %+v", got)
	}
}

func TestTheLogLevelOfASessionHoldsAtAllReplicas(t *testing.T) {
	p := newPair(t, HTTPOptions{}, talking)
	session := initialize(t, p.url[0], "ann")
	hear := func(i int) int {
		t.Helper()
		return len(logs(t, events(t, send(t, http.MethodPost, p.url[i], callLog, legacy(session, "ann")))))
	}
	byDefault := hear(1)
	mustSend(t, p.url[0], fmt.Sprintf(setLevel, "debug"), legacy(session, "ann"))
	if got := hear(1); got <= byDefault || got != hear(0) {
		t.Errorf("%d messages at the other replica, %d by default", got, byDefault)
	}
	// The one chosen last counts, also where another one was chosen before.
	mustSend(t, p.url[1], fmt.Sprintf(setLevel, "emergency"), legacy(session, "ann"))
	if got := hear(0); got != 0 {
		t.Errorf("%d messages where the level was chosen first", got)
	}
}

func TestASessionIsToldAtTheReplicaThatHasItsStream(t *testing.T) {
	th, change := watching(t)
	p := newPair(t, HTTPOptions{}, change)
	headers := legacy(initialize(t, p.url[0], "ann"), "ann")
	// Subscribed before the stream is opened elsewhere, with a change in between.
	mustSend(t, p.url[0], subscribeTo("thing://a"), headers)
	th.change("a")
	stream := newFeed(send(t, http.MethodGet, p.url[1], "", headers))
	expect(t, stream, updated("a"))
	// And after that.
	mustSend(t, p.url[0], subscribeTo("thing://b"), headers)
	p.watching(1, headers, 2)
	th.change("b")
	expect(t, stream, updated("b"))
	// A stream at the first replica takes over, and what was told is not told again.
	stream = newFeed(send(t, http.MethodGet, p.url[0], "", headers))
	mustSend(t, p.url[1], strings.Replace(subscribeTo("thing://a"), "subscribe", "unsubscribe", 1), headers)
	p.watching(0, headers, 1)
	th.change("a", "b")
	expect(t, stream, updated("b"))
}

// watching waits until a replica watches so many resources for a session.
func (p *pair) watching(i int, headers map[string]string, want int) {
	p.t.Helper()
	for {
		one := p.http[i].subscribers.of(headers["Mcp-Session-Id"])
		one.mu.Lock()
		got := len(one.watched)
		one.mu.Unlock()
		if got == want || p.t.Context().Err() != nil {
			return
		}
		runtime.Gosched()
	}
}

func TestAQuestionOfOneReplicaIsAnsweredAtAnotherOnce(t *testing.T) {
	p := newPair(t, HTTPOptions{})
	ask := func(i int, state, response string) map[string]any {
		t.Helper()
		return retry{id: 1, user: "ann", state: state, response: response}.send(t, p.url[i])
	}
	token := stateOf(t, ask(0, "", ""))
	p.store.SetError("LOADING")
	if answer := ask(1, token, yes); !strings.Contains(stringOf(answer), "cannot be looked up at the moment") {
		t.Errorf("while nobody knows whether it was used: %v", answer)
	}
	p.back()
	got := []string{outcome(ask(1, token, yes)), outcome(ask(0, token, yes)), outcome(ask(1, token, yes))}
	if diff := cmp.Diff([]string{"confirmed", "asked", "asked"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNothingInTheStoreTellsWhichSessionItIsOf(t *testing.T) {
	_, change := watching(t)
	p := newPair(t, HTTPOptions{}, change)
	session := initialize(t, p.url[0], "ann")
	mustSend(t, p.url[0], fmt.Sprintf(setLevel, "debug"), legacy(session, "ann"))
	mustSend(t, p.url[0], subscribeTo("thing://a"), legacy(session, "ann"))
	ended := initialize(t, p.url[0], "ann")
	_ = text(t, send(t, http.MethodDelete, p.url[0], "", legacy(ended, "ann")))
	keys := p.store.Keys()
	for _, key := range keys {
		if strings.Contains(p.store.Dump(), session) || strings.Contains(p.store.Dump(), ended) {
			t.Errorf("the store holds the id of a session:\n%s", p.store.Dump())
		}
		if p.store.TTL(key) <= 0 {
			t.Errorf("%s never ends", key)
		}
	}
	if len(keys) != 3 {
		t.Errorf("the store holds %q", keys)
	}
}

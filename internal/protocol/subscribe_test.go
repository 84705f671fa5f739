package protocol

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/watch"
)

// things are resources thing://… that change when a test says so. Their version
// is different for each principal, as that of a session's branch may be.
type things struct {
	watcher *watch.Watcher

	mu       sync.Mutex
	versions map[string]int
	err      error
	looks    int
}

func (th *things) change(names ...string) {
	th.mu.Lock()
	for _, name := range names {
		th.versions[name]++
	}
	th.mu.Unlock()
	th.watcher.Hurry()
}

func (th *things) fail(err error) {
	th.mu.Lock()
	defer th.mu.Unlock()
	th.err = err
}

func (th *things) look(ctx context.Context, _ *call.Call, _ *watch.Round, variables map[string]string) (string, error) {
	th.mu.Lock()
	defer th.mu.Unlock()
	th.looks++
	if _, known := th.versions[variables["name"]]; !known && th.err == nil {
		return "", problem.New("There is no such thing.", "Take another one.")
	}
	return fmt.Sprint(principal(ctx), th.versions[variables["name"]]), th.err
}

// watching lets a server offer things a, b and c, and one that cannot be watched.
func watching(t *testing.T) (th *things, change func(*Options)) {
	t.Helper()
	upstream, err := infrahub.New(infrahub.Settings{Address: "http://127.0.0.1:1", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	th = &things{watcher: watch.New(), versions: map[string]int{"a": 1, "b": 1, "c": 1}}
	read := func(context.Context, *call.Call, map[string]string) ([]byte, error) { return []byte("{}"), nil }
	return th, func(o *Options) {
		o.Watcher = th.watcher
		o.Resources = []resource.Resource{
			resource.Define(resource.Resource{URI: "thing://{name}", Name: "thing"}, read, th.look),
			resource.Define(resource.Resource{URI: "stone://one", Name: "stone"}, read, nil),
		}
		o.NewCall = func(ctx context.Context, _ Origin) (*call.Call, error) {
			// Each user has a credential.
			return &call.Call{Client: upstream.Client(infrahub.Credential{Token: "token of " + principal(ctx)}), Logger: slog.New(slog.DiscardHandler)}, nil
		}
	}
}

// feed reads the messages of a stream as they come.
type feed struct{ lines *bufio.Scanner }

func newFeed(response *http.Response) *feed { return &feed{bufio.NewScanner(response.Body)} }

// next returns the next message, nil at the end of the stream.
func (f *feed) next(t *testing.T) map[string]any {
	t.Helper()
	for f.lines.Scan() {
		raw, ok := strings.CutPrefix(f.lines.Text(), "data: ")
		if !ok {
			continue
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(raw), &m); err != nil {
			t.Fatalf("%q is no message: %v", raw, err)
		}
		return m
	}
	return nil
}

func updated(name string) map[string]any {
	return map[string]any{"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": map[string]any{"uri": "thing://" + name}}
}

// tagged is what a subscription of an id is told.
func tagged(m map[string]any, id any) map[string]any {
	m["params"].(map[string]any)["_meta"] = map[string]any{"io.modelcontextprotocol/subscriptionId": id}
	return m
}

func expect(t *testing.T, f interface {
	next(*testing.T) map[string]any
}, want map[string]any) {
	t.Helper()
	if diff := cmp.Diff(want, f.next(t)); diff != "" {
		t.Fatal(diff)
	}
}

func subscribeTo(uri string) string {
	return `{"jsonrpc":"2.0","id":7,"method":"resources/subscribe","params":{"uri":"` + uri + `"}}`
}

// mustSend sends a request that has to succeed.
func mustSend(t *testing.T, url, body string, headers map[string]string) {
	t.Helper()
	if answer := text(t, send(t, http.MethodPost, url, body, headers)); !strings.Contains(answer, `"result"`) {
		t.Fatal(answer)
	}
}

func TestASessionIsToldOfWhatItSubscribedToAndNobodyElse(t *testing.T) {
	th, change := watching(t)
	server, _, _ := testHTTP(t, HTTPOptions{}, change)
	open := func(user, uri string) (*feed, map[string]string) {
		headers := legacy(initialize(t, server.URL, user), user)
		f := newFeed(send(t, http.MethodGet, server.URL, "", headers))
		mustSend(t, server.URL, subscribeTo(uri), headers)
		return f, headers
	}
	ann, headers := open("ann", "thing://a")
	twice, _ := open("ann", "thing://a") // another session of the same user
	bob, _ := open("bob", "thing://b")

	th.change("a")
	expect(t, ann, updated("a"))
	expect(t, twice, updated("a"))
	th.change("b")
	expect(t, bob, updated("b"))

	// From here on the one session wants something else.
	mustSend(t, server.URL, subscribeTo("thing://c"), headers)
	mustSend(t, server.URL, strings.Replace(subscribeTo("thing://a"), "subscribe", "unsubscribe", 1), headers)
	th.change("a", "c")
	expect(t, ann, updated("c"))
	expect(t, twice, updated("a"))
}

func TestWhatChangesWhileThereIsNoStreamIsToldOnTheNext(t *testing.T) {
	th, change := watching(t)
	server, _, _ := testHTTP(t, HTTPOptions{}, change)
	headers := legacy(initialize(t, server.URL, "ann"), "ann")
	mustSend(t, server.URL, subscribeTo("thing://a"), headers)
	th.change("a", "b")
	expect(t, newFeed(send(t, http.MethodGet, server.URL, "", headers)), updated("a"))
	// The stream that was opened last is the one that is told.
	last := newFeed(send(t, http.MethodGet, server.URL, "", headers))
	th.change("a")
	expect(t, last, updated("a"))
}

func TestASessionThatHasEndedIsToldNothing(t *testing.T) {
	th, change := watching(t)
	server, h, _ := testHTTP(t, HTTPOptions{KeepAlive: time.Millisecond}, change)
	headers := legacy(initialize(t, server.URL, "ann"), "ann")
	f := newFeed(send(t, http.MethodGet, server.URL, "", headers))
	mustSend(t, server.URL, subscribeTo("thing://a"), headers)
	_ = text(t, send(t, http.MethodDelete, server.URL, "", headers))
	th.change("a")
	if m := f.next(t); m != nil {
		t.Errorf("it is told %v", m)
	}
	if h.subscribers.all.Contains(headers["Mcp-Session-Id"]) {
		t.Error("it is remembered")
	}
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	refused := &infrahub.Error{Kind: infrahub.Unauthenticated, Message: "Invalid token"}
	for name, test := range map[string]struct {
		uri            string
		err            error
		legacy, modern float64
		says           string
	}{
		"no such resource":               {"thing:/a", nil, -32002, -32602, "resources/list"},
		"a template without such object": {"thing://z", nil, -32002, -32602, "no such thing"},
		"a resource that never changes":  {"stone://one", nil, -32602, -32602, "cannot be subscribed to"},
		"a URI of great length":          {"thing://" + strings.Repeat("a", 501), nil, -32002, -32602, "no resource"},
		"a credential that is refused":   {"thing://a", refused, -32001, -32001, "Invalid token"},
	} {
		t.Run(name, func(t *testing.T) {
			th, change := watching(t)
			th.fail(test.err)
			server, _, _ := testHTTP(t, HTTPOptions{}, change)
			for era, response := range map[float64]*http.Response{
				test.legacy: send(t, http.MethodPost, server.URL, subscribeTo(test.uri), legacy(initialize(t, server.URL, "ann"), "ann")),
				test.modern: send(t, http.MethodPost, server.URL, listenTo("1", `"resourceSubscriptions":["thing://b","`+test.uri+`"]`), modern("subscriptions/listen", "")),
			} {
				answer := events(t, response)
				fault, _ := answer[0]["error"].(map[string]any)
				if len(answer) != 1 || fmt.Sprint(fault["code"]) != fmt.Sprint(era) || !strings.Contains(fmt.Sprint(fault["message"]), test.says) {
					t.Errorf("want %v, got %v", era, answer)
				}
				if data, _ := fault["data"].(map[string]any); era != -32001 && data["uri"] != test.uri {
					t.Errorf("the data is %v", fault["data"])
				}
			}
		})
	}
}

func TestOnlyASessionCanSubscribe(t *testing.T) {
	_, change := watching(t)
	server, _, _ := testHTTP(t, HTTPOptions{}, change)
	if answer := text(t, send(t, http.MethodPost, server.URL, subscribeTo("thing://a"), legacy("", "ann"))); !strings.Contains(answer, "start one with initialize") {
		t.Error(answer)
	}
}

func TestASessionCannotSubscribeToMoreThanItsShare(t *testing.T) {
	th, change := watching(t)
	for i := range maxWatched + 1 {
		th.versions[fmt.Sprint(i)] = 1
	}
	server, _, _ := testHTTP(t, HTTPOptions{}, change)
	headers := legacy(initialize(t, server.URL, "ann"), "ann")
	for i := range maxWatched {
		mustSend(t, server.URL, subscribeTo(fmt.Sprint("thing://", i)), headers)
	}
	mustSend(t, server.URL, subscribeTo("thing://0"), headers) // which it has
	if answer := text(t, send(t, http.MethodPost, server.URL, subscribeTo(fmt.Sprint("thing://", maxWatched)), headers)); !strings.Contains(answer, "-32602") || !strings.Contains(answer, "64 resources at most") {
		t.Error(answer)
	}
}

func TestOneCanSubscribeWhileInfrahubIsDown(t *testing.T) {
	th, change := watching(t)
	th.fail(&infrahub.Error{Kind: infrahub.Unreachable, Message: "connection refused"})
	server, _, _ := testHTTP(t, HTTPOptions{}, change)
	headers := legacy(initialize(t, server.URL, "ann"), "ann")
	mustSend(t, server.URL, subscribeTo("thing://a"), headers)
	th.fail(nil)
	mustSend(t, server.URL, subscribeTo("thing://b"), headers)
	f := newFeed(send(t, http.MethodGet, server.URL, "", headers))
	th.change("b")
	expect(t, f, updated("b")) // and of a nothing: there was nothing to compare with
	th.change("a")
	expect(t, f, updated("a"))
}

func TestAResourceThatIsGoneHasChanged(t *testing.T) {
	th, change := watching(t)
	server, _, _ := testHTTP(t, HTTPOptions{}, change)
	headers := legacy(initialize(t, server.URL, "ann"), "ann")
	mustSend(t, server.URL, subscribeTo("thing://a"), headers)
	f := newFeed(send(t, http.MethodGet, server.URL, "", headers))
	th.mu.Lock()
	delete(th.versions, "a")
	th.mu.Unlock()
	th.watcher.Hurry()
	expect(t, f, updated("a"))
}

func listenTo(id, notifications string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"subscriptions/listen","params":{"notifications":{` + notifications + `},` + modernMeta + `}}`
}

func acknowledged(id any, notifications map[string]any) map[string]any {
	return tagged(map[string]any{
		"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": map[string]any{"notifications": notifications},
	}, id)
}

func TestASubscriptionIsAcknowledgedAndTagged(t *testing.T) {
	th, change := watching(t)
	server, h, _ := testHTTP(t, HTTPOptions{}, change)
	listen := func(id, notifications string) *feed {
		response := send(t, http.MethodPost, server.URL, listenTo(id, notifications), modern("subscriptions/listen", ""))
		if response.StatusCode != http.StatusOK || response.Header.Get("X-Accel-Buffering") != "no" {
			t.Fatalf("%d %v", response.StatusCode, response.Header)
		}
		return newFeed(response)
	}
	// The same id, which is that of a client: other clients have it too.
	both := listen("1", `"toolsListChanged":true,"resourceSubscriptions":["thing://a","thing://b"]`)
	expect(t, both, acknowledged(1.0, map[string]any{"resourceSubscriptions": []any{"thing://a", "thing://b"}}))
	one := listen("1", `"resourceSubscriptions":["thing://b"]`)
	expect(t, one, acknowledged(1.0, map[string]any{"resourceSubscriptions": []any{"thing://b"}}))
	named := listen(`"x"`, `"resourceSubscriptions":["thing://c"]`)
	expect(t, named, acknowledged("x", map[string]any{"resourceSubscriptions": []any{"thing://c"}}))

	th.change("a")
	expect(t, both, tagged(updated("a"), 1.0))
	th.change("b")
	expect(t, both, tagged(updated("b"), 1.0))
	expect(t, one, tagged(updated("b"), 1.0))
	th.change("c")
	expect(t, named, tagged(updated("c"), "x"))

	// Nothing to be told is nothing to wait for.
	nothing := listen("2", `"promptsListChanged":true`)
	expect(t, nothing, acknowledged(2.0, map[string]any{}))
	if m := nothing.next(t); m["result"] == nil || m["id"] != 2.0 {
		t.Errorf("it ends with %v", m)
	}

	h.Close()
	for id, f := range map[any]*feed{1.0: both, "x": named} {
		m := f.next(t)
		result, _ := m["result"].(map[string]any)
		meta, _ := result["_meta"].(map[string]any)
		if m["id"] != id || result["resultType"] != "complete" || meta["io.modelcontextprotocol/subscriptionId"] != id {
			t.Errorf("the end is %v", m)
		}
		if m := f.next(t); m != nil {
			t.Errorf("after the end there is %v", m)
		}
	}
}

func TestASubscriptionNeedsAStream(t *testing.T) {
	_, change := watching(t)
	server, _, _ := testHTTP(t, HTTPOptions{}, change)
	headers := modern("subscriptions/listen", "")
	headers["Accept"] = "application/json"
	if response := send(t, http.MethodPost, server.URL, listenTo("1", `"resourceSubscriptions":["thing://a"]`), headers); response.StatusCode != http.StatusNotAcceptable {
		t.Errorf("%d %s", response.StatusCode, text(t, response))
	}
}

func TestASubscriptionEndsWhenItsClientShouldShowItsCredentialAgain(t *testing.T) {
	_, change := watching(t)
	s, _ := testServer(t, change)
	url := serveHTTP(t, NewHTTP(s, NewSessions(time.Millisecond, principal), HTTPOptions{}))
	f := newFeed(send(t, http.MethodPost, url, listenTo("1", `"resourceSubscriptions":["thing://a"]`), modern("subscriptions/listen", "")))
	expect(t, f, acknowledged(1.0, map[string]any{"resourceSubscriptions": []any{"thing://a"}}))
	if m := f.next(t); m["result"] == nil {
		t.Errorf("it ends with %v", m)
	}
}

func TestSubscriptionsAreOfferedWhereTheyWork(t *testing.T) {
	_, change := watching(t)
	for offered, server := range map[bool]func() string{
		true:  func() string { server, _, _ := testHTTP(t, HTTPOptions{}, change); return server.URL },
		false: func() string { server, _, _ := testHTTP(t, HTTPOptions{}); return server.URL },
	} {
		url := server()
		for _, answer := range []string{
			text(t, send(t, http.MethodPost, url, initializeWith("{}"), legacy("", "ann"))),
			text(t, send(t, http.MethodPost, url, `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{`+modernMeta+`}}`, modern("server/discover", ""))),
		} {
			if strings.Contains(answer, `"subscribe":true`) != offered || strings.Contains(answer, `"listChanged":true`) {
				t.Errorf("offered: %v, told: %s", offered, answer)
			}
		}
	}
	server, _, _ := testHTTP(t, HTTPOptions{})
	if answer := text(t, send(t, http.MethodPost, server.URL, subscribeTo("infrahub://branches"), legacy(initialize(t, server.URL, "ann"), "ann"))); !strings.Contains(answer, "-32601") {
		t.Error(answer)
	}
}

// next is for expect.
func (d *dialog) next(t *testing.T) map[string]any {
	t.Helper()
	return d.hear(t)
}

func TestStdioTellsOfWhatWasSubscribedTo(t *testing.T) {
	th, change := watching(t)
	s, _ := testServer(t, change)
	d := startStdio(t, s, StdioOptions{Grace: time.Hour})
	d.say(t, initializeWith("{}"))
	d.hear(t)
	d.say(t, subscribeTo("thing://a"))
	d.hear(t)
	th.change("a", "b")
	expect(t, d, updated("a"))
	d.say(t, strings.Replace(subscribeTo("thing://a"), "subscribe", "unsubscribe", 1), subscribeTo("thing://b"))
	d.hear(t)
	d.hear(t)
	th.change("a", "b")
	expect(t, d, updated("b"))
	_ = d.in.Close()
	if err := <-d.ended; err != nil { // at once, not after the grace time
		t.Error(err)
	}
}

func TestStdioTellsEachSubscriptionApart(t *testing.T) {
	th, change := watching(t)
	s, _ := testServer(t, change)
	d := startStdio(t, s, StdioOptions{Grace: time.Hour})
	for id, name := range map[string]string{`1`: "a", `"two"`: "b"} {
		d.say(t, listenTo(id, `"resourceSubscriptions":["thing://`+name+`"]`))
		var value any
		if err := json.Unmarshal([]byte(id), &value); err != nil {
			t.Fatal(err)
		}
		expect(t, d, acknowledged(value, map[string]any{"resourceSubscriptions": []any{"thing://" + name}}))
	}
	th.change("a")
	expect(t, d, tagged(updated("a"), 1.0))
	th.change("b")
	expect(t, d, tagged(updated("b"), "two"))

	// The client ends one, which is not answered; the end of the input ends the other.
	d.say(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, `{"jsonrpc":"2.0","id":9,"method":"ping"}`)
	if m := d.hear(t); m["id"] != 9.0 {
		t.Errorf("got %v", m)
	}
	th.change("a", "b")
	expect(t, d, tagged(updated("b"), "two"))
	_ = d.in.Close()
	if m := d.hear(t); m["id"] != "two" || m["result"] == nil {
		t.Errorf("the end is %v", m)
	}
	expect(t, d, map[string]any{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": map[string]any{"requestId": "two"}})
	if err := <-d.ended; err != nil {
		t.Error(err)
	}
}

func TestNothingIsLookedAtWithoutAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int64
		s := newSubscriber(watch.New())
		add := func(uri string) {
			t.Helper()
			if err := s.add(uri, &watched{version: "1", look: func(context.Context, *watch.Round) (string, error) { looks.Add(1); return "1", nil }}, true); err != nil {
				t.Fatal(err)
			}
		}
		pass := func() int64 {
			synctest.Wait()
			before := looks.Load()
			time.Sleep(time.Hour)
			synctest.Wait()
			return looks.Load() - before
		}
		add("a")
		if n := pass(); n != 0 {
			t.Errorf("before the stream: %d looks", n)
		}
		_, closed := s.open(t.Context())
		time.Sleep(time.Second)
		synctest.Wait()
		if n := looks.Load(); n != 1 {
			t.Errorf("at the beginning of the stream: %d looks", n)
		}
		add("b")
		if n := pass(); n < 600 {
			t.Errorf("with a stream: %d looks", n)
		}
		_, closedSecond := s.open(t.Context())
		closed() // which takes nothing from the one that was opened later
		if n := pass(); n < 600 {
			t.Errorf("with another stream: %d looks", n)
		}
		s.remove("a")
		if n := pass(); n < 300 || n > 500 {
			t.Errorf("with one resource: %d looks", n)
		}
		closedSecond()
		if n := pass(); n != 0 {
			t.Errorf("after the stream: %d looks", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		s.open(ctx)
		cancel()
		if n := pass(); n != 0 {
			t.Errorf("after a connection was lost: %d looks", n)
		}
	})
}

func TestASubscriberTakesWhatIsNews(t *testing.T) {
	look := func(context.Context, *watch.Round) (string, error) { return "", context.Canceled }
	known, unknown, left := &watched{version: "1", look: look}, &watched{look: look}, &watched{version: "1", look: look}
	for name, test := range map[string]struct {
		saw  func(*subscriber)
		want []news
	}{
		"the same version":                    {func(s *subscriber) { s.saw("known", known, "1") }, nil},
		"another version":                     {func(s *subscriber) { s.saw("known", known, "2") }, []news{{"notifications/resources/updated", "known"}}},
		"several versions":                    {func(s *subscriber) { s.saw("known", known, "3"); s.saw("known", known, "4") }, []news{{"notifications/resources/updated", "known"}}},
		"the first one":                       {func(s *subscriber) { s.saw("unknown", unknown, "1") }, nil},
		"one of a subscription that was left": {func(s *subscriber) { s.remove("left"); s.saw("left", left, "2") }, nil},
		"one before it was left":              {func(s *subscriber) { s.saw("left", left, "3"); s.remove("left") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubscriber(watch.New())
			for uri, w := range map[string]*watched{"known": known, "unknown": unknown, "left": left} {
				if err := s.add(uri, w, true); err != nil {
					t.Fatal(err)
				}
			}
			_, closed := s.open(t.Context())
			defer closed()
			known.version, unknown.version, left.version = "1", "", "1"
			test.saw(s)
			if diff := cmp.Diff(test.want, s.take(), cmp.AllowUnexported(news{}), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

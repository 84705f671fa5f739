package replicas_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"infrahub-mcp/test/mcptest"
)

const (
	// patience is how long a client waits for an answer.
	patience = 30 * time.Second
	// pause is between two calls of a client.
	pause = 40 * time.Millisecond
)

// adrift is what a write says that went to a fresh branch because nobody could look
// up that of the session.
const adrift = "cannot be looked up at the moment"

// worker is a client that writes items of its own.
type worker struct {
	place *place
	tally *tally
	name  string
	era   mcptest.Era
	// naming makes a client name its branch with each call once it knows it.
	naming bool

	mu     sync.Mutex
	client *mcptest.Client
	number int
	home   string // the branch of the session
}

// newSession is a client of the older era; every other one names its branch.
func newSession(p *place, tally *tally, i int) *worker {
	return &worker{place: p, tally: tally, name: fmt.Sprintf("session%02d", i), era: mcptest.Legacy, naming: i%2 == 1}
}

// newLoner is a client of the newer era, which has no session.
func newLoner(p *place, tally *tally, i int) *worker {
	return &worker{place: p, tally: tally, name: fmt.Sprintf("loner%02d", i), era: mcptest.Modern, naming: true}
}

// work writes until ctx ends. A session has two calls at a time, from its first
// write on; a client without one has to wait for the name of its branch.
func (w *worker) work(ctx context.Context) {
	for w.client == nil && ctx.Err() == nil {
		client, err := mcptest.ConnectHTTP(ctx, w.era, w.place.url)
		if err == nil {
			w.client = client
		}
	}
	calls := 2
	if w.era == mcptest.Modern {
		calls = 1
	}
	var group sync.WaitGroup
	for range calls {
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if n%5 == 4 {
					w.read()
				} else {
					w.write()
				}
				select {
				case <-ctx.Done():
				case <-time.After(pause):
				}
			}
		})
	}
	group.Wait()
}

// write makes the next item.
func (w *worker) write() {
	w.mu.Lock()
	w.number++
	label := fmt.Sprintf("%s/%d", w.name, w.number)
	arguments := map[string]any{"query": fmt.Sprintf(`mutation { TestingItemCreate(data: {label: {value: %q}}) { ok } }`, label)}
	named := ""
	if w.naming {
		named = w.home
	}
	w.mu.Unlock()
	if named != "" {
		arguments["branch"] = named
	}
	w.tally.sent(label)
	var answer struct {
		Branch string `json:"_branch"`
		Note   string `json:"_note"`
	}
	if !w.call("mutate_graphql", arguments, &answer) {
		return
	}
	w.tally.acknowledged(label, answer.Branch)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case named != "" && answer.Branch != named:
		w.tally.fault("%s asked for the branch %s and was written to %s: %s", label, named, answer.Branch, answer.Note)
	case named != "":
	case strings.Contains(answer.Note, adrift):
		w.tally.adrift.Add(1)
		if w.naming && w.home == "" {
			w.home = answer.Branch // it was told to
		}
	case w.era == mcptest.Legacy && w.home != "" && w.home != answer.Branch && !w.naming:
		w.tally.fault("%s went to the branch %s, the session's is %s: %s", label, answer.Branch, w.home, answer.Note)
	case w.home == "":
		w.home = answer.Branch
	}
}

// read asks for the items of the client's branch, which are those that it was told
// were written.
func (w *worker) read() {
	w.mu.Lock()
	branch := w.home
	w.mu.Unlock()
	if branch == "" {
		return
	}
	before := w.tally.acknowledgedOn(branch)
	var answer struct {
		TestingItem struct {
			Edges []struct {
				Node struct{ Label struct{ Value string } }
			}
		}
	}
	arguments := map[string]any{"query": `{ TestingItem { edges { node { label { value } } } } }`, "branch": branch}
	if !w.call("query_graphql", arguments, &answer) {
		return
	}
	there := map[string]bool{}
	for _, edge := range answer.TestingItem.Edges {
		there[edge.Node.Label.Value] = true
	}
	for _, label := range before {
		if !there[label] {
			w.tally.fault("%s was written to %s and cannot be read there", label, branch)
		}
	}
	w.tally.reads.Add(1)
}

// call calls a tool and reports whether it has an answer.
func (w *worker) call(tool string, arguments map[string]any, answer any) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	result, err := w.client.CallTool(ctx, tool, arguments)
	switch {
	case lost(err):
		w.tally.lost.Add(1)
		w.tally.fault("the session of %s was lost: %v", w.name, err)
	case ctx.Err() != nil:
		w.tally.fault("%s waited for more than %s", w.name, patience)
	case err != nil:
		w.tally.failed.Add(1)
	case result.IsError:
		w.tally.refused(result.Text)
	default:
		if err := json.Unmarshal(result.Structured, answer); err != nil {
			w.tally.fault("%s: %v: %s", tool, err, result.Structured)
			return false
		}
		return true
	}
	return false
}

// lost reports whether a server says that it does not know a session.
func lost(err error) bool {
	fault, ok := errors.AsType[*mcptest.Fault](err)
	return ok && fault.Status == http.StatusNotFound
}

// endings starts and ends sessions, of which no replica may know any more then.
func (p *place) endings(ctx context.Context, tally *tally) {
	for ctx.Err() == nil {
		calm := tally.calm()
		id, ok := p.started(ctx)
		if !ok || p.status(ctx, http.MethodDelete, id) != http.StatusOK {
			continue
		}
		for range 2 * replicas {
			// What happens while Redis is away, or was, may be known later elsewhere.
			if got := p.status(ctx, http.MethodPost, id); got == http.StatusOK && calm() {
				tally.fault("a session goes on after its end")
			}
		}
		if calm() {
			tally.endings.Add(1)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// started starts a session.
func (p *place) started(ctx context.Context) (id string, ok bool) {
	response := p.send(ctx, http.MethodPost, "", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	if response == nil {
		return "", false
	}
	defer response.Body.Close()
	id = response.Header.Get("Mcp-Session-Id")
	return id, id != ""
}

// status is that of a request of a session, 0 without an answer.
func (p *place) status(ctx context.Context, method, session string) int {
	response := p.send(ctx, method, session, `{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	if response == nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

func (p *place) send(ctx context.Context, method, session, body string) *http.Response {
	request, err := http.NewRequestWithContext(ctx, method, p.url, strings.NewReader(body))
	if err != nil {
		return nil
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	if session != "" {
		request.Header.Set("Mcp-Session-Id", session)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	return response
}

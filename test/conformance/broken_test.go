package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/tool"
)

// broken is a tool whose calls lose their stream in the middle: it ends after the
// first event, as when something between client and server gives up.
type broken struct{ name string }

// lost is the key of the channel, in the context of a call, that is closed when
// its stream is lost.
type lost struct{}

// patience bounds the waiting for a stream that never has an event.
const patience = 10 * time.Second

// tool ends only when its stream is lost, so that its answer never comes on it.
func (b broken) tool() tool.Tool {
	return tool.Define(tool.Tool{Name: b.name, Description: "Loses its stream."},
		func(ctx context.Context, _ *call.Call, _ none) (*said, error) {
			gone, _ := ctx.Value(lost{}).(chan struct{})
			select {
			case <-gone:
				return &said{"The stream was lost, and this is the answer."}, nil
			case <-time.After(patience):
				return nil, problem.New("The stream was not lost.", "Say something on it.")
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
}

// streams ends the stream of each call of the tool after its first event. What
// the server writes later goes nowhere.
func (b broken) streams(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var message struct{ Params struct{ Name string } }
		if json.Unmarshal(body, &message) != nil || message.Params.Name != b.name {
			next.ServeHTTP(w, r)
			return
		}
		out := &ending{to: w, header: http.Header{}, over: make(chan struct{})}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			next.ServeHTTP(out, r.WithContext(context.WithValue(r.Context(), lost{}, out.over)))
		}()
		select {
		case <-ended:
		case <-out.over:
		}
	})
}

// ending is a response that is over when it holds an event.
type ending struct {
	header http.Header
	over   chan struct{}

	mu   sync.Mutex
	to   http.ResponseWriter // nil when over
	sent bytes.Buffer
}

func (e *ending) Header() http.Header { return e.header }

func (e *ending) WriteHeader(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.to == nil {
		return
	}
	maps.Copy(e.to.Header(), e.header)
	e.to.WriteHeader(status)
}

func (e *ending) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.to == nil {
		return 0, errors.New("the connection is lost")
	}
	e.sent.Write(p)
	return e.to.Write(p)
}

// FlushError is for http.ResponseController.
func (e *ending) FlushError() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.to == nil {
		return errors.New("the connection is lost")
	}
	err := http.NewResponseController(e.to).Flush()
	if bytes.HasSuffix(e.sent.Bytes(), []byte("\n\n")) && bytes.Contains(e.sent.Bytes(), []byte("data:")) {
		e.to = nil
		close(e.over)
	}
	return err
}

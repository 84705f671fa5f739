package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/tool"
	"infrahub-mcp/internal/watch"
)

// watched is a resource to subscribe to. It never changes.
func watched() resource.Resource {
	return resource.Define(resource.Resource{URI: "test://watched-resource", Name: "watched", Description: "Can be watched.", MIMEType: "text/plain"},
		func(context.Context, *call.Call, map[string]string) ([]byte, error) { return []byte("Watch me."), nil },
		func(context.Context, *call.Call, *watch.Round, map[string]string) (string, error) { return "1", nil })
}

// rights change when the tool of a name is called: the client then has a newer
// credential, which allows to write when the one before did not.
type rights struct {
	name string
	age  atomic.Int64
}

func (r *rights) mayWrite(context.Context) bool { return r.age.Load()%2 == 0 }

func (r *rights) client(context.Context) (string, time.Time) { return "", time.Unix(r.age.Load(), 0) }

// tools are the one that is called, and one that is there or not.
func (r *rights) tools() []tool.Tool {
	run := func(context.Context, *call.Call, none) (*said, error) { return &said{"Done."}, nil }
	return []tool.Tool{
		tool.Define(tool.Tool{Name: r.name, Description: "Lets the list of tools be another one.", Access: tool.Read}, run),
		tool.Define(tool.Tool{Name: "test_tool_that_writes", Description: "Is not for everyone.", Access: tool.Write}, run),
	}
}

// change lets the client of such a call come back with the newer credential.
func (r *rights) change(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, request)
		var message struct{ Params struct{ Name string } }
		if json.Unmarshal(body, &message) != nil || message.Params.Name != r.name {
			return
		}
		r.age.Add(1)
		request.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(httptest.NewRecorder(), request)
	})
}

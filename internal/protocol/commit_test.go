package protocol

import (
	"context"
	"net/http"
	"testing"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/tool"
)

// committing adds a tool "change" that cannot be stopped once it has begun, and
// waits until it is released.
func committing(g *gate) func(*Options) {
	return func(o *Options) {
		o.Tools = append(o.Tools, tool.Define(tool.Tool{Name: "change", Description: "Changes."},
			func(ctx context.Context, c *call.Call, in gateInput) (*gateOutput, error) {
				finishing, done := c.Finish(ctx)
				defer done()
				g.entered <- in.Name
				<-ctx.Done()
				g.entered <- "cancelled " + in.Name
				return &gateOutput{in.Name}, finishing.Err()
			}))
	}
}

// Whoever cancels a change that is under way is told what became of it.
func TestAChangeThatIsCancelledIsAnswered(t *testing.T) {
	const (
		change = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"change","arguments":{"name":"a"}}}`
		cancel = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`
	)
	t.Run("over HTTP", func(t *testing.T) {
		g := &gate{entered: make(chan string, 2)}
		server, _, _ := testHTTP(t, HTTPOptions{}, committing(g))
		session := initialize(t, server.URL, "ann")
		answers := make(chan []map[string]any, 1)
		go func() { answers <- events(t, send(t, http.MethodPost, server.URL, change, legacy(session, "ann"))) }()
		<-g.entered
		send(t, http.MethodPost, server.URL, cancel, legacy(session, "ann"))
		<-g.entered
		if got := <-answers; len(got) != 1 || got[0]["result"] == nil {
			t.Errorf("the answer is %v", got)
		}
	})
	t.Run("on stdio", func(t *testing.T) {
		g := &gate{entered: make(chan string, 2)}
		s, _ := testServer(t, committing(g))
		d := startStdio(t, s, StdioOptions{})
		d.say(t, change)
		<-g.entered
		d.say(t, cancel)
		<-g.entered
		if got := d.hear(t); got["result"] == nil {
			t.Errorf("the answer is %v", got)
		}
	})
}

// Command gosdk is a client made with the official Go SDK. It does what the plan
// says, one action after the other, and writes what came of each as one line of
// JSON. See plan_test.go of the folder above.
//
//	gosdk PLAN
//
// It is a module of its own, so that what the program is built from names no
// second MCP library.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	if err := run(context.Background(), []byte(os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// plan is what to do, as plan_test.go writes it.
type plan struct {
	Modern                          bool
	Command                         []string
	Env                             map[string]string
	URL                             string
	Call, Progress, Cancel, Refused mcp.CallToolParams
	Read                            string
	Prompt, Unknown                 mcp.GetPromptParams
	Complete                        struct{ URI, Name, Value string }
	Held, Stopped, Told             string
}

// outcome is what came of an action.
type outcome = map[string]any

// client does what a plan says.
type client struct {
	plan
	session *mcp.ClientSession

	mu   sync.Mutex
	told []outcome     // progress of the call with a token
	last chan struct{} // closed when the work is done
}

func run(ctx context.Context, text []byte) error {
	c := client{last: make(chan struct{})}
	if err := json.Unmarshal(text, &c.plan); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	defer func() {
		if c.session != nil {
			_ = c.session.Close()
		}
	}()
	out := json.NewEncoder(os.Stdout)
	for _, action := range []struct {
		name string
		act  func(context.Context) (outcome, error)
	}{
		{"connect", c.connect}, {"list", c.list}, {"call", c.call}, {"read", c.read}, {"prompt", c.prompt},
		{"complete", c.complete}, {"progress", c.progress}, {"cancel", c.cancel}, {"error", c.fail},
	} {
		result, err := action.act(ctx)
		if err != nil {
			result = outcome{"error": err.Error()}
		}
		result["action"] = action.name
		if err := out.Encode(result); err != nil {
			return err
		}
		if c.session == nil {
			return errors.New("there is no connection")
		}
	}
	return nil
}

func (c *client) connect(ctx context.Context) (outcome, error) {
	sdk := mcp.NewClient(&mcp.Implementation{Name: "gosdk", Version: "1"}, &mcp.ClientOptions{ProgressNotificationHandler: c.tell})
	options := &mcp.ClientSessionOptions{}
	if !c.Modern {
		options.ProtocolVersion = "2025-11-25"
	}
	var transport mcp.Transport = &mcp.StreamableClientTransport{Endpoint: c.URL}
	if c.URL == "" {
		command := exec.Command(c.Command[0], c.Command[1:]...)
		command.Stderr = os.Stderr
		for name, value := range c.Env {
			command.Env = append(command.Env, name+"="+value)
		}
		transport = &mcp.CommandTransport{Command: command}
	}
	var err error
	if c.session, err = sdk.Connect(ctx, transport, options); err != nil {
		return nil, err
	}
	told := c.session.InitializeResult()
	return outcome{"version": told.ProtocolVersion, "server": told.ServerInfo.Name}, nil
}

func (c *client) list(ctx context.Context) (outcome, error) {
	tools, err := c.session.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	resources, err := c.session.ListResources(ctx, nil)
	if err != nil {
		return nil, err
	}
	templates, err := c.session.ListResourceTemplates(ctx, nil)
	if err != nil {
		return nil, err
	}
	prompts, err := c.session.ListPrompts(ctx, nil)
	if err != nil {
		return nil, err
	}
	return outcome{
		"tools":     names(tools.Tools, func(t *mcp.Tool) string { return t.Name }),
		"resources": names(resources.Resources, func(r *mcp.Resource) string { return r.URI }),
		"templates": names(templates.ResourceTemplates, func(t *mcp.ResourceTemplate) string { return t.URITemplate }),
		"prompts":   names(prompts.Prompts, func(p *mcp.Prompt) string { return p.Name }),
	}, nil
}

func names[T any](items []T, name func(T) string) []string {
	var all []string
	for _, item := range items {
		all = append(all, name(item))
	}
	return all
}

func (c *client) call(ctx context.Context) (outcome, error) {
	result, err := c.session.CallTool(ctx, &c.Call)
	if err != nil {
		return nil, err
	}
	return outcome{"text": text(result), "structured": result.StructuredContent}, nil
}

func (c *client) read(ctx context.Context) (outcome, error) {
	result, err := c.session.ReadResource(ctx, &mcp.ReadResourceParams{URI: c.Read})
	if err != nil {
		return nil, err
	}
	return outcome{"text": result.Contents[0].Text}, nil
}

func (c *client) prompt(ctx context.Context) (outcome, error) {
	result, err := c.session.GetPrompt(ctx, &c.Prompt)
	if err != nil {
		return nil, err
	}
	return outcome{"text": result.Messages[0].Content.(*mcp.TextContent).Text}, nil
}

func (c *client) complete(ctx context.Context) (outcome, error) {
	result, err := c.session.Complete(ctx, &mcp.CompleteParams{
		Ref:      &mcp.CompleteReference{Type: "ref/resource", URI: c.Complete.URI},
		Argument: mcp.CompleteParamsArgument{Name: c.Complete.Name, Value: c.Complete.Value},
	})
	if err != nil {
		return nil, err
	}
	return outcome{"values": result.Completion.Values}, nil
}

// tell is told of progress, by the SDK in goroutines of its own.
func (c *client) tell(ctx context.Context, r *mcp.ProgressNotificationClientRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, outcome{"progress": r.Params.Progress, "total": r.Params.Total, "message": r.Params.Message})
	if r.Params.Progress == r.Params.Total {
		close(c.last)
	}
	if err := get(ctx, c.Told); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (c *client) progress(ctx context.Context) (outcome, error) {
	c.Progress.SetProgressToken("progress")
	if _, err := c.session.CallTool(ctx, &c.Progress); err != nil {
		return nil, err
	}
	select {
	case <-c.last: // may be told after the answer
	case <-time.After(10 * time.Second):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return outcome{"progress": c.told}, nil
}

func (c *client) cancel(ctx context.Context) (outcome, error) {
	calling, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := c.session.CallTool(calling, &c.Cancel)
		ended <- err
	}()
	if err := get(ctx, c.Held); err != nil {
		return nil, err
	}
	cancel()
	failure := <-ended
	if failure == nil {
		return nil, errors.New("it was not cancelled")
	}
	if err := get(ctx, c.Stopped); err != nil {
		return nil, err
	}
	if _, err := c.session.ListTools(ctx, nil); err != nil { // the connection goes on
		return nil, err
	}
	return outcome{"failure": failure.Error()}, nil
}

func (c *client) fail(ctx context.Context) (outcome, error) {
	result, err := c.session.CallTool(ctx, &c.Refused)
	if err != nil {
		return nil, err
	}
	_, err = c.session.GetPrompt(ctx, &c.Unknown)
	var wire *jsonrpc.Error
	if !errors.As(err, &wire) {
		return nil, fmt.Errorf("it was not refused: %w", err)
	}
	return outcome{"text": text(result), "refused": result.IsError, "code": wire.Code, "failure": wire.Message}, nil
}

func text(result *mcp.CallToolResult) string {
	var all strings.Builder
	for _, part := range result.Content {
		if t, ok := part.(*mcp.TextContent); ok {
			all.WriteString(t.Text)
		}
	}
	return all.String()
}

package clients_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/test/clients/table"
)

// mcpGo does what a plan says with the client of mcp-go, in this process.
func mcpGo(t *testing.T, p plan) []outcome {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	var options []client.ClientOption
	if !p.Modern {
		options = append(options, client.WithProtocolVersion(table.Legacy))
	}
	var wire transport.Interface
	if p.URL != "" {
		over, err := transport.NewStreamableHTTP(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		wire = over
		options = append(options, client.WithSession())
	} else {
		wire = transport.NewStdioWithOptions(p.Command[0], list(p.Env), p.Command[1:])
	}
	g := &goClient{t: t, plan: p, Client: client.NewClient(wire, options...)}
	g.OnNotification(g.notified)
	t.Cleanup(func() { _ = g.Close() })
	var got []outcome
	for _, action := range []struct {
		name string
		act  func(context.Context) (outcome, error)
	}{
		{"connect", g.connect}, {"list", g.list}, {"call", g.call}, {"read", g.read}, {"prompt", g.prompt},
		{"complete", g.complete}, {"progress", g.progress}, {"cancel", g.cancel}, {"error", g.fail},
	} {
		o, err := action.act(ctx)
		if err != nil {
			o.Error = err.Error()
		}
		o.Action = action.name
		got = append(got, o)
	}
	return got
}

type goClient struct {
	plan
	*client.Client

	t    *testing.T
	mu   sync.Mutex
	told []progress
}

func (g *goClient) connect(ctx context.Context) (o outcome, err error) {
	if err := g.Start(ctx); err != nil {
		return o, err
	}
	var request mcp.InitializeRequest
	request.Params.ClientInfo = mcp.Implementation{Name: "mcp-go", Version: "1"}
	result, err := g.Initialize(ctx, request)
	if err != nil {
		return o, err
	}
	return outcome{Version: result.ProtocolVersion, Server: result.ServerInfo.Name}, nil
}

func (g *goClient) list(ctx context.Context) (o outcome, err error) {
	tools, err := g.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return o, err
	}
	for _, tool := range tools.Tools {
		o.Tools = append(o.Tools, tool.Name)
	}
	resources, err := g.ListResources(ctx, mcp.ListResourcesRequest{})
	if err != nil {
		return o, err
	}
	for _, resource := range resources.Resources {
		o.Resources = append(o.Resources, resource.URI)
	}
	templates, err := g.ListResourceTemplates(ctx, mcp.ListResourceTemplatesRequest{})
	if err != nil {
		return o, err
	}
	for _, template := range templates.ResourceTemplates {
		o.Templates = append(o.Templates, template.URITemplate.Raw())
	}
	prompts, err := g.ListPrompts(ctx, mcp.ListPromptsRequest{})
	if err != nil {
		return o, err
	}
	for _, prompt := range prompts.Prompts {
		o.Prompts = append(o.Prompts, prompt.Name)
	}
	return o, nil
}

func (g *goClient) tool(ctx context.Context, r request, meta *mcp.Meta) (*mcp.CallToolResult, error) {
	return g.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{Name: r.Name, Arguments: r.Arguments, Meta: meta}})
}

func (g *goClient) call(ctx context.Context) (o outcome, err error) {
	result, err := g.tool(ctx, g.Call, nil)
	if err != nil {
		return o, err
	}
	o.Text = mcp.GetTextFromContent(result.Content[0])
	o.Structured, err = json.Marshal(result.StructuredContent)
	return o, err
}

func (g *goClient) read(ctx context.Context) (o outcome, err error) {
	var request mcp.ReadResourceRequest
	request.Params.URI = g.Read
	result, err := g.ReadResource(ctx, request)
	if err != nil {
		return o, err
	}
	text, ok := mcp.AsTextResourceContents(result.Contents[0])
	if !ok {
		return o, fmt.Errorf("the resource is a %T", result.Contents[0])
	}
	return outcome{Text: text.Text}, nil
}

func (g *goClient) prompt(ctx context.Context) (o outcome, err error) {
	var request mcp.GetPromptRequest
	request.Params.Name, request.Params.Arguments = g.Prompt.Name, map[string]string{"question": question}
	result, err := g.GetPrompt(ctx, request)
	if err != nil {
		return o, err
	}
	return outcome{Text: mcp.GetTextFromContent(result.Messages[0].Content)}, nil
}

func (g *goClient) complete(ctx context.Context) (o outcome, err error) {
	var request mcp.CompleteRequest
	request.Params.Ref = mcp.ResourceReference{Type: "ref/resource", URI: g.plan.Complete.URI}
	request.Params.Argument = mcp.CompleteArgument{Name: g.plan.Complete.Name, Value: g.plan.Complete.Value}
	result, err := g.Client.Complete(ctx, request)
	if err != nil {
		return o, err
	}
	return outcome{Values: result.Completion.Values}, nil
}

// notified is told of every notification.
func (g *goClient) notified(n mcp.JSONRPCNotification) {
	if n.Method != "notifications/progress" {
		return
	}
	var p progress
	raw, err := json.Marshal(n.Params.AdditionalFields)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		p.Message = err.Error()
	}
	g.mu.Lock()
	g.told = append(g.told, p)
	g.mu.Unlock()
	if err := get(context.Background(), g.Told); err != nil {
		g.t.Error(err)
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

func (g *goClient) progress(ctx context.Context) (o outcome, err error) {
	if _, err := g.tool(ctx, g.Progress, &mcp.Meta{ProgressToken: "progress"}); err != nil {
		return o, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return outcome{Progress: g.told}, nil
}

func (g *goClient) cancel(ctx context.Context) (o outcome, err error) {
	calling, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := g.tool(calling, g.Cancel, nil)
		ended <- err
	}()
	if err := get(ctx, g.Held); err != nil {
		return o, err
	}
	cancel()
	failure := <-ended
	if failure == nil {
		return o, errors.New("it was not cancelled")
	}
	if err := get(ctx, g.Stopped); err != nil {
		return o, err
	}
	if _, err := g.ListTools(ctx, mcp.ListToolsRequest{}); err != nil { // the connection goes on
		return o, err
	}
	return outcome{Failure: failure.Error()}, nil
}

func (g *goClient) fail(ctx context.Context) (o outcome, err error) {
	result, err := g.tool(ctx, g.Refused, nil)
	if err != nil {
		return o, err
	}
	var request mcp.GetPromptRequest
	request.Params.Name = g.Unknown.Name
	_, err = g.GetPrompt(ctx, request)
	if err == nil {
		return o, errors.New("it was not refused")
	}
	o = outcome{Text: mcp.GetTextFromContent(result.Content[0]), Refused: result.IsError, Failure: err.Error()}
	if errors.Is(err, mcp.ErrInvalidParams) {
		code := mcp.INVALID_PARAMS
		o.Code = &code
	}
	return o, nil
}

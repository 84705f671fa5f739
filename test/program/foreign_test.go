package program_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	foreign "github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/test/mcptest"
)

// The client of mcp-go is one that nobody here has written, and is used as it
// is: it starts the program itself, or connects to one that runs.
func TestAForeignClientCanUseEverything(t *testing.T) {
	parallel(t)
	connect := map[string]func(t *testing.T, p *proxy) foreign.Interface{
		"over stdio": func(t *testing.T, p *proxy) foreign.Interface {
			l := launch{address: "http://" + p.address, token: shared.infrahub.token}
			log := &buffer{}
			t.Cleanup(func() { behaved(t, l.token, log.String(), "") })
			return foreign.NewStdioWithOptions(shared.race, l.environment(), nil, foreign.WithCommandStderrWriter(log))
		},
		"over streamable HTTP": func(t *testing.T, p *proxy) foreign.Interface {
			wire, err := foreign.NewStreamableHTTP(start(t, launch{transport: overHTTP, address: "http://" + p.address}).url)
			if err != nil {
				t.Fatal(err)
			}
			return wire
		},
	}
	for name, wire := range connect {
		for _, era := range []mcptest.Era{mcptest.Legacy, mcptest.Modern} {
			t.Run(name+" in protocol "+string(era), func(t *testing.T) {
				parallel(t)
				c := client.NewClient(wire(t, startProxy(t)), client.WithProtocolVersion(string(era)))
				// The process lives as long as this context, which must outlive
				// that of the test.
				if err := c.Start(context.Background()); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := c.Close(); err != nil {
						t.Errorf("closing the client: %v", err)
					}
				})
				useEverything(t, c, era)
			})
		}
	}
}

func useEverything(t *testing.T, c *client.Client, era mcptest.Era) {
	t.Helper()
	ctx := t.Context()
	var mu sync.Mutex
	var heard []string
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, n.Method)
	})
	hello := mcp.InitializeRequest{}
	hello.Params.ClientInfo = mcp.Implementation{Name: "foreign", Version: "1"}
	hello.Params.ProtocolVersion = string(era)
	greeting, err := c.Initialize(ctx, hello)
	if err != nil {
		t.Fatal(err)
	}
	if greeting.ServerInfo.Name != "infrahub-mcp" || c.ProtocolVersion() != string(era) {
		t.Errorf("connected to %+v in protocol %s", greeting.ServerInfo, c.ProtocolVersion())
	}
	if era == mcptest.Legacy {
		if err := c.Ping(ctx); err != nil { //nolint:staticcheck // removed in the newer era only
			t.Errorf("ping: %v", err)
		}
	}

	tools, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, tool := range tools.Tools {
		listed[tool.Name] = true
	}
	for _, call := range everyTool(t) {
		request := mcp.CallToolRequest{}
		request.Params.Name, request.Params.Arguments = call.tool, call.arguments
		result, err := c.CallTool(ctx, request)
		if err != nil || result.IsError || result.StructuredContent == nil || len(result.Content) != 1 {
			t.Errorf("%s: %v %+v", call.tool, err, result)
		}
		if !listed[call.tool] {
			t.Errorf("%s is not listed", call.tool)
		}
		delete(listed, call.tool)
	}
	if len(listed) > 0 {
		t.Errorf("tools that were not called: %v", listed)
	}
	request := mcp.CallToolRequest{}
	request.Params.Name, request.Params.Arguments = "get_nodes", object{"kind": "DcimPhysicalInterface", "limit": -1}
	request.Params.Meta = &mcp.Meta{ProgressToken: "p"}
	if result, err := c.CallTool(ctx, request); err != nil || result.IsError {
		t.Errorf("all interfaces: %v %+v", err, result)
	}
	mu.Lock()
	if !slices.Contains(heard, "notifications/progress") {
		t.Errorf("no progress was heard of, but %v", heard)
	}
	mu.Unlock()
	request.Params.Arguments = object{"kind": "Nothing"}
	if result, err := c.CallTool(ctx, request); err != nil || !result.IsError {
		t.Errorf("an unknown kind: %v %+v", err, result)
	}

	resources, err := c.ListResources(ctx, mcp.ListResourcesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	templates, err := c.ListResourceTemplates(ctx, mcp.ListResourceTemplatesRequest{})
	if err != nil || len(templates.ResourceTemplates) != 1 || len(resources.Resources) != 3 {
		t.Fatalf("%d resources and templates %+v: %v", len(resources.Resources), templates, err)
	}
	uris := []string{strings.Replace(templates.ResourceTemplates[0].URITemplate.Raw(), "{kind}", "DcimDevice", 1)}
	for _, r := range resources.Resources {
		uris = append(uris, r.URI)
	}
	for _, uri := range uris {
		read := mcp.ReadResourceRequest{}
		read.Params.URI = uri
		if result, err := c.ReadResource(ctx, read); err != nil || len(result.Contents) != 1 {
			t.Errorf("%s: %v %+v", uri, err, result)
		}
	}

	prompts, err := c.ListPrompts(ctx, mcp.ListPromptsRequest{})
	if err != nil || len(prompts.Prompts) != 4 {
		t.Fatalf("prompts %+v: %v", prompts, err)
	}
	for _, p := range prompts.Prompts {
		get := mcp.GetPromptRequest{}
		get.Params.Name, get.Params.Arguments = p.Name, map[string]string{}
		for _, a := range p.Arguments {
			get.Params.Arguments[a.Name] = "something"
		}
		if result, err := c.GetPrompt(ctx, get); err != nil || len(result.Messages) != 1 {
			t.Errorf("%s: %v %+v", p.Name, err, result)
		}
	}
	if _, err := c.GetPrompt(ctx, mcp.GetPromptRequest{Params: mcp.GetPromptParams{Name: "make_infra_change"}}); err == nil {
		t.Error("a prompt without its required argument succeeds")
	}

	complete := mcp.CompleteRequest{}
	complete.Params.Ref = mcp.PromptReference{Type: "ref/prompt", Name: "make_infra_change"}
	complete.Params.Argument = mcp.CompleteArgument{Name: "hfid", Value: "spine000"}
	complete.Params.Context = mcp.CompleteContext{Arguments: map[string]string{"kind": "DcimDevice"}}
	if result, err := c.Complete(ctx, complete); err != nil || !slices.Equal(result.Completion.Values, []string{"DcimDevice__par1-spine000"}) {
		t.Errorf("a completion: %v %+v", err, result)
	}
}

// buffer is a bytes.Buffer for concurrent use.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

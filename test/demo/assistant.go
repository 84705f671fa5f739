package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// assistant speaks MCP over stdio with a program that it started, as the clients
// of assistants do.
type assistant struct {
	client *client.Client
	tools  map[string]bool // what the program offers
	log    *bytes.Buffer   // standard error of the program, complete once it ended
}

// start starts the program on its sandbox and says hello.
func start(ctx context.Context, program string) (*assistant, error) {
	a := &assistant{tools: map[string]bool{}, log: &bytes.Buffer{}}
	command := func(context.Context, string, []string, []string) (*exec.Cmd, error) {
		// It ends with its input, or when the time is up.
		command := exec.CommandContext(ctx, program, "--sandbox")
		command.Env = slices.DeleteFunc(os.Environ(), setting)
		command.Env = append(command.Env, "INFRAHUB_MCP_ENV_FILE=") // no .env file either
		command.Stderr = a.log
		command.WaitDelay = time.Second
		return command, nil
	}
	var err error
	a.client, err = client.NewStdioMCPClientWithOptions(program, nil, nil, transport.WithCommandFunc(command))
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w (make build builds it)", program, err)
	}
	if err := a.greet(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("greeting the program: %w", err), a.end())
	}
	return a, nil
}

// setting tells whether a variable of the environment is a setting of the
// program, which must not change what is played.
func setting(variable string) bool {
	return strings.HasPrefix(variable, "INFRAHUB_") || strings.HasPrefix(variable, "MCP_")
}

func (a *assistant) greet(ctx context.Context) error {
	hello := mcp.InitializeRequest{}
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "demo", Version: "1"}
	if _, err := a.client.Initialize(ctx, hello); err != nil {
		return err
	}
	listed, err := a.client.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return fmt.Errorf("listing the tools: %w", err)
	}
	for i := range listed.Tools {
		a.tools[listed.Tools[i].Name] = true
	}
	return nil
}

// call calls a tool.
func (a *assistant) call(ctx context.Context, tool string, arguments map[string]any) (answer, error) {
	request := mcp.CallToolRequest{}
	request.Params.Name = tool
	request.Params.Arguments = arguments
	result, err := a.client.CallTool(ctx, request)
	if err != nil {
		return answer{}, err
	}
	var text strings.Builder
	for _, content := range result.Content {
		if c, ok := content.(mcp.TextContent); ok {
			text.WriteString(c.Text)
		}
	}
	return answer{text: text.String(), data: result.StructuredContent, refused: result.IsError}, nil
}

// end closes the program's input and waits until it has ended. The error holds
// what it wrote to standard error.
func (a *assistant) end() error {
	if err := a.client.Close(); err != nil {
		return fmt.Errorf("the program did not end well: %w\n%s", err, bytes.TrimSpace(a.log.Bytes()))
	}
	return nil
}

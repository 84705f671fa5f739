package mcptest

import (
	"context"
	"encoding/json"
	"fmt"
)

// Tool is one entry of tools/list.
type Tool struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	InputSchema  json.RawMessage `json:"inputSchema"`
	OutputSchema json.RawMessage `json:"outputSchema"`
	Annotations  struct {
		ReadOnly    *bool `json:"readOnlyHint"`
		Destructive *bool `json:"destructiveHint"`
		Idempotent  *bool `json:"idempotentHint"`
		OpenWorld   *bool `json:"openWorldHint"`
	} `json:"annotations"`
}

// Tools lists the tools.
func (c *Client) Tools(ctx context.Context) ([]Tool, error) {
	var list struct {
		Tools []Tool `json:"tools"`
	}
	return list.Tools, c.ask(ctx, Request{Method: "tools/list"}, &list)
}

// ToolResult is the result of a call.
type ToolResult struct {
	Structured    json.RawMessage
	Text          string // of all its content
	IsError       bool
	Notifications []Notification
}

// CallTool calls a tool; arguments may be nil.
func (c *Client) CallTool(ctx context.Context, name string, arguments map[string]any) (ToolResult, error) {
	return c.callTool(ctx, name, arguments, false)
}

// CallToolWithProgress calls a tool and asks for progress notifications.
func (c *Client) CallToolWithProgress(ctx context.Context, name string, arguments map[string]any) (ToolResult, error) {
	return c.callTool(ctx, name, arguments, true)
}

func (c *Client) callTool(ctx context.Context, name string, arguments map[string]any, progress bool) (ToolResult, error) {
	params := map[string]any{"name": name}
	if arguments != nil {
		params["arguments"] = arguments
	}
	answer, err := c.Do(ctx, Request{Method: "tools/call", Params: params, Progress: progress})
	if err != nil {
		return ToolResult{}, err
	}
	var result struct {
		Content []struct {
			Type string `json:"type"`
			Text string `json:"text"`
		} `json:"content"`
		Structured json.RawMessage `json:"structuredContent"`
		IsError    bool            `json:"isError"`
	}
	if err := json.Unmarshal(answer.Result, &result); err != nil {
		return ToolResult{}, fmt.Errorf("reading the result of %s: %w", name, err)
	}
	called := ToolResult{Structured: result.Structured, IsError: result.IsError, Notifications: answer.Notifications}
	for _, part := range result.Content {
		if part.Type != "text" {
			return ToolResult{}, fmt.Errorf("the result of %s has content of the type %q", name, part.Type)
		}
		called.Text += part.Text
	}
	return called, nil
}

// Resource is one entry of resources/list or resources/templates/list.
type Resource struct {
	URI         string `json:"uri"`
	URITemplate string `json:"uriTemplate"`
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	MIMEType    string `json:"mimeType"`
}

// Resources lists the resources and then the templates.
func (c *Client) Resources(ctx context.Context) ([]Resource, error) {
	var fixed struct {
		Resources []Resource `json:"resources"`
	}
	if err := c.ask(ctx, Request{Method: "resources/list"}, &fixed); err != nil {
		return nil, err
	}
	var templates struct {
		Templates []Resource `json:"resourceTemplates"`
	}
	err := c.ask(ctx, Request{Method: "resources/templates/list"}, &templates)
	return append(fixed.Resources, templates.Templates...), err
}

// Content is what a resource holds.
type Content struct {
	URI      string `json:"uri"`
	MIMEType string `json:"mimeType"`
	Text     string `json:"text"`
}

// ReadResource reads a resource of one content.
func (c *Client) ReadResource(ctx context.Context, uri string) (Content, error) {
	var result struct {
		Contents []Content `json:"contents"`
	}
	if err := c.ask(ctx, Request{Method: "resources/read", Params: map[string]any{"uri": uri}}, &result); err != nil {
		return Content{}, err
	}
	if len(result.Contents) != 1 {
		return Content{}, fmt.Errorf("%s has %d contents", uri, len(result.Contents))
	}
	return result.Contents[0], nil
}

// Prompt is one entry of prompts/list.
type Prompt struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Arguments   []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Required    bool   `json:"required"`
	} `json:"arguments"`
}

// Prompts lists the prompts.
func (c *Client) Prompts(ctx context.Context) ([]Prompt, error) {
	var list struct {
		Prompts []Prompt `json:"prompts"`
	}
	return list.Prompts, c.ask(ctx, Request{Method: "prompts/list"}, &list)
}

// GetPrompt returns the text of a prompt of one message.
func (c *Client) GetPrompt(ctx context.Context, name string, arguments map[string]string) (string, error) {
	var result struct {
		Messages []struct {
			Role    string `json:"role"`
			Content struct {
				Type string `json:"type"`
				Text string `json:"text"`
			} `json:"content"`
		} `json:"messages"`
	}
	params := map[string]any{"name": name}
	if arguments != nil {
		params["arguments"] = arguments
	}
	if err := c.ask(ctx, Request{Method: "prompts/get", Params: params}, &result); err != nil {
		return "", err
	}
	if len(result.Messages) != 1 || result.Messages[0].Role != "user" || result.Messages[0].Content.Type != "text" {
		return "", fmt.Errorf("the prompt %s is not one text of the user: %+v", name, result.Messages)
	}
	return result.Messages[0].Content.Text, nil
}

// Reference says what is completed: a prompt, or a resource template.
type Reference struct {
	Prompt   string
	Template string
}

// Completion is what completion/complete answers.
type Completion struct {
	Values  []string `json:"values"`
	Total   int      `json:"total"`
	HasMore bool     `json:"hasMore"`
}

// Complete completes an argument. others are the arguments that are known.
func (c *Client) Complete(ctx context.Context, of Reference, argument, typed string, others map[string]string) (Completion, error) {
	ref := map[string]any{"type": "ref/prompt", "name": of.Prompt}
	if of.Template != "" {
		ref = map[string]any{"type": "ref/resource", "uri": of.Template}
	}
	params := map[string]any{"ref": ref, "argument": map[string]any{"name": argument, "value": typed}}
	if others != nil {
		params["context"] = map[string]any{"arguments": others}
	}
	var result struct {
		Completion Completion `json:"completion"`
	}
	return result.Completion, c.ask(ctx, Request{Method: "completion/complete", Params: params}, &result)
}

// ask sends a request and decodes its result.
func (c *Client) ask(ctx context.Context, r Request, into any) error {
	answer, err := c.Do(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer.Result, into); err != nil {
		return fmt.Errorf("reading the result of %s: %w", r.Method, err)
	}
	return nil
}

package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/protocol"
)

// addQuestions adds the tools that ask the client while they run, as the older era
// does.
func addQuestions(core *server.MCPServer, ask protocol.Ask) {
	addTool(core, "test_sampling", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		var answer struct{ Content struct{ Text string } }
		if err := askFor(ctx, ask, mcp.MethodSamplingCreateMessage, sample(r.GetString("prompt", ""), 100), &answer); err != nil {
			return nil, err
		}
		return mcp.NewToolResultText("LLM response: " + answer.Content.Text), nil
	}, "prompt")

	addForm := func(name string, properties object, required []string, arguments ...string) {
		addTool(core, name, func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			var answer struct {
				Action  string
				Content object
			}
			form := mcp.ElicitationParams{
				Message:         r.GetString("message", "Please fill this in."),
				RequestedSchema: object{"type": "object", "properties": properties, "required": required},
			}
			if err := askFor(ctx, ask, mcp.MethodElicitationCreate, form, &answer); err != nil {
				return nil, err
			}
			return mcp.NewToolResultText(fmt.Sprintf("action=%s, content=%v", answer.Action, answer.Content)), nil
		}, arguments...)
	}
	addForm("test_elicitation", object{"username": object{"type": "string"}, "email": object{"type": "string"}}, []string{"username", "email"}, "message")
	addForm("test_elicitation_sep1034_defaults", object{
		"name":     object{"type": "string", "default": "John Doe"},
		"age":      object{"type": "integer", "default": 30},
		"score":    object{"type": "number", "default": 95.5},
		"status":   object{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": object{"type": "boolean", "default": true},
	}, []string{})
	plain, titled := []string{"option1", "option2", "option3"}, []object{
		{"const": "value1", "title": "First Option"}, {"const": "value2", "title": "Second Option"}, {"const": "value3", "title": "Third Option"},
	}
	addForm("test_elicitation_sep1330_enums", object{
		"untitledSingle": object{"type": "string", "enum": plain},
		"titledSingle":   object{"type": "string", "oneOf": titled},
		"legacyEnum":     object{"type": "string", "enum": []string{"opt1", "opt2", "opt3"}, "enumNames": []string{"Option One", "Option Two", "Option Three"}},
		"untitledMulti":  object{"type": "array", "items": object{"type": "string", "enum": plain}},
		"titledMulti":    object{"type": "array", "items": object{"anyOf": titled}},
	}, []string{})
}

// askFor asks the client and decodes what it answers.
func askFor(ctx context.Context, ask protocol.Ask, method mcp.MCPMethod, params, into any) error {
	answer, err := ask(ctx, method, params)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

// sample puts a question to the model of the client.
func sample(prompt string, tokens int) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{
		Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(prompt)}},
		MaxTokens: tokens,
	}
}

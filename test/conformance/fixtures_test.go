package conformance_test

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/tool"
)

// none is the input of tools without arguments.
type none struct{}

// said is the output of a tool that says something.
type said struct {
	Text string `json:"text"`
}

// fixtures are the tools of the suite, those that can be made from a catalogue
// entry. The suite describes them in its scenarios.
func fixtures() []tool.Tool {
	return []tool.Tool{
		tool.Define(tool.Tool{Name: "test_simple_text", Description: "Says something."},
			func(context.Context, *call.Call, none) (*said, error) {
				return &said{"This is a simple text response for testing."}, nil
			}),
		tool.Define(tool.Tool{Name: "test_error_handling", Description: "Always fails."},
			func(context.Context, *call.Call, none) (*said, error) {
				return nil, problem.New("This tool intentionally returns an error for testing.", "Expect it.")
			}),
		tool.Define(tool.Tool{Name: "test_tool_with_progress", Description: "Reports progress three times."},
			func(_ context.Context, c *call.Call, _ none) (*said, error) {
				for _, done := range []int{0, 50, 100} {
					c.Progress(done, 100, "working")
				}
				return &said{"All three steps are done."}, nil
			}),
		withInput(dialect, tool.Define(tool.Tool{Name: "json_schema_2020_12_tool", Description: "Has an input schema with much of JSON Schema 2020-12."},
			func(context.Context, *call.Call, contact) (*said, error) { return &said{"Taken."}, nil })),
		withInput(headers, tool.Define(tool.Tool{Name: "test_custom_header", Description: "Has an argument that clients repeat in a header."},
			func(_ context.Context, _ *call.Call, in region) (*said, error) { return &said{in.Region}, nil })),
		logging("test_tool_with_logging"),
		logging("test_logging_tool"),
		tool.Define(tool.Tool{Name: "test_missing_capability", Description: "Needs the model of the client."},
			func(ctx context.Context, _ *call.Call, _ none) (*said, error) {
				if can := server.RequestProtocolInfoFromContext(ctx).ClientCapabilities; can == nil || can.Sampling == nil {
					return nil, &call.MissingCapability{Capability: "sampling", Reason: problem.New("This client has no model to ask.", "Use one that has.")}
				}
				return &said{"The client can sample."}, nil
			}),
		asking("test_input_required_result_tampered_state", "Please confirm."),
		asking("test_streaming_elicitation", "Shall the stream go on?"),
	}
}

// logging is a tool that sends three log messages.
func logging(name string) tool.Tool {
	return tool.Define(tool.Tool{Name: name, Description: "Sends log messages."},
		func(_ context.Context, c *call.Call, _ none) (*said, error) {
			for _, text := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
				c.Send(call.Message{Level: call.Info, Text: text})
			}
			return &said{"Three messages were logged."}, nil
		})
}

// asking is a tool that asks the user a fixed question.
func asking(name, text string) tool.Tool {
	return tool.Define(tool.Tool{Name: name, Description: "Asks the user."},
		func(ctx context.Context, c *call.Call, _ none) (*said, error) { return ask(ctx, c, text) })
}

func ask(ctx context.Context, c *call.Call, text string) (*said, error) {
	if c.Ask == nil {
		return nil, problem.New("This client cannot ask its user.", "Use one that can.")
	}
	decision, err := c.Ask(ctx, text, text)
	if err != nil {
		return nil, err
	}
	return &said{"The answer is: " + decision.String()}, nil
}

// withInput gives a tool another input schema.
func withInput(schema string, t tool.Tool) tool.Tool {
	t.Input = json.RawMessage(schema)
	return t
}

type contact struct {
	Name          string         `json:"name,omitempty"`
	Address       map[string]any `json:"address,omitempty"`
	ContactMethod string         `json:"contactMethod,omitempty"`
	Phone         string         `json:"phone,omitempty"`
	Email         string         `json:"email,omitempty"`
}

// dialect uses the keywords that must survive tools/list (SEP-1613, SEP-2106).
const dialect = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"$defs": {"address": {
		"$anchor": "addressDef", "type": "object",
		"properties": {"street": {"type": "string"}, "city": {"type": "string"}}
	}},
	"properties": {
		"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
		"contactMethod": {"type": "string", "enum": ["phone", "email"]},
		"phone": {"type": "string"}, "email": {"type": "string"}
	},
	"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
	"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
	"then": {"required": ["phone"]},
	"else": {"required": ["email"]},
	"additionalProperties": false
}`

type region struct {
	Region string `json:"region"`
}

// headers marks an argument that clients repeat in a header (SEP-2243).
const headers = `{
	"type": "object",
	"properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
	"required": ["region"],
	"additionalProperties": false
}`

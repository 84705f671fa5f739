package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// round is one of the requests that ask for the same: what the client answers to
// the questions of the one before, and the state that it was given. The state is
// plain here; that one which was altered is refused is tried with a tool of the
// catalogue, whose state is sealed.
type round struct {
	answers mcp.InputResponses
	state   string
}

// answered decodes the answer to a question; false when there is none.
func (r round) answered(question string, into any) bool {
	answer, ok := r.answers[question]
	if !ok {
		return false
	}
	raw, err := answer.MarshalJSON()
	return err == nil && json.Unmarshal(raw, into) == nil
}

// entered is a text that the user entered into a form.
func (r round) entered(question, field string) (string, bool) {
	var form struct {
		Action  mcp.ElicitationResponseAction
		Content object
	}
	if !r.answered(question, &form) || form.Action != mcp.ElicitationResponseActionAccept {
		return "", false
	}
	text, ok := form.Content[field].(string)
	return text, ok
}

// form asks for one value.
func form(message, field, kind string) mcp.ElicitationParams {
	return mcp.ElicitationParams{Message: message, RequestedSchema: object{
		"type": "object", "properties": object{field: object{"type": kind}}, "required": []string{field},
	}}
}

// The answers of a client to sample and to a question for its roots.
type (
	sampled struct{ Content struct{ Text string } }
	rooted  struct{ Roots []object }
)

// addRounds adds the tools that end with what they need to know, and are called
// again with it (2026-07-28, Multi Round-Trip Requests).
func addRounds(core *server.MCPServer) {
	// A tool says text, or asks when there is none.
	add := func(name string, run func(round) (text string, ask *server.InputRequestBuilder)) {
		addTool(core, "test_input_required_result_"+name, func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			text, ask := run(round{r.Params.InputResponses, r.Params.RequestState})
			if text != "" {
				return mcp.NewToolResultText(text), nil
			}
			return ask.ToolResult(), nil
		})
	}
	add("elicitation", func(r round) (string, *server.InputRequestBuilder) {
		if name, ok := r.entered("user_name", "name"); ok {
			return "Hello, " + name + "!", nil
		}
		return "", server.NewInputRequestBuilder("").Elicit("user_name", form("What is your name?", "name", "string"))
	})
	add("sampling", func(r round) (string, *server.InputRequestBuilder) {
		var answer sampled
		if r.answered("capital_question", &answer) {
			return answer.Content.Text, nil
		}
		return "", server.NewInputRequestBuilder("").Sample("capital_question", sample("What is the capital of France?", 100))
	})
	add("list_roots", func(r round) (string, *server.InputRequestBuilder) {
		var answer rooted
		if r.answered("client_roots", &answer) {
			return fmt.Sprintf("%d roots: %v", len(answer.Roots), answer.Roots), nil
		}
		return "", server.NewInputRequestBuilder("").Roots("client_roots")
	})
	add("request_state", func(r round) (string, *server.InputRequestBuilder) {
		var answer object
		if r.state == "asked" && r.answered("confirm", &answer) {
			return "state-ok", nil
		}
		return "", server.NewInputRequestBuilder("asked").Elicit("confirm", form("Please confirm", "ok", "boolean"))
	})
	add("multiple_inputs", func(r round) (string, *server.InputRequestBuilder) {
		var greeting sampled
		var roots rooted
		if name, ok := r.entered("user_name", "name"); ok && r.state == "asked" && r.answered("greeting", &greeting) && r.answered("client_roots", &roots) {
			return fmt.Sprintf("%s %s, with %d roots", greeting.Content.Text, name, len(roots.Roots)), nil
		}
		return "", askAll("asked", true, true, true)
	})
	add("multi_round", func(r round) (string, *server.InputRequestBuilder) {
		name, isNamed := strings.CutPrefix(r.state, "named ")
		if color, ok := r.entered("step2", "color"); ok && isNamed {
			return name + " likes " + color, nil
		}
		if entered, ok := r.entered("step1", "name"); ok && r.state == "asked" {
			name, isNamed = entered, true
		}
		if isNamed {
			return "", server.NewInputRequestBuilder("named "+name).Elicit("step2", form("Step 2: What is your favorite color?", "color", "string"))
		}
		return "", server.NewInputRequestBuilder("asked").Elicit("step1", form("Step 1: What is your name?", "name", "string"))
	})
	addTool(core, "test_input_required_result_capabilities", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		can := server.RequestProtocolInfoFromContext(ctx).ClientCapabilities
		if can == nil { // of the older era
			can = &mcp.ClientCapabilities{}
		}
		return askAll("", can.Elicitation != nil, can.Sampling != nil, can.Roots != nil).ToolResult(), nil
	})
	core.AddPrompt(mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription(madeFor)),
		func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			answer, ok := round{answers: r.Params.InputResponses}.entered("user_context", "context")
			if !ok {
				return server.NewInputRequestBuilder("").Elicit("user_context", form("What context should the prompt use?", "context", "string")).PromptResult(), nil
			}
			return mcp.NewGetPromptResult(madeFor, []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("The context is "+answer))}), nil
		})
}

// askAll asks the user, the model and for the roots of a client.
func askAll(state string, user, model, roots bool) *server.InputRequestBuilder {
	ask := server.NewInputRequestBuilder(state)
	if user {
		ask.Elicit("user_name", form("What is your name?", "name", "string"))
	}
	if model {
		ask.Sample("greeting", sample("Generate a greeting", 50))
	}
	if roots {
		ask.Roots("client_roots")
	}
	return ask
}

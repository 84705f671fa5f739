package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/problem"
)

// confirmer returns how a call of a tool can ask the user: nil when its client
// cannot ask. Until 2025-11-25 the server sends a request of its own and the
// call waits (specification, Elicitation); from 2026-07-28 on the call ends with
// the question and is made again with the answer.
func (s *Server) confirmer(ctx context.Context, params *mcp.CallToolParams) (call.Confirmer, error) {
	if !server.IsModernRequest(ctx) {
		if !exchangeFrom(ctx).elicits {
			return nil, nil
		}
		return func(ctx context.Context, _, question string) (call.Decision, error) {
			answer, err := s.ask(ctx, mcp.MethodElicitationCreate, form(question))
			if err != nil {
				return call.Unanswered, ctx.Err()
			}
			return decide(answer), nil
		}, nil
	}
	var given *sealed
	if params.RequestState != "" {
		var err error
		if given, err = s.seal.open(s.binding(ctx, params), params.RequestState); err != nil {
			return nil, setFault(ctx, &fault{
				Code:    mcp.INVALID_PARAMS,
				Message: "The requestState was not issued by this server for this request, or the server was restarted since. Call the tool again without it.",
			})
		}
	}
	if declared := server.RequestProtocolInfoFromContext(ctx).ClientCapabilities; declared == nil || !elicits(declared) {
		return nil, nil
	}
	return func(ctx context.Context, subject, question string) (call.Decision, error) {
		if given != nil {
			// What the client did not answer, or not properly, is asked anew.
			response, _ := params.InputResponses[confirmKey].MarshalJSON()
			if decision := decide(response); decision != call.Unanswered {
				counts, err := s.seal.spend(ctx, given, subject)
				if err != nil {
					s.options.Logger.WarnContext(ctx, "an answer of a user cannot be counted", "error", err)
					return call.Unanswered, problem.New("Whether the user's answer was used before cannot be looked up at the moment. Nothing was done.", "Make the same call again, with the same answer, in a moment.")
				}
				if counts {
					return decision, nil
				}
			}
		}
		return call.Unanswered, &call.InputRequired{Subject: subject, Question: question}
	}, nil
}

// inputRequired is the result of a call that needs the user's answer first.
func (s *Server) inputRequired(ctx context.Context, params *mcp.CallToolParams, asked *call.InputRequired) *mcp.CallToolResult {
	token := s.seal.close(s.binding(ctx, params), asked.Subject)
	return server.NewInputRequestBuilder(token).Elicit(confirmKey, form(asked.Question)).ToolResult()
}

// binding is what a sealed state is bound to: who asks, which tool, and its
// arguments whatever the order and spacing in which a client writes them.
func (s *Server) binding(ctx context.Context, params *mcp.CallToolParams) []byte {
	arguments := []byte(params.RawArguments)
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) == nil {
		if sorted, err := json.Marshal(value); err == nil {
			arguments = sorted
		}
	}
	return fmt.Appendf(nil, "%q %q %q", s.options.Principal(ctx), params.Name, arguments)
}

// confirmKey names the question among the inputRequests of a result, and its
// one field in the form.
const confirmKey = "confirm"

// form is the question as a form with one field. It leaves the mode out, which
// means a form in every version (Elicitation, Form Mode Requests).
func form(question string) mcp.ElicitationParams {
	return mcp.ElicitationParams{
		Message: question,
		RequestedSchema: map[string]any{
			"type": "object",
			"properties": map[string]any{confirmKey: map[string]any{
				"type":        "boolean",
				"title":       "Confirm",
				"description": "Yes lets the assistant do this; no keeps everything as it is.",
			}},
			"required": []string{confirmKey},
		},
	}
}

// decide reads the result of an elicitation. Only a form that was accepted with
// yes confirms; what is no valid result answers nothing.
func decide(result json.RawMessage) call.Decision {
	var given struct {
		Action  mcp.ElicitationResponseAction `json:"action"`
		Content struct {
			Confirm *bool `json:"confirm"`
		} `json:"content"`
	}
	if json.Unmarshal(result, &given) != nil {
		return call.Unanswered
	}
	switch given.Action {
	case mcp.ElicitationResponseActionDecline, mcp.ElicitationResponseActionCancel:
		return call.Declined
	case mcp.ElicitationResponseActionAccept:
		switch yes := given.Content.Confirm; {
		case yes == nil:
			return call.Unanswered
		case *yes:
			return call.Confirmed
		default:
			return call.Declined
		}
	default:
		return call.Unanswered
	}
}

// elicits reports whether a client can show a form. One that names no mode can
// (Elicitation, Capabilities).
func elicits(c *mcp.ClientCapabilities) bool {
	return c.Elicitation != nil && (c.Elicitation.Form != nil || c.Elicitation.URL == nil)
}

package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/graph"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

type queryGraphQLInput struct {
	Query     string                     `json:"query" min:"1" jsonschema:"GraphQL query document"`
	Branch    string                     `json:"branch,omitempty" jsonschema:"Branch to read; the default branch otherwise"`
	Variables map[string]json.RawMessage `json:"variables,omitempty" jsonschema:"Values of the variables"`
	Operation string                     `json:"operation_name,omitempty" jsonschema:"Which operation to run if there are several"`
}

// queryGraphQLOutput is the content of `data` in Infrahub's answer, with the
// member _branch before it when it did not come from the default branch.
type queryGraphQLOutput struct {
	data   json.RawMessage
	branch string
}

// MarshalJSON writes the data as it came, its branch before it.
func (o queryGraphQLOutput) MarshalJSON() ([]byte, error) {
	rest, isObject := bytes.CutPrefix(o.data, []byte("{"))
	if o.branch == "" || !isObject {
		return o.data, nil
	}
	name, err := json.Marshal(o.branch)
	if err != nil {
		return nil, err
	}
	separator := ","
	if string(bytes.TrimSpace(rest)) == "}" {
		separator = ""
	}
	return fmt.Appendf(nil, "{\"_branch\":%s%s%s", name, separator, rest), nil
}

func queryGraphQL() Tool {
	return Define(Tool{
		Name:  "query_graphql",
		Title: "Run a GraphQL query",
		Description: "Run one GraphQL query for what get_nodes cannot say: several levels of relationships, several kinds at once, diffs, tasks, events. Queries only. " +
			"Nodes sit in Kind(filters, limit) { count edges { node { attribute { value } one_relationship { node { … } } many_relationship(limit) { edges { node { … } } } } } }. Use limit: Infrahub returns all otherwise.",
		Idempotent: true,
		form:       JSON,
		narrow:     "Select fewer fields, or page with limit and offset.",
	}, runQueryGraphQL)
}

func runQueryGraphQL(ctx context.Context, c *call.Call, in queryGraphQLInput) (*queryGraphQLOutput, error) {
	document, err := graph.Parse(in.Query, in.Operation)
	if err != nil {
		return nil, err
	}
	if document.Operation.Operation != ast.Query {
		return nil, problem.New(fmt.Sprintf("This is a %s; query_graphql runs queries only.", document.Operation.Operation), writeAdvice(c))
	}
	if err := document.CheckVariables(in.Variables); err != nil {
		return nil, err
	}
	branch := c.Branch(in.Branch)
	query := infrahub.Query{Document: in.Query, Operation: document.Operation.Name, Variables: map[string]any{}, Branch: branch}
	for name, value := range in.Variables {
		query.Variables[name] = value
	}
	if c.Settings.RevealSecrets {
		data, err := c.Client.GraphQL(ctx, query)
		return &queryGraphQLOutput{data, c.Named(branch)}, describeErrors(err)
	}
	s, err := c.Schema(ctx, branch)
	if err != nil {
		return nil, err
	}
	mask, err := protect(s, document, in.Variables)
	if err != nil {
		return nil, err
	}
	if mask.Unknown {
		// A kind that was loaded a moment ago may have secrets too.
		if s, err = c.Refresh(ctx, branch); err != nil {
			return nil, err
		}
		if mask, err = protect(s, document, in.Variables); err != nil {
			return nil, err
		}
	}
	data, err := c.Client.GraphQL(ctx, query)
	if err != nil {
		return nil, describeErrors(err)
	}
	if data, err = mask.Apply(data); err != nil {
		return nil, err
	}
	return &queryGraphQLOutput{data, c.Named(branch)}, nil
}

// protect refuses arguments that would tell secrets and finds where the answer
// may hold some.
func protect(s *schema.Schema, document *graph.Document, variables map[string]json.RawMessage) (*graph.Mask, error) {
	reader := graph.Reader{Schema: s}
	if err := reader.RefuseSecretArguments(document, variables); err != nil {
		return nil, err
	}
	return reader.Mask(document)
}

func writeAdvice(c *call.Call) string {
	if c.Settings.WhyReadOnly != "" {
		return c.Settings.WhyReadOnly
	}
	return "Changes go through the write tools, where this server offers them."
}

// describeErrors lists what Infrahub found wrong with a query, with the place
// of each error; a part of an answer is worth nothing without them.
func describeErrors(err error) error {
	var refused *infrahub.Error
	if err == nil || !errors.As(err, &refused) || len(refused.Details) < 2 {
		return err
	}
	const most = 5
	texts := make([]string, 0, most)
	for _, fault := range refused.Details[:min(len(refused.Details), most)] {
		texts = append(texts, fault.Message)
	}
	if more := len(refused.Details) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	if infrahub.Unavailable(err) || infrahub.Unauthorized(err) {
		return err
	}
	return problem.New(strings.Join(texts, " · "), strings.TrimSpace(advice(refused)))
}

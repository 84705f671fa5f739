package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/problem"
)

// maxTokens bounds a document that a client sends; Infrahub itself has no
// limit.
const maxTokens = 20_000

// Document is a parsed GraphQL document of which one operation is to be run.
type Document struct {
	Text      string
	Operation *ast.OperationDefinition
	fragments ast.FragmentDefinitionList
}

// Parse parses a document and picks the operation to run. Infrahub answers a
// syntax error with a bare status 500, so it is found here, with its place.
func Parse(text, operation string) (*Document, error) {
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Name: "query", Input: text}, maxTokens)
	if err != nil {
		return nil, syntaxProblem(err)
	}
	if len(document.Operations) == 0 {
		return nil, problem.New("The document holds no operation.", "Send a query such as { DcimDevice { count } }.")
	}
	names := make([]string, len(document.Operations))
	for i, o := range document.Operations {
		names[i] = o.Name
	}
	picked := document.Operations.ForName(operation)
	switch {
	case operation != "" && picked == nil:
		return nil, problem.Unknown("operation", operation, names, "")
	case operation == "" && len(document.Operations) > 1:
		return nil, problem.New(fmt.Sprintf("The document holds %d operations: %s.", len(names), strings.Join(names, ", ")),
			"Say which one to run with operation_name.")
	case operation == "":
		picked = document.Operations[0]
	}
	return &Document{Text: text, Operation: picked, fragments: document.Fragments}, nil
}

func syntaxProblem(err error) error {
	what := problem.Excerpt(err.Error(), 200)
	if located, ok := errors.AsType[*gqlerror.Error](err); ok {
		what = problem.Excerpt(located.Message, 200)
		if len(located.Locations) > 0 {
			at := located.Locations[0]
			what = fmt.Sprintf("line %d, column %d: %s", at.Line, at.Column, what)
		}
	}
	return problem.New("The GraphQL document has a syntax error at "+what+".", "")
}

// CheckVariables compares the variables sent with those declared. Some servers
// answer a missing or misspelt variable with a bare status 500.
func (d *Document) CheckVariables(sent map[string]json.RawMessage) error {
	var faults []error
	declared := make([]string, 0, len(d.Operation.VariableDefinitions))
	for _, v := range d.Operation.VariableDefinitions {
		declared = append(declared, v.Variable)
		value, ok := sent[v.Variable]
		switch {
		case v.Type.NonNull && v.DefaultValue == nil && !ok:
			faults = append(faults, problem.New(fmt.Sprintf("The variable $%s of type %s is missing.", v.Variable, v.Type), ""))
		case v.Type.NonNull && ok && isNull(value):
			faults = append(faults, problem.New(fmt.Sprintf("The variable $%s of type %s must not be null.", v.Variable, v.Type), ""))
		case ok && !fits(v.Type, value):
			faults = append(faults, problem.New(fmt.Sprintf("The variable $%s must be %s, got %s.", v.Variable, v.Type, problem.Excerpt(string(value), 60)), ""))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if !slices.Contains(declared, name) {
			faults = append(faults, problem.Unknown("variable declared by this operation", name, declared, "Declare it, or leave it out."))
		}
	}
	if len(faults) > 0 {
		return joined(faults)
	}
	return nil
}

// fits checks a value against the scalars that GraphQL itself defines; other
// types are left to the server.
func fits(t *ast.Type, raw json.RawMessage) bool {
	if isNull(raw) {
		return !t.NonNull
	}
	if t.Elem != nil {
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return fits(t.Elem, raw) // GraphQL takes one value for a list of one
		}
		return !slices.ContainsFunc(items, func(item json.RawMessage) bool { return !fits(t.Elem, item) })
	}
	switch t.NamedType {
	case "String":
		return raw[0] == '"'
	case "ID":
		return raw[0] == '"' || raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
	case "Boolean":
		return string(raw) == "true" || string(raw) == "false"
	case "Int", "BigInt":
		var number int64
		return json.Unmarshal(raw, &number) == nil
	case "Float":
		var number float64
		return json.Unmarshal(raw, &number) == nil
	default:
		return true
	}
}

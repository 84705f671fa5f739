package library

import (
	"context"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
)

// report answers InfrahubGraphQLQueryReport: whether each list that a query asks
// for can hold but one node, given its arguments.
func report(schema Schema) gql.Resolve {
	return func(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
		g, err := c.Graph()
		if err != nil {
			return nil, err
		}
		s, err := schema(g.Model)
		if err != nil {
			return nil, err
		}
		text, _ := f.Arguments["query"].(string)
		document, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			return nil, syntaxError(err)
		}
		if faults := exec.Validate(s.AST, document); len(faults) > 0 {
			return nil, invalid(faults)
		}
		unique := true
		for _, operation := range document.Operations {
			for _, selection := range operation.SelectionSet {
				field, ok := selection.(*ast.Field)
				unique = unique && ok && single(g.Model.Kind(field.Name), field, operation)
			}
		}
		return map[string]any{"targets_unique_nodes": unique}, nil
	}
}

// single tells whether the arguments of a list pin one node: an id, a
// human-friendly id, or all that one of the uniqueness constraints names.
func single(k *model.Kind, field *ast.Field, operation *ast.OperationDefinition) bool {
	if k == nil {
		return false
	}
	given := func(name string) bool {
		argument := field.Arguments.ForName(name)
		if argument == nil || argument.Value.Kind == ast.NullValue {
			return false
		}
		if argument.Value.Kind != ast.Variable {
			return true
		}
		definition := operation.VariableDefinitions.ForName(argument.Value.Raw)
		return definition != nil && definition.Type.NonNull
	}
	if given("ids") || given("hfid") {
		return true
	}
	return slices.ContainsFunc(k.UniquenessConstraints, func(paths []string) bool {
		return !slices.ContainsFunc(paths, func(path string) bool {
			if !strings.Contains(path, "__") {
				return !given(path + "__ids")
			}
			return !given(path)
		})
	})
}

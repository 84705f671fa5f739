// Package library answers the GraphQL fields of what is kept on the server to be
// used by name, stored queries above all, and a few small ones that belong to no
// other topic.
package library

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/sdl"
)

const storedQuery = "CoreGraphQLQuery"

// Schema gives the GraphQL schema of a model.
type Schema func(*model.Model) (*sdl.Schema, error)

// Mutations are the mutations of this package.
func Mutations(schema Schema) gql.Fields {
	fields := gql.Fields{"ConvertObjectType": convert, "InfrahubSetPreferences": setPreferences}
	for _, verb := range []string{"Create", "Update", "Upsert"} {
		fields[storedQuery+verb] = store(verb, schema)
	}
	return fields
}

// Queries are the queries of this package.
func Queries(schema Schema) gql.Fields {
	return gql.Fields{
		"InfrahubGraphQLQueryReport":   report(schema),
		"FieldsMappingTypeConversion":  mapping,
		"InfrahubEffectivePreferences": effectivePreferences,
		"InfrahubUserPreferences":      rawPreferences,
		"InfrahubGlobalPreferences":    rawPreferences,
		"Relationship":                 relationships,
	}
}

// store answers the mutations that write stored queries: what the query is made
// of is found and written too.
func store(verb string, schema Schema) gql.Resolve {
	return func(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
		data, _ := f.Arguments["data"].(map[string]any)
		given, _ := data["query"].(map[string]any)
		text, isText := given["value"].(string)
		var n *nodes.Node
		err := c.Write(func(w *nodes.Writer) error {
			var found *anatomy
			if isText {
				s, err := schema(w.Model)
				if err != nil {
					return err
				}
				if found, err = dissect(s.AST, w.Model, text); err != nil {
					return err
				}
			}
			kind := w.Model.Kind(storedQuery)
			var err error
			switch verb {
			case "Create":
				n, err = w.Create(kind, data)
			case "Update":
				n, err = w.Update(kind, data)
			default:
				n, _, err = w.Upsert(kind, data)
			}
			if err != nil || found == nil {
				return err
			}
			return found.write(w, n)
		})
		if err != nil {
			return nil, err
		}
		return map[string]any{"ok": true, "object": n}, nil
	}
}

// anatomy is what a query is made of.
type anatomy struct {
	variables, operations, models []any
	depth, height                 int
}

func (a *anatomy) write(w *nodes.Writer, n *nodes.Node) error {
	for name, value := range map[string]any{
		"variables": a.variables, "operations": a.operations, "models": a.models,
		"depth": int64(a.depth), "height": int64(a.height),
	} {
		if err := w.SetAttribute(n, name, value); err != nil {
			return err
		}
	}
	return nil
}

// dissect checks a query and finds what it is made of.
func dissect(schema *ast.Schema, m *model.Model, text string) (*anatomy, error) {
	document, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return nil, syntaxError(err)
	}
	if faults := exec.Validate(schema, document); len(faults) > 0 {
		return nil, invalid(faults)
	}
	measured, seen := extents{}, map[string]bool{}
	a := &anatomy{variables: []any{}, operations: []any{}, models: []any{}}
	for _, operation := range document.Operations {
		a.operations = append(a.operations, string(operation.Operation))
		for _, v := range operation.VariableDefinitions {
			a.variables = append(a.variables, described(v))
		}
		depth, height := measured.extent(operation.SelectionSet)
		a.depth, a.height = max(a.depth, depth+1), a.height+height
		a.kinds(operation.SelectionSet, m, seen)
	}
	return a, nil
}

// kinds adds the kinds whose nodes a selection reads.
func (a *anatomy) kinds(set ast.SelectionSet, m *model.Model, seen map[string]bool) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Definition != nil {
				if name := s.Definition.Type.Name(); m.Kind(name) != nil && !slices.Contains(a.models, any(name)) {
					a.models = append(a.models, name)
				}
			}
			a.kinds(s.SelectionSet, m, seen)
		case *ast.InlineFragment:
			a.kinds(s.SelectionSet, m, seen)
		case *ast.FragmentSpread:
			if !seen[s.Name] { // a fragment counts once for the kinds
				seen[s.Name] = true
				a.kinds(s.Definition.SelectionSet, m, seen)
			}
		}
	}
}

// extents are the depths and heights of fragments, by name: each is measured
// once, however often it is spread.
type extents map[string][2]int

// extent measures a selection: how deep it is, and how many fields have none
// below, or some, as Infrahub counts.
func (e extents) extent(set ast.SelectionSet) (depth, fields int) {
	for _, selection := range set {
		var below ast.SelectionSet
		own := 0
		switch s := selection.(type) {
		case *ast.Field:
			below, own = s.SelectionSet, 1
		case *ast.InlineFragment:
			below = s.SelectionSet
		case *ast.FragmentSpread:
			known, ok := e[s.Name]
			if !ok {
				known[0], known[1] = e.extent(s.Definition.SelectionSet)
				e[s.Name] = known
			}
			depth, fields = max(depth, known[0]), fields+known[1]
			continue
		}
		d, n := e.extent(below)
		depth, fields = max(depth, d+own), fields+n+own
	}
	return depth, fields
}

// described is a variable as it is listed with a stored query.
func described(v *ast.VariableDefinition) any {
	var fallback any
	if v.DefaultValue != nil {
		fallback, _ = v.DefaultValue.Value(nil)
	}
	return map[string]any{
		"name": v.Variable, "type": strings.TrimSuffix(v.Type.String(), "!"),
		"required": v.Type.NonNull, "default_value": fallback,
	}
}

// syntaxError is what Infrahub answers for a query that cannot be parsed.
func syntaxError(err error) error {
	parsed, ok := err.(*gqlerror.Error) //nolint:errorlint // the parser wraps nothing
	if !ok {
		return err
	}
	return &gqlerror.Error{Message: "Syntax Error: " + parsed.Message + ".", Locations: parsed.Locations}
}

// invalid is what Infrahub answers for a query that does not fit the schema.
func invalid(faults []*exec.Error) error {
	printed := make([]string, len(faults))
	for i, e := range faults {
		places := make([]string, len(e.Locations))
		for j, at := range e.Locations {
			places[j] = fmt.Sprintf("SourceLocation(line=%d, column=%d)", at.Line, at.Column)
		}
		printed[i] = fmt.Sprintf("GraphQLError(%q, locations=[%s])", e.Message, strings.Join(places, ", "))
	}
	return fault.New(http.StatusInternalServerError, "Query is not valid, [%s]", strings.Join(printed, ", "))
}

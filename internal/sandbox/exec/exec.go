// Package exec executes GraphQL documents (GraphQL specification, October 2021,
// section 6) against a schema and a resolver. Messages are those of
// graphql-core, which Infrahub uses.
package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Resolver gives the values of fields.
type Resolver interface {
	// Field returns the value of a field of an object: nil for null, a slice
	// for a list, any value that Field knows again for an object, and what
	// encoding/json writes for a scalar or an enum.
	Field(ctx context.Context, parent any, f Field) (any, error)
	// Type names the type of an object where the schema knows only an
	// interface or a union.
	Type(value any) string
}

// Introspector is a Resolver that answers __schema and __type, which are null
// without. Given are the fields of one response key, and the result is what
// encoding/json writes for all that is selected below.
type Introspector interface {
	Introspect(fields []*ast.Field, variables map[string]any) (json.RawMessage, error)
}

// Field is one field to be resolved.
type Field struct {
	// On is the object type that the field belongs to.
	On *ast.Definition
	// Definition is the field in the schema.
	Definition *ast.FieldDefinition
	// Arguments are coerced, with defaults filled in.
	Arguments map[string]any
	// Selected are the names of the fields that are selected below, fragments
	// included, without their aliases.
	Selected func() []string
	// Path is the place in the answer: response keys and list indexes.
	Path []any
}

// Request is what a client sends.
type Request struct {
	Query         string
	OperationName string
	Variables     map[string]any
	// Permit, if set, is asked before the document is validated. Its error is
	// that of Execute.
	Permit func(*ast.OperationDefinition, ast.FragmentDefinitionList) error
}

// Response is what it gets.
type Response struct {
	// Data is nil where nothing was executed, or null reached the top.
	Data   *Object
	Errors []*Error
	// Executed says that execution began: the request was valid.
	Executed bool
}

// Error is one entry of `errors`.
type Error struct {
	Message   string
	Locations []gqlerror.Location
	Path      []any
	// Cause is the error of the resolver, nil for those of this package.
	Cause error
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the error of the resolver.
func (e *Error) Unwrap() error { return e.Cause }

// ErrSyntax is the error of a document that cannot be parsed.
var ErrSyntax = errors.New("syntax error")

// Limits of a document.
const (
	maxTokens = 100_000
	maxDepth  = 100
	maxFields = 200_000 // resolved in one request, list items included
)

// Execute runs one operation. The error is ErrSyntax, wrapped, or that of
// Request.Permit; everything else is in the response.
func Execute(ctx context.Context, schema *ast.Schema, r Request, resolver Resolver) (*Response, error) {
	document, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: r.Query}, maxTokens)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	operation, refusal := pick(document, r.OperationName)
	if operation != nil && r.Permit != nil {
		if err := r.Permit(operation, document.Fragments); err != nil {
			return nil, err
		}
	}
	if faults := Validate(schema, document); len(faults) > 0 {
		return &Response{Errors: faults}, nil
	}
	if refusal != nil {
		return refused(refusal), nil
	}
	variables, faults := coerceVariables(schema, operation, r.Variables)
	if len(faults) > 0 {
		return &Response{Errors: faults}, nil
	}
	root := schema.Query
	switch operation.Operation {
	case ast.Mutation:
		root = schema.Mutation
	case ast.Subscription:
		root, resolver = schema.Subscription, nothing{}
	}
	if root == nil {
		return refused(&Error{Message: fmt.Sprintf("Schema is not configured to execute %s operation.", operation.Operation)}), nil
	}
	x := &execution{ctx: ctx, schema: schema, fragments: document.Fragments, variables: variables, resolver: resolver}
	response := &Response{Executed: true}
	// Fields of a mutation run one after the other; those of a query may.
	if object, ok := x.object(root, nil, []ast.SelectionSet{operation.SelectionSet}, nil); ok {
		response.Data = object
	}
	response.Errors = x.errors
	return response, nil
}

// nothing resolves the fields of a subscription that is sent like a query: as
// there is no event, they are null.
type nothing struct{}

func (nothing) Field(context.Context, any, Field) (any, error) { return nil, nil }

func (nothing) Type(any) string { return "" }

func refused(e *Error) *Response { return &Response{Errors: []*Error{e}} }

// pick finds the operation to run.
func pick(document *ast.QueryDocument, name string) (*ast.OperationDefinition, *Error) {
	if name == "" {
		switch len(document.Operations) {
		case 0:
			return nil, &Error{Message: "Must provide an operation."}
		case 1:
			return document.Operations[0], nil
		}
		return nil, &Error{Message: "Must provide operation name if query contains multiple operations."}
	}
	if operation := document.Operations.ForName(name); operation != nil {
		return operation, nil
	}
	return nil, &Error{Message: fmt.Sprintf("Unknown operation named '%s'.", name)}
}

// execution is one operation in progress.
type execution struct {
	ctx       context.Context //nolint:containedctx // lives as long as the call it belongs to
	schema    *ast.Schema
	fragments ast.FragmentDefinitionList
	variables map[string]any
	resolver  Resolver
	errors    []*Error
	resolved  int
}

// object answers the selection sets of one object. It reports false when null
// has to take the object's place.
func (x *execution) object(on *ast.Definition, value any, sets []ast.SelectionSet, path []any) (*Object, bool) {
	out := &Object{}
	for _, group := range x.collect(on, sets) {
		answer, ok := x.field(on, value, group, append(slices.Clip(path), group[0].Alias))
		if !ok {
			return nil, false
		}
		out.Set(group[0].Alias, answer)
	}
	return out, true
}

// collect groups the fields of selection sets by response key, in the order of
// their first appearance (section 6.3.2).
func (x *execution) collect(on *ast.Definition, sets []ast.SelectionSet) [][]*ast.Field {
	var groups [][]*ast.Field
	index := map[string]int{}
	visited := map[string]bool{}
	var visit func(ast.SelectionSet)
	visit = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if !x.included(s.Directives) {
					continue
				}
				at, ok := index[s.Alias]
				if !ok {
					at = len(groups)
					index[s.Alias] = at
					groups = append(groups, nil)
				}
				groups[at] = append(groups[at], s)
			case *ast.InlineFragment:
				if x.included(s.Directives) && x.applies(s.TypeCondition, on) {
					visit(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				fragment := x.fragments.ForName(s.Name)
				if fragment != nil && !visited[s.Name] && x.included(s.Directives) && x.applies(fragment.TypeCondition, on) {
					visited[s.Name] = true
					visit(fragment.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		visit(set)
	}
	return groups
}

// included obeys @skip and @include.
func (x *execution) included(directives ast.DirectiveList) bool {
	condition := func(name string) (value, given bool) {
		d := directives.ForName(name)
		if d == nil {
			return false, false
		}
		value, _ = d.ArgumentMap(x.variables)["if"].(bool)
		return value, true
	}
	if skip, given := condition("skip"); given && skip {
		return false
	}
	include, given := condition("include")
	return !given || include
}

func (x *execution) applies(condition string, on *ast.Definition) bool {
	if condition == "" || condition == on.Name {
		return true
	}
	return slices.ContainsFunc(x.schema.PossibleTypes[condition], func(d *ast.Definition) bool { return d.Name == on.Name })
}

// field answers one response key.
func (x *execution) field(on *ast.Definition, parent any, group []*ast.Field, path []any) (any, bool) {
	first := group[0]
	if first.Name == "__typename" {
		return on.Name, true
	}
	if first.Name == "__schema" || first.Name == "__type" { // which only the root has
		return x.introspect(group, path), true
	}
	definition := on.Fields.ForName(first.Name)
	var value any
	err := x.within(path)
	if err == nil {
		value, err = x.resolver.Field(x.ctx, parent, Field{
			On: on, Definition: definition, Arguments: x.arguments(definition, first), Path: path,
			Selected: func() []string { return x.selected(group) },
		})
	}
	if err != nil {
		x.fail(err, group, path)
		return nil, !definition.Type.NonNull
	}
	return x.complete(definition.Type, on, group, value, path)
}

func (x *execution) introspect(group []*ast.Field, path []any) any {
	introspector, ok := x.resolver.(Introspector)
	if !ok {
		return nil
	}
	answer, err := introspector.Introspect(group, x.variables)
	if err != nil {
		x.fail(err, group, path)
		return nil
	}
	return answer
}

// within bounds the work of one request.
func (x *execution) within(path []any) error {
	if err := x.ctx.Err(); err != nil {
		return err
	}
	if x.resolved++; x.resolved > maxFields {
		return fmt.Errorf("the query asks for more than %d fields", maxFields)
	}
	if len(path) > 2*maxDepth {
		return fmt.Errorf("the query is nested more than %d levels deep", maxDepth)
	}
	return nil
}

// selected names the fields below a field, whatever type they are of.
func (x *execution) selected(group []*ast.Field) []string {
	var names []string
	var visit func(set ast.SelectionSet, open []string)
	visit = func(set ast.SelectionSet, open []string) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if x.included(s.Directives) && !slices.Contains(names, s.Name) {
					names = append(names, s.Name)
				}
			case *ast.InlineFragment:
				visit(s.SelectionSet, open)
			case *ast.FragmentSpread:
				if f := x.fragments.ForName(s.Name); f != nil && !slices.Contains(open, s.Name) {
					visit(f.SelectionSet, append(open, s.Name))
				}
			}
		}
	}
	for _, f := range group {
		visit(f.SelectionSet, nil)
	}
	return names
}

// complete brings a value into the form of its type (section 6.4.3).
func (x *execution) complete(t *ast.Type, on *ast.Definition, group []*ast.Field, value any, path []any) (any, bool) {
	if t.NonNull {
		nullable := *t
		nullable.NonNull = false
		completed, ok := x.complete(&nullable, on, group, value, path)
		if ok && completed == nil {
			if !x.failedBelow(path) {
				x.fail(fmt.Errorf("Cannot return null for non-nullable field %s.%s.", on.Name, group[0].Name), group, path) //nolint:revive,staticcheck // the words of graphql-core
			}
			return nil, false
		}
		return completed, ok
	}
	if isNil(value) {
		return nil, true
	}
	if t.Elem != nil {
		return x.list(t, on, group, value, path)
	}
	definition := x.schema.Types[t.NamedType]
	switch definition.Kind {
	case ast.Scalar, ast.Enum:
		return value, true
	case ast.Interface, ast.Union:
		if definition = x.schema.Types[x.resolver.Type(value)]; definition == nil {
			x.fail(fmt.Errorf("no type of %s is known for a value", t.NamedType), group, path)
			return nil, true
		}
	}
	sets := make([]ast.SelectionSet, len(group))
	for i, f := range group {
		sets[i] = f.SelectionSet
	}
	if object, ok := x.object(definition, value, sets, path); ok {
		return object, true
	}
	return nil, true // null takes its place; a non-null type above passes it on
}

func (x *execution) list(t *ast.Type, on *ast.Definition, group []*ast.Field, value any, path []any) (any, bool) {
	items := reflect.ValueOf(value)
	if items.Kind() != reflect.Slice {
		x.fail(fmt.Errorf("expected a list for field %s.%s", on.Name, group[0].Name), group, path)
		return nil, true
	}
	out := make([]any, items.Len())
	for i := range out {
		item, ok := x.complete(t.Elem, on, group, items.Index(i).Interface(), append(slices.Clip(path), i))
		if !ok {
			return nil, true
		}
		out[i] = item
	}
	return out, true
}

func isNil(value any) bool {
	if value == nil {
		return true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Interface:
		return v.IsNil()
	default:
		return false
	}
}

// failedBelow reports whether an error was already recorded at or below a path,
// so that null on its way up is not reported twice.
func (x *execution) failedBelow(path []any) bool {
	return slices.ContainsFunc(x.errors, func(e *Error) bool {
		return len(e.Path) >= len(path) && slices.Equal(e.Path[:len(path)], path)
	})
}

// fail records the error of a field. One error may stand for several.
func (x *execution) fail(err error, group []*ast.Field, path []any) {
	var locations []gqlerror.Location
	for _, f := range group {
		if f.Position != nil {
			locations = append(locations, gqlerror.Location{Line: f.Position.Line, Column: f.Position.Column})
		}
	}
	errs := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		errs = several.Unwrap()
	}
	for _, e := range errs {
		message, at := e.Error(), locations
		if located, ok := errors.AsType[*gqlerror.Error](e); ok {
			message, at = located.Message, located.Locations // of a document within the document
		}
		x.errors = append(x.errors, &Error{Message: message, Locations: at, Path: path, Cause: e})
	}
}

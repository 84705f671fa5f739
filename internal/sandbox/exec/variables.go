package exec

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"infrahub-mcp/internal/problem"
)

// inTheWordsOfGraphQLCore turns the faults that gqlparser finds into those that
// graphql-core tells: names in single quotes.
func inTheWordsOfGraphQLCore(faults gqlerror.List) []*Error {
	out := make([]*Error, len(faults))
	for i, fault := range faults {
		out[i] = &Error{Message: names.ReplaceAllString(fault.Message, "'$1'"), Locations: fault.Locations}
	}
	return out
}

// names matches names and types in double quotes; values keep theirs.
var names = regexp.MustCompile(`"([$_A-Za-z\[][][!._A-Za-z0-9]*)"`)

// coerceVariables brings the variables of a request into the types that the
// operation declares (section 6.1.2).
func coerceVariables(schema *ast.Schema, operation *ast.OperationDefinition, sent map[string]any) (map[string]any, []*Error) {
	values := map[string]any{}
	var faults []*Error
	for _, v := range operation.VariableDefinitions {
		fail := func(format string, arguments ...any) {
			e := &Error{Message: fmt.Sprintf(format, arguments...)}
			if v.Position != nil {
				e.Locations = []gqlerror.Location{{Line: v.Position.Line, Column: v.Position.Column}}
			}
			faults = append(faults, e)
		}
		value, ok := sent[v.Variable]
		switch {
		case !ok && v.DefaultValue != nil:
			fallback, err := v.DefaultValue.Value(nil)
			if err != nil {
				fail("Variable '$%s' has a default value that cannot be read.", v.Variable)
				continue
			}
			values[v.Variable] = fallback
		case !ok && v.Type.NonNull:
			fail("Variable '$%s' of required type '%s' was not provided.", v.Variable, v.Type)
		case !ok:
		case value == nil && v.Type.NonNull:
			fail("Variable '$%s' of non-null type '%s' must not be null.", v.Variable, v.Type)
		default:
			c := coercion{schema: schema}
			coerced := c.value(v.Type, value, v.Variable)
			for _, f := range c.faults {
				if f.at == v.Variable {
					fail("Variable '$%s' got invalid value %s; %s", v.Variable, inspect(f.value), f.message)
				} else {
					fail("Variable '$%s' got invalid value %s at '%s'; %s", v.Variable, inspect(f.value), f.at, f.message)
				}
			}
			values[v.Variable] = coerced
		}
	}
	return values, faults
}

// coercion brings one value into its type and collects what does not fit.
type coercion struct {
	schema *ast.Schema
	faults []misfit
}

type misfit struct {
	value   any
	at      string
	message string
}

func (c *coercion) fail(value any, at, format string, arguments ...any) any {
	c.faults = append(c.faults, misfit{value, at, fmt.Sprintf(format, arguments...)})
	return nil
}

func (c *coercion) value(t *ast.Type, value any, at string) any {
	if value == nil {
		if t.NonNull {
			return c.fail(value, at, "Expected non-nullable type '%s' not to be None.", t)
		}
		return nil
	}
	if t.Elem != nil {
		items, ok := value.([]any)
		if !ok {
			return []any{c.value(t.Elem, value, at)}
		}
		out := make([]any, len(items))
		for i, item := range items {
			out[i] = c.value(t.Elem, item, fmt.Sprintf("%s[%d]", at, i))
		}
		return out
	}
	definition := c.schema.Types[t.NamedType]
	switch definition.Kind {
	case ast.InputObject:
		return c.object(definition, value, at)
	case ast.Enum:
		name, ok := value.(string)
		if !ok {
			return c.fail(value, at, "Enum '%s' cannot represent non-string value: %s.", definition.Name, inspect(value))
		}
		if definition.EnumValues.ForName(name) == nil {
			return c.fail(value, at, "Value '%s' does not exist in '%s' enum.", name, definition.Name)
		}
		return name
	default:
		return c.scalar(definition.Name, value, at)
	}
}

func (c *coercion) object(definition *ast.Definition, value any, at string) any {
	members, ok := value.(map[string]any)
	if !ok {
		return c.fail(value, at, "Expected type '%s' to be a mapping.", definition.Name)
	}
	out := map[string]any{}
	for _, field := range definition.Fields {
		member, given := members[field.Name]
		switch {
		case given:
			out[field.Name] = c.value(field.Type, member, at+"."+field.Name)
		case field.DefaultValue != nil:
			if fallback, err := field.DefaultValue.Value(nil); err == nil {
				out[field.Name] = fallback
			}
		case field.Type.NonNull:
			c.fail(value, at, "Field '%s' of required type '%s' was not provided.", field.Name, field.Type)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if definition.Fields.ForName(name) == nil {
			known := make([]string, len(definition.Fields))
			for i, f := range definition.Fields {
				known[i] = f.Name
			}
			c.fail(value, at, "Field '%s' is not defined by type '%s'.%s", name, definition.Name, didYouMean(problem.Closest(name, known, 5)))
		}
	}
	return out
}

func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "'" + name + "'"
	}
	if len(quoted) == 1 {
		return " Did you mean " + quoted[0] + "?"
	}
	last := len(quoted) - 1
	comma := ","
	if last == 1 {
		comma = ""
	}
	return " Did you mean " + strings.Join(quoted[:last], ", ") + comma + " or " + quoted[last] + "?"
}

func (c *coercion) scalar(name string, value any, at string) any {
	switch name {
	case "String":
		if text, ok := value.(string); ok {
			return text
		}
		return c.fail(value, at, "String cannot represent a non string value: %s", inspect(value))
	case "ID":
		switch v := value.(type) {
		case string:
			return v
		case json.Number:
			return v.String()
		}
		return c.fail(value, at, "ID cannot represent value: %s", inspect(value))
	case "Boolean":
		if truth, ok := value.(bool); ok {
			return truth
		}
		return c.fail(value, at, "Boolean cannot represent a non boolean value: %s", inspect(value))
	case "Int":
		if number, ok := integer(value); ok {
			if number < math.MinInt32 || number > math.MaxInt32 {
				return c.fail(value, at, "Int cannot represent non 32-bit signed integer value: %s", inspect(value))
			}
			return number
		}
		return c.fail(value, at, "Int cannot represent non-integer value: %s", inspect(value))
	case "BigInt":
		// As Infrahub: floats lose their fraction, booleans count as numbers.
		switch v := value.(type) {
		case bool:
			if v {
				return int64(1)
			}
			return int64(0)
		case json.Number:
			if number, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
				return number
			}
			if number, err := v.Float64(); err == nil {
				return int64(number)
			}
		}
		return c.fail(value, at, "Expected type 'BigInt'.")
	case "Float":
		if number, ok := value.(json.Number); ok {
			if f, err := number.Float64(); err == nil {
				return f
			}
		}
		return c.fail(value, at, "Float cannot represent non numeric value: %s", inspect(value))
	default:
		return value
	}
}

func integer(value any) (int64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	if i, err := strconv.ParseInt(number.String(), 10, 64); err == nil {
		return i, true
	}
	f, err := number.Float64()
	return int64(f), err == nil && f == math.Trunc(f)
}

// inspect writes a value as graphql-core does in messages.
func inspect(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return "'" + strings.ReplaceAll(v, "'", `\'`) + "'"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = inspect(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, "'"+key+"': "+inspect(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}

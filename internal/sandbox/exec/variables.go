package exec

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// coerceVariables brings the variables of a request into the types that the
// operation declares (section 6.1.2).
func coerceVariables(schema *ast.Schema, operation *ast.OperationDefinition, sent map[string]any) (map[string]any, []*Error) {
	values := map[string]any{}
	var faults []*Error
	var places places
	for _, v := range operation.VariableDefinitions {
		fail := func(format string, arguments ...any) {
			faults = append(faults, &Error{
				Message: fmt.Sprintf(format, arguments...), Locations: []gqlerror.Location{places.at(v.Position)},
			})
		}
		value, ok := sent[v.Variable]
		switch {
		case !ok && v.DefaultValue != nil:
			values[v.Variable] = constant(schema, v.Type, v.DefaultValue)
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

// constant is a value of the schema or the document that holds no variables.
func constant(schema *ast.Schema, t *ast.Type, v *ast.Value) any {
	value, _ := (&execution{schema: schema}).literal(t, v)
	return value
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
			return c.fail(value, at, "Enum '%s' cannot represent non-string value: %s.%s", definition.Name, inspect(value),
				didYouMean("the enum value", inspect(value), enumNames(definition)))
		}
		if definition.EnumValues.ForName(name) == nil {
			return c.fail(value, at, "Value '%s' does not exist in '%s' enum.%s", name, definition.Name,
				didYouMean("the enum value", name, enumNames(definition)))
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
			out[field.Name] = constant(c.schema, field.Type, field.DefaultValue)
		case field.Type.NonNull:
			c.fail(value, at, "Field '%s' of required type '%s' was not provided.", field.Name, field.Type)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if definition.Fields.ForName(name) == nil {
			c.fail(value, at, "Field '%s' is not defined by type '%s'.%s", name, definition.Name, didYouMean("", name, fieldNames(definition)))
		}
	}
	return out
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
			if number, ok := integer(v); ok {
				return strconv.FormatInt(number, 10)
			}
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
		return c.bigInt(value, at)
	case "DateTime":
		text, ok := value.(string)
		if !ok {
			return c.fail(value, at, "DateTime cannot represent non-string value: %s", inspect(value))
		}
		if !isDateTime(text) {
			return c.fail(value, at, "DateTime cannot represent value: %s", repr(text))
		}
		return text
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

// bigInt reads what Python makes an integer of: fractions are cut off, booleans
// count, and texts are read.
func (c *coercion) bigInt(value any, at string) any {
	text := ""
	switch v := value.(type) {
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	case []any:
		return c.fail(value, at, "Expected type 'BigInt'. "+notANumber, "list")
	default:
		return c.fail(value, at, "Expected type 'BigInt'. "+notANumber, "dict")
	}
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		return number
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(number) {
		return int64(number)
	}
	return c.fail(value, at, "Expected type 'BigInt'.")
}

const notANumber = "int() argument must be a string, a bytes-like object or a real number, not '%s'"

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

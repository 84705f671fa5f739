package exec

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// arguments gives the arguments of a field with their defaults (section 6.4.1).
// The document was validated, so what does not fit cannot occur.
func (x *execution) arguments(definition *ast.FieldDefinition, f *ast.Field) map[string]any {
	if len(definition.Arguments) == 0 {
		return nil
	}
	values := map[string]any{}
	for _, a := range definition.Arguments {
		given := f.Arguments.ForName(a.Name)
		if given != nil {
			if value, ok := x.literal(a.Type, given.Value); ok {
				values[a.Name] = value
				continue
			}
		}
		if a.DefaultValue != nil {
			if value, ok := x.literal(a.Type, a.DefaultValue); ok {
				values[a.Name] = value
			}
		}
	}
	return values
}

// literal brings a value in the document into its type. It reports false for a
// variable that was not sent.
func (x *execution) literal(t *ast.Type, v *ast.Value) (any, bool) {
	switch v.Kind {
	case ast.Variable:
		value, ok := x.variables[v.Raw]
		if ok && t.Elem != nil && value != nil {
			if _, list := value.([]any); !list {
				value = []any{value}
			}
		}
		return value, ok
	case ast.NullValue:
		return nil, true
	}
	if t.Elem != nil {
		if v.Kind != ast.ListValue {
			value, ok := x.literal(t.Elem, v)
			return []any{value}, ok
		}
		items := make([]any, 0, len(v.Children))
		for _, child := range v.Children {
			item, ok := x.literal(t.Elem, child.Value)
			if !ok {
				item = nil
			}
			items = append(items, item)
		}
		return items, true
	}
	definition := x.schema.Types[t.NamedType]
	if definition == nil || definition.Kind != ast.InputObject {
		return x.plain(definition, v), true
	}
	members := map[string]any{}
	for _, field := range definition.Fields {
		if child := v.Children.ForName(field.Name); child != nil {
			if value, ok := x.literal(field.Type, child); ok {
				members[field.Name] = value
				continue
			}
		}
		if field.DefaultValue != nil {
			if value, ok := x.literal(field.Type, field.DefaultValue); ok {
				members[field.Name] = value
			}
		}
	}
	return members, true
}

// plain is the value of a scalar, which may be JSON of any shape.
func (x *execution) plain(definition *ast.Definition, v *ast.Value) any {
	switch v.Kind {
	case ast.IntValue:
		if definition != nil && (definition.Name == "Float" || definition.Name == "ID") {
			if definition.Name == "ID" {
				return v.Raw
			}
			f, _ := strconv.ParseFloat(v.Raw, 64)
			return f
		}
		number, err := strconv.ParseInt(v.Raw, 10, 64)
		if err != nil {
			f, _ := strconv.ParseFloat(v.Raw, 64)
			return f
		}
		return number
	case ast.FloatValue:
		f, _ := strconv.ParseFloat(v.Raw, 64)
		return f
	case ast.BooleanValue:
		return v.Raw == "true"
	case ast.NullValue:
		return nil
	case ast.Variable:
		return x.variables[v.Raw]
	case ast.ListValue:
		items := make([]any, 0, len(v.Children))
		for _, child := range v.Children {
			items = append(items, x.plain(nil, child.Value))
		}
		return items
	case ast.ObjectValue:
		members := map[string]any{}
		for _, child := range v.Children {
			members[child.Name] = x.plain(nil, child.Value)
		}
		return members
	default:
		return v.Raw
	}
}

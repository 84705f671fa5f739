package exec

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

func (v *validation) argument(definition *ast.ArgumentDefinition, a *ast.Argument) {
	if definition == nil {
		v.inside(nil, false, a.Value)
		return
	}
	v.value(definition.Type, definition.DefaultValue != nil, a.Value)
}

// value checks a value where a type is expected, nil if that is not known. The
// fallback is the default of the place.
func (v *validation) value(expected *ast.Type, fallback bool, given *ast.Value) {
	if expected == nil || given.Kind == ast.Variable {
		v.inside(expected, fallback, given)
		return
	}
	definition := v.schema.Types[expected.Name()]
	switch {
	case given.Kind == ast.NullValue:
		if expected.NonNull {
			v.report(fmt.Sprintf("Expected value of type '%s', found null.", expected), v.places.at(given.Position))
		}
	case given.Kind == ast.ListValue && expected.Elem != nil:
		for _, child := range given.Children {
			v.value(expected.Elem, false, child.Value)
		}
	case given.Kind == ast.ObjectValue && definition.Kind == ast.InputObject:
		v.input(definition, given)
	default:
		if given.Kind == ast.ListValue {
			expected = nullable(expected)
		}
		if m := unreadable(definition, expected, given); m != nil {
			v.report(m.message, v.places.at(given.Position))
			if m.nowhere {
				v.errors[len(v.errors)-1].Locations = nil
			}
		}
		v.inside(expected, fallback, given)
	}
}

// input checks the members of an input object.
func (v *validation) input(definition *ast.Definition, given *ast.Value) {
	for _, f := range definition.Fields {
		if f.Type.NonNull && f.DefaultValue == nil && given.Children.ForName(f.Name) == nil {
			v.report(fmt.Sprintf("Field '%s.%s' of required type '%s' was not provided.", definition.Name, f.Name, f.Type),
				v.places.at(given.Position))
		}
	}
	seen := map[string]*ast.ChildValue{}
	for _, child := range given.Children {
		f := definition.Fields.ForName(child.Name)
		if f == nil {
			v.report(fmt.Sprintf("Field '%s' is not defined by type '%s'.", child.Name, definition.Name)+
				didYouMean("", child.Name, fieldNames(definition)), v.places.at(child.Position))
		}
		v.uniqueMember(seen, child)
		if f == nil {
			v.inside(nil, false, child.Value)
		} else {
			v.value(f.Type, f.DefaultValue != nil, child.Value)
		}
	}
}

// inside looks for variables, and members of one name, in a value that is
// otherwise checked as a whole or not at all.
func (v *validation) inside(expected *ast.Type, fallback bool, given *ast.Value) {
	seen := map[string]*ast.ChildValue{}
	switch given.Kind {
	case ast.Variable:
		v.usages = append(v.usages, usage{given, expected, fallback})
	case ast.ListValue:
		item := nullable(expected)
		if item != nil && item.Elem != nil {
			item = item.Elem
		}
		for _, child := range given.Children {
			v.inside(item, false, child.Value)
		}
	case ast.ObjectValue:
		var fields ast.FieldList // of a scalar there are none
		if expected != nil {
			fields = v.schema.Types[expected.Name()].Fields
		}
		for _, child := range given.Children {
			v.uniqueMember(seen, child)
			if f := fields.ForName(child.Name); f != nil {
				v.inside(f.Type, f.DefaultValue != nil, child.Value)
			} else {
				v.inside(nil, false, child.Value)
			}
		}
	}
}

func (v *validation) uniqueMember(seen map[string]*ast.ChildValue, member *ast.ChildValue) {
	if first := seen[member.Name]; first != nil {
		v.report(fmt.Sprintf("There can be only one input field named '%s'.", member.Name),
			v.places.at(first.Position), v.places.at(member.Position))
		return
	}
	seen[member.Name] = member
}

func fieldNames(definition *ast.Definition) []string {
	names := make([]string, len(definition.Fields))
	for i, f := range definition.Fields {
		names[i] = f.Name
	}
	return names
}

// misread is what is wrong with a literal.
type misread struct {
	message string
	// nowhere says that the error has no place in the document.
	nowhere bool
}

// unreadable tells what is wrong with a literal where a type is expected, nil if
// nothing is. It does not look into input objects and lists of them.
func unreadable(definition *ast.Definition, expected *ast.Type, v *ast.Value) *misread {
	wrong := func(message string) *misread { return &misread{message: message + printed(v)} }
	text := v.Kind == ast.StringValue || v.Kind == ast.BlockValue
	unexpected := &misread{message: fmt.Sprintf("Expected value of type '%s', found %s.", expected, printed(v))}
	if definition.Kind == ast.Enum {
		return unreadableEnum(definition, v)
	}
	if definition.Kind != ast.Scalar {
		return unexpected
	}
	switch definition.Name {
	case "String":
		if !text {
			return wrong("String cannot represent a non string value: ")
		}
	case "ID":
		if !text && v.Kind != ast.IntValue {
			return wrong("ID cannot represent a non-string and non-integer value: ")
		}
	case "Boolean":
		if v.Kind != ast.BooleanValue {
			return wrong("Boolean cannot represent a non boolean value: ")
		}
	case "Float":
		if v.Kind != ast.FloatValue && v.Kind != ast.IntValue {
			return wrong("Float cannot represent non numeric value: ")
		}
	case "Int":
		if v.Kind != ast.IntValue {
			return wrong("Int cannot represent non-integer value: ")
		}
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			return wrong("Int cannot represent non 32-bit signed integer value: ")
		}
	case "BigInt":
		if v.Kind != ast.IntValue {
			return unexpected
		}
	case "DateTime":
		if !text {
			return &misread{message: "DateTime cannot represent non-string value: " + printed(v), nowhere: true}
		}
		if !isDateTime(v.Raw) {
			return &misread{message: "DateTime cannot represent value: " + repr(v.Raw), nowhere: true}
		}
	}
	return nil // the other scalars are JSON of any shape
}

func unreadableEnum(definition *ast.Definition, v *ast.Value) *misread {
	if v.Kind == ast.EnumValue && definition.EnumValues.ForName(v.Raw) != nil {
		return nil
	}
	suggestion := didYouMean("the enum value", printed(v), enumNames(definition))
	if v.Kind == ast.EnumValue {
		return &misread{message: fmt.Sprintf("Value '%s' does not exist in '%s' enum.%s", v.Raw, definition.Name, suggestion)}
	}
	return &misread{message: fmt.Sprintf("Enum '%s' cannot represent non-enum value: %s.%s", definition.Name, printed(v), suggestion)}
}

func enumNames(definition *ast.Definition) []string {
	names := make([]string, len(definition.EnumValues))
	for i, value := range definition.EnumValues {
		names[i] = value.Name
	}
	return names
}

// isDateTime tells whether a text is a time of ISO 8601 in one of the forms that
// Infrahub reads: a year, a month or a day, and a time behind any separator, with
// or without a zone. Weeks and days of the year are left out.
func isDateTime(text string) bool {
	parts := dateTime.FindStringSubmatch(text)
	if parts == nil {
		return false
	}
	or := func(fallback string, groups ...int) string {
		for _, g := range groups {
			if parts[g] != "" {
				return parts[g]
			}
		}
		return fallback
	}
	date := or("", 1) + "-" + or("01", 2, 4) + "-" + or("01", 3, 5)
	clock := or("00", 6) + ":" + or("00", 7) + ":" + or("00", 8)
	if clock == "24:00:00" {
		clock = "00:00:00" // the end of the day
	}
	_, err := time.Parse(time.DateTime, date+" "+clock)
	return err == nil
}

// dateTime matches year, month and day (twice, for they stand with dashes or
// without), hour, minute, second and zone.
var dateTime = regexp.MustCompile(`^(\d{4})(?:-(\d\d)(?:-(\d\d))?|(\d\d)(\d\d))?` +
	`(?:.(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?(?:Z|z|[+-]\d\d(?::?\d\d)?)?)?$`)

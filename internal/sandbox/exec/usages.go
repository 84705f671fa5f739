package exec

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// usage is a variable in the place of a value.
type usage struct {
	value    *ast.Value
	expected *ast.Type // nil where nothing is known to belong
	fallback bool      // there is a default for the place
}

// variable checks the definition of a variable.
func (v *validation) variable(d *ast.VariableDefinition) {
	named := d.Type
	for named.Elem != nil {
		named = named.Elem
	}
	definition := v.schema.Types[named.NamedType]
	if definition != nil && !definition.IsInputType() {
		at := v.places.at(d.Type.Position)
		if d.Type.Elem != nil {
			at = v.places.before(d.Type.Position)
		}
		v.report(fmt.Sprintf("Variable '$%s' cannot be non-input type '%s'.", d.Variable, d.Type), at)
	}
	v.uniqueDirectives(d.Directives)
	if definition == nil {
		v.unknownType(named.NamedType, v.places.at(named.Position))
	}
	if d.DefaultValue != nil {
		expected := d.Type
		if definition == nil || !definition.IsInputType() {
			expected = nil
		}
		v.value(expected, false, d.DefaultValue)
	}
	v.directives(d.Directives, ast.LocationVariableDefinition)
}

func (v *validation) uniqueVariables(o *ast.OperationDefinition) {
	positions := map[string][]gqlerror.Location{}
	for _, d := range o.VariableDefinitions {
		positions[d.Variable] = append(positions[d.Variable], v.places.after(d.Position, 1))
	}
	for _, d := range o.VariableDefinitions {
		if at := positions[d.Variable]; len(at) > 1 {
			v.report(fmt.Sprintf("There can be only one variable named '$%s'.", d.Variable), at...)
			delete(positions, d.Variable)
		}
	}
}

// variables checks that an operation declares the variables it uses, uses those
// it declares, and puts them where their types fit.
func (v *validation) variables(o *ast.OperationDefinition, usages []usage) {
	by, in := "", ""
	if o.Name != "" {
		by, in = " by operation '"+o.Name+"'", " in operation '"+o.Name+"'"
	}
	declared := map[string]*ast.VariableDefinition{}
	for _, d := range o.VariableDefinitions {
		declared[d.Variable] = d
	}
	used := map[string]bool{}
	for _, u := range usages {
		used[u.value.Raw] = true
		if declared[u.value.Raw] == nil {
			v.report(fmt.Sprintf("Variable '$%s' is not defined%s.", u.value.Raw, by), v.places.at(u.value.Position), v.places.at(o.Position))
		}
	}
	for _, d := range o.VariableDefinitions {
		if !used[d.Variable] {
			v.report(fmt.Sprintf("Variable '$%s' is never used%s.", d.Variable, in), v.places.at(d.Position))
		}
	}
	for _, u := range usages {
		d := declared[u.value.Raw]
		if d == nil || u.expected == nil || v.schema.Types[d.Type.Name()] == nil || allowed(d, u) {
			continue
		}
		v.report(fmt.Sprintf("Variable '$%s' of type '%s' used in position expecting type '%s'.", d.Variable, d.Type, u.expected),
			v.places.at(d.Position), v.places.at(u.value.Position))
	}
}

// allowed tells whether a variable may stand in a place (section 5.8.5).
func allowed(d *ast.VariableDefinition, u usage) bool {
	expected := u.expected
	if expected.NonNull && !d.Type.NonNull {
		if !u.fallback && (d.DefaultValue == nil || d.DefaultValue.Kind == ast.NullValue) {
			return false
		}
		expected = nullable(expected)
	}
	return fits(d.Type, expected)
}

func fits(given, expected *ast.Type) bool {
	switch {
	case expected.NonNull && !given.NonNull:
		return false
	case expected.Elem == nil || given.Elem == nil:
		return given.Elem == expected.Elem && given.NamedType == expected.NamedType
	}
	return fits(given.Elem, expected.Elem)
}

func nullable(t *ast.Type) *ast.Type {
	if t == nil || !t.NonNull {
		return t
	}
	return &ast.Type{NamedType: t.NamedType, Elem: t.Elem, Position: t.Position}
}

package sdl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/problem"
)

// Introspect answers the field __schema or __type of a query (GraphQL
// specification, October 2021, section 4): it returns the JSON value of the
// field. Given are the fields of the query that share one response key, most
// often one, from a document validated against this schema, and the values of
// its variables.
//
// Types and directives are sorted by name. The error for a selection whose
// answer would be too large is a *problem.Problem.
func (s *Schema) Introspect(fields []*ast.Field, variables map[string]any) (json.RawMessage, error) {
	if len(fields) == 0 {
		return nil, fmt.Errorf("introspecting: no field is given")
	}
	sets := make([]ast.SelectionSet, len(fields))
	for i, f := range fields {
		sets[i] = f.SelectionSet
	}
	p := planner{variables: variables}
	selections, err := p.plan(sets)
	if err != nil {
		return nil, err
	}
	a := answer{schema: s.AST}
	switch name := fields[0].Name; name {
	case "__schema":
		a.whole(selections)
	case "__type":
		wanted, _ := p.argument(fields[0].Arguments, "name").(string)
		a.definition(s.AST.Types[wanted], selections)
	default:
		return nil, fmt.Errorf("introspecting: %q is no field of introspection", name)
	}
	if a.full() {
		return nil, tooLarge()
	}
	return a.text, nil
}

const (
	// maxSelections bounds the fields of one selection, fragments spread out.
	maxSelections = 10_000
	// maxAnswer bounds the answer in bytes. The usual query of tools that want
	// the whole schema gets some 8 MB for the demo model.
	maxAnswer = 64 << 20
)

func tooLarge() error {
	return problem.New("The answer to the introspection is too large.", "Select fewer fields, or types one by one with __type.")
}

// selection is one field of an answer.
type selection struct {
	key        string // what stands before the value, quotes and colon included
	name       string
	deprecated bool // the argument includeDeprecated
	selections []selection
}

// planner turns selection sets into selections: fragments are spread, fields
// with one response key merged (section 6.3.2) and directives applied. A
// selection set has the same selections in every object that it is asked of,
// since no type of introspection is abstract.
type planner struct {
	variables map[string]any
	size      int
}

func (p *planner) plan(sets []ast.SelectionSet) ([]selection, error) {
	var (
		selections []selection
		below      [][]ast.SelectionSet
		position   = map[string]int{}
		spread     = map[string]bool{}
		collect    func(ast.SelectionSet) error
	)
	collect = func(set ast.SelectionSet) error {
		for _, s := range set {
			if p.size++; p.size > maxSelections {
				return tooLarge()
			}
			switch s := s.(type) {
			case *ast.Field:
				if !p.included(s.Directives) {
					continue
				}
				i, known := position[s.Alias]
				if !known {
					i = len(selections)
					position[s.Alias] = i
					deprecated, _ := p.argument(s.Arguments, "includeDeprecated").(bool)
					selections = append(selections, selection{key: `"` + s.Alias + `":`, name: s.Name, deprecated: deprecated})
					below = append(below, nil)
				}
				below[i] = append(below[i], s.SelectionSet)
			case *ast.InlineFragment:
				if !p.included(s.Directives) {
					continue
				}
				if err := collect(s.SelectionSet); err != nil {
					return err
				}
			case *ast.FragmentSpread:
				if !p.included(s.Directives) || spread[s.Name] || s.Definition == nil {
					continue
				}
				spread[s.Name] = true
				if err := collect(s.Definition.SelectionSet); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, set := range sets {
		if err := collect(set); err != nil {
			return nil, err
		}
	}
	for i := range selections {
		var err error
		if selections[i].selections, err = p.plan(below[i]); err != nil {
			return nil, err
		}
	}
	return selections, nil
}

// included applies the directives skip and include.
func (p *planner) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		condition, _ := p.argument(d.Arguments, "if").(bool)
		if d.Name == "skip" && condition || d.Name == "include" && !condition {
			return false
		}
	}
	return true
}

// argument returns the value of an argument, nil when it is not given.
func (p *planner) argument(arguments ast.ArgumentList, name string) any {
	a := arguments.ForName(name)
	if a == nil {
		return nil
	}
	value, err := a.Value.Value(p.variables)
	if err != nil {
		return nil
	}
	return value
}

// answer is a JSON text in the making. Once it is full nothing more is written.
type answer struct {
	schema *ast.Schema
	text   []byte
}

func (a *answer) full() bool {
	return len(a.text) > maxAnswer
}

// object writes an object of a type of introspection; value writes the value
// of one field.
func (a *answer) object(typ string, selections []selection, value func(*selection)) {
	if a.full() {
		return
	}
	a.text = append(a.text, '{')
	for i := range selections {
		s := &selections[i]
		if i > 0 {
			a.text = append(a.text, ',')
		}
		a.text = append(a.text, s.key...)
		if s.name == "__typename" {
			a.string(typ)
		} else {
			value(s)
		}
	}
	a.text = append(a.text, '}')
}

// list writes a list of n items.
func (a *answer) list(n int, item func(i int)) {
	a.text = append(a.text, '[')
	for i := 0; i < n && !a.full(); i++ {
		if i > 0 {
			a.text = append(a.text, ',')
		}
		item(i)
	}
	a.text = append(a.text, ']')
}

// string writes a text. Nearly all are names, in which nothing is escaped.
func (a *answer) string(text string) {
	plain := !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
	if plain {
		a.text = append(a.text, '"')
		a.text = append(a.text, text...)
		a.text = append(a.text, '"')
		return
	}
	quoted, err := json.Marshal(text)
	if err != nil { // a text has a JSON form, whatever is in it
		quoted = []byte(`""`)
	}
	a.text = append(a.text, quoted...)
}

// optional writes a text, or null for an empty one.
func (a *answer) optional(text string) {
	if text == "" {
		a.null()
		return
	}
	a.string(text)
}

func (a *answer) null() {
	a.text = append(a.text, "null"...)
}

func (a *answer) bool(value bool) {
	if value {
		a.text = append(a.text, "true"...)
	} else {
		a.text = append(a.text, "false"...)
	}
}

// whole writes an object of type __Schema.
func (a *answer) whole(selections []selection) {
	a.object("__Schema", selections, func(s *selection) {
		switch s.name {
		case "description":
			a.optional(a.schema.Description)
		case "types":
			names := slices.Sorted(maps.Keys(a.schema.Types))
			a.list(len(names), func(i int) { a.definition(a.schema.Types[names[i]], s.selections) })
		case "queryType":
			a.definition(a.schema.Query, s.selections)
		case "mutationType":
			a.definition(a.schema.Mutation, s.selections)
		case "subscriptionType":
			a.definition(a.schema.Subscription, s.selections)
		case "directives":
			names := slices.Sorted(maps.Keys(a.schema.Directives))
			a.list(len(names), func(i int) { a.directive(a.schema.Directives[names[i]], s.selections) })
		default:
			a.null()
		}
	})
}

// definition writes an object of type __Type for a type with a name.
func (a *answer) definition(d *ast.Definition, selections []selection) {
	if d == nil {
		a.null()
		return
	}
	a.object("__Type", selections, func(s *selection) {
		switch s.name {
		case "kind":
			a.string(string(d.Kind))
		case "name":
			a.string(d.Name)
		case "description":
			a.optional(d.Description)
		case "specifiedByURL":
			a.directiveArgument(d.Directives, "specifiedBy", "url")
		case "fields":
			if d.Kind == ast.Object || d.Kind == ast.Interface {
				a.fields(d.Fields, s)
			} else {
				a.null()
			}
		case "interfaces":
			if d.Kind == ast.Object || d.Kind == ast.Interface {
				a.list(len(d.Interfaces), func(i int) { a.definition(a.schema.Types[d.Interfaces[i]], s.selections) })
			} else {
				a.null()
			}
		case "possibleTypes":
			if d.IsAbstractType() {
				possible := slices.DeleteFunc(slices.Clone(a.schema.GetPossibleTypes(d)), func(p *ast.Definition) bool { return p.Kind != ast.Object })
				a.list(len(possible), func(i int) { a.definition(possible[i], s.selections) })
			} else {
				a.null()
			}
		case "enumValues":
			if d.Kind == ast.Enum {
				a.enumValues(d.EnumValues, s)
			} else {
				a.null()
			}
		case "inputFields":
			if d.Kind == ast.InputObject {
				a.inputFields(d.Fields, s)
			} else {
				a.null()
			}
		case "isOneOf":
			if d.Kind == ast.InputObject {
				a.bool(d.Directives.ForName("oneOf") != nil)
			} else {
				a.null()
			}
		default: // ofType
			a.null()
		}
	})
}

// reference writes an object of type __Type for the type of a field or an
// argument. With bare set, t is what its own non-null type wraps.
func (a *answer) reference(t *ast.Type, bare bool, selections []selection) {
	kind, inner, innerBare := "NON_NULL", t, true
	switch {
	case t.NonNull && !bare:
	case t.Elem != nil:
		kind, inner, innerBare = "LIST", t.Elem, false
	default:
		a.definition(a.schema.Types[t.NamedType], selections)
		return
	}
	a.object("__Type", selections, func(s *selection) {
		switch s.name {
		case "kind":
			a.string(kind)
		case "ofType":
			a.reference(inner, innerBare, s.selections)
		default:
			a.null()
		}
	})
}

// fields writes a list of type __Field.
func (a *answer) fields(all ast.FieldList, list *selection) {
	visible := make(ast.FieldList, 0, len(all))
	for _, f := range all {
		if !strings.HasPrefix(f.Name, "__") && list.shows(f.Directives) {
			visible = append(visible, f)
		}
	}
	a.list(len(visible), func(i int) {
		f := visible[i]
		a.object("__Field", list.selections, func(s *selection) {
			switch s.name {
			case "name":
				a.string(f.Name)
			case "description":
				a.optional(f.Description)
			case "args":
				a.arguments(f.Arguments, s)
			case "type":
				a.reference(f.Type, false, s.selections)
			default:
				a.deprecation(f.Directives, s)
			}
		})
	})
}

// arguments writes a list of type __InputValue for the arguments of a field or
// a directive.
func (a *answer) arguments(all ast.ArgumentDefinitionList, list *selection) {
	visible := make(ast.ArgumentDefinitionList, 0, len(all))
	for _, argument := range all {
		if list.shows(argument.Directives) {
			visible = append(visible, argument)
		}
	}
	a.list(len(visible), func(i int) {
		v := visible[i]
		a.inputValue(v.Name, v.Description, v.Type, v.DefaultValue, v.Directives, list.selections)
	})
}

// inputFields writes a list of type __InputValue for the fields of an input.
func (a *answer) inputFields(all ast.FieldList, list *selection) {
	visible := make(ast.FieldList, 0, len(all))
	for _, f := range all {
		if list.shows(f.Directives) {
			visible = append(visible, f)
		}
	}
	a.list(len(visible), func(i int) {
		v := visible[i]
		a.inputValue(v.Name, v.Description, v.Type, v.DefaultValue, v.Directives, list.selections)
	})
}

func (a *answer) inputValue(name, description string, t *ast.Type, value *ast.Value, directives ast.DirectiveList, selections []selection) {
	a.object("__InputValue", selections, func(s *selection) {
		switch s.name {
		case "name":
			a.string(name)
		case "description":
			a.optional(description)
		case "type":
			a.reference(t, false, s.selections)
		case "defaultValue":
			if value == nil {
				a.null()
			} else {
				a.string(value.String())
			}
		default:
			a.deprecation(directives, s)
		}
	})
}

// enumValues writes a list of type __EnumValue.
func (a *answer) enumValues(all ast.EnumValueList, list *selection) {
	visible := make(ast.EnumValueList, 0, len(all))
	for _, v := range all {
		if list.shows(v.Directives) {
			visible = append(visible, v)
		}
	}
	a.list(len(visible), func(i int) {
		v := visible[i]
		a.object("__EnumValue", list.selections, func(s *selection) {
			switch s.name {
			case "name":
				a.string(v.Name)
			case "description":
				a.optional(v.Description)
			default:
				a.deprecation(v.Directives, s)
			}
		})
	})
}

// directive writes an object of type __Directive.
func (a *answer) directive(d *ast.DirectiveDefinition, selections []selection) {
	a.object("__Directive", selections, func(s *selection) {
		switch s.name {
		case "name":
			a.string(d.Name)
		case "description":
			a.optional(d.Description)
		case "isRepeatable":
			a.bool(d.IsRepeatable)
		case "locations":
			a.list(len(d.Locations), func(i int) { a.string(string(d.Locations[i])) })
		case "args":
			a.arguments(d.Arguments, s)
		default:
			a.null()
		}
	})
}

// shows tells whether a list holds an item with the given directives.
func (s *selection) shows(directives ast.DirectiveList) bool {
	return s.deprecated || directives.ForName("deprecated") == nil
}

// deprecation writes a field isDeprecated or deprecationReason.
func (a *answer) deprecation(directives ast.DirectiveList, s *selection) {
	switch s.name {
	case "isDeprecated":
		a.bool(directives.ForName("deprecated") != nil)
	case "deprecationReason":
		a.directiveArgument(directives, "deprecated", "reason")
	default:
		a.null()
	}
}

// directiveArgument writes the argument of a directive, or what the directive
// says of it when it is not given, or null when there is no such directive.
func (a *answer) directiveArgument(directives ast.DirectiveList, directive, argument string) {
	d := directives.ForName(directive)
	if d == nil {
		a.null()
		return
	}
	if given := d.Arguments.ForName(argument); given != nil {
		a.string(given.Value.Raw)
		return
	}
	if value := a.schema.Directives[directive].Arguments.ForName(argument).DefaultValue; value != nil {
		a.string(value.Raw)
		return
	}
	a.null()
}

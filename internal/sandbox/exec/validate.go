package exec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Validate checks a document against a schema (section 5) and fills in what the
// nodes of the document stand for. What it finds are the errors of graphql-core
// 3.2: its sentences, places and order, which is that of the document.
//
// gqlparser finds the same faults and tells them otherwise, one by one. Only the
// bound on the depth of introspection is left to it: graphql-core has none.
func Validate(schema *ast.Schema, document *ast.QueryDocument) []*Error {
	deep := validator.ValidateWithRules(schema, document, rules.NewRules(rules.MaxIntrospectionDepth))
	v := &validation{
		schema: schema, document: document, fragments: map[string]*ast.FragmentDefinition{},
		operationNames: map[string]*ast.OperationDefinition{}, fragmentNames: map[string]*ast.FragmentDefinition{},
		searched: map[string]bool{},
	}
	for _, f := range document.Fragments {
		v.fragments[f.Name] = f
	}
	v.conflicts = newConflicts(v)
	errors := v.definitions()
	if v.conflicts.exhausted() {
		return []*Error{{Message: "The document has too many fields and fragments to be checked."}}
	}
	if len(errors) == 0 {
		for _, fault := range deep {
			errors = append(errors, &Error{Message: fault.Message, Locations: fault.Locations})
		}
	}
	if len(errors) > maxErrors {
		errors = append(errors[:maxErrors], &Error{Message: "Too many validation errors, error limit reached. Validation aborted."})
	}
	return errors
}

const maxErrors = 100

// validation is the check of one document.
type validation struct {
	schema    *ast.Schema
	document  *ast.QueryDocument
	fragments map[string]*ast.FragmentDefinition
	conflicts *conflicts
	places    places

	// What was seen so far.
	operationNames map[string]*ast.OperationDefinition
	fragmentNames  map[string]*ast.FragmentDefinition
	searched       map[string]bool // fragments, for cycles

	// Those of the operation or fragment that is being checked.
	errors []*Error
	usages []usage
}

func (v *validation) report(message string, at ...gqlerror.Location) {
	v.errors = append(v.errors, &Error{Message: message, Locations: at})
}

// definitions checks operations and fragments in the order in which they stand.
// What an operation does with its variables is known when all are read.
func (v *validation) definitions() []*Error {
	type definition struct {
		start     int
		operation *ast.OperationDefinition
		fragment  *ast.FragmentDefinition
		errors    []*Error
	}
	var definitions []*definition
	for _, o := range v.document.Operations {
		definitions = append(definitions, &definition{start: o.Position.Start, operation: o})
	}
	for _, f := range v.document.Fragments {
		definitions = append(definitions, &definition{start: f.Position.Start, fragment: f})
	}
	slices.SortFunc(definitions, func(a, b *definition) int { return cmp.Compare(a.start, b.start) })

	ofOperations := map[*ast.OperationDefinition][]usage{}
	ofFragments := map[*ast.FragmentDefinition][]usage{}
	for _, d := range definitions {
		v.errors, v.usages = nil, nil
		if d.operation != nil {
			v.operation(d.operation)
			ofOperations[d.operation] = v.usages
		} else {
			v.fragment(d.fragment)
			ofFragments[d.fragment] = v.usages
		}
		d.errors = v.errors
	}
	v.errors = nil
	used := map[string]bool{}
	for _, d := range definitions {
		v.errors = append(v.errors, d.errors...)
		if d.operation == nil {
			continue
		}
		usages := ofOperations[d.operation]
		for _, f := range v.reached(d.operation.SelectionSet) {
			used[f.Name] = true
			usages = append(usages, ofFragments[f]...)
		}
		v.variables(d.operation, usages)
	}
	for _, d := range definitions {
		if f := d.fragment; f != nil && !used[f.Name] {
			v.report(fmt.Sprintf("Fragment '%s' is never used.", f.Name), v.places.at(f.Position))
		}
	}
	return v.errors
}

func (v *validation) operation(o *ast.OperationDefinition) {
	if first := v.operationNames[o.Name]; first != nil && o.Name != "" {
		v.report(fmt.Sprintf("There can be only one operation named '%s'.", o.Name),
			v.places.after(first.Position, 1), v.places.after(o.Position, 1))
	} else {
		v.operationNames[o.Name] = o
	}
	if o.Name == "" && len(v.document.Operations) > 1 {
		v.report("This anonymous operation must be the only defined operation.", v.places.at(o.Position))
	}
	root, location := v.schema.Query, ast.LocationQuery
	switch o.Operation {
	case ast.Mutation:
		root, location = v.schema.Mutation, ast.LocationMutation
	case ast.Subscription:
		root, location = v.schema.Subscription, ast.LocationSubscription
		v.singleField(o)
	}
	v.uniqueVariables(o)
	v.uniqueDirectives(o.Directives)
	for _, variable := range o.VariableDefinitions {
		v.variable(variable)
	}
	v.directives(o.Directives, location)
	v.selections(root, o.SelectionSet)
}

// singleField lets a subscription have no more than one field (section 5.2.3.1).
func (v *validation) singleField(o *ast.OperationDefinition) {
	if v.schema.Subscription == nil {
		return
	}
	x := &execution{schema: v.schema, fragments: v.document.Fragments}
	groups := x.collect(v.schema.Subscription, []ast.SelectionSet{o.SelectionSet})
	if len(groups) < 2 {
		return
	}
	who := "Anonymous Subscription"
	if o.Name != "" {
		who = "Subscription '" + o.Name + "'"
	}
	v.report(who+" must select only one top level field.", v.places.all(slices.Concat(groups[1:]...))...)
}

// selections checks a selection set. The type is nil where it is not known or
// has no fields.
func (v *validation) selections(on *ast.Definition, set ast.SelectionSet) {
	if len(set) == 0 {
		return
	}
	if on != nil && !on.IsCompositeType() {
		on = nil
	}
	v.conflicts.within(on, set)
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			v.field(on, s)
		case *ast.InlineFragment:
			v.inline(on, s)
		case *ast.FragmentSpread:
			v.spread(on, s)
		}
	}
}

func (v *validation) field(on *ast.Definition, f *ast.Field) {
	definition := v.fieldOf(on, f.Name)
	var of *ast.Definition
	if definition != nil {
		of = v.schema.Types[definition.Type.Name()]
		v.leaf(of, definition, f)
	} else if on != nil {
		v.report(fmt.Sprintf("Cannot query field '%s' on type '%s'.", f.Name, on.Name)+v.instead(on, f.Name), v.places.at(f.Position))
	}
	v.uniqueDirectives(f.Directives)
	v.uniqueArguments(f.Arguments)
	for _, a := range f.Arguments {
		var argument *ast.ArgumentDefinition
		if definition != nil {
			if argument = definition.Arguments.ForName(a.Name); argument == nil {
				v.report(fmt.Sprintf("Unknown argument '%s' on field '%s.%s'.", a.Name, on.Name, f.Name)+
					didYouMean("", a.Name, argumentNames(definition.Arguments)), v.places.at(a.Position))
			}
		}
		v.argument(argument, a)
	}
	v.directives(f.Directives, ast.LocationField)
	v.selections(of, f.SelectionSet)
	if definition == nil {
		return
	}
	for _, missing := range missingArguments(definition.Arguments, f.Arguments) {
		v.report(fmt.Sprintf("Field '%s' argument '%s' of type '%s' is required, but it was not provided.",
			f.Name, missing.Name, missing.Type), v.places.at(f.Position))
	}
}

// leaf checks that a field has a selection if, and only if, its type has fields.
func (v *validation) leaf(of *ast.Definition, definition *ast.FieldDefinition, f *ast.Field) {
	switch {
	case of == nil:
	case of.IsLeafType() && len(f.SelectionSet) > 0:
		v.report(fmt.Sprintf("Field '%s' must not have a selection since type '%s' has no subfields.", f.Name, definition.Type),
			v.places.brace(f.SelectionSet))
	case !of.IsLeafType() && len(f.SelectionSet) == 0:
		v.report(fmt.Sprintf("Field '%s' of type '%s' must have a selection of subfields. Did you mean '%s { ... }'?",
			f.Name, definition.Type, f.Name), v.places.at(f.Position))
	}
}

// fieldOf finds a field of a type, those that GraphQL itself defines included.
func (v *validation) fieldOf(on *ast.Definition, name string) *ast.FieldDefinition {
	switch {
	case on == nil:
		return nil
	case name == "__typename":
		return &ast.FieldDefinition{Name: name, Type: ast.NonNullNamedType("String", nil)}
	}
	return on.Fields.ForName(name)
}

// instead suggests what to ask for instead of a field that a type does not have:
// the types that do, or fields of another name.
func (v *validation) instead(on *ast.Definition, field string) string {
	if suggestion := offer("to use an inline fragment on", v.typesWith(on, field)); suggestion != "" {
		return suggestion
	}
	var names []string
	for _, f := range on.Fields {
		if f.Name != "__schema" && f.Name != "__type" {
			names = append(names, f.Name)
		}
	}
	return didYouMean("", field, names)
}

// typesWith returns the types with a field among those that an interface or a
// union stands for, and their interfaces with it: first those that come up most,
// and interfaces before what implements them.
func (v *validation) typesWith(on *ast.Definition, field string) []string {
	if !on.IsAbstractType() {
		return nil
	}
	uses := map[string]int{}
	for _, possible := range v.schema.PossibleTypes[on.Name] {
		if possible.Fields.ForName(field) == nil {
			continue
		}
		uses[possible.Name] = 1
		for _, name := range possible.Interfaces {
			if i := v.schema.Types[name]; i != nil && i.Fields.ForName(field) != nil {
				uses[name]++
			}
		}
	}
	names := make([]string, 0, len(uses))
	for name := range uses {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(uses[b], uses[a]), v.superFirst(a, b), compareNaturally(a, b))
	})
	return names
}

func (v *validation) superFirst(a, b string) int {
	switch {
	case slices.Contains(v.schema.Types[b].Interfaces, a):
		return -1
	case slices.Contains(v.schema.Types[a].Interfaces, b):
		return 1
	}
	return 0
}

func (v *validation) uniqueArguments(arguments ast.ArgumentList) {
	positions := map[string][]gqlerror.Location{}
	for _, a := range arguments {
		positions[a.Name] = append(positions[a.Name], v.places.at(a.Position))
	}
	for _, a := range arguments {
		if at := positions[a.Name]; len(at) > 1 {
			v.report(fmt.Sprintf("There can be only one argument named '%s'.", a.Name), at...)
			delete(positions, a.Name)
		}
	}
}

func argumentNames(definitions ast.ArgumentDefinitionList) []string {
	names := make([]string, len(definitions))
	for i, d := range definitions {
		names[i] = d.Name
	}
	return names
}

func missingArguments(definitions ast.ArgumentDefinitionList, given ast.ArgumentList) []*ast.ArgumentDefinition {
	var missing []*ast.ArgumentDefinition
	for _, d := range definitions {
		if d.Type.NonNull && d.DefaultValue == nil && given.ForName(d.Name) == nil {
			missing = append(missing, d)
		}
	}
	return missing
}

func (v *validation) uniqueDirectives(directives ast.DirectiveList) {
	seen := map[string]*ast.Directive{}
	for _, d := range directives {
		definition := v.schema.Directives[d.Name]
		if definition == nil || definition.IsRepeatable {
			continue
		}
		if first := seen[d.Name]; first != nil {
			v.report(fmt.Sprintf("The directive '@%s' can only be used once at this location.", d.Name),
				v.places.before(first.Position), v.places.before(d.Position))
			continue
		}
		seen[d.Name] = d
	}
}

func (v *validation) directives(directives ast.DirectiveList, location ast.DirectiveLocation) {
	for _, d := range directives {
		definition := v.schema.Directives[d.Name]
		var known ast.ArgumentDefinitionList
		if definition == nil {
			v.report(fmt.Sprintf("Unknown directive '@%s'.", d.Name), v.places.before(d.Position))
		} else {
			known = definition.Arguments
			if !slices.Contains(definition.Locations, location) {
				v.report(fmt.Sprintf("Directive '@%s' may not be used on %s.", d.Name, readable(location)), v.places.before(d.Position))
			}
			for _, a := range d.Arguments {
				if known.ForName(a.Name) == nil {
					v.report(fmt.Sprintf("Unknown argument '%s' on directive '@%s'.", a.Name, d.Name)+
						didYouMean("", a.Name, argumentNames(known)), v.places.at(a.Position))
				}
			}
		}
		v.uniqueArguments(d.Arguments)
		for _, a := range d.Arguments {
			v.argument(known.ForName(a.Name), a)
		}
		for _, missing := range missingArguments(known, d.Arguments) {
			v.report(fmt.Sprintf("Directive '@%s' argument '%s' of type '%s' is required, but it was not provided.",
				d.Name, missing.Name, missing.Type), v.places.before(d.Position))
		}
	}
}

// readable is a place of directives as errors call it.
func readable(location ast.DirectiveLocation) string {
	return strings.ReplaceAll(strings.ToLower(string(location)), "_", " ")
}

package nodes

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// renderJinja fills a Jinja2 text in with variables. Every variable that the
// text names must be among them; those that are nil print as "None".
func renderJinja(template string, variables map[string]any) (text string, err error) {
	defer func() {
		if fault := recover(); fault != nil { // Gonja panics on some texts that are not Jinja2
			text, err = "", fmt.Errorf("not a template: %v", fault)
		}
	}()
	parsed, err := parseJinja(template)
	if err != nil {
		return "", err
	}
	return parsed.ExecuteToString(exec.NewContext(variables))
}

// parseJinja reads a Jinja2 text. What it returns can be used by several
// goroutines at once.
func parseJinja(template string) (*exec.Template, error) {
	if strings.Contains(template, "recursive") {
		return nil, errRecursive
	}
	settings := config.New()
	settings.StrictUndefined = true
	return exec.NewTemplate(templateName, settings, onlyTemplate(printAll(template)), &exec.Environment{
		Context:           exec.NewContext(map[string]any{"none": nil, "None": nil}),
		Filters:           jinjaFilters(),
		Tests:             builtins.Tests,
		ControlStructures: jinjaStatements(),
		Methods:           builtins.Methods,
	})
}

// jinjaFilters returns the filters that a text can use: those of Gonja, made to treat
// None as a value like Python does, and those of Infrahub.
func jinjaFilters() *exec.FilterSet {
	set := exec.NewFilterSet(map[string]exec.FilterFunction{}).Update(builtins.Filters)
	own := map[string]exec.FilterFunction{
		"value_to_permission_decision_name": permissionDecision,
		"value_to_permission_action_name":   permissionAction,
		printFilter:                         printValue,
	}
	for _, name := range []string{"d", "default"} {
		if filter, ok := set.Get(name); ok {
			own[name] = keepingNone(filter)
		}
	}
	for _, name := range []string{"capitalize", "lower", "replace", "string", "title", "trim", "upper"} {
		if filter, ok := set.Get(name); ok {
			own[name] = ofText(filter)
		}
	}
	return set.Update(exec.NewFilterSet(own))
}

// keepingNone makes the filter default replace None only when it is asked to
// replace all that is false.
func keepingNone(filter exec.FilterFunction) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		boolean := params.KwArgs["boolean"]
		if len(params.Args) > 1 {
			boolean = params.Args[1]
		}
		if !in.IsError() && in.IsNil() && (boolean == nil || !boolean.IsTrue()) {
			return in
		}
		return filter(e, in, params)
	}
}

// ofText makes a filter of texts take None as the text "None".
func ofText(filter exec.FilterFunction) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		if !in.IsError() && in.IsNil() {
			in = exec.AsValue("None")
		}
		return filter(e, in, params)
	}
}

// jinjaStatements returns the statements that a text can use. Infrahub forbids those
// that reach for other texts; without macros no text can go on for ever.
func jinjaStatements() *exec.ControlStructureSet {
	allowed := map[string]parser.ControlStructureParser{}
	for _, name := range []string{"if", "for", "set", "with", "filter", "raw"} {
		if parse, ok := builtins.ControlStructures.Get(name); ok {
			allowed[name] = parse
		}
	}
	return exec.NewControlStructureSet(allowed)
}

// permissionDecision names the number of a decision, as Infrahub's filter
// value_to_permission_decision_name does.
func permissionDecision(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	switch in.Integer() {
	case 1:
		return exec.AsValue("DENY")
	case 2:
		return exec.AsValue("ALLOW_DEFAULT")
	case 4:
		return exec.AsValue("ALLOW_OTHER")
	case 6:
		return exec.AsValue("ALLOW_ALL")
	}
	return exec.AsValue(fmt.Errorf("value '%s' is no permission decision", in.String()))
}

// permissionAction names an action, as Infrahub's filter
// value_to_permission_action_name does.
func permissionAction(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
	return exec.AsValue(strings.ToUpper(in.String()))
}

// onlyTemplate is a loader that knows one text, and refuses to include others.
type onlyTemplate string

const templateName = "template"

// Read implements loaders.Loader.
func (t onlyTemplate) Read(path string) (io.Reader, error) {
	if path != templateName {
		return nil, errNoInclude
	}
	return strings.NewReader(string(t)), nil
}

// Resolve implements loaders.Loader.
func (t onlyTemplate) Resolve(path string) (string, error) {
	if path != templateName {
		return "", errNoInclude
	}
	return path, nil
}

// Inherit implements loaders.Loader.
func (t onlyTemplate) Inherit(string) (loaders.Loader, error) { return t, nil }

var (
	errNoInclude = errors.New("a template cannot include others")
	errRecursive = errors.New("a template cannot have recursive loops")
)

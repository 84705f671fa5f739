package model

import (
	"math"
)

// secondReading finds what the format allows and Infrahub still refuses before
// it looks at the model.
func (f *formatFaults) secondReading(document *Document, path []any) {
	for _, part := range []struct {
		path  []any
		kinds []declaredKind
	}{
		{[]any{"generics"}, document.declared.Generics},
		{[]any{"nodes"}, document.declared.Nodes},
		{[]any{"extensions", "nodes"}, document.declared.Extensions.Nodes},
	} {
		for i := range part.kinds {
			kind := &part.kinds[i]
			at := location{path: path}.step(part.path...).step(i)
			if pythonKeyword(kind.Name) {
				f.mistake(at.step("name"), kind.Name,
					"Name can not be set to a reserved keyword '%s' is not allowed.", kind.Name)
			}
			for j := range kind.Attributes {
				f.attribute(at.step("attributes", j), &kind.Attributes[j])
			}
		}
	}
}

func (f *formatFaults) attribute(at location, a *declaredAttribute) {
	if a.Kind != "Dropdown" && len(a.Choices) > 0 {
		f.mistake(at, a.Name, "Can only specify 'choices' for kind=Dropdown: %s", a.Kind)
	}
	if a.Kind == "Dropdown" && len(a.Choices) == 0 {
		f.mistake(at, a.Name, "The property 'choices' is required for kind=Dropdown")
	}
	const strict = "`max_%[1]s` can't be less than `min_%[1]s` when the schema is configured with strict mode"
	at = at.step("parameters")
	p := &a.Parameters
	if p.MinLength != nil && p.MaxLength != nil && *p.MinLength > *p.MaxLength {
		f.mistake(at, a.Name, strict, "length")
	}
	if p.ExcludedValues != nil {
		if reason := rangesFault(*p.ExcludedValues); reason != "" {
			f.mistake(at, a.Name, "%s", reason)
		}
	}
	if p.MinValue != nil && p.MaxValue != nil && *p.MinValue > *p.MaxValue {
		f.mistake(at, a.Name, strict, "value")
	}
	start, end := int64(1), int64(math.MaxInt64)
	if p.StartRange != nil {
		start = *p.StartRange
	}
	if p.EndRange != nil {
		end = *p.EndRange
	}
	if start > end {
		f.mistake(at, a.Name, "`start_range` can't be less than `end_range`")
	}
}

// rangesFault says what is wrong with a list of numbers and ranges that has the
// right form, such as "100,150-200".
func rangesFault(excluded string) string {
	_, ranges := excludedValues(excluded)
	for i, a := range ranges {
		if a.first > a.last {
			return "`start_range` can't be less than `end_range`"
		}
		for _, b := range ranges[i+1:] {
			if a.first <= b.last && b.first <= a.last {
				return "Excluded ranges cannot overlap"
			}
		}
	}
	return ""
}

// pythonKeyword tells whether a name is a word of the language that Infrahub
// is written in, which it does not allow as a name.
func pythonKeyword(name string) bool {
	switch name {
	case "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
		"del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
		"nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield":
		return true
	}
	return false
}

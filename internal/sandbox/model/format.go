package model

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checker checks one value and returns it with what may be written in more than
// one way made the same: "5" becomes 5 where an integer is wanted.
type checker func(f *formatFaults, at location, v any) any

// formatFaults collects the faults of documents. Members that do not exist are
// told only when there is nothing else to tell, as Infrahub does.
type formatFaults struct {
	details []Detail
	unknown []Detail
	ignored []ignoredMember
}

// ignoredMember is a member of a document that only Infrahub may set.
type ignoredMember struct {
	name string
	kind WarningKind
}

// location is where a value is, and in what.
type location struct {
	path []any
	// plain is the path without the kinds of unions.
	plain []any
	// member is the member of an object that the value is, or is in a list of.
	member string
	// kind and field name the kind and its attribute or relationship that
	// the value is in; inner are the members of that which lead to it.
	kind, field string
	inner       []string
}

func (l location) step(steps ...any) location {
	l.path = append(slices.Clone(l.path), steps...)
	l.plain = append(slices.Clone(l.plain), steps...)
	return l
}

// as returns the location with the kind that an object of a union is of.
func (l location) as(kind string) location {
	l.path = append(slices.Clone(l.path), kind)
	return l
}

// err returns the *FormatError of what was found, or nil.
func (f *formatFaults) err() error {
	switch {
	case len(f.details) > 0:
		return &FormatError{Details: f.details}
	case len(f.unknown) > 0:
		return &FormatError{Details: f.unknown}
	}
	return nil
}

// fault notes a fault in a document.
func (f *formatFaults) fault(at location, input any, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	f.details = append(f.details, Detail{
		Type: "value_error", Loc: at.path, Msg: msg, Input: input, Ctx: map[string]any{"reason": msg},
	})
}

// mistake notes a fault that Infrahub finds in a second reading of a document.
func (f *formatFaults) mistake(at location, input any, format string, args ...any) {
	f.details = append(f.details, Detail{
		Type: "value_error", Loc: at.path, Msg: "Value error, " + fmt.Sprintf(format, args...), Input: input,
		Ctx: map[string]any{"error": map[string]any{}},
	})
}

// around notes a fault in what surrounds the documents of a request.
func (f *formatFaults) around(sort string, path []any, input any, msg string) {
	f.details = append(f.details, Detail{Type: sort, Loc: path, Msg: msg, Input: input})
}

// notJSON returns the error for a request whose body is no JSON.
func notJSON(err error, offset int64) error {
	reason := err.Error()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		reason = "unexpected end of the text"
	}
	return &FormatError{Details: []Detail{{
		Type: "json_invalid", Loc: []any{"body", int(offset)}, Msg: "JSON decode error",
		Input: map[string]any{}, Ctx: map[string]any{"error": reason},
	}}}
}

// text is a string of at least low and at most high characters; high 0 is no
// bound. An empty pattern allows all.
func text(low, high int, pattern string) checker {
	var expression *regexp.Regexp
	if pattern != "" {
		expression = regexp.MustCompile(pattern)
	}
	return func(f *formatFaults, at location, v any) any {
		s, ok := v.(string)
		switch {
		case !ok:
			f.fault(at, v, "Input should be a valid string")
		case utf8.RuneCountInString(s) < low:
			f.fault(at, v, "String should have at least %d characters", low)
		case high > 0 && utf8.RuneCountInString(s) > high:
			f.fault(at, v, "String should have at most %d characters", high)
		case expression != nil && !expression.MatchString(s):
			f.fault(at, v, "String should match pattern '%s'", pattern)
		}
		return v
	}
}

// integer is a whole number, also one written as a string or with a fraction
// of zero.
func integer(f *formatFaults, at location, v any) any {
	switch n := v.(type) {
	case int64:
		return n
	case bool:
		if n {
			return int64(1)
		}
		return int64(0)
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return int64(n)
		}
		f.fault(at, v, "Input should be a valid integer, got a number with a fractional part")
	case string:
		if i, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64); err == nil {
			return i
		}
		f.fault(at, v, "Input should be a valid integer, unable to parse string as an integer")
	default:
		f.fault(at, v, "Input should be a valid integer")
	}
	return v
}

// boolean is true or false, also one of the words and digits for them.
func boolean(f *formatFaults, at location, v any) any {
	switch b := v.(type) {
	case bool:
		return b
	case int64:
		if b == 0 || b == 1 {
			return b == 1
		}
	case float64:
		if b == 0 || b == 1 {
			return b == 1
		}
	case string:
		switch strings.ToLower(b) {
		case "true", "t", "yes", "y", "on", "1":
			return true
		case "false", "f", "no", "n", "off", "0":
			return false
		}
	default:
		f.fault(at, v, "Input should be a valid boolean")
		return v
	}
	f.fault(at, v, "Input should be a valid boolean, unable to interpret input")
	return v
}

func anything(_ *formatFaults, _ location, v any) any {
	return v
}

// null allows null as well.
func null(c checker) checker {
	return func(f *formatFaults, at location, v any) any {
		if v == nil {
			return nil
		}
		return c(f, at, v)
	}
}

// choice is one of the given words.
func choice(words ...string) checker {
	return func(f *formatFaults, at location, v any) any {
		s, ok := v.(string)
		if !ok || !slices.Contains(words, s) {
			f.fault(at, v, "Input should be %s", enumerate(words))
		}
		return v
	}
}

// enumerate lists words: 'a', 'b' or 'c'.
func enumerate(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(word)
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

func list(c checker) checker {
	return func(f *formatFaults, at location, v any) any {
		elements, ok := v.([]any)
		if !ok {
			f.fault(at, v, "Input should be a valid list")
			return v
		}
		checked := make([]any, len(elements))
		for i, element := range elements {
			checked[i] = c(f, at.step(i), element)
		}
		return checked
	}
}

// member is a member of an object.
type member struct {
	name     string
	required bool
	check    checker
}

func required(name string, c checker) member { return member{name, true, c} }

func optional(name string, c checker) member { return member{name, false, c} }

// object is an object with the given members. Those in ignored only Infrahub
// sets: they may be there and count for nothing. name is what Infrahub calls
// such an object.
func object(name string, ignored []string, members ...member) checker {
	return func(f *formatFaults, at location, v any) any {
		given, ok := v.(map[string]any)
		if !ok {
			f.fault(at, v, "Input should be a valid dictionary or instance of %s", name)
			return v
		}
		at = at.within(given)
		for _, key := range sortedKeys(given) {
			switch {
			case slices.ContainsFunc(members, func(m member) bool { return m.name == key }):
			case slices.Contains(ignored, key):
				f.ignored = append(f.ignored, ignoredMember{
					name: strings.Join(append(slices.Clone(at.inner), key), "."),
					kind: WarningKind{Kind: at.kind, Field: at.field},
				})
			default:
				const unknown = "Unknown field, it is not part of the schema"
				f.unknown = append(f.unknown, Detail{
					Type: "value_error", Loc: at.step(key).plain, Msg: unknown, Input: given[key],
					Ctx: map[string]any{"reason": unknown},
				})
			}
		}
		checked := make(map[string]any, len(given))
		for _, m := range members {
			here := at.step(m.name)
			here.member = m.name
			if element, ok := given[m.name]; ok {
				checked[m.name] = m.check(f, here, element)
			} else if m.required {
				f.fault(here, v, "Field required")
			}
		}
		return checked
	}
}

// within notes which kind, attribute or relationship an object is.
func (l location) within(given map[string]any) location {
	name, _ := given["name"].(string)
	switch l.member {
	case "":
	case "nodes", "generics":
		namespace, _ := given["namespace"].(string)
		l.kind = namespace + name
		if namespace == "" || name == "" {
			l.kind, _ = given["kind"].(string)
		}
		l.field, l.inner = "", nil
	case "attributes", "relationships":
		l.field, l.inner = name, nil
	default:
		l.inner = append(slices.Clone(l.inner), l.member)
	}
	return l
}

// union is an object that is one of several, told apart by its member "kind".
// variants lists the kinds; form returns the object of a kind. enum is what
// Infrahub calls the list of kinds.
func union(enum string, kinds []string, form func(kind string) checker) checker {
	return func(f *formatFaults, at location, v any) any {
		given, ok := v.(map[string]any)
		if !ok {
			f.fault(at, v, "Input should be a valid dictionary or object to extract fields from")
			return v
		}
		tag, ok := given["kind"]
		if !ok {
			f.fault(at, v, "Unable to extract tag using discriminator 'kind'")
			return v
		}
		kind, _ := tag.(string)
		if !slices.Contains(kinds, kind) {
			expected := make([]string, len(kinds))
			for i, k := range kinds {
				expected[i] = fmt.Sprintf("<%s.%s: '%s'>", enum, constant(k), k)
			}
			f.fault(at, v, "Input tag '%s' found using 'kind' does not match any of the expected tags: %s",
				printed(tag), strings.Join(expected, ", "))
			return v
		}
		return form(kind)(f, at.as(kind), v)
	}
}

// constant returns the name of the constant that stands for a kind in the
// sentences of Infrahub.
func constant(kind string) string {
	switch kind {
	case "MacAddress":
		return "MAC_ADDRESS"
	case "TransformPython":
		return "TRANSFORM_PYTHON"
	}
	return strings.ToUpper(kind)
}

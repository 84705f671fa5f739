package graph

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// attribute checks what is given for an attribute and returns Infrahub's input
// for it.
func (c *checker) attribute(a *schema.Attribute, given any) any {
	members, ok := given.(map[string]any)
	if !ok || !isInputForm(a, members) {
		return map[string]any{"value": c.value(a, given)}
	}
	input := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := members[name]
		switch name {
		case "value":
			input[name] = c.value(a, value)
		case "is_default":
			c.isDefault(a, value)
			input[name] = true
		case "is_protected":
			c.flag(a.Name+"."+name, value)
			input[name] = value
		case "source", "owner":
			c.lineage(a.Name+"."+name, value)
			input[name] = value
		case "from_pool":
			if a.Kind != "Number" || c.kind.Class != schema.Node {
				c.refuse("", "%s of %s cannot be taken from a pool.", a.Name, c.kind.Name)
				continue
			}
			input[name] = c.pool(a.Name, value, "identifier")
		default:
			// The name may be the secret itself, misplaced.
			if a.Secret() {
				c.refuse(inputForm(a), "%s has a member that is unknown.", a.Name)
				continue
			}
			c.problem(problem.Unknown("member of the input for "+a.Name, name, inputMembers(a), inputForm(a)))
		}
	}
	sources := 0
	for _, name := range []string{"value", "is_default", "from_pool"} {
		if _, ok := members[name]; ok {
			sources++
		}
	}
	if sources > 1 {
		c.refuse("Give one of them.", "%s has several of value, is_default and from_pool.", a.Name)
	}
	if len(members) == 0 {
		c.refuse(inputForm(a), "%s is an empty object.", a.Name)
	}
	return input
}

// isInputForm tells Infrahub's form of input from the value of an attribute
// that takes objects.
func isInputForm(a *schema.Attribute, members map[string]any) bool {
	if a.Kind != "JSON" && a.Kind != "Any" {
		return true
	}
	_, value := members["value"]
	_, isDefault := members["is_default"]
	for name := range members {
		if !slices.Contains(inputMembers(a), name) {
			return false
		}
	}
	return value || isDefault
}

func inputMembers(a *schema.Attribute) []string {
	members := []string{"value", "is_default", "is_protected", "source", "owner"}
	if a.Kind == "Number" {
		members = append(members, "from_pool")
	}
	return members
}

func inputForm(a *schema.Attribute) string {
	return "Give the value itself, or an object with some of " + strings.Join(inputMembers(a), ", ") + "."
}

func (c *checker) isDefault(a *schema.Attribute, value any) {
	switch {
	case value != true:
		// Infrahub resets the attribute whatever the value is.
		c.refuse("Leave it out, or give true to go back to the default.", "%s.is_default can only be true.", a.Name)
	case a.Default == nil && !a.Optional:
		c.refuse("Give a value.", "%s is mandatory and has no default.", a.Name)
	}
}

func (c *checker) flag(name string, value any) {
	if _, ok := value.(bool); !ok {
		c.refuse("", "%s must be true or false.", name)
	}
}

// lineage checks a source or owner. Infrahub ignores one that it does not know.
func (c *checker) lineage(name string, value any) {
	if id, ok := value.(string); value != nil && (!ok || !isUUID(id)) {
		c.refuse("", "%s must be the id of an account, a group or another source of data.", name)
	}
}

// pool returns Infrahub's input for what is taken from a pool. Infrahub takes
// the name of a pool, which is its hfid, for an id too.
func (c *checker) pool(field string, given any, options ...string) any {
	const form = `Give the name or the id of a pool, or {"hfid": [name], "identifier": text}.`
	members, ok := given.(map[string]any)
	if !ok {
		members = map[string]any{"id": given}
	}
	input := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := members[name]
		text, isText := value.(string)
		switch {
		case name == "hfid":
			if list, ok := value.([]any); ok && len(list) == 1 {
				text, isText = list[0].(string)
			}
			fallthrough
		case name == "id":
			if _, twice := input["id"]; twice || !isText || text == "" {
				c.refuse(form, "%s.from_pool does not name one pool.", field)
			}
			input["id"] = text
		case !slices.Contains(options, name):
			c.problem(problem.Unknown("member of "+field+".from_pool", name, append([]string{"id", "hfid"}, options...), form))
		case name == "prefixlen" || name == "size":
			number, ok := wholeNumber(value)
			if !ok || number < 0 || number > 128 {
				c.refuse("", "%s.from_pool.%s must be a prefix length.", field, name)
			}
			input[name] = number
		default:
			if !isText || text == "" {
				c.refuse("", "%s.from_pool.%s must be a text.", field, name)
			}
			input[name] = text
		}
	}
	if _, ok := input["id"]; !ok {
		c.refuse(form, "%s.from_pool does not name one pool.", field)
	}
	return input
}

// value checks the value of an attribute and returns it as Infrahub takes it.
func (c *checker) value(a *schema.Attribute, value any) any {
	if value == nil {
		switch {
		case !a.Optional:
			c.refuse("", "%s is mandatory for %s and cannot be cleared.", a.Name, c.kind.Name)
		case a.Default != nil:
			// Infrahub keeps null, by which filters find the node, but answers the
			// default when it is read.
			c.refuse(`Give {"is_default": true} to go back to it.`, "%s has a default (%s) and cannot be without a value.", a.Name, shown(a.Default))
		}
		return nil
	}
	switch a.Kind {
	case "Number", "NumberPool", "Bandwidth":
		return c.number(a, value)
	case "Boolean", "Checkbox":
		if _, ok := value.(bool); !ok {
			c.mismatch(a, "true or false, without quotes", value)
		}
		return value
	case "List":
		list, ok := value.([]any)
		if !ok {
			c.mismatch(a, "a list", value)
			return nil
		}
		for _, entry := range list {
			if text, ok := entry.(string); ok {
				c.pattern(a, text)
			}
		}
		return value
	case "JSON":
		switch value.(type) {
		case []any, map[string]any:
		default:
			// Infrahub keeps a text that holds JSON as the text.
			c.mismatch(a, "an object or a list, not a text that holds one", value)
		}
		return value
	case "Any":
		return value
	}
	text, ok := value.(string)
	if !ok {
		c.mismatch(a, "a text in quotes", value)
		return nil
	}
	return c.text(a, text)
}

// mismatch notes a value of the wrong type or form.
func (c *checker) mismatch(a *schema.Attribute, want string, got any) {
	if a.Secret() {
		c.refuse("", "%s must be %s.", a.Name, want)
		return
	}
	c.refuse("", "%s must be %s, got %s.", a.Name, want, shown(got))
}

func (c *checker) number(a *schema.Attribute, value any) any {
	number, ok := wholeNumber(value)
	if !ok {
		c.mismatch(a, "a whole number of at most 64 bits", value)
		return nil
	}
	if a.MinValue != nil && number < *a.MinValue || a.MaxValue != nil && number > *a.MaxValue {
		c.mismatch(a, interval(a), number)
	}
	for excluded := range strings.SplitSeq(a.ExcludedValues, ",") {
		first, last, isRange := strings.Cut(excluded, "-")
		if !isRange {
			last = first
		}
		from, errFrom := strconv.ParseInt(first, 10, 64)
		to, errTo := strconv.ParseInt(last, 10, 64)
		if errFrom == nil && errTo == nil && from <= number && number <= to {
			c.mismatch(a, "none of "+a.ExcludedValues, number)
		}
	}
	c.choice(a, number)
	return number
}

func interval(a *schema.Attribute) string {
	switch {
	case a.MaxValue == nil:
		return fmt.Sprintf("at least %d", *a.MinValue)
	case a.MinValue == nil:
		return fmt.Sprintf("at most %d", *a.MaxValue)
	}
	return fmt.Sprintf("between %d and %d", *a.MinValue, *a.MaxValue)
}

// choice checks against choices and enumeration.
func (c *checker) choice(a *schema.Attribute, value any) {
	err := choice(schema.Filter{Attribute: a}, a.Name, value)
	if p, ok := errors.AsType[*problem.Problem](err); ok && !a.Secret() {
		c.problem(p)
	}
}

// maxText is how long a text may be in bytes, save where Infrahub has no index
// for it (kind TextArea).
const maxText = 4092

func (c *checker) text(a *schema.Attribute, text string) any {
	if a.Secret() {
		c.input.secrets[a.Name] = text
	}
	if len(text) > maxText && a.Kind != "TextArea" {
		c.refuse("", "%s is %d bytes long; Infrahub stores at most %d.", a.Name, len(text), maxText)
		return nil
	}
	// Infrahub takes it; but then nothing names the node.
	if text == "" && slices.Contains(c.kind.HumanFriendlyID, a.Name+"__value") {
		c.refuse("", "%s is part of the hfid of %s and cannot be empty.", a.Name, c.kind.Name)
		return nil
	}
	length := utf8.RuneCountInString(text)
	if a.MinLength != nil && length < *a.MinLength {
		c.mismatch(a, fmt.Sprintf("at least %d characters long", *a.MinLength), text)
	}
	if a.MaxLength != nil && *a.MaxLength > 0 && length > *a.MaxLength {
		c.mismatch(a, fmt.Sprintf("at most %d characters long", *a.MaxLength), text)
	}
	c.pattern(a, text)
	c.choice(a, text)
	if f := formatOf(a.Kind); f.valid != nil && !f.valid(text) {
		c.mismatch(a, f.what, text)
	}
	return text
}

func (c *checker) pattern(a *schema.Attribute, text string) {
	if a.Regex != "" && !matches(a.Regex, text) {
		c.mismatch(a, "a match of the regular expression "+a.Regex, text)
	}
}

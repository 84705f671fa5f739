package nodes

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// Property returns a property of an attribute as GraphQL names it: value, and
// by the kind of the attribute label, color, description, ip, oui, … It is nil
// where there is no value to tell it of, and for a property that the kind does
// not have.
func Property(a *model.Attribute, v store.Attribute, property string) any {
	if property == "value" || property == "" {
		return v.Value
	}
	text, ok := v.Value.(string)
	switch a.Kind {
	case "Dropdown":
		return choiceProperty(a.Choice(text), property)
	case "MacAddress":
		if mac, err := parseMAC(text); ok && err == nil {
			return mac.property(property)
		}
	case "IPHost", "IPNetwork", "IPAddress":
		if prefix, err := parsePrefix(text); ok && err == nil {
			return prefixProperty(a.Kind, prefix, property)
		}
	}
	return nil
}

// choiceProperty returns a property of what a Dropdown holds. Without a value
// these are empty texts.
func choiceProperty(c *model.Choice, property string) any {
	if c == nil {
		c = &model.Choice{}
	}
	switch property {
	case "label":
		return c.Label
	case "color":
		return c.Color
	case "description":
		return c.Description
	}
	return nil
}

// printed writes a value as Python's str does.
func printed(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return printedFloat(v)
	case json.Number:
		return v.String()
	case []string:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = element
		}
		return printed(list)
	case []any:
		parts := make([]string, len(v))
		for i, element := range v {
			parts[i] = quoted(element)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, quoted(key)+": "+quoted(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(value)
}

// printedFloat writes a float as Python does: "1.0", "0.0001", "1e-05", "1e+16".
func printedFloat(v float64) string {
	if size := math.Abs(v); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// quoted writes a value as Python's repr does, which puts texts in quotes.
func quoted(value any) string {
	text, ok := value.(string)
	if !ok {
		return printed(value)
	}
	quote := "'"
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = `"`
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\' || string(r) == quote:
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x100 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return quote + b.String() + quote
}
